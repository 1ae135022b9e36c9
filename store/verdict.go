package store

import (
	"context"
	"encoding/json"
	"time"

	"gnista"
	"gnista/station"
)

// How many verdicts are kept: in all, which bounds what knocking with made-up identities can fill, and
// of one station, which bounds what it can fill with made-up reasons.
const (
	maxVerdicts = 10_000
	maxReasons  = 100
)

// AddVerdicts adds to the counts of the same reasons for the same stations, or starts some.
func (db *DB) AddVerdicts(ctx context.Context, list []station.Verdict) error {
	return db.write(ctx, "verdicts", func(t *tx) error {
		fresh := map[gnista.StationID]bool{}
		told := map[[2]string]bool{}
		for _, v := range list {
			if about := [2]string{string(v.Station), string(v.Cause)}; !told[about] {
				told[about] = true
				if err := t.tellVerdict(v); err != nil {
					return err
				}
			}
			var count int
			err := t.writeRow(`INSERT INTO verdict (station, cause, reason, remote, action, message_id, count, first_at, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
				ON CONFLICT (station, cause, reason) DO UPDATE SET remote = excluded.remote, action = excluded.action, message_id = excluded.message_id,
				count = verdict.count + excluded.count, last_at = excluded.last_at
				RETURNING count`, string(v.Station), string(v.Cause), v.Reason, v.Remote, v.Action, v.MessageID, v.Count, millis(v.FirstAt), millis(v.LastAt)).Scan(&count)
			if err != nil {
				return err
			}
			if count == v.Count {
				fresh[v.Station] = true
			}
		}
		for id := range fresh {
			if err := t.exec(`DELETE FROM verdict WHERE station = $1 AND last_at < (SELECT last_at FROM verdict WHERE station = $1 ORDER BY last_at DESC LIMIT 1 OFFSET $2)`, string(id), maxReasons); err != nil {
				return err
			}
		}
		if len(fresh) == 0 {
			return nil
		}
		return t.exec(`DELETE FROM verdict WHERE last_at < (SELECT last_at FROM verdict ORDER BY last_at DESC LIMIT 1 OFFSET $1)`, maxVerdicts)
	})
}

// verdictEvery is how often it is told that a station is turned away, or what it sends is. It is less than the time
// after which a moment is over, so that what goes on stays open.
const verdictEvery = 10 * time.Minute

// tellVerdict tells of the first verdict of a cause in each such time, of stations that there are: neither many of them nor
// made-up identities fill the events.
func (t *tx) tellVerdict(v station.Verdict) error {
	var tell bool
	err := t.row(`SELECT EXISTS (SELECT 1 FROM station WHERE id = $1) AND NOT EXISTS (SELECT 1 FROM verdict WHERE station = $1 AND cause = $2 AND last_at >= $3)`,
		string(v.Station), string(v.Cause), millis(v.LastAt.Truncate(verdictEvery))).Scan(&tell)
	if err != nil || !tell {
		return err
	}
	data, _ := json.Marshal(map[string]any{"cause": v.Cause, "reason": v.Reason, "remote": v.Remote, "action": v.Action, "count": v.Count}) // always marshals
	t.emit(gnista.Event{At: v.LastAt, Kind: "station.verdict", Station: v.Station, Data: data})
	return nil
}

// Verdicts lists the newest first, of one station or of all when it is empty.
func (db *DB) Verdicts(ctx context.Context, id gnista.StationID, limit int) ([]station.Verdict, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT station, cause, reason, remote, action, message_id, count, first_at, last_at FROM verdict
		WHERE $1 = '' OR station = $1 ORDER BY last_at DESC, station, reason LIMIT $2`, string(id), limit)
	return all(rows, err, func(s scanner) (v station.Verdict, err error) {
		var first, last int64
		err = s.Scan(&v.Station, &v.Cause, &v.Reason, &v.Remote, &v.Action, &v.MessageID, &v.Count, &first, &last)
		v.FirstAt, v.LastAt = instant(first), instant(last)
		return v, err
	})
}
