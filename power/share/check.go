package share

import (
	"fmt"

	"gnista"
)

const (
	maxAmps   = 1_000_000_000 // mA; of any number here, so that none overflows
	maxWatts  = 1_000_000_000_000
	maxWeight = 1000
)

// check finds what cannot be divided: trees that are none, numbers that are out of bounds. Invalid errors name the
// field and say why. That a limit is too low for a minimum is none: it may be so for a while.
func (p *Problem) check() error {
	if len(p.Nodes) == 0 {
		return gnista.Invalidf("nodes", "there is none; the first is the connection of the site")
	}
	if p.Volts < 0 || p.Volts > 1000 {
		return gnista.Invalidf("volts", "is %d; the voltage of a phase is from 1 to 1000", p.Volts)
	}
	for i := range p.Nodes {
		if err := p.Nodes[i].check(i, len(p.Nodes)); err != nil {
			return err
		}
	}
	keys := make(map[string]int, len(p.Loads))
	for i := range p.Loads {
		l := &p.Loads[i]
		if err := l.check(i, len(p.Nodes)); err != nil {
			return err
		}
		if first, twice := keys[l.Key]; twice {
			return gnista.Invalidf(fmt.Sprintf("loads[%d].key", i), "%q is that of load %d too", l.Key, first)
		}
		keys[l.Key] = i
	}
	return nil
}

func (n *Node) check(i, nodes int) error {
	bad := func(field, format string, args ...any) error {
		return gnista.Invalidf(fmt.Sprintf("nodes[%d].%s", i, field), format, args...)
	}
	switch {
	case i > 0 && (n.Parent < 0 || n.Parent >= nodes):
		return bad("parent", "there is no node %d", n.Parent)
	case i > 0 && n.Parent >= i:
		return bad("parent", "node %d does not come before it: it is below itself, or they are not in order", n.Parent)
	case n.Watts < None || n.Watts > maxWatts:
		return bad("watts", "%d is no limit; one is from 0 to %d W, and none is %d", n.Watts, int64(maxWatts), None)
	}
	for ph, a := range n.Amps {
		if a < None || a > maxAmps {
			return bad(fmt.Sprintf("amps[%d]", ph), "%d is no limit; one is from 0 to %d mA, and none is %d", a, int64(maxAmps), None)
		}
		if o := n.Other[ph]; o < -maxAmps || o > maxAmps {
			return bad(fmt.Sprintf("other[%d]", ph), "%d mA is more than can be", o)
		}
	}
	return nil
}

func (l *Load) check(i, nodes int) error {
	bad := func(field, format string, args ...any) error {
		return gnista.Invalidf(fmt.Sprintf("loads[%d].%s", i, field), format, args...)
	}
	switch {
	case l.Node < 0 || l.Node >= nodes:
		return bad("node", "there is no node %d", l.Node)
	case l.Phases == [3]bool{}:
		return bad("phases", "it is on none")
	case l.Min < 0 || l.Min > maxAmps:
		return bad("min", "%d is no current; one is from 0 to %d mA", l.Min, int64(maxAmps))
	case l.Max < 0 || l.Max > maxAmps:
		return bad("max", "%d is no current; one is from 0 to %d mA", l.Max, int64(maxAmps))
	case l.Step < 0 || l.Step > maxAmps:
		return bad("step", "%d is no step; one is from 1 to %d mA, and 0 is 1", l.Step, int64(maxAmps))
	case l.Weight < 0 || l.Weight > maxWeight:
		return bad("weight", "%d is no weight; one is from 1 to %d, and 0 is 1", l.Weight, maxWeight)
	}
	for j, s := range l.Steps {
		if s < 0 || s > maxAmps || j > 0 && s <= l.Steps[j-1] {
			return bad(fmt.Sprintf("steps[%d]", j), "%d is less than 0 mA, no more than the step before it, or more than %d", s, int64(maxAmps))
		}
	}
	return nil
}
