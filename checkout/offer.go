package checkout

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gnista"
	"gnista/charging"
	"gnista/payment"
	"gnista/station"
	"gnista/tariff"
	"gnista/token"
)

// Offer is what a driver is offered at an EVSE. NotFound.
func (d *Desk) Offer(ctx context.Context, id gnista.StationID, evse int) (Offer, error) {
	s, err := d.Network.Store.Station(ctx, id)
	if err != nil {
		return Offer{}, err
	}
	o := Offer{
		Station: id, EVSE: evse, Name: s.Name, PayWithin: d.Policy.PayWithin, StartIn: d.Policy.StartWithin, MinimumWh: d.Policy.MinWh,
		Minimum: gnista.Money{Amount: d.Policy.Minimum, Currency: d.Policy.Currency},
	}
	if o.Condition, err = d.condition(ctx, s, evse); err != nil {
		return o, err
	}
	a, err := d.Tariffs.InForce(ctx, tariff.Case{Station: id, EVSE: evse, TokenType: string(token.Central), At: d.Now()})
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return o, err
	}
	if err != nil { // without a tariff nobody can be told what it costs
		o.Condition = OutOfService
		return o, nil
	}
	o.Version = a.Version
	o.Texts = map[string]string{"sv": a.Text(tariff.Swedish), "en": a.Text(tariff.English)}
	if o.Gratis = gratis(a.Version); o.Gratis {
		return o, nil
	}
	o.Methods, err = d.methods(ctx, id, evse, a.Currency)
	return o, err
}

// gratis tells whether nothing costs anything.
func gratis(v tariff.Version) bool {
	if v.Min != "" && v.Min.Rat().Sign() > 0 {
		return false
	}
	return !slices.ContainsFunc(v.Elements, func(e tariff.Element) bool { return e.Price.Rat().Sign() != 0 })
}

// condition finds out what an EVSE can be used for now. NotFound when nothing is known of it.
func (d *Desk) condition(ctx context.Context, s station.Station, evse int) (Condition, error) {
	c, _, err := d.outlet(ctx, s, evse)
	if err != nil || !c.Usable() {
		return c, err
	}
	had, err := d.Store.CheckoutAt(ctx, s.ID, evse)
	if err == nil && !had.GiveWay(d.Now()) {
		return InUse, nil
	}
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return "", err
	}
	open, err := d.Charging.Store.Transactions(ctx, charging.Filter{Station: s.ID, State: charging.Active, Limit: 100})
	if slices.ContainsFunc(open, func(t charging.Transaction) bool { return t.EVSE.ID == evse && t.Authorised }) {
		return InUse, err
	}
	return c, err
}

// Outlet is what a station that is in service has told of an EVSE, whoever is there, with its connectors. NotFound.
func (d *Desk) Outlet(ctx context.Context, id gnista.StationID, evse int) (Condition, []station.Connector, error) {
	s, err := d.Network.Store.Station(ctx, id)
	if err != nil {
		return "", nil, err
	}
	return d.outlet(ctx, s, evse)
}

func (d *Desk) outlet(ctx context.Context, s station.Station, evse int) (Condition, []station.Connector, error) {
	list, err := d.Network.States.Connectors(ctx, s.ID)
	if err != nil {
		return "", nil, err
	}
	c, known := d.seen(s.ID, s.State, list, evse)
	if !known {
		return "", nil, gnista.Errorf(gnista.NotFound, "station %s has no EVSE %d that is known", s.ID, evse)
	}
	return c, list, nil
}

// seen is what an EVSE is like by what its station has told and whether that is there.
func (d *Desk) seen(id gnista.StationID, state station.State, list []station.Connector, evse int) (c Condition, known bool) {
	c, known = told(list, evse)
	_, there := d.Network.Presence.Connection(id)
	switch {
	case state != station.Accepted:
		c = OutOfService
	case !there:
		c = Offline
	}
	return c, known
}

// told is what a station has told of an EVSE: the worst of itself and of the best connector.
func told(list []station.Connector, evse int) (worst Condition, known bool) {
	rank := []Condition{Free, Plugged, InUse, Reserved, OutOfService, Faulted}
	at := func(c Condition) int { return slices.Index(rank, c) }
	best := len(rank)
	whole := 0
	for _, c := range list {
		n := at(conditionOf(c.Status))
		switch c.EVSE.ID {
		case 0:
			if n >= at(OutOfService) {
				whole = n
			}
		case evse:
			known = true
			if n == at(Plugged) || n == at(InUse) { // by one connector, the others stand idle
				return rank[max(n, whole)], true
			}
			best = min(best, n)
		}
	}
	if !known {
		return "", false
	}
	return rank[max(best, whole)], true
}

func conditionOf(s station.Status) Condition {
	switch s {
	case station.Available:
		return Free
	case station.Occupied, station.Preparing, station.Finishing:
		return Plugged
	case station.Charging, station.SuspendedEV, station.SuspendedEVSE:
		return InUse
	case station.Reserved:
		return Reserved
	case station.Faulted:
		return Faulted
	}
	return OutOfService
}

// methods are the ways to pay in a currency, in the order of their names.
func (d *Desk) methods(ctx context.Context, id gnista.StationID, evse int, currency string) ([]Method, error) {
	if currency != d.Policy.Currency { // of which nobody has said how much
		return nil, nil
	}
	hold := d.Policy.HoldAC
	most, unit, err := d.Charging.Store.EVSEPower(ctx, id, evse)
	if err != nil {
		return nil, err
	}
	if watt := watts(most, unit); watt > maxAC {
		hold = d.Policy.HoldDC
	}
	var list []Method
	for _, name := range slices.Sorted(maps.Keys(d.Payments.Providers)) {
		p := d.Payments.Providers[name]
		caps := p.Caps()
		if _, asks := p.(payment.Starter); !asks || caps.Words == nil || len(caps.Currencies) > 0 && !slices.Contains(caps.Currencies, currency) {
			continue
		}
		m := Method{Provider: name, Words: caps.Words, Way: payment.ByHold, MinRefund: gnista.Money{Amount: caps.MinRefund, Currency: currency}, Test: caps.Test}
		amounts := []int64{hold}
		if !caps.Hold {
			m.Way, amounts = payment.ByPrepay, d.Policy.Prepay
		}
		for _, a := range amounts {
			if a >= max(1, caps.MinAmount) && (caps.MaxAmount == 0 || a <= caps.MaxAmount) {
				m.Amounts = append(m.Amounts, gnista.Money{Amount: a, Currency: currency})
			}
		}
		if len(m.Amounts) > 0 && (caps.Hold || caps.Prepay) {
			list = append(list, m)
		}
	}
	return list, nil
}

// watts is a power as a station reports it. (OCPP 2.x device model: EVSE, Power)
func watts(most, unit string) int64 {
	x, err := strconv.ParseFloat(most, 64)
	if err != nil || x < 0 || x > 1e9 {
		return 0
	}
	if strings.EqualFold(unit, "kW") {
		x *= 1000
	}
	return int64(x)
}
