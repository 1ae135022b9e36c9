package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/payment"
)

// missing is what is missing of a payment that somebody could pay.
const missing = `p.state = 'settled-short' AND p.rest = '' AND p.provider NOT IN ('', 'wallet', 'invoice') AND p.due - p.given - p.written_off - p.covered > p.captured - p.refunded`

// Receivables lists payments with providers outside of which something is missing, behind the one with an id.
func (db *DB) Receivables(ctx context.Context, f payment.ReceivableFilter) ([]payment.Receivable, error) {
	var w where
	w.conditions = append(w.conditions, missing)
	if f.Account != "" {
		w.add("p.account = ?", f.Account)
	}
	if f.Guests {
		w.conditions = append(w.conditions, "p.account = ''")
	}
	if !f.Before.IsZero() {
		w.add("(d.payment IS NULL OR d.next_at > 0 AND d.next_at <= ?)", millis(f.Before))
	}
	if f.After != "" {
		w.add("p.id > ?", f.After)
	}
	columns := "p." + strings.Join(strings.FieldsFunc(paymentColumns, func(r rune) bool { return strings.ContainsRune(", \n\t", r) }), ", p.")
	rows, err := db.sql.QueryContext(ctx, `SELECT `+columns+`, COALESCE(d.tries, 0), COALESCE(d.reminders, 0), COALESCE(d.last_at, 0), COALESCE(d.next_at, 0)
		FROM payment p LEFT JOIN payment_dunning d ON d.payment = p.id`+w.sql()+` ORDER BY p.id LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, func(s scanner) (r payment.Receivable, err error) {
		var last, next int64
		r.Payment, err = scanPayment(with{s, []any{&r.Tries, &r.Reminders, &last, &next}})
		r.LastAt, r.NextAt = instant(last), instant(next)
		return r, err
	})
}

// Dunned stores what was done about a payment, unless something was since last.
func (db *DB) Dunned(ctx context.Context, r payment.Receivable, last time.Time, tell *gnista.Event) (done bool, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		var n int64
		err := t.writeRow(`INSERT INTO payment_dunning (payment, tries, reminders, last_at, next_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (payment) DO UPDATE SET tries = excluded.tries, reminders = excluded.reminders, last_at = excluded.last_at, next_at = excluded.next_at
			WHERE payment_dunning.last_at = $6 RETURNING 1`, r.Payment.ID, r.Tries, r.Reminders, millis(r.LastAt), millis(r.NextAt), millis(last)).Scan(&n)
		if done = err == nil; !done {
			return passed(err)
		}
		if tell != nil {
			t.emit(*tell)
		}
		return nil
	})
	return done, err
}

// CreateRest stores a payment for the rest of another one, unless one is on its way, which is returned then. Conflict.
func (db *DB) CreateRest(ctx context.Context, c *payment.Change) (p payment.Payment, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		p = c.Payment
		of, err := t.changing(`id = $1`, c.Rest, c.Now)
		if err != nil {
			return err
		}
		if of == nil {
			return gnista.Errorf(gnista.NotFound, "there is no payment %q", c.Rest)
		}
		rows, err := t.rows(restsOf, c.Rest)
		rests, err := all(rows, err, scanPayment)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(rests, payment.Payment.Pays); i >= 0 {
			p = rests[i]
			return nil
		}
		if err := of.Owes(c.Op.Amount); err != nil {
			return err
		}
		return t.savePayment(c)
	})
	return p, err
}

const restsOf = `SELECT ` + paymentColumns + ` FROM payment WHERE rest = $1 AND rest <> '' ORDER BY id`

// Rests lists the payments that pay the rest of a payment, the oldest first.
func (db *DB) Rests(ctx context.Context, id string) ([]payment.Payment, error) {
	rows, err := db.sql.QueryContext(ctx, restsOf, id)
	return all(rows, err, scanPayment)
}
