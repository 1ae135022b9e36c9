package checkout

import (
	"context"
	"time"

	"gnista"
	"gnista/power"
	"gnista/station"
	"gnista/token"
)

// announce tells a station that somebody pays for one of its EVSEs, so that nobody else begins there meanwhile. Only
// stations with codes of their own for payments on the web have use for it, and nothing depends on it.
// (OCPP 2.1 C25.FR.21)
func (d *Desk) announce(c Checkout) {
	if at, ok := d.Network.Presence.Connection(c.Station); !ok || at.Version != gnista.V21 {
		return
	}
	d.looks.do(func(ctx context.Context) {
		list, err := d.Network.Settings.Variables(ctx, c.Station, station.VariableFilter{Component: webPayments, Limit: 1})
		if err == nil && len(list) > 0 {
			_, err = station.Give(ctx, d.Network, c.Station, power.WebPayment{EVSE: c.EVSE, Timeout: max(1, int(c.PayBy.Sub(d.Now())/time.Second))})
		}
		if err != nil && ctx.Err() == nil {
			d.Log.Warn("a station was not told that somebody pays for an EVSE", "station", c.Station, "evse", c.EVSE, "err", err)
		}
	})
}

// tokenType is what the token of a checkout is on a station: OCPP 2.1 has a type for what is paid directly.
// (OCPP 2.1 C25.FR.23)
func (d *Desk) tokenType(id gnista.StationID) token.Type {
	if at, ok := d.Network.Presence.Connection(id); ok && at.Version == gnista.V21 {
		return token.DirectPayment
	}
	return token.Central
}
