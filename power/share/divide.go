package share

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// Divide divides. Invalid where the problem is none.
func Divide(p *Problem) (*Division, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	d := newDivider(p)
	for rest := d.order(); len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Priority == rest[0].Priority {
			n++
		}
		d.classes = append(d.classes, rest[:n])
		d.admit(rest[:n])
		rest = rest[n:]
	}
	for _, class := range d.classes {
		d.fill(class)
		d.explain(class)
	}
	return d.division(), nil
}

// flow is what there is of something at a node: mA on each phase, and mW, which keeps watts whole.
type flow [4]int64

const endless = math.MaxInt64 / 4

// item is a load that can be told.
type item struct {
	*Load
	index     int
	low, high int64 // its least and greatest current
	amps      int64
	why       Why
	node      int // that binds it; -1 is none
	phase     Phase
}

type divider struct {
	p       *Problem
	volts   int64
	free    []flow // of each node, what fixed loads and others leave
	room    []flow // of it, what shares leave
	other   []flow
	items   []*item   // as Problem.Loads; nil is a fixed load
	classes [][]*item // by priority, those with a share or a wish for one
	best    [][4]level
}

func newDivider(p *Problem) *divider {
	n := len(p.Nodes)
	d := &divider{p: p, volts: cmp.Or(p.Volts, DefaultVolts), free: make([]flow, n), other: make([]flow, n), items: make([]*item, len(p.Loads)), best: make([][4]level, n)}
	for i := range p.Nodes {
		for ph, a := range p.Nodes[i].Other {
			d.other[i][ph] += a
			d.other[i][Total] += a * d.volts
		}
	}
	for i := range p.Loads {
		l := &p.Loads[i]
		if l.Fixed {
			l.each(l.Max, d.volts, func(ph Phase, x int64) { d.other[l.Node][ph] += x })
			continue
		}
		d.items[i] = &item{Load: l, index: i, low: l.least(l.Min), high: l.most(l.Max), node: -1}
	}
	for i := n - 1; i > 0; i-- {
		for ph, x := range d.other[i] {
			d.other[p.Nodes[i].Parent][ph] += x
		}
	}
	for i := range p.Nodes {
		for ph := range d.free[i] {
			d.free[i][ph] = endless
			if limit := p.Nodes[i].limit(Phase(ph)); limit >= 0 {
				d.free[i][ph] = limit - d.other[i][ph]
			}
		}
	}
	d.room = slices.Clone(d.free)
	return d
}

// way are the nodes from one up to the root.
func (p *Problem) way(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for ; yield(n) && n > 0; n = p.Nodes[n].Parent {
		}
	}
}

// limit is a limit in the unit of a [flow].
func (n *Node) limit(ph Phase) int64 {
	switch {
	case ph < Total:
		return n.Amps[ph]
	case n.Watts < 0:
		return None
	}
	return n.Watts * 1000
}

// shown is a limit in mA or W.
func (n *Node) shown(ph Phase) int64 {
	if ph < Total {
		return n.Amps[ph]
	}
	return n.Watts
}

// ceil divides and rounds up.
func ceil(a, b int64) int64 {
	if a <= 0 {
		return a / b
	}
	return (a-1)/b + 1
}

// each calls f with what a load takes at a current.
func (l *Load) each(amps, volts int64, f func(Phase, int64)) {
	total := int64(0)
	for ph, on := range l.Phases {
		if on {
			f(Phase(ph), amps)
			total += amps * volts
		}
	}
	f(Total, total)
}

// least is the least current that a load knows from one on.
func (l *Load) least(amps int64) int64 {
	if l.Steps != nil {
		if i, _ := slices.BinarySearch(l.Steps, amps); i < len(l.Steps) {
			return l.Steps[i]
		}
		return endless
	}
	step := cmp.Or(l.Step, 1)
	return ceil(amps, step) * step
}

// most is the greatest current that a load knows up to one; 0 is none.
func (l *Load) most(amps int64) int64 {
	if l.Steps != nil {
		if i, _ := slices.BinarySearch(l.Steps, amps+1); i > 0 {
			return l.Steps[i-1]
		}
		return 0
	}
	return amps - amps%cmp.Or(l.Step, 1)
}

// order are the loads that can have a share, in the order in which they get their minimum.
func (d *divider) order() []*item {
	var list []*item
	for _, x := range d.items {
		switch {
		case x == nil:
		case x.Max == 0:
			x.why = Full
		case x.Max < x.Min:
			x.why = Unable
		case x.high < x.low || x.high == 0:
			x.why = Steps
		default:
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b *item) int {
		held := 0
		if a.Held != b.Held {
			held = 1
			if a.Held {
				held = -1
			}
		}
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), held, cmp.Compare(b.Waited, a.Waited), cmp.Compare(a.Key, b.Key))
	})
	return list
}

// blocked finds the node nearest to a load that does not have so much more for it; -1 is none.
func (d *divider) blocked(x *item, more int64, room []flow) (int, Phase) {
	if more == 0 {
		return -1, 0
	}
	for n := range d.p.way(x.Node) {
		total := int64(0)
		for ph, on := range x.Phases {
			if on {
				if total += more * d.volts; room[n][ph] < more {
					return n, Phase(ph)
				}
			}
		}
		if room[n][Total] < total {
			return n, Total
		}
	}
	return -1, 0
}

// take takes so much more for a load from the room along its way.
func (d *divider) take(x *item, more int64, room []flow) {
	for n := range d.p.way(x.Node) {
		x.each(more, d.volts, func(ph Phase, y int64) { room[n][ph] -= y })
	}
}

// admit gives the loads of a class their minimum, as far as there is any.
func (d *divider) admit(class []*item) {
	before := slices.Clone(d.room) // as those above leave it
	room := slices.Clone(d.room)   // without what is set aside
	whole := true
	for _, x := range class {
		if x.node, x.phase = d.blocked(x, x.low, room); x.node < 0 {
			x.amps = x.low
			d.take(x, x.low, room)
			d.take(x, x.low, d.room)
			continue
		}
		if n, ph := d.blocked(x, x.low, d.free); n >= 0 {
			x.why, x.node, x.phase = Shortfall, n, ph
		} else if n, ph := d.blocked(x, x.low, before); n >= 0 {
			x.why, x.node, x.phase = Class, n, ph
		} else {
			x.why = Turn
			d.setAside(x, room, whole)
			whole = false
		}
	}
}

// setAside sets the minimum of a load that waits aside: where it lacks, and for the one that goes first
// everywhere on its way, so that all it needs comes together.
func (d *divider) setAside(x *item, room []flow, whole bool) {
	for n := range d.p.way(x.Node) {
		x.each(x.low, d.volts, func(ph Phase, y int64) {
			if whole || room[n][ph] < y {
				room[n][ph] -= y
			}
		})
	}
}

// explain says why the loads of a class that have a share have no more, and keeps the greatest of their
// shares for those below.
func (d *divider) explain(class []*item) {
	for _, x := range class {
		switch {
		case x.why != "":
		case x.amps == x.high && (x.Steps == nil || x.high == x.Max):
			x.why, x.node = Full, -1
		case x.amps == x.high:
			x.why, x.node = Steps, -1
		case d.best[x.node][x.phase].compare(x.level()) > 0:
			x.why = Class
		case x.Steps != nil && free(d.blocked(x, 1, d.room)):
			x.why = Steps
		default:
			x.why = Limited
		}
	}
	for _, x := range class {
		for n := range d.p.way(x.Node) {
			x.each(1, 1, func(ph Phase, _ int64) {
				if d.best[n][ph].compare(x.level()) < 0 {
					d.best[n][ph] = x.level()
				}
			})
		}
	}
}

func free(node int, _ Phase) bool { return node < 0 }

// division is what has been found.
func (d *divider) division() *Division {
	out := &Division{Shares: make([]Share, len(d.items)), Uses: make([]Use, len(d.p.Nodes))}
	for n := range out.Uses {
		u, limits := &out.Uses[n], &d.p.Nodes[n]
		for ph := L1; ph <= Total; ph++ {
			u.Other[ph], u.Shared[ph] = d.other[n][ph], d.free[n][ph]-d.room[n][ph]
			if ph == Total { // mW
				u.Other[ph], u.Shared[ph] = ceil(u.Other[ph], 1000), ceil(u.Shared[ph], 1000)
			}
			if limit := limits.limit(ph); limit >= 0 && d.other[n][ph] > limit {
				out.Over = append(out.Over, Over{Node: n, Phase: ph, Limit: limits.shown(ph), Taken: u.Other[ph]})
			}
		}
	}
	for _, x := range d.items {
		if x == nil || x.amps == 0 {
			continue
		}
		for n := range d.p.way(x.Node) {
			x.each(1, 1, func(ph Phase, _ int64) { out.Uses[n].Count[ph]++ })
		}
	}
	for i, x := range d.items {
		s := &out.Shares[i]
		if x == nil {
			*s = Share{Amps: d.p.Loads[i].Max, Why: Fixed, Node: -1}
			continue
		}
		*s = Share{Amps: x.amps, Why: x.why, Node: x.node, Phase: x.phase}
		if x.node >= 0 {
			u := &out.Uses[x.node]
			s.Limit, s.Other, s.Loads = d.p.Nodes[x.node].shown(x.phase), u.Other[x.phase], u.Count[x.phase]
		}
	}
	return out
}
