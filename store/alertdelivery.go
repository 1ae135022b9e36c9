package store

import (
	"context"
	"encoding/json"
	"time"

	"gnista"
	"gnista/fault/alert"
)

// addDeliveries keeps new deliveries; those whose key there is already are passed over.
func (t *tx) addDeliveries(list []alert.Delivery) error {
	for _, d := range list {
		data, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO alert_delivery (id, key, channel, alert, cause, state, next_at, done_at, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (key) DO NOTHING`,
			d.ID, d.Key, d.Channel, d.Alert, string(d.Cause), string(d.State), millis(d.NextAt), millis(d.DoneAt), string(data)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) saveDelivery(d alert.Delivery) error {
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return t.exec(`UPDATE alert_delivery SET state = $1, next_at = $2, done_at = $3, data = $4 WHERE id = $5`,
		string(d.State), millis(d.NextAt), millis(d.DoneAt), string(data), d.ID)
}

// withdraw withdraws what waits of an alert or for a channel.
func (t *tx) withdraw(column, id string, at time.Time) error {
	rows, err := t.rows(`SELECT data FROM alert_delivery WHERE `+column+` = $1 AND state = 'waiting'`, id)
	list, err := all(rows, err, scanData[alert.Delivery])
	if err != nil {
		return err
	}
	for _, d := range list {
		d.State, d.DoneAt = alert.Withdrawn, at
		if err := t.saveDelivery(d); err != nil {
			return err
		}
	}
	return nil
}

// AddDeliveries keeps new deliveries; those whose key there is already are passed over.
func (db *DB) AddDeliveries(ctx context.Context, list []alert.Delivery) error {
	if len(list) == 0 {
		return nil
	}
	return db.write(ctx, "alert", func(t *tx) error { return t.addDeliveries(list) })
}

// ChangeDelivery changes a delivery; the events go into the same SQL transaction. NotFound.
func (db *DB) ChangeDelivery(ctx context.Context, id string, f func(*alert.Delivery) ([]gnista.Event, error)) (out alert.Delivery, err error) {
	err = db.write(ctx, "alert", func(t *tx) error {
		d, err := one(t.row(`SELECT data FROM alert_delivery WHERE id = $1`, id), scanData[alert.Delivery], "there is no delivery %q", id)
		if err != nil {
			return err
		}
		evs, err := f(&d)
		if out = d; err != nil {
			return err
		}
		t.emit(evs...)
		return t.saveDelivery(d)
	})
	return out, err
}

// SumDeliveries puts a summary in the place of deliveries that wait.
func (db *DB) SumDeliveries(ctx context.Context, ids []string, sum alert.Delivery) error {
	return db.write(ctx, "alert", func(t *tx) error {
		for _, id := range ids {
			d, err := one(t.row(`SELECT data FROM alert_delivery WHERE id = $1`, id), scanData[alert.Delivery], "there is no delivery %q", id)
			if err != nil {
				return err
			}
			if d.State != alert.Waiting {
				continue
			}
			d.State, d.Into, d.DoneAt = alert.Summed, sum.ID, sum.CreatedAt
			if err := t.saveDelivery(d); err != nil {
				return err
			}
		}
		return t.addDeliveries([]alert.Delivery{sum})
	})
}

// DueChannels lists the channels that are on and for which something is due at a time.
func (db *DB) DueChannels(ctx context.Context, at time.Time, limit int) ([]string, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM alert_channel c WHERE state = 'on' AND EXISTS (
		SELECT 1 FROM alert_delivery d WHERE d.channel = c.id AND d.state = 'waiting' AND d.next_at <= $1) ORDER BY id LIMIT $2`, millis(at), limit)
	return all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
}

// DueDeliveries lists what is due for a channel, the longest first.
func (db *DB) DueDeliveries(ctx context.Context, channel string, at time.Time, limit int) ([]alert.Delivery, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT data FROM alert_delivery WHERE channel = $1 AND state = 'waiting' AND next_at <= $2 ORDER BY next_at, id LIMIT $3`,
		channel, millis(at), limit)
	return all(rows, err, scanData[alert.Delivery])
}

// SentSince counts alerts that a channel has taken since a time.
func (db *DB) SentSince(ctx context.Context, channel string, since time.Time) (n int, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT count(*) FROM alert_delivery WHERE channel = $1 AND state = 'sent' AND done_at > $2
		AND cause IN ('opened', 'escalated', 'cleared', 'summary')`, channel, millis(since)).Scan(&n)
	return n, err
}

// WaitingFor counts what waits for a channel.
func (db *DB) WaitingFor(ctx context.Context, channel string) (n int, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT count(*) FROM alert_delivery WHERE channel = $1 AND state = 'waiting'`, channel).Scan(&n)
	return n, err
}

// Delivery finds a delivery. NotFound.
func (db *DB) Delivery(ctx context.Context, id string) (alert.Delivery, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT data FROM alert_delivery WHERE id = $1`, id), scanData[alert.Delivery], "there is no delivery %q", id)
}

// Deliveries lists deliveries, the newest first.
func (db *DB) Deliveries(ctx context.Context, f alert.DeliveryFilter) ([]alert.Delivery, error) {
	var w where
	for _, x := range [][2]string{{`channel = ?`, f.Channel}, {`alert = ?`, f.Alert}, {`state = ?`, string(f.State)}, {`id < ?`, f.Before}} {
		if x[1] != "" {
			w.add(x[0], x[1])
		}
	}
	limited := w.arg(f.Limit)
	rows, err := db.sql.QueryContext(ctx, `SELECT data FROM alert_delivery`+w.sql()+` ORDER BY id DESC LIMIT `+limited, w.args...)
	return all(rows, err, scanData[alert.Delivery])
}
