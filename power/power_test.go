package power_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/power"
	"gnista/station"
	"gnista/store/storetest"
	"gnista/token"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// willing is a station that is connected and does what it is told.
type willing struct{ told []any }

func (w *willing) Do(_ context.Context, _ gnista.StationID, order any) (any, error) {
	w.told = append(w.told, order)
	return station.Answer{Status: station.Done, Detail: "Accepted"}, nil
}
func (*willing) Call(context.Context, gnista.StationID, string, json.RawMessage) (json.RawMessage, error) {
	return nil, nil
}
func (*willing) Connection(gnista.StationID) (station.Connection, bool) {
	return station.Connection{Version: gnista.V21}, true
}
func (*willing) Treat(gnista.StationID, station.Treatment) {}
func (*willing) Disconnect(gnista.StationID, string)       {}

type system struct {
	*power.Power
	*willing
	now time.Time
}

func newSystem(t *testing.T) *system {
	t.Helper()
	db := storetest.Open(t)
	s := &system{willing: &willing{}, now: start}
	now := func() time.Time { return s.now }
	ids := 0
	newID := func() string { ids++; return fmt.Sprintf("%08d", ids) }
	network := &station.Network{Store: db, States: db, Settings: db, Commands: db, Remote: s.willing, Presence: s.willing, Now: now, NewID: newID}
	transactions := &charging.Transactions{Store: db, Tokens: &token.Tokens{Store: db, Now: now}, Network: network, Now: now, NewID: newID}
	s.Power = &power.Power{Store: db, Network: network, Transactions: transactions, Now: now, NewID: newID}
	if _, err := network.Change(t.Context(), "CS1", true, func(*station.Station) {}); err != nil {
		t.Fatal(err)
	}
	return s
}

// all lists everything of a kind.
func all[T any](t *testing.T, list func(ctx context.Context, id gnista.StationID, before string, limit int) ([]T, error)) []T {
	t.Helper()
	got, err := list(t.Context(), "CS1", "", 10000)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func milli(n int) *power.Milli { m := power.Milli(n); return &m }

func profile(id, level int) power.Profile {
	return power.Profile{ID: id, Purpose: power.Default, Kind: power.Relative, StackLevel: level, Schedules: []power.Schedule{
		{Unit: power.Ampere, Periods: []power.Period{{Values: power.Values{Limit: milli(16000)}}}},
	}}
}

// A station that reports without end makes us keep no more than the bounds say, and nothing that nobody
// asked for; what is ours stays.
func TestReportsAreBounded(t *testing.T) {
	s := newSystem(t)
	if _, _, err := s.Install(t.Context(), "CS1", power.Wanted{Profile: profile(0, 0)}); err != nil {
		t.Fatal(err)
	}
	foreign := func(from, n int) (list []power.ReportedProfile) {
		for i := range n {
			p := profile(-from-i, i)
			p.Purpose = power.External
			list = append(list, power.ReportedProfile{Source: power.EnergyManagement, Profile: p})
		}
		return list
	}
	report := func(number int, list []power.ReportedProfile, more bool) {
		t.Helper()
		if err := s.ReportProfiles(t.Context(), "CS1", number, list, more); err != nil {
			t.Fatal(err)
		}
	}
	report(7, foreign(1, 5), true)
	if n := len(all(t, s.Profiles)); n != 1 {
		t.Fatalf("%d profiles are kept of a report that nobody asked for", n)
	}
	a, err := s.Read(t.Context(), "CS1", power.ReadFilter{})
	if err != nil || a.Status != station.Done {
		t.Fatal(a, err)
	}
	number := s.told[len(s.told)-1].(power.ReadProfiles).Number
	for i := range 20 {
		report(number, foreign(1+1000*i, 1000), true)
	}
	huge := profile(-999999, 0)
	for i := range 1024 {
		huge.Schedules[0].Periods = append(huge.Schedules[0].Periods, power.Period{Start: i, Values: power.Values{Limit: milli(100 * i), LimitL2: milli(100 * i), LimitL3: milli(100 * i), Setpoint: milli(100 * i)}})
	}
	report(number, []power.ReportedProfile{{Source: power.Other, Profile: huge}}, false)
	list := all(t, s.Profiles)
	if len(list) != 101 {
		t.Errorf("%d profiles are kept", len(list))
	}
	if mine := list[len(list)-1]; mine.Profile.ID != 1 || mine.State != power.Missing {
		t.Errorf("of ours there is %+v", mine)
	}
	c, err := s.Network.Commands.Commands(t.Context(), "CS1", "", 1)
	if err != nil || c[0].Outcome != station.Happened {
		t.Errorf("the report is %+v, %v", c, err)
	}
	report(number, foreign(500000, 5), false) // it has ended
	if n := len(all(t, s.Profiles)); n != 101 {
		t.Errorf("%d profiles are kept", n)
	}
}

// Pages come in any order; what came late is not missing. (OCPP 2.x K09)
func TestPagesInAnyOrder(t *testing.T) {
	s := newSystem(t)
	for level := range 3 {
		if _, _, err := s.Install(t.Context(), "CS1", power.Wanted{Profile: profile(0, level)}); err != nil {
			t.Fatal(err)
		}
	}
	s.now = s.now.Add(time.Minute)
	if _, err := s.Read(t.Context(), "CS1", power.ReadFilter{}); err != nil {
		t.Fatal(err)
	}
	number := s.told[len(s.told)-1].(power.ReadProfiles).Number
	for _, page := range []struct {
		id   int
		more bool
	}{{3, true}, {1, false}, {2, true}} {
		if err := s.ReportProfiles(t.Context(), "CS1", number, []power.ReportedProfile{{Source: power.Operator, Profile: profile(page.id, page.id-1)}}, page.more); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range all(t, s.Profiles) {
		if x.State != power.Accepted || x.Reported != nil {
			t.Errorf("profile %d is %s, reported %+v", x.Profile.ID, x.State, x.Reported)
		}
	}
}

// Profiles that are over make room for new ones; those that hold are never forgotten.
func TestProfilesMakeRoom(t *testing.T) {
	s := newSystem(t)
	if _, _, err := s.Install(t.Context(), "CS1", power.Wanted{Profile: profile(0, 0)}); err != nil {
		t.Fatal(err)
	}
	for i := range 150 {
		p := profile(0, 1)
		until := s.now.Add(time.Second)
		p.ValidTo = &until
		if _, _, err := s.Install(t.Context(), "CS1", power.Wanted{Profile: p}); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		s.now = until
	}
	list := all(t, s.Profiles)
	if first := list[len(list)-1]; len(list) != 100 || first.Profile.ID != 1 || first.State != power.Accepted {
		t.Fatalf("%d are kept, the oldest is %+v", len(list), first)
	}
	for level := 2; ; level++ {
		_, _, err := s.Install(t.Context(), "CS1", power.Wanted{Profile: profile(0, level)})
		if err != nil {
			if gnista.CodeOf(err) != gnista.Conflict || level != 101 {
				t.Errorf("at level %d: %v", level, err)
			}
			break
		}
	}
}

// What a station tells again and again is kept once, and never more than the newest.
func TestNoticesAreBounded(t *testing.T) {
	s := newSystem(t)
	for i := range 250 {
		for range 2 {
			if err := s.TakeSwap(t.Context(), "CS1", power.Swap{Step: "in", Number: i}); err != nil {
				t.Fatal(err)
			}
		}
	}
	swaps := all(t, func(ctx context.Context, id gnista.StationID, before string, limit int) ([]power.Swap, error) {
		return power.List[power.Swap](ctx, s.Power, id, before, limit)
	})
	if len(swaps) != 200 || swaps[0].Number != 249 || swaps[199].Number != 50 {
		t.Errorf("%d are kept, from %d", len(swaps), swaps[0].Number)
	}
	err := s.TakeSwap(t.Context(), "CS1", power.Swap{Step: "out", Batteries: []power.Battery{{Info: strings.Repeat("x", 100<<10)}}})
	if gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("got %v", err)
	}
	for i := range 300 {
		if err := s.TakeLimit(t.Context(), "CS1", power.Limit{EVSE: i % 3, Name: "EMS", Source: power.EnergyManagement}); err != nil {
			t.Fatal(err)
		}
	}
	limits := all(t, func(ctx context.Context, id gnista.StationID, before string, limit int) ([]power.Limit, error) {
		return power.List[power.Limit](ctx, s.Power, id, before, limit)
	})
	if len(limits) != 3 {
		t.Errorf("%d limits are kept", len(limits))
	}
}

// Several schedules are for cars that have told their needs. (OCPP 2.x K01.FR.34)
func TestOneScheduleWithoutNeeds(t *testing.T) {
	s := newSystem(t)
	p := profile(0, 0)
	p.Schedules = append(p.Schedules, p.Schedules[0])
	if _, _, err := s.Install(t.Context(), "CS1", power.Wanted{Profile: p}); gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("got %v", err)
	}
	if len(s.told) > 0 {
		t.Errorf("the station was told %+v", s.told)
	}
}

// A schedule of a car that is too long, or goes back and forth, is not looked at, and not within limits.
func TestCarSchedulesAreBounded(t *testing.T) {
	s := newSystem(t)
	for name, starts := range map[string][]int{"in order": {0, 60, 120}, "back and forth": {0, 120, 60}, "too long": make([]int, 1025)} {
		c := power.CarSchedule{EVSE: 1, Base: start, Schedule: power.Schedule{Unit: power.Ampere}}
		for _, at := range starts {
			c.Schedule.Periods = append(c.Schedule.Periods, power.Period{Start: at})
		}
		within, err := s.TakeCarSchedule(t.Context(), "CS1", c)
		if err != nil || within != (name == "in order") {
			t.Errorf("%s: %t, %v", name, within, err)
		}
	}
}
