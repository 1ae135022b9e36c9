package uptime

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/payment"
	"gnista/station"
	"gnista/token"
)

// Attempts keeps how attempts to charge went, from events and from what tokens are refused.
type Attempts struct {
	Store        FigureStore
	Transactions interface {
		Transaction(ctx context.Context, id string) (charging.Transaction, error)
		Samples(ctx context.Context, id string) ([]charging.Sample, error)
	}
	Commands interface {
		Command(ctx context.Context, id string) (station.Command, error)
	}
	Checkouts interface {
		Checkout(ctx context.Context, id string) (checkout.Checkout, error)
		// GuestAt tells whether a checkout was open at a station at a time.
		GuestAt(ctx context.Context, id gnista.StationID, at time.Time) (bool, error)
	}
	Payments interface {
		Payment(ctx context.Context, id string) (payment.Payment, error)
	}
	Least  int64         // Wh from which a charge counts as one
	Within time.Duration // after an attempt that failed, in which another one is of the same visit
	Now    func() time.Time
	// Energised is told, once a transaction has ended, how long it took from its beginning, or from when a guest had
	// paid for it, until energy flowed. nil: nobody wants to know.
	Energised func(time.Duration)
	NewID     func() string
	Log       *slog.Logger
}

// VisitWithin is the usual time between attempts of one visit.
const VisitWithin = 10 * time.Minute

const (
	sameRefusal = time.Minute // in which a token that is refused again is the same attempt
	maxRefusals = 200         // of a station in an hour
)

// Take takes in an event. What an attempt has become is read when something is told of it, so that no event that
// comes twice or late does harm.
func (a *Attempts) Take(ctx context.Context, ev gnista.Event) error {
	switch ev.Kind {
	case "transaction.ended", "transaction.finished", "transaction.review":
		return missing(a.takeTransaction(ctx, ev.Subject, ev.Kind == "transaction.ended"))
	case "station.command":
		return missing(a.takeCommand(ctx, ev))
	case "checkout.paid", "checkout.cancelled", "checkout.failed":
		return missing(a.takeCheckout(ctx, ev.Subject))
	}
	return nil
}

// missing passes over what is not there any more.
func missing(err error) error {
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	return err
}

func (a *Attempts) takeTransaction(ctx context.Context, id string, ended bool) error {
	t, err := a.Transactions.Transaction(ctx, id)
	if err != nil {
		return err
	}
	x := Attempt{
		ID: t.ID, Kind: ByTransaction, Place: Place{t.Station, t.EVSE}, Version: t.Version, At: t.StartedAt, Until: t.EndedAt, Token: t.Token.UID,
		Authorised: NotAsked, Paid: NotAsked, Well: NotAsked, EnergyWh: t.EnergyWh, ToEnergy: NotTimed,
	}
	if x.Until.IsZero() {
		x.Until = x.At
	}
	x.Counts = t.Authorised || t.EnergyWh >= a.Least
	if t.Authorised && t.Token.UID != "" { // one that was refused is kept as a refusal
		x.Authorised = Yes
	}
	if t.EnergyWh >= a.Least {
		if t.State == charging.Ended {
			x.Well = tri(endedWell(&t))
		}
		samples, err := a.Transactions.Samples(ctx, id)
		if err != nil {
			return err
		}
		x.ToEnergy = toEnergy(&t, samples)
		if ended && a.Energised != nil && x.ToEnergy != NotTimed {
			if err := a.energised(ctx, &t, x.ToEnergy); err != nil {
				return err
			}
		}
	}
	return a.save(ctx, x)
}

// energised tells how long a driver waited for energy.
func (a *Attempts) energised(ctx context.Context, t *charging.Transaction, took time.Duration) error {
	if id := t.Progress.Pass.Checkout; id != "" {
		c, err := a.Checkouts.Checkout(ctx, id)
		if err != nil {
			return err
		}
		if !c.PaidAt.IsZero() && c.PaidAt.Before(t.StartedAt) {
			took += t.StartedAt.Sub(c.PaidAt)
		}
	}
	a.Energised(took)
	return nil
}

// badly are the reasons of an end that nobody wanted, in the words of all versions.
var badly = []string{
	"EmergencyStop", "HardReset", "SoftReset", "ImmediateReset", "PowerLoss", "PowerQuality", "Reboot", "GroundFault", "OvercurrentFault", "Timeout", "Other", "DeAuthorized",
}

// endedWell tells whether a charge ended as somebody wanted it to.
func endedWell(t *charging.Transaction) bool {
	return !slices.Contains(badly, t.StopReason) && !slices.ContainsFunc(t.Review, func(r charging.Reason) bool { return r == charging.MissingStop || r == charging.OrphanStop })
}

// toEnergy is how long it took until the meter showed that energy flowed, if it did.
func toEnergy(t *charging.Transaction, samples []charging.Sample) time.Duration {
	var first *charging.Sample
	for i := range samples {
		s := &samples[i]
		flows := s.Measurand == charging.PowerImport && s.Milli > 0 && s.Phase == ""
		if s.Measurand == charging.EnergyImport && s.Phase == "" && s.Location == charging.Outlet {
			if first == nil {
				first = s
			}
			flows = s.Milli > first.Milli
		}
		if flows && !s.At.Before(t.StartedAt) {
			return s.At.Sub(t.StartedAt)
		}
	}
	return NotTimed
}

func (a *Attempts) takeCommand(ctx context.Context, ev gnista.Event) error {
	var told struct {
		Kind    string
		Outcome station.Outcome
	}
	if err := json.Unmarshal(ev.Data, &told); err != nil {
		return fmt.Errorf("the event %d: %w", ev.Seq, err)
	}
	if told.Kind != "start" || told.Outcome != station.Declined && told.Outcome != station.Failed && told.Outcome != station.Unknown {
		return nil
	}
	c, err := a.Commands.Command(ctx, ev.Subject)
	if err != nil {
		return err
	}
	guest, err := a.Checkouts.GuestAt(ctx, c.Station, c.At)
	if err != nil || guest { // the checkout tells how it went
		return err
	}
	return a.save(ctx, Attempt{
		ID: c.ID, Kind: ByOrder, Place: Place{c.Station, gnista.EVSE{ID: c.EVSE}}, At: c.At, Until: c.EndedAt,
		Authorised: NotAsked, Paid: NotAsked, Well: NotAsked, ToEnergy: NotTimed, Counts: true,
	})
}

func (a *Attempts) takeCheckout(ctx context.Context, id string) error {
	c, err := a.Checkouts.Checkout(ctx, id)
	if err != nil || c.Payment == "" && c.State == checkout.Cancelled && c.Reason != checkout.NoPayment {
		return err
	}
	x := Attempt{
		ID: c.ID, Kind: ByCheckout, Place: Place{c.Station, gnista.EVSE{ID: c.EVSE}}, At: c.CreatedAt, Until: c.UpdatedAt,
		Authorised: NotAsked, Paid: NotAsked, Well: NotAsked, ToEnergy: NotTimed,
	}
	switch {
	case !c.PaidAt.IsZero():
		x.Paid = Yes
		x.Counts = c.State == checkout.Failed && c.Reason != checkout.NotPlugged
	case c.Reason == checkout.NoPayment:
		x.Paid, x.Counts = No, true
	default:
		p, err := a.Payments.Payment(ctx, c.Payment)
		if err != nil || p.State != payment.DeclinedNow {
			return err // nobody tried to pay
		}
		x.Paid, x.Counts = No, true
	}
	if c.Payment == "" && x.Paid == Yes { // charging is free
		x.Paid = NotAsked
	}
	return a.save(ctx, x)
}

// Refused keeps that a token was not accepted.
func (a *Attempts) Refused(ctx context.Context, r token.Request, _ token.Status) {
	x := Attempt{
		ID: a.NewID(), Kind: ByRefusal, Place: Place{r.Station, gnista.EVSE{ID: r.EVSE}}, At: r.At, Until: r.At, Token: r.ID.UID,
		Authorised: No, Paid: NotAsked, Well: NotAsked, ToEnergy: NotTimed, Counts: true,
	}
	if err := a.Store.AddRefusal(ctx, x, r.At.Add(-sameRefusal), maxRefusals, a.Within, a.visit); err != nil { // which holds up nobody's answer
		a.Log.Error("that a token was refused could not be kept", "station", r.Station, "err", err)
	}
}

func (a *Attempts) save(ctx context.Context, x Attempt) error {
	return a.Store.SaveAttempt(ctx, x, a.Within, a.visit)
}

// visit is the visit of an attempt: that of one that failed shortly before, with the same token or, where one of them
// has none or was refused, at the same EVSE, as far as that is known.
func (a *Attempts) visit(x Attempt, before []Attempt) string {
	for _, b := range before {
		near := x.At.Sub(b.Until) <= a.Within
		same := b.Token == x.Token
		if b.Token == "" || x.Token == "" || b.Kind == ByRefusal { // who was refused may have another card
			same = b.EVSE.ID == x.EVSE.ID || b.EVSE.ID == 0 || x.EVSE.ID == 0
		}
		if near && same {
			if b.EnergyWh >= a.Least {
				break // that driver has charged
			}
			return b.Visit
		}
	}
	return x.ID
}

// Sweep forgets what is too old.
func (a *Attempts) Sweep(ctx context.Context) error {
	return a.Store.ForgetAttempts(ctx, a.Now().Add(-KeptFor))
}
