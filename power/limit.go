package power

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// Step is a limit from a time on. A limit that is not there does not hold anything back.
type Step struct {
	At    time.Time
	Limit *Milli
}

// at finds the period of a schedule that holds at a time, and when it ends; started is when the
// transaction began, for relative schedules. It is nil when none holds.
func (s *Schedule) at(k Kind, started, t time.Time) *Period {
	begin := started
	if s.Start != nil {
		begin = *s.Start
	}
	if begin.IsZero() || t.Before(begin) {
		return nil
	}
	since := t.Sub(begin)
	if span := k.Span(); span > 0 {
		since %= span
	}
	if s.Duration > 0 && since >= time.Duration(s.Duration)*time.Second {
		return nil
	}
	next := sort.Search(len(s.Periods), func(i int) bool { return time.Duration(s.Periods[i].Start)*time.Second > since })
	if next == 0 {
		return nil
	}
	return &s.Periods[next-1]
}

// orderly tells whether a schedule of a station's can be looked at: it ascends, and is no longer than
// one may be.
func (s *Schedule) orderly() bool {
	return len(s.Periods) <= maxPeriods && slices.IsSortedFunc(s.Periods, func(a, b Period) int { return cmp.Compare(a.Start, b.Start) })
}

// valid tells whether a profile holds at a time. (OCPP 2.x K01.FR.36, K01.FR.37)
func (p *Profile) valid(t time.Time) bool {
	return (p.ValidFrom == nil || !t.Before(*p.ValidFrom)) && (p.ValidTo == nil || t.Before(*p.ValidTo))
}

// LimitAt is the limit of a profile at a time; nil where it has none.
func (p *Profile) LimitAt(started, t time.Time) *Milli {
	if !p.valid(t) {
		return nil
	}
	if x := p.Schedules[0].at(p.Kind, started, t); x != nil {
		return x.Limit
	}
	return nil
}

// changes are the times within a stretch at which a profile may say something else.
func (p *Profile) changes(started, from, to time.Time) []time.Time {
	var list []time.Time
	add := func(t time.Time) {
		if t.After(from) && t.Before(to) {
			list = append(list, t)
		}
	}
	for _, t := range []*time.Time{p.ValidFrom, p.ValidTo} {
		if t != nil {
			add(*t)
		}
	}
	s := &p.Schedules[0]
	begin := started
	if s.Start != nil {
		begin = *s.Start
	}
	span := p.Kind.Span()
	if span > 0 && begin.Before(from) {
		begin = begin.Add(from.Sub(begin) / span * span)
	}
	for begin.Before(to) {
		for _, x := range s.Periods {
			add(begin.Add(time.Duration(x.Start) * time.Second))
		}
		if s.Duration > 0 {
			add(begin.Add(time.Duration(s.Duration) * time.Second))
		}
		if span == 0 {
			break
		}
		begin = begin.Add(span)
	}
	return list
}

// combine is the least of what several groups of profiles allow from a time to another. In each group
// the profile with the highest stack level that holds counts (OCPP 2.x K01.FR.17). Where no group says
// anything the limit is not there.
func combine(groups [][]Profile, started, from, to time.Time) []Step {
	times := []time.Time{from}
	for _, g := range groups {
		slices.SortStableFunc(g, func(a, b Profile) int { return cmp.Compare(b.StackLevel, a.StackLevel) })
		for i := range g {
			times = append(times, g[i].changes(started, from, to)...)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	var steps []Step
	for _, t := range times {
		var least *Milli
		for _, g := range groups {
			for i := range g {
				if limit := g[i].LimitAt(started, t); limit != nil {
					if least == nil || *limit < *least {
						least = limit
					}
					break
				}
			}
		}
		if n := len(steps); n == 0 || !same(steps[n-1].Limit, least) {
			steps = append(steps, Step{t, least})
		}
	}
	return steps
}

func same(a, b *Milli) bool { return a == b || a != nil && b != nil && *a == *b }

// within tells whether a schedule stays below the limits of a profile, all of the same unit.
func (s *Schedule) within(p *Profile, k Kind, started, from, to time.Time) bool {
	own := Profile{Kind: k, Schedules: []Schedule{*s}}
	times := append(own.changes(started, from, to), p.changes(started, from, to)...)
	for _, t := range append(times, from) {
		mine, most := own.LimitAt(started, t), p.LimitAt(started, t)
		if mine != nil && most != nil && *mine > *most {
			return false
		}
	}
	return true
}
