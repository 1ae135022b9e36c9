package payment

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"gnista"
	"gnista/account"
)

// PayRest has a payment that is ready pay what is missing of the one whose rest it was made for. What is no longer
// missing is given back.
func (c *Change) PayRest(missing int64) {
	cause := Cause{ByPayment, c.Rest}
	c.move(Bound, cause, "")
	if c.Way != ByMandate {
		missing = min(missing, c.Paid()+c.Held)
	}
	c.Owe(missing, cause)
}

// restOf makes a payment that takes what is missing of another one under the mandate of that, as when it cost more than
// was set aside.
func restOf(id string, of Payment, now time.Time) *Change {
	c := &Change{Now: now, Payment: Payment{
		ID: id, Account: of.Account, Provider: of.Provider, Mandate: of.Mandate, Currency: of.Currency, Way: ByMandate, Rest: of.ID, State: Created, Since: now, CreatedAt: now, UpdatedAt: now,
	}}
	c.move(Mandated, Cause{ByTime, ""}, "")
	return c
}

// Rest is what is missing of a payment, and how its customer can pay that.
type Rest struct {
	Of      Payment
	Missing gnista.Money // 0 is nothing
	Ways    []string     // providers by which it can be paid now, in order; none while Open is there
	Open    *Payment     // is on its way to pay it, or waits for somebody to look at it; nil is none
	Action  Action       // that the customer of Open has to do
	Tried   bool         // its customer was asked, and the last time nothing came of it
	Paid    gnista.Money // of what is due, by others
}

// Asked tells whether the customer is asked for it.
func (r Rest) Asked() bool {
	return r.Open != nil && (r.Open.State == Created || r.Open.State == Awaiting) && !r.Open.Closing
}

// Rest tells what is missing of a payment.
func (p *Payments) Rest(ctx context.Context, of Payment) (r Rest, err error) {
	r = Rest{Of: of, Missing: of.Money(0), Paid: of.Money(of.Covered)}
	if !of.Outside() || of.Rest != "" {
		return r, nil
	}
	rests, err := p.Store.Rests(ctx, of.ID)
	if err != nil {
		return r, err
	}
	if of.State == SettledShort {
		r.Missing.Amount = of.Short()
	}
	for _, x := range rests {
		r.Tried = x.Way != ByMandate && x.Captured == 0 && !x.Pays()
	}
	if i := slices.IndexFunc(rests, Payment.Pays); i >= 0 {
		r.Open = &rests[i]
		if r.Asked() {
			r.Action, err = p.Store.Action(ctx, r.Open.ID)
		}
		return r, err
	}
	for _, name := range slices.Sorted(maps.Keys(p.Providers)) {
		x := p.Providers[name]
		if caps := x.Caps(); caps.Words != nil && r.Missing.Amount > 0 && asks(x, r.Missing) == nil {
			r.Ways = append(r.Ways, name)
		}
	}
	return r, nil
}

// Pays tells whether a payment that is to pay the rest of another one may still do so: it is on its way, or its
// customer was asked and nobody knows yet what became of that.
func (p Payment) Pays() bool { return !p.State.Final() || p.State == Review && p.Ref != "" }

// Link makes a payment by which the customer of another one pays what is missing of it, or returns that which is on
// its way to do so: whoever asks twice does not pay twice. provider is empty for that of the payment; amount is what
// the customer was told, and 0 where nobody was told anything. Invalid, NotFound, Conflict, Unsupported.
func (p *Payments) Link(ctx context.Context, id, provider string, amount int64, o Opening) (Payment, error) {
	of, err := p.Store.Payment(ctx, id)
	if err != nil {
		return Payment{}, err
	}
	if provider == "" {
		provider = of.Provider
	}
	if x, ok := p.Providers[provider]; ok {
		o.Way = ByHold
		if x.Caps().Prepay {
			o.Way = ByPrepay
		}
	}
	if amount == 0 {
		amount = of.Short()
	}
	if err := of.Owes(amount); err != nil {
		return Payment{}, err
	}
	c, err := p.asking(p.NewID(), provider, of.Account, of.Money(amount), o)
	if err != nil {
		return Payment{}, err
	}
	c.Rest = id
	return p.Store.CreateRest(ctx, c)
}

// Owes tells whether so much is missing of a payment, and nothing is on its way. Conflict.
func (p Payment) Owes(amount int64) error {
	switch {
	case p.Rest != "":
		return gnista.Errorf(gnista.Conflict, "payment %s pays the rest of %s, for which there can be another link", p.ID, p.Rest)
	case !p.Outside() || p.State != SettledShort || p.Short() == 0:
		return gnista.Errorf(gnista.Conflict, "payment %s is %s, and nothing is missing of it that could be paid by a link", p.ID, p.State)
	case p.Short() != amount:
		return gnista.Errorf(gnista.Conflict, "of payment %s %d is missing, and no longer %d", p.ID, p.Short(), amount)
	}
	return nil
}

// TakeBack no longer asks the customer for the rest of a payment. What is confirmed meanwhile goes back.
// NotFound; Conflict when nobody is asked.
func (p *Payments) TakeBack(ctx context.Context, rest string) error {
	_, err := p.Change(ctx, rest, func(c *Change) error {
		if c.Rest == "" || c.State != Created && c.State != Awaiting {
			return gnista.Errorf(gnista.Conflict, "payment %s is %s, and nobody is asked for it", c.ID, c.State)
		}
		if c.Closing {
			return nil
		}
		return c.Release(Cause{ByPerson, ""})
	})
	return err
}

// Dunning is when an account that has agreed to be charged is charged again for what is missing, and reminded.
type Dunning struct {
	Tries     int           // at the most; a guest is never charged again
	Apart     time.Duration // between two, and never on one day
	Reminders int           // after these
	Zone      *time.Location
}

// Receivable is a payment of which something is missing, with what was done about it.
type Receivable struct {
	Payment   Payment
	Tries     int
	Reminders int
	LastAt    time.Time
	NextAt    time.Time // when something is done next; zero is never
}

// DunningStore keeps what was done about what is missing.
type DunningStore interface {
	// Receivables lists payments with providers outside of which something is missing, the oldest first, behind
	// the one with an id.
	Receivables(ctx context.Context, f ReceivableFilter) ([]Receivable, error)
	// Dunned stores what was done about a payment, unless something was since last.
	Dunned(ctx context.Context, r Receivable, last time.Time, tell *gnista.Event) (bool, error)
	// CreateRest stores a payment for the rest of another one, unless one is on its way, which is returned then.
	// Conflict when what is missing is no longer what it asks for.
	CreateRest(ctx context.Context, c *Change) (Payment, error)
	// Rests lists the payments that pay the rest of a payment, the oldest first.
	Rests(ctx context.Context, payment string) ([]Payment, error)
}

// ReceivableFilter selects receivables.
type ReceivableFilter struct {
	Account string    // empty is any
	Guests  bool      // only those of guests
	Before  time.Time // only those for which something is to be done before then; zero is any
	After   string    // only those with a higher id
	Limit   int
}

// next is what is to be done after a time, and when: never on the day of the last.
func (d Dunning) next(last time.Time) time.Time {
	at := last.Add(d.Apart)
	if y, m, day := last.In(d.Zone).Date(); at.Before(time.Date(y, m, day+1, 0, 0, 0, 0, d.Zone)) {
		at = time.Date(y, m, day+1, 0, 0, 0, 0, d.Zone)
	}
	return at
}

// Dun does what is to be done about what is missing: an account is charged again by what it has agreed to, some times
// and never twice on a day, and then reminded. Guests are never charged again: somebody sends them a link.
func (p *Payments) Dun(ctx context.Context) error {
	if p.Dunning.Apart <= 0 {
		return nil
	}
	list, err := p.Store.Receivables(ctx, ReceivableFilter{Before: p.Now(), Limit: 200})
	if err != nil {
		return err
	}
	for _, r := range list {
		if err := p.dun(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (p *Payments) dun(ctx context.Context, r Receivable) error {
	now, x, last := p.Now(), r.Payment, r.LastAt
	if last.IsZero() { // it was tried just now, when it became short
		r.LastAt = x.Since
		if r.NextAt = p.Dunning.next(x.Since); r.NextAt.After(now) || x.Account == "" {
			if x.Account == "" {
				r.NextAt = time.Time{}
			}
			_, err := p.Store.Dunned(ctx, r, last, nil)
			return err
		}
	}
	charge := r.Tries < p.Dunning.Tries && x.Mandate != ""
	invoice := false
	if !charge && r.Reminders == 0 {
		var err error
		if invoice, err = p.invoiced(ctx, x); err != nil {
			return err
		}
	}
	if charge || invoice { // the customer may be paying just now
		rests, err := p.Store.Rests(ctx, x.ID)
		if err != nil || slices.ContainsFunc(rests, func(r Payment) bool { return r.Way != ByMandate && r.Pays() }) {
			return err
		}
	}
	if invoice { // then it is no receivable any more, so that nothing else is to be stored
		_, err := p.Change(ctx, x.ID, func(c *Change) error { c.ByInvoice(Cause{ByTime, ""}); return nil })
		return err
	}
	var tell *gnista.Event
	switch {
	case charge:
		r.Tries++
	case r.Reminders < p.Dunning.Reminders:
		r.Reminders++
		tell = x.reminded(r.Reminders, now)
	}
	r.LastAt, r.NextAt = now, p.Dunning.next(now)
	if !charge && r.Reminders >= p.Dunning.Reminders { // what is charged once more may have to be invoiced after
		r.NextAt = time.Time{}
	}
	// It is stored before: what is lost then is a try, and never one too many is made.
	mine, err := p.Store.Dunned(ctx, r, last, tell)
	if err != nil || !mine || !charge {
		return err
	}
	return p.again(ctx, x)
}

// invoiced tells whether what a card has not paid can be invoiced: nothing of it was paid in any way, and the account
// pays afterwards and has the currency.
func (p *Payments) invoiced(ctx context.Context, x Payment) (bool, error) {
	if p.Mandates == nil || !x.unpaid() {
		return false, nil
	}
	a, err := p.Mandates.Accounts.Account(ctx, x.Account)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return false, nil
	}
	return err == nil && a.Kind == account.Postpaid && a.Currency == x.Currency, err
}

// unpaid tells whether it is a card that was to pay for what an account has charged, and that has paid nothing.
func (p Payment) unpaid() bool {
	return p.Way == ByMandate && p.Mandate != "" && p.Transaction != "" && p.State == SettledShort && p.Captured == 0 && p.Covered == 0 && p.Given == 0 && p.WrittenOff == 0
}

// ByInvoice has an account pay by invoice what its card has not, and tells whether it has.
func (c *Change) ByInvoice(cause Cause) bool {
	if c.Op != nil || !c.unpaid() {
		return false
	}
	c.Provider, c.Mandate, c.Ref, c.Reason = Invoice, "", "", ""
	c.Again(0, cause)
	return true
}

// again charges an account anew for what is missing of a payment: by the payment itself, or, where that was set aside
// before and is used up, by another one.
func (p *Payments) again(ctx context.Context, x Payment) error {
	if x.Way != ByMandate {
		rests, err := p.Store.Rests(ctx, x.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rests, func(r Payment) bool { return r.Way == ByMandate })
		if i < 0 {
			return p.Store.CreatePayment(ctx, restOf(p.NewID(), x, p.Now()))
		}
		x = rests[i]
	}
	_, err := p.Change(ctx, x.ID, func(c *Change) error {
		if c.Op == nil && c.State == SettledShort && c.Short() > 0 {
			c.Again(0, Cause{ByTime, ""})
		}
		return nil
	})
	return err
}

// reminded tells that the customer is to be reminded, for whoever sends that.
func (p Payment) reminded(level int, now time.Time) *gnista.Event {
	return &gnista.Event{At: now, Kind: "payment.reminder", Subject: p.ID, Data: fmt.Appendf(nil, `{"account":%q,"level":%d,"amount":%d,"currency":%q}`, p.Account, level, p.Short(), p.Currency)}
}
