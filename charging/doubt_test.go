package charging_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/token"
)

// teller tells what a station does, in hours from the start of the test and Wh.
type teller struct {
	*system
	t *testing.T
}

func (s teller) record(ev charging.Event) charging.Outcome {
	s.t.Helper()
	out, err := s.Record(s.t.Context(), "S", ev)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func hours(h float64) time.Time { return start.Add(time.Duration(h * float64(time.Hour))) }

func (s teller) start16(evse int, uid string, h float64, wh int64) charging.Outcome {
	s.t.Helper()
	return s.record(charging.Event{
		Kind: charging.Started, Version: gnista.V16, StartKey: charging.StartKey(evse, uid, fmt.Sprint(h), int(wh)), At: hours(h), EVSE: gnista.EVSE{ID: evse, Connector: 1},
		Token: &token.ID{UID: uid}, Activity: charging.Charging, Begin: &charging.Reading{MWh: wh * 1000},
	})
}

func (s teller) stop16(ref, uid string, h float64, wh int64) charging.Transaction {
	s.t.Helper()
	ev := charging.Event{Kind: charging.Stopped, Version: gnista.V16, Ref: ref, At: hours(h), End: &charging.Reading{MWh: wh * 1000}}
	if uid != "" {
		ev.Token = &token.ID{UID: uid}
	}
	return s.record(ev).Transaction
}

func (s teller) event2(kind charging.Kind, ref string, seq int, uid string, h float64, wh int64) charging.Outcome {
	s.t.Helper()
	ev := charging.Event{
		Kind: kind, Version: gnista.V201, Ref: ref, Seq: seq, At: hours(h), EVSE: gnista.EVSE{ID: 1, Connector: 1}, Activity: charging.Charging,
		Samples: []charging.Sample{register(hours(h), wh)},
	}
	if uid != "" {
		ev.Token = &token.ID{UID: uid}
	}
	return s.record(ev)
}

func (s teller) all() []charging.Transaction {
	s.t.Helper()
	list, err := s.db.Transactions(s.t.Context(), charging.Filter{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

// energies are those of all transactions, with their reasons for review where there are any.
func (s teller) energies() string {
	s.t.Helper()
	var list []string
	for _, x := range s.all() {
		list = append(list, strings.TrimSuffix(fmt.Sprintf("%d %v", x.EnergyWh, x.Review), " []"))
	}
	return strings.Join(list, ", ")
}

func (s teller) want(energies string) {
	s.t.Helper()
	if got := s.energies(); got != energies {
		s.t.Errorf("the transactions are\n%s, want\n%s", got, energies)
	}
}

// An end with a broken id is not given to whoever charges now.
func TestBrokenStops(t *testing.T) {
	t.Run("repeated", func(t *testing.T) {
		s := teller{newSystem(t), t}
		s.start16(1, "ANNA", 0, 0)
		s.stop16("-1", "ANNA", 1, 5000)
		bo := s.start16(1, "BO", 2, 5000)
		s.stop16("-1", "ANNA", 1, 5000)
		s.stop16(bo.Transaction.Ref, "BO", 3, 25000)
		s.want("5000 [repaired-ref], 20000")
	})
	t.Run("of a start that never came", func(t *testing.T) {
		s := teller{newSystem(t), t}
		bo := s.start16(2, "BO", 2, 5000)
		s.stop16("-1", "ANNA", 1, 65000)
		s.stop16("0", "ANNA", 3, 65000)
		s.stop16("0", "BO", 3, 4000)
		s.stop16(bo.Transaction.Ref, "BO", 4, 6000)
		list := s.all()
		if len(list) != 4 || list[0].EnergyWh != 1000 || list[0].Blocked() || !list[1].Blocked() || !list[2].Blocked() || !list[3].Blocked() {
			t.Errorf("the transactions are %s", s.energies())
		}
	})
	t.Run("the station's own meter", func(t *testing.T) {
		s := teller{newSystem(t), t}
		anna := s.start16(1, "ANNA", 0, 1000)
		s.record(charging.Event{Kind: charging.Updated, Version: gnista.V16, Ref: "0", At: hours(0.5), Samples: []charging.Sample{register(hours(0.5), 99_000_000)}})
		s.stop16(anna.Transaction.Ref, "", 1, 3000)
		s.want("2000")
	})
}

// A station that counts its transactions anew does not lose any, and repeats none.
func TestNameUsedAgain(t *testing.T) {
	s := teller{newSystem(t), t}
	s.event2(charging.Started, "1", 0, "ANNA", 0, 0)
	s.event2(charging.Stopped, "1", 1, "", 1, 2000)
	s.event2(charging.Started, "1", 0, "ANNA", 0, 0) // a repeat
	if out := s.event2(charging.Started, "1", 0, "BO", 3, 2000); out.Repeat {
		t.Error("another car's start passed for a repeat")
	}
	s.event2(charging.Started, "1", 0, "BO", 3, 2000)
	s.event2(charging.Stopped, "1", 1, "", 4, 42000)
	s.want("2000, 40000")
	if x := s.transaction(t, "1"); x.Token.UID != "BO" {
		t.Errorf("the name is that of %s", describe(x))
	}
	// A time that is more exact than it is kept is the same time again.
	for range 2 {
		s.event2(charging.Started, "exact", 0, "BO", 4.5+1e-10, 0)
		s.event2(charging.Stopped, "exact", 1, "", 4.6, 0)
	}
	s.want("2000, 40000, 0")
	// The station's next firmware speaks another version; its first name is a number we gave before.
	old := s.start16(1, "ANNA", 5, 42000)
	s.stop16(old.Transaction.Ref, "", 6, 43000)
	s.event2(charging.Started, old.Transaction.Ref, 0, "BO", 7, 43000)
	s.event2(charging.Stopped, old.Transaction.Ref, 1, "", 8, 46000)
	s.want("2000, 40000, 0, 1000, 3000")
	// And back: our next number is a name that the station has given.
	s.event2(charging.Started, "2", 0, "BO", 9, 46000)
	s.event2(charging.Stopped, "2", 1, "", 10, 50000)
	again := s.start16(1, "ANNA", 11, 50000)
	if again.Transaction.Ref != "2" {
		t.Fatalf("the number is %s: this test needs another name", again.Transaction.Ref)
	}
	s.stop16("2", "", 12, 51000)
	s.want("2000, 40000, 0, 1000, 3000, 4000, 1000")
}

// Names and texts that no database can look up by are kept all the same.
func TestOddNames(t *testing.T) {
	s := teller{newSystem(t), t}
	for i, ref := range []string{strings.Repeat("é", 5000), strings.Repeat("é", 5000) + "2", "nul\x00", "broken\xff"} {
		s.event2(charging.Started, ref, 0, strings.Repeat("U", 9000), float64(i), 0)
		s.event2(charging.Stopped, ref, 1, "", float64(i)+0.5, 0)
	}
	s.want("0, 0, 0, 0")
}

// A station whose clock and meter stand still tells of each car in the same words.
func TestStartsAlike(t *testing.T) {
	s := teller{newSystem(t), t}
	seen := map[string]bool{}
	for range 5 {
		ev := charging.Event{
			Kind: charging.Started, Version: gnista.V16, StartKey: "alike", At: time.Unix(0, 0), EVSE: gnista.EVSE{ID: 1}, Token: &token.ID{UID: "ANNA"}, Begin: &charging.Reading{},
		}
		ref := s.record(ev).Transaction.Ref
		if again := s.record(ev).Transaction.Ref; again != ref || seen[ref] {
			t.Errorf("a start has the number %s and its repeat %s", ref, again)
		}
		seen[ref] = true
		s.record(charging.Event{Kind: charging.Stopped, Version: gnista.V16, Ref: ref, At: time.Unix(0, 0), End: &charging.Reading{MWh: 1_000_000}})
	}
}

// Times that cannot be are not billed.
func TestTimesInDoubt(t *testing.T) {
	s := teller{newSystem(t), t}
	s.now = hours(24 * 60)
	x := s.stop16(s.start16(1, "ANNA", 0, 0).Transaction.Ref, "", 24*15, 1000)
	if !x.Blocked() || !slices.Contains(x.Review, charging.TooLong) || len(x.Periods(s.now)) > 0 {
		t.Errorf("15 days: %s", describe(x))
	}
	x = s.stop16(s.start16(1, "ANNA", -24*365, 1000).Transaction.Ref, "", 24*60, 2000)
	if x.Blocked() || x.EndedAt.Sub(x.StartedAt) > time.Minute || !slices.Contains(x.Review, charging.ClockSkew) {
		t.Errorf("a clock a year behind: %s", describe(x))
	}
	ref := s.start16(2, "ANNA", 24*59, 0).Transaction.Ref
	activities := []charging.Activity{charging.Charging, charging.SuspendedEV}
	second := func(n int) time.Time { return hours(24 * 59).Add(time.Duration(n) * time.Second) }
	err := s.Store.Change(t.Context(), "S", func(tx charging.Tx) error { // as 990 events leave it, each of which takes its time
		x, err := tx.ByRef("S", ref)
		if err != nil {
			return err
		}
		for i := len(x.Progress.Timeline); i < 990; i++ {
			x.Progress.Timeline = append(x.Progress.Timeline, charging.Step{At: second(i), Activity: activities[i%2]})
		}
		return tx.Save(x, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := 990; i < 1020; i++ {
		x = s.record(charging.Event{Kind: charging.Updated, Version: gnista.V16, Ref: ref, EVSE: gnista.EVSE{ID: 2}, At: second(i), Activity: activities[i%2]}).Transaction
		if unsteady := slices.Contains(x.Review, charging.Unsteady); unsteady != (i >= 1000) {
			t.Errorf("after %d changes: %v", i+1, x.Review)
		}
	}
	if x = s.stop16(ref, "", 24*60, 9000); !x.Blocked() || !slices.Contains(x.Review, charging.Unsteady) || x.EnergyWh != 9000 {
		t.Errorf("1020 changes: %v, %d Wh", x.Review, x.EnergyWh)
	}
}

// What a station calls the last value, after the end, does not make the end another one.
func TestLateLastValue(t *testing.T) {
	s := teller{newSystem(t), t}
	ref := s.start16(1, "ANNA", 0, 1000).Transaction.Ref
	s.stop16(ref, "", 1, 0)
	late := register(hours(1.1), 61000)
	late.Context = charging.AtEnd
	s.record(charging.Event{Kind: charging.Updated, Version: gnista.V16, Ref: ref, EVSE: gnista.EVSE{ID: 1}, At: hours(1.1), Samples: []charging.Sample{late}})
	if x := s.all()[0]; !x.Blocked() || !x.FinishedAt.IsZero() {
		t.Errorf("%s", describe(x))
	}
}

func TestConcurrency(t *testing.T) {
	s := teller{newSystem(t), t}
	if _, err := s.Tokens.(*token.Tokens).Create(t.Context(), token.Token{ID: token.ID{UID: "ONE"}, MaxConcurrent: 1}); err != nil {
		t.Fatal(err)
	}
	decided := func(out charging.Outcome, want token.Status) {
		t.Helper()
		if out.Decision.Status != want {
			t.Errorf("the answer is %s, want %s", out.Decision.Status, want)
		}
	}
	s.now = hours(0)
	decided(s.start16(1, "ONE", 0, 0), token.Accepted)
	decided(s.start16(2, "ONE", 0, 0), token.Concurrent)
	decided(s.start16(2, "ONE", 0.01, 0), token.Concurrent) // again, where the refused one is still open
	decided(s.start16(1, "ONE", 0.02, 0), token.Accepted)   // in place of the one that is open there
	s.now = hours(5)
	decided(s.start16(3, "ONE", 4, 0), token.Accepted) // told too late to be refused
}

// A transaction that is finished has the payer that it is billed to.
func TestPayerStays(t *testing.T) {
	s := teller{newSystem(t), t}
	s.event2(charging.Started, "a", 0, "", 0, 0)
	s.event2(charging.Updated, "a", 2, "ANNA", 0.2, 100)
	s.event2(charging.Stopped, "a", 3, "", 1, 5000)
	s.now = s.now.Add(time.Hour)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x := s.transaction(t, "a"); x.FinishedAt.IsZero() || x.Token.UID != "ANNA" {
		t.Fatalf("%s", describe(x))
	}
	s.event2(charging.Updated, "a", 1, "BO", 0.1, 50)
	if x := s.transaction(t, "a"); x.Token.UID != "ANNA" {
		t.Errorf("the payer is now %v", x.Token)
	}
}

// A start that comes behind what followed it ends what was open there as any other start does.
func TestLateStart(t *testing.T) {
	s := teller{newSystem(t), t}
	s.event2(charging.Started, "b", 0, "ANNA", 0, 0)
	s.event2(charging.Updated, "c", 1, "", 2.5, 5500)
	s.event2(charging.Started, "c", 0, "BO", 2, 5000)
	s.event2(charging.Stopped, "c", 2, "", 3, 6000)
	if b := s.transaction(t, "b"); b.State != charging.Ended || !slices.Contains(b.Review, charging.MissingStop) {
		t.Errorf("%s", describe(b))
	}
	if c := s.transaction(t, "c"); c.EnergyWh != 1000 || c.FinishedAt.IsZero() {
		t.Errorf("%s", describe(c))
	}
}
