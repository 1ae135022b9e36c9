package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

const (
	variableKey     = `component, component_instance, evse, connector, name, instance, attribute`
	variableColumns = variableKey + `, value, mutability, data_type, unit, min_limit, max_limit, values_list, reported_at, wanted, wanted_at`
)

func scanVariable(s scanner) (v station.Variable, err error) {
	var at, wanted int64
	err = s.Scan(&v.Component, &v.Instance, &v.EVSE.ID, &v.EVSE.Connector, &v.Name, &v.NameOf, &v.Attribute, &v.Value, &v.Mutability, &v.DataType, &v.Unit,
		&v.Min, &v.Max, &v.Values, &at, &v.Wanted, &wanted)
	v.ReportedAt, v.WantedAt = instant(at), instant(wanted)
	return v, err
}

// Variables lists variables of a station in order.
func (db *DB) Variables(ctx context.Context, id gnista.StationID, f station.VariableFilter) ([]station.Variable, error) {
	var w where
	w.add(`station = ?`, string(id))
	if f.Component != "" {
		w.add(`LOWER(component) = ?`, strings.ToLower(f.Component))
	}
	if f.Name != "" {
		pattern := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(f.Name))
		w.add(`LOWER(name) LIKE ? ESCAPE '\'`, `%`+pattern+`%`)
	}
	if f.Writable {
		w.conditions = append(w.conditions, `mutability <> 'ReadOnly'`)
	}
	if v := f.After; v != nil {
		marks := make([]string, 0, 7)
		for _, x := range []any{v.Component, v.Instance, v.EVSE.ID, v.EVSE.Connector, v.Name, v.NameOf, v.Attribute} {
			marks = append(marks, w.arg(x))
		}
		w.conditions = append(w.conditions, `(`+variableKey+`) > (`+strings.Join(marks, ", ")+`)`)
	}
	limit := w.arg(f.Limit)
	rows, err := db.sql.QueryContext(ctx, `SELECT `+variableColumns+` FROM variable`+w.sql()+` ORDER BY `+variableKey+` LIMIT `+limit, w.args...)
	return all(rows, err, scanVariable)
}

// SetVariables stores values over those from before.
func (db *DB) SetVariables(ctx context.Context, id gnista.StationID, list []station.Variable) error {
	if len(list) == 0 {
		return nil
	}
	return db.write(ctx, string(id), func(t *tx) error { return t.setVariables(id, list, false) })
}

// How many variables one statement stores. For each of its arguments SQLite goes through the names of all.
const (
	variablesAtOnce = 5
	variableArgs    = 18
)

// insertVariables are the statements that store so many variables over those from before, one less each
// than their place says: all that differ, or with renew all.
var insertVariables = sync.OnceValue(func() (out struct{ changed, renew [variablesAtOnce]string }) {
	const end = ` ON CONFLICT (station, ` + variableKey + `) DO UPDATE SET value = excluded.value, reported_at = excluded.reported_at,
		mutability = CASE WHEN excluded.mutability = '' THEN variable.mutability ELSE excluded.mutability END,
		data_type = CASE WHEN excluded.data_type = '' THEN variable.data_type ELSE excluded.data_type END,
		unit = CASE WHEN excluded.unit = '' THEN variable.unit ELSE excluded.unit END,
		min_limit = CASE WHEN excluded.min_limit = '' THEN variable.min_limit ELSE excluded.min_limit END,
		max_limit = CASE WHEN excluded.max_limit = '' THEN variable.max_limit ELSE excluded.max_limit END,
		values_list = CASE WHEN excluded.values_list = '' THEN variable.values_list ELSE excluded.values_list END,
		wanted = CASE WHEN excluded.wanted_at = 0 THEN variable.wanted ELSE excluded.wanted END,
		wanted_at = CASE WHEN excluded.wanted_at = 0 THEN variable.wanted_at ELSE excluded.wanted_at END`
	const changed = ` WHERE variable.value <> excluded.value OR excluded.wanted_at <> 0 OR variable.reported_at = 0
		OR excluded.mutability <> '' AND variable.mutability <> excluded.mutability OR excluded.data_type <> '' AND variable.data_type <> excluded.data_type
		OR excluded.unit <> '' AND variable.unit <> excluded.unit OR excluded.min_limit <> '' AND variable.min_limit <> excluded.min_limit
		OR excluded.max_limit <> '' AND variable.max_limit <> excluded.max_limit OR excluded.values_list <> '' AND variable.values_list <> excluded.values_list`
	for i := range variablesAtOnce {
		out.renew[i] = `INSERT INTO variable (station, ` + variableColumns + `) VALUES ` + placeholders(i+1, variableArgs) + end
		out.changed[i] = out.renew[i] + changed
	}
	return out
})

// setVariables stores values over those from before. What has not changed is not written unless renew
// is true: a row that is not written costs no more than to be looked at.
func (t *tx) setVariables(id gnista.StationID, list []station.Variable, renew bool) error {
	statements := insertVariables().changed
	if renew {
		statements = insertVariables().renew
	}
	for part := range slices.Chunk(last(list), variablesAtOnce) {
		args := make([]any, 0, len(part)*variableArgs)
		for _, v := range part {
			args = append(args, string(id), v.Component, v.Instance, v.EVSE.ID, v.EVSE.Connector, v.Name, v.NameOf, v.Attribute, v.Value, v.Mutability, v.DataType, v.Unit,
				v.Min, v.Max, v.Values, millis(v.ReportedAt), v.Wanted, millis(v.WantedAt))
		}
		if err := t.exec(statements[len(part)-1], args...); err != nil {
			return err
		}
	}
	return nil
}

// last is list with each variable once, as it is told last: one statement cannot store it twice.
func last(list []station.Variable) []station.Variable {
	type key struct {
		component, instance, name, nameOf, attribute string
		evse                                         gnista.EVSE
	}
	at := make(map[key]int, len(list))
	out := make([]station.Variable, 0, len(list))
	for _, v := range list {
		k := key{v.Component, v.Instance, v.Name, v.NameOf, v.Attribute, v.EVSE}
		if i, ok := at[k]; ok {
			out[i] = v
			continue
		}
		at[k] = len(out)
		out = append(out, v)
	}
	return out
}

const inventoryColumns = `template, read_at, version, firmware, count, stale, drift`

func scanInventory(s scanner) (i station.Inventory, err error) {
	var at int64
	err = s.Scan(&i.Template, &at, &i.Version, &i.Firmware, &i.Count, &i.Stale, &i.Drift)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	i.ReadAt = instant(at)
	return i, err
}

// Inventory is what is known of a station's settings as a whole.
func (db *DB) Inventory(ctx context.Context, id gnista.StationID) (station.Inventory, error) {
	return scanInventory(db.sql.QueryRowContext(ctx, `SELECT `+inventoryColumns+` FROM inventory WHERE station = $1`, string(id)))
}

func (t *tx) inventory(id gnista.StationID) (station.Inventory, error) {
	return scanInventory(t.row(`SELECT `+inventoryColumns+` FROM inventory WHERE station = $1`, string(id)))
}

func (t *tx) setInventory(id gnista.StationID, i station.Inventory) error {
	return t.exec(`INSERT INTO inventory (station, `+inventoryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (station) DO UPDATE SET template = excluded.template, read_at = excluded.read_at, version = excluded.version, firmware = excluded.firmware,
		count = excluded.count, stale = excluded.stale, drift = excluded.drift`,
		string(id), i.Template, millis(i.ReadAt), string(i.Version), i.Firmware, i.Count, i.Stale, i.Drift)
}

// ChangeInventory changes what is known of a station's settings as a whole.
func (db *DB) ChangeInventory(ctx context.Context, id gnista.StationID, change func(*station.Inventory) []gnista.Event) error {
	return db.write(ctx, string(id), func(t *tx) error {
		i, err := t.inventory(id)
		if err != nil {
			return err
		}
		was := i
		t.emit(change(&i)...)
		if i == was {
			return nil
		}
		return t.setInventory(id, i)
	})
}

// Unread lists up to limit stations behind after of which there is no complete report since the time
// before, or none of their firmware and version.
func (db *DB) Unread(ctx context.Context, after gnista.StationID, before time.Time, limit int) ([]station.Station, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+stationColumns+` FROM station WHERE id > $1 AND NOT EXISTS (SELECT 1 FROM inventory i
		WHERE i.station = station.id AND i.read_at >= $2 AND i.firmware = station.firmware AND i.version = station.version) ORDER BY id LIMIT $3`,
		string(after), millis(before), limit)
	return all(rows, err, db.scanStation)
}
