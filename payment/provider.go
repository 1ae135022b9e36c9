package payment

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"gnista"
)

// Provider moves money. Each call is one operation: the same one again, known by its id, has no second effect.
// An operation ends done, which is a snapshot; [*DeclinedError]; or [*RefusedError]. Any other error says
// that it is not known, and then Find is asked before it is sent again.
type Provider interface {
	Name() string
	Caps() Caps
	// Capture takes an amount. What is held beyond it is released.
	Capture(ctx context.Context, op Operation, p Payment) (Snapshot, error)
	// Cancel releases what is held.
	Cancel(ctx context.Context, op Operation, p Payment) (Snapshot, error)
	// Refund gives an amount back.
	Refund(ctx context.Context, op Operation, p Payment) (Snapshot, error)
	// Find tells what became of an operation; found is false when it did not happen.
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
	Begin(ctx context.Context, op Operation, p Payment) (Begun, error)
}

// Remote is a provider with a state of its own. What it tells by itself is a hint, never a fact: it is read.
type Remote interface {
	Fetch(ctx context.Context, p Payment) (Snapshot, error)
	// Verify makes hints of a request of the provider that can be proven to be its own. Invalid.
	Verify(ctx context.Context, h http.Header, body []byte) ([]Hint, error)
}

// Caps are what a provider can do.
type Caps struct {
	Hold       bool
	MinAmount  int64    // least that it takes; less is not sent
	Currencies []string // nil is any
}

// Snapshot is what a provider says of a payment.
type Snapshot struct {
	Ref       string // the provider's name of it
	Held      int64
	HeldUntil time.Time // zero is for ever
	Captured  int64     // in all
	Refunded  int64     // in all
	Ended     State     // DeclinedNow or Abandoned, by the customer; empty is neither
}

// Begun is a payment that waits for its customer.
type Begun struct {
	Snapshot
	Action Action
}

// Action is what the customer has to do.
type Action struct {
	Kind string // redirect, app, qr or secret
	Text string
}

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
func carry(ctx context.Context, x Provider, op Operation, p Payment, doubt bool) (Snapshot, error) {
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
	case KindBegin:
		if s, ok := x.(Starter); ok {
			b, err := s.Begin(ctx, op, p)
			return b.Snapshot, err
		}
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
