package share

import (
	"fmt"

	"gnista"
)

const (
	maxAmps   = 1_000_000_000 // mA; of any number here, so that none overflows
	maxWatts  = 1_000_000_000_000
	maxWeight = 1_000_000
)

// Note is something odd about a problem that can be divided nonetheless.
type Note struct {
	Field string // as the fields of errors: nodes[2].amps[0]
	Text  string
}

// Check finds what cannot be: trees that are none, limits that are negative, minimums that no division can
// ever give. Invalid errors name the field and say why. The notes are limits of no use, for being greater than
// one above them.
func (p *Problem) Check() ([]Note, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return p.notes(), p.reach()
}

// check finds what cannot be divided.
func (p *Problem) check() error {
	if len(p.Nodes) == 0 {
		return gnista.Invalidf("nodes", "there is none; the first is the connection of the site")
	}
	if p.Volts < 0 || p.Volts > 1000 {
		return gnista.Invalidf("volts", "is %d; the voltage of a phase is from 1 to 1000", p.Volts)
	}
	for i := range p.Nodes {
		n, at := &p.Nodes[i], fmt.Sprintf("nodes[%d]", i)
		switch {
		case i > 0 && (n.Parent < 0 || n.Parent >= len(p.Nodes)):
			return gnista.Invalidf(at+".parent", "there is no node %d", n.Parent)
		case i > 0 && n.Parent >= i:
			return gnista.Invalidf(at+".parent", "is node %d, which does not come before it: so it is its own, or they are not in order", n.Parent)
		case n.Watts < None || n.Watts > maxWatts:
			return gnista.Invalidf(at+".watts", "%d W is no limit; it is from 0 to %d, or %d for none", n.Watts, int64(maxWatts), None)
		}
		for ph, a := range n.Amps {
			if a < None || a > maxAmps {
				return gnista.Invalidf(fmt.Sprintf("%s.amps[%d]", at, ph), "%d mA is no limit; it is from 0 to %d, or %d for none", a, int64(maxAmps), None)
			}
			if o := n.Other[ph]; o < -maxAmps || o > maxAmps {
				return gnista.Invalidf(fmt.Sprintf("%s.other[%d]", at, ph), "%d mA is more than there can be", o)
			}
		}
	}
	keys := make(map[string]int, len(p.Loads))
	for i := range p.Loads {
		if err := p.Loads[i].check(fmt.Sprintf("loads[%d]", i), len(p.Nodes)); err != nil {
			return err
		}
		if first, twice := keys[p.Loads[i].Key]; twice {
			return gnista.Invalidf(fmt.Sprintf("loads[%d].key", i), "%q is that of load %d too", p.Loads[i].Key, first)
		}
		keys[p.Loads[i].Key] = i
	}
	return nil
}

func (l *Load) check(at string, nodes int) error {
	switch {
	case l.Node < 0 || l.Node >= nodes:
		return gnista.Invalidf(at+".node", "there is no node %d", l.Node)
	case l.Phases == [3]bool{}:
		return gnista.Invalidf(at+".phases", "it is on none")
	case l.Min < 0 || l.Min > maxAmps:
		return gnista.Invalidf(at+".min", "%d mA is none; it is from 0 to %d", l.Min, int64(maxAmps))
	case l.Max < 0 || l.Max > maxAmps:
		return gnista.Invalidf(at+".max", "%d mA is none; it is from 0 to %d", l.Max, int64(maxAmps))
	case l.Step < 0 || l.Step > maxAmps:
		return gnista.Invalidf(at+".step", "%d mA is none; it is from 1 to %d", l.Step, int64(maxAmps))
	case l.Weight < 0 || l.Weight > maxWeight:
		return gnista.Invalidf(at+".weight", "%d is none; it is from 1 to %d", l.Weight, maxWeight)
	}
	for i, s := range l.Steps {
		if s < 0 || s > maxAmps || i > 0 && s <= l.Steps[i-1] {
			return gnista.Invalidf(fmt.Sprintf("%s.steps[%d]", at, i), "%d mA is not more than what comes before it, or more than can be", s)
		}
	}
	return nil
}

func (p *Problem) notes() []Note { return nil }

func (p *Problem) reach() error { return nil }
