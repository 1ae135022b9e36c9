package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/tariff"
)

const versionColumns = `v.id, v.tariff, v.number, t.currency, v.valid_from, v.net, v.min_cost, v.max_cost, v.elements, v.created_at`

// versionFields are where versionColumns are scanned to, and what is to be done then.
func versionFields(v *tariff.Version) (to []any, done func() error) {
	var from, created int64
	var elements string
	return []any{&v.ID, &v.Tariff, &v.Number, &v.Currency, &from, &v.Net, &v.Min, &v.Max, &elements, &created}, func() error {
		v.ValidFrom, v.CreatedAt = instant(from), instant(created)
		return json.Unmarshal([]byte(elements), &v.Elements)
	}
}

func scanVersion(s scanner) (v tariff.Version, err error) {
	to, done := versionFields(&v)
	if err := s.Scan(to...); err != nil {
		return v, err
	}
	return v, done()
}

const tariffColumns = `id, name, currency, is_default, created_at`

func scanTariff(s scanner) (t tariff.Tariff, err error) {
	var created int64
	err = s.Scan(&t.ID, &t.Name, &t.Currency, &t.Default, &created)
	t.CreatedAt = instant(created)
	return t, err
}

// CreateTariff stores x and its one version. If x is the default one, no other is any more.
func (db *DB) CreateTariff(ctx context.Context, x tariff.Tariff) error {
	return db.write(ctx, "", func(t *tx) error {
		if x.Default {
			if err := t.noDefaultTariff(); err != nil {
				return err
			}
		}
		if err := t.exec(`INSERT INTO tariff (`+tariffColumns+`) VALUES ($1, $2, $3, $4, $5)`, x.ID, x.Name, x.Currency, x.Default, millis(x.CreatedAt)); err != nil {
			return err
		}
		return t.addVersion(x.Versions[0])
	})
}

func (t *tx) noDefaultTariff() error {
	return t.exec(`UPDATE tariff SET is_default = $1 WHERE is_default = $2`, false, true)
}

func (t *tx) addVersion(v tariff.Version) error {
	elements, err := json.Marshal(v.Elements)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO tariff_version (id, tariff, number, valid_from, net, min_cost, max_cost, elements, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		v.ID, v.Tariff, v.Number, millis(v.ValidFrom), v.Net, string(v.Min), string(v.Max), string(elements), millis(v.CreatedAt))
}

// AddVersion stores another version and gives it the next number. NotFound.
func (db *DB) AddVersion(ctx context.Context, v tariff.Version) (tariff.Version, error) {
	err := db.write(ctx, "", func(t *tx) error {
		if err := t.lockTariff(v.Tariff); err != nil {
			return err
		}
		err := t.row(`SELECT t.currency, MAX(v.number) + 1 FROM tariff t JOIN tariff_version v ON v.tariff = t.id WHERE t.id = $1 GROUP BY t.currency`, v.Tariff).
			Scan(&v.Currency, &v.Number)
		if err != nil {
			return err
		}
		return t.addVersion(v)
	})
	return v, err
}

// lockTariff keeps others from changing a tariff until the commit. NotFound.
func (t *tx) lockTariff(id string) error {
	n, err := t.changed(`UPDATE tariff SET id = id WHERE id = $1 AND deleted_at = 0`, id)
	if err != nil || n == 0 {
		return errors.Join(err, gnista.Errorf(gnista.NotFound, "there is no tariff %q", id))
	}
	return nil
}

// UpdateTariff gives a tariff another name, and makes it the default one where that is said. NotFound.
func (db *DB) UpdateTariff(ctx context.Context, id string, change func(*tariff.Tariff) error) (tariff.Tariff, error) {
	err := db.write(ctx, "", func(t *tx) error {
		x, err := scanTariff(t.row(`SELECT `+tariffColumns+` FROM tariff WHERE id = $1 AND deleted_at = 0`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no tariff %q", id)
		}
		if err != nil {
			return err
		}
		was := x.Default
		if err := change(&x); err != nil {
			return err
		}
		if x.Default && !was {
			if err := t.noDefaultTariff(); err != nil {
				return err
			}
		}
		return t.exec(`UPDATE tariff SET name = $1, is_default = $2 WHERE id = $3`, x.Name, x.Default, id)
	})
	if err != nil {
		return tariff.Tariff{}, err
	}
	return db.Tariff(ctx, id)
}

// inUse are what a tariff may be of, or have been used for: what to say, and the query for one example
// and how many there are.
var inUse = []struct{ what, query string }{
	{"is the default one", `SELECT COUNT(*), '' FROM tariff WHERE id = $1 AND is_default`},
	{"is that of id tokens ({n} in all)", `SELECT COUNT(*), '' FROM token WHERE tariff = $1`},
	{"is that of groups of tokens, {id} among them ({n} in all)", `SELECT COUNT(*), COALESCE(MIN(name), '') FROM token_group WHERE tariff = $1`},
	{"is that of customers, {id} among them ({n} in all)", `SELECT COUNT(*), COALESCE(MIN(id), '') FROM customer WHERE tariff = $1`},
	{"is that of EVSEs, one of station {id} among them ({n} in all)", `SELECT COUNT(*), COALESCE(MIN(station), '') FROM evse_tariff WHERE tariff = $1`},
	{"is that of stations, {id} among them ({n} in all)", `SELECT COUNT(*), COALESCE(MIN(id), '') FROM station WHERE tariff = $1`},
	{"is that of sites, {id} among them ({n} in all)", `SELECT COUNT(*), COALESCE(MIN(id), '') FROM site WHERE tariff = $1`},
	{"was used by transaction {id}", `SELECT COUNT(*), COALESCE(MAX(id), '') FROM (SELECT x.id FROM station_transaction x JOIN tariff_version v ON v.id = x.tariff WHERE v.tariff = $1 AND x.tariff <> '' LIMIT 1) used`},
	{"was shown for reservation {id}", `SELECT COUNT(*), COALESCE(MAX(id), '') FROM (SELECT x.id FROM reservation x JOIN tariff_version v ON v.id = x.tariff WHERE v.tariff = $1 AND x.tariff <> '' LIMIT 1) used`},
	{"was used by charge record {id}", `SELECT COUNT(*), COALESCE(MAX(id), '') FROM (SELECT r.id FROM charge_record r JOIN tariff_version v ON v.id = r.tariff_version WHERE v.tariff = $1 LIMIT 1) used`},
}

// DeleteTariff removes a tariff that is nobody's and was never used. NotFound, Conflict.
func (db *DB) DeleteTariff(ctx context.Context, id string, now time.Time) error {
	return db.write(ctx, "", func(t *tx) error {
		if err := t.lockTariff(id); err != nil {
			return err
		}
		for _, u := range inUse {
			var n int
			var example string
			if err := t.row(u.query, id).Scan(&n, &example); err != nil {
				return err
			}
			if n > 0 {
				why := strings.NewReplacer("{n}", strconv.Itoa(n), "{id}", example).Replace(u.what)
				return gnista.Errorf(gnista.Conflict, "the tariff cannot be deleted: it %s", why)
			}
		}
		return t.exec(`UPDATE tariff SET deleted_at = $1 WHERE id = $2`, millis(now), id)
	})
}

// Tariff finds a tariff with its versions. NotFound.
func (db *DB) Tariff(ctx context.Context, id string) (tariff.Tariff, error) {
	x, err := one(db.sql.QueryRowContext(ctx, `SELECT `+tariffColumns+` FROM tariff WHERE id = $1 AND deleted_at = 0`, id), scanTariff, "there is no tariff %q", id)
	if err != nil {
		return x, err
	}
	x.Versions, err = db.tariffVersions(ctx, id)
	return x, err
}

func (db *DB) tariffVersions(ctx context.Context, id string) ([]tariff.Version, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+versionColumns+` FROM tariff_version v JOIN tariff t ON t.id = v.tariff WHERE v.tariff = $1 ORDER BY v.number DESC`, id)
	return all(rows, err, scanVersion)
}

// Tariffs lists up to limit tariffs in the order of their ids, behind after.
func (db *DB) Tariffs(ctx context.Context, after string, limit int) ([]tariff.Tariff, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+tariffColumns+` FROM tariff WHERE id > $1 AND deleted_at = 0 ORDER BY id LIMIT $2`, after, limit)
	list, err := all(rows, err, scanTariff)
	for i := range list {
		if err == nil {
			list[i].Versions, err = db.tariffVersions(ctx, list[i].ID)
		}
	}
	return list, err
}

// TariffVersion finds a version, of a deleted tariff as well. NotFound.
func (db *DB) TariffVersion(ctx context.Context, id string) (tariff.Version, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+versionColumns+` FROM tariff_version v JOIN tariff t ON t.id = v.tariff WHERE v.id = $1`, id)
	return one(row, scanVersion, "there is no tariff version %q", id)
}
