package token

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// Lists keeps the local authorization lists of stations.
type Lists struct {
	Store   ListStore
	Network *station.Network
	Now     func() time.Time

	after gnista.StationID // where the next sweep begins

	mu       sync.Mutex
	busy     map[gnista.StationID]bool // being told of their lists
	offline  []Token                   // as they were at the revision: every station has about the same list
	revision int64
}

const (
	// maxTokens is the most tokens of a list: none of the stations that are sold takes more.
	maxTokens = 50_000
	// lookAgain is how often a station that says nothing is asked whether it still has its list.
	lookAgain = 24 * time.Hour
	// A station that did not take its list is tried again after retryAfter, and twice that each time
	// that it fails again, until lookAgain.
	retryAfter = 5 * time.Minute
	// How many lists one sweep sends, and how many of them at once: a change of one token concerns every
	// station, and the ordinary traffic must not wait for that.
	sweepLists = 200
	sweepWidth = 4
)

// Configure says whether a list is kept in a station and which tokens are on it. When it no longer is,
// the station's list is emptied. Invalid, NotFound.
func (l *Lists) Configure(ctx context.Context, id gnista.StationID, enabled bool, s Selection) (LocalList, error) {
	if err := s.check(); err != nil {
		return LocalList{}, err
	}
	return l.Store.ChangeList(ctx, id, func(x *LocalList) ([]Entry, []gnista.Event, error) {
		x.Enabled, x.Selection, x.Revision, x.Failures, x.DueAt = enabled, s, 0, 0, time.Time{}
		x.State, x.Detail = ListWaiting, ""
		if !enabled && x.Highest == 0 { // it was never sent one
			x.State, x.DueAt = ListOff, never
		}
		return nil, []gnista.Event{l.event(*x)}, nil
	})
}

// never is when something is due that is not.
var never = time.UnixMilli(math.MaxInt64 / 2)

func (l *Lists) event(x LocalList) gnista.Event {
	data, _ := json.Marshal(map[string]any{"enabled": x.Enabled, "state": x.State, "version": x.Version, "entries": x.Entries}) // always marshals
	return gnista.Event{At: l.Now(), Kind: "station.local-list", Station: x.Station, Data: data}
}

// SaveGroup says whether the tokens of a group may charge offline. Invalid.
func (l *Lists) SaveGroup(ctx context.Context, name string, offline bool) (Group, error) {
	if err := (Selection{Groups: []string{name}}).check(); err != nil {
		return Group{}, err
	}
	g := Group{Name: name, Offline: offline, UpdatedAt: l.Now()}
	return g, l.Store.SaveGroup(ctx, g)
}

// Synced is what came of telling a station of its list.
type Synced struct {
	List     LocalList
	Way      string // "full", "differential" or "none", when the station had it already
	Messages int
	Set      int // entries that were told, new or changed
	Removed  int
}

// Sync brings the list of a station up to date: with what has changed where the station has the list
// that we know, else with all of it, which full asks for in any case. What the station did not take is
// told in the list that is returned, not as an error. Conflict, Offline, NotFound.
// (OCPP 1.6 §5.15, OCPP 2.x D01, D02)
func (l *Lists) Sync(ctx context.Context, id gnista.StationID, full bool) (Synced, error) {
	ctx = context.WithoutCancel(ctx) // who asked may go; a list that was begun is finished
	if !l.begin(id) {
		return Synced{}, gnista.Errorf(gnista.Conflict, "station %s is being told of its list already", id)
	}
	defer l.end(id)
	x, err := l.Store.List(ctx, id)
	if err != nil {
		return Synced{}, err
	}
	c, connected := l.Network.Presence.Connection(id)
	switch {
	case !connected:
		return Synced{}, l.Network.Explain(ctx, id, gnista.Errorf(gnista.Offline, "station %s is not connected", id))
	case !x.Enabled && x.Highest == 0:
		return Synced{}, gnista.Errorf(gnista.Conflict, "no list is kept in station %s", id)
	}
	have, err := l.Store.Content(ctx, id)
	if err != nil {
		return Synced{}, err
	}
	all, revision, err := l.tokens(ctx)
	if err != nil {
		return Synced{}, err
	}
	x.Station = id
	s := syncing{lists: l, list: x, have: have, full: full}
	var tokens []Token
	if x.Enabled {
		known, err := l.Network.Store.Station(ctx, id)
		if err != nil {
			return Synced{}, err
		}
		tokens, s.soonest = here(x.Selection.of(all), known.Site, l.Now())
	}
	err = s.run(ctx, c.Version, tokens)
	if gnista.CodeOf(err) == gnista.Internal && err != nil {
		return Synced{}, err
	}
	return s.finish(ctx, revision, err)
}

// Check asks a station which version of a list it has, and sends nothing. Conflict, Offline, NotFound,
// Unsupported. (OCPP 1.6 §5.10, OCPP 2.x D02)
func (l *Lists) Check(ctx context.Context, id gnista.StationID) (LocalList, error) {
	if !l.begin(id) {
		return LocalList{}, gnista.Errorf(gnista.Conflict, "station %s is being told of its list", id)
	}
	defer l.end(id)
	says, err := station.Give(ctx, l.Network, id, ReadListVersion{})
	if err != nil {
		return LocalList{}, err
	}
	return l.Store.ChangeList(ctx, id, func(x *LocalList) ([]Entry, []gnista.Event, error) {
		x.Says, x.CheckedAt = says, l.Now()
		switch {
		case says < 0 && x.State != ListOff:
			x.State, x.Detail, x.DueAt = ListUnsupported, noList.Error(), never
		case x.State == ListInSync && says != x.Version: // it has another one, or none any more
			x.State = ListWaiting
		}
		return nil, nil, nil
	})
}

// tokens are those that may be on lists, and their revision. The list is shared and not changed.
func (l *Lists) tokens(ctx context.Context) ([]Token, int64, error) {
	l.mu.Lock()
	list, known := l.offline, l.revision
	l.mu.Unlock()
	if list == nil {
		known = -1
	}
	fresh, revision, err := l.Store.Offline(ctx, known, maxTokens)
	if err != nil || revision == known {
		return list, revision, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.offline, l.revision = fresh, revision
	return fresh, revision, nil
}

func (l *Lists) begin(id gnista.StationID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy[id] {
		return false
	}
	if l.busy == nil {
		l.busy = map[gnista.StationID]bool{}
	}
	l.busy[id] = true
	return true
}

func (l *Lists) end(id gnista.StationID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.busy, id)
}

// syncing is one time that a station is told of its list.
type syncing struct {
	lists *Lists
	list  LocalList
	have  []Entry // what the station has, if its version is the one that we know
	want  []Entry
	full  bool
	said  Synced
	// soonest is when another token becomes valid; zero is never.
	soonest time.Time
}

// run tells the station what it has to be told. It returns why the station has not got its list.
func (s *syncing) run(ctx context.Context, ocpp gnista.Version, tokens []Token) error {
	x := &s.list
	version, err := s.version(ctx)
	if err != nil {
		return err
	}
	if s.full || x.Version == 0 || x.OCPP != ocpp || x.Limits.MaxUID == 0 {
		if err := s.limits(ctx); err != nil {
			return err
		}
		s.full = s.full || x.OCPP != ocpp
		x.OCPP = ocpp
	}
	var out []LeftOut
	s.want, out = entries(tokens, x.Limits, s.lists.Now())
	x.Missing, x.LeftOut = len(out), out[:min(len(out), maxListed)]
	// Stations of OCPP 1.6 say 0 of an empty list, whatever version it was sent with.
	known := x.Version > 0 && (version == x.Version || version == 0 && len(s.have) == 0)
	s.full = s.full || !known || !x.Enabled
	list := updates(s.have, s.want, s.full, x.Limits)
	if len(list) == 0 {
		s.said.Way = "none"
		return nil
	}
	a, err := s.send(ctx, list)
	if err == nil && a.Status != ListTaken && a.Status != NoList && !list[0].Full {
		// OCPP 2.x D01.FR.03: what has changed does not fit, so all of it.
		a, err = s.send(ctx, updates(nil, s.want, true, x.Limits))
	}
	if err == nil && a.Status == ListMismatch {
		// It counts from a version that it did not tell before.
		if _, err = s.version(ctx); err == nil {
			a, err = s.send(ctx, updates(nil, s.want, true, x.Limits))
		}
	}
	switch {
	case err != nil:
		return err
	case a.Status == NoList:
		return gnista.Errorf(gnista.Unsupported, "the station answers %s", a.Detail)
	case a.Status != ListTaken:
		return gnista.Errorf(gnista.Refused, "the station answers %s", a.Detail)
	}
	return s.verify(ctx)
}

var noList = gnista.Errorf(gnista.Unsupported, "the station says that it can have no list")

// version asks for the version of the station's list.
func (s *syncing) version(ctx context.Context) (int, error) {
	v, err := station.Tell(ctx, s.lists.Network.Remote, s.list.Station, ReadListVersion{})
	if err != nil {
		return 0, err
	}
	s.list.Says, s.list.CheckedAt = v, s.lists.Now()
	if v < 0 {
		return v, noList
	}
	s.list.Highest = max(s.list.Highest, v)
	return v, nil
}

// limits asks what the station can take, and makes it use its list. A station that tells no limits may
// have a list all the same.
func (s *syncing) limits(ctx context.Context) error {
	remote, id := s.lists.Network.Remote, s.list.Station
	limits, err := station.Tell(ctx, remote, id, ReadListLimits{})
	if err != nil {
		return err
	}
	if s.list.Limits = limits; limits.None {
		return noList
	}
	if limits.TurnedOff && s.list.Enabled {
		a, err := station.Tell(ctx, remote, id, UseList{})
		if err != nil {
			return err
		}
		if a.Status == station.Done || a.Status == station.NeedsReboot {
			return nil
		}
		return gnista.Errorf(gnista.Refused, "the station does not use its list, and answers %s to that it shall", a.Detail)
	}
	return nil
}

// send sends messages, each with a version of its own, until the station does not take one. What the
// station has is not known from the first until it has taken the last.
func (s *syncing) send(ctx context.Context, list []Update) (a ListAnswer, err error) {
	x := &s.list
	if x.Highest > math.MaxInt32-len(list) { // it is at the end of the numbers; all of it may begin anew
		if x.Highest = 0; !list[0].Full {
			return ListAnswer{Status: ListMismatch}, nil
		}
	}
	first := x.Highest + 1
	x.Highest += len(list)
	x.Version = 0
	if err := s.lists.sending(ctx, *x); err != nil {
		return a, err
	}
	s.said.Way, s.said.Set, s.said.Removed = "differential", 0, 0
	if list[0].Full {
		s.said.Way = "full"
	}
	for i, u := range list {
		s.said.Messages++
		a, err = station.Tell(ctx, s.lists.Network.Remote, x.Station, SendList{Version: first + i, Update: u})
		if err != nil || a.Status != ListTaken {
			return a, err
		}
		s.said.Set += len(u.Set)
		s.said.Removed += len(u.Remove)
	}
	return a, nil
}

// sending keeps that the station is about to be sent versions up to the highest.
func (l *Lists) sending(ctx context.Context, now LocalList) error {
	_, err := l.Store.ChangeList(ctx, now.Station, func(x *LocalList) ([]Entry, []gnista.Event, error) {
		x.State, x.Version, x.Highest = ListWaiting, 0, now.Highest
		return nil, nil, nil
	})
	return err
}

// verify asks the station whether it has what it was sent. (OCPP 2.x D02)
func (s *syncing) verify(ctx context.Context) error {
	sent := s.list.Highest
	got, err := s.version(ctx)
	if err != nil {
		return err
	}
	if got != sent && !(got == 0 && len(s.want) == 0) {
		return gnista.Errorf(gnista.Refused, "the station took version %d and says that it has %d", sent, got)
	}
	s.list.Version = sent
	return nil
}

// finish keeps what has come of it.
func (s *syncing) finish(ctx context.Context, revision int64, failed error) (Synced, error) {
	now := s.lists.Now()
	done, sent := s.list, s.want
	if sent == nil {
		sent = []Entry{}
	}
	if failed != nil || s.said.Way == "none" {
		sent = nil // the station has what it had, or nobody knows what
	}
	list, err := s.lists.Store.ChangeList(ctx, done.Station, func(x *LocalList) ([]Entry, []gnista.Event, error) {
		changed := x.Enabled != done.Enabled || fmt.Sprint(x.Selection) != fmt.Sprint(done.Selection) // while it was sent
		was := x.State
		x.Version, x.Highest, x.Says, x.OCPP, x.Limits, x.CheckedAt = done.Version, done.Highest, done.Says, done.OCPP, done.Limits, done.CheckedAt
		x.LeftOut, x.Missing = done.LeftOut, done.Missing
		x.Detail, x.DueAt = "", now.Add(lookAgain)
		if failed == nil {
			x.SyncedAt, x.Failures, x.Revision, x.Entries = now, 0, revision, len(s.want)
			x.State = ListInSync
			x.DueAt = earliest(x.DueAt, s.want)
			if !s.soonest.IsZero() && s.soonest.Before(x.DueAt) {
				x.DueAt = s.soonest
			}
			if !x.Enabled {
				x.State, x.DueAt = ListOff, never
			}
		} else {
			x.Detail, x.State = failed.Error(), ListFailed
			x.DueAt = now.Add(min(retryAfter<<min(x.Failures, 10), lookAgain))
			x.Failures++
			if gnista.CodeOf(failed) == gnista.Unsupported {
				x.State, x.DueAt = ListUnsupported, never
			} else if !s.lists.connected(done.Station) { // it is told when it is back
				x.State, x.DueAt, x.Failures = ListWaiting, now, 0
			}
		}
		if changed {
			x.State, x.Revision, x.DueAt = ListWaiting, 0, now
		}
		if x.State == was && s.said.Way == "none" {
			return sent, nil, nil
		}
		return sent, []gnista.Event{s.lists.event(*x)}, nil
	})
	s.said.List = list
	return s.said, err
}

// here picks the tokens that are blocked or may charge at a site by now, and tells when the next of the
// others becomes valid; zero is never.
func here(tokens []Token, site string, now time.Time) (list []Token, next time.Time) {
	for _, k := range tokens {
		switch {
		case k.Blocked:
		case !k.at(site):
			continue
		case now.Before(k.ValidFrom):
			if next.IsZero() || k.ValidFrom.Before(next) {
				next = k.ValidFrom
			}
			continue
		}
		list = append(list, k)
	}
	return list, next
}

// earliest is the first time from now until at when an entry expires.
func earliest(at time.Time, list []Entry) time.Time {
	for _, e := range list {
		if e.Status == Accepted && !e.ExpiresAt.IsZero() && e.ExpiresAt.Before(at) {
			at = e.ExpiresAt
		}
	}
	return at
}

// Sweep tells stations that are connected of lists that have changed, a bounded number of them.
func (l *Lists) Sweep(ctx context.Context) error {
	if err := l.Store.SweepTrust(ctx); err != nil {
		return fmt.Errorf("looking at accounts: %w", err)
	}
	due, err := l.due(ctx)
	if err != nil {
		return fmt.Errorf("looking for lists: %w", err)
	}
	var g sync.WaitGroup
	places, errs := make(chan struct{}, sweepWidth), make(chan error, len(due))
	for _, id := range due {
		places <- struct{}{}
		g.Go(func() {
			defer func() { <-places }()
			// One that is being told already, or has gone meanwhile, is for the next sweep.
			if _, err := l.Sync(ctx, id, false); err != nil && gnista.CodeOf(err) == gnista.Internal {
				errs <- err
			}
		})
	}
	g.Wait()
	close(errs)
	return <-errs
}

// due are the stations of one sweep. It goes on where the one before has ended.
func (l *Lists) due(ctx context.Context) (due []gnista.StationID, err error) {
	const page = 1000
	for {
		list, err := l.Store.DueLists(ctx, l.Now(), l.after, page)
		if err != nil {
			return nil, err
		}
		for _, id := range list {
			if l.after = id; !l.connected(id) {
				continue
			}
			if due = append(due, id); len(due) == sweepLists {
				return due, nil
			}
		}
		if len(list) < page {
			l.after = ""
			return due, nil
		}
	}
}

func (l *Lists) connected(id gnista.StationID) bool {
	_, ok := l.Network.Presence.Connection(id)
	return ok
}
