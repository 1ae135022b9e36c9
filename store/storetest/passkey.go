package storetest

import (
	"errors"
	"testing"
	"time"

	"gnista"
	"gnista/access"
)

func (s suite) passkeys(t *testing.T) {
	ctx := t.Context()
	user := func(id string) {
		t.Helper()
		u := access.User{ID: "pk-" + id, Email: "pk-" + id + "@example.com", Name: id, Grants: []access.Grant{{Role: access.Viewer}}, CreatedAt: now, UpdatedAt: now}
		if err := s.CreateUser(ctx, u, false); err != nil {
			t.Fatal(err)
		}
	}
	user("a")
	user("b")
	key := func(id, user string, n int) access.Passkey {
		return access.Passkey{ID: id, User: "pk-" + user, Name: "phone", Host: "charge.example", Credential: []byte(`{"id":"x"}`), Count: 1<<32 - 1, CreatedAt: now.Add(time.Duration(n) * time.Minute)}
	}
	for i, id := range []string{"k1", "k2"} {
		if err := s.AddPasskey(ctx, key(id, "a", i), 2); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, s.AddPasskey(ctx, key("k3", "a", 3), 2), gnista.Conflict)
	wantCode(t, s.AddPasskey(ctx, key("k1", "b", 3), 2), gnista.Conflict) // another's
	wantCode(t, s.AddPasskey(ctx, key("k4", "nobody", 3), 2), gnista.NotFound)
	if err := s.AddPasskey(ctx, key("k4", "b", 3), 2); err != nil {
		t.Fatal(err)
	}
	got := must[access.Passkey](t)(s.Passkey(ctx, "k1"))
	if want := key("k1", "a", 0); got.User != want.User || got.Name != want.Name || got.Host != want.Host || string(got.Credential) != string(want.Credential) || got.Count != want.Count || !got.CreatedAt.Equal(want.CreatedAt) || !got.SeenAt.IsZero() || !got.ClonedAt.IsZero() {
		t.Errorf("got %+v", got)
	}
	if list := must[[]access.Passkey](t)(s.Passkeys(ctx, "pk-a")); len(list) != 2 || list[0].ID != "k2" {
		t.Errorf("got %+v", list)
	}
	change := func(p *access.Passkey) error { p.Name, p.Count, p.SeenAt, p.ClonedAt = "key", 7, now, now; return nil }
	_, err := s.ChangePasskey(ctx, "pk-b", "k1", change)
	wantCode(t, err, gnista.NotFound)
	must[access.Passkey](t)(s.ChangePasskey(ctx, "pk-a", "k1", change))
	if got := must[access.Passkey](t)(s.Passkey(ctx, "k1")); got.Name != "key" || got.Count != 7 || !got.SeenAt.Equal(now) || !got.ClonedAt.Equal(now) {
		t.Errorf("got %+v", got)
	}
	no := errors.New("no")
	if _, err := s.ChangePasskey(ctx, "pk-a", "k1", func(p *access.Passkey) error { p.Name = "not kept"; return no }); !errors.Is(err, no) || must[access.Passkey](t)(s.Passkey(ctx, "k1")).Name != "key" {
		t.Errorf("got %v", err)
	}
	wantCode(t, s.DeletePasskey(ctx, "pk-b", "k1"), gnista.NotFound)
	if err := s.DeletePasskey(ctx, "pk-a", "k1"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"pk-a", "pk-b"} { // which takes the others
		if err := s.DeleteUser(ctx, id, func(access.User, []access.User) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.Passkey(ctx, "k2")
	wantCode(t, err, gnista.NotFound)
}
