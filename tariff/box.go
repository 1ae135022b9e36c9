package tariff

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// box is where an element applies: where everything is within its span. A restriction that goes past
// midnight is two.
type box struct {
	spans    [axes]span
	weekdays uint8
	expired  uint8 // bit 0: a reservation that was used, bit 1: one that was not
}

// What spans are about.
const (
	minutes = iota // of the day
	dates          // days since 1970
	energies
	powers
	currents
	durations
	axes
)

const allDays = 1<<7 - 1

// everything is all that an element of a dimension can be asked about.
func everything(d Dimension) box {
	any, none := span{0, math.MaxInt64}, span{0, 1}
	b := box{weekdays: allDays, expired: 1}
	b.spans = [axes]span{{0, day}, {math.MinInt64, math.MaxInt64}, any, any, any, any}
	switch d {
	case Start, Reserving:
		b.spans[energies], b.spans[powers], b.spans[currents], b.spans[durations] = none, none, none, none
	case Reservation:
		b.spans[energies], b.spans[powers], b.spans[currents] = none, none, none
	}
	if d == Reservation || d == Reserving {
		b.expired = 1 | 2
	}
	return b
}

// boxes are where the element applies; none is nowhere.
func (r *rule) boxes() []box {
	b := everything(r.Dimension)
	within := box{weekdays: r.weekdays, expired: 1 | 2}
	if within.weekdays == 0 {
		within.weekdays = allDays
	}
	if x := r.When.Expired; x != nil && *x {
		within.expired = 2
	} else if x != nil {
		within.expired = 1
	}
	within.spans = [axes]span{{int64(r.from), int64(r.to)}, {r.since, r.until}, r.mWh, r.watts, r.milli, r.elapsed}
	parts := []box{within}
	if r.from > r.to {
		evening, morning := within, within
		evening.spans[minutes], morning.spans[minutes] = span{int64(r.from), day}, span{0, int64(r.to)}
		parts = []box{evening, morning}
	}
	var list []box
	for _, p := range parts {
		if p = p.meet(b); !p.empty() {
			list = append(list, p)
		}
	}
	return list
}

// meet is what is in both.
func (b box) meet(o box) box {
	for i := range b.spans {
		b.spans[i] = span{max(b.spans[i].min, o.spans[i].min), min(b.spans[i].max, o.spans[i].max)}
	}
	b.weekdays &= o.weekdays
	b.expired &= o.expired
	return b
}

func (b box) empty() bool {
	if b.weekdays == 0 || b.expired == 0 || slices.ContainsFunc(b.spans[:], func(s span) bool { return s.min >= s.max }) {
		return true
	}
	d := b.spans[dates]
	if d.min < d.max-7 || d.min == math.MinInt64 || d.max == math.MaxInt64 {
		return false
	}
	for ; d.min < d.max; d.min++ {
		if b.weekdays&(1<<weekday(d.min)) != 0 {
			return false
		}
	}
	return true
}

// weekday of a day since 1970, which began on a Thursday.
func weekday(day int64) time.Weekday { return time.Weekday((day%7 + 7 + 4) % 7) }

// patience bounds how long a place is looked for that no box covers. Tariffs of people take some hundred.
const patience = 20_000

// without finds a part of the box that is in none of others. Where that takes too long it is not known.
func (b box) without(others []box) (part box, found, known bool) {
	left := patience
	part, found = b.search(others, &left)
	return part, found, left > 0
}

func (b box) search(others []box, left *int) (box, bool) {
	if *left--; *left <= 0 || b.empty() {
		return b, false
	}
	i := slices.IndexFunc(others, func(o box) bool { return !b.meet(o).empty() })
	if i < 0 {
		return b, true
	}
	o := others[i].meet(b)
	others = others[i+1:]
	// What of b is not in o is cut off, side by side, each part from what is left.
	for axis := range b.spans {
		below, above := b, b
		below.spans[axis].max, above.spans[axis].min = o.spans[axis].min, o.spans[axis].max
		for _, part := range []box{below, above} {
			if part, ok := part.search(others, left); ok {
				return part, true
			}
		}
		b.spans[axis] = o.spans[axis]
	}
	rest := b
	rest.weekdays &^= o.weekdays
	if part, ok := rest.search(others, left); ok {
		return part, true
	}
	b.weekdays = o.weekdays
	b.expired &^= o.expired
	return b.search(others, left)
}

// String says where the box begins.
func (b box) String() string {
	var words []string
	if b.weekdays != allDays {
		for d := time.Sunday; d <= time.Saturday; d++ {
			if b.weekdays&(1<<d) != 0 {
				words = append(words, "on "+d.String())
				break
			}
		}
	}
	if s := b.spans[minutes]; s != (span{0, day}) {
		words = append(words, fmt.Sprintf("at %02d:%02d", s.min/60, s.min%60))
	}
	if s := b.spans[dates]; s.min != math.MinInt64 {
		words = append(words, "from "+dateOf(s.min))
	} else if s.max != math.MaxInt64 {
		words = append(words, "before "+dateOf(s.max))
	}
	for _, x := range []struct {
		axis int
		per  int64
		unit string
	}{{energies, 1000, "Wh"}, {powers, 1, "W"}, {currents, 1, "mA"}, {durations, int64(time.Second), "s"}} {
		if s := b.spans[x.axis]; s.min > 0 {
			words = append(words, fmt.Sprintf("from %d %s", s.min/x.per, x.unit))
		} else if s.max != math.MaxInt64 {
			words = append(words, fmt.Sprintf("below %d %s", s.max/x.per, x.unit))
		}
	}
	return strings.Join(words, ", ")
}

func dateOf(day int64) string { return time.Unix(day*86400, 0).UTC().Format(time.DateOnly) }
