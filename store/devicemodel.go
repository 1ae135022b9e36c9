package store

import (
	"context"

	"gnista"
	"gnista/station"
)

const noticeColumns = `id, station, at, received_at, event_id, component, evse, connector, variable, value, cause, cleared, tech_code, tech_info, transaction_ref, severity, origin, monitor, because_of`

// rowsAtOnce is how many rows of what a station reports are stored in one change: others wait no longer
// than for so many.
const rowsAtOnce = 100

// AddNotices stores notices of one station, each once by its EventID and time, and an event with each new
// one. The newest keep of the station stay.
func (db *DB) AddNotices(ctx context.Context, list []station.Notice, keep int, evs []gnista.Event) error {
	for len(list) > 0 {
		n := min(len(list), rowsAtOnce)
		if err := db.addNotices(ctx, list[:n], keep, evs[:n]); err != nil {
			return err
		}
		list, evs = list[n:], evs[n:]
	}
	return nil
}

func (db *DB) addNotices(ctx context.Context, list []station.Notice, keep int, evs []gnista.Event) error {
	return db.writeLater(ctx, string(list[0].Station), func(t *tx) error {
		for i, n := range list {
			added, err := t.changed(`INSERT INTO notice (`+noticeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT DO NOTHING`,
				n.ID, string(n.Station), millis(n.At), millis(n.ReceivedAt), n.EventID, n.Component, n.EVSE.ID, n.EVSE.Connector, n.Variable, n.Value, n.Trigger,
				n.Cleared, n.TechCode, n.TechInfo, n.Transaction, n.Severity, n.Origin, n.Monitor, n.Cause)
			if err != nil {
				return err
			} else if added > 0 {
				t.emit(evs[i])
			}
		}
		return t.exec(`DELETE FROM notice WHERE station = $1 AND id <= (SELECT id FROM notice WHERE station = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)`,
			string(list[0].Station), keep)
	})
}

// Notices lists a station's notices, the newest first, behind the notice with the id before.
func (db *DB) Notices(ctx context.Context, id gnista.StationID, before string, limit int) ([]station.Notice, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+noticeColumns+` FROM notice WHERE station = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		string(id), before, limit)
	return all(rows, err, func(s scanner) (n station.Notice, err error) {
		var at, received int64
		err = s.Scan(&n.ID, &n.Station, &at, &received, &n.EventID, &n.Component, &n.EVSE.ID, &n.EVSE.Connector, &n.Variable, &n.Value, &n.Trigger,
			&n.Cleared, &n.TechCode, &n.TechInfo, &n.Transaction, &n.Severity, &n.Origin, &n.Monitor, &n.Cause)
		n.At, n.ReceivedAt = instant(at), instant(received)
		return n, err
	})
}
