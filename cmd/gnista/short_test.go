package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/sim"
)

// short is a site with more cars than its connection has power for: stations of all versions, some of which do not do
// what they are told.
func (b *bubble) short(stations int, amps, base float64) *sim.Park {
	const uid = "CARD1234"
	b.card(uid)
	p := &sim.Park{Site: &sim.Site{
		Amps: int64(amps * 1000), Base: sim.House(int64(base * 1000)), Rotate: true, Now: time.Now,
		Drops: sim.Span{From: 2 * time.Hour, To: 6 * time.Hour}, Outage: sim.Span{From: 5 * time.Minute, To: 20 * time.Minute},
	}}
	for i := range stations {
		s := b.station(gnista.StationID(fmt.Sprintf("SHORT-%02d", i)), versions()[i%len(versions())])
		s.EVSEs, s.PowerW, s.MeterEvery, s.Personality = 1, 22_000, 10*time.Minute, sim.Manners(i)
		p.Site.Stations = append(p.Site.Stations, s)
		p.Plays = append(p.Plays, &sim.Play{Station: s, Scenario: sim.Shortage, Tokens: []string{uid}, Pace: sim.Busy(), Seed: uint64(i)})
	}
	return p
}

// TestShort plays some hours at a site that nobody holds within its limits: each car is one transaction that ends, with
// the energy that it has got, and what is too much is reported.
func TestShort(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		p := b.short(6, 32, 10)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		total, burden := p.Totals(), p.Site.Burden()
		energy, ended := int64(0), 0
		for _, x := range b.transactions(charging.Filter{}) {
			if energy += x.EnergyWh; x.State == charging.Ended {
				ended++
			}
		}
		if ended == 0 || ended != total.Ended || total.Started != ended || energy != total.EnergyWh {
			t.Errorf("%d transactions have ended with %d Wh, and the stations have told of %+v", ended, energy, total)
		}
		if burden.Times == 0 || burden.MostMA <= 32_000 {
			t.Errorf("it was never too much: %+v", burden)
		}
	})
}
