package payment

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
)

// Refund is what a person has had refunded of what is due, without its charge record being wrong.
type Refund struct {
	ID        string
	Payment   string
	Key       string // the same again is the same refund
	Amount    int64
	Reason    string
	By        string
	CreatedAt time.Time
}

// GiveBack has so much of what was paid refunded, though it is due. Conflict when that much is not there, or when
// something is missing: then that can be written off.
func (c *Change) GiveBack(amount int64, cause Cause) error {
	switch {
	case !c.Outside() && c.Provider != Wallet:
		return gnista.Errorf(gnista.Conflict, "payment %s is %q, where nothing was taken; correct its charge record", c.ID, c.Provider)
	case c.Transaction == "" && c.Rest == "":
		return gnista.Errorf(gnista.Conflict, "payment %s pays for nothing yet; release it", c.ID)
	case c.Target() > c.Paid():
		return gnista.Errorf(gnista.Conflict, "of payment %s %d is missing", c.ID, c.Target()-c.Paid())
	case amount > c.Target():
		return gnista.Errorf(gnista.Conflict, "of payment %s no more than %d can be refunded", c.ID, c.Target())
	}
	c.Given += amount
	c.Revision++
	c.settle(cause)
	return nil
}

// WriteOff gives up what is missing, or so much of it. Conflict.
func (c *Change) WriteOff(amount int64, cause Cause) error {
	short := c.Short()
	switch {
	case c.Op != nil:
		return gnista.Errorf(gnista.Conflict, "payment %s is being settled", c.ID)
	case c.Provider == Invoice || c.Provider == "":
		return gnista.Errorf(gnista.Conflict, "payment %s is not paid here", c.ID)
	case c.Rest != "":
		return gnista.Errorf(gnista.Conflict, "payment %s pays the rest of %s, which can be written off", c.ID, c.Rest)
	case amount > short || short == 0:
		return gnista.Errorf(gnista.Conflict, "of payment %s %d is missing", c.ID, short)
	}
	c.WrittenOff += amount
	c.Revision++
	c.settle(cause)
	return nil
}

// Cover takes in that other payments have paid so much more of what is due, or less when that is below 0.
func (c *Change) Cover(amount int64, cause Cause) {
	c.Covered += amount
	c.Revision++
	c.settle(cause)
}

// Refunder keeps what persons have had refunded.
type Refunder interface {
	// Refund stores r and has it refunded, once for its key; it returns what is stored, and whether it is new.
	// NotFound, Conflict.
	Refund(ctx context.Context, r Refund) (Refund, bool, error)
	// Refunds lists those of a payment, the oldest first.
	Refunds(ctx context.Context, payment string) ([]Refund, error)
}

// GiveBack has so much of what was paid refunded, though it is due, once for its key. Invalid, NotFound, Conflict.
func (p *Payments) GiveBack(ctx context.Context, r Refund) (Refund, error) {
	x, err := p.Store.Payment(ctx, r.Payment)
	if err != nil {
		return Refund{}, err
	}
	least := int64(1)
	if provider, ok := p.Providers[x.Provider]; ok {
		least = max(1, provider.Caps().MinRefund)
	}
	switch {
	case r.Amount < least:
		return Refund{}, gnista.Invalidf("amount.amount", "must be %d or more: less is not refunded there", least)
	case strings.TrimSpace(r.Reason) == "" || utf8.RuneCountInString(r.Reason) > 200:
		return Refund{}, gnista.Invalidf("reason", "must have 1 to 200 characters")
	case strings.TrimSpace(r.Key) == "" || len(r.Key) > 100:
		return Refund{}, gnista.Invalidf("idempotencyKey", "must have 1 to 100 characters: another one for each refund, and the same when it is sent again")
	}
	r.ID, r.CreatedAt = p.NewID(), p.Now()
	out, _, err := p.Store.Refund(ctx, r)
	return out, err
}

// WriteOff gives up what is missing of a payment. NotFound, Conflict.
func (p *Payments) WriteOff(ctx context.Context, id, reason string) (Payment, error) {
	if strings.TrimSpace(reason) == "" || utf8.RuneCountInString(reason) > 200 {
		return Payment{}, gnista.Invalidf("reason", "must have 1 to 200 characters")
	}
	return p.Change(ctx, id, func(c *Change) error { return c.WriteOff(c.Short(), Cause{ByPerson, reason}) })
}
