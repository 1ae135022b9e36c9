package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/fault/remedy"
	"gnista/station"
)

const remedyColumns = `id, class, station, site, evse, connector, model, mode, by_whom, why, steps, step, hurry, state, reason, due_at, started_at, ended_at`

func scanRemedy(s scanner) (r remedy.Run, err error) {
	var steps, reason string
	var due, started, ended int64
	if err = s.Scan(&r.ID, &r.Class, &r.Station, &r.Site, &r.EVSE, &r.Connector, &r.Model, &r.Mode, &r.By, &r.Why, &steps, &r.At, &r.Hurry, &r.State, &reason,
		&due, &started, &ended); err != nil {
		return r, err
	}
	r.DueAt, r.StartedAt, r.EndedAt = instant(due), instant(started), instant(ended)
	return r, errors.Join(json.Unmarshal([]byte(steps), &r.Steps), json.Unmarshal([]byte(reason), &r.Reason))
}

const remedyStepColumns = `n, step, action, state, dry, guards, reason, command, since, acted_at, until, ended_at`

func scanRemedyStep(s scanner) (x remedy.Record, err error) {
	var guards, reason string
	var since, acted, until, ended int64
	if err = s.Scan(&x.N, &x.Step, &x.Do, &x.State, &x.Dry, &guards, &reason, &x.Command, &since, &acted, &until, &ended); err != nil {
		return x, err
	}
	x.Since, x.ActedAt, x.Until, x.EndedAt = instant(since), instant(acted), instant(until), instant(ended)
	return x, errors.Join(json.Unmarshal([]byte(guards), &x.Guards), json.Unmarshal([]byte(reason), &x.Reason))
}

// rowser reads rows: the database, or a SQL transaction.
type rowser func(query string, args ...any) (answer, error)

func (db *DB) reader(ctx context.Context) rowser {
	return func(query string, args ...any) (answer, error) { return db.sql.QueryContext(ctx, query, args...) }
}

// fillRemedy reads the faults and the records of a run.
func fillRemedy(read rowser, r *remedy.Run) (err error) {
	rows, err := read(`SELECT fault FROM remedy_fault WHERE run = $1 ORDER BY n`, r.ID)
	if r.Faults, err = all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) }); err != nil {
		return err
	}
	rows, err = read(`SELECT `+remedyStepColumns+` FROM remedy_step WHERE run = $1 ORDER BY n`, r.ID)
	r.Records, err = all(rows, err, scanRemedyStep)
	return err
}

func (t *tx) saveRemedy(r *remedy.Run) error {
	steps, bad := json.Marshal(r.Steps)
	reason, worse := json.Marshal(r.Reason)
	if err := errors.Join(bad, worse); err != nil {
		return err
	}
	err := t.exec(`INSERT INTO remedy_run (`+remedyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (id) DO UPDATE SET mode = excluded.mode, by_whom = excluded.by_whom, why = excluded.why, step = excluded.step, hurry = excluded.hurry, state = excluded.state,
		reason = excluded.reason, due_at = excluded.due_at, ended_at = excluded.ended_at`,
		r.ID, string(r.Class), string(r.Station), r.Site, r.EVSE, r.Connector, r.Model, string(r.Mode), r.By, r.Why, string(steps), r.At, r.Hurry, string(r.State), string(reason),
		millis(r.DueAt), millis(r.StartedAt), millis(r.EndedAt))
	if err == nil && !r.EndedAt.IsZero() {
		err = t.exec(`UPDATE remedy_fault SET live = FALSE WHERE run = $1 AND live`, r.ID)
	}
	return err
}

func (t *tx) saveRemedyStep(r *remedy.Run, x remedy.Record) error {
	if x.Guards == nil {
		x.Guards = []remedy.Verdict{}
	}
	guards, bad := json.Marshal(x.Guards)
	reason, worse := json.Marshal(x.Reason)
	if err := errors.Join(bad, worse); err != nil {
		return err
	}
	return t.exec(`INSERT INTO remedy_step (run, station, site, evse, class, model, `+remedyStepColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (run, n) DO UPDATE SET state = excluded.state, dry = excluded.dry, guards = excluded.guards, reason = excluded.reason, command = excluded.command,
		acted_at = excluded.acted_at, until = excluded.until, ended_at = excluded.ended_at`,
		r.ID, string(r.Station), r.Site, r.EVSE, string(r.Class), r.Model,
		x.N, x.Step, string(x.Do), string(x.State), x.Dry, string(guards), string(reason), x.Command, millis(x.Since), millis(x.ActedAt), millis(x.Until), millis(x.EndedAt))
}

// BeginRemedy keeps a run, unless its first fault has one that has not ended or there is one of its class at
// its place, which the fault joins then.
func (db *DB) BeginRemedy(ctx context.Context, r remedy.Run, ev gnista.Event) (out remedy.Run, begun bool, err error) {
	err = db.write(ctx, string(r.Station), func(t *tx) error {
		out, begun = r, false
		first := r.Faults[0]
		have, err := scanRemedy(t.row(`SELECT `+prefixed("r", remedyColumns)+` FROM remedy_run r JOIN remedy_fault f ON f.run = r.id WHERE f.fault = $1 AND f.live`, first))
		if err == nil {
			out = have
			return fillRemedy(t.rows, &out)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		have, err = scanRemedy(t.row(`SELECT `+remedyColumns+` FROM remedy_run WHERE ended_at = 0 AND station = $1 AND site = $2 AND evse = $3 AND class = $4 ORDER BY id LIMIT 1`,
			string(r.Station), r.Site, r.EVSE, string(r.Class)))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		n := 0
		if begun = err != nil; begun {
			if err := t.saveRemedy(&r); err != nil {
				return err
			}
			t.emit(ev)
		} else {
			out = have
			if err := fillRemedy(t.rows, &out); err != nil {
				return err
			}
			n = len(out.Faults)
			out.Faults = append(out.Faults, first)
		}
		return t.exec(`INSERT INTO remedy_fault (run, fault, station, n, live) VALUES ($1, $2, $3, $4, TRUE)
			ON CONFLICT (run, fault) DO UPDATE SET live = TRUE`, out.ID, first, string(r.Station), n)
	})
	return out, begun, err
}

// prefixed are columns of a table with a name.
func prefixed(table, columns string) string {
	return table + "." + strings.ReplaceAll(columns, ", ", ", "+table+".")
}

// Remedy finds a run. NotFound.
func (db *DB) Remedy(ctx context.Context, id string) (remedy.Run, error) {
	r, err := one(db.sql.QueryRowContext(ctx, `SELECT `+remedyColumns+` FROM remedy_run WHERE id = $1`, id), scanRemedy, "there is no remedy %q", id)
	if err != nil {
		return r, err
	}
	return r, fillRemedy(db.reader(ctx), &r)
}

// LiveRemedy finds the run of a fault that has not ended. NotFound.
func (db *DB) LiveRemedy(ctx context.Context, fault string) (remedy.Run, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+prefixed("r", remedyColumns)+` FROM remedy_run r JOIN remedy_fault f ON f.run = r.id WHERE f.fault = $1 AND f.live`, fault)
	r, err := one(row, scanRemedy, "no remedy is under way for fault %q", fault)
	if err != nil {
		return r, err
	}
	return r, fillRemedy(db.reader(ctx), &r)
}

// Remedies lists runs, the newest first.
func (db *DB) Remedies(ctx context.Context, f remedy.Filter) ([]remedy.Run, error) {
	var w where
	for column, value := range map[string]string{"state": string(f.State), "class": string(f.Class), "station": string(f.Station), "site": f.Site} {
		if value != "" {
			w.add(column+` = ?`, value)
		}
	}
	if f.Live {
		w.conditions = append(w.conditions, `ended_at = 0`)
	}
	if f.Fault != "" {
		w.add(`id IN (SELECT run FROM remedy_fault WHERE fault = ?)`, f.Fault)
	}
	if f.Before != "" {
		w.add(`id < ?`, f.Before)
	}
	limited := w.arg(f.Limit)
	rows, err := db.sql.QueryContext(ctx, `SELECT `+remedyColumns+` FROM remedy_run`+w.sql()+` ORDER BY id DESC LIMIT `+limited, w.args...)
	list, err := all(rows, err, scanRemedy)
	for i := range list {
		if err == nil {
			err = fillRemedy(db.reader(ctx), &list[i])
		}
	}
	return list, err
}

// DueRemedies lists the ids of runs that have not ended and are to be looked at by now.
func (db *DB) DueRemedies(ctx context.Context, now time.Time, limit int) ([]string, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM remedy_run WHERE ended_at = 0 AND due_at > 0 AND due_at <= $1 ORDER BY due_at, id LIMIT $2`, millis(now), limit)
	return all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
}

// ChangeRemedy changes a run and its records; the events go into the same SQL transaction. NotFound.
func (db *DB) ChangeRemedy(ctx context.Context, id gnista.StationID, run string, change func(*remedy.Run, remedy.Past) ([]gnista.Event, error)) (out remedy.Run, err error) {
	err = db.write(ctx, string(id), func(t *tx) error {
		r, err := one(t.row(`SELECT `+remedyColumns+` FROM remedy_run WHERE id = $1`, run), scanRemedy, "there is no remedy %q", run)
		if err == nil {
			err = fillRemedy(t.rows, &r)
		}
		if err != nil {
			return err
		}
		was := slices.Clone(r.Records)
		evs, err := change(&r, past{t})
		if out = r; err != nil {
			return err
		}
		for i, x := range r.Records {
			if i < len(was) && sameStep(was[i], x) {
				continue
			}
			if err := t.saveRemedyStep(&r, x); err != nil {
				return err
			}
		}
		t.emit(evs...)
		return t.saveRemedy(&r)
	})
	return out, err
}

// sameStep tells whether two records are alike.
func sameStep(a, b remedy.Record) bool {
	alike := slices.EqualFunc(a.Guards, b.Guards, func(a, b remedy.Verdict) bool {
		return a.Guard == b.Guard && a.Met == b.Met && a.Reason.Code == b.Reason.Code && slices.Equal(a.Reason.With, b.Reason.With)
	})
	return alike && a.State == b.State && a.Dry == b.Dry && a.Command == b.Command && a.Reason.Code == b.Reason.Code && slices.Equal(a.Reason.With, b.Reason.With) &&
		a.ActedAt.Equal(b.ActedAt) && a.Until.Equal(b.Until) && a.EndedAt.Equal(b.EndedAt)
}

// past is what was done before, as it is within a change.
type past struct{ t *tx }

// actionsIn are actions as arguments of a list.
func actionsIn(w *where, actions []remedy.Action) string {
	marks := make([]string, len(actions))
	for i, a := range actions {
		marks[i] = w.arg(string(a))
	}
	return strings.Join(marks, ", ")
}

// Done lists when one of the actions was done since a time, the latest first: at an EVSE, or anywhere with -1.
func (p past) Done(r *remedy.Run, evse int, actions []remedy.Action, since time.Time) ([]time.Time, error) {
	var w where
	w.add(`station = ?`, string(r.Station))
	w.add(`site = ?`, r.Site)
	if r.Station != "" { // wherever that was then
		w.conditions = w.conditions[:1]
		w.args = w.args[:1]
	}
	w.add(`acted_at > ?`, millis(since))
	w.add(`dry = ?`, r.Mode == remedy.DryRun)
	if evse >= 0 {
		w.add(`evse = ?`, evse)
	}
	w.conditions = append(w.conditions, `action IN (`+actionsIn(&w, actions)+`)`)
	rows, err := p.t.rows(`SELECT acted_at FROM remedy_step`+w.sql()+` ORDER BY acted_at DESC`, w.args...)
	return all(rows, err, func(s scanner) (time.Time, error) {
		var at int64
		err := s.Scan(&at)
		return instant(at), err
	})
}

// Disturbed is the id of another run that does one of the actions at the station now; empty is none.
func (p past) Disturbed(r *remedy.Run, actions []remedy.Action) (string, error) {
	var w where
	w.add(`x.station = ?`, string(r.Station))
	w.add(`x.run <> ?`, r.ID)
	w.conditions = append(w.conditions, `x.acted_at > 0`, `x.ended_at = 0`, `NOT x.dry`, `r.ended_at = 0`, `x.action IN (`+actionsIn(&w, actions)+`)`)
	rows, err := p.t.rows(`SELECT x.run FROM remedy_step x JOIN remedy_run r ON r.id = x.run`+w.sql()+` LIMIT 1`, w.args...)
	list, err := all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}

// RemedyStatistics counts the steps of runs since a time.
func (db *DB) RemedyStatistics(ctx context.Context, class fault.Class, since time.Time) ([]remedy.Statistic, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT class, action, model, SUM(CASE WHEN acted_at > 0 THEN 1 ELSE 0 END), SUM(CASE WHEN state = 'helped' THEN 1 ELSE 0 END),
		SUM(CASE WHEN state = 'no-help' THEN 1 ELSE 0 END), SUM(CASE WHEN state = 'refused' THEN 1 ELSE 0 END), SUM(CASE WHEN state = 'skipped' THEN 1 ELSE 0 END),
		SUM(CASE WHEN dry THEN 1 ELSE 0 END)
		FROM remedy_step WHERE since >= $1 AND ($2 = '' OR class = $2) GROUP BY class, action, model ORDER BY class, action, model LIMIT 10000`, millis(since), string(class))
	return all(rows, err, func(s scanner) (x remedy.Statistic, err error) {
		err = s.Scan(&x.Class, &x.Do, &x.Model, &x.Done, &x.Helped, &x.NoHelp, &x.Refused, &x.Skipped, &x.Dry)
		return x, err
	})
}

// PruneRemedies deletes runs that ended before a time, some in one go, and tells how many.
func (db *DB) PruneRemedies(ctx context.Context, before time.Time) (n int, err error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM remedy_run WHERE ended_at > 0 AND ended_at < $1 ORDER BY ended_at LIMIT 100`, millis(before))
	ids, err := all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), db.writeLater(ctx, "remedies", func(t *tx) error {
		for _, id := range ids {
			for _, q := range []string{`DELETE FROM remedy_step WHERE run = $1`, `DELETE FROM remedy_fault WHERE run = $1`, `DELETE FROM remedy_run WHERE id = $1`} {
				if err := t.exec(q, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Upkeep tells what is done to a station so that it must be left alone; empty is nothing.
func (db *DB) Upkeep(ctx context.Context, id gnista.StationID) (string, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT 'campaign ' || c.name FROM campaign c JOIN campaign_member m ON m.campaign = c.id AND m.state IN ('running', 'accepted')
		WHERE c.state = 'running' AND m.station = $1
		UNION ALL SELECT kind FROM transfer WHERE station = $1 AND kind = $2 AND ended_at = 0 LIMIT 1`, string(id), string(station.FirmwareUpdate))
	list, err := all(rows, err, func(s scanner) (what string, err error) { return what, s.Scan(&what) })
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}

// RemedyLadders lists the operator's own.
func (db *DB) RemedyLadders(ctx context.Context) ([]remedy.Ladder, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT class, ladder, updated_at FROM remedy_ladder ORDER BY class`)
	return all(rows, err, func(s scanner) (l remedy.Ladder, err error) {
		var class, text string
		var at int64
		if err = s.Scan(&class, &text, &at); err == nil {
			err = json.Unmarshal([]byte(text), &l)
		}
		l.Own, l.UpdatedAt = true, instant(at)
		return l, err
	})
}

// SetRemedyLadder keeps one of the operator's own.
func (db *DB) SetRemedyLadder(ctx context.Context, l remedy.Ladder, ev gnista.Event) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return db.write(ctx, "remedies", func(t *tx) error {
		t.emit(ev)
		return t.exec(`INSERT INTO remedy_ladder (class, ladder, updated_at) VALUES ($1, $2, $3) ON CONFLICT (class) DO UPDATE SET ladder = excluded.ladder, updated_at = excluded.updated_at`,
			string(l.Class), string(text), millis(l.UpdatedAt))
	})
}

// DeleteRemedyLadder removes one of the operator's own. NotFound.
func (db *DB) DeleteRemedyLadder(ctx context.Context, class fault.Class, ev gnista.Event) error {
	return db.write(ctx, "remedies", func(t *tx) error {
		n, err := t.changed(`DELETE FROM remedy_ladder WHERE class = $1`, string(class))
		if err != nil || n == 0 {
			return errors.Join(err, gnista.Errorf(gnista.NotFound, "there is no ladder of your own of the class %q", class))
		}
		t.emit(ev)
		return nil
	})
}

// RemedyModes are where remedies are tried.
func (db *DB) RemedyModes(ctx context.Context) (remedy.Modes, error) {
	m := remedy.DefaultModes()
	rows, err := db.sql.QueryContext(ctx, `SELECT site, class, mode FROM remedy_mode ORDER BY n`)
	list, err := all(rows, err, func(s scanner) (r remedy.ModeRule, err error) {
		err = s.Scan(&r.Site, &r.Class, &r.Mode)
		return r, err
	})
	for _, r := range list {
		if r.Site == "" && r.Class == "" {
			m.Default = r.Mode
		} else {
			m.Rules = append(m.Rules, r)
		}
	}
	return m, err
}

// SetRemedyModes keeps where remedies are tried.
func (db *DB) SetRemedyModes(ctx context.Context, m remedy.Modes, ev gnista.Event) error {
	return db.write(ctx, "remedies", func(t *tx) error {
		if err := t.exec(`DELETE FROM remedy_mode`); err != nil {
			return err
		}
		for n, r := range append([]remedy.ModeRule{{Mode: m.Default}}, m.Rules...) {
			if err := t.exec(`INSERT INTO remedy_mode (n, site, class, mode) VALUES ($1, $2, $3, $4)`, n, r.Site, string(r.Class), string(r.Mode)); err != nil {
				return fmt.Errorf("keeping rule %d: %w", n, err)
			}
		}
		t.emit(ev)
		return nil
	})
}
