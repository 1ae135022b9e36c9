package power

import (
	"context"
	"slices"
	"strconv"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
)

// Transfer is a way in which energy goes between a car and an EVSE; those with bpt go both ways.
type Transfer string

// The ways.
const (
	AC1      Transfer = "ac-single-phase"
	AC2      Transfer = "ac-two-phase"
	AC3      Transfer = "ac-three-phase"
	DC       Transfer = "dc"
	ACBPT    Transfer = "ac-bpt"
	ACBPTDER Transfer = "ac-bpt-der"
	ACDER    Transfer = "ac-der"
	DCBPT    Transfer = "dc-bpt"
	DCACDP   Transfer = "dc-acdp"
	DCACDPB  Transfer = "dc-acdp-bpt"
	WPT      Transfer = "wpt"
)

// Needs is what a car has told that it needs (ISO 15118).
type Needs struct {
	Noted
	EVSE        int              `json:"evse"`
	Transaction string           `json:"transaction,omitempty" doc:"Id of the transaction"`
	At          *time.Time       `json:"at,omitempty" doc:"By the station's clock"`
	Departure   *time.Time       `json:"departure,omitempty"`
	Requested   Transfer         `json:"requested" doc:"Way of energy that it asks for"`
	Available   []Transfer       `json:"available,omitempty"`
	Dynamic     bool             `json:"dynamic,omitempty" doc:"It follows values as they are told, not a schedule"`
	Mobility    string           `json:"mobility,omitempty" enum:"car,car-and-station" doc:"Who minds the departure"`
	MaxPeriods  int              `json:"maxPeriods,omitempty" doc:"Most periods of a schedule that it takes"`
	AC          *ACNeeds         `json:"ac,omitempty"`
	DC          *DCNeeds         `json:"dc,omitempty"`
	V2X         map[string]Milli `json:"v2x,omitempty" doc:"W, A, V, Wh and percent, by name, for both directions (OCPP 2.1)"`
	DER         map[string]Milli `json:"der,omitempty" doc:"Abilities of its inverter, by name (OCPP 2.1)"`
	Answer      NeedsAnswer      `json:"answer" enum:"accepted,not-allowed,no-profile" doc:"What it was told"`
	Plan        station.Outcome  `json:"plan,omitempty" doc:"What became of the profile that it was then sent"`
	PlanDetail  string           `json:"planDetail,omitempty"`
	Profile     int              `json:"profile,omitempty" doc:"Number of that profile"`
}

// ACNeeds is what a car that charges by AC needs.
type ACNeeds struct {
	EnergyWh    Milli `json:"energyWh"`
	MinCurrentA Milli `json:"minCurrentA"`
	MaxCurrentA Milli `json:"maxCurrentA"`
	MaxVoltageV Milli `json:"maxVoltageV"`
}

// DCNeeds is what a car that charges by DC needs.
type DCNeeds struct {
	MaxCurrentA Milli  `json:"maxCurrentA"`
	MaxVoltageV Milli  `json:"maxVoltageV"`
	MaxPowerW   *Milli `json:"maxPowerW,omitempty"`
	EnergyWh    *Milli `json:"energyWh,omitempty"`
	CapacityWh  *Milli `json:"capacityWh,omitempty"`
	SoC         *int   `json:"soc,omitempty"`
	FullSoC     *int   `json:"fullSoc,omitempty"`
	BulkSoC     *int   `json:"bulkSoc,omitempty"`
}

func (*Needs) kind() string { return "needs" }
func (*Needs) key() string  { return "" }

// NeedsAnswer is what a car is told of its needs.
type NeedsAnswer string

// The answers.
const (
	NeedsAccepted NeedsAnswer = "accepted"    // a profile follows
	NotAllowed    NeedsAnswer = "not-allowed" // not that way of energy
	NoProfile     NeedsAnswer = "no-profile"  // nothing that the operator wants limits it
)

// Allowed is the ways of energy that the operator allows in a transaction. They are not known when a
// token is presented, so that the answer to that says nothing of them. (OCPP 2.1 Q01.FR.01, Q01.FR.08, Q02.FR.03)
type Allowed struct {
	Noted
	Transaction string     `json:"transaction"`
	Transfers   []Transfer `json:"transfers"`
}

func (*Allowed) kind() string  { return "transfer" }
func (a *Allowed) key() string { return a.Transaction }

// maxGroups is the most groups of profiles that a plan is made of: ours, and a limit of each source for
// the station and for the EVSE.
const maxGroups = 2 + 2*3

// horizon is how far a schedule reaches where the car does not say when it leaves.
const (
	horizon    = 24 * time.Hour
	maxHorizon = 7 * 24 * time.Hour
)

// TakeNeeds takes in what a car needs and tells what it is answered. When that is accepted, a profile
// has to be sent by [Power.Plan] once the answer is on its way. It takes no time to find, so that none
// is ever told to wait. (OCPP 2.x K15, K17, K17.FR.05, OCPP 2.1 K18, K19)
func (p *Power) TakeNeeds(ctx context.Context, id gnista.StationID, n Needs) (Needs, error) {
	t, err := p.active(ctx, id, n.EVSE)
	if err != nil {
		return n, err
	}
	n.Answer = NoProfile // OCPP 2.x K15.FR.04, K17.FR.04, OCPP 2.1 K18.FR.04, K19.FR.04
	if t != nil {
		n.Transaction = t.ID
		w, err := p.plan(ctx, id, *t, n)
		if err != nil {
			return n, err
		}
		if w != nil {
			n.Answer = NeedsAccepted // OCPP 2.x K15.FR.03, K17.FR.03, OCPP 2.1 K18.FR.03, K19.FR.03, Q01.FR.07
		}
	}
	err = p.Store.ChangePower(ctx, id, func(tx Tx) error {
		x := n
		if n.Transaction != "" {
			allowed, err := find[Allowed](tx, n.Transaction)
			if err != nil {
				return err
			}
			if allowed != nil && !slices.Contains(allowed.Transfers, n.Requested) {
				x.Answer = NotAllowed // OCPP 2.1 Q01.FR.04, K18.FR.22, K19.FR.15
			}
		}
		err := save(p, tx, id, &x, p.event("power.needs", id, map[string]any{"evse": n.EVSE, "transaction": n.Transaction, "requested": n.Requested, "answer": x.Answer}))
		if err == nil {
			n.Noted, n.Answer = x.Noted, x.Answer
		}
		return err
	})
	return n, err
}

// Plan sends the profile that a car was promised, or that it left, and keeps what came of it. (OCPP
// 2.x K15.FR.07, K15.FR.08, K15.FR.13, K16, K17.FR.07, K17.FR.08, OCPP 2.1 K17.FR.19, K18.FR.07,
// K18.FR.08, K19.FR.07, K19.FR.08)
func (p *Power) Plan(ctx context.Context, id gnista.StationID, evse int) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := p.promise(ctx, id, evse); err != nil {
		p.Log.Error("a car was promised a profile, and there is none", "station", id, "evse", evse, "err", err)
	}
}

func (p *Power) promise(ctx context.Context, id gnista.StationID, evse int) error {
	t, err := p.active(ctx, id, evse)
	if err != nil || t == nil {
		return err
	}
	needs, err := List[Needs](ctx, p, id, "", keep)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(needs, func(n Needs) bool { return n.Transaction == t.ID })
	if i < 0 {
		return nil
	}
	w, err := p.plan(ctx, id, *t, needs[i])
	if err != nil || w == nil {
		return err
	}
	x, a, failed := p.Install(ctx, id, *w)
	return p.Store.ChangePower(context.WithoutCancel(ctx), id, func(tx Tx) error {
		n, err := find[Needs](tx, needs[i].ID)
		if err != nil || n == nil {
			return err
		}
		n.Plan, n.PlanDetail, n.Profile = a.Outcome, a.Detail, x.Profile.ID
		if failed != nil {
			n.Plan, n.PlanDetail = station.Failed, failed.Error()
		}
		return save(p, tx, id, n)
	})
}

// plan makes the profile for a transaction: the one that it has, or what the profiles for the station
// and for all transactions allow. It is nil where none of them says anything.
func (p *Power) plan(ctx context.Context, id gnista.StationID, t charging.Transaction, n Needs) (*Wanted, error) {
	list, err := p.Profiles(ctx, id, "", keep)
	if err != nil {
		return nil, err
	}
	now := p.Now().UTC().Truncate(time.Second)
	w := Wanted{EVSE: t.EVSE.ID, Transaction: t.ID, planned: true}
	w.Profile.Purpose, w.Profile.Kind = Transaction, Absolute
	var most, usual, own []Profile
	var unit Unit
	for i := range list {
		x := &list[i]
		if x.State != Accepted {
			continue
		}
		mine := x.Profile
		switch {
		case mine.Purpose == Transaction && x.Transaction == t.ID && x.Source == Operator:
			if !x.Planned {
				w.Profile, w.Supply, w.Sharing, w.planned = mine, x.Supply, x.Sharing, false
				return &w, nil // the operator's own (OCPP 2.x K16.FR.12)
			}
			w.Profile.ID, w.Profile.StackLevel = mine.ID, mine.StackLevel
			continue
		case mine.Purpose == StationMax:
			most = append(most, mine)
		case mine.Purpose == Default && x.EVSE == t.EVSE.ID:
			own = append(own, mine)
		case mine.Purpose == Default && x.EVSE == 0:
			usual = append(usual, mine)
		default:
			continue
		}
		if unit == "" || mine.Purpose == Default {
			unit, w.Supply = mine.Schedules[0].Unit, x.Supply
		}
	}
	if len(most)+len(own)+len(usual) == 0 {
		return nil, nil
	}
	groups := [][]Profile{most, append(own, usual...)}
	limits, err := List[Limit](ctx, p, id, "", keep)
	if err != nil {
		return nil, err
	}
	for _, l := range limits { // OCPP 2.x K02.FR.01: what others have set holds as well
		if l.ClearedAt != nil || l.LocalGeneration || l.EVSE != 0 && l.EVSE != t.EVSE.ID || len(l.Schedules) == 0 || !l.Schedules[0].orderly() {
			continue
		}
		if len(groups) == maxGroups { // the station holds itself to them in any case
			break
		}
		s := l.Schedules[0]
		if s.Start == nil {
			s.Start = &l.ReceivedAt
		}
		groups = append(groups, []Profile{{Purpose: External, Kind: Absolute, Schedules: []Schedule{s}}})
	}
	for j, g := range groups {
		for i := range g {
			s := &g[i].Schedules[0]
			if s.Unit == unit {
				continue
			}
			g[i] = g[i].clone()
			if err := g[i].Schedules[0].turn(unit, w.Supply, ""); err == nil {
				continue
			} else if g[i].Purpose != External {
				return nil, nil // they cannot be compared, so nothing is promised
			}
			groups[j] = nil
		}
	}
	to := now.Add(horizon)
	if n.Departure != nil && n.Departure.After(now) {
		to = *n.Departure
	}
	if to.After(now.Add(maxHorizon)) {
		to = now.Add(maxHorizon)
	}
	periods := n.MaxPeriods // OCPP 2.x K15.FR.07: of the car, and of the station
	variables, err := p.Network.Variables(ctx, id)
	if err != nil {
		return nil, err
	}
	if most, err := strconv.Atoi(variable(variables, smartCharging, 0, "PeriodsPerSchedule")); err == nil && most > 0 && (periods <= 0 || most < periods) {
		periods = most
	}
	s, ok := schedule(combine(groups, t.StartedAt, now, to), unit, now, periods)
	if !ok {
		return nil, nil
	}
	w.Profile.Schedules = []Schedule{s} // OCPP 2.x K15.FR.18
	return &w, nil
}

// schedule makes a schedule of steps, with at most as many periods as are taken: what comes last then
// is as low as the rest of the steps. Where a step has no limit there is no schedule.
func schedule(steps []Step, u Unit, from time.Time, most int) (s Schedule, ok bool) {
	if most <= 0 || most > maxPeriods {
		most = maxPeriods
	}
	s = Schedule{Unit: u, Start: &from}
	for _, x := range steps {
		if x.Limit == nil {
			return s, false
		}
		limit := *x.Limit
		start := int(x.At.Sub(from) / time.Second)
		if n := len(s.Periods); n == most || n > 0 && s.Periods[n-1].Start == start { // both within one second
			last := s.Periods[n-1].Limit
			*last = min(*last, limit)
			continue
		}
		s.Periods = append(s.Periods, Period{Start: start, Values: Values{Limit: &limit}})
	}
	return s, len(s.Periods) > 0
}

// CarSchedule is what a car says that it will do.
type CarSchedule struct {
	Noted
	EVSE        int       `json:"evse"`
	Transaction string    `json:"transaction,omitempty"`
	Base        time.Time `json:"base" doc:"The schedule begins then"`
	Selected    *int      `json:"selected,omitempty" doc:"Id of our schedule that it has chosen (OCPP 2.1)"`
	Tolerated   *bool     `json:"toleratesPower,omitempty" doc:"It accepts the tolerance of ours (OCPP 2.1)"`
	Within      bool      `json:"within" doc:"It stays within the limits that it was given"`
	Schedule    Schedule  `json:"schedule"`
}

func (*CarSchedule) kind() string { return "car-schedule" }
func (*CarSchedule) key() string  { return "" }

// TakeCarSchedule takes in what a car will do, and tells whether that is within its limits. Where it is
// not, [Power.Plan] has to tell it those again. (OCPP 2.x K15.FR.11, K15.FR.12, K16.FR.06, K16.FR.07,
// K17.FR.11, K17.FR.12)
func (p *Power) TakeCarSchedule(ctx context.Context, id gnista.StationID, c CarSchedule) (within bool, err error) {
	c.Within = c.Schedule.orderly()
	t, err := p.active(ctx, id, c.EVSE)
	if err != nil {
		return false, err
	}
	if t != nil {
		c.Transaction = t.ID
	}
	if t != nil && c.Within {
		list, err := p.Profiles(ctx, id, "", keep)
		if err != nil {
			return false, err
		}
		for i := range list {
			x := &list[i]
			if x.State != Accepted || x.Transaction != t.ID || x.Profile.Purpose != Transaction || x.Source != Operator {
				continue
			}
			for j := range x.Profile.Schedules {
				ours := x.Profile
				ours.Schedules = x.Profile.Schedules[j : j+1]
				if c.Selected != nil && len(x.Profile.Schedules) > 1 && ours.Schedules[0].ID != *c.Selected || ours.Schedules[0].Unit != c.Schedule.Unit {
					continue
				}
				his := c.Schedule
				his.Start = &c.Base
				c.Within = c.Within && his.within(&ours, Absolute, t.StartedAt, c.Base, c.Base.Add(maxHorizon))
			}
		}
	}
	return c.Within, note(ctx, p, id, &c, p.event("power.car-schedule", id, map[string]any{"evse": c.EVSE, "transaction": c.Transaction, "within": c.Within}))
}
