package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/tariff"
)

// invoicing makes invoices of the accounts of a test, with a clock of its own.
func (s suite) invoicing() *billing.Invoices {
	var mu sync.Mutex
	n := 0
	return &billing.Invoices{
		Store: s.DB, Accounts: s.DB, Seller: billing.Seller{Name: "Säljaren AB", Country: "SE"}, Zone: time.UTC, Terms: 30, Nudge: make(chan struct{}, 1),
		Reminder: billing.Reminding{Fee: gnista.Money{Amount: 6000, Currency: "SEK"}, Terms: 10}, Now: func() time.Time { return now.Add(time.Hour) },
		NewID: func() string { mu.Lock(); defer mu.Unlock(); n++; return fmt.Sprintf("invoicing%06d", n) },
	}
}

// payer makes an account of a customer.
func (s suite) payer(t *testing.T, id string, kind account.Kind, currency string) {
	t.Helper()
	made := gnista.Event{At: now, Kind: "account.created", Subject: id}
	err := errors.Join(
		s.CreateCustomer(t.Context(), account.Customer{ID: "c-" + id, Kind: account.Company, Name: "Kund " + id, CreatedAt: now, UpdatedAt: now}, made),
		s.CreateAccount(t.Context(), account.Account{ID: id, Customer: "c-" + id, Kind: kind, Currency: currency, TermDays: 20, CreatedAt: now, UpdatedAt: now}, made))
	if err != nil {
		t.Fatal(err)
	}
}

// owe makes a charge record of an account.
func (s suite) owe(ctx context.Context, id, of string, gross int64) error {
	vat := (gross + 2) / 5
	money := func(amount int64) gnista.Money { return gnista.Money{Amount: amount, Currency: "SEK"} }
	_, err := s.Issue(ctx, billing.Record{
		ID: id, Transaction: "x-" + id, Station: "inv", EVSE: gnista.EVSE{ID: 1}, Account: of, Kind: billing.Original, StartedAt: now.Add(-time.Hour), EndedAt: now, EnergyWh: gross, IssuedAt: now,
		Bill: tariff.Bill{
			Lines: []tariff.Line{{Dimension: tariff.Energy, Quantity: gross, Price: "10", VAT: "25", Amount: gross}}, VAT: []tariff.VATSum{{Rate: "25", Net: gross - vat, VAT: vat, Gross: gross}},
			Net: money(gross - vat), Tax: money(vat), Total: money(gross),
		},
	}, func(r billing.Record) gnista.Event {
		return gnista.Event{At: now, Kind: "charge-record.issued", Subject: r.ID}
	})
	return err
}

func (s suite) owed(t *testing.T, id string) account.Balance {
	t.Helper()
	return must[account.Balance](t)(s.Balance(t.Context(), id))
}

func (s suite) invoices(t *testing.T) {
	ctx := t.Context()
	b := s.invoicing()
	_, err := s.Invoice(ctx, "none")
	wantCode(t, err, gnista.NotFound)
	_, err = s.InvoiceRun(ctx, "none")
	wantCode(t, err, gnista.NotFound)
	s.payer(t, "inv-a", account.Postpaid, "SEK")
	s.payer(t, "inv-prepaid", account.Prepaid, "SEK")
	for i, of := range []string{"inv-a", "inv-a", "inv-prepaid"} {
		if err := s.owe(ctx, fmt.Sprint("inv-r", i), of, 1001+int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	// A run before the cut-off finds nothing, one after it all of the account, and a second one nothing again.
	for i, until := range []time.Time{now, now.Add(time.Minute), now.Add(2 * time.Minute)} {
		r := must[billing.InvoiceRun](t)(b.Begin(ctx, billing.InvoiceRun{Until: until, Account: "inv-a"}, false))
		again := must[billing.InvoiceRun](t)(b.Begin(ctx, billing.InvoiceRun{Until: until, Account: "inv-a"}, false))
		if again.ID != r.ID {
			t.Errorf("the same run again is %s, not %s", again.ID, r.ID)
		}
		if err := b.Work(ctx); err != nil {
			t.Fatal(err)
		}
		r = must[billing.InvoiceRun](t)(s.InvoiceRun(ctx, r.ID))
		if want := []int{0, 1, 0}[i]; r.State != billing.RunDone || r.Done.Invoices != want || r.Done.Records != 2*want || fmt.Sprint(r.Done.Amounts) != fmt.Sprint(r.Expected) {
			t.Errorf("run %d is %+v", i, r)
		}
	}
	_, err = b.Begin(ctx, billing.InvoiceRun{Account: "inv-prepaid"}, false)
	wantCode(t, err, gnista.Invalid)
	for _, d := range must[[]billing.Due](t)(s.Dues(ctx, now.Add(time.Hour), "", billing.Due{}, 0)) {
		if d.Account == "inv-prepaid" {
			t.Errorf("a prepaid account would get an invoice: %+v", d)
		}
	}
	list := must[[]billing.Invoice](t)(s.Invoices(ctx, billing.InvoiceFilter{Account: "inv-a", Limit: 10}))
	if len(list) != 1 {
		t.Fatalf("there are %d invoices", len(list))
	}
	v := must[billing.Invoice](t)(s.Invoice(ctx, list[0].ID))
	if v.Total != 2003 || v.Net+v.Tax != v.Total || v.Tax != 400 || len(v.Lines) != 2 || v.Date != "2026-03-01" || v.Due != "2026-03-21" || v.Buyer.Name != "Kund inv-a" || v.State != billing.InvoiceIssued {
		t.Errorf("got %+v", v)
	}
	s.paid(t, b, v)
	s.takenBack(t, b)
}

// paid pays an invoice in parts, reminds of it and pays too much.
func (s suite) paid(t *testing.T, b *billing.Invoices, v billing.Invoice) {
	ctx := t.Context()
	pay := func(reference string, amount int64, source billing.PaymentSource) (billing.Invoice, error) {
		return b.Pay(ctx, v.ID, billing.InvoicePayment{Reference: reference, Amount: amount, Source: source, At: now})
	}
	for range 2 {
		if got := must[billing.Invoice](t)(pay("one", 1000, billing.FromBank)); got.Paid != 1000 || got.State != billing.InvoiceIssued {
			t.Errorf("got %+v", got)
		}
	}
	_, err := pay("one", 1001, billing.FromBank)
	wantCode(t, err, gnista.Conflict)
	_, err = pay("two", 5, billing.FromDeposit)
	wantCode(t, err, gnista.Conflict)
	_, err = b.Remind(ctx, v.ID, true)
	wantCode(t, err, gnista.Conflict)
	later := *b
	later.Now = func() time.Time { return now.Add(30 * 24 * time.Hour) }
	later.Reminder.After = 5
	if err := errors.Join(later.Sweep(ctx), later.Sweep(ctx)); err != nil {
		t.Fatal(err)
	}
	reminders := must[[]billing.Reminder](t)(s.Reminders(ctx, v.ID))
	got := must[billing.Invoice](t)(s.Invoice(ctx, v.ID))
	if len(reminders) != 1 || reminders[0].Open != 7003 || reminders[0].Number == 0 || got.State != billing.InvoiceOverdue || got.Open() != 7003 {
		t.Errorf("got %+v, %+v", reminders, got)
	}
	if owed := s.owed(t, "inv-a").Owed; owed != 7003 {
		t.Errorf("%d are owed", owed)
	}
	if got = must[billing.Invoice](t)(pay("rest", 8000, billing.FromBank)); got.State != billing.InvoicePaid || got.Open() != 0 {
		t.Errorf("got %+v", got)
	}
	if balance := s.owed(t, "inv-a"); balance.Owed != 0 || balance.Deposit != 997 {
		t.Errorf("the balance is %+v", balance)
	}
	if list := must[[]billing.InvoicePayment](t)(s.InvoicePayments(ctx, v.ID)); len(list) != 2 || list[1].Applied != 7003 {
		t.Errorf("got %+v", list)
	}
}

// takenBack credits an invoice, invoices its records again, and writes that off.
func (s suite) takenBack(t *testing.T, b *billing.Invoices) {
	ctx := t.Context()
	if err := s.owe(ctx, "inv-late", "inv-a", 1250); err != nil {
		t.Fatal(err)
	}
	newest := func() billing.Invoice {
		t.Helper()
		must[billing.InvoiceRun](t)(b.Begin(ctx, billing.InvoiceRun{Account: "inv-a"}, false))
		if err := b.Work(ctx); err != nil {
			t.Fatal(err)
		}
		return must[[]billing.Invoice](t)(s.Invoices(ctx, billing.InvoiceFilter{Account: "inv-a", Limit: 1}))[0]
	}
	v := newest()
	note := must[billing.Invoice](t)(b.Credit(ctx, v.ID, "Wrong reference"))
	if note.Kind != billing.CreditNote || note.Number != v.Number+1 || note.Total != -1250 || note.Credits != v.Number || note.Open() != 0 || note.Lines[0].Total != -1250 {
		t.Errorf("got %+v", note)
	}
	_, err := b.Credit(ctx, v.ID, "Again")
	wantCode(t, err, gnista.Conflict)
	_, err = b.Credit(ctx, note.ID, "Again")
	wantCode(t, err, gnista.Conflict)
	_, err = b.Pay(ctx, note.ID, billing.InvoicePayment{Reference: "r", Amount: 1, Source: billing.FromBank})
	wantCode(t, err, gnista.Conflict)
	again := newest()
	if again.Number != note.Number+1 || again.Total != 1250 {
		t.Errorf("the records came on %+v", again)
	}
	if owed := s.owed(t, "inv-a").Owed; owed != 1250 {
		t.Errorf("%d are owed", owed)
	}
	must[billing.Invoice](t)(b.Pay(ctx, again.ID, billing.InvoicePayment{Reference: "d", Amount: 250, Source: billing.FromDeposit}))
	if got := must[billing.Invoice](t)(b.WriteOff(ctx, again.ID, "Bankrupt", true)); got.State != billing.InvoiceWrittenOff || got.Open() != 0 {
		t.Errorf("got %+v", got)
	}
	if balance := s.owed(t, "inv-a"); balance.Owed != 0 || balance.Deposit != 747 {
		t.Errorf("the balance is %+v", balance)
	}
}

// invoiceNumbers makes invoices and credit notes from many sides at one time: each has a number, and
// none is missing.
func (s suite) invoiceNumbers(t *testing.T) {
	ctx := t.Context()
	b := s.invoicing()
	b.NewID = func() func() string {
		var mu sync.Mutex
		n := 0
		return func() string { mu.Lock(); defer mu.Unlock(); n++; return fmt.Sprintf("numbers%06d", n) }
	}()
	const accounts = 30
	for i := range accounts {
		s.payer(t, fmt.Sprintf("num-%02d", i), account.Postpaid, "SEK")
	}
	var wg sync.WaitGroup
	failed := make(chan error, 100)
	for i := range accounts {
		wg.Go(func() {
			of := fmt.Sprintf("num-%02d", i)
			for n := range 3 {
				if err := s.owe(ctx, fmt.Sprintf("num-r%d-%d", i, n), of, 500); err != nil {
					failed <- err
					return
				}
				if _, err := b.Begin(ctx, billing.InvoiceRun{Account: of}, false); err != nil {
					failed <- err
					return
				}
				list, err := s.Invoices(ctx, billing.InvoiceFilter{Account: of, State: billing.InvoiceIssued, Limit: 1})
				if err == nil && len(list) > 0 {
					_, err = b.Credit(ctx, list[0].ID, "Again")
				}
				if err != nil && gnista.CodeOf(err) != gnista.Conflict {
					failed <- err
				}
			}
		})
	}
	for range 3 {
		wg.Go(func() {
			for range 5 {
				if err := b.Work(ctx); err != nil {
					failed <- err
				}
			}
		})
	}
	wg.Wait()
	if err := b.Work(ctx); err != nil {
		t.Fatal(err)
	}
	must[billing.InvoiceRun](t)(b.Begin(ctx, billing.InvoiceRun{}, false)) // for what was credited behind a run that went on
	if err := b.Work(ctx); err != nil {
		t.Fatal(err)
	}
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	all := must[[]billing.Invoice](t)(s.Invoices(ctx, billing.InvoiceFilter{Limit: 1000}))
	slices.Reverse(all)
	for i, v := range all {
		if v.Number != int64(i+1) {
			t.Fatalf("invoice %d has the number %d", i+1, v.Number)
		}
	}
	// Each account owes its three records, on one invoice each that stands.
	for i := range accounts {
		of := fmt.Sprintf("num-%02d", i)
		list := must[[]billing.Invoice](t)(s.Invoices(ctx, billing.InvoiceFilter{Account: of, Limit: 100}))
		var open int64
		records := map[string]int{}
		for _, v := range list {
			v = must[billing.Invoice](t)(s.Invoice(ctx, v.ID))
			open += v.Open()
			if v.State == billing.InvoiceIssued {
				for _, l := range v.Lines {
					records[l.Record]++
				}
			}
		}
		if owed := s.owed(t, of).Owed; owed != 1500 || open != 1500 || len(records) != 3 {
			t.Errorf("%s owes %d, %d of it on invoices, of records %v", of, owed, open, records)
		}
	}
}
