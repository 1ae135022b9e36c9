package site_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/power"
	"gnista/power/site"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
	"gnista/token"
)

const volts = 230

// yard is a site with stations of a kind that follow profiles as their versions say, and cars at them.
type yard struct {
	t       testing.TB
	db      *store.DB
	control *site.Control
	power   *power.Power
	record  *charging.Transactions
	stop    func()

	mu       sync.Mutex
	ids      int
	stations map[gnista.StationID]*charger
	facts    map[gnista.StationID]station.PowerFacts
	base     [3]int64 // mA
	events   []gnista.Event
	sent     int
}

// charger is a station with EVSEs.
type charger struct {
	yard    *yard
	id      gnista.StationID
	version gnista.Version
	offline bool
	deaf    bool // it answers nothing
	ignores bool // it accepts profiles and does not follow them
	mute    bool // it cannot say what it allows
	refuses map[power.Purpose]bool
	held    map[int]held // profiles by number
	cars    map[int]*car // by EVSE
	phases  []int        // of the site on which its L1, L2 and L3 are
	max     int64
}

type held struct {
	evse int
	ref  string
	power.Profile
	at time.Time
}

type car struct {
	ref   string
	began time.Time
	wants int64 // mA
	full  bool
	ones  bool // it uses one phase
}

type free struct{}

func (free) InForce(context.Context, charging.Case) (string, error) { return "v1", nil }
func (free) Cost(context.Context, *charging.Transaction) (gnista.Money, error) {
	return gnista.Money{Currency: "SEK"}, nil
}

type nobody struct{}

func (nobody) Publish(gnista.Event) {}
func (nobody) Watched() bool        { return false }

// newYard makes a site, and has it controlled until the test ends.
func newYard(t testing.TB) *yard {
	y := &yard{t: t, stations: map[gnista.StationID]*charger{}, facts: map[gnista.StationID]station.PowerFacts{}}
	var err error
	y.db, err = store.Open(t.Context(), storetest.SQLite(t, t.TempDir()), store.Options{Notify: y.take})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { y.db.Close() })
	now := time.Now
	y.begin()
	if err := y.db.CreateSite(t.Context(), station.Site{ID: "site", Name: "Yard", CreatedAt: now(), UpdatedAt: now()}); err != nil {
		t.Fatal(err)
	}
	return y
}

// begin makes what a process has in memory.
func (y *yard) begin() {
	newID := func() string {
		y.mu.Lock()
		defer y.mu.Unlock()
		y.ids++
		return fmt.Sprintf("%010d", y.ids)
	}
	now := time.Now
	log := slog.New(slog.DiscardHandler)
	network := &station.Network{Store: y.db, States: y.db, Settings: y.db, Commands: y.db, Remote: y, Presence: y, Now: now, NewID: newID}
	y.record = &charging.Transactions{Store: y.db, Tokens: &token.Tokens{Store: y.db, Now: now}, Prices: free{}, Network: network, Live: nobody{}, Now: now, NewID: newID}
	y.power = &power.Power{Store: y.db, Network: network, Transactions: y.record, Now: now, NewID: newID, Log: log,
		Facts: func(_ context.Context, id gnista.StationID) (station.PowerFacts, error) { return y.facts[id], nil }}
	control := &site.Control{Store: y.db, Power: y.power, Network: network, Now: now, NewID: newID, Log: log,
		Zone: func(context.Context, string) (*time.Location, error) { return time.UTC, nil }}
	y.record.Measured = control.Measured
	y.mu.Lock()
	y.control = control
	y.mu.Unlock()
}

// run controls until stopped.
func (y *yard) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); y.control.Run(ctx) }()
	y.stop = func() { cancel(); <-done }
}

// restart is what a process that is killed and started again is: nothing is left but what is stored.
func (y *yard) restart() {
	y.stop()
	y.begin()
	y.run()
}

func (y *yard) take(evs []gnista.Event) {
	y.mu.Lock()
	y.events = append(y.events, evs...)
	control := y.control
	y.mu.Unlock()
	for _, ev := range evs {
		if control != nil {
			control.Take(ev)
		}
	}
}

// kinds counts the events of a kind.
func (y *yard) kinds(kind string) (n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, ev := range y.events {
		if ev.Kind == kind {
			n++
		}
	}
	return n
}

func (y *yard) last(kind string) (data map[string]any) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, ev := range y.events {
		if ev.Kind == kind {
			data = nil
			if err := json.Unmarshal(ev.Data, &data); err != nil {
				y.t.Error(err)
			}
		}
	}
	return data
}

// add puts a station there, with one EVSE.
func (y *yard) add(id gnista.StationID, v gnista.Version, rotation string, max int64) *charger {
	c := &charger{yard: y, id: id, version: v, refuses: map[power.Purpose]bool{}, held: map[int]held{}, cars: map[int]*car{}, max: max}
	for _, r := range rotation {
		c.phases = append(c.phases, int(r-'R'))
	}
	y.mu.Lock()
	y.stations[id] = c
	y.mu.Unlock()
	if _, err := y.power.Network.Change(y.t.Context(), id, true, func(s *station.Station) { s.Site = "site" }); err != nil {
		y.t.Fatal(err)
	}
	return c
}

func (y *yard) set(l site.Grid) []site.Oddity {
	y.t.Helper()
	if have, _, err := y.control.Limits(y.t.Context(), "site"); err == nil {
		l.UpdatedAt = have.UpdatedAt
	}
	_, warnings, err := y.control.SetLimits(y.t.Context(), "site", l)
	if err != nil {
		y.t.Fatal(err)
	}
	return warnings
}

func (y *yard) view() site.Sharing {
	y.t.Helper()
	v, err := y.control.View(y.t.Context(), "site")
	if err != nil {
		y.t.Fatal(err)
	}
	return v
}

func (y *yard) place(id gnista.StationID) site.BayView {
	y.t.Helper()
	for _, p := range y.view().EVSEs {
		if p.Station == id {
			return p
		}
	}
	y.t.Fatalf("there is no %s", id)
	return site.BayView{}
}

// holds is how many profiles a station has.
func (y *yard) holds(id gnista.StationID) int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return len(y.stations[id].held)
}

func (y *yard) Connection(id gnista.StationID) (station.Connection, bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	c := y.stations[id]
	return station.Connection{}, c != nil && !c.offline
}
func (*yard) Treat(gnista.StationID, station.Treatment) {}
func (*yard) Disconnect(gnista.StationID, string)       {}
func (*yard) Call(context.Context, gnista.StationID, string, json.RawMessage) (json.RawMessage, error) {
	return nil, nil
}

func (y *yard) Do(ctx context.Context, id gnista.StationID, order any) (any, error) {
	y.mu.Lock()
	c := y.stations[id]
	gone, deaf := c == nil || c.offline, c != nil && c.deaf
	y.mu.Unlock()
	if gone {
		return nil, gnista.Errorf(gnista.Offline, "it is away")
	}
	if deaf {
		<-ctx.Done()
		return nil, gnista.Errorf(gnista.Timeout, "it did not answer")
	}
	time.Sleep(300 * time.Millisecond)
	y.mu.Lock()
	defer y.mu.Unlock()
	switch o := order.(type) {
	case power.Install:
		y.sent++
		return c.install(o), nil
	case power.Compose:
		return c.compose(o), nil
	case power.Clear:
		delete(c.held, *o.ID)
		return station.Answer{Status: station.Done}, nil
	}
	return station.Answer{Status: station.Done}, nil
}

func (c *charger) install(o power.Install) station.Answer {
	p := o.Profile
	rejected := station.Answer{Status: station.Refused, Detail: "Rejected"}
	if c.refuses[p.Purpose] {
		return rejected
	}
	if p.Purpose == power.Transaction && (c.cars[o.EVSE] == nil || c.cars[o.EVSE].ref != o.Ref || p.ValidTo != nil) {
		return rejected
	}
	c.held[p.ID] = held{o.EVSE, o.Ref, p, time.Now()}
	return station.Answer{Status: station.Done, Detail: "Accepted"}
}

func (c *charger) compose(o power.Compose) power.Composite {
	if c.mute {
		return power.Composite{Status: station.Refused}
	}
	limit := power.Milli(c.allowed(o.EVSE))
	return power.Composite{Status: station.Done, EVSE: o.EVSE, Start: time.Now(), Duration: 60, Unit: power.Ampere, Periods: []power.Period{{Values: power.Values{Limit: &limit}}}}
}

// allowed is what an EVSE gives now.
func (c *charger) allowed(evse int) int64 {
	if c.ignores {
		return c.max
	}
	limit := c.max
	for _, purpose := range []power.Purpose{power.StationMax, power.Transaction, power.Default} {
		var best *held
		var value power.Milli
		for _, h := range c.held {
			car := c.cars[evse]
			if h.Purpose != purpose || h.evse != 0 && h.evse != evse || h.Purpose == power.Transaction && (car == nil || car.ref != h.ref) {
				continue
			}
			began := h.at
			if car != nil {
				began = car.began
			} else if h.Kind == power.Relative {
				began = time.Now()
			}
			if m := h.LimitAt(began, time.Now()); m != nil && (best == nil || h.StackLevel > best.StackLevel) {
				best, value = &h, *m
				if h.Schedules[0].Unit == power.Watt {
					value /= power.Milli(volts * len(c.phases))
				}
			}
		}
		if best != nil {
			limit = min(limit, int64(value))
		}
		if best != nil && purpose == power.Transaction {
			break
		}
	}
	return limit
}

// takes is what flows to an EVSE, on each of the phases of the site.
func (c *charger) takes(evse int) (amps [3]int64) {
	x := c.cars[evse]
	if x == nil || x.full {
		return amps
	}
	a := min(x.wants, c.allowed(evse))
	if a < 6000 {
		return amps
	}
	for i, ph := range c.phases {
		if i == 0 || !x.ones {
			amps[ph] = a
		}
	}
	return amps
}

// total is what flows through the connection.
func (y *yard) total() (amps [3]int64) {
	y.mu.Lock()
	defer y.mu.Unlock()
	amps = y.base
	for _, c := range y.stations {
		for evse := range c.cars {
			for ph, a := range c.takes(evse) {
				amps[ph] += a
			}
		}
	}
	return amps
}

// arrive has a car begin to charge.
func (y *yard) arrive(id gnista.StationID, x car) {
	y.t.Helper()
	y.mu.Lock()
	c := y.stations[id]
	y.ids++
	x.ref, x.began = fmt.Sprintf("%d", y.ids), time.Now()
	c.cars[1] = &x
	y.mu.Unlock()
	y.tell(c, charging.Started, charging.Charging)
}

// leave has the car go.
func (y *yard) leave(id gnista.StationID) {
	y.t.Helper()
	y.mu.Lock()
	c := y.stations[id]
	y.mu.Unlock()
	y.tell(c, charging.Stopped, "")
	y.mu.Lock()
	delete(c.cars, 1)
	y.mu.Unlock()
}

// tell has a station tell of its transaction, with what its meter shows.
func (y *yard) tell(c *charger, kind charging.Kind, what charging.Activity) {
	y.t.Helper()
	y.mu.Lock()
	x := c.cars[1]
	amps := c.takes(1)
	y.mu.Unlock()
	now := time.Now()
	ev := charging.Event{Kind: kind, Version: gnista.V21, Ref: x.ref, At: now, EVSE: gnista.EVSE{ID: 1, Connector: 1}, Activity: what, Seq: int(now.Sub(x.began) / time.Second)}
	for i, ph := range c.phases {
		ev.Samples = append(ev.Samples, charging.Sample{At: now, Measurand: charging.CurrentImport, Phase: fmt.Sprintf("L%d", i+1), Location: charging.Outlet, Milli: amps[ph]})
	}
	if _, err := y.record.Record(y.t.Context(), c.id, ev); err != nil {
		y.t.Error(err)
	}
}

// measure has the meters of all stations tell what they show, without storing that.
func (y *yard) measure() {
	y.mu.Lock()
	type told struct {
		t    charging.Transaction
		list []charging.Sample
	}
	var all []told
	for id, c := range y.stations {
		for evse, x := range c.cars {
			if c.offline {
				continue
			}
			now, amps := time.Now(), c.takes(evse)
			w := told{t: charging.Transaction{ID: x.ref, Station: id, EVSE: gnista.EVSE{ID: evse}, Activity: charging.Charging}}
			for i, ph := range c.phases {
				w.list = append(w.list, charging.Sample{At: now, Measurand: charging.CurrentImport, Phase: fmt.Sprintf("L%d", i+1), Location: charging.Outlet, Milli: amps[ph]})
			}
			all = append(all, w)
		}
	}
	control := y.control
	y.mu.Unlock()
	for _, w := range all {
		control.Measured(&w.t, w.list)
	}
}

func milli(n int64) *power.Milli { m := power.Milli(n); return &m }

// plain is a connection of some amps with the stations there are on it.
func (y *yard) plain(amps int64, mode site.Mode) site.Grid {
	l := site.Grid{Mode: mode, Nodes: []site.Node{{ID: "main", Name: "Main fuse", Breaker: milli(amps * 1000)}}}
	for id, c := range y.stations {
		rotation := ""
		for _, ph := range c.phases {
			rotation += string(rune('R' + ph))
		}
		l.EVSEs = append(l.EVSEs, site.Bay{Station: id, EVSE: 1, Node: "main", Rotation: rotation, Max: power.Milli(c.max)})
	}
	return l
}
