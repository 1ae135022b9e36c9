package site

import (
	"time"

	"gnista/power/share"
)

// Code is why a place may take what it may.
type Code string

// The codes. Those from Offline on are of places that count with what they may take at the most.
const (
	Idle        Code = "idle"      // no car
	Full        Code = "full"      // all that the EVSE gives
	CarLimit    Code = "car"       // all that the car can use
	OthersLimit Code = "operator"  // all that another profile or limit allows
	WasLowered  Code = "lowered"   // it reported too much power
	Shared      Code = "shared"    // a limit is shared
	Behind      Code = "priority"  // others go first
	Waits       Code = "turn"      // others have their turn
	Shortage    Code = "shortfall" // there is less than a car needs
	Stepped     Code = "steps"     // the model knows no current between
	Rests       Code = "resting"   // the car takes nothing
	Offline     Code = "offline"
	NotOurs     Code = "unknown-station"
	OthersHold  Code = "operator-above" // a profile of the operator's goes before ours
	InTrouble   Code = "trouble"        // see Trouble
)

// choice is what is decided for a place. Currents are mA.
type choice struct {
	code   Code
	target int64 // what it should be told
	most   int64 // what it may take now
	phases [3]bool
	load   int  // index in the problem; -1 where it does not count
	told   bool // it is to be told at all
	share  share.Share
}

// decision is how the power of a site is divided at a time.
type decision struct {
	at       time.Time
	problem  *share.Problem
	hours    []string // by node, in words, where they make its limit lower
	division *share.Division
	choices  []choice
	flows    []flow
	others   [][3]int64
}

// decide divides the power of a site.
func (t *tree) decide(spots []Spot, ins []input, gauges []gauge, local, now time.Time) (*decision, error) {
	d := &decision{at: now, choices: make([]choice, len(spots)), flows: t.flows(spots, ins, now)}
	d.problem, d.hours = t.problem(at(local))
	d.others = t.others(d.problem.Nodes, gauges, d.flows, now)
	for n := range t.nodes {
		d.problem.Nodes[n].Other = d.others[n]
	}
	for i := range spots {
		t.enter(d, i, &spots[i], &ins[i], now)
	}
	var err error
	for range len(spots) + 1 {
		if d.division, err = share.Divide(d.problem); err != nil {
			return nil, err
		}
		// Who must not be told to give nothing is given the least there is, also where it is too much.
		again := false
		for i := range d.choices {
			c := &d.choices[i]
			if !c.told || c.load < 0 || d.division.Shares[c.load].Amps > 0 || ins[i].pausable() {
				continue
			}
			l := &d.problem.Loads[c.load]
			l.Max, l.Fixed, again = l.Min, true, true
		}
		if !again {
			break
		}
	}
	for i := range d.choices {
		c := &d.choices[i]
		if c.load < 0 {
			continue
		}
		c.share = d.division.Shares[c.load]
		if c.told {
			c.target = c.share.Amps
			c.code = t.reason(&spots[i], &ins[i], i, c.share)
		}
	}
	return d, nil
}

// enter makes a load of a place, if it counts.
func (t *tree) enter(d *decision, i int, s *Spot, in *input, now time.Time) {
	c, p := &d.choices[i], &t.EVSEs[i]
	c.load = -1
	c.phases, _ = s.phases(p)
	c.most = s.most(p, now)
	l := t.load(i)
	l.Phases = c.phases
	fixed := func(code Code, amps int64) {
		c.code, c.target = code, amps
		if amps > 0 {
			l.Max, l.Min, l.Fixed = amps, 0, true
			c.load, d.problem.Loads = len(d.problem.Loads), append(d.problem.Loads, l)
		}
	}
	measured := in.draw.measured()
	switch {
	case !in.ours:
		fixed(NotOurs, int64(p.Max))
		return
	case !in.online:
		c.most = max(c.most, s.safe(p)) // another car may have come
		fixed(Offline, c.most)
		return
	case in.car == nil:
		c.code = Idle
		return
	case in.own.above:
		c.most = min(int64(p.Max), in.own.amps)
		fixed(OthersHold, c.most)
		return
	case s.Trouble == NotFollowing && now.Before(s.RetryAt):
		c.most = max(measured, c.most)
		fixed(InTrouble, c.most)
		return
	case s.Trouble != "" && now.Before(s.RetryAt):
		fixed(InTrouble, c.most)
		return
	}
	c.told = true
	if !s.RestsAt.IsZero() {
		// It is full. When it takes something again it is seen at once; until then it may take no more than an
		// EVSE without a car.
		c.code, c.target = Rests, s.safe(p)
		if s.Safe != Verified && s.Safe != Believed {
			c.target = 0
		}
		if c.target == 0 && now.Sub(s.RestsAt) >= probes && now.Sub(s.RestsAt)%probes < probing {
			c.target = l.Min // it is asked whether it wants something
		}
		return
	}
	if over := measured - c.most; s.overs > 0 && over > 0 { // it takes more than it was told: so much less is left for others
		for ph, on := range c.phases {
			if on {
				d.problem.Nodes[t.on[i]].Other[ph] += over
			}
		}
	}
	l.Min, l.Steps = in.least(p), in.known()
	l.Max = t.useful(s, in, i)
	if l.Steps == nil {
		l.Max -= l.Max % step
	}
	if l.Max < l.Min {
		l.Max = 0
		if !in.pausable() {
			l.Max = l.Min
		}
	}
	switch {
	case !s.SharesAt.IsZero():
		l.Held, l.Waited = now.Sub(s.SharesAt) < t.turn(), -int64(now.Sub(s.SharesAt)/time.Second)
	case !s.WaitsAt.IsZero():
		l.Waited = int64(now.Sub(s.WaitsAt) / time.Second)
	}
	if !in.pausable() {
		l.Held, l.Waited = true, 1<<40
	}
	c.load, d.problem.Loads = len(d.problem.Loads), append(d.problem.Loads, l)
}

// useful is the most that a place can use, whatever there is.
func (t *tree) useful(s *Spot, in *input, i int) int64 {
	most := int64(t.EVSEs[i].Max)
	if in.own.amps != share.None {
		most = min(most, in.own.amps)
	}
	for _, m := range []int64{s.Lowered, s.Want} {
		if m > 0 {
			most = min(most, m)
		}
	}
	return most
}

// reason turns the reason of a share into ours.
func (t *tree) reason(s *Spot, in *input, i int, x share.Share) Code {
	switch x.Why {
	case share.Limited:
		return Shared
	case share.Class:
		return Behind
	case share.Turn:
		return Waits
	case share.Shortfall, share.Fixed: // it must not be told to give nothing
		return Shortage
	case share.Steps:
		return Stepped
	}
	switch most := t.useful(s, in, i); {
	case in.own.amps != share.None && in.own.amps <= most:
		return OthersLimit
	case s.Lowered > 0 && s.Lowered <= most:
		return WasLowered
	case s.Want > 0 && s.Want <= most:
		return CarLimit
	}
	return Full
}

// sums are what may flow at the nodes: mA on each phase, and W.
type sums struct {
	t    *tree
	p    *share.Problem
	amps [][3]int64
}

// sum adds up what may be taken now.
func (t *tree) sum(d *decision) *sums {
	s := &sums{t, d.problem, make([][3]int64, len(t.nodes))}
	for n := range d.problem.Nodes {
		for ph, a := range d.problem.Nodes[n].Other {
			for _, up := range t.path(n) {
				s.amps[up][ph] += a
			}
		}
	}
	for i := range d.choices {
		if c := &d.choices[i]; c.load >= 0 {
			s.add(t.on[i], c.phases, c.most)
		}
	}
	return s
}

func (s *sums) add(node int, phases [3]bool, amps int64) {
	for _, n := range s.t.path(node) {
		for ph, on := range phases {
			if on {
				s.amps[n][ph] += amps
			}
		}
	}
}

// within tells whether the limits of a node and those above it are kept.
func (s *sums) within(node int) bool {
	for _, n := range s.t.path(node) {
		l := &s.p.Nodes[n]
		total := int64(0)
		for ph, a := range s.amps[n] {
			if total += a; l.Amps[ph] != share.None && a > l.Amps[ph] {
				return false
			}
		}
		if l.Watts != share.None && total*int64(s.t.Voltage) > l.Watts*1000 {
			return false
		}
	}
	return true
}

// kept tells whether the limits are kept by what may be taken now.
func (s *sums) kept() bool {
	for n := range s.p.Nodes {
		if !s.within(n) {
			return false
		}
	}
	return true
}

// order is something that a place is to be told.
type order struct {
	i    int
	amps int64
}

// orders are what the places are to be told: first who is to take less, then who may take more. What lapses soon is
// told again. Small changes are left out as long as the limits are kept and nobody waits for them.
func (t *tree) orders(d *decision, spots []Spot) (less, more []order) {
	hysteresis := int64(*t.Hysteresis)
	wanted := false
	for i := range d.choices {
		if c := &d.choices[i]; c.told && t.big(c, hysteresis) && c.target > c.most {
			wanted = true
		}
	}
	lax := !wanted && t.sum(d).kept()
	for i := range d.choices {
		c, s := &d.choices[i], &spots[i]
		if !c.told {
			continue
		}
		lapses := s.Until.Sub(d.at) < t.hold()/3
		small := !t.big(c, hysteresis)
		switch {
		case c.target < c.most && (!lax || !small):
			less = append(less, order{i, c.target})
		case c.target < c.most && lapses:
			less = append(less, order{i, c.target})
		case c.target > c.most && !small, s.Before > s.Told:
			more = append(more, order{i, c.target})
		case lapses:
			more = append(more, order{i, min(c.target, c.most)})
		}
	}
	return less, more
}

// big tells whether a change is one that is told in any case.
func (t *tree) big(c *choice, hysteresis int64) bool {
	change := c.target - c.most
	return change >= hysteresis || -change >= hysteresis || (c.target == 0) != (c.most == 0)
}
