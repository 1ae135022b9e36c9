package site

import (
	"time"

	"gnista"
	"gnista/power"
	"gnista/power/share"
)

// Metering is what a meter of a site shows.
type Metering struct {
	Node  string        `json:"node,omitempty" maxLength:"64" doc:"Id of the node that it measures; absent: the connection"`
	At    *time.Time    `json:"at,omitempty" doc:"Absent: now"`
	Amps  []power.Milli `json:"amps,omitempty" maxItems:"3" doc:"Current of L1, L2 and L3 in A; what is fed into the grid is negative"`
	Watts *int64        `json:"watts,omitempty" minimum:"-1000000000" maximum:"1000000000" doc:"Power over all phases; where there are no currents it is taken to be on all phases alike"`
}

// How far the time of a reading may be from ours, and how many readings of a node are looked back to.
const (
	ahead   = time.Minute
	highFor = 6 // hours
)

// gauge is a node's meter, and what it has shown.
type gauge struct {
	Amps  [3]int64
	Watts int64
	At    time.Time
	Highs [highFor]high // the most that else was taken, hour by hour

	Own    [3]int64  // what else was taken the last time
	OwnAt  time.Time // of the reading that it was reckoned from
	Source Base
}

type high struct {
	Hour int64
	Amps [3]int64
}

// Base is where it is known from what else is taken at a node.
type Base string

// The sources.
const (
	Metered Base = "metered"
	Stated  Base = "stated"  // the tree says it
	Highest Base = "highest" // the most that was taken in the last hours
	Unknown Base = "none"    // nothing is known, and nothing is kept for it
)

// take takes in a reading. Invalid.
func (t *tree) take(g *gauge, r Metering, node int, now time.Time) error {
	at := now
	if r.At != nil {
		at = *r.At
	}
	switch {
	case at.After(now.Add(ahead)):
		return gnista.Invalidf("at", "is in the future by more than %v", ahead)
	case now.Sub(at) > t.stale():
		return gnista.Invalidf("at", "is older than the %v for which a meter is believed", t.stale())
	case !at.After(g.At):
		return gnista.Invalidf("at", "is not after that of the value before, %v", g.At.UTC().Format(time.RFC3339Nano))
	case len(r.Amps) == 0 && r.Watts == nil:
		return gnista.Invalidf("amps", "is needed, or watts")
	case len(r.Amps) != 0 && len(r.Amps) != 3:
		return gnista.Invalidf("amps", "has %d numbers; it is one for each phase", len(r.Amps))
	}
	const most = 10_000_000 // mA
	var amps [3]int64
	for ph, a := range r.Amps {
		if a < -most || a > most {
			return gnista.Invalidf("amps", "%v A is not from -10000 to 10000", a)
		}
		amps[ph] = int64(a)
	}
	var watts int64
	if r.Watts != nil {
		if watts = *r.Watts; watts < -1_000_000_000 || watts > 1_000_000_000 {
			return gnista.Invalidf("watts", "%d W is not from -1000000000 to 1000000000", watts)
		}
	}
	if len(r.Amps) == 0 {
		for ph := range amps {
			amps[ph] = watts * 1000 / int64(3*t.Voltage)
		}
	} else if r.Watts == nil {
		watts = (amps[0] + amps[1] + amps[2]) * int64(t.Voltage) / 1000
	}
	if at.After(now) {
		at = now
	}
	g.Amps, g.Watts, g.At = amps, watts, at
	return nil
}

// fresh tells whether a meter is believed.
func (t *tree) fresh(g *gauge, now time.Time) bool {
	return !g.At.IsZero() && now.Sub(g.At) <= t.stale()
}

// flow is between which bounds what the EVSEs at and below a node take is: these differ where some
// were told something that no reading shows yet.
type flow struct{ least, most [3]int64 }

// flows are those of all nodes.
func (t *tree) flows(spots []Spot, ins []input, now time.Time) []flow {
	list := make([]flow, len(t.nodes))
	for i := range ins {
		in, s := &ins[i], &spots[i]
		if in.car == nil {
			continue
		}
		phases, _ := s.phases(&t.EVSEs[i])
		told := s.most(&t.EVSEs[i], now)
		d := in.draw
		settled, late := d.at.After(s.ToldAt.Add(settles)), now.After(s.ToldAt.Add(settles))
		if now.Sub(d.at) > forgets {
			d.amps, settled = [3]int64{}, false
		}
		f := &list[t.on[i]]
		for ph := range phases {
			least, most := d.amps[ph], d.amps[ph]
			switch {
			case settled || !phases[ph]:
			case late && told < most: // it has followed, though no reading shows it yet
				least, most = told, told
			default:
				least, most = min(least, told), max(most, told)
			}
			f.least[ph] += least
			f.most[ph] += most
		}
	}
	for n := len(list) - 1; n > 0; n-- { // parents come first
		up := &list[t.parent[n]]
		for ph := range 3 {
			up.least[ph] += list[n].least[ph]
			up.most[ph] += list[n].most[ph]
		}
	}
	return list
}

// others is what else is taken right at each node.
func (t *tree) others(limits []share.Node, gauges []gauge, flows []flow, now time.Time) [][3]int64 {
	own := make([][3]int64, len(t.nodes))
	below := make([][3]int64, len(t.nodes)) // with what is right there
	for n := len(t.nodes) - 1; n >= 0; n-- {
		g := &gauges[n]
		switch {
		case t.fresh(g, now) && g.OwnAt.Equal(g.At) && g.Source == Metered:
			// What cars do since that reading does not change what else was taken then.
			own[n] = g.Own
		case t.fresh(g, now):
			for ph := range 3 {
				rest := g.Amps[ph] - below[n][ph]
				low, high := rest-flows[n].most[ph], rest-flows[n].least[ph]
				// Where cars have not followed yet, what was so before is still so as far as it can be; but nothing
				// is left to chance where the limit is exceeded.
				was := g.Own[ph]
				if l := limits[n].Amps[ph]; g.Source != Metered || l != share.None && g.Amps[ph] > l {
					was = high
				}
				own[n][ph] = max(0, min(max(was, low), high))
			}
			g.OwnAt, g.Source = g.At, Metered
			g.keep(own[n], now)
		case len(t.nodes[n].Other) > 0:
			own[n], g.Source = stated(t.nodes[n].Other), Stated
		default:
			own[n], g.Source = g.highest(now)
		}
		g.Own = own[n]
		for ph := range 3 {
			below[n][ph] += own[n][ph]
			if n > 0 {
				below[t.parent[n]][ph] += below[n][ph]
			}
		}
	}
	return own
}

// keep remembers what else was taken.
func (g *gauge) keep(own [3]int64, now time.Time) {
	hour := now.Unix() / 3600
	h := &g.Highs[hour%highFor]
	if h.Hour != hour {
		*h = high{Hour: hour}
	}
	for ph := range own {
		h.Amps[ph] = max(h.Amps[ph], own[ph])
	}
}

// highest is the most that else was taken in the last hours in which the meter was there.
func (g *gauge) highest(now time.Time) (amps [3]int64, source Base) {
	source = Unknown
	if g.At.IsZero() {
		return amps, source
	}
	for _, h := range g.Highs {
		if h.Hour < g.At.Unix()/3600-highFor+1 || h.Hour == 0 {
			continue
		}
		source = Highest
		for ph := range amps {
			amps[ph] = max(amps[ph], h.Amps[ph])
		}
	}
	return amps, source
}
