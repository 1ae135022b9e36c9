package store

import (
	"context"
	"database/sql"
	"errors"

	"gnista"
	"gnista/fault/driver"
)

// CaseOf is the number of an attempt, which gets one when it has none.
func (db *DB) CaseOf(ctx context.Context, x driver.Subject) (number int, err error) {
	const find = `SELECT number FROM attempt_case WHERE kind = $1 AND ref = $2`
	err = db.sql.QueryRowContext(ctx, find, string(x.Kind), x.ID).Scan(&number)
	if !errors.Is(err, sql.ErrNoRows) {
		return number, err
	}
	err = db.write(ctx, "case", func(t *tx) error {
		err := t.row(find, string(x.Kind), x.ID).Scan(&number)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		next, err := t.next("case", 1)
		if err != nil {
			return err
		}
		number = int(next)
		return t.exec(`INSERT INTO attempt_case (number, kind, ref) VALUES ($1, $2, $3)`, number, string(x.Kind), x.ID)
	})
	return number, err
}

// FindCase finds what the number of an attempt is of. NotFound.
func (db *DB) FindCase(ctx context.Context, number int) (driver.Subject, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT kind, ref FROM attempt_case WHERE number = $1`, number)
	return one(row, func(s scanner) (x driver.Subject, err error) { return x, s.Scan(&x.Kind, &x.ID) }, "there is no case %d", number)
}

// FreeOutlets lists EVSEs whose stations told that they are available: of the station, and of those of its site.
func (db *DB) FreeOutlets(ctx context.Context, near gnista.StationID, limit int) ([]driver.Outlet, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT DISTINCT c.station, c.evse, CASE WHEN c.station = $1 THEN 0 ELSE 1 END AS far FROM connector c
		JOIN station s ON s.id = c.station
		WHERE (s.id = $1 OR s.site <> '' AND s.site = (SELECT site FROM station WHERE id = $1)) AND s.state = 'accepted' AND c.evse > 0 AND c.status = 'available'
		ORDER BY far, c.station, c.evse LIMIT $2`, string(near), limit)
	return all(rows, err, func(s scanner) (o driver.Outlet, err error) {
		var far int
		return o, s.Scan(&o.Station, &o.EVSE, &far)
	})
}
