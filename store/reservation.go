package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/charging"
)

const reservationColumns = `id, number, station, evse, connector_type, token_uid, token_type, token_group, state, reason, transaction_id, origin,
	created_at, started_at, expires_at, ended_at, account, tariff, since`

func (v *vault) scanReservation(s scanner) (r charging.Reservation, err error) {
	var created, started, expires, ended, since int64
	err = s.Scan(&r.ID, &r.Number, &r.Station, &r.EVSE, &r.ConnectorType, v.into(&r.Token.UID), &r.Token.Type, &r.Group, &r.State, &r.Reason, &r.Transaction, &r.Origin,
		&created, &started, &expires, &ended, &r.Account, &r.Tariff, &since)
	r.CreatedAt, r.StartedAt, r.ExpiresAt, r.EndedAt, r.Since = instant(created), instant(started), instant(expires), instant(ended), instant(since)
	return r, err
}

// Reservation finds a reservation. NotFound.
func (db *DB) Reservation(ctx context.Context, id string) (charging.Reservation, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+reservationColumns+` FROM reservation WHERE id = $1`, id)
	return one(row, db.scanReservation, "there is no reservation %q", id)
}

// Moved tells whether a station has kept another place instead of that of a reservation.
func (db *DB) Moved(ctx context.Context, id string) (moved bool, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM reservation WHERE origin = $1 AND origin <> '' AND (started_at > 0 OR state = 'used'))`, id).Scan(&moved)
	return moved, err
}

// Reservations lists reservations, the newest first.
func (db *DB) Reservations(ctx context.Context, f charging.ReservationFilter) ([]charging.Reservation, error) {
	var w where
	if f.Station != "" {
		w.add("station = ?", string(f.Station))
	}
	if f.State != "" {
		w.add("state = ?", string(f.State))
	}
	if f.Open {
		w.conditions = append(w.conditions, "ended_at = 0")
	}
	if f.Before != "" {
		w.add("id < ?", f.Before)
	}
	query := `SELECT ` + reservationColumns + ` FROM reservation` + w.sql() + ` ORDER BY id DESC LIMIT ` + w.arg(f.Limit)
	rows, err := db.sql.QueryContext(ctx, query, w.args...)
	return all(rows, err, db.scanReservation)
}

// Overdue lists reservations that are not final and have expired by now, or that were asked for before
// the given time and not answered.
func (db *DB) Overdue(ctx context.Context, now, asked time.Time, limit int) ([]charging.Reservation, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+reservationColumns+` FROM reservation
		WHERE ended_at = 0 AND (expires_at <= $1 OR state = 'asked' AND created_at < $2) ORDER BY expires_at LIMIT $3`, millis(now), millis(asked), limit)
	return all(rows, err, db.scanReservation)
}

func (t *chargingTx) ReservationNumber() (int64, error) { return t.next("reservation", 1) }

func (t *chargingTx) ReservationByNumber(station gnista.StationID, number int) (*charging.Reservation, error) {
	r, err := t.scanReservation(t.row(`SELECT `+reservationColumns+` FROM reservation WHERE station = $1 AND number = $2 ORDER BY id DESC LIMIT 1`, string(station), number))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &r, err
}

func (t *chargingTx) OpenReservations(station gnista.StationID) ([]*charging.Reservation, error) {
	rows, err := t.rows(`SELECT `+reservationColumns+` FROM reservation WHERE station = $1 AND ended_at = 0 ORDER BY id`, string(station))
	return all(rows, err, func(s scanner) (*charging.Reservation, error) {
		r, err := t.scanReservation(s)
		return &r, err
	})
}

func (t *chargingTx) SaveReservation(r *charging.Reservation, evs ...gnista.Event) error {
	t.emit(evs...)
	return t.exec(`INSERT INTO reservation (`+reservationColumns+`, token_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = excluded.reason, transaction_id = excluded.transaction_id,
		started_at = excluded.started_at, ended_at = excluded.ended_at, since = excluded.since`,
		r.ID, r.Number, string(r.Station), r.EVSE, r.ConnectorType, t.seal(r.Token.UID), string(r.Token.Type), r.Group, string(r.State), r.Reason, r.Transaction, r.Origin,
		millis(r.CreatedAt), millis(r.StartedAt), millis(r.ExpiresAt), millis(r.EndedAt), r.Account, r.Tariff, millis(r.Since), t.key(r.Token.UID))
}
