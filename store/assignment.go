package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/tariff"
)

// assigned are the tariffs that hold in a case, the first before the others: $1 is the station, $2 the
// EVSE, $3 the key of the token, $4 its type or empty, $5 the group, $6 the account.
const assigned = `
	SELECT 1 AS rank, 'token' AS rule, tariff FROM token WHERE uid_key = $3 AND ($4 = '' OR type = $4) AND uid_key <> ''
	UNION ALL SELECT 2, 'group', tariff FROM token_group WHERE name = $5 AND name <> ''
	UNION ALL SELECT 3, 'customer', c.tariff FROM account a JOIN customer c ON c.id = a.customer WHERE a.id = $6
	UNION ALL SELECT 4, 'evse', tariff FROM evse_tariff WHERE station = $1 AND evse = $2
	UNION ALL SELECT 5, 'station', tariff FROM station WHERE id = $1
	UNION ALL SELECT 6, 'site', s.tariff FROM station x JOIN site s ON s.id = x.site WHERE x.id = $1
	UNION ALL SELECT 7, 'default', id FROM tariff WHERE is_default`

// inForce finds the version that holds at $7, and why.
const inForce = ` FROM (` + assigned + `) a JOIN tariff t ON t.id = a.tariff AND t.deleted_at = 0 JOIN tariff_version v ON v.tariff = t.id AND v.valid_from <= $7
	ORDER BY a.rank, v.valid_from DESC, v.number DESC LIMIT 1`

func caseOf(c charging.Case) tariff.Case {
	return tariff.Case{Station: c.Station, EVSE: c.EVSE, TokenUID: c.Token.UID, TokenType: string(c.Token.Type), Group: c.Group, Account: c.Account, At: c.At}
}

func (v *vault) caseArgs(c tariff.Case) []any {
	return []any{string(c.Station), c.EVSE, v.key(c.TokenUID), c.TokenType, c.Group, c.Account, millis(c.At)}
}

// InForce finds the version that holds in a case: of the tariff of the first rule that has one with a
// version that is valid by then. NotFound.
func (db *DB) InForce(ctx context.Context, c tariff.Case) (tariff.Assigned, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT a.rule, `+versionColumns+inForce, db.caseArgs(c)...)
	return one(row, func(s scanner) (a tariff.Assigned, err error) {
		to, done := versionFields(&a.Version)
		if err := s.Scan(append([]any{&a.Rule}, to...)...); err != nil {
			return a, err
		}
		return a, done()
	}, "no tariff holds on station %q", c.Station)
}

// InForce is the id of the version that holds in a case, and empty when none does.
func (t *chargingTx) InForce(c charging.Case) (id string, err error) {
	err = t.row(`SELECT v.id`+inForce, t.caseArgs(caseOf(c))...).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// EVSETariffs are the tariffs of a station's EVSEs.
func (db *DB) EVSETariffs(ctx context.Context, station gnista.StationID) (map[int]string, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT evse, tariff FROM evse_tariff WHERE station = $1`, string(station))
	type pair struct {
		evse   int
		tariff string
	}
	list, err := all(rows, err, func(s scanner) (p pair, err error) { return p, s.Scan(&p.evse, &p.tariff) })
	have := make(map[int]string, len(list))
	for _, p := range list {
		have[p.evse] = p.tariff
	}
	return have, err
}

// SetEVSETariff gives an EVSE a tariff, or with an empty id takes it away.
func (db *DB) SetEVSETariff(ctx context.Context, station gnista.StationID, evse int, tariff string) error {
	return db.write(ctx, string(station), func(t *tx) error {
		query, args := `DELETE FROM evse_tariff WHERE station = $1 AND evse = $2`, []any{string(station), evse}
		if tariff != "" {
			query = `INSERT INTO evse_tariff (station, evse, tariff) VALUES ($1, $2, $3) ON CONFLICT (station, evse) DO UPDATE SET tariff = excluded.tariff`
			args = append(args, tariff)
		}
		return t.exec(query, args...)
	})
}

// SetGroupTariff gives a group of tokens a tariff, or with an empty id takes it away.
func (db *DB) SetGroupTariff(ctx context.Context, group, tariff string, now time.Time) error {
	return db.write(ctx, "", func(t *tx) error {
		return t.exec(`INSERT INTO token_group (name, offline, updated_at, tariff) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET tariff = excluded.tariff, updated_at = excluded.updated_at`, group, false, millis(now), tariff)
	})
}

// Uses lists what a tariff is of: by rule, and then in the order of ids.
func (db *DB) Uses(ctx context.Context, id string, limit int) ([]tariff.Use, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT rule, id, name, evse, type, uid FROM (
		SELECT 1 AS rank, 'token' AS rule, uid_key AS id, name, 0 AS evse, type, uid FROM token WHERE tariff = $1
		UNION ALL SELECT 2, 'group', name, name, 0, '', '' FROM token_group WHERE tariff = $1
		UNION ALL SELECT 3, 'customer', id, name, 0, '', '' FROM customer WHERE tariff = $1
		UNION ALL SELECT 4, 'evse', e.station, COALESCE(s.name, ''), e.evse, '', '' FROM evse_tariff e LEFT JOIN station s ON s.id = e.station WHERE e.tariff = $1
		UNION ALL SELECT 5, 'station', id, name, 0, '', '' FROM station WHERE tariff = $1
		UNION ALL SELECT 6, 'site', id, name, 0, '', '' FROM site WHERE tariff = $1) u
		ORDER BY rank, id, evse, type LIMIT $2`, id, limit)
	return all(rows, err, func(s scanner) (u tariff.Use, err error) {
		var uid string
		err = s.Scan(&u.Rule, &u.ID, &u.Name, &u.EVSE, &u.Type, db.into(&uid))
		if uid != "" {
			u.ID = uid
		}
		return u, err
	})
}
