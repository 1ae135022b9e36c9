package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/payment"
	"gnista/station"
	"gnista/store"
)

// audit is the command audit.
type audit struct {
	database
	SecretKey string `help:"Key that UIDs of cards are sealed with, as for gnista serve. Better set as GNISTA_SECRET_KEY than as a flag. Without it the one in the file secret.key in the data folder." placeholder:"KEY"`
	TimeZone  string `help:"Time zone of the system, as for gnista serve." default:"Europe/Stockholm"`
}

// Help says what the exit code means.
func (*audit) Help() string {
	return "Every charge record is made up anew from what the meter said and compared, records with the entries of the ledger, entries with balances, payments with records, and the series of numbers with itself. " +
		"Nothing is changed, and a server may run on the database meanwhile. The exit code is 0 when everything agrees, 1 when something differs by one minor unit or more, and 2 when that could not be found out."
}

// Run compares what is in the database with what should be.
func (a *audit) Run(ctx context.Context, o *output) error {
	differences, err := a.audit(ctx, o)
	switch {
	case err != nil:
		return &exit{2, err}
	case differences > 0:
		return &exit{1, fmt.Errorf("%d differences", differences)}
	}
	return nil
}

func (a *audit) audit(ctx context.Context, o *output) (int, error) {
	zone, err := time.LoadLocation(a.TimeZone)
	if err != nil {
		return 0, fmt.Errorf("--time-zone: %w", err)
	}
	url, err := a.existing()
	if err != nil {
		return 0, err
	}
	secret, err := certifying{SecretKey: a.SecretKey}.secret(a.Data)
	if err != nil {
		return 0, err
	}
	db, err := store.OpenToRead(ctx, url, secret)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	x := &auditor{
		out: o.out, progress: o.err,
		records: &billing.Records{Store: db, Tariffs: db, Transactions: db, Reservations: db, Zones: &station.Sites{Store: db, Local: zone, Now: now}, Now: now},
	}
	err = db.Snapshot(ctx, func(s *store.Snapshot) error {
		x.Snapshot = s
		for _, check := range []func(context.Context) error{x.series, x.ledger, x.all, x.reservations, x.payments, x.providers, x.odd} {
			if err := check(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		fmt.Fprintf(o.out, "%d charge records and %d payments: %d differences\n", x.count, x.paid, x.found)
	}
	return x.found, err
}

// auditor compares.
type auditor struct {
	*store.Snapshot
	records       *billing.Records
	out, progress io.Writer
	count, paid   int
	found         int // differences
}

// differ tells of a difference.
func (x *auditor) differ(of, what string, expected, found any) {
	if fmt.Sprint(expected) == fmt.Sprint(found) {
		return
	}
	x.found++
	fmt.Fprintf(x.out, "%s: %s: expected %v, found %v\n", of, what, expected, found)
}

func (x *auditor) doing(what string) { fmt.Fprintf(x.progress, "gnista audit: %s\n", what) }

// series checks that no number of a series is missing or was given twice.
func (x *auditor) series(ctx context.Context) error {
	x.doing("numbers")
	for _, name := range []string{"charge-record", "ledger", "invoice", "reminder"} {
		s, err := x.Series(ctx, name)
		if err != nil {
			return err
		}
		x.differ("series "+name, "last number", s.Given, s.Last)
		x.differ("series "+name, "how many there are", s.Given, s.Count)
		if s.Count > 0 {
			x.differ("series "+name, "first number", 1, s.First)
		}
	}
	return nil
}

// ledger compares balances with postings, and checks that each currency comes to 0.
func (x *auditor) ledger(ctx context.Context) error {
	x.doing("ledger")
	kept, err := x.Balances(ctx)
	if err != nil {
		return err
	}
	posted, err := x.Postings(ctx)
	if err != nil {
		return err
	}
	type account struct {
		billing.LedgerAccount
		currency string
	}
	sums := map[account]int64{}
	total := map[string]int64{}
	for _, b := range posted {
		sums[account{b.Account, b.Currency}] = b.Amount
		total[b.Currency] += b.Amount
	}
	for _, b := range kept {
		at := account{b.Account, b.Currency}
		x.differ(fmt.Sprintf("ledger account %s %q in %s", b.Account.Kind, b.Account.Party, b.Currency), "balance", sums[at], b.Amount)
		delete(sums, at)
	}
	for at, amount := range sums {
		x.differ(fmt.Sprintf("ledger account %s %q in %s", at.Kind, at.Party, at.currency), "balance", amount, "none")
	}
	for currency, sum := range total {
		x.differ("ledger in "+currency, "sum of all postings", 0, sum)
	}
	return nil
}

// auditBatch is how many rows are read at once.
const auditBatch = 1000

// all compares each charge record with what the meter said.
func (x *auditor) all(ctx context.Context) error {
	for after := int64(0); ; {
		list, err := x.Records(ctx, after, auditBatch)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := x.record(ctx, r); err != nil {
				return err
			}
			after = r.Number
		}
		x.count += len(list)
		x.doing(fmt.Sprintf("%d charge records, %d differences", x.count, x.found))
		if len(list) < auditBatch {
			return nil
		}
	}
}

func (x *auditor) record(ctx context.Context, r billing.Record) error {
	of := fmt.Sprintf("charge record %d (%s)", r.Number, r.ID)
	a := billing.Audited{Record: r}
	if ok, err := x.subject(ctx, &a, of); err != nil || !ok {
		return err
	}
	kind := billing.DecidedTransaction
	if r.Kind != billing.Original {
		kind = billing.DecidedRecord
		old, ok, err := x.Record(ctx, r.Corrects)
		if err != nil {
			return err
		}
		if !ok {
			x.differ(of, "the record that it corrects", r.Corrects, "none")
			return nil
		}
		a.Corrected = &old
	}
	wh, ok, err := x.Decided(ctx, kind, r.Subject(), r.Corrects)
	if err != nil {
		return err
	}
	switch {
	case ok:
		a.Decided = &wh
	case r.Kind == billing.Original && a.Transaction.Decided(): // before decisions were kept
		a.Decided = &a.Transaction.EnergyWh
	case r.Kind != billing.Original:
		x.differ(of, "decision", "one", "none")
		return nil
	}
	e, ok, err := x.Entry(ctx, billing.Cause{Kind: billing.CauseRecord, ID: r.ID})
	if err != nil {
		return err
	}
	if ok {
		a.Entry = &e
	}
	list, err := x.records.Audit(ctx, a)
	for _, d := range list {
		x.differ(of, d.What, d.Expected, d.Found)
	}
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		x.differ(of, "tariff version", r.TariffVersion, "none")
		err = nil
	}
	return err
}

// subject finds what a record is of; ok is false where there is no such thing, which is told.
func (x *auditor) subject(ctx context.Context, a *billing.Audited, of string) (ok bool, err error) {
	if id := a.Record.Reservation; id != "" {
		r, ok, err := x.Reservation(ctx, id)
		if err == nil && !ok {
			x.differ(of, "reservation", id, "none")
		}
		a.Reservation = &r
		return ok, err
	}
	if a.Transaction, ok, err = x.Transaction(ctx, a.Record.Transaction); err != nil {
		return false, err
	}
	if !ok {
		x.differ(of, "transaction", a.Record.Transaction, "none")
		return false, nil
	}
	a.Samples, err = x.Samples(ctx, a.Transaction.ID)
	return true, err
}

// reservations looks for those that expired and are not billed, though there is something to pay.
func (x *auditor) reservations(ctx context.Context) error {
	x.doing("reservations")
	for after := ""; ; {
		list, err := x.UnbilledReservations(ctx, after, auditBatch)
		if err != nil {
			return err
		}
		for _, r := range list {
			_, bill, due, err := x.records.Expired(ctx, &r)
			if err != nil {
				return err
			}
			if due {
				x.differ("expired reservation "+r.ID, "charge record", fmt.Sprintf("one of %d %s", bill.Total.Amount, bill.Total.Currency), "none")
			}
			after = r.ID
		}
		if len(list) < auditBatch {
			return nil
		}
	}
}

// payments compares each payment with the records of its transaction, its operations and the ledger.
func (x *auditor) payments(ctx context.Context) error {
	for after := ""; ; {
		list, err := x.Payments(ctx, after, auditBatch)
		if err != nil {
			return err
		}
		for _, p := range list {
			x.payment(p)
			if err := x.booked(ctx, p.Payment); err != nil {
				return err
			}
			after = p.Payment.ID
		}
		x.paid += len(list)
		x.doing(fmt.Sprintf("%d payments, %d differences", x.paid, x.found))
		if len(list) < auditBatch {
			return nil
		}
	}
}

func (x *auditor) payment(a store.Audited) {
	p := a.Payment
	of := fmt.Sprintf("payment %s of %s", p.ID, p.Transaction)
	if p.Rest == "" {
		x.differ(of, "due", a.Charged, p.Due)
	}
	if p.Way == payment.ByPrepay && p.Captured > 0 { // the customer did it
		a.Captured = a.Asked
	}
	x.differ(of, "captured", a.Captured, p.Captured)
	x.differ(of, "refunded", a.Refunded, p.Refunded)
	if p.Provider == payment.Wallet {
		x.differ(of, "taken from the balance", p.Paid(), a.Moved)
	}
	x.differ(of, "transitions", a.Moves, p.Moves)
	if a.Moves > 0 {
		x.differ(of, "state", a.Last, p.State)
	}
	switch p.State {
	case payment.Settled, payment.Released:
		x.differ(of, "paid", p.Target()+p.Kept, p.Paid())
	case payment.SettledShort:
		if p.Paid() >= p.Target() {
			x.differ(of, "paid", fmt.Sprintf("less than %d", p.Target()), p.Paid())
		}
	case payment.Settling:
		x.differ(of, "an operation on its way", true, a.Open)
	}
}

// odd looks for what should not be.
func (x *auditor) odd(ctx context.Context) error {
	x.doing("what belongs to nothing")
	for _, c := range []struct{ query, of, what, expected string }{
		{store.Unbalanced, "ledger entry", "sum of its postings", "0"},
		{store.OtherMoney, "ledger entry", "currency of a posting", "that of the entry"},
		{store.LonePostings, "posting of ledger entry", "entry", "one"},
		{store.LoneEntries, "ledger entry for charge record", "charge record", "one"},
		{store.LoneSettled, "settlement in the ledger", "operation of a payment", "one"},
		{store.LoneProvider, "ledger entry for a payment", "payment", "one"},
		{store.LoneMoved, "ledger entry for a movement", "movement", "one"},
		{store.StaleHolds, "transaction", "set aside though it is billed", "nothing"},
		{store.Unbilled, "finished transaction", "charge record", "one"},
		{store.Unpaid, "charge record", "payment", "one"},
		{store.Misadded, "invoice", "total", "that of its charge records"},
		{store.LoneInvoiced, "charge record", "the invoice that it is on", "one of its account that was not taken back"},
		{store.Misapplied, "invoice", "paid", "what its payments come to"},
		{store.LoneReceived, "payment of an invoice", "its money in the ledger", "one entry"},
		{store.LoneFees, "reminder", "its fee in the ledger", "one entry"},
	} {
		list, err := x.Odd(ctx, c.query)
		if err != nil {
			return err
		}
		for _, o := range list {
			x.found++
			fmt.Fprintf(x.out, "%s %s: %s: expected %s, found otherwise (%d)\n", c.of, o.ID, c.what, c.expected, o.Amount)
		}
	}
	return nil
}
