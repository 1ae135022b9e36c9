package v2

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/tariff"
)

// ExportTariff is a version as stations are told it, and what of it they cannot be told. It says when
// it becomes valid, which the orders to stations leave out: they are given when it is.
func (*Adapter) ExportTariff(v tariff.Version) (json.RawMessage, []tariff.Loss, error) {
	w, lost := wireTariff(v)
	if !v.ValidFrom.IsZero() {
		from := ocppj.At(v.ValidFrom)
		w.ValidFrom = &from
	}
	text, err := json.Marshal(w)
	return text, lost, err
}

// wireTariff writes a version of a tariff, and says what of it stations cannot be told. Prices of the
// wire are without VAT, which stands beside them once for each dimension; what a price without VAT comes
// to is not always a decimal, so that a station may be off by as little. What is billed is what we
// reckon. (OCPP 2.1 I07, I12)
func wireTariff(v tariff.Version) (ocpp2.Tariff, []tariff.Loss) {
	w := wiring{version: v, vat: map[tariff.Dimension]tariff.Decimal{}}
	w.Tariff = ocpp2.Tariff{TariffID: v.ID, Currency: v.Currency, MinCost: w.limit(v.Min), MaxCost: w.limit(v.Max)}
	for i, e := range v.Elements {
		w.element(i, e)
	}
	return w.Tariff, w.lost
}

// wiring is a tariff on its way to the wire.
type wiring struct {
	ocpp2.Tariff
	version tariff.Version
	vat     map[tariff.Dimension]tariff.Decimal // of the first element of each: there is one rate for all
	lost    []tariff.Loss
}

func (w *wiring) lose(kept bool, field string, format string, args ...any) {
	w.lost = append(w.lost, tariff.Loss{Field: field, Kept: kept, Detail: fmt.Sprintf(format, args...)})
}

// limit is the least or the most that a transaction costs; stations reckon the other side of VAT from
// what the transaction has of it.
func (w *wiring) limit(d tariff.Decimal) *ocpp2.Price {
	if d == "" {
		return nil
	}
	amount, _ := d.Rat().Float64()
	if w.version.Net {
		return &ocpp2.Price{ExclTax: &amount}
	}
	return &ocpp2.Price{InclTax: &amount}
}

func (w *wiring) element(i int, e tariff.Element) {
	field := func(name string) string { return fmt.Sprintf("elements[%d].%s", i, name) }
	if e.Step > 1 {
		w.lose(false, field("stepSize"), "stations do not round quantities up: what they show may be less than the bill")
	}
	reserves := e.Dimension == tariff.Reservation || e.Dimension == tariff.Reserving
	switch {
	case reserves && e.When.Expired != nil && *e.When.Expired:
		w.lose(false, field("restrictions.expired"), "stations reckon with a reservation only when its transaction starts, so the price of one that expired is left out")
		return
	case reserves && e.When.Expired == nil:
		w.lose(true, field("type"), "stations reckon with a reservation only when its transaction starts, and not when it expires")
	}
	price, taxes := w.price(field("price"), field("vatPercent"), e)
	switch e.Dimension {
	case tariff.Energy:
		if w.Energy == nil {
			w.Energy = &ocpp2.TariffEnergy{TaxRates: taxes}
		}
		w.Energy.Prices = append(w.Energy.Prices, ocpp2.TariffEnergyPrice{PriceKWh: price, Conditions: conditions(e.When)})
	case tariff.Time:
		w.ChargingTime = timed(w.ChargingTime, taxes, price, conditions(e.When))
	case tariff.Idle:
		w.idle(i, e, taxes, price)
	case tariff.Reservation:
		w.ReservationTime = timed(w.ReservationTime, taxes, price, conditions(e.When))
	case tariff.Start:
		w.FixedFee = w.fixed(w.FixedFee, field("restrictions"), taxes, price, e.When)
	case tariff.Reserving:
		w.ReservationFixed = w.fixed(w.ReservationFixed, field("restrictions"), taxes, price, e.When)
	}
}

// price is the price of an element for 1 kWh, 1 minute or once, without VAT, and the VAT of its dimension.
func (w *wiring) price(price, vat string, e tariff.Element) (float64, []ocpp2.TaxRate) {
	rate, had := w.vat[e.Dimension]
	if !had {
		rate = e.VAT
		w.vat[e.Dimension] = rate
	}
	exact := e.Price.Rat()
	if e.PerHour {
		exact.Quo(exact, big.NewRat(60, 1))
	}
	same := rate.Rat().Cmp(e.VAT.Rat()) == 0
	if w.version.Net && !same {
		exact.Mul(exact, withVAT(e.VAT))
	}
	if !w.version.Net || !same {
		exact.Quo(exact, withVAT(rate))
	}
	if !same {
		w.lose(true, vat, "stations have one rate of VAT for all prices of a dimension, here %s %%: the price with VAT is kept, the share of VAT in it is not", rate)
	}
	if digits, finite := exact.FloatPrec(); !finite || digits > maxDigits {
		w.lose(true, price, "the price that stations reckon with, without VAT%s, is not a decimal number: it is rounded to %s", map[bool]string{true: " and for a minute"}[e.PerHour], exact.FloatString(maxDigits))
	}
	f, _ := exact.Float64()
	tax, _ := rate.Rat().Float64()
	return f, []ocpp2.TaxRate{{Type: "VAT", Tax: tax}}
}

// maxDigits is how many decimals of a price are exact on every station: a float64 has them, whatever the
// price.
const maxDigits = 6

// withVAT is what an amount is to be multiplied by to include VAT.
func withVAT(percent tariff.Decimal) *big.Rat {
	hundred := big.NewRat(100, 1)
	return new(big.Rat).Quo(new(big.Rat).Add(hundred, percent.Rat()), hundred)
}

// idle adds a price of idle time, of which the first minutes may be free. Where another price stands
// behind it, they are free by a price of their own, or that one would hold in them.
func (w *wiring) idle(i int, e tariff.Element, taxes []ocpp2.TaxRate, price float64) {
	grace := int(e.Grace / time.Second)
	if grace <= 0 {
		w.IdleTime = timed(w.IdleTime, taxes, price, conditions(e.When))
		return
	}
	last := true
	for _, later := range w.version.Elements[i+1:] {
		last = last && later.Dimension != tariff.Idle
	}
	with := func() *ocpp2.TariffConditions {
		if c := conditions(e.When); c != nil {
			return c
		}
		return &ocpp2.TariffConditions{}
	}
	paid := with()
	if last {
		paid.MinIdleTime = &grace
	} else {
		free := with()
		free.MaxIdleTime = &grace
		w.IdleTime = timed(w.IdleTime, taxes, 0, free)
		paid = conditions(e.When)
	}
	w.IdleTime = timed(w.IdleTime, taxes, price, paid)
	if conditions(e.When) != nil {
		w.lose(true, fmt.Sprintf("elements[%d].graceMinutes", i), "stations count the free minutes from when the car became idle, also while the element does not apply")
	}
}

func timed(t *ocpp2.TariffTime, taxes []ocpp2.TaxRate, price float64, c *ocpp2.TariffConditions) *ocpp2.TariffTime {
	if t == nil {
		t = &ocpp2.TariffTime{TaxRates: taxes}
	}
	t.Prices = append(t.Prices, ocpp2.TariffTimePrice{PriceMinute: price, Conditions: c})
	return t
}

// fixed adds a price that is asked once, at the start, when nothing has been used yet: what must have
// been used for it rules it out, and what must not says nothing. (OCPP 2.1 I12.FR.30)
func (w *wiring) fixed(f *ocpp2.TariffFixed, field string, taxes []ocpp2.TaxRate, price float64, r tariff.Restriction) *ocpp2.TariffFixed {
	positive := func(n *int64) bool { return n != nil && *n > 0 }
	if positive(r.MinWh) || positive(r.MinW) || positive(r.MinMilliA) || positive(r.MinTime) {
		w.lose(false, field, "stations decide at the start whether a price that is asked once applies: this one never would, and is left out")
		return f
	}
	if f == nil {
		f = &ocpp2.TariffFixed{TaxRates: taxes}
	}
	p := ocpp2.TariffFixedPrice{PriceFixed: price}
	if c := conditions(tariff.Restriction{From: r.From, To: r.To, Since: r.Since, Until: r.Until, Weekdays: r.Weekdays}); c != nil {
		p.Conditions = &ocpp2.TariffConditionsFixed{
			StartTimeOfDay: c.StartTimeOfDay, EndTimeOfDay: c.EndTimeOfDay, ValidFromDate: c.ValidFromDate, ValidToDate: c.ValidToDate, DayOfWeek: c.DayOfWeek,
		}
	}
	f.Prices = append(f.Prices, p)
	return f
}

// conditions writes when an element applies; nil is always.
func conditions(r tariff.Restriction) *ocpp2.TariffConditions {
	c := &ocpp2.TariffConditions{
		StartTimeOfDay: r.From, EndTimeOfDay: r.To, ValidFromDate: r.Since, ValidToDate: r.Until,
		MinEnergy: quantity(r.MinWh, 1), MaxEnergy: quantity(r.MaxWh, 1), MinPower: quantity(r.MinW, 1), MaxPower: quantity(r.MaxW, 1),
		MinCurrent: quantity(r.MinMilliA, 1000), MaxCurrent: quantity(r.MaxMilliA, 1000), MinTime: seconds(r.MinTime), MaxTime: seconds(r.MaxTime),
	}
	for _, d := range r.Weekdays {
		c.DayOfWeek = append(c.DayOfWeek, ocpp2.DayOfWeek(d.String()))
	}
	if reflect.ValueOf(*c).IsZero() {
		return nil
	}
	return c
}

// quantity is n in a unit so many times larger.
func quantity(n *int64, larger float64) *float64 {
	if n == nil {
		return nil
	}
	f := float64(*n) / larger
	return &f
}

func seconds(n *int64) *int {
	if n == nil {
		return nil
	}
	s := int(*n)
	return &s
}
