package tariff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Language is what texts are written in.
type Language string

// The languages. Texts in any other are in English.
const (
	English Language = "en"
	Swedish Language = "sv"
)

// Text is the version in words, on one line: the price for each kWh, for each minute, for each session, and
// any other, in this order, then the limits and the VAT. (Regulation (EU) 2023/1804 art. 5)
func (v Version) Text(l Language) string {
	w := l.words()
	var parts []string
	for _, d := range []Dimension{Energy, Time, Idle, Start, Reserving, Reservation} {
		var prices []string
		for _, e := range v.Elements {
			if e.Dimension == d {
				prices = append(prices, w.element(e, v.Currency))
			}
		}
		if len(prices) > 0 {
			parts = append(parts, w.names[d]+strings.Join(prices, w.otherwise))
		}
	}
	if v.Min != "" {
		parts = append(parts, fmt.Sprintf(w.min, w.money(v.Min, v.Currency)))
	}
	if v.Max != "" {
		parts = append(parts, fmt.Sprintf(w.max, w.money(v.Max, v.Currency)))
	}
	return strings.Join(append(parts, w.vat(v)), "; ")
}

// words are those of a language.
type words struct {
	point                                 string
	kronor                                string // SEK
	names                                 map[Dimension]string
	subjects                              map[Dimension]string // of VAT
	units                                 map[Dimension]string
	hour, hours                           string
	otherwise                             string
	grace                                 string
	step                                  string
	min, max                              string
	included, added, of                   string
	percent                               string
	clock                                 string
	days                                  [7]string // from Sunday on
	since, before, on                     string
	first, after, between, below, atLeast string
	used, expired                         string
}

func (l Language) words() words {
	units := map[Dimension]string{Energy: "/kWh", Time: "/min", Idle: "/min", Reservation: "/min"}
	if l == Swedish {
		return words{
			point: ",", kronor: "kr", units: units, hour: "/tim", hours: "tim", otherwise: ", annars ", percent: " %",
			names: map[Dimension]string{
				Time: "laddtid ", Idle: "ståtid utan laddning ", Start: "startavgift ", Reservation: "reserverad tid ", Reserving: "reservationsavgift ",
			},
			subjects: map[Dimension]string{Energy: "energi", Time: "laddtid", Idle: "ståtid", Start: "start", Reservation: "reservation", Reserving: "reservation"},
			grace:    "efter %s", step: "avrundat uppåt till hela %s", min: "lägst %s per laddning", max: "högst %s per laddning",
			included: "inkl. %s moms", added: "plus %s moms", of: " på ", clock: "kl. %s–%s", days: [7]string{"sön", "mån", "tis", "ons", "tors", "fre", "lör"},
			since: "från %s", before: "före %s", on: "den %s", first: "de första %s", after: "efter %s", between: "från %s till %s", below: "under %s", atLeast: "från %s",
			used: "om den används", expired: "om ingen kommer",
		}
	}
	return words{
		point: ".", kronor: "SEK", units: units, hour: "/h", hours: "h", otherwise: ", otherwise ", percent: "%",
		names: map[Dimension]string{
			Time: "charging time ", Idle: "standing idle ", Start: "start fee ", Reservation: "reserved time ", Reserving: "reservation fee ",
		},
		subjects: map[Dimension]string{Energy: "energy", Time: "charging time", Idle: "standing idle", Start: "start", Reservation: "reservation", Reserving: "reservation"},
		grace:    "after %s", step: "rounded up to a full %s", min: "at least %s per session", max: "at most %s per session",
		included: "incl. %s VAT", added: "plus %s VAT", of: " on ", clock: "%s–%s", days: [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		since: "from %s", before: "before %s", on: "on %s", first: "for the first %s", after: "after %s", between: "from %s to %s", below: "below %s", atLeast: "from %s",
		used: "if it is used", expired: "if nobody comes",
	}
}

func (w words) element(e Element, currency string) string {
	unit := w.units[e.Dimension]
	if e.PerHour {
		unit = w.hour
	}
	parts := []string{w.money(e.Price, currency) + unit}
	if e.Grace > 0 {
		parts = append(parts, fmt.Sprintf(w.grace, w.duration(int64(e.Grace/time.Second))))
	}
	if when := w.when(e.When); when != "" {
		parts = append(parts, when)
	}
	switch {
	case e.Step <= 1:
	case e.Dimension == Energy:
		parts = append(parts, "("+fmt.Sprintf(w.step, w.thousandth(e.Step, "Wh", "kWh"))+")")
	default:
		parts = append(parts, "("+fmt.Sprintf(w.step, w.duration(e.Step))+")")
	}
	return strings.Join(parts, " ")
}

// when is a restriction in words; empty is always.
func (w words) when(r Restriction) string {
	var parts []string
	if r.From != "" || r.To != "" {
		from, to := r.From, r.To
		if from == "" {
			from = "00:00"
		}
		if to == "" || to == "00:00" {
			to = "24:00"
		}
		parts = append(parts, fmt.Sprintf(w.clock, from, to))
	}
	if len(r.Weekdays) > 0 {
		parts = append(parts, w.weekdays(r.Weekdays))
	}
	if d := w.dates(r.Since, r.Until); d != "" {
		parts = append(parts, d)
	}
	wh := func(n int64) string { return w.thousandth(n, "Wh", "kWh") }
	watt := func(n int64) string { return w.thousandth(n, "W", "kW") }
	ampere := func(n int64) string { return w.thousandth(n, "mA", "A") }
	parts = append(parts, w.amount(r.MinWh, r.MaxWh, wh, w.after, w.first)...)
	parts = append(parts, w.amount(r.MinW, r.MaxW, watt, w.atLeast, w.below)...)
	parts = append(parts, w.amount(r.MinMilliA, r.MaxMilliA, ampere, w.atLeast, w.below)...)
	parts = append(parts, w.amount(r.MinTime, r.MaxTime, w.duration, w.after, w.first)...)
	switch {
	case r.Expired == nil:
	case *r.Expired:
		parts = append(parts, w.expired)
	default:
		parts = append(parts, w.used)
	}
	return strings.Join(parts, " ")
}

func (w words) amount(low, high *int64, text func(int64) string, from, below string) []string {
	switch {
	case low != nil && high != nil:
		return []string{fmt.Sprintf(w.between, text(*low), text(*high))}
	case low != nil:
		return []string{fmt.Sprintf(from, text(*low))}
	case high != nil:
		return []string{fmt.Sprintf(below, text(*high))}
	}
	return nil
}

// dates are the days from one to the one before another.
func (w words) dates(since, until string) string {
	last := until
	if d, err := date("", until); err == nil {
		last = dateOf(d - 1)
	}
	switch {
	case since == "" && until == "":
		return ""
	case until == "":
		return fmt.Sprintf(w.since, since)
	case since == "":
		return fmt.Sprintf(w.before, until)
	case since == last:
		return fmt.Sprintf(w.on, since)
	}
	return fmt.Sprintf(w.between, since, last)
}

// weekdays are in the order of the week, three or more that follow each other as a range.
func (w words) weekdays(list []time.Weekday) string {
	var parts []string
	has := func(d int) bool { return slices.Contains(list, time.Weekday(d%7)) }
	for d := 1; d <= 7; d++ { // from Monday on
		if !has(d) {
			continue
		}
		last := d
		for last < 7 && has(last+1) {
			last++
		}
		if last-d >= 2 {
			parts = append(parts, w.days[d%7]+"–"+w.days[last%7])
			d = last
			continue
		}
		parts = append(parts, w.days[d%7])
	}
	return strings.Join(parts, ", ")
}

// vat tells the rates of VAT, and what each is for when there are several.
func (w words) vat(v Version) string {
	var rates []Decimal
	for _, e := range v.Elements {
		if r := e.VAT.shortest(); !slices.Contains(rates, r) {
			rates = append(rates, r)
		}
	}
	text := w.included
	if v.Net {
		text = w.added
	}
	var parts []string
	for _, r := range rates {
		part := strings.Replace(string(r), ".", w.point, 1) + w.percent
		if len(rates) > 1 {
			var on []string
			for _, e := range v.Elements {
				if s := w.subjects[e.Dimension]; e.VAT.shortest() == r && !slices.Contains(on, s) {
					on = append(on, s)
				}
			}
			parts = append(parts, fmt.Sprintf(text, part)+w.of+strings.Join(on, ", "))
			continue
		}
		parts = append(parts, fmt.Sprintf(text, part))
	}
	return strings.Join(parts, ", ")
}

// money is a price: whole, or with at least the decimals of the currency.
func (w words) money(d Decimal, currency string) string {
	digits, err := Digits(currency)
	if err != nil {
		digits = 2
	}
	whole, fraction, point := strings.Cut(string(d.shortest()), ".")
	if point {
		whole += w.point + fraction + strings.Repeat("0", max(0, digits-len(fraction)))
	}
	if currency == "SEK" {
		currency = w.kronor
	}
	return whole + " " + currency
}

// thousandth is n in the larger unit, where that is no less exact.
func (w words) thousandth(n int64, small, large string) string {
	if n < 1000 && small != "mA" {
		return strconv.FormatInt(n, 10) + " " + small
	}
	text := strings.TrimRight(fmt.Sprintf("%d.%03d", n/1000, n%1000), "0")
	return strings.Replace(strings.TrimSuffix(text, "."), ".", w.point, 1) + " " + large
}

func (w words) duration(seconds int64) string {
	switch {
	case seconds%3600 == 0 && seconds > 0:
		return fmt.Sprintf("%d %s", seconds/3600, w.hours)
	case seconds%60 == 0:
		return fmt.Sprintf("%d min", seconds/60)
	}
	return fmt.Sprintf("%d s", seconds)
}
