package payment

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
)

// Standing is how the payments with a provider stand, in one currency.
type Standing struct {
	Provider      string
	Currency      string
	Held          Heap
	HeldUntil     time.Time // when the first of the holds ends; zero is never
	Awaiting      Heap      // customers are asked
	Captures      Heap      // are on their way
	Refunds       Heap
	Others        Heap      // other operations
	Unknown       Heap      // of all of these operations, those of which nothing is known
	OldestUnknown time.Time // of what is unknown, the oldest; zero is none
	Receivables   Heap
	Review        Heap
	Disputes      Heap // that are open
}

// Heap is some payments or operations, and what they come to.
type Heap struct {
	Count  int
	Amount int64
}

// Standings are how everything stands.
type Standings struct {
	List         []Standing
	Differences  int // that are open
	Hints        int // that wait
	OldestHint   time.Time
	ReconciledAt time.Time // when the last reconciliation of all was done; zero is never
	ReconciledTo time.Time // until when it was
}

// StandingStore tells how everything stands.
type StandingStore interface {
	Standings(ctx context.Context) (Standings, error)
}

// PaidOut is a payout of a provider that does not tell of it by itself, as it stands on the statement of our bank.
type PaidOut struct {
	Provider string
	Amount   gnista.Money // that came
	Fee      int64        // that was kept before, in minor units
	At       time.Time
	Key      string // the same again is the same
}

// PayoutStore tells whether a provider tells of payouts by itself.
type PayoutStore interface {
	TellsPayouts(ctx context.Context, provider string) (bool, error)
}

// TakePayout takes in a payout of a provider that tells of none by itself; it tells whether it is new. Invalid,
// Conflict.
func (r *Reconciler) TakePayout(ctx context.Context, o PaidOut) (bool, error) {
	_, ok := r.Providers[o.Provider]
	switch {
	case !ok || !(Payment{Provider: o.Provider}).Outside():
		return false, gnista.Invalidf("provider", "%q is none that has money of ours", o.Provider)
	case o.Amount.Amount <= 0 || o.Fee < 0 || o.Amount.Amount > mostPaidOut || o.Fee > mostPaidOut:
		return false, gnista.Invalidf("amount.amount", "must be 1 to %d, and the fee no more than that", int64(mostPaidOut))
	case strings.TrimSpace(o.Key) == "" || utf8.RuneCountInString(o.Key) > 100:
		return false, gnista.Invalidf("reference", "must have 1 to 100 characters")
	}
	tells, err := r.Store.TellsPayouts(ctx, o.Provider)
	if err != nil {
		return false, err
	}
	if tells {
		return false, gnista.Errorf(gnista.Conflict, "%s tells of its payouts by itself", o.Provider)
	}
	if o.At.IsZero() {
		o.At = r.Now()
	}
	taken, err := r.Store.TakeMovements(ctx, o.Provider, []Movement{{
		ID: ManualMovement + o.Key, Kind: MovePayout, Amount: -o.Amount.Amount, Fee: -o.Fee, Currency: o.Amount.Currency, At: o.At,
	}}, r.Now())
	if err != nil {
		return false, err
	}
	return taken[0].New, nil
}

// ManualMovement begins the names of movements that persons have told of.
const ManualMovement = "manual/"

// mostPaidOut is the most of one payout, in minor units.
const mostPaidOut = 100_000_000_000
