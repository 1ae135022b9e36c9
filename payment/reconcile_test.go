package payment_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/payment"
	"gnista/payment/invoice"
)

// drain lets everything come to its end with a bank that answers.
func (s *shop) drain(t failer) {
	t.Helper()
	s.till.next, s.store.after = none, -1
	for range 60 {
		s.step(t)
		s.now = s.now.Add(11 * time.Minute)
		list, err := s.db.WaitingOperations(context.Background(), s.now.Add(time.Hour), 1)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if len(list) == 0 {
			return
		}
	}
	t.Fatalf("operations wait for ever")
}

// find is the difference of a kind, of which there is one.
func (s *shop) find(t *testing.T, kind payment.DifferenceKind) payment.Difference {
	t.Helper()
	list, err := s.db.Differences(t.Context(), payment.DifferenceFilter{Kind: kind, Limit: 10})
	if err != nil || len(list) != 1 {
		t.Fatalf("differences of the kind %s: %+v, %v", kind, list, err)
	}
	return list[0]
}

// A difference is one row for as long as it is there, and closes itself when it is no more; what somebody has
// resolved stays so until it is another.
func TestDifferences(t *testing.T) {
	s := newShop(t)
	paid, gone, other := s.ask(t, payment.ByPrepay, 5000, true), s.ask(t, payment.ByPrepay, 4000, true), s.ask(t, payment.ByPrepay, 3000, true)
	for _, p := range []payment.Payment{paid, gone, other} {
		s.bill(t, p.Transaction, p.Captured)
	}
	s.drain(t)
	if r := s.reconcile(t); r.Counts.Theirs != 3 || r.Counts.Ours != 3 || r.Counts.Movements != 3 || r.Counts.Found != 0 {
		t.Errorf("compared %+v: %v", r.Counts, s.open(t))
	}

	// Somebody gives back at the bank, a payment is gone there, one is in other money, and one is of nobody.
	s.till.deals[paid.ID].Refunded = 700
	there := s.till.deals[gone.ID]
	delete(s.till.deals, gone.ID)
	s.till.strange = append(s.till.strange, payment.Listed{Snapshot: payment.Snapshot{Ref: "stranger", Captured: 70}, Currency: "SEK", At: s.now})
	s.till.add(payment.MoveCapture, "stranger", 70, 0)
	s.reconcile(t)
	first := s.reconcile(t)
	if want := []string{"amount bank-" + paid.ID + " 5000 4300", "missing-payment " + gone.ID + " 4000 0", "unknown-movement m3 0 70", "unknown-payment stranger 0 70"}; !slices.Equal(slices.Sorted(slices.Values(s.open(t))), want) {
		t.Fatalf("got %v, want %v", s.open(t), want)
	}
	if first.Counts.Found != 4 || first.Counts.Closed != 0 {
		t.Errorf("counted %+v", first.Counts)
	}
	amount := s.find(t, payment.DiffAmount)
	if !amount.LastSeen.After(amount.FirstSeen) || amount.Payment != paid.ID || amount.Transaction != paid.Transaction {
		t.Errorf("got %+v", amount)
	}
	resolve := func(kind payment.DifferenceKind, how payment.Resolving) error {
		t.Helper()
		_, err := s.Resolve(t.Context(), s.find(t, kind).ID, how, "seen to", "admin")
		return err
	}
	refused := func(err error, code gnista.Code) {
		t.Helper()
		if err == nil || gnista.CodeOf(err) != code {
			t.Errorf("got %v, want %s", err, code)
		}
	}
	refused(resolve(payment.DiffMissing, payment.ResolveFetch), gnista.Refused)
	refused(resolve(payment.DiffMissing, payment.ResolveWriteOff), gnista.Conflict)
	refused(resolve(payment.DiffUnknown, payment.ResolveFetch), gnista.Conflict)
	refused(resolve(payment.DiffAmount, "forget"), gnista.Invalid)
	if _, err := s.Resolve(t.Context(), "none", payment.ResolveNote, "x", "admin"); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("got %v", err)
	}

	// What was given back there is taken in: the guest owes it again, and is not charged by itself.
	if err := resolve(payment.DiffAmount, payment.ResolveFetch); err != nil {
		t.Fatal(err)
	}
	s.till.move()
	s.drain(t)
	if p := s.payment(t, paid.ID); p.State != payment.SettledShort || p.Refunded != 700 || p.Short() != 700 {
		t.Errorf("the payment is %+v", p)
	}
	for kind, how := range map[payment.DifferenceKind]payment.Resolving{payment.DiffUnknown: payment.ResolveNote, payment.DiffMovement: payment.ResolveWriteOff} {
		if err := resolve(kind, how); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	refused(resolve(payment.DiffMovement, payment.ResolveWriteOff), gnista.Conflict)
	s.till.deals[gone.ID] = there // it was a mistake of theirs
	if r := s.reconcile(t); r.Counts.Closed != 1 || len(s.open(t)) != 0 {
		t.Errorf("closed %+v, open %v", r.Counts, s.open(t))
	}
	if d := s.find(t, payment.DiffMissing); d.By != "" || d.ResolvedAt.IsZero() {
		t.Errorf("got %+v", d)
	}
	has := s.accounts(t)
	if got := has[billing.LedgerAccount{Kind: billing.Clearing, Party: "bank"}]; got != s.till.balance() {
		t.Errorf("clearing is %d and the balance %d", got, s.till.balance())
	}
	if got := has[billing.LedgerAccount{Kind: billing.Unexplained, Party: "bank"}]; got != 0 {
		t.Errorf("%d is unexplained", got)
	}

	// It is another difference when the amounts are.
	s.till.strange[0].Captured = 80
	s.reconcile(t)
	if d := s.find(t, payment.DiffUnknown); !d.Open || d.Theirs != 80 || d.Action != "" {
		t.Errorf("got %+v", d)
	}
}

// A reconciliation goes on where it was, tells how far it is, and gives up a provider that never answers. By itself one
// is begun each day, of all that was since the last.
func TestReconciliations(t *testing.T) {
	s := newShop(t)
	s.Hour = 14
	nightly := func() payment.Reconciliation {
		t.Helper()
		if err := s.Reconciler.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		r, err := s.db.LastNightly(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := nightly(); r.ID != "" {
		t.Errorf("too early: %+v", r)
	}
	s.now = s.now.Add(2 * time.Hour)
	r := nightly()
	if again := nightly(); r.ID == "" || again.ID != r.ID || r.Steps != 5 || !slices.Equal(r.Providers, []string{"bank"}) {
		t.Fatalf("begun %+v, and again %+v", r, again)
	}
	s.till.silent = 1
	if _, err := s.Work(t.Context()); err == nil {
		t.Error("the provider is silent, and nobody hears of it")
	}
	if r, _ = s.db.Reconciliation(t.Context(), r.ID); r.State != payment.Reconciling || r.Tries != 1 || r.Error == "" || r.Step != 0 {
		t.Errorf("got %+v", r)
	}
	if same, err := s.Begin(t.Context(), "", s.now.Add(-time.Hour), s.now); err != nil || same.ID != r.ID {
		t.Errorf("another one is begun: %+v, %v", same, err)
	}
	if _, err := s.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, _ = s.db.Reconciliation(t.Context(), r.ID); r.State != payment.Reconciled || r.Step != r.Steps || r.Error != "" {
		t.Errorf("got %+v", r)
	}
	s.now = s.now.Add(6 * 24 * time.Hour) // the server was down
	late := nightly()
	if late.ID == r.ID || !late.Since.Equal(r.Until.Add(-24*time.Hour)) {
		t.Errorf("got %+v after %+v", late, r)
	}
	s.till.silent = 1000
	for range 12 {
		s.Work(t.Context())
	}
	if late, _ = s.db.Reconciliation(t.Context(), late.ID); late.State != payment.Unreconciled {
		t.Errorf("got %+v", late)
	}
	s.now = s.now.Add(24 * time.Hour)
	if next := nightly(); next.ID == late.ID || !next.Since.Equal(late.Since) {
		t.Errorf("what failed is not done again: %+v", next)
	}
	for _, x := range []struct {
		provider     string
		since, until time.Time
		code         gnista.Code
	}{
		{"none", s.now.Add(-time.Hour), s.now, gnista.Invalid},
		{"bank", s.now, s.now, gnista.Invalid},
		{"bank", s.now, s.now.Add(time.Hour), gnista.Invalid},
		{"bank", s.now.Add(-500 * 24 * time.Hour), s.now, gnista.Invalid},
	} {
		if _, err := s.Begin(t.Context(), x.provider, x.since, x.until); gnista.CodeOf(err) != x.code {
			t.Errorf("%+v: %v", x, err)
		}
	}
}

// A payout that a person tells of is posted once, and not where the provider tells of them itself.
func TestPaidOut(t *testing.T) {
	s := newShop(t)
	out := payment.PaidOut{Provider: "bank", Amount: gnista.Money{Amount: 900, Currency: "SEK"}, Fee: 12, Key: "statement 7"}
	for i := range 2 {
		if fresh, err := s.TakePayout(t.Context(), out); err != nil || fresh != (i == 0) {
			t.Errorf("%d: %v, %v", i, fresh, err)
		}
	}
	has := s.accounts(t)
	if has[billing.LedgerAccount{Kind: billing.Bank}] != 900 || has[billing.LedgerAccount{Kind: billing.ProviderFees}] != 12 || has[billing.LedgerAccount{Kind: billing.Clearing, Party: "bank"}] != -912 {
		t.Errorf("the ledger has %v", has)
	}
	for provider, code := range map[string]gnista.Code{"none": gnista.Invalid, payment.Wallet: gnista.Invalid} {
		if _, err := s.TakePayout(t.Context(), payment.PaidOut{Provider: provider, Amount: out.Amount, Key: "x"}); gnista.CodeOf(err) != code {
			t.Errorf("%s: %v", provider, err)
		}
	}
	s.ask(t, payment.ByPrepay, 5000, true)
	s.till.move()
	s.till.payOut()
	s.reconcile(t)
	out.Key = "statement 8"
	if _, err := s.TakePayout(t.Context(), out); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("got %v", err)
	}
}

// What somebody gives back is goodwill in the ledger, no more than was paid, and once for its key.
func TestGoodwill(t *testing.T) {
	s := newShop(t)
	p := s.ask(t, payment.ByPrepay, 5000, true)
	give := func(amount int64, key string) error {
		_, err := s.GiveBack(t.Context(), payment.Refund{Payment: p.ID, Amount: amount, Reason: "it was slow", Key: key, By: "admin"})
		return err
	}
	if err := give(100, "early"); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("nothing is due yet: %v", err)
	}
	s.bill(t, p.Transaction, 4000)
	s.drain(t)
	for range 2 {
		if err := give(300, "k"); err != nil {
			t.Fatal(err)
		}
	}
	for key, amount := range map[string]int64{"k": 400, "more": 3701, "little": 49} {
		if err := give(amount, key); gnista.CodeOf(err) != gnista.Conflict && gnista.CodeOf(err) != gnista.Invalid {
			t.Errorf("%s of %d: %v", key, amount, err)
		}
	}
	s.drain(t)
	if err := give(3700, "all"); err != nil {
		t.Fatal(err)
	}
	s.drain(t)
	if got := s.payment(t, p.ID); got.State != payment.Settled || got.Paid() != 0 || got.Given != 4000 || got.Due != 4000 {
		t.Errorf("got %+v", got)
	}
	has := s.accounts(t)
	if has[billing.LedgerAccount{Kind: billing.Goodwill}] != 4000 || has[billing.LedgerAccount{Kind: billing.Receivable, Party: p.ID}] != 0 {
		t.Errorf("the ledger has %v", has)
	}
	list, err := s.db.Refunds(t.Context(), p.ID)
	if err != nil || len(list) != 2 || list[0].Amount != 300 || list[1].Amount != 3700 || list[0].By != "admin" {
		t.Errorf("the refunds are %+v, %v", list, err)
	}
}

// cards is a till that charges accounts as they have agreed, when their card is good.
type cards struct {
	*till
	bad     bool
	mu      sync.Mutex
	charged []time.Time
}

func (b *cards) Capture(ctx context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	if p.Way != payment.ByMandate {
		return b.till.Capture(ctx, op, p)
	}
	b.mu.Lock()
	b.charged = append(b.charged, b.now())
	b.mu.Unlock()
	if b.bad {
		return payment.Snapshot{}, &payment.DeclinedError{Code: "expired_card"}
	}
	return b.request(op, func(d *deal) error { d.authorised += op.Amount; d.Captured += op.Amount; return nil })
}

// An account whose card does not pay is charged again some times, never twice on a day, and then reminded; a guest never
// is, and can pay by a link.
func TestDunning(t *testing.T) {
	s := newShop(t)
	till := &cards{till: s.till, bad: true}
	s.system.Providers["bank"] = till
	s.Dunning = payment.Dunning{Tries: 3, Apart: 30 * time.Hour, Reminders: 2, Zone: time.UTC}
	c := payment.New("card", "t-card", "SEK", "a", &account.Account{ID: "a", Kind: account.Postpaid, Currency: "SEK"}, s.now, payment.Cause{})
	c.Under(payment.Mandate{ID: "m", Provider: "bank", State: payment.MandateActive})
	c.Owe(1000, payment.Cause{})
	if err := s.db.CreatePayment(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	guest := s.ask(t, payment.ByPrepay, 2000, true)
	s.bill(t, guest.Transaction, 2500)
	s.drain(t)
	days := func(n int) {
		t.Helper()
		for range n * 24 {
			s.now = s.now.Add(time.Hour)
			if err := s.Dun(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.step(t)
		}
	}
	days(20)
	seen := map[string]bool{}
	for _, at := range till.charged {
		if day := at.Format(time.DateOnly); seen[day] {
			t.Errorf("charged twice on %s", day)
		} else {
			seen[day] = true
		}
	}
	evs, err := s.db.Events(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	reminders := 0
	for _, ev := range evs {
		if ev.Kind == "payment.reminder" {
			reminders++
			if ev.Subject != "card" || !strings.Contains(string(ev.Data), fmt.Sprintf(`"level":%d,"amount":1000`, reminders)) {
				t.Errorf("got %+v: %s", ev, ev.Data)
			}
		}
	}
	if len(till.charged) != 4 || reminders != 2 {
		t.Errorf("charged %d times and reminded %d times", len(till.charged), reminders)
	}
	owed, err := s.db.Receivables(t.Context(), payment.ReceivableFilter{Limit: 10})
	if err != nil || len(owed) != 2 {
		t.Fatalf("missing is %+v, %v", owed, err)
	}
	guests, err := s.db.Receivables(t.Context(), payment.ReceivableFilter{Guests: true, Limit: 10})
	if err != nil || len(guests) != 1 || guests[0].Payment.ID != guest.ID || guests[0].Tries != 0 || !guests[0].NextAt.IsZero() || guests[0].Payment.Short() != 500 {
		t.Errorf("guests owe %+v, %v", guests, err)
	}
	if got := s.payment(t, guest.ID); got.Captured != 2000 {
		t.Errorf("the guest was charged again: %+v", got)
	}

	link, err := s.Link(t.Context(), guest.ID, "", 0, customer)
	if err != nil || link.Rest != guest.ID || link.Due != 0 {
		t.Fatalf("the link is %+v, %v", link, err)
	}
	if same, err := s.Link(t.Context(), guest.ID, "", 0, customer); err != nil || same.ID != link.ID {
		t.Errorf("there is another: %+v, %v", same, err)
	}
	s.step(t)
	s.till.confirm(link.ID, payment.ByPrepay)
	s.hear(t, link.ID)
	s.drain(t)
	if p, of := s.payment(t, link.ID), s.payment(t, guest.ID); p.State != payment.Settled || p.Paid() != 500 || of.State != payment.Settled || of.Covered != 500 {
		t.Errorf("paid is %+v of %+v", p, of)
	}
	if _, err := s.Link(t.Context(), guest.ID, "", 0, customer); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("a link for nothing: %v", err)
	}

	// What is given up is a bad debt, and what turns out not to be due is none.
	if _, err := s.WriteOff(t.Context(), "card", "moved away"); err != nil {
		t.Fatal(err)
	}
	has := s.accounts(t)
	if has[billing.LedgerAccount{Kind: billing.BadDebt}] != 1000 || has[billing.LedgerAccount{Kind: billing.Receivable, Party: guest.ID}] != 0 {
		t.Errorf("the ledger has %v", has)
	}
	s.change(t, "card", func(c *payment.Change) error { c.Owe(400, payment.Cause{}); return nil })
	if got := s.accounts(t)[billing.LedgerAccount{Kind: billing.BadDebt}]; got != 400 {
		t.Errorf("of 400 %d are given up", got)
	}
}

// What cost more than was set aside for an account is charged by what it has agreed to, as a payment of its own.
func TestOverHold(t *testing.T) {
	s := newShop(t)
	till := &cards{till: s.till}
	s.system.Providers["bank"] = till
	s.Dunning = payment.Dunning{Tries: 2, Apart: 30 * time.Hour, Zone: time.UTC}
	c := payment.Begin("hold", "bank", "a", "SEK", 1000, s.now)
	c.Mandate = "m"
	if err := s.db.CreatePayment(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	s.step(t)
	s.change(t, "hold", func(c *payment.Change) error { return c.Bind("t-hold", payment.Cause{}) })
	s.change(t, "hold", func(c *payment.Change) error { c.Owe(1600, payment.Cause{}); return nil })
	s.drain(t)
	for range 60 {
		s.now = s.now.Add(time.Hour)
		if err := s.Dun(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.step(t)
	}
	rests, err := s.db.Rests(t.Context(), "hold")
	if err != nil || len(rests) != 1 || rests[0].State != payment.Settled || rests[0].Paid() != 600 || rests[0].Mandate != "m" || len(till.charged) != 1 {
		t.Errorf("the rest is %+v, %v", rests, err)
	}
	if p := s.payment(t, "hold"); p.State != payment.Settled || p.Paid() != 1000 || p.Covered != 600 {
		t.Errorf("got %+v", p)
	}
	has := s.accounts(t)
	if has[billing.LedgerAccount{Kind: billing.Clearing, Party: "bank"}] != 1600 || has[billing.LedgerAccount{Kind: billing.Receivable, Party: "a"}] != -1600 { // its record is not in this test
		t.Errorf("the ledger has %v", has)
	}
}

// reader is a bank that has no lists: each payment is read.
type reader struct{ *bank }

func (reader) Caps() payment.Caps { return payment.Caps{Hold: true} }

func TestWithoutLists(t *testing.T) {
	s := newShop(t)
	s.system.Providers["bank"] = reader{s.bank}
	p, err := s.Hold(t.Context(), "bank", "a", gnista.Money{Amount: 1000, Currency: "SEK"})
	if err != nil {
		t.Fatal(err)
	}
	s.drain(t)
	if s.reconcile(t); len(s.open(t)) != 0 {
		t.Errorf("got %v", s.open(t))
	}
	s.bank.deals[p.ID].Held = 0
	s.reconcile(t)
	if got := s.open(t); !slices.Equal(got, []string{"amount " + p.ID + " 1000 0"}) {
		t.Errorf("got %v", got)
	}
	if _, err := s.Resolve(t.Context(), s.find(t, payment.DiffAmount).ID, payment.ResolveFetch, "read", "admin"); err != nil {
		t.Error(err)
	}
	if got := s.payment(t, p.ID); got.Held != 0 {
		t.Errorf("got %+v", got)
	}
}

// accountsOf are accounts by id.
type accountsOf map[string]account.Account

func (l accountsOf) Account(_ context.Context, id string) (account.Account, error) {
	if a, ok := l[id]; ok {
		return a, nil
	}
	return account.Account{}, gnista.Errorf(gnista.NotFound, "there is no account %q", id)
}

// What the card of an account does not pay is invoiced after the last try, where the account can be invoiced and nothing
// of it was paid.
func TestDunningInvoices(t *testing.T) {
	s := newShop(t)
	till := &cards{till: s.till, bad: true}
	s.system.Providers["bank"] = till
	s.system.Providers[payment.Invoice] = invoice.Provider{}
	s.Dunning = payment.Dunning{Tries: 2, Apart: 30 * time.Hour, Reminders: 1, Zone: time.UTC}
	s.Mandates = &payment.Mandates{Accounts: accountsOf{
		"later": {ID: "later", Kind: account.Postpaid, Currency: "SEK"}, "part": {ID: "part", Kind: account.Postpaid, Currency: "SEK"}, "before": {ID: "before", Kind: account.Prepaid, Currency: "SEK"},
	}}
	for _, id := range []string{"later", "part", "before", "none"} {
		c := payment.New("p-"+id, "t-"+id, "SEK", id, &account.Account{ID: id, Kind: account.Postpaid, Currency: "SEK"}, s.now, payment.Cause{})
		c.Under(payment.Mandate{ID: "m", Provider: "bank", State: payment.MandateActive})
		c.Owe(1000, payment.Cause{})
		if err := s.db.CreatePayment(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	s.drain(t)
	s.change(t, "p-part", func(c *payment.Change) error { return c.WriteOff(400, payment.Cause{}) })
	for range 15 * 24 {
		s.now = s.now.Add(time.Hour)
		if err := s.Dun(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.step(t)
		if n := len(till.charged); n < 4+4*2 && s.payment(t, "p-later").Provider != "bank" {
			t.Fatalf("it is invoiced after %d charges in all", n)
		}
	}
	if p := s.payment(t, "p-later"); p.Provider != payment.Invoice || p.State != payment.Settled || p.Captured != 1000 || p.Mandate != "" {
		t.Errorf("what the card did not pay is %+v", p)
	}
	for _, id := range []string{"part", "before", "none"} {
		if p := s.payment(t, "p-"+id); p.Provider != "bank" || p.State != payment.SettledShort || p.Captured != 0 {
			t.Errorf("%s: %+v", id, p)
		}
	}
	owed, err := s.db.Receivables(t.Context(), payment.ReceivableFilter{Limit: 10})
	if err != nil || len(owed) != 3 || owed[0].Reminders != 1 || !owed[0].NextAt.IsZero() {
		t.Errorf("missing is %+v, %v", owed, err)
	}
}

// dying is a store behind which the system is killed when a payment is about to be moved to invoicing.
type dying struct {
	payment.Store
	dead bool
}

func (d *dying) ChangePayment(ctx context.Context, id string, now time.Time, f func(*payment.Change) error) (payment.Payment, error) {
	return d.Store.ChangePayment(ctx, id, now, func(c *payment.Change) error {
		was := c.Provider
		err := f(c)
		if c.Provider != was && !d.dead {
			d.dead = true
			return errors.New("killed")
		}
		return err
	})
}

// Killed while what a card did not pay is moved to invoicing, it is invoiced after.
func TestDunningInvoicesAfterKill(t *testing.T) {
	s := newShop(t)
	till := &cards{till: s.till, bad: true}
	s.system.Providers["bank"] = till
	s.system.Providers[payment.Invoice] = invoice.Provider{}
	s.Dunning = payment.Dunning{Tries: 1, Apart: 30 * time.Hour, Zone: time.UTC}
	s.Mandates = &payment.Mandates{Accounts: accountsOf{"later": {ID: "later", Kind: account.Postpaid, Currency: "SEK"}}}
	killing := &dying{Store: s.system.Payments.Store}
	s.system.Payments.Store = killing
	c := payment.New("p", "t", "SEK", "later", &account.Account{ID: "later", Kind: account.Postpaid, Currency: "SEK"}, s.now, payment.Cause{})
	c.Under(payment.Mandate{ID: "m", Provider: "bank", State: payment.MandateActive})
	c.Owe(1000, payment.Cause{})
	if err := s.db.CreatePayment(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	s.drain(t)
	for range 10 * 24 {
		s.now = s.now.Add(time.Hour)
		if err := s.Dun(t.Context()); err != nil && !killing.dead {
			t.Fatal(err)
		}
		s.step(t)
	}
	if p := s.payment(t, "p"); !killing.dead || p.Provider != payment.Invoice || p.State != payment.Settled || len(till.charged) != 2 {
		t.Errorf("after %d charges the payment is %+v", len(till.charged), p)
	}
}
