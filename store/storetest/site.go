package storetest

import (
	"reflect"
	"testing"
	"time"

	"gnista"
	"gnista/station"
)

func (s suite) sites(t *testing.T) {
	ctx := t.Context()
	_, err := s.Site(ctx, "none")
	wantCode(t, err, gnista.NotFound)
	x := station.Site{ID: "site-b", Name: "Västra hamnen", Zone: "Europe/Stockholm", Tariff: "t", CreatedAt: now, UpdatedAt: now}
	for _, id := range []string{"site-a", "site-b", "site-c"} {
		x.ID = id
		if err := s.CreateSite(ctx, x); err != nil {
			t.Fatal(err)
		}
	}
	x.ID = "site-b"
	if got := must[station.Site](t)(s.Site(ctx, "site-b")); !reflect.DeepEqual(got, x) {
		t.Errorf("got %+v, want %+v", got, x)
	}
	if list := must[[]station.Site](t)(s.Sites(ctx, "site-a", 1)); len(list) != 1 || list[0].ID != "site-b" {
		t.Errorf("got %+v", list)
	}
	x.Name, x.Zone, x.Tariff, x.UpdatedAt = "Östra", "Europe/Helsinki", "", now.Add(time.Second)
	made := must[station.Site](t)(s.UpdateSite(ctx, "site-b", func(have *station.Site) error { *have = x; return nil }))
	if got := must[station.Site](t)(s.Site(ctx, "site-b")); !reflect.DeepEqual(got, x) || !reflect.DeepEqual(made, x) {
		t.Errorf("got %+v and %+v, want %+v", got, made, x)
	}
	_, err = s.UpdateSite(ctx, "none", func(*station.Site) error { return nil })
	wantCode(t, err, gnista.NotFound)

	give := func(site string) error {
		_, err := s.ChangeStation(ctx, "sited", true, func(x *station.Station) ([]gnista.Event, error) { x.Site = site; return nil, nil })
		return err
	}
	wantCode(t, give("none"), gnista.Invalid)
	zone := func(want string) {
		t.Helper()
		if got := must[string](t)(s.StationZone(ctx, "sited")); got != want {
			t.Errorf("the zone is %q, want %q", got, want)
		}
	}
	zone("") // there is no such station
	if err := give("site-b"); err != nil {
		t.Fatal(err)
	}
	zone("Europe/Helsinki")
	wantCode(t, s.DeleteSite(ctx, "site-b"), gnista.Conflict)
	if err := give(""); err != nil {
		t.Fatal(err)
	}
	zone("")
	if err := s.DeleteSite(ctx, "site-b"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.DeleteSite(ctx, "site-b"), gnista.NotFound)
	wantCode(t, give("site-b"), gnista.Invalid)
}
