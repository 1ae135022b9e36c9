package stripe_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/billing"
	"gnista/payment"
	"gnista/payment/stripe"
	"gnista/payment/stripe/stripesim"
)

// clearing is what the ledger has with Stripe, and what is in dispute there.
func (f *files) clearing(t interface{ Fatalf(string, ...any) }, db billing.LedgerStore, test *testing.T) (clearing, disputed int64) {
	list, err := db.Balances(test.Context(), "", nil, 10_000)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, b := range list {
		switch b.Account {
		case billing.LedgerAccount{Kind: billing.Clearing, Party: stripe.Name}:
			clearing = b.Amount
		case billing.LedgerAccount{Kind: billing.Disputed, Party: stripe.Name}:
			disputed = b.Amount
		}
	}
	return clearing, disputed
}

// After any history of charges, corrections, refunds, disputes and payouts with faults in between, the account of
// Stripe in our ledger is our balance there.
func TestClearing(t *testing.T) {
	f := newFiles(t, "")
	m := f.give(t, stripesim.Good)
	books := &payment.Reconciler{Payments: f.Payments, Store: f.db, Hour: -1, Zone: time.UTC, Nudge: make(chan struct{}, 1)}
	n, histories := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		if histories++; histories > 12 { // which is enough of a slow thing
			return
		}
		since := f.clock().Add(-time.Hour)
		var ids []string
		open := map[string]string{} // disputes, by payment
		pick := func(r *rapid.T) string {
			if len(ids) == 0 {
				r.Skip("there is none")
			}
			return rapid.SampledFrom(ids).Draw(r, "payment")
		}
		step := func() {
			if _, err := f.Step(t.Context()); err != nil {
				r.Fatal(err)
			}
			f.pass(time.Minute)
		}
		reconcile := func(r *rapid.T) {
			f.pass(time.Minute)
			x, err := books.Begin(t.Context(), stripe.Name, since, f.clock())
			for range 5 {
				if err == nil && x.State == payment.Reconciling {
					books.Work(t.Context())
					x, err = f.db.Reconciliation(t.Context(), x.ID)
				}
			}
			if err != nil || x.State != payment.Reconciled {
				r.Fatalf("the reconciliation is %+v, %v", x, err)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"charge": func(r *rapid.T) {
				n++
				ids = append(ids, f.due(t, m, fmt.Sprint("c", n), rapid.SampledFrom([]int64{200, 300, 9_900, 25_000}).Draw(r, "amount")))
			},
			"correct": func(r *rapid.T) {
				f.owe(t, pick(r), rapid.SampledFrom([]int64{0, 400, 9_900, 12_000}).Draw(r, "amount"))
			},
			"give back": func(r *rapid.T) {
				n++
				_, err := f.GiveBack(t.Context(), payment.Refund{Payment: pick(r), Amount: rapid.Int64Range(1, 5_000).Draw(r, "amount"), Reason: "kind", Key: fmt.Sprint(n)})
				if err != nil && gnista.CodeOf(err) != gnista.Conflict {
					r.Fatal(err)
				}
			},
			"work": func(*rapid.T) { step() },
			"lose": func(r *rapid.T) {
				f.sim.Fail("", rapid.SampledFrom([]stripesim.Fault{stripesim.Before, stripesim.After, stripesim.Broken, stripesim.BrokenLate, stripesim.RateLimit}).Draw(r, "fault"))
				step()
				f.sim.Mend()
			},
			"dispute": func(r *rapid.T) {
				id := pick(r)
				p, err := f.db.Payment(t.Context(), id)
				if err != nil || open[id] != "" || p.State != payment.Settled || p.Paid() == 0 {
					r.Skip("nothing was taken, or it is disputed", err)
				}
				if open[id], err = f.sim.Dispute(p.Ref); err != nil {
					r.Skip(err)
				}
			},
			"decide": func(r *rapid.T) {
				if id := pick(r); open[id] != "" {
					f.sim.CloseDispute(open[id], rapid.Bool().Draw(r, "won"))
				}
			},
			"pay out":   func(*rapid.T) { f.sim.Payout("sek") },
			"reconcile": reconcile,
			"wait":      func(*rapid.T) { f.pass(11 * time.Minute) },
		})
		f.sim.Mend()
		f.drain(t)
		f.pass(time.Minute)
		reconcile(r)
		if got, _ := f.clearing(r, f.db, t); got != f.sim.Balance("sek") {
			r.Errorf("clearing is %d, and the balance %d", got, f.sim.Balance("sek"))
		}
		for id, ref := range open {
			list, err := f.db.Disputes(t.Context(), id)
			if err != nil || len(list) != 1 || list[0].Ref != ref || list[0].Amount < 0 || list[0].Reason == "" {
				r.Errorf("disputes of %s: %+v, %v", id, list, err)
			}
		}
		list, err := f.db.Differences(t.Context(), payment.DifferenceFilter{State: "open", Provider: stripe.Name, Limit: 100})
		if err != nil || len(list) > 0 {
			r.Errorf("differences: %+v, %v", list, err)
		}
		f.sim.Payout("sek") // the next history begins with nothing
	})
}

// A dispute is a document beside the payment: what was taken back is posted when it moves, and lost when it is decided.
func TestDisputes(t *testing.T) {
	f := newFiles(t, "")
	m := f.give(t, stripesim.Good)
	books := &payment.Reconciler{Payments: f.Payments, Store: f.db, Hour: -1, Zone: time.UTC, Nudge: make(chan struct{}, 1)}
	since := f.clock().Add(-time.Hour)
	for _, c := range []struct {
		won      bool
		state    payment.DisputeState
		disputed int64
	}{{true, payment.DisputeWon, 0}, {false, payment.DisputeLost, 0}} {
		p := f.paid(t, f.due(t, m, fmt.Sprint("d", c.won), 9_000), payment.Settled, 9_000)
		name, err := f.sim.Dispute(p.Ref)
		if err != nil {
			t.Fatal(err)
		}
		hear := func() []payment.Dispute {
			t.Helper()
			if err := f.Hear(t.Context(), stripe.Name, []payment.Hint{{ID: "h", Ref: p.Ref}}); err != nil {
				t.Fatal(err)
			}
			f.pass(time.Minute)
			if _, err := books.Begin(t.Context(), stripe.Name, since, f.clock()); err != nil {
				t.Fatal(err)
			}
			if _, err := books.Work(t.Context()); err != nil {
				t.Fatal(err)
			}
			list, err := f.db.Disputes(t.Context(), p.ID)
			if err != nil || len(list) != 1 || list[0].Ref != name || list[0].Amount != 9_000 {
				t.Fatalf("got %+v, %v", list, err)
			}
			return list
		}
		if d := hear()[0]; d.State != payment.DisputeEvidence || d.EvidenceDue.IsZero() {
			t.Errorf("got %+v", d)
		}
		if _, disputed := f.clearing(t, f.db, t); disputed != 9_000 {
			t.Errorf("%d are in dispute", disputed)
		}
		f.sim.CloseDispute(name, c.won)
		if d := hear()[0]; d.State != c.state {
			t.Errorf("got %+v", d)
		}
		if got, disputed := f.clearing(t, f.db, t); disputed != c.disputed || got != f.sim.Balance("sek") {
			t.Errorf("%d are in dispute, and clearing is %d of %d", disputed, got, f.sim.Balance("sek"))
		}
		if again, err := f.db.Payment(t.Context(), p.ID); err != nil || again.State != payment.Settled || again.Paid() != 9_000 {
			t.Errorf("the payment is %+v, %v", again, err)
		}
	}
	var told []string
	evs, err := f.db.Events(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range evs {
		if ev.Kind == "payment.disputed" {
			told = append(told, string(ev.Data))
		}
	}
	if len(told) != 4 {
		t.Errorf("told is %v", told)
	}
}
