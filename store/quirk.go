package store

import (
	"context"

	"gnista"
	"gnista/station"
)

// AddDeviations adds to the counts, for stations that are registered.
func (db *DB) AddDeviations(ctx context.Context, list []station.Deviation) error {
	return db.write(ctx, "deviations", func(t *tx) error {
		for _, d := range list {
			if err := t.exec(`INSERT INTO deviation (station, quirk, count, first_at, last_at, example)
				SELECT $1, $2, $3, $4, $5, $6 FROM station WHERE id = $1
				ON CONFLICT (station, quirk) DO UPDATE SET count = deviation.count + excluded.count, last_at = excluded.last_at, example = excluded.example`,
				string(d.Station), d.Quirk, d.Count, millis(d.FirstAt), millis(d.LastAt), d.Example); err != nil {
				return err
			}
		}
		return nil
	})
}

// Deviations lists what a station has shown, in the order of the keys.
func (db *DB) Deviations(ctx context.Context, id gnista.StationID) ([]station.Deviation, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT station, quirk, count, first_at, last_at, example FROM deviation WHERE station = $1 ORDER BY quirk`, string(id))
	return all(rows, err, func(s scanner) (d station.Deviation, err error) {
		var first, last int64
		err = s.Scan(&d.Station, &d.Quirk, &d.Count, &first, &last, &d.Example)
		d.FirstAt, d.LastAt = instant(first), instant(last)
		return d, err
	})
}
