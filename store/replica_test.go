package store_test

import (
	"database/sql"
	"testing"
	"time"

	"gnista"
	"gnista/fault/uptime"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
)

// Reports are read from the replica, and from the database itself while that is away.
func TestReplica(t *testing.T) {
	url := storetest.Postgres(t)
	first := open(t, url)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	outage := func(db *store.DB, id gnista.StationID) {
		t.Helper()
		if _, err := db.ChangeStation(t.Context(), id, true, func(*station.Station) ([]gnista.Event, error) {
			return []gnista.Event{{At: at, Kind: "station.changed", Station: id}}, nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.SwitchOutage(t.Context(), uptime.Outage{}, uptime.Outage{Place: uptime.Place{Station: id, EVSE: gnista.EVSE{ID: 1, Connector: 1}}, Cause: uptime.Faulted, Since: at}); err != nil {
			t.Fatal(err)
		}
	}
	outage(first, "A")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	address, stop := storetest.Replica(t, url)
	db, err := store.Open(t.Context(), url, store.Options{Replica: address})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	count := func() int {
		t.Helper()
		list, err := db.Outages(t.Context(), "", "A", "Z", uptime.Span{Since: at, Until: at.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	there := func(want int) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); count() != want; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("there are %d outages, want %d", count(), want)
			}
		}
	}
	there(1)
	follower, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer follower.Close()
	if _, err := follower.ExecContext(t.Context(), `SELECT pg_wal_replay_pause()`); err != nil {
		t.Fatal(err)
	}
	there(1)
	outage(db, "B")
	if n := count(); n != 1 {
		t.Errorf("%d outages are told by a replica that has come to 1", n)
	}
	if list, err := db.OpenOutages(t.Context(), uptime.Place{}, 10); err != nil || len(list) != 2 {
		t.Errorf("what is decided by is not read from the database: %v, %v", list, err)
	}
	if _, err := follower.ExecContext(t.Context(), `SELECT pg_wal_replay_resume()`); err != nil {
		t.Fatal(err)
	}
	there(2)
	stop()
	outage(db, "C")
	there(3)
}

func TestReplicaOfAnother(t *testing.T) {
	url, other := storetest.Postgres(t), storetest.Postgres(t)
	open(t, other).Close()
	for _, replica := range []string{other, "sqlite:x.db"} {
		if db, err := store.Open(t.Context(), url, store.Options{Replica: replica}); err == nil {
			db.Close()
			t.Errorf("%s is taken for a replica", replica)
		}
	}
	if db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/x.db", store.Options{Replica: other}); err == nil {
		db.Close()
		t.Error("a SQLite database has a replica")
	}
}
