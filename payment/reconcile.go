package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gnista"
)

// Reconciliation compares what providers say of a period with what we have, and transactions with their records and
// payments. It goes on where it was when the process ended in between: it is made of steps, each of which can be
// done again.
type Reconciliation struct {
	ID        string
	Since     time.Time
	Until     time.Time
	Provider  string   // that it is of; empty is all
	Providers []string // in the order in which they are done
	Nightly   bool
	State     ReconciliationState
	Step      int // done
	Steps     int
	Tries     int    // of the step that is being done
	Error     string // why that has failed
	Counts    Counts
	CreatedAt time.Time
	EndedAt   time.Time
}

// ReconciliationState is how far a reconciliation is.
type ReconciliationState string

// The states of reconciliations.
const (
	Reconciling  ReconciliationState = "running"
	Reconciled   ReconciliationState = "done"
	Unreconciled ReconciliationState = "failed" // a provider did not answer, again and again
)

// Counts are how much was compared.
type Counts struct {
	Theirs    int // payments that providers list
	Ours      int
	Movements int // that were new
	Payouts   int // of these
	Found     int // differences, those included that were known
	Closed    int // differences that are no more
}

// Difference is something that is not the same here and there. The same again is the same row; what is no more closes
// itself.
type Difference struct {
	ID          string
	Kind        DifferenceKind
	Provider    string
	Ref         string // what it is of: the provider's name of a payment, movement or payout, or our id
	Payment     string // ours; empty is none
	Transaction string // ours; empty is none
	Ours        int64
	Theirs      int64
	Currency    string
	Note        string // what is known
	At          time.Time
	FirstSeen   time.Time
	LastSeen    time.Time
	Open        bool
	Action      Resolving // that has resolved it
	Resolution  string    // what was done
	By          string    // empty is nobody: it was no more
	ResolvedAt  time.Time
}

// DifferenceKind is what differs.
type DifferenceKind string

// The kinds of differences.
const (
	DiffUnknown    DifferenceKind = "unknown-payment" // the provider has one that we have not
	DiffMissing    DifferenceKind = "missing-payment" // we have one that the provider has not
	DiffAmount     DifferenceKind = "amount"          // captured less refunded, or held
	DiffCurrency   DifferenceKind = "currency"
	DiffMovement   DifferenceKind = "unknown-movement"     // for no payment of ours
	DiffAdjustment DifferenceKind = "adjustment"           // the provider has moved our balance for a reason of its own
	DiffUnsettled  DifferenceKind = "not-in-settlements"   // captured, and the provider's movements do not say so
	DiffPayout     DifferenceKind = "payout"               // is not what its movements come to
	DiffUnbilled   DifferenceKind = "unbilled-transaction" // has ended and has no charge record
	DiffUnpaid     DifferenceKind = "unpaid-record"        // has no payment
	DiffStuck      DifferenceKind = "unsettled-payment"    // for too long
)

// Resolving is what a person does about a difference.
type Resolving string

// What can be done.
const (
	ResolveNote     Resolving = "note"      // it was seen to elsewhere
	ResolveFetch    Resolving = "fetch"     // the payment is read again and taken in
	ResolveWriteOff Resolving = "write-off" // what was moved for nothing that is known becomes a cost
)

// Scope is which differences would have been found if they were still there.
type Scope struct {
	Kinds    []DifferenceKind
	Provider *string // nil is any
	From, To time.Time
}

// DifferenceFilter selects differences.
type DifferenceFilter struct {
	State    string // open or resolved; empty is any
	Kind     DifferenceKind
	Provider string
	Before   string // only those with a lower id
	Limit    int
}

// Taken is what became of a movement that was taken in.
type Taken struct {
	Movement
	Payment string // ours; empty is none
	New     bool
}

// ReconcileStore keeps reconciliations, movements and differences.
type ReconcileStore interface {
	// AddReconciliation stores r unless there is one of the same provider that is running; it returns that
	// which is stored.
	AddReconciliation(ctx context.Context, r Reconciliation) (Reconciliation, error)
	// SaveReconciliation stores how far r is and what its last step has found, and closes what is of its scope
	// and was not found. newID makes ids for what is new.
	SaveReconciliation(ctx context.Context, r Reconciliation, found []Difference, scope Scope, now time.Time, newID func() string) (Reconciliation, error)
	// Reconciliation finds one. NotFound.
	Reconciliation(ctx context.Context, id string) (Reconciliation, error)
	// Reconciliations lists them, the newest first, in a state or in any, behind an id.
	Reconciliations(ctx context.Context, state ReconciliationState, before string, limit int) ([]Reconciliation, error)
	// LastNightly is the newest that was begun by itself; the zero value is none.
	LastNightly(ctx context.Context) (Reconciliation, error)
	// PaymentsBetween lists payments with a provider that were made between two times, behind an id.
	PaymentsBetween(ctx context.Context, provider string, from, to time.Time, after string, limit int) ([]Payment, error)
	// NameRef takes note of another name that a provider has for a payment of ours.
	NameRef(ctx context.Context, provider, ref, payment string) error
	// TakeMovements takes in movements and posts them, each once.
	TakeMovements(ctx context.Context, provider string, list []Movement, now time.Time) ([]Taken, error)
	// Unexplained lists movements between two times that are of nothing that we know, payments whose movements
	// before the time late are not what they captured, and payouts that are not what they are made of.
	Unexplained(ctx context.Context, provider string, from, to, late time.Time, limit int) ([]Difference, error)
	// Loose lists transactions without a record, records without a payment and payments that are unsettled, since
	// before a time.
	Loose(ctx context.Context, before time.Time, limit int) ([]Difference, error)
	// Difference finds one. NotFound.
	Difference(ctx context.Context, id string) (Difference, error)
	// Differences lists them, the newest first.
	Differences(ctx context.Context, f DifferenceFilter) ([]Difference, error)
	// ResolveDifference stores that d was resolved, unless it was before, with what that posts. Conflict.
	ResolveDifference(ctx context.Context, d Difference) (Difference, error)

	StandingStore
	PayoutStore
}

// Reconciler reconciles.
type Reconciler struct {
	*Payments
	Store ReconcileStore
	Hour  int // of the day at which it begins by itself; below 0 is never
	Zone  *time.Location
	Nudge chan struct{} // with room for one: there is something to do
}

// Periods and patience of reconciliations.
const (
	slice       = 24 * time.Hour     // of one step
	nightlyBack = 3 * 24 * time.Hour // of one that begins by itself, or since the last
	longest     = 400 * 24 * time.Hour
	settledIn   = 72 * time.Hour // by then the provider's movements have what was captured
	looseAfter  = time.Hour      // by then a transaction is billed, and what is due is paid
	maxTries    = 12
	payoutBack  = 12 * 24 * time.Hour // a payout is made of movements that are no older
	mostFound   = 1000                // differences of one step and kind
	tryPause    = 5 * time.Minute
)

// Begin begins to reconcile. The same again while it goes on is the same. Invalid, Unsupported.
func (r *Reconciler) Begin(ctx context.Context, provider string, since, until time.Time) (Reconciliation, error) {
	return r.begin(ctx, Reconciliation{Provider: provider, Since: since, Until: until})
}

func (r *Reconciler) begin(ctx context.Context, x Reconciliation) (Reconciliation, error) {
	now := r.Now()
	if x.Until.IsZero() {
		x.Until = now
	}
	if x.Since.IsZero() {
		x.Since = x.Until.Add(-nightlyBack)
	}
	_, known := r.Providers[x.Provider]
	switch {
	case x.Provider != "" && !known:
		return x, gnista.Invalidf("provider", "%q is none of those that are set up", x.Provider)
	case x.Provider != "" && !readable(r.Providers[x.Provider]):
		return x, gnista.Errorf(gnista.Unsupported, "%s does not tell what it has", x.Provider)
	case !x.Since.Before(x.Until) || x.Until.After(now):
		return x, gnista.Invalidf("until", "must be after since, and not in the future")
	case x.Until.Sub(x.Since) > longest:
		return x, gnista.Invalidf("since", "must be within %d days of until", int(longest/slice))
	}
	for name, p := range r.Providers {
		if readable(p) && (x.Provider == "" || x.Provider == name) {
			x.Providers = append(x.Providers, name)
		}
	}
	slices.Sort(x.Providers)
	x.ID, x.State, x.CreatedAt = r.NewID(), Reconciling, now
	x.Steps = len(x.Providers)*(x.slices()+1) + 1
	x, err := r.Store.AddReconciliation(ctx, x)
	select {
	case r.Nudge <- struct{}{}:
	default:
	}
	return x, err
}

// readable tells whether a provider says what it has: in lists, or of each payment.
func readable(p Provider) bool {
	_, lists := p.(Lister)
	_, reads := p.(Remote)
	return lists || reads
}

// slices is how many steps there are of its period.
func (x Reconciliation) slices() int { return int((x.Until.Sub(x.Since) + slice - 1) / slice) }

// Sweep begins the nightly reconciliation, once each day.
func (r *Reconciler) Sweep(ctx context.Context) error {
	now := r.Now()
	if local := now.In(r.Zone); r.Hour < 0 || local.Hour() < r.Hour {
		return nil
	}
	last, err := r.Store.LastNightly(ctx)
	if err != nil || last.ID != "" && last.CreatedAt.In(r.Zone).Format(time.DateOnly) == now.In(r.Zone).Format(time.DateOnly) {
		return err
	}
	since := now.Add(-nightlyBack)
	if !last.Until.IsZero() && last.Until.Before(since.Add(slice)) { // the server was down, or the last failed
		since = last.Until.Add(-slice)
	}
	if last.State == Unreconciled && last.Since.Before(since) {
		since = last.Since
	}
	_, err = r.begin(ctx, Reconciliation{Nightly: true, Since: since, Until: now})
	return err
}

// Run does the steps of reconciliations until ctx ends.
func (r *Reconciler) Run(ctx context.Context, failed func(error)) {
	for ctx.Err() == nil {
		pause, err := r.Work(ctx)
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
		case <-r.Nudge:
		case <-time.After(pause):
		}
	}
}

// Work does what there is to do, and tells when to look again.
func (r *Reconciler) Work(ctx context.Context) (time.Duration, error) {
	list, err := r.Store.Reconciliations(ctx, Reconciling, "", 100)
	if err != nil {
		return time.Minute, err
	}
	pause := time.Hour
	var failed error
	for _, x := range slices.Backward(list) { // the oldest first
		for x.State == Reconciling && ctx.Err() == nil {
			var bad error
			if x, bad = r.step(ctx, x); bad != nil {
				failed, pause = errors.Join(failed, bad), tryPause
				break
			}
		}
	}
	return pause, failed
}

// step does the next step of x.
func (r *Reconciler) step(ctx context.Context, x Reconciliation) (Reconciliation, error) {
	now, before := r.Now(), x.Counts
	found, scope, err := r.compare(ctx, &x)
	if err != nil {
		x.Counts = before // it is done again
		x.Tries, x.Error = x.Tries+1, err.Error()
		if x.Tries >= maxTries {
			x.State, x.EndedAt = Unreconciled, now
		}
		y, bad := r.Store.SaveReconciliation(ctx, x, nil, Scope{}, now, r.NewID)
		return y, errors.Join(err, bad)
	}
	x.Step, x.Tries, x.Error = x.Step+1, 0, ""
	if x.Step == x.Steps {
		x.State, x.EndedAt = Reconciled, now
	}
	return r.Store.SaveReconciliation(ctx, x, found, scope, now, r.NewID)
}

func (r *Reconciler) compare(ctx context.Context, x *Reconciliation) ([]Difference, Scope, error) {
	each := x.slices() + 1
	if x.Step == x.Steps-1 {
		list, err := r.Store.Loose(ctx, r.Now().Add(-looseAfter), mostFound)
		return list, Scope{Kinds: []DifferenceKind{DiffUnbilled, DiffUnpaid, DiffStuck}, To: x.Until.Add(longest)}, err
	}
	name := x.Providers[x.Step/each]
	from, lists := r.Providers[name].(Lister)
	if !readable(r.Providers[name]) {
		return nil, Scope{}, gnista.Errorf(gnista.Conflict, "%q is no longer set up", name)
	}
	i := x.Step % each
	if i == each-1 {
		list, err := r.Store.Unexplained(ctx, name, x.Since, x.Until, x.Until.Add(-settledIn), mostFound)
		for i := range list {
			list[i].Provider = name
		}
		return list, Scope{[]DifferenceKind{DiffMovement, DiffAdjustment, DiffUnsettled, DiffPayout}, &name, x.Since, x.Until}, err
	}
	since := x.Since.Add(time.Duration(i) * slice)
	until := since.Add(slice)
	if until.After(x.Until) {
		until = x.Until
	}
	c := &comparison{Reconciler: r, run: x, name: name, from: from, since: since, until: until, seen: map[string]bool{}, back: since}
	if i == 0 {
		c.back = since.Add(-payoutBack)
	}
	if lists {
		if err := c.theirs(ctx); err != nil {
			return nil, Scope{}, fmt.Errorf("reading the payments of %s: %w", name, err)
		}
	}
	if err := c.ours(ctx); err != nil {
		return nil, Scope{}, fmt.Errorf("looking for our payments with %s: %w", name, err)
	}
	if lists {
		if err := c.movements(ctx); err != nil {
			return nil, Scope{}, fmt.Errorf("reading the movements of %s: %w", name, err)
		}
	}
	return c.found, Scope{[]DifferenceKind{DiffUnknown, DiffMissing, DiffAmount, DiffCurrency}, &name, since, until}, nil
}

// Resolve does something about a difference. Invalid, NotFound, Conflict.
func (r *Reconciler) Resolve(ctx context.Context, id string, how Resolving, note, by string) (Difference, error) {
	d, err := r.Store.Difference(ctx, id)
	switch {
	case err != nil:
		return d, err
	case !d.Open:
		return d, gnista.Errorf(gnista.Conflict, "difference %s is resolved", id)
	}
	switch how {
	case ResolveNote:
	case ResolveWriteOff:
		if d.Kind != DiffMovement && d.Kind != DiffAdjustment {
			return d, gnista.Errorf(gnista.Conflict, "of a difference of the kind %s nothing can be written off", d.Kind)
		}
	case ResolveFetch:
		if err := r.fetch(ctx, d); err != nil {
			return d, err
		}
	default:
		return d, gnista.Invalidf("action", "%q is none", how)
	}
	d.Open, d.Action, d.Resolution, d.By, d.ResolvedAt = false, how, note, by, r.Now()
	return r.Store.ResolveDifference(ctx, d)
}

// fetch takes in what the provider says of the payment of a difference. Conflict when it differs still.
func (r *Reconciler) fetch(ctx context.Context, d Difference) error {
	remote, ok := r.Providers[d.Provider].(Remote)
	if !ok || d.Payment == "" {
		return gnista.Errorf(gnista.Conflict, "there is no payment of ours that could be read at %q", d.Provider)
	}
	x, err := r.Payments.Store.Payment(ctx, d.Payment)
	if err != nil {
		return err
	}
	if err := r.read(ctx, remote, x, Cause{ByPerson, d.ID}); err != nil {
		return gnista.Errorf(gnista.Refused, "%v", err)
	}
	if x, err = r.Payments.Store.Payment(ctx, d.Payment); err != nil {
		return err
	}
	s, err := remote.Fetch(ctx, x)
	switch {
	case err != nil:
		return gnista.Errorf(gnista.Refused, "%v", err)
	case !same(x, s):
		return gnista.Errorf(gnista.Conflict, "it differs still: payment %s has %d and the provider %d", x.ID, x.Paid()+x.Held, s.Captured-s.Refunded+s.Held)
	}
	return nil
}

// same tells whether a provider says of a payment what we do.
func same(x Payment, s Snapshot) bool {
	return x.Captured == s.Captured && x.Refunded == s.Refunded && x.Held == s.Held
}
