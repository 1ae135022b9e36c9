// Package payment has what was charged paid. A [Payment] pays for one transaction; what moves money for it is
// an [Operation], a row that is stored before anything is sent and whose id is the key by which a provider
// knows it again. How an operation ended that is not known is asked of the provider before anything else is
// sent, so that no effect happens twice.
//
// Amounts come from charge records only: what is due is the sum of those of the transaction, and a payment is
// settled when what was captured less what was refunded is that.
package payment

import (
	"time"

	"gnista"
)

// State is how far a payment is.
type State string

// The states.
const (
	Created      State = "created"
	Awaiting     State = "awaiting-customer" // who has to confirm
	Held         State = "held"              // an amount is set aside at the provider
	Prepaid      State = "prepaid"           // an amount was taken, and what is left of it is given back
	Mandated     State = "mandated"          // it may be taken without the customer being there
	Bound        State = "bound"             // to a transaction
	Settling     State = "settling"          // what is due is being taken or given back
	Settled      State = "settled"
	SettledShort State = "settled-short" // less than what is due; the rest is owed
	Released     State = "released"      // nothing was due
	DeclinedNow  State = "declined"      // by the provider or the customer
	Abandoned    State = "abandoned"     // by the customer
	HoldExpired  State = "hold-expired"
	Review       State = "review" // somebody has to look at it
)

// states are all states with those that may follow. What may end a payment may begin anew when a correction of
// its record or another amount that comes in changes what is due or can be taken.
func states() map[State][]State {
	return map[State][]State{
		Created:      {Awaiting, Held, Prepaid, Mandated, DeclinedNow, Abandoned, Review},
		Awaiting:     {Held, Prepaid, Mandated, DeclinedNow, Abandoned, Review},
		Held:         {Bound, Released, HoldExpired, Review},
		Prepaid:      {Bound, Settling, Review},
		Mandated:     {Bound, Released, Review},
		Bound:        {Settling, Settled, SettledShort, Released, HoldExpired, Review},
		Settling:     {Settled, SettledShort, Released, Review},
		Settled:      {Settling, SettledShort, Released, Review},
		SettledShort: {Settling, Settled, Released, Review},
		Released:     {Settling, SettledShort, Review},
		HoldExpired:  {Settling, SettledShort, Released, Review},
		Review:       {Bound, Settling, Settled, SettledShort, Released},
		DeclinedNow:  {Settling, Review},
		Abandoned:    {Settling, Review},
	}
}

// May tells whether a payment in one state may come into another.
func May(from, to State) bool {
	for _, s := range states()[from] {
		if s == to {
			return true
		}
	}
	return false
}

// Final tells whether nothing more is done for a payment by itself.
func (s State) Final() bool {
	switch s {
	case Settled, SettledShort, Released, DeclinedNow, Abandoned, Review:
		return true
	}
	return false
}

// Way is how a payment pays.
type Way string

// The ways.
const (
	ByHold    Way = "hold"    // an amount is set aside before, and no more is taken
	ByMandate Way = "mandate" // what is due is taken after
	ByPrepay  Way = "prepay"  // an amount is taken before, and the rest given back
)

// Payment pays for one transaction. Amounts are in minor units.
type Payment struct {
	ID          string
	Transaction string // id, or that of a reservation that nobody came for; empty while bound to none
	Account     string // id of the account that pays; empty is none
	Provider    string // name; empty where nobody can be billed
	Mandate     string // id of what it is taken under; empty is nothing
	Ref         string // the provider's name of it
	Way         Way
	Currency    string
	State       State
	Reason      string // why it is in review, or short
	Due         int64  // what the charge records of the transaction come to
	Authorised  int64  // ByHold: all that was ever set aside
	Held        int64  // of that is still
	HeldUntil   time.Time
	Captured    int64
	Refunded    int64
	Kept        int64     // of what was captured: more than is due, and too little to be given back
	Given       int64     // of what is due, refunded by a person all the same
	WrittenOff  int64     // of what is due, given up
	Covered     int64     // of what is due, paid by other payments
	Rest        string    // id of the payment whose rest this one pays; then it pays for no transaction itself
	Revision    int       // counts the reasons to settle anew
	Tried       int       // revision for which an operation was made
	Closing     bool      // it is to be released, whatever was authorised
	Moves       int       // number of its last transition
	Since       time.Time // when it came into its state
	Stuck       bool      // it was told that it is stuck there
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Paid is what was captured and not refunded.
func (p Payment) Paid() int64 { return p.Captured - p.Refunded }

// Target is what is to be paid by this payment.
func (p Payment) Target() int64 { return max(0, p.Due-p.Given-p.WrittenOff-p.Covered) }

// Short is what is missing of it.
func (p Payment) Short() int64 { return max(0, p.Target()-p.Paid()) }

// Money is an amount in the currency of the payment.
func (p Payment) Money(amount int64) gnista.Money {
	return gnista.Money{Amount: amount, Currency: p.Currency}
}

// Kind is what an operation does.
type Kind string

// The kinds.
const (
	KindBegin     Kind = "begin"     // asks the customer
	KindHold      Kind = "hold"      // sets an amount aside without the customer being there
	KindIncrement Kind = "increment" // of a hold
	KindCapture   Kind = "capture"
	KindCancel    Kind = "cancel" // of a hold
	KindRefund    Kind = "refund"
)

// OpState is how far an operation is.
type OpState string

// The states of operations.
const (
	Pending   OpState = "pending" // not sent
	Sent      OpState = "sent"    // and no answer yet
	Unknown   OpState = "unknown" // the answer did not come, or said nothing
	Succeeded OpState = "succeeded"
	Declined  OpState = "declined"
)

// Open tells whether an operation is not final.
func (s OpState) Open() bool { return s == Pending || s == Sent || s == Unknown }

// Operation is one effect that is wanted at a provider.
type Operation struct {
	ID        string // the key by which the provider knows it again: the payment, the kind and the purpose
	Payment   string
	Kind      Kind
	Purpose   string // what it is for; no payment has two of a kind for one purpose
	Amount    int64
	Done      int64 // what it came to
	State     OpState
	Attempt   int
	Error     string
	NextAt    time.Time // when it may be taken up: at once, when the one who has it is given up, or when to look again
	CreatedAt time.Time
	SentAt    time.Time // first
	UpdatedAt time.Time
}

// Transition is a change of state.
type Transition struct {
	Number   int // 1, 2, … within the payment
	At       time.Time
	From, To State
	Cause    Cause
	Note     string
}

// Cause is what a transition came of.
type Cause struct {
	Kind CauseKind
	ID   string
}

// CauseKind is the kind of a cause.
type CauseKind string

// The causes.
const (
	ByRecord    CauseKind = "charge-record"
	ByOperation CauseKind = "operation"
	ByTopUp     CauseKind = "top-up"
	ByHint      CauseKind = "hint" // a provider told that there is something to see
	ByTime      CauseKind = "time"
	ByStation   CauseKind = "station" // a transaction has begun
	ByPerson    CauseKind = "person"
	ByPayment   CauseKind = "payment" // another one, which pays the rest of this or whose rest this pays
)
