package payment_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/payment"
	"gnista/store"
	"gnista/store/storetest"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// crashing is a store that a process may be cut off from: what it was to keep is not kept.
type crashing struct {
	payment.Store
	mu    sync.Mutex
	after int // changes until it is; below 0 is never
}

var errCrashed = errors.New("the process is dead")

func (s *crashing) ChangePayment(ctx context.Context, id string, now time.Time, f func(*payment.Change) error) (payment.Payment, error) {
	s.mu.Lock()
	dead := s.after == 0
	if s.after > 0 {
		s.after--
	}
	s.mu.Unlock()
	if dead {
		return payment.Payment{}, errCrashed
	}
	return s.Store.ChangePayment(ctx, id, now, f)
}

// system is payments with a bank, on a database of their own.
type system struct {
	*payment.Worker
	db    *store.DB
	store *crashing
	bank  *bank
	now   time.Time
}

func newSystem(t *testing.T) *system {
	t.Helper()
	db := storetest.Open(t)
	s := &system{db: db, now: start, store: &crashing{Store: db, after: -1}}
	now := func() time.Time { return s.now }
	s.bank = newBank(now)
	var ids atomic.Int64
	s.Worker = &payment.Worker{Log: slog.New(slog.DiscardHandler), Payments: &payment.Payments{
		Store: s.store, Providers: payment.NewProviders(s.bank), Now: now, NewID: func() string { return fmt.Sprintf("%08d", ids.Add(1)) },
	}}
	return s
}

type failer interface {
	Helper()
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

func (s *system) step(t failer) {
	t.Helper()
	if _, err := s.Step(context.Background()); err != nil {
		t.Fatalf("%v", err)
	}
}

func (s *system) change(t failer, id string, f func(*payment.Change) error) payment.Payment {
	t.Helper()
	p, err := s.db.ChangePayment(context.Background(), id, s.now, f)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

func (s *system) payment(t failer, id string) payment.Payment {
	t.Helper()
	p, err := s.db.Payment(context.Background(), id)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

// drain lets everything come to its end with a bank that answers.
func (s *system) drain(t failer) {
	t.Helper()
	s.bank.next, s.store.after = none, -1
	for range 60 {
		s.step(t)
		s.now = s.now.Add(11 * time.Minute)
	}
	list, err := s.db.WaitingOperations(context.Background(), s.now.Add(time.Hour), 10)
	if err != nil || len(list) > 0 {
		t.Fatalf("still waiting: %+v, %v", list, err)
	}
}

// check holds the payment to what must be true at any time.
func (s *system) check(t failer, id string) {
	t.Helper()
	for op, n := range s.bank.effects {
		if n > 1 {
			t.Errorf("%s was done %d times", op, n)
		}
	}
	d := s.bank.deals[id]
	if d == nil {
		return
	}
	p := s.payment(t, id)
	switch {
	case d.Captured > d.authorised:
		t.Errorf("%d was captured of %d", d.Captured, d.authorised)
	case d.Refunded > d.Captured:
		t.Errorf("%d was refunded of %d", d.Refunded, d.Captured)
	case d.holds > 1:
		t.Errorf("there were %d holds", d.holds)
	case p.Captured > p.Authorised || p.Refunded > p.Captured:
		t.Errorf("the payment is %+v", p)
	}
}

// Whatever is lost, repeated, declined or late, no effect happens twice, no more is taken than was set aside, and
// in the end what was paid is what is due, or somebody is told what is missing.
func TestNothingTwice(t *testing.T) {
	s := newSystem(t)
	rapid.Check(t, func(t *rapid.T) {
		s.bank.next, s.store.after = none, -1
		amount := rapid.Int64Range(300, 50_000).Draw(t, "hold")
		p, err := s.Hold(context.Background(), "bank", "a", gnista.Money{Amount: amount, Currency: "SEK"})
		if err != nil {
			t.Fatal(err)
		}
		id, due, bound, released := p.ID, int64(0), false, false
		faulty := func(f fault) func(*rapid.T) {
			return func(t *rapid.T) { s.bank.next = f; s.step(t) }
		}
		t.Repeat(map[string]func(*rapid.T){
			"work":        faulty(none),
			"lose before": faulty(before),
			"lose after":  faulty(after),
			"decline":     faulty(no),
			"crash": func(t *rapid.T) {
				s.store.after = rapid.IntRange(0, 1).Draw(t, "after")
				s.step(t)
				s.store.after = -1
			},
			"two workers": func(t *rapid.T) {
				var both sync.WaitGroup
				for range 2 {
					both.Go(func() { s.Step(context.Background()) })
				}
				both.Wait()
			},
			"wait": func(t *rapid.T) {
				s.now = s.now.Add(time.Duration(rapid.Int64Range(1, 3600).Draw(t, "seconds")) * time.Second)
			},
			"long wait": func(t *rapid.T) { s.now = s.now.Add(25 * time.Hour) },
			"bind": func(t *rapid.T) {
				_, err := s.Change(context.Background(), id, func(c *payment.Change) error { return c.Bind("x"+id, payment.Cause{Kind: payment.ByPerson}) })
				bound = bound || err == nil
			},
			"bind another": func(t *rapid.T) {
				if !bound {
					t.Skip("it is bound to none")
				}
				if _, err := s.Change(context.Background(), id, func(c *payment.Change) error { return c.Bind("y"+id, payment.Cause{}) }); gnista.CodeOf(err) != gnista.Conflict {
					t.Errorf("two transactions: %v", err)
				}
			},
			"owe": func(t *rapid.T) {
				if !bound {
					t.Skip("nothing can be due")
				}
				due = rapid.SampledFrom([]int64{0, 1, 299, 300, amount - 1, amount, amount + 1, 2 * amount}).Draw(t, "due")
				s.change(t, id, func(c *payment.Change) error {
					c.Owe(max(0, due), payment.Cause{Kind: payment.ByRecord, ID: "r"})
					return nil
				})
				due = max(0, due)
			},
			"grow": func(t *rapid.T) {
				s.Change(context.Background(), id, func(c *payment.Change) error { return c.Grow(c.Held + 1000) })
			},
			"release": func(t *rapid.T) {
				_, err := s.Change(context.Background(), id, func(c *payment.Change) error { return c.Release(payment.Cause{Kind: payment.ByPerson}) })
				released = released || err == nil
			},
			"hint": func(t *rapid.T) {
				s.Hear(context.Background(), "bank", []payment.Hint{{ID: "h", Ref: "bank-" + id}, {ID: "h", Ref: "bank-" + id}, {ID: "h", Ref: "other"}})
			},
			"retry": func(t *rapid.T) { s.Retry(context.Background(), id) },
			"sweep": func(t *rapid.T) {
				if err := s.Sweep(context.Background()); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) { s.check(t, id) },
		})
		s.drain(t)
		if p = s.payment(t, id); p.Transaction == "" && !released && (p.State == payment.Held || p.State == payment.HoldExpired) {
			s.change(t, id, func(c *payment.Change) error { return c.Release(payment.Cause{Kind: payment.ByTime}) })
			s.drain(t)
		}
		s.now = s.now.Add(8 * 24 * time.Hour)
		if err := s.Sweep(context.Background()); err != nil {
			t.Fatal(err)
		}
		s.check(t, id)
		s.settled(t, id, due)
	})
}

// settled holds a payment that has come to its end to what is due.
func (s *system) settled(t failer, id string, due int64) {
	t.Helper()
	p := s.payment(t, id)
	ops, err := s.db.Operations(context.Background(), id)
	if err != nil {
		t.Fatalf("%v", err)
	}
	var d payment.Snapshot
	if x := s.bank.deals[id]; x != nil {
		x.expire(s.now)
		d = x.Snapshot
	}
	wrong := func(why string) {
		t.Errorf("%s: due is %d, the bank has %+v, the payment is %+v with %+v", why, due, d, p, ops)
	}
	switch {
	case d.Captured != p.Captured || d.Refunded != p.Refunded:
		wrong("the bank has other amounts")
	case d.Held != 0 || p.Held != 0:
		wrong("something is still set aside")
	case p.Due != due:
		wrong("another amount is due")
	}
	switch p.State {
	case payment.Settled, payment.Released:
		if p.Paid() != due {
			wrong("it is not paid")
		}
	case payment.SettledShort:
		if p.Paid() >= due {
			wrong("it is not short")
		}
	case payment.DeclinedNow:
		if d.Captured != 0 {
			wrong("it was not declined")
		}
	case payment.Review: // a refund or release was declined: somebody was told
		if p.Reason == "" {
			wrong("nobody knows why")
		}
	case payment.Bound, payment.HoldExpired: // to a transaction that has no record
		if due != 0 || p.Revision != 0 {
			wrong("it is not settled")
		}
	default:
		wrong("it is not at its end")
	}
	var captured, refunded int64
	for _, o := range ops {
		switch o.Kind {
		case payment.KindCapture:
			captured += o.Done
		case payment.KindRefund:
			refunded += o.Done
		}
	}
	if captured != p.Captured || refunded != p.Refunded {
		wrong(fmt.Sprintf("operations come to %d and %d", captured, refunded))
	}
	moves, err := s.db.Transitions(context.Background(), id)
	if err != nil {
		t.Fatalf("%v", err)
	}
	at := payment.Created
	for _, m := range moves {
		if m.From != at || !payment.May(m.From, m.To) {
			wrong(fmt.Sprintf("its history has %+v after %s", m, at))
		}
		at = m.To
	}
	if at != p.State {
		wrong("its history ends elsewhere")
	}
}

// A request whose key the bank has forgotten is not sent again before it was looked up.
func TestForgottenKey(t *testing.T) {
	s := newSystem(t)
	p, err := s.Hold(t.Context(), "bank", "a", gnista.Money{Amount: 1000, Currency: "SEK"})
	if err != nil {
		t.Fatal(err)
	}
	s.bank.next = after
	s.step(t)
	if got := s.payment(t, p.ID); got.State != payment.Created {
		t.Fatalf("got %+v", got)
	}
	s.now = s.now.Add(25 * time.Hour)
	s.step(t)
	if got := s.payment(t, p.ID); got.State != payment.Held || got.Held != 1000 || s.bank.deals[p.ID].holds != 1 {
		t.Errorf("got %+v, %+v", got, s.bank.deals[p.ID])
	}
}

// What is on its way for too long is told of once.
func TestStuck(t *testing.T) {
	s := newSystem(t)
	p, err := s.Hold(t.Context(), "bank", "a", gnista.Money{Amount: 1000, Currency: "SEK"})
	if err != nil {
		t.Fatal(err)
	}
	stuck := func() (n int) {
		t.Helper()
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		evs, err := s.db.Events(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range evs {
			if ev.Kind == "payment.stuck" && ev.Subject == p.ID {
				n++
			}
		}
		return n
	}
	for i, want := range []int{0, 0, 1, 1} {
		s.bank.next = before
		s.step(t)
		if n := stuck(); n != want {
			t.Errorf("after %d times: told %d times", i, n)
		}
		s.now = s.now.Add(31 * time.Minute)
	}
	s.drain(t)
	if got := s.payment(t, p.ID); got.State != payment.Held || got.Stuck {
		t.Errorf("got %+v", got)
	}
}

func TestHolds(t *testing.T) {
	s := newSystem(t)
	for field, try := range map[string]func() (payment.Payment, error){
		"amount": func() (payment.Payment, error) {
			return s.Hold(t.Context(), "bank", "a", gnista.Money{Amount: 299, Currency: "SEK"})
		},
		"currency": func() (payment.Payment, error) {
			return s.Hold(t.Context(), "bank", "a", gnista.Money{Amount: 300, Currency: "EUR"})
		},
		"provider": func() (payment.Payment, error) {
			return s.Hold(t.Context(), "none", "a", gnista.Money{Amount: 300, Currency: "SEK"})
		},
	} {
		var e *gnista.Error
		if _, err := try(); !errors.As(err, &e) || e.Code != gnista.Invalid || e.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	if _, err := s.Change(t.Context(), "none", func(*payment.Change) error { return nil }); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("got %v", err)
	}
	p, err := s.Hold(t.Context(), "bank", "a", gnista.Money{Amount: 1000, Currency: "SEK"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Retry(t.Context(), p.ID); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("nothing is unknown: %v", err)
	}
	s.bank.next = no
	s.step(t)
	if got := s.payment(t, p.ID); got.State != payment.DeclinedNow || got.Reason != "no" {
		t.Errorf("got %+v", got)
	}
}

// A provider that is not set up any more is for somebody to look at, and nothing is lost.
func TestProviderGone(t *testing.T) {
	s := newSystem(t)
	p, err := s.Hold(t.Context(), "bank", "a", gnista.Money{Amount: 1000, Currency: "SEK"})
	if err != nil {
		t.Fatal(err)
	}
	s.step(t)
	s.change(t, p.ID, func(c *payment.Change) error {
		if err := c.Bind("x", payment.Cause{}); err != nil {
			return err
		}
		c.Owe(700, payment.Cause{Kind: payment.ByRecord, ID: "r"})
		return nil
	})
	gone := s.Providers
	s.Providers = payment.NewProviders()
	s.step(t)
	if got := s.payment(t, p.ID); got.State != payment.Review || got.Reason == "" || got.Captured != 0 {
		t.Errorf("got %+v", got)
	}
	s.Providers = gone
	if _, err := s.Retry(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	s.step(t)
	if got := s.payment(t, p.ID); got.State != payment.Settled || got.Captured != 700 {
		t.Errorf("got %+v", got)
	}
}

// A hint changes nothing by itself, and a forged one is none.
func TestHints(t *testing.T) {
	s := newSystem(t)
	if _, err := s.bank.Verify(t.Context(), http.Header{}, []byte("bank-1")); gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("got %v", err)
	}
	p, err := s.Hold(t.Context(), "bank", "a", gnista.Money{Amount: 1000, Currency: "SEK"})
	if err != nil {
		t.Fatal(err)
	}
	s.step(t)
	s.bank.deals[p.ID].Held = 0 // somebody released it there
	hints, err := s.bank.Verify(t.Context(), http.Header{"Signature": {"bank"}, "Id": {"1"}}, []byte("bank-"+p.ID))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Hear(t.Context(), "bank", hints); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.payment(t, p.ID); got.Held != 0 || got.State != payment.Held {
		t.Errorf("got %+v", got)
	}
	if err := s.Hear(t.Context(), payment.Wallet, hints); gnista.CodeOf(err) != gnista.Unsupported {
		t.Errorf("got %v", err)
	}
}
