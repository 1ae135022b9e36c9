package billing_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/payment"
	"gnista/payment/invoice"
	"gnista/payment/wallet"
	"gnista/tariff"
)

// cashier is a system with accounts, a ledger and payments.
type cashier struct {
	*system
	ledger *billing.Ledger
	worker *payment.Worker
}

func newCashier(t *testing.T) *cashier {
	t.Helper()
	s := newSystem(t)
	c := &cashier{system: s, ledger: &billing.Ledger{Store: s.db, Now: s.Now, NewID: s.NewID}}
	c.worker = &payment.Worker{Log: slog.New(slog.DiscardHandler), Payments: &payment.Payments{
		Store: s.db, Providers: payment.NewProviders(&wallet.Provider{Ledger: s.db, Now: s.Now}, invoice.Provider{}), Now: s.Now, NewID: s.NewID,
	}}
	for id, kind := range map[string]account.Kind{"pre": account.Prepaid, "post": account.Postpaid} {
		a := account.Account{ID: id, Kind: kind, Currency: "SEK", CreatedAt: start, UpdatedAt: start}
		if err := s.db.CreateAccount(t.Context(), a, gnista.Event{At: start, Kind: "account.created", Subject: id}); err != nil {
			t.Fatal(err)
		}
	}
	s.price("4.00")
	return c
}

type failer interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}

func (c *cashier) work(t failer) {
	t.Helper()
	for {
		did, err := c.worker.Step(c.t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if did == 0 {
			return
		}
	}
}

func (c *cashier) topUp(t failer, amount int64, key string) {
	t.Helper()
	if _, _, err := c.ledger.TopUp(c.t.Context(), billing.Transfer{Account: "pre", Amount: gnista.Money{Amount: amount, Currency: "SEK"}, Reference: "r", Key: key}); err != nil {
		t.Fatal(err)
	}
}

// charge bills a transaction of an account.
func (c *cashier) charge(t failer, id, who string, wh int64) billing.Record {
	t.Helper()
	ev := c.finishFor(id, who, wh)
	if err := c.Take(c.t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	r, err := c.db.RecordOf(c.t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (c *cashier) correct(t failer, id string, x billing.Correction) []billing.Record {
	t.Helper()
	list, err := c.Correct(c.t.Context(), id, x)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// on is what an account of the ledger comes to.
func (c *cashier) on(t failer, kind billing.LedgerKind, party string) (sum int64) {
	t.Helper()
	list, err := c.db.Balances(c.t.Context(), kind, nil, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		if b.Account.Party == party {
			sum += b.Amount
		}
	}
	return sum
}

func (c *cashier) payment(t failer, transaction string) payment.Payment {
	t.Helper()
	list, err := c.db.Payments(c.t.Context(), payment.Filter{Transaction: transaction, Limit: 10})
	if err != nil || len(list) != 1 {
		t.Fatal("payments of ", transaction, ": ", list, err)
	}
	return list[0]
}

func (c *cashier) want(t failer, transaction string, state payment.State, paid, deposit, owed int64) {
	t.Helper()
	p := c.payment(t, transaction)
	if p.State != state || p.Paid() != paid {
		t.Errorf("the payment of %s is %+v, want %s with %d", transaction, p, state, paid)
	}
	if d, o := -c.on(t, billing.Deposit, "pre"), c.on(t, billing.Receivable, "pre"); d != deposit || o != owed {
		t.Errorf("after %s the account has %d and owes %d, want %d and %d", transaction, d, o, deposit, owed)
	}
}

// A balance pays as far as it goes; what is missing is owed, and the next top-ups settle it.
func TestWallet(t *testing.T) {
	c := newCashier(t)
	c.topUp(t, 1000, "1")
	c.charge(t, "x1", "pre", 1000) // 6.50
	c.want(t, "x1", payment.Settling, 0, 1000, 650)
	c.work(t)
	c.want(t, "x1", payment.Settled, 650, 350, 0)
	c.charge(t, "x2", "pre", 1000)
	c.work(t)
	c.want(t, "x2", payment.SettledShort, 350, 0, 300)
	c.charge(t, "x3", "pre", 1000)
	c.work(t)
	c.want(t, "x3", payment.SettledShort, 0, 0, 950)
	if p := c.payment(t, "x3"); p.Reason != "no-balance" {
		t.Errorf("got %+v", p)
	}
	c.topUp(t, 400, "2")
	c.work(t)
	c.want(t, "x2", payment.Settled, 650, 0, 550)
	c.want(t, "x3", payment.SettledShort, 100, 0, 550)
	c.topUp(t, 400, "2") // the same again
	c.work(t)
	c.want(t, "x3", payment.SettledShort, 100, 0, 550)
	c.topUp(t, 1000, "3")
	c.work(t)
	c.want(t, "x3", payment.Settled, 650, 450, 0)
	c.charge(t, "x4", "pre", 0)
	c.work(t)
	c.want(t, "x4", payment.Released, 0, 450, 0)
}

// What was paid too much is given back, and what is missing is taken.
func TestCorrectedPayment(t *testing.T) {
	c := newCashier(t)
	c.topUp(t, 1000, "1")
	r := c.charge(t, "x1", "pre", 1000)
	less := int64(500)
	list := c.correct(t, r.ID, billing.Correction{EnergyWh: &less, Reason: "wrong"}) // before it was paid
	c.work(t)
	c.want(t, "x1", payment.Settled, 450, 550, 0)
	more := int64(750)
	list = c.correct(t, list[1].ID, billing.Correction{EnergyWh: &more, Reason: "wrong again"})
	c.work(t)
	c.want(t, "x1", payment.Settled, 550, 450, 0)
	c.correct(t, list[1].ID, billing.Correction{Void: true, Reason: "a gift"})
	c.work(t)
	c.want(t, "x1", payment.Settled, 0, 1000, 0)
	if p := c.payment(t, "x1"); p.Captured != 650 && p.Refunded != p.Captured {
		t.Errorf("got %+v", p)
	}
	var energy, total int64
	for i, r := range c.issued() {
		energy, total = energy+r.EnergyWh, total+r.Bill.Total.Amount
		if r.Number != int64(i+1) || r.Transaction != "x1" {
			t.Errorf("number %d is %+v", i+1, r)
		}
	}
	if len(c.issued()) != 6 || energy != 0 || total != 0 {
		t.Errorf("%d records come to %d Wh and %d", len(c.issued()), energy, total)
	}
}

func TestWhatCannotBeCorrected(t *testing.T) {
	c := newCashier(t)
	r := c.charge(t, "x1", "post", 1000)
	wh, negative, same := int64(5), int64(-1), int64(1000)
	eur, err := c.tariffs.Create(t.Context(), tariff.Tariff{Name: "Euro", Currency: "EUR"}, tariff.Version{Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "1", VAT: "25"}}})
	if err != nil {
		t.Fatal(err)
	}
	f := func(id string, x billing.Correction, code gnista.Code) {
		t.Helper()
		if _, err := c.Correct(t.Context(), id, x); err == nil || gnista.CodeOf(err) != code {
			t.Errorf("%+v: got %v, want %s", x, err, code)
		}
	}
	f("none", billing.Correction{EnergyWh: &wh, Reason: "x"}, gnista.NotFound)
	f(r.ID, billing.Correction{EnergyWh: &wh}, gnista.Invalid)
	f(r.ID, billing.Correction{Reason: "x"}, gnista.Invalid)
	f(r.ID, billing.Correction{EnergyWh: &same, Reason: "x"}, gnista.Invalid)
	f(r.ID, billing.Correction{EnergyWh: &negative, Reason: "x"}, gnista.Invalid)
	f(r.ID, billing.Correction{EnergyWh: &wh, Void: true, Reason: "x"}, gnista.Invalid)
	f(r.ID, billing.Correction{TariffVersion: "none", Reason: "x"}, gnista.Invalid)
	f(r.ID, billing.Correction{TariffVersion: eur.Versions[0].ID, Reason: "x"}, gnista.Invalid)
	list := c.correct(t, r.ID, billing.Correction{EnergyWh: &wh, Reason: "x"})
	f(r.ID, billing.Correction{EnergyWh: &wh, Reason: "x"}, gnista.Conflict)
	f(list[0].ID, billing.Correction{EnergyWh: &wh, Reason: "x"}, gnista.Conflict)
}

// maxStories is how many random stories are played on a database: each makes some dozens of commits.
const maxStories = 30

// Whatever is charged, corrected and paid, the ledger comes to 0, what an account owes is what its records come to
// and was not paid, and numbers have no gaps.
func TestLedgerAddsUp(t *testing.T) {
	c := newCashier(t)
	n, left := 0, maxStories
	rapid.Check(t, func(t *rapid.T) {
		if left--; left < 0 {
			return
		}
		var open []string // records that can be corrected
		t.Repeat(map[string]func(*rapid.T){
			"charge": func(t *rapid.T) {
				n++
				r := c.charge(t, fmt.Sprintf("q%d", n), rapid.SampledFrom([]string{"pre", "post", ""}).Draw(t, "who"), rapid.Int64Range(0, 5000).Draw(t, "Wh"))
				open = append(open, r.ID)
			},
			"correct": func(t *rapid.T) {
				if len(open) == 0 {
					t.Skip("nothing was charged")
				}
				i := rapid.IntRange(0, len(open)-1).Draw(t, "which")
				x := billing.Correction{Void: rapid.Bool().Draw(t, "void"), Reason: "x"}
				if wh := rapid.Int64Range(5001, 9000).Draw(t, "Wh"); !x.Void {
					x.EnergyWh = &wh
				}
				c.correct(t, open[i], x)
				open = slices.Delete(open, i, i+1)
			},
			"top up": func(t *rapid.T) {
				n++
				c.topUp(t, rapid.Int64Range(1, 3000).Draw(t, "amount"), fmt.Sprint(n))
			},
			"work": func(t *rapid.T) { c.work(t) },
			"": func(t *rapid.T) {
				trial, err := c.db.TrialBalance(c.t.Context(), time.Time{})
				if err != nil {
					t.Fatal(err)
				}
				sums := map[string]int64{}
				for _, b := range trial {
					sums[b.Currency] += b.Amount
				}
				for currency, sum := range sums {
					if sum != 0 {
						t.Errorf("the ledger in %s comes to %d", currency, sum)
					}
				}
			},
		})
		c.work(t)
		c.reconcile(t)
	})
}

// reconcile compares records with the ledger and with payments.
func (c *cashier) reconcile(t failer) {
	t.Helper()
	charged := map[string]int64{}
	var net, vat int64
	last := int64(0)
	for before := int64(0); ; {
		list, err := c.db.Records(c.t.Context(), billing.Filter{Before: before, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			if last != 0 && r.Number != last-1 {
				t.Errorf("number %d comes after %d", r.Number, last)
			}
			last, before = r.Number, r.Number
			charged[r.Account] += r.Bill.Total.Amount
			net, vat = net+r.Bill.Net.Amount, vat+r.Bill.Tax.Amount
		}
		if len(list) < 1000 {
			break
		}
	}
	if last > 1 {
		t.Errorf("the first number is %d", last)
	}
	paid := map[string]int64{}
	for before := ""; ; {
		list, err := c.db.Payments(c.t.Context(), payment.Filter{Before: before, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			before = p.ID
			if p.Provider == payment.Wallet {
				paid[p.Account] += p.Paid()
			}
			if !p.State.Final() {
				t.Errorf("not at its end: %+v", p)
			}
		}
		if len(list) < 1000 {
			break
		}
	}
	for who, amount := range charged {
		if owed := c.on(t, billing.Receivable, who); owed != amount-paid[who] {
			t.Errorf("%q was charged %d, paid %d and owes %d", who, amount, paid[who], owed)
		}
	}
	if got := -c.on(t, billing.RevenueEnergy, "") - c.on(t, billing.RevenueTime, "") - c.on(t, billing.RevenueFees, ""); got != net {
		t.Errorf("revenue is %d and the records come to %d", got, net)
	}
	if got := -c.on(t, billing.OutputVAT, "25"); got != vat {
		t.Errorf("VAT is %d and the records come to %d", got, vat)
	}
}
