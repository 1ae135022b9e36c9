package store

import (
	"context"

	"gnista"
	"gnista/station"
)

const securityColumns = `id, station, type, critical, info, at, received_at`

// AddSecurityEvent stores an event, and ev with it, unless it is there already. Of the station's events
// that are as critical as it, the newest keep stay.
func (db *DB) AddSecurityEvent(ctx context.Context, e station.SecurityEvent, keep int, ev gnista.Event) error {
	return db.write(ctx, string(e.Station), func(t *tx) error {
		n, err := t.changed(`INSERT INTO security_event (`+securityColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			e.ID, string(e.Station), e.Type, e.Critical, e.Info, millis(e.At), millis(e.ReceivedAt))
		if err != nil || n == 0 {
			return err
		}
		t.emit(ev)
		return t.exec(`DELETE FROM security_event WHERE station = $1 AND critical = $2 AND id <=
			(SELECT id FROM security_event WHERE station = $1 AND critical = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)`, string(e.Station), e.Critical, keep)
	})
}

// SecurityEvents lists the newest first, behind the one with the id before: of a station, or of all when
// it is empty; the critical ones only, or all.
func (db *DB) SecurityEvents(ctx context.Context, id gnista.StationID, critical bool, before string, limit int) ([]station.SecurityEvent, error) {
	var w where
	if id != "" {
		w.add("station = ?", string(id))
	}
	if critical {
		w.conditions = append(w.conditions, "critical")
	}
	if before != "" {
		w.add("id < ?", before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+securityColumns+` FROM security_event`+w.sql()+` ORDER BY id DESC LIMIT `+w.arg(limit), w.args...)
	return all(rows, err, func(s scanner) (e station.SecurityEvent, err error) {
		var at, received int64
		err = s.Scan(&e.ID, &e.Station, &e.Type, &e.Critical, &e.Info, &at, &received)
		e.At, e.ReceivedAt = instant(at), instant(received)
		return e, err
	})
}
