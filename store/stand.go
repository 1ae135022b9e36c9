package store

import (
	"context"
	"strings"
	"time"

	"gnista/checkout"
	"gnista/station"
)

// stands asks for all of the outlets in one go, a row for each connector. The tariff is that of who has no token,
// group or account.
func stands() string {
	price := strings.NewReplacer("$1", "p.station", "$2", "p.evse", "$3", "''", "$4", "''", "$5", "''", "$6", "''", "$7", "$1").Replace(inForce)
	return `SELECT p.station, p.evse, s.name, s.state, COALESCE(x.id, ''), COALESCE(x.name, ''), COALESCE(x.latitude, 0), COALESCE(x.longitude, 0),
		c.evse, c.connector, c.status, COALESCE(k.state, ''), COALESCE(k.pay_by, 0),
		EXISTS (SELECT 1 FROM station_transaction g WHERE g.station = p.station AND g.evse = p.evse AND g.state = 'active' AND g.authorised),
		COALESCE((SELECT v.id` + price + `), '')
	FROM (SELECT station, evse FROM pay_code WHERE revoked_at = 0 ORDER BY station, evse LIMIT $2) p
	JOIN station s ON s.id = p.station
	JOIN connector c ON c.station = p.station AND c.evse IN (0, p.evse)
	LEFT JOIN site x ON x.id = s.site
	LEFT JOIN checkout k ON k.station = p.station AND k.evse = p.evse AND k.taken = 1
	ORDER BY p.station, p.evse, c.evse, c.connector`
}

// Stands lists up to limit outlets that have a code, of stations that have told of connectors, by station and EVSE, as
// they are at a time.
func (db *DB) Stands(ctx context.Context, at time.Time, limit int) ([]checkout.Stand, error) {
	rows, err := db.sql.QueryContext(ctx, stands(), millis(at), limit)
	var out []checkout.Stand
	_, err = all(rows, err, func(s scanner) (none struct{}, err error) {
		var x checkout.Stand
		var c station.Connector
		var state checkout.State
		var payBy int64
		err = s.Scan(&x.Station, &x.EVSE, &x.Name, &x.State, &x.Site.ID, &x.Site.Name, &x.Site.Position.North, &x.Site.Position.East, &c.EVSE.ID, &c.EVSE.Connector, &c.Status,
			&state, &payBy, &x.Charging, &x.Tariff)
		if state != "" {
			x.Taken = &checkout.Checkout{Station: x.Station, EVSE: x.EVSE, State: state, PayBy: instant(payBy)}
		}
		if n := len(out); n > 0 && out[n-1].Station == x.Station && out[n-1].EVSE == x.EVSE {
			out[n-1].Connectors = append(out[n-1].Connectors, c)
			return none, err
		}
		x.Connectors = []station.Connector{c}
		out = append(out, x)
		return none, err
	})
	return out, err
}
