package payment

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"gnista"
)

// Provider moves money. Each call is one operation: the same one again, known by its id, has no second effect.
// An operation ends done, which is a snapshot; [*DeclinedError]; or [*RefusedError]. Any other error says
// that it is not known, and then Find is asked before it is sent again. [ErrPending] is such an error.
type Provider interface {
	Name() string
	Caps() Caps
	// Capture takes an amount. What is held beyond it is released.
	Capture(ctx context.Context, op Operation, p Payment) (Snapshot, error)
	// Cancel releases what is held.
	Cancel(ctx context.Context, op Operation, p Payment) (Snapshot, error)
	// Refund gives an amount back.
	Refund(ctx context.Context, op Operation, p Payment) (Snapshot, error)
	// Find tells what became of an operation; found is false when it did not happen and will not, and the error
	// ErrPending when that is not decided.
	Find(ctx context.Context, op Operation, p Payment) (s Snapshot, found bool, err error)
}

// Holder is a provider that can set an amount aside without the customer being there.
type Holder interface {
	Hold(ctx context.Context, op Operation, p Payment) (Snapshot, error)
	// Increment makes a hold one of the amount of op.
	Increment(ctx context.Context, op Operation, p Payment) (Snapshot, error)
}

// Starter is a provider that asks the customer.
type Starter interface {
	// Begin asks the customer for the amount of op. Done again with the same op, it gives the same answer. What the customer then does is read with Fetch.
	Begin(ctx context.Context, op Operation, p Payment, o Opening) (Begun, error)
}

// Remote is a provider with a state of its own. What it tells by itself is a hint, never a fact: it is read.
type Remote interface {
	Fetch(ctx context.Context, p Payment) (Snapshot, error)
	// Verify makes hints of a request of the provider that can be proven to be its own. Invalid.
	Verify(ctx context.Context, h http.Header, body []byte) ([]Hint, error)
}

// Lister is a provider that tells what it has, so that it can be compared with what we have.
type Lister interface {
	// List yields the provider's payments that were made between two times.
	List(ctx context.Context, from, to time.Time) iter.Seq2[Listed, error]
	// Settlements yields the movements on our account with the provider between two times, in order.
	Settlements(ctx context.Context, from, to time.Time) iter.Seq2[Movement, error]
}

// Listed is a payment as the provider lists it.
type Listed struct {
	Snapshot
	Payment  string // our id of it, where the provider was told
	Currency string
	At       time.Time
}

// Movement is a change of our balance with a provider, in minor units. Amount and Fee together are what it
// changes by: a capture has a positive amount, a refund, a payout and a dispute a negative one, and a fee that we
// pay is negative.
type Movement struct {
	ID       string // the provider's, unique
	Kind     MovementKind
	Ref      string // of the payment; empty is none
	Payout   string // the provider's name of the payout that it is part of; empty while in none
	Amount   int64
	Fee      int64
	Currency string
	At       time.Time
}

// MovementKind is what a balance changed for.
type MovementKind string

// The kinds of movements.
const (
	MoveCapture    MovementKind = "capture"
	MoveRefund     MovementKind = "refund"
	MoveDispute    MovementKind = "dispute"     // taken back by the customer's bank
	MoveWon        MovementKind = "dispute-won" // and given back to us
	MovePayout     MovementKind = "payout"      // to our bank account
	MoveFee        MovementKind = "fee"
	MoveAdjustment MovementKind = "adjustment"
)

// Caps are what a provider can do.
type Caps struct {
	Hold       bool              // can set an amount aside
	Prepay     bool              // can take an amount before it is known what is due
	MinAmount  int64             // least that it takes; less is not sent
	Minima     map[string]int64  // by currency, where it differs
	MaxAmount  int64             // most that it takes; 0 is no limit
	MinRefund  int64             // least that it gives back; less stays where it is
	Currencies []string          // nil is any
	Test       bool              // no real money moves
	Words      map[string]string // what drivers call it, by language; nil is not for drivers
}

// Least is the least that it takes in a currency.
func (c Caps) Least(currency string) int64 { return max(1, c.MinAmount, c.Minima[currency]) }

// Snapshot is what a provider says of a payment.
type Snapshot struct {
	Ref       string // the provider's name of it
	Held      int64
	HeldUntil time.Time // zero is for ever
	Captured  int64     // in all
	Refunded  int64     // in all
	Ended     State     // DeclinedNow or Abandoned, by the customer, or Review where the provider cannot tell; empty is none
	Code      string    // why it has ended, in a word of the provider
}

// Opening is how a customer is asked to pay.
type Opening struct {
	Way      Way    // ByHold or ByPrepay
	Language string // sv or en
	Text     string // what is bought, in that language, of 50 characters at the most
	Return   string // address that the customer comes back to
	Payer    string // phone number or the like, where the provider asks its customers by that; empty is whoever comes

	Within time.Duration // that the customer has to confirm; less than AskedFor is that
}

// Begun is a payment that waits for its customer.
type Begun struct {
	Snapshot
	Action Action
}

// Action is what the customer has to do. It lets whoever knows it pay: it is never logged.
type Action struct {
	Kind  ActionKind
	Text  string
	Key   string // public key that goes with it, if any
	App   string // address that opens the app, with that which it leads back to behind; empty is none
	Code  string // what a QR code says that an app on another phone scans; empty is Text
	Needs Needs
}

// Needs are what a page with a provider's own element loads and reaches beside what is ours, each but the first as
// sources of a Content-Security-Policy. The zero Needs are nothing.
type Needs struct {
	Script  string // address of the script that makes the element
	Scripts string
	Connect string
	Images  string
	Frames  string
}

// ActionKind is the kind of an action.
type ActionKind string

// The kinds of actions.
const (
	ActRedirect ActionKind = "redirect" // to the address Text
	ActApp      ActionKind = "app"      // Text is a token that opens an app, or is shown as a QR code
	ActElement  ActionKind = "element"  // Text is the secret that the provider's own element in a page needs
	ActWait     ActionKind = "wait"     // the provider asks elsewhere, as in an app
)

// Hint is that there is something to see of a payment.
type Hint struct {
	ID  string // of the message, which may come again
	Ref string
}

// DeclinedError is that a provider does not move money.
type DeclinedError struct {
	Code     string
	Customer bool // who could do something about it
}

func (e *DeclinedError) Error() string { return "declined: " + e.Code }

// ErrPending is that a provider has taken an operation in and tells later what came of it: until then nothing else is
// sent, and Find is asked again. A hint of the payment has that done soon.
var ErrPending = errors.New("taken in, and not decided yet")

// RefusedError is that a provider does not understand us, or that we are not set up as it expects.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return "refused: " + e.Reason }

// Providers are those that there are, by name.
type Providers map[string]Provider

// NewProviders collects providers.
func NewProviders(list ...Provider) Providers {
	m := Providers{}
	for _, p := range list {
		m[p.Name()] = p
	}
	return m
}

// of is the provider of a payment.
func (l Providers) of(p Payment) (Provider, error) {
	x, ok := l[p.Provider]
	if !ok {
		return nil, gnista.Errorf(gnista.Conflict, "payment %s is with the provider %q, which is not set up", p.ID, p.Provider)
	}
	return x, nil
}

// carry carries out an operation, or finds out what became of it when that is in doubt.
func carry(ctx context.Context, x Provider, op Operation, p Payment, o Opening, doubt bool) (Begun, error) {
	if op.Kind == KindBegin { // which is safe to do again, and only then is the action known
		s, ok := x.(Starter)
		if !ok {
			return Begun{}, &RefusedError{x.Name() + " cannot ask customers"}
		}
		return s.Begin(ctx, op, p, o)
	}
	s, err := move(ctx, x, op, p, doubt)
	return Begun{Snapshot: s}, err
}

func move(ctx context.Context, x Provider, op Operation, p Payment, doubt bool) (Snapshot, error) {
	if doubt {
		if s, found, err := x.Find(ctx, op, p); found || err != nil {
			return s, err
		}
	}
	switch op.Kind {
	case KindCapture:
		return x.Capture(ctx, op, p)
	case KindCancel:
		return x.Cancel(ctx, op, p)
	case KindRefund:
		return x.Refund(ctx, op, p)
	case KindHold, KindIncrement:
		h, ok := x.(Holder)
		switch {
		case ok && op.Kind == KindHold:
			return h.Hold(ctx, op, p)
		case ok:
			return h.Increment(ctx, op, p)
		}
	}
	return Snapshot{}, &RefusedError{fmt.Sprintf("%s cannot do a %s", x.Name(), op.Kind)}
}
