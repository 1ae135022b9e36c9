package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/station"
)

const reportColumns = `id, station, number, kind, state, detail, pages, variables, bytes, next_page, early, last_page, renew, started_at, page_at, ended_at`

func scanReport(s scanner) (r station.Report, err error) {
	var early string
	var started, page, ended int64
	err = s.Scan(&r.ID, &r.Station, &r.Number, &r.Of, &r.State, &r.Detail, &r.Pages, &r.Variables, &r.Bytes, &r.Next, &early, &r.Last, &r.Renew, &started, &page, &ended)
	r.StartedAt, r.PageAt, r.EndedAt = instant(started), instant(page), instant(ended)
	for _, n := range strings.Fields(early) {
		if page, bad := strconv.Atoi(n); bad == nil {
			r.Early = append(r.Early, page)
		}
	}
	return r, err
}

func (t *tx) saveReport(r station.Report) error {
	early := make([]string, len(r.Early))
	for i, n := range r.Early {
		early[i] = strconv.Itoa(n)
	}
	return t.exec(`INSERT INTO report (`+reportColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, detail = excluded.detail, pages = excluded.pages, variables = excluded.variables, bytes = excluded.bytes,
		next_page = excluded.next_page, early = excluded.early, last_page = excluded.last_page, page_at = excluded.page_at, ended_at = excluded.ended_at`,
		r.ID, string(r.Station), r.Number, string(r.Of), string(r.State), r.Detail, r.Pages, r.Variables, r.Bytes, r.Next, strings.Join(early, " "), r.Last, r.Renew,
		millis(r.StartedAt), millis(r.PageAt), millis(r.EndedAt))
}

// keptReports is how many reports of a station are kept where nobody says.
const keptReports = 20

func (t *tx) pruneReports(id gnista.StationID, keep int) error {
	return t.exec(`DELETE FROM report WHERE station = $1 AND id NOT IN (SELECT id FROM report WHERE station = $1 ORDER BY id DESC LIMIT $2)`, string(id), keep)
}

// AddReport keeps a report, which gets a number if it has none, and no more than keep of the station.
func (db *DB) AddReport(ctx context.Context, r station.Report, keep int) (station.Report, error) {
	err := db.write(ctx, string(r.Station), func(t *tx) error {
		if r.Number == 0 {
			n, err := t.next("report", 1)
			if err != nil {
				return err
			}
			r.Number = int(n)
		}
		if err := t.saveReport(r); err != nil {
			return err
		}
		return t.pruneReports(r.Station, keep)
	})
	return r, err
}

// TakePage stores what came of a page of a report.
func (db *DB) TakePage(ctx context.Context, id gnista.StationID, number int, take func(*station.Report, station.Inventory) ([]station.Variable, []gnista.Event)) (station.Report, error) {
	var out station.Report
	err := db.writeLater(ctx, string(id), func(t *tx) error {
		r, err := scanReport(t.row(`SELECT `+reportColumns+` FROM report WHERE station = $1 AND number = $2 ORDER BY id DESC LIMIT 1`, string(id), number))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		held, err := t.inventory(id)
		if err != nil {
			return err
		}
		fresh := r.ID == ""
		if fresh { // of those that nobody asked for there may be many, so they are counted
			if held.Count, err = t.countVariables(id); err != nil {
				return err
			}
		}
		was, early := r, len(r.Early)
		list, evs := take(&r, held)
		if err := t.setVariables(id, list, r.Renew); err != nil {
			return err
		}
		if fresh || r.Pages != was.Pages || r.State != was.State || len(r.Early) != early {
			if err := t.saveReport(r); err != nil {
				return err
			}
		}
		if fresh {
			if err := t.pruneReports(id, keptReports); err != nil {
				return err
			}
		}
		if r.State != was.State && !r.EndedAt.IsZero() {
			if err := t.endInventory(r, held); err != nil {
				return err
			}
		}
		t.emit(evs...)
		out = r
		return nil
	})
	return out, err
}

func (t *tx) countVariables(id gnista.StationID) (n int, err error) {
	err = t.row(`SELECT COUNT(*) FROM variable WHERE station = $1`, string(id)).Scan(&n)
	return n, err
}

// endInventory brings what is known of a station's settings as a whole up to date with a report that
// has ended.
func (t *tx) endInventory(r station.Report, held station.Inventory) (err error) {
	all := r.Of == station.OfAll && r.State == station.Complete
	if all {
		err := t.row(`SELECT version, firmware FROM station WHERE id = $1`, string(r.Station)).Scan(&held.Version, &held.Firmware)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		held.ReadAt = r.EndedAt
	}
	if all && r.Renew {
		if err := t.exec(`DELETE FROM variable WHERE station = $1 AND reported_at < $2`, string(r.Station), millis(r.StartedAt)); err != nil {
			return err
		}
	}
	if held.Count, err = t.countVariables(r.Station); err != nil {
		return err
	}
	if all {
		held.Stale = !r.Renew && held.Count != r.Variables
	}
	return t.setInventory(r.Station, held)
}

// EndReport ends a report unless it has ended.
func (db *DB) EndReport(ctx context.Context, r station.Report, ev gnista.Event) error {
	return db.write(ctx, string(r.Station), func(t *tx) error {
		was, err := scanReport(t.row(`SELECT `+reportColumns+` FROM report WHERE id = $1`, r.ID))
		if errors.Is(err, sql.ErrNoRows) || err == nil && !was.EndedAt.IsZero() {
			return nil
		}
		if err != nil {
			return err
		}
		was.State, was.Detail, was.EndedAt = r.State, r.Detail, r.EndedAt
		t.emit(ev)
		return t.saveReport(was)
	})
}

// Report finds a report. NotFound.
func (db *DB) Report(ctx context.Context, id string) (station.Report, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+reportColumns+` FROM report WHERE id = $1`, id), scanReport, "there is no report %q", id)
}

// Reports lists a station's reports, the newest first, behind the one with the id before.
func (db *DB) Reports(ctx context.Context, id gnista.StationID, before string, limit int) ([]station.Report, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+reportColumns+` FROM report WHERE station = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, string(id), before, limit)
	return all(rows, err, scanReport)
}

// RunningReports lists reports that are running and had no page since the time.
func (db *DB) RunningReports(ctx context.Context, before time.Time, limit int) ([]station.Report, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+reportColumns+` FROM report WHERE ended_at = 0 AND page_at < $1 ORDER BY page_at LIMIT $2`, millis(before), limit)
	return all(rows, err, scanReport)
}
