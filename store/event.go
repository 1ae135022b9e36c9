package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
)

// Tell keeps an event that goes with no change.
func (db *DB) Tell(ctx context.Context, ev gnista.Event) error {
	return db.write(ctx, string(ev.Station), func(t *tx) error {
		t.emit(ev)
		return nil
	})
}

// Events lists up to limit events behind the one with the number after.
func (db *DB) Events(ctx context.Context, after int64, limit int) ([]gnista.Event, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT seq, at, kind, station, subject, data FROM event WHERE seq > $1 ORDER BY seq LIMIT $2`, after, limit)
	return all(rows, err, scanEvent)
}

func scanEvent(s scanner) (ev gnista.Event, err error) {
	var at int64
	var data string
	err = s.Scan(&ev.Seq, &at, &ev.Kind, &ev.Station, &ev.Subject, &data)
	ev.At = instant(at)
	if data != "" {
		ev.Data = []byte(data)
	}
	return ev, err
}

// LastEvent is the number of the newest event, 0 when there is none.
func (db *DB) LastEvent(ctx context.Context) (seq int64, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT value FROM counter WHERE name = 'event'`).Scan(&seq)
	return seq, err
}

// How a consumer goes on.
const (
	consumeBatch = 200
	consumePause = 10 * time.Second // looks without having been nudged
	consumeRetry = 2 * time.Second  // after a failure
)

// Consume gives every event to take, once each and in order, until ctx ends: from where the consumer
// of that name had come to. A nudge makes it look at once. After a crash take may be given an event
// again; where it fails it is given the same event again, later.
func (db *DB) Consume(ctx context.Context, consumer string, nudge <-chan struct{}, take func(context.Context, gnista.Event) error) {
	seq, known := int64(0), false
	for ctx.Err() == nil {
		pause := consumePause
		var err error
		if !known {
			seq, err = db.cursor(ctx, consumer)
		}
		if err == nil {
			seq, err = db.consumeFrom(ctx, seq, consumer, take)
		}
		if known = err == nil; !known && ctx.Err() == nil {
			db.log.Error("a consumer of events failed and tries again", "consumer", consumer, "err", err)
			pause = consumeRetry
		}
		select {
		case <-ctx.Done():
		case <-nudge:
		case <-time.After(pause):
		}
	}
}

// BeginConsuming has a consumer that is new begin with the next event: what happened before is not for it.
func (db *DB) BeginConsuming(ctx context.Context, consumer string) error {
	return db.write(ctx, consumer, func(t *tx) error {
		return t.exec(`INSERT INTO event_cursor (consumer, seq) SELECT $1, value FROM counter WHERE name = 'event' ON CONFLICT (consumer) DO NOTHING`, consumer)
	})
}

// consumeFrom takes the events that there are behind seq, and returns the last of them.
func (db *DB) consumeFrom(ctx context.Context, seq int64, consumer string, take func(context.Context, gnista.Event) error) (int64, error) {
	for {
		evs, err := db.Events(ctx, seq, consumeBatch)
		if err != nil || len(evs) == 0 {
			return seq, err
		}
		was := seq
		for _, ev := range evs {
			if err = take(ctx, ev); err != nil {
				break
			}
			seq = ev.Seq
		}
		if seq != was {
			err = errors.Join(err, db.setCursor(ctx, consumer, seq))
		}
		if err != nil || len(evs) < consumeBatch {
			return seq, err
		}
	}
}

// PruneEvents deletes events that every consumer has taken and that are older than before, or that have
// more than most behind them. It returns how many it deleted. Where nobody has consumed any, none are.
func (db *DB) PruneEvents(ctx context.Context, before time.Time, most int64) (int, error) {
	var taken, last, young int64
	err := db.sql.QueryRowContext(ctx, `SELECT COALESCE((SELECT MIN(seq) FROM event_cursor), 0), (SELECT value FROM counter WHERE name = 'event')`).Scan(&taken, &last)
	if err != nil {
		return 0, err
	}
	// Events come in the order of time, so all before the first young one are old.
	err = db.sql.QueryRowContext(ctx, `SELECT seq FROM event WHERE at >= $1 ORDER BY seq LIMIT 1`, millis(before)).Scan(&young)
	if errors.Is(err, sql.ErrNoRows) {
		young, err = last+1, nil
	}
	if err != nil {
		return 0, err
	}
	until := min(taken, max(young-1, last-most))
	deleted := 0
	for {
		var n int64
		err := db.writeLater(ctx, "events", func(t *tx) (err error) {
			n, err = t.changed(`DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE seq <= $1 ORDER BY seq LIMIT $2)`, until, pruneBatch)
			return err
		})
		deleted += int(n)
		if err != nil || n < pruneBatch {
			return deleted, err
		}
	}
}

func (db *DB) cursor(ctx context.Context, consumer string) (int64, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT seq FROM event_cursor WHERE consumer = $1`, consumer)
	list, err := all(rows, err, func(s scanner) (seq int64, err error) { return seq, s.Scan(&seq) })
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[0], nil
}

func (db *DB) setCursor(ctx context.Context, consumer string, seq int64) error {
	return db.write(ctx, consumer, func(t *tx) error {
		return t.exec(`INSERT INTO event_cursor (consumer, seq) VALUES ($1, $2) ON CONFLICT (consumer) DO UPDATE SET seq = excluded.seq`, consumer, seq)
	})
}
