package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"gnista"
	"gnista/power"
	"gnista/power/site"
)

// SiteLimits finds the tree of a site. NotFound.
func (db *DB) SiteLimits(ctx context.Context, id string) (site.Grid, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT data FROM site_limits WHERE site = $1`, id), func(s scanner) (l site.Grid, err error) {
		var data string
		if err = s.Scan(&data); err != nil {
			return l, err
		}
		return l, json.Unmarshal([]byte(data), &l)
	}, "site %q has no limits of power", id)
}

// LimitedSites lists up to limit sites that have a tree, in the order of their ids, behind after.
func (db *DB) LimitedSites(ctx context.Context, after string, limit int) ([]string, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT site FROM site_limits WHERE site > $1 ORDER BY site LIMIT $2`, after, limit)
	return all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
}

// SetSiteLimits keeps the tree of a site, and ev with it. Conflict when the one that is replaced is not of the time
// was, NotFound where there is no such site.
func (db *DB) SetSiteLimits(ctx context.Context, id string, l site.Grid, was time.Time, ev gnista.Event) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return db.write(ctx, "", func(t *tx) error {
		if err := t.lockSite(id); err != nil {
			return err
		}
		var at int64
		err := t.row(`SELECT updated_at FROM site_limits WHERE site = $1`, id).Scan(&at)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if at != millis(was) {
			if at == 0 {
				return gnista.Errorf(gnista.Conflict, "the site has no limits yet: leave out updatedAt")
			}
			return gnista.Errorf(gnista.Conflict, "the limits were changed at %s: look at them again, and say that as updatedAt", instant(at).Format(time.RFC3339Nano))
		}
		t.emit(ev)
		return t.exec(`INSERT INTO site_limits (site, updated_at, data) VALUES ($1, $2, $3)
			ON CONFLICT (site) DO UPDATE SET updated_at = excluded.updated_at, data = excluded.data`, id, millis(l.UpdatedAt), string(data))
	})
}

// StationsAt lists the stations of a site.
func (db *DB) StationsAt(ctx context.Context, id string) ([]gnista.StationID, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM station WHERE site = $1 AND site <> '' ORDER BY id`, id)
	return all(rows, err, func(s scanner) (id gnista.StationID, err error) { return id, s.Scan(&id) })
}

// SiteCars lists the transactions that are active at the stations of a site.
func (db *DB) SiteCars(ctx context.Context, id string) ([]site.Car, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT t.id, t.station, t.evse, t.activity, t.power_w, t.started_at, t.updated_at
		FROM station s JOIN station_transaction t ON t.station = s.id AND t.state = 'active' WHERE s.site = $1 AND s.site <> '' ORDER BY t.id`, id)
	return all(rows, err, func(s scanner) (c site.Car, err error) {
		var started, updated int64
		err = s.Scan(&c.ID, &c.Station, &c.EVSE, &c.Activity, &c.PowerW, &started, &updated)
		c.StartedAt, c.UpdatedAt = instant(started), instant(updated)
		return c, err
	})
}

// SiteProfiles lists the profiles that the stations of a site were given to share its power.
func (db *DB) SiteProfiles(ctx context.Context, id string) ([]power.Entry, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT p.id, p.station, p.kind, p.key, p.updated_at, p.data
		FROM station s JOIN power p ON p.station = s.id AND p.kind = 'profile' WHERE s.site = $1 AND s.site <> '' AND p.key LIKE '2_________'`, id)
	list, err := all(rows, err, db.scanEntry)
	ours := list[:0]
	for _, e := range list {
		if power.IsSharing(e.Key) {
			ours = append(ours, e)
		}
	}
	return ours, err
}

// SiteSpots lists what is known of the EVSEs of a site.
func (db *DB) SiteSpots(ctx context.Context, id string) ([]site.Spot, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT station, evse, data FROM site_spot WHERE site = $1`, id)
	return all(rows, err, func(s scanner) (x site.Spot, err error) {
		var station, data string
		var evse int
		if err = s.Scan(&station, &evse, &data); err != nil {
			return x, err
		}
		err = json.Unmarshal([]byte(data), &x)
		x.Station, x.EVSE = gnista.StationID(station), evse
		return x, err
	})
}

// SiteMemory is what is remembered of a site; empty where nothing is.
func (db *DB) SiteMemory(ctx context.Context, id string) ([]byte, error) {
	var data string
	err := db.sql.QueryRowContext(ctx, `SELECT data FROM site_memory WHERE site = $1`, id).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return []byte(data), err
}

// KeepSite keeps what has changed at a site, all of it or nothing.
func (db *DB) KeepSite(ctx context.Context, id string, k site.Kept) error {
	spots := make([]string, len(k.Spots))
	for i := range k.Spots {
		data, err := json.Marshal(k.Spots[i])
		if err != nil {
			return err
		}
		spots[i] = string(data)
	}
	moment, err := json.Marshal(k.Moment)
	if err != nil {
		return err
	}
	return db.write(ctx, "site "+id, func(t *tx) error {
		for i, s := range k.Spots {
			if err := t.exec(`INSERT INTO site_spot (site, station, evse, data) VALUES ($1, $2, $3, $4)
				ON CONFLICT (station, evse) DO UPDATE SET site = excluded.site, data = excluded.data`, id, string(s.Station), s.EVSE, spots[i]); err != nil {
				return err
			}
		}
		for _, s := range k.Gone {
			if err := t.exec(`DELETE FROM site_spot WHERE site = $1 AND station = $2 AND evse = $3`, id, string(s.Station), s.EVSE); err != nil {
				return err
			}
		}
		if k.Memory != nil {
			if err := t.exec(`INSERT INTO site_memory (site, data) VALUES ($1, $2) ON CONFLICT (site) DO UPDATE SET data = excluded.data`, id, string(k.Memory)); err != nil {
				return err
			}
		}
		if k.Moment != nil {
			if err := t.exec(`INSERT INTO site_moment (site, id, data) VALUES ($1, $2, $3)`, id, k.Moment.ID, string(moment)); err != nil {
				return err
			}
			if err := t.exec(`DELETE FROM site_moment WHERE site = $1 AND id < COALESCE(
				(SELECT id FROM site_moment WHERE site = $1 ORDER BY id DESC LIMIT 1 OFFSET $2), '')`, id, k.Most-1); err != nil {
				return err
			}
		}
		t.emit(k.Events...)
		return nil
	})
}

// SiteMoments lists how the power of a site was shared, the newest first, behind the moment with the id before.
func (db *DB) SiteMoments(ctx context.Context, id, before string, limit int) ([]site.Moment, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT data FROM site_moment WHERE site = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, id, before, limit)
	return all(rows, err, func(s scanner) (m site.Moment, err error) {
		var data string
		if err = s.Scan(&data); err != nil {
			return m, err
		}
		return m, json.Unmarshal([]byte(data), &m)
	})
}
