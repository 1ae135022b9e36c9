package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/payment"
)

const paymentColumns = `id, transaction_id, account, provider, ref, way, currency, state, reason, due, authorised, held, held_until, captured, refunded, kept,
	revision, tried, closing, moves, since, stuck, created_at, updated_at, given, written_off, covered, rest, mandate`

func scanPayment(s scanner) (p payment.Payment, err error) {
	var until, since, created, updated int64
	err = s.Scan(&p.ID, &p.Transaction, &p.Account, &p.Provider, &p.Ref, &p.Way, &p.Currency, &p.State, &p.Reason, &p.Due, &p.Authorised, &p.Held, &until, &p.Captured, &p.Refunded, &p.Kept,
		&p.Revision, &p.Tried, &p.Closing, &p.Moves, &since, &p.Stuck, &created, &updated, &p.Given, &p.WrittenOff, &p.Covered, &p.Rest, &p.Mandate)
	p.HeldUntil, p.Since, p.CreatedAt, p.UpdatedAt = instant(until), instant(since), instant(created), instant(updated)
	return p, err
}

const operationColumns = `id, payment, kind, purpose, amount, done, state, attempt, error, next_at, created_at, sent_at, updated_at`

func scanOperation(s scanner) (o payment.Operation, err error) {
	var next, created, sent, updated int64
	err = s.Scan(&o.ID, &o.Payment, &o.Kind, &o.Purpose, &o.Amount, &o.Done, &o.State, &o.Attempt, &o.Error, &next, &created, &sent, &updated)
	o.NextAt, o.CreatedAt, o.SentAt, o.UpdatedAt = instant(next), instant(created), instant(sent), instant(updated)
	return o, err
}

// openOperation is what the partial indexes are of.
const openOperation = `state IN ('pending', 'sent', 'unknown')`

// changing reads a payment to change it; nil when there is none. Nobody else changes it until the commit.
func (t *tx) changing(condition, arg string, now time.Time) (*payment.Change, error) {
	// On PostgreSQL others write at the same time; what they have changed meanwhile is read behind them.
	p, err := scanPayment(t.writeRow(`UPDATE payment SET updated_at = updated_at WHERE `+condition+` RETURNING `+paymentColumns, arg))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := &payment.Change{Payment: p, Now: now}
	if p.State == payment.Created || p.State == payment.Awaiting {
		if c.Opening, c.Action, err = t.asked(p.ID); err != nil {
			return nil, err
		}
	}
	o, err := scanOperation(t.row(`SELECT `+operationColumns+` FROM payment_op WHERE payment = $1 AND `+openOperation, p.ID))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return c, nil
	case err != nil:
		return nil, err
	}
	c.Op = &o
	return c, nil
}

// savePayment stores what is new of a payment.
func (t *tx) savePayment(c *payment.Change) error {
	if err := t.payRest(c); err != nil {
		return err
	}
	p := c.Payment
	err := t.exec(`INSERT INTO payment (`+paymentColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)
		ON CONFLICT (id) DO UPDATE SET transaction_id = excluded.transaction_id, account = excluded.account, provider = excluded.provider, ref = excluded.ref, way = excluded.way,
		state = excluded.state, reason = excluded.reason, due = excluded.due, authorised = excluded.authorised, held = excluded.held, held_until = excluded.held_until,
		captured = excluded.captured, refunded = excluded.refunded, kept = excluded.kept, revision = excluded.revision, tried = excluded.tried, closing = excluded.closing, moves = excluded.moves,
		since = excluded.since, stuck = excluded.stuck, updated_at = excluded.updated_at, given = excluded.given, written_off = excluded.written_off, covered = excluded.covered, mandate = excluded.mandate`,
		p.ID, p.Transaction, p.Account, p.Provider, p.Ref, string(p.Way), p.Currency, string(p.State), p.Reason, p.Due, p.Authorised, p.Held, millis(p.HeldUntil), p.Captured, p.Refunded, p.Kept,
		p.Revision, p.Tried, p.Closing, p.Moves, millis(p.Since), p.Stuck, millis(p.CreatedAt), millis(p.UpdatedAt),
		p.Given, p.WrittenOff, p.Covered, p.Rest, p.Mandate)
	if err != nil {
		return err
	}
	if err := t.ask(c); err != nil {
		return err
	}
	ops := slices.Clone(c.Ended) // before the open one, as there is one at a time
	if c.Op != nil {
		ops = append(ops, *c.Op)
	}
	for _, o := range ops {
		if err := t.exec(`INSERT INTO payment_op (`+operationColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (id) DO UPDATE SET done = excluded.done, state = excluded.state, attempt = excluded.attempt, error = excluded.error, next_at = excluded.next_at,
			sent_at = excluded.sent_at, updated_at = excluded.updated_at`,
			o.ID, o.Payment, string(o.Kind), o.Purpose, o.Amount, o.Done, string(o.State), o.Attempt, o.Error, millis(o.NextAt), millis(o.CreatedAt), millis(o.SentAt), millis(o.UpdatedAt)); err != nil {
			return err
		}
	}
	for _, m := range c.Moved {
		if err := t.exec(`INSERT INTO payment_event (payment, number, at, from_state, to_state, cause_kind, cause_id, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			p.ID, m.Number, millis(m.At), string(m.From), string(m.To), string(m.Cause.Kind), m.Cause.ID, m.Note); err != nil {
			return err
		}
	}
	t.emit(c.Tell...)
	return t.book(c.Payment, c.Now)
}

// asked reads how the customer of a payment is asked.
func (t *tx) asked(id string) (o payment.Opening, a payment.Action, err error) {
	var opening, action string
	err = t.row(`SELECT opening, action FROM payment_asked WHERE payment = $1`, id).Scan(&opening, &action)
	if errors.Is(err, sql.ErrNoRows) {
		return o, a, nil
	}
	if err != nil {
		return o, a, err
	}
	return o, a, errors.Join(t.unfold(opening, &o), t.unfold(action, &a))
}

// ask stores how the customer of a payment is asked, as long as that is.
func (t *tx) ask(c *payment.Change) error {
	switch {
	case c.State != payment.Created && c.State != payment.Awaiting:
		return t.exec(`DELETE FROM payment_asked WHERE payment = $1`, c.ID)
	case c.Opening == payment.Opening{}:
		return nil
	}
	opening, err := t.fold(c.Opening)
	if err != nil {
		return err
	}
	action, err := t.fold(c.Action)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO payment_asked (payment, opening, action) VALUES ($1, $2, $3) ON CONFLICT (payment) DO UPDATE SET action = excluded.action`, c.ID, opening, action)
}

// Action is what the customer of a payment has to do; the zero Action where that is nothing.
func (db *DB) Action(ctx context.Context, id string) (a payment.Action, err error) {
	var text string
	err = db.sql.QueryRowContext(ctx, `SELECT action FROM payment_asked WHERE payment = $1`, id).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	return a, db.unfold(text, &a)
}

// owe has what the records of a transaction or a reservation come to paid, now that r was issued.
func (t *tx) owe(r billing.Record) error {
	cause := payment.Cause{Kind: payment.ByRecord, ID: r.ID}
	c, err := t.changing(`transaction_id = $1`, r.Subject(), r.IssuedAt)
	if err != nil || c == nil && r.Payment == "" {
		return err
	}
	var due int64
	if err := t.row(`SELECT CAST(SUM(total) AS BIGINT) FROM charge_record WHERE transaction_id = $1`, r.Subject()).Scan(&due); err != nil {
		return err
	}
	if c == nil {
		a, err := t.payer(r.Account)
		if err != nil {
			return err
		}
		c = payment.New(r.Payment, r.Subject(), r.Bill.Total.Currency, r.Account, a, r.IssuedAt, cause)
		m, err := t.mandate(r.Account)
		if err != nil {
			return err
		}
		c.Under(m)
	}
	if c.Currency != r.Bill.Total.Currency {
		c.Foreign(r.Bill.Total.Currency, cause)
		return t.savePayment(c)
	}
	c.Owe(due, cause)
	return t.savePayment(c)
}

// Pay has the payment of a guest pay for a transaction, and tells whether it can: it pays for one.
func (t *chargingTx) Pay(transaction, id string, now time.Time) (bool, error) {
	c, err := t.changing(`id = $1`, id, now)
	if err != nil || c == nil {
		return false, err
	}
	err = c.Bind(transaction, payment.Cause{Kind: payment.ByStation, ID: transaction})
	if gnista.CodeOf(err) == gnista.Conflict && err != nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, t.savePayment(c)
}

// settleShort has what a prepaid account owes tried anew, the oldest first, as far as its balance goes.
func (t *tx) settleShort(id, currency string, now time.Time, cause payment.Cause) error {
	deposit, err := t.balance(billing.LedgerAccount{Kind: billing.Deposit, Party: id}, currency)
	if err != nil || deposit >= 0 {
		return err
	}
	rows, err := t.rows(`SELECT id FROM payment WHERE account = $1 AND state = 'settled-short' AND currency = $2 AND provider = $3 ORDER BY id`, id, currency, payment.Wallet)
	ids, err := all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
	if err != nil {
		return err
	}
	left := -deposit
	for _, id := range ids {
		if left <= 0 {
			break
		}
		c, err := t.changing(`id = $1`, id, now)
		if err != nil {
			return err
		}
		short := c.Short()
		c.Again(left, cause)
		left -= short
		if err := t.savePayment(c); err != nil {
			return err
		}
	}
	return nil
}

// CreatePayment stores a new payment.
func (db *DB) CreatePayment(ctx context.Context, c *payment.Change) error {
	return db.write(ctx, ledgerKey, func(t *tx) error { return t.savePayment(c) })
}

// ChangePayment runs f on a payment within one SQL transaction and stores what it did, or nothing when it fails.
func (db *DB) ChangePayment(ctx context.Context, id string, now time.Time, f func(*payment.Change) error) (p payment.Payment, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		p, err = t.changePayment(id, now, f)
		return err
	})
	return p, err
}

func (t *tx) changePayment(id string, now time.Time, f func(*payment.Change) error) (p payment.Payment, err error) {
	c, err := t.changing(`id = $1`, id, now)
	if err != nil {
		return p, err
	}
	if c == nil {
		return p, gnista.Errorf(gnista.NotFound, "there is no payment %q", id)
	}
	was, op := c.Payment, c.Op
	if op != nil {
		same := *op
		op = &same
	}
	if err := f(c); err != nil {
		return p, err
	}
	p = c.Payment
	if same := c.Op == nil && op == nil || c.Op != nil && op != nil && *c.Op == *op; same && was == c.Payment && len(c.Ended) == 0 {
		return p, nil
	}
	if err := t.savePayment(c); err != nil || c.State != payment.SettledShort || was.State == payment.SettledShort || c.Provider != payment.Wallet {
		return p, err
	}
	// The balance may have grown while the operation was on its way.
	return p, t.settleShort(c.Account, c.Currency, now, payment.Cause{Kind: payment.ByTime})
}

// Payment finds a payment. NotFound.
func (db *DB) Payment(ctx context.Context, id string) (payment.Payment, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+paymentColumns+` FROM payment WHERE id = $1`, id), scanPayment, "there is no payment %q", id)
}

// PaymentByRef finds the payment that a provider calls so. NotFound.
func (db *DB) PaymentByRef(ctx context.Context, provider, ref string) (payment.Payment, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+paymentColumns+` FROM payment WHERE provider = $1 AND ref = $2 AND ref <> ''`, provider, ref)
	return one(row, scanPayment, "%s has no payment %q of ours", provider, ref)
}

// Payments lists payments, the newest first.
func (db *DB) Payments(ctx context.Context, f payment.Filter) ([]payment.Payment, error) {
	var w where
	if f.State != "" {
		w.add("state = ?", string(f.State))
	}
	if f.Account != "" {
		w.add("account = ?", f.Account)
	}
	if f.Transaction != "" {
		w.add("transaction_id = ?", f.Transaction)
	}
	if f.Before != "" {
		w.add("id < ?", f.Before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+paymentColumns+` FROM payment`+w.sql()+` ORDER BY id DESC LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, scanPayment)
}

// Operations lists those of a payment in order.
func (db *DB) Operations(ctx context.Context, id string) ([]payment.Operation, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+operationColumns+` FROM payment_op WHERE payment = $1 ORDER BY created_at, updated_at, id`, id)
	return all(rows, err, scanOperation)
}

// Transitions lists those of a payment in order.
func (db *DB) Transitions(ctx context.Context, id string) ([]payment.Transition, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT number, at, from_state, to_state, cause_kind, cause_id, note FROM payment_event WHERE payment = $1 ORDER BY number`, id)
	return all(rows, err, func(s scanner) (m payment.Transition, err error) {
		var at int64
		err = s.Scan(&m.Number, &at, &m.From, &m.To, &m.Cause.Kind, &m.Cause.ID, &m.Note)
		m.At = instant(at)
		return m, err
	})
}

// WaitingOperations lists open operations that may be taken up at a time.
func (db *DB) WaitingOperations(ctx context.Context, at time.Time, limit int) ([]payment.Operation, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+operationColumns+` FROM payment_op WHERE `+openOperation+` AND next_at <= $1 ORDER BY next_at LIMIT $2`, millis(at), limit)
	return all(rows, err, scanOperation)
}

// GiveUpOperations lets those that were sent be taken up at a time: nobody is left who has them.
func (db *DB) GiveUpOperations(ctx context.Context, at time.Time) error {
	return db.write(ctx, ledgerKey, func(t *tx) error {
		return t.exec(`UPDATE payment_op SET next_at = $1 WHERE state = 'sent' AND next_at > $1`, millis(at))
	})
}

// ExpiredHolds lists payments with a hold that ended before a time and with no open operation.
func (db *DB) ExpiredHolds(ctx context.Context, at time.Time, limit int) ([]payment.Payment, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+paymentColumns+` FROM payment p WHERE held > 0 AND held_until > 0 AND held_until <= $1
		AND NOT EXISTS (SELECT 1 FROM payment_op o WHERE o.payment = p.id AND o.`+openOperation+`) ORDER BY held_until LIMIT $2`, millis(at), limit)
	return all(rows, err, scanPayment)
}

// AskedPayments lists those whose customer is asked, or is to be, since before a time, the oldest first.
func (db *DB) AskedPayments(ctx context.Context, before time.Time, limit int) ([]payment.Payment, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+paymentColumns+` FROM payment WHERE id IN (SELECT payment FROM payment_asked) AND since < $1 ORDER BY since LIMIT $2`, millis(before), limit)
	return all(rows, err, scanPayment)
}

// StuckPayments lists payments that are where they should not stay since before a time, and that was not told of.
func (db *DB) StuckPayments(ctx context.Context, before time.Time, limit int) ([]payment.Payment, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+paymentColumns+` FROM payment WHERE state IN ('created', 'settling', 'hold-expired') AND since < $1 AND stuck = $2 ORDER BY since LIMIT $3`,
		millis(before), false, limit)
	return all(rows, err, scanPayment)
}
