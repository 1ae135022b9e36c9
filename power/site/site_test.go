package site_test

import (
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/power"
	"gnista/power/site"
)

// Two cars share, a third comes, and one goes; each is told why it gets what it gets.
func TestShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		for _, id := range []gnista.StationID{"A", "B", "C"} {
			y.add(id, gnista.V16, "RST", 32000)
		}
		y.set(y.plain(40, site.On))
		y.run()
		defer func() { y.stop() }()
		time.Sleep(5 * time.Second)
		if s := y.place("A").Safe; s.State != site.Verified || s.Amps != 14000 {
			t.Errorf("the safe default of A is %+v", s)
		}
		y.arrive("A", car{wants: 32000})
		time.Sleep(5 * time.Second)
		if p := y.place("A"); p.Amps != 32000 || p.Why.Code != site.Full || p.Told == nil || p.Told.By != site.ByTransaction {
			t.Errorf("A alone: %+v, %+v", p, p.Why)
		}
		y.arrive("B", car{wants: 32000})
		y.arrive("C", car{wants: 32000})
		time.Sleep(5 * time.Second)
		for id, want := range map[gnista.StationID]power.Milli{"A": 14000, "B": 13000, "C": 13000} {
			if p := y.place(id); p.Amps != want {
				t.Errorf("%s of three: %+v, %+v", id, p, p.Why)
			}
		}
		if w := y.place("B").Why; w.EN != "You get 8.9 kW because 3 cars share 40 A." || w.SV != "Du får 8,9 kW, eftersom 3 bilar delar på 40 A." {
			t.Errorf("B is told %+v", w)
		}
		if got := y.total(); got[0] > 40000 {
			t.Errorf("%v flow", got)
		}
		if list := y.control.Glances(); len(list) != 1 || list[0].Site != "site" || list[0].Limit[0] != 40000 || list[0].Allocated[0] != 40000 || list[0].Cars != 3 || list[0].Waiting+list[0].Troubles+len(list[0].Exceeded) != 0 {
			t.Errorf("at a glance: %+v", list)
		}
		y.leave("B")
		time.Sleep(5 * time.Second)
		if p := y.place("A"); p.Amps != 20000 {
			t.Errorf("A of two: %+v, %+v", p, p.Why)
		}
		if w, err := y.control.Explain("C", 1); err != nil || w.Cars != 2 {
			t.Errorf("%+v, %v", w, err)
		}
		// What it was told lapses when nobody tells it again.
		y.stop()
		time.Sleep(16 * time.Minute)
		if got := y.total(); got[0] != 27000 {
			t.Errorf("%v flow when the link is gone", got)
		}
		y.restart()
		time.Sleep(5 * time.Second)
		if p := y.place("A"); p.Amps != 20000 {
			t.Errorf("A after the start: %+v, %+v", p, p.Why)
		}
		// Off: all is taken back.
		l, _, err := y.control.Limits(t.Context(), "site")
		if err != nil {
			t.Fatal(err)
		}
		l.Mode = site.Off
		y.set(l)
		time.Sleep(20 * time.Second)
		for id := range y.stations {
			if n := y.holds(id); n != 0 {
				t.Errorf("%s still has %d profiles", id, n)
			}
		}
	})
}

// reads has the site's meter show what flows, every ten seconds, and the stations' theirs.
func (y *yard) reads(d time.Duration) {
	for range d / (10 * time.Second) {
		time.Sleep(10 * time.Second)
		y.measure()
		total := y.total()
		if err := y.control.Read(y.t.Context(), "site", site.Metering{Amps: []power.Milli{power.Milli(total[0]), power.Milli(total[1]), power.Milli(total[2])}}); err != nil {
			y.t.Error(err)
		}
	}
}

// within fails when more flows than a limit.
func (y *yard) within(limit int64, when string) {
	y.t.Helper()
	if got := y.total(); max(got[0], got[1], got[2]) > limit {
		y.t.Errorf("%v mA flow %s", got, when)
	}
}

// What else is taken is left for it; when the meter is silent, the most that it showed lately is, or what the
// tree says.
func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		y.add("A", gnista.V201, "RST", 32000)
		y.add("B", gnista.V21, "RST", 32000)
		l := y.plain(50, site.On)
		for i := range l.EVSEs { // none with what else is taken
			l.EVSEs[i].Safe = milli(0)
		}
		y.set(l)
		y.run()
		defer func() { y.stop() }()
		y.arrive("A", car{wants: 32000})
		y.arrive("B", car{wants: 32000})
		y.base = [3]int64{20000, 1000, 1000}
		y.reads(2 * time.Minute)
		y.within(50000, "with a meter")
		if v := y.view().Nodes[0]; v.OtherFrom != site.Metered || v.Other[0] != 20000 || v.Measured[0] != 50000 || v.MeterAge == nil || *v.MeterAge > 10 {
			t.Errorf("the connection is %+v", v)
		}
		y.base[0] = 8000
		y.reads(time.Minute)
		if v := y.view().Nodes[0]; v.Other[0] != 8000 || v.Allocated[0] != 42000 {
			t.Errorf("the connection is %+v", v)
		}
		if n := y.kinds("site.meter-silent"); n != 0 {
			t.Errorf("a meter that is heard was told to be silent %d times", n)
		}
		time.Sleep(time.Minute)
		if v := y.view().Nodes[0]; v.OtherFrom != site.Highest || !v.MeterStale || v.Other[0] < 20000 || v.Allocated[0] > 30000 {
			t.Errorf("without a meter the connection is %+v", v)
		}
		l.Nodes[0].Other = []power.Milli{30000, 0, 0}
		y.set(l)
		time.Sleep(time.Minute)
		if v := y.view().Nodes[0]; v.OtherFrom != site.Stated || v.Other[0] != 30000 || v.Allocated[0] != 20000 {
			t.Errorf("with what is stated the connection is %+v", v)
		}
		y.base = [3]int64{20000, 1000, 1000}
		time.Sleep(time.Hour)
		if data := y.last("site.power-exceeded"); data != nil {
			t.Errorf("exceeded: %v", data)
		}
		if data := y.last("site.meter-silent"); y.kinds("site.meter-silent") != 1 || data["node"] != "main" || y.kinds("site.meter-back") != 0 {
			t.Errorf("silent: %v, %d times", data, y.kinds("site.meter-silent"))
		}
		y.reads(time.Minute)
		if n := y.kinds("site.meter-back"); n != 1 {
			t.Errorf("it was told to be back %d times", n)
		}
	})
}

// Stations that do not do as they are told count with what they may take, and are told of once.
func TestTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		refuses := y.add("REFUSES", gnista.V16, "RST", 16000)
		for _, p := range []power.Purpose{power.Transaction, power.Default, power.StationMax} {
			refuses.refuses[p] = true
		}
		fallback := y.add("FALLBACK", gnista.V16, "RST", 32000)
		fallback.refuses[power.Transaction] = true
		y.add("GOOD", gnista.V21, "RST", 32000)
		l := y.plain(40, site.On)
		y.set(l)
		y.run()
		defer func() { y.stop() }()
		time.Sleep(5 * time.Second)
		for _, id := range []gnista.StationID{"REFUSES", "FALLBACK", "GOOD"} {
			y.arrive(id, car{wants: 32000})
		}
		y.reads(3 * time.Minute)
		y.within(40000, "where one refuses")
		if p := y.place("REFUSES"); !p.Fixed || p.Trouble != site.Refused || p.Amps != 16000 || p.Safe.State != site.SafeRefuse || p.Detail != "Rejected" {
			t.Errorf("%+v", p)
		}
		if p := y.place("FALLBACK"); p.Fixed || p.Told == nil || p.Told.By != site.ByDefault || p.Amps != 12000 {
			t.Errorf("%+v", p)
		}
		y.reads(5 * time.Minute)
		if n := y.kinds("site.profile-refused"); n != 2 { // its safe default, and what it was told
			t.Errorf("told %d times that profiles are refused", n)
		}
		refuses.refuses = map[power.Purpose]bool{}
		y.reads(15 * time.Minute)
		if p := y.place("REFUSES"); p.Fixed || p.Trouble != "" || y.kinds("site.profile-followed") != 1 {
			t.Errorf("%+v", p)
		}

		// One accepts and does not follow: it is seen by what it takes, as it cannot be asked.
		good := y.stations["GOOD"]
		good.ignores, good.mute = true, true
		y.reads(30 * time.Second)
		y.reads(2 * time.Minute)
		y.within(40000, "where one does not follow")
		if p := y.place("GOOD"); !p.Fixed || p.Trouble != site.NotFollowing || p.Amps != 32000 {
			t.Errorf("%+v", p)
		}
		if data := y.last("site.profile-refused"); data["reason"] != "not-following" || data["measuredA"] != 32.0 || data["evse"] != 1.0 {
			t.Errorf("told %v", data)
		}
		good.ignores = false
		y.reads(15 * time.Minute)
		if p := y.place("GOOD"); p.Fixed || p.Trouble != "" {
			t.Errorf("%+v", p)
		}
		y.within(40000, "when all follow again")

		// One is deaf, and one is away: nobody gets what they may take.
		good.deaf, fallback.offline = true, true
		y.leave("REFUSES")
		y.arrive("REFUSES", car{wants: 32000})
		y.reads(5 * time.Minute)
		y.within(40000, "where one is deaf")
		if p := y.place("FALLBACK"); !p.Fixed || p.Online || p.Why.Code != site.Offline {
			t.Errorf("%+v", p)
		}
	})
}

// Where there is too little for all, cars take turns.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		got := map[gnista.StationID]time.Duration{}
		for _, id := range []gnista.StationID{"A", "B", "C", "D", "E"} {
			y.add(id, gnista.V16, "R", 16000)
			got[id] = 0
		}
		y.set(y.plain(13, site.On))
		y.run()
		defer func() { y.stop() }()
		for id := range got {
			y.arrive(id, car{wants: 16000})
		}
		for range 120 {
			y.reads(time.Minute)
			y.within(13000, "in turns")
			for id := range got {
				y.mu.Lock()
				a := y.stations[id].takes(1)
				y.mu.Unlock()
				if a[0] > 0 {
					got[id] += time.Minute
				}
			}
		}
		for id, d := range got {
			if d < 30*time.Minute || d > 60*time.Minute {
				t.Errorf("of two hours %s had %v", id, d)
			}
		}
		waiting := 0
		for _, p := range y.view().EVSEs {
			if p.Why.Code == site.Waits {
				waiting++
			}
		}
		if waiting != 3 {
			t.Errorf("%d wait", waiting)
		}
	})
}

// Others' limits hold: a profile of the operator's is not replaced, and nobody gets more than it says.
func TestOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		for _, id := range []gnista.StationID{"A", "B"} {
			y.add(id, gnista.V21, "RST", 32000)
		}
		y.set(y.plain(40, site.On))
		y.run()
		defer func() { y.stop() }()
		time.Sleep(2 * time.Second)
		start := time.Now()
		own := power.Profile{Purpose: power.Default, Kind: power.Absolute, StackLevel: 5, Schedules: []power.Schedule{{Unit: power.Ampere, Start: &start, Periods: []power.Period{{Values: power.Values{Limit: milli(10000)}}}}}}
		x, _, err := y.power.Install(t.Context(), "A", power.Wanted{EVSE: 1, Profile: own})
		if err != nil || x.Profile.ID != 1 {
			t.Fatal(x.Profile.ID, err)
		}
		own.ID = power.SharingNumber(1, 1)
		if _, _, err := y.power.Install(t.Context(), "A", power.Wanted{EVSE: 1, Profile: own}); gnista.CodeOf(err) != gnista.Invalid {
			t.Errorf("a number of ours was given to another: %v", err)
		}
		y.arrive("A", car{wants: 32000})
		y.arrive("B", car{wants: 32000})
		time.Sleep(20 * time.Second)
		if p := y.place("A"); p.Amps != 10000 || p.Why.Code != site.OthersLimit {
			t.Errorf("%+v %+v", p, p.Why)
		}
		if p := y.place("B"); p.Amps != 30000 {
			t.Errorf("%+v %+v", p, p.Why)
		}
		if err := y.power.TakeLimit(t.Context(), "B", power.Limit{EVSE: 0, Source: power.SystemOperator, Name: "SO", Schedules: []power.Schedule{{Unit: power.Watt, Periods: []power.Period{{Values: power.Values{Limit: milli(6900_000)}}}}}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if p := y.place("B"); p.Amps != 10000 || p.Why.Code != site.OthersLimit {
			t.Errorf("%+v %+v", p, p.Why)
		}
		y.mu.Lock()
		defer y.mu.Unlock()
		if h := y.stations["A"].held[1]; h.StackLevel != 5 {
			t.Errorf("the operator's profile is %+v", h)
		}
	})
}

// A limit that is exceeded is told of after a control period, and when it is kept again.
func TestExceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		y.add("A", gnista.V21, "RST", 32000)
		y.set(y.plain(40, site.On))
		y.run()
		defer func() { y.stop() }()
		y.base = [3]int64{45000, 0, 0}
		y.reads(10 * time.Second)
		if n := y.kinds("site.power-exceeded"); n != 0 {
			t.Errorf("told %d times at once", n)
		}
		y.reads(time.Minute)
		data := y.last("site.power-exceeded")
		if y.kinds("site.power-exceeded") != 1 || data["site"] != "site" || data["node"] != "main" || data["phase"] != "L1" || data["measured"] != 45.0 || data["limit"] != 40.0 || data["unit"] != "A" {
			t.Errorf("told %v", data)
		}
		if v := y.view().Nodes[0].Exceeded; len(v) != 1 || v[0].Phase != "L1" {
			t.Errorf("%+v", v)
		}
		y.base = [3]int64{}
		y.reads(time.Minute)
		if data := y.last("site.power-back"); y.kinds("site.power-back") != 1 || data["seconds"] == 0.0 {
			t.Errorf("told %v", data)
		}
		// A station that reports too much power gets less at once, and more again when its meter allows.
		y.arrive("A", car{wants: 32000})
		y.reads(30 * time.Second)
		y.control.Lower("A", 1)
		time.Sleep(2 * time.Second)
		y.control.Lower("A", 1) // it cannot have followed yet
		y.reads(20 * time.Second)
		if p := y.place("A"); p.Amps != 25000 || p.Why.Code != site.WasLowered {
			t.Errorf("%+v %+v", p, p.Why)
		}
		y.control.Lower("A", 1) // it is still too much
		y.reads(20 * time.Second)
		if p := y.place("A"); p.Amps != 20000 {
			t.Errorf("%+v %+v", p, p.Why)
		}
		y.reads(20 * time.Minute)
		if p := y.place("A"); p.Amps != 32000 {
			t.Errorf("%+v %+v", p, p.Why)
		}
	})
}
