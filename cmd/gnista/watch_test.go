package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/sim"
	"gnista/station"
)

// silent lists the open faults of a station that nobody told of.
func (b *bubble) silent(id gnista.StationID) (codes []string) {
	b.t.Helper()
	list, err := b.db.Faults(b.t.Context(), fault.Filter{State: fault.IsOpen, Station: id, Limit: 100})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range list {
		if f.Way == fault.ByWatch {
			codes = append(codes, f.Key.Code)
		}
	}
	slices.Sort(codes)
	return codes
}

// passes lets time pass, and wants these to be open then.
func (b *bubble) passes(d time.Duration, id gnista.StationID, codes ...string) {
	b.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	if got := b.silent(id); !slices.Equal(got, codes) {
		b.t.Errorf("of %s are open %v, want %v", id, got, codes)
	}
}

func TestSilentFaults(t *testing.T) {
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Run("offline", func(t *testing.T) {
				simulated(t, func(t *testing.T, b *bubble) {
					s := b.serving("S", v)
					defer s.Close()
					b.passes(15*time.Minute, "S")
					s.Cut()
					b.passes(14*time.Minute, "S")
					b.passes(3*time.Minute, "S", "Offline")
					b.shut() // it is known after a restart
					b.open(b.file)
					b.passes(2*time.Minute, "S", "Offline")
					s.Mend()
					if err := s.Connect(t.Context()); err != nil {
						t.Fatal(err)
					}
					b.passes(2*time.Minute, "S")
				})
			})
			t.Run("deaf", func(t *testing.T) {
				simulated(t, func(t *testing.T, b *bubble) {
					s := b.station("S", v)
					s.Personality = []string{"deaf"}
					stay, leave := context.WithCancel(t.Context())
					defer s.Close()
					defer leave()
					go s.Stay(stay)
					time.Sleep(time.Minute)
					for range 3 {
						station.Give(t.Context(), b.network, "S", station.Unlock{At: gnista.EVSE{ID: 1, Connector: 1}})
						time.Sleep(2 * time.Minute)
					}
					b.passes(2*time.Minute, "S", "Deaf")
				})
			})
			t.Run("boot loop", func(t *testing.T) {
				simulated(t, func(t *testing.T, b *bubble) {
					s := b.serving("S", v)
					defer s.Close()
					for range 4 {
						time.Sleep(2 * time.Minute)
						if err := s.Boot(t.Context()); err != nil {
							t.Fatal(err)
						}
					}
					b.passes(time.Minute, "S", "BootLoop")
					b.passes(31*time.Minute, "S")
				})
			})
			t.Run("clock", func(t *testing.T) {
				simulated(t, func(t *testing.T, b *bubble) {
					s := b.station("S", v)
					off := -time.Hour
					s.Now = func() time.Time { return time.Now().Add(off) }
					defer s.Close()
					if err := s.Connect(t.Context()); err != nil {
						t.Fatal(err)
					}
					if err := s.Boot(t.Context()); err != nil {
						t.Fatal(err)
					}
					use := func() {
						t.Helper()
						if err := s.Plug(t.Context(), 1); err != nil {
							t.Fatal(err)
						}
						time.Sleep(6 * time.Minute)
						if err := s.Unplug(t.Context(), 1); err != nil {
							t.Fatal(err)
						}
					}
					use()
					use()
					b.passes(2*time.Minute, "S", "ClockSkew")
					off = 0
					use()
					b.passes(2*time.Minute, "S")
				})
			})
			t.Run("nothing flows", func(t *testing.T) {
				simulated(t, func(t *testing.T, b *bubble) {
					b.card("CARD")
					s := b.serving("S", v)
					defer s.Close()
					charge := func(d time.Duration) {
						t.Helper()
						if err := s.StartTransaction(t.Context(), 1, "CARD"); err != nil {
							t.Fatal(err)
						}
						time.Sleep(d)
						if err := s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal); err != nil {
							t.Fatal(err)
						}
						if err := s.Unplug(t.Context(), 1); err != nil {
							t.Fatal(err)
						}
						time.Sleep(time.Minute)
					}
					for range 3 {
						charge(0)
					}
					b.passes(time.Minute, "S", "ZeroEnergy")
					charge(10 * time.Minute)
					b.passes(time.Minute, "S")
				})
			})
		})
	}
}

// Half a day at stations where cars come and go: what goes wrong shows in the uptime and in nothing else, and
// where nothing does nobody is troubled.
func TestUptimeOfADay(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		b.card("CARD")
		plays := map[gnista.StationID]sim.Scenario{"NORMAL": sim.Normal, "OFFLINE": sim.Offline, "FAULTS": sim.Faults}
		park := &sim.Park{}
		for id, scenario := range plays {
			s := b.station(id, gnista.V201)
			park.Plays = append(park.Plays, &sim.Play{Station: s, Scenario: scenario, Tokens: []string{"CARD"}, Pace: sim.Daily(), Seed: 3})
		}
		ctx, stop := context.WithTimeout(t.Context(), 12*time.Hour)
		defer stop()
		if err := park.Run(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		var list struct {
			Items []struct {
				Station          string
				EVSEs            int
				Minutes, Uptime  float64
				DownByCause      map[string]float64
				ExcludedByReason map[string]float64
			}
			Next string
		}
		b.get(t, "/uptime?of=station", &list)
		if len(list.Items) != len(plays) {
			t.Fatalf("got %+v", list)
		}
		for _, x := range list.Items {
			faulted, away := x.DownByCause["faulted"] > 0, x.DownByCause["offline"] > 0
			switch scenario := plays[gnista.StationID(x.Station)]; {
			case x.EVSEs != 2 || x.Minutes < 2*719 || x.Minutes > 2*725 || len(x.ExcludedByReason) > 0:
				t.Errorf("got %+v", x)
			case faulted != (scenario == sim.Faults) || away != (scenario == sim.Offline):
				t.Errorf("%s: got %+v", scenario, x)
			case (scenario == sim.Normal) != (x.Uptime == 100) || x.Uptime < 20:
				t.Errorf("%s: got %+v", scenario, x)
			}
		}
		if got := b.silent("NORMAL"); len(got) > 0 {
			t.Errorf("where nothing is wrong are found %v", got)
		}
		var figures struct {
			Items []struct {
				Group                              string
				FirstTimeSuccess, EndSuccess       struct{ Of, Well int }
				AuthorisationSuccess, StartSuccess struct{ Of, Well int }
				TimeToEnergy                       struct {
					Of      int
					Seconds float64
				}
			}
		}
		b.get(t, "/key-figures?by=station&station=NORMAL", &figures)
		if len(figures.Items) != 1 {
			t.Fatalf("got %+v", figures)
		}
		x := figures.Items[0]
		if n := x.FirstTimeSuccess; n.Of < 5 || n.Of != n.Well || n != x.StartSuccess || n != x.EndSuccess || x.TimeToEnergy.Of != n.Of {
			t.Errorf("got %+v", x)
		}
		b.get(t, "/key-figures?by=station&station=FAULTS", &figures)
		if x := figures.Items[0]; x.EndSuccess.Well >= x.EndSuccess.Of {
			t.Errorf("got %+v", x)
		}
	})
}

func (b *bubble) ask(method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, request(method, "/api/v1"+path, body, "Authorization", "Bearer "+testToken))
	return w
}

func (b *bubble) get(t *testing.T, path string, into any) {
	t.Helper()
	w := b.ask("GET", path, "")
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatal(err)
	}
}

func TestUptimeAPI(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		w := b.ask("POST", "/sites", `{"name":"Site"}`)
		var site struct{ ID string }
		if err := json.Unmarshal(w.Body.Bytes(), &site); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"S1", "S2"} {
			s := b.serving(gnista.StationID(id), gnista.V16)
			defer s.Close()
			if w := b.ask("PATCH", "/stations/"+id, fmt.Sprintf(`{"site":%q}`, site.ID)); w.Code != 200 {
				t.Fatal(w.Body)
			}
			if err := errors.Join(s.Plug(t.Context(), 2), s.Unplug(t.Context(), 2), s.Fault(t.Context(), 1, "GroundFailure")); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()

		type item struct {
			Site, Station                         string
			EVSE, Connector                       int
			Minutes, DownMinutes, ExcludedMinutes float64
			Uptime                                float64
		}
		type page struct {
			Items []item
			Next  string
		}
		for of, n := range map[string]int{"connector": 4, "evse": 4, "station": 2, "site": 1} {
			var all []item
			for next := ""; ; {
				var p page
				b.get(t, "/uptime?limit=1&of="+of+"&cursor="+next, &p)
				all = append(all, p.Items...)
				if next = p.Next; next == "" {
					break
				}
			}
			if len(all) != n {
				t.Errorf("of %s: got %+v", of, all)
			}
			var minutes, down float64
			for _, x := range all {
				minutes, down = minutes+x.Minutes, down+x.DownMinutes
			}
			if minutes < 4*119 || minutes > 4*121 || down < 0.49*minutes || down > 0.51*minutes {
				t.Errorf("of %s: %v of %v minutes", of, down, minutes)
			}
		}

		w = b.ask("POST", "/uptime/exclusions", fmt.Sprintf(`{"kind":"grid","site":%q,"since":"2026-01-01T00:30:00Z","until":"2026-01-01T01:30:00Z","note":"dark","by":"Eva"}`, site.ID))
		var x struct{ ID string }
		if err := json.Unmarshal(w.Body.Bytes(), &x); w.Code != 201 || err != nil {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		var p page
		b.get(t, "/uptime?of=site&site="+site.ID, &p)
		if len(p.Items) != 1 || p.Items[0].ExcludedMinutes != 120 {
			t.Errorf("got %+v", p)
		}
		var list struct {
			Items []struct{ ID, Kind, By string }
		}
		b.get(t, "/uptime/exclusions", &list)
		if len(list.Items) != 1 || list.Items[0].By != "Eva" {
			t.Errorf("got %+v", list)
		}
		w = b.ask("PUT", "/sites/"+site.ID+"/opening-hours", `{"hours":[{"days":[4,4],"from":"01:00","to":"24:00"}]}`) // a Thursday
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"days":[4],"from":"01:00","to":"24:00"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		b.get(t, "/uptime?of=evse&station=S1", &p)
		if len(p.Items) != 2 || p.Items[0].ExcludedMinutes < 89 || p.Items[1].Uptime != 100 {
			t.Errorf("got %+v", p)
		}
		w = b.ask("GET", "/uptime/export?of=connector", "")
		rows, err := csv.NewReader(w.Body).ReadAll()
		if err != nil || len(rows) != 5 || rows[1][1] != "S1" || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
			t.Errorf("got %v %v", rows, err)
		}
		w = b.ask("GET", "/key-figures/export?by=day", "")
		if rows, err = csv.NewReader(w.Body).ReadAll(); err != nil || len(rows) != 1 || len(rows[0]) != 18 {
			t.Errorf("got %v %v", rows, err)
		}
		for status, asks := range map[int][][3]string{
			422: {
				{"GET", "/uptime?of=moon"}, {"GET", "/uptime?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z"}, {"GET", "/uptime?since=yesterday"}, {"GET", "/uptime?cursor=eA"},
				{"GET", "/key-figures?by=moon"}, {"GET", "/key-figures?since=2020-01-01T00:00:00Z"}, {"GET", "/uptime/export?since=2020-01-01T00:00:00Z"},
				{"POST", "/uptime/exclusions", `{"kind":"closed","since":"2026-01-01T00:30:00Z","until":"2026-01-01T01:30:00Z"}`},
				{"POST", "/uptime/exclusions", `{"kind":"grid","since":"2026-01-01T00:30:00Z","until":"2026-01-01T01:30:00Z"}`},
				{"POST", "/uptime/exclusions", `{"kind":"maintenance","station":"none","since":"2026-01-01T00:30:00Z","until":"2026-01-01T01:30:00Z"}`},
				{"PUT", "/sites/" + site.ID + "/opening-hours", `{"hours":[{"days":[8],"from":"01:00","to":"24:00"}]}`},
				{"PUT", "/sites/" + site.ID + "/opening-hours", `{"hours":[{"days":[1],"from":"25:00","to":"24:00"}]}`},
			},
			404: {{"GET", "/uptime/exclusions/none"}, {"DELETE", "/uptime/exclusions/none"}, {"GET", "/sites/none/opening-hours"}, {"PUT", "/sites/none/opening-hours", `{"hours":[]}`}},
			204: {{"DELETE", "/uptime/exclusions/" + x.ID}},
		} {
			for _, a := range asks {
				if w := b.ask(a[0], a[1], a[2]); w.Code != status {
					t.Errorf("%v: %d %s, want %d", a, w.Code, w.Body, status)
				}
			}
		}
	})
}
