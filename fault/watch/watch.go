// Package watch finds what is wrong and nobody tells of: stations that are away longer than they tend to be, that
// do not hear, start again and again or have a wrong clock; outlets at which charges do not begin or come to
// nothing; meters that cannot be right; and what is wrong with ourselves.
//
// A rule finds places at which something is the matter. Most rules sweep: what they find now is compared with what
// they had found, and what is new or over is reported. Others take events, and open and close what they tell of.
// What was found is kept, so that after a restart it is not told of anew, and is told to be over when it is.
package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/fault"
	"gnista/station"
)

// Place is where something is the matter: a connector, an EVSE, a station, or the system where it is zero.
type Place struct {
	Station gnista.StationID
	gnista.EVSE
}

// Finding is something that a rule has found.
type Finding struct {
	Place
	Since       time.Time // since when it is so, as far as that is known
	Facts       map[string]any
	Transaction string
}

// Found is what is kept of a finding that was reported.
type Found struct {
	Rule string
	Code string
	Place
	Since time.Time // when it was reported
}

// Rule is something that is looked for.
type Rule struct {
	Name string // never given to another: what was found is kept under it
	Code string // of the catalogue
}

// Store keeps what was found, and finds. Lists have at most limit items where one is given, and a query does for
// all stations at once.
type Store interface {
	// Found lists what is kept, behind after, in the order of rules and places.
	Found(ctx context.Context, after Found, limit int) ([]Found, error)
	// KeepFound adds and removes in one SQL transaction. Nothing is added of a station that is deleted.
	KeepFound(ctx context.Context, add, remove []Found) error

	awayStore
	startStore
	chargeStore
	waitStore
	systemStore
}

// Watch looks for all of it. It is used by one goroutine that takes events and one that sweeps.
type Watch struct {
	Store        Store
	Commands     Commands
	Transactions Transactions
	Reporter     fault.Reporter
	Clocks       *Clocks
	Disk         func() (free, total uint64, err error) // where our data is; nil where nobody can tell
	Limits       Limits
	Now          func() time.Time
	Log          *slog.Logger

	mu     sync.Mutex
	found  map[string]map[Place]Found   // by the name of the rule; nil before it was read
	boots  map[gnista.StationID][]int64 // in milliseconds
	charge map[string]progress          // active transactions whose meter is looked at
	reject map[rejection]counted

	certified time.Time // when certificates were last looked at
}

// Commands lists what stations were told to do. A station.CommandStore does.
type Commands interface {
	Commands(ctx context.Context, id gnista.StationID, before string, limit int) ([]station.Command, error)
}

// Transactions finds transactions. A charging.Store does.
type Transactions interface {
	Transaction(ctx context.Context, id string) (charging.Transaction, error)
}

// begin reads what was found before.
func (w *Watch) begin(ctx context.Context) error {
	if w.found != nil {
		return nil
	}
	found := map[string]map[Place]Found{}
	for after := (Found{}); ; {
		list, err := w.Store.Found(ctx, after, batch)
		if err != nil {
			return fmt.Errorf("reading what was found before: %w", err)
		}
		for _, f := range list {
			if found[f.Rule] == nil {
				found[f.Rule] = map[Place]Found{}
			}
			found[f.Rule][f.Place] = f
			after = f
		}
		if len(list) < batch {
			w.found = found
			return nil
		}
	}
}

const (
	stale = 24 * time.Hour // after which nothing is made of an event: we have not run for long, or never did before
	batch = 500
	most  = 10_000 // findings of a rule in one sweep; more are told of in the next
)

// Sweep looks for everything that does not show in events. What fails keeps nothing else from being looked for.
func (w *Watch) Sweep(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.begin(ctx); err != nil {
		return err
	}
	var failed []error
	for _, sweep := range []func(context.Context) error{
		w.sweepAway, w.sweepBoots, w.sweepClocks, w.sweepStarts, w.sweepCharges, w.sweepSuspended, w.sweepWaiting, w.sweepCertificates, w.sweepDisk, w.sweepPayments, w.sweepRejected,
	} {
		if err := sweep(ctx); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// Take takes in an event.
func (w *Watch) Take(ctx context.Context, ev gnista.Event) error {
	if w.Now().Sub(ev.At) > stale {
		return nil
	}
	var take func(context.Context, gnista.Event) error
	switch ev.Kind {
	case "station.command":
		take = w.takeCommand
	case "station.booted":
		take = w.takeBoot
	case "transaction.finished", "transaction.review":
		take = w.takeTransaction
	default:
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.begin(ctx); err != nil {
		return err
	}
	return take(ctx, ev)
}

// settle takes in all that a rule finds now: what is new is reported, and what was found before and is not now is
// over, unless there was no room for all.
func (w *Watch) settle(ctx context.Context, r Rule, now []Finding) error {
	here := make(map[Place]bool, len(now))
	for _, f := range now {
		here[f.Place] = true
	}
	err := w.open(ctx, r, now...)
	if len(now) >= most {
		return err
	}
	var over []Place
	for p := range w.found[r.Name] {
		if !here[p] {
			over = append(over, p)
		}
	}
	return errors.Join(err, w.close(ctx, r, over...))
}

// open reports findings that were not reported lately. Where nobody says that it is over it is told of again now
// and then: a person may have cleared it, and it is so still.
func (w *Watch) open(ctx context.Context, r Rule, list ...Finding) error {
	now := w.Now()
	var add []Found
	var failed error
	for _, f := range list {
		was, known := w.found[r.Name][f.Place]
		if known && now.Sub(was.Since) < w.Limits.Again {
			continue
		}
		if failed = w.Reporter.Report(ctx, f.report(r, now)); failed != nil {
			break
		}
		if known {
			was.Since = now
			w.found[r.Name][f.Place] = was
			continue
		}
		add = append(add, Found{r.Name, r.Code, f.Place, now})
		if len(add) == batch {
			if failed = w.keep(ctx, add, nil); failed != nil {
				break
			}
			add = nil
		}
	}
	return errors.Join(failed, w.keep(ctx, add, nil))
}

func (f Finding) report(r Rule, now time.Time) fault.Report {
	facts := f.Facts
	if !f.Since.IsZero() {
		facts = map[string]any{"since": f.Since.UTC()}
		for k, v := range f.Facts {
			facts[k] = v
		}
	}
	return fault.Report{
		Key: fault.Key{Source: fault.Own, Code: r.Code}, Station: f.Station, EVSE: f.EVSE, Way: fault.ByWatch, At: now, Transaction: f.Transaction, Facts: facts,
	}
}

// close reports that what was found at places is over, unless another rule finds the same there.
func (w *Watch) close(ctx context.Context, r Rule, list ...Place) error {
	var remove []Found
	var failed error
	for _, p := range list {
		f, ok := w.found[r.Name][p]
		if !ok {
			continue
		}
		if !w.elsewhere(r, p) {
			failed = w.Reporter.Report(ctx, fault.Report{Key: fault.Key{Source: fault.Own, Code: f.Code}, Station: p.Station, EVSE: p.EVSE, Way: fault.ByWatch, At: w.Now(), Cleared: true})
			if gnista.CodeOf(failed) == gnista.NotFound { // the station is deleted
				failed = nil
			}
			if failed != nil {
				break
			}
		}
		remove = append(remove, f)
		if len(remove) == batch {
			if failed = w.keep(ctx, nil, remove); failed != nil {
				break
			}
			remove = nil
		}
	}
	return errors.Join(failed, w.keep(ctx, nil, remove))
}

// elsewhere tells whether another rule has found what has the same code at a place.
func (w *Watch) elsewhere(r Rule, p Place) bool {
	for name, places := range w.found {
		if f, ok := places[p]; ok && name != r.Name && f.Code == r.Code {
			return true
		}
	}
	return false
}

func (w *Watch) keep(ctx context.Context, add, remove []Found) error {
	if len(add)+len(remove) == 0 {
		return nil
	}
	if err := w.Store.KeepFound(ctx, add, remove); err != nil {
		return err
	}
	for _, f := range add {
		if w.found[f.Rule] == nil {
			w.found[f.Rule] = map[Place]Found{}
		}
		w.found[f.Rule][f.Place] = f
	}
	for _, f := range remove {
		delete(w.found[f.Rule], f.Place)
	}
	return nil
}
