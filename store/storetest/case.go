package storetest

import (
	"testing"

	"gnista"
	"gnista/fault/driver"
	"gnista/station"
)

func (s suite) attemptCases(t *testing.T) {
	ctx := t.Context()
	a, b := driver.Subject{Kind: driver.OfCheckout, ID: "x"}, driver.Subject{Kind: driver.OfTransaction, ID: "x"}
	one := must[int](t)(s.CaseOf(ctx, a))
	two := must[int](t)(s.CaseOf(ctx, b))
	if again := must[int](t)(s.CaseOf(ctx, a)); one == two || again != one || one <= 10_000 {
		t.Errorf("got %d, %d, %d", one, two, again)
	}
	if got := must[driver.Subject](t)(s.FindCase(ctx, two)); got != b {
		t.Errorf("got %+v", got)
	}
	_, err := s.FindCase(ctx, one+1000)
	wantCode(t, err, gnista.NotFound)
}

func (s suite) freeOutlets(t *testing.T) {
	ctx := t.Context()
	put := func(id gnista.StationID, site string, state station.State, statuses ...station.Status) {
		t.Helper()
		if _, err := s.ChangeStation(ctx, id, true, func(x *station.Station) ([]gnista.Event, error) {
			x.State, x.Site = state, site
			return nil, nil
		}); err != nil {
			t.Fatal(err)
		}
		for i, status := range statuses {
			c := station.Connector{EVSE: gnista.EVSE{ID: i, Connector: 1}, Status: status, At: now}
			if err := s.SetConnector(ctx, id, c, 10, gnista.Event{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.CreateSite(ctx, station.Site{ID: "near", Name: "Near", CreatedAt: now, UpdatedAt: now}); err != nil {
		t.Fatal(err)
	}
	put("near-a", "near", station.Accepted, station.Available, station.Faulted, station.Available)
	put("near-b", "near", station.Accepted, station.Available, station.Available)
	put("near-c", "near", station.Rejected, station.Available, station.Available)
	put("alone-a", "", station.Accepted, station.Available, station.Available)
	put("alone-b", "", station.Accepted, station.Available, station.Available)
	for near, want := range map[gnista.StationID][]driver.Outlet{
		"near-b":  {{Station: "near-b", EVSE: 1}, {Station: "near-a", EVSE: 2}},
		"alone-a": {{Station: "alone-a", EVSE: 1}},
		"nobody":  nil,
	} {
		got := must[[]driver.Outlet](t)(s.FreeOutlets(ctx, near, 10))
		if len(got) != len(want) {
			t.Errorf("near %s: %+v", near, got)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("near %s: %+v", near, got)
			}
		}
	}
	if got := must[[]driver.Outlet](t)(s.FreeOutlets(ctx, "near-a", 1)); len(got) != 1 || got[0].Station != "near-a" {
		t.Errorf("got %+v", got)
	}
}
