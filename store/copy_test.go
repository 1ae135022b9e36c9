package store_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"gnista"
	"gnista/store"
	"gnista/store/storetest"
)

// All that a SQLite database has of what the conformance test leaves in it is there in PostgreSQL, and only once.
func TestCopy(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "full.db")
	storetest.Run(t, url)
	open := func(url string) *store.DB {
		db, err := store.Open(t.Context(), url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	from, to := open(url), open(storetest.Postgres(t))
	list, err := from.CopyTo(t.Context(), to, func(store.Copied) {})
	if err != nil {
		t.Fatal(err)
	}
	full := 0
	for _, c := range list {
		if c.Rows > 0 {
			full++
		}
	}
	if full < 60 {
		t.Errorf("only %d tables had anything in them", full)
	}
	for after := int64(0); ; {
		a, err := from.Events(t.Context(), after, 500)
		if err != nil {
			t.Fatal(err)
		}
		b, err := to.Events(t.Context(), after, 500)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("the events behind %d are not the same", after)
		}
		if len(a) == 0 {
			break
		}
		after = a[len(a)-1].Seq
	}
	if err := to.Tell(t.Context(), gnista.Event{Kind: "go.on"}); err != nil { // the numbers go on
		t.Error(err)
	}
	if _, err := from.CopyTo(t.Context(), to, func(store.Copied) {}); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("it is copied into what is not empty: %v", err)
	}
	if _, err := to.CopyTo(t.Context(), from, func(store.Copied) {}); err == nil {
		t.Error("PostgreSQL is copied to SQLite")
	}
}
