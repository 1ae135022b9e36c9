package store

import (
	"context"
	"encoding/json"

	"gnista"
	"gnista/station"
)

const templateColumns = `id, name, vendor, model, firmware, version, settings, created_at, updated_at`

func scanTemplate(s scanner) (x station.Template, err error) {
	var settings string
	var created, updated int64
	err = s.Scan(&x.ID, &x.Name, &x.Match.Vendor, &x.Match.Model, &x.Match.Firmware, &x.Match.Version, &settings, &created, &updated)
	if err == nil {
		err = json.Unmarshal([]byte(settings), &x.Settings)
	}
	x.CreatedAt, x.UpdatedAt = instant(created), instant(updated)
	return x, err
}

// SaveTemplate keeps a template. Conflict when another one has its name.
func (db *DB) SaveTemplate(ctx context.Context, x station.Template) error {
	settings, err := json.Marshal(x.Settings)
	if err != nil {
		return err
	}
	return db.write(ctx, "template", func(t *tx) error {
		var others int
		if err := t.row(`SELECT COUNT(*) FROM template WHERE name = $1 AND id <> $2`, x.Name, x.ID).Scan(&others); err != nil {
			return err
		}
		if others > 0 {
			return gnista.Errorf(gnista.Conflict, "there is a template with the name %q", x.Name)
		}
		return t.exec(`INSERT INTO template (`+templateColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, vendor = excluded.vendor, model = excluded.model, firmware = excluded.firmware,
			version = excluded.version, settings = excluded.settings, updated_at = excluded.updated_at`,
			x.ID, x.Name, x.Match.Vendor, x.Match.Model, x.Match.Firmware, string(x.Match.Version), string(settings), millis(x.CreatedAt), millis(x.UpdatedAt))
	})
}

// DeleteTemplate forgets a template, also where it was given to a station. NotFound.
func (db *DB) DeleteTemplate(ctx context.Context, id string) error {
	return db.write(ctx, "template", func(t *tx) error {
		n, err := t.changed(`DELETE FROM template WHERE id = $1`, id)
		if err != nil {
			return err
		} else if n == 0 {
			return gnista.Errorf(gnista.NotFound, "there is no template %q", id)
		}
		return t.exec(`UPDATE inventory SET template = '' WHERE template = $1 AND template <> ''`, id)
	})
}

// Template finds a template. NotFound.
func (db *DB) Template(ctx context.Context, id string) (station.Template, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+templateColumns+` FROM template WHERE id = $1`, id), scanTemplate, "there is no template %q", id)
}

// Templates lists all templates by name.
func (db *DB) Templates(ctx context.Context) ([]station.Template, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+templateColumns+` FROM template ORDER BY name, id`)
	return all(rows, err, scanTemplate)
}
