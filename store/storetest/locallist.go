package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/station"
	"gnista/token"
)

func (s suite) localLists(t *testing.T) {
	ctx := t.Context()
	offline := func() (uids []string, revision int64) {
		t.Helper()
		list, revision, err := s.Offline(ctx, -1, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			uids = append(uids, k.ID.UID)
		}
		return uids, revision
	}
	_, before := offline()
	if list, revision, err := s.Offline(ctx, before, 100); len(list) > 0 || revision != before || err != nil {
		t.Errorf("of a known revision: %v, %d, %v", list, revision, err)
	}
	for _, k := range []token.Token{
		{ID: token.ID{UID: "L4", Type: token.Central}, Offline: true},
		{ID: token.ID{UID: "L1", Type: token.ISO14443}, Group: "LG"},
		{ID: token.ID{UID: "L2", Type: token.ISO14443}, Blocked: true, Offline: true},
		{ID: token.ID{UID: "L3", Type: token.ISO14443}, Offline: true},
		{ID: token.ID{UID: "L5", Type: token.ISO14443}},
	} {
		if err := s.CreateToken(ctx, k); err != nil {
			t.Fatal(err)
		}
		if got := must[token.Token](t)(s.Token(ctx, k.ID)); !reflect.DeepEqual(got, k) {
			t.Errorf("got %+v, want %+v", got, k)
		}
	}
	want := func(what string, changed bool, want ...string) {
		t.Helper()
		got, revision := offline()
		got = slices.DeleteFunc(got, func(uid string) bool { return uid[0] != 'L' }) // of this test
		if !slices.Equal(got, want) || (revision != before) != changed {
			t.Errorf("%s: got %v, want %v; revision %d after %d", what, got, want, revision, before)
		}
		before = revision
	}
	want("made", true, "L3", "L4", "L2")
	group := token.Group{Name: "LG", Offline: true, UpdatedAt: now}
	if err := s.SaveGroup(ctx, group); err != nil {
		t.Fatal(err)
	}
	want("group", true, "L1", "L3", "L4", "L2")
	if list := must[[]token.Group](t)(s.Groups(ctx, "A", 1)); len(list) != 1 || list[0] != group {
		t.Errorf("got %+v", list)
	}
	change := func(uid string, f func(*token.Token)) {
		t.Helper()
		must[token.Token](t)(s.UpdateToken(ctx, token.ID{UID: uid}, func(k *token.Token) error { f(k); return nil }))
	}
	change("L1", func(k *token.Token) { k.Name, k.MaxConcurrent = "Åsa", 3 })
	want("name", false, "L1", "L3", "L4", "L2")
	change("L3", func(k *token.Token) { k.ExpiresAt = now })
	want("expiry", true, "L1", "L3", "L4", "L2")
	if err := s.DeleteToken(ctx, token.ID{UID: "l-4"}); err != nil {
		t.Fatal(err)
	}
	want("deleted", true, "L1", "L3", "L2")
	wantCode(t, s.DeleteToken(ctx, token.ID{UID: "L4"}), gnista.NotFound)

	none := func(*token.LocalList) ([]token.Entry, []gnista.Event, error) { return nil, nil, nil }
	_, err := s.ChangeList(ctx, "LIST", none)
	wantCode(t, err, gnista.NotFound)
	for _, id := range []gnista.StationID{"LIST", "LIST2"} {
		must[station.Station](t)(s.ChangeStation(ctx, id, true, func(x *station.Station) ([]gnista.Event, error) {
			x.State, x.BootedAt = station.Accepted, now
			return nil, nil
		}))
	}
	if l := must[token.LocalList](t)(s.List(ctx, "LIST")); l.State != token.ListOff || l.Enabled || l.Station != "LIST" {
		t.Errorf("got %+v", l)
	}
	made := must[token.LocalList](t)(s.ChangeList(ctx, "LIST", func(l *token.LocalList) ([]token.Entry, []gnista.Event, error) {
		l.Enabled, l.State, l.Version, l.Highest, l.Says, l.OCPP, l.Revision = true, token.ListInSync, 7, 9, -1, gnista.V21, before
		l.Selection = token.Selection{Groups: []string{"LG"}, Tokens: []string{"å"}}
		l.Limits = token.ListLimits{Entries: 1, Items: 2, Bytes: 3, MaxUID: 4, Types: []token.Type{token.EMAID}, Typeless: true}
		l.Entries, l.LeftOut, l.Missing = 2, []token.LeftOut{{ID: token.ID{UID: "X"}, Reason: "full"}}, 12
		l.DueAt, l.CheckedAt, l.SyncedAt, l.Failures, l.Detail = now.Add(time.Hour), now, now, 3, "why"
		return []token.Entry{
			{ID: token.ID{UID: "A", Type: token.EMAID}, Status: token.Accepted, Group: "g", ExpiresAt: now}, {ID: token.ID{UID: "B"}, Status: token.Blocked},
		}, []gnista.Event{{At: now, Kind: "station.local-list", Station: "LIST"}}, nil
	}))
	if got := must[token.LocalList](t)(s.List(ctx, "LIST")); fmt.Sprint(got) != fmt.Sprint(made) {
		t.Errorf("got  %+v\nwant %+v", got, made)
	}
	refused := errors.New("no")
	if _, err := s.ChangeList(ctx, "LIST", func(l *token.LocalList) ([]token.Entry, []gnista.Event, error) {
		l.Version = 1
		return nil, nil, refused
	}); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	must[token.LocalList](t)(s.ChangeList(ctx, "LIST", none))
	content := fmt.Sprint(must[[]token.Entry](t)(s.Content(ctx, "LIST")))
	if want := fmt.Sprint([]token.Entry{{ID: token.ID{UID: "A", Type: token.EMAID}, Status: token.Accepted, Group: "g", ExpiresAt: now}, {ID: token.ID{UID: "B"}, Status: token.Blocked}}); content != want {
		t.Errorf("got %s, want %s", content, want)
	}
	due := func(what string, at time.Time, want ...gnista.StationID) {
		t.Helper()
		if got := must[[]gnista.StationID](t)(s.DueLists(ctx, at, "L", 10)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	state := func(state token.ListState) {
		t.Helper()
		must[token.LocalList](t)(s.ChangeList(ctx, "LIST", func(l *token.LocalList) ([]token.Entry, []gnista.Event, error) {
			l.State = state
			return nil, nil, nil
		}))
	}
	due("in sync", now)
	due("later", now.Add(time.Hour), "LIST")
	must[station.Station](t)(s.ChangeStation(ctx, "LIST", false, func(x *station.Station) ([]gnista.Event, error) { x.BootedAt = now.Add(time.Second); return nil, nil }))
	due("booted", now, "LIST")
	state(token.ListFailed)
	due("failed", now)
	due("failed, later", now.Add(time.Hour), "LIST")
	must[station.Station](t)(s.ChangeStation(ctx, "LIST", false, func(x *station.Station) ([]gnista.Event, error) { x.BootedAt = now; return nil, nil }))
	state(token.ListInSync)
	change("L1", func(k *token.Token) { k.Blocked = true })
	due("tokens changed", now, "LIST")
	if l := must[token.LocalList](t)(s.List(ctx, "LIST")); l.State != token.ListWaiting || l.Version != 7 {
		t.Errorf("got %+v", l)
	}
	state(token.ListUnsupported)
	due("unsupported", now.Add(time.Hour))
	state(token.ListWaiting)
	must[token.LocalList](t)(s.ChangeList(ctx, "LIST2", func(l *token.LocalList) ([]token.Entry, []gnista.Event, error) {
		l.State = token.ListWaiting
		return []token.Entry{}, nil, nil
	}))
	due("waiting", now, "LIST", "LIST2")
	if got := must[[]gnista.StationID](t)(s.DueLists(ctx, now, "LIST", 10)); !slices.Equal(got, []gnista.StationID{"LIST2"}) {
		t.Errorf("behind LIST: %v", got)
	}
	for _, id := range []gnista.StationID{"LIST", "LIST2"} {
		if err := s.DeleteStation(ctx, id); err != nil {
			t.Error(err)
		}
	}
	if l, content := must[token.LocalList](t)(s.List(ctx, "LIST")), must[[]token.Entry](t)(s.Content(ctx, "LIST")); l.State != token.ListOff || len(content) > 0 {
		t.Errorf("a deleted station has %+v, %v", l, content)
	}
}
