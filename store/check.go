package store

import (
	"context"

	"github.com/bytedance/sonic"

	"gnista"
	"gnista/commission"
)

// checkReport is what is kept of a check beside its columns.
type checkReport struct {
	Options commission.Options
	Subject commission.Subject
	Why     commission.Message
	Step    int
	Steps   int
	Results []commission.Result
	Quirks  []commission.Quirk
}

const checkColumns = `id, station, state, started_at, ended_at, report`

func scanCheck(s scanner) (c commission.Check, err error) {
	var started, ended int64
	var text string
	if err := s.Scan(&c.ID, &c.Station, &c.State, &started, &ended, &text); err != nil {
		return c, err
	}
	var r checkReport
	err = sonic.UnmarshalString(text, &r)
	c.StartedAt, c.EndedAt = instant(started), instant(ended)
	c.Options, c.Subject, c.Why, c.Step, c.Steps, c.Results, c.Quirks = r.Options, r.Subject, r.Why, r.Step, r.Steps, r.Results, r.Quirks
	return c, err
}

// SaveCheck keeps c over what was kept of it, the events with it, and no more than keep of the station.
// Of a station that there is not it keeps nothing.
func (db *DB) SaveCheck(ctx context.Context, c commission.Check, keep int, evs ...gnista.Event) error {
	text, err := sonic.MarshalString(checkReport{c.Options, c.Subject, c.Why, c.Step, c.Steps, c.Results, c.Quirks})
	if err != nil {
		return err
	}
	return db.write(ctx, string(c.Station), func(t *tx) error {
		var there bool
		if err := t.row(`SELECT EXISTS (SELECT 1 FROM station WHERE id = $1)`, string(c.Station)).Scan(&there); err != nil || !there {
			return err // it was deleted meanwhile, and what is of it
		}
		if err := t.exec(`INSERT INTO station_check (`+checkColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at, report = excluded.report`,
			c.ID, string(c.Station), string(c.State), millis(c.StartedAt), millis(c.EndedAt), text); err != nil {
			return err
		}
		if len(evs) > 0 {
			t.emit(evs...)
		}
		return t.exec(`DELETE FROM station_check WHERE station = $1 AND id < COALESCE(
			(SELECT id FROM station_check WHERE station = $1 ORDER BY id DESC LIMIT 1 OFFSET $2), '')`, string(c.Station), keep-1)
	})
}

// Check finds a check. NotFound.
func (db *DB) Check(ctx context.Context, id string) (commission.Check, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+checkColumns+` FROM station_check WHERE id = $1`, id)
	return one(row, scanCheck, "there is no check %q", id)
}

// Checks lists those of a station, the newest first, behind the one with the id before.
func (db *DB) Checks(ctx context.Context, id gnista.StationID, before string, limit int) ([]commission.Check, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+checkColumns+` FROM station_check WHERE station = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		string(id), before, limit)
	return all(rows, err, scanCheck)
}

// RunningChecks lists those that have not ended.
func (db *DB) RunningChecks(ctx context.Context) ([]commission.Check, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+checkColumns+` FROM station_check WHERE ended_at = 0 ORDER BY id`)
	return all(rows, err, scanCheck)
}
