package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/fault/uptime"
)

const attemptColumns = `id, kind, station, evse, version, at, until, token_key, visit, authorised, paid, well, energy_wh, energy_ms, counts`

func scanAttempt(s scanner) (a uptime.Attempt, err error) {
	var at, until, ms int64
	err = s.Scan(&a.ID, &a.Kind, &a.Station, &a.EVSE.ID, &a.Version, &at, &until, &a.Token, &a.Visit, &a.Authorised, &a.Paid, &a.Well, &a.EnergyWh, &ms, &a.Counts)
	a.At, a.Until, a.ToEnergy = instant(at), instant(until), time.Duration(ms)*time.Millisecond
	return a, err
}

// SaveAttempt stores an attempt, or what it has become.
func (db *DB) SaveAttempt(ctx context.Context, a uptime.Attempt, within time.Duration, visit func(a uptime.Attempt, before []uptime.Attempt) string) error {
	return db.write(ctx, string(a.Station), func(t *tx) error { return t.saveAttempt(a, within, visit) })
}

// AddRefusal is SaveAttempt unless the same token was refused there since a time, or the station has had most
// refusals in the hour before.
func (db *DB) AddRefusal(ctx context.Context, a uptime.Attempt, since time.Time, most int, within time.Duration, visit func(a uptime.Attempt, before []uptime.Attempt) string) error {
	return db.write(ctx, string(a.Station), func(t *tx) error {
		var had, same int
		err := t.row(`SELECT COUNT(*), COALESCE(SUM(CASE WHEN token_key = $3 AND at >= $4 THEN 1 ELSE 0 END), 0) FROM attempt WHERE station = $1 AND at >= $2 AND kind = 'refusal'`,
			string(a.Station), millis(a.At.Add(-time.Hour)), t.key(a.Token), millis(since)).Scan(&had, &same)
		if err != nil || had >= most || same > 0 {
			return err
		}
		return t.saveAttempt(a, within, visit)
	})
}

// fewAttempts is how many attempts at a station are looked at for the one that another one follows.
const fewAttempts = 20

func (t *tx) saveAttempt(a uptime.Attempt, within time.Duration, visit func(a uptime.Attempt, before []uptime.Attempt) string) error {
	uid := a.Token
	if a.Token = ""; uid != "" {
		a.Token = t.key(uid)
	}
	err := t.row(`SELECT visit FROM attempt WHERE id = $1`, a.ID).Scan(&a.Visit)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if a.Visit == "" && a.Counts {
		rows, err := t.rows(`SELECT `+attemptColumns+` FROM attempt WHERE station = $1 AND at <= $2 AND at >= $3 AND until >= $4 AND id <> $5 AND counts ORDER BY at DESC, id DESC LIMIT $6`,
			string(a.Station), millis(a.At), millis(a.At.Add(-longestCharge)), millis(a.At.Add(-within)), a.ID, fewAttempts)
		before, err := all(rows, err, scanAttempt)
		if err != nil {
			return err
		}
		a.Visit = visit(a, before)
	}
	return t.exec(`INSERT INTO attempt (`+attemptColumns+`) SELECT $1, $2, id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 FROM station WHERE id = $3
		ON CONFLICT (id) DO UPDATE SET evse = excluded.evse, at = excluded.at, until = excluded.until, token_key = excluded.token_key, visit = excluded.visit, authorised = excluded.authorised,
		paid = excluded.paid, well = excluded.well, energy_wh = excluded.energy_wh, energy_ms = excluded.energy_ms, counts = excluded.counts`,
		a.ID, string(a.Kind), string(a.Station), a.EVSE.ID, string(a.Version), millis(a.At), millis(a.Until), a.Token, a.Visit,
		int(a.Authorised), int(a.Paid), int(a.Well), a.EnergyWh, a.ToEnergy.Milliseconds(), a.Counts)
}

// longestCharge is how long before another attempt one may have begun that it follows.
const longestCharge = 3 * 24 * time.Hour

// ForgetAttempts deletes those before a time.
func (db *DB) ForgetAttempts(ctx context.Context, before time.Time) error {
	var due bool
	if err := db.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM attempt WHERE at < $1)`, millis(before)).Scan(&due); err != nil || !due {
		return err
	}
	return db.writeLater(ctx, "attempt", func(t *tx) error {
		return t.exec(`DELETE FROM attempt WHERE at < $1`, millis(before))
	})
}

// GuestAt tells whether a checkout was open at a station at a time.
func (db *DB) GuestAt(ctx context.Context, id gnista.StationID, at time.Time) (open bool, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM checkout WHERE station = $1 AND created_at <= $2 AND created_at > $3 AND updated_at >= $2)`,
		string(id), millis(at), millis(at.Add(-longestCharge))).Scan(&open)
	return open, err
}

// groups are the names of the groups of key figures.
var groups = map[uptime.GroupBy]string{
	uptime.Together: `'all'`, uptime.BySite: `s.site`, uptime.ByStation: `s.id`, uptime.ByVersion: `a.version`,
	uptime.ByDay: `CAST(a.at / 86400000 AS TEXT)`, uptime.ByEVSE: `s.id || '/' || CAST(a.evse AS TEXT)`, uptime.ByModel: `s.vendor || '/' || s.model`,
}

// figured is which attempts a query is of.
func figured(q uptime.FigureQuery, at string) (w where) {
	w.add(at+" >= ?", millis(q.Since))
	w.add(at+" < ?", millis(q.Until))
	if q.Site != "" {
		w.add("s.site = ? AND s.site <> ''", q.Site)
	}
	if q.Station != "" {
		w.add("s.id = ?", string(q.Station))
	}
	return w
}

// Figures lists key figures of a page of groups, in order.
func (db *DB) Figures(ctx context.Context, q uptime.FigureQuery) ([]uptime.Figures, error) {
	w := figured(q, "a.at")
	if q.After != "" {
		w.add(groups[q.By]+" > ?", q.After)
	}
	least := w.arg(q.LeastWh)
	count := func(condition string) string { return `SUM(CASE WHEN ` + condition + ` THEN 1 ELSE 0 END), ` }
	charged := `a.energy_wh >= ` + least
	might := `a.counts AND a.kind <> 'refusal' AND a.paid <> 0`
	return old(ctx, db, func(s scanner) (f uptime.Figures, err error) {
		var ms int64
		err = s.Scan(&f.Group, &f.Visits, &f.AtOnce, &f.Attempts, &f.Starts, &f.Asked, &f.Accepted, &f.Paying, &f.Paid, &f.Charges, &f.Well, &f.Timed, &ms, &f.EnergyWh)
		f.ToEnergy = time.Duration(ms) * time.Millisecond
		return f, err
	}, `SELECT `+groups[q.By]+` AS grouped, `+
		count(`a.counts AND a.visit = a.id`)+count(`a.counts AND a.visit = a.id AND `+charged)+
		count(might)+count(might+` AND `+charged)+
		count(`a.authorised >= 0`)+count(`a.authorised = 1`)+
		count(`a.paid >= 0`)+count(`a.paid = 1`)+
		count(`a.well >= 0`)+count(`a.well = 1`)+
		count(`a.energy_ms >= 0`)+`COALESCE(SUM(CASE WHEN a.energy_ms >= 0 THEN a.energy_ms ELSE 0 END), 0), COALESCE(SUM(a.energy_wh), 0)
		FROM attempt a JOIN station s ON s.id = a.station`+w.sql()+` GROUP BY grouped ORDER BY grouped LIMIT `+w.arg(q.Limit), w.args...)
}

// Repairs are the times of faults that were opened in the time of the query, by group up to the one of a name.
func (db *DB) Repairs(ctx context.Context, q uptime.FigureQuery, last string) (map[string]uptime.Repair, error) {
	w := figured(q, "a.at")
	if q.After != "" {
		w.add(groups[q.By]+" > ?", q.After)
	}
	w.add(groups[q.By]+" <= ?", last)
	list := map[string]uptime.Repair{}
	_, err := old(ctx, db, func(s scanner) (none struct{}, err error) {
		var name string
		var r uptime.Repair
		var ack, clear int64
		err = s.Scan(&name, &r.Acknowledged, &ack, &r.Cleared, &clear)
		r.ToAcknowledge, r.ToRepair = time.Duration(ack)*time.Millisecond, time.Duration(clear)*time.Millisecond
		list[name] = r
		return none, err
	}, `SELECT `+groups[q.By]+` AS grouped, SUM(a.acked), SUM(a.to_ack), SUM(a.cleared), SUM(a.to_clear) FROM (
			SELECT f.station, f.evse, f.opened_at AS at, x.version,
				CASE WHEN f.acknowledged_at > 0 THEN 1 ELSE 0 END AS acked, CASE WHEN f.acknowledged_at > 0 THEN f.acknowledged_at - f.opened_at ELSE 0 END AS to_ack,
				CASE WHEN f.cleared_at > 0 THEN 1 ELSE 0 END AS cleared, CASE WHEN f.cleared_at > 0 THEN f.cleared_at - f.opened_at ELSE 0 END AS to_clear
			FROM fault f JOIN station x ON x.id = f.station) a
		JOIN station s ON s.id = a.station`+w.sql()+` GROUP BY grouped`, w.args...)
	return list, err
}
