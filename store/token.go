package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"gnista"
	"gnista/token"
)

const tokenColumns = `uid, type, name, token_group, blocked, expires_at, max_concurrent, offline, created_at, updated_at, account, tariff`

func scanToken(s scanner) (k token.Token, err error) {
	var expires, created, updated int64
	err = s.Scan(&k.ID.UID, &k.ID.Type, &k.Name, &k.Group, &k.Blocked, &expires, &k.MaxConcurrent, &k.Offline, &created, &updated, &k.Account, &k.Tariff)
	k.ExpiresAt, k.CreatedAt, k.UpdatedAt = instant(expires), instant(created), instant(updated)
	return k, err
}

const findToken = `SELECT ` + tokenColumns + ` FROM token WHERE uid_key = $1 AND ($2 = '' OR type = $2)
	ORDER BY CASE type WHEN 'ISO14443' THEN 0 WHEN 'ISO15693' THEN 1 ELSE 2 END, type LIMIT 1`

// Token finds the token with the UID and type, or with the UID alone when the type is empty. NotFound.
func (db *DB) Token(ctx context.Context, id token.ID) (token.Token, error) {
	row := db.sql.QueryRowContext(ctx, findToken, token.Key(id.UID), string(id.Type))
	return one(row, scanToken, "there is no token %s", token.Mask(id.UID))
}

// Tokens lists up to limit tokens in the order of their keys, behind the cursor after.
func (db *DB) Tokens(ctx context.Context, after string, limit int) (list []token.Token, next string, err error) {
	key, kind, _ := strings.Cut(after, " ") // which no key has
	rows, err := db.sql.QueryContext(ctx, `SELECT `+tokenColumns+` FROM token WHERE uid_key > $1 OR uid_key = $1 AND type > $2 ORDER BY uid_key, type LIMIT $3`, key, kind, limit)
	list, err = all(rows, err, scanToken)
	if len(list) == limit {
		last := list[limit-1].ID
		next = token.Key(last.UID) + " " + string(last.Type)
	}
	return list, next, err
}

// CreateToken adds a token. Conflict when it is there already.
func (db *DB) CreateToken(ctx context.Context, k token.Token) error {
	return db.write(ctx, "", func(t *tx) error {
		r, err := t.exec(`INSERT INTO token (uid_key, `+tokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`,
			token.Key(k.ID.UID), k.ID.UID, string(k.ID.Type), k.Name, k.Group, k.Blocked, millis(k.ExpiresAt), k.MaxConcurrent, k.Offline, millis(k.CreatedAt), millis(k.UpdatedAt), k.Account, k.Tariff)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, gnista.Errorf(gnista.Conflict, "a token of type %s with this UID is there already", k.ID.Type))
		}
		return t.tokensChanged()
	})
}

// UpdateToken changes the token id in one SQL transaction. NotFound.
func (db *DB) UpdateToken(ctx context.Context, id token.ID, change func(*token.Token) error) (token.Token, error) {
	var out token.Token
	err := db.write(ctx, "", func(t *tx) error {
		k, err := scanToken(t.row(findToken, token.Key(id.UID), string(id.Type)))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no such token")
		}
		if err != nil {
			return err
		}
		was := k
		if err := change(&k); err != nil {
			return err
		}
		out = k
		if _, err = t.exec(`UPDATE token SET name = $1, token_group = $2, blocked = $3, expires_at = $4, max_concurrent = $5, offline = $6, updated_at = $7, account = $8, tariff = $9 WHERE uid_key = $10 AND type = $11`,
			k.Name, k.Group, k.Blocked, millis(k.ExpiresAt), k.MaxConcurrent, k.Offline, millis(k.UpdatedAt), k.Account, k.Tariff, token.Key(k.ID.UID), string(k.ID.Type)); err != nil {
			return err
		}
		if was.Group == k.Group && was.Blocked == k.Blocked && was.Offline == k.Offline && was.ExpiresAt.Equal(k.ExpiresAt) {
			return nil
		}
		return t.tokensChanged()
	})
	return out, err
}

// DeleteToken removes a token. NotFound.
func (db *DB) DeleteToken(ctx context.Context, id token.ID) error {
	return db.write(ctx, "", func(t *tx) error {
		k, err := scanToken(t.row(findToken, token.Key(id.UID), string(id.Type)))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no such token")
		}
		if err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM token WHERE uid_key = $1 AND type = $2`, token.Key(k.ID.UID), string(k.ID.Type)); err != nil {
			return err
		}
		return t.tokensChanged()
	})
}
