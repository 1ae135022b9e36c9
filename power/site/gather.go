package site

import (
	"context"
	"encoding/json"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/power"
	"gnista/power/share"
	"gnista/station"
)

// about is what is known of a station that seldom changes.
type about struct {
	facts    station.PowerFacts
	profiles []power.Installed // of others
	limits   []power.Limit
}

// listed is the most profiles and limits of a station that are looked at.
const listed = 200

// look finds what is known of a station.
func (l *loop) look(ctx context.Context, id gnista.StationID) (about, error) {
	var a about
	var err error
	if l.c.Power.Facts != nil {
		if a.facts, err = l.c.Power.Facts(ctx, id); err != nil {
			return a, err
		}
	}
	list, err := l.c.Power.Profiles(ctx, id, "", listed)
	if err != nil {
		return a, err
	}
	for _, x := range list {
		holds := x.State == power.Accepted || x.State == power.Sent || x.State == power.Unsure
		if holds && !x.Sharing && x.Profile.Purpose != power.LocalGeneration && len(x.Profile.Schedules) > 0 {
			a.profiles = append(a.profiles, x)
		}
	}
	limits, err := power.List[power.Limit](ctx, l.c.Power, id, "", listed)
	for _, x := range limits {
		if x.ClearedAt == nil && !x.LocalGeneration && len(x.Schedules) > 0 {
			a.limits = append(a.limits, x)
		}
	}
	return a, err
}

// level is the stack level of what a station is told above its safe default.
func (a *about) level() int {
	if most := a.facts.MaxStackLevel; most != nil {
		return min(1, *most)
	}
	return 1
}

// hold is what others have said that an EVSE may take at a time.
func (a *about) hold(p *Bay, c *Car, phases int64, volts int, now time.Time) hold {
	h := nobody
	lower := func(m *power.Milli, u power.Unit, number int, above bool) {
		if m == nil {
			return
		}
		mA := toAmps(*m, u, phases, volts)
		if above && !h.above || h.amps == share.None || mA < h.amps && above == h.above {
			h = hold{mA, above, number}
		}
	}
	for i := range a.profiles {
		x := &a.profiles[i]
		above := false
		switch x.Profile.Purpose {
		case power.StationMax, power.External:
		case power.Default:
		case power.Transaction:
			if c == nil || x.Transaction != c.ID {
				continue
			}
			above = x.Profile.StackLevel >= a.level()
		default:
			continue
		}
		if x.EVSE != 0 && x.EVSE != p.EVSE {
			continue
		}
		lower(x.Profile.LimitAt(c.since(now), now), x.Profile.Schedules[0].Unit, x.Profile.ID, above)
	}
	for i := range a.limits {
		x := &a.limits[i]
		if x.EVSE != 0 && x.EVSE != p.EVSE {
			continue
		}
		s := x.Schedules[0]
		if s.Start == nil {
			s.Start = &x.ReceivedAt
		}
		q := power.Profile{Purpose: power.External, Kind: power.Absolute, Schedules: []power.Schedule{s}}
		lower(q.LimitAt(c.since(now), now), s.Unit, 0, false)
	}
	return h
}

// since is when a transaction began.
func (c *Car) since(now time.Time) time.Time {
	if c == nil {
		return now
	}
	return c.StartedAt
}

// toAmps turns a limit into mA of each phase.
func toAmps(m power.Milli, u power.Unit, phases int64, volts int) int64 {
	if u == power.Watt {
		return int64(m) / (phases * int64(volts))
	}
	return int64(m)
}

// measured takes in what a station has measured in a transaction.
func (l *loop) measured(t *charging.Transaction, list []charging.Sample) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, ok := l.tree.places[key{t.Station, t.EVSE.ID}]
	if !ok {
		return
	}
	p := &l.tree.EVSEs[i]
	if d, ok := l.tree.drawn(p, list); ok && l.c.Now().Sub(d.at) <= forgets {
		// By our clock: it is held against when the station was told something.
		d.at = l.c.Now()
		if was := l.draws[p.key()]; was.measured()-d.measured() > step || d.measured()-was.measured() > step {
			l.wake()
		}
		l.draws[p.key()] = d
	}
	if l.doing[p.key()] != string(t.Activity) {
		l.doing[p.key()] = string(t.Activity)
		l.wake()
	}
}

// drawn is what the newest samples say of the phases of the site.
func (t *tree) drawn(p *Bay, list []charging.Sample) (d draw, ok bool) {
	phases, own := p.on()
	n, volts := int64(len(own)), int64(t.Voltage)
	var currents, powers [3]int64 // mA
	var each, apart, total, powered bool
	var sum, watts int64 // mA and mW
	for _, s := range list {
		if s.Location != charging.Outlet || s.At.Before(d.at) {
			continue
		}
		if s.At.After(d.at) {
			d.at, currents, powers, each, apart, total, powered, watts = s.At, [3]int64{}, [3]int64{}, false, false, false, false, 0
		}
		at := -1
		if len(s.Phase) >= 2 && s.Phase[0] == 'L' {
			at = int(s.Phase[1] - '1')
		}
		switch {
		case s.Measurand == charging.CurrentImport && at >= 0 && at < len(own):
			currents[own[at]], each = max(0, s.Milli), true
		case s.Measurand == charging.CurrentImport && s.Phase == "":
			sum, total = max(0, s.Milli), true
		case s.Measurand == charging.PowerImport && at >= 0 && at < len(own):
			powers[own[at]], apart = max(0, s.Milli)/volts, true
		case s.Measurand == charging.PowerImport && s.Phase == "":
			watts, powered = max(0, s.Milli), true
		}
	}
	one := int64(0)
	switch {
	case each && p.Unit == power.Ampere:
		d.amps, d.phased = currents, n > 1
		return d, true
	case apart && p.Unit == power.Ampere:
		d.amps, d.phased = powers, n > 1
		return d, true
	case powered:
		one = watts / (n * volts)
	case total && p.Unit == power.Ampere:
		one = sum
	default:
		return d, false
	}
	for ph, on := range phases {
		if on {
			d.amps[ph] = one
		}
	}
	return d, true
}

// gather finds out what there is to know of all places.
func (l *loop) gather(ctx context.Context, t *tree, spots []Spot, now time.Time) ([]input, error) {
	if err := l.refresh(ctx, t); err != nil {
		return nil, err
	}
	cars, err := l.c.Store.SiteCars(ctx, l.site)
	if err != nil {
		return nil, err
	}
	at := make(map[key]*Car, len(cars))
	for i := range cars { // of several at one EVSE the last one counts
		c := &cars[i]
		at[key{c.Station, c.EVSE}] = c
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	ins := make([]input, len(t.EVSEs))
	online := map[gnista.StationID]bool{}
	for i := range t.EVSEs {
		p, in := &t.EVSEs[i], &ins[i]
		if _, seen := online[p.Station]; !seen {
			_, online[p.Station] = l.c.Network.Presence.Connection(p.Station)
		}
		*in = input{ours: l.ours[p.Station], online: online[p.Station], car: at[p.key()], about: l.about[p.Station], own: nobody}
		_, n := spots[i].phases(p)
		if in.car == nil {
			delete(l.draws, p.key())
		} else if in.draw = l.draws[p.key()]; in.draw.at.Before(in.car.StartedAt) {
			in.draw = draw{}
			if in.car.PowerW > 0 { // what was stored before we were started
				in.draw.at = in.car.UpdatedAt
				for ph, on := range first(p.on()) {
					if on {
						in.draw.amps[ph] = in.car.PowerW * 1000 / (int64(len(p.Rotation)) * int64(t.Voltage))
					}
				}
			}
		}
		if len(in.profiles) > 0 || len(in.limits) > 0 {
			in.own = in.hold(p, in.car, n, t.Voltage, now)
		}
	}
	return ins, nil
}

func first(phases [3]bool, _ []int) [3]bool { return phases }

// refresh looks again at the stations of which something has changed, and which the stations of the site are.
func (l *loop) refresh(ctx context.Context, t *tree) error {
	now := l.c.Now()
	l.mu.Lock()
	if l.lookAll.IsZero() || now.Sub(l.lookAll) > lookAgain {
		for i := range t.EVSEs {
			l.dirty[t.EVSEs[i].Station] = true
		}
		l.lookAll = now
	}
	dirty := l.dirty
	l.dirty = map[gnista.StationID]bool{}
	l.mu.Unlock()
	if len(dirty) == 0 {
		return nil
	}
	err := l.lookAt(ctx, dirty)
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		for id := range dirty {
			l.dirty[id] = true
		}
	}
	return err
}

func (l *loop) lookAt(ctx context.Context, dirty map[gnista.StationID]bool) error {
	list, err := l.c.Store.StationsAt(ctx, l.site)
	if err != nil {
		return err
	}
	l.ours = make(map[gnista.StationID]bool, len(list))
	for _, id := range list {
		l.ours[id] = true
	}
	for id := range dirty {
		if !l.ours[id] {
			continue
		}
		if l.about[id], err = l.look(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// lookAgain is after what time all stations are looked at again, whether something has changed or not.
const lookAgain = time.Hour

// remember reads what the stations of the site were told before we were started, from the profiles that they were
// given: these are kept before they are sent.
func (t *tree) remember(spots []Spot, entries []power.Entry, now time.Time) error {
	for _, e := range entries {
		var x power.Installed
		if err := json.Unmarshal(e.Data, &x); err != nil {
			return err
		}
		evse, slot, _ := power.SharingSlot(x.Profile.ID)
		i, ok := t.places[key{e.Station, evse}]
		if !ok || slot == slotSafe || len(x.Profile.Schedules) == 0 {
			continue
		}
		p, s := &t.EVSEs[i], &spots[i]
		limit := x.Profile.LimitAt(x.ReceivedAt, now)
		if limit == nil || s.way() != wayOf(slot) || slot == slotTransaction && s.Tx != "" && x.Transaction != s.Tx {
			continue
		}
		switch x.State {
		case power.Accepted:
			_, n := s.phases(p)
			told := toAmps(*limit, x.Profile.Schedules[0].Unit, n, t.Voltage)
			if s.Tx == "" {
				s.Tx = x.Transaction
			}
			s.Told, s.ToldAt, s.Until = told, x.ReceivedAt, ends(&x)
			if s.Trouble != NotApplied { // which allows more than it has accepted
				s.Before = 0
			}
		case power.Sent, power.Unsure: // it may or may not have heard that
			s.Before, s.Until = int64(p.Max), ends(&x)
		}
	}
	return nil
}

// ends is when a profile lapses.
func ends(x *power.Installed) time.Time {
	p := &x.Profile
	if p.ValidTo != nil {
		return *p.ValidTo
	}
	s := &p.Schedules[0]
	start := x.ReceivedAt // later than where it is relative to the transaction
	if s.Start != nil {
		start = *s.Start
	}
	return start.Add(time.Duration(s.Duration) * time.Second)
}
