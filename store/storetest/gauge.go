package storetest

import (
	"testing"

	"gnista"
	"gnista/store"
)

// gauges are what is told of the database to whoever watches the system.
func (s suite) gauges(t *testing.T) {
	ctx := t.Context()
	if err := s.BeginConsuming(ctx, "gauged"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.Tell(ctx, gnista.Event{At: now, Kind: "gauge.test"}); err != nil {
			t.Fatal(err)
		}
	}
	g := must[store.Gauges](t)(s.Gauges(ctx))
	open := 0
	for _, n := range g.Faults {
		open += n
	}
	if g.Behind["gauged"] != 3 || open == 0 || g.Active == 0 {
		t.Errorf("got %+v; there are faults and transactions of other tests", g)
	}
	if n := s.Waiting(); n != 0 {
		t.Errorf("%d changes wait", n)
	}
	has, known, err := s.Schema(ctx)
	if newest := must[int64](t)(store.KnownSchema()); err != nil || has != known || known != newest || known < 45 {
		t.Errorf("schema %d of %d, %v", has, known, err)
	}
	if at, err := s.LastEventAt(ctx); err != nil || !at.Equal(now) {
		t.Errorf("the last event was %v, %v", at, err)
	}
	if err := s.Proves(ctx); err != nil {
		t.Error(err)
	}
}
