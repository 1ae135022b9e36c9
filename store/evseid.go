package store

import (
	"context"
	"database/sql"
	"errors"

	"gnista"
	"gnista/station"
)

// EVSEID is what an EVSE is called; empty is that nobody has said.
func (db *DB) EVSEID(ctx context.Context, id gnista.StationID, evse int) (name station.EVSEID, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT name FROM evse_id WHERE station = $1 AND evse = $2`, string(id), evse).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return name, err
}

// SetEVSEID says what an EVSE is called; empty is no longer anything. Conflict where another one is.
func (db *DB) SetEVSEID(ctx context.Context, id gnista.StationID, evse int, name station.EVSEID) error {
	return db.write(ctx, "", func(t *tx) error { // those of all stations one after the other: no two are called alike
		if name == "" {
			return t.exec(`DELETE FROM evse_id WHERE station = $1 AND evse = $2`, string(id), evse)
		}
		var other gnista.StationID
		var at int
		err := t.row(`SELECT station, evse FROM evse_id WHERE key = $1`, name.Key()).Scan(&other, &at)
		if err == nil && (other != id || at != evse) {
			return gnista.Errorf(gnista.Conflict, "EVSE %d of station %s is called %s already", at, other, name)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return t.exec(`INSERT INTO evse_id (station, evse, name, key) VALUES ($1, $2, $3, $4) ON CONFLICT (station, evse) DO UPDATE SET name = excluded.name, key = excluded.key`,
			string(id), evse, string(name), name.Key())
	})
}

// FindEVSE finds the EVSE that is called so. NotFound.
func (db *DB) FindEVSE(ctx context.Context, name station.EVSEID) (id gnista.StationID, evse int, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT station, evse FROM evse_id WHERE key = $1`, name.Key()).Scan(&id, &evse)
	if errors.Is(err, sql.ErrNoRows) {
		err = gnista.Errorf(gnista.NotFound, "no EVSE is called %s", name)
	}
	return id, evse, err
}
