package charging_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/charging"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
	"gnista/token"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// free is a price list without prices.
type free struct{}

func (free) InForce(context.Context, charging.Case) (string, error) { return "v1", nil }
func (free) Cost(context.Context, *charging.Transaction) (gnista.Money, error) {
	return gnista.Money{Currency: "SEK"}, nil
}

// nobody looks on.
type nobody struct{}

func (nobody) Publish(gnista.Event) {}
func (nobody) Watched() bool        { return false }

// system is the transactions on a database of their own.
type system struct {
	*charging.Transactions
	db  *store.DB
	now time.Time
}

func newSystem(t *testing.T) *system {
	t.Helper()
	db := storetest.Open(t)
	s := &system{db: db, now: start.Add(24 * time.Hour)}
	now := func() time.Time { return s.now }
	ids := 0
	tokens := &token.Tokens{Store: db, Now: now}
	s.Transactions = &charging.Transactions{
		Store: db, Tokens: tokens, Prices: free{}, Network: &station.Network{Commands: db, Now: now}, Live: nobody{}, Now: now,
		NewID: func() string { ids++; return fmt.Sprintf("%08d", ids) },
	}
	for _, uid := range []string{"ANNA", "BO"} {
		if _, err := tokens.Create(t.Context(), token.Token{ID: token.ID{UID: uid}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *system) transaction(t interface{ Fatal(...any) }, ref string) charging.Transaction {
	list, err := s.Store.Transactions(context.Background(), charging.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.Ref == ref {
			return x
		}
	}
	t.Fatal("there is no transaction " + ref)
	return charging.Transaction{}
}

func register(at time.Time, wh int64) charging.Sample {
	return charging.Sample{At: at, Measurand: charging.EnergyImport, Location: charging.Outlet, Milli: wh * 1000}
}

// In whatever order the events of a transaction come, and however often each, what comes of it is the
// same, it is finished once, and the first answer is given again.
func TestOrderDoesNotMatter(t *testing.T) {
	s := newSystem(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		activities := []charging.Activity{"", charging.Charging, charging.SuspendedEV, charging.SuspendedEVSE, charging.Connected}
		events := make([]charging.Event, rapid.IntRange(2, 8).Draw(t, "events"))
		first := rapid.IntRange(0, 5).Draw(t, "first number")
		wh := int64(1000)
		for i := range events {
			at := start.Add(time.Duration(i) * 10 * time.Minute)
			events[i] = charging.Event{
				Kind: charging.Updated, Version: gnista.V21, Seq: first + i, At: at, Activity: rapid.SampledFrom(activities).Draw(t, "activity"),
				Samples: []charging.Sample{register(at, wh)},
			}
			wh += int64(rapid.IntRange(0, 3000).Draw(t, "Wh"))
		}
		last := len(events) - 1
		events[0].Kind, events[0].EVSE = charging.Started, gnista.EVSE{ID: n, Connector: 1} // an EVSE of its own
		events[last].Kind = charging.Stopped
		presented := rapid.IntRange(0, last-1).Draw(t, "token comes with")
		events[presented].Token = &token.ID{UID: "ANNA", Type: token.ISO14443}
		events[last].Token = &token.ID{UID: "BO", Type: token.ISO14443}
		play := func(ref string, order []int) charging.Transaction {
			for _, i := range order {
				ev := events[i]
				ev.Ref = ref
				ev.Samples = slices.Clone(ev.Samples)
				out, err := s.Record(context.Background(), gnista.StationID("S"+ref), ev)
				if err != nil {
					t.Fatal(err)
				}
				if (out.Decision == nil) != (ev.Token == nil) || out.Decision != nil && out.Decision.Status != token.Accepted {
					t.Fatalf("event %d was answered %+v", i, out.Decision)
				}
			}
			return s.transaction(t, ref)
		}
		straight := make([]int, len(events))
		for i := range straight {
			straight[i] = i
		}
		mixed := append(slices.Clone(straight), rapid.SliceOfN(rapid.IntRange(0, last), 0, 5).Draw(t, "repeated")...)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		want, got := play(fmt.Sprintf("%d-straight", n), straight), play(fmt.Sprintf("%d-mixed", n), mixed)
		if a, b := describe(want), describe(got); a != b {
			t.Fatalf("in the order %v\n got %s\nwant %s", mixed, b, a)
		}
		if got.EnergyWh != events[last].Samples[0].Milli/1000-1000 || got.FinishedAt.IsZero() || len(got.Review) > 0 {
			t.Fatalf("%s", describe(got))
		}
	})
}

func describe(x charging.Transaction) string {
	return fmt.Sprintf("%v %v %v token %v %v energy %d from %v to %v finished %v review %v periods %v",
		x.State, x.Activity, x.EVSE, x.Token, x.Authorised, x.EnergyWh, x.StartedAt, x.EndedAt, !x.FinishedAt.IsZero(), x.Review, x.Periods(x.EndedAt))
}

// Events that never come are waited for, for a while.
func TestMissingEvents(t *testing.T) {
	s := newSystem(t)
	record := func(ref string, kind charging.Kind, seq int, minute int, wh int64) {
		t.Helper()
		at := start.Add(time.Duration(minute) * time.Minute)
		ev := charging.Event{Kind: kind, Version: gnista.V201, Ref: ref, Seq: seq, At: at, EVSE: gnista.EVSE{ID: 1}, Samples: []charging.Sample{register(at, wh)}}
		if kind == charging.Started {
			ev.Token = &token.ID{UID: "ANNA", Type: token.ISO14443}
		}
		if _, err := s.Record(t.Context(), "S", ev); err != nil {
			t.Fatal(err)
		}
	}
	record("gap", charging.Started, 0, 0, 100)
	record("gap", charging.Stopped, 5, 50, 900)
	record("no start", charging.Updated, 1, 60, 900)
	record("no start", charging.Stopped, 2, 70, 1000)
	sweep := func() {
		t.Helper()
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	if x := s.transaction(t, "gap"); !x.FinishedAt.IsZero() {
		t.Errorf("nothing was waited for: %s", describe(x))
	}
	s.now = s.now.Add(6 * time.Minute)
	sweep()
	if x := s.transaction(t, "gap"); x.FinishedAt.IsZero() || x.EnergyWh != 800 || !slices.Equal(x.Review, []charging.Reason{charging.MissingEvents}) {
		t.Errorf("%s", describe(x))
	}
	x := s.transaction(t, "no start")
	if !x.FinishedAt.IsZero() || !x.Blocked() || !slices.Contains(x.Review, charging.MissingStart) {
		t.Errorf("%s", describe(x))
	}
	evs, err := s.db.Events(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	sweep() // has nothing more to say
	if again, _ := s.db.Events(t.Context(), 0, 100); len(again) != len(evs) {
		t.Errorf("%d events became %d", len(evs), len(again))
	}
	record("no start", charging.Started, 0, 55, 850)
	if x := s.transaction(t, "no start"); x.FinishedAt.IsZero() || x.EnergyWh != 150 || len(x.Review) > 0 {
		t.Errorf("when the start has come: %s", describe(x))
	}
}

func TestClocks(t *testing.T) {
	s := newSystem(t)
	start16 := func(key string, at time.Time) string {
		t.Helper()
		out, err := s.Record(t.Context(), "S", charging.Event{
			Kind: charging.Started, Version: gnista.V16, StartKey: key, At: at, EVSE: gnista.EVSE{ID: 1, Connector: 1}, Token: &token.ID{UID: "ANNA"},
			Begin: &charging.Reading{MWh: 0},
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.Transaction.Ref
	}
	stop16 := func(ref string, at time.Time) charging.Transaction {
		t.Helper()
		out, err := s.Record(t.Context(), "S", charging.Event{Kind: charging.Stopped, Version: gnista.V16, Ref: ref, At: at, End: &charging.Reading{MWh: 5_000_000}})
		if err != nil {
			t.Fatal(err)
		}
		return out.Transaction
	}
	// A station whose clock stands still in 1970 and whose meter begins at 0 each time: the starts are
	// alike to the letter and belong to different cars.
	epoch := time.Unix(0, 0)
	first := start16("1|ANNA|1970|0", epoch)
	if again := start16("1|ANNA|1970|0", epoch); again != first {
		t.Errorf("the repeated start has the number %s, not %s", again, first)
	}
	s.now = s.now.Add(time.Hour)
	x := stop16(first, epoch)
	if x.EndedAt.Sub(x.StartedAt) != time.Hour || !slices.Equal(x.Review, []charging.Reason{charging.ClockSkew}) || x.FinishedAt.IsZero() {
		t.Errorf("%s", describe(x))
	}
	if second := start16("1|ANNA|1970|0", epoch); second == first {
		t.Error("another car got the first one's transaction")
	}
	// An end before the start.
	ref := start16("2", start.Add(time.Hour))
	if x := stop16(ref, start); x.EndedAt.Before(x.StartedAt) || !slices.Contains(x.Review, charging.ClockSkew) {
		t.Errorf("%s", describe(x))
	}
	// A replay of a start whose transaction has ended, by a clock that can be believed.
	if again := start16("2", start.Add(time.Hour)); again != ref {
		t.Errorf("the replayed start has the number %s, not %s", again, ref)
	}
}

func TestConflictingStop(t *testing.T) {
	s := newSystem(t)
	out, err := s.Record(t.Context(), "S", charging.Event{
		Kind: charging.Started, Version: gnista.V16, StartKey: "k", At: start, EVSE: gnista.EVSE{ID: 1}, Token: &token.ID{UID: "ANNA"}, Begin: &charging.Reading{},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, mWh := range []int64{5_000_000, 5_000_000, 9_000_000, 9_000_000} {
		out, err := s.Record(t.Context(), "S", charging.Event{
			Kind: charging.Stopped, Version: gnista.V16, Ref: out.Transaction.Ref, At: start.Add(time.Hour), End: &charging.Reading{MWh: mWh},
		})
		if err != nil {
			t.Fatal(err)
		}
		if conflict := slices.Contains(out.Transaction.Review, charging.ConflictingStop); conflict != (i >= 2) || out.Transaction.EnergyWh != 5000 {
			t.Errorf("stop %d: %s", i, describe(out.Transaction))
		}
	}
}

// T2: when the store cannot be asked, nobody is let in and nothing is confirmed.
func TestStoreFails(t *testing.T) {
	s := newSystem(t)
	s.db.Close()
	if d, err := s.Tokens.Authorise(t.Context(), token.Request{ID: token.ID{UID: "ANNA"}, At: s.now}); err == nil || d.Status == token.Accepted || gnista.CodeOf(err) != gnista.Internal {
		t.Errorf("got %v, %v", d, err)
	}
	_, err := s.Record(t.Context(), "S", charging.Event{Kind: charging.Started, Version: gnista.V201, Ref: "a", At: start, Token: &token.ID{UID: "ANNA"}})
	if err == nil || gnista.CodeOf(err) != gnista.Internal {
		t.Errorf("got %v", err)
	}
	var domain *gnista.Error
	if errors.As(err, &domain) {
		t.Errorf("a failure of the store is told to the station as %v", domain)
	}
}
