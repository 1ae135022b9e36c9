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
	"gnista/tariff"
)

// charged is a record of so much, with 25 % of VAT in it.
func charged(id, transaction, who string, gross int64) billing.Record {
	vat := gross / 5
	money := func(amount int64) gnista.Money { return gnista.Money{Amount: amount, Currency: "SEK"} }
	r := billing.Record{
		ID: id, Transaction: transaction, Station: "ledger", EVSE: gnista.EVSE{ID: 1}, Account: who, Kind: billing.Original, Payment: "p-" + transaction,
		StartedAt: now, EndedAt: now, EnergyWh: 1000, IssuedAt: now, Policy: tariff.Policy, Bill: tariff.Bill{Net: money(gross - vat), Tax: money(vat), Total: money(gross)},
	}
	if gross != 0 {
		r.Bill.Lines = []tariff.Line{{Dimension: tariff.Energy, Quantity: 1000, Price: "1", VAT: "25", Amount: gross}}
		r.Bill.VAT = []tariff.VATSum{{Rate: "25", Net: gross - vat, VAT: vat, Gross: gross}}
	}
	return r
}

func told(r billing.Record) gnista.Event { return gnista.Event{At: now, Kind: "issued", Subject: r.ID} }

// balances are what the accounts of a party come to.
func (s suite) balances(t *testing.T, party string) (out string) {
	t.Helper()
	for _, b := range must[[]billing.Balance](t)(s.Balances(t.Context(), "", nil, 10_000)) {
		if b.Account.Party == party {
			out += fmt.Sprintf("%s %d %s ", b.Account.Kind, b.Amount, b.Currency)
		}
	}
	return out
}

func (s suite) ledger(t *testing.T) {
	ctx := t.Context()
	s.payer(t, "led", account.Prepaid, "SEK")
	s.payer(t, "led-post", account.Postpaid, "SEK")
	topUp := func(id, who string, amount int64, currency, key string) (billing.Entry, bool, error) {
		l := &billing.Ledger{Store: s, Now: func() time.Time { return now }, NewID: func() string { return id }}
		return l.TopUp(ctx, billing.Transfer{Account: who, Amount: gnista.Money{Amount: amount, Currency: currency}, Reference: "ref", Key: key})
	}
	first, fresh, err := topUp("e1", "led", 10_000, "SEK", "k1")
	if err != nil || !fresh || first.Number < 1 || len(first.Postings) != 2 {
		t.Fatalf("got %+v, %v, %v", first, fresh, err)
	}
	again, fresh, err := topUp("e2", "led", 10_000, "SEK", "k1")
	if err != nil || fresh || again.ID != "e1" || again.Number != first.Number {
		t.Errorf("the same again: %+v, %v, %v", again, fresh, err)
	}
	_, _, err = topUp("e3", "led", 10_001, "SEK", "k1")
	wantCode(t, err, gnista.Conflict)
	_, _, err = topUp("e3", "nobody", 1, "SEK", "k")
	wantCode(t, err, gnista.NotFound)
	_, _, err = topUp("e3", "led-post", 1, "SEK", "k")
	wantCode(t, err, gnista.Conflict)
	_, _, err = topUp("e3", "led", 1, "EUR", "k")
	wantCode(t, err, gnista.Invalid)
	if got := s.balances(t, "led"); got != "deposit -10000 SEK " {
		t.Errorf("got %q", got)
	}

	must[billing.Record](t)(s.Issue(ctx, charged("lr1", "lx1", "led", 1250), told))
	if got := s.balances(t, "led"); got != "deposit -10000 SEK receivable 1250 SEK " {
		t.Errorf("got %q", got)
	}
	payOut := func(id string, amount int64, key string) error {
		l := &billing.Ledger{Store: s, Now: func() time.Time { return now }, NewID: func() string { return id }}
		_, _, err := l.Payout(ctx, billing.Transfer{Account: "led", Amount: gnista.Money{Amount: amount, Currency: "SEK"}, Reference: "ref", Key: key})
		return err
	}
	wantCode(t, payOut("e4", 8751, "o1"), gnista.Conflict) // the rest is owed
	if err := payOut("e4", 8750, "o1"); err != nil {
		t.Error(err)
	}
	if err := payOut("e5", 8750, "o1"); err != nil { // the same again
		t.Error(err)
	}

	// A settlement takes what there is, once.
	settle := func(id string, amount int64) int64 {
		t.Helper()
		return must[int64](t)(s.Settle(ctx, billing.Settlement{ID: id, Account: "led", Amount: gnista.Money{Amount: amount, Currency: "SEK"}, At: now}))
	}
	if _, ok, err := s.Settled(ctx, "s1"); ok || err != nil {
		t.Errorf("settled before: %v", err)
	}
	if a, b, c, d := settle("s1", 1000), settle("s1", 1000), settle("s2", 9999), settle("s3", 5); a != 1000 || b != 1000 || c != 250 || d != 0 {
		t.Errorf("moved %d, %d, %d, %d", a, b, c, d)
	}
	if back := settle("s4", -50); back != -50 {
		t.Errorf("moved back %d", back)
	}
	if amount, ok, err := s.Settled(ctx, "s2"); amount != 250 || !ok || err != nil {
		t.Errorf("got %d, %v, %v", amount, ok, err)
	}
	if got := s.balances(t, "led"); got != "deposit -50 SEK receivable 50 SEK " {
		t.Errorf("got %q", got)
	}

	party := "led"
	list := must[[]billing.Entry](t)(s.Entries(ctx, billing.EntryFilter{Kind: billing.Receivable, Party: &party, Limit: 10}))
	if len(list) != 4 || list[3].Cause.ID != "lr1" || len(list[3].Postings) != 3 {
		t.Errorf("got %+v", list)
	}
	for i, e := range list {
		if err := e.Check(); err != nil || i > 0 && e.Number >= list[i-1].Number {
			t.Errorf("%+v: %v", e, err)
		}
	}
	forward := must[[]billing.Entry](t)(s.Entries(ctx, billing.EntryFilter{After: first.Number, Cause: billing.CauseSettle, Limit: 2}))
	if len(forward) != 2 || forward[0].Cause.ID != "s1" || forward[1].Cause.ID != "s2" {
		t.Errorf("got %+v", forward)
	}
	if none := must[[]billing.Entry](t)(s.Entries(ctx, billing.EntryFilter{Since: now.Add(time.Second), Limit: 10})); len(none) != 0 {
		t.Errorf("got %+v", none)
	}
	s.trial(t)

	numbers := []billing.LedgerNumber{{Account: billing.LedgerAccount{Kind: billing.Bank}, Number: "1940", Name: "Övrigt konto"}}
	for range 2 {
		if err := s.SetLedgerNumbers(ctx, numbers); err != nil {
			t.Fatal(err)
		}
		if got := must[[]billing.LedgerNumber](t)(s.LedgerNumbers(ctx)); !slices.Equal(got, numbers) {
			t.Errorf("got %+v", got)
		}
		numbers = nil
	}
}

// trial checks that the ledger comes to 0, now as well as added up.
func (s suite) trial(t *testing.T) {
	t.Helper()
	kept := must[[]billing.Balance](t)(s.TrialBalance(t.Context(), time.Time{}))
	added := must[[]billing.Balance](t)(s.TrialBalance(t.Context(), now.Add(1000*time.Hour)))
	if !slices.Equal(kept, added) || len(kept) == 0 {
		t.Errorf("\nkept  %+v\nadded %+v", kept, added)
	}
	var sum int64
	for _, b := range kept {
		sum += b.Amount
	}
	if sum != 0 {
		t.Errorf("the ledger comes to %d: %+v", sum, kept)
	}
	if before := must[[]billing.Balance](t)(s.TrialBalance(t.Context(), now.Add(-1000*time.Hour))); len(before) != 0 {
		t.Errorf("before the first entry: %+v", before)
	}
}

func (s suite) corrections(t *testing.T) {
	ctx := t.Context()
	s.payer(t, "cor", account.Postpaid, "SEK")
	r := must[billing.Record](t)(s.Issue(ctx, charged("cr1", "cx1", "cor", 1000), told))
	correct := func(id, of string, gross int64, void bool) ([]billing.Record, error) {
		old := must[billing.Record](t)(s.Record(ctx, of))
		credit := charged(id+"-", "cx1", "cor", -old.Bill.Total.Amount)
		credit.Kind, credit.Corrects, credit.EnergyWh = billing.Credit, of, -old.EnergyWh
		var instead *billing.Record
		if !void {
			n := charged(id, "cx1", "cor", gross)
			n.Kind, n.Corrects = billing.Replacement, of
			instead = &n
		}
		return s.Correct(ctx, credit, instead, billing.Decision{ID: "d" + id, At: now, Kind: billing.DecidedRecord, Transaction: "cx1", Record: of, By: billing.Admin, Reason: "wrong", EnergyWh: 1000, Detail: []byte(`{}`)}, told)
	}
	list, err := correct("cr2", "cr1", 500, false)
	if err != nil || len(list) != 2 || list[0].Number != r.Number+1 || list[1].Number != r.Number+2 {
		t.Fatalf("got %+v, %v", list, err)
	}
	if got := s.balances(t, "cor"); got != "receivable 500 SEK " {
		t.Errorf("got %q", got)
	}
	_, err = correct("cr3", "cr1", 700, false)
	wantCode(t, err, gnista.Conflict)
	if got := must[billing.Record](t)(s.RecordOf(ctx, "cx1")); got.ID != "cr2" {
		t.Errorf("the one in force is %+v", got)
	}
	if again := must[billing.Record](t)(s.Issue(ctx, charged("cr9", "cx1", "cor", 1), told)); again.ID != "cr1" {
		t.Errorf("issued again: %+v", again)
	}
	if list, err = correct("cr4", "cr2", 0, true); err != nil || len(list) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	if got := s.balances(t, "cor"); got != "receivable 0 SEK " {
		t.Errorf("got %q", got)
	}
	if p := must[payment.Payment](t)(s.Payment(ctx, "p-cx1")); p.Due != 0 || p.Revision != 3 {
		t.Errorf("got %+v", p)
	}
	ds := must[[]billing.Decision](t)(s.Decisions(ctx, billing.DecisionFilter{Transaction: "cx1", Limit: 10}))
	if len(ds) != 2 || ds[0].ID != "dcr4" || ds[1].Record != "cr1" || ds[1].Reason != "wrong" || !ds[1].At.Equal(now) {
		t.Errorf("got %+v", ds)
	}
	if page := must[[]billing.Decision](t)(s.Decisions(ctx, billing.DecisionFilter{Before: "dcr4", Transaction: "cx1", Limit: 10})); len(page) != 1 {
		t.Errorf("got %+v", page)
	}
	if mine := must[[]billing.Record](t)(s.Records(ctx, billing.Filter{Account: "cor", Limit: 10})); len(mine) != 4 {
		t.Errorf("got %+v", mine)
	}
	s.trial(t)
}

// revenue adds up the two records that were issued.
func (s suite) revenue(t *testing.T) {
	ctx := t.Context()
	for _, by := range []billing.RevenueBy{billing.RevenueByDay, billing.RevenueBySite, billing.RevenueByStation} {
		q := billing.RevenueQuery{By: by, Station: "rec", Since: now, Until: now.Add(time.Second)}
		list := must[[]billing.Revenue](t)(s.Revenue(ctx, q))
		if len(list) != 1 || list[0].Currency != "SEK" || list[0].Charges != 2 || list[0].Fixed != 0 || list[0].EnergyWh != 6 || list[0].Net != 200 || list[0].Tax != 50 || list[0].Total != 250 {
			t.Errorf("by %s: %+v", by, list)
		}
		if at := now.Sub(list[0].Quarter); by == billing.RevenueByDay && (at < 0 || at >= 15*time.Minute) {
			t.Errorf("the quarter of an hour is %v", list[0].Quarter)
		}
		if list[0].Group == "rec" != (by == billing.RevenueByStation) {
			t.Errorf("by %s: the group is %q", by, list[0].Group)
		}
		q.Since, q.Until = q.Until, q.Until.Add(time.Hour)
		if list := must[[]billing.Revenue](t)(s.Revenue(ctx, q)); len(list) != 0 {
			t.Errorf("later: %+v", list)
		}
		q.Since, q.Site = now, "nowhere"
		if list := must[[]billing.Revenue](t)(s.Revenue(ctx, q)); len(list) != 0 {
			t.Errorf("elsewhere: %+v", list)
		}
	}
}
