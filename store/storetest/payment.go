package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/payment"
)

func (s suite) payments(t *testing.T) {
	ctx := t.Context()
	s.payer(t, "pay", account.Prepaid, "SEK")
	s.payer(t, "pay-eur", account.Prepaid, "EUR")
	s.payer(t, "pay-post", account.Postpaid, "SEK")
	for i, c := range []struct {
		who      string
		amount   int64
		provider string
		state    payment.State
		reason   string
	}{
		{"pay", 1000, payment.Wallet, payment.Settling, ""},
		{"pay-post", 1000, payment.Invoice, payment.Settling, ""},
		{"pay", 0, payment.Wallet, payment.Released, ""},
		{"", 1000, "", payment.Review, payment.Nobody},
		{"pay-eur", 1000, "", payment.Review, payment.Currency},
		{"gone", 1000, "", payment.Review, payment.Missing},
	} {
		transaction := fmt.Sprint("px", i)
		must[billing.Record](t)(s.Issue(ctx, charged(fmt.Sprint("pr", i), transaction, c.who, c.amount), told))
		p := must[payment.Payment](t)(s.Payment(ctx, "p-"+transaction))
		if p.Transaction != transaction || p.Account != c.who || p.Provider != c.provider || p.State != c.state || p.Reason != c.reason || p.Due != c.amount {
			t.Errorf("%+v: got %+v", c, p)
		}
	}
	if nobody := must[[]billing.Record](t)(s.Records(ctx, billing.Filter{Nobody: true, Station: "ledger", Limit: 10})); len(nobody) != 1 || nobody[0].ID != "pr3" {
		t.Errorf("got %+v", nobody)
	}

	later := now.Add(time.Minute)
	ops := must[[]payment.Operation](t)(s.WaitingOperations(ctx, later, 100))
	var op payment.Operation
	for _, o := range ops {
		if o.Payment == "p-px0" {
			op = o
		}
	}
	if op.ID != "p-px0/capture/r1" || op.Amount != 1000 || op.State != payment.Pending {
		t.Fatalf("got %+v of %+v", op, ops)
	}
	change := func(f func(*payment.Change)) payment.Payment {
		t.Helper()
		return must[payment.Payment](t)(s.ChangePayment(ctx, "p-px0", later, func(c *payment.Change) error { f(c); return nil }))
	}
	change(func(c *payment.Change) {
		if o, doubt, ok := c.Claim(op.ID, time.Hour); !ok || doubt || o.Attempt != 1 {
			t.Errorf("claimed %+v, %v, %v", o, doubt, ok)
		}
	})
	change(func(c *payment.Change) {
		if _, _, ok := c.Claim(op.ID, time.Hour); ok {
			t.Error("claimed twice")
		}
	})
	for _, o := range must[[]payment.Operation](t)(s.WaitingOperations(ctx, later, 100)) {
		if o.ID == op.ID {
			t.Errorf("waits though it was taken up: %+v", o)
		}
	}
	if err := s.GiveUpOperations(ctx, later); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(must[[]payment.Operation](t)(s.WaitingOperations(ctx, later, 100)), func(o payment.Operation) bool { return o.ID == op.ID && o.State == payment.Sent }) {
		t.Error("what was given up cannot be taken up")
	}
	_, err := s.ChangePayment(ctx, "p-px0", later, func(c *payment.Change) error {
		c.Succeed(payment.Snapshot{Captured: 1})
		return gnista.Errorf(gnista.Conflict, "no")
	})
	wantCode(t, err, gnista.Conflict)
	p := change(func(c *payment.Change) { c.Succeed(payment.Snapshot{Ref: "ref", Captured: 600}) })
	if p.State != payment.SettledShort || p.Captured != 600 {
		t.Errorf("got %+v", p)
	}
	if got := must[payment.Payment](t)(s.PaymentByRef(ctx, payment.Wallet, "ref")); got != p {
		t.Errorf("\n got %+v\nwant %+v", got, p)
	}
	_, err = s.PaymentByRef(ctx, payment.Wallet, "other")
	wantCode(t, err, gnista.NotFound)
	moves := must[[]payment.Transition](t)(s.Transitions(ctx, "p-px0"))
	if len(moves) != 4 || moves[3].To != payment.SettledShort || moves[3].Cause != (payment.Cause{Kind: payment.ByOperation, ID: op.ID}) || moves[0].Cause != (payment.Cause{Kind: payment.ByRecord, ID: "pr0"}) {
		t.Errorf("got %+v", moves)
	}

	// A top-up has what is short tried again.
	l := &billing.Ledger{Store: s, Now: func() time.Time { return later }, NewID: func() string { return "pay-e1" }}
	if _, _, err := l.TopUp(ctx, billing.Transfer{Account: "pay", Amount: gnista.Money{Amount: 5000, Currency: "SEK"}, Reference: "r", Key: "k"}); err != nil {
		t.Fatal(err)
	}
	list := must[[]payment.Operation](t)(s.Operations(ctx, "p-px0"))
	if len(list) != 2 || list[0].State != payment.Succeeded || list[0].Done != 600 || list[1].ID != "p-px0/capture/r2" || list[1].Amount != 400 {
		t.Errorf("got %+v", list)
	}
	if short := must[[]payment.Payment](t)(s.Payments(ctx, payment.Filter{State: payment.SettledShort, Account: "pay", Limit: 10})); len(short) != 0 {
		t.Errorf("got %+v", short)
	}
	if page := must[[]payment.Payment](t)(s.Payments(ctx, payment.Filter{Account: "pay", Before: "p-px2", Limit: 10})); len(page) != 1 || page[0].ID != "p-px0" {
		t.Errorf("got %+v", page)
	}

	// What was set aside elsewhere, and is no more; and what is on its way for too long.
	c := payment.Begin("held", "bank", "pay", "SEK", 700, now)
	if err := s.CreatePayment(ctx, c); err != nil {
		t.Fatal(err)
	}
	ids := func(list []payment.Payment) (out string) {
		for _, p := range list {
			if p.ID == "held" {
				out += p.ID
			}
		}
		return out
	}
	if a, b := ids(must[[]payment.Payment](t)(s.StuckPayments(ctx, now, 100))), ids(must[[]payment.Payment](t)(s.StuckPayments(ctx, later, 100))); a != "" || b != "held" {
		t.Errorf("stuck: %q, %q", a, b)
	}
	must[payment.Payment](t)(s.ChangePayment(ctx, "held", now, func(c *payment.Change) error {
		c.Succeed(payment.Snapshot{Ref: "b1", Held: 700, HeldUntil: later})
		return nil
	}))
	if a, b := ids(must[[]payment.Payment](t)(s.ExpiredHolds(ctx, later.Add(-time.Millisecond), 100))), ids(must[[]payment.Payment](t)(s.ExpiredHolds(ctx, later, 100))); a != "" || b != "held" {
		t.Errorf("expired: %q, %q", a, b)
	}
	// A customer who is asked; and what is kept.
	c = payment.Begin("asked", "bank", "", "SEK", 700, now)
	c.Op.Kind, c.Way, c.Opening = payment.KindBegin, payment.ByPrepay, payment.Opening{Way: payment.ByPrepay, Payer: "46701234567"}
	if err := s.CreatePayment(ctx, c); err != nil {
		t.Fatal(err)
	}
	waits := func(before time.Time) (n int) {
		t.Helper()
		for _, p := range must[[]payment.Payment](t)(s.AskedPayments(ctx, before, 100)) {
			if p.ID == "asked" {
				n++
			}
		}
		return n
	}
	if a, b := waits(now), waits(later); a != 0 || b != 1 {
		t.Errorf("asked: %d, %d", a, b)
	}
	must[payment.Payment](t)(s.ChangePayment(ctx, "asked", later, func(c *payment.Change) error {
		c.Succeed(payment.Snapshot{Ref: "b2"})
		c.Action = payment.Action{Kind: payment.ActApp, Text: "token"}
		return nil
	}))
	if a, b := waits(later), waits(later.Add(time.Second)); a != 0 || b != 1 {
		t.Errorf("awaiting: %d, %d", a, b)
	}
	if a := must[payment.Action](t)(s.Action(ctx, "asked")); a.Text != "token" {
		t.Errorf("got %+v", a)
	}
	p = must[payment.Payment](t)(s.ChangePayment(ctx, "asked", later, func(c *payment.Change) error {
		c.Observe(payment.Snapshot{Ref: "b2", Captured: 700}, payment.Cause{Kind: payment.ByHint})
		c.Kept = 7
		return nil
	}))
	if got := must[payment.Payment](t)(s.Payment(ctx, "asked")); got != p || got.Kept != 7 || got.State != payment.Prepaid || waits(later.Add(time.Hour)) != 0 {
		t.Errorf("got %+v", got)
	}
	if a := must[payment.Action](t)(s.Action(ctx, "asked")); a != (payment.Action{}) {
		t.Errorf("the customer can still do something: %+v", a.Kind)
	}
	// A record in another currency than was paid in takes nothing.
	must[payment.Payment](t)(s.ChangePayment(ctx, "asked", later, func(c *payment.Change) error { return c.Bind("foreign", payment.Cause{Kind: payment.ByStation}) }))
	foreign := charged("pr-foreign", "foreign", "", 500)
	for _, m := range []*gnista.Money{&foreign.Bill.Net, &foreign.Bill.Tax, &foreign.Bill.Total} {
		m.Currency = "EUR"
	}
	must[billing.Record](t)(s.Issue(ctx, foreign, told))
	if got := must[payment.Payment](t)(s.Payment(ctx, "asked")); got.State != payment.Review || got.Reason != "its charge record is in EUR" || got.Due != 0 || len(must[[]payment.Operation](t)(s.Operations(ctx, "asked"))) != 1 {
		t.Errorf("got %+v", got)
	}
	_, err = s.ChangePayment(ctx, "none", now, func(*payment.Change) error { return nil })
	wantCode(t, err, gnista.NotFound)
	s.trial(t)
}
