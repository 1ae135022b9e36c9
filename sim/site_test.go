package sim_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/sim"
)

// TestSiteAddsUp: the meter of a site shows what its stations and all else take, on the phases that they are on.
func TestSiteAddsUp(t *testing.T) {
	bench(t, gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		dc := &sim.Station{ID: "S2", Version: gnista.V201, URL: s.URL, Dial: (&central{t: t, version: ocppj.V201, lax: true}).dial, PowerW: 69_000, Now: time.Now, NewID: func() string { return time.Now().String() }}
		defer dc.Close()
		x := &sim.Site{Stations: []*sim.Station{s, dc}, Base: func(time.Time) [3]int64 { return [3]int64{1000, 2000, 3000} }, Now: time.Now}
		show := func(l1, l2, l3, w int64) {
			t.Helper()
			if r, ok := x.Read(); !ok || r.AmpsMA != [3]int64{l1, l2, l3} || r.PowerW != w {
				t.Errorf("it shows %+v, %v", r, ok)
			}
		}
		up(t, s)
		show(1000, 2000, 3000, 1380)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		must(t, s.Draw(1, 6900))
		show(11_000, 12_000, 13_000, 8280)
		must(t, s.Car(1, 1))
		must(t, s.Draw(1, 2300))
		show(11_000, 2000, 3000, 3680)
		asked(t, c, "SetChargingProfile", limiting(s, 1, 1, 0, "TxDefaultProfile", relative, "A", "0:6"), `{"status":"Accepted"}`)
		synctest.Wait()
		show(7000, 2000, 3000, 2760) // 6 A on the one phase of the car
		x.Rotate, x.Stations = true, []*sim.Station{dc, s}
		show(1000, 8000, 3000, 2760)
		x.CutMeter()
		if _, ok := x.Read(); ok {
			t.Error("a meter that is out shows something")
		}
		x.MendMeter()
		must(t, s.Unplug(t.Context(), 1))
		show(1000, 2000, 3000, 1380)
	})
}

// TestSiteTellsOverload: what is too much for a while is told by the outlets where cars charge, until it is not any more.
func TestSiteTellsOverload(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		x := &sim.Site{Stations: []*sim.Station{s}, Amps: 20_000, Now: time.Now}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { x.Run(ctx) })
		defer running.Wait()
		defer stop()
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		must(t, s.Draw(1, 13_800))
		c.said()
		time.Sleep(time.Minute)
		if got := c.said("StatusNotification", "NotifyEvent"); len(got) > 0 {
			t.Fatalf("20 A are too much: %s", got)
		}
		must(t, s.StartTransaction(t.Context(), 2, "CARD"))
		c.said()
		time.Sleep(4 * time.Second)
		if got := c.said("StatusNotification", "NotifyEvent"); len(got) > 0 {
			t.Fatalf("told too soon: %s", got)
		}
		time.Sleep(time.Minute)
		got := strings.Join(c.said("StatusNotification", "NotifyEvent"), "\n")
		if strings.Count(got, `"PowerLimitExceeded"`) != 2 || strings.Contains(got, "Faulted") || !strings.Contains(got, "A of 20 A") || !s.Charging(1) {
			t.Errorf("sent %s", got)
		}
		must(t, s.Draw(2, 0))
		time.Sleep(2 * time.Second)
		got = strings.Join(c.said("StatusNotification", "NotifyEvent"), "\n")
		if over := strings.Count(got, `"NoError"`) + strings.Count(got, `"cleared":true`); over != 2 {
			t.Errorf("sent %s", got)
		}
		if b := x.Burden(); b.Times != 1 || b.Longest < time.Minute || b.Longest > 65*time.Second || b.MostMA != 20_000+52_173 {
			t.Errorf("%+v", b)
		}
	})
}

// TestSiteMeterDrops: the meter is out now and then.
func TestSiteMeterDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &sim.Site{Drops: sim.Span{From: time.Hour, To: 2 * time.Hour}, Outage: sim.Span{From: time.Minute, To: 10 * time.Minute}, Every: time.Minute, Now: time.Now}
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		go x.Run(ctx)
		out := 0
		for range 24 * 60 {
			if _, ok := x.Read(); !ok {
				out++
			}
			sleepFor(ctx, time.Minute)
		}
		if out < 12 || out > 240 {
			t.Errorf("it was out for %d minutes", out)
		}
	})
}

func sleepFor(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// TestProfilesInOtherWays: stations that do with profiles what they like.
func TestProfilesInOtherWays(t *testing.T) {
	for name, want := range map[string]struct {
		answer      string
		soon, later int64 // W
	}{
		"":                 {"Accepted", 6900, 6900},
		"refuses-profiles": {"Rejected", 36_000, 36_000},
		"ignores-profiles": {"Accepted", 36_000, 36_000},
		"late-profiles":    {"Accepted", 36_000, 6900},
		"coarse-steps":     {"Accepted", 6900, 6900},
	} {
		every(t, func(t *testing.T, s *sim.Station, c *central) {
			if name != "" {
				s.Personality = []string{name}
			}
			up(t, s)
			must(t, s.StartTransaction(t.Context(), 1, "CARD"))
			power := func(want int64) {
				t.Helper()
				synctest.Wait()
				if got := s.Readings()[0].PowerW; got != want {
					t.Errorf("%s: %d W, not %d", name, got, want)
				}
			}
			power(36_000)
			asked(t, c, "SetChargingProfile", limiting(s, 1, 1, 0, "TxDefaultProfile", relative, "A", "0:10"), fmt.Sprintf(`{"status":%q}`, want.answer))
			power(want.soon)
			time.Sleep(time.Minute)
			power(want.later)
			if name == "coarse-steps" {
				asked(t, c, "SetChargingProfile", limiting(s, 1, 1, 0, "TxDefaultProfile", relative, "A", "0:12.9"), `{"status":"Accepted"}`)
				power(10 * 690)
				asked(t, c, "SetChargingProfile", limiting(s, 1, 1, 0, "TxDefaultProfile", relative, "A", "0:5"), `{"status":"Accepted"}`)
				power(0)
			}
		})
	}
}

// TestShortage plays a day at a site that nobody holds within its limits: cars come and go, and it is too much.
func TestShortage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
		park := &sim.Park{Site: &sim.Site{Amps: 100_000, Base: sim.House(30_000), Rotate: true, Every: 10 * time.Second, Now: time.Now}}
		var mu sync.Mutex
		n := 0
		for i := range 10 {
			version, wire := gnista.V16, &central{t: t, version: ocppj.V16}
			s := &sim.Station{
				ID: gnista.StationID(fmt.Sprint("S", i)), Version: version, URL: "ws://central/ocpp", Dial: wire.dial, PowerW: 22_000, Phases: 3, Personality: sim.Manners(i), MeterEvery: 5 * time.Minute, Now: time.Now,
				NewID: func() string { mu.Lock(); defer mu.Unlock(); n++; return fmt.Sprint(n) },
			}
			park.Site.Stations = append(park.Site.Stations, s)
			park.Plays = append(park.Plays, &sim.Play{Station: s, Scenario: sim.Shortage, Tokens: []string{"CARD"}, Pace: sim.Busy(), Seed: uint64(i)})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		must(t, park.Run(ctx))
		b, total := park.Site.Burden(), park.Totals()
		if b.Times == 0 || b.MostMA < 100_000 || b.MostMA > 16_000*10+30_000 || total.Ended < 30 || total.Started != total.Ended {
			t.Errorf("%+v, %+v", b, total)
		}
	})
}
