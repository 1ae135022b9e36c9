package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gnista/billing"
	"gnista/payment"
)

// NameRef takes note of another name that a provider has for a payment of ours.
func (db *DB) NameRef(ctx context.Context, provider, ref, id string) error {
	return db.write(ctx, ledgerKey, func(t *tx) error {
		return t.exec(`INSERT INTO provider_ref (provider, ref, payment) VALUES ($1, $2, $3) ON CONFLICT (provider, ref) DO NOTHING`, provider, ref, id)
	})
}

// TakeMovements takes in movements and posts them, each once. One that was of no payment of ours is looked at again
// when it comes again.
func (db *DB) TakeMovements(ctx context.Context, provider string, list []payment.Movement, now time.Time) (out []payment.Taken, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		out = nil
		for _, m := range list {
			taken, err := t.takeMovement(provider, m, now)
			if err != nil {
				return fmt.Errorf("movement %s of %s: %w", m.ID, provider, err)
			}
			out = append(out, taken)
		}
		return nil
	})
	return out, err
}

func (t *tx) takeMovement(provider string, m payment.Movement, now time.Time) (payment.Taken, error) {
	out := payment.Taken{Movement: m}
	var had string
	err := t.row(`SELECT payment FROM provider_movement WHERE provider = $1 AND id = $2`, provider, m.ID).Scan(&had)
	known := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return out, err
	}
	if out.Payment = had; had == "" && m.Ref != "" {
		err := t.row(`SELECT id FROM payment WHERE provider = $1 AND ref = $2 AND currency = $3 UNION ALL
			SELECT p.id FROM provider_ref r JOIN payment p ON p.id = r.payment WHERE r.provider = $1 AND r.ref = $2 AND p.currency = $3 LIMIT 1`, provider, m.Ref, m.Currency).Scan(&out.Payment)
		if err = passed(err); err != nil {
			return out, err
		}
	}
	of := m.Kind == payment.MoveCapture || m.Kind == payment.MoveRefund
	switch {
	case !known:
		out.New = true
		if err := t.postMovement(provider, m, out.Payment != "", now); err != nil {
			return out, err
		}
		if err := t.exec(`INSERT INTO provider_movement (provider, id, kind, ref, payout, amount, fee, currency, at, payment) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			provider, m.ID, string(m.Kind), m.Ref, m.Payout, m.Amount, m.Fee, m.Currency, millis(m.At), out.Payment); err != nil {
			return out, err
		}
	case had != out.Payment || m.Payout != "":
		if err := t.exec(`UPDATE provider_movement SET payment = $1, payout = CASE WHEN $2 = '' THEN payout ELSE $2 END WHERE provider = $3 AND id = $4`, out.Payment, m.Payout, provider, m.ID); err != nil {
			return out, err
		}
	}
	if known && had == "" && out.Payment != "" && of {
		if err := t.explain(provider, m, now); err != nil {
			return out, err
		}
	}
	if out.Payment == "" || known && had != "" || of {
		return out, nil
	}
	return out, t.rebook(out.Payment, now)
}

func (t *tx) postMovement(provider string, m payment.Movement, known bool, now time.Time) error {
	list := m.Postings(provider, known)
	if len(list) == 0 {
		return nil
	}
	id := provider + "/" + m.ID
	_, err := t.post(billing.Entry{
		ID: "movement/" + id, At: now, Currency: m.Currency, Cause: billing.Cause{Kind: billing.CauseMovement, ID: id}, Text: fmt.Sprintf("%s: %s %s", provider, m.Kind, m.ID), Postings: list,
	})
	return err
}

// explain takes back that nobody knew what a movement was for: the payment that it is of has posted it.
func (t *tx) explain(provider string, m payment.Movement, now time.Time) error {
	if m.Amount == 0 {
		return nil
	}
	from := billing.LedgerAccount{Kind: billing.Unexplained, Party: provider}
	var given bool
	if err := t.row(`SELECT EXISTS (SELECT 1 FROM difference WHERE kind IN ('unknown-movement', 'adjustment') AND provider = $1 AND ref = $2 AND action = 'write-off')`, provider, m.ID).Scan(&given); err != nil {
		return err
	}
	if given {
		from = billing.LedgerAccount{Kind: billing.ProviderFees}
	}
	id := provider + "/" + m.ID + "/known"
	_, err := t.post(billing.Entry{
		ID: "movement/" + id, At: now, Currency: m.Currency, Cause: billing.Cause{Kind: billing.CauseMovement, ID: id}, Text: fmt.Sprintf("%s: it is known what %s was for", provider, m.ID),
		Postings: []billing.Posting{{Account: from, Amount: m.Amount}, {Account: billing.LedgerAccount{Kind: billing.Clearing, Party: provider}, Amount: -m.Amount}},
	})
	return err
}

// Unexplained lists movements between two times that are of nothing that we know, payments whose movements before the
// time late are not what they captured, and payouts that are not what they are made of.
func (db *DB) Unexplained(ctx context.Context, provider string, from, to, late time.Time, limit int) ([]payment.Difference, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT CASE WHEN kind IN ('capture', 'refund') THEN 'unknown-movement' ELSE 'adjustment' END, id, '', '', CAST(0 AS BIGINT), amount, currency, kind || ' of ' || ref, at
		FROM provider_movement WHERE provider = $1 AND at >= $2 AND at < $3 AND (kind IN ('capture', 'refund') AND payment = '' OR kind NOT IN ('capture', 'refund', 'dispute', 'dispute-won', 'payout', 'fee'))
		ORDER BY at, id LIMIT $4`, provider, millis(from), millis(to), limit)
	list, err := all(rows, err, scanFound)
	if err != nil {
		return nil, err
	}
	// Providers that tell of payouts only, or of nothing, have no movements of payments.
	rows, err = db.sql.QueryContext(ctx, `SELECT 'not-in-settlements', p.id, p.id, p.transaction_id, p.captured - p.refunded,
			(SELECT CAST(COALESCE(SUM(m.amount), 0) AS BIGINT) FROM provider_movement m WHERE m.payment = p.id AND m.kind IN ('capture', 'refund')), p.currency, '', p.created_at
		FROM payment p WHERE p.provider = $1 AND p.created_at >= $2 AND p.created_at < $3 AND p.updated_at < $4 AND EXISTS (SELECT 1 FROM provider_movement WHERE provider = $1 AND kind = 'capture')
			AND p.captured - p.refunded <> (SELECT COALESCE(SUM(m.amount), 0) FROM provider_movement m WHERE m.payment = p.id AND m.kind IN ('capture', 'refund'))
			AND NOT EXISTS (SELECT 1 FROM payment_op o WHERE o.payment = p.id AND o.state IN ('pending', 'sent', 'unknown'))
		ORDER BY p.id LIMIT $5`, provider, millis(from), millis(to), millis(late), limit)
	more, err := all(rows, err, scanFound)
	if err != nil {
		return nil, err
	}
	rows, err = db.sql.QueryContext(ctx, `SELECT 'payout', x.id, '', '', x.made, -x.amount, x.currency, 'what it is made of is other than what was paid out', x.at
		FROM (SELECT o.id, o.amount, o.currency, o.at, (SELECT CAST(COALESCE(SUM(m.amount + m.fee), 0) AS BIGINT) FROM provider_movement m
				WHERE m.provider = o.provider AND m.payout = o.payout AND m.kind <> 'payout') AS made,
			(SELECT COUNT(*) FROM provider_movement m WHERE m.provider = o.provider AND m.payout = o.payout AND m.kind <> 'payout') AS parts
			FROM provider_movement o WHERE o.provider = $1 AND o.kind = 'payout' AND o.payout <> '' AND o.at >= $2 AND o.at < $3) x
		WHERE x.parts > 0 AND x.made <> -x.amount ORDER BY x.at LIMIT $4`, provider, millis(from), millis(to), limit)
	payouts, err := all(rows, err, scanFound)
	return append(append(list, more...), payouts...), err
}

// scanFound reads a difference that was found in our own tables.
func scanFound(s scanner) (d payment.Difference, err error) {
	var at int64
	err = s.Scan(&d.Kind, &d.Ref, &d.Payment, &d.Transaction, &d.Ours, &d.Theirs, &d.Currency, &d.Note, &at)
	d.At = instant(at)
	return d, err
}
