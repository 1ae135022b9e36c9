package store

import (
	"context"

	"gnista"
	"gnista/station"
)

const noticeColumns = `id, station, at, received_at, event_id, component, evse, connector, variable, value, cause, cleared, tech_code, tech_info, transaction_ref, severity, origin, monitor, because_of`

// AddNotices stores notices, each once by its EventID and time, and an event with each new one.
func (db *DB) AddNotices(ctx context.Context, list []station.Notice, evs []gnista.Event) error {
	if len(list) == 0 {
		return nil
	}
	return db.write(ctx, string(list[0].Station), func(t *tx) error {
		for i, n := range list {
			r, err := t.exec(`INSERT INTO notice (`+noticeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT DO NOTHING`,
				n.ID, string(n.Station), millis(n.At), millis(n.ReceivedAt), n.EventID, n.Component, n.EVSE.ID, n.EVSE.Connector, n.Variable, n.Value, n.Trigger,
				n.Cleared, n.TechCode, n.TechInfo, n.Transaction, n.Severity, n.Origin, n.Monitor, n.Cause)
			if err != nil {
				return err
			}
			if added, err := r.RowsAffected(); err != nil {
				return err
			} else if added > 0 {
				t.emit(evs[i])
			}
		}
		return nil
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
