package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/payment"
)

// OpenToRead opens the database at url without a claim to it and without changing it: a server may run on it.
// Only what reads works. secret is as in [Options]. It fails when the schema is not the one that we know.
func OpenToRead(ctx context.Context, url string, secret func() ([]byte, error)) (*DB, error) {
	f, err := flavourOf(url)
	if err != nil {
		return nil, err
	}
	v, err := newVault(secret)
	if err != nil {
		return nil, err
	}
	handle, err := sql.Open(f.driver, f.readDSN)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	db := &DB{vault: v, sql: newReads(handle, f), seed: maphash.MakeSeed(), notify: func([]gnista.Event) {}, log: slog.New(slog.DiscardHandler), lock: noLock{}}
	if err := db.known(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", f.name, err), db.sql.Close())
	}
	return db, nil
}

// noLock is that of who only reads.
type noLock struct{}

func (noLock) hold(context.Context) error {
	return errors.New("it was opened to be read, and is not changed")
}
func (noLock) release() error { return nil }

// known makes sure that the schema is the one that we know.
func (db *DB) known(ctx context.Context) error {
	if err := db.Ready(ctx); err != nil {
		return err
	}
	has, known, err := db.Schema(ctx)
	if err != nil {
		return fmt.Errorf("it is no database of gnista: %w", err)
	}
	if has != known {
		return fmt.Errorf("its schema has version %d and this gnista knows %d; bring it up to date with gnista migrate, or use the gnista that it is of", has, known)
	}
	return nil
}

// Snapshot is the database at one moment.
type Snapshot struct {
	*vault
	r *sql.Tx
}

// Snapshot gives f the database at one moment, to read.
func (db *DB) Snapshot(ctx context.Context, f func(*Snapshot) error) error {
	t, err := db.sql.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil { // SQLite has one isolation, which is this
		t, err = db.sql.BeginTx(ctx, nil)
	}
	if err != nil {
		return err
	}
	return errors.Join(f(&Snapshot{db.vault, t}), t.Rollback())
}

// Records lists records behind a number, the oldest first.
func (s *Snapshot) Records(ctx context.Context, after int64, limit int) ([]billing.Record, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT `+recordColumns+` FROM charge_record WHERE number > $1 ORDER BY number LIMIT $2`, after, limit)
	return all(rows, err, s.scanRecord)
}

// Record finds a record; ok is false when there is none.
func (s *Snapshot) Record(ctx context.Context, id string) (r billing.Record, ok bool, err error) {
	r, err = s.scanRecord(s.r.QueryRowContext(ctx, `SELECT `+recordColumns+` FROM charge_record WHERE id = $1`, id))
	return r, err == nil, passed(err)
}

// passed is err, unless it is that there is nothing.
func passed(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// Transaction finds a transaction; ok is false when there is none.
func (s *Snapshot) Transaction(ctx context.Context, id string) (t charging.Transaction, ok bool, err error) {
	t, err = s.scanTransaction(s.r.QueryRowContext(ctx, `SELECT `+transactionColumns+` FROM station_transaction WHERE id = $1`, id))
	return t, err == nil, passed(err)
}

// Reservation finds a reservation; ok is false when there is none.
func (s *Snapshot) Reservation(ctx context.Context, id string) (r charging.Reservation, ok bool, err error) {
	r, err = s.scanReservation(s.r.QueryRowContext(ctx, `SELECT `+reservationColumns+` FROM reservation WHERE id = $1`, id))
	return r, err == nil, passed(err)
}

// UnbilledReservations lists reservations behind an id that expired and have no record, of which nobody is still to be told.
func (s *Snapshot) UnbilledReservations(ctx context.Context, after string, limit int) ([]charging.Reservation, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT `+reservationColumns+` FROM reservation x WHERE x.state = 'expired' AND x.since > 0 AND x.id > $1
		AND NOT EXISTS (SELECT 1 FROM charge_record r WHERE r.reservation = x.id AND r.kind = 'original')
		AND NOT EXISTS (SELECT 1 FROM event e WHERE e.seq > COALESCE((SELECT seq FROM event_cursor WHERE consumer = 'billing'), 0) AND e.kind = 'reservation.expired' AND e.subject = x.id)
		ORDER BY x.id LIMIT $2`, after, limit)
	return all(rows, err, s.scanReservation)
}

// Decided is what was decided to be billed for a transaction, or instead of a record of it.
func (s *Snapshot) Decided(ctx context.Context, kind billing.DecisionKind, transaction, record string) (wh int64, ok bool, err error) {
	err = s.r.QueryRowContext(ctx, `SELECT energy_wh FROM decision WHERE kind = $1 AND transaction_id = $2 AND record = $3 ORDER BY id DESC LIMIT 1`, string(kind), transaction, record).Scan(&wh)
	return wh, err == nil, passed(err)
}

// Samples lists what the meter said during a transaction.
func (s *Snapshot) Samples(ctx context.Context, id string) ([]charging.Sample, error) {
	return samplesOf(ctx, s.r, id)
}

// Entry finds the entry of a cause; ok is false when there is none.
func (s *Snapshot) Entry(ctx context.Context, c billing.Cause) (e billing.Entry, ok bool, err error) {
	e, err = scanLedgerEntry(s.r.QueryRowContext(ctx, `SELECT `+entryColumns+` FROM ledger_entry e WHERE e.cause_kind = $1 AND e.cause_id = $2`, string(c.Kind), c.ID))
	if err != nil {
		return e, false, passed(err)
	}
	list := []billing.Entry{e}
	err = addPostings(ctx, s.r, list)
	return list[0], true, err
}

// Balances are what the accounts of the ledger are kept as.
func (s *Snapshot) Balances(ctx context.Context) ([]billing.Balance, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT kind, party, currency, amount FROM ledger_balance ORDER BY kind, party, currency`)
	return all(rows, err, scanLedgerBalance)
}

// Postings are what the postings on each account add up to.
func (s *Snapshot) Postings(ctx context.Context) ([]billing.Balance, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT kind, party, currency, CAST(SUM(amount) AS BIGINT) FROM ledger_posting GROUP BY kind, party, currency ORDER BY kind, party, currency`)
	return all(rows, err, scanLedgerBalance)
}

// Series is how far a series of numbers is, and what is there of it.
type Series struct{ Given, Count, First, Last int64 }

// Series looks at a series of numbers: charge-record, ledger, invoice or reminder.
func (s *Snapshot) Series(ctx context.Context, name string) (x Series, err error) {
	table := map[string]string{"charge-record": "charge_record", "ledger": "ledger_entry", "invoice": "invoice", "reminder": "invoice_reminder"}[name]
	err = s.r.QueryRowContext(ctx, `SELECT (SELECT value FROM counter WHERE name = $1), COUNT(*), COALESCE(MIN(number), 0), COALESCE(MAX(number), 0) FROM `+table, name).
		Scan(&x.Given, &x.Count, &x.First, &x.Last)
	return x, err
}

// Odd is something that should not be, and by how much.
type Odd struct {
	ID     string
	Amount int64
}

// What is looked for all at once.
const (
	Unbalanced   = `SELECT entry, CAST(SUM(amount) AS BIGINT) FROM ledger_posting GROUP BY entry, currency HAVING SUM(amount) <> 0 ORDER BY 1`
	OtherMoney   = `SELECT p.entry, p.line FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry WHERE p.currency <> e.currency ORDER BY 1`
	LonePostings = `SELECT p.entry, p.amount FROM ledger_posting p WHERE NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = p.entry) ORDER BY 1`
	LoneEntries  = `SELECT e.cause_id, e.number FROM ledger_entry e WHERE e.cause_kind = 'charge-record' AND NOT EXISTS (SELECT 1 FROM charge_record r WHERE r.id = e.cause_id) ORDER BY 1`
	LoneSettled  = `SELECT e.cause_id, e.number FROM ledger_entry e WHERE e.cause_kind = 'settlement' AND NOT EXISTS (SELECT 1 FROM payment_op o WHERE o.id = e.cause_id AND o.state <> 'declined') ORDER BY 1`
	StaleHolds   = `SELECT h.transaction_id, h.amount FROM account_hold h WHERE EXISTS (SELECT 1 FROM charge_record r WHERE r.transaction_id = h.transaction_id) ORDER BY 1`
	// Unbilled are finished transactions without a record of which nobody is still to be told.
	Unbilled = `SELECT t.id, t.energy_wh FROM station_transaction t WHERE t.finished_at > 0 AND NOT EXISTS (SELECT 1 FROM charge_record r WHERE r.transaction_id = t.id)
		AND NOT EXISTS (SELECT 1 FROM event e WHERE e.seq > COALESCE((SELECT seq FROM event_cursor WHERE consumer = 'billing'), 0) AND e.kind = 'transaction.finished' AND e.subject = t.id) ORDER BY 1`
	Misadded = `SELECT i.id, CAST(i.total - COALESCE(SUM(r.total), 0) AS BIGINT) FROM invoice i LEFT JOIN charge_record r ON r.invoice = i.id WHERE i.state <> 'credited' AND i.run <> ''
		GROUP BY i.id, i.total HAVING i.total <> COALESCE(SUM(r.total), 0) ORDER BY 1`
	LoneInvoiced = `SELECT r.id, r.total FROM charge_record r WHERE r.invoice <> '' AND NOT EXISTS (
		SELECT 1 FROM invoice i WHERE i.id = r.invoice AND i.account = r.account AND i.currency = r.currency AND i.state <> 'credited') ORDER BY 1`
	Misapplied = `SELECT i.id, CAST(i.paid - COALESCE(SUM(p.applied), 0) AS BIGINT) FROM invoice i LEFT JOIN invoice_payment p ON p.invoice = i.id WHERE i.kind = 'invoice'
		GROUP BY i.id, i.paid HAVING i.paid <> COALESCE(SUM(p.applied), 0) ORDER BY 1`
	LoneReceived = `SELECT p.id, p.amount FROM invoice_payment p WHERE NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.cause_kind = 'payment' AND e.cause_id = p.id) ORDER BY 1`
	LoneFees     = `SELECT r.id, r.fee FROM invoice_reminder r WHERE r.fee <> 0 AND NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.cause_kind = 'fee' AND e.cause_id = r.id) ORDER BY 1`
	LoneProvider = `SELECT e.cause_id, e.number FROM ledger_entry e WHERE e.cause_kind = 'provider-payment' AND NOT EXISTS (
		SELECT 1 FROM payment_entry x JOIN payment p ON p.id = x.payment WHERE x.entry = e.id) ORDER BY 1`
	LoneMoved = `SELECT e.cause_id, e.number FROM ledger_entry e WHERE e.cause_kind = 'movement' AND NOT EXISTS (
		SELECT 1 FROM provider_movement m WHERE e.cause_id IN (m.provider || '/' || m.id, m.provider || '/' || m.id || '/known')) ORDER BY 1`
	Unpaid = `SELECT r.id, r.total FROM charge_record r WHERE r.payment <> '' AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.transaction_id = r.transaction_id) ORDER BY 1`
)

// Odd looks for things that should not be, by one of the queries.
func (s *Snapshot) Odd(ctx context.Context, query string) ([]Odd, error) {
	rows, err := s.r.QueryContext(ctx, query)
	return all(rows, err, func(s scanner) (o Odd, err error) { return o, s.Scan(&o.ID, &o.Amount) })
}

// Audited is a payment with what is written of it elsewhere.
type Audited struct {
	Payment  payment.Payment
	Charged  int64 // by the records of its transaction
	Asked    int64 // of the customer
	Captured int64 // by its operations
	Refunded int64
	Moved    int64 // in the ledger, by operations that have ended
	Moves    int   // transitions
	Last     payment.State
	Open     bool // an operation is on its way
}

// Payments lists payments behind an id, with what is written of them elsewhere.
func (s *Snapshot) Payments(ctx context.Context, after string, limit int) ([]Audited, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT `+paymentColumns+` FROM payment WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	list, err := all(rows, err, func(s scanner) (a Audited, err error) {
		a.Payment, err = scanPayment(s)
		return a, err
	})
	for i := range list {
		if err != nil {
			return nil, err
		}
		a := &list[i]
		err = s.r.QueryRowContext(ctx, `SELECT
			(SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM charge_record WHERE transaction_id = $2),
			(SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_op WHERE payment = $1 AND kind = 'begin' AND state = 'succeeded'),
			(SELECT CAST(COALESCE(SUM(done), 0) AS BIGINT) FROM payment_op WHERE payment = $1 AND kind = 'capture' AND state = 'succeeded'),
			(SELECT CAST(COALESCE(SUM(done), 0) AS BIGINT) FROM payment_op WHERE payment = $1 AND kind = 'refund' AND state = 'succeeded'),
			(SELECT CAST(COALESCE(SUM(p.amount), 0) AS BIGINT) FROM payment_op o JOIN ledger_entry e ON e.cause_kind = 'settlement' AND e.cause_id = o.id
				JOIN ledger_posting p ON p.entry = e.id AND p.kind = 'deposit' WHERE o.payment = $1 AND o.state = 'succeeded'),
			(SELECT COUNT(*) FROM payment_event WHERE payment = $1),
			COALESCE((SELECT to_state FROM payment_event WHERE payment = $1 ORDER BY number DESC LIMIT 1), ''),
			EXISTS (SELECT 1 FROM payment_op WHERE payment = $1 AND `+openOperation+`)`, a.Payment.ID, a.Payment.Transaction).
			Scan(&a.Charged, &a.Asked, &a.Captured, &a.Refunded, &a.Moved, &a.Moves, &a.Last, &a.Open)
	}
	return list, err
}
