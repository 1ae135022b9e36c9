package uptime_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/fault/uptime"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
	"gnista/token"
)

// world is a store, a clock, and what records and reckons.
type world struct {
	*store.DB
	*testing.T
	now      time.Time
	ids      int
	here     []gnista.StationID
	recorder *uptime.Recorder
	attempts *uptime.Attempts
	uptime   *uptime.Uptime
}

func (w *world) Connected() []gnista.StationID { return w.here }

// Monday, at midnight.
var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func newWorld(t *testing.T) *world {
	db, err := store.Open(t.Context(), storetest.SQLite(t, t.TempDir()), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w := &world{DB: db, T: t, now: monday}
	clock := func() time.Time { return w.now }
	id := func() string { w.ids++; return fmt.Sprintf("id-%06d", w.ids) }
	w.uptime = &uptime.Uptime{Store: db, Sites: &station.Sites{Store: db, Local: time.UTC, Now: clock, NewID: id}, Stations: db, OfflineAfter: 5 * time.Minute, Least: 100, Now: clock, NewID: id}
	w.attempts = &uptime.Attempts{
		Store: db, Transactions: db, Commands: db, Checkouts: db, Payments: db, Least: 100, Within: 10 * time.Minute, Now: clock, NewID: id, Log: slog.New(slog.DiscardHandler),
	}
	w.start()
	w.must(db.CreateSite(t.Context(), station.Site{ID: "site", Name: "Site", Zone: "Europe/Stockholm", CreatedAt: w.now, UpdatedAt: w.now}))
	w.station("S1", func(s *station.Station) { s.Site = "site" })
	w.here = []gnista.StationID{"S1"}
	w.sweep()
	return w
}

func (w *world) start() {
	w.recorder = &uptime.Recorder{Store: w.DB, Presence: w, Grace: uptime.Grace, KeptFor: uptime.KeptFor, Now: func() time.Time { return w.now }}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) sweep() { w.Helper(); w.must(w.recorder.Sweep(w.Context())) }

// after lets time pass while we watch.
func (w *world) after(d time.Duration) {
	w.Helper()
	for end := w.now.Add(d); w.now.Before(end); w.sweep() {
		w.now = w.now.Add(min(time.Minute, end.Sub(w.now)))
	}
}

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

func (w *world) take(kind string, data map[string]any) {
	w.Helper()
	text, _ := json.Marshal(data)
	for range 2 { // an event may come twice
		w.must(w.recorder.Take(w.Context(), gnista.Event{At: w.now, Kind: kind, Station: "S1", Data: text}))
	}
}

func (w *world) status(evse, connector int, s station.Status) {
	w.Helper()
	c := station.Connector{EVSE: gnista.EVSE{ID: evse, Connector: connector}, Status: s, At: w.now}
	w.must(w.SetConnector(w.Context(), "S1", c, 100, gnista.Event{At: w.now, Kind: "connector.status"}))
	w.take("connector.status", map[string]any{"evse": evse, "connector": connector, "status": s})
}

// share is the only one of what is asked for since midnight of Monday.
func (w *world) share(of uptime.Of) uptime.Share {
	w.Helper()
	list, err := w.uptime.Shares(w.Context(), uptime.Query{Of: of, Filter: uptime.Filter{Limit: 10}, Span: uptime.Span{Since: monday, Until: monday.AddDate(0, 1, 0)}})
	w.must(err)
	if len(list) != 1 {
		w.Fatalf("got %+v", list)
	}
	return list[0]
}

// want wants so many minutes of a share, of its downtime and of what is excluded.
func (w *world) want(s uptime.Share, minutes, down, excluded float64) {
	w.Helper()
	if s.Time.Minutes() != minutes || s.Downtime().Minutes() != down || s.Excluded().Minutes() != excluded {
		w.Errorf("%v of %v is down, and %v excluded: %v %v; want %v, %v, %v", s.Downtime(), s.Time, s.Excluded(), s.Down, s.Spared, down, minutes, excluded)
	}
	want := math.Round((minutes-down+excluded)/minutes*100_000) / 1000
	if got := s.Percent(); got != want {
		w.Errorf("%v %%, want %v", got, want)
	}
}

func TestFaultsAreDowntime(t *testing.T) {
	w := newWorld(t)
	for _, s := range []station.Status{station.Available, station.Preparing, station.Charging, station.Reserved, station.Finishing} {
		w.status(1, 1, s)
		w.after(4 * time.Minute)
	}
	w.status(1, 1, station.Faulted)
	w.after(10 * time.Minute)
	w.status(1, 1, station.Unavailable) // nobody had ordered it
	w.after(5 * time.Minute)
	w.status(1, 1, station.Available)
	w.after(65 * time.Minute)
	s := w.share(uptime.OfConnector)
	w.want(s, 100, 15, 0)
	if s.Down[uptime.Faulted] != 10*time.Minute || s.Down[uptime.Unavailable] != 5*time.Minute {
		t.Errorf("got %v", s.Down)
	}
	w.status(1, 1, station.Faulted) // and goes on
	w.after(100 * time.Minute)
	w.want(w.share(uptime.OfStation), 200, 115, 0)
}

func TestOrderedUnavailability(t *testing.T) {
	w := newWorld(t)
	w.status(1, 1, station.Available)
	order := func(id, effect string) {
		w.must(w.AddCommand(t.Context(), station.Command{ID: id, Station: "S1", Kind: "availability", Effect: effect, Outcome: station.Agreed, At: w.now}))
	}
	order("c1", "availability 0 false")
	w.status(1, 1, station.Unavailable)
	w.after(10 * time.Minute)
	order("c2", "availability 1 true")
	w.status(1, 1, station.Available)
	w.after(10 * time.Minute)
	w.status(1, 1, station.Unavailable)
	w.after(20 * time.Minute)
	s := w.share(uptime.OfEVSE)
	w.want(s, 40, 30, 10)
	if s.Spared[uptime.Ordered] != 10*time.Minute {
		t.Errorf("got %v", s.Spared)
	}
}

// Being away is downtime of all connectors, but for short absences and those of stations that are not in service.
func TestOfflineIsDowntime(t *testing.T) {
	w := newWorld(t)
	w.status(1, 1, station.Available)
	w.status(2, 1, station.Available)
	away := func(d time.Duration) {
		w.here = nil
		w.sweep()
		w.after(d)
		w.here = []gnista.StationID{"S1"}
		w.sweep()
	}
	away(5 * time.Minute)
	w.after(5 * time.Minute)
	away(10 * time.Minute)
	s := w.share(uptime.OfStation)
	w.want(s, 40, 20, 0) // of two EVSEs
	if s.Outlets != 2 {
		t.Errorf("it is reckoned of %d", s.Outlets)
	}
	w.here = nil
	w.sweep()
	w.after(10 * time.Minute)
	w.station("S1", func(s *station.Station) { s.State = station.Rejected })
	w.take("station.changed", map[string]any{"state": "rejected"})
	w.after(10 * time.Minute)
	w.want(w.share(uptime.OfSite), 80, 60, 20)
	site := w.share(uptime.OfSite).Site
	for _, q := range []struct {
		f     uptime.Filter
		after string
		want  int
	}{{uptime.Filter{Site: site}, "", 1}, {uptime.Filter{Site: site}, site, 0}, {uptime.Filter{Station: "S1"}, "", 1}, {uptime.Filter{Station: "S1"}, site, 0}, {uptime.Filter{Station: "nobody"}, "", 0}} {
		q.f.Limit = 1
		list, err := w.uptime.Shares(w.Context(), uptime.Query{Of: uptime.OfSite, Filter: q.f, AfterSite: q.after, Span: uptime.Span{Since: monday, Until: w.now}})
		if err != nil || len(list) != q.want || q.want > 0 && list[0].Site != site {
			w.Errorf("%+v behind %q: %+v, %v", q.f, q.after, list, err)
		}
	}
}

// An EVSE can be used while one of its connectors can; EVSE 0 is the station as a whole.
func TestConnectorsOfAnEVSE(t *testing.T) {
	w := newWorld(t)
	w.status(1, 1, station.Available)
	w.status(1, 2, station.Faulted)
	w.after(10 * time.Minute)
	w.status(1, 1, station.Faulted)
	w.after(10 * time.Minute)
	w.status(1, 1, station.Available)
	w.status(0, 0, station.Faulted)
	w.after(20 * time.Minute)
	w.status(0, 0, station.Available)
	w.after(10 * time.Minute)
	w.want(w.share(uptime.OfEVSE), 50, 30, 0)
	list, err := w.uptime.Shares(t.Context(), uptime.Query{Of: uptime.OfConnector, Filter: uptime.Filter{Limit: 1, After: uptime.Place{Station: "S1", EVSE: gnista.EVSE{ID: 1, Connector: 1}}}, Span: uptime.Span{Since: monday, Until: w.now}})
	w.must(err)
	if len(list) != 1 || list[0].Connector != 2 {
		t.Fatalf("got %+v", list)
	}
	w.want(list[0], 50, 50, 0)
}

// What happened while we did not watch is held against nobody, and who comes back in time was never away.
func TestOurOwnRestart(t *testing.T) {
	w := newWorld(t)
	w.station("S2", func(*station.Station) {})
	w.here = append(w.here, "S2")
	w.status(1, 1, station.Available)
	w.after(20 * time.Minute)
	w.status(1, 1, station.Faulted)
	w.after(10 * time.Minute)

	w.now = w.now.Add(30 * time.Minute) // a crash
	w.here = nil
	w.start()
	w.sweep()
	w.after(9 * time.Minute)
	w.here = []gnista.StationID{"S1"}
	w.sweep()
	w.status(1, 1, station.Available)
	w.after(31 * time.Minute)
	s := w.share(uptime.OfStation)
	w.want(s, 100, 49, 30)
	if s.Spared[uptime.Unobserved] != 30*time.Minute {
		t.Errorf("got %v", s.Spared)
	}
	list, err := w.OpenOutages(t.Context(), uptime.Place{}, 10)
	w.must(err)
	if len(list) != 1 || list[0].Place != uptime.Link("S2") || !list[0].Since.Equal(monday.Add(time.Hour)) {
		t.Errorf("%+v do not come back", list)
	}
}

func TestExcludedTimes(t *testing.T) {
	w := newWorld(t)
	w.status(1, 1, station.Faulted)
	w.after(100 * time.Minute)
	at := func(minutes int) time.Time { return monday.Add(time.Duration(minutes) * time.Minute) }
	exclude := func(x uptime.Exclusion) error {
		_, err := w.uptime.Exclude(t.Context(), x)
		return err
	}
	w.must(exclude(uptime.Exclusion{Kind: uptime.Maintenance, Station: "S1", EVSE: 1, Since: at(10), Until: at(20)}))
	w.must(exclude(uptime.Exclusion{Kind: uptime.Grid, Site: "site", Since: at(15), Until: at(30), Note: "dark"}))
	w.must(exclude(uptime.Exclusion{Kind: uptime.Maintenance, Station: "S1", EVSE: 2, Since: at(0), Until: at(100)}))
	w.want(w.share(uptime.OfEVSE), 100, 100, 20)
	for field, x := range map[string]uptime.Exclusion{
		"kind":    {Kind: uptime.Closed, Since: at(0), Until: at(1)},
		"since":   {Kind: uptime.Grid, Note: "x", Until: at(1)},
		"until":   {Kind: uptime.Grid, Note: "x", Since: at(1), Until: at(1)},
		"evse":    {Kind: uptime.Grid, Note: "x", Since: at(0), Until: at(1), EVSE: 1},
		"note":    {Kind: uptime.ForceMajeure, Since: at(0), Until: at(1)},
		"site":    {Kind: uptime.Grid, Note: "x", Since: at(0), Until: at(1), Site: "none"},
		"station": {Kind: uptime.Grid, Note: "x", Since: at(0), Until: at(1), Station: "none"},
	} {
		if e, ok := exclude(x).(*gnista.Error); !ok || e.Code != gnista.Invalid || e.Field != field {
			t.Errorf("%s: got %v", field, exclude(x))
		}
	}
}

// A site that is closed at night is not down then, by its own clock.
func TestClosedSites(t *testing.T) {
	w := newWorld(t)
	w.status(1, 1, station.Faulted)
	w.must(w.uptime.Open(t.Context(), "site", []uptime.Opening{{Days: []int{1, 2, 3, 4, 5}, From: 6 * 60, To: 22 * 60}, {Days: []int{7}, From: 23 * 60, To: 2 * 60}}))
	w.now = w.now.Add(23 * time.Hour) // 01:00 of Sunday's night and 06:00 to 22:00 of Monday, in UTC+1
	w.sweep()
	w.want(w.share(uptime.OfStation), 23*60, 23*60, 6*60)
	for field, o := range map[string]uptime.Opening{"hours[0].days": {}, "hours[0].from": {Days: []int{1}, From: 1440}, "hours[0].to": {Days: []int{1}, To: 1441}} {
		if e, ok := w.uptime.Open(t.Context(), "site", []uptime.Opening{o}).(*gnista.Error); !ok || e.Field != field {
			t.Errorf("%s: got %+v", field, e)
		}
	}
	if err := w.uptime.Open(t.Context(), "none", nil); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("got %v", err)
	}
}

func TestBadQueries(t *testing.T) {
	w := newWorld(t)
	for field, q := range map[string]uptime.Query{
		"until": {Of: uptime.OfSite, Span: uptime.Span{Since: monday, Until: monday}},
		"of":    {Of: "moon", Span: uptime.Span{Since: monday, Until: monday.Add(time.Hour)}},
	} {
		if _, err := w.uptime.Shares(t.Context(), q); gnista.CodeOf(err) != gnista.Invalid || err.(*gnista.Error).Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	if _, _, err := w.uptime.Figures(t.Context(), uptime.FigureQuery{By: "moon"}); gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("got %v", err)
	}
}

// charge stores a transaction that has ended, and tells of it.
func (w *world) charge(uid string, evse int, wh int64, change func(*charging.Transaction)) {
	w.Helper()
	w.ids++
	x := charging.Transaction{
		ID: fmt.Sprintf("id-%06d", w.ids), Station: "S1", Version: gnista.V16, EVSE: gnista.EVSE{ID: evse, Connector: 1}, Token: token.ID{UID: uid}, Authorised: true, State: charging.Ended,
		StartedAt: w.now, EndedAt: w.now.Add(time.Minute), FinishedAt: w.now, UpdatedAt: w.now, SoC: -1, EnergyWh: wh, StopReason: "Local",
	}
	x.Ref = x.ID
	change(&x)
	samples := []charging.Sample{
		{At: x.StartedAt, Measurand: charging.EnergyImport, Location: charging.Outlet, Milli: 5},
		{At: x.StartedAt.Add(20 * time.Second), Measurand: charging.EnergyImport, Location: charging.Outlet, Milli: 5},
		{At: x.StartedAt.Add(30 * time.Second), Measurand: charging.EnergyImport, Location: charging.Outlet, Milli: 900},
	}
	w.must(w.Change(w.Context(), "S1", func(tx charging.Tx) error { return tx.Save(&x, samples) }))
	w.tell("transaction.finished", x.ID, nil)
	w.now = w.now.Add(2 * time.Minute)
}

func (w *world) tell(kind, subject string, data map[string]any) {
	w.Helper()
	text, _ := json.Marshal(data)
	for range 2 {
		w.must(w.attempts.Take(w.Context(), gnista.Event{At: w.now, Kind: kind, Station: "S1", Subject: subject, Data: text}))
	}
}

func (w *world) figures() uptime.Figures {
	w.Helper()
	list, _, err := w.uptime.Figures(w.Context(), uptime.FigureQuery{By: uptime.Together, Span: uptime.Span{Since: monday, Until: monday.AddDate(0, 1, 0)}, Limit: 10})
	w.must(err)
	if len(list) != 1 {
		w.Fatalf("got %+v", list)
	}
	return list[0]
}

func TestVisits(t *testing.T) {
	w := newWorld(t)
	nothing := func(*charging.Transaction) {}
	w.charge("AA", 1, 5000, nothing)
	w.charge("BB", 2, 0, nothing) // fails at first, and charges at the other one
	w.charge("BB", 1, 4000, nothing)
	w.charge("BB", 1, 3000, nothing) // comes back for more: another visit
	w.charge("CC", 2, 0, func(x *charging.Transaction) { x.StopReason = "PowerLoss" })
	w.now = w.now.Add(time.Hour)
	w.charge("CC", 2, 2000, func(x *charging.Transaction) { x.StopReason = "EmergencyStop" }) // long after
	w.charge("", 1, 0, func(x *charging.Transaction) { x.Authorised = false })                // nobody who might
	got := w.figures()
	want := uptime.Figures{Group: "all", Visits: 5, AtOnce: 3, Attempts: 6, Starts: 4, Asked: 6, Accepted: 6, Charges: 4, Well: 3, Timed: 4, ToEnergy: 2 * time.Minute, EnergyWh: 14000}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestRefusedTokens(t *testing.T) {
	w := newWorld(t)
	for _, uid := range []string{"AA", "aa", "BB"} { // the first is held to the station twice
		w.attempts.Refused(t.Context(), token.Request{ID: token.ID{UID: uid}, Station: "S1", At: w.now}, token.Blocked)
	}
	w.now = w.now.Add(time.Minute)
	w.charge("BB", 1, 500, func(*charging.Transaction) {})
	if got := w.figures(); got.Visits != 1 || got.AtOnce != 0 || got.Asked != 3 || got.Accepted != 1 || got.Attempts != 1 || got.Starts != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestFailedOrders(t *testing.T) {
	w := newWorld(t)
	order := func(kind string, o station.Outcome) {
		w.ids++
		c := station.Command{ID: fmt.Sprintf("id-%06d", w.ids), Station: "S1", Kind: kind, EVSE: 1, Outcome: o, At: w.now, EndedAt: w.now}
		w.must(w.AddCommand(t.Context(), c))
		w.tell("station.command", c.ID, map[string]any{"kind": kind, "outcome": o})
	}
	order("start", station.Declined)
	order("start", station.Agreed)
	order("unlock", station.Declined)
	w.tell("station.command", "gone", map[string]any{"kind": "start", "outcome": station.Declined})
	if got := w.figures(); got.Visits != 1 || got.Attempts != 1 || got.Starts != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestGuests(t *testing.T) {
	w := newWorld(t)
	guest := func(s checkout.State, reason string, paid bool) {
		w.ids++
		w.now = w.now.Add(time.Hour)
		id := fmt.Sprintf("id-%06d", w.ids)
		c := checkout.Checkout{ID: id, Key: id, Station: "S1", EVSE: w.ids, Token: token.ID{UID: id}, State: s, Reason: reason, CreatedAt: w.now, UpdatedAt: w.now, Amount: gnista.Money{Currency: "SEK"}}
		if paid {
			c.PaidAt, c.Payment = w.now, "p"+id
		}
		w.must(w.CreateCheckout(t.Context(), c))
		w.tell("checkout."+string(s), id, nil)
	}
	guest(checkout.Paid, "", true)
	guest(checkout.Failed, "the station refused", true)
	guest(checkout.Failed, checkout.NotPlugged, true) // the driver did not come
	guest(checkout.Cancelled, checkout.NoPayment, false)
	guest(checkout.Cancelled, checkout.ByDriver, false)
	if got := w.figures(); got.Paying != 4 || got.Paid != 3 || got.Visits != 2 || got.AtOnce != 0 || got.Attempts != 1 {
		t.Errorf("got %+v", got)
	}
}
