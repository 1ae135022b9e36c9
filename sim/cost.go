package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// Shown is what the driver at an EVSE sees of prices and costs.
type Shown struct {
	Price string   // text, that he pays
	Cost  *float64 // so far; nil is nothing
	Idle  bool     // the car costs for standing there
	Final *float64 // in all; nil before that is known
	Text  string   // with it
}

// showing is Shown with what the station needs to keep it.
type showing struct {
	Shown
	transaction *transaction
	triggers    []ocpp16.ChargePointStatus // that the central system wants to be told the meter at
}

// offered is what a driver was told that he pays.
type offered struct {
	uid   string
	price string
	rates *ocpp2.Tariff // of his own; nil is none
}

// maxOffered is how many drivers' prices are kept.
const maxOffered = 20

// Shown is what the driver at an EVSE sees of prices and costs, of the last transaction there.
func (s *Station) Shown(evse int) Shown {
	e, err := s.outlet(evse)
	if err != nil {
		return Shown{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.showing == nil {
		return Shown{}
	}
	return e.showing.Shown
}

// offer keeps what a driver pays; who charges sees it at once. mu is held.
func (s *Station) offer(o offered) {
	if !s.Pricing || o.price == "" && o.rates == nil {
		return
	}
	s.offers = slices.DeleteFunc(s.offers, func(x offered) bool { return strings.EqualFold(x.uid, o.uid) })
	if len(s.offers) >= maxOffered {
		s.offers = slices.Delete(s.offers, 0, 1)
	}
	s.offers = append(s.offers, o)
	for _, e := range s.evses {
		if x := e.showing; x != nil && e.transaction == x.transaction && strings.EqualFold(x.transaction.token.UID, o.uid) && o.price != "" {
			x.Price = o.price
		}
	}
}

// show makes ready what the driver of a transaction sees. mu is held.
func (s *Station) show(e *evse, t *transaction) {
	if !s.Pricing {
		return
	}
	e.showing = &showing{transaction: t}
	for _, o := range s.offers {
		if strings.EqualFold(o.uid, t.token.UID) {
			e.showing.Price = o.price
			if o.rates != nil { // OCPP 2.1 I08.FR.04
				t.rates, t.tariff = o.rates, o.rates.TariffID
			}
		}
	}
}

// shownOf is what is shown of a transaction; nil is nothing. mu is held.
func (s *Station) shownOf(name string) (*evse, *showing) {
	for _, e := range s.evses {
		if e.showing != nil && e.showing.transaction.name == name {
			return e, e.showing
		}
	}
	return nil, nil
}

// told shows what came with the answer to an event. mu is held.
func (s *Station) told(m *message, v verdict) {
	if v.cost == nil && v.text == "" {
		return
	}
	if t := m.transaction; v.cost != nil && m.Kind == Updated {
		t.cost = v.cost
		s.spend(s.evses[m.EVSE-1], t)
	}
	for _, e := range s.evses {
		x := e.showing
		switch {
		case x == nil || x.transaction != m.transaction:
		case m.Kind == Ended:
			x.Final, x.Text = v.cost, v.text
		default:
			x.Cost = cmp.Or(v.cost, x.Cost)
			x.Price = cmp.Or(v.text, x.Price)
		}
	}
}

// costVendor is whose the messages are by which OCPP 1.6 tells prices and costs: OCPP & California Pricing
// Requirements.
const costVendor = "org.openchargealliance.costmsg"

// pricing takes in a message about prices and costs of OCPP 1.6.
func (s *Station) pricing(name, text string) ocpp16.DataTransferStatus {
	var m struct {
		IDToken           string   `json:"idToken"`
		PriceText         string   `json:"priceText"`
		TransactionID     int64    `json:"transactionId"`
		Cost              *float64 `json:"cost"`
		State             string   `json:"state"`
		TriggerMeterValue struct {
			AtCPStatus []ocpp16.ChargePointStatus `json:"atCPStatus"`
		} `json:"triggerMeterValue"`
	}
	if json.Unmarshal([]byte(text), &m) != nil {
		return ocpp16.DataTransferStatusRejected
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, x := s.shownOf(strconv.FormatInt(m.TransactionID, 10))
	switch {
	case name == "SetUserPrice":
		s.offer(offered{uid: m.IDToken, price: m.PriceText})
	case x == nil || m.Cost == nil:
		return ocpp16.DataTransferStatusRejected
	case name == "RunningCost":
		x.Cost, x.Idle, x.triggers = m.Cost, m.State == "Idle", m.TriggerMeterValue.AtCPStatus
		x.transaction.cost = m.Cost
	case name == "FinalCost":
		x.Final, x.Text = m.Cost, m.PriceText
	default:
		return ocpp16.DataTransferStatusUnknownMessageID
	}
	return ocpp16.DataTransferStatusAccepted
}

// triggered tells the meter where the central system wants to know it when the status changes.
func (s *Station) triggered(ctx context.Context, e *evse, status Status) error {
	s.mu.Lock()
	x := e.showing
	wanted := x != nil && x.transaction == e.transaction && slices.Contains(x.triggers, ocpp16.ChargePointStatus(status))
	s.mu.Unlock()
	if !wanted {
		return nil
	}
	return s.sample(ctx, e, causeTrigger)
}

// priceSettings are the settings of a station that shows prices and costs. mu is held.
func (s *Station) priceSettings() []setting {
	if !s.Pricing {
		return nil
	}
	list := []setting{
		ro("TariffCostCtrlr", "Available", kindBoolean, "", "true").of("Cost"),
		rw("TariffCostCtrlr", "Enabled", kindBoolean, "", "true").of("Cost"),
	}
	if s.Version != gnista.V16 {
		return list
	}
	key := func(name, value string, k kind) setting { return ro("", "", k, "", value).as(name) }
	written := func(name string, k kind, value string) setting { return rw("", "", k, "", value).as(name) }
	return append(list,
		key("CustomDisplayCostAndPrice", "true", kindBoolean), key("CustomMultiLanguageMessages", "true", kindBoolean), key("CustomIdleFeeAfterStop", "false", kindBoolean),
		key("NumberOfDecimalsForCostValues", "2", kindInteger), key("SupportedLanguages", "sv,en", kindText), written("Language", kindText, "sv"),
		written("DefaultPrice", kindText, "").upTo(500), written("DefaultPriceText,sv", kindText, "").upTo(500), written("DefaultPriceText,en", kindText, "").upTo(500),
	)
}

// passed adds the time since something changed to what the transaction has charged or stood idle.
func (t *transaction) passed(now time.Time) {
	d := now.Sub(t.since)
	if t.since.IsZero() {
		d = now.Sub(t.began)
	}
	t.since = now
	if t.activity == StatusSuspendedEV {
		t.idleFor += d
	} else {
		t.chargingFor += d
	}
}

// reckon is what a transaction costs by its tariff; nil where there is none, or the station does not
// reckon. mu is held. (OCPP 2.1 I12)
func (s *Station) reckon(t *transaction, wh int64) *ocpp2.CostDetails {
	if !s.Pricing || t.rates == nil || s.traits.protocol < ocppj.V21 {
		return nil
	}
	r := t.rates
	d := &ocpp2.CostDetails{
		TotalCost:       ocpp2.TotalCost{Currency: r.Currency, TypeOfCost: ocpp2.TariffCostTypeNormalCost},
		TotalUsage:      ocpp2.TotalUsage{Energy: float64(wh) / 1000, ChargingTime: int(t.chargingFor / time.Second), IdleTime: int(t.idleFor / time.Second)},
		ChargingPeriods: []ocpp2.ChargingPeriod{{StartPeriod: instant(t.began), TariffID: r.TariffID}},
	}
	sum := sums{}
	failed := t.rechanged
	if p := r.Energy; p != nil {
		price, ok := simple(p.Prices, func(x ocpp2.TariffEnergyPrice) (float64, *ocpp2.TariffConditions) { return x.PriceKWh, x.Conditions })
		failed = failed || !ok
		d.TotalCost.Energy = sum.add(price*d.TotalUsage.Energy, p.TaxRates)
	}
	if p := r.ChargingTime; p != nil {
		price, ok := simple(p.Prices, minutes)
		failed = failed || !ok
		d.TotalCost.ChargingTime = sum.add(price*float64(d.TotalUsage.ChargingTime)/60, p.TaxRates)
	}
	if p := r.IdleTime; p != nil && len(p.Prices) > 0 {
		seconds := d.TotalUsage.IdleTime
		if c := p.Prices[0].Conditions; c != nil && c.MinIdleTime != nil && len(p.Prices) == 1 { // the grace
			seconds = max(0, seconds-*c.MinIdleTime)
		} else if c != nil || len(p.Prices) > 1 {
			failed = true
		}
		d.TotalCost.IdleTime = sum.add(p.Prices[0].PriceMinute*float64(seconds)/60, p.TaxRates)
	}
	if p := r.FixedFee; p != nil {
		price, ok := simple(p.Prices, func(x ocpp2.TariffFixedPrice) (float64, *ocpp2.TariffConditions) { return x.PriceFixed, nil })
		failed = failed || !ok || p.Prices[0].Conditions != nil
		d.TotalCost.Fixed = sum.add(price, p.TaxRates)
	}
	if least := r.MinCost; least != nil && (least.InclTax != nil && sum.gross < *least.InclTax || least.ExclTax != nil && sum.net < *least.ExclTax) {
		failed = true // of the other side of the tax nothing is said
	}
	if most := r.MaxCost; most != nil && (most.InclTax != nil && sum.gross > *most.InclTax || most.ExclTax != nil && sum.net > *most.ExclTax) {
		failed = true
	}
	d.TotalCost.Total = &ocpp2.TotalPrice{ExclTax: rounded(sum.net), InclTax: rounded(sum.gross)}
	if failed { // I12.FR.14
		d.FailureToCalculate, d.FailureReason = &failed, "simulated stations reckon by simple tariffs only"
	}
	return d
}

func minutes(x ocpp2.TariffTimePrice) (float64, *ocpp2.TariffConditions) {
	return x.PriceMinute, x.Conditions
}

// simple is the one price that holds always; ok is false where there is more to it.
func simple[P any](list []P, of func(P) (float64, *ocpp2.TariffConditions)) (price float64, ok bool) {
	if len(list) == 0 {
		return 0, false
	}
	price, conditions := of(list[0])
	return price, len(list) == 1 && conditions == nil
}

// sums are what the parts of a cost come to.
type sums struct{ net, gross float64 }

// add is a part of the cost with its taxes.
func (x *sums) add(net float64, rates []ocpp2.TaxRate) *ocpp2.Price {
	gross := net
	for _, r := range rates {
		gross += net * r.Tax / 100
	}
	x.net, x.gross = x.net+net, x.gross+gross
	return &ocpp2.Price{ExclTax: rounded(net), InclTax: rounded(gross)}
}

func rounded(f float64) *float64 {
	f = math.Round(f*1e4) / 1e4
	return &f
}
