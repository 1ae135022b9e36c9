package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"testing"

	"github.com/pressly/goose/v3"

	"gnista/store/storetest"
)

// What a PostgreSQL database has when its tables are divided is all there afterwards, in the parts.
func TestPartsKeepWhatIsThere(t *testing.T) {
	url := storetest.Postgres(t)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	old, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.UpTo(t.Context(), 48); err != nil {
		t.Fatal(err)
	}
	const rows = 5000
	for _, query := range []string{
		`INSERT INTO meter_period SELECT 'tx' || i % 700, i, 'data' || i FROM generate_series(1, $1) AS i`,
		`INSERT INTO message SELECT i, 'station' || i % 50, i % 2 = 0, 2, 'm' || i, 'Heartbeat', 'text' || i FROM generate_series(1, $1) AS i`,
	} {
		if _, err := db.ExecContext(t.Context(), query, rows); err != nil {
			t.Fatal(err)
		}
	}
	sum := func(table string) (s string) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) || ' ' || COALESCE(sum(hashtextextended(x::text, 0)), 0) FROM `+table+` AS x`).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	tables := []string{"meter_period", "message"}
	before := map[string]string{}
	for _, table := range tables {
		before[table] = sum(table)
	}
	open(t, url)
	for _, table := range tables {
		if after := sum(table); after != before[table] || after[:4] != fmt.Sprint(rows) {
			t.Errorf("%s: before %s, after %s", table, before[table], after)
		}
		for part := range 16 {
			if s := sum(fmt.Sprintf("%s_%d", table, part)); s[0] == '0' {
				t.Errorf("part %d of %s is empty", part, table)
			}
		}
	}
}
