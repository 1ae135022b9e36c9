package main

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/cost"
	"gnista/power"
	"gnista/sim"
	"gnista/station"
	"gnista/tariff"
)

// priced gives the system a default tariff.
func (b *bubble) priced(elements ...tariff.Element) tariff.Tariff {
	b.t.Helper()
	x, err := b.tariffs.Create(b.t.Context(), tariff.Tariff{Name: "Public", Currency: "SEK", Default: true}, tariff.Version{Elements: elements})
	if err != nil {
		b.t.Fatal(err)
	}
	return x
}

// pricing is a station that shows prices and costs, in service, whose settings have been read.
func (b *bubble) pricing(id gnista.StationID, v gnista.Version) *sim.Station {
	b.t.Helper()
	s := b.station(id, v)
	s.Pricing = true
	if err := s.Connect(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if err := s.Boot(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.network.AskReport(b.t.Context(), id, station.Asking{Of: station.OfAll}); err != nil {
		b.t.Fatal(err)
	}
	time.Sleep(2 * time.Minute)
	synctest.Wait()
	return s
}

func near(a *float64, b float64) bool { return a != nil && math.Abs(*a-b) < 0.005 }

// TestCostOnStation: a driver sees what he pays, what it costs so far and what it cost in all, which is
// what is billed, at stations of each version.
func TestCostOnStation(t *testing.T) {
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				b.priced(tariff.Element{Dimension: tariff.Energy, Price: "5", VAT: "25"}, tariff.Element{Dimension: tariff.Start, Price: "2.50", VAT: "25"},
					tariff.Element{Dimension: tariff.Idle, Price: "1", VAT: "25", Grace: 10 * time.Minute})
				b.card("CARD")
				s := b.pricing("S", v)
				defer s.Close()
				skill, given, err := b.costs.State(t.Context(), "S")
				if err != nil || !skill.Price || !skill.Cost || skill.Reckons != (v == gnista.V21) || given.Default.State != cost.SyncInstalled || v == gnista.V21 && given.Tariffs.State != cost.SyncInstalled {
					t.Fatalf("the station can %+v and has %+v, %v", skill, given, err)
				}
				if ok, err := s.Authorise(t.Context(), "CARD"); err != nil || !ok {
					t.Fatal(ok, err)
				}
				if err := s.StartTransaction(t.Context(), 1, "CARD"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if x := s.Shown(1); !strings.Contains(x.Price, "2") || !strings.Contains(x.Price, "kWh") || x.Final != nil {
					t.Errorf("at the start the driver sees %+v", x)
				}
				for range 6 { // 50 kW for 12 min are 10 kWh
					time.Sleep(2 * time.Minute)
					if err := s.Meter(t.Context(), 1); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				if x := s.Shown(1); v != gnista.V21 && !near(x.Cost, 52.5) || x.Idle || x.Final != nil {
					t.Errorf("after 10 kWh the driver sees %+v, cost %v", x, deref(x.Cost))
				}
				if err := s.Suspend(t.Context(), 1, sim.StatusSuspendedEV); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if x := s.Shown(1); v == gnista.V16 && !x.Idle {
					t.Errorf("when the car is full the driver sees %+v", x)
				}
				time.Sleep(15*time.Minute + 30*time.Second)
				synctest.Wait()
				if x := s.Shown(1); v != gnista.V21 && (x.Cost == nil || *x.Cost <= 52.5 || *x.Cost > 58) {
					t.Errorf("when it has stood for 15 minutes the driver sees %+v, cost %v", x, deref(x.Cost))
				}
				if err := s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal); err != nil {
					t.Fatal(err)
				}
				time.Sleep(3 * time.Second)
				synctest.Wait()
				list, err := b.db.Records(t.Context(), billing.Filter{Limit: 10})
				if err != nil || len(list) != 1 {
					t.Fatalf("the records are %+v, %v", list, err)
				}
				if x, billed := s.Shown(1), float64(list[0].Bill.Total.Amount)/100; !near(x.Final, billed) || !strings.Contains(x.Text, "kWh") || billed < 57 {
					t.Errorf("at the end the driver sees %+v, in all %v, and %v is billed", x, deref(x.Final), billed)
				}
				if v != gnista.V21 {
					return
				}
				r, err := b.db.Reckoning(t.Context(), list[0].Transaction)
				if err != nil || r.Verdict != cost.Agrees || !r.Final || r.Idle < 15*time.Minute || len(r.Parts) != 3 || r.Tariff != list[0].TariffVersion {
					t.Errorf("the station has reckoned %+v, %v; the bill is %+v", r, err, list[0].Bill)
				}
			})
		})
	}
}

func deref(f *float64) string {
	if f == nil {
		return "none"
	}
	return fmt.Sprint(*f)
}

// TestTariffsOnStation: what a station reckons by follows what holds there.
func TestTariffsOnStation(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		energy := func(price tariff.Decimal) tariff.Element {
			return tariff.Element{Dimension: tariff.Energy, Price: price, VAT: "25"}
		}
		x := b.priced(energy("5"))
		s := b.pricing("S", gnista.V21)
		defer s.Close()
		has := func() (names string) {
			t.Helper()
			synctest.Wait()
			list, err := station.Tell(t.Context(), b.network.Remote, "S", power.AskTariffs{})
			if err != nil {
				t.Fatal(err)
			}
			for _, y := range list {
				names += fmt.Sprint(y.Version, y.EVSEs, " ")
			}
			return names
		}
		first := x.Versions[0].ID
		if got, want := has(), first+"[1 2] "; got != want {
			t.Errorf("the station has %s, want %s", got, want)
		}
		now, err := b.tariffs.AddVersion(t.Context(), x.ID, tariff.Version{Elements: []tariff.Element{energy("6")}})
		if err != nil {
			t.Fatal(err)
		}
		next, err := b.tariffs.AddVersion(t.Context(), x.ID, tariff.Version{ValidFrom: time.Now().Add(time.Hour), Elements: []tariff.Element{energy("7")}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got, want := has(), now.ID+"[1 2] "+next.ID+"[1 2] "; got != want {
			t.Errorf("the station has %s, want %s", got, want)
		}
		// One that comes before that takes its place for now, and what EVSE 2 has of its own stays there.
		other, err := b.tariffs.Create(t.Context(), tariff.Tariff{Name: "Fast", Currency: "SEK"}, tariff.Version{Elements: []tariff.Element{energy("9")}})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.db.SetEVSETariff(t.Context(), "S", 2, other.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		own := other.Versions[0].ID + "#2"
		if got := has(); !strings.Contains(got, own+"[2]") || !strings.Contains(got, now.ID+"[1]") {
			t.Errorf("the station has %s, want %s at EVSE 2 and %s at EVSE 1", got, own, now.ID)
		}
		if err := b.db.SetEVSETariff(t.Context(), "S", 2, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := has(); strings.Contains(got, "#") || !strings.Contains(got, now.ID+"[1 2]") || !strings.Contains(got, next.ID) {
			t.Errorf("the station has %s, want %s and then %s everywhere", got, now.ID, next.ID)
		}
		var many []tariff.Element
		for i := range 12 {
			from, to := fmt.Sprintf("%02d:00", i), fmt.Sprintf("%02d:00", i+1)
			many = append(many, tariff.Element{Dimension: tariff.Energy, Price: tariff.Decimal(fmt.Sprint(i + 1)), VAT: "25", When: tariff.Restriction{From: from, To: to}})
		}
		many = append(many, tariff.Element{Dimension: tariff.Energy, Price: "20", VAT: "25"})
		if _, err := b.tariffs.AddVersion(t.Context(), x.ID, tariff.Version{Elements: many}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, given, err := b.costs.State(t.Context(), "S"); err != nil || given.Tariffs.State != cost.SyncFailed || given.Tariffs.Failure != string(power.TooManyPrices) {
			t.Errorf("a tariff with 13 prices is %+v, %v", given.Tariffs, err)
		}
	})
}

// TestDeafStation: a station that says that it shows costs, and answers nothing that it is told or does not
// know it, charges as ever and is left alone.
func TestDeafStation(t *testing.T) {
	for _, v := range []gnista.Version{gnista.V16, gnista.V201} {
		for _, personality := range [][]string{{"deaf"}, nil} {
			t.Run(fmt.Sprint(v, personality), func(t *testing.T) {
				simulated(t, func(t *testing.T, b *bubble) {
					b.priced(tariff.Element{Dimension: tariff.Energy, Price: "5", VAT: "25"})
					b.card("CARD")
					b.pricing("S", v).Close()
					time.Sleep(2 * time.Minute)
					s := b.station("S", v)
					s.Personality = personality
					if err := s.Connect(t.Context()); err != nil {
						t.Fatal(err)
					}
					defer s.Close()
					if err := s.Boot(t.Context()); err != nil {
						t.Fatal(err)
					}
					if err := s.StartTransaction(t.Context(), 1, "CARD"); err != nil {
						t.Fatal(err)
					}
					for range 10 {
						time.Sleep(2 * time.Minute)
						began := time.Now()
						if err := s.Meter(t.Context(), 1); err != nil {
							t.Fatal(err)
						}
						if took := time.Since(began); took > time.Second {
							t.Errorf("a meter value is answered after %v", took)
						}
					}
					time.Sleep(time.Second) // so that the end does not overtake the last cost
					if err := s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal); err != nil {
						t.Fatal(err)
					}
					time.Sleep(2 * time.Minute)
					if n := b.audit(); n != 1 {
						t.Errorf("%d transactions have ended", n)
					}
					messages, err := b.db.Messages(t.Context(), "S", station.MessageFilter{}, 0, 1000)
					if err != nil {
						t.Fatal(err)
					}
					told := 0
					for _, m := range messages {
						if m.Outgoing && (strings.Contains(m.Text, "RunningCost") || strings.Contains(m.Text, "CostUpdated")) {
							told++
						}
					}
					if v == gnista.V201 && personality == nil { // every station of that version can be told
						told -= 10
					}
					if told != 1 {
						t.Errorf("it was told %d costs", told)
					}
				})
			})
		}
	}
}
