package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"gnista"
	"gnista/token"
)

const unknownColumns = `id, uid, type, station, evse, count, first_at, last_at`

func (v *vault) scanUnknown(s scanner) (u token.UnknownToken, err error) {
	var first, last int64
	err = s.Scan(&u.ID, v.into(&u.Token.UID), &u.Token.Type, &u.Station, &u.EVSE, &u.Count, &first, &last)
	u.FirstAt, u.LastAt = instant(first), instant(last)
	return u, err
}

// SawUnknown keeps that a token was asked for, and at most so many tokens.
func (db *DB) SawUnknown(ctx context.Context, u token.UnknownToken, most int) error {
	return db.write(ctx, string(u.Station), func(t *tx) error {
		key := t.key(u.Token.UID)
		n, err := t.changed(`UPDATE unknown_token SET uid = $1, station = $2, evse = $3, count = count + $4, last_at = $5 WHERE uid_key = $6 AND type = $7`,
			t.seal(u.Token.UID), string(u.Station), u.EVSE, u.Count, millis(u.LastAt), key, string(u.Token.Type))
		if err != nil || n > 0 {
			return err
		}
		if err := t.exec(`INSERT INTO unknown_token (`+unknownColumns+`, uid_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (uid_key, type) DO UPDATE SET count = unknown_token.count + excluded.count, last_at = excluded.last_at`,
			u.ID, t.seal(u.Token.UID), string(u.Token.Type), string(u.Station), u.EVSE, u.Count, millis(u.FirstAt), millis(u.LastAt), key); err != nil {
			return err
		}
		return t.exec(`DELETE FROM unknown_token WHERE id IN (SELECT id FROM unknown_token ORDER BY last_at DESC, id DESC LIMIT $1 OFFSET $2)`, most, most)
	})
}

// UnknownToken finds one. NotFound.
func (db *DB) UnknownToken(ctx context.Context, id string) (token.UnknownToken, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+unknownColumns+` FROM unknown_token WHERE id = $1`, id)
	return one(row, db.scanUnknown, "there is no unknown token %q", id)
}

// UnknownTokens lists them, the one that was asked for last first, behind the cursor after.
func (db *DB) UnknownTokens(ctx context.Context, after string, limit int) (list []token.UnknownToken, next string, err error) {
	query, args := `SELECT `+unknownColumns+` FROM unknown_token`, []any{limit}
	if at, id, ok := strings.Cut(after, " "); ok {
		ms, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return nil, "", gnista.Invalidf("cursor", "is not one of ours")
		}
		query, args = query+` WHERE last_at < $2 OR last_at = $2 AND id < $3`, append(args, ms, id)
	}
	rows, err := db.sql.QueryContext(ctx, query+` ORDER BY last_at DESC, id DESC LIMIT $1`, args...)
	list, err = all(rows, err, db.scanUnknown)
	if len(list) == limit {
		last := list[limit-1]
		next = strconv.FormatInt(millis(last.LastAt), 10) + " " + last.ID
	}
	return list, next, err
}

// ForgetUnknown removes one. NotFound.
func (db *DB) ForgetUnknown(ctx context.Context, id string) error {
	return db.write(ctx, "", func(t *tx) error {
		var there string
		err := t.row(`SELECT id FROM unknown_token WHERE id = $1`, id).Scan(&there)
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no unknown token %q", id)
		}
		if err != nil {
			return err
		}
		return t.exec(`DELETE FROM unknown_token WHERE id = $1`, id)
	})
}
