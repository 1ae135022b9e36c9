package token_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
	"gnista/token"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// model is a station that keeps a list as it is told to.
type model struct {
	t       failer
	ocpp    gnista.Version
	limits  token.ListLimits
	version int
	list    map[token.ID]token.Entry
	used    map[int]bool // versions that it was sent
	trouble []string     // what happens to the next messages
	none    string       // how it says that it can have no list
	sent    int          // messages
}

func (m *model) Connection(gnista.StationID) (station.Connection, bool) {
	return station.Connection{Version: m.ocpp}, m.ocpp != ""
}

func (m *model) Treat(gnista.StationID, station.Treatment) {}
func (m *model) Disconnect(gnista.StationID, string)       {}

func (m *model) Call(context.Context, gnista.StationID, string, json.RawMessage) (json.RawMessage, error) {
	return nil, gnista.Errorf(gnista.Unsupported, "not by hand")
}

func (m *model) Do(_ context.Context, _ gnista.StationID, order any) (any, error) {
	switch o := order.(type) {
	case token.ReadListVersion:
		switch m.none {
		case "minus one":
			return -1, nil
		case "error":
			return 0, gnista.Errorf(gnista.Unsupported, "NotImplemented")
		}
		return m.version, nil
	case token.ReadListLimits:
		l := m.limits
		l.None = m.none == "variable"
		return l, nil
	case token.SendList:
		return m.take(o)
	}
	return nil, gnista.Errorf(gnista.Unsupported, "what is %T", order)
}

// take follows OCPP 2.x D01.FR.04, D01.FR.05, D01.FR.15 to D01.FR.19.
func (m *model) take(o token.SendList) (token.ListAnswer, error) {
	m.sent++
	if o.Version <= 0 || m.used[o.Version] {
		m.t.Errorf("version %d is sent again", o.Version) // D01.FR.18
	}
	m.used[o.Version] = true
	most := m.limits.Items
	if most == 0 {
		most = 20
	}
	if n := len(o.Update.Set) + len(o.Update.Remove); n > most {
		m.t.Errorf("a message has %d entries of %d", n, most) // D01.FR.11
	}
	if m.none == "status" {
		return token.ListAnswer{Status: token.NoList, Detail: "NotSupported"}, nil
	}
	trouble := ""
	if len(m.trouble) > 0 {
		trouble, m.trouble = m.trouble[0], m.trouble[1:]
	}
	switch trouble {
	case "refused":
		return token.ListAnswer{Status: token.ListRefused, Detail: "Failed"}, nil
	case "mismatch":
		return token.ListAnswer{Status: token.ListMismatch, Detail: "VersionMismatch"}, nil
	case "lost":
		return token.ListAnswer{}, gnista.Errorf(gnista.Timeout, "no answer")
	}
	if o.Update.Full {
		m.list = map[token.ID]token.Entry{}
	} else if o.Version <= m.version {
		return token.ListAnswer{Status: token.ListMismatch, Detail: "VersionMismatch"}, nil
	}
	for _, id := range o.Update.Remove {
		delete(m.list, token.ID{UID: strings.ToUpper(id.UID), Type: id.Type})
	}
	for _, e := range o.Update.Set {
		if n := len(e.ID.UID); n > m.limits.MaxUID {
			m.t.Errorf("a UID of %d characters is sent", n)
		}
		m.list[token.ID{UID: strings.ToUpper(e.ID.UID), Type: e.ID.Type}] = e
	}
	if m.limits.Entries > 0 && len(m.list) > m.limits.Entries {
		m.t.Errorf("the list has %d entries of %d", len(m.list), m.limits.Entries)
	}
	m.version = o.Version
	if trouble == "answer lost" {
		return token.ListAnswer{}, gnista.Errorf(gnista.Timeout, "no answer")
	}
	return token.ListAnswer{Status: token.ListTaken}, nil
}

// world is tokens, lists and one station, CS1.
type world struct {
	*token.Tokens
	lists   *token.Lists
	station *model
	db      *store.DB
	now     time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := storetest.Open(t)
	w := &world{db: db}
	w.renew(t)
	return w
}

// failer is a test.
type failer interface {
	Errorf(string, ...any)
	Fatal(...any)
}

// renew makes the world new: no tokens, and a station that has no list yet.
func (w *world) renew(t failer) {
	ctx := context.Background()
	w.now = start
	w.station = &model{t: t, ocpp: gnista.V201, limits: token.ListLimits{MaxUID: 36}, list: map[token.ID]token.Entry{}, used: map[int]bool{}}
	now := func() time.Time { return w.now }
	w.Tokens = &token.Tokens{Store: w.db, Now: now}
	w.lists = &token.Lists{Store: w.db, Now: now, Network: &station.Network{Store: w.db, Remote: w.station, Presence: w.station, Now: now}}
	tokens, _, err := w.db.Tokens(ctx, token.Filter{Limit: 1000})
	for _, k := range tokens {
		err = errors.Join(err, w.db.DeleteToken(ctx, k.ID))
	}
	groups, failed := w.db.Groups(ctx, "", 1000)
	for _, g := range groups {
		err = errors.Join(err, w.db.SaveGroup(ctx, token.Group{Name: g.Name}))
	}
	if gone := w.db.DeleteStation(ctx, "CS1"); gnista.CodeOf(gone) != gnista.NotFound {
		err = errors.Join(err, gone)
	}
	_, made := w.db.ChangeStation(ctx, "CS1", true, func(s *station.Station) ([]gnista.Event, error) {
		s.State = station.Accepted
		return nil, nil
	})
	_, kept := w.lists.Configure(ctx, "CS1", true, token.Selection{})
	if err = errors.Join(err, failed, made, kept); err != nil {
		t.Fatal(err)
	}
}

// want is the list that the station should have, as far as there is room.
func (w *world) want(t *rapid.T) map[token.ID]token.Entry {
	groups := map[string]bool{}
	list, err := w.db.Groups(context.Background(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range list {
		groups[g.Name] = g.Offline
	}
	all, _, err := w.db.Tokens(context.Background(), token.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	want := map[token.ID]token.Entry{}
	for _, k := range all {
		if !k.Offline && !groups[k.Group] && !k.Blocked || len(k.ID.UID) > w.station.limits.MaxUID {
			continue
		}
		e := token.Entry{ID: k.ID, Status: token.Accepted, Group: k.Group, ExpiresAt: k.ExpiresAt}
		if k.Blocked {
			e.Status = token.Blocked
		} else if !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(w.now) {
			e.Status = token.Expired
		}
		want[k.ID] = e
	}
	return want
}

// Whatever happens to tokens, messages and the station: when it was told without trouble it has the
// list that it should have. (OCPP 2.x D01.FR.01, D01.FR.03, D01.FR.06, D01.FR.11, D01.FR.18)
func TestListsConverge(t *testing.T) {
	runs := 0
	w := newWorld(t)
	rapid.Check(t, func(r *rapid.T) {
		runs++
		w.renew(r)
		m := w.station
		m.limits.Items = rapid.SampledFrom([]int{0, 1, 2, 5}).Draw(r, "items")
		m.limits.Bytes = rapid.SampledFrom([]int{0, 500, 1000}).Draw(r, "bytes")
		m.limits.Entries = rapid.SampledFrom([]int{0, 3, 8}).Draw(r, "entries")
		uid := rapid.Custom(func(r *rapid.T) string {
			return fmt.Sprintf("%04X", rapid.IntRange(0, 9).Draw(r, "n")) + strings.Repeat("0", rapid.SampledFrom([]int{0, 0, 40}).Draw(r, "more"))
		})
		group := rapid.SampledFrom([]string{"", "A", "B"})
		ctx := context.Background()
		others := 0
		r.Repeat(map[string]func(*rapid.T){
			"token": func(r *rapid.T) {
				k := token.Token{ID: token.ID{UID: uid.Draw(r, "uid"), Type: rapid.SampledFrom([]token.Type{token.ISO14443, token.Central}).Draw(r, "type")}}
				change := func(k *token.Token) {
					k.Offline, k.Blocked = rapid.Bool().Draw(r, "offline"), rapid.Bool().Draw(r, "blocked")
					k.Group = group.Draw(r, "group")
					if k.ExpiresAt = (time.Time{}); rapid.Bool().Draw(r, "expires") {
						k.ExpiresAt = start.Add(time.Duration(rapid.IntRange(1, 100).Draw(r, "hours")) * time.Hour)
					}
				}
				change(&k)
				if _, err := w.Create(ctx, k); gnista.CodeOf(err) == gnista.Conflict && err != nil {
					if _, err = w.Update(ctx, k.ID, change); err != nil {
						r.Fatal(err)
					}
				} else if err != nil {
					r.Fatal(err)
				}
			},
			"delete": func(r *rapid.T) {
				if err := w.Store.DeleteToken(ctx, token.ID{UID: uid.Draw(r, "uid")}); err != nil && gnista.CodeOf(err) != gnista.NotFound {
					r.Fatal(err)
				}
			},
			"group": func(r *rapid.T) {
				if _, err := w.lists.SaveGroup(ctx, rapid.SampledFrom([]string{"A", "B"}).Draw(r, "group"), rapid.Bool().Draw(r, "offline")); err != nil {
					r.Fatal(err)
				}
			},
			"time": func(r *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 30).Draw(r, "hours")) * time.Hour)
			},
			"forget": func(*rapid.T) { m.version, m.list = 0, map[token.ID]token.Entry{} },
			"other": func(r *rapid.T) {
				others++ // a version that is not the one we know: the content nobody can ask for
				m.version = 1000*others + rapid.IntRange(0, 900).Draw(r, "version")
				m.list = map[token.ID]token.Entry{{UID: "OTHER", Type: token.Local}: {}}
			},
			"sync": func(r *rapid.T) {
				m.trouble = rapid.SliceOfN(rapid.SampledFrom([]string{"", "refused", "mismatch", "lost", "answer lost"}), 0, 4).Draw(r, "trouble")
				if _, err := w.lists.Sync(ctx, "CS1", rapid.Bool().Draw(r, "full")); err != nil {
					r.Fatal(err)
				}
				m.trouble = nil
			},
		})
		done, err := w.lists.Sync(ctx, "CS1", false)
		if err != nil || done.List.State != token.ListInSync {
			r.Fatalf("got %+v, %v", done, err)
		}
		want := w.want(r)
		if n := m.limits.Entries; n > 0 && len(want) > n {
			if len(m.list) != n || done.List.Missing < len(want)-n {
				r.Fatalf("a list of %d has %d, and %d are told to be left out", n, len(m.list), done.List.Missing)
			}
			for id := range m.list {
				if _, ok := want[id]; !ok {
					r.Fatalf("%v does not belong there", id)
				}
			}
		} else if !maps.EqualFunc(m.list, want, func(a, b token.Entry) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
			r.Fatalf("the station has\n%v, and should have\n%v", m.list, want)
		}
		before := m.sent
		if done, err = w.lists.Sync(ctx, "CS1", false); err != nil || len(m.list) > 0 && (done.Way != "none" || m.sent != before) {
			r.Fatalf("a list that is there is sent again: %+v, %v", done, err)
		}
	})
	if runs < 10 {
		t.Errorf("%d runs", runs)
	}
}

// A station that can have no list is asked no more, whatever way it says that.
// (OCPP 1.6 §5.10, §5.15; TC_042_1_CSMS, TC_043_1_CSMS)
func TestNoList(t *testing.T) {
	for _, none := range []string{"minus one", "error", "status", "variable"} {
		w := newWorld(t)
		w.station.none = none
		done, err := w.lists.Sync(t.Context(), "CS1", false)
		if err != nil || done.List.State != token.ListUnsupported || done.List.Detail == "" {
			t.Errorf("%s: got %+v, %v", none, done.List, err)
		}
		if _, err := w.Create(t.Context(), token.Token{ID: token.ID{UID: "A"}, Offline: true}); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(100 * 24 * time.Hour)
		if due, err := w.db.DueLists(t.Context(), w.now, "", 10); err != nil || len(due) > 0 {
			t.Errorf("%s: due are %v, %v", none, due, err)
		}
		if x, err := w.db.List(t.Context(), "CS1"); err != nil || x.State != token.ListUnsupported {
			t.Errorf("%s: later %+v, %v", none, x, err)
		}
	}
}

// What a station has no words for is left out, and told.
func TestLeftOut(t *testing.T) {
	w := newWorld(t)
	long, blank := strings.Repeat("X", 21), strings.Repeat("9", 18)+" 9 9" // separators of cards do not count
	for _, k := range []token.Token{
		{ID: token.ID{UID: long, Type: token.Central}, Offline: true},
		{ID: token.ID{UID: blank, Type: token.ISO14443}, Offline: true},
		{ID: token.ID{UID: "A", Type: token.ISO14443}, Offline: true},
		{ID: token.ID{UID: "a", Type: token.EMAID}, Offline: true},
		{ID: token.ID{UID: "B", Type: token.VIN}, Offline: true},
		{ID: token.ID{UID: "C", Type: token.Central}, Blocked: true},
	} {
		if _, err := w.Create(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	f := func(v gnista.Version, limits token.ListLimits, entries string, left string) {
		t.Helper()
		w.station.ocpp, w.station.limits = v, limits
		done, err := w.lists.Sync(t.Context(), "CS1", true)
		if err != nil {
			t.Fatal(err)
		}
		content, err := w.db.Content(t.Context(), "CS1")
		if err != nil {
			t.Fatal(err)
		}
		var have, out []string
		for _, e := range content {
			have = append(have, e.ID.UID)
		}
		for _, o := range done.List.LeftOut {
			out = append(out, o.ID.UID+": "+o.Reason)
		}
		slices.Sort(out)
		if got := strings.Join(have, " "); got != entries {
			t.Errorf("on the list are %s, want %s", got, entries)
		}
		if got := strings.Join(out, "; "); got != left {
			t.Errorf("left out are %s, want %s", got, left)
		}
	}
	cards := strings.Repeat("9", 20)
	f(gnista.V16, token.ListLimits{MaxUID: 20, Typeless: true}, cards+" A B C",
		long+": the UID is longer than the station's version allows; a: another token has this UID, and the station's version does not tell types apart")
	f(gnista.V201, token.ListLimits{MaxUID: 36, Types: []token.Type{token.ISO14443, token.EMAID, token.Central}}, cards+" A a C "+long,
		"B: the station's version has no tokens of this type")
	f(gnista.V21, token.ListLimits{MaxUID: 255}, cards+" A a B C "+long, "")
	f(gnista.V21, token.ListLimits{MaxUID: 255, Entries: 5}, cards+" A a B "+long, "C: the list of the station is full")
}

// Numbers of versions do not run out, and a station that makes them up does not disturb us.
func TestListVersions(t *testing.T) {
	w := newWorld(t)
	for _, says := range []int{1<<31 - 1, 1 << 40, 7} {
		w.station.version = says
		clear(w.station.used)
		if _, err := w.Create(t.Context(), token.Token{ID: token.ID{UID: fmt.Sprint(says)}, Offline: true}); err != nil {
			t.Fatal(err)
		}
		done, err := w.lists.Sync(t.Context(), "CS1", false)
		if err != nil || done.List.State != token.ListInSync || done.List.Version > 1<<31-1 || done.List.Version < 1 {
			t.Errorf("after %d: %+v, %v", says, done, err)
		}
	}
}
