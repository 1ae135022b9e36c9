package power

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/station"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func amount(m Milli) *Milli { return &m }

// simple is a profile that is in order.
func simple(p Purpose, k Kind) Profile {
	s := Schedule{Unit: Ampere, Periods: []Period{{Values: Values{Limit: amount(16000)}}}}
	if k != Relative && k != Dynamic {
		at := start
		s.Start = &at
	}
	return Profile{Purpose: p, Kind: k, Schedules: []Schedule{s}}
}

func TestProfileCheck(t *testing.T) {
	for _, c := range []struct {
		name  string // with the requirement that it is about
		field string // empty where it is in order
		evse  int
		make  func() Profile
	}{
		{"default", "", 0, func() Profile { return simple(Default, Relative) }},
		{"station", "", 0, func() Profile { return simple(StationMax, Daily) }},
		{"transaction", "", 2, func() Profile { return simple(Transaction, Weekly) }},
		{"K01.FR.16", "evse", 0, func() Profile { return simple(Transaction, Relative) }},
		{"station on an EVSE", "evse", 1, func() Profile { return simple(StationMax, Absolute) }},
		{"K01.FR.38", "profile.kind", 0, func() Profile { return simple(StationMax, Relative) }},
		{"K01.FR.22, K02.FR.07", "profile.purpose", 1, func() Profile { return simple(External, Absolute) }},
		{"K01.FR.40", "profile.schedules[0].start", 0, func() Profile { p := simple(Default, Absolute); p.Schedules[0].Start = nil; return p }},
		{"K01.FR.41", "profile.schedules[0].start", 0, func() Profile { p := simple(Default, Relative); at := start; p.Schedules[0].Start = &at; return p }},
		{"K01.FR.31", "profile.schedules[0].periods[0].startSeconds", 0, func() Profile { p := simple(Default, Relative); p.Schedules[0].Periods[0].Start = 1; return p }},
		{"K01.FR.19", "profile.schedules[0].periods[0].phase", 0, func() Profile { p := simple(Default, Relative); p.Schedules[0].Periods[0].Phase = 1; return p }},
		{"K28.FR.01", "profile.schedules", 0, func() Profile {
			p := simple(Default, Dynamic)
			p.Schedules = append(p.Schedules, p.Schedules[0])
			return p
		}},
		{"K28.FR.02", "profile.schedules[0].periods[0].startSeconds", 0, func() Profile { p := simple(Default, Dynamic); p.Schedules[0].Periods[0].Start = 5; return p }},
		{"K28.FR.04", "profile.updateEverySeconds", 0, func() Profile { p := simple(Default, Relative); p.UpdateEvery = 5; return p }},
		{"K01.FR.70", "profile.schedules[0].durationSeconds", 0, func() Profile { p := simple(Priority, Relative); p.Schedules[0].Duration = 5; return p }},
		{"K01.FR.71", "profile.schedules[0].periods[0].mode", 0, func() Profile {
			p := simple(Priority, Relative)
			p.Schedules[0].Periods[0].Mode = ExternalLimits
			return p
		}},
		{"K01.FR.95", "profile.schedules[0].randomDelaySeconds", 0, func() Profile { p := simple(Priority, Relative); p.Schedules[0].RandomDelay = 5; return p }},
		{"Q02.FR.02", "profile.schedules[0].periods[0].mode", 0, func() Profile {
			p := simple(Default, Relative)
			p.Schedules[0].Periods[0].DischargeLimit = amount(-1000)
			return p
		}},
		{"Q03.FR.02", "profile.schedules[0].periods[0].mode", 0, func() Profile {
			p := simple(Default, Relative)
			p.Schedules[0].Periods[0].Mode, p.Schedules[0].Periods[0].Setpoint = CentralSetpoint, amount(-1000)
			return p
		}},
		{"negative", "profile.schedules[0].periods[0].limit", 0, func() Profile {
			p := simple(Default, Relative)
			p.Schedules[0].Periods[0].Limit = amount(-100)
			return p
		}},
		{"a day has an end", "profile.schedules[0].durationSeconds", 0, func() Profile { p := simple(Default, Daily); p.Schedules[0].Duration = 86401; return p }},
		{"ids of schedules", "profile.schedules[1].id", 1, func() Profile {
			p := simple(Transaction, Relative)
			p.Schedules = append(p.Schedules, p.Schedules[0])
			p.Schedules[0].ID, p.Schedules[1].ID = 4, 4
			return p
		}},
		{"backwards", "profile.validTo", 0, func() Profile {
			p := simple(Default, Relative)
			at := start
			p.ValidFrom, p.ValidTo = &at, &at
			return p
		}},
		{"no unit", "profile.schedules[0].unit", 0, func() Profile { p := simple(Default, Relative); p.Schedules[0].Unit = "kW"; return p }},
		{"none", "profile.schedules", 0, func() Profile { p := simple(Default, Relative); p.Schedules = nil; return p }},
		{"too many", "profile.schedules[0].periods", 0, func() Profile {
			p := simple(Default, Relative)
			p.Schedules[0].Periods = make([]Period, maxPeriods+1)
			return p
		}},
	} {
		p := c.make()
		err := p.Check(c.evse)
		if c.field == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err == nil || gnista.CodeOf(err) != gnista.Invalid || !strings.HasPrefix(err.Error(), c.field+": ") {
			t.Errorf("%s: got %v, want it about %s", c.name, err, c.field)
		}
	}
}

// schedules draws schedules whose periods ascend, or not.
func schedules(t *rapid.T, unit Unit) Schedule {
	s := Schedule{Unit: unit}
	if rapid.Bool().Draw(t, "ends") {
		s.Duration = rapid.IntRange(1, 90000).Draw(t, "duration")
	}
	for range rapid.IntRange(1, 6).Draw(t, "periods") {
		s.Periods = append(s.Periods, Period{
			Start: rapid.IntRange(0, 90000).Draw(t, "start"), Phases: rapid.IntRange(0, 3).Draw(t, "phases"),
			Values: Values{Limit: amount(Milli(rapid.IntRange(0, 500).Draw(t, "limit")) * 100)},
		})
	}
	if rapid.Bool().Draw(t, "in order") {
		s.Periods[0].Start = 0
		for i := 1; i < len(s.Periods); i++ {
			s.Periods[i].Start = s.Periods[i-1].Start + 1 + s.Periods[i].Start%3600
		}
	}
	return s
}

// What is let through begins with 0, ascends and ends before the schedule does. (OCPP 2.x K01.FR.31,
// K01.FR.35, K01.FR.11)
func TestPeriodsAreInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Profile{Purpose: Default, Kind: Relative, Schedules: []Schedule{schedules(t, Ampere)}}
		good := true
		for i, x := range p.Schedules[0].Periods {
			if i == 0 && x.Start != 0 || i > 0 && x.Start <= p.Schedules[0].Periods[i-1].Start || p.Schedules[0].Duration > 0 && x.Start >= p.Schedules[0].Duration {
				good = false
			}
		}
		if err := p.Check(0); (err == nil) != good {
			t.Fatalf("%+v: %v", p.Schedules[0], err)
		}
	})
}

// A station's model changes how a limit is said, and never makes it greater (quirk Q70).
func TestAdaptationNeverRaises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		supply := Supply{VoltageV: rapid.IntRange(100, 400).Draw(t, "voltage"), Phases: rapid.IntRange(1, 3).Draw(t, "supply")}
		unit := rapid.SampledFrom([]Unit{Ampere, Watt}).Draw(t, "unit")
		level := 0
		facts := station.PowerFacts{MaxStackLevel: &level, OnlyUnit: rapid.SampledFrom([]string{"", "A", "W"}).Draw(t, "only"), CurrentsA: []int{0, 6, 8, 10, 13, 16}}
		p := Profile{Purpose: Default, Kind: Relative, StackLevel: 3, Schedules: []Schedule{schedules(t, unit)}}
		q := p.clone()
		if _, err := q.adapt(facts, supply, start); err != nil {
			t.Fatal(err)
		}
		if q.StackLevel != 0 || facts.OnlyUnit != "" && q.Schedules[0].Unit != Unit(facts.OnlyUnit) {
			t.Fatalf("it was not adapted: %+v", q)
		}
		for i, before := range p.Schedules[0].Periods {
			after := q.Schedules[0].Periods[i]
			phases := before.Phases
			if phases == 0 {
				phases = supply.Phases
			}
			watts := func(u Unit, m Milli) Milli { // exactly
				if u == Ampere {
					return m * Milli(supply.VoltageV*phases)
				}
				return m
			}
			a, b := watts(unit, *before.Limit), watts(q.Schedules[0].Unit, *after.Limit)
			if b > a || !after.Limit.tenth() {
				t.Fatalf("%s %s became %s %s at %+v", before.Limit, unit, after.Limit, q.Schedules[0].Unit, supply)
			}
			if unit == Ampere && q.Schedules[0].Unit == Watt && a-b >= 100 {
				t.Fatalf("%s A became %s W at %+v", before.Limit, after.Limit, supply)
			}
			if p.Schedules[0].Periods[i].Limit == q.Schedules[0].Periods[i].Limit {
				t.Fatal("the profile that was given is changed")
			}
		}
	})
}

func TestAdaptation(t *testing.T) {
	level := 0
	later := start.Add(time.Hour)
	changing := simple(Default, Absolute)
	changing.Schedules[0].Periods = append(changing.Schedules[0].Periods, Period{Start: 60, Values: Values{Limit: amount(6000)}})
	zero := simple(Default, Relative)
	zero.Schedules[0].Periods[0].Limit = amount(0)
	small := simple(Default, Relative)
	small.Schedules[0].Periods[0].Limit = amount(5900)
	for _, c := range []struct {
		name   string
		facts  station.PowerFacts
		supply Supply
		give   Profile
		code   gnista.Code // of the error; empty for none
		want   func(Profile) bool
	}{
		{"as it is", station.PowerFacts{}, Supply{}, simple(Default, Absolute), "", func(p Profile) bool { return p.Kind == Absolute }},
		{"only level 0 (ABB)", station.PowerFacts{MaxStackLevel: &level}, Supply{}, Profile{Purpose: Default, Kind: Relative, StackLevel: 5, Schedules: simple(Default, Relative).Schedules}, "",
			func(p Profile) bool { return p.StackLevel == 0 }},
		{"only watts (Huawei)", station.PowerFacts{OnlyUnit: "W"}, Supply{VoltageV: 230, Phases: 3}, simple(Default, Relative), "",
			func(p Profile) bool {
				return p.Schedules[0].Unit == Watt && *p.Schedules[0].Periods[0].Limit == 11040000
			}},
		{"only watts, and nobody said at what voltage", station.PowerFacts{OnlyUnit: "W"}, Supply{Phases: 3}, simple(Default, Relative), gnista.Invalid, nil},
		{"only watts, and nobody said of how many phases", station.PowerFacts{OnlyUnit: "W"}, Supply{VoltageV: 230}, simple(Default, Relative), gnista.Invalid, nil},
		{"only relative (Wallbox)", station.PowerFacts{OnlyRelative: true}, Supply{}, simple(Default, Absolute), "",
			func(p Profile) bool { return p.Kind == Relative && p.Schedules[0].Start == nil }},
		{"only relative, and it changes by the clock", station.PowerFacts{OnlyRelative: true}, Supply{}, changing, gnista.Unsupported, nil},
		{"never 0 A", station.PowerFacts{NoZero: true}, Supply{}, zero, gnista.Invalid, nil},
		{"not below 6 A", station.PowerFacts{MinA: 6}, Supply{}, small, gnista.Invalid, nil},
		{"steps (NEcharge)", station.PowerFacts{CurrentsA: []int{6, 8, 10, 13}}, Supply{}, simple(Default, Relative), "",
			func(p Profile) bool { return *p.Schedules[0].Periods[0].Limit == 13000 }},
		{"below the steps", station.PowerFacts{CurrentsA: []int{6, 8}}, Supply{}, small, gnista.Invalid, nil},
		{"the station as a whole is ignored (Grizzl-E)", station.PowerFacts{NoStationMax: true}, Supply{}, simple(StationMax, Absolute), gnista.Unsupported, nil},
		{"late (Q43)", station.PowerFacts{InPast: time.Minute}, Supply{}, changing, "", func(p Profile) bool {
			s := p.Schedules[0]
			return s.Start.Equal(start.Add(-time.Minute)) && s.Periods[0].Start == 0 && s.Periods[1].Start == 120
		}},
	} {
		p := c.give.clone()
		_, err := p.adapt(c.facts, c.supply, later)
		if c.code != "" {
			if err == nil || gnista.CodeOf(err) != c.code {
				t.Errorf("%s: got %v, want %s", c.name, err, c.code)
			}
		} else if err != nil || !c.want(p) {
			t.Errorf("%s: got %+v, %v", c.name, p, err)
		}
	}
}

// What is combined is at no time above any of its parts, and says something wherever one of them does.
func TestCombineIsTheLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		profile := func() Profile {
			p := Profile{Purpose: Default, Kind: rapid.SampledFrom([]Kind{Absolute, Daily, Relative}).Draw(t, "kind"), StackLevel: rapid.IntRange(0, 2).Draw(t, "level")}
			s := schedules(t, Ampere)
			s.Periods[0].Start = 0
			for i := 1; i < len(s.Periods); i++ {
				s.Periods[i].Start = max(s.Periods[i].Start, s.Periods[i-1].Start+1)
			}
			if p.Kind != Relative {
				at := start.Add(time.Duration(rapid.IntRange(-200000, 50000).Draw(t, "begin")) * time.Second)
				s.Start = &at
			}
			if p.Kind == Daily {
				s.Duration = min(s.Duration, 86400)
			}
			if rapid.Bool().Draw(t, "valid") {
				from, to := start.Add(time.Hour), start.Add(9*time.Hour)
				p.ValidFrom, p.ValidTo = &from, &to
			}
			p.Schedules = []Schedule{s}
			return p
		}
		groups := [][]Profile{{profile(), profile()}, {profile()}}
		to := start.Add(horizon)
		steps := combine(groups, start, start, to)
		at := start.Add(time.Duration(rapid.IntRange(0, int(horizon/time.Second)-1).Draw(t, "at")) * time.Second)
		var got *Milli
		for _, s := range steps {
			if !s.At.After(at) {
				got = s.Limit
			}
		}
		var want *Milli
		for _, g := range groups {
			var top *Profile
			for i := range g {
				if g[i].LimitAt(start, at) != nil && (top == nil || g[i].StackLevel > top.StackLevel) {
					top = &g[i]
				}
			}
			if top != nil {
				if l := top.LimitAt(start, at); want == nil || *l < *want {
					want = l
				}
			}
		}
		if !same(got, want) {
			t.Fatalf("at %v it is %v, not %v", at, got, want)
		}
		// Fewer periods than there are steps are never above them. (OCPP 2.x K15.FR.07)
		most := rapid.IntRange(1, 5).Draw(t, "most")
		s, ok := schedule(steps, Ampere, start, most)
		if !ok {
			return
		}
		if len(s.Periods) > most {
			t.Fatalf("%d periods", len(s.Periods))
		}
		p := Profile{Purpose: Transaction, Kind: Absolute, Schedules: []Schedule{s}}
		if err := p.Check(1); err != nil {
			t.Fatal(err)
		}
		if limit := p.LimitAt(start, at); limit == nil || *limit > *want {
			t.Fatalf("at %v it is %v, above %v", at, limit, want)
		}
		if !s.within(&p, Absolute, start, start, to) {
			t.Fatal("a schedule is not within itself")
		}
	})
}
