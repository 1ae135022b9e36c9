package site_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/power"
	"gnista/power/site"
)

// Trees that cannot be are refused with the field that is wrong, and the reason.
func TestWrongLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		y.add("A", gnista.V16, "RST", 32000)
		y.add("B", gnista.V16, "RST", 32000)
		watts := func(w int64) *int64 { return &w }
		for name, c := range map[string]struct {
			change func(*site.Grid)
			field  string
			why    string
		}{
			"no nodes":            {func(l *site.Grid) { l.Nodes = nil }, "nodes", "no connection"},
			"two connections":     {func(l *site.Grid) { l.Nodes[1].Parent = "" }, "nodes[1].parent", "nodes[0] is the connection already"},
			"a circle":            {func(l *site.Grid) { l.Nodes[1].Parent, l.Nodes[2].Parent = "c2", "p1" }, "nodes[1].parent", "circle"},
			"no such parent":      {func(l *site.Grid) { l.Nodes[1].Parent = "x" }, "nodes[1].parent", `no node "x"`},
			"an id twice":         {func(l *site.Grid) { l.Nodes[2].ID = "p1" }, "nodes[2].id", "nodes[1] too"},
			"no limit":            {func(l *site.Grid) { l.Nodes[0].Breaker = nil }, "nodes[0].breakerA", "is needed"},
			"two currents":        {func(l *site.Grid) { l.Nodes[1].Amps = []power.Milli{1, 2} }, "nodes[1].amps", "one is for all phases"},
			"a margin of nothing": {func(l *site.Grid) { l.Nodes[1].Breaker, l.Nodes[1].Margin = nil, 5 }, "nodes[1].marginPercent", "breakerA is not said"},
			"a time of day":       {func(l *site.Grid) { l.Nodes[1].Hours = []site.Hours{{From: "25:00", To: "06:00", Watts: watts(1)}} }, "nodes[1].hours[0].from", "not a time of day"},
			"a day": {func(l *site.Grid) {
				l.Nodes[1].Hours = []site.Hours{{Days: []string{"fre"}, From: "05:00", To: "06:00", Watts: watts(1)}}
			}, "nodes[1].hours[0].days[0]", `"fre"`},
			"hours of no limit":      {func(l *site.Grid) { l.Nodes[1].Hours = []site.Hours{{From: "05:00", To: "06:00"}} }, "nodes[1].hours[0].amps", "change nothing"},
			"an EVSE twice":          {func(l *site.Grid) { l.EVSEs = append(l.EVSEs, l.EVSEs[0]) }, "evses[2].evse", "evses[0] too"},
			"an EVSE on nothing":     {func(l *site.Grid) { l.EVSEs[1].Node = "x" }, "evses[1].node", `no node "x"`},
			"no rotation":            {func(l *site.Grid) { l.EVSEs[0].Rotation = "RRS" }, "evses[0].rotation", "RRS"},
			"a phase that is not":    {func(l *site.Grid) { l.Nodes[1].Phases = "R" }, "evses[0].rotation", "phase S"},
			"min over max":           {func(l *site.Grid) { l.EVSEs[0].Min = milli(40000) }, "evses[0].minA", "maxA"},
			"a safe default too low": {func(l *site.Grid) { l.EVSEs[0].Safe = milli(3000) }, "evses[0].safeA", "neither 0 nor"},
			"never enough amps":      {func(l *site.Grid) { l.Nodes[1].Amps = []power.Milli{5000} }, "evses[0].minA", "5 A at the most"},
			"never enough watts":     {func(l *site.Grid) { l.Nodes[0].Watts = watts(2000) }, "evses[0].minA", "2000 W at the most"},
			"not our station":        {func(l *site.Grid) { l.EVSEs[0].Station = "X" }, "evses[0].station", "not a station of this site"},
			"safe defaults too high": {func(l *site.Grid) { l.EVSEs[0].Safe, l.EVSEs[1].Safe = milli(32000), milli(32000) }, "evses", "64 A"},
			"a mode":                 {func(l *site.Grid) { l.Mode = "maybe" }, "mode", "maybe"},
			"a short hold":           {func(l *site.Grid) { l.Period, l.Hold = 60, 120 }, "holdSeconds", "four control periods"},
		} {
			l := y.plain(50, site.On)
			l.Nodes = append(l.Nodes, site.Node{ID: "p1", Parent: "main", Breaker: milli(63000)}, site.Node{ID: "c2", Parent: "p1"})
			for i := range l.EVSEs {
				l.EVSEs[i].Node = "p1"
			}
			c.change(&l)
			_, _, err := y.control.Check(t.Context(), "site", l)
			var e *gnista.Error
			if !errors.As(err, &e) || e.Code != gnista.Invalid || e.Field != c.field || !strings.Contains(e.Detail(), c.why) {
				t.Errorf("%s: %v", name, err)
			}
		}

		// What is odd only is told.
		l := y.plain(50, site.Watch)
		l.Nodes[0].Hours = []site.Hours{{From: "16:00", To: "20:00", Amps: []power.Milli{5000}}}
		l.Nodes = append(l.Nodes, site.Node{ID: "p1", Parent: "main", Breaker: milli(63000)})
		l.EVSEs[0].Safe = milli(32000)
		_, warnings, err := y.control.Check(t.Context(), "site", l)
		var text string
		for _, w := range warnings {
			text += w.Field + " " + w.Text + "\n"
		}
		for _, want := range []string{"of no use", "in some hours", "link is gone", "no room for a safe default"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not told in %s (%v)", want, text, err)
			}
		}

		// Only who has seen what there is changes it.
		y.set(y.plain(50, site.Watch))
		_, _, err = y.control.SetLimits(t.Context(), "site", y.plain(60, site.Watch))
		if gnista.CodeOf(err) != gnista.Conflict {
			t.Errorf("changed unseen: %v", err)
		}
		y.run()
		defer func() { y.stop() }()
		time.Sleep(time.Second)
		for name, c := range map[string]struct {
			r     site.Metering
			field string
		}{
			"nothing":        {site.Metering{}, "amps"},
			"two phases":     {site.Metering{Amps: []power.Milli{1, 2}}, "amps"},
			"too much":       {site.Metering{Amps: []power.Milli{1, 2, 20_000_000}}, "amps"},
			"too many watts": {site.Metering{Watts: watts(2_000_000_000)}, "watts"},
			"the future":     {site.Metering{Watts: watts(1), At: when(time.Hour)}, "at"},
			"the past":       {site.Metering{Watts: watts(1), At: when(-time.Hour)}, "at"},
			"another node":   {site.Metering{Watts: watts(1), Node: "x"}, "node"},
		} {
			err := y.control.Read(t.Context(), "site", c.r)
			var e *gnista.Error
			if !errors.As(err, &e) || e.Code != gnista.Invalid || e.Field != c.field {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := y.control.Read(t.Context(), "site", site.Metering{Watts: watts(6900)}); err != nil {
			t.Error(err)
		}
		if err := y.control.Read(t.Context(), "site", site.Metering{Watts: watts(6900), At: when(-time.Second)}); gnista.CodeOf(err) != gnista.Invalid {
			t.Errorf("an older value: %v", err)
		}
		time.Sleep(20 * time.Second)
		if v := y.view(); v.Mode != site.Watch || v.Nodes[0].Measured[1] != 10000 || v.Nodes[0].MeasuredW != 6900 {
			t.Errorf("%+v", v.Nodes[0])
		}
		if y.sent != 0 {
			t.Errorf("%d profiles were sent, though only watching", y.sent)
		}
	})
}

func when(d time.Duration) *time.Time { t := time.Now().Add(d); return &t }

// In the hours of a grid tariff the limit is lower, by the clock of the site, also past midnight.
func TestHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // at midnight, on a Saturday
		y := newYard(t)
		y.add("A", gnista.V201, "RST", 32000)
		l := y.plain(32, site.On)
		l.Nodes[0].Hours = []site.Hours{{Days: []string{"fri"}, From: "22:00", To: "01:00", Amps: []power.Milli{10000}}, {From: "06:00", To: "07:00", Amps: []power.Milli{16000}}}
		y.set(l)
		y.run()
		defer func() { y.stop() }()
		y.arrive("A", car{wants: 32000})
		for _, c := range []struct {
			after time.Duration
			amps  power.Milli
		}{{time.Minute, 10000}, {time.Hour, 32000}, {5 * time.Hour, 16000}, {time.Hour, 32000}, {16 * time.Hour, 32000}} {
			time.Sleep(c.after)
			p := y.place("A")
			if p.Amps != c.amps {
				t.Errorf("at %s it is %v A, not %v", time.Now().Format("15:04"), p.Amps, c.amps)
			}
			if c.amps == 10000 && !strings.HasSuffix(p.Why.EN, "The limit is lower fri 22:00–01:00.") {
				t.Errorf("told %q", p.Why.EN)
			}
		}
	})
}
