package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/fault/remedy"
	"gnista/sim"
	"gnista/station"
)

// patient is a bubble with stations that have faults.
type patient struct {
	*bubble
	t *testing.T
}

func (p patient) modes(m remedy.Mode) {
	p.t.Helper()
	if _, err := p.remedies.SetModes(p.t.Context(), remedy.Modes{Default: m}); err != nil {
		p.t.Fatal(err)
	}
}

// staying is a station that stays in service until the test ends.
func (p patient) staying(id gnista.StationID, v gnista.Version, personality ...string) *sim.Station {
	p.t.Helper()
	s := p.station(id, v)
	s.Personality = personality
	ctx, cancel := context.WithCancel(p.t.Context())
	ended := make(chan struct{})
	go func() { s.Stay(ctx); close(ended) }()
	p.t.Cleanup(func() { cancel(); s.Close(); <-ended })
	time.Sleep(5 * time.Second)
	return s
}

// run is the first run of a station in which anything was done: a fault that is told of anew with its cause ends
// the one without.
func (p patient) run(id gnista.StationID) remedy.Run {
	p.t.Helper()
	synctest.Wait()
	list, err := p.db.Remedies(p.t.Context(), remedy.Filter{Station: id, Limit: 10})
	list = slices.DeleteFunc(list, func(r remedy.Run) bool { return r.State == remedy.Over && len(r.Records) == 0 })
	if err != nil || len(list) == 0 {
		p.t.Fatalf("%s has no run: %v", id, err)
	}
	return list[len(list)-1]
}

// orders are the kinds of what a station was ordered to do, the first one first.
func (p patient) orders(id gnista.StationID) (kinds []string) {
	p.t.Helper()
	list, err := p.db.Commands(p.t.Context(), id, "", 100)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, c := range slices.Backward(list) {
		if c.Kind != "read-settings" && c.Kind != "report" {
			kinds = append(kinds, strings.TrimSpace(c.Kind+" "+c.Note))
		}
	}
	return kinds
}

func (p patient) is(id gnista.StationID, want remedy.State) remedy.Run {
	p.t.Helper()
	r := p.run(id)
	if r.State != want {
		p.t.Errorf("%s is %s, want %s:\n%s\n%v", id, r.State, want, r.History(fault.English), p.orders(id))
	}
	return r
}

// helped wants an action to have helped.
func (p patient) helped(id gnista.StationID, by remedy.Action) {
	p.t.Helper()
	r := p.is(id, remedy.Helped)
	if !slices.ContainsFunc(r.Records, func(x remedy.Record) bool { return x.State == remedy.DidHelp && x.Do == by }) {
		p.t.Errorf("%s: %s did not help:\n%s", id, by, r.History(fault.English))
	}
}

func treated(t *testing.T, list []gnista.Version, f func(p patient, v gnista.Version)) {
	for _, v := range list {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) { f(patient{b, t}, v) })
		})
	}
}

// TestRemedies: ladders help at stations that can be helped, also across a restart of the system, wait where cars
// charge, and hand over what they cannot help.
func TestRemedies(t *testing.T) {
	treated(t, versions(), func(p patient, v gnista.Version) {
		t, ctx := p.t, p.t.Context()
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		p.modes(remedy.On)
		p.card("CARD1234")
		locked, soft, hard := p.staying("LOCKED", v), p.staying("SOFT", v), p.staying("HARD", v)
		busy, deafish, stubborn := p.staying("BUSY", v), p.staying("IGNORES", v, "ignores-orders"), p.staying("REFUSES", v, "refuses-orders")
		time.Sleep(5 * time.Minute)
		ok(busy.StartTransaction(ctx, 2, "CARD1234"))
		ok(locked.FaultUntil(ctx, 1, "ConnectorLockFailure", sim.CureUnlock))
		ok(soft.FaultUntil(ctx, 1, "InternalError", sim.CureReset))
		ok(hard.FaultUntil(ctx, 1, "InternalError", sim.CureHardReset))
		ok(busy.FaultUntil(ctx, 1, "InternalError", sim.CureReset))
		ok(deafish.Fault(ctx, 1, "InternalError"))
		ok(stubborn.Fault(ctx, 1, "InternalError"))

		time.Sleep(2 * time.Hour)
		p.helped("LOCKED", remedy.Unlock)
		p.helped("SOFT", remedy.SoftReset)
		p.helped("HARD", remedy.HardReset)
		p.is("IGNORES", remedy.HandedOver)
		p.is("REFUSES", remedy.HandedOver)
		for _, id := range []gnista.StationID{"IGNORES", "REFUSES"} {
			faults := p.run(id).Faults // one may be a status without a code, which has given way to what the station tells besides
			f := faults[slices.IndexFunc(faults, func(f string) bool {
				x, err := p.db.Fault(ctx, f)
				return err == nil && x.Open()
			})]
			history, err := p.db.FaultHistory(ctx, f, 0, 100)
			ok(err)
			if !slices.ContainsFunc(history, func(d fault.Done) bool { return d.By == "remedies" && strings.Contains(d.Why, "a soft reset") }) {
				t.Errorf("%s: who is handed the fault does not find what was tried: %+v", id, history)
			}
			tried, err := p.tried(ctx, f, fault.Swedish)
			ok(err)
			if all := strings.Join(tried, "\n"); !strings.Contains(all, "mjuk omstart: ") || strings.Contains(all, "a soft reset") {
				t.Errorf("%s: what alerts tell in Swedish of what was tried: %s", id, all)
			}
		}
		if r := p.is("BUSY", remedy.Running); !busy.Charging(2) || slices.ContainsFunc(p.orders("BUSY"), func(s string) bool { return strings.HasPrefix(s, "reset") }) {
			t.Errorf("BUSY was reset while a car was charging:\n%s\n%v", r.History(fault.English), p.orders("BUSY"))
		}

		p.shut() // in the middle
		p.open(p.file)
		time.Sleep(30 * time.Minute)
		p.is("BUSY", remedy.Running)
		ok(busy.StopTransaction(ctx, 2, "CARD1234", sim.ReasonLocal))
		ok(busy.Unplug(ctx, 2))
		time.Sleep(time.Hour)
		p.helped("BUSY", remedy.SoftReset)
		if n := len(slices.DeleteFunc(p.orders("BUSY"), func(s string) bool { return !strings.HasPrefix(s, "reset") })); n != 1 {
			t.Errorf("BUSY was reset %d times", n)
		}
	})
}

// TestLaddersEnd: for a fault of each class every station comes to an end, and none is told anything in a dry run.
func TestLaddersEnd(t *testing.T) {
	treated(t, []gnista.Version{gnista.V16, gnista.V21}, func(p patient, v gnista.Version) {
		t, ctx := p.t, p.t.Context()
		keys := map[fault.Class]fault.Key{}
		for _, e := range p.faults.Catalogue.Entries(fault.EntryFilter{}, fault.Key{}, 10_000) {
			if !e.Momentary && keys[e.Remedy] == (fault.Key{}) {
				keys[e.Remedy] = e.Key
			}
		}
		site := station.Site{ID: "quiet", Name: "Quiet"}
		if err := p.db.CreateSite(ctx, site); err != nil {
			t.Fatal(err)
		}
		if _, err := p.remedies.SetModes(ctx, remedy.Modes{Default: remedy.On, Rules: []remedy.ModeRule{{Site: site.ID, Mode: remedy.DryRun}}}); err != nil {
			t.Fatal(err)
		}
		told := map[gnista.StationID]int{}
		for class, key := range keys {
			if class == fault.NoRemedy {
				continue
			}
			dry, on := gnista.StationID("DRY-"+class), gnista.StationID("ON-"+class)
			if _, err := p.network.Change(ctx, dry, true, func(s *station.Station) { s.Site = site.ID }); err != nil {
				t.Fatal(err)
			}
			p.staying(dry, v)
			p.staying(on, v, "ignores-orders")
			told[dry], told[on] = 0, 0
			time.Sleep(2 * time.Minute)
			for id := range told {
				if id != dry && id != on {
					continue
				}
				told[id] = len(p.orders(id))
				r := fault.Report{Key: key, Station: id, EVSE: gnista.EVSE{ID: 1, Connector: 1}, Way: fault.ByWatch, At: time.Now()}
				if err := p.faults.Report(ctx, r); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 100 {
			time.Sleep(time.Hour)
			if live, err := p.db.Remedies(ctx, remedy.Filter{Live: true, Limit: 1}); err != nil || len(live) == 0 {
				break
			}
		}
		for id, before := range told {
			r := p.is(id, remedy.HandedOver)
			if dry := r.Site == site.ID; dry && (len(p.orders(id)) > before || r.Mode != remedy.DryRun) {
				t.Errorf("%s: a dry run has told the station %v", id, p.orders(id))
			}
		}
		if list, err := p.db.RemedyStatistics(ctx, "", time.Time{}); err != nil || len(list) == 0 {
			t.Errorf("there are no statistics: %v", err)
		}
	})
}
