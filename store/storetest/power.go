package storetest

import (
	"errors"
	"fmt"
	"testing"

	"gnista"
	"gnista/power"
)

func (s suite) power(t *testing.T) {
	ctx := t.Context()
	_, err := s.PowerEntry(ctx, "POW", "profile", "1")
	wantCode(t, err, gnista.NotFound)
	entry := func(id, kind, key, data string) power.Entry {
		return power.Entry{ID: id, Station: "POW", Kind: kind, Key: key, UpdatedAt: now, Data: []byte(data)}
	}
	save := func(keep int, list ...power.Entry) {
		t.Helper()
		if err := s.ChangePower(ctx, "POW", func(tx power.Tx) error {
			for _, e := range list {
				if err := tx.Save(e, keep, gnista.Event{At: now, Kind: "power.test", Station: "POW", Subject: e.ID}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	keys := func(kind string) (out string) {
		t.Helper()
		for _, e := range must[[]power.Entry](t)(s.PowerEntries(ctx, "POW", kind, "", 100)) {
			out += e.Key + " "
		}
		return out
	}
	before := must[int64](t)(s.LastEvent(ctx))
	a := entry("p1", "profile", "-5", `{"é":"\u0001"}`)
	save(10, a, entry("p2", "profile", "7", `{}`), entry("p1", "limit", "7", `[]`))
	if got := must[power.Entry](t)(s.PowerEntry(ctx, "POW", "profile", "-5")); fmt.Sprint(got) != fmt.Sprint(a) {
		t.Errorf("got %+v, want %+v", got, a)
	}
	if after := must[int64](t)(s.LastEvent(ctx)); after != before+3 {
		t.Errorf("%d events", after-before)
	}
	// The same key again, with another id.
	save(10, entry("p3", "profile", "-5", `{"n":2}`))
	if got := keys("profile"); got != "-5 7 " {
		t.Errorf("got %q", got)
	}
	if list := must[[]power.Entry](t)(s.PowerEntries(ctx, "POW", "profile", "p3", 10)); len(list) != 1 || list[0].ID != "p2" {
		t.Errorf("behind p3: %+v", list)
	}
	// The oldest are forgotten, of the kind only.
	save(2, entry("p4", "profile", "8", `{}`))
	if got := keys("profile") + "|" + keys("limit"); got != "8 -5 |7 " {
		t.Errorf("got %q", got)
	}
	// A change that fails leaves nothing.
	failed := errors.New("no")
	err = s.ChangePower(ctx, "POW", func(tx power.Tx) error {
		if e, err := tx.Entry("profile", "8"); err != nil || e == nil || e.ID != "p4" {
			t.Errorf("got %+v, %v", e, err)
		}
		if e, err := tx.Entry("profile", "none"); err != nil || e != nil {
			t.Errorf("got %+v, %v", e, err)
		}
		if err := tx.Forget("profile", "8"); err != nil {
			return err
		}
		if list, err := tx.Entries("profile"); err != nil || len(list) != 1 {
			t.Errorf("got %+v, %v", list, err)
		}
		return failed
	})
	if !errors.Is(err, failed) || keys("profile") != "8 -5 " {
		t.Errorf("got %v, and %q", err, keys("profile"))
	}
}
