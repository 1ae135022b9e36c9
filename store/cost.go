package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"gnista"
	"gnista/cost"
)

const reckoningColumns = `transaction_id, station, told_at, final, tariff, currency, kind, net, gross, parts, energy_wh, charging_s, idle_s, failed, failure, compared_at, ours, ours_currency, verdict`

func scanReckoning(s scanner) (r cost.Reckoning, err error) {
	var told, compared, charging, idle int64
	var parts string
	if err = s.Scan(&r.Transaction, &r.Station, &told, &r.Final, &r.Tariff, &r.Currency, &r.Kind, &r.Total.Net, &r.Total.Gross, &parts, &r.EnergyWh, &charging, &idle,
		&r.Failed, &r.Failure, &compared, &r.Ours.Amount, &r.Ours.Currency, &r.Verdict); err != nil {
		return r, err
	}
	r.ToldAt, r.ComparedAt = instant(told), instant(compared)
	r.Charging, r.Idle = time.Duration(charging)*time.Second, time.Duration(idle)*time.Second
	return r, json.Unmarshal([]byte(parts), &r.Parts)
}

// Reckoning finds what a station reckons of a transaction. NotFound.
func (db *DB) Reckoning(ctx context.Context, transaction string) (cost.Reckoning, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+reckoningColumns+` FROM reckoning WHERE transaction_id = $1`, transaction)
	return one(row, scanReckoning, "a station has reckoned nothing of transaction %q", transaction)
}

// ChangeReckoning changes it, or makes one. The events go with it.
func (db *DB) ChangeReckoning(ctx context.Context, id gnista.StationID, transaction string, change func(*cost.Reckoning) []gnista.Event) error {
	return db.write(ctx, string(id), func(t *tx) error {
		r, err := scanReckoning(t.row(`SELECT `+reckoningColumns+` FROM reckoning WHERE transaction_id = $1`, transaction))
		if errors.Is(err, sql.ErrNoRows) {
			r, err = cost.Reckoning{Transaction: transaction, Station: id}, nil
		}
		if err != nil {
			return err
		}
		evs := change(&r)
		parts, err := json.Marshal(r.Parts)
		if err != nil {
			return err
		}
		t.emit(evs...)
		return t.exec(`INSERT INTO reckoning (`+reckoningColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
			ON CONFLICT (transaction_id) DO UPDATE SET told_at = excluded.told_at, final = excluded.final, tariff = excluded.tariff, currency = excluded.currency,
			kind = excluded.kind, net = excluded.net, gross = excluded.gross, parts = excluded.parts, energy_wh = excluded.energy_wh, charging_s = excluded.charging_s,
			idle_s = excluded.idle_s, failed = excluded.failed, failure = excluded.failure, compared_at = excluded.compared_at, ours = excluded.ours,
			ours_currency = excluded.ours_currency, verdict = excluded.verdict`,
			transaction, string(id), millis(r.ToldAt), r.Final, r.Tariff, r.Currency, r.Kind, string(r.Total.Net), string(r.Total.Gross), string(parts), r.EnergyWh,
			int64(r.Charging/time.Second), int64(r.Idle/time.Second), r.Failed, r.Failure, millis(r.ComparedAt), r.Ours.Amount, r.Ours.Currency, string(r.Verdict))
	})
}

func scanSync(s scanner) (x cost.Sync, err error) {
	var tariffs, defaults string
	if err = s.Scan(&x.Off, &tariffs, &defaults); err != nil {
		return x, err
	}
	return x, errors.Join(json.Unmarshal([]byte(tariffs), &x.Tariffs), json.Unmarshal([]byte(defaults), &x.Default))
}

const syncQuery = `SELECT off, tariffs, defaults FROM price_sync WHERE station = $1`

// Sync finds what a station has been given of prices; the zero value is nothing.
func (db *DB) Sync(ctx context.Context, id gnista.StationID) (cost.Sync, error) {
	x, err := scanSync(db.sql.QueryRowContext(ctx, syncQuery, string(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return cost.Sync{}, nil
	}
	return x, err
}

// ChangeSync changes what a station has been given of prices. The events go with it.
func (db *DB) ChangeSync(ctx context.Context, id gnista.StationID, change func(*cost.Sync) []gnista.Event) error {
	return db.write(ctx, string(id), func(t *tx) error {
		x, err := scanSync(t.row(syncQuery, string(id)))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		t.emit(change(&x)...)
		tariffs, err := json.Marshal(x.Tariffs)
		if err != nil {
			return err
		}
		defaults, err := json.Marshal(x.Default)
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO price_sync (station, off, tariffs, defaults) VALUES ($1, $2, $3, $4)
			ON CONFLICT (station) DO UPDATE SET off = excluded.off, tariffs = excluded.tariffs, defaults = excluded.defaults`, string(id), x.Off, string(tariffs), string(defaults))
	})
}

// PriceStations lists up to limit stations behind after that say in their settings that they show prices or
// reckon costs. The conditions are those of the index.
func (db *DB) PriceStations(ctx context.Context, after gnista.StationID, limit int) ([]gnista.StationID, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT DISTINCT station FROM variable WHERE value IN ('true', 'True', 'TRUE') AND name IN ('CustomDisplayCostAndPrice', 'Enabled')
		AND component IN ('', 'TariffCostCtrlr') AND station > $1 ORDER BY station LIMIT $2`, string(after), limit)
	return all(rows, err, func(s scanner) (id gnista.StationID, err error) {
		err = s.Scan(&id)
		return id, err
	})
}
