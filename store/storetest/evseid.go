package storetest

import (
	"testing"

	"gnista"
	"gnista/station"
)

func (s suite) evseIDs(t *testing.T) {
	ctx := t.Context()
	must[station.Station](t)(s.ChangeStation(ctx, "named", true, func(*station.Station) ([]gnista.Event, error) { return nil, nil }))
	called := func(evse int, want station.EVSEID) {
		t.Helper()
		if got := must[station.EVSEID](t)(s.EVSEID(ctx, "named", evse)); got != want {
			t.Errorf("EVSE %d is called %q, want %q", evse, got, want)
		}
	}
	found := func(name station.EVSEID, want int) {
		t.Helper()
		if id, evse, err := s.FindEVSE(ctx, name); err != nil || id != "named" || evse != want {
			t.Errorf("%s is EVSE %d of %q (%v)", name, evse, id, err)
		}
	}
	set := func(evse int, name station.EVSEID) {
		t.Helper()
		if err := s.SetEVSEID(ctx, "named", evse, name); err != nil {
			t.Fatal(err)
		}
	}
	called(1, "")
	set(1, "SE*ABC*E12*3")
	set(2, "SE*ABC*E2")
	called(1, "SE*ABC*E12*3")
	found("SE*ABC*E1*23", 1)
	found("SE*ABC*E2", 2)
	wantCode(t, s.SetEVSEID(ctx, "named", 2, "SE*ABC*E123"), gnista.Conflict)
	wantCode(t, s.SetEVSEID(ctx, "other", 1, "SE*ABC*E123"), gnista.Conflict)
	set(1, "SE*ABC*E123") // written in another way
	called(1, "SE*ABC*E123")
	set(2, "")
	set(2, "")
	called(2, "")
	_, _, err := s.FindEVSE(ctx, "SE*ABC*E2")
	wantCode(t, err, gnista.NotFound)
	if err := s.DeleteStation(ctx, "named"); err != nil {
		t.Fatal(err)
	}
	called(1, "")
	if err := s.SetEVSEID(ctx, "other", 1, "SE*ABC*E123"); err != nil { // it is free again
		t.Error(err)
	}
}
