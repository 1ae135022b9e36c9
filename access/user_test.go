package access_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gnista"
	"gnista/access"
	"gnista/store/storetest"
)

type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time      { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) add(d time.Duration) { c.ms.Add(d.Milliseconds()) }
func wantCode(t *testing.T, err error, code gnista.Code) {
	t.Helper()
	if err == nil || gnista.CodeOf(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func people(t *testing.T) (*access.People, *clock) {
	db := storetest.Open(t)
	c := &clock{}
	c.ms.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	var n atomic.Int64
	return access.NewPeople(db, db, c.now, func() string { return fmt.Sprintf("u%d", n.Add(1)) }), c
}

const secret = "correct horse battery"

func TestUsers(t *testing.T) {
	p, _ := people(t)
	ctx := t.Context()
	for field, u := range map[string]access.User{
		"email":    {Email: "nobody", Name: "N"},
		"name":     {Email: "a@example.com"},
		"language": {Email: "a@example.com", Name: "N", Language: "de"},
		"grants":   {Email: "a@example.com", Name: "N", Grants: []access.Grant{{Role: "king"}}},
	} {
		if field != "grants" {
			u.Grants = []access.Grant{{Role: access.Viewer}}
		}
		_, err := p.Create(ctx, u, "")
		wantCode(t, err, gnista.Invalid)
		if !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, weak := range []string{"", "short", "aaaaaaaaaaaaaaaaaaaa", strings.Repeat("abcdefgh", 40)} {
		_, err := p.CreateFirst(ctx, access.User{Email: "a@example.com", Name: "A"}, weak)
		wantCode(t, err, gnista.Invalid)
	}
	a, err := p.CreateFirst(ctx, access.User{Email: " A@Example.com ", Name: "A"}, secret)
	if err != nil || a.Email != "a@example.com" || !a.Actor().Can(access.Change, access.Users, "") || strings.Contains(string(a.Password), secret) {
		t.Fatalf("got %+v, %v", a, err)
	}
	_, err = p.CreateFirst(ctx, access.User{Email: "b@example.com", Name: "B"}, secret)
	wantCode(t, err, gnista.Conflict)

	demote := func(u *access.User) { u.Grants = []access.Grant{{Role: access.Viewer}} }
	_, err = p.Edit(ctx, a.ID, demote)
	wantCode(t, err, gnista.Conflict) // the last one
	wantCode(t, p.Delete(ctx, a.ID), gnista.Conflict)
	b, err := p.Create(ctx, access.User{Email: "b@example.com", Name: "B", Grants: []access.Grant{{Role: access.Admin}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.Edit(ctx, a.ID, demote); err != nil || got.Password != a.Password || got.Grants[0].Role != access.Viewer {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = p.Edit(ctx, b.ID, func(u *access.User) { u.Disabled = true })
	wantCode(t, err, gnista.Conflict)
}

func TestSessions(t *testing.T) {
	p, c := people(t)
	ctx := t.Context()
	u, err := p.CreateFirst(ctx, access.User{Email: "a@example.com", Name: "A"}, secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Create(ctx, access.User{Email: "b@example.com", Name: "B", Grants: []access.Grant{{Role: access.Admin}}}, ""); err != nil {
		t.Fatal(err)
	}
	for email, password := range map[string]string{"a@example.com": secret + "!", "nobody@example.com": secret, "b@example.com": "", "": ""} {
		_, err := p.Prove(ctx, email, password)
		wantCode(t, err, gnista.NotFound)
	}
	if got, err := p.Prove(ctx, "a@example.com", secret); err != nil || got.ID != u.ID {
		t.Fatalf("got %+v, %v", got, err)
	}
	in := func() string {
		t.Helper()
		s, err := p.SignIn(ctx, u, "password", "::1", strings.Repeat("å", 1000))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	who := func(s string) error { _, _, err := p.Who(context.Background(), s, "::2"); return err }
	one, two := in(), in()
	if one == two || who(one) != nil || who(two) != nil {
		t.Error("sessions are not told apart")
	}
	wantCode(t, who(""), gnista.NotFound)
	wantCode(t, who(access.SessionID(one)), gnista.NotFound) // what is kept is not what is shown
	if err := p.SetPassword(ctx, u.ID, "another long password", access.SessionID(two)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, who(one), gnista.NotFound)
	c.add(access.SessionIdle - time.Minute)
	if err := who(two); err != nil { // which counts as using it
		t.Error(err)
	}
	c.add(access.SessionIdle - time.Minute)
	if err := who(two); err != nil {
		t.Error(err)
	}
	c.add(access.SessionIdle + time.Minute)
	wantCode(t, who(two), gnista.NotFound)
	three := in()
	for range 29 {
		c.add(24 * time.Hour)
		if err := who(three); err != nil {
			t.Fatal(err)
		}
	}
	c.add(25 * time.Hour)
	wantCode(t, who(three), gnista.NotFound) // however much it was used
	four := in()
	if err := p.Sweep(ctx); err != nil || who(four) != nil {
		t.Errorf("%v, %v", err, who(four))
	}
	if _, err := p.Edit(ctx, u.ID, func(u *access.User) { u.Disabled = true }); err != nil {
		t.Fatal(err)
	}
	wantCode(t, who(four), gnista.NotFound)
	if _, err := p.SignIn(ctx, u, "password", "", ""); err != nil {
		t.Fatal(err) // what was read before: Prove refuses
	}
	_, err = p.Prove(ctx, "a@example.com", "another long password")
	wantCode(t, err, gnista.NotFound)
}

// forged is a log with one line that is another.
type forged struct {
	access.AuditStore
	change func(*access.Entry) (drop bool)
}

func (f forged) EachAuditEntry(ctx context.Context, after int64, each func(access.Entry) error) error {
	return f.AuditStore.EachAuditEntry(ctx, after, func(e access.Entry) error {
		if f.change(&e) {
			return nil
		}
		return each(e)
	})
}

func TestCheck(t *testing.T) {
	db := storetest.Open(t)
	ctx := t.Context()
	for i := range 700 { // more than one page
		if _, err := db.AddAuditEntry(ctx, access.Entry{At: time.UnixMilli(int64(i + 1)), Name: "A", Action: "x", Reason: fmt.Sprint(i), Stage: access.Asked}); err != nil {
			t.Fatal(err)
		}
	}
	if lines, _, err := access.Check(ctx, db); err != nil || lines != 700 {
		t.Errorf("%d, %v", lines, err)
	}
	for name, change := range map[string]func(*access.Entry) bool{
		"another reason": func(e *access.Entry) bool {
			if e.Seq == 400 {
				e.Reason = "other"
			}
			return false
		},
		"another hash": func(e *access.Entry) bool {
			if e.Seq == 400 {
				e.Reason = "other"
				e.Hash = e.Sum("")
			}
			return false
		},
		"a missing line": func(e *access.Entry) bool { return e.Seq == 400 },
		"the first line": func(e *access.Entry) bool { return e.Seq == 1 },
	} {
		_, _, err := access.Check(ctx, forged{db, change})
		if err == nil {
			t.Errorf("%s is not found", name)
		}
	}
}
