package site

import (
	"cmp"
	"slices"
	"time"

	"gnista/power"
)

// Glance is a site with limits at a glance: its connection, and what is wrong anywhere below it.
type Glance struct {
	Site      string         `json:"site"`
	Mode      Mode           `json:"mode" enum:"off,watch,on"`
	At        *time.Time     `json:"at,omitempty" doc:"When its power was divided last; absent: not yet"`
	Limit     [3]power.Milli `json:"limitA" doc:"Of the connection; -1 is none"`
	LimitW    *int64         `json:"limitW,omitempty"`
	Measured  [3]power.Milli `json:"measuredA" doc:"At the connection"`
	MeasuredW int64          `json:"measuredW"`
	Allocated [3]power.Milli `json:"allocatedA" doc:"What cars may take"`
	Stale     bool           `json:"meterStale,omitempty" doc:"A meter of the site is silent"`
	Cars      int            `json:"cars" doc:"EVSEs with a transaction"`
	Waiting   int            `json:"waiting" doc:"Of these, those that may take nothing now"`
	Troubles  int            `json:"troubles" doc:"EVSEs that do not do what they are told"`
	Exceeded  []NodeExceeded `json:"exceeded,omitempty" doc:"Limits that are exceeded, of all nodes"`
}

// NodeExceeded is a limit of a node that is exceeded.
type NodeExceeded struct {
	Node string `json:"node"`
	Name string `json:"name,omitempty"`
	Exceeded
}

// Glances are the sites with limits in the order of their ids.
func (c *Control) Glances() []Glance {
	c.mu.RLock()
	list := make([]Glance, 0, len(c.loops))
	loops := make([]*loop, 0, len(c.loops))
	for _, l := range c.loops {
		loops = append(loops, l)
	}
	c.mu.RUnlock()
	now := c.Now()
	for _, l := range loops {
		list = append(list, l.glance(now))
	}
	slices.SortFunc(list, func(a, b Glance) int { return cmp.Compare(a.Site, b.Site) })
	return list
}

func (l *loop) glance(now time.Time) Glance {
	l.mu.Lock()
	seen, t := l.seen, l.tree
	l.mu.Unlock()
	if seen == nil {
		return Glance{Site: l.site, Mode: t.Mode, Limit: [3]power.Milli{limitOf(-1), limitOf(-1), limitOf(-1)}}
	}
	root := seen.Nodes[0]
	g := Glance{
		Site: l.site, Mode: seen.Mode, At: seen.At, Limit: root.Limit, LimitW: root.LimitW, Measured: root.Measured, MeasuredW: root.MeasuredW, Allocated: root.Allocated,
	}
	for n, v := range seen.Nodes {
		gauge := &seen.gauges[n]
		g.Stale = g.Stale || !gauge.At.IsZero() && now.Sub(gauge.At) > seen.tree.stale()
		for _, e := range v.Exceeded {
			g.Exceeded = append(g.Exceeded, NodeExceeded{v.ID, v.Name, e})
		}
	}
	for i := range seen.spots {
		if seen.spots[i].Trouble != "" {
			g.Troubles++
		}
		if seen.ins[i].car != nil {
			g.Cars++
			if seen.decision.choices[i].given(seen.Mode) == 0 {
				g.Waiting++
			}
		}
	}
	return g
}
