package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/payment"
)

const mandateColumns = `id, account, provider, state, text, version, language, reason, detail, forgotten, created_at, given_at, ended_at`

// mandateDetail is what of a mandate is sealed.
type mandateDetail struct{ Label, Customer, Ref, Method string }

func (v *vault) scanMandate(s scanner) (m payment.Mandate, err error) {
	var created, given, ended int64
	var sealed string
	if err := s.Scan(&m.ID, &m.Account, &m.Provider, &m.State, &m.Text, &m.Version, &m.Language, &m.Reason, &sealed, &m.Forgotten, &created, &given, &ended); err != nil {
		return m, err
	}
	var d mandateDetail
	err = v.unfold(sealed, &d)
	m.Label, m.Customer, m.Ref, m.Method = d.Label, d.Customer, d.Ref, d.Method
	m.CreatedAt, m.GivenAt, m.EndedAt = instant(created), instant(given), instant(ended)
	return m, err
}

// mandateKey is what a mandate is found by that a provider asks for by a name.
func (v *vault) mandateKey(provider, ref string) string {
	if ref == "" {
		return ""
	}
	return v.hash("mandate "+provider+" ", ref)
}

func (t *tx) saveMandate(m payment.Mandate) error {
	detail, err := t.fold(mandateDetail{m.Label, m.Customer, m.Ref, m.Method})
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO mandate (`+mandateColumns+`, ref_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = excluded.reason, detail = excluded.detail, forgotten = excluded.forgotten, given_at = excluded.given_at,
		ended_at = excluded.ended_at, ref_key = excluded.ref_key`,
		m.ID, m.Account, m.Provider, string(m.State), m.Text, m.Version, m.Language, m.Reason, detail, m.Forgotten, millis(m.CreatedAt), millis(m.GivenAt), millis(m.EndedAt),
		t.mandateKey(m.Provider, m.Ref))
}

// mandate is the one that an account pays under; the zero Mandate where there is none.
func (t *tx) mandate(account string) (payment.Mandate, error) {
	m, err := t.scanMandate(t.row(`SELECT `+mandateColumns+` FROM mandate WHERE account = $1 AND state = 'active'`, account))
	if errors.Is(err, sql.ErrNoRows) {
		return payment.Mandate{}, nil
	}
	return m, err
}

// Mandate finds a mandate. NotFound.
func (db *DB) Mandate(ctx context.Context, id string) (payment.Mandate, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+mandateColumns+` FROM mandate WHERE id = $1`, id), db.scanMandate, "there is no mandate %q", id)
}

// MandateByRef finds the mandate for which a provider asks so. NotFound.
func (db *DB) MandateByRef(ctx context.Context, provider, ref string) (payment.Mandate, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+mandateColumns+` FROM mandate WHERE ref_key = $1 AND ref_key <> ''`, db.mandateKey(provider, ref))
	return one(row, db.scanMandate, "%s asks for no mandate %q of ours", provider, ref)
}

// Mandates lists those of an account, the newest first.
func (db *DB) Mandates(ctx context.Context, f payment.MandateFilter) ([]payment.Mandate, error) {
	var w where
	w.add("account = ?", f.Account)
	if f.Before != "" {
		w.add("id < ?", f.Before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+mandateColumns+` FROM mandate`+w.sql()+` ORDER BY id DESC LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, db.scanMandate)
}

// CreateMandate stores a new mandate. NotFound when there is no such account.
func (db *DB) CreateMandate(ctx context.Context, m payment.Mandate) error {
	return db.write(ctx, ledgerKey, func(t *tx) error {
		a, err := t.payer(m.Account)
		if err != nil {
			return err
		}
		if a == nil {
			return gnista.Errorf(gnista.NotFound, "there is no account %q", m.Account)
		}
		return t.saveMandate(m)
	})
}

// ChangeMandate runs f on a mandate within one SQL transaction and stores what it did, or nothing when it fails.
func (db *DB) ChangeMandate(ctx context.Context, id string, now time.Time, f func(*payment.Mandate) ([]gnista.Event, error)) (m payment.Mandate, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		// On PostgreSQL others write at the same time; what they have changed meanwhile is read behind them.
		m, err = t.scanMandate(t.writeRow(`UPDATE mandate SET id = id WHERE id = $1 RETURNING `+mandateColumns, id))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no mandate %q", id)
		}
		if err != nil {
			return err
		}
		was := m
		evs, err := f(&m)
		if err != nil || m == was {
			return err
		}
		given := m.State == payment.MandateActive && was.State != payment.MandateActive
		if given {
			if err := t.endMandates("another was given", now, "account = $4 AND id <> $5", m.Account, m.ID); err != nil {
				return err
			}
		}
		if err := t.saveMandate(m); err != nil {
			return err
		}
		t.emit(evs...)
		if given {
			return t.renew(m, now)
		}
		return nil
	})
	return m, err
}

// endMandates ends those that a condition selects that is in the words of SQL, with arguments from $4.
func (t *tx) endMandates(reason string, now time.Time, condition string, args ...any) error {
	return t.exec(`UPDATE mandate SET state = 'revoked', reason = $1, ended_at = $2, forgotten = (ref_key = $3) WHERE state <> 'revoked' AND `+condition,
		append([]any{reason, millis(now), ""}, args...)...)
}

// renew has what an account owes on a card tried with the one that it has given now.
func (t *tx) renew(m payment.Mandate, now time.Time) error {
	rows, err := t.rows(`SELECT id FROM payment WHERE account = $1 AND provider = $2 AND mandate <> '' AND state = 'settled-short' ORDER BY id`, m.Account, m.Provider)
	ids, err := all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
	if err != nil {
		return err
	}
	for _, id := range ids {
		c, err := t.changing(`id = $1`, id, now)
		if err != nil {
			return err
		}
		c.Renew(m, payment.Cause{Kind: payment.ByPerson, ID: m.ID})
		if err := t.savePayment(c); err != nil {
			return err
		}
	}
	return nil
}

// UnfinishedMandates lists those that have waited since before a time, and those that ended and that the provider
// still has.
func (db *DB) UnfinishedMandates(ctx context.Context, before time.Time, limit int) ([]payment.Mandate, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+mandateColumns+` FROM mandate
		WHERE (state = 'awaiting' OR NOT forgotten) AND (state = 'awaiting' AND created_at < $1 OR state = 'revoked') ORDER BY created_at LIMIT $2`, millis(before), limit)
	return all(rows, err, db.scanMandate)
}

var _ payment.MandateStore = (*DB)(nil)
