package store

import (
	"context"
	"database/sql"
	"errors"

	"gnista"
	"gnista/power"
)

const powerColumns = `id, station, kind, key, updated_at, data`

// sealedEntries is the kind of the entries that have UIDs in them.
const sealedEntries = "swap"

func (v *vault) scanEntry(s scanner) (e power.Entry, err error) {
	var at int64
	var data string
	err = s.Scan(&e.ID, &e.Station, &e.Kind, &e.Key, &at, &data)
	if err == nil && e.Kind == sealedEntries {
		data, err = v.open(data)
	}
	e.UpdatedAt, e.Data = instant(at), []byte(data)
	return e, err
}

// PowerEntry finds an entry. NotFound.
func (db *DB) PowerEntry(ctx context.Context, id gnista.StationID, kind, key string) (power.Entry, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+powerColumns+` FROM power WHERE station = $1 AND kind = $2 AND key = $3`, string(id), kind, key)
	return one(row, db.scanEntry, "station %s has no %s %s", id, kind, key)
}

// PowerEntries lists entries of a kind, the newest first, behind the one with the id before.
func (db *DB) PowerEntries(ctx context.Context, id gnista.StationID, kind, before string, limit int) ([]power.Entry, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+powerColumns+` FROM power WHERE station = $1 AND kind = $2 AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4`,
		string(id), kind, before, limit)
	return all(rows, err, db.scanEntry)
}

// ChangePower runs f within one SQL transaction and commits what it did, or nothing when it fails.
func (db *DB) ChangePower(ctx context.Context, id gnista.StationID, f func(power.Tx) error) error {
	return db.write(ctx, string(id), func(t *tx) error { return f(&powerTx{t, id}) })
}

// powerTx is a [power.Tx].
type powerTx struct {
	*tx
	station gnista.StationID
}

func (t *powerTx) Entry(kind, key string) (*power.Entry, error) {
	e, err := t.scanEntry(t.row(`SELECT `+powerColumns+` FROM power WHERE station = $1 AND kind = $2 AND key = $3`, string(t.station), kind, key))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &e, err
}

func (t *powerTx) Entries(kind string) ([]power.Entry, error) {
	rows, err := t.rows(`SELECT `+powerColumns+` FROM power WHERE station = $1 AND kind = $2 ORDER BY id DESC`, string(t.station), kind)
	return all(rows, err, t.scanEntry)
}

func (t *powerTx) Save(e power.Entry, keep int, evs ...gnista.Event) error {
	data := string(e.Data)
	if e.Kind == sealedEntries {
		data = t.seal(data)
	}
	if err := t.exec(`INSERT INTO power (`+powerColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (station, kind, key) DO UPDATE SET id = excluded.id, updated_at = excluded.updated_at, data = excluded.data`,
		e.ID, string(e.Station), e.Kind, e.Key, millis(e.UpdatedAt), data); err != nil {
		return err
	}
	t.emit(evs...)
	return t.exec(`DELETE FROM power WHERE station = $1 AND kind = $2 AND id < COALESCE(
		(SELECT id FROM power WHERE station = $1 AND kind = $2 ORDER BY id DESC LIMIT 1 OFFSET $3), '')`, string(e.Station), e.Kind, keep-1)
}

func (t *powerTx) Forget(kind, key string) error {
	return t.exec(`DELETE FROM power WHERE station = $1 AND kind = $2 AND key = $3`, string(t.station), kind, key)
}
