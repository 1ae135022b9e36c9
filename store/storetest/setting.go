package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/station"
)

func (s suite) settings(t *testing.T) {
	ctx := t.Context()
	set := func(list ...station.Variable) {
		t.Helper()
		if err := s.SetVariables(ctx, "dm", list); err != nil {
			t.Fatal(err)
		}
	}
	get := func(f station.VariableFilter) []station.Variable {
		t.Helper()
		if f.Limit == 0 {
			f.Limit = 100
		}
		return must[[]station.Variable](t)(s.Variables(ctx, "dm", f))
	}
	v := station.Variable{
		Component: "EVSE", EVSE: gnista.EVSE{ID: 1}, Name: "Power", Attribute: "Actual", Value: "1", Mutability: station.ReadOnly, DataType: "decimal", Unit: "W",
		Min: "0", Max: "22000", ReportedAt: now,
	}
	set(v)
	// What does not change is not written, so its time stays; what is empty does not undo what is known.
	same := v
	same.ReportedAt = now.Add(time.Hour)
	set(same)
	if list := get(station.VariableFilter{}); len(list) != 1 || list[0] != v {
		t.Errorf("got %+v", list)
	}
	bare := station.Variable{Component: "EVSE", EVSE: v.EVSE, Name: "Power", Attribute: "Actual", Value: "2", ReportedAt: now, Wanted: "3", WantedAt: now}
	set(bare, bare) // twice in one statement
	v.Value, v.Wanted, v.WantedAt = "2", "3", now
	v.Value = "4"
	set(station.Variable{Component: "EVSE", EVSE: v.EVSE, Name: "Power", Attribute: "Actual", Value: "4", ReportedAt: now})
	if list := get(station.VariableFilter{}); len(list) != 1 || list[0] != v {
		t.Errorf("got %+v", list)
	}
	for i := range 7 {
		set(station.Variable{Name: fmt.Sprintf("Key_%d", i), Attribute: "Actual", Mutability: station.ReadWrite, ReportedAt: now})
	}
	if list := get(station.VariableFilter{Component: "evse"}); len(list) != 1 {
		t.Errorf("of a component: %+v", list)
	}
	if list := get(station.VariableFilter{Name: "key_", Writable: true}); len(list) != 7 {
		t.Errorf("of a name: %+v", list)
	}
	if list := get(station.VariableFilter{Name: "y%"}); len(list) != 0 {
		t.Errorf("a sign is taken for a pattern: %+v", list)
	}
	var all []station.Variable
	f := station.VariableFilter{Limit: 3}
	for range 5 {
		page := get(f)
		if all = append(all, page...); len(page) < f.Limit {
			break
		}
		f.After = &page[len(page)-1]
	}
	if !slices.Equal(all, get(station.VariableFilter{})) || len(all) != 8 {
		t.Errorf("pages have %+v", all)
	}

	held := must[station.Inventory](t)(s.Inventory(ctx, "dm"))
	if held != (station.Inventory{}) {
		t.Errorf("got %+v", held)
	}
	change := func(to station.Inventory) {
		t.Helper()
		err := s.ChangeInventory(ctx, "dm", func(i *station.Inventory) []gnista.Event { *i = to; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	to := station.Inventory{Template: "t", ReadAt: now, Version: gnista.V16, Firmware: "1", Count: 8, Stale: true, Drift: "a,b"}
	change(to)
	if held = must[station.Inventory](t)(s.Inventory(ctx, "dm")); held != to {
		t.Errorf("got %+v", held)
	}
}

func (s suite) reports(t *testing.T) {
	ctx := t.Context()
	must[station.Station](t)(s.ChangeStation(ctx, "rep", true, func(x *station.Station) ([]gnista.Event, error) {
		x.State, x.Version, x.Firmware = station.Accepted, gnista.V21, "2"
		return nil, nil
	}))
	unread := func() bool {
		t.Helper()
		list := must[[]station.Station](t)(s.Unread(ctx, "", now, 1000))
		return slices.ContainsFunc(list, func(x station.Station) bool { return x.ID == "rep" })
	}
	if !unread() {
		t.Error("a station that was never read is not found")
	}
	gone := station.Variable{Component: "Old", Name: "Gone", Attribute: "Actual", ReportedAt: now.Add(-time.Hour)}
	if err := s.SetVariables(ctx, "rep", []station.Variable{gone}); err != nil {
		t.Fatal(err)
	}
	add := func(id string, of station.ReportOf) station.Report {
		t.Helper()
		r := station.Report{ID: id, Station: "rep", Of: of, State: station.Running, Last: -1, Renew: of == station.OfAll, StartedAt: now, PageAt: now}
		return must[station.Report](t)(s.AddReport(ctx, r, 2))
	}
	a, b := add("r1", station.OfAll), add("r2", station.OfSome)
	if a.Number == 0 || b.Number <= a.Number {
		t.Errorf("numbers %d and %d", a.Number, b.Number)
	}
	before := must[int64](t)(s.LastEvent(ctx))
	page := func(number int, name string, change func(*station.Report)) station.Report {
		t.Helper()
		return must[station.Report](t)(s.TakePage(ctx, "rep", number, func(r *station.Report, _ station.Inventory) ([]station.Variable, []gnista.Event) {
			change(r)
			return []station.Variable{{Component: "New", Name: name, Attribute: "Actual", ReportedAt: now}}, []gnista.Event{{At: now, Kind: "settings.reported"}}
		}))
	}
	r := page(a.Number, "One", func(r *station.Report) { r.Pages, r.Early, r.Variables = 1, []int{1, 3}, 1 })
	if got := must[station.Report](t)(s.Report(ctx, "r1")); fmt.Sprint(got) != fmt.Sprint(r) || len(got.Early) != 2 {
		t.Errorf("got %+v, want %+v", got, r)
	}
	page(a.Number, "Two", func(r *station.Report) {
		r.Pages, r.Early, r.Variables, r.State, r.EndedAt = 2, nil, 2, station.Complete, now
	})
	if evs := must[[]gnista.Event](t)(s.Events(ctx, before, 10)); len(evs) != 2 {
		t.Errorf("%d events for two pages", len(evs))
	}
	list := must[[]station.Variable](t)(s.Variables(ctx, "rep", station.VariableFilter{Limit: 10}))
	if len(list) != 2 || list[0].Component != "New" {
		t.Errorf("what the station no longer has is kept: %+v", list)
	}
	if held := must[station.Inventory](t)(s.Inventory(ctx, "rep")); held != (station.Inventory{ReadAt: now, Version: gnista.V21, Firmware: "2", Count: 2}) {
		t.Errorf("got %+v", held)
	}
	if unread() {
		t.Error("a station that was read is found")
	}
	if list := must[[]station.Report](t)(s.RunningReports(ctx, now.Add(time.Second), 10)); len(list) != 1 || list[0].ID != "r2" {
		t.Errorf("running: %+v", list)
	}
	b.State, b.Detail, b.EndedAt = station.Incomplete, "late", now
	a.State = station.Broken
	for _, r := range []station.Report{b, a} {
		if err := s.EndReport(ctx, r, gnista.Event{At: now, Kind: "settings.reported"}); err != nil {
			t.Fatal(err)
		}
	}
	if r := must[station.Report](t)(s.Report(ctx, "r2")); r.State != station.Incomplete || r.Detail != "late" {
		t.Errorf("got %+v", r)
	}
	if r := must[station.Report](t)(s.Report(ctx, "r1")); r.State != station.Complete {
		t.Errorf("what has ended ends again: %+v", r)
	}
	page(9999, "Three", func(r *station.Report) {
		*r = station.Report{ID: "r3", Station: "rep", Number: 9999, State: station.Running, StartedAt: now}
	})
	add("r4", station.OfSome)
	if list := must[[]station.Report](t)(s.Reports(ctx, "rep", "", 10)); len(list) != 2 || list[0].ID != "r4" || list[1].ID != "r3" {
		t.Errorf("kept: %+v", list)
	}
	_, err := s.Report(ctx, "r1")
	wantCode(t, err, gnista.NotFound)
}

func (s suite) templates(t *testing.T) {
	ctx := t.Context()
	x := station.Template{
		ID: "t1", Name: "Våra", Match: station.StationMatch{Vendor: "V", Model: "M*", Firmware: "1.*", Version: gnista.V201},
		Settings: []station.Wanted{{Name: "heartbeat-interval", Value: "300"}}, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.SaveTemplate(ctx, x); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.SaveTemplate(ctx, station.Template{ID: "t2", Name: "Våra"}), gnista.Conflict)
	x.Settings = nil
	if err := s.SaveTemplate(ctx, x); err != nil {
		t.Fatal(err)
	}
	if got := must[station.Template](t)(s.Template(ctx, "t1")); fmt.Sprint(got) != fmt.Sprint(x) {
		t.Errorf("got %+v", got)
	}
	given := func(i *station.Inventory) []gnista.Event { i.Template = "t1"; return nil }
	if err := s.ChangeInventory(ctx, "templated", given); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteTemplate(ctx, "t1"); err != nil {
		t.Fatal(err)
	}
	if held := must[station.Inventory](t)(s.Inventory(ctx, "templated")); held.Template != "" {
		t.Error("a station has a template that is gone")
	}
	wantCode(t, s.DeleteTemplate(ctx, "t1"), gnista.NotFound)
	_, err := s.Template(ctx, "t1")
	wantCode(t, err, gnista.NotFound)
	if list := must[[]station.Template](t)(s.Templates(ctx)); len(list) != 0 {
		t.Errorf("got %+v", list)
	}
}
