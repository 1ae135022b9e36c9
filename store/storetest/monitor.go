package storetest

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/station"
)

func (s suite) monitors(t *testing.T) {
	ctx := t.Context()
	a, b := must[int](t)(s.NextRequest(ctx)), must[int](t)(s.NextRequest(ctx))
	if a < 1 || b <= a {
		t.Errorf("numbers %d and %d", a, b)
	}
	put := func(most int, list ...station.Monitor) {
		t.Helper()
		if err := s.PutMonitors(ctx, "MON", list, most); err != nil {
			t.Fatal(err)
		}
	}
	want := func(list ...station.Monitor) {
		t.Helper()
		if got := must[[]station.Monitor](t)(s.Monitors(ctx, "MON")); len(got)+len(list) > 0 && !reflect.DeepEqual(got, list) {
			t.Errorf("got %+v, want %+v", got, list)
		}
	}
	one := station.Monitor{ID: 1, Variable: "EVSE#1.Power", Kind: station.AboveThreshold, Value: "1.5", Severity: 3, Transaction: true, Origin: "custom", Interval: 60, Values: 5, ReportedAt: now}
	two := station.Monitor{ID: 2, Variable: "A.B", Kind: station.Delta, Value: "1", ReportedAt: now}
	put(10, two, one)
	want(one, two)
	again := one
	again.Value, again.Interval, again.Values, again.ReportedAt = "2", 0, 0, now.Add(time.Second)
	put(10, again)
	again.Interval, again.Values = 60, 5 // which no report says
	want(again, two)
	put(2, station.Monitor{ID: 3, ReportedAt: now})
	want(again, two)
	if err := s.DeleteMonitors(ctx, "MON", nil, now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	want(again)
	if err := s.DeleteMonitors(ctx, "MON", []int{1, 7}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	want()
}

func (s suite) displays(t *testing.T) {
	ctx := t.Context()
	one := station.DisplayMessage{
		ID: 1, Priority: "in-front", State: "idle", From: now, To: now.Add(time.Hour), Transaction: "t", Display: "D", Texts: []station.DisplayText{{Format: "utf8", Language: "sv", Content: "Hej"}},
	}
	two := station.DisplayMessage{ID: 2, Priority: "in-front", ReportedAt: now}
	want := func(list ...station.DisplayMessage) {
		t.Helper()
		if got := must[[]station.DisplayMessage](t)(s.Displays(ctx, "DIS")); len(got)+len(list) > 0 && !reflect.DeepEqual(got, list) {
			t.Errorf("got %+v, want %+v", got, list)
		}
	}
	for range 2 {
		if err := s.PutDisplays(ctx, "DIS", []station.DisplayMessage{one, two, {ID: 3}}, 2); err != nil {
			t.Fatal(err)
		}
		want(one, two)
	}
	if err := s.DeleteDisplays(ctx, "DIS", 0, now); err != nil {
		t.Fatal(err)
	}
	want(two)
	if err := s.DeleteDisplays(ctx, "DIS", 2, time.Time{}); err != nil {
		t.Fatal(err)
	}
	want()
}

func (s suite) customers(t *testing.T) {
	ctx := t.Context()
	r := station.CustomerReport{ID: "r1", Number: 900, Station: "CUS", Report: true, State: station.Sent, At: now}
	if err := s.AddCustomerReport(ctx, r); err != nil {
		t.Fatal(err)
	}
	add := func(number, page, last int, text string, complete bool) {
		t.Helper()
		if got := must[bool](t)(s.AddCustomerPage(ctx, "CUS", number, page, last, text, 400, now)); got != complete {
			t.Errorf("page %d: complete is %v", page, got)
		}
	}
	add(901, 0, 0, "x", false)
	add(900, 1, 1, "two", false)
	add(900, 7, -1, "?", false) // is behind the last
	add(900, 0, -1, "one", true)
	add(900, 2, 2, "three", false)
	got := must[station.CustomerReport](t)(s.CustomerReport(ctx, "r1"))
	if got.State != station.Happened || got.Text != "onetwo?" || got.Pages != 3 || !got.EndedAt.Equal(now) {
		t.Errorf("got %+v", got)
	}
	for _, id := range []string{"r2", "r3"} {
		if err := s.AddCustomerReport(ctx, station.CustomerReport{ID: id, Number: 902, Station: "CUS", Clear: true, State: station.Sent, At: now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if id == "r2" {
			add(902, 0, -1, strings.Repeat("more than is kept", 20), false)
		}
	}
	if got := must[station.CustomerReport](t)(s.CustomerReport(ctx, "r2")); got.State != station.Failed || got.EndedAt.IsZero() {
		t.Errorf("got %+v", got)
	}
	for n := range 5 { // pages of which there could be any number
		add(902, n, -1, "", false)
	}
	if got := must[station.CustomerReport](t)(s.CustomerReport(ctx, "r3")); got.State != station.Failed || got.Pages != 4 {
		t.Errorf("got %+v", got)
	}
	if err := s.AddCustomerReport(ctx, station.CustomerReport{ID: "r4", Number: 903, Station: "CUS", Clear: true, State: station.Sent, At: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := s.EndCustomerReport(ctx, "r4", station.Declined, "no", now); err != nil {
		t.Fatal(err)
	}
	list := must[[]station.CustomerReport](t)(s.CustomerReports(ctx, "CUS", "", 10))
	if len(list) != 4 || list[0].ID != "r4" || list[0].State != station.Declined || list[0].Detail != "no" {
		t.Errorf("got %+v", list)
	}
	if err := s.DeleteCustomerReports(ctx, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, err := s.CustomerReport(ctx, "r1")
	wantCode(t, err, gnista.NotFound)
	must[station.CustomerReport](t)(s.CustomerReport(ctx, "r2"))
}

func (s suite) streams(t *testing.T) {
	ctx := t.Context()
	change := func(number int, f func(*station.EventStream) error) error {
		return s.ChangeStream(ctx, "STR", number, f)
	}
	wantCode(t, change(1, func(x *station.EventStream) error {
		if x.Number != 1 || !x.OpenedAt.IsZero() {
			t.Errorf("got %+v", x)
		}
		return gnista.Errorf(gnista.NotFound, "none")
	}), gnista.NotFound)
	x := station.EventStream{
		Number: 1, Monitor: 2, Interval: 3, Values: 4, OpenedAt: now, ClosedAt: now.Add(time.Hour), Pending: 5, Behind: true, Last: []station.StreamValue{{At: now, Value: "6"}},
	}
	if err := change(1, func(y *station.EventStream) error { *y = x; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := change(1, func(y *station.EventStream) error { y.Pending++; return nil }); err != nil {
		t.Fatal(err)
	}
	x.Pending++
	if list := must[[]station.EventStream](t)(s.Streams(ctx, "STR")); len(list) != 1 || !reflect.DeepEqual(list[0], x) {
		t.Errorf("got %+v, want %+v", list, x)
	}
}
