package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"gnista"
	"gnista/billing"
)

const recordColumns = `id, number, transaction_id, station, evse, connector, token_uid, token_type, started_at, ended_at, energy_wh, tariff_version, policy, currency, net, tax, total, bill, issued_at, account, kind, corrects, payment, reservation, payer`

func (v *vault) scanRecord(s scanner) (r billing.Record, err error) {
	var started, ended, issued, net, tax, total int64
	var currency, bill string
	if err = s.Scan(&r.ID, &r.Number, &r.Transaction, &r.Station, &r.EVSE.ID, &r.EVSE.Connector, v.into(&r.Token.UID), &r.Token.Type, &started, &ended,
		&r.EnergyWh, &r.TariffVersion, &r.Policy, &currency, &net, &tax, &total, &bill, &issued, &r.Account, &r.Kind, &r.Corrects, &r.Payment, &r.Reservation, &r.Payer); err != nil {
		return r, err
	}
	if r.Reservation != "" {
		r.Transaction = ""
	}
	r.StartedAt, r.EndedAt, r.IssuedAt = instant(started), instant(ended), instant(issued)
	err = json.Unmarshal([]byte(bill), &r.Bill)
	r.Bill.Net, r.Bill.Tax, r.Bill.Total = gnista.Money{Amount: net, Currency: currency}, gnista.Money{Amount: tax, Currency: currency}, gnista.Money{Amount: total, Currency: currency}
	return r, err
}

// ledgerKey is the key of all changes that post to the ledger or change payments. They share one writer, so that
// none waits for an account of the ledger that another has locked while that one waits for something of it.
const ledgerKey = "billing"

// Issue stores r, with the next number of the series, unless what it is of has a record already; it returns
// the one that is stored.
func (db *DB) Issue(ctx context.Context, r billing.Record, ev func(billing.Record) gnista.Event) (billing.Record, error) {
	if r.Kind == "" {
		r.Kind = billing.Original
	}
	var out billing.Record
	err := db.write(ctx, ledgerKey, func(t *tx) error {
		var err error
		out, err = t.scanRecord(t.row(`SELECT `+recordColumns+` FROM charge_record WHERE transaction_id = $1 AND kind = 'original'`, r.Subject()))
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		err = t.row(`SELECT id FROM payment WHERE transaction_id = $1`, r.Subject()).Scan(&r.Payment) // a guest's was there before
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if out, err = t.issue(r, ev); err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM account_hold WHERE transaction_id = $1`, r.Subject()); err != nil {
			return err
		}
		return t.owe(out)
	})
	return out, err
}

// issue stores a record with its number, its event and its entry.
func (t *tx) issue(r billing.Record, ev func(billing.Record) gnista.Event) (billing.Record, error) {
	bill, err := json.Marshal(r.Bill)
	if err != nil {
		return r, err
	}
	if r.Kind == billing.Original {
		if r, err = t.paidBy(r); err != nil {
			return r, err
		}
	}
	if r.Number, err = t.next("charge-record", 1); err != nil {
		return r, err
	}
	t.emit(ev(r))
	if err := t.exec(`INSERT INTO charge_record (`+recordColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
		r.ID, r.Number, r.Subject(), string(r.Station), r.EVSE.ID, r.EVSE.Connector, t.seal(r.Token.UID), string(r.Token.Type), millis(r.StartedAt), millis(r.EndedAt),
		r.EnergyWh, r.TariffVersion, r.Policy, r.Bill.Total.Currency, r.Bill.Net.Amount, r.Bill.Tax.Amount, r.Bill.Total.Amount, string(bill), millis(r.IssuedAt), r.Account,
		string(r.Kind), r.Corrects, r.Payment, r.Reservation, r.Payer); err != nil {
		return r, err
	}
	if e, ok := billing.EntryOf(r); ok {
		_, err = t.post(e)
	}
	return r, err
}

// Correct stores a credit and, unless it is nil, what stands instead. Conflict when the record that they correct
// was corrected before.
func (db *DB) Correct(ctx context.Context, credit billing.Record, instead *billing.Record, d billing.Decision, ev func(billing.Record) gnista.Event) ([]billing.Record, error) {
	var out []billing.Record
	err := db.write(ctx, ledgerKey, func(t *tx) error {
		var number int64
		err := t.row(`SELECT number FROM charge_record WHERE corrects = $1 AND kind = 'credit'`, credit.Corrects).Scan(&number)
		if err == nil {
			return gnista.Errorf(gnista.Conflict, "charge record %s was corrected already, by credit %d; correct what stands instead", credit.Corrects, number)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		list := []billing.Record{credit}
		if instead != nil {
			list = append(list, *instead)
		}
		out = nil
		for _, r := range list {
			if r, err = t.issue(r, ev); err != nil {
				return err
			}
			out = append(out, r)
		}
		if err := t.addDecision(d); err != nil {
			return err
		}
		return t.owe(out[len(out)-1])
	})
	return out, err
}

func (t *tx) addDecision(d billing.Decision) error {
	return t.exec(`INSERT INTO decision (id, at, kind, transaction_id, record, decided_by, reason, energy_wh, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		d.ID, millis(d.At), string(d.Kind), d.Transaction, d.Record, d.By, d.Reason, d.EnergyWh, string(d.Detail))
}

// Decisions lists what persons have decided, the newest first.
func (db *DB) Decisions(ctx context.Context, f billing.DecisionFilter) ([]billing.Decision, error) {
	var w where
	if f.Transaction != "" {
		w.add("transaction_id = ?", f.Transaction)
	}
	if f.Before != "" {
		w.add("id < ?", f.Before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT id, at, kind, transaction_id, record, decided_by, reason, energy_wh, detail FROM decision`+w.sql()+` ORDER BY id DESC LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, func(s scanner) (d billing.Decision, err error) {
		var at int64
		var detail string
		err = s.Scan(&d.ID, &at, &d.Kind, &d.Transaction, &d.Record, &d.By, &d.Reason, &d.EnergyWh, &detail)
		d.At, d.Detail = instant(at), []byte(detail)
		return d, err
	})
}

// Record finds a record. NotFound.
func (db *DB) Record(ctx context.Context, id string) (billing.Record, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+recordColumns+` FROM charge_record WHERE id = $1`, id), db.scanRecord, "there is no charge record %q", id)
}

// RecordOf finds the newest record of a transaction or a reservation that is no credit. NotFound.
func (db *DB) RecordOf(ctx context.Context, subject string) (billing.Record, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+recordColumns+` FROM charge_record WHERE transaction_id = $1 AND kind <> 'credit' ORDER BY number DESC LIMIT 1`, subject), db.scanRecord,
		"%q has no charge record", subject)
}

// OldRecords lists up to limit records that were issued before a time, by number, behind after.
func (db *DB) OldRecords(ctx context.Context, after int64, before time.Time, limit int) ([]billing.Record, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+recordColumns+` FROM charge_record WHERE number > $1 ORDER BY number LIMIT $2`, after, limit)
	list, err := all(rows, err, db.scanRecord)
	if i := slices.IndexFunc(list, func(r billing.Record) bool { return !r.IssuedAt.Before(before) }); i >= 0 {
		list = list[:i] // they are issued in the order of their numbers
	}
	return list, err
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
	if f.Reservation != "" {
		w.add("reservation = ?", f.Reservation)
	}
	if f.Account != "" {
		w.add("account = ?", f.Account)
	}
	if f.Nobody {
		w.conditions = append(w.conditions, "account = '' AND payer = '' AND total <> 0")
	}
	if f.Before > 0 {
		w.add("number < ?", f.Before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+recordColumns+` FROM charge_record`+w.sql()+` ORDER BY number DESC LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, db.scanRecord)
}

// Revenue adds up what was billed by group and currency, and where it is by day by quarters of an hour, which the days
// of any zone are made of.
func (db *DB) Revenue(ctx context.Context, q billing.RevenueQuery) ([]billing.Revenue, error) {
	group, quarter := `''`, `CAST(0 AS BIGINT)`
	switch q.By {
	case billing.RevenueByDay:
		quarter = `r.issued_at / 900000 * 900000`
	case billing.RevenueBySite:
		group = `COALESCE(s.site, '')`
	case billing.RevenueByStation:
		group = `r.station`
	}
	var w where
	w.add("r.issued_at >= ?", millis(q.Since))
	w.add("r.issued_at < ?", millis(q.Until))
	if q.Site != "" {
		w.add("s.site = ?", q.Site)
	}
	if q.Station != "" {
		w.add("r.station = ?", string(q.Station))
	}
	return old(ctx, db, func(s scanner) (x billing.Revenue, err error) {
		var at int64
		err = s.Scan(&x.Group, &at, &x.Currency, &x.Charges, &x.Fixed, &x.EnergyWh, &x.Net, &x.Tax, &x.Total)
		x.Quarter = instant(at)
		return x, err
	}, `SELECT `+group+` AS of_group, `+quarter+` AS of_quarter, r.currency, SUM(CASE r.kind WHEN 'original' THEN 1 ELSE 0 END), SUM(CASE r.kind WHEN 'original' THEN 0 ELSE 1 END),
		CAST(SUM(r.energy_wh) AS BIGINT), CAST(SUM(r.net) AS BIGINT), CAST(SUM(r.tax) AS BIGINT), CAST(SUM(r.total) AS BIGINT)
		FROM charge_record r LEFT JOIN station s ON s.id = r.station`+w.sql()+` GROUP BY of_group, of_quarter, r.currency`, w.args...)
}
