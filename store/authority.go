package store

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"gnista"
	"gnista/pki"
)

const authorityColumns = `id, algorithm, state, certificate, above, link, sealed_key, rollout, expires_at, created_at, changed_at`

// binary is how bytes are stored as text.
var binary = base64.StdEncoding

func scanAuthority(s scanner) (a pki.Authority, err error) {
	var certificate, above, link, key string
	var expires, created, changed int64
	if err = s.Scan(&a.ID, &a.Algorithm, &a.State, &certificate, &above, &link, &key, &a.Rollout, &expires, &created, &changed); err != nil {
		return a, err
	}
	a.ExpiresAt, a.CreatedAt, a.ChangedAt = instant(expires), instant(created), instant(changed)
	var errs [3]error
	a.Certificate, errs[0] = decode(certificate)
	a.Link, errs[1] = decode(link)
	a.Key, errs[2] = decode(key)
	for text := range strings.FieldsSeq(above) {
		der, err := decode(text)
		if err != nil {
			return a, err
		}
		a.Above = append(a.Above, der)
	}
	return a, errors.Join(errs[:]...)
}

// decode reads stored bytes; none are nil.
func decode(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	return binary.DecodeString(text)
}

const allAuthorities = `SELECT ` + authorityColumns + ` FROM authority ORDER BY created_at, id`

// Authorities lists all authorities, the oldest first.
func (db *DB) Authorities(ctx context.Context) ([]pki.Authority, error) {
	rows, err := db.sql.QueryContext(ctx, allAuthorities)
	return all(rows, err, scanAuthority)
}

// ChangeAuthorities lets change see all authorities and stores those that it returns.
func (db *DB) ChangeAuthorities(ctx context.Context, change func([]pki.Authority) ([]pki.Authority, []gnista.Event, error)) error {
	return db.write(ctx, "authority", func(t *tx) error {
		rows, err := t.rows(allAuthorities)
		list, err := all(rows, err, scanAuthority)
		if err != nil {
			return err
		}
		changed, evs, err := change(list)
		if err != nil {
			return err
		}
		t.emit(evs...)
		for _, a := range changed {
			above := make([]string, len(a.Above))
			for i, der := range a.Above {
				above[i] = binary.EncodeToString(der)
			}
			if err := t.exec(`INSERT INTO authority (`+authorityColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
				ON CONFLICT (id) DO UPDATE SET state = excluded.state, rollout = excluded.rollout, changed_at = excluded.changed_at`,
				a.ID, string(a.Algorithm), string(a.State), binary.EncodeToString(a.Certificate), strings.Join(above, " "), binary.EncodeToString(a.Link),
				binary.EncodeToString(a.Key), a.Rollout, millis(a.ExpiresAt), millis(a.CreatedAt), millis(a.ChangedAt)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Attempts lists what came of installing the root of an authority on stations, behind after.
func (db *DB) Attempts(ctx context.Context, authority string, after gnista.StationID, limit int) ([]pki.Attempt, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT authority, station, done, detail, at FROM root_attempt WHERE authority = $1 AND station > $2 ORDER BY station LIMIT $3`,
		authority, string(after), limit)
	return all(rows, err, func(s scanner) (a pki.Attempt, err error) {
		var at int64
		err = s.Scan(&a.Authority, &a.Station, &a.Done, &a.Detail, &at)
		a.At = instant(at)
		return a, err
	})
}

// SetAttempt stores what came of it on one station, in place of what was before.
func (db *DB) SetAttempt(ctx context.Context, a pki.Attempt) error {
	return db.write(ctx, string(a.Station), func(t *tx) error {
		return t.exec(`INSERT INTO root_attempt (authority, station, done, detail, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (authority, station) DO UPDATE SET done = excluded.done, detail = excluded.detail, at = excluded.at`,
			a.Authority, string(a.Station), a.Done, a.Detail, millis(a.At))
	})
}

// inService are the stations that the operator wants and that have booted once.
const inService = ` FROM station LEFT JOIN root_attempt r ON r.station = station.id AND r.authority = $1 WHERE station.state = 'accepted' AND station.booted_at > 0`

// Lacking lists stations in service that are not done with the root and on which it was not tried since,
// behind after.
func (db *DB) Lacking(ctx context.Context, authority string, since time.Time, after gnista.StationID, limit int) ([]gnista.StationID, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT station.id`+inService+` AND station.id > $2 AND (r.station IS NULL OR NOT r.done AND r.at < $3) ORDER BY station.id LIMIT $4`,
		authority, string(after), millis(since), limit)
	return all(rows, err, func(s scanner) (id gnista.StationID, err error) { return id, s.Scan(&id) })
}

// Coverage counts the stations in service, and those of them that are done with the root of an authority.
func (db *DB) Coverage(ctx context.Context, authority string) (done, all int, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN r.done THEN 1 ELSE 0 END), 0)`+inService, authority).Scan(&all, &done)
	return done, all, err
}

const rootColumns = `id, use, der, subject, expires_at, created_at`

// Roots lists the roots of cars, in the order in which they were added.
func (db *DB) Roots(ctx context.Context) ([]pki.Root, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+rootColumns+` FROM root_certificate ORDER BY created_at, id`)
	return all(rows, err, func(s scanner) (r pki.Root, err error) {
		var der string
		var expires, created int64
		if err = s.Scan(&r.ID, &r.Use, &der, &r.Subject, &expires, &created); err != nil {
			return r, err
		}
		r.ExpiresAt, r.CreatedAt = instant(expires), instant(created)
		r.DER, err = decode(der)
		return r, err
	})
}

// AddRoot adds a root of cars, of which there may be so many. Conflict.
func (db *DB) AddRoot(ctx context.Context, r pki.Root, most int) error {
	return db.write(ctx, "authority", func(t *tx) error {
		var have int
		if err := t.row(`SELECT COUNT(*) FROM root_certificate`).Scan(&have); err != nil {
			return err
		}
		if have >= most {
			return gnista.Errorf(gnista.Conflict, "there are %d roots already, and more are not kept", have)
		}
		n, err := t.changed(`INSERT INTO root_certificate (`+rootColumns+`) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			r.ID, string(r.Use), binary.EncodeToString(r.DER), r.Subject, millis(r.ExpiresAt), millis(r.CreatedAt))
		if err != nil || n == 0 {
			return errors.Join(err, gnista.Errorf(gnista.Conflict, "this certificate is there already"))
		}
		return nil
	})
}

// DeleteRoot removes a root of cars. NotFound.
func (db *DB) DeleteRoot(ctx context.Context, id string) error {
	return db.write(ctx, "authority", func(t *tx) error {
		n, err := t.changed(`DELETE FROM root_certificate WHERE id = $1`, id)
		if err != nil || n == 0 {
			return errors.Join(err, gnista.Errorf(gnista.NotFound, "there is no root %q", id))
		}
		return nil
	})
}
