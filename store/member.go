package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/account"
	"gnista/account/member"
	"gnista/token"
)

// CustomersByEmail lists the customers that have an address, the oldest first.
func (db *DB) CustomersByEmail(ctx context.Context, email string, limit int) ([]account.Customer, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+payerColumns+` FROM customer WHERE lower(email) = $1 AND email <> '' AND erased_at = 0 ORDER BY id LIMIT $2`, email, limit)
	return all(rows, err, scanPayer)
}

const memberKey = "member" // changes of drivers' links and sessions run one after the other

const linkColumns = `id, purpose, email, customer, leads_to, language, made_at`

func scanLink(s scanner) (l member.Link, err error) {
	var made int64
	err = s.Scan(&l.ID, &l.Purpose, &l.Email, &l.Customer, &l.To, &l.Language, &made)
	l.MadeAt = instant(made)
	return l, err
}

// AddDriverLink keeps a link; the newest keep to the address stay.
func (db *DB) AddDriverLink(ctx context.Context, l member.Link, keep int) error {
	return db.write(ctx, memberKey, func(t *tx) error {
		if err := t.exec(`INSERT INTO driver_link (`+linkColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			l.ID, string(l.Purpose), l.Email, l.Customer, l.To, l.Language, millis(l.MadeAt)); err != nil {
			return err
		}
		return t.exec(`DELETE FROM driver_link WHERE email = $1 AND id NOT IN
			(SELECT id FROM driver_link WHERE email = $1 ORDER BY made_at DESC, id LIMIT $2)`, l.Email, keep)
	})
}

// DriverLink finds a link. NotFound.
func (db *DB) DriverLink(ctx context.Context, id string) (member.Link, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+linkColumns+` FROM driver_link WHERE id = $1`, id), scanLink, "there is no such link")
}

// UseDriverLink takes a link away that was made after a time, with all others to its address, and stores who joins by it
// (nil: nobody): either all of that is done or nothing. NotFound.
func (db *DB) UseDriverLink(ctx context.Context, id string, after time.Time, who *account.Joining) (l member.Link, err error) {
	err = db.write(ctx, memberKey, func(t *tx) error {
		l, err = scanLink(t.row(`SELECT `+linkColumns+` FROM driver_link WHERE id = $1 AND made_at > $2`, id, millis(after)))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no such link")
		}
		if err != nil {
			return err
		}
		n, err := t.changed(`DELETE FROM driver_link WHERE id = $1`, id)
		if err != nil || n == 0 {
			return errors.Join(err, gnista.Errorf(gnista.NotFound, "there is no such link"))
		}
		if err = t.exec(`DELETE FROM driver_link WHERE email = $1`, l.Email); err != nil || who == nil {
			return err
		}
		for _, ev := range who.Events {
			t.emit(ev)
		}
		if err := t.savePayer(who.Customer); err != nil {
			return err
		}
		return t.saveAccount(who.Account)
	})
	return l, err
}

const driverSessionColumns = `id, customer, email, created_at, seen_at, agent`

func scanDriverSession(s scanner) (x member.Session, err error) {
	var created, seen int64
	err = s.Scan(&x.ID, &x.Customer, &x.Email, &created, &seen, &x.Agent)
	x.CreatedAt, x.SeenAt = instant(created), instant(seen)
	return x, err
}

// AddDriverSession keeps a session; the newest keep of the customer stay.
func (db *DB) AddDriverSession(ctx context.Context, x member.Session, keep int) error {
	return db.write(ctx, memberKey, func(t *tx) error {
		if err := t.exec(`INSERT INTO driver_session (`+driverSessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
			x.ID, x.Customer, x.Email, millis(x.CreatedAt), millis(x.SeenAt), x.Agent); err != nil {
			return err
		}
		return t.exec(`DELETE FROM driver_session WHERE customer = $1 AND id NOT IN
			(SELECT id FROM driver_session WHERE customer = $1 ORDER BY created_at DESC, id LIMIT $2)`, x.Customer, keep)
	})
}

// DriverSession finds a session. NotFound.
func (db *DB) DriverSession(ctx context.Context, id string) (member.Session, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+driverSessionColumns+` FROM driver_session WHERE id = $1`, id), scanDriverSession, "there is no such session")
}

// SeeDriverSession notes that a session was used.
func (db *DB) SeeDriverSession(ctx context.Context, id string, at time.Time) error {
	return db.write(ctx, memberKey, func(t *tx) error {
		return t.exec(`UPDATE driver_session SET seen_at = $1 WHERE id = $2`, millis(at), id)
	})
}

// DriverSessions lists those of a customer, the newest first.
func (db *DB) DriverSessions(ctx context.Context, customer string) ([]member.Session, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+driverSessionColumns+` FROM driver_session WHERE customer = $1 ORDER BY created_at DESC, id`, customer)
	return all(rows, err, scanDriverSession)
}

// EndDriverSession ends one of a customer. NotFound.
func (db *DB) EndDriverSession(ctx context.Context, customer, id string) error {
	return db.write(ctx, memberKey, func(t *tx) error {
		n, err := t.changed(`DELETE FROM driver_session WHERE customer = $1 AND id = $2`, customer, id)
		if err != nil || n == 0 {
			return errors.Join(err, gnista.Errorf(gnista.NotFound, "there is no such session"))
		}
		return nil
	})
}

// EndDriverSessions ends those of a customer but for one.
func (db *DB) EndDriverSessions(ctx context.Context, customer, keep string) error {
	return db.write(ctx, memberKey, func(t *tx) error {
		return t.exec(`DELETE FROM driver_session WHERE customer = $1 AND id <> $2`, customer, keep)
	})
}

// PruneDrivers removes links that were made before a time, sessions that were made or last used before others, and taps
// that ended before now.
func (db *DB) PruneDrivers(ctx context.Context, links, made, used, now time.Time) error {
	return db.write(ctx, memberKey, func(t *tx) error {
		if err := t.exec(`DELETE FROM driver_link WHERE made_at < $1`, millis(links)); err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM driver_session WHERE seen_at < $1 OR created_at < $2`, millis(used), millis(made)); err != nil {
			return err
		}
		err := t.exec(`DELETE FROM driver_tap WHERE ends_at < $1`, millis(now.Add(-member.TapFor))) // those who look are told that it is over
		return err
	})
}

// forgetMember removes what is kept of a customer as a driver who signs in.
func (t *tx) forgetMember(customer, email string) error {
	for _, query := range []string{`DELETE FROM driver_session WHERE customer = $1`, `DELETE FROM driver_tap WHERE customer = $1`, `DELETE FROM driver_link WHERE customer = $1`} {
		if err := t.exec(query, customer); err != nil {
			return err
		}
	}
	return t.exec(`DELETE FROM driver_link WHERE email = $1`, member.Address(email))
}

const tapColumns = `customer, account, station, opened_at, ends_at, unknown, said_at`

func scanTap(s scanner) (x member.Tap, err error) {
	var opened, ends, said int64
	err = s.Scan(&x.Customer, &x.Account, &x.Station, &opened, &ends, &x.Unknown, &said)
	x.OpenedAt, x.Until, x.SaidAt = instant(opened), instant(ends), instant(said)
	return x, err
}

func (t *tx) putTap(x member.Tap) error {
	return t.exec(`INSERT INTO driver_tap (`+tapColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (customer) DO UPDATE SET account = excluded.account, station = excluded.station, opened_at = excluded.opened_at, ends_at = excluded.ends_at,
		unknown = excluded.unknown, said_at = excluded.said_at`,
		x.Customer, x.Account, string(x.Station), millis(x.OpenedAt), millis(x.Until), x.Unknown, millis(x.SaidAt))
}

// OpenTap has a customer add a card, instead of any other. Conflict where another does at that station.
func (db *DB) OpenTap(ctx context.Context, x member.Tap) error {
	return db.write(ctx, memberKey, func(t *tx) error {
		var taken bool
		if err := t.row(`SELECT EXISTS (SELECT 1 FROM driver_tap WHERE station = $1 AND ends_at > $2 AND customer <> $3)`, string(x.Station), millis(x.OpenedAt), x.Customer).Scan(&taken); err != nil {
			return err
		}
		if taken {
			return gnista.Errorf(gnista.Conflict, "somebody else adds a card at station %s right now; try again in a few minutes", x.Station)
		}
		return t.putTap(x)
	})
}

// Tap is what a customer adds. NotFound.
func (db *DB) Tap(ctx context.Context, customer string) (member.Tap, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+tapColumns+` FROM driver_tap WHERE customer = $1`, customer), scanTap, "no card is being added")
}

// ChangeTap changes what a customer adds within one SQL transaction. NotFound.
func (db *DB) ChangeTap(ctx context.Context, customer string, change func(*member.Tap) error) (x member.Tap, err error) {
	err = db.write(ctx, memberKey, func(t *tx) error {
		x, err = scanTap(t.row(`SELECT `+tapColumns+` FROM driver_tap WHERE customer = $1`, customer))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "no card is being added")
		}
		if err == nil {
			err = change(&x)
		}
		if err != nil {
			return err
		}
		return t.putTap(x)
	})
	return x, err
}

// EndTap ends what a customer adds.
func (db *DB) EndTap(ctx context.Context, customer string) error {
	return db.write(ctx, memberKey, func(t *tx) error {
		return t.exec(`DELETE FROM driver_tap WHERE customer = $1`, customer)
	})
}

// UnknownAt lists unknown tokens that a station has asked for last since a time, the newest first.
func (db *DB) UnknownAt(ctx context.Context, station gnista.StationID, since time.Time, limit int) ([]token.UnknownToken, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+unknownColumns+` FROM unknown_token WHERE station = $1 AND last_at >= $2 ORDER BY last_at DESC, id DESC LIMIT $3`,
		string(station), millis(since), limit)
	return all(rows, err, db.scanUnknown)
}
