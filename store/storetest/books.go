package storetest

import (
	"fmt"
	"testing"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/payment"
	"gnista/store"
)

// prepaid is a payment of a guest with a provider, who has paid so much before a transaction.
func (s suite) prepaid(t *testing.T, id string, amount int64) {
	t.Helper()
	c := payment.Begin(id, "books", "", "SEK", amount, now)
	if err := s.CreatePayment(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	must[payment.Payment](t)(s.ChangePayment(t.Context(), id, now, func(c *payment.Change) error {
		c.Claim(c.Op.ID, time.Hour)
		c.Succeed(payment.Snapshot{Ref: "ref-" + id, Held: amount, HeldUntil: now.Add(time.Hour)})
		return c.Bind("t-"+id, payment.Cause{Kind: payment.ByStation})
	}))
	must[billing.Record](t)(s.Issue(t.Context(), charged("r-"+id, "t-"+id, "", amount), told))
	must[payment.Payment](t)(s.ChangePayment(t.Context(), id, now, func(c *payment.Change) error {
		c.Claim(c.Op.ID, time.Hour)
		c.Succeed(payment.Snapshot{Captured: amount})
		return nil
	}))
}

// books are what the ledger has with providers.
func (s suite) books(t *testing.T) {
	ctx := t.Context()
	s.prepaid(t, "bk1", 1000)
	s.prepaid(t, "bk2", 2000)
	if got := s.balances(t, "books"); got != "clearing 3000 SEK " {
		t.Errorf("got %s", got)
	}
	if got := must[billing.Record](t)(s.Record(ctx, "r-bk1")); got.Payer != "bk1" || got.Payment != "bk1" {
		t.Errorf("the record is %+v", got)
	}
	movement := func(id string, kind payment.MovementKind, ref string, amount, fee int64) payment.Movement {
		return payment.Movement{ID: id, Kind: kind, Ref: ref, Amount: amount, Fee: fee, Currency: "SEK", At: now}
	}
	list := []payment.Movement{
		movement("m1", payment.MoveCapture, "ref-bk1", 1000, -20), movement("m2", payment.MoveCapture, "also-bk2", 2000, -30), movement("m3", payment.MoveDispute, "ref-bk1", -1000, -100),
		movement("m4", payment.MoveAdjustment, "", -7, 0), movement("m5", payment.MovePayout, "", -1500, 0),
	}
	if yes := must[bool](t)(s.TellsPayouts(ctx, "books")); yes {
		t.Error("it tells of payouts that were none")
	}
	taken := must[[]payment.Taken](t)(s.TakeMovements(ctx, "books", list, now))
	if len(taken) != 5 || !taken[0].New || taken[0].Payment != "bk1" || taken[1].Payment != "" {
		t.Errorf("taken: %+v", taken)
	}
	if got := s.balances(t, "books"); got != "clearing 2343 SEK disputed 1000 SEK unexplained -1993 SEK " {
		t.Errorf("got %s", got)
	}
	// When it is known what a movement was for, it is taken from what is unexplained. The same again changes nothing.
	if err := s.NameRef(ctx, "books", "also-bk2", "bk2"); err != nil {
		t.Fatal(err)
	}
	list[0].Payout, list[4].Payout = "po", "po"
	for range 2 {
		must[[]payment.Taken](t)(s.TakeMovements(ctx, "books", list, now))
		if got := s.balances(t, "books"); got != "clearing 343 SEK disputed 1000 SEK unexplained 7 SEK " {
			t.Errorf("got %s", got)
		}
	}
	if yes := must[bool](t)(s.TellsPayouts(ctx, "books")); !yes {
		t.Error("it tells of its payouts")
	}
	found := must[[]payment.Difference](t)(s.Unexplained(ctx, "books", now.Add(-time.Hour), now.Add(time.Hour), now.Add(time.Hour), 10))
	text := ""
	for _, d := range found {
		text += fmt.Sprintf("%s %s %d %d; ", d.Kind, d.Ref, d.Ours, d.Theirs)
	}
	if text != "adjustment m4 0 -7; payout m5 980 1500; " {
		t.Errorf("found %s", text)
	}
	must[[]payment.Difference](t)(s.Loose(ctx, now.Add(time.Hour), 10))

	dispute := payment.Dispute{ID: "dis", Payment: "bk1", Provider: "books", Ref: "du", State: payment.DisputeOpened, Amount: 1000, Currency: "SEK", Reason: "fraud", EvidenceDue: now.Add(time.Hour), OpenedAt: now, UpdatedAt: now}
	for _, state := range []payment.DisputeState{payment.DisputeOpened, payment.DisputeOpened, payment.DisputeLost} {
		dispute.State = state
		if err := s.SaveDispute(ctx, dispute); err != nil {
			t.Fatal(err)
		}
	}
	if all := must[[]payment.Dispute](t)(s.Disputes(ctx, "bk1")); len(all) != 1 || all[0] != dispute {
		t.Errorf("got %+v", all)
	}
	if got := s.balances(t, "books"); got != "clearing 343 SEK disputed 0 SEK unexplained 7 SEK " {
		t.Errorf("got %s", got)
	}

	refund := payment.Refund{ID: "ref1", Payment: "bk2", Key: "k", Amount: 300, Reason: "slow", By: "admin", CreatedAt: now}
	for i := range 2 {
		if got, fresh, err := s.Refund(ctx, refund); err != nil || got != refund || fresh != (i == 0) {
			t.Errorf("got %+v, %v, %v", got, fresh, err)
		}
	}
	refund.Amount = 400
	_, _, err := s.Refund(ctx, refund)
	wantCode(t, err, gnista.Conflict)
	refund.Payment = "none"
	_, _, err = s.Refund(ctx, refund)
	wantCode(t, err, gnista.NotFound)
	if all := must[[]payment.Refund](t)(s.Refunds(ctx, "bk2")); len(all) != 1 || all[0].Amount != 300 {
		t.Errorf("got %+v", all)
	}
	p := must[payment.Payment](t)(s.ChangePayment(ctx, "bk2", now, func(c *payment.Change) error { c.Decline("no"); return nil }))
	if p.State != payment.Review || p.Given != 300 {
		t.Errorf("got %+v", p)
	}

	s.dunning(t)
	s.reconciliations(t, found)
	standings := must[payment.Standings](t)(s.Standings(ctx))
	ours := payment.Standing{}
	for _, x := range standings.List {
		if x.Provider == "books" {
			ours = x
		}
	}
	if ours.Currency != "SEK" || ours.Receivables != (payment.Heap{Count: 1, Amount: 500}) || ours.Review.Count != 1 || ours.Disputes.Count != 0 || ours.Held.Count != 0 || standings.Differences != 1 ||
		!standings.ReconciledAt.Equal(now) {
		t.Errorf("got %+v of %+v", ours, standings)
	}
	if err := s.Snapshot(ctx, func(x *store.Snapshot) error {
		b := must[store.Booked](t)(x.Booked(ctx, p))
		if left := store.Apart(p.Books(b.Taken, b.Lost), b.Postings); len(left) > 0 || b.Given != 300 {
			t.Errorf("booked %+v, and %+v differs", b, left)
		}
		for _, w := range must[[]billing.Balance](t)(x.ProviderBalances(ctx)) {
			if w.Account.Party == "books" && w.Account.Kind == billing.Clearing && w.Amount != 343+1500 { // with what dunning has taken
				t.Errorf("made up anew: %+v", w)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func (s suite) dunning(t *testing.T) {
	ctx := t.Context()
	s.prepaid(t, "bk3", 1500)
	must[payment.Payment](t)(s.ChangePayment(ctx, "bk3", now, func(c *payment.Change) error { c.Owe(2000, payment.Cause{Kind: payment.ByRecord}); return nil }))
	mine := func(f payment.ReceivableFilter) []payment.Receivable {
		t.Helper()
		f.Limit, f.After = 10, "bk2"
		return must[[]payment.Receivable](t)(s.Receivables(ctx, f))
	}
	owed := mine(payment.ReceivableFilter{Guests: true, Before: now})
	if len(owed) != 1 || owed[0].Payment.ID != "bk3" || owed[0].Payment.Short() != 500 || owed[0].Tries != 0 {
		t.Fatalf("got %+v", owed)
	}
	r := owed[0]
	r.Tries, r.LastAt, r.NextAt = 1, now, now.Add(time.Hour)
	for i, want := range []bool{true, false} {
		if done := must[bool](t)(s.Dunned(ctx, r, time.Time{}, nil)); done != want {
			t.Errorf("%d: %v", i, done)
		}
	}
	if owed := mine(payment.ReceivableFilter{Before: now}); len(owed) != 0 {
		t.Errorf("too early: %+v", owed)
	}
	if owed := mine(payment.ReceivableFilter{Before: now.Add(time.Hour)}); len(owed) != 1 || owed[0] != r {
		t.Errorf("got %+v, want %+v", owed, r)
	}
	if owed := mine(payment.ReceivableFilter{Account: "other"}); len(owed) != 0 {
		t.Errorf("got %+v", owed)
	}
	if rests := must[[]payment.Payment](t)(s.Rests(ctx, "bk3")); len(rests) != 0 {
		t.Errorf("got %+v", rests)
	}
	rest := func(id, of string, amount int64) *payment.Change {
		c := payment.Begin(id, "elsewhere", "", "SEK", amount, now)
		c.Rest = of
		return c
	}
	for _, id := range []string{"bk3-a", "bk3-b"} { // one at a time
		if p := must[payment.Payment](t)(s.CreateRest(ctx, rest(id, "bk3", 500))); p.ID != "bk3-a" {
			t.Errorf("the rest is paid by %s", p.ID)
		}
	}
	must[payment.Payment](t)(s.ChangePayment(ctx, "bk3-a", now, func(c *payment.Change) error { c.Decline("no"); return nil }))
	if _, err := s.CreateRest(ctx, rest("bk3-c", "bk3", 400)); gnista.CodeOf(err) != gnista.Conflict || err == nil {
		t.Errorf("another amount: %v", err)
	}
	if _, err := s.CreateRest(ctx, rest("bk3-d", "none", 400)); gnista.CodeOf(err) != gnista.NotFound || err == nil {
		t.Errorf("of none: %v", err)
	}
	if rests := must[[]payment.Payment](t)(s.Rests(ctx, "bk3")); len(rests) != 1 {
		t.Errorf("got %+v", rests)
	}
}

func (s suite) reconciliations(t *testing.T, found []payment.Difference) {
	ctx := t.Context()
	r := payment.Reconciliation{ID: "rec1", Since: now.Add(-time.Hour), Until: now, Providers: []string{"books"}, Nightly: true, State: payment.Reconciling, Steps: 2, CreatedAt: now}
	for range 2 {
		if got := must[payment.Reconciliation](t)(s.AddReconciliation(ctx, r)); got.ID != "rec1" {
			t.Errorf("got %+v", got)
		}
		r.ID = "rec2"
	}
	r.ID = "rec1"
	ids := 0
	newID := func() string { ids++; return fmt.Sprint("diff", ids) }
	for i := range found {
		found[i].Provider = "books"
	}
	name := "books"
	scope := payment.Scope{Kinds: []payment.DifferenceKind{payment.DiffAdjustment, payment.DiffPayout}, Provider: &name, From: now.Add(-time.Hour), To: now.Add(time.Hour)}
	r.Step = 1
	r = must[payment.Reconciliation](t)(s.SaveReconciliation(ctx, r, found, scope, now, newID))
	r.Step, r.State, r.EndedAt = 2, payment.Reconciled, now
	r = must[payment.Reconciliation](t)(s.SaveReconciliation(ctx, r, found[:1], scope, now.Add(time.Minute), newID))
	if got := must[payment.Reconciliation](t)(s.Reconciliation(ctx, "rec1")); got.Counts != (payment.Counts{Found: 3, Closed: 1}) || got.State != payment.Reconciled || !got.Nightly || got.Step != 2 {
		t.Errorf("got %+v", got)
	}
	if last := must[payment.Reconciliation](t)(s.LastNightly(ctx)); last.ID != "rec1" {
		t.Errorf("got %+v", last)
	}
	if list := must[[]payment.Reconciliation](t)(s.Reconciliations(ctx, payment.Reconciling, "", 10)); len(list) != 0 {
		t.Errorf("got %+v", list)
	}
	open := must[[]payment.Difference](t)(s.Differences(ctx, payment.DifferenceFilter{State: "open", Provider: "books", Limit: 10}))
	if len(open) != 1 || open[0].Kind != payment.DiffAdjustment || !open[0].LastSeen.Equal(now.Add(time.Minute)) || !open[0].FirstSeen.Equal(now) {
		t.Fatalf("got %+v", open)
	}
	d := open[0]
	d.Open, d.Action, d.Resolution, d.By, d.ResolvedAt = false, payment.ResolveWriteOff, "theirs", "admin", now
	must[payment.Difference](t)(s.ResolveDifference(ctx, d))
	if got := must[payment.Difference](t)(s.Difference(ctx, d.ID)); got != d {
		t.Errorf("got %+v, want %+v", got, d)
	}
	_, err := s.ResolveDifference(ctx, d)
	wantCode(t, err, gnista.Conflict)
	_, err = s.Difference(ctx, "none")
	wantCode(t, err, gnista.NotFound)
	r.Step, r.ID, r.State = 1, "rec3", payment.Reconciling
	found[0].Theirs--
	must[payment.Reconciliation](t)(s.SaveReconciliation(ctx, r, found[:1], scope, now, newID))
	if got := must[payment.Difference](t)(s.Difference(ctx, d.ID)); !got.Open || got.Action != "" {
		t.Errorf("it is another: %+v", got)
	}
	if list := must[[]payment.Payment](t)(s.PaymentsBetween(ctx, "books", now.Add(-time.Hour), now.Add(time.Hour), "bk1", 10)); len(list) != 2 {
		t.Errorf("got %+v", list)
	}
}
