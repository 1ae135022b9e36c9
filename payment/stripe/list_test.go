package stripe_test

import (
	"slices"
	"testing"
	"time"

	"gnista/payment"
	"gnista/payment/stripe/stripesim"
)

func TestLists(t *testing.T) { lists(t, "") }

// What Stripe lists is what there is, and what its movements add up to is what it has of ours.
func lists(t *testing.T, mock string) {
	f := newFiles(t, mock)
	from := f.clock()
	m := f.give(t, stripesim.Good)
	a, b := f.due(t, m, "a", 10_000), f.due(t, m, "b", 20_000)
	f.paid(t, a, payment.Settled, 10_000)
	f.owe(t, a, 7_500)
	p := f.paid(t, a, payment.Settled, 7_500)
	q := f.paid(t, b, payment.Settled, 20_000)
	held, err := f.Hold(t.Context(), "stripe", f.account, held200)
	if err != nil {
		t.Fatal(err)
	}
	f.drain(t)
	if _, err := f.Change(t.Context(), held.ID, func(c *payment.Change) error {
		if err := c.Bind("h", payment.Cause{}); err != nil {
			return err
		}
		c.Owe(5_000, payment.Cause{}) // of which the rest is released, and not refunded
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	h := f.paid(t, held.ID, payment.Settled, 5_000)
	payout := f.sim.Payout("sek")
	f.pass(time.Hour)
	for _, won := range []bool{true, false} {
		name, err := f.sim.Dispute(q.Ref)
		if err != nil {
			t.Fatal(err)
		}
		f.pass(time.Hour)
		f.sim.CloseDispute(name, won)
		f.pass(time.Hour)
	}

	listed := map[string]payment.Listed{}
	for l, err := range f.provider.List(t.Context(), from, f.clock()) {
		if err != nil {
			t.Fatal(err)
		}
		listed[l.Payment] = l
	}
	for _, x := range []payment.Payment{p, q, h} {
		l := listed[x.ID]
		if l.Ref != x.Ref || l.Captured != x.Captured || l.Refunded != x.Refunded || l.Held != 0 || l.Currency != "SEK" || l.At.Before(from) {
			t.Errorf("%s is listed as %+v, and is %+v", x.ID, l, x)
		}
	}
	if len(listed) != 3 {
		t.Errorf("listed are %+v", listed)
	}

	var sum int64
	var kinds []payment.MovementKind
	var last time.Time
	for m, err := range f.provider.Settlements(t.Context(), from, f.clock()) {
		if err != nil {
			t.Fatal(err)
		}
		sum += m.Amount + m.Fee
		kinds = append(kinds, m.Kind)
		if m.At.Before(last) || m.Currency != "SEK" || m.ID == "" {
			t.Errorf("not in order: %+v", m)
		}
		last = m.At
		switch early := m.At.Before(f.clock().Add(-4 * time.Hour)); {
		case m.Kind == payment.MovePayout:
			if m.Payout != payout || m.Amount >= 0 {
				t.Errorf("the payout is %+v", m)
			}
		case m.Ref == "" || (m.Payout == payout) != early || m.Kind == payment.MoveCapture && m.Fee >= 0:
			t.Errorf("got %+v", m)
		}
	}
	want := []payment.MovementKind{
		payment.MoveCapture, payment.MoveCapture, payment.MoveRefund, payment.MoveCapture, payment.MovePayout,
		payment.MoveDispute, payment.MoveWon, payment.MoveDispute,
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("the movements are %v, want %v", kinds, want)
	}
	if there := f.sim.Balance("sek"); sum != there {
		t.Errorf("the movements come to %d, and the balance is %d", sum, there)
	}
	for range f.provider.Settlements(t.Context(), f.clock(), f.clock().Add(time.Hour)) {
		t.Error("something moves later")
	}
	// More than a page.
	for i := range 130 {
		f.due(t, m, "many-"+string(rune('a'+i/26))+string(rune('a'+i%26)), 1_000)
	}
	f.drain(t)
	n := 0
	for _, err := range f.provider.List(t.Context(), from, f.clock().Add(time.Hour)) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 133 {
		t.Errorf("listed are %d", n)
	}
}
