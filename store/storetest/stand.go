package storetest

import (
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/station"
	"gnista/tariff"
)

// stands are outlets with a code: what is told of all at once is what each is told to be.
func (s suite) stands(t *testing.T) {
	ctx := t.Context()
	s.priced(t, "stand-site", now)
	s.priced(t, "stand-evse", now)
	if err := s.CreateSite(ctx, station.Site{ID: "stand-place", Name: "Harbour", Tariff: "stand-site", Position: station.Degrees{North: 63_825_000, East: 20_263_000}}); err != nil {
		t.Fatal(err)
	}
	put := func(id gnista.StationID, site string, evses ...int) {
		t.Helper()
		must[station.Station](t)(s.ChangeStation(ctx, id, true, func(x *station.Station) ([]gnista.Event, error) {
			x.Name, x.State, x.Site = "Name of "+string(id), station.Accepted, site
			return nil, nil
		}))
		for _, evse := range evses {
			for connector := range min(evse, 1) + 1 {
				c := station.Connector{EVSE: gnista.EVSE{ID: evse, Connector: connector}, Status: station.Available, At: now}
				if err := s.SetConnector(ctx, id, c, 10, gnista.Event{}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	code := func(id gnista.StationID, evse int) {
		t.Helper()
		text := string(id) + string(rune('0'+evse))
		must[checkout.Code](t)(s.PutPayCode(ctx, checkout.Code{ID: text, Code: text, Station: id, EVSE: evse, CreatedAt: now}, true))
	}
	put("stand-1", "stand-place", 0, 1, 2)
	put("stand-2", "", 1, 2)
	put("stand-3", "", 1)
	for _, evse := range []int{1, 2, 3} { // it has not told of the third
		code("stand-1", evse)
	}
	code("stand-2", 1)
	code("stand-2", 2)
	code("stand-3", 1)
	code("stand-none", 1)
	if err := s.RevokePayCode(ctx, "stand-3", 1, now); err != nil {
		t.Fatal(err)
	}
	if err := s.SetEVSETariff(ctx, "stand-1", 2, "stand-evse"); err != nil {
		t.Fatal(err)
	}
	for i, state := range []checkout.State{checkout.Paying, checkout.Failed} {
		id := "stand-co" + string(state)
		c := checkout.Checkout{ID: id, Key: id, Station: "stand-2", EVSE: i + 1, State: state, PayBy: now.Add(time.Hour), CreatedAt: now, Payment: id}
		c.Token.UID = id
		if err := s.CreateCheckout(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	for i, allowed := range []bool{true, false} {
		x := &charging.Transaction{
			ID: "stand-t" + string(rune('1'+i)), Station: "stand-1", Version: gnista.V201, Ref: string(rune('1' + i)), EVSE: gnista.EVSE{ID: i + 1}, Authorised: allowed, State: charging.Active, StartedAt: now, UpdatedAt: now,
		}
		if err := s.Change(ctx, "stand-1", func(tx charging.Tx) error { return tx.Save(x, nil) }); err != nil {
			t.Fatal(err)
		}
	}

	var list []checkout.Stand
	for _, x := range must[[]checkout.Stand](t)(s.Stands(ctx, now, 100)) {
		if len(x.Station) > 6 && x.Station[:6] == "stand-" {
			list = append(list, x)
		}
		a, err := s.InForce(ctx, tariff.Case{Station: x.Station, EVSE: x.EVSE, At: now})
		if err != nil && gnista.CodeOf(err) != gnista.NotFound || a.ID != x.Tariff {
			t.Errorf("%s %d costs by %q, want %q (%v)", x.Station, x.EVSE, x.Tariff, a.ID, err)
		}
	}
	if len(list) != 5 {
		t.Fatalf("got %+v", list)
	}
	for i, want := range []struct {
		station    gnista.StationID
		evse       int
		site       string
		connectors int
		taken      checkout.State
		charging   bool
	}{{"stand-1", 1, "Harbour", 3, "", true}, {"stand-1", 2, "Harbour", 3, "", false}, {"stand-1", 3, "Harbour", 1, "", false}, {"stand-2", 1, "", 2, checkout.Paying, false}, {"stand-2", 2, "", 2, "", false}} {
		x := list[i]
		var taken checkout.State
		if x.Taken != nil {
			if taken = x.Taken.State; !x.Taken.PayBy.Equal(now.Add(time.Hour)) {
				t.Errorf("it is to be paid by %v", x.Taken.PayBy)
			}
		}
		if x.Station != want.station || x.EVSE != want.evse || x.Site.Name != want.site || len(x.Connectors) != want.connectors || taken != want.taken || x.Charging != want.charging ||
			x.Name != "Name of "+string(x.Station) || x.State != station.Accepted || x.Connectors[0].Status != station.Available {
			t.Errorf("got %+v, want %+v", x, want)
		}
	}
	if p := list[0].Site.Position; p.North != 63_825_000 || p.East != 20_263_000 {
		t.Errorf("the site is at %+v", p)
	}
	if list[0].Tariff != "stand-site1" || list[1].Tariff != "stand-evse1" {
		t.Errorf("they cost by %s and %s", list[0].Tariff, list[1].Tariff)
	}
	if got := must[[]checkout.Stand](t)(s.Stands(ctx, now, 0)); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	for _, id := range []string{"stand-1 1", "stand-1 2", "stand-1 3", "stand-2 1", "stand-2 2", "stand-none 1"} { // others count codes
		n := len(id) - 2
		if err := s.RevokePayCode(ctx, gnista.StationID(id[:n]), int(id[n+1]-'0'), now); err != nil {
			t.Fatal(err)
		}
	}
}
