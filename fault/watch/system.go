package watch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gnista"
)

// The rules of certificates, of what stations send, and of ourselves.
var (
	expiring = Rule{"certificate-expiring", "CertificateExpiring"}
	expired  = Rule{"certificate-expired", "CertificateExpired"}
	disk     = Rule{"disk", "DiskFull"}
	payments = Rule{"payments", "PaymentProviderDown"}
	rejected = Rule{"rejected", "MessagesRejected"}
)

// Certificate is one that ends, and that no later one stands in for.
type Certificate struct {
	Station gnista.StationID // empty for our own
	Name    string           // whose it is
	Until   time.Time
}

// Doubtful are operations of a provider of payments whose outcome is not known, and none of whose has ended since.
type Doubtful struct {
	Provider string
	Count    int
	Since    time.Time
}

// Rejection is something that is rejected of a station.
type Rejection struct {
	Station gnista.StationID
	Reason  string
	Action  string
	Count   int       // in all
	Since   time.Time // the first of them
}

type rejection struct {
	station gnista.StationID
	reason  string
}

// counted is how often something was rejected when it was counted.
type counted struct {
	count int
	at    time.Time
}

type systemStore interface {
	// EndingCertificates lists certificates of stations, of our servers and of our authorities that end between two
	// times, the first first.
	EndingCertificates(ctx context.Context, after, before time.Time, limit int) ([]Certificate, error)
	// DoubtfulPayments lists providers with operations that have waited for an outcome since before a time.
	DoubtfulPayments(ctx context.Context, before time.Time) ([]Doubtful, error)
	// Rejections lists what was rejected of registered stations since a time.
	Rejections(ctx context.Context, since time.Time, limit int) ([]Rejection, error)
}

const (
	certifyEvery = 10 * time.Minute     // certificates are looked at more seldom: there are many
	expiredFor   = 366 * 24 * time.Hour // after which an expired one is forgotten
)

// sweepCertificates looks for certificates that nobody renews. Our own are one finding, of the one that ends first.
func (w *Watch) sweepCertificates(ctx context.Context) error {
	now := w.Now()
	if now.Sub(w.certified) < certifyEvery {
		return nil
	}
	list, err := w.Store.EndingCertificates(ctx, now.Add(-expiredFor), now.Add(w.Limits.Expiring), most)
	if err != nil {
		return fmt.Errorf("looking for certificates that end: %w", err)
	}
	var soon, over []Finding
	for _, c := range list {
		f := Finding{Place: Place{Station: c.Station}, Facts: map[string]any{"name": c.Name, "until": c.Until.UTC(), "days": int(c.Until.Sub(now) / (24 * time.Hour))}}
		in := &soon
		if !c.Until.After(now) {
			in = &over
		}
		if !slices.ContainsFunc(*in, func(have Finding) bool { return have.Place == f.Place }) {
			*in = append(*in, f)
		}
	}
	if err := w.settle(ctx, expiring, soon); err != nil {
		return err
	}
	err = w.settle(ctx, expired, over)
	if err == nil {
		w.certified = now
	}
	return err
}

// sweepDisk looks at the room that is left for our data. A little more must be free before it is enough again.
func (w *Watch) sweepDisk(ctx context.Context) error {
	if w.Disk == nil {
		return nil
	}
	free, total, err := w.Disk()
	if err != nil || total == 0 {
		return err
	}
	least := float64(w.Limits.DiskPercent)
	if _, full := w.found[disk.Name][Place{}]; full {
		least *= 1.2
	}
	var list []Finding
	if left := float64(free) * 100 / float64(total); left < least {
		list = append(list, Finding{Facts: map[string]any{"percent": 100 - int(left)}})
	}
	return w.settle(ctx, disk, list)
}

// paymentTime is how long an operation may be without an outcome as nobody has answered.
const paymentTime = 5 * time.Minute

// sweepPayments looks for providers of payments that do not say what became of what they were asked.
func (w *Watch) sweepPayments(ctx context.Context) error {
	list, err := w.Store.DoubtfulPayments(ctx, w.Now().Add(-paymentTime))
	if err != nil {
		return fmt.Errorf("looking for operations of payments that are not known: %w", err)
	}
	var names []string
	var f Finding
	for _, d := range list {
		if d.Count < w.Limits.Payments {
			continue
		}
		names = append(names, d.Provider)
		if f.Since.IsZero() || d.Since.Before(f.Since) {
			f.Since = d.Since
		}
	}
	if len(names) == 0 {
		return w.settle(ctx, payments, nil)
	}
	f.Facts = map[string]any{"name": strings.Join(names, ", ")}
	return w.settle(ctx, payments, []Finding{f})
}

// sweepRejected looks for stations that send the same again and again that is rejected. It is over when nothing of
// theirs was for as long.
func (w *Watch) sweepRejected(ctx context.Context) error {
	now := w.Now()
	lately := now.Add(-w.Limits.RejectedIn)
	list, err := w.Store.Rejections(ctx, lately, most)
	if err != nil {
		return fmt.Errorf("looking for what is rejected: %w", err)
	}
	seen := map[rejection]counted{}
	here := map[gnista.StationID]bool{}
	var found []Finding
	for _, r := range list {
		here[r.Station] = true
		key := rejection{r.Station, r.Reason}
		was, known := w.reject[key]
		switch {
		case !known && r.Since.Before(lately), known && was.at.Before(lately):
			was = counted{r.Count, now}
		case !known:
			was = counted{0, r.Since}
		}
		seen[key] = was
		if n := r.Count - was.count; n >= w.Limits.Rejected && !slices.ContainsFunc(found, func(f Finding) bool { return f.Station == r.Station }) {
			found = append(found, Finding{Place: Place{Station: r.Station}, Since: was.at, Facts: map[string]any{"count": n, "command": r.Action, "reason": r.Reason}})
		}
	}
	w.reject = seen
	if err := w.open(ctx, rejected, found...); err != nil || len(list) >= most {
		return err
	}
	var over []Place
	for p := range w.found[rejected.Name] {
		if !here[p.Station] {
			over = append(over, p)
		}
	}
	return w.close(ctx, rejected, over...)
}
