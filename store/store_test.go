package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gnista"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestSQLite(t *testing.T) {
	storetest.Run(t, "sqlite:"+filepath.Join(t.TempDir(), "a b#å?.db"))
}

func TestPostgreSQL(t *testing.T) { storetest.Run(t, storetest.Postgres(t)) }

// Nodes of a cluster may come through a pooler in transaction mode that knows no prepared statements.
func TestPooler(t *testing.T) {
	url := storetest.Pooler(t, storetest.Postgres(t)) + "&default_query_exec_mode=exec"
	storetest.RunWith(t, url, store.Options{Shared: true})
}

func open(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// refused opens a database that must not be opened.
func refused(t *testing.T, url string, parts ...string) {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err == nil {
		db.Close()
		t.Fatalf("%s was opened", url)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %q is not in %v", url, part, err)
		}
	}
}

// execute does to a database what we do not.
func execute(t *testing.T, driver, dsn, query string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

// A database has one server at a time, by whatever name it is called.
func TestOneServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.db")
	other := filepath.Join(t.TempDir(), "other.db")
	open(t, "sqlite:"+file).Close()
	if err := os.Symlink(file, other); err != nil {
		t.Fatal(err)
	}
	for url, again := range map[string]string{"sqlite:" + file: "sqlite:" + other, storetest.Postgres(t): ""} {
		if again == "" {
			again = url
		}
		db := open(t, url)
		refused(t, again, "opening the ", "another gnista runs on it")
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		open(t, again).Close()
	}
}

func TestNewerSchema(t *testing.T) {
	const newer = `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`
	file, url := filepath.Join(t.TempDir(), "test.db"), storetest.Postgres(t)
	open(t, "sqlite:"+file).Close()
	execute(t, "sqlite", file, newer)
	refused(t, "sqlite:"+file, file, "version 99")
	open(t, url).Close()
	execute(t, "pgx", url, newer)
	refused(t, url, "version 99")
}

func TestWhatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "sqlite:"+text, "opening the database "+text)
	refused(t, "sqlite:"+filepath.Join(dir, "none", "x.db"), "opening the database "+filepath.Join(dir, "none", "x.db"))
	refused(t, "sqlite::memory:", "names no file")
	refused(t, "postgres:///none?host="+dir, "opening the PostgreSQL database")
}

// When the database was started anew no change is lost, and no second server has taken our place.
func TestConnectionsThatDied(t *testing.T) {
	url := storetest.Postgres(t)
	db := open(t, url)
	register := func(when string) {
		t.Helper()
		for i := range 20 { // for each of the writers
			id := gnista.StationID(fmt.Sprint(when, i))
			if _, err := db.ChangeStation(context.Background(), id, true, func(*station.Station) ([]gnista.Event, error) { return nil, nil }); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
	register("before")
	execute(t, "pgx", url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	register("after")
	refused(t, url, "another gnista runs on it")
}
