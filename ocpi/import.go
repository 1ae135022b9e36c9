package ocpi

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/tariff"
)

// Imported is a tariff that was read. It has passed [tariff.Version.Check].
type Imported struct {
	ID      string // that the partner gave it
	Version tariff.Version
	Lost    []tariff.Loss // with fields of OCPI
}

// Import reads a tariff. Invalid, with a field of OCPI.
func Import(v Version, text []byte) (Imported, error) {
	if err := v.check(); err != nil {
		return Imported{}, err
	}
	in := importing{ocpi: v}
	if err := json.Unmarshal(text, &in.wire); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return Imported{}, gnista.Invalidf(wrong.Field, "is a %s, which is not what it should be", wrong.Value)
		}
		return Imported{}, gnista.Errorf(gnista.Invalid, "this is no Tariff of OCPI: %w", err)
	}
	in.unknown(text)
	if err := in.read(); err != nil {
		return Imported{}, err
	}
	if err := in.repair(); err != nil {
		return Imported{}, err
	}
	return Imported{in.wire.ID, in.Version, in.lost}, nil
}

// importing is a tariff on its way in.
type importing struct {
	ocpi Version
	wire wireTariff
	tariff.Version
	places []place // of the elements
	lost   losses
}

// place is where an element comes from.
type place struct{ element, component string }

func (in *importing) read() error {
	w := &in.wire
	in.Currency = w.Currency
	switch {
	case in.ocpi == V221 || w.TaxIncluded == taxNo:
		in.Net = true
	case w.TaxIncluded == taxYes, w.TaxIncluded == taxNone:
	case w.TaxIncluded == "":
		in.Net = true
		in.lost.add(true, "tax_included", "is missing; prices are taken to be without taxes")
	default:
		return gnista.Invalidf("tax_included", "%q is not YES, NO or N/A", w.TaxIncluded)
	}
	if len(w.Elements) == 0 {
		return gnista.Invalidf("elements", "is empty; a tariff that is free has a FLAT price of 0")
	}
	for i, e := range w.Elements {
		if err := in.element(fmt.Sprintf("elements[%d]", i), e); err != nil {
			return err
		}
	}
	var err error
	if in.Min, err = in.limit("min_price", w.Min, false); err != nil {
		return err
	}
	if in.Max, err = in.limit("max_price", w.Max, true); err != nil {
		return err
	}
	if w.Start != nil && w.Start.UnixMilli() > 0 {
		in.ValidFrom = w.Start.UTC().Truncate(time.Millisecond)
	}
	in.rest()
	return nil
}

// rest tells of the properties that a tariff has no place for.
func (in *importing) rest() {
	w := &in.wire
	if w.End != nil {
		in.lost.add(false, "end_date_time", "a tariff has no end here, it is followed by another version: add one, or assign another tariff")
	}
	if w.Type != "" {
		in.lost.add(false, "type", "which way of charging or paying a tariff is for is said by assigning it")
	}
	if len(w.AltText) > 0 {
		in.lost.add(false, "tariff_alt_text", "the text of a tariff is made from its prices")
	}
	if w.AltURL != "" {
		in.lost.add(false, "tariff_alt_url", "there is no place for it")
	}
	if len(w.EnergyMix) > 0 && string(w.EnergyMix) != "null" {
		in.lost.add(false, "energy_mix", "there is no place for it")
	}
	if w.Preauthorize != nil {
		in.lost.add(false, "preauthorize_amount", "what is set aside is said of the account")
	}
}

var components = map[string]map[bool]tariff.Dimension{ // by whether it is of a reservation
	"ENERGY":       {false: tariff.Energy},
	"TIME":         {false: tariff.Time, true: tariff.Reservation},
	"PARKING_TIME": {false: tariff.Idle},
	"FLAT":         {false: tariff.Start, true: tariff.Reserving},
}

func (in *importing) element(path string, e wireElement) error {
	var when tariff.Restriction
	reserved := false
	if e.Restrictions != nil {
		var err error
		if when, err = in.restriction(path+".restrictions", *e.Restrictions); err != nil {
			return err
		}
		reserved = e.Restrictions.Reservation != ""
	}
	for i, c := range e.Components {
		at := fmt.Sprintf("%s.price_components[%d]", path, i)
		of, known := components[c.Type]
		if !known {
			return gnista.Invalidf(at+".type", "%q is not ENERGY, FLAT, PARKING_TIME or TIME", c.Type)
		}
		d, ok := of[reserved]
		if !ok {
			in.lost.add(false, at, "a reservation has no %s, so that the price never applies", c.Type)
			continue
		}
		x := tariff.Element{Dimension: d, When: when, PerHour: d == tariff.Time || d == tariff.Idle || d == tariff.Reservation}
		var err error
		if x.Price, err = in.number(at+".price", c.Price); err != nil {
			return err
		}
		switch {
		case in.wire.TaxIncluded == taxNone && in.ocpi == V230:
			x.VAT = "0"
			if c.VAT != nil {
				in.lost.add(false, at+".vat", "no taxes are due by this tariff")
			}
		case c.VAT == nil:
			x.VAT = "0"
			in.lost.add(true, at+".vat", "is missing; taken as 0 %%")
		default:
			if x.VAT, err = in.number(at+".vat", c.VAT); err != nil {
				return err
			}
		}
		if d != tariff.Start && d != tariff.Reserving {
			if x.Step = c.Step; c.Step == 0 {
				x.Step = 1
				in.lost.add(true, at+".step_size", "is 0; taken as 1")
			}
		}
		in.Elements = append(in.Elements, x)
		in.places = append(in.places, place{path, at})
	}
	return nil
}

// number reads a price or a percentage.
func (in *importing) number(path string, n *json.Number) (tariff.Decimal, error) {
	if n == nil {
		return "", gnista.Invalidf(path, "is missing")
	}
	x, err := rat(path, *n)
	if err != nil {
		return "", err
	}
	d, exact := decimal(x, maxDigits)
	if !exact {
		in.lost.add(true, path, "%s is rounded to %s", *n, d)
	}
	return tariff.Decimal(d), nil
}

// rat reads a number that is not negative, of a size that makes sense.
func rat(path string, n json.Number) (*big.Rat, error) {
	if len(n) > 40 {
		return nil, gnista.Invalidf(path, "has too many digits")
	}
	if f, err := n.Float64(); err != nil || f < 0 || f > 1e12 || f > 0 && f < 1e-12 {
		return nil, gnista.Invalidf(path, "%s is not a number of 0 or more that makes sense", n)
	}
	x, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return nil, gnista.Invalidf(path, "%s is not a number", n)
	}
	return x, nil
}

// thousands reads a bound in a unit that is a thousand times ours.
func (in *importing) thousands(path string, n *json.Number, unit string) (*int64, error) {
	if n == nil {
		return nil, nil
	}
	x, err := rat(path, *n)
	if err != nil {
		return nil, err
	}
	text, exact := decimal(x.Mul(x, big.NewRat(1000, 1)), 0)
	whole, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, gnista.Invalidf(path, "%s is too large", *n)
	}
	if !exact {
		in.lost.add(true, path, "%s is rounded to %d %s", *n, whole, unit)
	}
	return &whole, nil
}

func (in *importing) restriction(path string, w wireRestrictions) (r tariff.Restriction, err error) {
	r = tariff.Restriction{From: w.From, To: w.To, Since: w.Since, Until: w.Until, MinTime: w.MinDuration, MaxTime: w.MaxDuration}
	for _, x := range []struct {
		name string
		from *json.Number
		to   **int64
		unit string
	}{
		{"min_kwh", w.MinKWh, &r.MinWh, "Wh"}, {"max_kwh", w.MaxKWh, &r.MaxWh, "Wh"}, {"min_power", w.MinKW, &r.MinW, "W"}, {"max_power", w.MaxKW, &r.MaxW, "W"},
		{"min_current", w.MinA, &r.MinMilliA, "mA"}, {"max_current", w.MaxA, &r.MaxMilliA, "mA"},
	} {
		if *x.to, err = in.thousands(path+"."+x.name, x.from, x.unit); err != nil {
			return r, err
		}
	}
	for i, name := range w.Weekdays {
		d, ok := weekday(name)
		if !ok {
			return r, gnista.Invalidf(fmt.Sprintf("%s.day_of_week[%d]", path, i), "%q is no day of the week, like MONDAY", name)
		}
		r.Weekdays = append(r.Weekdays, d)
	}
	switch w.Reservation {
	case "", reservation:
	case expires:
		yes := true
		r.Expired = &yes
	default:
		return r, gnista.Invalidf(path+".reservation", "%q is not RESERVATION or RESERVATION_EXPIRES", w.Reservation)
	}
	return r, nil
}

func weekday(name string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.ToUpper(d.String()) == name {
			return d, true
		}
	}
	return 0, false
}

// limit reads the least or the most that a transaction costs, of which OCPI has two, without taxes and
// with them, that both hold. Here one does: that of the side that the prices are on.
func (in *importing) limit(path string, w *wireLimit, most bool) (tariff.Decimal, error) {
	if w == nil {
		return "", nil
	}
	names := [2]string{"excl_vat", "incl_vat"}
	sides := [2]*json.Number{w.Net, w.Gross}
	if in.ocpi == V230 {
		names, sides = [2]string{"before_taxes", "after_taxes"}, [2]*json.Number{w.Before, w.After}
	}
	var given [2]*big.Rat
	for i, n := range sides {
		if n == nil {
			continue
		}
		var err error
		if given[i], err = rat(path+"."+names[i], *n); err != nil {
			return "", err
		}
	}
	if given[0] == nil && given[1] == nil {
		return "", gnista.Invalidf(path+"."+names[0], "is missing")
	}
	own, other := 0, 1 // the side of the prices
	if !in.Net {
		own, other = 1, 0
	}
	low, high := rates(in.Elements)
	one := low.Rat().Cmp(high.Rat()) == 0
	moved := func(x *big.Rat) *big.Rat { // from the other side to ours
		if in.Net {
			return new(big.Rat).Quo(x, withVAT(high))
		}
		return new(big.Rat).Mul(x, withVAT(high))
	}
	idle := given[own] != nil && given[other] != nil && in.Net && !one && (most && given[own].Cmp(given[other]) == 0 || !most && given[own].Sign() == 0)
	amount := given[own]
	switch {
	case amount == nil || idle:
		amount = moved(given[other])
		if !one {
			in.lost.add(true, path+"."+names[other], "prices are on the other side of VAT, of which there are several rates: the limit is reckoned with %s %%", high)
		}
	case given[other] != nil && !in.agrees(given[own], given[other], one, high, most):
		in.lost.add(false, path+"."+names[other], "a limit is on the side of VAT that the prices are on: only %s is kept", names[own])
	}
	digits, err := tariff.Digits(in.Currency)
	if err != nil {
		return "", err
	}
	d, exact := decimal(amount, digits)
	if !exact {
		in.lost.add(true, path, "is rounded to %s %s", d, in.Currency)
	}
	return tariff.Decimal(d), nil
}

// agrees tells whether the limit on the other side says nothing that ours does not.
func (in *importing) agrees(own, other *big.Rat, one bool, rate tariff.Decimal, most bool) bool {
	net, gross := own, other
	if !in.Net {
		net, gross = other, own
		if most && net.Cmp(gross) >= 0 || !most && net.Sign() == 0 {
			return true // it is never reached before ours
		}
	}
	if !one {
		return false
	}
	off := new(big.Rat).Sub(new(big.Rat).Mul(net, withVAT(rate)), gross)
	return off.Abs(off).Cmp(big.NewRat(1, 1000)) < 0
}

// repair takes away what OCPI allows and can never count, and says what it leaves open.
func (in *importing) repair() error {
	for range len(in.Elements) + 2 {
		err := in.Check()
		wrong, ok := errors.AsType[*gnista.Error](err)
		if !ok {
			return err
		}
		i, field, ok := ofElement(wrong.Field)
		switch {
		case ok && (field == "" || field == ".when"):
			in.lost.add(false, in.places[i].component, "%s", wrong.Detail())
			in.Elements = append(in.Elements[:i:i], in.Elements[i+1:]...)
			in.places = append(in.places[:i:i], in.places[i+1:]...)
		case wrong.Field == "elements" && in.priced(tariff.Energy):
			in.lost.add(true, "elements", "for some energy there is no price; it is free, by an element that says so")
			in.Elements = append(in.Elements, tariff.Element{Dimension: tariff.Energy, Price: "0", VAT: in.Elements[0].VAT, Step: 1})
			in.places = append(in.places, place{"elements", "elements"})
		default:
			return gnista.Invalidf(in.wireField(wrong.Field), "%s", wrong.Detail())
		}
	}
	return in.Check()
}

func (in *importing) priced(d tariff.Dimension) bool {
	for _, e := range in.Elements {
		if e.Dimension == d {
			return true
		}
	}
	return false
}

// ofElement takes the number of the element from a field.
func ofElement(field string) (i int, rest string, ok bool) {
	rest, ok = strings.CutPrefix(field, "elements[")
	if !ok {
		return 0, field, false
	}
	number, rest, ok := strings.Cut(rest, "]")
	i, err := strconv.Atoi(number)
	return i, rest, ok && err == nil
}

// words are the fields of OCPI that ours come from.
var words = map[string]string{
	".price": ".price", ".vatPercent": ".vat", ".step": ".step_size", ".type": ".type",
	".when.from": ".restrictions.start_time", ".when.to": ".restrictions.end_time", ".when.since": ".restrictions.start_date", ".when.until": ".restrictions.end_date",
	".when.weekdays": ".restrictions.day_of_week", ".when.minWh": ".restrictions.min_kwh", ".when.maxWh": ".restrictions.max_kwh",
	".when.minW": ".restrictions.min_power", ".when.maxW": ".restrictions.max_power", ".when.minMilliA": ".restrictions.min_current",
	".when.maxMilliA": ".restrictions.max_current", ".when.minTime": ".restrictions.min_duration", ".when.maxTime": ".restrictions.max_duration",
}

func (in *importing) wireField(field string) string {
	i, rest, ok := ofElement(field)
	switch {
	case !ok && (field == "min" || field == "max"):
		return field + "_price"
	case !ok || i >= len(in.places):
		return field
	case strings.HasPrefix(rest, ".when"):
		return in.places[i].element + words[rest]
	}
	return in.places[i].component + words[rest]
}
