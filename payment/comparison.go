package payment

import (
	"context"
	"time"

	"gnista"
)

// comparison is one step of a reconciliation: a provider and a time.
type comparison struct {
	*Reconciler
	run          *Reconciliation
	name         string
	from         Lister // nil where it has no lists, and each payment of ours is read
	since, until time.Time
	back         time.Time       // from when movements are read: they learn late in which payout they are
	seen         map[string]bool // payments of ours that the provider lists
	found        []Difference
}

func (c *comparison) differ(d Difference) {
	d.Provider = c.name
	c.found = append(c.found, d)
}

// theirs looks for what the provider has: is it ours, and the same?
func (c *comparison) theirs(ctx context.Context) error {
	for l, err := range c.from.List(ctx, c.since, c.until) {
		if err != nil {
			return err
		}
		c.run.Counts.Theirs++
		x, ok, err := c.known(ctx, l)
		if err != nil {
			return err
		}
		if !ok {
			if has := l.Captured - l.Refunded + l.Held; has != 0 {
				c.differ(Difference{Kind: DiffUnknown, Ref: l.Ref, Theirs: has, Currency: l.Currency, At: l.At, Note: "made for " + l.Payment})
			}
			continue
		}
		if c.seen[x.ID] {
			continue // it has several names there, and was compared in whole
		}
		c.seen[x.ID] = true
		if l.Currency != x.Currency {
			c.differ(Difference{Kind: DiffCurrency, Ref: l.Ref, Payment: x.ID, Transaction: x.Transaction, Ours: x.Paid(), Theirs: l.Captured - l.Refunded, Currency: x.Currency, At: l.At,
				Note: "the provider has " + l.Currency})
			continue
		}
		if same(x, l.Snapshot) {
			continue
		}
		if err := c.confirm(ctx, x, l.Snapshot, Difference{Kind: DiffAmount, Ref: l.Ref, At: l.At}); err != nil {
			return err
		}
	}
	return nil
}

// known finds the payment that the provider lists.
func (c *comparison) known(ctx context.Context, l Listed) (Payment, bool, error) {
	x, err := c.Payments.Store.PaymentByRef(ctx, c.name, l.Ref)
	if err == nil {
		return x, true, nil
	}
	if gnista.CodeOf(err) != gnista.NotFound || l.Payment == "" {
		return x, false, missing(err)
	}
	if x, err = c.Payments.Store.Payment(ctx, l.Payment); err != nil {
		return x, false, missing(err)
	}
	if x.Provider != c.name {
		return x, false, nil
	}
	return x, true, c.Store.NameRef(ctx, c.name, l.Ref, x.ID)
}

// missing is err, unless it is that there is nothing.
func missing(err error) error {
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	return err
}

// confirm reads a payment that seems to differ, here and there, before that is told: it may have changed since, or
// be several at the provider. One that is on its way is left to its operation.
func (c *comparison) confirm(ctx context.Context, x Payment, s Snapshot, d Difference) error {
	ops, err := c.Payments.Store.Operations(ctx, x.ID)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if op.State.Open() {
			return nil
		}
	}
	if remote, ok := c.Providers[c.name].(Remote); ok {
		s, err = remote.Fetch(ctx, x)
		if err != nil && missing(err) != nil {
			return err
		}
		if err != nil {
			s = Snapshot{}
		}
		if x, err = c.Payments.Store.Payment(ctx, x.ID); err != nil || same(x, s) {
			return err
		}
	}
	d.Payment, d.Transaction, d.Currency = x.ID, x.Transaction, x.Currency
	d.Ours, d.Theirs = x.Paid()+x.Held, s.Captured-s.Refunded+s.Held
	c.differ(d)
	return nil
}

// ours looks for what we have: does the provider have it too?
func (c *comparison) ours(ctx context.Context) error {
	const most = 500
	for after := ""; ; {
		list, err := c.Store.PaymentsBetween(ctx, c.name, c.since, c.until, after, most)
		if err != nil {
			return err
		}
		for _, x := range list {
			after = x.ID
			c.run.Counts.Ours++
			if c.seen[x.ID] || x.Captured == 0 && x.Held == 0 {
				continue
			}
			d := Difference{Kind: DiffMissing, Ref: x.ID, At: x.CreatedAt}
			if c.from == nil {
				d.Kind = DiffAmount
			}
			if err := c.confirm(ctx, x, Snapshot{}, d); err != nil {
				return err
			}
		}
		if len(list) < most {
			return nil
		}
	}
}

// movements takes in what has moved our balance.
func (c *comparison) movements(ctx context.Context) error {
	const most = 200
	var batch []Movement
	flush := func() error {
		taken, err := c.Store.TakeMovements(ctx, c.name, batch, c.Now())
		batch = batch[:0]
		for _, m := range taken {
			if m.New {
				c.run.Counts.Movements++
			}
			if m.New && m.Kind == MovePayout {
				c.run.Counts.Payouts++
			}
			if err == nil && m.Payment != "" && (m.Kind == MoveDispute || m.Kind == MoveWon) {
				err = c.disputed(ctx, m)
			}
		}
		return err
	}
	for m, err := range c.from.Settlements(ctx, c.back, c.until) {
		if err != nil {
			return err
		}
		if batch = append(batch, m); len(batch) == most {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// disputed takes in a dispute that the provider tells of only by its movement.
func (c *comparison) disputed(ctx context.Context, m Taken) error {
	x, err := c.Payments.Store.Payment(ctx, m.Payment)
	if err != nil {
		return err
	}
	if _, ok := c.Providers[c.name].(Disputer); ok {
		return c.dispute(ctx, x)
	}
	d := Dispute{
		ID: c.NewID(), Payment: x.ID, Provider: c.name, Ref: "movement " + m.ID, State: DisputeOpened, Amount: -m.Amount, Currency: m.Currency, OpenedAt: m.At, UpdatedAt: c.Now(),
	}
	list, err := c.Payments.Store.Disputes(ctx, x.ID)
	if err != nil {
		return err
	}
	for _, have := range list {
		switch {
		case m.Kind == MoveDispute && have.Ref == d.Ref:
			return nil
		case m.Kind == MoveWon && have.State != DisputeWon && have.Amount == m.Amount:
			have.State, have.UpdatedAt = DisputeWon, d.UpdatedAt
			return c.Payments.Store.SaveDispute(ctx, have)
		}
	}
	if m.Kind == MoveWon {
		return nil // it was known
	}
	return c.Payments.Store.SaveDispute(ctx, d)
}
