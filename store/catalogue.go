package store

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"gnista"
	"gnista/fault"
)

const overrideColumns = `source, code, change, said_by, at`

func scanOverride(s scanner) (o fault.Override, err error) {
	var change string
	var at int64
	if err = s.Scan(&o.Key.Source, &o.Key.Code, &change, &o.By, &at); err != nil {
		return o, err
	}
	o.At = instant(at)
	return o, json.Unmarshal([]byte(change), &o.Change)
}

// Overrides are what operators say of faults in place of the catalogue.
func (db *DB) Overrides(ctx context.Context) ([]fault.Override, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+overrideColumns+` FROM fault_override ORDER BY source, code`)
	return all(rows, err, scanOverride)
}

// SaveOverride stores what an operator says of a fault, or takes it back where o is gone, and keeps it in the history
// of the entry, of which the newest keep stay. Its code is no longer unknown.
func (db *DB) SaveOverride(ctx context.Context, o fault.Override, keep int) error {
	change, err := json.Marshal(o.Change)
	if err != nil {
		return err
	}
	return db.write(ctx, "", func(t *tx) error {
		k := o.Key
		var err error
		if o.Gone {
			err = t.exec(`DELETE FROM fault_override WHERE source = $1 AND code = $2`, k.Source, k.Code)
		} else {
			err = t.exec(`INSERT INTO fault_override (`+overrideColumns+`) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (source, code) DO UPDATE SET change = excluded.change, said_by = excluded.said_by, at = excluded.at`,
				k.Source, k.Code, string(change), o.By, millis(o.At))
		}
		if err != nil {
			return err
		}
		var seq int64
		if err := t.row(`SELECT COALESCE(MAX(seq), 0) + 1 FROM fault_override_history WHERE source = $1 AND code = $2`, k.Source, k.Code).Scan(&seq); err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO fault_override_history (`+overrideColumns+`, seq, is_gone) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			k.Source, k.Code, string(change), o.By, millis(o.At), seq, o.Gone); err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM fault_override_history WHERE source = $1 AND code = $2 AND seq <= $3`, k.Source, k.Code, seq-int64(keep)); err != nil {
			return err
		}
		return t.forgetUnknown(k)
	})
}

// OverrideHistory lists what was said of an entry, the newest first.
func (db *DB) OverrideHistory(ctx context.Context, k fault.Key) ([]fault.Override, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+overrideColumns+`, is_gone FROM fault_override_history WHERE source = $1 AND code = $2 ORDER BY seq DESC`, k.Source, k.Code)
	return all(rows, err, func(s scanner) (o fault.Override, err error) {
		var gone bool
		o, err = scanOverride(with{s, []any{&gone}})
		o.Gone = gone
		return o, err
	})
}

// SawUnknownCode counts a code that the catalogue does not have, and keeps what the station sent. Of too many codes those
// that came longest ago go, and of one code too many stations.
func (db *DB) SawUnknownCode(ctx context.Context, k fault.Key, r fault.Report) error {
	raw, err := json.Marshal(shortened(r.Raw))
	if err != nil {
		return err
	}
	return db.write(ctx, string(r.Station), func(t *tx) error {
		at := millis(r.At)
		if err := t.exec(`INSERT INTO unknown_fault (source, code, count, first_at, last_at) VALUES ($1, $2, 1, $3, $3)
			ON CONFLICT (source, code) DO UPDATE SET count = unknown_fault.count + 1,
			last_at = CASE WHEN excluded.last_at > unknown_fault.last_at THEN excluded.last_at ELSE unknown_fault.last_at END`, k.Source, k.Code, at); err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM unknown_fault WHERE (source, code) IN (SELECT source, code FROM unknown_fault ORDER BY last_at DESC, source DESC, code DESC LIMIT 10 OFFSET $1)`,
			fault.MaxUnknown); err != nil {
			return err
		}
		if r.Station != "" {
			if err := t.exec(`INSERT INTO unknown_fault_station (source, code, station, at, raw) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (source, code, station) DO UPDATE SET at = excluded.at, raw = excluded.raw`, k.Source, k.Code, string(r.Station), at, string(raw)); err != nil {
				return err
			}
			if err := t.exec(`DELETE FROM unknown_fault_station WHERE source = $1 AND code = $2 AND station IN (SELECT station FROM unknown_fault_station
				WHERE source = $1 AND code = $2 ORDER BY at DESC, station DESC LIMIT 10 OFFSET $3)`, k.Source, k.Code, fault.MaxUnknownStations); err != nil {
				return err
			}
		}
		return nil
	})
}

const maxUnknownText = 500

// shortened is what a station sent, of a length of which much can be kept.
func shortened(r fault.Raw) fault.Raw {
	for _, s := range []*string{&r.Status, &r.Code, &r.VendorID, &r.VendorCode, &r.Info, &r.Component, &r.Variable, &r.Value} {
		if utf8.RuneCountInString(*s) > maxUnknownText {
			*s = string([]rune(*s)[:maxUnknownText-1]) + "…"
		}
	}
	return r
}

// UnknownCodes lists codes that the catalogue does not have, the one that came last first, behind the cursor after.
func (db *DB) UnknownCodes(ctx context.Context, after string, limit int) (list []fault.Unknown, next string, err error) {
	query, args := `SELECT source, code, count, first_at, last_at, (SELECT COUNT(*) FROM unknown_fault_station s WHERE s.source = u.source AND s.code = u.code) FROM unknown_fault u`, []any{limit}
	if after != "" {
		at, key, _ := strings.Cut(after, " ")
		ms, err := strconv.ParseInt(at, 10, 64)
		k, ok := fault.ParseKey(key)
		if err != nil || !ok {
			return nil, "", gnista.Invalidf("cursor", "is not one of ours")
		}
		query, args = query+` WHERE (last_at, source, code) < ($2, $3, $4)`, append(args, ms, k.Source, k.Code)
	}
	rows, err := db.sql.QueryContext(ctx, query+` ORDER BY last_at DESC, source DESC, code DESC LIMIT $1`, args...)
	list, err = all(rows, err, func(s scanner) (u fault.Unknown, err error) {
		var first, last int64
		err = s.Scan(&u.Key.Source, &u.Key.Code, &u.Count, &first, &last, &u.Stations)
		u.FirstAt, u.LastAt = instant(first), instant(last)
		return u, err
	})
	for i := range list {
		u := &list[i]
		rows, err := db.sql.QueryContext(ctx, `SELECT station, at, raw FROM unknown_fault_station WHERE source = $1 AND code = $2 ORDER BY at DESC, station DESC LIMIT $3`,
			u.Key.Source, u.Key.Code, fault.MaxUnknownSamples)
		if u.Samples, err = all(rows, err, scanSample); err != nil {
			return nil, "", err
		}
		if len(list) == limit {
			next = strconv.FormatInt(millis(u.LastAt), 10) + " " + u.Key.String()
		}
	}
	return list, next, err
}

func scanSample(s scanner) (x fault.Sample, err error) {
	var at int64
	var raw string
	if err = s.Scan(&x.Station, &at, &raw); err != nil {
		return x, err
	}
	x.At = instant(at)
	return x, json.Unmarshal([]byte(raw), &x.Raw)
}

// ForgetUnknownCode removes a code that the catalogue does not have. NotFound.
func (db *DB) ForgetUnknownCode(ctx context.Context, k fault.Key) error {
	return db.write(ctx, "", func(t *tx) error {
		var there bool
		if err := t.row(`SELECT EXISTS (SELECT 1 FROM unknown_fault WHERE source = $1 AND code = $2)`, k.Source, k.Code).Scan(&there); err != nil {
			return err
		}
		if !there {
			return gnista.Errorf(gnista.NotFound, "no station has sent an unknown code %s", k)
		}
		return t.forgetUnknown(k)
	})
}

func (t *tx) forgetUnknown(k fault.Key) error {
	for _, table := range []string{"unknown_fault", "unknown_fault_station"} {
		if err := t.exec(`DELETE FROM `+table+` WHERE source = $1 AND code = $2`, k.Source, k.Code); err != nil {
			return err
		}
	}
	return nil
}
