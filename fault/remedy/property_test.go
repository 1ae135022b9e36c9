package remedy_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/fault"
	"gnista/fault/remedy"
	"gnista/store/storetest"
)

// TestAnything lets faults come and go, cars charge, stations refuse, ignore and be silent, people interfere and the
// process die in the middle of anything. What holds whatever happens is checked by the world with each order; in
// the end every run has ended.
func TestAnything(t *testing.T) {
	db := storetest.Open(t)
	var n atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, db, fmt.Sprintf("W%d", n.Add(1)), rt.Fatalf)
		mode := rapid.SampledFrom([]remedy.Mode{remedy.On, remedy.On, remedy.On, remedy.DryRun}).Draw(rt, "mode")
		setMode := func(m remedy.Mode) {
			if _, err := w.remedies.SetModes(t.Context(), remedy.Modes{Default: m}); err != nil {
				rt.Fatal(err)
			}
		}
		setMode(mode)
		drawCharger := func(t *rapid.T) *charger { return w.chargers[rapid.IntRange(0, 1).Draw(t, "station")] }
		drawPlace := func(t *rapid.T) int { return rapid.IntRange(0, 1).Draw(t, "EVSE") }
		manual := false
		rt.Repeat(map[string]func(*rapid.T){
			"fault": func(t *rapid.T) {
				w.breaks(drawCharger(t), drawPlace(t), string(rapid.SampledFrom(remedy.Classes).Draw(t, "class")))
			},
			"mended": func(t *rapid.T) { w.mend(w.t.Context(), drawCharger(t), drawPlace(t)) },
			"car": func(t *rapid.T) {
				c, e := drawCharger(t), drawPlace(t)
				c.places[e].charging = !c.places[e].charging
				if rapid.Bool().Draw(t, "told") {
					w.status(c, e)
				}
			},
			"sudden car": func(t *rapid.T) { drawCharger(t).sudden = true },
			"temper": func(t *rapid.T) {
				drawCharger(t).temper = rapid.SampledFrom([]temper{obeys, ignores, refuses, silent}).Draw(t, "temper")
			},
			"connection": func(t *rapid.T) {
				c := drawCharger(t)
				c.away, c.since = !c.away, w.now
			},
			"death": func(t *rapid.T) {
				class := rapid.SampledFrom([]fault.Class{fault.Restart, fault.SetClock, fault.RenewCert, fault.CallService}).Draw(t, "class")
				c := drawCharger(t)
				c.away = false
				w.breaks(c, drawPlace(t), string(class))
				w.lifeLeft = rapid.IntRange(1, 20).Draw(t, "life")
				w.pass(time.Duration(rapid.IntRange(1, 120).Draw(t, "minutes")) * time.Minute)
				if w.lifeLeft >= 0 {
					w.lifeLeft = -1
					w.boot()
				}
			},
			"time": func(t *rapid.T) {
				w.pass(time.Duration(rapid.IntRange(1, 600).Draw(t, "minutes")) * time.Minute)
			},
			"a person": func(t *rapid.T) {
				runs := w.runs(w.t.Context(), true)
				if len(runs) == 0 {
					return
				}
				id := rapid.SampledFrom(runs).Draw(t, "run").ID
				m := w.remedies
				do := rapid.SampledFrom([]string{"pause", "resume", "cancel", "skip"}).Draw(t, "verb")
				var err error
				switch do {
				case "pause":
					_, err = m.Pause(w.t.Context(), id, "Kim")
				case "resume":
					_, err = m.Resume(w.t.Context(), id, "Kim")
				case "cancel":
					_, err = m.Cancel(w.t.Context(), id, "Kim")
				case "skip":
					_, err = m.Skip(w.t.Context(), id, "Kim")
				}
				if err != nil && gnista.CodeOf(err) != gnista.Conflict {
					t.Fatal(err)
				}
			},
			"run now": func(t *rapid.T) {
				open, err := w.db.Faults(w.t.Context(), fault.Filter{State: fault.IsOpen, Station: drawCharger(t).id, Limit: 10})
				if err != nil {
					t.Fatal(err)
				}
				if len(open) == 0 || mode == remedy.DryRun {
					return
				}
				manual = true
				if _, err := w.remedies.Begin(w.t.Context(), rapid.SampledFrom(open).Draw(t, "fault").ID, "Kim", "it hurts", remedy.On); err != nil {
					t.Fatal(err)
				}
			},
			"shelved": func(t *rapid.T) {
				open, err := w.db.Faults(w.t.Context(), fault.Filter{State: fault.IsOpen, Station: drawCharger(t).id, Limit: 10})
				if err != nil {
					t.Fatal(err)
				}
				if len(open) == 0 {
					return
				}
				id := rapid.SampledFrom(open).Draw(t, "fault").ID
				if _, err := w.faults.Shelve(w.t.Context(), id, w.now.Add(5*time.Hour), fault.Said{By: "Kim", Why: "not now"}); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) {
				if mode == remedy.DryRun && !manual && (len(w.sent) > 0 || w.lowered > 0) {
					t.Fatalf("a dry run has sent %+v", w.sent)
				}
			},
		})
		for _, r := range w.runs(t.Context(), true) { // those that people have paused would wait for ever
			if r.State == remedy.Paused {
				w.remedies.Resume(t.Context(), r.ID, "Kim")
			}
		}
		w.pass(7 * 24 * time.Hour)
		for _, r := range w.runs(t.Context(), false) {
			if !r.State.Ended() {
				rt.Fatalf("the run has not ended: %+v", r)
			}
			if r.State == remedy.Helped && (len(r.Records) == 0 || r.Mode != remedy.On) {
				rt.Fatalf("nothing was done that could have helped: %+v", r)
			}
		}
	})
}
