package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/bytedance/sonic"

	"gnista"
	"gnista/token"
)

const tokenColumns = `uid, type, name, token_group, blocked, expires_at, max_concurrent, offline, created_at, updated_at, account,
	valid_from, master, block_reason, detail, tariff`

// tokenDetail is what of a token is in one column.
type tokenDetail struct {
	Language string       `json:",omitempty"`
	Message  string       `json:",omitempty"`
	Sites    []string     `json:",omitempty"`
	Limits   token.Limits `json:",omitzero"`
}

func (v *vault) scanToken(s scanner) (k token.Token, err error) {
	var expires, created, updated, from int64
	var rest string
	err = s.Scan(v.into(&k.ID.UID), &k.ID.Type, &k.Name, &k.Group, &k.Blocked, &expires, &k.MaxConcurrent, &k.Offline, &created, &updated, &k.Account,
		&from, &k.Master, &k.BlockReason, &rest, &k.Tariff)
	if err != nil {
		return k, err
	}
	k.ExpiresAt, k.CreatedAt, k.UpdatedAt, k.ValidFrom = instant(expires), instant(created), instant(updated), instant(from)
	if rest == "" || rest == "{}" {
		return k, nil
	}
	var d tokenDetail
	err = sonic.UnmarshalString(rest, &d)
	k.Language, k.Message, k.Sites, k.Limits = d.Language, d.Message, d.Sites, d.Limits
	return k, err
}

const findToken = `SELECT ` + tokenColumns + ` FROM token WHERE uid_key = $1 AND ($2 = '' OR type = $2)
	ORDER BY CASE type WHEN 'ISO14443' THEN 0 WHEN 'ISO15693' THEN 1 ELSE 2 END, type LIMIT 1`

// Token finds the token with the UID and type, or with the UID alone when the type is empty. NotFound.
func (db *DB) Token(ctx context.Context, id token.ID) (token.Token, error) {
	row := db.sql.QueryRowContext(ctx, findToken, db.key(id.UID), string(id.Type))
	return one(row, db.scanToken, "there is no token %s", token.Mask(id.UID))
}

// Tokens lists up to limit tokens in the order of the hashes of their keys, behind the cursor after.
func (db *DB) Tokens(ctx context.Context, f token.Filter) (list []token.Token, next string, err error) {
	var w where
	if f.Account != "" {
		w.add("account = ?", f.Account)
	}
	if f.Group != "" {
		w.add("token_group = ?", f.Group)
	}
	if f.Blocked {
		w.add("blocked = ?", true)
	}
	if f.Text != "" {
		w.like(f.Text, "name", "token_group")
	}
	if f.After != "" {
		key, kind, _ := strings.Cut(f.After, " ") // which no key has
		w.conditions = append(w.conditions, "(uid_key, type) > ("+w.arg(key)+", "+w.arg(kind)+")")
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+tokenColumns+` FROM token`+w.sql()+` ORDER BY uid_key, type LIMIT `+w.arg(f.Limit), w.args...)
	list, err = all(rows, err, db.scanToken)
	if len(list) == f.Limit {
		last := list[f.Limit-1].ID
		next = db.key(last.UID) + " " + string(last.Type)
	}
	return list, next, err
}

// CreateToken adds a token, which is then no longer among the unknown. Conflict when it is there already,
// Invalid when there is no such account, tariff or site.
func (db *DB) CreateToken(ctx context.Context, k token.Token) error {
	return db.write(ctx, "", func(t *tx) error {
		var there bool
		if err := t.row(`SELECT EXISTS (SELECT 1 FROM token WHERE uid_key = $1 AND type = $2)`, t.key(k.ID.UID), string(k.ID.Type)).Scan(&there); err != nil {
			return err
		}
		if there {
			return gnista.Errorf(gnista.Conflict, "a token of type %s with this UID is there already", k.ID.Type)
		}
		if err := checkToken(t, k, token.Token{}); err != nil {
			return err
		}
		if err := t.saveToken(k); err != nil {
			return err
		}
		return t.tokensChanged()
	})
}

// checkToken finds what a token names and is not there; what it named before is not asked for.
func checkToken(t interface{ row(string, ...any) scanner }, k, was token.Token) error {
	exists := func(query, id string) (there bool, err error) {
		err = t.row(`SELECT EXISTS (`+query+`)`, id).Scan(&there)
		return there, err
	}
	if k.Account != "" && k.Account != was.Account {
		if there, err := exists(`SELECT 1 FROM account WHERE id = $1`, k.Account); err != nil || !there {
			return cmp.Or(err, gnista.Invalidf("account", "there is no account %q", k.Account))
		}
	}
	if k.Tariff != "" && k.Tariff != was.Tariff {
		if there, err := exists(`SELECT 1 FROM tariff WHERE id = $1 AND deleted_at = 0`, k.Tariff); err != nil || !there {
			return cmp.Or(err, gnista.Invalidf("tariff", "there is no tariff %q", k.Tariff))
		}
	}
	for _, id := range k.Sites {
		if slices.Contains(was.Sites, id) {
			continue
		}
		if there, err := exists(`SELECT 1 FROM site WHERE id = $1`, id); err != nil || !there {
			return cmp.Or(err, gnista.Invalidf("sites", "there is no site %q", id))
		}
	}
	return nil
}

// CheckToken fails where CreateToken would because of what the token names. Invalid.
func (db *DB) CheckToken(ctx context.Context, k token.Token) error {
	return checkToken(reading{ctx, db}, k, token.Token{})
}

// reading reads beside the writers.
type reading struct {
	context.Context
	db *DB
}

func (r reading) row(query string, args ...any) scanner {
	return r.db.sql.QueryRowContext(r.Context, query, args...)
}

// saveToken adds or replaces a token.
func (t *tx) saveToken(k token.Token) error {
	rest, err := sonic.MarshalString(tokenDetail{k.Language, k.Message, k.Sites, k.Limits})
	if err != nil {
		return err
	}
	key := t.key(k.ID.UID)
	if err := t.exec(`INSERT INTO token (uid_key, `+tokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (uid_key, type) DO UPDATE SET name = excluded.name, token_group = excluded.token_group, blocked = excluded.blocked, expires_at = excluded.expires_at,
		max_concurrent = excluded.max_concurrent, offline = excluded.offline, updated_at = excluded.updated_at, account = excluded.account,
		valid_from = excluded.valid_from, master = excluded.master, block_reason = excluded.block_reason, detail = excluded.detail, tariff = excluded.tariff`,
		key, t.seal(k.ID.UID), string(k.ID.Type), k.Name, k.Group, k.Blocked, millis(k.ExpiresAt), k.MaxConcurrent, k.Offline, millis(k.CreatedAt), millis(k.UpdatedAt), k.Account,
		millis(k.ValidFrom), k.Master, k.BlockReason, rest, k.Tariff); err != nil {
		return err
	}
	return t.exec(`DELETE FROM unknown_token WHERE uid_key = $1 AND (type = $2 OR type = '')`, key, string(k.ID.Type))
}

// sameListed tells whether a change shows in no list of a station.
func sameListed(a, b token.Token) bool {
	return a.Account == b.Account && a.Group == b.Group && a.Blocked == b.Blocked && a.ValidFrom.Equal(b.ValidFrom) && a.ExpiresAt.Equal(b.ExpiresAt) &&
		a.Offline == b.Offline && a.Master == b.Master && slices.Equal(a.Sites, b.Sites)
}

func (t *tx) findToken(id token.ID) (token.Token, error) {
	k, err := t.scanToken(t.row(findToken, t.key(id.UID), string(id.Type)))
	if errors.Is(err, sql.ErrNoRows) {
		return k, gnista.Errorf(gnista.NotFound, "there is no such token")
	}
	return k, err
}

// UpdateToken changes the token id in one SQL transaction. NotFound; Invalid as in CreateToken.
func (db *DB) UpdateToken(ctx context.Context, id token.ID, change func(*token.Token) error) (token.Token, error) {
	var out token.Token
	err := db.write(ctx, "", func(t *tx) error {
		k, err := t.findToken(id)
		if err != nil {
			return err
		}
		was := k
		if err := change(&k); err != nil {
			return err
		}
		if err := checkToken(t, k, was); err != nil {
			return err
		}
		out = k
		if err := t.saveToken(k); err != nil || sameListed(was, k) {
			return err
		}
		return t.tokensChanged()
	})
	return out, err
}

// SaveTokens adds or replaces all of the tokens, or none. Invalid as in CreateToken.
func (db *DB) SaveTokens(ctx context.Context, list []token.Token) error {
	return db.writeLater(ctx, "", func(t *tx) error {
		for _, k := range list {
			if err := checkToken(t, k, token.Token{}); err != nil {
				return err
			}
		}
		for _, k := range list {
			if err := t.saveToken(k); err != nil {
				return err
			}
		}
		return t.tokensChanged()
	})
}

// DeleteToken removes a token. NotFound.
func (db *DB) DeleteToken(ctx context.Context, id token.ID) error {
	return db.write(ctx, "", func(t *tx) error {
		k, err := t.findToken(id)
		if err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM token WHERE uid_key = $1 AND type = $2`, t.key(k.ID.UID), string(k.ID.Type)); err != nil {
			return err
		}
		return t.tokensChanged()
	})
}

// usedQuery is what a token has used since a time; amounts are of one currency.
const usedQuery = `SELECT COUNT(*), COALESCE(SUM(x.energy_wh), 0), COALESCE(SUM(
		(SELECT COALESCE(SUM(c.total), 0) FROM charge_record c WHERE c.transaction_id = x.id AND c.currency = $4)), 0)
	FROM station_transaction x WHERE x.token_key = $1 AND x.token_type = $2 AND x.started_at >= $3 AND x.authorised = $5`

func (v *vault) usedArgs(id token.ID, since time.Time, currency string) []any {
	return []any{v.key(id.UID), string(id.Type), millis(since), currency, true}
}

func scanUsed(s scanner) (u token.Used, err error) {
	return u, s.Scan(&u.Sessions, &u.Wh, &u.Amount)
}

// Used is what a token has used in transactions that have begun since.
func (db *DB) Used(ctx context.Context, id token.ID, since time.Time, currency string) (token.Used, error) {
	return scanUsed(db.sql.QueryRowContext(ctx, usedQuery, db.usedArgs(id, since, currency)...))
}

// SiteOf is the id of the site of a station; empty when it has none or is not known.
func (db *DB) SiteOf(ctx context.Context, station gnista.StationID) (site string, err error) {
	err = db.sql.QueryRowContext(ctx, siteOf, string(station)).Scan(&site)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return site, err
}

const siteOf = `SELECT site FROM station WHERE id = $1`

func (t *chargingTx) Used(id token.ID, since time.Time, currency string) (token.Used, error) {
	return scanUsed(t.row(usedQuery, t.usedArgs(id, since, currency)...))
}

// manyBegun is how many beginnings of one token are looked at.
const manyBegun = 1000

func (t *chargingTx) Begun(id token.ID, from, to time.Time) ([]token.Begun, error) {
	rows, err := t.rows(`SELECT x.station, COALESCE(s.site, ''), x.started_at FROM station_transaction x LEFT JOIN station s ON s.id = x.station
		WHERE x.token_key = $1 AND x.token_type = $2 AND x.started_at BETWEEN $3 AND $4 AND x.authorised = $5 ORDER BY x.started_at DESC LIMIT $6`,
		t.key(id.UID), string(id.Type), millis(from), millis(to), true, manyBegun)
	return all(rows, err, func(s scanner) (b token.Begun, err error) {
		var at int64
		err = s.Scan(&b.Station, &b.Site, &at)
		b.At = instant(at)
		return b, err
	})
}

func (t *chargingTx) Site(station gnista.StationID) (site string, err error) {
	err = t.row(siteOf, string(station)).Scan(&site)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return site, err
}

func (t *chargingTx) BlockToken(id token.ID, reason string, now time.Time) error {
	n, err := t.changed(`UPDATE token SET blocked = $1, block_reason = $2, updated_at = $3 WHERE uid_key = $4 AND type = $5 AND blocked = $6`,
		true, reason, millis(now), t.key(id.UID), string(id.Type), false)
	if err != nil || n == 0 {
		return err
	}
	return t.tokensChanged()
}
