package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/checkout"
)

const codeColumns = `id, code, station, evse, created_at, revoked_at`

func (v *vault) scanPayCode(s scanner) (c checkout.Code, err error) {
	var created, revoked int64
	err = s.Scan(&c.ID, v.into(&c.Code), &c.Station, &c.EVSE, &created, &revoked)
	c.CreatedAt, c.RevokedAt = instant(created), instant(revoked)
	return c, err
}

// PayCode finds the code of an EVSE that is good. NotFound.
func (db *DB) PayCode(ctx context.Context, station gnista.StationID, evse int) (checkout.Code, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+codeColumns+` FROM pay_code WHERE station = $1 AND evse = $2 AND revoked_at = 0`, string(station), evse)
	return one(row, db.scanPayCode, "EVSE %d of station %q has no payment code", evse, station)
}

// FindPayCode finds a code that is good by what it is. NotFound, which does not tell why.
func (db *DB) FindPayCode(ctx context.Context, code string) (checkout.Code, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+codeColumns+` FROM pay_code WHERE code_key = $1 AND revoked_at = 0`, db.hash("pay code ", code))
	return one(row, db.scanPayCode, "there is no such code")
}

// PayCodes lists codes that are good, by station and EVSE.
func (db *DB) PayCodes(ctx context.Context, limit int) ([]checkout.Code, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+codeColumns+` FROM pay_code WHERE revoked_at = 0 ORDER BY station, evse LIMIT $1`, limit)
	return all(rows, err, db.scanPayCode)
}

// PutPayCode stores a code for its EVSE. Where that has a good one this is revoked, or with keep is what is
// returned and c is not stored.
func (db *DB) PutPayCode(ctx context.Context, c checkout.Code, keep bool) (checkout.Code, error) {
	var out checkout.Code
	err := db.write(ctx, string(c.Station), func(t *tx) error {
		have, err := t.scanPayCode(t.row(`SELECT `+codeColumns+` FROM pay_code WHERE station = $1 AND evse = $2 AND revoked_at = 0`, string(c.Station), c.EVSE))
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case keep:
			out = have
			return nil
		default:
			if err := t.revokePayCode(c.Station, c.EVSE, c.CreatedAt); err != nil {
				return err
			}
		}
		out = c
		return t.exec(`INSERT INTO pay_code (`+codeColumns+`, code_key) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			c.ID, t.seal(c.Code), string(c.Station), c.EVSE, millis(c.CreatedAt), millis(c.RevokedAt), t.hash("pay code ", c.Code))
	})
	return out, err
}

// RevokePayCode makes the code of an EVSE good no more. NotFound.
func (db *DB) RevokePayCode(ctx context.Context, station gnista.StationID, evse int, now time.Time) error {
	return db.write(ctx, string(station), func(t *tx) error {
		if _, err := t.scanPayCode(t.row(`SELECT `+codeColumns+` FROM pay_code WHERE station = $1 AND evse = $2 AND revoked_at = 0`, string(station), evse)); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return gnista.Errorf(gnista.NotFound, "EVSE %d of station %q has no payment code", evse, station)
			}
			return err
		}
		return t.revokePayCode(station, evse, now)
	})
}

func (t *tx) revokePayCode(station gnista.StationID, evse int, now time.Time) error {
	return t.exec(`UPDATE pay_code SET revoked_at = $1 WHERE station = $2 AND evse = $3 AND revoked_at = 0`, millis(now), string(station), evse)
}
