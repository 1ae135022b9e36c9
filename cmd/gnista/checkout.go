package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gnista"
	"gnista/api"
	"gnista/checkout"
)

// guests is how drivers without a contract pay.
type guests struct {
	GuestHold        int64         `help:"Set aside for one charge of a driver without a contract, in minor units of --currency." default:"20000"`
	GuestHoldDC      int64         `help:"The same where more than 43 kW can be given. 0 is as much as elsewhere." name:"guest-hold-dc"`
	GuestPrepay      []int64       `help:"Amounts that such a driver can choose from where the amount is taken before, and what is left of it given back." default:"5000,10000,20000"`
	GuestPayWithin   time.Duration `help:"Time that such a driver has to pay." default:"15m"`
	GuestStartWithin time.Duration `help:"Time after which what was paid is given back, unless the car has begun to charge." default:"10m"`
	GuestMinEnergy   int64         `help:"Such a driver pays nothing for less energy than this, in Wh."`
	GuestMinAmount   int64         `help:"Such a driver pays nothing where it comes to less than this, in minor units of --currency."`
}

// policy checks what was decided.
func (g guests) policy(currency string) (checkout.Policy, error) {
	p := checkout.Policy{
		Currency: currency, HoldAC: g.GuestHold, HoldDC: g.GuestHoldDC, Prepay: g.GuestPrepay, PayWithin: g.GuestPayWithin, StartWithin: g.GuestStartWithin,
		MinWh: g.GuestMinEnergy, Minimum: g.GuestMinAmount, Margin: holdMargin,
	}
	if p.HoldDC == 0 {
		p.HoldDC = p.HoldAC
	}
	for _, amount := range append([]int64{p.HoldAC, p.HoldDC}, p.Prepay...) {
		if amount <= 0 || amount > maxGuestAmount {
			return p, fmt.Errorf("--guest-hold, --guest-hold-dc and --guest-prepay must be 1 to %d", int64(maxGuestAmount))
		}
	}
	for name, d := range map[string]time.Duration{"--guest-pay-within": p.PayWithin, "--guest-start-within": p.StartWithin} {
		if d < time.Minute || d > time.Hour {
			return p, fmt.Errorf("%s must be 1m to 1h", name)
		}
	}
	if p.MinWh < 0 || p.Minimum < 0 {
		return p, fmt.Errorf("--guest-min-energy and --guest-min-amount must be 0 or more")
	}
	return p, nil
}

const (
	holdMargin     = 2 * time.Hour // in which stations that are away may come back, and what was charged be taken
	maxGuestAmount = 100_000_00
)

// newDesk makes the desk of the system.
func (a *app) newDesk(o options) *checkout.Desk {
	if o.Guests.Currency == "" {
		o.Guests = checkout.Policy{
			Currency: o.Currency, HoldAC: 200_00, HoldDC: 200_00, Prepay: []int64{50_00, 100_00, 200_00}, PayWithin: 15 * time.Minute, StartWithin: 10 * time.Minute, Margin: holdMargin,
		}
	}
	d := &checkout.Desk{
		Store: a.db, Network: a.network, Tariffs: a.db, Payments: a.payments.Payments, Charging: a.transactions, Records: a.records, Receipts: a.db, Policy: o.Guests,
		Pay: func() { wake(a.pay) }, Now: o.Now, NewID: o.NewID, Log: o.Log,
	}
	if o.PublicURL != "" {
		d.Link = func(key string) string { return strings.TrimRight(o.PublicURL, "/") + "/pay/" + key }
	}
	return d
}

// serveGuests brings checkouts to their end until ctx ends.
func (a *app) serveGuests(ctx context.Context) {
	a.running.Go(func() { a.desk.Run(ctx) })
	a.running.Go(func() { a.db.Consume(ctx, "checkout", a.guestNudge, a.takeGuest) })
	a.running.Go(func() { a.teller.Run(ctx) })
}

func (a *app) takeGuest(ctx context.Context, ev gnista.Event) error {
	return errors.Join(a.desk.Take(ctx, ev), a.teller.Take(ctx, ev))
}

// newTeller has phones of drivers told of charges by what makes the pages.
func (a *app) newTeller(web *api.Server) {
	a.teller = &checkout.Teller{
		Store: a.db, Desk: a.desk, News: web.News, Check: web.CheckPhone, Send: web.Notify, Now: web.Now, NewID: a.desk.NewID, Log: web.Log,
	}
	web.Teller = a.teller
}
