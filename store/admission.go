package store

import (
	"context"

	"gnista"
	"gnista/station"
)

// maxVerdicts bounds what knocking with made-up identities can fill.
const maxVerdicts = 10_000

// AddVerdict adds to the count of the same reason for the same station, or starts one.
func (db *DB) AddVerdict(ctx context.Context, v station.Verdict) error {
	return db.write(ctx, string(v.Station), func(t *tx) error {
		var count int
		err := t.writeRow(`INSERT INTO verdict (station, cause, reason, remote, count, first_at, last_at) VALUES ($1, $2, $3, $4, 1, $5, $5)
			ON CONFLICT (station, cause, reason) DO UPDATE SET remote = excluded.remote, count = verdict.count + 1, last_at = excluded.last_at
			RETURNING count`, string(v.Station), string(v.Cause), v.Reason, v.Remote, millis(v.LastAt)).Scan(&count)
		if err != nil || count > 1 {
			return err
		}
		_, err = t.exec(`DELETE FROM verdict WHERE last_at < (SELECT last_at FROM verdict ORDER BY last_at DESC LIMIT 1 OFFSET $1)`, maxVerdicts)
		return err
	})
}

// Verdicts lists the newest first, of one station or of all when it is empty.
func (db *DB) Verdicts(ctx context.Context, id gnista.StationID, limit int) ([]station.Verdict, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT station, cause, reason, remote, count, first_at, last_at FROM verdict
		WHERE $1 = '' OR station = $1 ORDER BY last_at DESC, station, reason LIMIT $2`, string(id), limit)
	return all(rows, err, func(s scanner) (v station.Verdict, err error) {
		var first, last int64
		err = s.Scan(&v.Station, &v.Cause, &v.Reason, &v.Remote, &v.Count, &first, &last)
		v.FirstAt, v.LastAt = instant(first), instant(last)
		return v, err
	})
}
