package remedy

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/fault"
	"gnista/station"
)

// Faults are those that are to be put right.
type Faults interface {
	// Fault finds a fault. NotFound.
	Fault(ctx context.Context, id string) (fault.Fault, error)
	// FaultHistory lists what was done with a fault, the newest first.
	FaultHistory(ctx context.Context, id string, before, limit int) ([]fault.Done, error)
}

// Notes takes what is said of faults. *[fault.Faults] does.
type Notes interface {
	Comment(ctx context.Context, id string, s fault.Said) (fault.Fault, error)
}

// Catalogue says what is known of faults. *[fault.Catalogue] does.
type Catalogue interface {
	Find(k fault.Key, raw fault.Raw) fault.Entry
}

// Transactions are those of cars that charge.
type Transactions interface {
	Transactions(ctx context.Context, f charging.Filter) ([]charging.Transaction, error)
}

// Power lowers what a place may take.
type Power interface {
	// Lower has less power given to an EVSE, or with 0 to all of a station, which took too much. False where nobody
	// divides the power.
	Lower(id gnista.StationID, evse int) bool
}

// Orders gives orders again.
type Orders interface {
	// Repeatable tells whether a fault tells of an order that can be given again, whatever has become of it.
	Repeatable(f fault.Fault) bool
	// Again gives that order again. Its text says what was done.
	Again(ctx context.Context, f fault.Fault) (string, error)
}

// Remedies climbs ladders.
type Remedies struct {
	Store        Store
	Faults       Faults
	Notes        Notes
	Catalogue    Catalogue
	Network      *station.Network
	Transactions Transactions
	Power        Power  // nil is none
	Orders       Orders // nil is none
	Zone         func(ctx context.Context, id gnista.StationID) (*time.Location, error)
	BuiltIn      []Ladder // that come with the system
	Now          func() time.Time
	NewID        func() string
	Log          *slog.Logger

	running sync.Map // ids of runs that are being looked at
	wake    chan struct{}
	once    sync.Once
}

// HandedOverData is what the event tells that a person has a fault now.
type HandedOverData struct {
	fault.Told
	Run string `json:"run"`
}

// The kinds of events. The Subject of the first is the id of the run, that of the second the id of the
// fault, with [HandedOverData].
const (
	ChangedKind    = "remedy.changed"
	HandedOverKind = "remedy.handed-over"
	ladderKind     = "remedy.ladder"
	modesKind      = "remedy.modes"
)

// Take begins and ends runs as events tell of faults. It is safe to repeat.
func (m *Remedies) Take(ctx context.Context, ev gnista.Event) error {
	switch ev.Kind {
	case fault.Opened:
		return m.takeOpened(ctx, ev)
	case fault.Changed:
		var told fault.Told
		if err := json.Unmarshal(ev.Data, &told); err != nil {
			return fmt.Errorf("reading event %d: %w", ev.Seq, err)
		}
		if told.What == "reopened" {
			return m.takeOpened(ctx, ev)
		}
		return m.rouse(ctx, ev.Subject)
	case fault.ClearedKind:
		return m.rouse(ctx, ev.Subject)
	case HandedOverKind:
		return m.note(ctx, ev)
	}
	return nil
}

// note keeps with a fault that was handed over what was tried, once.
func (m *Remedies) note(ctx context.Context, ev gnista.Event) error {
	var told HandedOverData
	if err := json.Unmarshal(ev.Data, &told); err != nil {
		return fmt.Errorf("reading event %d: %w", ev.Seq, err)
	}
	r, err := m.Store.Remedy(ctx, told.Run)
	if err == nil {
		why := r.History(fault.English)
		var done []fault.Done
		done, err = m.Faults.FaultHistory(ctx, ev.Subject, 0, 100)
		if err == nil && !slices.ContainsFunc(done, func(d fault.Done) bool { return d.By == NoteBy && d.Why == why }) {
			_, err = m.Notes.Comment(ctx, ev.Subject, fault.Said{By: NoteBy, Why: why})
		}
	}
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil
	}
	return err
}

// NoteBy is who says of a fault what was tried.
const NoteBy = "remedies"

// takeOpened begins a run for a fault where remedies are tried.
func (m *Remedies) takeOpened(ctx context.Context, ev gnista.Event) error {
	f, err := m.Faults.Fault(ctx, ev.Subject)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil || err == nil && !f.Open() {
		return nil
	}
	if err != nil {
		return err
	}
	class := m.Catalogue.Find(f.Key, f.Raw).Remedy
	if class == fault.NoRemedy || f.Way == fault.ByCommand && (m.Orders == nil || !m.Orders.Repeatable(f)) {
		return nil // what comes of orders such as our own is known to whoever gave them
	}
	modes, err := m.Store.RemedyModes(ctx)
	if err != nil {
		return err
	}
	mode := modes.For(f.Site, class)
	if mode == Off {
		return nil
	}
	_, begun, err := m.begin(ctx, f, class, Run{Mode: mode})
	if err != nil || begun {
		return err
	}
	return m.rouse(ctx, f.ID) // the run that it joined may be paused, as the others are shelved
}

// graceTime is how long a fault has to be there before anything is done about it: a station may take back at once
// what it has told, or tell it better.
const graceTime = 15 * time.Second

// begin begins a run for a fault, or has it join the one of its class at its place.
func (m *Remedies) begin(ctx context.Context, f fault.Fault, class fault.Class, r Run) (Run, bool, error) {
	l, err := m.Ladder(ctx, class)
	if err != nil {
		return Run{}, false, err
	}
	now := m.Now()
	r.ID, r.Class, r.Faults, r.Steps, r.State, r.StartedAt, r.DueAt = m.NewID(), class, []string{f.ID}, l.Steps, Running, now, now
	if r.By == "" {
		r.DueAt = now.Add(graceTime)
	}
	r.Station, r.Site, r.EVSE, r.Connector = f.Station, f.Site, f.EVSE.ID, f.EVSE.Connector
	if f.Station != "" {
		s, err := m.Network.Store.Station(ctx, f.Station)
		if err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return Run{}, false, err
		}
		r.Model = join(s.Vendor, s.Model)
	}
	r, begun, err := m.Store.BeginRemedy(ctx, r, m.event(&r))
	if err == nil {
		m.rousing()
	}
	return r, begun, err
}

func join(vendor, model string) string {
	if vendor == "" || model == "" {
		return vendor + model
	}
	return vendor + " " + model
}

// rouse has the run of a fault, if there is one, looked at now.
func (m *Remedies) rouse(ctx context.Context, fault string) error {
	r, err := m.Store.LiveRemedy(ctx, fault)
	if err == nil {
		_, err = m.Store.ChangeRemedy(ctx, r.Station, r.ID, func(r *Run, _ Past) ([]gnista.Event, error) {
			if !r.State.Ended() {
				r.DueAt = m.Now()
			}
			return nil, nil
		})
	}
	if err != nil && gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	m.rousing()
	return err
}

func (m *Remedies) rousing() {
	select {
	case m.waker() <- struct{}{}:
	default:
	}
}

func (m *Remedies) waker() chan struct{} {
	m.once.Do(func() { m.wake = make(chan struct{}, 1) })
	return m.wake
}

// How runs are gone on with.
const (
	every    = 5 * time.Second // due runs are looked for
	atOnce   = 16              // runs at one time: stations may be slow to answer
	dueBatch = 500
)

// Run goes on with runs until ctx ends, each by itself.
func (m *Remedies) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	tick := time.NewTicker(every)
	defer tick.Stop()
	turns := make(chan struct{}, atOnce)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-m.waker():
		}
		due, err := m.Store.DueRemedies(ctx, m.Now(), dueBatch)
		if err != nil && ctx.Err() == nil {
			m.Log.Error("remedies that are due could not be listed", "err", err)
		}
		for _, id := range due {
			select {
			case turns <- struct{}{}:
			case <-ctx.Done():
				return
			}
			wg.Go(func() {
				defer func() { <-turns }()
				if err := m.Step(ctx, id); err != nil && ctx.Err() == nil {
					m.Log.Error("a remedy could not go on", "run", id, "err", err)
				}
			})
		}
	}
}

// Step takes a run as far as it goes now.
func (m *Remedies) Step(ctx context.Context, id string) error {
	if _, busy := m.running.LoadOrStore(id, true); busy {
		return nil
	}
	defer m.running.Delete(id)
	for ctx.Err() == nil {
		r, err := m.Store.Remedy(ctx, id)
		more := err == nil && !r.State.Ended()
		if more {
			more, err = m.stepOnce(ctx, r)
		}
		if gnista.CodeOf(err) == gnista.NotFound && err != nil { // its station was deleted
			return nil
		}
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// stepOnce goes on with a run, and tells whether there may be more to do at once.
func (m *Remedies) stepOnce(ctx context.Context, r Run) (more bool, err error) {
	v, err := m.look(ctx, &r)
	if err != nil {
		return false, err
	}
	modes, err := m.Store.RemedyModes(ctx)
	if err != nil {
		return false, err
	}
	var act bool
	faults, dueAt := len(r.Faults), r.DueAt
	r, err = m.Store.ChangeRemedy(ctx, r.Station, r.ID, func(r *Run, past Past) ([]gnista.Event, error) {
		if len(r.Faults) != faults || !r.DueAt.Equal(dueAt) { // a fault has joined or changed since it was looked at
			more, act = true, false
			return nil, nil
		}
		was, records := r.State, len(r.Records)
		act = false
		var err error
		more, act, err = m.move(r, past, v, modes)
		if err != nil || r.State == was && len(r.Records) == records && !act {
			return nil, err
		}
		return m.told(r, v), nil
	})
	if err != nil || !act {
		return more, err
	}
	return m.act(ctx, r, v)
}

// told are the events that tell of a change of a run.
func (m *Remedies) told(r *Run, v *scene) []gnista.Event {
	list := []gnista.Event{m.event(r)}
	if r.State != HandedOver || r.Mode != On {
		return list
	}
	told := HandedOverData{fault.Told{Site: r.Site, EVSE: r.EVSE, What: "handed-over"}, r.ID}
	subject := r.Faults[0]
	if len(v.open) > 0 {
		f := v.open[0]
		subject, told.Key, told.Severity, told.Case, told.Incident = f.ID, f.Key.String(), f.Severity, f.Case, f.Incident
	}
	data, _ := json.Marshal(told) // of texts and numbers
	return append(list, gnista.Event{At: m.Now(), Kind: HandedOverKind, Station: r.Station, Subject: subject, Data: data})
}

func (m *Remedies) event(r *Run) gnista.Event {
	data, _ := json.Marshal(map[string]any{"class": r.Class, "mode": r.Mode, "state": r.State, "step": r.At + 1, "faults": r.Faults}) // of texts and numbers
	return gnista.Event{At: m.Now(), Kind: ChangedKind, Station: r.Station, Subject: r.ID, Data: data}
}

// Hint is what drivers are to be shown while a fault is being put right, by language; nil is nothing.
func (m *Remedies) Hint(ctx context.Context, id string) (map[fault.Language]string, error) {
	list, err := m.Store.Remedies(ctx, Filter{Fault: id, Live: true, Limit: 1})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0].Hint(), nil
}

// How long ended runs are kept.
const keptFor = 400 * day

// Sweep deletes what is too old.
func (m *Remedies) Sweep(ctx context.Context) error {
	for {
		n, err := m.Store.PruneRemedies(ctx, m.Now().Add(-keptFor))
		if err != nil || n == 0 {
			return err
		}
	}
}
