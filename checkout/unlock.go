package checkout

import (
	"context"
	"slices"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
)

// unlockFor is how long after a charge its driver can have the outlet let go of the cable.
const unlockFor = 15 * time.Minute

// Unlockable tells whether the driver of a checkout can have the outlet let go of the cable: after the charge, for a
// while, and while it has been paid and does not charge.
func (v View) Unlockable(now time.Time) bool {
	switch v.State {
	case Starting, PlugIn:
		return true
	case Ended, Settled:
		return v.Charge != nil && v.Charge.State == charging.Ended && now.Sub(v.Charge.EndedAt) < unlockFor
	}
	return false
}

// Unlock has the outlet let go of the cable of the driver who has a key. NotFound; Conflict, also where somebody else
// is there by now or the station refuses; Offline, Timeout. (OCPP 1.6 §5.18, OCPP 2.x F05)
func (d *Desk) Unlock(ctx context.Context, key string) error {
	v, err := d.View(ctx, key)
	if err != nil {
		return err
	}
	if !v.Unlockable(d.Now()) {
		return gnista.Errorf(gnista.Conflict, "the checkout is %s", v.State)
	}
	had, err := d.Store.CheckoutAt(ctx, v.Station, v.EVSE)
	if err == nil && had.ID != v.ID && !had.GiveWay(d.Now()) {
		return gnista.Errorf(gnista.Conflict, "somebody else is at EVSE %d of station %s", v.EVSE, v.Station)
	}
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return err
	}
	open, err := d.Charging.Store.Transactions(ctx, charging.Filter{Station: v.Station, State: charging.Active, Limit: 100})
	if err != nil {
		return err
	}
	if slices.ContainsFunc(open, func(t charging.Transaction) bool { return t.EVSE.ID == v.EVSE }) {
		return gnista.Errorf(gnista.Conflict, "a car charges at EVSE %d of station %s", v.EVSE, v.Station)
	}
	at := gnista.EVSE{ID: v.EVSE, Connector: 1}
	if v.Charge != nil && v.Charge.EVSE.Connector > 0 {
		at = v.Charge.EVSE
	}
	a, err := station.Give(ctx, d.Network, v.Station, station.Unlock{At: at})
	if err == nil && a.Status != station.Done {
		err = gnista.Errorf(gnista.Conflict, "the station does not let go of the cable: %s", a.Status)
	}
	return err
}
