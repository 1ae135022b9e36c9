package store

import (
	"context"
	"strconv"
	"strings"

	"gnista"
	"gnista/station"
)

// words are what stations are looked for by.
func words(x station.Station) string {
	return strings.ToLower(strings.TrimSpace(x.Name + " " + string(x.ID)))
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// stationsBy is the condition that a filter stands for.
func stationsBy(f station.Filter) (w where) {
	if len(f.IDs) > 0 {
		ids := make([]string, len(f.IDs))
		for i, id := range f.IDs {
			ids[i] = string(id)
		}
		w.among("id", ids)
	}
	if f.Text != "" {
		w.add(`words LIKE ? ESCAPE '\'`, "%"+likeEscape.Replace(strings.ToLower(f.Text))+"%")
	}
	for _, c := range [][2]string{{"site", f.Site}, {"state", string(f.State)},
		{"vendor || ''", f.Vendor}, // not by its index: what is found by that would have to be sorted
		{"model", f.Model}, {"version", string(f.Version)}, {"firmware", f.Firmware}} {
		if c[1] != "" {
			w.add(c[0]+" = ?", c[1])
		}
	}
	if f.Sites != nil {
		w.among("site", f.Sites)
	}
	if f.Connector != "" {
		w.add("EXISTS (SELECT 1 FROM connector c WHERE c.status = ? AND c.station = station.id)", string(f.Connector))
	}
	if f.Fault != nil {
		not := ""
		if !*f.Fault {
			not = "NOT "
		}
		w.conditions = append(w.conditions, not+"EXISTS (SELECT 1 FROM fault f WHERE f.station = station.id AND f.cleared_at = 0)")
	}
	return w
}

// Positions lists up to limit stations that a filter lets through, behind a position (nil: from the first).
func (db *DB) Positions(ctx context.Context, f station.Filter, after *station.Position, limit int) ([]station.Position, error) {
	w := stationsBy(f)
	column := map[station.Sort]string{station.ByName: "words", station.BySite: "site", station.BySeen: "seen_at"}[f.Sort]
	way, than := "", " > "
	if f.Down {
		way, than = " DESC", " < "
	}
	key, order := "''", "id"+way
	if column != "" {
		key, order = column, column+way+", id"+way
	}
	switch {
	case after == nil:
	case column == "":
		w.add("id"+than+"?", string(after.ID))
	default:
		var value any = after.Key
		if f.Sort == station.BySeen {
			ms, err := strconv.ParseInt(after.Key, 10, 64)
			if err != nil {
				return nil, gnista.Invalidf("cursor", "is not one of ours")
			}
			value = ms
		}
		w.conditions = append(w.conditions, "("+column+", id)"+than+"("+w.arg(value)+", "+w.arg(string(after.ID))+")")
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT id, `+key+` FROM station`+w.sql()+` ORDER BY `+order+` LIMIT `+w.arg(limit), w.args...)
	return all(rows, err, func(s scanner) (p station.Position, err error) {
		if f.Sort == station.BySeen {
			var ms int64
			err = s.Scan(&p.ID, &ms)
			p.Key = station.Seen(ms)
			return p, err
		}
		return p, s.Scan(&p.ID, &p.Key)
	})
}

// CountStations counts those that a filter lets through.
func (db *DB) CountStations(ctx context.Context, f station.Filter) (n int, err error) {
	w := stationsBy(f)
	err = db.sql.QueryRowContext(ctx, `SELECT count(*) FROM station`+w.sql(), w.args...).Scan(&n)
	return n, err
}

// Kinds lists what stations are of, at some sites or everywhere (nil); the most frequent first, up to limit.
func (db *DB) Kinds(ctx context.Context, sites []string, limit int) ([]station.Kind, error) {
	var w where
	if sites != nil {
		w.among("site", sites)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT vendor, model, firmware, version, count(*) AS n FROM station`+w.sql()+`
		GROUP BY vendor, model, firmware, version ORDER BY n DESC, vendor, model, firmware, version LIMIT `+w.arg(limit), w.args...)
	return all(rows, err, func(s scanner) (k station.Kind, err error) {
		return k, s.Scan(&k.Vendor, &k.Model, &k.Firmware, &k.Version, &k.Stations)
	})
}

// OpenFaults counts the open faults of a station.
func (db *DB) OpenFaults(ctx context.Context, id gnista.StationID) (n int, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT count(*) FROM fault WHERE station = $1 AND cleared_at = 0`, string(id)).Scan(&n)
	return n, err
}

// StationEvents lists durable events of a station, the newest first, behind the one with the number before (0: from the newest).
func (db *DB) StationEvents(ctx context.Context, id gnista.StationID, before int64, limit int) ([]gnista.Event, error) {
	var w where
	w.add("station <> '' AND station = ?", string(id))
	if before > 0 {
		w.add("seq < ?", before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT seq, at, kind, station, subject, data FROM event`+w.sql()+` ORDER BY seq DESC LIMIT `+w.arg(limit), w.args...)
	return all(rows, err, scanEvent)
}

// StationsWith are the stations that have a connector with a status.
func (db *DB) StationsWith(ctx context.Context, status station.Status) (map[gnista.StationID]bool, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT DISTINCT station FROM connector WHERE status = $1`, string(status))
	out := map[gnista.StationID]bool{}
	_, err = all(rows, err, func(s scanner) (none struct{}, err error) {
		var id gnista.StationID
		err = s.Scan(&id)
		out[id] = true
		return none, err
	})
	return out, err
}
