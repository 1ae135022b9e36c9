package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/payment"
)

const reconciliationColumns = `id, since, until, provider, state, detail, created_at, ended_at`

// reconciliationDetail is what of a reconciliation is in one column.
type reconciliationDetail struct {
	Providers          []string
	Nightly            bool `json:",omitempty"`
	Step, Steps, Tries int
	Error              string `json:",omitempty"`
	Counts             payment.Counts
}

func scanReconciliation(s scanner) (r payment.Reconciliation, err error) {
	var since, until, created, ended int64
	var text string
	if err = s.Scan(&r.ID, &since, &until, &r.Provider, &r.State, &text, &created, &ended); err != nil {
		return r, err
	}
	r.Since, r.Until, r.CreatedAt, r.EndedAt = instant(since), instant(until), instant(created), instant(ended)
	var d reconciliationDetail
	err = json.Unmarshal([]byte(text), &d)
	r.Providers, r.Nightly, r.Step, r.Steps, r.Tries, r.Error, r.Counts = d.Providers, d.Nightly, d.Step, d.Steps, d.Tries, d.Error, d.Counts
	return r, err
}

func (t *tx) saveReconciliation(r payment.Reconciliation) error {
	text, err := json.Marshal(reconciliationDetail{r.Providers, r.Nightly, r.Step, r.Steps, r.Tries, r.Error, r.Counts})
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO reconciliation (`+reconciliationColumns+`, nightly) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, detail = excluded.detail, ended_at = excluded.ended_at`,
		r.ID, millis(r.Since), millis(r.Until), r.Provider, string(r.State), string(text), millis(r.CreatedAt), millis(r.EndedAt), r.Nightly)
}

// AddReconciliation stores r unless there is one of the same provider that is running; it returns that which is stored.
func (db *DB) AddReconciliation(ctx context.Context, r payment.Reconciliation) (out payment.Reconciliation, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		out, err = scanReconciliation(t.row(`SELECT `+reconciliationColumns+` FROM reconciliation WHERE provider = $1 AND state = 'running' ORDER BY id DESC LIMIT 1`, r.Provider))
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		out = r
		return t.saveReconciliation(r)
	})
	return out, err
}

// Reconciliation finds one. NotFound.
func (db *DB) Reconciliation(ctx context.Context, id string) (payment.Reconciliation, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+reconciliationColumns+` FROM reconciliation WHERE id = $1`, id), scanReconciliation, "there is no reconciliation %q", id)
}

// Reconciliations lists them, the newest first, in a state or in any, behind an id.
func (db *DB) Reconciliations(ctx context.Context, state payment.ReconciliationState, before string, limit int) ([]payment.Reconciliation, error) {
	var w where
	if state != "" {
		w.add("state = ?", string(state))
	}
	if before != "" {
		w.add("id < ?", before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+reconciliationColumns+` FROM reconciliation`+w.sql()+` ORDER BY id DESC LIMIT `+w.arg(limit), w.args...)
	return all(rows, err, scanReconciliation)
}

// LastNightly is the newest that was begun by itself; the zero value is none.
func (db *DB) LastNightly(ctx context.Context) (payment.Reconciliation, error) {
	r, err := scanReconciliation(db.sql.QueryRowContext(ctx, `SELECT `+reconciliationColumns+` FROM reconciliation WHERE nightly = $1 ORDER BY id DESC LIMIT 1`, true))
	return r, passed(err)
}

// PaymentsBetween lists payments with a provider that were made between two times, behind an id.
func (db *DB) PaymentsBetween(ctx context.Context, provider string, from, to time.Time, after string, limit int) ([]payment.Payment, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+paymentColumns+` FROM payment WHERE provider = $1 AND created_at >= $2 AND created_at < $3 AND id > $4 ORDER BY id LIMIT $5`,
		provider, millis(from), millis(to), after, limit)
	return all(rows, err, scanPayment)
}

const differenceColumns = `id, kind, provider, ref, payment, transaction_id, ours, theirs, currency, note, at, first_seen, last_seen, state, action, resolution, resolved_by, resolved_at`

func scanDifference(s scanner) (d payment.Difference, err error) {
	var at, first, last, resolved int64
	var state string
	err = s.Scan(&d.ID, &d.Kind, &d.Provider, &d.Ref, &d.Payment, &d.Transaction, &d.Ours, &d.Theirs, &d.Currency, &d.Note, &at, &first, &last, &state, &d.Action, &d.Resolution, &d.By, &resolved)
	d.At, d.FirstSeen, d.LastSeen, d.ResolvedAt, d.Open = instant(at), instant(first), instant(last), instant(resolved), state == "open"
	return d, err
}

// SaveReconciliation stores how far r is and what its last step has found, and closes what is of its scope and was not
// found.
func (db *DB) SaveReconciliation(ctx context.Context, r payment.Reconciliation, found []payment.Difference, scope payment.Scope, now time.Time, newID func() string) (out payment.Reconciliation, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		out = r
		seen := map[string]bool{}
		for _, d := range found {
			d.ID = newID()
			id, err := t.found(d, now)
			if err != nil {
				return err
			}
			seen[id] = true
		}
		closed, err := t.closeGone(scope, seen, now)
		if err != nil {
			return err
		}
		out.Counts.Found += len(found)
		out.Counts.Closed += closed
		if out.State != payment.Reconciling {
			t.emit(gnista.Event{
				At: now, Kind: "reconciliation." + string(out.State), Subject: r.ID, Data: fmt.Appendf(nil, `{"found":%d,"closed":%d,"movements":%d}`, out.Counts.Found, out.Counts.Closed, out.Counts.Movements),
			})
		}
		return t.saveReconciliation(out)
	})
	return out, err
}

// found stores a difference, in the row that it has. What a person has resolved stays so while it is what it was then.
func (t *tx) found(d payment.Difference, now time.Time) (string, error) {
	had, err := scanDifference(t.row(`SELECT `+differenceColumns+` FROM difference WHERE kind = $1 AND provider = $2 AND ref = $3`, string(d.Kind), d.Provider, d.Ref))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		d.FirstSeen, d.Open = now, true
	case err != nil:
		return "", err
	default:
		d.ID, d.FirstSeen = had.ID, had.FirstSeen
		d.Open = had.Open || had.By == "" || had.Ours != d.Ours || had.Theirs != d.Theirs
		if !d.Open {
			d.Action, d.Resolution, d.By, d.ResolvedAt = had.Action, had.Resolution, had.By, had.ResolvedAt
		}
	}
	d.LastSeen = now
	if d.Open && !had.Open {
		t.emit(gnista.Event{
			At: now, Kind: "difference.opened", Subject: d.ID, Data: fmt.Appendf(nil, `{"kind":%q,"provider":%q,"ours":%d,"theirs":%d,"currency":%q}`, d.Kind, d.Provider, d.Ours, d.Theirs, d.Currency),
		})
	}
	return d.ID, t.saveDifference(d)
}

func (t *tx) saveDifference(d payment.Difference) error {
	state := "resolved"
	if d.Open {
		state = "open"
	}
	return t.exec(`INSERT INTO difference (`+differenceColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (id) DO UPDATE SET payment = excluded.payment, transaction_id = excluded.transaction_id, ours = excluded.ours, theirs = excluded.theirs, currency = excluded.currency, note = excluded.note,
		last_seen = excluded.last_seen, state = excluded.state, action = excluded.action, resolution = excluded.resolution, resolved_by = excluded.resolved_by, resolved_at = excluded.resolved_at`,
		d.ID, string(d.Kind), d.Provider, d.Ref, d.Payment, d.Transaction, d.Ours, d.Theirs, d.Currency, d.Note, millis(d.At), millis(d.FirstSeen), millis(d.LastSeen), state,
		string(d.Action), d.Resolution, d.By, millis(d.ResolvedAt))
}

// closeGone closes what is of a scope and was not seen.
func (t *tx) closeGone(scope payment.Scope, seen map[string]bool, now time.Time) (n int, err error) {
	for _, kind := range scope.Kinds {
		query := `SELECT ` + differenceColumns + ` FROM difference WHERE state = 'open' AND kind = $1 AND at >= $2 AND at < $3`
		args := []any{string(kind), millis(scope.From), millis(scope.To)}
		if scope.Provider != nil {
			query += ` AND provider = $4`
			args = append(args, *scope.Provider)
		}
		rows, err := t.rows(query, args...)
		list, err := all(rows, err, scanDifference)
		if err != nil {
			return n, err
		}
		for _, d := range list {
			if seen[d.ID] {
				continue
			}
			d.Open, d.Resolution, d.ResolvedAt = false, "it is no more", now
			if err := t.saveDifference(d); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// Loose lists transactions without a record, records without a payment and payments that are unsettled, since before a
// time.
func (db *DB) Loose(ctx context.Context, before time.Time, limit int) (list []payment.Difference, err error) {
	for _, query := range []string{
		`SELECT 'unbilled-transaction', t.id, '', t.id, CAST(0 AS BIGINT), CAST(0 AS BIGINT), '', 'it has ended and has no charge record', t.finished_at FROM station_transaction t
			WHERE t.finished_at > 0 AND t.finished_at < $1 AND NOT EXISTS (SELECT 1 FROM charge_record r WHERE r.transaction_id = t.id) ORDER BY t.finished_at LIMIT $2`,
		`SELECT 'unpaid-record', r.id, '', r.transaction_id, r.total, CAST(0 AS BIGINT), r.currency, 'it has no payment', r.issued_at FROM charge_record r
			WHERE r.payment <> '' AND r.issued_at < $1 AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.transaction_id = r.transaction_id) ORDER BY r.number LIMIT $2`,
		`SELECT 'unsettled-payment', p.id, p.id, p.transaction_id, p.due, p.captured - p.refunded, p.currency, 'it is ' || p.state || ' for too long', p.since FROM payment p
			WHERE (p.state IN ('created', 'awaiting-customer', 'settling', 'hold-expired') OR p.state = 'bound' AND EXISTS (SELECT 1 FROM charge_record r WHERE r.transaction_id = p.transaction_id)
				OR p.state = 'review' AND p.provider NOT IN ('', 'wallet', 'invoice')) AND p.since < $1 ORDER BY p.since LIMIT $2`,
	} {
		rows, err := db.sql.QueryContext(ctx, query, millis(before), limit)
		found, err := all(rows, err, scanFound)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// Difference finds one. NotFound.
func (db *DB) Difference(ctx context.Context, id string) (payment.Difference, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+differenceColumns+` FROM difference WHERE id = $1`, id), scanDifference, "there is no difference %q", id)
}

// Differences lists them, the newest first.
func (db *DB) Differences(ctx context.Context, f payment.DifferenceFilter) ([]payment.Difference, error) {
	var w where
	if f.State != "" {
		w.add("state = ?", f.State)
	}
	if f.Kind != "" {
		w.add("kind = ?", string(f.Kind))
	}
	if f.Provider != "" {
		w.add("provider = ?", f.Provider)
	}
	if f.Before != "" {
		w.add("id < ?", f.Before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+differenceColumns+` FROM difference`+w.sql()+` ORDER BY id DESC LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, scanDifference)
}

// ResolveDifference stores that d was resolved, unless it was before, with what that posts. Conflict.
func (db *DB) ResolveDifference(ctx context.Context, d payment.Difference) (payment.Difference, error) {
	err := db.write(ctx, ledgerKey, func(t *tx) error {
		had, err := scanDifference(t.row(`SELECT `+differenceColumns+` FROM difference WHERE id = $1`, d.ID))
		if err != nil {
			return err
		}
		if !had.Open {
			return gnista.Errorf(gnista.Conflict, "difference %s is resolved", d.ID)
		}
		if d.Action == payment.ResolveWriteOff && d.Theirs != 0 {
			e := billing.Entry{
				ID: "write-off/" + d.ID, At: d.ResolvedAt, Currency: d.Currency, Cause: billing.Cause{Kind: billing.CauseWriteOff, ID: d.ID}, Text: d.Provider + ": " + d.Resolution,
				Postings: []billing.Posting{{Account: billing.LedgerAccount{Kind: billing.Unexplained, Party: d.Provider}, Amount: d.Theirs}, {Account: billing.LedgerAccount{Kind: billing.ProviderFees}, Amount: -d.Theirs}},
			}
			switch fresh, err := t.post(e); {
			case err != nil:
				return err
			case !fresh:
				return gnista.Errorf(gnista.Conflict, "difference %s was written off before", d.ID)
			}
		}
		t.emit(gnista.Event{At: d.ResolvedAt, Kind: "difference.resolved", Subject: d.ID, Data: fmt.Appendf(nil, `{"kind":%q,"action":%q}`, d.Kind, d.Action)})
		return t.saveDifference(d)
	})
	return d, err
}
