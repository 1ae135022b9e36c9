package stripe_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gnista"
	"gnista/account"
	"gnista/payment"
	"gnista/payment/stripe"
	"gnista/payment/stripe/stripesim"
	"gnista/store"
)

// files is a system whose accounts have cards on file.
type files struct {
	*payment.Worker
	sim      *stripesim.Sim
	db       *store.DB
	provider *stripe.Provider
	book     *account.Book
	at       atomic.Int64 // the time, in nanoseconds: the simulator looks at it while it answers
	ids      int
	account  string
}

func (f *files) clock() time.Time { return time.Unix(0, f.at.Load()).UTC() }

func (f *files) pass(d time.Duration) { f.at.Add(int64(d)) }

func newFiles(t *testing.T, mock string) *files {
	t.Helper()
	f := &files{db: newDB(t)}
	f.at.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	now, newID := f.clock, func() string { f.ids++; return fmt.Sprintf("%08d", f.ids) }
	s, c := newSim(t, now, mock)
	c.Mandates = f.db
	f.sim, f.provider = s, stripe.New(c)
	providers := payment.NewProviders(f.provider)
	quiet := slog.New(slog.DiscardHandler)
	f.book = &account.Book{Customers: f.db, Accounts: f.db, Now: now, NewID: newID}
	f.Worker = &payment.Worker{Log: quiet, Payments: &payment.Payments{
		Store: f.db, Providers: providers, Now: now, NewID: newID,
		Mandates: &payment.Mandates{Store: f.db, Accounts: f.db, Providers: providers, Seller: "Laddbolaget", Now: now, NewID: newID, Log: quiet},
	}}
	f.account = f.open(t, account.Postpaid)
	return f
}

func (f *files) open(t *testing.T, kind account.Kind) string {
	t.Helper()
	c, err := f.book.CreateCustomer(t.Context(), account.Customer{Kind: account.Private, Name: "Anna"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.book.CreateAccount(t.Context(), account.Account{Customer: c.ID, Kind: kind, Currency: "SEK"})
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

// give has the driver of the account give a card.
func (f *files) give(t *testing.T, c stripesim.Card) payment.Mandate {
	t.Helper()
	m, a, err := f.Mandates.Ask(t.Context(), f.account, stripe.Name, "sv")
	if err != nil || a.Kind != payment.ActElement || a.Key == "" || m.State != payment.MandateAwaiting || !strings.Contains(m.Text, "Laddbolaget") {
		t.Fatalf("asked: %+v, %v", m, err)
	}
	if err := f.sim.Confirm(a.Text, c); err != nil {
		t.Fatal(err)
	}
	if m, err = f.Mandates.Look(t.Context(), m.ID); err != nil || m.State != payment.MandateActive || m.Method == "" {
		t.Fatalf("given: %+v, %v", m, err)
	}
	return m
}

// due has so much due for a transaction of the account, by the mandate.
func (f *files) due(t *testing.T, m payment.Mandate, transaction string, amount int64) string {
	t.Helper()
	cause := payment.Cause{Kind: payment.ByRecord, ID: "r"}
	c := payment.New("pay-"+transaction, transaction, "SEK", f.account, &account.Account{ID: f.account, Kind: account.Postpaid, Currency: "SEK"}, f.clock(), cause)
	c.Under(m)
	c.Owe(amount, cause)
	if err := f.db.CreatePayment(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c.ID
}

func (f *files) owe(t *testing.T, id string, amount int64) {
	t.Helper()
	if _, err := f.Change(t.Context(), id, func(c *payment.Change) error { c.Owe(amount, payment.Cause{}); return nil }); err != nil {
		t.Fatal(err)
	}
}

// drain lets what waits come to its end.
func (f *files) drain(t *testing.T) {
	t.Helper()
	for range 30 {
		n, err := f.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if list, err := f.db.WaitingOperations(t.Context(), f.clock().Add(24*time.Hour), 1); err != nil || n == 0 && len(list) == 0 {
			return
		}
		f.pass(11 * time.Minute)
	}
	t.Fatal("operations never end")
}

// paid wants a payment to be in a state, with so much paid, here and there.
func (f *files) paid(t *testing.T, id string, state payment.State, paid int64) payment.Payment {
	t.Helper()
	f.drain(t)
	p, err := f.db.Payment(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var there int64
	for _, d := range f.sim.Deals(id) {
		there += d.Captured - d.Refunded
		if d.Held != 0 {
			t.Errorf("something is set aside: %+v", d)
		}
	}
	if p.State != state || p.Paid() != paid || there != paid {
		t.Errorf("%s: it is %+v, and there %d are paid; want %s and %d", id, p, there, state, paid)
	}
	return p
}

func TestCardOnFile(t *testing.T) { cardOnFile(t, "") }

func cardOnFile(t *testing.T, mock string) {
	f := newFiles(t, mock)
	m := f.give(t, stripesim.Good)
	if m.Label != "Visa ···· 4242" || m.Version == "" || m.Language != "sv" || !m.GivenAt.Equal(f.clock()) {
		t.Errorf("the mandate is %+v", m)
	}
	id := f.due(t, m, "x1", 12_000)
	f.paid(t, id, payment.Settled, 12_000)
	f.owe(t, id, 15_000) // a correction upwards is another charge
	f.paid(t, id, payment.Settled, 15_000)
	f.owe(t, id, 1_000) // and one downwards may go back to both
	p := f.paid(t, id, payment.Settled, 1_000)
	if got, err := f.provider.Fetch(t.Context(), p); err != nil || got.Captured != 15_000 || got.Refunded != 14_000 || got.Held != 0 {
		t.Errorf("read it is %+v, %v", got, err)
	}
	f.owe(t, id, 0)
	f.paid(t, id, payment.Settled, 0)

	// What Stripe does not take is owed.
	p = f.paid(t, f.due(t, m, "x2", 299), payment.SettledShort, 0)
	if p.Reason != payment.BelowMinimum {
		t.Errorf("the reason is %q", p.Reason)
	}

	// The bank wants its holder: the driver has to be asked, and with a card that works what is owed is paid.
	f.sim.Replace(m.Method, stripesim.Authenticate)
	short := f.due(t, m, "x3", 5_000)
	if p := f.paid(t, short, payment.SettledShort, 0); p.Reason != "authentication_required" {
		t.Errorf("the reason is %q", p.Reason)
	}
	var told bool
	evs, err := f.db.Events(t.Context(), 0, 1000)
	for _, ev := range evs {
		told = told || ev.Kind == "payment.settled-short" && ev.Subject == short && strings.Contains(string(ev.Data), "authentication_required")
		if strings.Contains(string(ev.Data), "_secret_") {
			t.Errorf("an event has a secret in it: %s", ev.Data)
		}
	}
	if !told || err != nil {
		t.Errorf("nobody is told that the driver has to be asked: %v", err)
	}
	ops, err := f.db.Operations(t.Context(), short)
	if err != nil || len(ops) != 1 || ops[0].State != payment.Declined {
		t.Errorf("the operations are %+v, %v", ops, err)
	}
	next := f.give(t, stripesim.Good)
	if next.Customer != m.Customer || next.Method == m.Method {
		t.Errorf("the next is %+v", next)
	}
	f.paid(t, short, payment.Settled, 5_000)
	if err := f.Mandates.Sweep(t.Context()); err != nil || f.sim.Kept(m.Method) || !f.sim.Kept(next.Method) {
		t.Errorf("the former card is kept: %v", err)
	}

	// Nothing is charged once it was revoked.
	if got, err := f.Mandates.Revoke(t.Context(), f.account, next.ID); err != nil || got.State != payment.MandateRevoked || !got.Forgotten || f.sim.Kept(next.Method) {
		t.Errorf("revoked it is %+v, %v", got, err)
	}
	if p := f.paid(t, f.due(t, next, "x4", 5_000), payment.SettledShort, 0); p.Reason != "no-mandate" {
		t.Errorf("the reason is %q", p.Reason)
	}
	if got, err := f.Mandates.Revoke(t.Context(), f.account, next.ID); err != nil || got.State != payment.MandateRevoked {
		t.Errorf("revoked again it is %+v, %v", got, err)
	}
	// What was paid under it can still be given back.
	f.owe(t, short, 2_000)
	f.paid(t, short, payment.Settled, 2_000)
}

// A charge without its driver happens once, whatever becomes of requests and answers, and however late it is looked at.
func TestChargeOnce(t *testing.T) {
	f := newFiles(t, "")
	m := f.give(t, stripesim.Good)
	n := 0
	for _, late := range []time.Duration{0, 25 * time.Hour} {
		for _, path := range []string{"/payment_intents", "/refunds"} {
			for _, faults := range [][]stripesim.Fault{
				{stripesim.Before}, {stripesim.RateLimit}, {stripesim.InProgress}, {stripesim.Broken}, {stripesim.After}, {stripesim.BrokenLate},
				{stripesim.Before, stripesim.After}, {stripesim.Broken, stripesim.Before, stripesim.After}, {stripesim.Broken, stripesim.Broken},
			} {
				n++
				what := fmt.Sprint(path, faults, late)
				id := f.due(t, m, fmt.Sprint("once-", n), 10_000)
				if path == "/refunds" {
					f.paid(t, id, payment.Settled, 10_000)
					f.owe(t, id, 4_000)
				}
				f.sim.Fail(path, faults...)
				if _, err := f.Step(t.Context()); err != nil {
					t.Fatal(err)
				}
				f.pass(late)
				want := int64(10_000)
				if path == "/refunds" {
					want = 4_000
				}
				f.paid(t, id, payment.Settled, want)
				f.sim.Mend()
				if n := f.sim.Effects(id, "authorised"); n != 1 {
					t.Errorf("%s: it was charged %d times", what, n)
				}
				for _, op := range []string{"/capture/r1", "/refund/r2"} {
					if n := f.sim.Effects(id+op, "refunds"); n > 1 {
						t.Errorf("%s: it was given back %d times", what, n)
					}
				}
			}
		}
	}
}

// A card that is declined says whether its driver can do something about it.
func TestDeclines(t *testing.T) {
	f := newFiles(t, "")
	m := f.give(t, stripesim.Good)
	for card, want := range map[stripesim.Card]payment.DeclinedError{
		stripesim.Declining: {Code: "insufficient_funds", Customer: true}, stripesim.Dead: {Code: "processing_error"},
		stripesim.Authenticate: {Code: "authentication_required", Customer: true}, stripesim.Later: {Code: "insufficient_funds", Customer: true},
	} {
		f.sim.Replace(m.Method, card)
		op := payment.Operation{ID: "op-" + string(card), Payment: "p-" + string(card), Kind: payment.KindHold, Amount: 5_000}
		x := payment.Payment{ID: op.Payment, Account: f.account, Mandate: m.ID, Currency: "SEK", Way: payment.ByHold, CreatedAt: f.clock()}
		_, err := f.provider.Hold(t.Context(), op, x)
		var got *payment.DeclinedError
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%s: got %v, want %+v", card, err, want)
		}
		if _, found, again := f.provider.Find(t.Context(), op, x); found || fmt.Sprint(again) != fmt.Sprint(err) {
			t.Errorf("%s: found %v, %v", card, found, again)
		}
	}
	f.sim.Replace(m.Method, stripesim.Good)
	p, err := f.Hold(t.Context(), stripe.Name, f.account, gnista.Money{Amount: 20_000, Currency: "SEK"})
	if err != nil || p.Mandate != m.ID {
		t.Fatalf("the hold is %+v, %v", p, err)
	}
	f.drain(t)
	if p, err = f.db.Payment(t.Context(), p.ID); err != nil || p.State != payment.Held || p.Held != 20_000 || !p.HeldUntil.After(f.clock()) {
		t.Errorf("the hold is %+v, %v", p, err)
	}
	if _, err := f.provider.Increment(t.Context(), payment.Operation{}, p); !errors.As(err, new(*payment.DeclinedError)) {
		t.Errorf("more is set aside: %v", err)
	}
	other, err := f.Hold(t.Context(), stripe.Name, f.open(t, account.Postpaid), gnista.Money{Amount: 20_000, Currency: "SEK"})
	if err != nil {
		t.Fatal(err)
	}
	f.drain(t)
	if other, err = f.db.Payment(t.Context(), other.ID); err != nil || other.State != payment.DeclinedNow {
		t.Errorf("of an account without a card the hold is %+v, %v", other, err)
	}
}

func TestMandates(t *testing.T) {
	ctx := context.Background()
	f := newFiles(t, "")
	prepaid := f.open(t, account.Prepaid)
	for _, c := range []struct {
		account, provider, language string
		code                        gnista.Code
	}{
		{f.account, "swish", "sv", gnista.Unsupported}, {f.account, stripe.Name, "de", gnista.Invalid}, {"none", stripe.Name, "sv", gnista.NotFound},
		{prepaid, stripe.Name, "sv", gnista.Conflict},
	} {
		if _, _, err := f.Mandates.Ask(ctx, c.account, c.provider, c.language); gnista.CodeOf(err) != c.code || err == nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	// It is heard of when a driver has given a card, and before nothing comes of it.
	m, a, err := f.Mandates.Ask(ctx, f.account, stripe.Name, "en")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.Mandates.Look(ctx, m.ID); err != nil || got.State != payment.MandateAwaiting {
		t.Errorf("not given it is %+v, %v", got, err)
	}
	if f.sim.Confirm(a.Text, stripesim.Declining) == nil {
		t.Error("a card without money is kept")
	}
	if err := f.sim.Confirm(a.Text, stripesim.Good); err != nil {
		t.Fatal(err)
	}
	for _, ev := range f.sim.Told() {
		hints, err := f.provider.Verify(ctx, f.sim.Sign(ev.Body, f.clock()), ev.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Hear(ctx, stripe.Name, hints); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := f.db.Mandate(ctx, m.ID); err != nil || got.State != payment.MandateActive || got.Language != "en" {
		t.Errorf("heard of it is %+v, %v", got, err)
	}
	if _, err := f.Mandates.Revoke(ctx, prepaid, m.ID); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("revoked by another: %v", err)
	}
	// One that is not given in time is given up; a driver who is faster than that is not.
	for _, fast := range []bool{false, true} {
		m, a, err := f.Mandates.Ask(ctx, f.account, stripe.Name, "en")
		if err != nil {
			t.Fatal(err)
		}
		f.pass(payment.MandateTime + time.Minute)
		if fast {
			if err := f.sim.Confirm(a.Text, stripesim.Good); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Mandates.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		want := payment.MandateRevoked
		if fast {
			want = payment.MandateActive
		}
		if got, err := f.db.Mandate(ctx, m.ID); err != nil || got.State != want || got.Forgotten == fast {
			t.Errorf("fast %v: it is %+v, %v", fast, got, err)
		}
		if !fast && f.sim.Confirm(a.Text, stripesim.Good) == nil {
			t.Error("it can still be given")
		}
	}
	// Without an answer it is not begun.
	f.sim.Fail("/setup_intents", stripesim.Before)
	if _, _, err := f.Mandates.Ask(ctx, f.account, stripe.Name, "en"); err == nil {
		t.Error("it is begun without an answer")
	}
	if list, err := f.db.Mandates(ctx, payment.MandateFilter{Account: f.account, Limit: 1}); err != nil || list[0].State != payment.MandateRevoked {
		t.Errorf("it is %+v, %v", list, err)
	}
}
