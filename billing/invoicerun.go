package billing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gnista"
	"gnista/account"
)

// InvoiceRun makes the invoices of all accounts that pay by invoice, or of one of them: one invoice for
// each account and currency, of all charge records that are on none and were issued before the run's
// cut-off. What is issued later comes on the next.
type InvoiceRun struct {
	ID      string
	Until   time.Time // the cut-off
	Account string    // only of this one; empty is of all
	Note    string    // by which bookkeeping knows it
	State   RunState

	Accounts, Records int            // that it began with, counted for each currency
	Expected          []gnista.Money // what the records come to, by currency
	Done              Progress
	Skipped           []Skipped // the first of the accounts that no invoice could be made for
	After             Due       // the account that it has come to
	CreatedAt         time.Time
	EndedAt           time.Time
}

// Progress is how far a run has come.
type Progress struct {
	Accounts    int // also those for which no invoice was made
	Records     int
	Invoices    int
	CreditNotes int
	Skipped     int
	Amounts     []gnista.Money // by currency, credit notes taken off
}

// RunState is whether a run has ended.
type RunState string

// The states. A run that was cut off goes on when the server starts again.
const (
	RunRunning RunState = "running"
	RunDone    RunState = "done"
)

// Skipped is an account that no invoice could be made for.
type Skipped struct {
	Account string `json:"account"`
	Reason  string `json:"reason"`
}

// Due is what an account has in a currency that is on no invoice.
type Due struct {
	Account  string
	Currency string
	Records  int
	Total    int64
}

// RunStore keeps runs.
type RunStore interface {
	// AddRun stores r unless there is one with its cut-off and account that is running, or if once is
	// set, any; it returns the one that is stored.
	AddRun(ctx context.Context, r InvoiceRun, once bool) (InvoiceRun, error)
	// InvoiceRun finds a run. NotFound.
	InvoiceRun(ctx context.Context, id string) (InvoiceRun, error)
	// InvoiceRuns lists runs, the newest first, behind the one with the id before, in a state or in any.
	InvoiceRuns(ctx context.Context, state RunState, before string, limit int) ([]InvoiceRun, error)
	// Dues lists up to limit accounts that have records for a run, in the order of account and
	// currency, behind one; a limit of 0 is all.
	Dues(ctx context.Context, until time.Time, account string, after Due, limit int) ([]Due, error)
	// IssueInvoices makes the invoices of some accounts, each of the records that it has for the run at
	// that moment, and stores how far the run has come, in one SQL transaction.
	IssueInvoices(ctx context.Context, run string, of []Due, make func(Due, []InvoiceLine) Making, skipped []Skipped) (InvoiceRun, error)
	// EndRun ends a run.
	EndRun(ctx context.Context, id string, at time.Time, ev gnista.Event) (InvoiceRun, error)
}

// Making is an invoice in the making: it gets its number when it is stored.
type Making struct {
	Invoice Invoice
	Entry   *Entry
	Event   func(*Invoice) gnista.Event
	Nothing bool // the records come to nothing and are left for the next run
}

// Numbered gives an invoice its number.
func (v *Invoice) Numbered(n int64) { v.Number, v.Reference = n, Reference(n) }

// How much of a run is one SQL transaction: little enough for what stations tell in between.
const (
	accountsAtOnce = 50
	recordsAtOnce  = 1000
)

// Begin begins a run and returns at once. A run that is the same and has not ended is returned instead.
// NotFound, Invalid.
func (b *Invoices) Begin(ctx context.Context, r InvoiceRun, once bool) (InvoiceRun, error) {
	r, err := b.Plan(ctx, r)
	if err != nil {
		return r, err
	}
	r.ID, r.State, r.CreatedAt = b.NewID(), RunRunning, b.Now()
	if r, err = b.Store.AddRun(ctx, r, once); err != nil {
		return r, err
	}
	select {
	case b.Nudge <- struct{}{}:
	default:
	}
	return r, nil
}

// Plan tells what a run would come to. NotFound, Invalid.
func (b *Invoices) Plan(ctx context.Context, r InvoiceRun) (InvoiceRun, error) {
	if now := b.Now(); r.Until.IsZero() {
		r.Until = now
	} else if r.Until.After(now) {
		return r, gnista.Invalidf("until", "is in the future: what is not charged yet cannot be invoiced")
	}
	if r.Account != "" {
		a, err := b.Accounts.Account(ctx, r.Account)
		if err != nil {
			return r, err
		}
		if a.Kind != account.Postpaid {
			return r, gnista.Invalidf("account", "%q is %s; only those that are postpaid get invoices", r.Account, a.Kind)
		}
	}
	dues, err := b.Store.Dues(ctx, r.Until, r.Account, Due{}, 0)
	for _, d := range dues {
		r.Accounts++
		r.Records += d.Records
		r.Expected = plus(r.Expected, gnista.Money{Amount: d.Total, Currency: d.Currency})
	}
	return r, err
}

// plus adds an amount to those of its currency.
func plus(list []gnista.Money, m gnista.Money) []gnista.Money {
	for i := range list {
		if list[i].Currency == m.Currency {
			list[i].Amount += m.Amount
			return list
		}
	}
	return append(list, m)
}

// Add adds an invoice to the progress of a run.
func (p *Progress) Add(v *Invoice) {
	p.Records += len(v.Lines)
	if v.Kind == CreditNote {
		p.CreditNotes++
	} else {
		p.Invoices++
	}
	p.Amounts = plus(p.Amounts, v.Money(v.Total))
}

// Work carries out all runs that have not ended.
func (b *Invoices) Work(ctx context.Context) error {
	for {
		open, err := b.Store.InvoiceRuns(ctx, RunRunning, "", 100)
		if err != nil || len(open) == 0 {
			return err
		}
		slices.Reverse(open)
		for _, r := range open {
			if err := b.work(ctx, r); err != nil {
				return fmt.Errorf("invoice run %s: %w", r.ID, err)
			}
		}
	}
}

func (b *Invoices) work(ctx context.Context, r InvoiceRun) error {
	for ctx.Err() == nil {
		dues, err := b.Store.Dues(ctx, r.Until, r.Account, r.After, accountsAtOnce)
		if err != nil {
			return err
		}
		if len(dues) == 0 {
			now := b.Now()
			_, err := b.Store.EndRun(ctx, r.ID, now, gnista.Event{
				At: now, Kind: "invoice-run.done", Subject: r.ID,
				Data: fmt.Appendf(nil, `{"invoices":%d,"creditNotes":%d,"records":%d,"skipped":%d}`, r.Done.Invoices, r.Done.CreditNotes, r.Done.Records, r.Done.Skipped),
			})
			return err
		}
		records := 0
		for i, d := range dues {
			if records += d.Records; records > recordsAtOnce && i > 0 {
				dues = dues[:i]
				break
			}
		}
		if r, err = b.issue(ctx, r, dues); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// payer is an account with who pays for it.
type payer struct {
	account  account.Account
	customer account.Customer
}

// issue makes the invoices of some accounts.
func (b *Invoices) issue(ctx context.Context, r InvoiceRun, dues []Due) (InvoiceRun, error) {
	payers := map[string]payer{}
	var skipped []Skipped
	for _, d := range dues {
		p, err := b.payer(ctx, d.Account)
		switch {
		case err == nil:
			payers[d.Account] = p
		case gnista.CodeOf(err) == gnista.Internal:
			return r, err
		default:
			skipped = append(skipped, Skipped{d.Account, err.Error()})
		}
	}
	now := b.Now()
	return b.Store.IssueInvoices(ctx, r.ID, dues, func(d Due, lines []InvoiceLine) Making {
		p, ok := payers[d.Account]
		if !ok || len(lines) == 0 {
			return Making{Nothing: true}
		}
		return b.make(r, d, p, lines, now)
	}, skipped)
}

// payer finds who pays for an account. NotFound, Conflict.
func (b *Invoices) payer(ctx context.Context, id string) (p payer, err error) {
	if p.account, err = b.Accounts.Account(ctx, id); err != nil {
		return p, err
	}
	if p.account.Customer == "" {
		return p, gnista.Errorf(gnista.Conflict, "account %q has no customer, so there is nobody to send an invoice to", id)
	}
	p.customer, err = b.Accounts.Customer(ctx, p.account.Customer)
	return p, err
}

// make makes the invoice of an account; when the corrections are greater than the charges, a credit note.
func (b *Invoices) make(r InvoiceRun, d Due, p payer, lines []InvoiceLine, now time.Time) Making {
	date := b.day(now)
	v := Invoice{
		ID: b.NewID(), Kind: ChargeInvoice, Run: r.ID, Account: d.Account, Currency: d.Currency, Language: p.customer.Language, IssuedAt: now, Date: date,
		Seller: b.Seller, Buyer: BuyerOf(p.customer), Lines: lines, State: InvoiceIssued, ChangedAt: now,
	}
	terms := p.account.TermDays
	if terms == 0 {
		terms = b.Terms
	}
	v.Due = afterDays(date, terms)
	for _, l := range lines {
		v.add(l.VAT, l.Total)
		if v.From.IsZero() || l.StartedAt.Before(v.From) {
			v.From = l.StartedAt
		}
		if l.EndedAt.After(v.To) {
			v.To = l.EndedAt
		}
	}
	m := Making{Event: func(v *Invoice) gnista.Event { return b.event("invoice.issued", v, now) }}
	switch {
	case v.Total < 0:
		v.Kind, v.State, v.Due = CreditNote, InvoicePaid, date
		m.Entry = entry(b.NewID(), now, v.Currency, Cause{CauseCredit, v.ID}, "Credit note of run "+r.ID,
			Posting{LedgerAccount{Receivable, v.Account}, -v.Total}, Posting{LedgerAccount{Deposit, v.Account}, v.Total})
	case v.Total == 0:
		v.State = InvoicePaid
		m.Nothing = v.Net == 0 && v.Tax == 0
	}
	m.Invoice = v
	return m
}

// monthly begins the run of the month when its day has come.
func (b *Invoices) monthly(ctx context.Context) error {
	now := b.Now().In(b.Zone)
	if b.Day == 0 || now.Day() < b.Day {
		return nil
	}
	until := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, b.Zone).UTC()
	last, err := b.Store.InvoiceRuns(ctx, "", "", 1)
	if err != nil || len(last) > 0 && last[0].Account == "" && last[0].Until.Equal(until) {
		return err
	}
	_, err = b.Begin(ctx, InvoiceRun{Until: until, Note: "Monthly"}, true)
	return err
}

// Run works on runs until ctx ends. It begins with those that were cut off.
func (b *Invoices) Run(ctx context.Context, failed func(error)) {
	for {
		if err := b.Work(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-b.Nudge:
		case <-time.After(time.Minute):
		}
	}
}
