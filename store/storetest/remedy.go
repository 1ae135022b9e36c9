package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"gnista"
	"gnista/campaign"
	"gnista/fault"
	"gnista/fault/remedy"
	"gnista/station"
)

func (s suite) remedies(t *testing.T) {
	ctx := t.Context()
	ev := gnista.Event{At: now, Kind: "remedy.changed"}
	r := remedy.Run{
		ID: "rem1", Class: fault.Restart, Station: "REM", Site: "si", EVSE: 2, Connector: 1, Model: "V M", Faults: []string{"f901"}, Mode: remedy.On, By: "Kim", Why: "because",
		Steps: []remedy.Step{{Do: remedy.SoftReset, Idle: remedy.IdleStation, Wait: 60}, {Do: remedy.HandOver}}, State: remedy.Running, DueAt: now, StartedAt: now,
	}
	same := func(got remedy.Run) {
		t.Helper()
		want := r
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	begin := func(r remedy.Run) (remedy.Run, bool) {
		t.Helper()
		got, begun, err := s.BeginRemedy(ctx, r, ev)
		if err != nil {
			t.Fatal(err)
		}
		return got, begun
	}
	if _, begun := begin(r); !begun {
		t.Error("it has not begun")
	}
	again := r
	again.ID = "rem2"
	if got, begun := begin(again); begun || got.ID != "rem1" {
		t.Errorf("a fault has two runs: %+v", got)
	}
	again.Faults = []string{"f902"}
	if got, begun := begin(again); begun || got.ID != "rem1" || len(got.Faults) != 2 {
		t.Errorf("it has not joined: %+v", got)
	}
	other := again
	other.ID, other.Faults, other.EVSE = "rem3", []string{"f903"}, 3
	if _, begun := begin(other); !begun {
		t.Error("at another place it has not begun")
	}
	r.Faults = append(r.Faults, "f902")
	same(must[remedy.Run](t)(s.Remedy(ctx, "rem1")))
	same(must[remedy.Run](t)(s.LiveRemedy(ctx, "f902")))
	if ids := must[[]string](t)(s.DueRemedies(ctx, now, 10)); len(ids) != 2 {
		t.Errorf("due: %v", ids)
	}

	refused := errors.New("no")
	_, err := s.ChangeRemedy(ctx, "REM", "rem1", func(r *remedy.Run, _ remedy.Past) ([]gnista.Event, error) {
		r.At = 1
		return nil, refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	r.Records = []remedy.Record{{
		N: 0, Step: 0, Do: remedy.SoftReset, State: remedy.Watching, Guards: []remedy.Verdict{{Guard: "idle", Met: false, Reason: remedy.Reason{Code: "charging", With: []string{"2"}}}},
		Reason: remedy.Reason{Code: "answered", With: []string{"Accepted"}}, Command: "c", Since: now, ActedAt: now, Until: now.Add(time.Minute),
	}}
	r.At, r.Reason, r.DueAt, r.Hurry = 0, remedy.Reason{Code: "x"}, now.Add(time.Minute), true
	changed := func(id string, change func(*remedy.Run, remedy.Past) error) remedy.Run {
		t.Helper()
		return must[remedy.Run](t)(s.ChangeRemedy(ctx, "REM", id, func(x *remedy.Run, p remedy.Past) ([]gnista.Event, error) {
			return []gnista.Event{ev}, change(x, p)
		}))
	}
	same(changed("rem1", func(x *remedy.Run, _ remedy.Past) error { *x = r; return nil }))
	same(must[remedy.Run](t)(s.Remedy(ctx, "rem1")))

	changed("rem3", func(x *remedy.Run, p remedy.Past) error {
		resets := []remedy.Action{remedy.SoftReset, remedy.HardReset}
		for _, c := range []struct {
			evse  int
			since time.Time
			want  int
		}{{-1, now.Add(-time.Hour), 1}, {2, now.Add(-time.Hour), 1}, {3, now.Add(-time.Hour), 0}, {-1, now, 0}} {
			if got := must[[]time.Time](t)(p.Done(x, c.evse, resets, c.since)); len(got) != c.want {
				t.Errorf("%+v: %v", c, got)
			}
		}
		if id := must[string](t)(p.Disturbed(x, resets)); id != "rem1" {
			t.Errorf("disturbed by %q", id)
		}
		if id := must[string](t)(p.Disturbed(&r, resets)); id != "" {
			t.Errorf("disturbed by itself: %q", id)
		}
		return nil
	})
	list := func(f remedy.Filter) int {
		t.Helper()
		f.Limit = 10
		return len(must[[]remedy.Run](t)(s.Remedies(ctx, f)))
	}
	for want, f := range map[int]remedy.Filter{2: {Station: "REM", Live: true}, 1: {Fault: "f903", Class: fault.Restart, Site: "si"}, 0: {Before: "rem1"}} {
		if got := list(f); got != want {
			t.Errorf("%+v: %d", f, got)
		}
	}
	r.State, r.EndedAt, r.DueAt = remedy.Helped, now, time.Time{}
	r.Records[0].State, r.Records[0].EndedAt = remedy.DidHelp, now
	same(changed("rem1", func(x *remedy.Run, _ remedy.Past) error { *x = r; return nil }))
	_, err = s.LiveRemedy(ctx, "f901")
	wantCode(t, err, gnista.NotFound)
	if stats := must[[]remedy.Statistic](t)(s.RemedyStatistics(ctx, fault.Restart, now.Add(-time.Hour))); len(stats) != 1 || stats[0].Done != 1 || stats[0].Helped != 1 || stats[0].Model != "V M" {
		t.Errorf("got %+v", stats)
	}
	again.ID = "rem4"
	if _, begun := begin(again); !begun {
		t.Error("after the end it does not begin again")
	}
	if n := must[int](t)(s.PruneRemedies(ctx, now.Add(time.Second))); n != 1 {
		t.Errorf("pruned %d", n)
	}
	_, err = s.Remedy(ctx, "rem1")
	wantCode(t, err, gnista.NotFound)
	s.remedyUpkeep(t)
	s.remedyRules(t)
}

func (s suite) remedyUpkeep(t *testing.T) {
	ctx := t.Context()
	busy := func(want string) {
		t.Helper()
		if got := must[string](t)(s.Upkeep(ctx, "REM")); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	busy("")
	c := campaign.Campaign{ID: "camR", Name: "Våren", Action: "settings", Args: []byte("{}"), Waves: []string{"1"}, Sizes: []int{1}, State: campaign.Running, CreatedAt: now, Deadline: now}
	if err := s.AddCampaign(ctx, c, []campaign.Member{{Campaign: "camR", Station: "REM", State: campaign.Applying}}); err != nil {
		t.Fatal(err)
	}
	busy("campaign Våren")
	if err := s.SaveMember(ctx, campaign.Member{Campaign: "camR", Station: "REM", State: campaign.Happened}); err != nil {
		t.Fatal(err)
	}
	busy("")
	if _, err := s.AddTransfer(ctx, station.Transfer{ID: "trR", Station: "REM", Kind: station.FirmwareUpdate, At: now}); err != nil {
		t.Fatal(err)
	}
	busy(string(station.FirmwareUpdate))
	if err := s.ChangeTransfers(ctx, "REM", func(open []station.Transfer) []gnista.Event {
		open[0].EndedAt = now
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	busy("")
}

func (s suite) remedyRules(t *testing.T) {
	ctx := t.Context()
	ev := gnista.Event{At: now, Kind: "remedy.ladder"}
	l := remedy.Ladder{Class: fault.Retry, About: map[fault.Language]string{"sv": "så", "en": "so"}, Steps: []remedy.Step{{Do: remedy.HandOver}}, Own: true, UpdatedAt: now}
	for range 2 {
		if err := s.SetRemedyLadder(ctx, l, ev); err != nil {
			t.Fatal(err)
		}
	}
	if list := must[[]remedy.Ladder](t)(s.RemedyLadders(ctx)); len(list) != 1 || fmt.Sprint(list[0]) != fmt.Sprint(l) {
		t.Errorf("got %+v", list)
	}
	if err := s.DeleteRemedyLadder(ctx, fault.Retry, ev); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.DeleteRemedyLadder(ctx, fault.Retry, ev), gnista.NotFound)
	if m := must[remedy.Modes](t)(s.RemedyModes(ctx)); m.Default != remedy.DryRun || len(m.Rules) != 0 {
		t.Errorf("got %+v", m)
	}
	m := remedy.Modes{Default: remedy.On, Rules: []remedy.ModeRule{{Site: "s", Mode: remedy.Off}, {Class: fault.Retry, Mode: remedy.DryRun}}}
	for range 2 {
		if err := s.SetRemedyModes(ctx, m, ev); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[remedy.Modes](t)(s.RemedyModes(ctx)); fmt.Sprint(got) != fmt.Sprint(m) {
		t.Errorf("got %+v", got)
	}
	if err := s.SetRemedyModes(ctx, remedy.DefaultModes(), ev); err != nil {
		t.Fatal(err)
	}
}
