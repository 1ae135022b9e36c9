package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"gnista"
	"gnista/station"
)

const customerColumns = `id, number, station, report, clear, state, detail, at, ended_at, (SELECT count(*) FROM customer_page WHERE customer_page.report = customer_report.id)`

func scanCustomer(s scanner) (r station.CustomerReport, err error) {
	var at, ended int64
	err = s.Scan(&r.ID, &r.Number, &r.Station, &r.Report, &r.Clear, &r.State, &r.Detail, &at, &ended, &r.Pages)
	r.At, r.EndedAt = instant(at), instant(ended)
	return r, err
}

// AddCustomerReport keeps a report that was asked for.
func (db *DB) AddCustomerReport(ctx context.Context, r station.CustomerReport) error {
	return db.write(ctx, string(r.Station), func(t *tx) error {
		return t.exec(`INSERT INTO customer_report (id, number, station, report, clear, state, detail, last_page, at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, -1, $8, $9)`,
			r.ID, r.Number, string(r.Station), r.Report, r.Clear, string(r.State), r.Detail, millis(r.At), millis(r.EndedAt))
	})
}

// EndCustomerReport ends a report of which there will be no more.
func (db *DB) EndCustomerReport(ctx context.Context, id string, state station.Outcome, detail string, at time.Time) error {
	return db.write(ctx, id, func(t *tx) error {
		return t.exec(`UPDATE customer_report SET state = $1, detail = $2, ended_at = $3 WHERE id = $4 AND ended_at = 0`, string(state), detail, millis(at), id)
	})
}

// pageCosts is what a page counts beside its text: there may be many without any.
const pageCosts = 100

// AddCustomerPage adds a page to the open report with the number and tells whether that is complete.
func (db *DB) AddCustomerPage(ctx context.Context, id gnista.StationID, number, page, last int, text string, most int, at time.Time) (complete bool, err error) {
	err = db.write(ctx, string(id), func(t *tx) error {
		complete = false
		var report string
		err := t.row(`SELECT id FROM customer_report WHERE station = $1 AND number = $2 AND ended_at = 0`, string(id), number).Scan(&report)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		var size int
		if err := t.row(`SELECT coalesce(sum(length(text) * 3 / 4 + $2), 0) FROM customer_page WHERE report = $1`, report, pageCosts).Scan(&size); err != nil {
			return err
		}
		if size+len(text)+pageCosts > most {
			return t.exec(`UPDATE customer_report SET state = $1, detail = $2, ended_at = $3 WHERE id = $4`, string(station.Failed), "the station says more than is kept", millis(at), report)
		}
		if err := t.exec(`INSERT INTO customer_page (report, page, text) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, report, page, t.seal(text)); err != nil {
			return err
		}
		if last >= 0 {
			if err := t.exec(`UPDATE customer_report SET last_page = $1 WHERE id = $2`, last, report); err != nil {
				return err
			}
		}
		n, err := t.changed(`UPDATE customer_report SET state = $1, ended_at = $2 WHERE id = $3 AND last_page >= 0
			AND last_page + 1 = (SELECT count(*) FROM customer_page WHERE report = $3 AND page BETWEEN 0 AND last_page)`, string(station.Happened), millis(at), report)
		complete = n > 0
		return err
	})
	return complete, err
}

// CustomerReport finds a report with its text. NotFound.
func (db *DB) CustomerReport(ctx context.Context, id string) (station.CustomerReport, error) {
	r, err := one(db.sql.QueryRowContext(ctx, `SELECT `+customerColumns+` FROM customer_report WHERE id = $1`, id), scanCustomer, "there is no report %q", id)
	if err != nil {
		return r, err
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT text FROM customer_page WHERE report = $1 ORDER BY page`, id)
	pages, err := all(rows, err, func(s scanner) (text string, err error) { return text, s.Scan(db.into(&text)) })
	r.Text = strings.Join(pages, "")
	return r, err
}

// CustomerReports lists those of a station, the newest first, without their texts.
func (db *DB) CustomerReports(ctx context.Context, id gnista.StationID, before string, limit int) ([]station.CustomerReport, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+customerColumns+` FROM customer_report WHERE station = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		string(id), before, limit)
	return all(rows, err, scanCustomer)
}

// DeleteCustomerReports deletes reports that are older than before.
func (db *DB) DeleteCustomerReports(ctx context.Context, before time.Time) error {
	var due bool
	err := db.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM customer_report WHERE at < $1)`, millis(before)).Scan(&due)
	if err != nil || !due {
		return err
	}
	return db.write(ctx, "customer", func(t *tx) error {
		if err := t.exec(`DELETE FROM customer_page WHERE report IN (SELECT id FROM customer_report WHERE at < $1)`, millis(before)); err != nil {
			return err
		}
		return t.exec(`DELETE FROM customer_report WHERE at < $1`, millis(before))
	})
}
