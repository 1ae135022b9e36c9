package store

import (
	"context"
	"database/sql"
	"errors"

	"gnista"
	"gnista/station"
)

const siteColumns = `id, name, zone, tariff, created_at, updated_at, latitude, longitude`

func scanSite(s scanner) (x station.Site, err error) {
	var created, updated int64
	err = s.Scan(&x.ID, &x.Name, &x.Zone, &x.Tariff, &created, &updated, &x.Position.North, &x.Position.East)
	x.CreatedAt, x.UpdatedAt = instant(created), instant(updated)
	return x, err
}

// Site finds a site. NotFound.
func (db *DB) Site(ctx context.Context, id string) (station.Site, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+siteColumns+` FROM site WHERE id = $1`, id), scanSite, "there is no site %q", id)
}

// Sites lists up to limit sites in the order of their ids, behind after.
func (db *DB) Sites(ctx context.Context, after string, limit int) ([]station.Site, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+siteColumns+` FROM site WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	return all(rows, err, scanSite)
}

// SitesAmong lists those that are among some, likewise.
func (db *DB) SitesAmong(ctx context.Context, ids []string, after string, limit int) ([]station.Site, error) {
	var w where
	w.add("id > ?", after)
	w.among("id", ids)
	rows, err := db.sql.QueryContext(ctx, `SELECT `+siteColumns+` FROM site`+w.sql()+` ORDER BY id LIMIT `+w.arg(limit), w.args...)
	return all(rows, err, scanSite)
}

// CreateSite adds a site.
func (db *DB) CreateSite(ctx context.Context, x station.Site) error {
	return db.write(ctx, "", func(t *tx) error {
		return t.exec(`INSERT INTO site (`+siteColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			x.ID, x.Name, x.Zone, x.Tariff, millis(x.CreatedAt), millis(x.UpdatedAt), x.Position.North, x.Position.East)
	})
}

// UpdateSite changes a site in one SQL transaction. NotFound.
func (db *DB) UpdateSite(ctx context.Context, id string, change func(*station.Site) error) (station.Site, error) {
	var out station.Site
	err := db.write(ctx, "", func(t *tx) error {
		x, err := scanSite(t.row(`SELECT `+siteColumns+` FROM site WHERE id = $1`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no site %q", id)
		}
		if err != nil {
			return err
		}
		if err := change(&x); err != nil {
			return err
		}
		out = x
		return t.exec(`UPDATE site SET name = $1, zone = $2, tariff = $3, updated_at = $4, latitude = $5, longitude = $6 WHERE id = $7`,
			x.Name, x.Zone, x.Tariff, millis(x.UpdatedAt), x.Position.North, x.Position.East, id)
	})
	return out, err
}

// DeleteSite removes a site that has no stations. NotFound, Conflict.
func (db *DB) DeleteSite(ctx context.Context, id string) error {
	return db.write(ctx, "", func(t *tx) error {
		if err := t.lockSite(id); err != nil {
			return err
		}
		var stations int
		var first string
		err := t.row(`SELECT COUNT(*), COALESCE(MIN(id), '') FROM station WHERE site = $1 AND site <> ''`, id).Scan(&stations, &first)
		if err != nil {
			return err
		}
		if stations > 0 {
			return gnista.Errorf(gnista.Conflict, "the site has stations, %[2]s among them (%[1]d in all); give them another site first", stations, first)
		}
		for _, table := range []string{"site_limits", "site_spot", "site_memory", "site_moment"} {
			if err := t.exec(`DELETE FROM `+table+` WHERE site = $1`, id); err != nil {
				return err
			}
		}
		return t.exec(`DELETE FROM site WHERE id = $1`, id)
	})
}

// lockSite keeps others from removing a site, or from giving it to a station, until the commit. NotFound.
func (t *tx) lockSite(id string) error {
	n, err := t.changed(`UPDATE site SET id = id WHERE id = $1`, id)
	if err != nil || n == 0 {
		return errors.Join(err, gnista.Errorf(gnista.NotFound, "there is no site %q", id))
	}
	return nil
}

// StationZone is the name of the time zone of a station's site; empty where it has none.
func (db *DB) StationZone(ctx context.Context, id gnista.StationID) (zone string, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT s.zone FROM station x JOIN site s ON s.id = x.site WHERE x.id = $1`, string(id)).Scan(&zone)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return zone, err
}
