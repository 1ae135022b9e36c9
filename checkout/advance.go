package checkout

import (
	"context"
	"encoding/json"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/payment"
)

// How often and how long.
const (
	sweepEvery = 5 * time.Second // due checkouts are looked for
	sweepBatch = 500
	resumed    = 100_000         // at the beginning
	failPause  = 2 * time.Second // after the store has failed
	askTime    = time.Minute     // within which the payment of a checkout is there, unless we were killed in between
	longLook   = time.Hour       // after which a checkout is looked at though nothing was told
	mostSteps  = 20              // of one look
)

// Run looks at checkouts until ctx ends: at all that are not over when it begins, then at those that are due
// or were woken.
func (d *Desk) Run(ctx context.Context) {
	d.looks.begin(ctx)
	defer d.looks.end()
	at, most := d.Now().AddDate(100, 0, 0), resumed
	for ctx.Err() == nil {
		due, err := d.Store.DueCheckouts(ctx, at, most)
		pause := sweepEvery
		switch {
		case err != nil:
			if ctx.Err() == nil {
				d.Log.Error("checkouts could not be read", "err", err)
			}
			pause = failPause
		default:
			at, most = d.Now().Add(sweepEvery), sweepBatch
		}
		for _, c := range due {
			d.Wake(c.ID)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// Wake has a checkout looked at soon.
func (d *Desk) Wake(id string) { d.looks.wake(id, d.look) }

// look looks at a checkout as long as there is something to be done, and tells whether it is to be looked at again.
func (d *Desk) look(ctx context.Context, id string) (again bool) {
	err := d.Advance(ctx, id)
	if err == nil || ctx.Err() != nil {
		return false
	}
	d.Log.Error("a checkout is not advanced, and is looked at again", "checkout", id, "err", err)
	select {
	case <-ctx.Done():
	case <-time.After(failPause):
	}
	return true
}

// Advance does for a checkout what there is to be done now.
func (d *Desk) Advance(ctx context.Context, id string) error {
	for range mostSteps {
		c, err := d.Store.Checkout(ctx, id)
		if err != nil {
			return err
		}
		again, err := d.step(ctx, c)
		if err != nil || !again {
			return err
		}
	}
	return nil
}

// step does the next thing, and tells whether there may be another one.
func (d *Desk) step(ctx context.Context, c Checkout) (again bool, err error) {
	now := d.Now()
	if c.Stray != "" && !now.Before(c.Next) {
		return d.chase(ctx, c)
	}
	var p payment.Payment
	if c.Payment != "" {
		p, err = d.Payments.Store.Payment(ctx, c.Payment)
		if gnista.CodeOf(err) == gnista.NotFound && err != nil {
			return d.unasked(ctx, c)
		}
		if err != nil {
			return false, err
		}
	}
	switch c.State {
	case Paying:
		return d.paying(ctx, c, p)
	case Paid, Starting, PlugIn:
		return d.starting(ctx, c, p)
	case Charging:
		return d.charging(ctx, c, p)
	case Ended:
		return d.settling(ctx, c, p)
	}
	return d.closing(ctx, c, p)
}

// change changes a checkout that is still in its state.
func (d *Desk) change(ctx context.Context, c Checkout, f func(*Checkout)) error {
	_, err := d.Store.ChangeCheckout(ctx, c.Station, c.ID, func(x *Checkout) error {
		if x.State == c.State {
			f(x)
			x.UpdatedAt = d.Now()
		}
		return nil
	})
	return err
}

// later has a checkout looked at at a time.
func (d *Desk) later(ctx context.Context, c Checkout, at time.Time) error {
	if c.Next.Equal(at) {
		return nil
	}
	return d.change(ctx, c, func(c *Checkout) { c.Next = at })
}

// unasked is a checkout whose payment is not there: it is soon, or will never be.
func (d *Desk) unasked(ctx context.Context, c Checkout) (bool, error) {
	switch {
	case c.State.Over():
		return false, d.later(ctx, c, time.Time{})
	case d.Now().Before(c.CreatedAt.Add(askTime)):
		return false, nil
	}
	return true, d.change(ctx, c, func(c *Checkout) { c.move(Cancelled, NoPayment, d.Now()) })
}

// paying waits for the driver to pay.
func (d *Desk) paying(ctx context.Context, c Checkout, p payment.Payment) (bool, error) {
	switch p.State {
	case payment.Created, payment.Awaiting:
		if d.Now().Before(c.PayBy) {
			return false, d.later(ctx, c, c.PayBy)
		}
		_, err := d.end(ctx, c, Cancelled, NotPaid)
		return err == nil, err
	case payment.Held, payment.Prepaid:
		if p.Closing {
			_, err := d.end(ctx, c, Cancelled, NotPaid)
			return err == nil, err
		}
		if d.Now().Before(p.Since.Add(d.Policy.StartWithin)) {
			return d.order(ctx, c, p)
		}
		_, err := d.end(ctx, c, Failed, "nobody was there to start it in time")
		return err == nil, err
	case payment.Review:
		_, err := d.end(ctx, c, Failed, p.Reason)
		return err == nil, err
	}
	_, err := d.end(ctx, c, Cancelled, "the payment was "+string(p.State))
	return err == nil, err
}

// starting has the charge started, until the time by which it has to have begun.
func (d *Desk) starting(ctx context.Context, c Checkout, p payment.Payment) (bool, error) {
	now := d.Now()
	why := c.Reason
	switch {
	case c.Payment != "" && (p.Closing || p.State != payment.Held && p.State != payment.Prepaid && p.State != payment.Bound):
		why = "the payment was " + string(p.State)
	case now.Before(c.StartBy) && now.Before(c.Next):
		return false, nil
	case now.Before(c.StartBy):
		return d.order(ctx, c, p)
	case why == "":
		why = NotPlugged
	}
	_, err := d.end(ctx, c, Failed, why)
	return err == nil, err
}

// charging watches a transaction: a hold must not end before it.
func (d *Desk) charging(ctx context.Context, c Checkout, p payment.Payment) (bool, error) {
	t, err := d.Charging.Store.Transaction(ctx, c.Transaction)
	if err != nil {
		return false, err
	}
	now := d.Now()
	if t.State != charging.Active {
		return true, d.change(ctx, c, func(c *Checkout) { c.move(Ended, "", now) })
	}
	last := p.HeldUntil.Add(-d.Policy.Margin)
	switch {
	case p.HeldUntil.IsZero():
		last = now.Add(longLook)
	case !now.Before(last):
		d.halt(ctx, t)
		return false, d.change(ctx, c, func(c *Checkout) { c.Reason, c.Next = "what is set aside is kept no longer", now.Add(stopPause) })
	}
	if c.Next.After(now) && !c.Next.After(last) {
		return false, nil
	}
	return false, d.later(ctx, c, last)
}

// settling waits until a transaction that has ended is paid.
func (d *Desk) settling(ctx context.Context, c Checkout, p payment.Payment) (bool, error) {
	now := d.Now()
	done, why := false, ""
	if c.Payment != "" {
		done, why = p.State.Final() && p.State != payment.Review, p.Reason
	} else {
		_, err := d.Receipts.RecordOf(ctx, c.Transaction)
		if err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return false, err
		}
		done = err == nil
	}
	if done {
		return true, d.change(ctx, c, func(c *Checkout) { c.move(Settled, why, now) })
	}
	if c.Next.After(now) {
		return false, nil
	}
	return false, d.change(ctx, c, func(c *Checkout) { c.Reason, c.Next = why, now.Add(longLook) })
}

// closing gives back what was paid for a checkout of which nothing comes.
func (d *Desk) closing(ctx context.Context, c Checkout, p payment.Payment) (bool, error) {
	if c.State != Settled && c.Payment != "" && !p.Closing && !p.State.Final() {
		if err := d.release(ctx, c); err != nil && gnista.CodeOf(err) != gnista.Conflict { // that which is bound is settled
			return false, err
		}
	}
	if c.Stray != "" {
		return false, nil
	}
	return false, d.later(ctx, c, time.Time{})
}

// end gives up a checkout that does not charge, and what was paid for it. Where a transaction was faster, the
// checkout stays and is of that.
func (d *Desk) end(ctx context.Context, c Checkout, to State, why string) (Checkout, error) {
	if err := d.release(ctx, c); gnista.CodeOf(err) == gnista.Conflict && err != nil {
		return d.Store.Checkout(ctx, c.ID)
	} else if err != nil {
		return c, err
	}
	c, err := d.Store.ChangeCheckout(ctx, c.Station, c.ID, func(c *Checkout) error {
		if c.State.Waiting() && c.State != Charging {
			c.move(to, why, d.Now())
		}
		return nil
	})
	return c, err
}

// release gives back what was paid, or has the driver no longer asked. Conflict where it pays for a transaction.
func (d *Desk) release(ctx context.Context, c Checkout) error {
	if c.Payment == "" {
		return nil
	}
	_, err := d.Payments.Change(ctx, c.Payment, func(p *payment.Change) error {
		if p.Closing || p.State.Final() {
			return nil
		}
		return p.Release(payment.Cause{Kind: payment.ByTime, ID: c.ID})
	})
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	d.Nudge()
	return err
}

// chase has a transaction ended that was begun with the token and may not charge.
func (d *Desk) chase(ctx context.Context, c Checkout) (bool, error) {
	t, err := d.Charging.Store.Transaction(ctx, c.Stray)
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return false, err
	}
	over := err != nil || t.State != charging.Active
	if !over {
		d.halt(ctx, t)
	}
	now := d.Now()
	_, err = d.Store.ChangeCheckout(ctx, c.Station, c.ID, func(x *Checkout) error {
		if x.Next = now.Add(stopPause); over && x.Stray == c.Stray {
			x.Stray, x.Next = "", now
		}
		x.UpdatedAt = now
		return nil
	})
	return over, err
}

// stopPause is the time between two orders to end what goes on.
const stopPause = 20 * time.Second

// halt orders the end of a transaction. What comes of it shows in the transaction.
func (d *Desk) halt(ctx context.Context, t charging.Transaction) {
	a, err := d.Charging.Stop(ctx, t.Station, 0, t.ID)
	if err != nil {
		d.Log.Warn("a transaction that must not go on is not ended", "station", t.Station, "transaction", t.ID, "err", err)
		return
	}
	d.Log.Info("a transaction that must not go on is to end", "station", t.Station, "transaction", t.ID, "answer", a.Status)
}

// Take takes in what was told of payments, transactions and stations. The same again does no harm.
func (d *Desk) Take(ctx context.Context, ev gnista.Event) error {
	switch ev.Kind {
	case "payment.held", "payment.prepaid", "payment.declined", "payment.abandoned", "payment.released", "payment.settled", "payment.settled-short", "payment.hold-expired", "payment.review":
		return d.wakeFound(d.Store.CheckoutByPayment(ctx, ev.Subject))
	case "transaction.ended", "transaction.finished", "charge-record.issued":
		return d.wakeFound(d.Store.CheckoutOf(ctx, ev.Subject))
	case "checkout.charging", "checkout.cancelled":
		d.Wake(ev.Subject)
	case "checkout.refused":
		return d.stray(ctx, ev)
	case "connector.status":
		return d.plugged(ctx, ev)
	}
	return nil
}

func (d *Desk) wakeFound(c Checkout, err error) error {
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil
	}
	if err == nil {
		d.Wake(c.ID)
	}
	return err
}

// stray notes that a transaction was begun with the token of a checkout and may not charge.
func (d *Desk) stray(ctx context.Context, ev gnista.Event) error {
	var of struct{ Transaction string }
	if err := json.Unmarshal(ev.Data, &of); err != nil {
		return err
	}
	c, err := d.Store.Checkout(ctx, ev.Subject)
	if err != nil {
		return err
	}
	_, err = d.Store.ChangeCheckout(ctx, c.Station, c.ID, func(c *Checkout) error {
		c.Stray, c.Next, c.UpdatedAt = of.Transaction, d.Now(), d.Now()
		return nil
	})
	if err == nil {
		d.Wake(ev.Subject)
	}
	return err
}

// plugged has the order to start given again now that something has changed at its EVSE: at once where the station
// would not take it, and else unless a transaction begins soon.
func (d *Desk) plugged(ctx context.Context, ev gnista.Event) error {
	var of struct {
		EVSE   int
		Status string
	}
	if err := json.Unmarshal(ev.Data, &of); err != nil {
		return err
	}
	c, err := d.Store.CheckoutAt(ctx, ev.Station, of.EVSE)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil
	}
	if err != nil || c.State != Starting && c.State != PlugIn || c.Order.Outcome == Sent {
		return err
	}
	now := d.Now()
	if c.Order.Outcome == Accepted { // a car may have come after the station has forgotten the order
		if now.Sub(c.Order.At) < unknownTime {
			return nil
		}
		at := now.Add(answerTime)
		if at.After(c.StartBy) {
			at = c.StartBy
		}
		return d.later(ctx, c, at)
	}
	if err := d.later(ctx, c, now); err != nil {
		return err
	}
	d.Wake(c.ID)
	return nil
}
