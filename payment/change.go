package payment

import (
	"fmt"
	"slices"
	"time"

	"gnista"
	"gnista/account"
)

// Change is a payment while it is changed: with the operation of it that is open, and what is new. It is the
// only way by which a payment changes.
type Change struct {
	Payment
	Op    *Operation // that is open; nil is none
	Ended []Operation
	Moved []Transition
	Tell  []gnista.Event

	Opening Opening // while the customer is asked
	Action  Action  // that the customer has to do

	Now time.Time

	most int64 // to be captured; 0 is all
}

// The reasons of a payment in review.
const (
	Nobody   = "nobody to bill"
	Currency = "the account has another currency"
	Missing  = "there is no such account"
)

// HoldOver is why something is missing of what was set aside.
const HoldOver = "the hold has expired"

// BelowMinimum is why an operation was not sent: its amount is less than what the provider moves.
const BelowMinimum = "below-minimum"

// The providers that every system has.
const (
	Wallet  = "wallet"
	Invoice = "invoice"
)

// New makes the payment for a transaction that was charged to an account, which is nil where there is none.
func New(id, transaction, currency string, who string, a *account.Account, now time.Time, cause Cause) *Change {
	c := &Change{Now: now, Payment: Payment{
		ID: id, Transaction: transaction, Account: who, Currency: currency, Way: ByMandate, State: Created, Since: now, CreatedAt: now, UpdatedAt: now,
	}}
	switch {
	case who == "":
		c.review(cause, Nobody)
		return c
	case a == nil:
		c.review(cause, Missing)
		return c
	case a.Currency != currency:
		c.review(cause, Currency)
		return c
	case a.Kind == account.Prepaid:
		c.Provider = Wallet
	default:
		c.Provider = Invoice
	}
	c.move(Mandated, cause, "")
	c.move(Bound, cause, "")
	return c
}

// Begin makes a payment that sets so much aside at a provider, before it is known for which transaction.
func Begin(id, provider, who, currency string, amount int64, now time.Time) *Change {
	c := &Change{Now: now, Payment: Payment{
		ID: id, Account: who, Provider: provider, Currency: currency, Way: ByHold, State: Created, Since: now, CreatedAt: now, UpdatedAt: now,
	}}
	c.open(KindHold, "start", amount)
	return c
}

// move changes the state. One that may not follow is a mistake of ours, which must not be stored.
func (c *Change) move(to State, cause Cause, note string) {
	if !May(c.State, to) {
		panic(fmt.Sprintf("payment: %s does not follow %s", to, c.State))
	}
	c.Moves++
	c.Moved = append(c.Moved, Transition{c.Moves, c.Now, c.State, to, cause, note})
	c.State, c.Since, c.Stuck, c.Reason, c.UpdatedAt = to, c.Now, false, note, c.Now
	switch to {
	case Awaiting, Held, Prepaid, Settled, SettledShort, Released, DeclinedNow, Abandoned, HoldExpired, Review:
		c.tell(string(to))
	}
}

func (c *Change) tell(what string) {
	c.Tell = append(c.Tell, gnista.Event{
		At: c.Now, Kind: "payment." + what, Subject: c.ID,
		Data: fmt.Appendf(nil, `{"transaction":%q,"account":%q,"state":%q,"reason":%q,"provider":%q,"due":%d,"paid":%d,"currency":%q}`, c.Transaction, c.Account, c.State, c.Reason, c.Provider, c.Due, c.Paid(), c.Currency),
	})
}

func (c *Change) review(cause Cause, why string) {
	if c.State != Review {
		c.move(Review, cause, why)
	}
	c.Reason = why
}

// open makes an operation.
func (c *Change) open(kind Kind, purpose string, amount int64) {
	c.Op = &Operation{
		ID: c.ID + "/" + string(kind) + "/" + purpose, Payment: c.ID, Kind: kind, Purpose: purpose, Amount: amount, State: Pending,
		NextAt: c.Now, CreatedAt: c.Now, UpdatedAt: c.Now,
	}
}

// Bind binds the payment to a transaction. Conflict unless it waits for one.
func (c *Change) Bind(transaction string, cause Cause) error {
	switch {
	case c.Transaction == transaction && c.Transaction != "":
		return nil
	case c.Transaction != "":
		return gnista.Errorf(gnista.Conflict, "payment %s pays for transaction %s", c.ID, c.Transaction)
	case c.State != Held && c.State != Prepaid && c.State != Mandated || c.Closing:
		return gnista.Errorf(gnista.Conflict, "payment %s is %s", c.ID, c.State)
	case c.Way == ByHold && (c.Held == 0 || c.over()):
		return gnista.Errorf(gnista.Conflict, "payment %s has nothing set aside any more", c.ID)
	}
	c.Transaction = transaction
	c.move(Bound, cause, "")
	return nil
}

// Owe says what is due now. With nothing to pay nothing is captured.
func (c *Change) Owe(due int64, cause Cause) {
	c.Due, c.UpdatedAt = due, c.Now
	c.WrittenOff = max(0, min(c.WrittenOff, due-c.Given-c.Covered-c.Paid())) // less was owed than was thought
	c.Revision++
	c.settle(cause)
}

// Foreign takes in that a charge record is in another currency: nothing is taken, and somebody has to look at it.
func (c *Change) Foreign(currency string, cause Cause) {
	c.review(cause, fmt.Sprintf("its charge record is in %s", currency))
}

// Again has what is still due tried anew, as far as most where that is above 0, as when the balance of the account
// has grown.
func (c *Change) Again(most int64, cause Cause) {
	c.most = most
	c.Revision++
	c.settle(cause)
}

// Release gives up a payment that is bound to no transaction: what was set aside is released, what was taken is given
// back, and also what the customer confirms meanwhile. Conflict.
func (c *Change) Release(cause Cause) error {
	if c.Transaction != "" {
		return gnista.Errorf(gnista.Conflict, "payment %s pays for transaction %s", c.ID, c.Transaction)
	}
	c.Closing = true
	if c.Op != nil && c.Op.Kind == KindBegin && c.Op.State == Pending { // the customer was never asked
		c.finish(Declined, "given up")
		c.move(Abandoned, cause, "")
		return nil
	}
	c.Owe(0, cause)
	return nil
}

// Grow makes a hold one of so much in all. Conflict.
func (c *Change) Grow(total int64) error {
	if c.State != Held && c.State != Bound || c.Way != ByHold || c.Op != nil || total <= c.Held {
		return gnista.Errorf(gnista.Conflict, "payment %s is %s and has %d set aside", c.ID, c.State, c.Held)
	}
	c.open(KindIncrement, fmt.Sprint("to-", total), total)
	return nil
}

// settle does what comes next so that what was paid is what is due.
func (c *Change) settle(cause Cause) {
	switch {
	case c.Op != nil: // goes on when that has ended
		return
	case (c.State == Abandoned || c.State == DeclinedNow) && c.Held == 0 && c.Paid() == 0: // over
		return
	case c.Closing:
	case c.Transaction == "" && c.Rest == "", c.State == Review && c.Provider == "":
		return
	}
	c.expire()
	gap := c.Target() - c.Paid()
	first := c.Tried < c.Revision
	purpose := fmt.Sprint("r", c.Revision)
	switch {
	case c.State == Awaiting && first: // before the customer confirms
		c.work(KindCancel, purpose, 0, cause)
	case c.State == Awaiting && c.failed(KindCancel): // so the customer may still pay
		c.review(cause, "it could not be cancelled: "+c.Reason)
	case c.State == Awaiting:
		c.move(Abandoned, cause, "")
	case gap > 0:
		amount := gap
		if c.Way != ByMandate {
			amount = min(gap, c.Held)
		}
		if c.most > 0 {
			amount = min(amount, c.most)
		}
		switch {
		case amount > 0 && first:
			c.work(KindCapture, purpose, amount, cause)
		case c.Held > 0 && c.Way == ByHold && c.lately(KindCapture): // could not be taken: the customer gets it back
			c.work(KindCancel, purpose, c.Held, cause)
		default:
			c.end(SettledShort, cause)
		}
	case gap < 0 && first:
		c.work(KindRefund, purpose, -gap, cause)
	case gap < 0 && (c.Kept == -gap || c.lately(KindRefund) && c.Ended[len(c.Ended)-1].Error == BelowMinimum): // the customer was told before
		c.end(Settled, cause)
	case gap < 0:
		c.review(cause, "too much was paid, and it could not be given back")
	case c.Held > 0 && c.Way == ByHold && first:
		c.work(KindCancel, purpose, c.Held, cause)
	case c.Held > 0 && c.Way == ByHold:
		c.review(cause, "what is set aside could not be released")
	case c.Captured == 0 && c.Due == 0, c.Way == ByPrepay && c.Due == 0 && c.Paid() == 0:
		c.end(Released, cause)
	default:
		c.end(Settled, cause)
	}
}

// failed tells whether the operation that has just ended was of a kind, and was not carried out.
func (c *Change) failed(kind Kind) bool {
	return c.lately(kind) && c.Ended[len(c.Ended)-1].State == Declined
}

// lately tells whether the operation that has just ended was of a kind.
func (c *Change) lately(kind Kind) bool {
	n := len(c.Ended)
	return n > 0 && c.Ended[n-1].Kind == kind
}

func (c *Change) work(kind Kind, purpose string, amount int64, cause Cause) {
	c.Tried = c.Revision
	c.open(kind, purpose, amount)
	if c.State != Settling && May(c.State, Settling) {
		c.move(Settling, cause, "")
	}
}

func (c *Change) end(to State, cause Cause) {
	c.Kept = 0
	if to == Settled {
		c.Kept = c.Paid() - c.Target()
	}
	if c.State == to {
		return
	}
	why := ""
	if to == SettledShort {
		why = c.Reason
	}
	c.move(to, cause, why)
}

// Expire takes note of a hold that the provider no longer keeps. It tells whether it did.
func (c *Change) Expire() bool {
	if c.Op != nil {
		return false
	}
	return c.expire()
}

// over tells whether the hold has ended.
func (c *Change) over() bool { return !c.HeldUntil.IsZero() && !c.Now.Before(c.HeldUntil) }

func (c *Change) expire() bool {
	if c.Held == 0 || !c.over() {
		return false
	}
	c.Held = 0
	if May(c.State, HoldExpired) {
		c.move(HoldExpired, Cause{ByTime, ""}, "")
	}
	c.Reason = HoldOver
	return true
}

// Claim takes up the open operation, for as long as lease. doubt tells that it may have been sent before; ok is
// false when it is not to be taken up now.
func (c *Change) Claim(id string, lease time.Duration) (op Operation, doubt, ok bool) {
	if c.Op == nil || c.Op.ID != id || c.Op.NextAt.After(c.Now) {
		return Operation{}, false, false
	}
	doubt = c.Op.State != Pending
	if !doubt {
		c.Op.SentAt = c.Now
	}
	c.Op.State, c.Op.NextAt, c.Op.UpdatedAt = Sent, c.Now.Add(lease), c.Now
	c.Op.Attempt++
	return *c.Op, doubt, true
}

// finish ends the open operation.
func (c *Change) finish(s OpState, text string) Operation {
	op := *c.Op
	op.State, op.Error, op.NextAt, op.UpdatedAt = s, text, time.Time{}, c.Now
	c.Op, c.UpdatedAt = nil, c.Now
	c.Ended = append(c.Ended, op)
	return op
}

// Succeed takes in that the open operation was carried out.
func (c *Change) Succeed(s Snapshot) {
	was := c.Payment
	op := c.finish(Succeeded, "")
	cause := Cause{ByOperation, op.ID}
	c.take(s)
	switch op.Kind {
	case KindCapture:
		op.Done = c.Captured - was.Captured
	case KindRefund:
		op.Done = c.Refunded - was.Refunded
	case KindCancel:
		op.Done = was.Held - c.Held
	default:
		op.Done = c.Held
	}
	c.Ended[len(c.Ended)-1] = op
	switch op.Kind {
	case KindBegin:
		c.move(Awaiting, cause, "")
		c.observe(s, cause)
	case KindHold:
		c.move(Held, cause, "")
	case KindCancel:
		c.observe(s, cause) // the customer may have been faster
	}
	c.settleOr(cause)
}

// settleOr settles where that was asked for meanwhile.
func (c *Change) settleOr(cause Cause) {
	if c.Revision > 0 {
		c.settle(cause)
	}
}

func (c *Change) take(s Snapshot) {
	if s.Ref != "" {
		c.Ref = s.Ref
	}
	c.Authorised = max(c.Authorised, s.Held+s.Captured)
	c.Held, c.HeldUntil, c.Captured, c.Refunded, c.UpdatedAt = s.Held, s.HeldUntil, s.Captured, s.Refunded, c.Now
}

// Decline takes in that the open operation was not carried out and will not be.
func (c *Change) Decline(code string) {
	op := c.finish(Declined, code)
	cause := Cause{ByOperation, op.ID}
	switch op.Kind {
	case KindHold, KindBegin:
		c.move(DeclinedNow, cause, code)
		return
	case KindIncrement:
	default:
		c.Reason = code
	}
	c.settleOr(cause)
}

// Refuse takes in that the provider could not be used: somebody has to look at it.
func (c *Change) Refuse(reason string) {
	op := c.finish(Declined, reason)
	c.review(Cause{ByOperation, op.ID}, reason)
}

// longestPause is the longest time between two looks at an operation that is not known.
const longestPause = 10 * time.Minute

// Doubt takes in that it is not known what became of the open operation.
func (c *Change) Doubt(why string) {
	c.Op.State, c.Op.Error, c.Op.UpdatedAt = Unknown, why, c.Now
	c.Op.NextAt = c.Now.Add(min(longestPause, time.Second<<min(c.Op.Attempt, 20)))
}

// Look has an operation that is not known looked at now, and what is short tried again. Conflict when there is
// nothing of the kind.
func (c *Change) Look(cause Cause) error {
	switch {
	case c.Op != nil && c.Op.State == Unknown:
		c.Op.NextAt = c.Now
	case c.Op == nil && slices.Contains([]State{SettledShort, Review}, c.State) && c.Provider != "" && c.Target() != c.Paid():
		c.Again(0, cause)
	default:
		return gnista.Errorf(gnista.Conflict, "payment %s is %s, and nothing of it is unknown or short", c.ID, c.State)
	}
	return nil
}

// Observe takes in what the provider says when it was asked without an operation.
func (c *Change) Observe(s Snapshot, cause Cause) {
	if c.Op != nil {
		return // which will tell
	}
	c.take(s)
	c.observe(s, cause)
	c.settleOr(cause)
}

func (c *Change) observe(s Snapshot, cause Cause) {
	if (c.State == Abandoned || c.State == DeclinedNow) && (c.Held > 0 || c.Paid() > 0) { // after it was given up
		c.Closing = true
		c.Revision++
	}
	if c.State != Awaiting {
		return
	}
	switch {
	case s.Ended != "":
		c.move(s.Ended, cause, s.Code)
	case s.Captured > 0:
		c.Way = ByPrepay
		c.move(Prepaid, cause, "")
	case s.Held > 0:
		c.Way = ByHold
		c.move(Held, cause, "")
	default:
		return
	}
	if c.Closing {
		c.Revision++
	}
}

// MarkStuck tells that the payment is in its state for too long, once.
func (c *Change) MarkStuck() {
	if !c.Stuck && !c.State.Final() {
		c.Stuck = true
		c.tell("stuck")
	}
}
