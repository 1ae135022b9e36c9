package remedy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/fault"
	"gnista/station"
)

// scene is what is known of the place of a run, and of its faults, at a moment.
type scene struct {
	now  time.Time
	zone *time.Location

	open    []fault.Fault // those that are not over
	cleared time.Time     // when the last of the others was over
	by      string        // the person who cleared that
	moment  bool          // nobody told that it was over
	usable  bool          // a car may be charged there all the same

	station    station.Station
	connected  bool
	since      time.Time // of the connection
	adapted    station.Adaptations
	connectors []station.Connector
	active     []charging.Transaction
	commands   []station.Command // the last ones
	upkeep     string
}

// How a station is looked at.
const (
	settleTime  = time.Minute     // that a station has to tell what happened while it was away
	startTime   = 5 * time.Minute // in which an order to start comes true
	looksBehind = 50              // orders that are looked through
	mostActive  = 200             // transactions
)

// look finds out what is so now.
func (m *Remedies) look(ctx context.Context, r *Run) (*scene, error) {
	v := &scene{now: m.Now(), zone: time.UTC, usable: true}
	for _, id := range r.Faults {
		f, err := m.Faults.Fault(ctx, id)
		if err != nil {
			if gnista.CodeOf(err) == gnista.NotFound {
				continue
			}
			return nil, err
		}
		if f.Open() {
			v.open = append(v.open, f)
			v.usable = v.usable && m.Catalogue.Find(f.Key, f.Raw).Usable
		} else if f.ClearedAt.After(v.cleared) {
			v.cleared, v.by, v.moment = f.ClearedAt, f.ClearedBy, m.Catalogue.Find(f.Key, f.Raw).Momentary
		}
	}
	if r.Station == "" {
		return v, nil
	}
	return v, m.lookAt(ctx, v, r.Station)
}

// lookAt finds out how it is at a station.
func (m *Remedies) lookAt(ctx context.Context, v *scene, id gnista.StationID) (err error) {
	if v.station, err = m.Network.Store.Station(ctx, id); err != nil {
		if gnista.CodeOf(err) == gnista.NotFound {
			return nil // guards find that it is not in service
		}
		return err
	}
	c, connected := m.Network.Presence.Connection(id)
	v.connected, v.since = connected, c.Since
	v.adapted = m.Network.Treatment(v.station).Adaptations
	if v.connectors, err = m.Network.States.Connectors(ctx, id); err != nil {
		return err
	}
	if v.active, err = m.Transactions.Transactions(ctx, charging.Filter{Station: id, State: charging.Active, Limit: mostActive}); err != nil {
		return err
	}
	if v.commands, err = m.Network.Commands.Commands(ctx, id, "", looksBehind); err != nil {
		return err
	}
	if v.upkeep, err = m.Store.Upkeep(ctx, id); err != nil || m.Zone == nil {
		return err
	}
	v.zone, err = m.Zone(ctx, id)
	return err
}

// charges tells why a car may be charging at an EVSE, or with 0 anywhere at the station. No code: none is.
func (v *scene) charges(evse int) Reason {
	at := func(e int) bool { return evse == 0 || e == 0 || e == evse }
	for _, t := range v.active {
		if at(t.EVSE.ID) {
			return because(chargingThere, strconv.Itoa(t.EVSE.ID))
		}
	}
	known := false
	for _, c := range v.connectors {
		if !at(c.EVSE.ID) {
			continue
		}
		switch c.Status {
		case station.Charging, station.SuspendedEV, station.SuspendedEVSE:
			return because(chargingThere, strconv.Itoa(c.EVSE.ID))
		}
		known = known || c.EVSE.ID > 0 && c.Status != ""
	}
	startKind := charging.Start{}.Told().Kind
	for _, c := range v.commands {
		if c.Kind == startKind && c.EndedAt.IsZero() && v.now.Sub(c.At) < startTime {
			return because(starting)
		}
	}
	if !known || len(v.active) == mostActive {
		return because(stateless)
	}
	return Reason{}
}

// forbids are the hard limits: why a station may not be told to do something now. No code: it may.
// They are asked when a step is chosen, and again in the moment in which it is sent.
func (v *scene) forbids(r *Run, do Action) Reason {
	switch {
	case !v.connected:
		return because(offline)
	case v.station.State != station.Accepted:
		return because(notAccepted)
	case !do.disruptive():
		return Reason{}
	case v.now.Sub(v.since) < settleTime:
		return because(settling)
	}
	evse := r.EVSE
	if do.reset() {
		evse = 0
	}
	return v.charges(evse)
}

// judge asks the guards of a step, until all are asked. It tells when it is worth asking again, if it is known, and
// whether that can help at all.
func (v *scene) judge(r *Run, s Step, past Past) (list []Verdict, again time.Time, never bool, err error) {
	ask := func(guard string, met bool, why Reason) {
		x := Verdict{Guard: guard, Met: met}
		if !met {
			x.Reason = why
		}
		list = append(list, x)
	}
	must := func(guard string, met bool, why Reason) {
		ask(guard, met, why)
		never = never || !met
	}
	if s.OnlyUnusable {
		must("usable", !v.usable, because(usable))
	}
	if s.Do == LowerPower {
		must("place", r.Station != "", because(noStation))
	}
	if s.Do.told() || s.Do == RetryOrder {
		must("place", r.Station != "", because(noStation))
		if s.Do == Unlock {
			must("outlet", r.EVSE > 0, because(noConnector))
		}
		must("model", s.Do != TakeOut || !v.adapted.SkipAvailability, because(notAllowed, "skipAvailability"))
		if never {
			return list, again, never, nil
		}
		ask("in-service", v.station.State == station.Accepted, because(notAccepted))
		ask("online", v.connected, because(offline))
	}
	if s.Do.disruptive() || s.Idle != Anyhow {
		ask("settled", v.connected && v.now.Sub(v.since) >= settleTime, because(settling))
		evse := r.EVSE
		if s.Idle == IdleStation {
			evse = 0
		}
		why := v.charges(evse)
		ask("known", why.Code != stateless, why)
		ask("idle", why.Code == "" || why.Code == stateless, why)
		ask("upkeep", v.upkeep == "", because(upkeep, v.upkeep))
	}
	if opens := s.opens(v.now.In(v.zone)); s.Hours != "" {
		ask("hours", opens.IsZero() || r.Hurry, because(outOfHours, s.Hours))
		again = later(again, opens)
	}
	if s.Do == HandOver || s.Do == Wait || s.Do == TellDriver {
		return list, again, never, nil
	}
	return v.judgePast(r, s, past, list, again, never)
}

const day = 24 * time.Hour

// judgePast asks the guards that look at what was done before.
func (v *scene) judgePast(r *Run, s Step, past Past, list []Verdict, again time.Time, never bool) ([]Verdict, time.Time, bool, error) {
	evse, alike := r.EVSE, []Action{s.Do}
	if s.Do.reset() {
		evse, alike = -1, []Action{SoftReset, HardReset}
	}
	done, err := past.Done(r, evse, []Action{s.Do}, v.now.Add(-day))
	if err != nil {
		return list, again, never, err
	}
	all := done
	if len(alike) > 1 {
		if all, err = past.Done(r, evse, alike, v.now.Add(-day)); err != nil {
			return list, again, never, err
		}
	}
	enough := func(times []time.Time, most int) {
		if len(times) >= most {
			again = later(again, times[most-1].Add(day))
		}
	}
	enough(done, s.perDay())
	enough(all, s.Do.most())
	met := len(done) < s.perDay() && len(all) < s.Do.most()
	list = append(list, verdict("per-day", met, because(perDay, strconv.Itoa(max(len(done), len(all))))))
	if s.CoolDown > 0 && !r.Hurry {
		met := len(all) == 0 || !all[0].Add(s.coolDown()).After(v.now)
		why := Reason{}
		if !met {
			until := all[0].Add(s.coolDown())
			again = later(again, until)
			why = because(coolingDown, until.In(v.zone).Format("15:04"))
		}
		list = append(list, verdict("cool-down", met, why))
	}
	if s.Do.disruptive() {
		other, err := past.Disturbed(r, slices.DeleteFunc(slices.Clone(Actions), func(a Action) bool { return !a.disruptive() }))
		if err != nil {
			return list, again, never, err
		}
		list = append(list, verdict("alone", other == "", because(disturbed)))
	}
	return list, again, never, nil
}

func verdict(guard string, met bool, why Reason) Verdict {
	if met {
		why = Reason{}
	}
	return Verdict{guard, met, why}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// unmet is the first guard that is not met; nil when all are.
func unmet(list []Verdict) *Verdict {
	i := slices.IndexFunc(list, func(v Verdict) bool { return !v.Met })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// guarded is an order that is looked at again in the moment in which it is sent.
type guarded struct {
	station.Order[station.Answer]
	allow func(context.Context) error
}

// Check tells what is wrong with the order.
func (o guarded) Check() error {
	if c, ok := o.Order.(station.Checked); ok {
		return c.Check()
	}
	return nil
}

// Allow tells whether it may still be sent.
func (o guarded) Allow(ctx context.Context) error { return o.allow(ctx) }

// Plain is the order itself.
func (o guarded) Plain() any { return o.Order }

// Adapt is the order itself, as the station needs it.
func (o guarded) Adapt(a station.Adaptations) (any, error) {
	if x, ok := o.Order.(station.Adaptable); ok {
		return x.Adapt(a)
	}
	return o.Order, nil
}

// allow tells whether a step may still be done: the fault is open and no hard limit forbids it. Conflict.
func (m *Remedies) allow(ctx context.Context, r *Run, do Action) error {
	v, err := m.look(ctx, r)
	if err != nil {
		return fmt.Errorf("looking again before a step: %w", err)
	}
	if len(v.open) == 0 {
		return gnista.Errorf(gnista.Conflict, "it was not sent: the fault is over")
	}
	if why := v.forbids(r, do); why.Code != "" {
		return gnista.Errorf(gnista.Conflict, "it was not sent: %s", why.In(fault.English))
	}
	return nil
}
