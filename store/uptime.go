package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gnista"
	"gnista/fault/uptime"
)

const outageColumns = `station, evse, connector, since, until, cause`

func scanOutage(s scanner) (o uptime.Outage, err error) {
	var since, until int64
	err = s.Scan(&o.Station, &o.EVSE.ID, &o.Connector, &since, &until, &o.Cause)
	o.Since, o.Until = instant(since), instant(until)
	return o, err
}

// SwitchOutage ends an outage, unless its cause is none, and begins another one, unless that one's is.
func (db *DB) SwitchOutage(ctx context.Context, end, begin uptime.Outage) error {
	return db.write(ctx, string(begin.Station), func(t *tx) error {
		if end.Cause != uptime.Works {
			if err := t.exec(`UPDATE outage SET until = $1 WHERE station = $2 AND evse = $3 AND connector = $4 AND until = 0`,
				millis(end.Until), string(end.Station), end.EVSE.ID, end.Connector); err != nil {
				return err
			}
		}
		if begin.Cause == uptime.Works {
			return nil
		}
		return t.exec(`INSERT INTO outage (`+outageColumns+`) SELECT id, $2, $3, $4, 0, $5 FROM station WHERE id = $1
			ON CONFLICT (station, evse, connector, since) DO UPDATE SET cause = excluded.cause, until = 0`,
			string(begin.Station), begin.EVSE.ID, begin.Connector, millis(begin.Since), string(begin.Cause))
	})
}

// LoseLinks begins outages of the connections of stations, and returns those that it began.
func (db *DB) LoseLinks(ctx context.Context, ids []gnista.StationID, at time.Time) (list []uptime.Outage, err error) {
	err = db.writeLater(ctx, "outage", func(t *tx) error {
		list = nil
		for _, id := range ids {
			link := uptime.Link(id)
			o, err := scanOutage(t.writeRow(`INSERT INTO outage (`+outageColumns+`)
				SELECT id, $2, 0, $3, 0, CASE WHEN state = 'accepted' THEN 'offline' ELSE 'planned' END FROM station WHERE id = $1
				ON CONFLICT (station, evse, connector, since) DO UPDATE SET cause = excluded.cause, until = 0 RETURNING `+outageColumns, string(id), link.EVSE.ID, millis(at)))
			if errors.Is(err, sql.ErrNoRows) {
				continue // it is deleted
			}
			if err != nil {
				return err
			}
			list = append(list, o)
		}
		return nil
	})
	return list, err
}

// FindLinks ends the outages of the connections of stations.
func (db *DB) FindLinks(ctx context.Context, ids []gnista.StationID, at time.Time) error {
	return db.writeLater(ctx, "outage", func(t *tx) error {
		for _, id := range ids {
			if err := t.exec(`UPDATE outage SET until = $1 WHERE station = $2 AND evse = $3 AND until = 0`, millis(at), string(id), uptime.Link(id).EVSE.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// OpenOutages lists outages that last, behind the place after.
func (db *DB) OpenOutages(ctx context.Context, after uptime.Place, limit int) ([]uptime.Outage, error) {
	query, args := `SELECT `+outageColumns+` FROM outage WHERE until = 0`, []any{limit}
	if after.Station != "" {
		query, args = query+` AND (station, evse, connector) > ($2, $3, $4)`, append(args, string(after.Station), after.EVSE.ID, after.Connector)
	}
	rows, err := db.sql.QueryContext(ctx, query+` ORDER BY station, evse, connector LIMIT $1`, args...)
	return all(rows, err, scanOutage)
}

// Booted lists stations that have ever booted, behind after.
func (db *DB) Booted(ctx context.Context, after gnista.StationID, limit int) ([]gnista.StationID, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM station WHERE id > $1 AND booted_at > 0 ORDER BY id LIMIT $2`, string(after), limit)
	return all(rows, err, func(s scanner) (id gnista.StationID, err error) { return id, s.Scan(&id) })
}

// Observe keeps that we watched from one time to another.
func (db *DB) Observe(ctx context.Context, from, until time.Time) error {
	return db.write(ctx, "outage", func(t *tx) error {
		return t.exec(`INSERT INTO observed (since, until) VALUES ($1, $2) ON CONFLICT (since) DO UPDATE SET until = excluded.until`, millis(from), millis(until))
	})
}

// Observed lists the times that we watched as far as they overlap a time, and tells when we first did.
func (db *DB) Observed(ctx context.Context, s uptime.Span) (list []uptime.Span, first time.Time, err error) {
	var since int64
	if err := db.sql.QueryRowContext(ctx, `SELECT COALESCE(MIN(since), 0) FROM observed`).Scan(&since); err != nil {
		return nil, first, err
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT since, until FROM observed WHERE since < $1 AND until > $2 ORDER BY since`, millis(s.Until), millis(s.Since))
	list, err = all(rows, err, func(s scanner) (x uptime.Span, err error) {
		var since, until int64
		err = s.Scan(&since, &until)
		return uptime.Span{Since: instant(since), Until: instant(until)}, err
	})
	return list, instant(since), err
}

// ForgetOutages deletes what ended before a time.
func (db *DB) ForgetOutages(ctx context.Context, before time.Time) error {
	var due bool
	err := db.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM outage WHERE until > 0 AND until < $1) OR EXISTS (SELECT 1 FROM exclusion WHERE until < $1)`, millis(before)).Scan(&due)
	if err != nil || !due {
		return err
	}
	return db.writeLater(ctx, "outage", func(t *tx) error {
		for _, table := range []string{`outage WHERE until > 0 AND`, `exclusion WHERE`} { // that we watched stays: it says since when
			if err := t.exec(`DELETE FROM `+table+` until < $1`, millis(before)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Ordered tells which of the effects the last order to a station had that has one of them and was not refused.
func (db *DB) Ordered(ctx context.Context, id gnista.StationID, effects []string) (effect string, err error) {
	args := []any{string(id)}
	marks := make([]string, len(effects))
	for i, e := range effects {
		args = append(args, e)
		marks[i] = fmt.Sprintf("$%d", i+2)
	}
	err = db.sql.QueryRowContext(ctx, `SELECT effect FROM command WHERE station = $1 AND outcome NOT IN ('rejected', 'failed') AND effect IN (`+strings.Join(marks, ", ")+`) ORDER BY id DESC LIMIT 1`, args...).Scan(&effect)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return effect, err
}

// Outlets lists connectors in the order of station, EVSE and connector.
func (db *DB) Outlets(ctx context.Context, f uptime.Filter) ([]uptime.Outlet, error) {
	w := where{conditions: []string{"c.evse > 0"}}
	if f.Site != "" {
		w.add("s.site = ? AND s.site <> ''", f.Site)
	}
	if f.Station != "" {
		w.add("c.station = ?", string(f.Station))
	}
	if f.After.Station != "" {
		w.add("(c.station, c.evse, c.connector) > ("+w.arg(string(f.After.Station))+", "+w.arg(f.After.EVSE.ID)+", ?)", f.After.Connector)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT c.station, c.evse, c.connector, s.site, s.created_at FROM connector c JOIN station s ON s.id = c.station`+w.sql()+
		` ORDER BY c.station, c.evse, c.connector LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, func(s scanner) (o uptime.Outlet, err error) {
		var created int64
		err = s.Scan(&o.Station, &o.EVSE.ID, &o.Connector, &o.Site, &created)
		o.CreatedAt = instant(created)
		return o, err
	})
}

// Outages lists what overlapped a time at stations between two, and of a site where one is named.
func (db *DB) Outages(ctx context.Context, site string, first, last gnista.StationID, s uptime.Span) ([]uptime.Outage, error) {
	var w where
	w.add("station >= ?", string(first))
	w.add("station <= ?", string(last))
	w.add("since < ?", millis(s.Until))
	w.add("(until = 0 OR until > ?)", millis(s.Since))
	if site != "" {
		w.add("station IN (SELECT id FROM station WHERE site = ? AND site <> '')", site)
	}
	return old(ctx, db, scanOutage, `SELECT `+outageColumns+` FROM outage`+w.sql()+` ORDER BY station, evse, connector, since`, w.args...)
}

const exclusionColumns = `id, kind, site, station, evse, since, until, note, made_by, created_at`

func scanExclusion(s scanner) (x uptime.Exclusion, err error) {
	var since, until, created int64
	err = s.Scan(&x.ID, &x.Kind, &x.Site, &x.Station, &x.EVSE, &since, &until, &x.Note, &x.By, &created)
	x.Since, x.Until, x.CreatedAt = instant(since), instant(until), instant(created)
	return x, err
}

// AddExclusion keeps a time that is not counted. Conflict where there are most.
func (db *DB) AddExclusion(ctx context.Context, x uptime.Exclusion, most int) error {
	return db.write(ctx, "exclusion", func(t *tx) error {
		var n int
		if err := t.row(`SELECT COUNT(*) FROM exclusion`).Scan(&n); err != nil {
			return err
		}
		if n >= most {
			return gnista.Errorf(gnista.Conflict, "there are %d already, which is the most; delete some", n)
		}
		return t.exec(`INSERT INTO exclusion (`+exclusionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			x.ID, string(x.Kind), x.Site, string(x.Station), x.EVSE, millis(x.Since), millis(x.Until), x.Note, x.By, millis(x.CreatedAt))
	})
}

// Exclusion finds one. NotFound.
func (db *DB) Exclusion(ctx context.Context, id string) (uptime.Exclusion, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+exclusionColumns+` FROM exclusion WHERE id = $1`, id), scanExclusion, "there is no exclusion %q", id)
}

// Exclusions lists those that overlap a time, the newest first, behind the one with the id before.
func (db *DB) Exclusions(ctx context.Context, s uptime.Span, before string, limit int) ([]uptime.Exclusion, error) {
	var w where
	if !s.Since.IsZero() {
		w.add("until > ?", millis(s.Since))
	}
	if !s.Until.IsZero() {
		w.add("since < ?", millis(s.Until))
	}
	if before != "" {
		w.add("id < ?", before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+exclusionColumns+` FROM exclusion`+w.sql()+` ORDER BY id DESC LIMIT `+w.arg(limit), w.args...)
	return all(rows, err, scanExclusion)
}

// DeleteExclusion removes one. NotFound.
func (db *DB) DeleteExclusion(ctx context.Context, id string) error {
	return db.write(ctx, "exclusion", func(t *tx) error {
		n, err := t.changed(`DELETE FROM exclusion WHERE id = $1`, id)
		if err != nil || n == 0 {
			return errors.Join(err, gnista.Errorf(gnista.NotFound, "there is no exclusion %q", id))
		}
		return nil
	})
}

// Opening is when a site is open; nil is always.
func (db *DB) Opening(ctx context.Context, site string) (list []uptime.Opening, err error) {
	var text string
	err = db.sql.QueryRowContext(ctx, `SELECT hours FROM opening_hours WHERE site = $1`, site).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &list)
	}
	return list, err
}

// SetOpening sets when a site is open. NotFound.
func (db *DB) SetOpening(ctx context.Context, site string, list []uptime.Opening) error {
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return db.write(ctx, "", func(t *tx) error {
		if err := t.lockSite(site); err != nil {
			return err
		}
		if len(list) == 0 {
			return t.exec(`DELETE FROM opening_hours WHERE site = $1`, site)
		}
		return t.exec(`INSERT INTO opening_hours (site, hours) VALUES ($1, $2) ON CONFLICT (site) DO UPDATE SET hours = excluded.hours`, site, string(text))
	})
}
