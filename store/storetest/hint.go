package storetest

import (
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/payment"
)

func (s suite) hints(t *testing.T) {
	ctx := t.Context()
	if err := s.CreatePayment(ctx, payment.Begin("hint-p", "bank", "", "SEK", 700, now)); err != nil {
		t.Fatal(err)
	}
	later := now.Add(time.Minute)
	told := func(id string, at time.Time) payment.Told {
		return payment.Told{Provider: "hints", ID: id, Ref: "r-" + id, State: payment.HintWaiting, ReceivedAt: at, NextAt: at}
	}
	first, second, third := told("1", now), told("2", now), told("3", later)
	if n := must[int](t)(s.TakeHints(ctx, []payment.Told{first, second})); n != 2 {
		t.Errorf("took %d", n)
	}
	changed := first
	changed.Ref = "other"
	if n := must[int](t)(s.TakeHints(ctx, []payment.Told{changed, third, third})); n != 1 {
		t.Errorf("took %d where one was new", n)
	}
	waiting := func(at time.Time) (ids []string) {
		for _, h := range must[[]payment.Told](t)(s.WaitingHints(ctx, at, 100)) {
			if h.Provider == "hints" {
				ids = append(ids, h.ID)
			}
		}
		slices.Sort(ids)
		return ids
	}
	if a, b := waiting(now), waiting(later); !slices.Equal(a, []string{"1", "2"}) || !slices.Equal(b, []string{"1", "2", "3"}) {
		t.Errorf("waiting: %v, %v", a, b)
	}
	if got := must[[]payment.Told](t)(s.Hints(ctx, payment.HintFilter{Provider: "hints", Limit: 10})); len(got) != 3 || got[0] != third || got[1] != second || got[2] != first {
		t.Errorf("got %+v", got)
	}
	if got := must[[]payment.Told](t)(s.Hints(ctx, payment.HintFilter{Provider: "hints", Before: now, BeforeID: "2", Limit: 10})); len(got) != 1 || got[0] != first {
		t.Errorf("got %+v", got)
	}

	// What does not say that it is done leaves the hint; what does is one change with the payment's.
	keys := []payment.HintKey{first.Key(), second.Key()}
	runs := 0
	follow := func(done bool) error {
		return s.FollowHints(ctx, "hint-p", keys, later, func(c *payment.Change) bool {
			runs++
			if done {
				c.Succeed(payment.Snapshot{Ref: "hint-ref", Held: 700})
			}
			return done
		})
	}
	for _, done := range []bool{false, true, true} {
		if err := follow(done); err != nil {
			t.Fatal(err)
		}
	}
	if p := must[payment.Payment](t)(s.Payment(ctx, "hint-p")); runs != 2 || p.State != payment.Held || p.Ref != "hint-ref" {
		t.Errorf("ran %d times, got %+v", runs, p)
	}
	done := must[[]payment.Told](t)(s.Hints(ctx, payment.HintFilter{Provider: "hints", State: payment.HintDone, Limit: 10}))
	if len(done) != 2 || done[0].Payment != "hint-p" || done[0].Attempt != 1 || !done[0].DoneAt.Equal(later) {
		t.Errorf("got %+v", done)
	}
	wantCode(t, s.FollowHints(ctx, "none", []payment.HintKey{third.Key()}, later, func(*payment.Change) bool { return true }), gnista.NotFound)

	third.Note, third.Attempt, third.NextAt = "down", 1, later.Add(time.Minute)
	put := third
	first.State = payment.HintGivenUp // is done, and stays so
	if err := s.PutOffHints(ctx, []payment.Told{put, first}); err != nil {
		t.Fatal(err)
	}
	if got := must[[]payment.Told](t)(s.Hints(ctx, payment.HintFilter{Provider: "hints", State: payment.HintWaiting, Limit: 10})); len(got) != 1 || got[0] != third {
		t.Errorf("got %+v", got)
	}
	if got := must[[]payment.Backlog](t)(s.Backlog(ctx)); !slices.Contains(got, payment.Backlog{Provider: "hints", Waiting: 1, Oldest: later}) {
		t.Errorf("got %+v", got)
	}
	if err := s.PruneHints(ctx, later.Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if got := must[[]payment.Told](t)(s.Hints(ctx, payment.HintFilter{Provider: "hints", Limit: 10})); len(got) != 1 || got[0] != third {
		t.Errorf("got %+v", got)
	}
}
