package store

import (
	"context"
	"database/sql"
	"strings"

	"gnista/payment"
)

// TellsPayouts tells whether a provider has told of a payout by itself.
func (db *DB) TellsPayouts(ctx context.Context, provider string) (yes bool, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM provider_movement WHERE provider = $1 AND kind = 'payout' AND substr(id, 1, $2) <> $3)`,
		provider, len(payment.ManualMovement), payment.ManualMovement).Scan(&yes)
	return yes, err
}

// heaps are the parts of how payments stand: of each the provider, the currency, which it is, how many there are, what
// they come to and the first or oldest of them.
var heaps = strings.Join([]string{
	`SELECT provider, currency, 'held', COUNT(*), CAST(SUM(held) AS BIGINT), COALESCE(MIN(CASE WHEN held_until > 0 THEN held_until END), 0) FROM payment WHERE held > 0 GROUP BY provider, currency`,
	`SELECT provider, currency, 'awaiting', COUNT(*), CAST(0 AS BIGINT), MIN(since) FROM payment WHERE state = 'awaiting-customer' GROUP BY provider, currency`,
	`SELECT provider, currency, 'review', COUNT(*), CAST(SUM(due - captured + refunded) AS BIGINT), MIN(since) FROM payment WHERE state = 'review' GROUP BY provider, currency`,
	`SELECT p.provider, p.currency, 'receivable', COUNT(*), CAST(SUM(p.due - p.given - p.written_off - p.covered - p.captured + p.refunded) AS BIGINT), MIN(p.since) FROM payment p WHERE ` + missing + ` GROUP BY p.provider, p.currency`,
	`SELECT p.provider, p.currency, CASE WHEN o.kind IN ('capture', 'refund') THEN o.kind ELSE 'other' END, COUNT(*), CAST(SUM(o.amount) AS BIGINT), MIN(o.created_at)
		FROM payment_op o JOIN payment p ON p.id = o.payment WHERE o.state IN ('pending', 'sent', 'unknown') GROUP BY 1, 2, 3`,
	`SELECT p.provider, p.currency, 'unknown', COUNT(*), CAST(SUM(o.amount) AS BIGINT), MIN(o.created_at)
		FROM payment_op o JOIN payment p ON p.id = o.payment WHERE o.state = 'unknown' GROUP BY 1, 2`,
	`SELECT provider, currency, 'dispute', COUNT(*), CAST(SUM(amount) AS BIGINT), MIN(opened_at) FROM payment_dispute WHERE state NOT IN ('won', 'lost') GROUP BY provider, currency`,
}, ` UNION ALL `)

// Standings tell how everything stands.
func (db *DB) Standings(ctx context.Context) (out payment.Standings, err error) {
	rows, err := db.sql.QueryContext(ctx, heaps+` ORDER BY 1, 2`)
	if err != nil {
		return out, err
	}
	defer rows.Close()
	out.List = []payment.Standing{}
	for rows.Next() {
		var provider, currency, what string
		var h payment.Heap
		var at int64
		if err := rows.Scan(&provider, &currency, &what, &h.Count, &h.Amount, &at); err != nil {
			return out, err
		}
		n := len(out.List)
		if n == 0 || out.List[n-1].Provider != provider || out.List[n-1].Currency != currency {
			out.List = append(out.List, payment.Standing{Provider: provider, Currency: currency})
			n++
		}
		s := &out.List[n-1]
		switch what {
		case "held":
			s.Held, s.HeldUntil = h, instant(at)
		case "awaiting":
			s.Awaiting = h
		case "review":
			s.Review = h
		case "receivable":
			s.Receivables = h
		case "capture":
			s.Captures = h
		case "refund":
			s.Refunds = h
		case "unknown":
			s.Unknown, s.OldestUnknown = h, instant(at)
		case "dispute":
			s.Disputes = h
		default:
			s.Others = h
		}
	}
	if err := rows.Err(); err != nil {
		return out, err
	}
	var done, until, oldest sql.NullInt64
	err = db.sql.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM difference WHERE state = 'open'), (SELECT MAX(ended_at) FROM reconciliation WHERE state = 'done' AND provider = ''),
		(SELECT MAX(until) FROM reconciliation WHERE state = 'done' AND provider = ''), (SELECT COUNT(*) FROM payment_hint WHERE state = 'waiting'),
		(SELECT MIN(received_at) FROM payment_hint WHERE state = 'waiting')`).Scan(&out.Differences, &done, &until, &out.Hints, &oldest)
	out.ReconciledAt, out.ReconciledTo, out.OldestHint = instant(done.Int64), instant(until.Int64), instant(oldest.Int64)
	return out, err
}
