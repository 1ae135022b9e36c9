package watch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/fault"
	"gnista/fault/watch"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
	"gnista/token"
)

// recorder keeps what was reported last of what is open.
type recorder struct {
	open map[string]fault.Report // by code and place
	fail error
	told int
}

func (r *recorder) Report(_ context.Context, x fault.Report) error {
	if r.fail != nil {
		return r.fail
	}
	key := fmt.Sprintf("%s %s/%d/%d", x.Key.Code, x.Station, x.EVSE.ID, x.EVSE.Connector)
	if r.told++; x.Cleared {
		delete(r.open, key)
	} else {
		r.open[key] = x
	}
	return nil
}

// world is a store, a clock and watchers over them.
type world struct {
	*store.DB
	*testing.T
	now     time.Time
	ids     int
	watch   *watch.Watch
	reports *recorder
	free    uint64
	url     string
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), reports: &recorder{open: map[string]fault.Report{}}, free: 50, url: storetest.SQLite(t, t.TempDir())}
	w.begin()
	t.Cleanup(func() { w.Close() })
	for _, id := range []gnista.StationID{"S1", "S2"} {
		w.station(id, func(*station.Station) {})
	}
	return w
}

func (w *world) begin() {
	var err error
	if w.DB, err = store.Open(w.Context(), w.url, store.Options{}); err != nil {
		w.Fatal(err)
	}
	clock, limits := func() time.Time { return w.now }, watch.DefaultLimits()
	w.watch = &watch.Watch{
		Store: w.DB, Commands: w.DB, Transactions: w.DB, Reporter: w.reports, Clocks: &watch.Clocks{Limits: limits, Now: clock}, Limits: limits, Now: clock, Log: slog.New(slog.DiscardHandler),
		Disk: func() (uint64, uint64, error) { return w.free, 100, nil },
	}
}

// restart is a restart of ours.
func (w *world) restart() {
	if err := w.Close(); err != nil {
		w.Fatal(err)
	}
	w.begin()
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) id() string {
	w.ids++
	return fmt.Sprintf("id-%06d", w.ids)
}

func (w *world) after(d time.Duration) { w.now = w.now.Add(d) }

func (w *world) station(id gnista.StationID, change func(*station.Station)) {
	w.Helper()
	_, err := w.ChangeStation(w.Context(), id, true, func(s *station.Station) ([]gnista.Event, error) {
		if s.State == "" {
			s.State, s.BootedAt, s.CreatedAt = station.Accepted, w.now, w.now
		}
		change(s)
		return nil, nil
	})
	w.must(err)
}

// open sweeps and wants exactly these faults to be open: CODE STATION/EVSE/CONNECTOR.
func (w *world) open(want ...string) {
	w.Helper()
	w.must(w.watch.Sweep(w.Context()))
	var have []string
	for key := range w.reports.open {
		have = append(have, key)
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		w.Errorf("open are %q, want %q", have, want)
	}
}

// fact is a fact of an open fault, in words.
func (w *world) fact(key, name string) string { return fmt.Sprint(w.reports.open[key].Facts[name]) }

func (w *world) lose(id gnista.StationID) {
	w.Helper()
	_, err := w.LoseLinks(w.Context(), []gnista.StationID{id}, w.now)
	w.must(err)
}

func (w *world) find(id gnista.StationID) {
	w.Helper()
	w.must(w.FindLinks(w.Context(), []gnista.StationID{id}, w.now))
}

func (w *world) take(kind string, id gnista.StationID, subject string, data map[string]any) {
	w.Helper()
	text, _ := json.Marshal(data)
	ev := gnista.Event{Seq: int64(w.ids), At: w.now, Kind: kind, Station: id, Subject: subject, Data: text}
	for range 2 { // an event may come twice
		w.must(w.watch.Take(w.Context(), ev))
	}
}

// order gives an order and tells what came of it.
func (w *world) order(id gnista.StationID, kind string, evse int, o station.Outcome, answered bool) {
	w.Helper()
	c := station.Command{ID: w.id(), Station: id, Kind: kind, EVSE: evse, Outcome: o, At: w.now, EndedAt: w.now}
	if answered {
		c.AnsweredAt = w.now
	}
	w.must(w.AddCommand(w.Context(), c))
	w.take("station.command", id, c.ID, map[string]any{"kind": kind, "outcome": o})
}

func (w *world) status(id gnista.StationID, evse int, s station.Status) {
	w.Helper()
	c := station.Connector{EVSE: gnista.EVSE{ID: evse, Connector: 1}, Status: s, At: w.now}
	w.must(w.SetConnector(w.Context(), id, c, 100, gnista.Event{At: w.now, Kind: "connector.status"}))
}

// charge stores a transaction at EVSE 1 of S1.
func (w *world) charge(change func(*charging.Transaction)) charging.Transaction {
	w.Helper()
	x := charging.Transaction{
		ID: w.id(), Station: "S1", Version: gnista.V16, EVSE: gnista.EVSE{ID: 1, Connector: 1}, Token: token.ID{UID: "AA"}, Authorised: true, State: charging.Active, Activity: charging.Charging,
		StartedAt: w.now, UpdatedAt: w.now, SoC: -1,
	}
	x.Ref = x.ID
	w.save(&x, change)
	return x
}

func (w *world) save(x *charging.Transaction, change func(*charging.Transaction)) {
	w.Helper()
	change(x)
	w.must(w.Change(w.Context(), x.Station, func(tx charging.Tx) error { return tx.Save(x, nil) }))
}

// charged is a transaction that has ended.
func (w *world) charged(wh int64, change func(*charging.Transaction)) {
	w.Helper()
	w.after(time.Minute)
	x := w.charge(func(x *charging.Transaction) {
		x.State, x.EndedAt, x.FinishedAt, x.EnergyWh = charging.Ended, w.now, w.now, wh
		change(x)
	})
	kind := "transaction.finished"
	if x.Blocked() {
		kind = "transaction.review"
	}
	w.take(kind, "S1", x.ID, nil)
}

func TestOffline(t *testing.T) {
	w := newWorld(t)
	w.lose("S1")
	w.station("S2", func(s *station.Station) { s.State = station.Pending })
	w.lose("S2")
	w.after(14 * time.Minute)
	w.open()
	w.after(time.Minute)
	w.open("Offline S1/0/0")
	w.restart()
	told := w.reports.told
	w.open("Offline S1/0/0")
	if w.reports.told != told {
		t.Error("a restart tells it anew")
	}
	w.after(31 * time.Minute)
	w.open("Offline S1/0/0")
	if w.reports.told != told+1 {
		t.Error("what lasts is not told of again")
	}
	w.find("S1")
	w.open()
}

// A station that is away each night is missed when it is away longer than that, and one that was away for long
// once is missed as soon as others.
func TestOfflineAtNight(t *testing.T) {
	w := newWorld(t)
	away := func(id gnista.StationID, d time.Duration) {
		w.lose(id)
		w.after(d)
		w.find(id)
	}
	for range 3 {
		w.after(16 * time.Hour)
		away("S1", 8*time.Hour)
	}
	away("S2", 3*time.Hour)
	w.lose("S1")
	w.lose("S2")
	w.after(15 * time.Minute)
	w.open("Offline S2/0/0")
	w.after(11 * time.Hour)
	w.open("Offline S2/0/0")
	w.after(time.Hour)
	w.open("Offline S1/0/0", "Offline S2/0/0")
	if got := w.fact("Offline S1/0/0", "minutes"); got != "255" {
		t.Errorf("it is away %s minutes longer than usual", got)
	}
	w.must(w.DeleteStation(t.Context(), "S2"))
	w.open("Offline S1/0/0")
}

func TestDeaf(t *testing.T) {
	w := newWorld(t)
	w.order("S1", "reset", 0, station.Unknown, false)
	w.order("S1", "reset", 0, station.Unknown, true) // it answered, and nothing showed
	w.order("S1", "unlock", 0, station.Unknown, false)
	w.order("S1", "unlock", 0, station.Unknown, false)
	w.open()
	w.order("S1", "unlock", 0, station.Unknown, false)
	w.open("Deaf S1/0/0")
	if got := w.fact("Deaf S1/0/0", "count"); got != "3" {
		t.Error(got)
	}
	w.restart()
	w.take("station.command", "S1", "x", map[string]any{"outcome": station.Happened}) // says nothing of answers
	w.open("Deaf S1/0/0")
	w.order("S1", "unlock", 0, station.Declined, true)
	w.open()
}

func TestBootLoop(t *testing.T) {
	w := newWorld(t)
	boot := func(id gnista.StationID) {
		w.ids++
		w.station(id, func(s *station.Station) { s.BootedAt = w.now })
		text, _ := json.Marshal(map[string]any{})
		for range 2 { // an event may be told again
			w.must(w.watch.Take(t.Context(), gnista.Event{At: w.now, Kind: "station.booted", Station: id, Data: text}))
		}
	}
	for range 4 {
		boot("S1")
		w.after(6 * time.Minute)
	}
	for range 6 { // one that is restarted now and then
		boot("S2")
		w.after(8 * time.Minute)
	}
	w.open()
	for range 5 {
		boot("S1")
		w.after(5 * time.Minute)
	}
	w.open("BootLoop S1/0/0")
	if got := w.fact("BootLoop S1/0/0", "minutes"); got != "20" {
		t.Error(got)
	}
	w.restart()
	w.open("BootLoop S1/0/0")
	w.after(26 * time.Minute)
	w.open()
}

func TestClockSkew(t *testing.T) {
	w := newWorld(t)
	told := func(id gnista.StationID, ahead time.Duration) {
		w.watch.Clocks.Told(id, ahead)
		w.after(5 * time.Minute)
	}
	told("S1", -time.Hour) // late, once
	told("S1", 0)
	for range 3 { // all that it had kept
		told("S1", -3*time.Hour)
	}
	told("S1", time.Minute)
	w.open()
	for _, late := range []time.Duration{20 * time.Minute, 3 * time.Second, 0} {
		told("S1", -time.Hour-late)
		told("S2", 2*time.Hour)
	}
	w.open("ClockSkew S1/0/0", "ClockSkew S2/0/0")
	if got := w.fact("ClockSkew S1/0/0", "seconds"); got != "-3600" {
		t.Error(got)
	}
	told("S2", 0)
	w.open("ClockSkew S1/0/0")
	w.restart()
	w.open("ClockSkew S1/0/0")
	told("S1", time.Second)
	w.open()
}

func TestChargesWithoutEnergy(t *testing.T) {
	w := newWorld(t)
	nothing := func(*charging.Transaction) {}
	w.charged(0, nothing)
	w.charged(49, nothing)
	w.charged(0, func(x *charging.Transaction) { x.Authorised = false }) // nobody wanted it to charge
	w.charged(0, func(x *charging.Transaction) { x.EVSE.ID = 2 })
	w.open()
	w.charged(0, nothing)
	w.open("ZeroEnergy S1/1/1")
	w.restart()
	w.charged(50, nothing)
	w.open()
}

func TestMeters(t *testing.T) {
	w := newWorld(t)
	reading := func(mWh int64) *charging.Reading { return &charging.Reading{At: w.now, MWh: mWh} }
	meter := func(begin, end int64) func(*charging.Transaction) {
		return func(x *charging.Transaction) {
			x.StartedAt = w.now.Add(-time.Second)
			x.Meter = charging.Meter{Begin: reading(begin), End: reading(end)}
		}
	}
	w.charged(1000, meter(0, 1_000_000))
	w.charged(1000, meter(1_999_000, 3_000_000)) // a little is lost when stations start
	w.charged(1000, meter(0, 1_000_000))         // it begins anew
	w.open()
	w.charged(1000, meter(2_000_000, 3_000_000))
	w.open("UnauthorisedEnergy S1/1/1")
	if got := w.fact("UnauthorisedEnergy S1/1/1", "energyKWh"); got != "1" {
		t.Error(got)
	}
	w.charged(500, func(x *charging.Transaction) {
		meter(3_000_000, 3_500_000)(x)
		x.Review = []charging.Reason{charging.Unauthorised, charging.MeterDisagrees}
	})
	w.open("MeterAnomaly S1/1/1", "UnauthorisedEnergy S1/1/1")
	if got := w.fact("MeterAnomaly S1/1/1", "reason"); got != "meter-disagrees" {
		t.Error(got)
	}
	w.charged(500, func(x *charging.Transaction) {
		meter(3_500_000, 4_000_000)(x)
		x.Review = []charging.Reason{charging.ClockSkew} // which says nothing of the meter
	})
	w.open()
}

func TestActiveCharges(t *testing.T) {
	w := newWorld(t)
	x := w.charge(func(x *charging.Transaction) { x.EnergyWh, x.PowerW, x.SoC = 100, 50_000, 40 })
	still := func(minutes int, wh int64, soc int) {
		t.Helper()
		w.after(time.Duration(minutes) * time.Minute)
		w.save(&x, func(x *charging.Transaction) { x.EnergyWh, x.SoC = wh, soc })
	}
	w.open()
	still(10, 10_000, 40)
	w.open()
	still(1, 10_100, 40)
	w.open("StateOfChargeStill S1/1/1")
	still(1, 10_200, 41)
	w.open()
	still(14, 10_200, 41)
	w.open()
	still(1, 10_200, 41)
	w.open("MeterAnomaly S1/1/1")
	still(1, 10_300, 98)
	w.open()
	still(1, 50_000, 98) // full enough
	w.open()
	w.save(&x, func(x *charging.Transaction) { x.PowerW = 0 }) // and it takes nothing
	w.after(time.Hour)
	w.open()
}

func TestStartWithoutCharge(t *testing.T) {
	w := newWorld(t)
	x := w.charge(func(x *charging.Transaction) { x.Activity = charging.Connected })
	w.charge(func(x *charging.Transaction) { x.EVSE.ID, x.Authorised = 2, false })
	w.charge(func(x *charging.Transaction) { x.EVSE.ID, x.Activity = 3, charging.SuspendedEVSE }) // is told to wait
	w.after(9 * time.Minute)
	w.open()
	w.after(time.Minute)
	w.open("StartWithoutCharge S1/1/1")
	w.save(&x, func(x *charging.Transaction) { x.EnergyWh = 60 })
	w.open()

	w.status("S2", 1, station.Preparing)
	w.status("S2", 2, station.Available)
	w.order("S2", "start", 1, station.Agreed, true)
	w.order("S2", "start", 2, station.Agreed, true) // nobody has plugged in
	w.after(4 * time.Minute)
	w.open()
	w.after(time.Minute)
	w.open("StartWithoutCharge S2/1/1")
	w.charge(func(x *charging.Transaction) { x.Station = "S2" })
	w.open()
}

func TestStartsFail(t *testing.T) {
	w := newWorld(t)
	w.order("S1", "start", 1, station.Declined, true)
	w.order("S1", "start", 1, station.Declined, true)
	w.charge(func(x *charging.Transaction) { x.PowerW, x.EnergyWh = 1000, 1000 })
	w.order("S1", "start", 1, station.Declined, true)
	w.order("S1", "start", 1, station.Unknown, true) // nobody came
	w.order("S1", "start", 1, station.Unknown, false)
	w.order("S1", "start", 2, station.Declined, true)
	w.open()
	w.order("S1", "start", 1, station.Failed, true)
	w.open("StartsFail S1/1/0")
	if got := w.fact("StartsFail S1/1/0", "count"); got != "3" {
		t.Error(got)
	}
	w.restart()
	w.charge(func(x *charging.Transaction) { x.PowerW, x.EnergyWh = 1000, 1000 })
	w.open()
}

func TestStuck(t *testing.T) {
	w := newWorld(t)
	for evse, s := range []station.Status{1: station.Preparing, 2: station.Finishing, 3: station.Occupied, 4: station.Occupied, 5: station.Occupied, 6: station.Available} {
		if evse > 0 {
			w.status("S1", evse, s)
		}
	}
	w.charge(func(x *charging.Transaction) {
		x.EVSE.ID, x.Activity, x.EnergyWh = 5, charging.SuspendedEV, 5000
		x.Progress.Timeline = []charging.Step{{At: w.now, Activity: charging.Charging}, {At: w.now.Add(time.Hour), Activity: charging.SuspendedEV}}
	})
	w.after(time.Minute)
	w.charge(func(x *charging.Transaction) { x.EVSE.ID, x.State, x.EndedAt = 4, charging.Ended, w.now })
	w.after(28 * time.Minute)
	w.open()
	w.after(time.Minute)
	w.open("StuckPreparing S1/1/1", "StuckPreparing S1/3/1")
	w.after(90 * time.Minute)
	w.open("StuckPreparing S1/1/1", "StuckPreparing S1/3/1", "StuckFinishing S1/2/1", "StuckFinishing S1/4/1")
	w.status("S1", 1, station.Charging)
	w.status("S1", 2, station.Available)
	w.status("S1", 3, station.Available)
	w.open("StuckFinishing S1/4/1")
	w.status("S1", 4, station.Available)
	w.after(10*time.Hour + 59*time.Minute)
	w.open()
	w.after(time.Minute)
	w.open("StuckSuspendedEV S1/5/1")
	w.lose("S1") // nobody knows how it is there
	w.find("S1")
	w.status("S1", 1, station.Preparing)
	w.lose("S1")
	w.after(14 * time.Minute)
	w.open("StuckSuspendedEV S1/5/1")
}
