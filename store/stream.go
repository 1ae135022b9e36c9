package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"gnista"
	"gnista/station"
)

const streamColumns = `number, monitor, send_interval, send_values, opened_at, closed_at, pending, behind, newest`

func scanStream(s scanner) (x station.EventStream, err error) {
	var opened, closed int64
	var newest string
	if err = s.Scan(&x.Number, &x.Monitor, &x.Interval, &x.Values, &opened, &closed, &x.Pending, &x.Behind, &newest); err != nil {
		return x, err
	}
	x.OpenedAt, x.ClosedAt = instant(opened), instant(closed)
	return x, json.Unmarshal([]byte(newest), &x.Last)
}

// ChangeStream changes a stream, or makes one when it is not there; it has no OpenedAt then.
func (db *DB) ChangeStream(ctx context.Context, id gnista.StationID, number int, change func(*station.EventStream) error) error {
	return db.write(ctx, string(id), func(t *tx) error {
		x, err := scanStream(t.row(`SELECT `+streamColumns+` FROM event_stream WHERE station = $1 AND number = $2`, string(id), number))
		if errors.Is(err, sql.ErrNoRows) {
			x, err = station.EventStream{Number: number}, nil
		}
		if err == nil {
			err = change(&x)
		}
		if err != nil {
			return err
		}
		newest, err := json.Marshal(x.Last)
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO event_stream (station, `+streamColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (station, number) DO UPDATE SET
			monitor = excluded.monitor, send_interval = excluded.send_interval, send_values = excluded.send_values, opened_at = excluded.opened_at,
			closed_at = excluded.closed_at, pending = excluded.pending, behind = excluded.behind, newest = excluded.newest`,
			string(id), number, x.Monitor, x.Interval, x.Values, millis(x.OpenedAt), millis(x.ClosedAt), x.Pending, x.Behind, string(newest))
	})
}

// DeleteStream forgets a stream.
func (db *DB) DeleteStream(ctx context.Context, id gnista.StationID, number int) error {
	return db.write(ctx, string(id), func(t *tx) error {
		return t.exec(`DELETE FROM event_stream WHERE station = $1 AND number = $2`, string(id), number)
	})
}

// Streams lists the streams of a station in the order of their numbers.
func (db *DB) Streams(ctx context.Context, id gnista.StationID) ([]station.EventStream, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+streamColumns+` FROM event_stream WHERE station = $1 ORDER BY number`, string(id))
	return all(rows, err, scanStream)
}
