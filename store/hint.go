package store

import (
	"context"
	"time"

	"gnista/payment"
)

const hintColumns = `provider, id, ref, state, payment, note, attempt, received_at, next_at, done_at`

func scanHint(s scanner) (h payment.Told, err error) {
	var received, next, done int64
	err = s.Scan(&h.Provider, &h.ID, &h.Ref, &h.State, &h.Payment, &h.Note, &h.Attempt, &received, &next, &done)
	h.ReceivedAt, h.NextAt, h.DoneAt = instant(received), instant(next), instant(done)
	return h, err
}

// TakeHints stores hints that are new, in one commit that holds up no others, and tells how many those are.
func (db *DB) TakeHints(ctx context.Context, list []payment.Told) (n int, err error) {
	err = db.writeLater(ctx, ledgerKey, func(t *tx) error {
		n = 0
		for _, h := range list {
			added, err := t.changed(`INSERT INTO payment_hint (`+hintColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (provider, id) DO NOTHING`,
				h.Provider, h.ID, h.Ref, string(h.State), h.Payment, h.Note, h.Attempt, millis(h.ReceivedAt), millis(h.NextAt), millis(h.DoneAt))
			if err != nil {
				return err
			}
			n += int(added)
		}
		return nil
	})
	return n, err
}

// WaitingHints lists those that may be tried at a time, the oldest first.
func (db *DB) WaitingHints(ctx context.Context, at time.Time, limit int) ([]payment.Told, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+hintColumns+` FROM payment_hint WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at, received_at LIMIT $2`, millis(at), limit)
	return all(rows, err, scanHint)
}

// FollowHints changes a payment and within the same SQL transaction marks hints as done, if f says that they are.
// Where none of them waits any more f is not run. NotFound.
func (db *DB) FollowHints(ctx context.Context, id string, keys []payment.HintKey, now time.Time, f func(*payment.Change) bool) error {
	return db.write(ctx, ledgerKey, func(t *tx) error {
		waiting := false
		for _, k := range keys {
			var one bool
			if err := t.row(`SELECT EXISTS (SELECT 1 FROM payment_hint WHERE provider = $1 AND id = $2 AND state = 'waiting')`, k.Provider, k.ID).Scan(&one); err != nil {
				return err
			}
			waiting = waiting || one
		}
		if !waiting {
			return nil
		}
		done := false
		if _, err := t.changePayment(id, now, func(c *payment.Change) error { done = f(c); return nil }); err != nil || !done {
			return err
		}
		for _, k := range keys {
			if err := t.exec(`UPDATE payment_hint SET state = 'done', payment = $1, note = '', attempt = attempt + 1, done_at = $2 WHERE provider = $3 AND id = $4 AND state = 'waiting'`,
				id, millis(now), k.Provider, k.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// PutOffHints stores State, Note, Attempt, NextAt and DoneAt of hints that still wait.
func (db *DB) PutOffHints(ctx context.Context, list []payment.Told) error {
	return db.writeLater(ctx, ledgerKey, func(t *tx) error {
		for _, h := range list {
			if err := t.exec(`UPDATE payment_hint SET state = $1, note = $2, attempt = $3, next_at = $4, done_at = $5 WHERE provider = $6 AND id = $7 AND state = 'waiting'`,
				string(h.State), h.Note, h.Attempt, millis(h.NextAt), millis(h.DoneAt), h.Provider, h.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// Hints lists hints, the newest first.
func (db *DB) Hints(ctx context.Context, f payment.HintFilter) ([]payment.Told, error) {
	var w where
	if f.Provider != "" {
		w.add("provider = ?", f.Provider)
	}
	if f.State != "" {
		w.add("state = ?", string(f.State))
	}
	if !f.Before.IsZero() {
		at := w.arg(millis(f.Before))
		w.conditions = append(w.conditions, `(received_at < `+at+` OR received_at = `+at+` AND id < `+w.arg(f.BeforeID)+`)`)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+hintColumns+` FROM payment_hint`+w.sql()+` ORDER BY received_at DESC, id DESC LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, scanHint)
}

// Backlog tells for each provider what waits.
func (db *DB) Backlog(ctx context.Context) ([]payment.Backlog, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT provider, COUNT(*), MIN(received_at) FROM payment_hint WHERE state = 'waiting' GROUP BY provider ORDER BY provider`)
	return all(rows, err, func(s scanner) (b payment.Backlog, err error) {
		var oldest int64
		err = s.Scan(&b.Provider, &b.Waiting, &oldest)
		b.Oldest = instant(oldest)
		return b, err
	})
}

// PruneHints forgets those that were done before a time.
func (db *DB) PruneHints(ctx context.Context, before time.Time) error {
	return db.writeLater(ctx, ledgerKey, func(t *tx) error {
		return t.exec(`DELETE FROM payment_hint WHERE state <> 'waiting' AND done_at < $1`, millis(before))
	})
}
