// Package site keeps the power of a place below its limits: it divides what there is among the cars that
// charge there, has the stations follow, and sees whether they do.
//
// A site has a tree of limits: its connection, the panels and circuits below, and the EVSEs on them. Every
// control period, and when something happens, what is there is gathered, divided by package share, and told
// to the stations as charging profiles. Who was to get less is told first, and only when that was accepted,
// others are told that they may take more: so no station needs to be trusted to be quick. What a station was
// told lapses by itself into its safe default, which is such that all of them together keep the limits.
package site

import (
	"cmp"
	"time"

	"gnista"
	"gnista/power"
)

// Mode is what is done at a site.
type Mode string

// The modes.
const (
	Off   Mode = "off"   // nothing; what stations were told is taken back
	Watch Mode = "watch" // it is reckoned and explained, and no station is told
	On    Mode = "on"
)

// Grid is the tree of limits of a site, and how its power is shared.
type Grid struct {
	Mode       Mode         `json:"mode" enum:"off,watch,on" doc:"watch: reckon and explain, and tell no station"`
	Period     int          `json:"periodSeconds,omitempty" minimum:"5" maximum:"300" doc:"Control period; absent: 15"`
	Hold       int          `json:"holdSeconds,omitempty" minimum:"60" maximum:"86400" doc:"For so long a station goes on as it was told when it hears no more, and then falls back to its safe default; absent: 900"`
	Turn       int          `json:"turnMinutes,omitempty" minimum:"1" maximum:"1440" doc:"Where there is too little for all cars they take turns of so long; absent: 15"`
	Hysteresis *power.Milli `json:"hysteresisA,omitempty" minimum:"0" maximum:"32" doc:"Smaller changes are not told as long as the limits are kept; absent: 2"`
	Voltage    int          `json:"voltageV,omitempty" minimum:"50" maximum:"1000" doc:"Of a phase to neutral; absent: 230, which is 400 between phases"`
	MeterStale int          `json:"meterStaleSeconds,omitempty" minimum:"5" maximum:"3600" doc:"A meter that has said nothing for so long is not believed any more; absent: two control periods"`
	Nodes      []Node       `json:"nodes" minItems:"1" maxItems:"500" nullable:"false" doc:"The connection, which has no parent, and what is below it"`
	EVSEs      []Bay        `json:"evses" maxItems:"5000" nullable:"false"`
	UpdatedAt  time.Time    `json:"updatedAt,omitzero" doc:"Version of the tree: to change it say that of the one that you have seen"`
}

// Node is a connection, a panel or a circuit. Currents are those of each phase: one number for all, or one for each.
type Node struct {
	ID      string        `json:"id" minLength:"1" maxLength:"64"`
	Parent  string        `json:"parent,omitempty" maxLength:"64" doc:"Id of the node above; absent in the connection only"`
	Name    string        `json:"name,omitempty" maxLength:"100"`
	Breaker *power.Milli  `json:"breakerA,omitempty" minimum:"0" maximum:"10000" doc:"Rated current of the fuse or breaker"`
	Margin  int           `json:"marginPercent,omitempty" minimum:"0" maximum:"90" doc:"So much of the breaker is kept free"`
	Amps    []power.Milli `json:"amps,omitempty" maxItems:"3" doc:"Limit of each phase in A, beside that of the breaker"`
	Watts   *int64        `json:"watts,omitempty" minimum:"0" maximum:"1000000000" doc:"Limit over all phases"`
	Phases  string        `json:"phases,omitempty" maxLength:"3" doc:"Which phases of the connection it has, of RST; absent: all"`
	Hours   []Hours       `json:"hours,omitempty" maxItems:"50" doc:"Hours with lower limits, as those of a grid tariff"`
	Other   []power.Milli `json:"otherA,omitempty" maxItems:"3" doc:"What else may be taken right there, in A of each phase, where no meter says it; absent: nothing, or the highest that a meter has shown lately"`
}

// Hours are hours of the day, in the zone of the site, with limits of their own.
type Hours struct {
	Days  []string      `json:"days,omitempty" maxItems:"7" enum:"mon,tue,wed,thu,fri,sat,sun" doc:"Absent: every day"`
	From  string        `json:"from" example:"16:00" doc:"Time of day"`
	To    string        `json:"to" example:"21:00" doc:"Time of day; not later than from is that of the next day"`
	Amps  []power.Milli `json:"amps,omitempty" maxItems:"3" doc:"Limit of each phase in A"`
	Watts *int64        `json:"watts,omitempty" minimum:"0" maximum:"1000000000" doc:"Limit over all phases"`
}

// Bay is an EVSE on a node.
type Bay struct {
	Station  gnista.StationID `json:"station" minLength:"1" maxLength:"255"`
	EVSE     int              `json:"evse" minimum:"1" maximum:"10000"`
	Node     string           `json:"node" minLength:"1" maxLength:"64" doc:"Id of the node that it is on"`
	Rotation string           `json:"rotation,omitempty" maxLength:"3" doc:"Which phase of the connection its L1, L2 and L3 are on: RST, STR, …, or R, S or T where it has one phase; absent: RST"`
	Max      power.Milli      `json:"maxA" minimum:"1" maximum:"10000" doc:"Most current of each phase"`
	Min      *power.Milli     `json:"minA,omitempty" minimum:"0" maximum:"1000" doc:"Least current with which a car charges; absent: 6"`
	Unit     power.Unit       `json:"unit,omitempty" enum:"A,W" doc:"Unit of its profiles; W for direct current. Absent: A"`
	Priority int              `json:"priority,omitempty" minimum:"-100" maximum:"100" doc:"The higher gets first what it can use"`
	Weight   int64            `json:"weight,omitempty" minimum:"1" maximum:"1000" doc:"Its part among those of its priority; absent: 1"`
	Safe     *power.Milli     `json:"safeA,omitempty" minimum:"0" maximum:"10000" doc:"What it falls back to; absent: what there is room for, which is then said here"`
}

// The values of what is not said.
const (
	defaultPeriod     = 15
	defaultHold       = 900
	defaultTurn       = 15
	defaultHysteresis = 2000
	defaultVoltage    = 230
	defaultMin        = 6000
	defaultRotation   = "RST"
)

// fill says what was not said.
func (l *Grid) fill() {
	for _, x := range []struct {
		have *int
		then int
	}{{&l.Period, defaultPeriod}, {&l.Hold, defaultHold}, {&l.Turn, defaultTurn}, {&l.Voltage, defaultVoltage}, {&l.MeterStale, 2 * cmp.Or(l.Period, defaultPeriod)}} {
		if *x.have == 0 {
			*x.have = x.then
		}
	}
	if l.Hysteresis == nil {
		m := power.Milli(defaultHysteresis)
		l.Hysteresis = &m
	}
	for i := range l.Nodes {
		if l.Nodes[i].Phases == "" {
			l.Nodes[i].Phases = defaultRotation
		}
	}
	for i := range l.EVSEs {
		p := &l.EVSEs[i]
		if p.Rotation == "" {
			p.Rotation = defaultRotation
		}
		if p.Min == nil {
			m := power.Milli(defaultMin)
			p.Min = &m
		}
		if p.Unit == "" {
			p.Unit = power.Ampere
		}
		if p.Weight == 0 {
			p.Weight = 1
		}
	}
}

func (l *Grid) period() time.Duration { return time.Duration(l.Period) * time.Second }
func (l *Grid) hold() time.Duration   { return time.Duration(l.Hold) * time.Second }
func (l *Grid) turn() time.Duration   { return time.Duration(l.Turn) * time.Minute }
func (l *Grid) stale() time.Duration  { return time.Duration(l.MeterStale) * time.Second }

// key names a place.
type key struct {
	station gnista.StationID
	evse    int
}

func (p *Bay) key() key { return key{p.Station, p.EVSE} }

// on tells which phases of the site an EVSE is on, and on which of them each of its own is.
func (p *Bay) on() (phases [3]bool, own []int) {
	for _, c := range p.Rotation {
		ph := int(c - 'R')
		phases[ph] = true
		own = append(own, ph)
	}
	return phases, own
}

// title is what a node is called.
func (n *Node) title() string {
	if n.Name != "" {
		return n.Name
	}
	return n.ID
}
