package store

import (
	"context"
	"errors"
	"io/fs"

	"github.com/pressly/goose/v3"

	"gnista/fault"
)

// Gauges are what is told of the database to whoever watches the system.
type Gauges struct {
	Active int64                  // transactions that go on
	Faults map[fault.Severity]int // that are not cleared
	Behind map[string]int64       // events that each consumer has not taken yet
}

// Gauges reads them.
func (db *DB) Gauges(ctx context.Context) (Gauges, error) {
	g := Gauges{Behind: map[string]int64{}}
	if err := db.sql.QueryRowContext(ctx, `SELECT COUNT(*) FROM station_transaction WHERE state = 'active'`).Scan(&g.Active); err != nil {
		return g, err
	}
	type counted struct {
		name string
		n    int64
	}
	count := func(s scanner) (c counted, err error) { return c, s.Scan(&c.name, &c.n) }
	rows, err := db.sql.QueryContext(ctx, `SELECT consumer, (SELECT value FROM counter WHERE name = 'event') - seq FROM event_cursor`)
	list, err := all(rows, err, count)
	if err != nil {
		return g, err
	}
	for _, c := range list {
		g.Behind[c.name] = max(c.n, 0)
	}
	g.Faults, err = db.FaultTotals(ctx, "", nil)
	return g, err
}

// Waiting is how many changes wait to be committed.
func (db *DB) Waiting() int {
	n := 0
	for _, w := range db.writers {
		n += len(w.queue) + len(w.later)
	}
	return n
}

// Schema is the version of the database's schema, and the one that this program knows.
func (db *DB) Schema(ctx context.Context) (has, known int64, err error) {
	if known, err = KnownSchema(); err != nil {
		return 0, 0, err
	}
	err = db.sql.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied = $1`, true).Scan(&has)
	return has, known, err
}

// KnownSchema is the version of the schema that this program knows.
func KnownSchema() (int64, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err == nil && len(names) == 0 {
		err = errors.New("there are no migrations")
	}
	if err != nil {
		return 0, err
	}
	return goose.NumericComponent(names[len(names)-1])
}
