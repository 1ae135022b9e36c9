package store

import (
	"context"
	"time"

	"gnista"
	"gnista/fault/alert"
)

const alertChannelColumns = `after_seq, detail`

// scanAlertChannel reads a channel, whose detail is sealed.
func (v *vault) scanAlertChannel(s scanner) (c alert.Channel, err error) {
	var after int64
	var detail string
	if err = s.Scan(&after, &detail); err != nil {
		return c, err
	}
	err = v.unfold(detail, &c)
	c.After = after
	return c, err
}

// AddChannel keeps a new channel. Conflict where there are most.
func (db *DB) AddChannel(ctx context.Context, c alert.Channel, most int) error {
	return db.write(ctx, "alert", func(t *tx) error {
		var n int
		if err := t.row(`SELECT count(*) FROM alert_channel`).Scan(&n); err != nil {
			return err
		}
		if n >= most {
			return gnista.Errorf(gnista.Conflict, "there are %d channels, and no more may be", n)
		}
		detail, err := t.fold(c)
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO alert_channel (id, person, kind, state, after_seq, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
			c.ID, c.Person, string(c.Kind), string(c.State), c.After, detail)
	})
}

// ChangeChannel changes a channel; the events go into the same SQL transaction. NotFound.
func (db *DB) ChangeChannel(ctx context.Context, id string, f func(*alert.Channel) ([]gnista.Event, error)) (out alert.Channel, err error) {
	err = db.write(ctx, "alert", func(t *tx) error {
		c, err := one(t.row(`SELECT `+alertChannelColumns+` FROM alert_channel WHERE id = $1`, id), t.scanAlertChannel, "there is no channel %q", id)
		if err != nil {
			return err
		}
		evs, err := f(&c)
		if err != nil {
			return err
		}
		out = c
		detail, err := t.fold(c)
		if err != nil {
			return err
		}
		t.emit(evs...)
		return t.exec(`UPDATE alert_channel SET person = $1, state = $2, detail = $3 WHERE id = $4`, c.Person, string(c.State), detail, id)
	})
	return out, err
}

// DeleteChannel forgets a channel; what waits for it is withdrawn. NotFound.
func (db *DB) DeleteChannel(ctx context.Context, id string, at time.Time) error {
	return db.write(ctx, "alert", func(t *tx) error {
		if _, err := one(t.row(`SELECT `+alertChannelColumns+` FROM alert_channel WHERE id = $1`, id), t.scanAlertChannel, "there is no channel %q", id); err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM alert_channel WHERE id = $1`, id); err != nil {
			return err
		}
		return t.withdraw(`channel`, id, at)
	})
}

// Channel finds a channel. NotFound.
func (db *DB) Channel(ctx context.Context, id string) (alert.Channel, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+alertChannelColumns+` FROM alert_channel WHERE id = $1`, id), db.scanAlertChannel, "there is no channel %q", id)
}

// Channels lists channels in the order of their ids.
func (db *DB) Channels(ctx context.Context, f alert.ChannelFilter) ([]alert.Channel, error) {
	var w where
	for _, x := range [][2]string{{`person = ?`, f.Person}, {`kind = ?`, string(f.Kind)}, {`id > ?`, f.After}} {
		if x[1] != "" {
			w.add(x[0], x[1])
		}
	}
	limited := w.arg(f.Limit)
	rows, err := db.sql.QueryContext(ctx, `SELECT `+alertChannelColumns+` FROM alert_channel`+w.sql()+` ORDER BY id LIMIT `+limited, w.args...)
	return all(rows, err, db.scanAlertChannel)
}

// FeedChannel makes deliveries of events, and keeps up to which one they have been taken up.
func (db *DB) FeedChannel(ctx context.Context, id string, after int64, list []alert.Delivery) error {
	return db.write(ctx, "alert", func(t *tx) error {
		n, err := t.changed(`UPDATE alert_channel SET after_seq = $1 WHERE id = $2`, after, id)
		if err != nil || n == 0 {
			return err
		}
		return t.addDeliveries(list)
	})
}
