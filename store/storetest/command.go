package storetest

import (
	"testing"
	"time"

	"gnista"
	"gnista/station"
)

func (s suite) commands(t *testing.T) {
	ctx := t.Context()
	give := func(id, effect string) station.Command {
		t.Helper()
		c := station.Command{ID: id, Station: "CMD", Kind: "reset", Note: "hard", Effect: effect, Outcome: station.Sent, At: now, Until: now.Add(time.Minute)}
		if err := s.AddCommand(ctx, c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	want := func(id string, o station.Outcome, detail string) {
		t.Helper()
		if c := must[station.Command](t)(s.Command(ctx, id)); c.Outcome != o || c.Detail != detail {
			t.Errorf("command %s is %s (%s), want %s (%s)", id, c.Outcome, c.Detail, o, detail)
		}
	}
	_, err := s.Command(ctx, "c0")
	wantCode(t, err, gnista.NotFound)

	a, b := give("c1", "boot"), give("c2", "")
	a.Outcome, a.Detail, a.AnsweredAt, a.Until = station.Agreed, "Accepted", now.Add(time.Second), now.Add(time.Hour)
	if kept := must[station.Command](t)(s.AnswerCommand(ctx, a, gnista.Event{At: now, Kind: "station.command"})); kept != a {
		t.Errorf("got %+v, want %+v", kept, a)
	}
	settle := func(effects ...string) {
		t.Helper()
		if _, err := s.SettleCommands(ctx, "CMD", effects, station.Happened, "done", now.Add(2*time.Second), gnista.Event{At: now, Kind: "station.command"}); err != nil {
			t.Fatal(err)
		}
	}
	settle("other", "")
	want("c1", station.Agreed, "Accepted")
	want("c2", station.Sent, "")
	settle("other", "boot")
	want("c1", station.Happened, "done")
	if kept := must[station.Command](t)(s.AnswerCommand(ctx, a, gnista.Event{})); kept.Outcome != station.Happened {
		t.Error("an answer undoes an end")
	}
	if err := s.ExpireCommands(ctx, b.Until, now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	want("c2", station.Sent, "")
	if err := s.ExpireCommands(ctx, b.Until.Add(time.Second), now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	want("c2", station.Unknown, "no answer")
	list := must[[]station.Command](t)(s.Commands(ctx, "CMD", "", 1))
	if len(list) != 1 || list[0].ID != "c2" {
		t.Errorf("got %+v", list)
	}
	if list = must[[]station.Command](t)(s.Commands(ctx, "CMD", "c2", 10)); len(list) != 1 || list[0].ID != "c1" {
		t.Errorf("got %+v", list)
	}
	if err := s.ExpireCommands(ctx, now, now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if list = must[[]station.Command](t)(s.Commands(ctx, "CMD", "", 10)); len(list) != 0 {
		t.Errorf("old commands are kept: %+v", list)
	}
}
