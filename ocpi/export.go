package ocpi

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"time"

	"gnista/tariff"
)

// Cover is what a partner is told beside the prices.
type Cover struct {
	CountryCode string // ISO 3166-1 alpha-2 of the operator
	PartyID     string // of the operator, three characters
	ID          string // of the tariff
	Texts       []Text
}

// Text is the tariff in words.
type Text struct{ Language, Text string }

// Export writes a version of a tariff, and says what of it partners cannot be told, with our fields. Invalid.
func Export(v Version, c Cover, x tariff.Version) (json.RawMessage, []tariff.Loss, error) {
	if err := v.check(); err != nil {
		return nil, nil, err
	}
	out := exporting{ocpi: v, version: x}
	out.wire = wireTariff{CountryCode: c.CountryCode, PartyID: c.PartyID, ID: c.ID, Currency: x.Currency, Updated: &instant{x.CreatedAt.UTC().Truncate(time.Second)}}
	if c.CountryCode == "" || c.PartyID == "" {
		out.lost.add(false, "country_code", "the operator's country_code and party_id are not said, and partners need both")
	}
	for _, t := range c.Texts {
		out.wire.AltText = append(out.wire.AltText, wireText(t))
	}
	if v == V230 {
		out.wire.TaxIncluded = map[bool]string{true: taxNo, false: taxYes}[x.Net]
	}
	if !x.ValidFrom.IsZero() {
		out.wire.Start = &instant{x.ValidFrom.UTC()}
	}
	out.wire.Min, out.wire.Max = out.limit("minPrice", x.Min, false), out.limit("maxPrice", x.Max, true)
	for i, e := range x.Elements {
		out.element(fmt.Sprintf("elements[%d]", i), e)
	}
	text, err := json.Marshal(out.wire)
	return text, out.lost, err
}

// exporting is a tariff on its way out.
type exporting struct {
	ocpi    Version
	version tariff.Version
	wire    wireTariff
	lost    losses
}

var wireTypes = map[tariff.Dimension]string{
	tariff.Energy: "ENERGY", tariff.Time: "TIME", tariff.Idle: "PARKING_TIME", tariff.Start: "FLAT", tariff.Reservation: "TIME", tariff.Reserving: "FLAT",
}

func (out *exporting) element(field string, e tariff.Element) {
	price := e.Price.Rat()
	timed := e.Dimension == tariff.Time || e.Dimension == tariff.Idle || e.Dimension == tariff.Reservation
	if timed && !e.PerHour {
		price.Mul(price, big.NewRat(60, 1))
	}
	c := wireComponent{Type: wireTypes[e.Dimension], Step: max(1, e.Step)}
	if out.ocpi == V221 && !out.version.Net {
		price.Quo(price, withVAT(e.VAT))
	}
	var exact bool
	if c.Price, exact = number(price, maxDigits); !exact {
		out.lost.add(true, field+".price", "the price is without VAT and for an hour of time there; that is no decimal number, and rounded to %s", *c.Price)
	}
	c.VAT, _ = number(e.VAT.Rat(), maxDigits)
	if e.Step > 1 && out.ocpi == V230 {
		out.lost.add(true, field+".stepSize", "OCPI 2.3.0 advises against steps above 1, and partners may not reckon with them")
	}
	if e.Grace > 0 {
		out.lost.add(false, field+".graceMinutes", "there is no free idle time: the first %s are paid for there", e.Grace)
	}
	r := out.restrictions(field, e)
	if last := len(out.wire.Elements) - 1; last >= 0 && reflect.DeepEqual(out.wire.Elements[last].Restrictions, r) && !out.wire.Elements[last].has(c.Type) {
		out.wire.Elements[last].Components = append(out.wire.Elements[last].Components, c)
		return
	}
	out.wire.Elements = append(out.wire.Elements, wireElement{[]wireComponent{c}, r})
}

func (e wireElement) has(kind string) bool {
	for _, c := range e.Components {
		if c.Type == kind {
			return true
		}
	}
	return false
}

// number writes a number.
func number(x *big.Rat, digits int) (n *json.Number, exact bool) {
	d, exact := decimal(x, digits)
	text := json.Number(d)
	return &text, exact
}

func thousandth(n *int64) *json.Number {
	if n == nil {
		return nil
	}
	text, _ := number(big.NewRat(*n, 1000), 3)
	return text
}

func (out *exporting) restrictions(field string, e tariff.Element) *wireRestrictions {
	w := e.When
	r := wireRestrictions{
		From: w.From, To: w.To, Since: w.Since, Until: w.Until, MinKWh: thousandth(w.MinWh), MaxKWh: thousandth(w.MaxWh), MinKW: thousandth(w.MinW), MaxKW: thousandth(w.MaxW),
		MinA: thousandth(w.MinMilliA), MaxA: thousandth(w.MaxMilliA), MinDuration: w.MinTime, MaxDuration: w.MaxTime,
	}
	for _, d := range w.Weekdays {
		r.Weekdays = append(r.Weekdays, strings.ToUpper(d.String()))
	}
	if e.Dimension == tariff.Reservation || e.Dimension == tariff.Reserving {
		switch {
		case w.Expired == nil:
			r.Reservation = reservation
		case *w.Expired:
			r.Reservation = expires
		default:
			r.Reservation = reservation
			out.lost.add(true, field+".restrictions.expired", "there is no price for used reservations alone: it holds for those that expire as well, unless an earlier element does")
		}
	}
	if reflect.ValueOf(r).IsZero() {
		return nil
	}
	return &r
}

// limit writes the least or the most that a transaction costs. What is without taxes must be told, also
// where what is with them counts: with several rates of VAT it is then one that is never reached first.
func (out *exporting) limit(field string, d tariff.Decimal, most bool) *wireLimit {
	if d == "" {
		return nil
	}
	own, _ := number(d.Rat(), maxDigits)
	var net, gross *json.Number
	if out.version.Net {
		net = own
	} else {
		gross = own
		low, high := rates(out.version.Elements)
		switch {
		case low.Rat().Cmp(high.Rat()) == 0:
			var exact bool
			if net, exact = number(new(big.Rat).Quo(d.Rat(), withVAT(low)), maxDigits); !exact {
				out.lost.add(true, field, "without VAT it is no decimal number, and rounded to %s", *net)
			}
		case most:
			net = own
		default:
			zero := json.Number("0")
			net = &zero
		}
	}
	if out.ocpi == V221 {
		return &wireLimit{Net: net, Gross: gross}
	}
	return &wireLimit{Before: net, After: gross}
}
