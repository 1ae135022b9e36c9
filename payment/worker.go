package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"gnista"
)

// Store keeps payments.
type Store interface {
	// CreatePayment stores a new payment.
	CreatePayment(ctx context.Context, c *Change) error
	// ChangePayment runs f on a payment within one SQL transaction and stores what it did, or nothing when it
	// fails. f may be run again. NotFound.
	ChangePayment(ctx context.Context, id string, now time.Time, f func(*Change) error) (Payment, error)
	// Payment finds a payment. NotFound.
	Payment(ctx context.Context, id string) (Payment, error)
	// PaymentByRef finds the payment that a provider calls so. NotFound.
	PaymentByRef(ctx context.Context, provider, ref string) (Payment, error)
	// Payments lists payments, the newest first.
	Payments(ctx context.Context, f Filter) ([]Payment, error)
	// Action is what the customer of a payment has to do; the zero Action where that is nothing.
	Action(ctx context.Context, payment string) (Action, error)
	// Operations lists those of a payment in order.
	Operations(ctx context.Context, payment string) ([]Operation, error)
	// Transitions lists those of a payment in order.
	Transitions(ctx context.Context, payment string) ([]Transition, error)
	// WaitingOperations lists open operations that may be taken up at a time.
	WaitingOperations(ctx context.Context, at time.Time, limit int) ([]Operation, error)
	// GiveUpOperations lets those that were sent be taken up at a time: nobody is left who has them.
	GiveUpOperations(ctx context.Context, at time.Time) error
	// ExpiredHolds lists payments with a hold that ended before a time and with no open operation.
	ExpiredHolds(ctx context.Context, at time.Time, limit int) ([]Payment, error)
	// AskedPayments lists those whose customer is asked, or is to be, since before a time, the oldest first.
	AskedPayments(ctx context.Context, before time.Time, limit int) ([]Payment, error)
	// StuckPayments lists payments that are where they should not stay since before a time, and that was not
	// told of.
	StuckPayments(ctx context.Context, before time.Time, limit int) ([]Payment, error)

	Refunder
	DisputeStore
	DunningStore
}

// Filter selects payments for a list.
type Filter struct {
	State       State  // empty is any
	Account     string // empty is any
	Transaction string // empty is any
	Before      string // only those with a lower id
	Limit       int
}

// Payments is what is done with payments.
type Payments struct {
	Store     Store
	Providers Providers
	Mandates  *Mandates // nil: no account pays by card
	Dunning   Dunning   // the zero value is none
	Now       func() time.Time
	NewID     func() string
}

// Hold makes a payment that sets an amount aside, for a transaction that will be. Invalid, Unsupported.
func (p *Payments) Hold(ctx context.Context, provider, account string, amount gnista.Money) (Payment, error) {
	x, ok := p.Providers[provider]
	if !ok {
		return Payment{}, gnista.Invalidf("provider", "%q is none of those that are set up", provider)
	}
	caps := x.Caps()
	switch {
	case !caps.Hold:
		return Payment{}, gnista.Errorf(gnista.Unsupported, "%s cannot set an amount aside", provider)
	case amount.Amount < caps.Least(amount.Currency):
		return Payment{}, gnista.Invalidf("amount", "must be %d or more", caps.Least(amount.Currency))
	case !caps.takes(amount.Currency):
		return Payment{}, gnista.Invalidf("currency", "%s is not one of %s", amount.Currency, provider)
	}
	c := Begin(p.NewID(), provider, account, amount.Currency, amount.Amount, p.Now())
	if p.Mandates != nil {
		m, err := p.Mandates.active(ctx, account, provider)
		if err != nil {
			return Payment{}, err
		}
		c.Mandate = m.ID
	}
	return c.Payment, p.Store.CreatePayment(ctx, c)
}

// Ask makes a payment for which the provider asks the customer: for an amount that is set aside or taken, before it
// is known for which transaction. account is empty for whoever comes. Invalid, Unsupported.
func (p *Payments) Ask(ctx context.Context, provider, account string, amount gnista.Money, o Opening) (Payment, error) {
	return p.AskAs(ctx, p.NewID(), provider, account, amount, o)
}

// AskAs is [Payments.Ask] for a payment whose id is known before it is there.
func (p *Payments) AskAs(ctx context.Context, id, provider, account string, amount gnista.Money, o Opening) (Payment, error) {
	c, err := p.asking(id, provider, account, amount, o)
	if err != nil {
		return Payment{}, err
	}
	return c.Payment, p.Store.CreatePayment(ctx, c)
}

func (p *Payments) asking(id, provider, account string, amount gnista.Money, o Opening) (*Change, error) {
	x, ok := p.Providers[provider]
	if !ok {
		return nil, gnista.Invalidf("provider", "%q is none of those that are set up", provider)
	}
	caps := x.Caps()
	if o.Way == ByHold && !caps.Hold || o.Way == ByPrepay && !caps.Prepay || o.Way != ByHold && o.Way != ByPrepay {
		return nil, gnista.Errorf(gnista.Unsupported, "%s cannot ask customers for that", provider)
	}
	if err := asks(x, amount); err != nil {
		return nil, err
	}
	c := Begin(id, provider, account, amount.Currency, amount.Amount, p.Now())
	c.Way, c.Opening, c.Op = o.Way, o, nil
	c.open(KindBegin, "start", amount.Amount)
	return c, nil
}

// asks tells whether a provider can ask customers for an amount. Invalid, Unsupported.
func asks(x Provider, amount gnista.Money) error {
	caps := x.Caps()
	_, starts := x.(Starter)
	switch {
	case !starts:
		return gnista.Errorf(gnista.Unsupported, "%s cannot ask customers", x.Name())
	case amount.Amount < caps.Least(amount.Currency) || caps.MaxAmount > 0 && amount.Amount > caps.MaxAmount:
		return gnista.Invalidf("amount", "is out of range")
	case !caps.takes(amount.Currency):
		return gnista.Invalidf("currency", "%s is not one of %s", amount.Currency, x.Name())
	}
	return nil
}

func (c Caps) takes(currency string) bool {
	for _, x := range c.Currencies {
		if x == currency {
			return true
		}
	}
	return len(c.Currencies) == 0
}

// Change changes a payment. NotFound, and what f returns.
func (p *Payments) Change(ctx context.Context, id string, f func(*Change) error) (Payment, error) {
	return p.Store.ChangePayment(ctx, id, p.Now(), f)
}

// Retry has a payment looked at now whose operation is not known or that is short. NotFound, Conflict.
func (p *Payments) Retry(ctx context.Context, id string) (Payment, error) {
	return p.Change(ctx, id, func(c *Change) error { return c.Look(Cause{ByPerson, ""}) })
}

// StuckAfter is how long a payment may be on its way before somebody is told.
const StuckAfter = time.Hour

// How long customers are asked.
const (
	ReadAfter = 20 * time.Second // without a word of the provider, it is asked what the customer has done
	AskedFor  = 15 * time.Minute // after which a payment that was not confirmed is given up, unless its customer has longer
)

// sweepAsked reads what customers have done that nobody told of, and gives up payments that wait for too long.
func (p *Payments) sweepAsked(ctx context.Context, now time.Time, most int) error {
	list, err := p.Store.AskedPayments(ctx, now.Add(-ReadAfter), most)
	if err != nil {
		return fmt.Errorf("looking for customers that are asked: %w", err)
	}
	var failed error
	down := map[string]bool{}
	for _, x := range list {
		remote, ok := p.Providers[x.Provider].(Remote)
		if ok && x.State == Awaiting && !down[x.Provider] {
			if err := p.look(ctx, remote, x); err != nil { // the others of it would say the same
				down[x.Provider], failed = true, errors.Join(failed, err)
			}
		}
		if now.Sub(x.CreatedAt) < AskedFor || x.Closing {
			continue
		}
		if _, err := p.Change(ctx, x.ID, func(c *Change) error {
			if (c.State == Created || c.State == Awaiting) && now.Sub(c.CreatedAt) >= c.Opening.Within {
				return c.Release(Cause{ByTime, ""})
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return failed
}

// look takes in what a provider says of a payment whose customer is asked.
func (p *Payments) look(ctx context.Context, r Remote, x Payment) error {
	s, err := fetch(ctx, r, x)
	if err != nil {
		return err
	}
	_, err = p.Change(ctx, x.ID, func(c *Change) error {
		if c.Moves == x.Moves && c.Op == nil { // which would tell
			c.Observe(s, Cause{ByTime, ""})
		}
		return nil
	})
	return err
}

// Sweep reads what customers that are asked have done and gives up those that do nothing, takes note of holds that
// have expired, and tells of payments that are stuck.
func (p *Payments) Sweep(ctx context.Context) error {
	const most = 500
	now := p.Now()
	asked := p.sweepAsked(ctx, now, most)
	expired, err := p.Store.ExpiredHolds(ctx, now, most)
	if err != nil {
		return fmt.Errorf("looking for expired holds: %w", err)
	}
	stuck, err := p.Store.StuckPayments(ctx, now.Add(-StuckAfter), most)
	if err != nil {
		return fmt.Errorf("looking for stuck payments: %w", err)
	}
	for _, x := range expired {
		if _, err := p.Change(ctx, x.ID, func(c *Change) error { c.Expire(); return nil }); err != nil {
			return err
		}
	}
	for _, x := range stuck {
		if _, err := p.Change(ctx, x.ID, func(c *Change) error {
			if c.Since.Equal(x.Since) {
				c.MarkStuck()
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return asked
}

// How operations are carried out.
const (
	callTime  = 30 * time.Second     // for a provider to answer
	lease     = 4 * callTime         // after which whoever has taken up an operation is given up
	idlePause = 5 * time.Second      // looks without having been nudged
	batch     = 256                  // operations of one look
	atOnce    = 16                   // operations at one time
	failPause = 2 * time.Second      // after the store has failed
	askPause  = 5 * time.Millisecond // so that a nudge finds more than one operation
)

// Worker carries out operations.
type Worker struct {
	*Payments
	Log *slog.Logger
}

// Run carries out operations until ctx ends. A nudge makes it look at once. It is the only one: what was taken
// up before, it looks at first.
func (w *Worker) Run(ctx context.Context, nudge <-chan struct{}) {
	if err := w.Store.GiveUpOperations(ctx, w.Now()); err != nil && ctx.Err() == nil {
		w.Log.Error("operations of payments that were sent before wait until they are given up", "err", err)
	}
	for ctx.Err() == nil {
		did, err := w.Step(ctx)
		pause := idlePause
		switch {
		case err != nil:
			if ctx.Err() == nil {
				w.Log.Error("operations of payments could not be read and are tried again", "err", err)
			}
			pause = failPause
		case did > 0:
			pause = askPause
		}
		select {
		case <-ctx.Done():
		case <-nudge:
		case <-time.After(pause):
		}
	}
}

// Step carries out the operations that wait, and tells how many those were.
func (w *Worker) Step(ctx context.Context) (int, error) {
	list, err := w.Store.WaitingOperations(ctx, w.Now(), batch)
	if err != nil {
		return 0, err
	}
	var running sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, op := range list {
		room <- struct{}{}
		running.Go(func() {
			defer func() { <-room }()
			if err := w.do(ctx, op); err != nil && ctx.Err() == nil {
				w.Log.Error("an operation of a payment is not done", "payment", op.Payment, "operation", op.ID, "err", err)
			}
		})
	}
	running.Wait()
	return len(list), nil
}

// do carries out one operation. What was sent is on disk before, and what came of it after: whoever finds it
// sent looks before it sends it again.
func (w *Worker) do(ctx context.Context, op Operation) error {
	var doubt, mine bool
	var opening Opening
	p, err := w.Change(ctx, op.Payment, func(c *Change) error {
		op, doubt, mine = c.Claim(op.ID, lease)
		opening = c.Opening
		return nil
	})
	if err != nil || !mine {
		return err
	}
	b, failed := w.call(ctx, op, p, opening, doubt)
	// It is known now, also when we are to end.
	_, err = w.Change(context.WithoutCancel(ctx), op.Payment, func(c *Change) error {
		if c.Op == nil || c.Op.ID != op.ID {
			return nil // known already
		}
		var declined *DeclinedError
		var refused *RefusedError
		switch {
		case failed == nil:
			c.Action = b.Action
			c.Succeed(b.Snapshot)
		case errors.As(failed, &declined):
			c.Decline(declined.Code)
		case errors.As(failed, &refused):
			c.Refuse(refused.Reason)
		case c.Op.Attempt == op.Attempt:
			c.Doubt(failed.Error())
		}
		return nil
	})
	return err
}

func (w *Worker) call(ctx context.Context, op Operation, p Payment, o Opening, doubt bool) (Begun, error) {
	x, err := w.Providers.of(p)
	if err != nil {
		return Begun{}, &RefusedError{err.Error()}
	}
	if caps := x.Caps(); op.Kind == KindCapture && op.Amount < caps.Least(p.Currency) || op.Kind == KindRefund && op.Amount < caps.MinRefund {
		return Begun{}, &DeclinedError{Code: BelowMinimum}
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return carry(ctx, x, op, p, o, doubt)
}
