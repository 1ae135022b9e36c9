//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/store"
	"gnista/tariff"
)

type benchInvoices struct {
	Records  int    `help:"Charge records." default:"100000"`
	Accounts int    `help:"Accounts that they belong to." default:"5000"`
	Database string `help:"postgres://… of an empty database, which is filled; absent is SQLite in a temporary folder, measured with half as much before."`
}

// linear is how many times as long twice as much may take.
const linear = 2.6

// Run measures a run of invoices, and one of half the size: it is to take half the time.
func (b *benchInvoices) Run(ctx context.Context, o *output) error {
	fmt.Fprintf(o.out, "%10s %10s %10s %10s %12s\n", "records", "invoices", "filled", "run", "records/s")
	if b.Database != "" {
		_, err := b.measure(ctx, o, b.Database, b.Records, b.Accounts)
		return err
	}
	var half time.Duration
	for _, part := range []int{2, 1} {
		dir, err := os.MkdirTemp("", "gnista-bench")
		if err != nil {
			return err
		}
		took, err := b.measure(ctx, o, "sqlite:"+filepath.Join(dir, "bench.db"), b.Records/part, b.Accounts/part)
		if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
			return err
		}
		if part == 2 {
			half = took
		} else if took > time.Duration(linear*float64(half))+time.Second {
			return fmt.Errorf("twice as much took %.1f times as long: it is not linear", took.Seconds()/half.Seconds())
		}
	}
	return nil
}

func (b *benchInvoices) measure(ctx context.Context, o *output, url string, records, accounts int) (time.Duration, error) {
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	began := time.Now()
	if err := fillInvoices(ctx, db, records, accounts); err != nil {
		return 0, err
	}
	filled := time.Since(began)
	inv := newInvoices(db, invoicing{InvoiceTerms: 30}, billing.Seller{Name: "Bench AB", Country: "SE"}, "SEK", time.UTC, now, newID)
	began = time.Now()
	run, err := inv.Begin(ctx, billing.InvoiceRun{}, false)
	if err != nil {
		return 0, err
	}
	if err := inv.Work(ctx); err != nil {
		return 0, err
	}
	took := time.Since(began)
	if run, err = db.InvoiceRun(ctx, run.ID); err != nil {
		return 0, err
	}
	fmt.Fprintf(o.out, "%10d %10d %9.1fs %9.2fs %12.0f\n", run.Done.Records, run.Done.Invoices, filled.Seconds(), took.Seconds(), float64(records)/took.Seconds())
	if run.State != billing.RunDone || run.Done.Records != records || run.Done.Invoices != accounts || fmt.Sprint(run.Done.Amounts) != fmt.Sprint(run.Expected) {
		return 0, fmt.Errorf("the run is not what it was to be: %+v", run)
	}
	return took, nil
}

// fillInvoices makes accounts and their records. Each account has as many.
func fillInvoices(ctx context.Context, db *store.DB, records, accounts int) error {
	const (
		workers = 256
		price   = 650
	)
	at := now().Add(-time.Hour)
	ev := func(r billing.Record) gnista.Event {
		return gnista.Event{At: at, Kind: "charge-record.issued", Subject: r.ID}
	}
	id := func(n int) string { return fmt.Sprintf("account%06d", n) }
	made := gnista.Event{At: at, Kind: "account.created"}
	err := inParallel(workers, accounts, func(n int) error {
		c := account.Customer{ID: "customer" + id(n), Kind: account.Company, Name: fmt.Sprintf("Kund %d AB", n), CreatedAt: at, UpdatedAt: at}
		if err := db.CreateCustomer(ctx, c, made); err != nil {
			return err
		}
		return db.CreateAccount(ctx, account.Account{ID: id(n), Customer: c.ID, Kind: account.Postpaid, Currency: "SEK", CreatedAt: at, UpdatedAt: at}, made)
	})
	if err != nil {
		return err
	}
	money := func(amount int64) gnista.Money { return gnista.Money{Amount: amount, Currency: "SEK"} }
	return inParallel(workers, records, func(n int) error {
		gross := int64(price + n%5000)
		vat := (gross + 2) / 5
		_, err := db.Issue(ctx, billing.Record{
			ID: newID(), Transaction: fmt.Sprintf("x%d", n), Station: "BENCH", EVSE: gnista.EVSE{ID: 1, Connector: 1}, Account: id(n % accounts), Kind: billing.Original,
			StartedAt: at.Add(-time.Hour), EndedAt: at, EnergyWh: gross * 3, Policy: tariff.Policy, IssuedAt: at,
			Bill: tariff.Bill{
				Lines: []tariff.Line{{Dimension: tariff.Energy, Quantity: gross * 3, Price: "4.95", VAT: "25", Amount: gross}},
				VAT:   []tariff.VATSum{{Rate: "25", Net: gross - vat, VAT: vat, Gross: gross}}, Net: money(gross - vat), Tax: money(vat), Total: money(gross),
			},
		}, ev)
		return err
	})
}

// inParallel does something n times, so many at a time, until one fails.
func inParallel(workers, n int, do func(int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				errs[w] = do(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
