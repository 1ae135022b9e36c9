package charging_test

import (
	"testing"
	"time"

	"gnista"
	"gnista/charging"
)

// A change of limits is told once, in the first answer, and again to who asks again; not what the station
// keeps to already. That it tells of the time before, as of when it was offline, asks for nothing new.
// (OCPP 2.1 E16.FR.02, E16.FR.08, E16.FR.18)
func TestLimitsAreToldOnce(t *testing.T) {
	s := newSystem(t)
	event := func(kind charging.Kind, seq int, own *charging.Limits) *charging.Limits {
		t.Helper()
		ev := charging.Event{Kind: kind, Version: gnista.V21, Ref: "a", Seq: seq, At: s.now, EVSE: gnista.EVSE{ID: 1}, RemoteID: 9, Limits: own}
		out, err := s.Record(t.Context(), "CS1", ev)
		if err != nil {
			t.Fatal(err)
		}
		return out.Limits
	}
	want := func(got *charging.Limits, want charging.Limits) {
		t.Helper()
		if got == nil && !want.Empty() || got != nil && *got != want {
			t.Errorf("told %+v, want %+v", got, want)
		}
	}
	limits := charging.Limits{EnergyWh: 5000, Seconds: 600}
	if err := s.Store.Change(t.Context(), "CS1", func(tx charging.Tx) error { return tx.SaveStartLimits("CS1", 9, limits, s.now) }); err != nil {
		t.Fatal(err)
	}
	want(event(charging.Started, 0, nil), limits)
	s.now = s.now.Add(time.Minute)
	want(event(charging.Updated, 5, nil), charging.Limits{})
	want(event(charging.Updated, 1, &limits), charging.Limits{})
	want(event(charging.Updated, 2, &charging.Limits{EnergyWh: 1000}), charging.Limits{})
	if err := s.Store.Change(t.Context(), "CS1", func(tx charging.Tx) error {
		x, err := tx.ByRef("CS1", "a")
		if err != nil {
			return err
		}
		x.Limiting.Wanted, x.Limiting.Due = charging.Limits{EnergyWh: 2000, Seconds: 900, SoC: 80}, true
		return tx.Save(x, nil)
	}); err != nil {
		t.Fatal(err)
	}
	changed := charging.Limits{SoC: 80} // the station's own are lower
	want(event(charging.Updated, 3, nil), changed)
	want(event(charging.Updated, 3, nil), changed) // a repeat
	want(event(charging.Updated, 4, nil), charging.Limits{})
}
