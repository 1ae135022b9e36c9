package fault

import (
	"context"
	"slices"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// Faults takes in reports and keeps the faults that they make. What is open is known in memory as well, so that
// what tells of nothing new costs nothing.
type Faults struct {
	Store     Store
	Incidents IncidentStore
	Catalogue *Catalogue
	Stations  Stations
	Unknown   Unknowns
	Heard     func(Report, Entry) // is told of each report of something wrong, also where that is open already, and must not wait; nil is nobody
	Now       func() time.Time

	mu     sync.Mutex
	owners map[owner]*owned // of those with something open, or that was lately; nil before it was read
	about  map[gnista.StationID]about
	counts tally
	groups sync.Mutex // held while incidents are looked at; no lock of an owner is taken within
}

// Unknowns counts codes that the catalogue does not have. An [UnknownStore] does.
type Unknowns interface {
	SawUnknownCode(ctx context.Context, k Key, r Report) error
}

// Stations finds stations. A station.Store does.
type Stations interface {
	// Station finds a station. NotFound.
	Station(ctx context.Context, id gnista.StationID) (station.Station, error)
}

// The rules. docs/incidents.md tells of them.
const (
	ReopenWithin = 10 * time.Minute // after it was cleared a fault that comes again is the same
	MomentFor    = time.Hour        // after which what was told of as a moment clears by itself
	ChatterAfter = 5                // openings within ChatterIn; with one more it chatters
	ChatterIn    = time.Hour
	QuietFor     = 15 * time.Minute // that a fault that chatters must be quiet before it clears
	MaxOpen      = 100              // faults of one station or site that are open
	MaxOpenings  = 120              // of one in an hour
)

// TooMany is the fault that stands for those of a station that are too many.
var TooMany = Key{Own, "TooManyFaults"}

// WithoutCode is the fault of an outlet that says that it is faulted, and not why.
var WithoutCode = Key{Own, "FaultedWithoutCode"}

// owner is whose faults are kept together: a station, a site, or the system.
type owner struct {
	station gnista.StationID
	site    string
}

func (p Place) owner() owner { return owner{p.Station, p.Site} }

// spot is a key at a part of an owner.
type spot struct {
	evse gnista.EVSE
	key  Key
}

// owned is what is known of an owner. Its lock is held while a report about it is taken in.
type owned struct {
	sync.Mutex
	open     map[spot]*known
	over     map[spot]time.Time // what was told to be over before it was told of
	openings []time.Time        // of the last hour

	forgotten bool // there is nothing to know of it any more, and another one takes its place
}

// known is what is kept in memory of a fault that is open.
type known struct {
	Fault         // of which only what is set in knows is there
	told      int // how often since it was stored
	unwritten bool
	loose     bool // it is not certain that it was looked for what it belongs to
}

// knows is what is kept of f in memory.
func knows(f Fault) *known {
	return &known{Fault: Fault{
		ID: f.ID, Case: f.Case, Key: f.Key, Station: f.Station, Site: f.Site, EVSE: f.EVSE, Way: f.Way, Severity: f.Severity, SeverityBy: f.SeverityBy,
		Chatters: f.Chatters, LastAt: f.LastAt, Seq: f.Seq, Until: f.Until, Raw: Raw{Component: f.Raw.Component, Variable: f.Raw.Variable, Value: f.Raw.Value},
	}}
}

// tally counts how often keys are open, in all and at each site: what is open once is part of nothing.
type tally struct {
	sync.Mutex
	of map[siteKey]int
}

// siteKey is a key at a site, or at all of them where that is empty.
type siteKey struct {
	site string
	key  Key
}

func (t *tally) add(k *known, n int) {
	t.Lock()
	defer t.Unlock()
	if t.of == nil {
		t.of = map[siteKey]int{}
	}
	for _, s := range []siteKey{{"", k.Key}, {k.Site, k.Key}}[:1+min(len(k.Site), 1)] {
		if t.of[s] += n; t.of[s] == 0 {
			delete(t.of, s)
		}
	}
}

func (t *tally) clear() {
	t.Lock()
	defer t.Unlock()
	clear(t.of)
}

func (t *tally) count(site string, k Key) int {
	t.Lock()
	defer t.Unlock()
	return t.of[siteKey{site, k}]
}

func (f *Faults) put(o *owned, at spot, k *known) {
	f.drop(o, at)
	o.open[at] = k
	f.counts.add(k, 1)
}

func (f *Faults) drop(o *owned, at spot) {
	if k := o.open[at]; k != nil {
		f.counts.add(k, -1)
		delete(o.open, at)
	}
}

// begin reads what is open, once.
func (f *Faults) begin(ctx context.Context) error {
	if f.owners != nil {
		return nil
	}
	owners := map[owner]*owned{}
	f.counts.clear()
	for after := ""; ; {
		list, err := f.Store.Faults(ctx, Filter{State: IsOpen, After: after, Limit: 1000})
		if err != nil {
			return err
		}
		for _, x := range list {
			o := owners[x.place().owner()]
			if o == nil {
				o = &owned{open: map[spot]*known{}}
				owners[x.place().owner()] = o
			}
			if at := (spot{x.EVSE, x.Key}); o.open[at] == nil { // the newest
				k := knows(x)
				k.loose = x.Incident == "" && f.Now().Sub(x.OpenedAt) < FirmwareWithin
				f.put(o, at, k)
			}
			after = Filter{}.Cursor(x)
		}
		if len(list) < 1000 {
			break
		}
	}
	f.owners = owners
	return nil
}

// of is what is known of an owner, locked; nil where nothing is and make is false.
func (f *Faults) of(ctx context.Context, w owner, make bool) (*owned, error) {
	for {
		f.mu.Lock()
		if err := f.begin(ctx); err != nil {
			f.mu.Unlock()
			return nil, err
		}
		o := f.owners[w]
		if o == nil && make {
			o = &owned{open: map[spot]*known{}}
			f.owners[w] = o
		}
		f.mu.Unlock()
		if o == nil {
			return nil, nil
		}
		if o.Lock(); !o.forgotten {
			return o, nil
		}
		o.Unlock()
	}
}

// Report opens a fault, counts it where it is open already, or clears it. It is safe to repeat.
func (f *Faults) Report(ctx context.Context, r Report) error {
	o, err := f.of(ctx, r.place().owner(), !r.Cleared || !r.At.IsZero())
	if err != nil || o == nil {
		return err
	}
	defer o.Unlock()
	return f.take(ctx, o, r)
}

// Level takes in all that a status says is wrong at a place: what was told of in the same way before and is not
// now is over. What stays as it was costs nothing.
func (f *Faults) Level(ctx context.Context, at Place, way Way, when time.Time, seq int64, now []Report) error {
	o, err := f.of(ctx, at.owner(), len(now) > 0)
	if err != nil || o == nil {
		return err
	}
	defer o.Unlock()
	return f.takeAll(ctx, o, append(now, f.lapsed(o, at, way, when, seq, now)...)) // what is new first, so that an incident does not end between
}

// Lapse clears what a status does not tell of any more, and no more than that.
func (f *Faults) Lapse(ctx context.Context, at Place, way Way, when time.Time, now []Report) error {
	o, err := f.of(ctx, at.owner(), false)
	if err != nil || o == nil {
		return err
	}
	defer o.Unlock()
	return f.takeAll(ctx, o, f.lapsed(o, at, way, when, 0, now))
}

// lapsed are reports that what is open at a place and was told of in a way is over, but for what is told of now.
func (f *Faults) lapsed(o *owned, at Place, way Way, when time.Time, seq int64, now []Report) (over []Report) {
	for s, k := range o.open {
		if s.evse != at.EVSE || k.Way != way || slices.ContainsFunc(now, func(r Report) bool { return f.Catalogue.Find(r.Key, r.Raw).Key == s.key }) {
			continue
		}
		over = append(over, Report{Key: s.key, Station: at.Station, Site: at.Site, EVSE: at.EVSE, Way: way, At: when, Seq: seq, Cleared: true})
	}
	slices.SortFunc(over, func(a, b Report) int { return compareKeys(a.Key, b.Key) })
	return over
}

func (f *Faults) takeAll(ctx context.Context, o *owned, list []Report) error {
	for _, r := range list {
		if err := f.take(ctx, o, r); err != nil {
			return err
		}
	}
	return nil
}

// take takes in a report about an owner that is locked.
func (f *Faults) take(ctx context.Context, o *owned, r Report) error {
	now := f.Now()
	if r.At.IsZero() || r.At.After(now) {
		r.At = now
	}
	r.At = r.At.Truncate(time.Millisecond) // as it is kept
	e := f.Catalogue.Find(r.Key, r.Raw)
	if r.Key = e.Key; e.NoFault && !r.Cleared {
		return nil
	}
	if f.Heard != nil && !r.Cleared {
		f.Heard(r, e)
	}
	at := spot{r.EVSE, r.Key}
	k := o.open[at]
	switch {
	case k == nil && r.Cleared:
		o.missed(at, r.At, now)
		return nil
	case k == nil && !r.At.After(o.over[at]) && !o.over[at].IsZero():
		return nil
	case k == nil && !r.Cleared && r.Key != TooMany && o.crowded(now):
		r = Report{Key: TooMany, Station: r.Station, Site: r.Site, Way: r.Way, At: r.At, Seq: r.Seq, Once: true, Raw: r.Raw}
		return f.take(ctx, o, r)
	case k != nil && k.absorb(r, e, now):
		if !k.loose {
			return nil
		}
		x, err := f.Store.Fault(ctx, k.ID)
		if gnista.CodeOf(err) == gnista.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		return f.settle(ctx, o, k, x)
	}
	site := r.Site
	if r.Station != "" {
		a, err := f.find(ctx, r.Station)
		if gnista.CodeOf(err) == gnista.NotFound {
			return nil // it was deleted
		}
		if err != nil {
			return err
		}
		site = a.site
	}
	var done *Step
	got, err := f.Store.TakeFault(ctx, r.place(), r.Key, func(newest *Fault) (*Step, error) {
		if newest != nil && k != nil && newest.ID == k.ID {
			k.onto(newest)
		}
		done = r.step(newest, e, site, now)
		return done, nil
	})
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	if err != nil || done == nil {
		return err
	}
	if !got.Open() {
		f.drop(o, at)
		return f.left(ctx, got)
	}
	loose := k != nil && k.loose
	k = knows(got)
	k.loose = loose || done.What == doneOpened || done.What == doneReopened
	f.put(o, at, k)
	if done.What == doneOpened || done.What == doneReopened {
		o.openings = append(o.openings, now)
		if !e.Known && done.What == doneOpened {
			if err := f.Unknown.SawUnknownCode(ctx, r.Key, r); err != nil {
				return err
			}
		}
	}
	return f.settle(ctx, o, k, got)
}

// settle makes a fault part of what it belongs to, once after it has come: k is what is known of x.
func (f *Faults) settle(ctx context.Context, o *owned, k *known, x Fault) error {
	if !k.loose {
		return nil
	}
	if err := f.gather(ctx, x, len(o.open)); err != nil {
		return err
	}
	k.loose = false
	return nil
}

// stations are those of which something is open.
func (f *Faults) stations(ctx context.Context) (list []gnista.StationID, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	err = f.begin(ctx)
	for w := range f.owners {
		if w.station != "" {
			list = append(list, w.station)
		}
	}
	return list, err
}

// any tells whether anything of a station is open.
func (f *Faults) any(ctx context.Context, id gnista.StationID) (bool, error) {
	o, err := f.of(ctx, owner{station: id}, false)
	if err != nil || o == nil {
		return false, err
	}
	defer o.Unlock()
	return len(o.open) > 0, nil
}

// open is what is open of a station, as far as it is kept in memory, the oldest first.
func (f *Faults) open(ctx context.Context, id gnista.StationID) (list []Fault, err error) {
	o, err := f.of(ctx, owner{station: id}, false)
	if err != nil || o == nil {
		return nil, err
	}
	defer o.Unlock()
	for _, k := range o.open {
		list = append(list, k.Fault)
	}
	slices.SortFunc(list, func(a, b Fault) int { return a.Case - b.Case })
	return list, nil
}

// missed remembers that something was told to be over that was not told of yet: reports may come in any order.
func (o *owned) missed(at spot, when, now time.Time) {
	const most = 50
	if o.over == nil {
		o.over = map[spot]time.Time{}
	}
	for s, t := range o.over {
		if now.Sub(t) > MomentFor || len(o.over) >= most {
			delete(o.over, s)
		}
	}
	if when.After(o.over[at]) {
		o.over[at] = when
	}
}

// crowded tells whether an owner has so many faults, or so many new ones, that no more are opened.
func (o *owned) crowded(now time.Time) bool {
	for len(o.openings) > 0 && now.Sub(o.openings[0]) >= time.Hour {
		o.openings = o.openings[1:]
	}
	return len(o.open) >= MaxOpen || len(o.openings) >= MaxOpenings
}

// absorb takes a report into what is kept in memory, and tells whether that is all that there is to do.
func (k *known) absorb(r Report, e Entry, now time.Time) bool {
	if r.Seq > 0 && r.Seq <= k.Seq {
		return true // it was taken in before
	}
	if r.At.Before(k.LastAt) || r.Cleared && r.At.Equal(k.LastAt) && !k.Until.IsZero() && k.Chatters {
		return true // it is known better
	}
	if r.Cleared && !k.Chatters {
		return false
	}
	if !r.Cleared && k.SeverityBy == "" && r.severity(e).Worse(k.Severity) {
		return false
	}
	k.LastAt, k.Seq, k.unwritten = r.At, max(r.Seq, k.Seq), true
	if k.Until = r.until(e, now); r.Cleared {
		k.Until = now.Add(QuietFor)
	} else {
		k.told++
	}
	return true
}

// onto adds what is known in memory to what is stored.
func (k *known) onto(f *Fault) {
	if k.unwritten {
		f.Count += k.told
		f.LastAt, f.Seq, f.Until = k.LastAt, max(f.Seq, k.Seq), k.Until
	}
}

// severity is how bad what a report tells of is.
func (r Report) severity(e Entry) Severity {
	s := e.Severity
	if r.Severity != "" && (!e.Known || r.Severity == Critical) {
		s = r.Severity
	}
	if r.AtMost != "" && s.Worse(r.AtMost) {
		s = r.AtMost
	}
	return s
}

// until is when what a report tells of is over without anybody saying so.
func (r Report) until(e Entry, now time.Time) time.Time {
	if r.Once || e.Momentary {
		return now.Add(MomentFor)
	}
	return time.Time{}
}

// What is done with faults by reports and rules.
const (
	doneOpened   = "opened"
	doneReopened = "reopened"
	doneCleared  = "cleared"
	doneSeverity = "severity"
)

// step is what a report makes of the newest fault of its kind at its place; nil is nothing.
func (r Report) step(newest *Fault, e Entry, site string, now time.Time) *Step {
	if newest != nil && (r.Seq > 0 && r.Seq <= newest.Seq || r.At.Before(newest.LastAt) || !newest.Open() && !r.At.After(newest.LastAt)) {
		return nil
	}
	switch {
	case newest == nil || !newest.Open() && now.Sub(newest.ClearedAt) > ReopenWithin:
		if r.Cleared {
			return nil
		}
		f := Fault{
			Key: r.Key, Severity: r.severity(e), Station: r.Station, Site: site, EVSE: r.EVSE, Way: r.Way, Count: 1, Turns: []time.Time{now}, OpenedAt: r.At, LastAt: r.At,
			Seq: r.Seq, Until: r.until(e, now), Transaction: r.Transaction, Raw: r.Raw, Facts: r.Facts,
		}
		return &Step{Fault: f, Kind: Opened, Done: Done{At: now, What: doneOpened}}
	case r.Cleared && !newest.Open():
		return nil
	}
	f := *newest
	f.LastAt, f.Seq = r.At, max(f.Seq, r.Seq)
	if r.Cleared {
		f.ClearedAt, f.ClearedBy, f.Until = now, "", time.Time{}
		return &Step{Fault: f, Kind: ClearedKind, Done: Done{At: now, What: doneCleared}}
	}
	f.Count++
	f.Until, f.Raw, f.Way = r.until(e, now), r.Raw, r.Way
	if r.Facts != nil {
		f.Facts = r.Facts
	}
	if r.Transaction != "" {
		f.Transaction = r.Transaction
	}
	if f.Open() { // it has become worse
		if f.SeverityBy != "" || !r.severity(e).Worse(f.Severity) {
			return &Step{Fault: f}
		}
		f.Severity = r.severity(e)
		return &Step{Fault: f, Kind: Changed, Done: Done{At: now, What: doneSeverity, Why: string(f.Severity)}}
	}
	f.ClearedAt, f.ClearedBy = time.Time{}, ""
	f.Turns = append(slices.DeleteFunc(slices.Clone(f.Turns), func(t time.Time) bool { return now.Sub(t) >= ChatterIn }), now)
	f.Turns = f.Turns[max(0, len(f.Turns)-ChatterAfter-1):]
	f.Chatters = len(f.Turns) > ChatterAfter
	return &Step{Fault: f, Kind: Changed, Done: Done{At: now, What: doneReopened}}
}
