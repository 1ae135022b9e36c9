package storetest

import (
	"fmt"
	"testing"
	"time"

	"gnista"
	"gnista/station"
)

// quirks tests what is kept of the manners of a station.
func (s suite) quirks(t *testing.T) {
	ctx := t.Context()
	d := station.Deviation{Station: "Quirky", Quirk: "Q59", Count: 2, FirstAt: now, LastAt: now.Add(time.Second), Example: "a number"}
	if err := s.AddDeviations(ctx, []station.Deviation{d}); err != nil {
		t.Fatal(err)
	}
	if list := must[[]station.Deviation](t)(s.Deviations(ctx, "Quirky")); len(list) != 0 {
		t.Errorf("kept of a station that is not registered: %+v", list)
	}
	level := 0
	made := must[station.Station](t)(s.ChangeStation(ctx, "Quirky", true, func(x *station.Station) ([]gnista.Event, error) {
		x.State, x.Strict, x.CreatedAt = station.Accepted, true, now
		x.Adaptations = station.Adaptations{Zone: "Europe/Stockholm", MaxStackLevel: &level, TokenAliases: map[string]string{"A": "B"}}
		x.Mirror = station.Mirror{URL: "wss://second.example/ocpp", Password: "secret"}
		return nil, nil
	}))
	got := must[station.Station](t)(s.Station(ctx, "Quirky"))
	if got.Adaptations.MaxStackLevel == nil || *got.Adaptations.MaxStackLevel != 0 {
		t.Errorf("got %+v", got.Adaptations)
	}
	got.Adaptations.MaxStackLevel = made.Adaptations.MaxStackLevel
	if fmt.Sprint(got) != fmt.Sprint(made) {
		t.Errorf("got %+v, want %+v", got, made)
	}
	more := d
	more.Count, more.FirstAt, more.LastAt, more.Example = 3, now.Add(time.Minute), now.Add(time.Hour), "another"
	other := station.Deviation{Station: "Quirky", Quirk: "G1", Count: 1, FirstAt: now, LastAt: now}
	for _, list := range [][]station.Deviation{{d}, {more, other}} {
		if err := s.AddDeviations(ctx, list); err != nil {
			t.Fatal(err)
		}
	}
	list := must[[]station.Deviation](t)(s.Deviations(ctx, "Quirky"))
	d.Count, d.LastAt, d.Example = 5, more.LastAt, "another"
	if len(list) != 2 || list[0] != other || list[1] != d {
		t.Errorf("got %+v", list)
	}

	// Q7: the letter case of an identity.
	if x := must[station.Station](t)(s.StationLike(ctx, "qUIRKY")); x.ID != "Quirky" {
		t.Errorf("got %+v", x)
	}
	must[station.Station](t)(s.ChangeStation(ctx, "QUIRKY", true, func(x *station.Station) ([]gnista.Event, error) {
		x.State, x.CreatedAt = station.Accepted, now
		return nil, nil
	}))
	_, err := s.StationLike(ctx, "quirky")
	wantCode(t, err, gnista.NotFound)
	if err := s.DeleteStation(ctx, "Quirky"); err != nil {
		t.Fatal(err)
	}
	if list := must[[]station.Deviation](t)(s.Deviations(ctx, "Quirky")); len(list) != 0 {
		t.Errorf("kept of a station that is deleted: %+v", list)
	}
}

// reasons tests that no station fills the list of verdicts with reasons that it makes up.
func (s suite) reasons(t *testing.T) {
	ctx := t.Context()
	for i := range 300 {
		v := station.Verdict{Station: "inventive", Cause: station.RejectedFrame, Reason: fmt.Sprint(i), Action: "Fly", MessageID: "m", Count: 1, FirstAt: now, LastAt: now.Add(time.Duration(i) * time.Second)}
		if err := s.AddVerdicts(ctx, []station.Verdict{v}); err != nil {
			t.Fatal(err)
		}
	}
	list := must[[]station.Verdict](t)(s.Verdicts(ctx, "inventive", 1000))
	if len(list) > 101 || list[0].Reason != "299" || list[0].Action != "Fly" || list[0].MessageID != "m" {
		t.Errorf("%d verdicts, the newest %+v", len(list), list[0])
	}
}
