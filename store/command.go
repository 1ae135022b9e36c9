package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gnista"
	"gnista/station"
)

const commandColumns = `id, station, kind, note, effect, outcome, detail, at, answered_at, ended_at, until, evse, by_whom`

func scanCommand(s scanner) (c station.Command, err error) {
	var at, answered, ended, until int64
	err = s.Scan(&c.ID, &c.Station, &c.Kind, &c.Note, &c.Effect, &c.Outcome, &c.Detail, &at, &answered, &ended, &until, &c.EVSE, &c.By)
	c.At, c.AnsweredAt, c.EndedAt, c.Until = instant(at), instant(answered), instant(ended), instant(until)
	return c, err
}

// AddCommand keeps a command.
func (db *DB) AddCommand(ctx context.Context, c station.Command) error {
	return db.write(ctx, string(c.Station), func(t *tx) error {
		return t.exec(`INSERT INTO command (`+commandColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			c.ID, string(c.Station), c.Kind, c.Note, c.Effect, string(c.Outcome), c.Detail, millis(c.At), millis(c.AnsweredAt), millis(c.EndedAt), millis(c.Until), c.EVSE, c.By)
	})
}

// AnswerCommand stores what the station said and, unless it has ended meanwhile, its outcome.
func (db *DB) AnswerCommand(ctx context.Context, c station.Command, ev gnista.Event) (kept station.Command, err error) {
	err = db.write(ctx, string(c.Station), func(t *tx) error {
		n, err := t.changed(`UPDATE command SET answered_at = $1, outcome = $2, detail = $3, ended_at = $4, until = $5 WHERE id = $6 AND ended_at = 0`,
			millis(c.AnsweredAt), string(c.Outcome), c.Detail, millis(c.EndedAt), millis(c.Until), c.ID)
		if err != nil {
			return err
		} else if n > 0 {
			t.emit(ev)
		} else if err := t.exec(`UPDATE command SET answered_at = $1 WHERE id = $2`, millis(c.AnsweredAt), c.ID); err != nil {
			return err
		}
		kept, err = scanCommand(t.row(`SELECT `+commandColumns+` FROM command WHERE id = $1`, c.ID))
		return err
	})
	return kept, err
}

// SettleCommands ends the commands of a station that have one of the effects and have not ended, and
// returns them as they were.
func (db *DB) SettleCommands(ctx context.Context, id gnista.StationID, effects []string, o station.Outcome, detail string, at time.Time, ev gnista.Event) (ended []station.Command, err error) {
	args := []any{string(id)}
	marks := make([]string, len(effects))
	for i, e := range effects {
		args = append(args, e)
		marks[i] = fmt.Sprintf("$%d", i+2)
	}
	where := ` WHERE station = $1 AND ended_at = 0 AND effect <> '' AND effect IN (` + strings.Join(marks, ", ") + `)`
	rows, err := db.sql.QueryContext(ctx, `SELECT `+commandColumns+` FROM command`+where, args...)
	open, err := all(rows, err, scanCommand)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	data := ev.Data
	err = db.write(ctx, string(id), func(t *tx) error {
		ended = nil
		for _, c := range open {
			n, err := t.changed(`UPDATE command SET outcome = $1, detail = $2, ended_at = $3, until = 0 WHERE id = $4 AND ended_at = 0`, string(o), detail, millis(at), c.ID)
			if err != nil {
				return err
			} else if n > 0 {
				ev.Subject, ev.Data = c.ID, withKind(data, c.Kind)
				t.emit(ev)
				ended = append(ended, c)
			}
		}
		return nil
	})
	return ended, err
}

// withKind is the data of an event with the kind of a command. Without data it has none.
func withKind(data json.RawMessage, kind string) json.RawMessage {
	values := map[string]any{}
	if json.Unmarshal(data, &values) != nil {
		return data
	}
	values["kind"] = kind
	data, _ = json.Marshal(values) // what was read marshals
	return data
}

// ExpireCommands makes unknown what should have ended before now, and deletes what is older than before.
func (db *DB) ExpireCommands(ctx context.Context, now, before time.Time) error {
	var due bool
	err := db.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM command WHERE ended_at = 0 AND until > 0 AND until < $1) OR EXISTS (SELECT 1 FROM command WHERE at < $2)`,
		millis(now), millis(before)).Scan(&due)
	if err != nil || !due {
		return err
	}
	return db.write(ctx, "command", func(t *tx) error {
		rows, err := t.rows(`UPDATE command SET detail = CASE WHEN outcome = 'sent' THEN 'no answer' ELSE detail END, outcome = 'unknown', ended_at = $1, until = 0
			WHERE ended_at = 0 AND until > 0 AND until < $1 RETURNING `+commandColumns, millis(now))
		t.wrote = true
		list, err := all(rows, err, scanCommand)
		if err != nil {
			return err
		}
		for _, c := range list {
			data, _ := json.Marshal(map[string]any{"kind": c.Kind, "outcome": c.Outcome, "detail": c.Detail}) // strings always marshal
			t.emit(gnista.Event{At: now, Kind: "station.command", Station: c.Station, Subject: c.ID, Data: data})
		}
		return t.exec(`DELETE FROM command WHERE at < $1`, millis(before))
	})
}

// Command finds a command. NotFound.
func (db *DB) Command(ctx context.Context, id string) (station.Command, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+commandColumns+` FROM command WHERE id = $1`, id)
	return one(row, scanCommand, "there is no command %q", id)
}

// Commands lists a station's commands, the newest first, behind the one with the id before.
func (db *DB) Commands(ctx context.Context, id gnista.StationID, before string, limit int) ([]station.Command, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+commandColumns+` FROM command WHERE station = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		string(id), before, limit)
	return all(rows, err, scanCommand)
}
