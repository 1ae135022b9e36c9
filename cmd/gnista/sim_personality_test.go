package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/sim"
)

// TestPersonalities: whatever stations do wrong, they stay connected, a car that charges there is one
// transaction that ends, and its energy is right or somebody is told that it may not be.
// Cards whose UIDs are not written as we know them are refused.
func TestPersonalities(t *testing.T) {
	const uid = "CARD1234"
	visit := func(t *testing.T, s *sim.Station) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		defer s.Close()
		if err := errors.Join(s.Connect(ctx), s.Boot(ctx)); err != nil {
			return err
		}
		err := s.StartTransaction(ctx, 1, uid)
		if _, refused := errors.AsType[*sim.Refusal](err); err != nil && !refused {
			return err
		}
		if s.Charging(1) {
			time.Sleep(10 * time.Minute)
			err = errors.Join(s.Meter(ctx, 1), s.StopTransaction(ctx, 1, uid, sim.ReasonLocal))
		} else {
			err = nil
		}
		return errors.Join(err, s.Unplug(ctx, 1), s.Heartbeat(ctx), s.Drain(ctx))
	}
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				b.card(uid)
				var all sync.WaitGroup
				var names []string
				for _, p := range sim.Personalities() {
					if p.Name == "no-subprotocol" || p.Name == "silent-boot" {
						continue // nothing is taken from these before an operator allows it
					}
					names = append(names, p.Name)
					s := b.station(gnista.StationID("AT-"+p.Name), v)
					s.Personality = []string{p.Name}
					all.Go(func() {
						if err := visit(t, s); err != nil {
							t.Errorf("%s: %v", p.Name, err)
						}
					})
				}
				all.Wait()
				synctest.Wait()
				got := map[string][]charging.Transaction{}
				for _, x := range b.transactions(charging.Filter{}) {
					name := strings.ToLower(string(x.Station))
					got[name] = append(got[name], x)
				}
				const energy = 8333 // 50 kW for ten minutes
				for _, name := range names {
					list := got["at-"+name]
					if len(list) != 1 || list[0].State != charging.Ended || list[0].Authorised && list[0].EnergyWh != energy && len(list[0].Review) == 0 {
						t.Errorf("%s: %+v", name, list)
					}
				}
			})
		})
	}
}
