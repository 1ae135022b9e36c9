package site

import (
	"fmt"
	"slices"
	"strings"

	"gnista"
	"gnista/power"
	"gnista/power/share"
)

// Oddity is something odd about a tree that can be used nonetheless.
type Oddity struct {
	Field string `json:"field" doc:"As in errors: nodes[2].amps"`
	Text  string `json:"text"`
}

// tree is limits that were checked, in the order of share.
type tree struct {
	*Grid
	nodes  []*Node // parents first; the connection is the first
	fields []int   // where each is in Grid.Nodes
	parent []int
	paths  [][]int        // each with those above it
	at     map[string]int // of nodes
	places map[key]int    // of Grid.EVSEs
	on     []int          // the node of each place
	names  []string       // of places
}

// grow checks limits and makes a tree of them. Safe defaults that are not said are filled in. Invalid.
func grow(l *Grid) (*tree, []Oddity, error) {
	l.fill()
	t := &tree{Grid: l, at: map[string]int{}, places: map[key]int{}}
	if err := l.checkNumbers(); err != nil {
		return nil, nil, err
	}
	if err := t.root(); err != nil {
		return nil, nil, err
	}
	for i := range l.Nodes {
		if err := l.Nodes[i].check(fmt.Sprintf("nodes[%d].", i)); err != nil {
			return nil, nil, err
		}
	}
	for i := range l.EVSEs {
		if err := t.place(i); err != nil {
			return nil, nil, err
		}
	}
	warnings := t.useless()
	more, err := t.reach()
	if err != nil {
		return nil, nil, err
	}
	warnings = append(warnings, more...)
	more, err = t.safe()
	return t, append(warnings, more...), err
}

func (l *Grid) checkNumbers() error {
	if !slices.Contains([]Mode{Off, Watch, On}, l.Mode) {
		return gnista.Invalidf("mode", "%q is not off, watch or on", l.Mode)
	}
	for _, x := range []struct {
		field     string
		is        int
		from, til int
	}{
		{"periodSeconds", l.Period, 5, 300}, {"holdSeconds", l.Hold, 60, 86400}, {"turnMinutes", l.Turn, 1, 1440}, {"hysteresisA", int(*l.Hysteresis / 1000), 0, 32},
		{"voltageV", l.Voltage, 50, 1000}, {"meterStaleSeconds", l.MeterStale, 5, 3600},
	} {
		if x.is < x.from || x.is > x.til {
			return gnista.Invalidf(x.field, "is not from %d to %d", x.from, x.til)
		}
	}
	if l.Hold < 4*l.Period {
		return gnista.Invalidf("holdSeconds", "is less than four control periods: stations would fall back between two of them")
	}
	return nil
}

// root puts the nodes in order, the connection first.
func (t *tree) root() error {
	ids := map[string]int{}
	first := -1
	for i := range t.Nodes {
		n := &t.Nodes[i]
		path := fmt.Sprintf("nodes[%d].", i)
		if n.ID == "" || len(n.ID) > 64 {
			return gnista.Invalidf(path+"id", "must have 1 to 64 bytes")
		}
		if have, twice := ids[n.ID]; twice {
			return gnista.Invalidf(path+"id", "%q is that of nodes[%d] too", n.ID, have)
		}
		ids[n.ID] = i
		if n.Parent != "" {
			continue
		}
		if first >= 0 {
			return gnista.Invalidf(path+"parent", "is needed: nodes[%d] is the connection already, and a site has one", first)
		}
		first = i
	}
	if first < 0 {
		return gnista.Invalidf("nodes", "have no connection: one of them has no parent")
	}
	below := map[string][]int{}
	for i := range t.Nodes {
		if p := t.Nodes[i].Parent; p != "" {
			if _, ok := ids[p]; !ok {
				return gnista.Invalidf(fmt.Sprintf("nodes[%d].parent", i), "there is no node %q", p)
			}
			below[p] = append(below[p], i)
		}
	}
	for todo := []int{first}; len(todo) > 0; todo = todo[1:] {
		i := todo[0]
		n := &t.Nodes[i]
		parent, path := 0, []int{len(t.nodes)}
		if n.Parent != "" {
			parent = t.at[n.Parent]
			path = append(path, t.paths[parent]...)
		}
		t.at[n.ID] = len(t.nodes)
		t.paths = append(t.paths, path)
		t.nodes, t.fields, t.parent = append(t.nodes, n), append(t.fields, i), append(t.parent, parent)
		todo = append(todo, below[n.ID]...)
	}
	for i := range t.Nodes {
		if _, ok := t.at[t.Nodes[i].ID]; !ok {
			return gnista.Invalidf(fmt.Sprintf("nodes[%d].parent", i), "leads round in a circle and never to the connection")
		}
	}
	if n := t.nodes[0]; n.Breaker == nil && len(n.Amps) == 0 && n.Watts == nil {
		return gnista.Invalidf(fmt.Sprintf("nodes[%d].breakerA", first), "is needed, or amps or watts: a connection without a limit has nothing to keep")
	}
	return nil
}

func amps(field string, list []power.Milli) error {
	if n := len(list); n == 2 || n > 3 {
		return gnista.Invalidf(field, "has %d numbers; one is for all phases, and three are for each", n)
	}
	for i, a := range list {
		if a < 0 || a > 10_000_000 {
			return gnista.Invalidf(fmt.Sprintf("%s[%d]", field, i), "%v A is not from 0 to 10000", a)
		}
	}
	return nil
}

func watts(field string, w *int64) error {
	if w != nil && (*w < 0 || *w > 1_000_000_000) {
		return gnista.Invalidf(field, "%d W is not from 0 to 1000000000", *w)
	}
	return nil
}

// letters tells whether s is different letters of RST.
func letters(s string) bool {
	for i, c := range s {
		if !strings.ContainsRune(defaultRotation, c) || strings.ContainsRune(s[:i], c) {
			return false
		}
	}
	return s != ""
}

func (n *Node) check(path string) error {
	if n.Breaker != nil {
		if err := amps(path+"breakerA", []power.Milli{*n.Breaker}); err != nil {
			return gnista.Invalidf(path+"breakerA", "%v A is not from 0 to 10000", *n.Breaker)
		}
	}
	switch {
	case n.Margin < 0 || n.Margin > 90:
		return gnista.Invalidf(path+"marginPercent", "is not from 0 to 90")
	case n.Margin > 0 && n.Breaker == nil:
		return gnista.Invalidf(path+"marginPercent", "is of a breaker, and breakerA is not said")
	case !letters(n.Phases):
		return gnista.Invalidf(path+"phases", "%q is not one or more different letters of RST", n.Phases)
	}
	for field, list := range map[string][]power.Milli{"amps": n.Amps, "otherA": n.Other} {
		if err := amps(path+field, list); err != nil {
			return err
		}
	}
	if err := watts(path+"watts", n.Watts); err != nil {
		return err
	}
	for i := range n.Hours {
		if err := n.Hours[i].check(fmt.Sprintf("%shours[%d].", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hours) check(path string) error {
	for i, d := range h.Days {
		if !slices.Contains(days[:], d) {
			return gnista.Invalidf(fmt.Sprintf("%sdays[%d]", path, i), "%q is none of mon, tue, wed, thu, fri, sat, sun", d)
		}
	}
	for field, s := range map[string]string{"from": h.From, "to": h.To} {
		if _, ok := timeOfDay(s); !ok {
			return gnista.Invalidf(path+field, "%q is not a time of day like 16:00", s)
		}
	}
	if len(h.Amps) == 0 && h.Watts == nil {
		return gnista.Invalidf(path+"amps", "is needed, or watts: hours without a limit change nothing")
	}
	if err := amps(path+"amps", h.Amps); err != nil {
		return err
	}
	return watts(path+"watts", h.Watts)
}

func (t *tree) place(i int) error {
	p := &t.EVSEs[i]
	path := fmt.Sprintf("evses[%d].", i)
	node, ok := t.at[p.Node]
	have, twice := t.places[p.key()]
	switch {
	case p.Station == "":
		return gnista.Invalidf(path+"station", "is needed")
	case p.EVSE < 1 || p.EVSE > 10_000:
		return gnista.Invalidf(path+"evse", "is not from 1 to 10000")
	case twice:
		return gnista.Invalidf(path+"evse", "EVSE %d of %s is evses[%d] too", p.EVSE, p.Station, have)
	case !ok:
		return gnista.Invalidf(path+"node", "there is no node %q", p.Node)
	case !letters(p.Rotation):
		return gnista.Invalidf(path+"rotation", "%q is not like RST, STR, R or S", p.Rotation)
	case p.Unit != power.Ampere && p.Unit != power.Watt:
		return gnista.Invalidf(path+"unit", "%q is not A or W", p.Unit)
	case p.Max < 1000 || p.Max > 10_000_000:
		return gnista.Invalidf(path+"maxA", "%v A is not from 1 to 10000", p.Max)
	case *p.Min < 0 || *p.Min > p.Max:
		return gnista.Invalidf(path+"minA", "%v A is not from 0 to maxA, %v A", *p.Min, p.Max)
	case p.Safe != nil && (*p.Safe < 0 || *p.Safe > p.Max || *p.Safe > 0 && *p.Safe < *p.Min):
		return gnista.Invalidf(path+"safeA", "%v A is neither 0 nor from minA, %v A, to maxA, %v A", *p.Safe, *p.Min, p.Max)
	case p.Priority < -100 || p.Priority > 100:
		return gnista.Invalidf(path+"priority", "is not from -100 to 100")
	case p.Weight < 1 || p.Weight > 1000:
		return gnista.Invalidf(path+"weight", "is not from 1 to 1000")
	}
	for _, n := range t.path(node) {
		for _, c := range p.Rotation {
			if !strings.ContainsRune(t.nodes[n].Phases, c) {
				return gnista.Invalidf(path+"rotation", "is on phase %c, which node %q has not", c, t.nodes[n].ID)
			}
		}
	}
	t.places[p.key()] = i
	t.on, t.names = append(t.on, node), append(t.names, fmt.Sprintf("%s/%d", p.Station, p.EVSE))
	return nil
}

// path is a node and those above it.
func (t *tree) path(node int) []int { return t.paths[node] }

// useless tells limits that are greater than one above them.
func (t *tree) useless() (list []Oddity) {
	for i, n := range t.nodes[1:] {
		own := n.limit(never)
		for _, above := range t.path(t.parent[i+1]) {
			most := t.nodes[above].limit(never)
			field := fmt.Sprintf("nodes[%d]", t.fields[i+1])
			for ph := range own.amps {
				if own.amps[ph] != share.None && most.amps[ph] != share.None && own.amps[ph] > most.amps[ph] && most.amps[ph] > 0 {
					list = append(list, Oddity{field, fmt.Sprintf("allows %v A, and node %q above it %v A: it is of no use", power.Milli(own.amps[ph]), t.nodes[above].ID, power.Milli(most.amps[ph]))})
					break
				}
			}
		}
	}
	return list
}

// reach refuses cars that no division could ever let charge, and warns of hours in which it cannot.
func (t *tree) reach() (list []Oddity, err error) {
	for i := range t.EVSEs {
		p := &t.EVSEs[i]
		phases, own := p.on()
		need := int64(*p.Min)
		for _, n := range t.path(t.on[i]) {
			node := t.nodes[n]
			short := func(l limit) (string, bool) {
				for ph, on := range phases {
					if on && l.amps[ph] != share.None && l.amps[ph] < need {
						return fmt.Sprintf("a car needs %v A, and node %q gives %v A at the most", *p.Min, node.ID, power.Milli(l.amps[ph])), true
					}
				}
				if w := need * int64(len(own)*t.Voltage) / 1000; l.watts != share.None && l.watts < w {
					return fmt.Sprintf("a car needs %v A, which is %d W, and node %q gives %d W at the most", *p.Min, w, node.ID, l.watts), true
				}
				return "", false
			}
			field := fmt.Sprintf("evses[%d].minA", i)
			if why, yes := short(node.limit(never)); yes {
				return nil, gnista.Invalidf(field, "%s", why)
			}
			if why, yes := short(node.limit(ever)); yes {
				list = append(list, Oddity{field, why + ", in some hours"})
			}
		}
	}
	return list, nil
}

// safe fills in the safe defaults that are not said with what there is room for, at all hours and with what
// else may be taken, and looks whether all together keep the limits. Invalid where they do not and the site is on.
func (t *tree) safe() ([]Oddity, error) {
	p, _ := t.problem(ever)
	for n := range t.nodes {
		p.Nodes[n].Other = stated(t.nodes[n].Other)
	}
	for i := range t.EVSEs {
		l := t.load(i)
		if s := t.EVSEs[i].Safe; s != nil {
			l.Max, l.Fixed = int64(*s), true
		}
		p.Loads = append(p.Loads, l)
	}
	d, err := share.Divide(p)
	if err != nil {
		return nil, err
	}
	none := 0
	for i := range t.EVSEs {
		if t.EVSEs[i].Safe == nil {
			m := power.Milli(d.Shares[i].Amps)
			t.EVSEs[i].Safe = &m
		}
		if *t.EVSEs[i].Safe == 0 {
			none++
		}
	}
	var list []Oddity
	for _, o := range d.Over {
		if o.Taken <= o.Limit || !t.owns(o.Node) {
			continue
		}
		text := fmt.Sprintf("their safe defaults, and what else may be taken, come to %s at node %q on %s, which has %s: the limit would not hold when the link is gone",
			quantity(o.Taken, o.Phase), t.nodes[o.Node].ID, o.Phase, quantity(o.Limit, o.Phase))
		if t.Mode == On {
			return nil, gnista.Invalidf("evses", "%s", text)
		}
		list = append(list, Oddity{"evses", text})
	}
	if none > 0 {
		list = append(list, Oddity{"evses", fmt.Sprintf("%d of %d have no room for a safe default: cars there stop charging when the link is gone", none, len(t.EVSEs))})
	}
	return list, nil
}

// owns tells whether there is an EVSE on or below a node.
func (t *tree) owns(node int) bool {
	return slices.ContainsFunc(t.on, func(n int) bool { return slices.Contains(t.path(n), node) })
}

// quantity is mA or W in words that need no translation.
func quantity(n int64, ph share.Phase) string {
	if ph == share.Total {
		return fmt.Sprintf("%d W", n)
	}
	return fmt.Sprintf("%v A", power.Milli(n/100*100))
}

// stated is currents of each phase.
func stated(list []power.Milli) (a [3]int64) {
	for ph := range a {
		if len(list) > 0 {
			a[ph] = int64(list[min(ph, len(list)-1)])
		}
	}
	return a
}

// problem is what there is to divide in some hours, without loads, and which hours make the limit of each node lower.
func (t *tree) problem(hours func(*Hours) bool) (p *share.Problem, words []string) {
	words = make([]string, len(t.nodes))
	p = &share.Problem{Volts: int64(t.Voltage), Nodes: make([]share.Node, len(t.nodes)), Loads: make([]share.Load, 0, len(t.EVSEs))}
	for i, n := range t.nodes {
		l := n.limit(hours)
		p.Nodes[i], words[i] = share.Node{Parent: t.parent[i], Amps: l.amps, Watts: l.watts}, l.hours
	}
	return p, words
}

// load is an EVSE that wants all that it may have.
func (t *tree) load(i int) share.Load {
	p := &t.EVSEs[i]
	phases, _ := p.on()
	return share.Load{
		Key: t.names[i], Node: t.on[i], Phases: phases, Min: int64(*p.Min), Max: int64(p.Max), Step: step,
		Priority: p.Priority, Weight: p.Weight,
	}
}

// step is the step of limits in mA: what stations tell apart, and cars.
const step = 1000
