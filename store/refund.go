package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gnista"
	"gnista/payment"
)

const refundColumns = `id, payment, key, amount, reason, given_by, created_at`

func scanRefund(s scanner) (r payment.Refund, err error) {
	var created int64
	err = s.Scan(&r.ID, &r.Payment, &r.Key, &r.Amount, &r.Reason, &r.By, &created)
	r.CreatedAt = instant(created)
	return r, err
}

// Refund stores r and has it refunded, once for its key; it returns what is stored, and whether it is new.
func (db *DB) Refund(ctx context.Context, r payment.Refund) (out payment.Refund, fresh bool, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		fresh = false
		var err error
		out, err = scanRefund(t.row(`SELECT `+refundColumns+` FROM payment_refund WHERE payment = $1 AND key = $2`, r.Payment, r.Key))
		switch {
		case err == nil && (out.Amount != r.Amount || out.Reason != r.Reason):
			return gnista.Errorf(gnista.Conflict, "the idempotency key was used for another refund, of %d", out.Amount)
		case err == nil || !errors.Is(err, sql.ErrNoRows):
			return err
		}
		c, err := t.changing(`id = $1`, r.Payment, r.CreatedAt)
		if err != nil {
			return err
		}
		if c == nil {
			return gnista.Errorf(gnista.NotFound, "there is no payment %q", r.Payment)
		}
		if err := c.GiveBack(r.Amount, payment.Cause{Kind: payment.ByPerson, ID: r.ID}); err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO payment_refund (`+refundColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			r.ID, r.Payment, r.Key, r.Amount, r.Reason, r.By, millis(r.CreatedAt)); err != nil {
			return err
		}
		t.emit(gnista.Event{
			At: r.CreatedAt, Kind: "payment.refund", Subject: r.Payment, Data: fmt.Appendf(nil, `{"refund":%q,"amount":%d,"currency":%q}`, r.ID, r.Amount, c.Currency),
		})
		out, fresh = r, true
		return t.savePayment(c)
	})
	return out, fresh, err
}

// Refunds lists those of a payment, the oldest first.
func (db *DB) Refunds(ctx context.Context, id string) ([]payment.Refund, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+refundColumns+` FROM payment_refund WHERE payment = $1 ORDER BY created_at, id`, id)
	return all(rows, err, scanRefund)
}
