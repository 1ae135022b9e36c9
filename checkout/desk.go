package checkout

import (
	"context"
	"log/slog"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/payment"
	"gnista/station"
	"gnista/tariff"
)

// Store keeps checkouts. Those of one station change one after the other.
type Store interface {
	// CreateCheckout stores a new checkout. One that has the EVSE gives way where [Checkout.GiveWay] says so. Conflict.
	CreateCheckout(ctx context.Context, c Checkout) error
	// ChangeCheckout runs f on a checkout of a station within one SQL transaction, and stores what it did, with an
	// event when the state is another. f may be run again. NotFound.
	ChangeCheckout(ctx context.Context, station gnista.StationID, id string, f func(*Checkout) error) (Checkout, error)
	// Checkout finds a checkout, as do the others by what it has. NotFound.
	Checkout(ctx context.Context, id string) (Checkout, error)
	CheckoutByKey(ctx context.Context, key string) (Checkout, error)
	CheckoutByToken(ctx context.Context, uid string) (Checkout, error)
	CheckoutByPayment(ctx context.Context, payment string) (Checkout, error)
	CheckoutOf(ctx context.Context, transaction string) (Checkout, error)
	// CheckoutAt finds the checkout that has an EVSE for itself. NotFound.
	CheckoutAt(ctx context.Context, station gnista.StationID, evse int) (Checkout, error)
	// Stands lists up to limit outlets that have a code, of stations that have told of connectors, by station and EVSE,
	// as they are at a time.
	Stands(ctx context.Context, at time.Time, limit int) ([]Stand, error)
	// DueCheckouts lists those that are to be looked at by a time, that which waits longest first.
	DueCheckouts(ctx context.Context, at time.Time, limit int) ([]Checkout, error)
	// Checkouts lists checkouts, the newest first.
	Checkouts(ctx context.Context, f Filter) ([]Checkout, error)
}

// Tariffs knows prices.
type Tariffs interface {
	// InForce is the version that holds in a case. NotFound.
	InForce(ctx context.Context, c tariff.Case) (tariff.Assigned, error)
	// TariffVersion finds a version. NotFound.
	TariffVersion(ctx context.Context, id string) (tariff.Version, error)
}

// Records knows what transactions cost.
type Records interface {
	// Cost is what a transaction costs, so far or in all. NotFound when it has no tariff.
	Cost(ctx context.Context, t *charging.Transaction) (gnista.Money, error)
}

// Receipts finds receipts.
type Receipts interface {
	// RecordOf finds the newest record of a transaction that is no credit. NotFound.
	RecordOf(ctx context.Context, transaction string) (billing.Record, error)
}

// Policy is what the operator has decided. Amounts are in minor units of the currency.
type Policy struct {
	Currency    string
	HoldAC      int64   // that is set aside
	HoldDC      int64   // where there is more power than [maxAC]
	Prepay      []int64 // to choose from, where an amount is taken
	PayWithin   time.Duration
	StartWithin time.Duration // after it was paid
	MinWh       int64         // less energy costs nothing
	Minimum     int64         // what comes to less costs nothing
	Margin      time.Duration // before a hold ends, in which charging has to
}

// maxAC is the most power in W of a connector with alternating current that is in wide use.
const maxAC = 43_000

// Desk opens checkouts and brings them to their end.
type Desk struct {
	Store    Store
	Network  *station.Network
	Tariffs  Tariffs
	Payments *payment.Payments
	Charging *charging.Transactions
	Records  Records
	Receipts Receipts
	Policy   Policy
	// Pay has what is to be done at providers looked at soon; nil is when it is.
	Pay func()
	// Link is the address of the page of a checkout by its key; nil is none.
	Link  func(key string) string
	Now   func() time.Time
	NewID func() string
	Log   *slog.Logger

	looks looks
}

// Find finds the checkout that has a key. NotFound, which does not tell why.
func (d *Desk) Find(ctx context.Context, key string) (Checkout, error) {
	if key == "" {
		return Checkout{}, gnista.Errorf(gnista.NotFound, "there is no such checkout")
	}
	return d.Store.CheckoutByKey(ctx, key)
}

// View is what the driver who has a key sees. NotFound.
func (d *Desk) View(ctx context.Context, key string) (View, error) {
	c, err := d.Find(ctx, key)
	if err != nil {
		return View{}, err
	}
	return d.view(ctx, c)
}

func (d *Desk) view(ctx context.Context, c Checkout) (View, error) {
	v := View{Checkout: c, Cost: gnista.Money{Currency: c.Amount.Currency}}
	if c.Payment != "" {
		p, err := d.Payments.Store.Payment(ctx, c.Payment)
		switch {
		case err == nil:
			v.Pay = &p
		case gnista.CodeOf(err) != gnista.NotFound:
			return v, err
		}
		if c.State == Paying {
			if v.Action, err = d.Payments.Store.Action(ctx, c.Payment); err != nil {
				return v, err
			}
		}
	}
	if c.Transaction == "" {
		return v, nil
	}
	return v, d.charged(ctx, &v)
}

// charged adds what was charged, which is nothing for a reservation that nobody came for.
func (d *Desk) charged(ctx context.Context, v *View) error {
	t, err := d.Charging.Store.Transaction(ctx, v.Transaction)
	if err == nil {
		v.Charge = &t
		v.Cost, v.Receipt, err = d.Bill(ctx, &t)
		return err
	}
	if gnista.CodeOf(err) != gnista.NotFound {
		return err
	}
	r, err := d.Receipts.RecordOf(ctx, v.Transaction)
	if err == nil {
		v.Receipt, v.Cost = r.ID, r.Bill.Total
	}
	return err
}

// Billed is what the customer of a payment sees that was made without a checkout, as at a terminal or by a card on file,
// and pays for what was charged. NotFound.
func (d *Desk) Billed(ctx context.Context, payment string) (View, error) {
	p, err := d.Payments.Store.Payment(ctx, payment)
	if err != nil {
		return View{}, err
	}
	if !p.Outside() || p.Transaction == "" {
		return View{}, gnista.Errorf(gnista.NotFound, "payment %s is not for anything that was charged", p.ID)
	}
	v := View{Pay: &p, Cost: p.Money(p.Due), Checkout: Checkout{
		ID: p.ID, Provider: p.Provider, Way: p.Way, Amount: p.Money(p.Authorised), Payment: p.ID, Transaction: p.Transaction, State: Settled,
	}}
	if x, ok := d.Payments.Providers[p.Provider]; ok {
		v.Test = x.Caps().Test
	}
	err = d.charged(ctx, &v)
	if v.Charge != nil {
		v.Station, v.EVSE = v.Charge.Station, v.Charge.EVSE.ID
	}
	return v, err
}

// Bill is what a transaction costs, so far or in all, and the id of its receipt, which is empty before there is
// one. NotFound when it has no tariff.
func (d *Desk) Bill(ctx context.Context, t *charging.Transaction) (cost gnista.Money, receipt string, err error) {
	r, err := d.Receipts.RecordOf(ctx, t.ID)
	switch {
	case err == nil:
		return r.Bill.Total, r.ID, nil
	case gnista.CodeOf(err) != gnista.NotFound:
		return cost, "", err
	}
	cost, err = d.Records.Cost(ctx, t)
	return cost, "", err
}

// Cancel gives up a checkout that does not charge yet. NotFound, Conflict.
func (d *Desk) Cancel(ctx context.Context, key string) error {
	c, err := d.Find(ctx, key)
	if err != nil {
		return err
	}
	_, err = d.GiveUp(ctx, c.ID, ByDriver)
	return err
}

// GiveUp is [Desk.Cancel] for whoever has the id, and says why.
func (d *Desk) GiveUp(ctx context.Context, id, why string) (Checkout, error) {
	c, err := d.Store.Checkout(ctx, id)
	if err != nil {
		return c, err
	}
	if !c.State.Waiting() || c.State == Charging {
		return c, gnista.Errorf(gnista.Conflict, "the checkout is %s", c.State)
	}
	c, err = d.end(ctx, c, Cancelled, why)
	if err == nil && c.State != Cancelled {
		err = gnista.Errorf(gnista.Conflict, "the checkout is %s", c.State)
	}
	return c, err
}

// Stop ends the charging of a checkout. NotFound; Conflict, also where the station refuses; Offline, Timeout.
func (d *Desk) Stop(ctx context.Context, key string) error {
	c, err := d.Find(ctx, key)
	if err != nil {
		return err
	}
	if c.State != Charging {
		return gnista.Errorf(gnista.Conflict, "the checkout is %s", c.State)
	}
	a, err := d.Charging.Stop(ctx, c.Station, 0, c.Transaction)
	if err == nil && a.Status != station.Done {
		err = gnista.Errorf(gnista.Conflict, "the station does not end the transaction: %s", a.Status)
	}
	return err
}

// Nudge has what is to be done at providers looked at soon.
func (d *Desk) Nudge() {
	if d.Pay != nil {
		d.Pay()
	}
}

// Of finds the checkout that a transaction is of. NotFound.
func (d *Desk) Of(ctx context.Context, transaction string) (Checkout, error) {
	return d.Store.CheckoutOf(ctx, transaction)
}

// Show is [Desk.View] for whoever has the id. NotFound.
func (d *Desk) Show(ctx context.Context, id string) (View, error) {
	c, err := d.Store.Checkout(ctx, id)
	if err != nil {
		return View{}, err
	}
	return d.view(ctx, c)
}
