package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"gnista"
	"gnista/billing"
)

const recordColumns = `id, number, transaction_id, station, evse, connector, token_uid, token_type, started_at, ended_at, energy_wh, tariff_version, policy, currency, net, tax, total, bill, issued_at, account`

func (v *vault) scanRecord(s scanner) (r billing.Record, err error) {
	var started, ended, issued, net, tax, total int64
	var currency, bill string
	if err = s.Scan(&r.ID, &r.Number, &r.Transaction, &r.Station, &r.EVSE.ID, &r.EVSE.Connector, v.into(&r.Token.UID), &r.Token.Type, &started, &ended,
		&r.EnergyWh, &r.TariffVersion, &r.Policy, &currency, &net, &tax, &total, &bill, &issued, &r.Account); err != nil {
		return r, err
	}
	r.StartedAt, r.EndedAt, r.IssuedAt = instant(started), instant(ended), instant(issued)
	err = json.Unmarshal([]byte(bill), &r.Bill)
	r.Bill.Net, r.Bill.Tax, r.Bill.Total = gnista.Money{Amount: net, Currency: currency}, gnista.Money{Amount: tax, Currency: currency}, gnista.Money{Amount: total, Currency: currency}
	return r, err
}

// Issue stores r, with the next number of the series, and ev with it, unless the transaction has a
// record already; it returns the one that is stored.
func (db *DB) Issue(ctx context.Context, r billing.Record, ev func(billing.Record) gnista.Event) (billing.Record, error) {
	bill, err := json.Marshal(r.Bill)
	if err != nil {
		return r, err
	}
	var out billing.Record
	err = db.write(ctx, "billing", func(t *tx) error {
		out, err = t.scanRecord(t.row(`SELECT `+recordColumns+` FROM charge_record WHERE transaction_id = $1`, r.Transaction))
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		out = r
		if out.Number, err = t.next("charge-record", 1); err != nil {
			return err
		}
		t.emit(ev(out))
		_, err = t.exec(`INSERT INTO charge_record (`+recordColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
			r.ID, out.Number, r.Transaction, string(r.Station), r.EVSE.ID, r.EVSE.Connector, t.seal(r.Token.UID), string(r.Token.Type), millis(r.StartedAt), millis(r.EndedAt),
			r.EnergyWh, r.TariffVersion, r.Policy, r.Bill.Total.Currency, r.Bill.Net.Amount, r.Bill.Tax.Amount, r.Bill.Total.Amount, string(bill), millis(r.IssuedAt), r.Account)
		return err
	})
	return out, err
}

// Record finds a record. NotFound.
func (db *DB) Record(ctx context.Context, id string) (billing.Record, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+recordColumns+` FROM charge_record WHERE id = $1`, id), db.scanRecord, "there is no charge record %q", id)
}

// RecordOf finds the record of a transaction. NotFound.
func (db *DB) RecordOf(ctx context.Context, transaction string) (billing.Record, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+recordColumns+` FROM charge_record WHERE transaction_id = $1`, transaction), db.scanRecord,
		"transaction %q has no charge record", transaction)
}

// Records lists records, the newest first.
func (db *DB) Records(ctx context.Context, f billing.Filter) ([]billing.Record, error) {
	var w where
	if f.Station != "" {
		w.add("station = ?", string(f.Station))
	}
	if f.Transaction != "" {
		w.add("transaction_id = ?", f.Transaction)
	}
	if f.Before > 0 {
		w.add("number < ?", f.Before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+recordColumns+` FROM charge_record`+w.sql()+` ORDER BY number DESC LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, db.scanRecord)
}
