package store

import (
	"context"

	"gnista/billing"
	"gnista/payment"
)

// Booked is what is written of a payment beside it.
type Booked struct {
	Postings    []billing.Posting // that were made for it
	Taken, Lost int64             // see [payment.Payment.Books]
	Given       int64             // by its refunds
	Covered     int64             // by those that pay its rest
	Owed        int64             // on the receivable of the payment itself, which a guest's has
}

// Booked finds what is written of a payment beside it.
func (s *Snapshot) Booked(ctx context.Context, p payment.Payment) (b Booked, err error) {
	rows, err := s.r.QueryContext(ctx, bookedOf, p.ID)
	if b.Postings, err = all(rows, err, scanPosting); err != nil {
		return b, err
	}
	if err := s.r.QueryRowContext(ctx, disputedOf, p.ID, string(payment.MoveDispute), string(payment.MoveWon), string(payment.DisputeLost)).Scan(&b.Taken, &b.Lost); err != nil {
		return b, err
	}
	if err := s.r.QueryRowContext(ctx, `SELECT (SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_refund WHERE payment = $1),
		(SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM ledger_balance WHERE kind = 'receivable' AND party = $1)`, p.ID).Scan(&b.Given, &b.Owed); err != nil {
		return b, err
	}
	rows, err = s.r.QueryContext(ctx, `SELECT `+paymentColumns+` FROM payment WHERE rest = $1 AND rest <> ''`, p.ID)
	rests, err := all(rows, err, scanPayment)
	for _, r := range rests {
		b.Covered += r.Applied()
	}
	return b, err
}

// Apart is what of postings is wanted and not had.
func Apart(wanted, had []billing.Posting) []billing.Posting { return apart(wanted, had) }

// ProviderBalances are what the accounts of providers must come to by payments, movements and differences.
func (s *Snapshot) ProviderBalances(ctx context.Context) ([]billing.Balance, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT kind, provider, currency, CAST(SUM(amount) AS BIGINT) FROM (
			SELECT 'clearing' AS kind, provider, currency, captured - refunded AS amount FROM payment WHERE provider NOT IN ('', 'wallet', 'invoice')
			UNION ALL SELECT 'clearing', provider, currency, fee + CASE WHEN kind IN ('capture', 'refund') AND payment <> '' THEN 0 ELSE amount END FROM provider_movement
			UNION ALL SELECT 'disputed', provider, currency, -amount FROM provider_movement WHERE kind IN ('dispute', 'dispute-won')
			UNION ALL SELECT 'disputed', p.provider, p.currency, l.amount FROM payment_entry x JOIN payment p ON p.id = x.payment JOIN ledger_posting l ON l.entry = x.entry AND l.kind = 'disputed'
			UNION ALL SELECT 'unexplained', provider, currency, -amount FROM provider_movement WHERE kind NOT IN ('dispute', 'dispute-won', 'payout', 'fee') AND NOT (kind IN ('capture', 'refund') AND payment <> '')
			UNION ALL SELECT 'unexplained', d.provider, d.currency, d.theirs FROM difference d JOIN ledger_entry e ON e.cause_kind = 'write-off' AND e.cause_id = d.id
				WHERE NOT EXISTS (SELECT 1 FROM provider_movement m WHERE m.provider = d.provider AND m.id = d.ref AND m.payment <> '')
		) x GROUP BY kind, provider, currency ORDER BY kind, provider, currency`)
	return all(rows, err, scanLedgerBalance)
}
