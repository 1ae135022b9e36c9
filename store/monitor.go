package store

import (
	"context"
	"slices"
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
	for part := range slices.Chunk(list, rowsAtOnce) {
		if err := db.putMonitors(ctx, id, part, most); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) putMonitors(ctx context.Context, id gnista.StationID, list []station.Monitor, most int) error {
	return db.writeLater(ctx, string(id), func(t *tx) error {
		ids := make([]int, len(list))
		for i, m := range list {
			ids[i] = m.ID
		}
		fits, err := t.room("monitor", id, ids, most)
		if err != nil {
			return err
		}
		for _, m := range list {
			if !fits[m.ID] {
				continue
			}
			if err := t.exec(`INSERT INTO monitor (station, `+monitorColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
				ON CONFLICT (station, id) DO UPDATE SET variable = excluded.variable, kind = excluded.kind, value = excluded.value, severity = excluded.severity,
				in_transaction = excluded.in_transaction, origin = excluded.origin, reported_at = excluded.reported_at,
				stream_interval = CASE WHEN excluded.stream_interval > 0 THEN excluded.stream_interval ELSE monitor.stream_interval END,
				stream_values = CASE WHEN excluded.stream_values > 0 THEN excluded.stream_values ELSE monitor.stream_values END`,
				string(id), m.ID, m.Variable, string(m.Kind), m.Value, m.Severity, m.Transaction, m.Origin, m.Interval, m.Values, millis(m.ReportedAt)); err != nil {
				return err
			}
		}
		return nil
	})
}

// room tells which of the ids of what a station reports have a row in the table, or may have one as long as
// the station has not more than most.
func (t *tx) room(table string, id gnista.StationID, ids []int, most int) (map[int]bool, error) {
	var n int
	if err := t.row(`SELECT count(*) FROM `+table+` WHERE station = $1`, string(id)).Scan(&n); err != nil {
		return nil, err
	}
	fits := make(map[int]bool, len(ids))
	for _, number := range ids {
		if _, seen := fits[number]; seen {
			continue
		}
		var there bool
		if err := t.row(`SELECT EXISTS (SELECT 1 FROM `+table+` WHERE station = $1 AND id = $2)`, string(id), number).Scan(&there); err != nil {
			return nil, err
		}
		if !there {
			if there = n < most; there {
				n++
			}
		}
		fits[number] = there
	}
	return fits, nil
}

// DeleteMonitors forgets monitors: those with the ids, or where there are none those that were not
// reported since.
func (db *DB) DeleteMonitors(ctx context.Context, id gnista.StationID, ids []int, since time.Time) error {
	return db.write(ctx, string(id), func(t *tx) error {
		if len(ids) == 0 {
			return t.exec(`DELETE FROM monitor WHERE station = $1 AND reported_at < $2`, string(id), millis(since))
		}
		for _, n := range ids {
			if err := t.exec(`DELETE FROM monitor WHERE station = $1 AND id = $2`, string(id), n); err != nil {
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
