package store

import (
	"context"

	"gnista/charging"
	"gnista/station"
)

// StationTotals counts all stations and their EVSEs.
func (db *DB) StationTotals(ctx context.Context) (n station.Count, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM station), (SELECT COUNT(*) FROM (SELECT DISTINCT station, evse FROM connector WHERE evse > 0) AS each_evse)`).Scan(&n.Stations, &n.EVSEs)
	return n, err
}

// GoingOn adds up the active transactions.
func (db *DB) GoingOn(ctx context.Context) (g charging.GoingOn, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN activity = $1 THEN 1 ELSE 0 END), 0), COALESCE(SUM(power_w), 0) FROM station_transaction WHERE state = 'active'`,
		string(charging.Charging)).Scan(&g.Transactions, &g.Charging, &g.PowerW)
	return g, err
}
