package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/payment"
	"gnista/sim"
	"gnista/station"
	"gnista/store/storetest"
	"gnista/token"
)

// bubble is the system in a bubble of time that begins on 2026-01-01, for stations that reach it
// through memory.
type bubble struct {
	*app
	t         *testing.T
	file      string
	listener  *pipeListener
	providers []payment.Provider // beside those that every system has

	mu        sync.Mutex
	confirmed []sim.Event
}

// simulated runs f with a system in a bubble.
func simulated(t *testing.T, f func(t *testing.T, b *bubble)) {
	t.Helper()
	simulatedWith(t, nil, f)
}

func simulatedWith(t *testing.T, providers []payment.Provider, f func(t *testing.T, b *bubble)) {
	t.Helper()
	database := storetest.SQLite(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
		b := &bubble{t: t, providers: providers}
		b.open(strings.TrimPrefix(database, "sqlite:"))
		defer func() { b.shut() }()
		f(t, b)
	})
}

func (b *bubble) open(file string) {
	b.t.Helper()
	a, err := newApp(b.t.Context(), options{
		Catalogue: catalogue(), Database: "sqlite:" + file, Files: filepath.Join(filepath.Dir(file), "files"), BaseURL: "http://gnista.test", Token: testToken, Unknown: station.AcceptUnknown, Collecting: collecting{ReconcileHour: -1}, Heartbeat: 5 * time.Minute, Retry: time.Minute, Currency: "SEK",
		Zone: time.UTC, LogDays: 7, LogMB: 10, Now: time.Now, NewID: newID, Log: b.log(), Providers: b.providers, Terminals: terminals{Terminals: true}, NewSecret: newID,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	listener := newPipeListener()
	b.mu.Lock()
	b.app, b.listener, b.file = a, listener, file
	b.mu.Unlock()
	a.start()
	go (&http.Server{Handler: a.handler}).Serve(b.listener)
}

// dial reaches the system that is open.
func (b *bubble) dial(ctx context.Context, network, address string) (net.Conn, error) {
	b.mu.Lock()
	l := b.listener
	b.mu.Unlock()
	return l.dial(ctx, network, address)
}

func (b *bubble) shut() {
	b.listener.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := b.close(ctx); err != nil {
		b.t.Error(err)
	}
}

func (b *bubble) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(testLog{b.t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// card registers a token.
func (b *bubble) card(uid string) {
	b.t.Helper()
	if _, err := b.tokens.Create(b.t.Context(), token.Token{ID: token.ID{UID: uid}}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bubble) station(id gnista.StationID, v gnista.Version) *sim.Station {
	return &sim.Station{
		ID: id, Version: v, EVSEs: 2, URL: "ws://gnista.test/ocpp", Dial: b.dial, PowerW: 50_000, Phases: 3, RegisterWh: 123_456, MeterEvery: 2 * time.Minute,
		Now: time.Now, NewID: newID, Log: b.log(), Answered: func(ev sim.Event) {
			b.mu.Lock()
			b.confirmed = append(b.confirmed, ev)
			b.mu.Unlock()
		},
	}
}

// serving is a station that is in service until the test ends.
func (b *bubble) serving(id gnista.StationID, v gnista.Version) *sim.Station {
	b.t.Helper()
	s := b.station(id, v)
	if err := s.Connect(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if err := s.Boot(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *bubble) transactions(filter charging.Filter) []charging.Transaction {
	b.t.Helper()
	filter.Limit = 1000
	list, err := b.db.Transactions(b.t.Context(), filter)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// audit compares what stations were told with what is there: every transaction once, with the energy
// of the station's own meter and with one charge record. It returns how many have ended.
func (b *bubble) audit() int {
	b.t.Helper()
	time.Sleep(time.Second) // for the bills
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	type name struct {
		station gnista.StationID
		ref     string
	}
	known, records := map[name]charging.Transaction{}, map[string][]billing.Record{}
	for _, x := range b.transactions(charging.Filter{}) {
		known[name{x.Station, x.Ref}] = x
	}
	list, err := b.db.Records(b.t.Context(), billing.Filter{Limit: 1000})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, r := range list {
		records[r.Transaction] = append(records[r.Transaction], r)
	}
	begin := map[name]int64{}
	ended := 0
	for _, ev := range b.confirmed {
		at := name{ev.Station, ev.Transaction}
		switch ev.Kind {
		case sim.Started:
			begin[at] = ev.RegisterWh
		case sim.Ended:
			ended++
			x, want := known[at], ev.RegisterWh-begin[at]
			if x.State != charging.Ended || x.EnergyWh != want || len(x.Review) > 0 || !x.Authorised {
				b.t.Errorf("%+v: %d Wh were charged, and the transaction is %+v", ev, want, x)
			}
			if r := records[x.ID]; len(r) != 1 || r[0].EnergyWh != want {
				b.t.Errorf("%+v: %d Wh were charged, and the records are %+v", ev, want, r)
			}
		}
	}
	if len(known) != ended || len(list) != ended {
		b.t.Errorf("%d transactions have ended; there are %d and %d records", ended, len(known), len(list))
	}
	return ended
}

func versions() []gnista.Version { return []gnista.Version{gnista.V16, gnista.V201, gnista.V21} }

// TestScenarios plays each scenario with each version.
func TestScenarios(t *testing.T) {
	minutes := func(from, to time.Duration) sim.Span { return sim.Span{From: from * time.Minute, To: to * time.Minute} }
	pace := sim.Pace{Pause: minutes(1, 2), Card: minutes(0, 1), Charge: minutes(8, 15), Full: minutes(1, 4), Outage: minutes(1, 4), Repair: minutes(1, 3)}
	for _, v := range versions() {
		for _, scenario := range []sim.Scenario{sim.Normal, sim.Offline, sim.Faults, sim.PowerCut} {
			t.Run(string(v)+" "+string(scenario), func(t *testing.T) {
				simulated(t, func(t *testing.T, b *bubble) {
					b.card("CARD")
					const rounds = 2 // each has its own trouble
					s := b.station("S", v)
					park := &sim.Park{Plays: []*sim.Play{{Station: s, Scenario: scenario, Tokens: []string{"CARD"}, Rounds: rounds, Pace: pace, Seed: 7}}}
					if err := park.Run(t.Context()); err != nil {
						t.Fatal(err)
					}
					ended := b.audit()
					if want := 2 * rounds; ended != want && scenario != sim.PowerCut || ended < rounds {
						t.Errorf("%d transactions have ended, want %d", ended, want)
					}
					totals := park.Totals()
					if totals.Started != ended || totals.Ended != ended || totals.EnergyWh < 5_000 || totals.Waiting+totals.GivenUp > 0 {
						t.Errorf("totals are %+v", totals)
					}
					connectors, err := b.network.States.Connectors(t.Context(), "S")
					for _, c := range connectors {
						if c.Status != station.Available || c.ErrorCode != "" {
							t.Errorf("after all EVSE %d is %s %s, %v", c.EVSE.ID, c.Status, c.ErrorCode, err)
						}
					}
					reasons := map[string]bool{}
					for _, x := range b.transactions(charging.Filter{}) {
						reasons[x.StopReason] = true
					}
					if scenario == sim.PowerCut && !reasons["PowerLoss"] || scenario == sim.Faults && !reasons["Other"] && !reasons["OvercurrentFault"] {
						t.Errorf("transactions ended for %v", reasons)
					}
				})
			})
		}
	}
}

// TestReplay: what happened offline arrives once and in order, however often the connection breaks
// while it is told.
func TestReplay(t *testing.T) {
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				b.card("CARD")
				s := b.serving("S", v)
				defer s.Close()
				ctx := t.Context()
				s.Cut()
				for range 3 {
					for _, evse := range []int{1, 2} {
						if err := s.StartTransaction(ctx, evse, "CARD"); err != nil {
							t.Fatal(err)
						}
					}
					for range 5 {
						time.Sleep(time.Minute)
						s.Meter(ctx, 1)
						s.Meter(ctx, 2)
					}
					s.StopTransaction(ctx, 1, "CARD", sim.ReasonLocal)
					s.Unplug(ctx, 2)
				}
				told := s.Totals().Waiting
				stay, leave := context.WithCancel(ctx)
				go s.Stay(stay)
				for s.Totals().Waiting > 0 { // the connection breaks after each event but one
					s.Mend()
					waiting := s.Totals().Waiting
					for s.Totals().Waiting >= waiting-1 && s.Totals().Waiting > 0 {
						time.Sleep(time.Millisecond)
					}
					s.Cut()
				}
				leave()
				if ended := b.audit(); ended != 6 || len(b.confirmed) != told {
					t.Errorf("%d transactions have ended; %d events were told and %d confirmed", ended, told, len(b.confirmed))
				}
			})
		})
	}
}

// TestOrders: the central system starts, stops and restarts.
func TestOrders(t *testing.T) {
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				b.card("APP")
				ctx := t.Context()
				s := b.serving("S", v)
				defer s.Close()
				s.Plug(ctx, 2)
				if a, err := b.app.transactions.Start(ctx, "S", 2, token.ID{UID: "APP"}); err != nil || a.Status != station.Done {
					t.Fatalf("the start is answered %+v, %v", a, err)
				}
				time.Sleep(6 * time.Minute)
				active := b.transactions(charging.Filter{State: charging.Active})
				if len(active) != 1 || active[0].Token.UID != "APP" || active[0].EVSE.ID != 2 {
					t.Fatalf("active are %+v", active)
				}
				if a, err := b.app.transactions.Stop(ctx, "S", 0, ""); err != nil || a.Status != station.Done {
					t.Fatalf("the stop is answered %+v, %v", a, err)
				}
				time.Sleep(time.Second)
				if x := b.transactions(charging.Filter{})[0]; x.StopReason != "Remote" || x.EnergyWh != 5000 {
					t.Errorf("the transaction is %+v", x)
				}
				if err := s.StartTransaction(ctx, 1, "APP"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(6 * time.Minute)
				if a, err := station.Give(ctx, b.network, "S", station.Reset{Hard: true}); err != nil || a.Status != station.Done {
					t.Fatalf("the reset is answered %+v, %v", a, err)
				}
				time.Sleep(time.Minute)
				if x := b.transactions(charging.Filter{})[0]; !strings.HasSuffix(x.StopReason, "Reset") || x.EnergyWh != 5000 {
					t.Errorf("the transaction is %+v", x)
				}
				if known, err := b.network.Store.Station(ctx, "S"); err != nil || time.Since(known.BootedAt) > 2*time.Minute {
					t.Errorf("the station is %+v, %v", known, err)
				}
				b.audit()
			})
		})
	}
}

// TestOrderBringsCar: a driver comes when a start is ordered at a station where nobody is.
func TestOrderBringsCar(t *testing.T) {
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				b.card("APP")
				never := sim.Span{From: 1000 * time.Hour}
				play := &sim.Play{Station: b.station("S", v), Tokens: []string{"CARD"}, Pace: sim.Pace{First: never, Pause: never, Card: sim.Span{From: 10 * time.Second}, Charge: sim.Span{From: time.Hour}}}
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); play.Run(ctx) }()
				time.Sleep(time.Minute)
				if a, err := b.app.transactions.Start(ctx, "S", 0, token.ID{UID: "APP"}); err != nil || a.Status != station.Done {
					t.Fatalf("the start is answered %+v, %v", a, err)
				}
				time.Sleep(time.Minute)
				if active := b.transactions(charging.Filter{State: charging.Active}); len(active) != 1 || active[0].Token.UID != "APP" || !active[0].Authorised {
					t.Fatalf("active are %+v", active)
				}
				if _, err := b.app.transactions.Stop(ctx, "S", 0, ""); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				connectors, err := b.network.States.Connectors(ctx, "S")
				for _, c := range connectors {
					if c.Status != station.Available {
						t.Errorf("the connectors are %+v, %v", connectors, err)
					}
				}
				stop()
				<-done
				b.audit()
			})
		})
	}
}

// TestCommandsToSimulator: settings, report, availability, trigger and unlock, by the commands that the
// API has.
func TestCommandsToSimulator(t *testing.T) {
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				ctx := t.Context()
				s := b.serving("S", v)
				defer s.Close()
				name := "HeartbeatInterval"
				if v != gnista.V16 {
					name = "OCPPCommCtrlr.HeartbeatInterval"
				}
				if list, err := station.Give(ctx, b.network, "S", station.WriteSettings{List: []station.Setting{{Name: name, Value: "77"}}}); err != nil || list[0].Status != station.Done {
					t.Errorf("writing is answered %+v, %v", list, err)
				}
				if list, err := station.Give(ctx, b.network, "S", station.ReadSettings{Names: []string{name}}); err != nil || list[0].Value != "77" {
					t.Errorf("reading is answered %+v, %v", list, err)
				}
				if a, err := station.Give(ctx, b.network, "S", station.SetAvailability{At: gnista.EVSE{ID: 1}, Operative: false}); err != nil || a.Status != station.Done {
					t.Errorf("the availability is answered %+v, %v", a, err)
				}
				if a, err := station.Give(ctx, b.network, "S", station.Ask{For: station.TriggerStatus, At: gnista.EVSE{ID: 2, Connector: 1}}); err != nil || a.Status != station.Done {
					t.Errorf("the trigger is answered %+v, %v", a, err)
				}
				if a, err := station.Give(ctx, b.network, "S", station.Unlock{At: gnista.EVSE{ID: 2, Connector: 1}}); err != nil || a.Status != station.Done {
					t.Errorf("to unlock is answered %+v, %v", a, err)
				}
				time.Sleep(time.Second)
				connectors, err := b.network.States.Connectors(ctx, "S")
				states := map[int]station.Status{}
				for _, c := range connectors {
					states[c.EVSE.ID] = c.Status
				}
				if err != nil || states[1] != station.Unavailable || states[2] != station.Available {
					t.Errorf("the connectors are %v, %v", states, err)
				}
				if r, err := b.network.ReadAll(ctx, "S"); err != nil || r.Variables < 10 {
					t.Errorf("reported are %+v, %v", r, err)
				}
				list, err := b.network.ListSettings(ctx, "S", station.VariableFilter{Name: "HeartbeatInterval", Limit: 10})
				if err != nil || len(list) != 1 || list[0].Value != "77" || list[0].Unit != "s" {
					t.Errorf("reported is %+v, %v", list, err)
				}
			})
		})
	}
}

// TestDemo: within 20 seconds cars charge, within a minute there are receipts and a fault; at the end
// nothing is left open; and it can be started again.
func TestDemo(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		file := filepath.Join(t.TempDir(), "again.db")
		b.shut()
		for run := range 2 {
			b.open(file)
			park, err := b.demoPark(t.Context(), "ws://gnista.test/ocpp", b.log())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range park.Plays {
				p.Station.Dial = b.listener.dial
			}
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			began := time.Now()
			go func() { done <- park.Run(ctx) }()
			live, cancel := b.bus.Subscribe(10_000)
			time.Sleep(20 * time.Second)
			if n := len(b.transactions(charging.Filter{State: charging.Active})); n < 4 {
				t.Errorf("after 20 s %d cars charge", n)
			}
			time.Sleep(40 * time.Second)
			records, err := b.db.Records(t.Context(), billing.Filter{Limit: 100})
			if err != nil || len(records) < 3 || records[0].Bill.Total.Amount < 250 || records[0].IssuedAt.Before(began) {
				t.Errorf("after a minute the records are %+v, %v", records, err)
			}
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > 66*time.Second {
				t.Errorf("it takes until %v to end", took)
			}
			cancel()
			faults, gone := 0, map[gnista.StationID]bool{}
			for ev := range live {
				if strings.Contains(string(ev.Data), "ConnectorLockFailure") {
					faults++
				}
				if ev.Kind == "station.disconnected" && ev.At.Sub(began) < time.Minute {
					gone[ev.Station] = true
				}
			}
			if faults == 0 || !gone["DEMO-201-2"] || !gone["DEMO-21-2"] {
				t.Errorf("%d faults were seen, and %v went offline", faults, gone)
			}
			if open := b.transactions(charging.Filter{State: charging.Active}); len(open) > 0 {
				t.Errorf("left open are %+v", open)
			}
			if review := b.transactions(charging.Filter{Review: true}); len(review) > 0 {
				t.Errorf("run %d: to be reviewed are %+v", run, review)
			}
			tariffs, err := b.tariffs.Store.Tariffs(t.Context(), "", 10)
			if err != nil || len(tariffs) != 2 {
				t.Errorf("there are %d tariffs, %v", len(tariffs), err)
			}
			b.shut()
		}
		b.open(filepath.Join(t.TempDir(), "last.db"))
	})
}

// TestServeDemo runs the command for as long as it takes to see a car charge.
func TestServeDemo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, done := &printed{}, make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"serve", "--demo", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--admin-token", testToken, "--unknown-stations", "refuse"}, out, &printed{})
	}()
	address := regexp.MustCompile(`http://([^/]+)/`)
	charging := false
	for end := time.Now().Add(20 * time.Second); !charging && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		found := address.FindStringSubmatch(out.String())
		if found == nil {
			continue
		}
		r, _ := http.NewRequestWithContext(ctx, "GET", "http://"+found[1]+"/api/v1/transactions?state=active", nil)
		r.Header.Set("Authorization", "Bearer "+testToken)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Items []struct{ Station string } }
		json.NewDecoder(resp.Body).Decode(&list)
		resp.Body.Close()
		charging = len(list.Items) > 0
	}
	stop()
	if err := <-done; err != nil || !charging {
		t.Errorf("charging: %v; it ends with %v", charging, err)
	}
}

// printed is what a command has written so far.
type printed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

func TestSimCommand(t *testing.T) {
	l := newLive(t, nil)
	if _, err := l.tokens.Create(t.Context(), token.Token{ID: token.ID{UID: "CARD"}}); err != nil {
		t.Fatal(err)
	}
	url := "ws" + strings.TrimPrefix(l.server.URL, "http") + "/ocpp"
	simulate := func(args ...string) (string, error) {
		out := &printed{}
		err := run(t.Context(), append([]string{"sim", "--url", url, "--speed", "5000", "--log-level", "error"}, args...), out, out)
		return out.String(), err
	}
	out, err := simulate("--stations", "4", "--scenario", "mix", "--rounds", "2", "--token", "CARD", "--id-prefix", "MIX-", "--power-kw", "350")
	if err != nil || !strings.Contains(out, "8 transactions started, 8 ended") || !strings.Contains(out, " 0 events waiting") {
		t.Errorf("it ends with %v and prints\n%s", err, out)
	}
	if list, err := l.db.Transactions(t.Context(), charging.Filter{Limit: 100}); err != nil || len(list) != 8 {
		t.Errorf("there are %d transactions, %v", len(list), err)
	}
	out, err = simulate("--stations", "2", "--version", "2.1", "--rounds", "3", "--token", "NONE", "--token", "NEITHER")
	if err == nil || !strings.Contains(err.Error(), "accepts no token: …NONE (Unknown), …THER (Unknown)") {
		t.Errorf("it ends with %v and prints\n%s", err, out)
	}
}

func TestSimCommandErrors(t *testing.T) {
	strict := newLive(t, func(o *options) { o.Unknown = station.RefuseUnknown })
	refusing := "ws" + strings.TrimPrefix(strict.server.URL, "http") + "/ocpp"
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := fmt.Sprintf("ws://%s/ocpp", closed.Addr())
	closed.Close()
	for want, args := range map[string][]string{
		"is not the address of a central system": {"--url", "http://example.test/"},
		"--stations must be 1 or more":           {"--stations", "0"},
		"--evses must be 1 or more":              {"--evses", "0"},
		"--rounds must be 0 or more":             {"--rounds=-1"},
		"--speed must be more than 0":            {"--speed", "0"},
		"--power-kw must be more than 0":         {"--power-kw=-3"},
		"--version must be one of":               {"--version", "1.5"},
		"--scenario must be one of":              {"--scenario", "flood"},
		"station SIM-1 cannot connect to " + nobody + " with OCPP 1.6: connecting: dial tcp": {"--url", nobody},
		`no station "SIM-1" is registered`:                                                   {"--url", refusing},
	} {
		out := &printed{}
		if err := run(t.Context(), append([]string{"sim"}, args...), out, out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %q", args, err, want)
		}
	}
}
