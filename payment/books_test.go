package payment_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/billing"
	"gnista/payment"
	"gnista/tariff"
)

// till is a bank that asks customers and tells what it has: payments, and each movement of our balance with it.
type till struct {
	*bank
	asked    map[string]payment.Operation
	moves    []payment.Movement
	disputes map[string][]payment.Disputed // by payment
	silent   int                           // requests for lists that it does not answer
	strange  []payment.Listed              // of somebody else
	told     map[string]payment.Snapshot   // what there is a movement of
}

func newTill(b *bank) *till {
	return &till{bank: b, asked: map[string]payment.Operation{}, disputes: map[string][]payment.Disputed{}, told: map[string]payment.Snapshot{}}
}

func (b *till) Caps() payment.Caps {
	return payment.Caps{Hold: true, Prepay: true, MinAmount: b.minimum, MinRefund: 50, Currencies: []string{"SEK"}}
}

func (b *till) Begin(_ context.Context, op payment.Operation, _ payment.Payment, _ payment.Opening) (payment.Begun, error) {
	s, err := b.request(op, func(*deal) error { b.asked[op.Payment] = op; return nil })
	return payment.Begun{Snapshot: s, Action: payment.Action{Kind: payment.ActRedirect, Text: "https://bank.example/" + op.Payment}}, err
}

// confirm is that a customer pays, or has an amount set aside.
func (b *till) confirm(id string, how payment.Way) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	op, ok := b.asked[id]
	d := b.deals[id]
	if !ok || d == nil {
		return false
	}
	delete(b.asked, id)
	d.authorised = op.Amount
	if how == payment.ByPrepay {
		d.Captured = op.Amount
	} else {
		d.Held, d.HeldUntil = op.Amount, b.now().Add(holdTTL)
	}
	return true
}

// move writes down what has moved since it was last.
func (b *till) move() {
	for _, id := range slices.Sorted(maps.Keys(b.deals)) {
		d, was := b.deals[id], b.told[id]
		b.told[id] = d.Snapshot
		if more := d.Captured - was.Captured; more > 0 {
			b.add(payment.MoveCapture, d.Ref, more, -more/50-1)
		}
		if more := d.Refunded - was.Refunded; more > 0 {
			b.add(payment.MoveRefund, d.Ref, -more, 0)
		}
	}
}

func (b *till) add(kind payment.MovementKind, ref string, amount, fee int64) {
	b.moves = append(b.moves, payment.Movement{ID: fmt.Sprint("m", len(b.moves)), Kind: kind, Ref: ref, Amount: amount, Fee: fee, Currency: "SEK", At: b.now()})
}

func (b *till) balance() (sum int64) {
	for _, m := range b.moves {
		sum += m.Amount + m.Fee
	}
	return sum
}

// payOut pays out everything.
func (b *till) payOut() {
	sum := b.balance()
	if sum <= 0 {
		return
	}
	name := fmt.Sprint("po", len(b.moves))
	for i := range b.moves {
		if b.moves[i].Payout == "" {
			b.moves[i].Payout = name
		}
	}
	b.add(payment.MovePayout, "", -sum, 0)
	b.moves[len(b.moves)-1].Payout = name
}

func (b *till) List(_ context.Context, from, to time.Time) iter.Seq2[payment.Listed, error] {
	return func(yield func(payment.Listed, error) bool) {
		if b.silent > 0 {
			b.silent--
			yield(payment.Listed{}, errLost)
			return
		}
		for _, id := range slices.Sorted(maps.Keys(b.deals)) {
			l := payment.Listed{Snapshot: b.deals[id].Snapshot, Payment: id, Currency: "SEK", At: b.deals[id].at}
			if !l.At.Before(from) && l.At.Before(to) && !yield(l, nil) {
				return
			}
		}
		for _, l := range b.strange {
			if !l.At.Before(from) && l.At.Before(to) && !yield(l, nil) {
				return
			}
		}
	}
}

func (b *till) Settlements(_ context.Context, from, to time.Time) iter.Seq2[payment.Movement, error] {
	return func(yield func(payment.Movement, error) bool) {
		for _, m := range b.moves {
			if !m.At.Before(from) && m.At.Before(to) && !yield(m, nil) {
				return
			}
		}
	}
}

func (b *till) Disputes(_ context.Context, p payment.Payment) ([]payment.Disputed, error) {
	return b.disputes[p.ID], nil
}

// shop is a system with a till, whose customers are guests.
type shop struct {
	*system
	till *till
	*payment.Reconciler
	ids   int
	since time.Time // what is reconciled
}

func newShop(t *testing.T) *shop {
	s := &shop{system: newSystem(t), since: start}
	s.till = newTill(s.bank)
	s.system.Providers = payment.NewProviders(s.till)
	s.Reconciler = &payment.Reconciler{Payments: s.system.Payments, Store: s.db, Hour: -1, Zone: time.UTC, Nudge: make(chan struct{}, 1)}
	return s
}

// bill charges a transaction so much, or corrects what was charged.
func (s *shop) bill(t failer, transaction string, gross int64) {
	t.Helper()
	ctx := context.Background()
	money := func(amount int64) gnista.Money { return gnista.Money{Amount: amount, Currency: "SEK"} }
	s.ids++
	r := billing.Record{
		ID: fmt.Sprint("r", s.ids), Transaction: transaction, Kind: billing.Original, Payment: fmt.Sprint("fresh", s.ids), IssuedAt: s.now,
		Bill: tariff.Bill{Net: money(gross - gross/5), Tax: money(gross / 5), Total: money(gross)},
	}
	if gross != 0 {
		r.Bill.Lines = []tariff.Line{{Dimension: tariff.Energy, Quantity: 1000, Price: "1", VAT: "25", Amount: gross}}
		r.Bill.VAT = []tariff.VATSum{{Rate: "25", Net: gross - gross/5, VAT: gross / 5, Gross: gross}}
	}
	told := func(r billing.Record) gnista.Event {
		return gnista.Event{At: s.now, Kind: "issued", Subject: r.ID}
	}
	old, err := s.db.RecordOf(ctx, transaction)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		if _, err := s.db.Issue(ctx, r, told); err != nil {
			t.Fatalf("%v", err)
		}
		return
	}
	credit := billing.CreditOf(old)
	s.ids++
	credit.ID, credit.IssuedAt = fmt.Sprint("r", s.ids), s.now
	r.Kind, r.Corrects, r.Payment, r.Payer = billing.Replacement, old.ID, old.Payment, old.Payer
	if _, err := s.db.Correct(ctx, credit, &r, billing.Decision{ID: fmt.Sprint("d", s.ids), Detail: []byte("{}")}, told); err != nil {
		t.Fatalf("%v", err)
	}
}

// reconcile reconciles all that is of this test, whatever the provider answers.
func (s *shop) reconcile(t failer) payment.Reconciliation {
	t.Helper()
	ctx := context.Background()
	s.now = s.now.Add(time.Minute)
	r, err := s.Begin(ctx, "", s.since, s.now)
	for range 20 {
		if err != nil || r.State != payment.Reconciling {
			break
		}
		s.Work(ctx)
		r, err = s.db.Reconciliation(ctx, r.ID)
	}
	if err != nil || r.State != payment.Reconciled {
		t.Fatalf("the reconciliation is %+v, %v", r, err)
	}
	return r
}

// accounts are what the accounts of the ledger come to that are not 0.
func (s *shop) accounts(t failer) map[billing.LedgerAccount]int64 {
	t.Helper()
	list, err := s.db.Balances(context.Background(), "", nil, 100_000)
	if err != nil {
		t.Fatalf("%v", err)
	}
	m, sum := map[billing.LedgerAccount]int64{}, int64(0)
	for _, b := range list {
		if sum += b.Amount; b.Amount != 0 {
			m[b.Account] = b.Amount
		}
	}
	if sum != 0 {
		t.Errorf("the ledger comes to %d", sum)
	}
	return m
}

func (s *shop) open(t failer) (out []string) {
	t.Helper()
	list, err := s.db.Differences(context.Background(), payment.DifferenceFilter{State: "open", Limit: 1000})
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, d := range list {
		out = append(out, fmt.Sprintf("%s %s %d %d", d.Kind, d.Ref, d.Ours, d.Theirs))
	}
	return out
}

var customer = payment.Opening{Way: payment.ByHold, Language: "sv", Text: "Laddning"}

// ask asks a customer, who confirms, for a payment that is bound to a transaction of its name.
func (s *shop) ask(t failer, way payment.Way, amount int64, bind bool) payment.Payment {
	t.Helper()
	o := customer
	o.Way = way
	p, err := s.Ask(context.Background(), "bank", "", gnista.Money{Amount: amount, Currency: "SEK"}, o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	s.till.next = none
	s.step(t)
	s.till.confirm(p.ID, way)
	s.hear(t, p.ID)
	if bind {
		s.change(t, p.ID, func(c *payment.Change) error {
			return c.Bind("t"+p.ID, payment.Cause{Kind: payment.ByStation})
		})
	}
	return s.payment(t, p.ID)
}

func (s *shop) hear(t failer, id string) {
	t.Helper()
	if err := s.Hear(context.Background(), "bank", []payment.Hint{{ID: "h", Ref: "bank-" + id}}); err != nil {
		t.Fatalf("%v", err)
	}
	s.till.move()
}

// Whatever happens to payments, in the end the account of the provider in our ledger is our balance there, and what
// is owed by guests and to them is what is missing and what is left.
func TestClearing(t *testing.T) {
	s := newShop(t)
	ctx := context.Background()
	unknown, adjusted, written := int64(0), int64(0), int64(0)
	var rests []string // payments for the rest of others
	histories := 0
	rapid.Check(t, func(t *rapid.T) {
		if histories++; histories > 30 { // which is enough of a slow thing
			return
		}
		s.till.next, s.till.silent, s.since = none, 0, s.now.Add(-time.Hour)
		var ids []string
		pick := func(t *rapid.T) string {
			if len(ids) == 0 {
				t.Skip("there is none")
			}
			return rapid.SampledFrom(ids).Draw(t, "payment")
		}
		amounts := rapid.SampledFrom([]int64{300, 1000, 5000, 20_000})
		work := func() { s.step(t); s.till.move() }
		t.Repeat(map[string]func(*rapid.T){
			"hold":    func(t *rapid.T) { ids = append(ids, s.ask(t, payment.ByHold, amounts.Draw(t, "hold"), true).ID) },
			"prepay":  func(t *rapid.T) { ids = append(ids, s.ask(t, payment.ByPrepay, amounts.Draw(t, "paid"), true).ID) },
			"unbound": func(t *rapid.T) { ids = append(ids, s.ask(t, payment.ByPrepay, 1000, false).ID) },
			"release": func(t *rapid.T) {
				s.Change(ctx, pick(t), func(c *payment.Change) error { return c.Release(payment.Cause{Kind: payment.ByTime}) })
			},
			"bill": func(t *rapid.T) {
				if id := pick(t); s.payment(t, id).Transaction != "" {
					s.bill(t, "t"+id, rapid.SampledFrom([]int64{0, 270, 300, 960, 1000, 4000, 7000}).Draw(t, "gross"))
				}
			},
			"work": func(t *rapid.T) { work() },
			"lose": func(t *rapid.T) {
				s.till.next = rapid.SampledFrom([]fault{before, after, no}).Draw(t, "fault")
				work()
			},
			"wait": func(t *rapid.T) {
				s.now = s.now.Add(rapid.SampledFrom([]time.Duration{time.Minute, 11 * time.Minute}).Draw(t, "time"))
			},
			"give back": func(t *rapid.T) {
				s.ids++
				_, err := s.GiveBack(ctx, payment.Refund{Payment: pick(t), Amount: rapid.SampledFrom([]int64{50, 120, 1000}).Draw(t, "amount"), Reason: "kind", Key: fmt.Sprint("k", s.ids/2)})
				if err != nil && gnista.CodeOf(err) != gnista.Conflict {
					t.Fatal(err)
				}
			},
			"write off": func(t *rapid.T) { s.WriteOff(ctx, pick(t), "given up") },
			"pay the rest": func(t *rapid.T) {
				p, err := s.Link(ctx, pick(t), "", 0, customer)
				if err != nil {
					t.Skip(err)
				}
				s.till.next = none
				s.step(t)
				if s.till.confirm(p.ID, payment.ByPrepay) {
					rests = append(rests, p.ID)
					s.hear(t, p.ID)
				}
			},
			"dispute": func(t *rapid.T) {
				id := pick(t)
				d := s.till.deals[id]
				if d == nil || d.Captured-d.Refunded == 0 || len(s.till.disputes[id]) > 0 {
					t.Skip("nothing was taken")
				}
				s.till.add(payment.MoveDispute, d.Ref, d.Refunded-d.Captured, -150)
				s.till.disputes[id] = []payment.Disputed{{Ref: "d" + id, State: payment.DisputeOpened, Amount: d.Captured - d.Refunded, Reason: "fraudulent", At: s.now}}
				s.hear(t, id)
			},
			"decide": func(t *rapid.T) {
				id := pick(t)
				list := s.till.disputes[id]
				if len(list) == 0 || list[0].State != payment.DisputeOpened {
					t.Skip("there is none")
				}
				if list[0].State = payment.DisputeLost; rapid.Bool().Draw(t, "won") {
					list[0].State = payment.DisputeWon
					s.till.add(payment.MoveWon, "bank-"+id, list[0].Amount, 0)
				}
				s.hear(t, id)
			},
			"pay out": func(t *rapid.T) { s.till.payOut() },
			"stranger": func(t *rapid.T) {
				ref := fmt.Sprint("stranger", len(s.till.strange))
				s.till.strange = append(s.till.strange, payment.Listed{Snapshot: payment.Snapshot{Ref: ref, Captured: 70}, Currency: "SEK", At: s.now})
				s.till.add(payment.MoveCapture, ref, 70, -2)
				unknown += 70
			},
			"adjust": func(t *rapid.T) { s.till.add(payment.MoveAdjustment, "", -13, 0); adjusted -= 13 },
			"reconcile": func(t *rapid.T) {
				s.till.silent = rapid.IntRange(0, 2).Draw(t, "silent")
				s.reconcile(t)
			},
			"": func(t *rapid.T) { s.accounts(t) },
		})
		s.drain(t)
		s.till.move()
		s.reconcile(t)
		list, err := s.db.Differences(ctx, payment.DifferenceFilter{State: "open", Kind: payment.DiffAdjustment, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			if _, err := s.Resolve(ctx, d.ID, payment.ResolveWriteOff, "the bank's fault", "admin"); err != nil {
				t.Fatal(err)
			}
			written += d.Theirs
		}
		has := s.accounts(t)
		on := func(kind billing.LedgerKind, party string) int64 {
			return has[billing.LedgerAccount{Kind: kind, Party: party}]
		}
		if got, want := on(billing.Clearing, "bank"), s.till.balance(); got != want {
			t.Errorf("clearing is %d and the balance at the bank %d", got, want)
		}
		if got := on(billing.Unexplained, "bank"); got != -unknown-adjusted+written {
			t.Errorf("unexplained is %d of %d and %d", got, unknown, adjusted)
		}
		for _, id := range append(ids, rests...) {
			p := s.payment(t, id)
			if p.State == payment.Review {
				continue // somebody has to look
			}
			if owed := on(billing.Receivable, id); p.Rest == "" && owed != p.Short() {
				t.Errorf("%d is owed for %+v", owed, p)
			}
			// Before it is known what is due all that was taken is the customer's.
			left := p.Paid()
			if p.Revision > 0 {
				left = 0
			}
			if got := -on(billing.Deposit, id); got != left {
				t.Errorf("%d is left of %+v", got, p)
			}
		}
		// What was kept, given and lost is what payments say.
		sums := map[billing.LedgerKind]int64{}
		for at, amount := range has {
			sums[at.Kind] += amount
		}
		var kept, given int64
		all, err := s.db.Payments(ctx, payment.Filter{Limit: 1_000_000})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			kept += p.Kept
			given += min(p.Given, max(0, p.Due-p.WrittenOff-p.Covered-p.Paid()+p.Kept))
		}
		if -sums[billing.Rounding] != kept || sums[billing.Goodwill] != given {
			t.Errorf("kept %d, given %d; the ledger has %d and %d", kept, given, -sums[billing.Rounding], sums[billing.Goodwill])
		}
		for _, d := range s.open(t) {
			if slices.ContainsFunc([]string{"amount", "missing-payment", "unknown-payment bank", "currency", "payout", "unbilled"}, func(x string) bool { return len(d) >= len(x) && d[:len(x)] == x }) {
				t.Errorf("there is a difference: %s", d)
			}
		}
		s.till.payOut()
	})
	if written == 0 || unknown == 0 {
		t.Errorf("nothing of %d and %d was found", unknown, written)
	}
}
