package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"gnista"
	"gnista/checkout"
)

const phoneColumns = `id, checkout, station, detail, language, told, trying, tries, next_at, created_at`

// phoneDetail is what is sealed of a phone.
type phoneDetail struct{ Endpoint, P256dh, Auth string }

func (v *vault) scanPhone(s scanner) (p checkout.Phone, err error) {
	var detail, told string
	var next, created int64
	if err = s.Scan(&p.ID, &p.Checkout, &p.Station, &detail, &p.Language, &told, &p.Trying, &p.Tries, &next, &created); err != nil {
		return p, err
	}
	for _, w := range strings.Fields(told) {
		p.Told = append(p.Told, checkout.Word(w))
	}
	p.Next, p.CreatedAt = instant(next), instant(created)
	var d phoneDetail
	err = v.unfold(detail, &d)
	p.Endpoint, p.P256dh, p.Auth = d.Endpoint, d.P256dh, d.Auth
	return p, err
}

// AddPhone keeps a phone. Of a checkout that has one with that endpoint, the keys and the language become the new ones,
// and what it was told stays. Conflict where the checkout has most.
func (db *DB) AddPhone(ctx context.Context, p checkout.Phone, most int) error {
	return db.write(ctx, string(p.Station), func(t *tx) error {
		detail, err := t.fold(phoneDetail{p.Endpoint, p.P256dh, p.Auth})
		if err != nil {
			return err
		}
		key := t.hash("endpoint ", p.Endpoint)
		known, err := t.changed(`UPDATE checkout_phone SET detail = $1, language = $2 WHERE checkout = $3 AND endpoint = $4`, detail, p.Language, p.Checkout, key)
		if err != nil || known > 0 {
			return err
		}
		var n int
		if err := t.row(`SELECT count(*) FROM checkout_phone WHERE checkout = $1`, p.Checkout).Scan(&n); err != nil {
			return err
		}
		if n >= most {
			return gnista.Errorf(gnista.Conflict, "%d phones are told of this charge, and no more may be; turn it off on one of them", n)
		}
		return t.exec(`INSERT INTO checkout_phone (`+phoneColumns+`, endpoint) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			p.ID, p.Checkout, string(p.Station), detail, p.Language, spaced(p.Told), string(p.Trying), p.Tries, millis(p.Next), millis(p.CreatedAt), key)
	})
}

func spaced(list []checkout.Word) string {
	text := make([]string, len(list))
	for i, w := range list {
		text[i] = string(w)
	}
	return strings.Join(text, " ")
}

// ChangePhone changes what a phone was told, is being told and when it is looked at. NotFound.
func (db *DB) ChangePhone(ctx context.Context, id string, f func(*checkout.Phone) error) (out checkout.Phone, err error) {
	var at string
	err = db.sql.QueryRowContext(ctx, `SELECT station FROM checkout_phone WHERE id = $1`, id).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return out, gnista.Errorf(gnista.NotFound, "there is no phone %q", id)
	}
	if err != nil {
		return out, err
	}
	err = db.write(ctx, at, func(t *tx) error {
		p, err := one(t.row(`SELECT `+phoneColumns+` FROM checkout_phone WHERE id = $1`, id), t.scanPhone, "there is no phone %q", id)
		if err != nil {
			return err
		}
		if err := f(&p); err != nil {
			return err
		}
		out = p
		return t.exec(`UPDATE checkout_phone SET told = $1, trying = $2, tries = $3, next_at = $4 WHERE id = $5`, spaced(p.Told), string(p.Trying), p.Tries, millis(p.Next), id)
	})
	return out, err
}

// DeletePhone forgets a phone, if there is one.
func (db *DB) DeletePhone(ctx context.Context, id string) error {
	return db.write(ctx, "phone "+id, func(t *tx) error {
		return t.exec(`DELETE FROM checkout_phone WHERE id = $1`, id)
	})
}

// Phone finds a phone. NotFound.
func (db *DB) Phone(ctx context.Context, id string) (checkout.Phone, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+phoneColumns+` FROM checkout_phone WHERE id = $1`, id), db.scanPhone, "there is no phone %q", id)
}

// Phones lists those of a checkout.
func (db *DB) Phones(ctx context.Context, id string) ([]checkout.Phone, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+phoneColumns+` FROM checkout_phone WHERE checkout = $1 ORDER BY id`, id)
	return all(rows, err, db.scanPhone)
}

// PhonesAt lists the ids of those of checkouts at a station.
func (db *DB) PhonesAt(ctx context.Context, station gnista.StationID) ([]string, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM checkout_phone WHERE station = $1 ORDER BY id`, string(station))
	return all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
}

// DuePhones lists the ids of those that are to be looked at by a time, that which waits longest first.
func (db *DB) DuePhones(ctx context.Context, at time.Time, limit int) ([]string, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM checkout_phone WHERE next_at <= $1 ORDER BY next_at LIMIT $2`, millis(at), limit)
	return all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
}
