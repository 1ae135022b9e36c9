package main

import (
	"context"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/power"
	"gnista/power/site"
	"gnista/station"
)

// TestSitePower: stations of all versions, some of which do not do what they are told, are held within what their site's
// connection is made for, with a meter that drops out now and then.
func TestSitePower(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		p := b.short(10, 80, 10)
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
		at := time.Now()
		if err := b.db.CreateSite(ctx, station.Site{ID: "site", Name: "Short", CreatedAt: at, UpdatedAt: at}); err != nil {
			t.Fatal(err)
		}
		breaker, zero := power.Milli(80_000), power.Milli(0)
		g := site.Grid{Mode: site.On, MeterStale: 15, Nodes: []site.Node{{ID: "main", Breaker: &breaker, Other: []power.Milli{10_000}}}}
		for i, s := range p.Site.Stations {
			s.MeterEvery = 30 * time.Second
			if _, err := b.network.Change(ctx, s.ID, true, func(x *station.Station) { x.Site = "site" }); err != nil {
				t.Fatal(err)
			}
			bay := site.Bay{Station: s.ID, EVSE: 1, Node: "main", Rotation: []string{"RST", "TRS", "STR"}[i%3], Max: 32_000}
			if i >= 6 {
				bay.Safe = &zero
			}
			g.EVSEs = append(g.EVSEs, bay)
		}
		if _, _, err := b.sitePower.SetLimits(ctx, "site", g); err != nil {
			t.Fatal(err)
		}
		var meter sync.WaitGroup
		defer func() { cancel(); meter.Wait() }()
		meter.Go(func() {
			for ctx.Err() == nil {
				time.Sleep(10 * time.Second)
				r, ok := p.Site.Read()
				if !ok {
					continue
				}
				amps := make([]power.Milli, 3)
				for ph := range amps {
					amps[ph] = power.Milli(r.AmpsMA[ph])
				}
				if err := b.sitePower.Read(ctx, "site", site.Metering{Amps: amps}); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		total, burden := p.Totals(), p.Site.Burden()
		if burden.Longest > 30*time.Second {
			t.Errorf("too much flowed %d times, for %v at the longest, and %d mA", burden.Times, burden.Longest, burden.MostMA)
		}
		ways := map[site.Way]map[gnista.Version]bool{}
		v, err := b.sitePower.View(t.Context(), "site")
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range v.EVSEs {
			if e.Told != nil {
				if ways[e.Told.By] == nil {
					ways[e.Told.By] = map[gnista.Version]bool{}
				}
				ways[e.Told.By][versions()[i%3]] = true
			}
		}
		t.Logf("%d cars, %d Wh; too much %d times, for %v at the longest, and %d mA; told by %v; events %v", total.Started, total.EnergyWh, burden.Times, burden.Longest, burden.MostMA, ways, b.events())
	})
}
