package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"gnista"
	"gnista/commission"
	"gnista/station"
)

func (s suite) checks(t *testing.T) {
	ctx := t.Context()
	must[station.Station](t)(s.ChangeStation(ctx, "CK", true, func(x *station.Station) ([]gnista.Event, error) {
		x.State, x.CreatedAt = station.Accepted, now
		return nil, nil
	}))
	c := commission.Check{
		ID: "c1", Station: "CK", State: commission.Running, Options: commission.Options{Unlock: true, Patience: 3}, Subject: commission.Subject{Version: gnista.V16, Vendor: "Vendör"},
		Step: 1, Steps: 17, StartedAt: now, Results: []commission.Result{},
	}
	save := func(c commission.Check, keep int, evs ...gnista.Event) {
		t.Helper()
		if err := s.SaveCheck(ctx, c, keep, evs...); err != nil {
			t.Fatal(err)
		}
		if got := must[commission.Check](t)(s.Check(ctx, c.ID)); !reflect.DeepEqual(got, c) {
			t.Errorf("got %+v, want %+v", got, c)
		}
	}
	save(c, 3)
	if list := must[[]commission.Check](t)(s.RunningChecks(ctx)); len(list) != 1 || list[0].ID != "c1" {
		t.Errorf("running are %+v", list)
	}
	c.State, c.EndedAt, c.Step, c.Why = commission.Stopped, now.Add(time.Minute), 17, commission.Message{Key: "offline"}
	c.Results = []commission.Result{{
		Step: "clock", Verdict: commission.Failed, Facts: []commission.Fact{{Key: "skew", Value: "+7200 s"}}, Findings: []commission.Message{{Key: "clock-wrong", With: []string{"+7200 s", "å"}}},
		At: now, Took: 1500 * time.Millisecond,
	}}
	c.Quirks = []commission.Quirk{{Key: "Q39", ID: "clock-wrong", Seen: 2, Ever: 3, OfModel: true, Example: "…"}}
	save(c, 3, gnista.Event{At: now, Kind: "station.checked", Station: "CK", Subject: "c1"})
	if list := must[[]commission.Check](t)(s.RunningChecks(ctx)); len(list) != 0 {
		t.Errorf("running are %+v", list)
	}
	_, err := s.Check(ctx, "c0")
	wantCode(t, err, gnista.NotFound)
	for i := 2; i <= 5; i++ {
		x := c
		x.ID = fmt.Sprintf("c%d", i)
		save(x, 3)
	}
	ids := func(before string, limit int) (ids string) {
		t.Helper()
		for _, c := range must[[]commission.Check](t)(s.Checks(ctx, "CK", before, limit)) {
			ids += c.ID + " "
		}
		return ids
	}
	gone := c
	gone.ID, gone.Station = "c9", "CK-none"
	if err := s.SaveCheck(ctx, gone, 3); err != nil {
		t.Fatal(err)
	}
	_, err = s.Check(ctx, "c9")
	wantCode(t, err, gnista.NotFound)
	if all, second := ids("", 10), ids("c5", 1); all != "c5 c4 c3 " || second != "c4 " {
		t.Errorf("kept are %q, and behind the first %q", all, second)
	}
	if err := s.DeleteStation(ctx, "CK"); err != nil {
		t.Fatal(err)
	}
	if left := ids("", 10); left != "" {
		t.Errorf("a station that was deleted leaves %q", left)
	}
}
