package site

import (
	"strings"
	"time"

	"gnista/power"
	"gnista/power/share"
)

// days are the names of the days of a week, as time.Weekday counts them.
var days = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// timeOfDay reads a time of day as minutes; false where it is none.
func timeOfDay(s string) (int, bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil && len(s) == 5
}

// hold tells whether it is one of the hours at a time, which is in the zone of the site.
func (h *Hours) hold(at time.Time) bool {
	from, _ := timeOfDay(h.From)
	to, _ := timeOfDay(h.To)
	now := at.Hour()*60 + at.Minute()
	if from < to {
		return from <= now && now < to && h.day(at.Weekday())
	}
	return now >= from && h.day(at.Weekday()) || now < to && h.day((at.Weekday()+6)%7)
}

func (h *Hours) day(d time.Weekday) bool {
	for _, name := range h.Days {
		if name == days[d] {
			return true
		}
	}
	return len(h.Days) == 0
}

// words says the hours in words that need no translation.
func (h *Hours) words() string {
	s := h.From + "–" + h.To
	if len(h.Days) > 0 {
		s = strings.Join(h.Days, ", ") + " " + s
	}
	return s
}

// limit is what holds at a node.
type limit struct {
	amps  [3]int64 // mA, or share.None
	watts int64    // or share.None
	hours string   // in words, where hours have made one of them lower
}

// Which hours are looked at, beside those that hold at a time.
func never(*Hours) bool { return false }
func ever(*Hours) bool  { return true }

// at looks at the hours that hold at a time, which is in the zone of the site.
func at(t time.Time) func(*Hours) bool { return func(h *Hours) bool { return h.hold(t) } }

// limit is what holds at a node in some hours.
func (n *Node) limit(hours func(*Hours) bool) limit {
	l := limit{amps: [3]int64{share.None, share.None, share.None}, watts: share.None}
	lower := func(have *int64, to int64) bool {
		if *have != share.None && *have <= to {
			return false
		}
		*have = to
		return true
	}
	each := func(list []power.Milli) (lowered bool) {
		for ph := range l.amps {
			if len(list) > 0 && lower(&l.amps[ph], int64(list[min(ph, len(list)-1)])) {
				lowered = true
			}
		}
		return lowered
	}
	if n.Breaker != nil {
		each([]power.Milli{*n.Breaker * power.Milli(100-n.Margin) / 100})
	}
	each(n.Amps)
	if n.Watts != nil {
		lower(&l.watts, *n.Watts)
	}
	for i := range n.Hours {
		h := &n.Hours[i]
		if !hours(h) {
			continue
		}
		lowered := each(h.Amps)
		if h.Watts != nil && lower(&l.watts, *h.Watts) {
			lowered = true
		}
		if lowered {
			l.hours = h.words()
		}
	}
	for ph := range l.amps {
		if !strings.ContainsRune(n.Phases, rune('R'+ph)) {
			l.amps[ph] = 0
		}
	}
	return l
}
