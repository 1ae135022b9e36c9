package storetest

import (
	"reflect"
	"testing"
	"time"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/charging"
	"gnista/station"
	"gnista/tariff"
	"gnista/token"
)

func (s suite) tariffs(t *testing.T) {
	ctx := t.Context()
	_, err := s.InForce(ctx, tariff.Case{Station: "any", At: now})
	wantCode(t, err, gnista.NotFound)
	elements := []tariff.Element{{Dimension: tariff.Energy, Price: "4.95", VAT: "25"}, {Dimension: tariff.Idle, Price: "1", VAT: "25", Grace: time.Minute}}
	create := func(id string, standard bool) {
		t.Helper()
		v := tariff.Version{ID: id + "1", Tariff: id, Number: 1, Elements: elements, CreatedAt: now}
		if err := s.CreateTariff(ctx, tariff.Tariff{ID: id, Name: "n", Currency: "SEK", Default: standard, CreatedAt: now, Versions: []tariff.Version{v}}); err != nil {
			t.Fatal(err)
		}
	}
	create("a", true)
	create("b", true)
	create("c", false)
	v := must[tariff.Version](t)(s.AddVersion(ctx, tariff.Version{ID: "b2", Tariff: "b", ValidFrom: now, Elements: elements[:1]}))
	if v.Number != 2 || v.Currency != "SEK" {
		t.Errorf("got %+v", v)
	}
	_, err = s.AddVersion(ctx, tariff.Version{ID: "x", Tariff: "none"})
	wantCode(t, err, gnista.NotFound)
	f := func(id gnista.StationID, at time.Time, want string) {
		t.Helper()
		if got := must[tariff.Assigned](t)(s.InForce(ctx, tariff.Case{Station: id, At: at})); got.ID != want {
			t.Errorf("on %s at %v: %s, want %s", id, at, got.ID, want)
		}
	}
	f("any", now.Add(-time.Second), "b1")
	f("any", now, "b2")
	must[station.Station](t)(s.ChangeStation(ctx, "tariffed", true, func(x *station.Station) ([]gnista.Event, error) { x.Tariff = "c"; return nil, nil }))
	f("tariffed", now, "c1")
	must[station.Station](t)(s.ChangeStation(ctx, "tariffed", true, func(x *station.Station) ([]gnista.Event, error) { x.Tariff = "gone"; return nil, nil }))
	f("tariffed", now, "b2")
	got := must[tariff.Tariff](t)(s.Tariff(ctx, "b"))
	if !got.Default || len(got.Versions) != 2 || got.Versions[0].ID != "b2" || len(got.Versions[1].Elements) != 2 || !reflect.DeepEqual(got.Versions[1].Elements[1], elements[1]) {
		t.Errorf("got %+v", got)
	}
	if got := must[tariff.Tariff](t)(s.Tariff(ctx, "a")); got.Default {
		t.Error("two tariffs are the default one")
	}
	if list := must[[]tariff.Tariff](t)(s.Tariffs(ctx, "a", 1)); len(list) != 1 || list[0].ID != "b" || len(list[0].Versions) != 2 {
		t.Errorf("got %+v", list)
	}
	_, err = s.TariffVersion(ctx, "none")
	wantCode(t, err, gnista.NotFound)
}

// priced makes a tariff with one version that is valid from a time on.
func (s suite) priced(t *testing.T, id string, from time.Time) {
	t.Helper()
	v := tariff.Version{
		ID: id + "1", Tariff: id, Number: 1, ValidFrom: from, Net: true, Min: "1", Max: "2.50", CreatedAt: now,
		Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "4.95", VAT: "25", Step: 100, When: tariff.Restriction{From: "08:00", Weekdays: []time.Weekday{time.Sunday}}}},
	}
	if err := s.CreateTariff(t.Context(), tariff.Tariff{ID: id, Name: id, Currency: "SEK", CreatedAt: now, Versions: []tariff.Version{v}}); err != nil {
		t.Fatal(err)
	}
	v.Currency = "SEK"
	if got := must[tariff.Version](t)(s.TariffVersion(t.Context(), v.ID)); !reflect.DeepEqual(got, v) {
		t.Errorf("got %+v, want %+v", got, v)
	}
}

// customerWith makes a customer that has a tariff, and an account of it.
func (s suite) customerWith(t *testing.T, id, tariff string) {
	t.Helper()
	ev := gnista.Event{At: now, Kind: "test"}
	if err := s.CreateCustomer(t.Context(), account.Customer{ID: id, Kind: account.Private, Name: id, Tariff: tariff, CreatedAt: now, UpdatedAt: now}, ev); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateAccount(t.Context(), account.Account{ID: id + "-account", Customer: id, Kind: account.Postpaid, Currency: "SEK", CreatedAt: now, UpdatedAt: now}, ev); err != nil {
		t.Fatal(err)
	}
}

// Each rule comes before those behind it, and is passed over where its tariff is not valid yet.
func (s suite) assignment(t *testing.T) {
	ctx := t.Context()
	for _, id := range []string{"as-token", "as-group", "as-customer", "as-evse", "as-station", "as-site"} {
		s.priced(t, id, now)
	}
	s.priced(t, "as-later", now.Add(time.Hour))
	if err := s.CreateSite(ctx, station.Site{ID: "as-place", Name: "n", Tariff: "as-site"}); err != nil {
		t.Fatal(err)
	}
	const at = gnista.StationID("assigned")
	give := func(site, tariff string) {
		t.Helper()
		must[station.Station](t)(s.ChangeStation(ctx, at, true, func(x *station.Station) ([]gnista.Event, error) { x.Site, x.Tariff = site, tariff; return nil, nil }))
	}
	c := tariff.Case{Station: at, EVSE: 2, TokenUID: "as:sign-ed", TokenType: "ISO14443", Group: "as-fleet", Account: "as-anna-account", At: now}
	f := func(rule tariff.Rule, version string) {
		t.Helper()
		if got := must[tariff.Assigned](t)(s.InForce(ctx, c)); got.Rule != rule || version != "" && got.ID != version || got.Currency != "SEK" {
			t.Errorf("got %s by %s, want %s by %s", got.ID, got.Rule, version, rule)
		}
		if got := s.inForce(t, c); version != "" && got != version {
			t.Errorf("a change finds %q, want %q", got, version)
		}
	}
	give("", "")
	f(tariff.OfAll, "")
	give("as-place", "")
	f(tariff.OfSite, "as-site1")
	give("as-place", "as-station")
	f(tariff.OfStation, "as-station1")
	if err := s.SetEVSETariff(ctx, at, 2, "as-station"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetEVSETariff(ctx, at, 2, "as-evse"); err != nil {
		t.Fatal(err)
	}
	if got := must[map[int]string](t)(s.EVSETariffs(ctx, at)); !reflect.DeepEqual(got, map[int]string{2: "as-evse"}) {
		t.Errorf("got %v", got)
	}
	f(tariff.OfEVSE, "as-evse1")
	s.customerWith(t, "as-anna", "as-customer")
	f(tariff.OfCustomer, "as-customer1")
	if err := s.SetGroupTariff(ctx, "as-fleet", "as-group", now); err != nil {
		t.Fatal(err)
	}
	f(tariff.OfGroup, "as-group1")
	if err := s.CreateToken(ctx, token.Token{ID: token.ID{UID: "AS SIGNED", Type: "ISO14443"}, Tariff: "as-token", CreatedAt: now}); err != nil {
		t.Fatal(err)
	}
	f(tariff.OfToken, "as-token1")
	update := func(id string) {
		t.Helper()
		k := must[token.Token](t)(s.UpdateToken(ctx, token.ID{UID: "ASSIGNED"}, func(k *token.Token) error { k.Tariff = id; return nil }))
		if got := must[token.Token](t)(s.Token(ctx, token.ID{UID: "ASSIGNED"})); got.Tariff != id || k.Tariff != id {
			t.Errorf("the token has %q", got.Tariff)
		}
	}
	update("as-later")
	f(tariff.OfGroup, "as-group1")
	c.At = now.Add(time.Hour)
	f(tariff.OfToken, "as-later1")
	update("")
	f(tariff.OfGroup, "as-group1")
	c.EVSE, c.Group, c.Account, c.TokenUID = 1, "", "", ""
	f(tariff.OfStation, "as-station1")
	if err := s.SetEVSETariff(ctx, at, 2, ""); err != nil {
		t.Fatal(err)
	}
	if got := must[map[int]string](t)(s.EVSETariffs(ctx, at)); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func (s suite) inForce(t *testing.T, c tariff.Case) (version string) {
	t.Helper()
	err := s.Change(t.Context(), c.Station, func(tx charging.Tx) (err error) {
		version, err = tx.InForce(charging.Case{
			Station: c.Station, EVSE: c.EVSE, Token: token.ID{UID: c.TokenUID, Type: token.Type(c.TokenType)}, Group: c.Group, Account: c.Account, At: c.At,
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// A tariff that is somebody's or was used stays.
func (s suite) tariffUse(t *testing.T) {
	ctx := t.Context()
	use := func(id string, with func()) {
		t.Helper()
		s.priced(t, id, time.Time{})
		with()
		wantCode(t, s.DeleteTariff(ctx, id, now), gnista.Conflict)
		if got := must[tariff.Tariff](t)(s.Tariff(ctx, id)); got.ID != id {
			t.Errorf("got %+v", got)
		}
	}
	must1 := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	use("use-token", func() {
		must1(s.CreateToken(ctx, token.Token{ID: token.ID{UID: "USES", Type: "ISO14443"}, Tariff: "use-token"}))
	})
	use("use-group", func() { must1(s.SetGroupTariff(ctx, "users", "use-group", now)) })
	use("use-customer", func() { s.customerWith(t, "use-bo", "use-customer") })
	use("use-evse", func() { must1(s.SetEVSETariff(ctx, "user", 1, "use-evse")) })
	use("use-station", func() {
		must[station.Station](t)(s.ChangeStation(ctx, "user", true, func(x *station.Station) ([]gnista.Event, error) { x.Tariff = "use-station"; return nil, nil }))
	})
	use("use-site", func() { must1(s.CreateSite(ctx, station.Site{ID: "use-place", Name: "n", Tariff: "use-site"})) })
	for id, want := range map[string]tariff.Use{
		"use-token": {Rule: tariff.OfToken, ID: "USES", Type: "ISO14443"}, "use-group": {Rule: tariff.OfGroup, ID: "users", Name: "users"}, "use-evse": {Rule: tariff.OfEVSE, ID: "user", EVSE: 1},
		"use-station": {Rule: tariff.OfStation, ID: "user"}, "use-site": {Rule: tariff.OfSite, ID: "use-place", Name: "n"},
	} {
		if list := must[[]tariff.Use](t)(s.Uses(ctx, id, 10)); len(list) != 1 || list[0] != want {
			t.Errorf("%s is of %+v, want %+v", id, list, want)
		}
	}
	if list := must[[]tariff.Use](t)(s.Uses(ctx, "use-customer", 10)); len(list) != 1 || list[0].Rule != tariff.OfCustomer || list[0].ID != "use-bo" {
		t.Errorf("use-customer is of %+v", list)
	}
	use("use-transaction", func() {
		must1(s.Change(ctx, "user", func(tx charging.Tx) error {
			return tx.Save(&charging.Transaction{ID: "use-x", Station: "user", Ref: "use-x", Tariff: "use-transaction1", StartedAt: now, SoC: -1}, nil)
		}))
	})
	use("use-record", func() {
		must[billing.Record](t)(s.Issue(ctx, billing.Record{ID: "use-r", Transaction: "use-none", Station: "user", TariffVersion: "use-record1", IssuedAt: now}, func(billing.Record) gnista.Event {
			return gnista.Event{At: now, Kind: "test"}
		}))
	})
	use("use-default", func() {
		must[tariff.Tariff](t)(s.UpdateTariff(ctx, "use-default", func(x *tariff.Tariff) error { x.Default = true; return nil }))
	})
	s.priced(t, "use-none", time.Time{})
	got := must[tariff.Tariff](t)(s.UpdateTariff(ctx, "use-none", func(x *tariff.Tariff) error { x.Name, x.Default = "another", true; return nil }))
	if got.Name != "another" || !got.Default || len(got.Versions) != 1 {
		t.Errorf("got %+v", got)
	}
	if was := must[tariff.Tariff](t)(s.Tariff(ctx, "use-default")); was.Default {
		t.Error("two tariffs are the default one")
	}
	must1(s.DeleteTariff(ctx, "use-default", now))
	wantCode(t, s.DeleteTariff(ctx, "use-default", now), gnista.NotFound)
	_, err := s.Tariff(ctx, "use-default")
	wantCode(t, err, gnista.NotFound)
	_, err = s.UpdateTariff(ctx, "use-default", func(*tariff.Tariff) error { return nil })
	wantCode(t, err, gnista.NotFound)
	_, err = s.AddVersion(ctx, tariff.Version{ID: "late", Tariff: "use-default"})
	wantCode(t, err, gnista.NotFound)
	if list := must[[]tariff.Tariff](t)(s.Tariffs(ctx, "use-d", 2)); len(list) != 2 || list[0].ID != "use-evse" || list[1].ID != "use-group" {
		t.Errorf("got %+v", list)
	}
	if got := must[tariff.Version](t)(s.TariffVersion(ctx, "use-default1")); got.ID != "use-default1" {
		t.Error("the version of a deleted tariff is gone")
	}
	// One that is deleted while it is given to a station holds nowhere.
	must[station.Station](t)(s.ChangeStation(ctx, "user", true, func(x *station.Station) ([]gnista.Event, error) { x.Tariff = "use-default"; return nil, nil }))
	if got := must[tariff.Assigned](t)(s.InForce(ctx, tariff.Case{Station: "user", At: now})); got.ID != "use-none1" {
		t.Errorf("got %+v", got)
	}
}

func (s suite) finished(t *testing.T) {
	ctx := t.Context()
	save := func(id string, station gnista.StationID, start, finish time.Time) {
		t.Helper()
		x := &charging.Transaction{ID: id, Station: station, Ref: id, State: charging.Ended, StartedAt: start, FinishedAt: finish, SoC: -1}
		if err := s.Change(ctx, station, func(tx charging.Tx) error { return tx.Save(x, nil) }); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	save("fin-c", "fin", at, at.Add(time.Hour))
	save("fin-a", "fin", at.Add(time.Minute), at.Add(time.Hour))
	save("fin-b", "fin", at.Add(time.Minute), at.Add(time.Hour))
	save("fin-other", "fin2", at.Add(time.Minute), at.Add(time.Hour))
	save("fin-open", "fin", at.Add(time.Minute), time.Time{})
	save("fin-late", "fin", at.Add(time.Hour), at.Add(time.Hour))
	f := func(x billing.Finished, want ...string) {
		t.Helper()
		var got []string
		for _, y := range must[[]charging.Transaction](t)(s.Finished(ctx, x)) {
			got = append(got, y.ID)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: got %v, want %v", x, got, want)
		}
	}
	until := at.Add(time.Hour)
	f(billing.Finished{Since: at, Until: until, Limit: 10}, "fin-c", "fin-a", "fin-b", "fin-other")
	f(billing.Finished{Station: "fin", Since: at, Until: until, Limit: 10}, "fin-c", "fin-a", "fin-b")
	f(billing.Finished{Station: "fin", Since: at, Until: until, Limit: 2}, "fin-c", "fin-a")
	f(billing.Finished{Station: "fin", Since: at, Until: until, AfterAt: at.Add(time.Minute), AfterID: "fin-a", Limit: 10}, "fin-b")
	f(billing.Finished{Since: at.Add(time.Second), Until: at.Add(time.Minute), Limit: 10})
}
