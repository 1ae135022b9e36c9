package store

import (
	"context"
	"time"

	"gnista"
	"gnista/checkout"
)

// DynamicCode finds how a station makes the codes of an EVSE, or else all of its. NotFound.
func (db *DB) DynamicCode(ctx context.Context, id gnista.StationID, evse int) (checkout.DynamicCode, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT station, evse, secret, template, validity, length, is_on, since FROM dynamic_code WHERE station = $1 AND evse IN ($2, 0) ORDER BY evse DESC LIMIT 1`, string(id), evse)
	return one(row, func(s scanner) (c checkout.DynamicCode, err error) {
		var secret string
		var seconds, since int64
		if err := s.Scan(&c.Station, &c.EVSE, &secret, &c.Template, &seconds, &c.Length, &c.On, &since); err != nil {
			return c, err
		}
		c.Validity, c.Since = time.Duration(seconds)*time.Second, instant(since)
		return c, db.unfold(secret, &c.Secret)
	}, "station %s shows no codes that change at EVSE %d", id, evse)
}

// SaveDynamicCode stores how a station makes its codes over what was before.
func (db *DB) SaveDynamicCode(ctx context.Context, c checkout.DynamicCode) error {
	secret, err := db.fold(c.Secret)
	if err != nil {
		return err
	}
	return db.write(ctx, string(c.Station), func(t *tx) error {
		return t.exec(`INSERT INTO dynamic_code (station, evse, secret, template, validity, length, is_on, since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (station, evse) DO UPDATE SET secret = excluded.secret, template = excluded.template, validity = excluded.validity, length = excluded.length, is_on = excluded.is_on, since = excluded.since`,
			string(c.Station), c.EVSE, secret, c.Template, int64(c.Validity/time.Second), c.Length, c.On, millis(c.Since))
	})
}

// ForgetDynamicCode deletes how a station makes its codes.
func (db *DB) ForgetDynamicCode(ctx context.Context, id gnista.StationID, evse int) error {
	return db.write(ctx, string(id), func(t *tx) error {
		return t.exec(`DELETE FROM dynamic_code WHERE station = $1 AND evse = $2`, string(id), evse)
	})
}

// UseDynamicCode takes the password of an interval, and tells whether it was there to take.
func (db *DB) UseDynamicCode(ctx context.Context, c checkout.DynamicCode, interval, old uint64) (taken bool, err error) {
	err = db.write(ctx, string(c.Station), func(t *tx) error {
		if err := t.exec(`DELETE FROM dynamic_code_used WHERE station = $1 AND evse = $2 AND turn < $3`, string(c.Station), c.EVSE, int64(old)); err != nil {
			return err
		}
		n, err := t.changed(`INSERT INTO dynamic_code_used (station, evse, turn) VALUES ($1, $2, $3) ON CONFLICT (station, evse, turn) DO NOTHING`, string(c.Station), c.EVSE, int64(interval))
		taken = n > 0
		return err
	})
	return taken, err
}
