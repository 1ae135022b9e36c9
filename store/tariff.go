package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"gnista"
	"gnista/tariff"
)

const versionColumns = `v.id, v.tariff, v.number, t.currency, v.valid_from, v.elements, v.created_at`

func scanVersion(s scanner) (v tariff.Version, err error) {
	var from, created int64
	var elements string
	if err = s.Scan(&v.ID, &v.Tariff, &v.Number, &v.Currency, &from, &elements, &created); err != nil {
		return v, err
	}
	v.ValidFrom, v.CreatedAt = instant(from), instant(created)
	return v, json.Unmarshal([]byte(elements), &v.Elements)
}

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
			if _, err := t.exec(`UPDATE tariff SET is_default = $1 WHERE is_default = $2`, false, true); err != nil {
				return err
			}
		}
		if _, err := t.exec(`INSERT INTO tariff (id, name, currency, is_default, created_at) VALUES ($1, $2, $3, $4, $5)`,
			x.ID, x.Name, x.Currency, x.Default, millis(x.CreatedAt)); err != nil {
			return err
		}
		return t.addVersion(x.Versions[0])
	})
}

func (t *tx) addVersion(v tariff.Version) error {
	elements, err := json.Marshal(v.Elements)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO tariff_version (id, tariff, number, valid_from, elements, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		v.ID, v.Tariff, v.Number, millis(v.ValidFrom), string(elements), millis(v.CreatedAt))
	return err
}

// AddVersion stores another version and gives it the next number. NotFound.
func (db *DB) AddVersion(ctx context.Context, v tariff.Version) (tariff.Version, error) {
	err := db.write(ctx, "", func(t *tx) error {
		err := t.row(`SELECT t.currency, MAX(v.number) + 1 FROM tariff t JOIN tariff_version v ON v.tariff = t.id WHERE t.id = $1 GROUP BY t.currency`, v.Tariff).
			Scan(&v.Currency, &v.Number)
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no tariff %q", v.Tariff)
		}
		if err != nil {
			return err
		}
		return t.addVersion(v)
	})
	return v, err
}

// Tariff finds a tariff with its versions. NotFound.
func (db *DB) Tariff(ctx context.Context, id string) (tariff.Tariff, error) {
	x, err := one(db.sql.QueryRowContext(ctx, `SELECT id, name, currency, is_default, created_at FROM tariff WHERE id = $1`, id), scanTariff, "there is no tariff %q", id)
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
	rows, err := db.sql.QueryContext(ctx, `SELECT id, name, currency, is_default, created_at FROM tariff WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	list, err := all(rows, err, scanTariff)
	for i := range list {
		if err == nil {
			list[i].Versions, err = db.tariffVersions(ctx, list[i].ID)
		}
	}
	return list, err
}

// TariffVersion finds a version. NotFound.
func (db *DB) TariffVersion(ctx context.Context, id string) (tariff.Version, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+versionColumns+` FROM tariff_version v JOIN tariff t ON t.id = v.tariff WHERE v.id = $1`, id)
	return one(row, scanVersion, "there is no tariff version %q", id)
}

// InForce finds the version that holds on a station at a time: of the tariff that is assigned to the
// station, else of the default one. NotFound.
func (db *DB) InForce(ctx context.Context, station gnista.StationID, at time.Time) (tariff.Version, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+versionColumns+` FROM tariff_version v JOIN tariff t ON t.id = v.tariff
		WHERE v.valid_from <= $2 AND t.id = COALESCE((SELECT s.tariff FROM station s JOIN tariff a ON a.id = s.tariff WHERE s.id = $1),
			(SELECT d.id FROM tariff d WHERE d.is_default))
		ORDER BY v.valid_from DESC, v.number DESC LIMIT 1`, string(station), millis(at))
	return one(row, scanVersion, "no tariff holds on station %q", station)
}
