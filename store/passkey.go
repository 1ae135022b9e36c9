package store

import (
	"context"
	"database/sql"
	"errors"

	"gnista"
	"gnista/access"
)

const passkeyColumns = `id, app_user, name, host, credential, count, created_at, seen_at, cloned_at`

func scanPasskey(s scanner) (p access.Passkey, err error) {
	var credential string
	var count, created, seen, cloned int64
	err = s.Scan(&p.ID, &p.User, &p.Name, &p.Host, &credential, &count, &created, &seen, &cloned)
	p.Credential, p.Count = []byte(credential), uint32(count)
	p.CreatedAt, p.SeenAt, p.ClonedAt = instant(created), instant(seen), instant(cloned)
	return p, err
}

// AddPasskey keeps a passkey. Conflict where it is known, or its user has most already.
func (db *DB) AddPasskey(ctx context.Context, p access.Passkey, most int) error {
	return db.write(ctx, accessKey, func(t *tx) error {
		if _, _, err := t.userAmong(p.User); err != nil {
			return err
		}
		var known, have int
		if err := t.row(`SELECT COUNT(CASE WHEN id = $1 THEN 1 END), COUNT(CASE WHEN app_user = $2 THEN 1 END) FROM app_passkey WHERE id = $1 OR app_user = $2`, p.ID, p.User).Scan(&known, &have); err != nil {
			return err
		}
		if known > 0 {
			return gnista.Errorf(gnista.Conflict, "this passkey is known already")
		}
		if have >= most {
			return gnista.Errorf(gnista.Conflict, "there are %d passkeys already; remove one before", have)
		}
		return t.exec(`INSERT INTO app_passkey (`+passkeyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			p.ID, p.User, p.Name, p.Host, string(p.Credential), int64(p.Count), millis(p.CreatedAt), millis(p.SeenAt), millis(p.ClonedAt))
	})
}

// Passkey finds a passkey. NotFound.
func (db *DB) Passkey(ctx context.Context, id string) (access.Passkey, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+passkeyColumns+` FROM app_passkey WHERE id = $1`, id), scanPasskey, "there is no such passkey")
}

// Passkeys lists those of a user, the newest first.
func (db *DB) Passkeys(ctx context.Context, user string) ([]access.Passkey, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+passkeyColumns+` FROM app_passkey WHERE app_user = $1 ORDER BY created_at DESC, id`, user)
	return all(rows, err, scanPasskey)
}

// ChangePasskey changes a passkey of a user within one SQL transaction. NotFound.
func (db *DB) ChangePasskey(ctx context.Context, user, id string, change func(*access.Passkey) error) (out access.Passkey, err error) {
	err = db.write(ctx, accessKey, func(t *tx) error {
		p, err := scanPasskey(t.row(`SELECT `+passkeyColumns+` FROM app_passkey WHERE id = $1 AND app_user = $2`, id, user))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no such passkey")
		}
		if err != nil {
			return err
		}
		if err := change(&p); err != nil {
			return err
		}
		out = p
		return t.exec(`UPDATE app_passkey SET name = $1, credential = $2, count = $3, seen_at = $4, cloned_at = $5 WHERE id = $6`,
			p.Name, string(p.Credential), int64(p.Count), millis(p.SeenAt), millis(p.ClonedAt), id)
	})
	return out, err
}

// DeletePasskey removes a passkey of a user. NotFound.
func (db *DB) DeletePasskey(ctx context.Context, user, id string) error {
	return db.write(ctx, accessKey, func(t *tx) error {
		n, err := t.changed(`DELETE FROM app_passkey WHERE id = $1 AND app_user = $2`, id, user)
		if err != nil || n == 0 {
			return errors.Join(err, gnista.Errorf(gnista.NotFound, "there is no such passkey"))
		}
		return nil
	})
}
