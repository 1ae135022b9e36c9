package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/access"
)

func (s suite) users(t *testing.T) {
	ctx := t.Context()
	user := func(id string, role access.Role) access.User {
		return access.User{ID: "user-" + id, Email: id + "@example.com", Name: "N " + id, Language: "sv", Grants: []access.Grant{{Role: role, Sites: []string{"s1"}}}, Password: "h", CreatedAt: now, UpdatedAt: now}
	}
	a, b := user("a", access.Admin), user("b", access.Viewer)
	if err := s.CreateUser(ctx, a, true); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.CreateUser(ctx, b, true), gnista.Conflict)
	if err := s.CreateUser(ctx, b, false); err != nil {
		t.Fatal(err)
	}
	twin := user("c", access.Viewer)
	twin.Email = a.Email
	wantCode(t, s.CreateUser(ctx, twin, false), gnista.Conflict)
	equal := func(got, want access.User) {
		t.Helper()
		if got.ID != want.ID || got.Email != want.Email || got.Password != want.Password || len(got.Grants) != 1 || got.Grants[0].Role != want.Grants[0].Role || got.Grants[0].Sites[0] != "s1" || !got.CreatedAt.Equal(want.CreatedAt) || !got.SeenAt.IsZero() {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	equal(must[access.User](t)(s.User(ctx, a.ID)), a)
	equal(must[access.User](t)(s.UserByEmail(ctx, b.Email)), b)
	_, err := s.UserByEmail(ctx, "nobody@example.com")
	wantCode(t, err, gnista.NotFound)
	if list := must[[]access.User](t)(s.Users(ctx, a.ID, 10)); len(list) != 1 || list[0].ID != b.ID {
		t.Errorf("got %+v", list)
	}
	changed := must[access.User](t)(s.ChangeUser(ctx, b.ID, func(u *access.User, others []access.User) error {
		if len(others) != 1 || others[0].ID != a.ID {
			t.Errorf("others are %+v", others)
		}
		u.Name, u.Disabled = "other", true
		return nil
	}))
	if got := must[access.User](t)(s.User(ctx, b.ID)); got.Name != "other" || !got.Disabled || changed.Name != "other" {
		t.Errorf("got %+v", got)
	}
	_, err = s.ChangeUser(ctx, b.ID, func(u *access.User, _ []access.User) error { u.Email = a.Email; return nil })
	wantCode(t, err, gnista.Conflict)

	for i, id := range []string{"s1", "s2", "s3"} {
		x := access.Session{ID: id, User: b.ID, CreatedAt: now.Add(time.Duration(i) * time.Minute), SeenAt: now, Remote: "r", Agent: "g", Way: "password"}
		if err := s.AddSession(ctx, x, 2); err != nil {
			t.Fatal(err)
		}
	}
	if list := must[[]access.Session](t)(s.Sessions(ctx, b.ID)); len(list) != 2 || list[0].ID != "s3" || list[1].ID != "s2" {
		t.Errorf("got %+v", list)
	}
	if err := s.SeeSession(ctx, "s3", "other", now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if x := must[access.Session](t)(s.Session(ctx, "s3")); x.Remote != "other" || !x.SeenAt.Equal(now.Add(time.Hour)) {
		t.Errorf("got %+v", x)
	}
	wantCode(t, s.EndSession(ctx, a.ID, "s3"), gnista.NotFound) // of another
	if err := s.PruneSessions(ctx, now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, err = s.Session(ctx, "s2")
	wantCode(t, err, gnista.NotFound)
	if err := s.EndSessions(ctx, b.ID, "s3"); err != nil {
		t.Fatal(err)
	}
	must[access.Session](t)(s.Session(ctx, "s3"))
	no := errors.New("no")
	if err := s.DeleteUser(ctx, b.ID, func(access.User, []access.User) error { return no }); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	yes := func(access.User, []access.User) error { return nil }
	if err := s.DeleteUser(ctx, b.ID, yes); err != nil {
		t.Fatal(err)
	}
	_, err = s.Session(ctx, "s3")
	wantCode(t, err, gnista.NotFound)
	wantCode(t, s.DeleteUser(ctx, b.ID, yes), gnista.NotFound)
}

func (s suite) trail(t *testing.T) {
	ctx := t.Context()
	for i, e := range []access.Entry{
		{At: now, User: "u1", Name: "A", Action: "reset-station", Station: "st", Site: "si", Path: "/p", Input: "{}", Reason: "why\x00not", Stage: access.Asked, Remote: "::1"},
		{At: now, User: "u1", Name: "A", Action: "reset-station", Station: "st", Stage: access.Result, Status: 200, Of: 1},
		{At: now, Name: "admin token", Action: "create-token", Stage: access.Asked},
	} {
		got := must[access.Entry](t)(s.AddAuditEntry(ctx, e))
		if got.Seq != int64(i+1) || len(got.Hash) != 64 || strings.ContainsRune(got.Reason, 0) {
			t.Errorf("got %+v", got)
		}
	}
	list := must[[]access.Entry](t)(s.AuditEntries(ctx, access.AuditFilter{Station: "st", Limit: 10}))
	if len(list) != 2 || list[0].Seq != 2 || list[1].Seq != 1 {
		t.Errorf("got %+v", list)
	}
	if list := must[[]access.Entry](t)(s.AuditEntries(ctx, access.AuditFilter{Before: 3, Limit: 1})); len(list) != 1 || list[0].Seq != 2 {
		t.Errorf("got %+v", list)
	}
	lines, last, err := access.Check(ctx, s)
	if err != nil || lines != 3 || last == "" {
		t.Errorf("%d lines, last %q, %v", lines, last, err)
	}
}
