package main

import (
	"context"
	"log/slog"
	"time"

	"gnista"
	"gnista/api"
	"gnista/checkout"
	"gnista/payment"
)

// How often a driver without a card comes to the demonstration, and how long he takes to agree to the payment.
const (
	demoGuestEvery = 25 * time.Second
	demoGuestThink = 3 * time.Second
)

// guestDemo has drivers pay by phone, in turn at each station and by each provider that is simulated, until ctx ends. A
// car that comes to the EVSE, or is there, charges for them.
func (a *app) guestDemo(ctx context.Context, standIns map[string]api.StandIn, log *slog.Logger) {
	plays := demoStations()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(demoGuestEvery):
		}
		for i := range plays { // where there is room
			came, err := a.demoGuest(ctx, standIns, plays[(n+i)%len(plays)].Station.ID, n)
			if err != nil && ctx.Err() == nil {
				log.Warn("a driver of the demonstration could not pay", "err", err)
			}
			if came {
				break
			}
		}
	}
}

// demoGuest has a driver pay at a station, if there is a place and a way to pay, and tells whether he came.
func (a *app) demoGuest(ctx context.Context, standIns map[string]api.StandIn, id gnista.StationID, n int) (came bool, err error) {
	for evse := 1; evse <= 2; evse++ {
		o, err := a.desk.Offer(ctx, id, evse)
		if gnista.CodeOf(err) == gnista.NotFound && err != nil {
			return false, nil // it has not come yet
		}
		if err != nil || !o.Condition.Usable() || len(o.Methods) == 0 {
			continue
		}
		m := o.Methods[n%len(o.Methods)]
		by, ok := standIns[m.Provider]
		if !ok {
			continue
		}
		c, err := a.desk.Open(ctx, checkout.Request{Station: id, EVSE: evse, Provider: m.Provider, Way: m.Way, Amount: m.Amounts[0], Language: "sv"})
		if gnista.CodeOf(err) == gnista.Conflict && err != nil {
			continue // somebody was faster
		}
		if err != nil {
			return true, err
		}
		return true, a.demoAgree(ctx, by, c)
	}
	return false, nil
}

// demoAgree agrees to a payment once the driver is asked.
func (a *app) demoAgree(ctx context.Context, by api.StandIn, c checkout.Checkout) error {
	for range 10 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(demoGuestThink):
		}
		v, err := a.desk.View(ctx, c.Key)
		if err != nil {
			return err
		}
		if v.Action != (payment.Action{}) {
			return by.Answer(ctx, v.Action, true)
		}
	}
	return a.desk.Cancel(ctx, c.Key)
}
