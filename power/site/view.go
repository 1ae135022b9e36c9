package site

import (
	"context"
	"slices"
	"sync"
	"time"

	"gnista"
	"gnista/power"
)

// Sharing is how the power of a site is shared now.
type Sharing struct {
	Site   string     `json:"site"`
	Mode   Mode       `json:"mode" enum:"off,watch,on"`
	At     *time.Time `json:"at,omitempty" doc:"When it was divided last; absent: not yet"`
	Age    int        `json:"ageSeconds"`
	Period int        `json:"periodSeconds"`
	Nodes  []NodeView `json:"nodes" nullable:"false" doc:"The connection first, each behind the one above it"`
	EVSEs  []BayView  `json:"evses" nullable:"false"`
}

// NodeView is what flows through a node. Currents are those of each phase of the site, in A.
type NodeView struct {
	ID         string         `json:"id"`
	Parent     string         `json:"parent,omitempty"`
	Name       string         `json:"name,omitempty"`
	Limit      [3]power.Milli `json:"limitA" doc:"-1 is none"`
	LimitW     *int64         `json:"limitW,omitempty"`
	Hours      string         `json:"hours,omitempty" doc:"The hours that make a limit lower now"`
	Measured   [3]power.Milli `json:"measuredA" doc:"By its meter, or what is known to be taken below"`
	MeasuredW  int64          `json:"measuredW"`
	Allocated  [3]power.Milli `json:"allocatedA" doc:"What cars may take"`
	Other      [3]power.Milli `json:"otherA" doc:"What else is taken right there"`
	OtherFrom  Base           `json:"otherFrom" enum:"metered,stated,highest,none" doc:"highest: the meter is silent, and this is the most that was taken in the last hours"`
	MeterAt    *time.Time     `json:"meterAt,omitempty"`
	MeterAge   *int           `json:"meterAgeSeconds,omitempty"`
	MeterStale bool           `json:"meterStale,omitempty" doc:"The meter is silent, and not believed any more"`
	Exceeded   []Exceeded     `json:"exceeded,omitempty"`
}

// Exceeded is a limit that is exceeded by measurement, for longer than a control period.
type Exceeded struct {
	Phase    string      `json:"phase" enum:"L1,L2,L3,total"`
	Since    time.Time   `json:"since"`
	Measured power.Milli `json:"measured" doc:"In A, or in W of the total"`
	Limit    power.Milli `json:"limit"`
}

// BayView is what an EVSE may take.
type BayView struct {
	Station     gnista.StationID `json:"station"`
	EVSE        int              `json:"evse"`
	Node        string           `json:"node"`
	Online      bool             `json:"online"`
	Transaction string           `json:"transaction,omitempty"`
	Activity    string           `json:"activity,omitempty" doc:"What the car does"`
	Amps        power.Milli      `json:"amps" doc:"What it may take of each phase; with watch, what it would be told"`
	Power       int64            `json:"powerW" doc:"The same over its phases"`
	Measured    [3]power.Milli   `json:"measuredA" doc:"On the phases of the site"`
	MeasuredAt  *time.Time       `json:"measuredAt,omitempty"`
	Fixed       bool             `json:"fixed" doc:"It counts with what it may take at the most, as it is not told or does not follow"`
	Told        *Allowance       `json:"told,omitempty"`
	Safe        SafeView         `json:"safe"`
	Trouble     Trouble          `json:"trouble,omitempty" enum:"refused,no-answer,not-applied,not-following"`
	Detail      string           `json:"detail,omitempty" doc:"What the station says to that"`
	Why         *Why             `json:"why,omitempty"`
}

// Allowance is what a station was told.
type Allowance struct {
	Amps  power.Milli `json:"amps"`
	By    Way         `json:"by" enum:"transaction,default,station-max,none" doc:"Purpose of the profile"`
	At    time.Time   `json:"at"`
	Until time.Time   `json:"until" doc:"Then it falls back to its safe default, unless it is told again"`
}

// SafeView is the safe default of an EVSE.
type SafeView struct {
	Amps  power.Milli `json:"amps"`
	State SafeState   `json:"state,omitempty" enum:"unverified,verified,believed,differs,refused" doc:"verified: the station says that it has it; believed: it has accepted it and cannot be asked"`
}

// snapshot is a view, as of when the power was divided. Its EVSEs are put into words when somebody looks first.
type snapshot struct {
	Sharing
	tree     *tree
	decision *decision
	spots    []Spot
	ins      []input
	gauges   []gauge
	evses    func() []BayView
}

// show keeps what whoever looks is shown.
func (l *loop) show(t *tree, d *decision, ins []input, gauges []gauge) {
	s := &snapshot{tree: t, decision: d, spots: slices.Clone(l.spots), ins: ins, gauges: gauges}
	s.evses = sync.OnceValue(s.places)
	when := d.at.UTC()
	s.Sharing = Sharing{Site: l.site, Mode: t.Mode, At: &when, Period: t.Period, Nodes: make([]NodeView, len(t.nodes))}
	allocated := t.allocated(d)
	for n, taken := range t.taken(d, gauges, d.at) {
		node, limit, g := t.nodes[n], &d.problem.Nodes[n], &gauges[n]
		v := NodeView{ID: node.ID, Parent: node.Parent, Name: node.Name, Hours: d.hours[n], OtherFrom: g.Source}
		if limit.Watts >= 0 {
			v.LimitW = &limit.Watts
		}
		total := int64(0)
		for ph := range 3 {
			v.Limit[ph], v.Measured[ph] = limitOf(limit.Amps[ph]), power.Milli(taken[ph])
			v.Other[ph], v.Allocated[ph] = power.Milli(d.others[n][ph]), power.Milli(allocated[n][ph])
			total += taken[ph]
		}
		v.MeasuredW = total * int64(t.Voltage) / 1000
		for _, ph := range []string{"L1", "L2", "L3", "total"} {
			if x := l.memory.Excess[node.ID+" "+ph]; x != nil && x.Reported {
				e := Exceeded{Phase: ph, Since: x.Since.UTC(), Measured: power.Milli(x.Taken), Limit: power.Milli(x.Limit)}
				if ph == "total" {
					e.Measured, e.Limit = e.Measured*1000, e.Limit*1000
				}
				v.Exceeded = append(v.Exceeded, e)
			}
		}
		s.Nodes[n] = v
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = s
}

// places are the views of all EVSEs.
func (x *snapshot) places() []BayView {
	list := make([]BayView, len(x.spots))
	for i := range list {
		list[i] = x.place(i)
	}
	return list
}

// place is the view of an EVSE.
func (x *snapshot) place(i int) BayView {
	t, d := x.tree, x.decision
	p, s, c, in := &t.EVSEs[i], &x.spots[i], &d.choices[i], &x.ins[i]
	_, phases := s.phases(p)
	v := BayView{
		Station: p.Station, EVSE: p.EVSE, Node: p.Node, Online: in.online, Amps: power.Milli(c.given(t.Mode)), Power: c.given(t.Mode) * phases * int64(t.Voltage) / 1000,
		Fixed: !c.told && c.code != Idle, Safe: SafeView{*p.Safe, s.Safe}, Trouble: s.Trouble, Detail: s.Detail,
	}
	if in.car != nil {
		v.Transaction, v.Activity = in.car.ID, in.car.Activity
	}
	if !in.draw.at.IsZero() {
		at := in.draw.at.UTC()
		v.MeasuredAt = &at
		for ph, a := range in.draw.amps {
			v.Measured[ph] = power.Milli(a)
		}
	}
	if t.Mode == On && d.at.Before(s.Until) {
		v.Told = &Allowance{power.Milli(s.Told), s.way(), s.ToldAt.UTC(), s.Until.UTC()}
	}
	w := t.why(d, i, s, in)
	v.Why = &w
	return v
}

// View is how the power of a site is shared now. NotFound.
func (c *Control) View(_ context.Context, site string) (Sharing, error) {
	l, err := c.of(site)
	if err != nil {
		return Sharing{}, err
	}
	l.mu.Lock()
	seen, t := l.seen, l.tree
	l.mu.Unlock()
	now := c.Now()
	if seen == nil {
		return Sharing{Site: site, Mode: t.Mode, Period: t.Period, Nodes: []NodeView{}, EVSEs: []BayView{}}, nil
	}
	v := seen.Sharing
	v.Age, v.EVSEs = int(now.Sub(*v.At)/time.Second), seen.evses()
	v.Nodes = append([]NodeView(nil), v.Nodes...)
	for n := range v.Nodes {
		if g := &seen.gauges[n]; !g.At.IsZero() {
			when, age := g.At.UTC(), int(now.Sub(g.At)/time.Second)
			v.Nodes[n].MeterAt, v.Nodes[n].MeterAge, v.Nodes[n].MeterStale = &when, &age, now.Sub(g.At) > t.stale()
		}
	}
	return v, nil
}
