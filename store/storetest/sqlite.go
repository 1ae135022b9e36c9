package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"gnista/store"
)

// blank is a database without anything in it, as a file. It is made once: to make the schema anew for each
// test takes longer than most tests.
var blank = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "gnista-blank")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "test.db")
	db, err := store.Open(context.Background(), "sqlite:"+file, store.Options{})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// SQLite is the URL of an empty database, test.db in dir, that has the schema.
func SQLite(t testing.TB, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "test.db")
	content, err := blank()
	if err == nil {
		err = os.WriteFile(file, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + file
}

// Open is an empty SQLite database until the test ends.
func Open(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), SQLite(t, t.TempDir()), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
