package storetest

import (
	"testing"
	"time"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/payment"
)

func (s suite) mandates(t *testing.T) {
	ctx := t.Context()
	s.payer(t, "man", account.Postpaid, "SEK")
	ask := func(id, acc string) payment.Mandate {
		m := payment.Mandate{ID: id, Account: acc, Provider: "stripe", State: payment.MandateAwaiting, Text: "May charge.", Version: "1", Language: "en", CreatedAt: now}
		if err := s.CreateMandate(ctx, m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	change := func(id string, f func(*payment.Mandate)) payment.Mandate {
		t.Helper()
		return must[payment.Mandate](t)(s.ChangeMandate(ctx, id, now.Add(time.Minute), func(m *payment.Mandate) ([]gnista.Event, error) { f(m); return nil, nil }))
	}
	give := func(id string) payment.Mandate {
		t.Helper()
		return change(id, func(m *payment.Mandate) {
			m.State, m.Customer, m.Ref, m.Method, m.Label, m.GivenAt = payment.MandateActive, "cus", "seti-"+id, "pm-"+id, "Visa ···· 4242", now
		})
	}

	want := ask("m1", "man")
	if got := must[payment.Mandate](t)(s.Mandate(ctx, "m1")); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := s.CreateMandate(ctx, payment.Mandate{ID: "m0", Account: "nobody"}); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("of nobody: %v", err)
	}
	issue := func(record, transaction string) payment.Payment {
		must[billing.Record](t)(s.Issue(ctx, charged(record, transaction, "man", 1000), told))
		return must[payment.Payment](t)(s.Payment(ctx, "p-"+transaction))
	}
	if p := issue("mr1", "mx1"); p.Provider != payment.Invoice || p.Mandate != "" {
		t.Errorf("with a card that is not given: %+v", p)
	}
	want = give("m1")
	if got := must[payment.Mandate](t)(s.MandateByRef(ctx, "stripe", "seti-m1")); got != want || got.Method != "pm-m1" || got.Label != "Visa ···· 4242" {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, wrong := range [][2]string{{"swish", "seti-m1"}, {"stripe", "seti-m2"}, {"stripe", ""}} {
		if m, err := s.MandateByRef(ctx, wrong[0], wrong[1]); gnista.CodeOf(err) != gnista.NotFound {
			t.Errorf("%v: got %+v, %v", wrong, m, err)
		}
	}
	p := issue("mr2", "mx2")
	if p.Provider != "stripe" || p.Mandate != "m1" || p.Way != payment.ByMandate || p.State != payment.Settling {
		t.Errorf("with a card: %+v", p)
	}
	for _, d := range must[[]billing.Due](t)(s.Dues(ctx, now.Add(time.Hour), "man", billing.Due{}, 0)) {
		if d.Records != 1 || d.Total != 1000 { // that of before
			t.Errorf("invoiced is %+v", d)
		}
	}

	// Another card stands instead of the first, and what that one did not pay is tried anew.
	must[payment.Payment](t)(s.ChangePayment(ctx, p.ID, now, func(c *payment.Change) error {
		c.Claim(c.Op.ID, time.Minute)
		c.Decline("insufficient_funds")
		return nil
	}))
	ask("m2", "man")
	if list := must[[]payment.Mandate](t)(s.UnfinishedMandates(ctx, now, 10)); len(list) != 0 {
		t.Errorf("none is late, but %+v", list)
	}
	if list := must[[]payment.Mandate](t)(s.UnfinishedMandates(ctx, now.Add(time.Second), 10)); len(list) != 1 || list[0].ID != "m2" {
		t.Errorf("late are %+v", list)
	}
	give("m2")
	if m := must[payment.Mandate](t)(s.Mandate(ctx, "m1")); m.State != payment.MandateRevoked || m.Reason == "" || !m.EndedAt.Equal(now.Add(time.Minute)) || m.Forgotten {
		t.Errorf("the first is %+v", m)
	}
	if p := must[payment.Payment](t)(s.Payment(ctx, p.ID)); p.Mandate != "m2" || p.State != payment.Settling {
		t.Errorf("what was not paid is %+v", p)
	}
	ops := must[[]payment.Operation](t)(s.Operations(ctx, p.ID))
	if last := ops[len(ops)-1]; len(ops) != 2 || last.ID != p.ID+"/capture/r2" || last.State != payment.Pending {
		t.Errorf("its operations are %+v", ops)
	}
	if list := must[[]payment.Mandate](t)(s.UnfinishedMandates(ctx, now, 10)); len(list) != 1 || list[0].ID != "m1" {
		t.Errorf("to be forgotten are %+v", list)
	}
	change("m1", func(m *payment.Mandate) { m.Forgotten = true })
	if list := must[[]payment.Mandate](t)(s.UnfinishedMandates(ctx, now, 10)); len(list) != 0 {
		t.Errorf("forgotten is %+v", list)
	}
	if list := must[[]payment.Mandate](t)(s.Mandates(ctx, payment.MandateFilter{Account: "man", Limit: 10})); len(list) != 2 || list[0].ID != "m2" {
		t.Errorf("the mandates are %+v", list)
	}
	if list := must[[]payment.Mandate](t)(s.Mandates(ctx, payment.MandateFilter{Account: "man", Before: "m2", Limit: 10})); len(list) != 1 || list[0].ID != "m1" {
		t.Errorf("the next page is %+v", list)
	}

	// Who is erased has none any more.
	must[account.Customer](t)(s.EraseCustomer(ctx, "c-man", "gone", func(c *account.Customer) (gnista.Event, error) {
		c.ErasedAt = now
		return gnista.Event{At: now, Kind: "customer.erased", Subject: c.ID}, nil
	}))
	if m := must[payment.Mandate](t)(s.Mandate(ctx, "m2")); m.State != payment.MandateRevoked || m.Reason != "gone" || !m.EndedAt.Equal(now) {
		t.Errorf("of who is erased: %+v", m)
	}
	if m, err := s.ChangeMandate(ctx, "m9", now, func(*payment.Mandate) ([]gnista.Event, error) { return nil, nil }); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("got %+v, %v", m, err)
	}
}
