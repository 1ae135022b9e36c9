package main

import (
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/commission"
	"gnista/sim"
)

// checked runs a check of a simulated station to its end.
func (b *bubble) checked(s *sim.Station, change func(*commission.Options)) commission.Check {
	b.t.Helper()
	o, err := b.checks.Defaults(b.t.Context(), s.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	if change != nil {
		change(&o)
	}
	c, err := b.checks.Start(b.t.Context(), s.ID, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.ended(c.ID)
}

// ended waits for the end of a check.
func (b *bubble) ended(id string) commission.Check {
	b.t.Helper()
	for range 1000 {
		c, err := b.db.Check(b.t.Context(), id)
		if err != nil {
			b.t.Fatal(err)
		}
		if c.State != commission.Running {
			return c
		}
		time.Sleep(5 * time.Second)
	}
	b.t.Fatal("the check does not end")
	return commission.Check{}
}

func reported(t *testing.T, c commission.Check, l commission.Language) string {
	t.Helper()
	var text strings.Builder
	if err := c.Write(&text, l, time.UTC); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestCheckClean: a station that does everything right has no findings, and is left as it was.
func TestCheckClean(t *testing.T) {
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				s := b.serving("CLEAN", v)
				defer s.Close()
				c := b.checked(s, func(o *commission.Options) { o.Reservation, o.Log = true, true })
				t.Log(reported(t, c, commission.English))
				if !c.Good() || len(c.Quirks) > 0 {
					t.Errorf("a station without faults has some:\n%s", reported(t, c, commission.English))
				}
			})
		})
	}
}

var _ = gnista.V16
