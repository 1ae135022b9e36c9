package billing_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/store"
	"gnista/store/storetest"
	"gnista/tariff"
)

// seller is one whose invoices keep to all rules.
var seller = billing.Seller{
	Name: "Åsas El AB", Number: "556036-0793", VAT: "SE556036079301", Address: "Storgatan 1, 123 45 Staden", Country: "SE", Bankgiro: "5050-1055", FTax: true,
}

// books are invoices on a database of their own.
type books struct {
	*billing.Invoices
	db *store.DB
	n  int
}

func newBooks(t *testing.T) *books {
	t.Helper()
	db := storetest.Open(t)
	b := &books{db: db}
	b.Invoices = &billing.Invoices{
		Store: db, Accounts: db, Seller: seller, Zone: time.UTC, Terms: 30, Nudge: make(chan struct{}, 1), NewID: b.id,
		Reminder: billing.Reminding{Fee: gnista.Money{Amount: 6000, Currency: "SEK"}, Terms: 10}, Now: func() time.Time { return start.Add(time.Hour) },
	}
	return b
}

func (b *books) id() string { b.n++; return fmt.Sprintf("%08d", b.n) }

func (b *books) payer() (string, error) {
	id := b.id()
	made := gnista.Event{At: start, Kind: "account.created", Subject: id}
	c := account.Customer{
		ID: "c" + id, Kind: account.Company, Name: "Bilar & Båtar AB", Number: "556012-5790", VAT: "SE556012579001", Language: "sv", Reference: "Kst 4711",
		Address: account.Address{Street: "Hamngatan 2", PostalCode: "111 47", City: "Stockholm", Country: "SE"}, CreatedAt: start, UpdatedAt: start,
	}
	if err := b.db.CreateCustomer(context.Background(), c, made); err != nil {
		return "", err
	}
	return id, b.db.CreateAccount(context.Background(), account.Account{ID: id, Customer: c.ID, Kind: account.Postpaid, Currency: "SEK", CreatedAt: start, UpdatedAt: start}, made)
}

// record is what an account owes for a transaction: amounts by rate, VAT included.
func (b *books) record(of string, gross map[tariff.Decimal]int64) billing.Record {
	r := billing.Record{
		ID: b.id(), Transaction: b.id(), Station: "A", EVSE: gnista.EVSE{ID: 1}, Account: of, Kind: billing.Original, StartedAt: start.Add(-time.Hour), EndedAt: start, EnergyWh: 12345, IssuedAt: start,
	}
	bill := tariff.Bill{Net: gnista.Money{Currency: "SEK"}, Tax: gnista.Money{Currency: "SEK"}, Total: gnista.Money{Currency: "SEK"}}
	for _, x := range []struct {
		rate  tariff.Decimal
		n     int64
		parts int64
	}{{"0", 0, 1}, {"6", 6, 106}, {"12", 12, 112}, {"25", 25, 125}} {
		amount := gross[x.rate]
		if amount == 0 {
			continue
		}
		vat := (2*amount*x.n + x.parts) / (2 * x.parts)
		bill.Lines = append(bill.Lines, tariff.Line{Dimension: tariff.Energy, Quantity: 1000, Price: "1", VAT: x.rate, Amount: amount})
		bill.VAT = append(bill.VAT, tariff.VATSum{Rate: x.rate, Net: amount - vat, VAT: vat, Gross: amount})
		bill.Net.Amount += amount - vat
		bill.Tax.Amount += vat
		bill.Total.Amount += amount
	}
	r.Bill = bill
	return r
}

func told(r billing.Record) gnista.Event {
	return gnista.Event{At: r.IssuedAt, Kind: "charge-record.issued", Subject: r.ID}
}

// takeBack is the credit of a record.
func (b *books) takeBack(r billing.Record) error {
	c := r
	c.ID, c.Kind, c.Corrects, c.EnergyWh = b.id(), billing.Credit, r.ID, -r.EnergyWh
	c.Bill.Lines, c.Bill.VAT = nil, nil
	for _, l := range r.Bill.Lines {
		l.Quantity, l.Amount = -l.Quantity, -l.Amount
		c.Bill.Lines = append(c.Bill.Lines, l)
	}
	for _, x := range r.Bill.VAT {
		c.Bill.VAT = append(c.Bill.VAT, tariff.VATSum{Rate: x.Rate, Net: -x.Net, VAT: -x.VAT, Gross: -x.Gross})
	}
	c.Bill.Net.Amount, c.Bill.Tax.Amount, c.Bill.Total.Amount = -r.Bill.Net.Amount, -r.Bill.Tax.Amount, -r.Bill.Total.Amount
	_, err := b.db.Correct(context.Background(), c, nil, billing.Decision{ID: b.id(), At: start, Kind: billing.DecidedRecord, Transaction: r.Transaction, Record: r.ID, By: billing.Admin, Reason: "test"}, told)
	return err
}

// run invoices an account and gives what came of it; nil is nothing.
func (b *books) run(of string) (*billing.Invoice, error) {
	ctx := context.Background()
	r, err := b.Begin(ctx, billing.InvoiceRun{Account: of}, false)
	if err != nil {
		return nil, err
	}
	if err := b.Work(ctx); err != nil {
		return nil, err
	}
	list, err := b.db.Invoices(ctx, billing.InvoiceFilter{Run: r.ID, Limit: 10})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	v, err := b.db.Invoice(ctx, list[0].ID)
	return &v, err
}

// What an account owes is what is open of its invoices and on none, whatever is charged, corrected,
// invoiced, paid, credited, reminded of and written off, in whatever order; an invoice is the sum of its records;
// and when all is paid nothing is owed.
func TestInvoicesAddUp(t *testing.T) {
	b := newBooks(t)
	ctx := context.Background()
	left := maxStories
	rapid.Check(t, func(t *rapid.T) {
		if left--; left < 0 {
			return
		}
		must := func(err error) {
			if err != nil && gnista.CodeOf(err) != gnista.Conflict {
				t.Fatal(err)
			}
		}
		of, err := b.payer()
		must(err)
		var records []billing.Record
		taken := map[string]bool{}
		var invoices []billing.Invoice
		uninvoiced, references := int64(0), 0
		pick := func() *billing.Invoice {
			if len(invoices) == 0 {
				t.Skip("nothing is invoiced")
			}
			return &invoices[rapid.IntRange(0, len(invoices)-1).Draw(t, "invoice")]
		}
		pay := func(v *billing.Invoice, amount int64) {
			references++
			_, err := b.Pay(ctx, v.ID, billing.InvoicePayment{Reference: fmt.Sprint(references), Amount: amount, Source: billing.FromBank})
			must(err)
		}
		actions := map[string]func(*rapid.T){
			"charge": func(t *rapid.T) {
				r := b.record(of, map[tariff.Decimal]int64{
					"25": rapid.Int64Range(1, 100000).Draw(t, "at 25"), "12": rapid.Int64Range(0, 999).Draw(t, "at 12"), "0": rapid.Int64Range(0, 3).Draw(t, "at 0"),
				})
				r, err := b.db.Issue(ctx, r, told)
				must(err)
				records, uninvoiced = append(records, r), uninvoiced+r.Bill.Total.Amount
			},
			"correct": func(t *rapid.T) {
				if len(records) == 0 {
					t.Skip("nothing is charged")
				}
				r := records[rapid.IntRange(0, len(records)-1).Draw(t, "record")]
				if taken[r.ID] {
					t.Skip("it was corrected")
				}
				taken[r.ID] = true
				must(b.takeBack(r))
				uninvoiced -= r.Bill.Total.Amount
			},
			"invoice": func(t *rapid.T) {
				v, err := b.run(of)
				must(err)
				if v == nil {
					if uninvoiced != 0 {
						t.Fatalf("%d come on no invoice", uninvoiced)
					}
					return
				}
				var sums billing.Sums
				for _, l := range v.Lines {
					sums.Total += l.Total
					for _, x := range l.VAT {
						sums.Net += x.Net
						sums.Tax += x.VAT
					}
				}
				if v.Total != uninvoiced || v.Total != sums.Total || v.Net != sums.Net || v.Tax != sums.Tax || v.Net+v.Tax != v.Total || (v.Kind == billing.CreditNote) != (v.Total < 0) {
					t.Fatalf("the invoice is %+v, of records %+v and %d", v.Sums, sums, uninvoiced)
				}
				for _, x := range v.VAT {
					if x.Net+x.VAT != x.Gross {
						t.Fatalf("the VAT is %+v", x)
					}
				}
				invoices, uninvoiced = append(invoices, *v), 0
			},
			"pay": func(t *rapid.T) { pay(pick(), rapid.Int64Range(1, 200000).Draw(t, "amount")) },
			"credit": func(t *rapid.T) {
				v := pick()
				note, err := b.Credit(ctx, v.ID, "Wrong")
				must(err)
				if err == nil {
					uninvoiced -= note.Total
				}
			},
			"remind": func(t *rapid.T) {
				late := *b.Invoices
				late.Now = func() time.Time { return start.Add(100 * 24 * time.Hour) }
				_, err := late.Remind(ctx, pick().ID, rapid.Bool().Draw(t, "fee"))
				must(err)
			},
			"write off": func(t *rapid.T) {
				_, err := b.WriteOff(ctx, pick().ID, "Bankrupt", rapid.Bool().Draw(t, "final"))
				must(err)
			},
		}
		open := func() (sum int64) {
			for i := range invoices {
				v, err := b.db.Invoice(ctx, invoices[i].ID)
				must(err)
				invoices[i] = v
				sum += v.Open()
			}
			return sum
		}
		actions[""] = func(t *rapid.T) {
			balance, err := b.db.Balance(ctx, of)
			must(err)
			if on := open(); balance.Owed != on+uninvoiced || balance.Deposit < 0 {
				t.Fatalf("%d are owed, but %d are open on invoices and %d on none; the deposit is %d", balance.Owed, on, uninvoiced, balance.Deposit)
			}
		}
		t.Repeat(actions)
		actions["invoice"](t)
		open()
		for i := range invoices {
			if n := invoices[i].Open(); n > 0 {
				pay(&invoices[i], n)
			}
		}
		if balance, err := b.db.Balance(ctx, of); err != nil || balance.Owed != uninvoiced || uninvoiced != 0 {
			t.Fatalf("when all is paid %d are owed: %v", balance.Owed, err)
		}
	})
}

func TestReference(t *testing.T) {
	for number, want := range map[int64]string{1: "18", 2: "26", 123456789: "1234567897", 7992739871: "79927398713"} {
		if got := billing.Reference(number); got != want {
			t.Errorf("the reference of %d is %s, want %s", number, got, want)
		}
	}
}

func TestSeller(t *testing.T) {
	if err := seller.Check(); err != nil {
		t.Error(err)
	}
	for field, change := range map[string]func(*billing.Seller){
		"bankgiro": func(s *billing.Seller) { s.Bankgiro = "5050-1056" },
		"number":   func(s *billing.Seller) { s.Number = "556036-0794" },
		"vat":      func(s *billing.Seller) { s.VAT = "SE556036" },
		"country":  func(s *billing.Seller) { s.Country = "Sweden" },
		"endpoint": func(s *billing.Seller) { s.Endpoint = "0007:5560360794" },
	} {
		s := seller
		change(&s)
		err, ok := s.Check().(*gnista.Error)
		if !ok || err.Field != field {
			t.Errorf("a wrong %s: %v", field, err)
		}
	}
}

// A run that was cut off goes on where it was.
func TestRunGoesOn(t *testing.T) {
	b := newBooks(t)
	for range 120 {
		of, err := b.payer()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.db.Issue(t.Context(), b.record(of, map[tariff.Decimal]int64{"25": 500}), told); err != nil {
			t.Fatal(err)
		}
	}
	r, err := b.Begin(t.Context(), billing.InvoiceRun{}, false)
	if err != nil {
		t.Fatal(err)
	}
	cut, cancel := context.WithCancel(t.Context())
	failing := *b.Invoices
	failing.Accounts = cutting{b.db, cancel, new(int)}
	if err := failing.Work(cut); err == nil {
		t.Fatal("it was not cut off")
	}
	half, err := b.db.InvoiceRun(t.Context(), r.ID)
	if err != nil || half.State != billing.RunRunning || half.Done.Invoices == 0 || half.Done.Invoices == 120 {
		t.Fatalf("cut off it is %+v, %v", half, err)
	}
	if err := b.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err = b.db.InvoiceRun(t.Context(), r.ID); err != nil || r.State != billing.RunDone || r.Done.Invoices != 120 || r.Done.Records != 120 || r.Done.Amounts[0].Amount != 60000 {
		t.Errorf("in the end it is %+v, %v", r, err)
	}
}

// cutting are accounts whose server ends after some of them were asked for.
type cutting struct {
	*store.DB
	end context.CancelFunc
	n   *int
}

func (c cutting) Account(ctx context.Context, id string) (account.Account, error) {
	if *c.n++; *c.n > 70 {
		c.end()
	}
	return c.DB.Account(ctx, id)
}
