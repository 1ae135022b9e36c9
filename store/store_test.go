package store_test

import (
	"path/filepath"
	"testing"

	"gnista/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestSQLite(t *testing.T) {
	storetest.Run(t, "sqlite:"+filepath.Join(t.TempDir(), "a b#å?.db"))
}

func TestPostgreSQL(t *testing.T) { storetest.Run(t, storetest.Postgres(t)) }
