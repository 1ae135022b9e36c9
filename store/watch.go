package store

import (
	"context"
	"errors"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/fault/watch"
	"gnista/station"
)

// Found lists what watchers have found, behind after, in the order of rules and places.
func (db *DB) Found(ctx context.Context, after watch.Found, limit int) ([]watch.Found, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT rule, code, station, evse, connector, since FROM found
		WHERE (rule, station, evse, connector) > ($1, $2, $3, $4) ORDER BY rule, station, evse, connector LIMIT $5`,
		after.Rule, string(after.Station), after.EVSE.ID, after.Connector, limit)
	return all(rows, err, func(s scanner) (f watch.Found, err error) {
		var since int64
		err = s.Scan(&f.Rule, &f.Code, &f.Station, &f.EVSE.ID, &f.Connector, &since)
		f.Since = instant(since)
		return f, err
	})
}

// KeepFound adds and removes what watchers have found.
func (db *DB) KeepFound(ctx context.Context, add, remove []watch.Found) error {
	return db.write(ctx, "found", func(t *tx) error {
		for _, f := range add {
			if err := t.exec(`INSERT INTO found (rule, code, station, evse, connector, since) SELECT $1, $2, $3, $4, $5, $6
				WHERE $3 = '' OR EXISTS (SELECT 1 FROM station WHERE id = $3)
				ON CONFLICT (rule, station, evse, connector) DO UPDATE SET code = excluded.code, since = excluded.since`,
				f.Rule, f.Code, string(f.Station), f.EVSE.ID, f.Connector, millis(f.Since)); err != nil {
				return err
			}
		}
		for _, f := range remove {
			if err := t.exec(`DELETE FROM found WHERE rule = $1 AND station = $2 AND evse = $3 AND connector = $4`, f.Rule, string(f.Station), f.EVSE.ID, f.Connector); err != nil {
				return err
			}
		}
		return nil
	})
}

// Away lists stations in service that are away since before a time, behind after.
func (db *DB) Away(ctx context.Context, after gnista.StationID, before, since time.Time, limit int) ([]watch.Away, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT o.station, o.since, COALESCE((SELECT p.until - p.since FROM outage p
			WHERE p.station = o.station AND p.evse = -1 AND p.cause = 'offline' AND p.until > $3 ORDER BY p.until - p.since DESC LIMIT 1 OFFSET 1), 0)
		FROM outage o JOIN station s ON s.id = o.station
		WHERE o.until = 0 AND o.evse = -1 AND o.station > $1 AND o.since <= $2 AND o.cause = 'offline' AND s.state = 'accepted'
		ORDER BY o.station LIMIT $4`, string(after), millis(before), millis(since), limit)
	return all(rows, err, func(s scanner) (a watch.Away, err error) {
		var since, usual int64
		err = s.Scan(&a.Station, &since, &usual)
		a.Since, a.Usual = instant(since), time.Duration(usual)*time.Millisecond
		return a, err
	})
}

// BootedSince tells which of the stations with a finding of a rule have booted since a time.
func (db *DB) BootedSince(ctx context.Context, rule string, since time.Time) ([]gnista.StationID, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT s.id FROM found f JOIN station s ON s.id = f.station WHERE f.rule = $1 AND s.booted_at > $2`, rule, millis(since))
	return all(rows, err, func(s scanner) (id gnista.StationID, err error) { return id, s.Scan(&id) })
}

// NotFollowed lists orders to start, given between two times, that a station agreed to, and where a car is plugged
// in and no transaction has begun since. Ids are in the order of time.
func (db *DB) NotFollowed(ctx context.Context, from, to time.Time, limit int) ([]watch.Finding, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT c.station, k.evse, k.connector, MAX(c.at) FROM command c
		JOIN connector k ON k.station = c.station AND k.evse = c.evse AND k.status IN ('preparing', 'occupied')
		WHERE c.kind = 'start' AND c.at >= $1 AND c.at <= $2 AND c.evse > 0 AND c.answered_at > 0 AND c.outcome IN ('accepted', 'unknown')
			AND NOT EXISTS (SELECT 1 FROM station_transaction t WHERE t.station = c.station AND t.id > c.id AND t.evse = c.evse)
			AND NOT EXISTS (SELECT 1 FROM station_transaction t WHERE t.station = c.station AND t.evse = c.evse AND t.state = 'active')
		GROUP BY c.station, k.evse, k.connector ORDER BY c.station, k.evse, k.connector LIMIT $3`, millis(from), millis(to), limit)
	return all(rows, err, func(s scanner) (f watch.Finding, err error) {
		var at int64
		err = s.Scan(&f.Station, &f.EVSE.ID, &f.Connector, &at)
		f.Since = instant(at)
		return f, err
	})
}

// FailedStarts lists EVSEs that orders to start failed at since a time, as often as least and without a transaction
// that began there after the last of them. An order that was agreed to and came to nothing need not have failed:
// nobody may have plugged in.
func (db *DB) FailedStarts(ctx context.Context, since time.Time, least, limit int) ([]watch.FailedStart, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT c.station, c.evse, COUNT(*), MIN(c.at) FROM command c
		WHERE c.kind = 'start' AND c.at >= $1 AND (c.outcome IN ('rejected', 'failed') OR c.outcome = 'unknown' AND c.answered_at = 0)
			AND c.id > COALESCE((SELECT t.id FROM station_transaction t WHERE t.station = c.station AND (t.evse = c.evse OR c.evse = 0) ORDER BY t.id DESC LIMIT 1), '')
		GROUP BY c.station, c.evse HAVING COUNT(*) >= $2 ORDER BY c.station, c.evse LIMIT $3`, millis(since), least, limit)
	return all(rows, err, func(s scanner) (f watch.FailedStart, err error) {
		var at int64
		err = s.Scan(&f.Station, &f.EVSE.ID, &f.Count, &at)
		f.Since = instant(at)
		return f, err
	})
}

// Charges lists active transactions behind the one with the id after.
func (db *DB) Charges(ctx context.Context, after string, limit int) ([]watch.Charge, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id, station, evse, connector, authorised, activity, started_at, energy_wh, power_w, soc FROM station_transaction
		WHERE state = 'active' AND id > $1 ORDER BY id LIMIT $2`, after, limit)
	return all(rows, err, func(s scanner) (c watch.Charge, err error) {
		var started int64
		err = s.Scan(&c.ID, &c.Station, &c.EVSE.ID, &c.Connector, &c.Authorised, &c.Activity, &started, &c.EnergyWh, &c.PowerW, &c.SoC)
		c.StartedAt = instant(started)
		return c, err
	})
}

// LastEnded lists the transactions that ended last at a connector, of those that might charge.
func (db *DB) LastEnded(ctx context.Context, at watch.Place, limit int) ([]watch.Ended, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT energy_wh, started_at FROM station_transaction
		WHERE station = $1 AND evse = $2 AND connector = $3 AND state = 'ended' AND authorised = $4 ORDER BY id DESC LIMIT $5`,
		string(at.Station), at.EVSE.ID, at.Connector, true, limit)
	return all(rows, err, func(s scanner) (e watch.Ended, err error) {
		var started int64
		err = s.Scan(&e.EnergyWh, &started)
		e.StartedAt = instant(started)
		return e, err
	})
}

// Earlier is the last transaction at a connector before the one with an id. NotFound.
func (db *DB) Earlier(ctx context.Context, at watch.Place, id string) (charging.Transaction, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+transactionColumns+` FROM station_transaction
		WHERE station = $1 AND evse = $2 AND connector = $3 AND id < $4 ORDER BY id DESC LIMIT 1`, string(at.Station), at.EVSE.ID, at.Connector, id)
	return one(row, db.scanTransaction, "there is no transaction before %q", id)
}

// WaitingConnectors lists connectors that have had a status since before a time, of stations that are connected.
func (db *DB) WaitingConnectors(ctx context.Context, status station.Status, before time.Time, limit int) ([]watch.Waiting, error) {
	var condition string
	switch status { // in the words of the index, which is of use to no query that leaves them to an argument
	case station.Preparing, station.Finishing, station.Occupied:
		condition = `c.status IN ('preparing', 'suspended-ev', 'finishing', 'occupied') AND c.status = '` + string(status) + `'`
	default:
		return nil, errors.New("nobody waits with the status " + string(status))
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT c.station, c.evse, c.connector, c.status, c.since,
			EXISTS (SELECT 1 FROM station_transaction t WHERE t.station = c.station AND t.evse = c.evse AND t.state = 'active'),
			EXISTS (SELECT 1 FROM station_transaction t WHERE t.station = c.station AND t.evse = c.evse AND t.state = 'ended' AND t.ended_at >= c.since)
		FROM connector c WHERE `+condition+` AND c.since <= $1 AND c.evse > 0
			AND NOT EXISTS (SELECT 1 FROM outage o WHERE o.station = c.station AND o.evse = -1 AND o.until = 0)
		ORDER BY c.since, c.station, c.evse, c.connector LIMIT $2`, millis(before), limit)
	return all(rows, err, func(s scanner) (w watch.Waiting, err error) {
		var since int64
		err = s.Scan(&w.Station, &w.EVSE.ID, &w.Connector, &w.Status, &since, &w.Active, &w.Charged)
		w.Since = instant(since)
		return w, err
	})
}

// SuspendedEV lists active transactions that began before a time and whose car takes nothing.
func (db *DB) SuspendedEV(ctx context.Context, before time.Time, limit int) ([]charging.Transaction, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+transactionColumns+` FROM station_transaction
		WHERE state = 'active' AND activity = 'suspended-ev' AND started_at <= $1 ORDER BY id LIMIT $2`, millis(before), limit)
	return all(rows, err, db.scanTransaction)
}

// EndingCertificates lists certificates of stations, of our servers and of our authorities that end between two times
// and that no later one stands in for, the first first.
func (db *DB) EndingCertificates(ctx context.Context, after, before time.Time, limit int) ([]watch.Certificate, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT station, subject, expires_at FROM certificate c
		WHERE expires_at < $1 AND expires_at > $2 AND revoked_at = 0 AND use IN ('station', 'v2g', 'v2g-20', 'server') AND delivery <> 'refused'
			AND (station = '' OR EXISTS (SELECT 1 FROM station s WHERE s.id = c.station))
			AND NOT EXISTS (SELECT 1 FROM certificate d WHERE d.station = c.station AND d.use = c.use AND (d.station <> '' OR d.subject = c.subject)
				AND d.expires_at > c.expires_at AND d.revoked_at = 0 AND d.delivery IN ('', 'accepted'))
		UNION ALL SELECT '', 'authority ' || algorithm, expires_at FROM authority WHERE expires_at < $1 AND state = 'current'
		ORDER BY 3, 1, 2 LIMIT $3`, millis(before), millis(after), limit)
	return all(rows, err, func(s scanner) (c watch.Certificate, err error) {
		var until int64
		err = s.Scan(&c.Station, &c.Name, &until)
		c.Until = instant(until)
		return c, err
	})
}

// DoubtfulPayments lists providers with operations that have waited for an outcome since before a time, and none
// of whose has ended since the first of them was sent. Those that ended lately are looked through, and not all payments of
// the provider: hence the text that is added to its name.
func (db *DB) DoubtfulPayments(ctx context.Context, before time.Time) ([]watch.Doubtful, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT w.provider, w.n, w.since FROM (
			SELECT p.provider, COUNT(*) AS n, MIN(o.sent_at) AS since FROM payment_op o JOIN payment p ON p.id = o.payment
			WHERE o.state IN ('pending', 'sent', 'unknown') AND o.state = 'unknown' AND o.sent_at > 0 AND o.sent_at <= $1 GROUP BY p.provider) w
		WHERE NOT EXISTS (SELECT 1 FROM payment_op o JOIN payment p ON p.id = o.payment
			WHERE o.state IN ('succeeded', 'declined') AND o.updated_at > w.since AND p.provider || '' = w.provider)
		ORDER BY w.provider`, millis(before))
	return all(rows, err, func(s scanner) (d watch.Doubtful, err error) {
		var since int64
		err = s.Scan(&d.Provider, &d.Count, &since)
		d.Since = instant(since)
		return d, err
	})
}

// Rejections lists what was rejected of registered stations since a time.
func (db *DB) Rejections(ctx context.Context, since time.Time, limit int) ([]watch.Rejection, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT v.station, v.reason, v.action, v.count, v.first_at FROM verdict v JOIN station s ON s.id = v.station
		WHERE v.last_at >= $1 AND v.cause = 'frame' ORDER BY v.station, v.reason LIMIT $2`, millis(since), limit)
	return all(rows, err, func(s scanner) (r watch.Rejection, err error) {
		var first int64
		err = s.Scan(&r.Station, &r.Reason, &r.Action, &r.Count, &first)
		r.Since = instant(first)
		return r, err
	})
}
