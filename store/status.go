package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/station"
)

const connectorColumns = `evse, connector, status, error_code, vendor_id, vendor_code, info, at`

func scanConnector(s scanner) (c station.Connector, err error) {
	var at int64
	err = s.Scan(&c.EVSE.ID, &c.EVSE.Connector, &c.Status, &c.ErrorCode, &c.VendorID, &c.VendorCode, &c.Info, &at)
	c.At = instant(at)
	return c, err
}

// Connectors lists the connectors of a station in order.
func (db *DB) Connectors(ctx context.Context, id gnista.StationID) ([]station.Connector, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+connectorColumns+` FROM connector WHERE station = $1 ORDER BY evse, connector`, string(id))
	return all(rows, err, scanConnector)
}

// againEvery is how often it is worth telling that a connector still has the same fault: in the first status of each
// such time.
const againEvery = time.Minute

// SetConnector stores c unless what is stored is newer, and ev with it when something changed. Conflict for
// a new connector of a station that has most.
func (db *DB) SetConnector(ctx context.Context, id gnista.StationID, c station.Connector, most int, ev gnista.Event) error {
	return db.write(ctx, string(id), func(t *tx) error {
		was, err := scanConnector(t.row(`SELECT `+connectorColumns+` FROM connector WHERE station = $1 AND evse = $2 AND connector = $3`,
			string(id), c.EVSE.ID, c.EVSE.Connector))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if was.At.After(c.At) {
			return nil
		}
		if errors.Is(err, sql.ErrNoRows) {
			var n int
			if err := t.row(`SELECT count(*) FROM connector WHERE station = $1`, string(id)).Scan(&n); err != nil {
				return err
			}
			if n >= most {
				return gnista.Errorf(gnista.Conflict, "station %s has %d connectors", id, n)
			}
		}
		c := c.After(was)
		same := was
		if same.At = c.At; same != c || (c.Status == station.Faulted || c.ErrorCode != "") && c.At.Truncate(againEvery).After(was.At) {
			t.emit(ev)
		}
		// Since when it has its status is kept by our clock: nobody waits by a station's.
		return t.exec(`INSERT INTO connector (station, `+connectorColumns+`, since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (station, evse, connector) DO UPDATE SET status = excluded.status, error_code = excluded.error_code,
			vendor_id = excluded.vendor_id, vendor_code = excluded.vendor_code, info = excluded.info, at = excluded.at,
			since = CASE WHEN connector.status = excluded.status THEN connector.since ELSE excluded.since END`,
			string(id), c.EVSE.ID, c.EVSE.Connector, string(c.Status), c.ErrorCode, c.VendorID, c.VendorCode, c.Info, millis(c.At), millis(ev.At))
	})
}
