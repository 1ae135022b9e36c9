package storetest

import (
	"fmt"
	"testing"
	"time"

	"gnista"
	"gnista/cost"
	"gnista/station"
	"gnista/tariff"
)

func (s suite) costs(t *testing.T) {
	ctx := t.Context()
	_, err := s.Reckoning(ctx, "cost-1")
	wantCode(t, err, gnista.NotFound)
	want := cost.Reckoning{
		Transaction: "cost-1", Station: "COST", ToldAt: now, Final: true, Tariff: "v1", Currency: "SEK", Kind: "normal", Parts: []cost.Part{{Dimension: tariff.Energy, Net: "4", Gross: "5"}},
		Total: cost.Part{Net: "4", Gross: "5"}, EnergyWh: 1000, Charging: time.Minute, Idle: time.Second, Failed: true, Failure: "é",
	}
	before := must[int64](t)(s.LastEvent(ctx))
	change := func(f func(*cost.Reckoning) []gnista.Event) {
		t.Helper()
		if err := s.ChangeReckoning(ctx, "COST", "cost-1", f); err != nil {
			t.Fatal(err)
		}
	}
	change(func(r *cost.Reckoning) []gnista.Event {
		if r.Transaction != "cost-1" || r.Station != "COST" || r.Final {
			t.Errorf("a new one is %+v", r)
		}
		*r = want
		return nil
	})
	if got := must[cost.Reckoning](t)(s.Reckoning(ctx, "cost-1")); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want.ComparedAt, want.Ours, want.Verdict = now.Add(time.Second), gnista.Money{Amount: 501, Currency: "SEK"}, cost.Differs
	change(func(r *cost.Reckoning) []gnista.Event {
		if fmt.Sprint(r.Parts) != fmt.Sprint(want.Parts) {
			t.Errorf("read is %+v", r)
		}
		*r = want
		return []gnista.Event{{At: now, Kind: "cost.differs", Station: "COST", Subject: "cost-1"}}
	})
	if got := must[cost.Reckoning](t)(s.Reckoning(ctx, "cost-1")); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if after := must[int64](t)(s.LastEvent(ctx)); after != before+1 {
		t.Errorf("%d events", after-before)
	}

	if got := must[cost.Sync](t)(s.Sync(ctx, "COST")); got != (cost.Sync{}) {
		t.Errorf("nothing is %+v", got)
	}
	given := cost.Sync{Off: true, Tariffs: cost.Given{State: cost.SyncFailed, Wanted: "a,b", Installed: "a", Failure: "too-many-prices", Detail: "é", Tries: 2, At: now, CheckedAt: now, Reported: now}}
	for range 2 {
		if err := s.ChangeSync(ctx, "COST", func(x *cost.Sync) []gnista.Event {
			*x = given
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[cost.Sync](t)(s.Sync(ctx, "COST")); fmt.Sprint(got) != fmt.Sprint(given) {
		t.Errorf("got %+v, want %+v", got, given)
	}

	variable := func(id gnista.StationID, component, name, instance, value string) {
		t.Helper()
		v := station.Variable{Component: component, Name: name, NameOf: instance, Attribute: station.Actual, Value: value, ReportedAt: now}
		if err := s.SetVariables(ctx, id, []station.Variable{v}); err != nil {
			t.Fatal(err)
		}
	}
	variable("COST-1", "", "CustomDisplayCostAndPrice", "", "true")
	variable("COST-2", "", "CustomDisplayCostAndPrice", "", "false")
	variable("COST-3", "TariffCostCtrlr", "Enabled", "Tariff", "true")
	variable("COST-3", "TariffCostCtrlr", "Enabled", "Cost", "true")
	variable("COST-4", "SmartChargingCtrlr", "Enabled", "", "true")
	if got := must[[]gnista.StationID](t)(s.PriceStations(ctx, "COST", 10)); fmt.Sprint(got) != "[COST-1 COST-3]" {
		t.Errorf("got %v", got)
	}
	if got := must[[]gnista.StationID](t)(s.PriceStations(ctx, "COST", 1)); fmt.Sprint(got) != "[COST-1]" {
		t.Errorf("got %v", got)
	}
	if got := must[[]gnista.StationID](t)(s.PriceStations(ctx, "COST-1", 10)); fmt.Sprint(got) != "[COST-3]" {
		t.Errorf("behind COST-1 are %v", got)
	}
}
