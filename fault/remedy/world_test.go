package remedy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/fault"
	"gnista/fault/remedy"
	"gnista/pki"
	"gnista/station"
	"gnista/store"
	"gnista/token"
)

// classes is a catalogue in which the code of a fault is its class.
type classes struct{}

func (classes) Find(k fault.Key, _ fault.Raw) fault.Entry {
	return fault.Entry{Key: k, Severity: fault.High, Remedy: fault.Class(k.Code), Known: true}
}

// temper is how a station takes orders.
type temper string

const (
	obeys   temper = "obeys"   // and it helps
	ignores temper = "ignores" // it accepts, and nothing comes of it
	refuses temper = "refuses"
	silent  temper = "silent"
)

// place is an outlet as it really is.
type place struct {
	charging bool
	fault    string
}

// charger is a station as it really is.
type charger struct {
	id     gnista.StationID
	away   bool
	since  time.Time
	temper temper
	places [2]place
	resets []time.Time
	sudden bool // a car begins to charge while the next order waits for its turn
	held   bool // nothing is sent to it for now
	asked  int  // how often something was to be sent
}

var errDead = errors.New("the process is dead")

// world is stations, the faults that they tell of, and what puts them right. A step of it that is cut short leaves
// nothing but what is in the database.
type world struct {
	t        testing.TB
	fail     func(format string, args ...any)
	db       *store.DB
	now      time.Time
	id       int
	prefix   string
	chargers []*charger
	faults   *fault.Faults
	remedies *remedy.Remedies
	seq      int64 // of the last event that was taken
	sent     []sent
	lifeLeft int // things that can be done until the process dies; below 0: it lives
	lowered  int
	divided  bool // somebody divides the power

	meanwhile func() // what happens once while a run is looked at
}

type sent struct {
	station gnista.StationID
	order   any
	at      time.Time
	run     string
	record  int
}

// dies tells whether the process dies now.
func (w *world) dies() bool {
	if w.lifeLeft > 0 {
		w.lifeLeft--
	}
	return w.lifeLeft == 0
}

// mortal is the database of a process that can die before or after any change.
type mortal struct {
	*store.DB
	w *world
}

func (m mortal) ChangeRemedy(ctx context.Context, id gnista.StationID, run string, f func(*remedy.Run, remedy.Past) ([]gnista.Event, error)) (remedy.Run, error) {
	if m.w.dies() {
		return remedy.Run{}, errDead
	}
	r, err := m.DB.ChangeRemedy(ctx, id, run, f)
	if m.w.dies() {
		return remedy.Run{}, errDead
	}
	return r, err
}

func (m mortal) AddCommand(ctx context.Context, c station.Command) error {
	if m.w.dies() {
		return errDead
	}
	err := m.DB.AddCommand(ctx, c)
	if m.w.dies() {
		return errDead
	}
	return err
}

func (m mortal) AnswerCommand(ctx context.Context, c station.Command, ev gnista.Event) (station.Command, error) {
	if m.w.dies() {
		return station.Command{}, errDead
	}
	return m.DB.AnswerCommand(ctx, c, ev)
}

func newWorld(t testing.TB, db *store.DB, prefix string, fail func(string, ...any)) *world {
	w := &world{t: t, fail: fail, db: db, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), prefix: prefix, lifeLeft: -1, divided: true}
	w.faults = &fault.Faults{Store: db, Catalogue: must[*fault.Catalogue](t)(fault.LoadCatalogue()), Stations: db, Unknown: db, Incidents: db, Now: func() time.Time { return w.now }}
	var err error
	if w.seq, err = db.LastEvent(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.boot()
	for i := range 2 {
		c := &charger{id: gnista.StationID(fmt.Sprintf("%s-%d", prefix, i+1)), temper: obeys, since: w.now.Add(-time.Hour)}
		w.chargers = append(w.chargers, c)
		if _, err := w.remedies.Network.Change(t.Context(), c.id, true, func(*station.Station) {}); err != nil {
			t.Fatal(err)
		}
		for e := range c.places {
			w.status(c, e)
		}
	}
	return w
}

// boot makes what a new process has.
func (w *world) boot() {
	db := mortal{w.db, w}
	newID := func() string { w.id++; return fmt.Sprintf("%s-%06d", w.prefix, w.id) }
	now := func() time.Time { return w.now }
	models := must[*station.Models](w.t)(station.LoadModels())
	network := &station.Network{Store: w.db, States: w.db, Commands: db, Transfers: w.db, Verdicts: w.db, Models: models, Remote: w, Presence: w, Now: now, NewID: newID}
	w.remedies = &remedy.Remedies{
		Store: db, Faults: w.db, Notes: w.faults, Catalogue: classes{}, Network: network, Transactions: w, Power: w, BuiltIn: must[[]remedy.Ladder](w.t)(remedy.LoadLadders()),
		Now: now, NewID: newID, Log: slog.New(slog.DiscardHandler),
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) charger(id gnista.StationID) *charger {
	i := slices.IndexFunc(w.chargers, func(c *charger) bool { return c.id == id })
	if i < 0 {
		return nil
	}
	return w.chargers[i]
}

func (w *world) Connection(id gnista.StationID) (station.Connection, bool) {
	c := w.charger(id)
	if c == nil || c.away {
		return station.Connection{}, false
	}
	return station.Connection{Version: gnista.V16, Since: c.since}, true
}

func (*world) Treat(gnista.StationID, station.Treatment) {}
func (*world) Disconnect(gnista.StationID, string)       {}

func (*world) Call(context.Context, gnista.StationID, string, json.RawMessage) (json.RawMessage, error) {
	return nil, gnista.Errorf(gnista.Unsupported, "no calls here")
}

// Transactions are those of the cars that charge.
func (w *world) Transactions(_ context.Context, f charging.Filter) (list []charging.Transaction, _ error) {
	if f := w.meanwhile; f != nil {
		w.meanwhile = nil
		f()
	}
	for i, p := range w.charger(f.Station).places {
		if p.charging {
			list = append(list, charging.Transaction{Station: f.Station, EVSE: gnista.EVSE{ID: i + 1, Connector: 1}, State: charging.Active})
		}
	}
	return list, nil
}

// Lower counts how often less power was given.
func (w *world) Lower(gnista.StationID, int) bool { w.lowered++; return w.divided }

// Do is what a station does when it is told something. The invariants of what it may be told are here.
func (w *world) Do(ctx context.Context, id gnista.StationID, order any) (any, error) {
	c := w.charger(id)
	if c.away {
		return nil, gnista.Errorf(gnista.Offline, "station %s is not connected", id)
	}
	if c.asked++; c.held {
		return nil, gnista.Errorf(gnista.Conflict, "station %s is sent nothing now", id)
	}
	if w.dies() {
		return nil, errDead
	}
	if c.sudden {
		c.sudden, c.places[1].charging = false, true
	}
	if err := order.(station.Guarded).Allow(ctx); err != nil {
		return nil, err
	}
	order, err := order.(station.Adaptable).Adapt(station.Adaptations{})
	if err != nil {
		return nil, err
	}
	w.check(ctx, c, order)
	if w.dies() { // it was not sent yet
		w.sent = w.sent[:len(w.sent)-1]
		return nil, errDead
	}
	if _, reset := order.(station.Reset); reset {
		c.resets = append(c.resets, w.now)
	}
	var answer station.Answer
	switch c.temper {
	case silent:
		err = gnista.Errorf(gnista.Timeout, "station %s did not answer in time", id)
	case refuses:
		answer = station.Answer{Status: station.Refused, Detail: "Rejected"}
	default:
		answer = station.Answer{Status: station.Done, Detail: "Accepted"}
	}
	if c.temper == obeys {
		w.obey(ctx, c, order)
	}
	if w.dies() { // it was sent, and nobody knows
		return nil, errDead
	}
	return answer, err
}

// obey does what helps.
func (w *world) obey(ctx context.Context, c *charger, order any) {
	mend := func(e int, what ...string) {
		if slices.Contains(what, c.places[e].fault) {
			w.mend(ctx, c, e)
		}
	}
	switch o := order.(type) {
	case station.Unlock:
		mend(o.At.ID-1, "unlock", "reseat")
	case station.Reset:
		for e := range c.places {
			mend(e, "restart", "reconnect", "set-clock")
		}
	}
}

// fits tells whether an order may be that of a step.
func fits(do remedy.Action, order any) (ok bool) {
	switch do {
	case remedy.AskStatus, remedy.SetClock:
		_, ok = order.(station.Ask)
	case remedy.Unlock:
		_, ok = order.(station.Unlock)
	case remedy.SoftReset, remedy.HardReset:
		_, ok = order.(station.Reset)
	case remedy.ClearCache:
		_, ok = order.(token.ClearCache)
	case remedy.RenewCertificate:
		_, ok = order.(pki.AskRenewal)
	case remedy.TakeOut:
		_, ok = order.(station.SetAvailability)
	default:
		ok = true
	}
	return ok
}

// check holds an order to what may be sent.
func (w *world) check(ctx context.Context, c *charger, order any) {
	now := sent{station: c.id, order: order, at: w.now}
	charges := func(e int) bool { return c.places[e].charging }
	switch o := order.(type) {
	case station.Reset:
		if charges(0) || charges(1) {
			w.fail("%s: %+v while a car is charging", c.id, o)
		}
		recent := slices.DeleteFunc(slices.Clone(c.resets), func(t time.Time) bool { return w.now.Sub(t) >= 24*time.Hour })
		if len(recent) >= remedy.MaxResets {
			w.fail("%s: reset again after %d times in a day", c.id, len(recent))
		}
	case station.Unlock:
		if charges(o.At.ID - 1) {
			w.fail("%s: %+v while a car is charging", c.id, o)
		}
	case station.SetAvailability:
		if o.At.ID == 0 && (charges(0) || charges(1)) || o.At.ID > 0 && charges(o.At.ID-1) {
			w.fail("%s: %+v while a car is charging", c.id, o)
		}
	}
	for _, r := range w.runs(ctx, true) {
		x := len(r.Records) - 1
		// A run that was cut short by a death may have a step that is kept as being sent, and is looked at again later,
		// also when it was cut short at this time.
		if r.Station == c.id && x >= 0 && r.Records[x].State == remedy.Sending && r.Records[x].ActedAt.Equal(w.now) && fits(r.Records[x].Do, order) {
			now.run, now.record = r.ID, x
			open := slices.ContainsFunc(r.Faults, func(id string) bool {
				f, err := w.db.Fault(ctx, id)
				return err == nil && f.Open()
			})
			if !open {
				w.fail("%s: %+v after the fault was over", c.id, order)
			}
			if r.Mode != remedy.On {
				w.fail("%s: %+v in mode %s", c.id, order, r.Mode)
			}
		}
	}
	if now.run == "" {
		w.fail("%s: %+v without a step that is kept", c.id, order)
	}
	if slices.ContainsFunc(w.sent, func(s sent) bool { return s.run == now.run && s.record == now.record }) {
		w.fail("%s: %+v is sent twice for one step", c.id, order)
	}
	w.sent = append(w.sent, now)
}

// runs are those of the world, or those that have not ended.
func (w *world) runs(ctx context.Context, live bool) (list []remedy.Run) {
	for _, c := range w.chargers {
		some, err := w.db.Remedies(ctx, remedy.Filter{Station: c.id, Live: live, Limit: 1000})
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, some...)
	}
	return list
}

// status tells the state of an outlet.
func (w *world) status(c *charger, e int) {
	s := station.Available
	if c.places[e].fault != "" {
		s = station.Faulted
	} else if c.places[e].charging {
		s = station.Charging
	}
	err := w.remedies.Network.ReportStatus(w.t.Context(), c.id, station.Connector{EVSE: gnista.EVSE{ID: e + 1, Connector: 1}, Status: s, At: w.now})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) report(ctx context.Context, c *charger, e int, class string, over bool) {
	err := w.faults.Report(ctx, fault.Report{
		Key: fault.Key{Source: "test", Code: class}, Station: c.id, EVSE: gnista.EVSE{ID: e + 1, Connector: 1}, Way: fault.ByStatus, At: w.now, Cleared: over,
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// breaks makes an outlet have a fault.
func (w *world) breaks(c *charger, e int, class string) {
	w.mend(w.t.Context(), c, e)
	w.now = w.now.Add(time.Second)
	c.places[e].fault = class
	w.status(c, e)
	w.report(w.t.Context(), c, e, class, false)
}

// mend makes the fault of an outlet go.
func (w *world) mend(ctx context.Context, c *charger, e int) {
	class := c.places[e].fault
	if class == "" {
		return
	}
	w.now = w.now.Add(time.Second)
	c.places[e].fault = ""
	w.status(c, e)
	w.report(ctx, c, e, class, true)
}

// work takes what has happened and goes on with what is due, as the process does while it lives.
func (w *world) work() {
	ctx := w.t.Context()
	for {
		evs, err := w.db.Events(ctx, w.seq, 200)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, ev := range evs {
			if ev.Station != "" && w.charger(ev.Station) == nil {
				w.seq = ev.Seq
				continue
			}
			if err := w.remedies.Take(ctx, ev); err != nil {
				w.died(err)
				return
			}
			w.seq = ev.Seq
		}
		if len(evs) == 0 {
			break
		}
	}
	due, err := w.db.DueRemedies(ctx, w.now, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, id := range due {
		r, err := w.db.Remedy(ctx, id)
		if err != nil {
			w.t.Fatal(err)
		}
		if w.charger(r.Station) == nil {
			continue
		}
		if err := w.remedies.Step(ctx, id); err != nil {
			w.died(err)
			return
		}
	}
}

func (w *world) died(err error) {
	if w.lifeLeft != 0 {
		w.fail("what is due could not be done: %v", err)
	}
	w.lifeLeft = -1
	w.boot()
}

// pass lets time pass, in which the process works whenever something is due, but not more often than now and then.
func (w *world) pass(d time.Duration) {
	seldom := max(10*time.Minute, d/200)
	w.work()
	for end := w.now.Add(d); w.now.Before(end); {
		next := end
		for _, r := range w.runs(w.t.Context(), true) {
			if due := r.DueAt; !due.IsZero() && due.Before(next) {
				next = due
			}
		}
		if soon := w.now.Add(min(d, seldom)); next.Before(soon) {
			next = soon
		}
		w.now = next
		w.work()
	}
}
