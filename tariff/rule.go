package tariff

import (
	"cmp"
	"math"
	"slices"
	"time"

	"gnista"
)

const day = 24 * 60 // minutes

// rule is an element that is ready to be applied: its restriction as numbers, and what it has come to.
type rule struct {
	Element
	place int // in the version, from 1

	from, to     int   // minutes of the local day; to may be day, and before from is past midnight
	since, until int64 // local days since 1970
	weekdays     uint8 // a bit for each; 0 is all
	mWh          span
	watts, milli span
	elapsed      span // ns

	on  bool // whether the time of day, the weekday and the date are right, see [clock]
	sum tally
}

// span is from a number on and below another.
type span struct{ min, max int64 }

func (s span) has(n int64) bool { return n >= s.min && n < s.max }

func newSpan(low, high *int64, unit int64) span {
	s := span{math.MinInt64, math.MaxInt64}
	if low != nil {
		s.min = times(*low, unit)
	}
	if high != nil {
		s.max = times(*high, unit)
	}
	return s
}

// times multiplies, and stays within an int64.
func times(n, unit int64) int64 {
	if n > math.MaxInt64/unit {
		return math.MaxInt64
	}
	return max(n, math.MinInt64/unit) * unit
}

// newRule reads the restriction of an element. Invalid, of the field within the restriction.
func newRule(e Element, place int) (*rule, error) {
	w := e.When
	r := &rule{
		Element: e, place: place, to: day, since: math.MinInt64, until: math.MaxInt64,
		mWh: newSpan(w.MinWh, w.MaxWh, 1000), watts: newSpan(w.MinW, w.MaxW, 1), milli: newSpan(w.MinMilliA, w.MaxMilliA, 1),
		elapsed: newSpan(w.MinTime, w.MaxTime, int64(time.Second)),
	}
	var err error
	if w.From != "" {
		if r.from, err = minute("from", w.From); err != nil {
			return nil, err
		}
	}
	if w.To != "" {
		if r.to, err = minute("to", w.To); err != nil {
			return nil, err
		}
		if r.to == 0 {
			r.to = day
		}
	}
	if w.Since != "" {
		if r.since, err = date("since", w.Since); err != nil {
			return nil, err
		}
	}
	if w.Until != "" {
		if r.until, err = date("until", w.Until); err != nil {
			return nil, err
		}
	}
	for _, d := range w.Weekdays {
		if d < time.Sunday || d > time.Saturday {
			return nil, gnista.Invalidf("weekdays", "%d is no day of the week", d)
		}
		r.weekdays |= 1 << d
	}
	return r, nil
}

func minute(field, s string) (int, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != 5 {
		return 0, gnista.Invalidf(field, "%q is no time of day, like \"08:00\"", s)
	}
	return t.Hour()*60 + t.Minute(), nil
}

func date(field, s string) (int64, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, gnista.Invalidf(field, "%q is no date, like \"2026-12-24\"", s)
	}
	return days(t.Unix()), nil
}

func days(seconds int64) int64 {
	n := seconds / 86400
	if seconds%86400 < 0 {
		n--
	}
	return n
}

// during tells whether the rule applies at a minute of a local day, as far as the clock tells.
func (r *rule) during(localDay int64, minute int) bool {
	if localDay < r.since || localDay >= r.until {
		return false
	}
	if r.weekdays != 0 && r.weekdays&(1<<weekday(localDay)) == 0 {
		return false
	}
	if r.from <= r.to {
		return minute >= r.from && minute < r.to
	}
	return minute >= r.from || minute < r.to
}

// moment is what restrictions are about, but for the clock.
type moment struct {
	mWh, watts, milli int64
	elapsed           int64 // ns
	expired           bool
}

func (r *rule) holds(m *moment) bool {
	return r.on && r.mWh.has(m.mWh) && r.elapsed.has(m.elapsed) && r.watts.has(m.watts) && r.milli.has(m.milli) && (r.When.Expired == nil || *r.When.Expired == m.expired)
}

// clock knows which rules are right by the local time, and until when that stays so.
type clock struct {
	zone    *time.Location
	rules   []*rule
	minutes []int // of the day, at which something changes; in order, each once
	from    time.Time
	until   time.Time // zero before the first use
}

func newClock(zone *time.Location, rules []*rule) *clock {
	c := &clock{zone: zone, rules: rules}
	if zone == nil {
		c.zone = time.UTC
	}
	for _, r := range rules {
		if r.weekdays != 0 || r.since != math.MinInt64 || r.until != math.MaxInt64 {
			c.minutes = append(c.minutes, 0)
		}
		if r.from != 0 || r.to != day {
			c.minutes = append(c.minutes, r.from, r.to%day)
		}
	}
	slices.Sort(c.minutes)
	c.minutes = slices.Compact(c.minutes)
	for _, r := range rules {
		r.on = true
	}
	return c
}

// set tells the rules that it is t, and returns until when nothing changes, or zero when nothing does. The
// local time is that which a clock on the wall shows, so that on the day on which it is set back an hour
// is twice in what it is in.
func (c *clock) set(t time.Time) time.Time {
	if len(c.minutes) == 0 {
		return time.Time{}
	}
	if !c.until.IsZero() && !t.Before(c.from) && t.Before(c.until) {
		return c.until
	}
	local := t.In(c.zone)
	_, offset := local.Zone()
	wall := t.Unix() + int64(offset)
	today := days(wall)
	second := int(wall - today*86400)
	for _, r := range c.rules {
		r.on = r.during(today, second/60)
	}
	next := c.minutes[0]*60 + 86400
	for _, m := range c.minutes {
		if m*60 > second {
			next = m * 60
			break
		}
	}
	c.from, c.until = t, time.Unix(t.Unix()+int64(next-second), 0).In(t.Location())
	if _, end := local.ZoneBounds(); !end.IsZero() && end.Before(c.until) {
		c.until = end.In(t.Location())
	}
	return c.until
}

// bounds are the ends of spans, in order, each once.
func bounds(rules []*rule, of func(*rule) span) []int64 {
	var list []int64
	for _, r := range rules {
		s := of(r)
		list = append(list, s.min, s.max)
	}
	list = slices.DeleteFunc(list, func(n int64) bool { return n <= 0 || n == math.MaxInt64 })
	slices.SortFunc(list, cmp.Compare[int64])
	return slices.Compact(list)
}

// above is the first of the bounds that is above n; ok is false when there is none.
func above(bounds []int64, n int64) (bound int64, ok bool) {
	i, found := slices.BinarySearch(bounds, n)
	if found {
		i++
	}
	if i == len(bounds) {
		return 0, false
	}
	return bounds[i], true
}
