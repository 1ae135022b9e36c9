package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"gnista"
	"gnista/station"
)

// PutDisplays stores messages over those with the same ids, as long as there are not more than most.
func (db *DB) PutDisplays(ctx context.Context, id gnista.StationID, list []station.DisplayMessage, most int) error {
	for part := range slices.Chunk(list, rowsAtOnce) {
		if err := db.putDisplays(ctx, id, part, most); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) putDisplays(ctx context.Context, id gnista.StationID, list []station.DisplayMessage, most int) error {
	return db.writeLater(ctx, string(id), func(t *tx) error {
		ids := make([]int, len(list))
		for i, m := range list {
			ids[i] = m.ID
		}
		fits, err := t.room("display_message", id, ids, most)
		if err != nil {
			return err
		}
		for _, m := range list {
			if !fits[m.ID] {
				continue
			}
			texts, err := json.Marshal(m.Texts)
			if err != nil {
				return err
			}
			if err := t.exec(`INSERT INTO display_message (station, id, priority, state, from_at, to_at, transaction_ref, display, texts, reported_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
				ON CONFLICT (station, id) DO UPDATE SET priority = excluded.priority, state = excluded.state, from_at = excluded.from_at, to_at = excluded.to_at,
				transaction_ref = excluded.transaction_ref, display = excluded.display, texts = excluded.texts, reported_at = excluded.reported_at`,
				string(id), m.ID, m.Priority, m.State, millis(m.From), millis(m.To), m.Transaction, m.Display, string(texts), millis(m.ReportedAt)); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteDisplays forgets the message with the number or, with 0, those that were not reported since.
func (db *DB) DeleteDisplays(ctx context.Context, id gnista.StationID, number int, since time.Time) error {
	return db.write(ctx, string(id), func(t *tx) error {
		return t.exec(`DELETE FROM display_message WHERE station = $1 AND (id = $2 OR $2 = 0 AND reported_at < $3)`, string(id), number, millis(since))
	})
}

// Displays lists the messages of a station in the order of their ids.
func (db *DB) Displays(ctx context.Context, id gnista.StationID) ([]station.DisplayMessage, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id, priority, state, from_at, to_at, transaction_ref, display, texts, reported_at FROM display_message
		WHERE station = $1 ORDER BY id`, string(id))
	return all(rows, err, func(s scanner) (m station.DisplayMessage, err error) {
		var from, to, at int64
		var texts string
		if err = s.Scan(&m.ID, &m.Priority, &m.State, &from, &to, &m.Transaction, &m.Display, &texts, &at); err != nil {
			return m, err
		}
		m.From, m.To, m.ReportedAt = instant(from), instant(to), instant(at)
		return m, json.Unmarshal([]byte(texts), &m.Texts)
	})
}
