package share

import (
	"cmp"
	"container/heap"
	"math/bits"
)

// level is the mA of a share for its weight.
type level struct{ amps, weight int64 }

func (a level) compare(b level) int {
	return cmp.Compare(a.amps*max(b.weight, 1), b.amps*max(a.weight, 1))
}

func (x *item) level() level { return level{x.amps, x.weight()} }

func (l *Load) weight() int64 { return cmp.Or(l.Weight, 1) }

// next is the least current above what it has.
func (x *item) next() int64 { return max(x.low, x.least(x.amps+1)) }

// queue has the loads with the least for their weight first.
type queue []*item

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return cmp.Or(q[i].level().compare(q[j].level()), cmp.Compare(q[i].Key, q[j].Key)) < 0
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*item)) }
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// fill gives the loads of a class that have their minimum what is left: always the next step to the one
// with the least for its weight, until none can have one. Before that, and when it has gone on for
// long, all are raised at once as far as that would go without anybody being refused.
func (d *divider) fill(class []*item) {
	var q queue
	scale := int64(1)
	for _, x := range class {
		if x.why == "" && x.amps < x.high {
			q, scale = append(q, x), max(scale, x.weight())
		}
	}
	for len(q) > 0 {
		d.raise(q, scale)
		heap.Init(&q)
		for range 4 * len(q) {
			if len(q) == 0 {
				break
			}
			x := q[0]
			more := x.next() - x.amps
			if x.amps < x.high {
				x.node, x.phase = d.blocked(x, more, d.room)
			}
			if x.amps == x.high || x.node >= 0 {
				heap.Pop(&q)
				continue
			}
			d.take(x, more, d.room)
			x.amps += more
			heap.Fix(&q, 0)
		}
	}
}

// raise gives all of a class what they have in any case. For each node there is a level up to which
// all below it can go, whatever the others do; each load goes to the least such level on its way. In the
// order of [divider.fill] all get there, and what they get there makes none of them wait that would not have to.
func (d *divider) raise(q queue, scale int64) {
	below := make([][]*item, len(d.p.Nodes))
	for _, x := range q {
		for n := range d.p.way(x.Node) {
			below[n] = append(below[n], x)
		}
	}
	safe := make([]int64, len(below))
	for n, list := range below {
		// The greatest level that fits: a bit after the other, from the greatest.
		var top int64
		for _, x := range list {
			top = max(top, ceil(x.high*scale, x.weight()))
		}
		if d.fits(n, list, top, scale) {
			safe[n] = endless
			continue
		}
		for bit := int64(1) << bits.Len64(uint64(top)); bit > 0; bit >>= 1 {
			if try := safe[n] | bit; try < top && d.fits(n, list, try, scale) {
				safe[n] = try
			}
		}
	}
	for _, x := range q {
		to := int64(endless)
		for n := range d.p.way(x.Node) {
			to = min(to, safe[n])
		}
		if more := x.at(to, scale) - x.amps; more > 0 {
			d.take(x, more, d.room)
			x.amps += more
		}
	}
}

// at is what a load has when nobody is left below a level.
func (x *item) at(to, scale int64) int64 {
	if to >= endless {
		return x.high
	}
	return max(x.amps, min(x.high, x.least(ceil(to*x.weight(), scale))))
}

// fits tells whether all below a node can go to a level.
func (d *divider) fits(n int, list []*item, to, scale int64) bool {
	room := d.room[n]
	for _, x := range list {
		more := x.at(to, scale) - x.amps
		if more == 0 {
			continue
		}
		for ph, on := range x.Phases {
			if on {
				room[ph] -= more
				room[Total] -= more * d.volts
				if room[ph] < 0 {
					return false
				}
			}
		}
		if room[Total] < 0 {
			return false
		}
	}
	return true
}
