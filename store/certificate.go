package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/pki"
)

const certificateColumns = `id, serial, authority, use, station, subject, key_hash, der, sealed_key, delivery, detail, request_id, issued_at, expires_at, revoked_at, reason, asked_at`

func scanCertificate(s scanner) (c pki.Certificate, err error) {
	var der, key string
	var request sql.NullInt64
	var issued, expires, revoked, asked int64
	if err = s.Scan(&c.ID, &c.Serial, &c.Authority, &c.Use, &c.Station, &c.Subject, &c.KeyHash, &der, &key, &c.Delivery, &c.Detail, &request,
		&issued, &expires, &revoked, &c.Reason, &asked); err != nil {
		return c, err
	}
	c.IssuedAt, c.ExpiresAt, c.RevokedAt, c.AskedAt = instant(issued), instant(expires), instant(revoked), instant(asked)
	if request.Valid {
		n := int(request.Int64)
		c.RequestID = &n
	}
	var bad error
	c.DER, err = decode(der)
	c.Key, bad = decode(key)
	return c, errors.Join(err, bad)
}

const findCertificate = `SELECT ` + certificateColumns + ` FROM certificate WHERE serial = $1`

// Certificate finds what was issued by its serial number in hexadecimal. NotFound.
func (db *DB) Certificate(ctx context.Context, serial string) (pki.Certificate, error) {
	return one(db.sql.QueryRowContext(ctx, findCertificate, serial), scanCertificate, "there is no certificate with the serial number %q", serial)
}

// Certificates lists the newest first, behind the one with the id before.
func (db *DB) Certificates(ctx context.Context, f pki.Filter, before string, limit int) ([]pki.Certificate, error) {
	var w where
	for _, x := range [][2]string{{"station", string(f.Station)}, {"authority", f.Authority}, {"use", string(f.Use)}, {"subject", f.Subject}} {
		if x[1] != "" {
			w.add(x[0]+" = ?", x[1])
		}
	}
	if !f.ValidAt.IsZero() {
		w.add("expires_at > ?", millis(f.ValidAt))
		w.conditions = append(w.conditions, "revoked_at = 0")
	}
	if !f.Before.IsZero() {
		w.add("expires_at < ?", millis(f.Before))
	}
	if f.Revoked {
		w.conditions = append(w.conditions, "revoked_at > 0")
	}
	if before != "" {
		w.add("id < ?", before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+certificateColumns+` FROM certificate`+w.sql()+` ORDER BY id DESC LIMIT `+w.arg(limit), w.args...)
	return all(rows, err, scanCertificate)
}

// earlier is how many of a station's last certificates a new one is judged by.
const earlier = 100

// AddCertificate stores a new certificate, unless check finds fault with it in view of the station's last
// ones and those of the same key.
func (db *DB) AddCertificate(ctx context.Context, c pki.Certificate, check func([]pki.Certificate) error, evs ...gnista.Event) error {
	return db.write(ctx, "certificate", func(t *tx) error {
		rows, err := t.rows(`SELECT `+certificateColumns+` FROM certificate WHERE key_hash = $1 OR id IN
			(SELECT id FROM certificate WHERE station = $2 ORDER BY id DESC LIMIT $3)`, c.KeyHash, string(c.Station), earlier)
		before, err := all(rows, err, scanCertificate)
		if err != nil {
			return err
		}
		if err := check(before); err != nil {
			return err
		}
		t.emit(evs...)
		var request any
		if c.RequestID != nil {
			request = int64(*c.RequestID)
		}
		return t.exec(`INSERT INTO certificate (`+certificateColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
			c.ID, c.Serial, c.Authority, string(c.Use), string(c.Station), c.Subject, c.KeyHash, binary.EncodeToString(c.DER), binary.EncodeToString(c.Key),
			string(c.Delivery), c.Detail, request, millis(c.IssuedAt), millis(c.ExpiresAt), millis(c.RevokedAt), c.Reason, millis(c.AskedAt))
	})
}

// ChangeCertificate changes what is known of a certificate. NotFound.
func (db *DB) ChangeCertificate(ctx context.Context, serial string, change func(*pki.Certificate) ([]gnista.Event, error)) (pki.Certificate, error) {
	var out pki.Certificate
	err := db.write(ctx, "certificate", func(t *tx) error {
		c, err := scanCertificate(t.row(findCertificate, serial))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no certificate with the serial number %q", serial)
		}
		if err != nil {
			return err
		}
		evs, err := change(&c)
		if err != nil {
			return err
		}
		t.emit(evs...)
		out = c
		return t.exec(`UPDATE certificate SET delivery = $1, detail = $2, revoked_at = $3, reason = $4, asked_at = $5 WHERE serial = $6`,
			string(c.Delivery), c.Detail, millis(c.RevokedAt), c.Reason, millis(c.AskedAt), serial)
	})
	return out, err
}

// Namesakes lists some stations whose identity or serial number is name.
func (db *DB) Namesakes(ctx context.Context, name string) ([]gnista.StationID, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM station WHERE id = $1 OR serial = $1 ORDER BY id LIMIT 3`, name)
	return all(rows, err, func(s scanner) (id gnista.StationID, err error) { return id, s.Scan(&id) })
}

// Renewable lists the newest certificate that each station uses, of those that expire before a time and
// were not asked to be renewed since another.
func (db *DB) Renewable(ctx context.Context, expiry, asked time.Time, limit int) ([]pki.Certificate, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+certificateColumns+` FROM certificate c WHERE expires_at < $1 AND asked_at < $2 AND revoked_at = 0 AND delivery = 'accepted'
		AND NOT EXISTS (SELECT 1 FROM certificate n WHERE n.station = c.station AND n.use = c.use AND n.id > c.id AND n.delivery = 'accepted' AND n.revoked_at = 0)
		AND EXISTS (SELECT 1 FROM station WHERE id = c.station)
		ORDER BY asked_at, expires_at LIMIT $3`, millis(expiry), millis(asked), limit)
	return all(rows, err, scanCertificate)
}

const installedColumns = `use, algorithm, name_hash, key_hash, serial, below, reported_at`

// Installed lists what a station was found to have installed.
func (db *DB) Installed(ctx context.Context, id gnista.StationID) ([]pki.Installed, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+installedColumns+` FROM installed_certificate WHERE station = $1 ORDER BY use, below, id`, string(id))
	return all(rows, err, func(s scanner) (i pki.Installed, err error) {
		var at int64
		err = s.Scan(&i.Use, &i.Hash.Algorithm, &i.Hash.Name, &i.Hash.Key, &i.Hash.Serial, &i.Below, &at)
		i.Station, i.ReportedAt = id, instant(at)
		return i, err
	})
}

// SetInstalled stores what a station has installed of some uses, or of all without any, in place of what it
// had of them.
func (db *DB) SetInstalled(ctx context.Context, id gnista.StationID, uses []pki.Use, list []pki.Installed) error {
	return db.write(ctx, string(id), func(t *tx) error {
		if len(uses) == 0 {
			if err := t.exec(`DELETE FROM installed_certificate WHERE station = $1`, string(id)); err != nil {
				return err
			}
		}
		for _, u := range uses {
			if err := t.exec(`DELETE FROM installed_certificate WHERE station = $1 AND use = $2`, string(id), string(u)); err != nil {
				return err
			}
		}
		for _, i := range list {
			if err := t.exec(`INSERT INTO installed_certificate (station, id, `+installedColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
				string(id), i.ID(), string(i.Use), i.Hash.Algorithm, i.Hash.Name, i.Hash.Key, i.Hash.Serial, i.Below, millis(i.ReportedAt)); err != nil {
				return err
			}
		}
		return nil
	})
}
