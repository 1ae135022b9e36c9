package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/power"
	"gnista/power/site"
	"gnista/station"
)

func (s suite) sitePower(t *testing.T) {
	ctx := t.Context()
	for _, id := range []string{"sp-a", "sp-b"} {
		if err := s.CreateSite(ctx, station.Site{ID: id, Name: id, CreatedAt: now, UpdatedAt: now}); err != nil {
			t.Fatal(err)
		}
	}
	for id, at := range map[gnista.StationID]string{"SP1": "sp-a", "SP2": "sp-a", "SP3": "sp-b"} {
		if _, err := s.ChangeStation(ctx, id, true, func(x *station.Station) ([]gnista.Event, error) { x.Site = at; return nil, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[[]gnista.StationID](t)(s.StationsAt(ctx, "sp-a")); fmt.Sprint(got) != "[SP1 SP2]" {
		t.Errorf("the site has %v", got)
	}
	if got := must[[]gnista.StationID](t)(s.StationsAt(ctx, "")); len(got) != 0 {
		t.Errorf("no site has %v", got)
	}

	// The tree, changed only by who has seen it.
	_, err := s.SiteLimits(ctx, "sp-a")
	wantCode(t, err, gnista.NotFound)
	amps := power.Milli(63000)
	g := site.Grid{Mode: site.Watch, Nodes: []site.Node{{ID: "main", Breaker: &amps}}, EVSEs: []site.Bay{}, UpdatedAt: now}
	ev := gnista.Event{At: now, Kind: "site.test", Subject: "sp-a"}
	wantCode(t, s.SetSiteLimits(ctx, "none", g, time.Time{}, ev), gnista.NotFound)
	wantCode(t, s.SetSiteLimits(ctx, "sp-a", g, now, ev), gnista.Conflict)
	before := must[int64](t)(s.LastEvent(ctx))
	if err := s.SetSiteLimits(ctx, "sp-a", g, time.Time{}, ev); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.SetSiteLimits(ctx, "sp-a", g, time.Time{}, ev), gnista.Conflict)
	if got := must[site.Grid](t)(s.SiteLimits(ctx, "sp-a")); !reflect.DeepEqual(got, g) {
		t.Errorf("got %+v, want %+v", got, g)
	}
	g.Mode, g.UpdatedAt = site.On, now.Add(time.Second)
	if err := s.SetSiteLimits(ctx, "sp-a", g, now, ev); err != nil {
		t.Fatal(err)
	}
	if after := must[int64](t)(s.LastEvent(ctx)); after != before+2 {
		t.Errorf("%d events", after-before)
	}
	if got := must[[]string](t)(s.LimitedSites(ctx, "sp-", 10)); fmt.Sprint(got) != "[sp-a]" {
		t.Errorf("limited are %v", got)
	}

	// What is there.
	if err := s.Change(ctx, "SP1", func(tx charging.Tx) error {
		return tx.Save(&charging.Transaction{ID: "sp-t1", Station: "SP1", Version: gnista.V21, Ref: "r", EVSE: gnista.EVSE{ID: 2, Connector: 1}, State: charging.Active, Activity: charging.Charging, PowerW: 11000, StartedAt: now, UpdatedAt: now}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	if got := must[[]site.Car](t)(s.SiteCars(ctx, "sp-a")); len(got) != 1 || got[0] != (site.Car{ID: "sp-t1", Station: "SP1", EVSE: 2, Activity: "charging", PowerW: 11000, StartedAt: now, UpdatedAt: now}) {
		t.Errorf("there are %+v", got)
	}
	if got := must[[]site.Car](t)(s.SiteCars(ctx, "sp-b")); len(got) != 0 {
		t.Errorf("there are %+v", got)
	}
	for _, key := range []string{"1", "2000000005", "2147483000", "200000000", "2000000x05"} {
		if err := s.ChangePower(ctx, "SP1", func(tx power.Tx) error {
			return tx.Save(power.Entry{ID: "sp" + key, Station: "SP1", Kind: "profile", Key: key, UpdatedAt: now, Data: []byte(`{}`)}, 100)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[[]power.Entry](t)(s.SiteProfiles(ctx, "sp-a")); len(got) != 2 {
		t.Errorf("profiles: %+v", got)
	}

	// What is remembered.
	if got := must[[]byte](t)(s.SiteMemory(ctx, "sp-a")); got != nil {
		t.Errorf("got %s", got)
	}
	spot := site.Spot{Station: "SP1", EVSE: 2, Tx: "sp-t1", Told: 16000, ToldAt: now, Until: now.Add(time.Hour), Safe: site.Verified, SafeA: 6000}
	keep := func(k site.Kept) {
		t.Helper()
		if err := s.KeepSite(ctx, "sp-a", k); err != nil {
			t.Fatal(err)
		}
	}
	keep(site.Kept{Spots: []site.Spot{spot, {Station: "SP2", EVSE: 1}}, Memory: []byte(`{"a":1}`), Moment: &site.Moment{ID: "m1", At: now}, Most: 2, Events: []gnista.Event{ev}})
	spot.Told = 10000
	for _, id := range []string{"m2", "m3"} {
		keep(site.Kept{Spots: []site.Spot{spot}, Gone: []site.Spot{{Station: "SP2", EVSE: 1}}, Moment: &site.Moment{ID: id, At: now}, Most: 2})
	}
	if got := must[[]site.Spot](t)(s.SiteSpots(ctx, "sp-a")); len(got) != 1 || !reflect.DeepEqual(got[0], spot) {
		t.Errorf("got %+v, want %+v", got, spot)
	}
	if got := must[[]byte](t)(s.SiteMemory(ctx, "sp-a")); string(got) != `{"a":1}` {
		t.Errorf("got %s", got)
	}
	moments := must[[]site.Moment](t)(s.SiteMoments(ctx, "sp-a", "", 10))
	if len(moments) != 2 || moments[0].ID != "m3" || !moments[0].At.Equal(now) {
		t.Errorf("got %+v", moments)
	}
	if got := must[[]site.Moment](t)(s.SiteMoments(ctx, "sp-a", "m3", 10)); len(got) != 1 || got[0].ID != "m2" {
		t.Errorf("behind m3 are %+v", got)
	}

	// What is deleted leaves nothing.
	if err := s.DeleteStation(ctx, "SP1"); err != nil {
		t.Fatal(err)
	}
	if got := must[[]site.Spot](t)(s.SiteSpots(ctx, "sp-a")); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	if err := s.DeleteStation(ctx, "SP2"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteSite(ctx, "sp-a"); err != nil {
		t.Fatal(err)
	}
	_, err = s.SiteLimits(ctx, "sp-a")
	wantCode(t, err, gnista.NotFound)
}
