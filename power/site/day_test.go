package site_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/power"
	"gnista/power/site"
	"gnista/station"
	"gnista/store/storetest"
)

// A day of a site of 40 EVSEs on a connection of 100 A, with other things on it: cars come and go, some stations
// refuse or ignore profiles, some go offline, the meter drops out, and in the middle we are killed and start again.
// The limit is never exceeded for longer than a control period and what a car takes to follow, no car gets less than its
// least current, and each gets something in time.
func TestDay(t *testing.T) {
	hours := 24
	if testing.Short() || storetest.Raced { // make check plays the whole of it without -race
		hours = 3
	}
	synctest.Test(t, func(t *testing.T) {
		const (
			limit = 100_000
			grace = 15*time.Second + 5*time.Second
			turn  = 15 * time.Minute
		)
		y := newYard(t)
		r := rand.New(rand.NewPCG(1, 2))
		versions := []gnista.Version{gnista.V16, gnista.V201, gnista.V21}
		rotations := []string{"RST", "STR", "TRS", "RST", "R", "S", "T", "RTS"}
		var ids []gnista.StationID
		zero := 0
		for i := range 40 {
			id := gnista.StationID(fmt.Sprintf("CS%02d", i))
			c := y.add(id, versions[i%3], rotations[i%len(rotations)], []int64{32000, 16000}[i%2])
			ids = append(ids, id)
			switch i {
			case 3, 17: // takes no profile of a transaction
				c.refuses[power.Transaction] = true
			case 8: // takes only the default
				c.refuses[power.Transaction], c.refuses[power.StationMax] = true, true
			case 11: // cannot say what it allows
				c.mute = true
			case 14:
				y.facts[id] = station.PowerFacts{MaxStackLevel: &zero}
			case 20:
				y.facts[id] = station.PowerFacts{OnlyUnit: "W"}
			case 26:
				y.facts[id] = station.PowerFacts{CurrentsA: []int{6, 8, 10, 13, 16}, OnlyRelative: true}
			}
		}
		l := y.plain(limit/1000, site.On)
		l.MeterStale = 15
		l.Nodes[0].Other = []power.Milli{30_000}
		l.Nodes = append(l.Nodes, site.Node{ID: "west", Parent: "main", Breaker: milli(63_000)}, site.Node{ID: "east", Parent: "main", Breaker: milli(63_000)})
		for i := range l.EVSEs {
			l.EVSEs[i].Node = []string{"west", "east"}[i%2]
		}
		y.set(l)
		y.run()
		time.Sleep(10 * time.Second)

		var over time.Time
		var longest time.Duration
		served, waits := map[string]bool{}, map[string]time.Time{}
		check := func() {
			now := time.Now()
			total := y.total()
			if total[0] > limit || total[1] > limit || total[2] > limit {
				if over.IsZero() {
					over = now
				}
				if d := now.Sub(over); d > longest {
					longest = d
					if d > grace {
						t.Errorf("%v A flow at %v, for %v", total, now.Format("15:04:05"), d)
					}
				}
			} else {
				over = time.Time{}
			}
			y.mu.Lock()
			defer y.mu.Unlock()
			for _, c := range y.stations {
				for evse, x := range c.cars {
					a := c.takes(evse)
					most := max(a[0], a[1], a[2])
					if most > 0 && most < 6000 {
						t.Errorf("%s gives %d mA", c.id, most)
					}
					switch {
					case most > 0:
						served[x.ref] = true
						delete(waits, x.ref)
					case waits[x.ref].IsZero():
						waits[x.ref] = now
					case !x.full && !c.offline && now.Sub(waits[x.ref]) > 3*turn+10*time.Minute:
						t.Errorf("the car at %s has had nothing since %v", c.id, waits[x.ref].Format("15:04:05"))
						waits[x.ref] = now
					}
				}
			}
		}
		cars, meter := 0, true
		leave := map[gnista.StationID]time.Time{}
		begin := time.Now()
		for i := 0; time.Since(begin) < time.Duration(hours)*time.Hour; i++ {
			time.Sleep(5 * time.Second)
			now := time.Now()
			hour := now.Sub(begin).Hours()
			check()
			if i%12 == 0 { // other things take more in the evening
				other := int64(8000 + r.IntN(4000))
				if int(hour)%24 >= 17 {
					other += 12_000
				}
				y.mu.Lock()
				y.base = [3]int64{other, other + 2000, other - 1000}
				y.mu.Unlock()
			}
			if i%6 == 0 {
				y.measure()
			}
			meter = int(hour*60)%180 < 160 // it is silent for 20 minutes of three hours
			if meter && i%2 == 0 {
				total := y.total()
				if err := y.control.Read(t.Context(), "site", site.Metering{Amps: []power.Milli{power.Milli(total[0]), power.Milli(total[1]), power.Milli(total[2])}}); err != nil {
					t.Error(err)
				}
			}
			id := ids[r.IntN(len(ids))]
			y.mu.Lock()
			c := y.stations[id]
			busy, offline := c.cars[1] != nil, c.offline
			y.mu.Unlock()
			switch {
			case i%1440 == 700: // a station loses its link for ten minutes, and another one later
				y.mu.Lock()
				c.offline = true
				y.mu.Unlock()
				time.AfterFunc(10*time.Minute, func() { y.mu.Lock(); c.offline = false; y.mu.Unlock() })
			case offline:
			case !busy && r.IntN(24) == 0:
				cars++
				y.arrive(id, car{wants: []int64{16000, 32000, 10000}[r.IntN(3)], ones: r.IntN(4) == 0})
				leave[id] = now.Add(time.Duration(40+r.IntN(240)) * time.Minute)
			case busy && now.After(leave[id]):
				y.leave(id)
			}
			if i == int(time.Duration(hours)*time.Hour/time.Second/5/2) {
				y.restart()
			}
		}
		y.stop()
		y.mu.Lock()
		defer y.mu.Unlock()
		if len(served) < cars*8/10 {
			t.Errorf("%d of %d cars got something", len(served), cars)
		}
		t.Logf("%d cars, %d of them served; %d profiles; over the limit for %v at the longest", cars, len(served), y.sent, longest)
	})
}
