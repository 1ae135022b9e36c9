package store

import (
	"context"
	"time"

	"gnista"
	"gnista/station"
)

// NextRequest is a number that no request to a station has had.
func (db *DB) NextRequest(ctx context.Context) (number int, err error) {
	err = db.write(ctx, "request", func(t *tx) error {
		n, err := t.next("request", 1)
		number = int(n)
		return err
	})
	return number, err
}

const monitorColumns = `id, variable, kind, value, severity, in_transaction, origin, stream_interval, stream_values, reported_at`

// PutMonitors stores monitors over those with the same ids, as long as there are not more than most.
func (db *DB) PutMonitors(ctx context.Context, id gnista.StationID, list []station.Monitor, most int) error {
	if len(list) == 0 {
		return nil
	}
	return db.write(ctx, string(id), func(t *tx) error {
		for _, m := range list {
			if _, err := t.exec(`INSERT INTO monitor (station, `+monitorColumns+`)
				SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE (SELECT count(*) FROM monitor WHERE station = $1) < $12
				ON CONFLICT (station, id) DO UPDATE SET variable = excluded.variable, kind = excluded.kind, value = excluded.value, severity = excluded.severity,
				in_transaction = excluded.in_transaction, origin = excluded.origin, reported_at = excluded.reported_at,
				stream_interval = CASE WHEN excluded.stream_interval > 0 THEN excluded.stream_interval ELSE monitor.stream_interval END,
				stream_values = CASE WHEN excluded.stream_values > 0 THEN excluded.stream_values ELSE monitor.stream_values END`,
				string(id), m.ID, m.Variable, string(m.Kind), m.Value, m.Severity, m.Transaction, m.Origin, m.Interval, m.Values, millis(m.ReportedAt), most); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteMonitors forgets monitors: those with the ids, or where there are none those that were not
// reported since.
func (db *DB) DeleteMonitors(ctx context.Context, id gnista.StationID, ids []int, since time.Time) error {
	return db.write(ctx, string(id), func(t *tx) error {
		if len(ids) == 0 {
			_, err := t.exec(`DELETE FROM monitor WHERE station = $1 AND reported_at < $2`, string(id), millis(since))
			return err
		}
		for _, n := range ids {
			if _, err := t.exec(`DELETE FROM monitor WHERE station = $1 AND id = $2`, string(id), n); err != nil {
				return err
			}
		}
		return nil
	})
}

// Monitors lists the monitors of a station in the order of their ids.
func (db *DB) Monitors(ctx context.Context, id gnista.StationID) ([]station.Monitor, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+monitorColumns+` FROM monitor WHERE station = $1 ORDER BY id`, string(id))
	return all(rows, err, func(s scanner) (m station.Monitor, err error) {
		var at int64
		err = s.Scan(&m.ID, &m.Variable, &m.Kind, &m.Value, &m.Severity, &m.Transaction, &m.Origin, &m.Interval, &m.Values, &at)
		m.ReportedAt = instant(at)
		return m, err
	})
}
