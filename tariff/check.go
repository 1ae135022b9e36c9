package tariff

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"gnista"
)

// maxElements is how many elements a version may have.
const maxElements = 100

// maxStep bounds a step: 1000 kWh, or eleven days.
const maxStep = 1_000_000

// Check tells whether the version may be used. Its currency is looked at only when it has one, as a new
// version gets that of its tariff. Invalid, of a field like "elements[1].when.to".
func (v Version) Check() error {
	if len(v.Elements) == 0 {
		return gnista.Invalidf("elements", "is empty; a tariff that is free has an energy price of 0")
	}
	if len(v.Elements) > maxElements {
		return gnista.Invalidf("elements", "has %d elements; at most %d can be used", len(v.Elements), maxElements)
	}
	if err := v.checkLimits(); err != nil {
		return err
	}
	earlier := map[Dimension][]box{}
	for i, e := range v.Elements {
		field := fmt.Sprintf("elements[%d]", i)
		if err := e.check(field); err != nil {
			return err
		}
		rule, err := newRule(e, i+1)
		if err != nil {
			return under(field+".when", err)
		}
		if err := rule.check(field + ".when"); err != nil {
			return err
		}
		own := rule.boxes()
		if len(own) == 0 {
			return gnista.Invalidf(field+".when", "is never: %s", never(e.Dimension))
		}
		if !slices.ContainsFunc(own, func(b box) bool { _, found, known := b.without(earlier[e.Dimension]); return found || !known }) {
			return gnista.Invalidf(field, "is never used: wherever it applies an earlier element for %s does, and the first one counts; put it before that, or leave it out", e.Dimension)
		}
		earlier[e.Dimension] = append(earlier[e.Dimension], own...)
	}
	if have := earlier[Energy]; len(have) > 0 {
		if gap, found, known := everything(Energy).without(have); found && known {
			return gnista.Invalidf("elements", "have no price for energy %s; add an energy element without restrictions as the last one, with the price 0 where energy is free", gap)
		}
	}
	return nil
}

func (v Version) checkLimits() error {
	digits := 6
	if v.Currency != "" {
		var err error
		if digits, err = Digits(v.Currency); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		field string
		limit Decimal
	}{{"min", v.Min}, {"max", v.Max}} {
		_, fraction, _ := strings.Cut(string(x.limit.shortest()), ".")
		switch {
		case x.limit == "":
		case !x.limit.valid():
			return gnista.Invalidf(x.field, "%q is not a decimal number of 0 or more, like \"20\"", x.limit)
		case len(fraction) > digits:
			return gnista.Invalidf(x.field, "%q has more decimals than amounts in %s", x.limit, v.Currency)
		}
	}
	if v.Min != "" && v.Max != "" && v.Min.Rat().Cmp(v.Max.Rat()) > 0 {
		return gnista.Invalidf("min", "%s is more than the max of %s", v.Min, v.Max)
	}
	return nil
}

// check looks at all but the numbers of the restriction.
func (e Element) check(field string) error {
	timed := e.Dimension == Time || e.Dimension == Idle || e.Dimension == Reservation
	reserving := e.Dimension == Reservation || e.Dimension == Reserving
	switch e.Dimension {
	case Energy, Time, Idle, Start, Reservation, Reserving:
	default:
		return gnista.Invalidf(field+".type", "%q is not energy, time, idle, start, reservation or reserving", e.Dimension)
	}
	switch {
	case !e.Price.valid():
		return gnista.Invalidf(field+".price", "%q is not a decimal number of 0 or more, like \"4.95\"", e.Price)
	case !e.VAT.valid() || e.VAT.Rat().Cmp(big.NewRat(100, 1)) > 0:
		return gnista.Invalidf(field+".vatPercent", "%q is not a percentage, like \"25\"", e.VAT)
	case e.PerHour && !timed:
		return gnista.Invalidf(field+".perHour", "belongs to a price of time, which that of %s is not", e.Dimension)
	case e.Grace < 0 || e.Grace > 0 && e.Dimension != Idle:
		return gnista.Invalidf(field+".graceMinutes", "belongs to an idle price and is not negative")
	case e.Grace%time.Second != 0:
		return gnista.Invalidf(field+".graceMinutes", "is not a number of whole seconds")
	case e.Step < 0 || e.Step > maxStep:
		return gnista.Invalidf(field+".step", "must be 0 to %d", maxStep)
	case e.Step > 0 && !timed && e.Dimension != Energy:
		return gnista.Invalidf(field+".step", "belongs to a price of energy or time: %s is counted, not measured", e.Dimension)
	case e.When.Expired != nil && !reserving:
		return gnista.Invalidf(field+".when.expired", "belongs to a price of reservations")
	}
	return nil
}

// check looks at the numbers of the restriction.
func (r *rule) check(field string) error {
	w := r.When
	for _, x := range []struct {
		low, high string
		min, max  *int64
	}{
		{"minWh", "maxWh", w.MinWh, w.MaxWh}, {"minW", "maxW", w.MinW, w.MaxW}, {"minMilliA", "maxMilliA", w.MinMilliA, w.MaxMilliA}, {"minTime", "maxTime", w.MinTime, w.MaxTime},
	} {
		switch {
		case x.min != nil && *x.min < 0:
			return gnista.Invalidf(field+"."+x.low, "is negative")
		case x.max != nil && *x.max <= 0:
			return gnista.Invalidf(field+"."+x.high, "must be above 0: it is the bound below which the element applies")
		case x.min != nil && x.max != nil && *x.min >= *x.max:
			return gnista.Invalidf(field+"."+x.low, "%d is not below %s, %d, so that the element never applies", *x.min, x.high, *x.max)
		}
	}
	seen := map[time.Weekday]bool{}
	for _, d := range w.Weekdays {
		if seen[d] {
			return gnista.Invalidf(field+".weekdays", "has %s twice", d)
		}
		seen[d] = true
	}
	switch {
	case r.from == r.to:
		return gnista.Invalidf(field+".to", "%q is where it begins; leave out both for the whole day", w.To)
	case r.since >= r.until:
		return gnista.Invalidf(field+".until", "%s is not after %s; it is the first day on which the element does not apply any more", w.Until, w.Since)
	}
	return nil
}

// never says why an element of a dimension may never apply.
func never(d Dimension) string {
	switch d {
	case Start:
		return "a price for starting is decided when nothing has flowed and no time has passed; leave out bounds of energy, power, current and time, or check the weekdays of the dates"
	case Reservation, Reserving:
		return "no energy flows in a reservation; leave out bounds of energy, power and current, or check the weekdays of the dates"
	}
	return "none of its dates is on one of its weekdays"
}

// under puts the field of an error below another.
func under(field string, err error) error {
	if e, ok := errors.AsType[*gnista.Error](err); ok && e.Field != "" {
		return gnista.Invalidf(field+"."+e.Field, "%s", e.Detail())
	}
	return err
}
