package main

import (
	"strings"
	"testing"

	"gnista/store"
	"gnista/store/storetest"
)

func TestReplicaURL(t *testing.T) {
	for _, x := range []struct{ database, replica, says string }{
		{"sqlite:x.db", "", ""},
		{"postgres://db/gnista", "postgres://replica/gnista", ""},
		{"postgres://db/gnista", "sqlite:x.db", "is not a postgres:// address"},
		{"sqlite:x.db", "postgres://replica/gnista", "needs a database"},
	} {
		err := checkReplicaURL(x.database, x.replica)
		if (err == nil) != (x.says == "") || err != nil && !strings.Contains(strings.ReplaceAll(err.Error(), "…", ""), x.says) {
			t.Errorf("%s with %s: %v", x.database, x.replica, err)
		}
	}
}

// doctor says of a replica that it is well, that it is another database, and that it is away.
func TestDoctorLooksAtReplica(t *testing.T) {
	url, empty := storetest.Postgres(t), storetest.Postgres(t)
	key := strings.Repeat("ab", 32)
	secret, err := certifying{SecretKey: key}.secret(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), url, store.Options{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for replica, want := range map[string]state{url: fine, empty: warning, "postgres:///none?host=/nowhere": warning} {
		s := serve{DatabaseReplica: replica}
		s.SecretKey, s.Data = key, t.TempDir()
		if list := s.checkReplica(t.Context()); len(list) != 1 || list[0].State != want {
			t.Errorf("%s: %+v", replica, list)
		}
	}
}
