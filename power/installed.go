package power

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
	"gnista/token"
)

// State is what is known of a profile on its station.
type State string

// The states.
const (
	Sent     State = "sent"     // the station has not answered yet
	Accepted State = "accepted" // the station follows it, or reports that it does
	Rejected State = "rejected"
	Unsure   State = "unknown" // the station did not answer
	Cleared  State = "cleared"
	Expired  State = "expired" // its time is over, or its transaction
	Missing  State = "missing" // the station does not have it any more
)

// Source is who set a profile or a limit.
type Source string

// The sources.
const (
	Operator         Source = "operator"
	EnergyManagement Source = "energy-management"
	SystemOperator   Source = "system-operator"
	Other            Source = "other"
)

// Installed is a profile on a station: one of ours, or one that the station reports.
type Installed struct {
	Noted
	EVSE        int        `json:"evse"`
	State       State      `json:"state" enum:"sent,accepted,rejected,unknown,cleared,expired,missing"`
	Source      Source     `json:"source" doc:"operator: it is ours"`
	Detail      string     `json:"detail,omitempty" doc:"The station's own word"`
	Transaction string     `json:"transaction,omitempty" doc:"Id of the transaction that it is for"`
	Order       int        `json:"order,omitempty" doc:"Number of the order to start that it was part of"`
	Adapted     []string   `json:"adapted,omitempty" doc:"What was changed for the station's model"`
	Planned     bool       `json:"planned,omitempty" doc:"It was made when the car told its needs"`
	Sharing     bool       `json:"sharing,omitempty" doc:"It is of the sharing of a site's power, which replaces and clears it by itself"`
	Foreign     bool       `json:"foreign,omitempty" doc:"It is known from the station's reports only"`
	ReportedAt  *time.Time `json:"reportedAt,omitempty" doc:"When the station last reported it"`
	Reported    *Profile   `json:"reported,omitempty" doc:"What the station reports, where that is something else"`
	EndedAt     *time.Time `json:"endedAt,omitempty"`
	Supply      Supply     `json:"supply,omitzero"`
	Profile     Profile    `json:"profile"`

	replaced *Installed // what it would replace
}

func (*Installed) kind() string  { return "profile" }
func (x *Installed) key() string { return strconv.Itoa(x.Profile.ID) }

// holds tells whether the station may be following it.
func (x *Installed) holds() bool { return x.State == Accepted || x.State == Sent || x.State == Unsure }

func (x *Installed) end(s State, detail string, now time.Time) {
	x.State, x.Detail, x.EndedAt = s, detail, &now
}

// answerTime is after what time no answer comes any more.
const answerTime = 2 * time.Minute

// settle takes in what time has made of x. Of the transactions the recent ones are given.
func (x *Installed) settle(recent []charging.Transaction, now time.Time) {
	if !x.holds() {
		return
	}
	if x.State == Sent && now.Sub(x.ReceivedAt) > answerTime {
		x.State = Unsure
	}
	if x.Profile.ValidTo != nil && !now.Before(*x.Profile.ValidTo) {
		x.State = Expired
	}
	if x.Profile.Purpose != Transaction || x.Source != Operator {
		return
	}
	var its *charging.Transaction
	for i := range recent {
		t := &recent[i]
		if x.Transaction == t.ID || x.Transaction == "" && x.began(t) && (its == nil || t.StartedAt.Before(its.StartedAt)) {
			its = t
		}
	}
	switch {
	case its != nil && its.State == charging.Active:
		x.Transaction = its.ID
	case its != nil, x.Transaction != "", now.Sub(x.ReceivedAt) > station.EffectTime:
		x.State = Expired
	}
}

// began tells whether t came of the order that x was sent with.
func (x *Installed) began(t *charging.Transaction) bool {
	if t.RemoteID != 0 {
		return x.Order == t.RemoteID
	}
	return x.EVSE == t.EVSE.ID && !t.StartedAt.Before(x.ReceivedAt.Add(-answerTime)) && (t.State == charging.Active || t.UpdatedAt.After(x.ReceivedAt))
}

// maxRecent is the most transactions that are looked at besides those that are active: as many as can
// have ended on a station in the time in which an order has its effect.
const maxRecent = 50

// recent lists the transactions that are active on a station, and those that were lately.
func (p *Power) recent(ctx context.Context, id gnista.StationID) ([]charging.Transaction, error) {
	active, err := p.actives(ctx, id)
	if err != nil {
		return nil, err
	}
	ended, err := p.Transactions.Store.Transactions(ctx, charging.Filter{Station: id, State: charging.Ended, Limit: maxRecent})
	return append(active, ended...), err
}

// actives lists the transactions that are active on a station.
func (p *Power) actives(ctx context.Context, id gnista.StationID) ([]charging.Transaction, error) {
	return p.Transactions.Store.Transactions(ctx, charging.Filter{Station: id, State: charging.Active, Limit: maxActive})
}

// Profiles lists what profiles there are and were, the newest first.
func (p *Power) Profiles(ctx context.Context, id gnista.StationID, before string, limit int) ([]Installed, error) {
	list, err := List[Installed](ctx, p, id, before, limit)
	if err != nil {
		return nil, err
	}
	recent, err := p.recent(ctx, id)
	for i := range list {
		list[i].settle(recent, p.Now())
	}
	return list, err
}

// Wanted is a profile that is to be installed.
type Wanted struct {
	EVSE        int
	Transaction string // our id; empty is the one that is active at the EVSE
	Supply      Supply
	Sharing     bool // it is of the sharing of a site's power, and its number is one of [SharingNumber]
	Profile     Profile
	planned     bool
}

// Numbers of the profiles of the sharing of a site's power. Those of others are below, so that neither
// replaces the other's.
const (
	firstShared  = 2_000_000_000
	SharingSlots = 4 // profiles of an EVSE
)

// SharingNumber is the number of the profile in a slot, below [SharingSlots], of an EVSE up to 10,000.
func SharingNumber(evse, slot int) int { return firstShared + evse*SharingSlots + slot }

// SharingSlot is the EVSE and the slot of a number of [SharingNumber]; ok is false for others.
func SharingSlot(number int) (evse, slot int, ok bool) {
	n := number - firstShared
	return n / SharingSlots, n % SharingSlots, n >= 0
}

// IsSharing tells whether the key of an entry of a profile is a [SharingNumber].
func IsSharing(key string) bool {
	n, err := strconv.Atoi(key)
	return err == nil && n >= firstShared
}

// Install has a station follow a profile. What its model needs otherwise is changed before. (OCPP 1.6
// §5.16, OCPP 2.x K01.FR.01, K01.FR.02, K01.FR.08, K02.FR.03, K03) Invalid, Conflict, NotFound, Unsupported.
func (p *Power) Install(ctx context.Context, id gnista.StationID, w Wanted) (Installed, station.Answer, error) {
	var t charging.Transaction
	order := Install{EVSE: w.EVSE, Profile: w.Profile}
	err := order.Check()
	if err == nil {
		t, err = p.bind(ctx, id, &w)
	}
	if err != nil {
		return Installed{}, station.Answer{}, err
	}
	x, err := p.prepare(ctx, id, w, t, 0)
	if err != nil {
		return x, station.Answer{}, err
	}
	order.Ref, order.Profile = t.Ref, x.Profile
	a, err := p.give(ctx, id, &x, func() (station.Answer, error) { return station.Give(ctx, p.Network, id, order) })
	return x, a, err
}

// bind finds the transaction that a profile is for, if it is for one.
func (p *Power) bind(ctx context.Context, id gnista.StationID, w *Wanted) (t charging.Transaction, err error) {
	if w.Profile.Purpose != Transaction {
		if w.Transaction != "" {
			err = gnista.Invalidf("transaction", "is for profiles of a transaction only")
		}
		return t, err
	}
	if w.Transaction != "" {
		if t, err = p.transaction(ctx, id, w.Transaction); err != nil {
			return t, err
		}
	} else { // OCPP 2.x K01.FR.03
		found, err := p.active(ctx, id, w.EVSE)
		if err != nil {
			return t, err
		}
		if found == nil {
			return t, gnista.Errorf(gnista.Conflict, "no transaction is active at EVSE %d that the profile could be for", w.EVSE)
		}
		t = *found
	}
	if t.EVSE.ID != w.EVSE && t.EVSE.ID != 0 {
		err = gnista.Errorf(gnista.Conflict, "transaction %s is at EVSE %d", t.ID, t.EVSE.ID)
	}
	return t, err
}

// Start orders a station to start a transaction that has a profile of its own. (OCPP 1.6 §5.11, OCPP
// 2.x K05)
func (p *Power) Start(ctx context.Context, id gnista.StationID, evse int, who token.ID, w Wanted) (station.Answer, error) {
	if w.Profile.Purpose != Transaction { // OCPP 2.x K05.FR.02
		return station.Answer{}, gnista.Invalidf("profile.purpose", "must be transaction")
	}
	w.EVSE = evse
	if err := w.Profile.Check(max(evse, 1)); err != nil { // the station may choose the EVSE
		return station.Answer{}, err
	}
	first, err := p.Transactions.Order(ctx, id, evse, who)
	if err != nil {
		return station.Answer{}, err
	}
	x, err := p.prepare(ctx, id, w, charging.Transaction{}, first.Number)
	if err != nil {
		return station.Answer{}, err
	}
	return p.give(ctx, id, &x, func() (station.Answer, error) {
		return station.Give(ctx, p.Network, id, Start{Start: first, Profile: x.Profile})
	})
}

// prepare makes a profile that the station can take, with a number of its own, and keeps it.
func (p *Power) prepare(ctx context.Context, id gnista.StationID, w Wanted, t charging.Transaction, order int) (Installed, error) {
	x := Installed{EVSE: w.EVSE, State: Sent, Source: Operator, Transaction: t.ID, Order: order, Supply: w.Supply, Planned: w.planned, Sharing: w.Sharing, Profile: w.Profile.clone()}
	if _, connected := p.Network.Presence.Connection(id); !connected {
		return x, p.Network.Explain(ctx, id, gnista.Errorf(gnista.Offline, "station %s is not connected", id))
	}
	var facts station.PowerFacts
	var err error
	if p.Facts != nil {
		if facts, err = p.Facts(ctx, id); err != nil {
			return x, err
		}
	}
	if x.Adapted, err = x.Profile.adapt(facts, w.Supply, p.Now()); err != nil {
		return x, err
	}
	variables, err := p.Network.Variables(ctx, id)
	if err != nil {
		return x, err
	}
	if err := x.Profile.suits(variables, w.EVSE); err != nil {
		return x, err
	}
	if len(x.Profile.Schedules) > 1 { // OCPP 2.x K01.FR.34
		needs, err := List[Needs](ctx, p, id, "", keep)
		if err != nil {
			return x, err
		}
		if t.ID == "" || !slices.ContainsFunc(needs, func(n Needs) bool { return n.Transaction == t.ID }) {
			return x, gnista.Invalidf("profile.schedules", "must be one, as no car has told its needs in this transaction")
		}
	}
	for i := range x.Profile.Schedules {
		if s := &x.Profile.Schedules[i]; s.ID == 0 {
			s.ID = i + 1
		}
	}
	recent, err := p.recent(ctx, id)
	if err != nil {
		return x, err
	}
	err = p.Store.ChangePower(ctx, id, func(tx Tx) error {
		list, err := all[Installed](tx)
		if err != nil {
			return err
		}
		return p.enter(tx, id, &x, w.Profile.ID, list, recent, variables)
	})
	return x, err
}

// enter gives x a number, refuses it where it would stand in the way of another, and keeps it.
func (p *Power) enter(tx Tx, id gnista.StationID, x *Installed, number int, list []Installed, recent []charging.Transaction, variables []station.Variable) error {
	x.ID, x.Profile.ID = "", number
	least := externalIDs(variables)
	if number != 0 && number <= least { // OCPP 2.1 K01.FR.80
		return gnista.Invalidf("profile.id", "must be above %d; the station keeps those below for external limits", least)
	}
	if number >= firstShared && !x.Sharing {
		return gnista.Invalidf("profile.id", "must be below %d; those from there on are of the sharing of a site's power", firstShared)
	}
	next := least
	for i := range list {
		other := &list[i]
		other.settle(recent, p.Now())
		if other.Profile.ID < firstShared {
			next = max(next, other.Profile.ID)
		}
		if other.Profile.ID == number {
			if other.Source != Operator && other.holds() {
				return gnista.Errorf(gnista.Conflict, "profile %d is not ours", number)
			}
			if x.replaced = nil; other.holds() { // OCPP 2.x K01.FR.05
				x.replaced = other
			}
			continue
		}
		if other.holds() && x.clashes(other) {
			return gnista.Errorf(gnista.Conflict, "profile %d has the same purpose and stack level at the same time; clear it, replace it by its id, or choose another level", other.Profile.ID)
		}
	}
	if err := makeRoom(tx, list, false, maxProfiles); err != nil {
		return err
	}
	if number == 0 {
		if next >= firstShared-1 {
			return gnista.Invalidf("profile.id", "is needed: the next free number is too large")
		}
		x.Profile.ID = next + 1
	}
	return save(p, tx, id, x)
}

// maxProfiles is the most profiles of one station that are ours: with those that are reported, no more
// than entries are kept, so that none is forgotten while it holds.
const maxProfiles = keep - maxReported

// makeRoom forgets the oldest profile that no longer holds, where there are as many of ours, or of those
// that are foreign, as may be. Conflict when all hold.
func makeRoom(tx Tx, list []Installed, foreign bool, most int) error {
	n := 0
	var oldest *Installed
	for i := range list { // the newest first
		if x := &list[i]; x.Foreign == foreign {
			n++
			if !x.holds() {
				oldest = x
			}
		}
	}
	switch {
	case n < most:
		return nil
	case oldest == nil:
		return gnista.Errorf(gnista.Conflict, "the station has %d profiles, which is the most; clear some", n)
	}
	return tx.Forget(oldest.kind(), oldest.key())
}

// clashes tells whether two profiles could hold at the same time with nothing to tell which does.
// (OCPP 1.6 §3.13.2, OCPP 2.x K01.FR.06, K01.FR.39, K01.FR.52, K01.FR.53)
func (x *Installed) clashes(y *Installed) bool {
	a, b := &x.Profile, &y.Profile
	if a.Purpose != b.Purpose || a.StackLevel != b.StackLevel {
		return false
	}
	if a.Purpose == Transaction {
		return x.Transaction == y.Transaction && x.Order == y.Order || x.Transaction != "" && x.Transaction == y.Transaction
	}
	if x.EVSE != y.EVSE && (a.Purpose != Default || x.EVSE != 0 && y.EVSE != 0) {
		return false
	}
	before := func(a, b *time.Time) bool { return a != nil && b != nil && !a.After(*b) }
	return !before(a.ValidTo, b.ValidFrom) && !before(b.ValidTo, a.ValidFrom)
}

// give sends an order that has a profile, and keeps what comes of it. A profile that is refused leaves
// the one that it would have replaced as it was.
func (p *Power) give(ctx context.Context, id gnista.StationID, x *Installed, send func() (station.Answer, error)) (station.Answer, error) {
	a, err := send()
	now := p.Now()
	switch code := gnista.CodeOf(err); {
	case err == nil && (a.Status == station.Done || a.Status == station.Scheduled):
		x.State, x.Detail = Accepted, a.Detail
	case err == nil:
		x.end(Rejected, a.Detail, now)
	case code == gnista.Timeout || code == gnista.Internal:
		x.State = Unsure
	default:
		x.end(Rejected, err.Error(), now)
	}
	// What was sent was sent, also when nobody waits for the answer any more.
	kept := p.Store.ChangePower(context.WithoutCancel(ctx), id, func(tx Tx) error {
		if x.State == Rejected && x.replaced != nil {
			return save(p, tx, id, x.replaced)
		}
		return save(p, tx, id, x, p.event("profile.installed", id, map[string]any{
			"profile": x.Profile.ID, "purpose": x.Profile.Purpose, "evse": x.EVSE, "state": x.State, "transaction": x.Transaction,
		}))
	})
	if err == nil {
		err = kept
	}
	return a, err
}

// Clear has a station forget profiles. (OCPP 1.6 §5.5, OCPP 2.x K10) Invalid, NotFound.
func (p *Power) Clear(ctx context.Context, id gnista.StationID, o Clear) (station.Answer, error) {
	a, err := station.Give(ctx, p.Network, id, o)
	if err != nil || a.Status != station.Done && a.Status != station.NotKnown {
		return a, err
	}
	return a, p.Store.ChangePower(context.WithoutCancel(ctx), id, func(tx Tx) error {
		list, err := all[Installed](tx)
		if err != nil {
			return err
		}
		for i := range list {
			x := &list[i]
			if !x.holds() || x.Profile.Purpose == External || !o.matches(x) {
				continue
			}
			state := Cleared
			if a.Status == station.NotKnown {
				state = Missing
			}
			x.end(state, a.Detail, p.Now())
			if err := save(p, tx, id, x, p.event("profile.cleared", id, map[string]any{"profile": x.Profile.ID, "state": state})); err != nil {
				return err
			}
		}
		return nil
	})
}

// Update changes the values of a dynamic profile of ours, and tells the station at once where push is
// true; otherwise it is told when it asks. (OCPP 2.1 K28) NotFound, Conflict, Invalid.
func (p *Power) Update(ctx context.Context, id gnista.StationID, o Update, push bool) (station.Answer, error) {
	if err := o.Check(); err != nil {
		return station.Answer{}, err
	}
	x, err := p.dynamic(ctx, id, o.ID)
	if err != nil {
		return station.Answer{}, err
	}
	// What is left out is not changed, and what comes of it must be a profile.
	next := x.Profile.clone()
	next.Schedules[0].Periods[0].Values.set(o.Values)
	if err := next.Check(x.EVSE); err != nil {
		return station.Answer{}, err
	}
	a := station.Answer{Status: station.Scheduled, Detail: "kept until the station asks"}
	if push {
		if a, err = station.Give(ctx, p.Network, id, o); err != nil || a.Status != station.Done {
			return a, err
		}
	}
	return a, p.Store.ChangePower(context.WithoutCancel(ctx), id, func(tx Tx) error {
		x, err := find[Installed](tx, strconv.Itoa(o.ID))
		if err != nil || x == nil || x.Profile.Kind != Dynamic {
			return err
		}
		x.Profile.Schedules[0].Periods[0].Values.set(o.Values)
		return save(p, tx, id, x, p.event("profile.updated", id, map[string]any{"profile": o.ID}))
	})
}

// set takes over the values that are said.
func (v *Values) set(from Values) {
	for _, pair := range [][2]**Milli{
		{&v.Limit, &from.Limit}, {&v.LimitL2, &from.LimitL2}, {&v.LimitL3, &from.LimitL3},
		{&v.DischargeLimit, &from.DischargeLimit}, {&v.DischargeLimitL2, &from.DischargeLimitL2}, {&v.DischargeLimitL3, &from.DischargeLimitL3},
		{&v.Setpoint, &from.Setpoint}, {&v.SetpointL2, &from.SetpointL2}, {&v.SetpointL3, &from.SetpointL3},
		{&v.Reactive, &from.Reactive}, {&v.ReactiveL2, &from.ReactiveL2}, {&v.ReactiveL3, &from.ReactiveL3},
	} {
		if *pair[1] != nil {
			*pair[0] = *pair[1]
		}
	}
}

// dynamic finds a dynamic profile of ours. NotFound, Conflict.
func (p *Power) dynamic(ctx context.Context, id gnista.StationID, number int) (x Installed, err error) {
	e, err := p.Store.PowerEntry(ctx, id, x.kind(), strconv.Itoa(number))
	if err != nil {
		return x, err
	}
	if x, err = read[Installed](e); err != nil {
		return x, err
	}
	recent, err := p.recent(ctx, id)
	x.settle(recent, p.Now())
	if err == nil && (!x.holds() || x.Source != Operator || x.Profile.Kind != Dynamic) {
		err = gnista.Errorf(gnista.Conflict, "profile %d is not a dynamic one of ours that holds", number)
	}
	return x, err
}

// Pull is what a dynamic profile says now, for a station that asks. NotFound, Conflict.
// (OCPP 2.1 K28.FR.07, K28.FR.12)
func (p *Power) Pull(ctx context.Context, id gnista.StationID, number int) (Values, error) {
	x, err := p.dynamic(ctx, id, number)
	if err != nil {
		return Values{}, err
	}
	return x.Profile.Schedules[0].Periods[0].Values, nil
}

// clone is a copy that shares nothing that is changed.
func (p *Profile) clone() Profile {
	c := *p
	c.Schedules = slices.Clone(p.Schedules)
	for i := range c.Schedules {
		c.Schedules[i].Periods = slices.Clone(c.Schedules[i].Periods)
		for j := range c.Schedules[i].Periods {
			v := &c.Schedules[i].Periods[j].Values
			if v.Limit != nil { // the only one that is changed in place
				m := *v.Limit
				v.Limit = &m
			}
			for _, l := range []**Milli{&v.LimitL2, &v.LimitL3} {
				if *l != nil {
					m := **l
					*l = &m
				}
			}
		}
	}
	return c
}

// variable finds a value of the device model, at an EVSE or the station; an empty component is any.
func variable(list []station.Variable, component string, evse int, name string) string {
	for _, v := range list {
		if (component == "" || strings.EqualFold(v.Component, component)) && v.EVSE.ID == evse && strings.EqualFold(v.Name, name) && v.Attribute == "Actual" {
			return v.Value
		}
	}
	return ""
}

const smartCharging = "SmartChargingCtrlr"

// externalIDs is the greatest number that a station keeps for external limits. (OCPP 2.1 K01.FR.80)
func externalIDs(list []station.Variable) int {
	n, _ := strconv.Atoi(variable(list, smartCharging, 0, "MaxExternalConstraintsId"))
	return max(n, 0)
}

// suits holds a profile to what the station says it can, where it has said so. Invalid.
func (p *Profile) suits(list []station.Variable, evse int) error {
	number := func(name string) (int, bool) {
		n, err := strconv.Atoi(variable(list, smartCharging, 0, name))
		return n, err == nil
	}
	if n, ok := number("ProfileStackLevel"); ok && p.StackLevel > n {
		return gnista.Invalidf("profile.stackLevel", "is above %d, the highest that the station has", n)
	}
	units, switching := variable(list, smartCharging, 0, "RateUnit"), "ACPhaseSwitchingSupported"
	for i, s := range p.Schedules {
		path := fmt.Sprintf("profile.schedules[%d].", i)
		if units != "" && !strings.Contains(strings.ToUpper(units), string(s.Unit)) { // OCPP 2.x K01.FR.26
			return gnista.Invalidf(path+"unit", "must be one of %s, which the station knows", units)
		}
		if n, ok := number("PeriodsPerSchedule"); ok && len(s.Periods) > n {
			return gnista.Invalidf(path+"periods", "are more than %d, which the station can keep", n)
		}
		for j, x := range s.Periods { // OCPP 2.x K01.FR.20
			if x.Phase > 0 && variable(list, "", evse, switching) != "true" && variable(list, "", 0, switching) != "true" {
				return gnista.Invalidf(fmt.Sprintf("%speriods[%d].phase", path, j), "cannot be said: the station has not told that it can switch phases")
			}
		}
	}
	return nil
}
