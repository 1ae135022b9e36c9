package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gnista"
	"gnista/store"
	"gnista/store/storetest"
)

// Rows are counted, and the schema is known, without a claim to the database.
func TestCountRows(t *testing.T) {
	for name, url := range map[string]string{"SQLite": "sqlite:" + filepath.Join(t.TempDir(), "a.db"), "PostgreSQL": storetest.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			db := open(t, url)
			defer db.Close()
			at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			if err := db.Tell(t.Context(), gnista.Event{At: at, Kind: "test"}); err != nil {
				t.Fatal(err)
			}
			c, err := store.CountRows(t.Context(), url)
			if err != nil || c.Rows["event"] != 1 || c.Rows["station"] != 0 || len(c.Rows) < 50 || !c.LastEvent.Equal(at) {
				t.Errorf("%v, %d tables, last %v", err, len(c.Rows), c.LastEvent)
			}
			known, err := store.KnownSchema()
			if has, failed := store.SchemaOf(t.Context(), url); failed != nil || err != nil || has != known {
				t.Errorf("schema %d of %d, %v, %v", has, known, failed, err)
			}
			file, err := store.Kind(url)
			if err != nil || (file == "") != (name == "PostgreSQL") {
				t.Errorf("it is %q, %v", file, err)
			}
			if file == "" {
				return
			}
			if used, err := store.InUse(t.Context(), file); err != nil || !used {
				t.Errorf("in use: %v, %v", used, err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if used, err := store.InUse(t.Context(), file); err != nil || used {
				t.Errorf("in use when it was closed: %v, %v", used, err)
			}
			for _, quick := range []bool{true, false} {
				if x, err := store.Inspect(t.Context(), file, quick); err != nil || len(x.Problems) > 0 || x.Schema != known {
					t.Errorf("%+v, %v", x, err)
				}
			}
			copied := filepath.Join(t.TempDir(), "copy.db")
			if err := store.Copy(t.Context(), file, copied); err != nil {
				t.Fatal(err)
			}
			if err := store.Copy(t.Context(), file, copied); !errors.Is(err, os.ErrExist) {
				t.Errorf("a file is overwritten: %v", err)
			}
			if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
		})
	}
	if _, err := store.Kind("mysql://x"); err == nil {
		t.Error("MySQL is taken")
	}
}

// A file that is no database, or one that is spoiled, is told.
func TestInspect(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	if _, err := store.Inspect(t.Context(), file, false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile(file, []byte("no database at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Inspect(t.Context(), file, false); err == nil {
		t.Error("any file is sound")
	}
	good := filepath.Join(t.TempDir(), "b.db")
	db := open(t, "sqlite:"+good)
	for range 2000 {
		if err := db.Tell(t.Context(), gnista.Event{At: time.Now(), Kind: strings.Repeat("x", 1000)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(text) / 2; i < len(text)/2+64<<10; i++ {
		text[i] = 0xff
	}
	if err := os.WriteFile(good, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, quick := range []bool{true, false} {
		if x, err := store.Inspect(t.Context(), good, quick); err == nil && len(x.Problems) == 0 {
			t.Errorf("a spoiled database is sound (quick: %v)", quick)
		}
	}
}

// Commits that succeed are told with their size.
func TestCommitted(t *testing.T) {
	var commits, changes atomic.Int64
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "a.db"), store.Options{Committed: func(n int, took time.Duration) {
		if took <= 0 {
			t.Error("it took no time")
		}
		commits.Add(1)
		changes.Add(int64(n))
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	before := changes.Load()
	for range 5 {
		if err := db.Tell(t.Context(), gnista.Event{At: time.Now(), Kind: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := changes.Load() - before; n != 5 || commits.Load() < 5 {
		t.Errorf("%d changes in %d commits", n, commits.Load())
	}
}
