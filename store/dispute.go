package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gnista"
	"gnista/payment"
)

const disputeColumns = `id, payment, provider, ref, state, amount, currency, reason, evidence, opened_at, updated_at`

func scanDispute(s scanner) (d payment.Dispute, err error) {
	var evidence, opened, updated int64
	err = s.Scan(&d.ID, &d.Payment, &d.Provider, &d.Ref, &d.State, &d.Amount, &d.Currency, &d.Reason, &evidence, &opened, &updated)
	d.EvidenceDue, d.OpenedAt, d.UpdatedAt = instant(evidence), instant(opened), instant(updated)
	return d, err
}

// SaveDispute stores d by its provider and reference, and posts what was lost. It tells of what is new.
func (db *DB) SaveDispute(ctx context.Context, d payment.Dispute) error {
	return db.write(ctx, ledgerKey, func(t *tx) error { return t.saveDispute(d) })
}

func (t *tx) saveDispute(d payment.Dispute) error {
	had, err := scanDispute(t.row(`SELECT `+disputeColumns+` FROM payment_dispute WHERE provider = $1 AND ref = $2`, d.Provider, d.Ref))
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return err
	case had.State == d.State && had.Amount == d.Amount && had.Reason == d.Reason && had.EvidenceDue.UnixMilli() == d.EvidenceDue.UnixMilli():
		return nil
	default:
		d.ID = had.ID
	}
	if err := t.exec(`INSERT INTO payment_dispute (`+disputeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, amount = excluded.amount, reason = excluded.reason, evidence = excluded.evidence, updated_at = excluded.updated_at`,
		d.ID, d.Payment, d.Provider, d.Ref, string(d.State), d.Amount, d.Currency, d.Reason, millis(d.EvidenceDue), millis(d.OpenedAt), millis(d.UpdatedAt)); err != nil {
		return err
	}
	if had.State != d.State {
		t.emit(gnista.Event{
			At: d.UpdatedAt, Kind: "payment.disputed", Subject: d.Payment,
			Data: fmt.Appendf(nil, `{"dispute":%q,"state":%q,"amount":%d,"currency":%q}`, d.ID, d.State, d.Amount, d.Currency),
		})
	}
	return t.rebook(d.Payment, d.UpdatedAt)
}

// Disputes lists those of a payment, the oldest first.
func (db *DB) Disputes(ctx context.Context, id string) ([]payment.Dispute, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+disputeColumns+` FROM payment_dispute WHERE payment = $1 ORDER BY opened_at, id`, id)
	return all(rows, err, scanDispute)
}
