package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"gnista"
	"gnista/billing"
)

const runColumns = `id, until, account, state, detail, created_at, ended_at`

// runDetail is what of a run is in one column.
type runDetail struct {
	Note              string `json:",omitempty"`
	Accounts, Records int
	Expected          []gnista.Money
	Done              billing.Progress
	Skipped           []billing.Skipped
	After             billing.Due
}

func scanRun(s scanner) (r billing.InvoiceRun, err error) {
	var until, created, ended int64
	var text string
	if err = s.Scan(&r.ID, &until, &r.Account, &r.State, &text, &created, &ended); err != nil {
		return r, err
	}
	r.Until, r.CreatedAt, r.EndedAt = instant(until), instant(created), instant(ended)
	var d runDetail
	err = json.Unmarshal([]byte(text), &d)
	r.Note, r.Accounts, r.Records, r.Expected, r.Done, r.Skipped, r.After = d.Note, d.Accounts, d.Records, d.Expected, d.Done, d.Skipped, d.After
	return r, err
}

func (t *tx) saveRun(r billing.InvoiceRun) error {
	text, err := json.Marshal(runDetail{r.Note, r.Accounts, r.Records, r.Expected, r.Done, r.Skipped, r.After})
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO invoice_run (`+runColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, detail = excluded.detail, ended_at = excluded.ended_at`,
		r.ID, millis(r.Until), r.Account, string(r.State), string(text), millis(r.CreatedAt), millis(r.EndedAt))
}

// AddRun stores r unless there is one with its cut-off and account that is running, or if once is set,
// any; it returns the one that is stored.
func (db *DB) AddRun(ctx context.Context, r billing.InvoiceRun, once bool) (out billing.InvoiceRun, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		out, err = scanRun(t.row(`SELECT `+runColumns+` FROM invoice_run WHERE until = $1 AND account = $2 AND (state = 'running' OR $3) ORDER BY id DESC LIMIT 1`,
			millis(r.Until), r.Account, once))
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		out = r
		return t.saveRun(r)
	})
	return out, err
}

// InvoiceRun finds a run. NotFound.
func (db *DB) InvoiceRun(ctx context.Context, id string) (billing.InvoiceRun, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+runColumns+` FROM invoice_run WHERE id = $1`, id), scanRun, "there is no invoice run %q", id)
}

// InvoiceRuns lists runs, the newest first, behind the one with the id before, in a state or in any.
func (db *DB) InvoiceRuns(ctx context.Context, state billing.RunState, before string, limit int) ([]billing.InvoiceRun, error) {
	var w where
	if state != "" {
		w.add("state = ?", string(state))
	}
	if before != "" {
		w.add("id < ?", before)
	}
	limited := w.arg(limit)
	rows, err := db.sql.QueryContext(ctx, `SELECT `+runColumns+` FROM invoice_run`+w.sql()+` ORDER BY id DESC LIMIT `+limited, w.args...)
	return all(rows, err, scanRun)
}

// notByCard leaves out records that a card pays for: those are not invoiced.
const notByCard = "NOT EXISTS (SELECT 1 FROM payment p WHERE p.transaction_id = charge_record.transaction_id AND p.transaction_id <> '' AND p.mandate <> '')"

// Dues lists up to limit accounts that have records for a run, in the order of account and currency,
// behind one; a limit of 0 is all. The condition is in the words of the partial index.
func (db *DB) Dues(ctx context.Context, until time.Time, account string, after billing.Due, limit int) ([]billing.Due, error) {
	var w where
	w.add("issued_at < ?", millis(until))
	w.conditions = append(w.conditions, "invoice = '' AND account <> '' AND (account, currency) > ("+w.arg(after.Account)+", "+w.arg(after.Currency)+")",
		"EXISTS (SELECT 1 FROM account WHERE account.id = charge_record.account AND account.kind = 'postpaid')", notByCard)
	if account != "" {
		w.add("account = ?", account)
	}
	query := `SELECT account, currency, COUNT(*), CAST(SUM(total) AS BIGINT) FROM charge_record` + w.sql() + ` GROUP BY account, currency ORDER BY account, currency`
	if limit > 0 {
		query += ` LIMIT ` + w.arg(limit)
	}
	rows, err := db.sql.QueryContext(ctx, query, w.args...)
	return all(rows, err, func(s scanner) (d billing.Due, err error) {
		return d, s.Scan(&d.Account, &d.Currency, &d.Records, &d.Total)
	})
}

// IssueInvoices makes the invoices of some accounts, each of the records that it has for the run at that
// moment, and stores how far the run has come, in one SQL transaction.
func (db *DB) IssueInvoices(ctx context.Context, id string, of []billing.Due, make func(billing.Due, []billing.InvoiceLine) billing.Making, skipped []billing.Skipped) (out billing.InvoiceRun, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		r, err := scanRun(t.row(`SELECT `+runColumns+` FROM invoice_run WHERE id = $1`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no invoice run %q", id)
		}
		if err != nil {
			return err
		}
		places := map[gnista.StationID]string{}
		for _, d := range of {
			v, err := t.issueInvoice(r, d, make, places)
			if err != nil {
				return err
			}
			if r.Done.Accounts++; v != nil {
				r.Done.Add(v)
			}
			r.After = billing.Due{Account: d.Account, Currency: d.Currency}
		}
		r.Done.Skipped += len(skipped)
		r.Skipped = append(r.Skipped, skipped[:min(len(skipped), max(0, skippedAtMost-len(r.Skipped)))]...)
		out = r
		return t.saveRun(r)
	})
	return out, err
}

const skippedAtMost = 100

// issueInvoice makes the invoice of one account; nil is none.
func (t *tx) issueInvoice(r billing.InvoiceRun, d billing.Due, make func(billing.Due, []billing.InvoiceLine) billing.Making, places map[gnista.StationID]string) (*billing.Invoice, error) {
	rows, err := t.rows(`SELECT `+recordColumns+` FROM charge_record WHERE account = $1 AND currency = $2 AND invoice = '' AND account <> '' AND issued_at < $3 AND `+notByCard+` ORDER BY number`,
		d.Account, d.Currency, millis(r.Until))
	records, err := all(rows, err, t.scanRecord)
	if err != nil {
		return nil, err
	}
	lines, refers, err := t.lines(records, places)
	if err != nil {
		return nil, err
	}
	m := make(d, lines)
	if m.Nothing {
		return nil, nil
	}
	m.Invoice.Refers = refers
	if err := t.addInvoice(&m.Invoice); err != nil {
		return nil, err
	}
	for _, x := range records {
		if err := t.exec(`UPDATE charge_record SET invoice = $1 WHERE id = $2`, m.Invoice.ID, x.ID); err != nil {
			return nil, err
		}
	}
	if m.Entry != nil {
		if _, err := t.post(*m.Entry); err != nil {
			return nil, err
		}
	}
	t.emit(m.Event(&m.Invoice))
	return &m.Invoice, nil
}

// lines are the records as they stand on an invoice, and the numbers of earlier invoices that have those
// that they correct.
func (t *tx) lines(records []billing.Record, places map[gnista.StationID]string) (list []billing.InvoiceLine, refers []int64, err error) {
	for _, r := range records {
		place, known := places[r.Station]
		if !known {
			err := t.row(`SELECT site.name FROM station JOIN site ON site.id = station.site WHERE station.id = $1`, string(r.Station)).Scan(&place)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return nil, nil, err
			}
			places[r.Station] = place
		}
		corrects, err := t.corrects(r, &refers)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, billing.InvoiceLine{
			Record: r.ID, Corrects: corrects, Number: r.Number, Station: r.Station, Place: place, EVSE: r.EVSE.ID, StartedAt: r.StartedAt, EndedAt: r.EndedAt, EnergyWh: r.EnergyWh, Reserved: r.Reservation != "",
			VAT: r.Bill.VAT, Total: r.Bill.Total.Amount,
		})
	}
	slices.SortFunc(list, func(a, b billing.InvoiceLine) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Number, b.Number))
	})
	return list, refers, nil
}

// corrects is the number of the record that r corrects, 0 for none. The number of the invoice that has that
// one is added to refers.
func (t *tx) corrects(r billing.Record, refers *[]int64) (number int64, err error) {
	if r.Corrects == "" {
		return 0, nil
	}
	var earlier int64
	err = t.row(`SELECT charge_record.number, COALESCE(invoice.number, 0) FROM charge_record LEFT JOIN invoice ON invoice.id = charge_record.invoice WHERE charge_record.id = $1`,
		r.Corrects).Scan(&number, &earlier)
	if at, found := slices.BinarySearch(*refers, earlier); err == nil && earlier > 0 && !found {
		*refers = slices.Insert(*refers, at, earlier)
	}
	return number, err
}

// EndRun ends a run.
func (db *DB) EndRun(ctx context.Context, id string, at time.Time, ev gnista.Event) (out billing.InvoiceRun, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		r, err := scanRun(t.row(`SELECT `+runColumns+` FROM invoice_run WHERE id = $1`, id))
		if err != nil {
			return err
		}
		if out = r; r.State == billing.RunDone {
			return nil
		}
		out.State, out.EndedAt = billing.RunDone, at
		t.emit(ev)
		return t.saveRun(out)
	})
	return out, err
}
