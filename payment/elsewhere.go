package payment

import "time"

// HeldElsewhere makes a payment for which somebody else has set an amount aside already, as a station's terminal does, that
// the provider calls ref. With no amount it is not known how much that is, and what is due is taken.
func HeldElsewhere(id, provider, ref, currency string, held int64, now time.Time, cause Cause) *Change {
	c := &Change{Now: now, Payment: Payment{
		ID: id, Provider: provider, Ref: ref, Currency: currency, Way: ByMandate, State: Created, Since: now, CreatedAt: now, UpdatedAt: now,
	}}
	if held <= 0 {
		c.move(Mandated, cause, "")
		return c
	}
	c.Way, c.Held, c.Authorised = ByHold, held, held
	c.move(Held, cause, "")
	return c
}

// Raise takes in that so much was set aside in all. Less than what is known changes nothing, nor does anything while
// an operation goes on. It tells whether it did.
func (c *Change) Raise(total int64) bool {
	if c.Op != nil || total <= c.Authorised || c.Revision > 0 {
		return false
	}
	c.Held += total - c.Authorised
	c.Way, c.Authorised, c.UpdatedAt = ByHold, total, c.Now
	return true
}
