package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

const stationColumns = `id, name, state, password_salt, password_hash, tariff, version, vendor, model, serial, firmware, booted_at, seen_at, created_at, updated_at,
	profile, last_profile, next_profile, next_profile_until, next_password_salt, next_password_hash, admit_expired, strict, adaptations, mirror_url, mirror_password, site`

func (v *vault) scanStation(s scanner) (x station.Station, err error) {
	var salt, hash, nextSalt, nextHash, adaptations string
	var booted, seen, created, updated, until int64
	err = s.Scan(&x.ID, &x.Name, &x.State, &salt, &hash, &x.Tariff, &x.Version, &x.Vendor, &x.Model, &x.Serial, &x.Firmware, &booted, &seen, &created, &updated,
		&x.Profile, &x.LastProfile, &x.NextProfile, &until, &nextSalt, &nextHash, &x.AdmitExpired,
		&x.Strict, v.into(&adaptations), &x.Mirror.URL, &x.Mirror.Password, &x.Site)
	if err != nil {
		return x, err
	}
	x.BootedAt, x.SeenAt, x.CreatedAt, x.UpdatedAt, x.NextProfileUntil = instant(booted), instant(seen), instant(created), instant(updated), instant(until)
	if adaptations != "" {
		if err = json.Unmarshal([]byte(adaptations), &x.Adaptations); err != nil {
			return x, err
		}
	}
	if x.Password, err = password(salt, hash); err != nil {
		return x, err
	}
	x.NextPassword, err = password(nextSalt, nextHash)
	return x, err
}

func password(salt, hash string) (p station.Password, err error) {
	if hash == "" {
		return p, nil
	}
	if p.Salt, err = hex.DecodeString(salt); err != nil {
		return p, err
	}
	p.Hash, err = hex.DecodeString(hash)
	return p, err
}

// LateProfiles lists up to limit stations that should have come with their next profile before now.
func (db *DB) LateProfiles(ctx context.Context, now time.Time, limit int) ([]gnista.StationID, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM station WHERE next_profile_until > 0 AND next_profile_until <= $1 ORDER BY id LIMIT $2`, millis(now), limit)
	return all(rows, err, func(s scanner) (id gnista.StationID, err error) { return id, s.Scan(&id) })
}

// Station finds a station. NotFound.
func (db *DB) Station(ctx context.Context, id gnista.StationID) (station.Station, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+stationColumns+` FROM station WHERE id = $1`, string(id))
	return one(row, db.scanStation, "there is no station %q", id)
}

// Stations lists up to limit stations in the order of their ids, behind after.
func (db *DB) Stations(ctx context.Context, after gnista.StationID, limit int) ([]station.Station, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+stationColumns+` FROM station WHERE id > $1 ORDER BY id LIMIT $2`, string(after), limit)
	return all(rows, err, db.scanStation)
}

// StationLike finds the one station whose identity is id in whatever letter case. NotFound, also when
// there are several.
func (db *DB) StationLike(ctx context.Context, id gnista.StationID) (station.Station, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+stationColumns+` FROM station WHERE LOWER(id) = LOWER($1) LIMIT 2`, string(id))
	list, err := all(rows, err, db.scanStation)
	if err == nil && len(list) != 1 {
		err = gnista.Errorf(gnista.NotFound, "there is no station %q", id)
	}
	if err != nil {
		return station.Station{}, err
	}
	return list[0], nil
}

// ChangeStation changes a station, or makes one when create is true. NotFound.
func (db *DB) ChangeStation(ctx context.Context, id gnista.StationID, create bool, change func(*station.Station) ([]gnista.Event, error)) (station.Station, error) {
	var out station.Station
	err := db.write(ctx, string(id), func(t *tx) error {
		x, err := t.scanStation(t.row(`SELECT `+stationColumns+` FROM station WHERE id = $1`, string(id)))
		if errors.Is(err, sql.ErrNoRows) {
			if !create {
				return gnista.Errorf(gnista.NotFound, "there is no station %q", id)
			}
			x, err = station.Station{ID: id}, nil
		}
		if err != nil {
			return err
		}
		site := x.Site
		evs, err := change(&x)
		if err != nil {
			return err
		}
		if x.Site != site && x.Site != "" {
			if err := t.lockSite(x.Site); gnista.CodeOf(err) == gnista.NotFound && err != nil {
				return gnista.Invalidf("site", "%v", err)
			} else if err != nil {
				return err
			}
		}
		t.emit(evs...)
		out = x
		adaptations := ""
		if x.Adaptations.Any() {
			text, err := json.Marshal(x.Adaptations)
			if err != nil {
				return err
			}
			adaptations = string(text)
		}
		return t.exec(`INSERT INTO station (`+stationColumns+`, words) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, state = excluded.state, password_salt = excluded.password_salt,
			password_hash = excluded.password_hash, tariff = excluded.tariff, version = excluded.version, vendor = excluded.vendor,
			model = excluded.model, serial = excluded.serial, firmware = excluded.firmware, booted_at = excluded.booted_at,
			seen_at = excluded.seen_at, updated_at = excluded.updated_at, profile = excluded.profile, last_profile = excluded.last_profile,
			next_profile = excluded.next_profile, next_profile_until = excluded.next_profile_until, next_password_salt = excluded.next_password_salt,
			next_password_hash = excluded.next_password_hash, admit_expired = excluded.admit_expired,
			strict = excluded.strict, adaptations = excluded.adaptations, mirror_url = excluded.mirror_url, mirror_password = excluded.mirror_password, site = excluded.site, words = excluded.words`,
			string(id), x.Name, string(x.State), hex.EncodeToString(x.Password.Salt), hex.EncodeToString(x.Password.Hash), x.Tariff,
			string(x.Version), x.Vendor, x.Model, x.Serial, x.Firmware, millis(x.BootedAt), millis(x.SeenAt), millis(x.CreatedAt), millis(x.UpdatedAt),
			int(x.Profile), int(x.LastProfile), int(x.NextProfile), millis(x.NextProfileUntil), hex.EncodeToString(x.NextPassword.Salt), hex.EncodeToString(x.NextPassword.Hash), x.AdmitExpired,
			x.Strict, t.seal(adaptations), x.Mirror.URL, x.Mirror.Password, x.Site, words(x))
	})
	return out, err
}

// Left keeps when stations were there last, where that is later than what is kept. Each is a change of its own station, as
// a SQL transaction that changes many would wait for others that do, and they for it.
func (db *DB) Left(ctx context.Context, list []station.Departure) error {
	errs := make([]error, len(list))
	var all sync.WaitGroup
	for i, d := range list {
		all.Go(func() {
			errs[i] = db.write(ctx, string(d.Station), func(t *tx) error {
				return t.exec(`UPDATE station SET seen_at = $1 WHERE id = $2 AND seen_at < $1`, millis(d.At), string(d.Station))
			})
		})
	}
	all.Wait()
	for _, err := range errs { // all for the same reason
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteStation removes a station and its state, but not its transactions. NotFound.
func (db *DB) DeleteStation(ctx context.Context, id gnista.StationID) error {
	return db.write(ctx, string(id), func(t *tx) error {
		n, err := t.changed(`DELETE FROM station WHERE id = $1`, string(id))
		if err != nil || n == 0 {
			return errors.Join(err, gnista.Errorf(gnista.NotFound, "there is no station %q", id))
		}
		if err := t.exec(`DELETE FROM fault_history WHERE subject IN (SELECT 'f' || number FROM fault WHERE station = $1)`, string(id)); err != nil {
			return err
		}
		for _, table := range []string{
			"connector", "variable", "notice", "verdict", "deviation", "local_list", "local_list_content", "power", "station_check", "monitor", "display_message", "event_stream",
			"installed_certificate", "root_attempt", "security_event", "inventory", "report", "evse_tariff", "evse_id", "price_sync", "site_spot", "fault", "unknown_fault_station",
			"remedy_run", "remedy_fault", "remedy_step", "outage", "found", "attempt", "exclusion",
		} {
			if err := t.exec(`DELETE FROM `+table+` WHERE station = $1`, string(id)); err != nil {
				return err
			}
		}
		return nil
	})
}
