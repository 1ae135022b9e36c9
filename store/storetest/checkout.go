package storetest

import (
	"fmt"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/payment"
	"gnista/token"
)

func (s suite) checkouts(t *testing.T) {
	ctx := t.Context()
	make := func(id string, evse int) checkout.Checkout {
		return checkout.Checkout{
			ID: id, Key: "key-" + id, Station: "guests", EVSE: evse, Provider: "till", Way: payment.ByHold, Amount: gnista.Money{Amount: 20_000, Currency: "SEK"}, Language: "sv", Tariff: "v1",
			Token: token.ID{UID: "UID" + id, Type: token.Central}, Payment: "pay-" + id, State: checkout.Paying, Test: true,
			Company: &checkout.Company{Name: "Åkeri AB", VATNumber: "SE556036079301", Reference: "17"}, MinWh: 500, Minimum: 300, Wish: checkout.Wish{Wh: 6000, For: time.Hour, Cost: 30_50},
			PayBy: now.Add(15 * time.Minute), CreatedAt: now, UpdatedAt: now, Order: checkout.Order{Number: 7}, Next: now.Add(time.Minute),
		}
	}
	a := make("co1", 1)
	before := must[int64](t)(s.LastEvent(ctx))
	if err := s.CreateCheckout(ctx, a); err != nil {
		t.Fatal(err)
	}
	same := func(got checkout.Checkout, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		g, w := got, a
		if g.Company == nil || w.Company == nil || *g.Company != *w.Company {
			t.Errorf("the company is %+v, want %+v", g.Company, w.Company)
		}
		g.Company, w.Company = nil, nil
		if fmt.Sprintf("%+v", g) != fmt.Sprintf("%+v", w) {
			t.Errorf("got  %+v\nwant %+v", g, w)
		}
	}
	same(s.Checkout(ctx, "co1"))
	same(s.CheckoutByKey(ctx, "key-co1"))
	same(s.CheckoutByToken(ctx, "uid-co1")) // in whatever way it is written
	same(s.CheckoutByPayment(ctx, "pay-co1"))
	same(s.CheckoutAt(ctx, "guests", 1))
	for _, err := range []error{
		second(s.Checkout(ctx, "none")), second(s.CheckoutByKey(ctx, "KEY-CO1")), second(s.CheckoutByToken(ctx, "")), second(s.CheckoutByPayment(ctx, "")), second(s.CheckoutOf(ctx, "")),
		second(s.CheckoutAt(ctx, "guests", 2)), second(s.ChangeCheckout(ctx, "guests", "none", nil)),
	} {
		wantCode(t, err, gnista.NotFound)
	}

	// An EVSE has one at a time, but none that should have been paid by now.
	b := make("co2", 1)
	wantCode(t, s.CreateCheckout(ctx, b), gnista.Conflict)
	b.CreatedAt = a.PayBy
	if err := s.CreateCheckout(ctx, b); err != nil {
		t.Fatal(err)
	}
	if x := must[checkout.Checkout](t)(s.Checkout(ctx, "co1")); x.State != checkout.Cancelled || x.Reason != checkout.NotPaid {
		t.Errorf("what gave way is %+v", x)
	}
	a = b
	same(s.CheckoutAt(ctx, "guests", 1))

	// A transaction uses the pass once, and only when it is paid.
	spend := func(transaction string) (ok bool) {
		t.Helper()
		if err := s.Change(ctx, "guests", func(tx charging.Tx) (err error) {
			ok, err = tx.Spend(transaction, "co2", now.Add(time.Hour))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if spend("gx1") {
		t.Error("what is not paid was spent")
	}
	change := func(f func(*checkout.Checkout)) checkout.Checkout {
		t.Helper()
		return must[checkout.Checkout](t)(s.ChangeCheckout(ctx, "guests", "co2", func(c *checkout.Checkout) error { f(c); return nil }))
	}
	change(func(c *checkout.Checkout) {
		c.State, c.PaidAt, c.StartBy, c.Reason, c.Stray, c.Next = checkout.Starting, now, now.Add(10*time.Minute), "why", "stray", now.Add(time.Second)
		c.Order = checkout.Order{Number: 7, Tried: 2, At: now, Outcome: checkout.Refused, Command: "cmd"}
	})
	a = change(func(*checkout.Checkout) {})
	if a.Order.Tried != 2 || a.Stray != "stray" || a.Reason != "why" || !a.StartBy.Equal(now.Add(10*time.Minute)) {
		t.Errorf("what was changed is %+v", a)
	}
	same(s.Checkout(ctx, "co2"))
	if first, again := spend("gx1"), spend("gx1"); !first || !again || spend("gx2") {
		t.Error("a pass is good for one transaction")
	}
	a = must[checkout.Checkout](t)(s.CheckoutOf(ctx, "gx1"))
	if a.ID != "co2" || a.State != checkout.Charging {
		t.Errorf("the transaction is of %+v", a)
	}

	due := func(at time.Time) (ids []string) {
		for _, c := range must[[]checkout.Checkout](t)(s.DueCheckouts(ctx, at, 10)) {
			ids = append(ids, c.ID)
		}
		return ids
	}
	if got := due(now.Add(30 * time.Minute)); fmt.Sprint(got) != "[co1]" {
		t.Errorf("due are %v", got)
	}
	change(func(c *checkout.Checkout) { c.State, c.Next = checkout.Settled, time.Time{} })
	if got := due(now.AddDate(1, 0, 0)); fmt.Sprint(got) != "[co1]" {
		t.Errorf("due are %v", got)
	}
	list := must[[]checkout.Checkout](t)(s.Checkouts(ctx, checkout.Filter{Station: "guests", Limit: 10}))
	if len(list) != 2 || list[0].ID != "co2" {
		t.Errorf("listed are %+v", list)
	}
	if list := must[[]checkout.Checkout](t)(s.Checkouts(ctx, checkout.Filter{State: checkout.Cancelled, Before: "co2", Limit: 10})); len(list) != 1 || list[0].ID != "co1" {
		t.Errorf("listed are %+v", list)
	}
	var kinds []string
	for _, ev := range must[[]gnista.Event](t)(s.Events(ctx, before, 100)) {
		kinds = append(kinds, ev.Kind)
	}
	if want := "[checkout.paying checkout.cancelled checkout.paying checkout.starting checkout.charging checkout.settled]"; fmt.Sprint(kinds) != want {
		t.Errorf("told was %v", kinds)
	}
}

func second[T any](_ T, err error) error { return err }
