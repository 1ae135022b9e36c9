package site

import (
	"time"

	"gnista"
	"gnista/power"
)

// Moment is how the power of a site was shared at a time.
type Moment struct {
	ID    string        `json:"id"`
	At    time.Time     `json:"at"`
	Nodes []MomentNode  `json:"nodes" nullable:"false"`
	EVSEs []MomentPlace `json:"evses" nullable:"false" doc:"Those that got another share then"`
}

// MomentNode is what flowed through a node.
type MomentNode struct {
	ID        string         `json:"id"`
	Limit     [3]power.Milli `json:"limitA" doc:"Of each phase; -1 is none"`
	Measured  [3]power.Milli `json:"measuredA"`
	Allocated [3]power.Milli `json:"allocatedA" doc:"What cars may take"`
}

// MomentPlace is the share of an EVSE.
type MomentPlace struct {
	Station gnista.StationID `json:"station"`
	EVSE    int              `json:"evse"`
	Amps    power.Milli      `json:"amps" doc:"What it may take"`
	Code    Code             `json:"code"`
}

// What is kept of the past of a site.
const (
	maxMoments  = 2000
	momentEvery = 5 * time.Minute // where nothing changes
)

// momentState is what was in the last moment.
type momentState struct {
	at    time.Time
	evses map[key]MomentPlace
}

func (m *momentState) was(x Moment) {
	m.at = x.At
	if m.evses == nil {
		m.evses = map[key]MomentPlace{}
	}
	for _, p := range x.EVSEs {
		m.evses[key{p.Station, p.EVSE}] = p
	}
}

// moment is this one, where it is worth keeping; nil where it is not.
func (l *loop) moment(t *tree, d *decision, gauges []gauge, now time.Time) *Moment {
	if t.Mode == Off {
		return nil
	}
	x := &Moment{At: now.UTC().Truncate(time.Millisecond), EVSEs: []MomentPlace{}}
	for i := range d.choices {
		p := MomentPlace{t.EVSEs[i].Station, t.EVSEs[i].EVSE, power.Milli(d.choices[i].given(t.Mode)), d.choices[i].code}
		if l.moments.evses[t.EVSEs[i].key()] != p {
			x.EVSEs = append(x.EVSEs, p)
		}
	}
	if len(x.EVSEs) == 0 && now.Sub(l.moments.at) < momentEvery {
		return nil
	}
	x.ID = l.c.NewID()
	allocated := t.allocated(d)
	for n, taken := range t.taken(d, gauges, now) {
		m := MomentNode{ID: t.nodes[n].ID}
		for ph := range 3 {
			m.Limit[ph] = limitOf(d.problem.Nodes[n].Amps[ph])
			m.Measured[ph], m.Allocated[ph] = power.Milli(taken[ph]), power.Milli(allocated[n][ph])
		}
		x.Nodes = append(x.Nodes, m)
	}
	return x
}

// given is what a place may take: what it was told, or would be.
func (c *choice) given(m Mode) int64 {
	switch {
	case c.code == Idle:
		return 0
	case m == On && c.told:
		return c.most
	}
	return c.target
}

// allocated is what the cars may take at each node.
func (t *tree) allocated(d *decision) [][3]int64 {
	list := make([][3]int64, len(t.nodes))
	for i := range d.choices {
		c := &d.choices[i]
		if c.code == Idle || c.code == Rests {
			continue
		}
		for _, n := range t.path(t.on[i]) {
			for ph, on := range c.phases {
				if on {
					list[n][ph] += c.given(t.Mode)
				}
			}
		}
	}
	return list
}

// limitOf is a limit of which none is -1 A.
func limitOf(mA int64) power.Milli {
	if mA < 0 {
		return -1000
	}
	return power.Milli(mA)
}
