package store

import (
	"context"
	"sort"
	"time"

	"gnista/billing"
	"gnista/charging"
	"gnista/station"
)

// CountStations counts all stations and their EVSEs.
func (db *DB) CountStations(ctx context.Context) (n station.Count, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM station), (SELECT COUNT(*) FROM (SELECT DISTINCT station, evse FROM connector WHERE evse > 0) AS each_evse)`).Scan(&n.Stations, &n.EVSEs)
	return n, err
}

// GoingOn adds up the active transactions.
func (db *DB) GoingOn(ctx context.Context) (g charging.GoingOn, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN activity = $1 THEN 1 ELSE 0 END), 0), COALESCE(SUM(power_w), 0) FROM station_transaction WHERE state = 'active'`,
		string(charging.Charging)).Scan(&g.Transactions, &g.Charging, &g.PowerW)
	return g, err
}

// Revenue adds up the records that were issued from a time on and before another, by currency.
func (db *DB) Revenue(ctx context.Context, since, until time.Time) ([]billing.Revenue, error) {
	from, err := db.firstRecord(ctx, since)
	if err != nil {
		return nil, err
	}
	to, err := db.firstRecord(ctx, until)
	if err != nil {
		return nil, err
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT currency, COUNT(*), SUM(energy_wh), SUM(net), SUM(tax), SUM(total) FROM charge_record WHERE number >= $1 AND number < $2 GROUP BY currency ORDER BY currency`, from, to)
	return all(rows, err, func(s scanner) (r billing.Revenue, err error) {
		err = s.Scan(&r.Total.Currency, &r.Records, &r.EnergyWh, &r.Net.Amount, &r.Tax.Amount, &r.Total.Amount)
		r.Net.Currency, r.Tax.Currency = r.Total.Currency, r.Total.Currency
		return r, err
	})
}

// firstRecord is the least number of those that were issued at a time or later: numbers are given in the order of time.
func (db *DB) firstRecord(ctx context.Context, at time.Time) (int64, error) {
	var last int64
	if err := db.sql.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) FROM charge_record`).Scan(&last); err != nil {
		return 0, err
	}
	var failed error
	n := sort.Search(int(last), func(i int) bool {
		var issued int64
		err := db.sql.QueryRowContext(ctx, `SELECT issued_at FROM charge_record WHERE number > $1 ORDER BY number LIMIT 1`, i).Scan(&issued)
		if err != nil {
			failed = err
			return true
		}
		return issued >= millis(at)
	})
	return int64(n) + 1, failed
}
