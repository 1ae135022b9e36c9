package fault_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/fault"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
)

// bench is a system of faults with a clock of its own.
type bench struct {
	t      testing.TB
	db     *store.DB
	now    atomic.Int64
	faults *fault.Faults
	intake *fault.Intake
	seq    int64
}

// catalogue is that of the program, read once for all tests.
var catalogue = sync.OnceValue(func() *fault.Catalogue {
	c, err := fault.LoadCatalogue()
	if err != nil {
		panic(err)
	}
	return c
})

func newBench(t testing.TB) *bench {
	b := &bench{t: t, db: storetest.Open(t)}
	b.now.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	b.restart()
	return b
}

// restart forgets what is in memory, as a crash does.
func (b *bench) restart() {
	b.faults = &fault.Faults{Store: b.db, Incidents: b.db, Catalogue: catalogue().Fresh(), Stations: b.db, Unknown: b.db, Now: b.clock}
	b.intake = &fault.Intake{Faults: b.faults, Connectors: b.db}
}

func (b *bench) clock() time.Time { return time.UnixMilli(b.now.Load()).UTC() }

func (b *bench) wait(d time.Duration) { b.now.Add(d.Milliseconds()) }

func (b *bench) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) station(id gnista.StationID, site string) {
	b.t.Helper()
	_, err := b.db.ChangeStation(b.t.Context(), id, true, func(s *station.Station) ([]gnista.Event, error) {
		s.State, s.Site, s.Vendor, s.Model, s.Firmware = station.Accepted, site, "Vendor", "M1", "1.0"
		return nil, nil
	})
	b.ok(err)
}

func (b *bench) site(id string) {
	b.t.Helper()
	b.ok(b.db.CreateSite(b.t.Context(), station.Site{ID: id, Name: id}))
}

func (b *bench) sweep() { b.t.Helper(); b.ok(b.faults.Sweep(b.t.Context())) }

// event takes in an event now.
func (b *bench) event(kind string, id gnista.StationID, data map[string]any) gnista.Event {
	b.t.Helper()
	b.seq++
	text, err := json.Marshal(data)
	b.ok(err)
	ev := gnista.Event{Seq: b.seq, At: b.clock(), Kind: kind, Station: id, Subject: "x", Data: text}
	b.ok(b.intake.Take(b.t.Context(), ev))
	return ev
}

// open are the keys that are open, in the order of their cases, with the places and severities.
func (b *bench) open() string {
	b.t.Helper()
	list, err := b.db.Faults(b.t.Context(), fault.Filter{State: fault.IsOpen, Limit: 1000})
	b.ok(err)
	slices.Reverse(list)
	var parts []string
	for _, f := range list {
		parts = append(parts, fmt.Sprintf("%s@%d:%s", f.Key, f.EVSE.ID, f.Severity))
	}
	return strings.Join(parts, " ")
}

func (b *bench) want(want string) {
	b.t.Helper()
	if got := b.open(); got != want {
		b.t.Errorf("open is\n%s, want\n%s", got, want)
	}
}

func (b *bench) all() []fault.Fault {
	b.t.Helper()
	list, err := b.db.Faults(b.t.Context(), fault.Filter{Limit: 1000})
	b.ok(err)
	return list
}

func (b *bench) one() *fault.Fault {
	b.t.Helper()
	list := b.all()
	if len(list) != 1 {
		b.t.Fatalf("there are %d faults: %+v", len(list), list)
	}
	return &list[0]
}

var lock = fault.Key{Source: fault.OCPP16, Code: "ConnectorLockFailure"}

func (b *bench) report(r fault.Report) {
	b.t.Helper()
	if r.Key == (fault.Key{}) {
		r.Key = lock
	}
	if r.Station == "" && r.Site == "" {
		r.Station = "S"
	}
	if r.At.IsZero() {
		r.At = b.clock()
	}
	if r.Way == "" {
		r.Way = fault.ByStatus
	}
	b.ok(b.faults.Report(b.t.Context(), r))
}

func TestRepeatedAndReopened(t *testing.T) {
	b := newBench(t)
	b.station("S", "")
	for range 3 {
		b.report(fault.Report{})
		b.wait(time.Second)
	}
	b.sweep()
	f := b.one()
	if f.Count != 3 || f.Case != 10001 || f.ID != "f10001" || !f.LastAt.Equal(b.clock().Add(-time.Second)) {
		t.Errorf("got %+v", f)
	}
	b.report(fault.Report{Cleared: true})
	if b.one().Open() {
		t.Error("still open")
	}
	b.wait(9 * time.Minute)
	b.report(fault.Report{})
	if f = b.one(); !f.Open() || f.Count != 4 {
		t.Errorf("soon again: %+v", f)
	}
	b.report(fault.Report{Cleared: true, At: b.clock().Add(-time.Minute)})
	if !b.one().Open() {
		t.Error("cleared by what is older")
	}
	b.wait(time.Minute)
	b.report(fault.Report{Cleared: true})
	b.report(fault.Report{At: b.clock().Add(-time.Second)}) // late
	if b.one().Open() {
		t.Error("opened by what is older")
	}
	b.wait(11 * time.Minute)
	b.report(fault.Report{})
	if n := len(b.all()); n != 2 {
		t.Errorf("%d faults, of which the last is another one", n)
	}
}

func TestMoments(t *testing.T) {
	b := newBench(t)
	b.station("S", "")
	b.report(fault.Report{Once: true})
	b.wait(50 * time.Minute)
	b.report(fault.Report{Once: true})
	b.wait(50 * time.Minute)
	b.sweep()
	if !b.one().Open() {
		t.Error("it was told of again and is over")
	}
	b.restart()
	b.wait(11 * time.Minute)
	b.sweep()
	if f := b.one(); f.Open() || f.Count != 2 {
		t.Errorf("got %+v", f)
	}
}

func TestChatter(t *testing.T) {
	b := newBench(t)
	b.station("S", "")
	for range 100 {
		b.report(fault.Report{})
		b.wait(time.Second)
		b.report(fault.Report{Cleared: true})
		b.wait(time.Second)
	}
	f := b.one()
	if !f.Open() || !f.Chatters {
		t.Fatalf("got %+v", f)
	}
	b.sweep()
	if f = b.one(); f.Count != 100 {
		t.Errorf("counted %d", f.Count)
	}
	history, err := b.db.FaultHistory(t.Context(), f.ID, 0, 100)
	b.ok(err)
	if n := len(history); n > 2*fault.ChatterAfter+1 {
		t.Errorf("%d lines of history", n)
	}
	b.restart()
	b.wait(fault.QuietFor)
	b.sweep()
	if b.one().Open() {
		t.Error("it was quiet and is open")
	}
}

func TestLimits(t *testing.T) {
	b := newBench(t)
	b.station("S", "")
	for i := range 3 * fault.MaxOpen {
		b.report(fault.Report{Key: fault.Key{Source: "acme", Code: fmt.Sprint("E", i)}})
	}
	if n := len(b.all()); n != fault.MaxOpen+1 {
		t.Errorf("%d faults", n)
	}
	if f := b.all()[0]; f.Key != fault.TooMany {
		t.Errorf("got %+v", f)
	}
}

// What is told of is passed on each time, also where it is open already, whoever's word for it that is.
func TestHeard(t *testing.T) {
	b := newBench(t)
	b.station("CS1", "")
	var heard []string
	b.faults.Heard = func(r fault.Report, e fault.Entry) {
		if e.Remedy == fault.LowerPower {
			heard = append(heard, fmt.Sprintf("%s@%d", r.Key, r.EVSE.ID))
		}
	}
	for _, code := range []string{"PowerLimitExceeded", "PowerLimitExceeded", "", "PowerLimitExceeded"} { // again, and anew
		b.wait(time.Minute)
		data := map[string]any{"evse": 1, "connector": 1, "status": "occupied"}
		if code != "" {
			data["errorCode"], data["vendorErrorCode"] = "OtherError", code
		}
		b.event("connector.status", "CS1", data)
	}
	b.event("station.notice", "CS1", map[string]any{"component": "EVSE", "variable": "Overload", "value": "true", "trigger": "Alerting", "evse": 2, "eventId": 1, "at": b.clock()})
	if want := []string{"gnista/PowerLimitExceeded@1", "gnista/PowerLimitExceeded@1", "gnista/PowerLimitExceeded@1", "ocpp2/EVSE.Overload@2"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v", heard)
	}
}

// TestFlood has a station change its mind 10,000 times: it is one fault and few writes.
func TestFlood(t *testing.T) {
	b := newBench(t)
	b.station("S", "")
	before, err := b.db.LastEvent(t.Context())
	b.ok(err)
	for i := range 10_000 {
		data := map[string]any{"evse": 1, "connector": 1, "status": "available"}
		if i%2 == 0 {
			data = map[string]any{"evse": 1, "connector": 1, "status": "faulted", "errorCode": "GroundFailure"}
		}
		b.event("connector.status", "S", data)
		b.wait(6 * time.Millisecond)
	}
	b.sweep()
	if f := b.one(); !f.Chatters || f.Count < 4900 {
		t.Errorf("got %+v", f)
	}
	after, err := b.db.LastEvent(t.Context())
	b.ok(err)
	if after-before > 3*fault.ChatterAfter {
		t.Errorf("%d events were told", after-before)
	}
}

func TestLife(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	b.station("S", "")
	b.report(fault.Report{})
	f := *b.one()
	anna := fault.Said{By: "anna", Why: "because"}
	do := func(f fault.Fault, err error) fault.Fault { t.Helper(); b.ok(err); return f }
	refuse := func(code gnista.Code) func(fault.Fault, error) {
		return func(_ fault.Fault, err error) {
			t.Helper()
			if gnista.CodeOf(err) != code {
				t.Errorf("got %v", err)
			}
		}
	}
	b.wait(time.Minute)
	f = do(b.faults.Acknowledge(ctx, f.ID, anna))
	b.wait(time.Minute)
	if again := do(b.faults.Acknowledge(ctx, f.ID, fault.Said{By: "bo"})); again.AcknowledgedBy != "anna" || !again.AcknowledgedAt.Equal(f.AcknowledgedAt) {
		t.Errorf("got %+v", again)
	}
	refuse(gnista.Invalid)(b.faults.Shelve(ctx, f.ID, b.clock(), anna))
	refuse(gnista.Invalid)(b.faults.Shelve(ctx, f.ID, b.clock().Add(time.Hour), fault.Said{By: "anna"}))
	refuse(gnista.Invalid)(b.faults.Shelve(ctx, f.ID, b.clock().Add(1000*24*time.Hour), anna))
	refuse(gnista.NotFound)(b.faults.Acknowledge(ctx, "f1", anna))
	refuse(gnista.NotFound)(b.faults.Acknowledge(ctx, "f010001", anna))
	refuse(gnista.Invalid)(b.faults.Grade(ctx, f.ID, "awful", anna))
	do(b.faults.Shelve(ctx, f.ID, b.clock().Add(time.Hour), anna))
	do(b.faults.Assign(ctx, f.ID, "bo", anna))
	do(b.faults.Comment(ctx, f.ID, fault.Said{By: "bo", Why: "<b>hot</b>"}))
	do(b.faults.Grade(ctx, f.ID, fault.Low, anna))
	b.report(fault.Report{}) // which does not change what a person said
	b.wait(time.Hour)
	b.sweep()
	if f = *b.one(); f.Severity != fault.Low || f.Assignee != "bo" || !f.ShelvedUntil.IsZero() || f.Count != 2 {
		t.Errorf("got %+v", f)
	}
	f = do(b.faults.Clear(ctx, f.ID, anna))
	refuse(gnista.Conflict)(b.faults.Acknowledge(ctx, f.ID, anna))
	b.wait(time.Second)
	b.report(fault.Report{})
	if f = *b.one(); !f.Open() {
		t.Error("the station tells of it again and it is over")
	}
	history, err := b.db.FaultHistory(ctx, f.ID, 0, 100)
	b.ok(err)
	var whats []string
	for _, d := range history {
		whats = append(whats, d.What+" "+d.By)
	}
	if got, want := strings.Join(whats, ", "), "reopened , cleared anna, unshelved , severity anna, commented bo, assigned anna, shelved anna, acknowledged anna, opened "; got != want {
		t.Errorf("got %s", got)
	}
}

// TestOrder has a set of reports end in the same faults in whatever order, and however often, they come.
func TestOrder(t *testing.T) {
	db := storetest.Open(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		type said struct{ key, evse, at int }
		over := map[said]bool{}
		var list []said
		for range rapid.IntRange(1, 12).Draw(rt, "reports") {
			s := said{rapid.IntRange(0, 2).Draw(rt, "key"), rapid.IntRange(0, 1).Draw(rt, "evse"), rapid.IntRange(0, 20).Draw(rt, "at")}
			if _, twice := over[s]; !twice { // that something is there and is not at one time is said of by another test
				over[s] = rapid.Bool().Draw(rt, "over")
				list = append(list, s)
			}
		}
		list = append(list, rapid.SliceOfN(rapid.SampledFrom(list), 0, 6).Draw(rt, "repeated")...)
		played := func(list []said) string {
			b := &bench{t: t, db: db}
			b.now.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
			b.restart()
			n++
			id := gnista.StationID(fmt.Sprint("S", n))
			b.station(id, "")
			for i, s := range list {
				b.report(fault.Report{
					Key: fault.Key{Source: "acme", Code: fmt.Sprint("E", s.key)}, Station: id, EVSE: gnista.EVSE{ID: s.evse}, At: b.clock().Add(time.Duration(s.at-100) * time.Second), Cleared: over[s],
				})
				if i == len(list)/2 && rapid.Bool().Draw(rt, "sweep") {
					b.sweep()
				}
			}
			open, err := db.Faults(t.Context(), fault.Filter{State: fault.IsOpen, Station: id, Limit: 100})
			b.ok(err)
			var got []string
			for _, f := range open {
				if !f.Chatters || f.Until.IsZero() {
					got = append(got, fmt.Sprint(f.Key, f.EVSE))
				}
			}
			slices.Sort(got)
			return strings.Join(got, " ")
		}
		inOrder := slices.Clone(list)
		slices.SortFunc(inOrder, func(a, b said) int { return a.at - b.at })
		want := played(inOrder)
		if got := played(rapid.Permutation(list).Draw(rt, "order")); got != want {
			rt.Fatalf("open is %s, want %s", got, want)
		}
	})
}

// TestSameMoment has what is told to be there and over at one time be over, whatever comes first.
func TestSameMoment(t *testing.T) {
	for _, first := range []bool{true, false} {
		b := newBench(t)
		b.station("S", "")
		at := b.clock().Add(-time.Second)
		b.report(fault.Report{At: at, Cleared: first})
		b.report(fault.Report{At: at, Cleared: !first})
		b.want("")
	}
}

// TestCrash has a consumer take in events again after a crash, from where it had come to on disk.
func TestCrash(t *testing.T) {
	b := newBench(t)
	b.station("S", "")
	var evs []gnista.Event
	for i, code := range []string{"GroundFailure", "", "HighTemperature", "GroundFailure", ""} {
		data := map[string]any{"evse": 1, "connector": 1, "status": "available"}
		if code != "" {
			data["status"], data["errorCode"] = "faulted", code
		}
		evs = append(evs, b.event("connector.status", "S", data))
		b.wait(time.Duration(i+1) * time.Second)
	}
	b.event("security.event", "S", map[string]any{"type": "TamperDetectionActivated", "critical": true})
	was := fmt.Sprint(b.all())
	b.restart()
	for _, ev := range evs {
		b.ok(b.intake.Take(t.Context(), ev))
	}
	b.sweep()
	if got := fmt.Sprint(b.all()); got != was {
		t.Errorf("got %s\nwas %s", got, was)
	}
}

func TestDeletedStation(t *testing.T) {
	b := newBench(t)
	b.station("S", "")
	b.report(fault.Report{})
	b.ok(b.db.DeleteStation(t.Context(), "S"))
	b.report(fault.Report{})
	b.report(fault.Report{EVSE: gnista.EVSE{ID: 2}})
	b.want("")
	b.sweep()
	b.station("S", "")
	b.wait(2 * time.Minute)
	b.report(fault.Report{})
	b.want("ocpp1.6/ConnectorLockFailure@0:high")

	// A station that is there anew may tell of what was wrong with the old one, once.
	b.ok(b.db.DeleteStation(t.Context(), "S"))
	b.station("S", "")
	b.event("station.registered", "S", nil)
	b.wait(time.Second)
	b.report(fault.Report{})
	b.want("ocpp1.6/ConnectorLockFailure@0:high")
}
