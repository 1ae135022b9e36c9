package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"gnista"
	"gnista/fault/alert"
)

// What is kept of alerts is JSON; what it is looked for by has columns as well.

func scanData[T any](s scanner) (v T, err error) {
	var data string
	if err = s.Scan(&data); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(data), &v)
}

// AlertEntry finds an entry. NotFound.
func (db *DB) AlertEntry(ctx context.Context, kind, id string) (alert.Entry, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT kind, id, data FROM alert_entry WHERE kind = $1 AND id = $2`, kind, id), scanAlertEntry, "there is no %s %q", kind, id)
}

func scanAlertEntry(s scanner) (x alert.Entry, err error) { return x, s.Scan(&x.Kind, &x.ID, &x.Data) }

// AlertEntries lists those of a kind in the order of their ids, behind after.
func (db *DB) AlertEntries(ctx context.Context, kind, after string, limit int) ([]alert.Entry, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT kind, id, data FROM alert_entry WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3`, kind, after, limit)
	return all(rows, err, scanAlertEntry)
}

// AddAlertEntry keeps a new entry. Conflict where there are most of its kind.
func (db *DB) AddAlertEntry(ctx context.Context, x alert.Entry, most int) error {
	return db.write(ctx, "alert", func(t *tx) error {
		var n int
		if err := t.row(`SELECT count(*) FROM alert_entry WHERE kind = $1`, x.Kind).Scan(&n); err != nil {
			return err
		}
		if n >= most {
			return gnista.Errorf(gnista.Conflict, "there are %d of kind %s, and no more may be", n, x.Kind)
		}
		return t.exec(`INSERT INTO alert_entry (kind, id, data) VALUES ($1, $2, $3)`, x.Kind, x.ID, string(x.Data))
	})
}

// ChangeAlertEntry changes the data of an entry in one SQL transaction. NotFound.
func (db *DB) ChangeAlertEntry(ctx context.Context, kind, id string, f func([]byte) ([]byte, error)) error {
	return db.write(ctx, "alert", func(t *tx) error {
		x, err := one(t.row(`SELECT kind, id, data FROM alert_entry WHERE kind = $1 AND id = $2`, kind, id), scanAlertEntry, "there is no %s %q", kind, id)
		if err != nil {
			return err
		}
		data, err := f(x.Data)
		if err != nil {
			return err
		}
		return t.exec(`UPDATE alert_entry SET data = $1 WHERE kind = $2 AND id = $3`, string(data), kind, id)
	})
}

// DeleteAlertEntry forgets an entry. NotFound.
func (db *DB) DeleteAlertEntry(ctx context.Context, kind, id string) error {
	return db.write(ctx, "alert", func(t *tx) error {
		n, err := t.changed(`DELETE FROM alert_entry WHERE kind = $1 AND id = $2`, kind, id)
		if err == nil && n == 0 {
			err = gnista.Errorf(gnista.NotFound, "there is no %s %q", kind, id)
		}
		return err
	})
}

// saveAlert stores an alert.
func (t *tx) saveAlert(a alert.Alert) error {
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO alert (id, route, subject, state, due_at, ended_at, data) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at, ended_at = excluded.ended_at, data = excluded.data`,
		a.ID, a.Route, a.Subject, string(a.State), millis(a.DueAt), millis(a.EndedAt), string(data))
}

// ChangeAlert runs f on the alert of a route about a subject, which has no ID where there is none yet, and stores
// what it did.
func (db *DB) ChangeAlert(ctx context.Context, route, subject string, f func(*alert.Alert) (alert.Change, error)) error {
	return db.write(ctx, "alert", func(t *tx) error {
		a, err := scanData[alert.Alert](t.row(`SELECT data FROM alert WHERE subject = $1 AND route = $2`, subject, route))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		was := a
		c, err := f(&a)
		if err != nil || a.ID == "" {
			return err
		}
		if a != was {
			if err := t.saveAlert(a); err != nil {
				return err
			}
		}
		if c.Withdraw {
			if err := t.withdraw(`alert`, a.ID, a.EndedAt); err != nil {
				return err
			}
		}
		return t.addDeliveries(c.Deliveries)
	})
}

// AlertsOf lists the alerts about a subject.
func (db *DB) AlertsOf(ctx context.Context, subject string) ([]alert.Alert, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT data FROM alert WHERE subject = $1 ORDER BY route`, subject)
	return all(rows, err, scanData[alert.Alert])
}

// DueAlerts lists those that are due at a time, the oldest first.
func (db *DB) DueAlerts(ctx context.Context, at time.Time, limit int) ([]alert.Alert, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT data FROM alert WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at, id LIMIT $2`, millis(at), limit)
	return all(rows, err, scanData[alert.Alert])
}

// Alert finds an alert. NotFound.
func (db *DB) Alert(ctx context.Context, id string) (alert.Alert, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT data FROM alert WHERE id = $1`, id), scanData[alert.Alert], "there is no alert %q", id)
}

// Alerts lists alerts, the newest first.
func (db *DB) Alerts(ctx context.Context, f alert.Filter) ([]alert.Alert, error) {
	var w where
	for _, x := range [][2]string{{`state = ?`, string(f.State)}, {`subject = ?`, f.Subject}, {`route = ?`, f.Route}, {`id < ?`, f.Before}} {
		if x[1] != "" {
			w.add(x[0], x[1])
		}
	}
	limited := w.arg(f.Limit)
	rows, err := db.sql.QueryContext(ctx, `SELECT data FROM alert`+w.sql()+` ORDER BY id DESC LIMIT `+limited, w.args...)
	return all(rows, err, scanData[alert.Alert])
}

// AlertSecret is the secret of a name; make gives it where there is none.
func (db *DB) AlertSecret(ctx context.Context, name string, make func() (string, error)) (string, error) {
	var text string
	read := func(row scanner) error { return row.Scan(db.into(&text)) }
	err := read(db.sql.QueryRowContext(ctx, `SELECT value FROM alert_secret WHERE name = $1`, name))
	if !errors.Is(err, sql.ErrNoRows) {
		return text, err
	}
	fresh, err := make()
	if err != nil {
		return "", err
	}
	err = db.write(ctx, "alert", func(t *tx) error {
		if err := t.exec(`INSERT INTO alert_secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, t.seal(fresh)); err != nil {
			return err
		}
		return read(t.row(`SELECT value FROM alert_secret WHERE name = $1`, name))
	})
	return text, err
}

// PruneAlerts forgets ended alerts and closed deliveries from before a time, and of the rest all but the newest.
func (db *DB) PruneAlerts(ctx context.Context, before time.Time, keep int) error {
	for _, query := range []string{
		`DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE ended_at > 0 AND ended_at < $1 AND due_at = 0 ORDER BY ended_at LIMIT $2)`,
		`DELETE FROM alert_delivery WHERE id IN (SELECT id FROM alert_delivery WHERE done_at > 0 AND done_at < $1 ORDER BY done_at LIMIT $2)`,
	} {
		if err := db.pruneAlerts(ctx, query, millis(before)); err != nil {
			return err
		}
	}
	for _, x := range [][2]string{{`alert`, `ended_at > 0 AND due_at = 0`}, {`alert_delivery`, `done_at > 0`}} {
		var last string
		err := db.sql.QueryRowContext(ctx, `SELECT id FROM `+x[0]+` ORDER BY id DESC LIMIT 1 OFFSET $1`, keep-1).Scan(&last)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err == nil {
			err = db.pruneAlerts(ctx, `DELETE FROM `+x[0]+` WHERE id IN (SELECT id FROM `+x[0]+` WHERE id < $1 AND `+x[1]+` ORDER BY id LIMIT $2)`, last)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) pruneAlerts(ctx context.Context, query string, until any) error {
	for {
		var n int64
		err := db.writeLater(ctx, "alert", func(t *tx) (err error) {
			n, err = t.changed(query, until, pruneBatch)
			return err
		})
		if err != nil || n < pruneBatch {
			return err
		}
	}
}
