package store

import (
	"database/sql"
	"fmt"
	"net/url"
	"runtime"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// flavour is what differs between the databases.
type flavour struct {
	name     string // for people
	driver   string
	dsn      string
	readDSN  string // of who only reads
	dialect  goose.Dialect
	without  []int64 // migrations that are not for it
	session  func(*sql.Conn) session
	together bool   // a question is cheaper together with others
	clock    string // its time, in milliseconds
	tidy     string // is done beside the writers now and then; empty where nothing need be
	compact  string // gives back what was freed, so that it cannot be read; empty where that is left to the database
	writers  int    // that commit at one time
	readers  int
	lock     func(*DB) lock // against a second server
}

func flavourOf(u string) (flavour, error) {
	scheme, rest, _ := strings.Cut(u, ":")
	switch scheme {
	case "sqlite":
		file := strings.TrimPrefix(rest, "//")
		if file == "" || file == ":memory:" { // which would be another for each connection
			return flavour{}, fmt.Errorf("the database %q names no file; write sqlite:FILE", u)
		}
		pragmas := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "cache_size(-65536)", "wal_autocheckpoint(32000)"}}
		reading := url.Values{"mode": {"rw"}, "_pragma": {"query_only(true)", "busy_timeout(10000)"}}
		at := "file:" + (&url.URL{Path: file}).EscapedPath() + "?"
		return flavour{
			name: "the database " + file, driver: "sqlite", dsn: at + pragmas.Encode(), readDSN: at + reading.Encode(), dialect: goose.DialectSQLite3, without: []int64{49},
			session: func(c *sql.Conn) session { return newDirect("BEGIN IMMEDIATE", c) }, clock: "CAST(unixepoch('subsec') * 1000 AS INTEGER)", tidy: "PRAGMA wal_checkpoint(PASSIVE)", compact: "PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", writers: 1, readers: max(4, runtime.NumCPU()),
			lock: func(*DB) lock { return &fileLock{database: file} },
		}, nil
	case "postgres", "postgresql":
		return flavour{
			name: "the PostgreSQL database", driver: "pgx", dsn: u, readDSN: u, dialect: goose.DialectPostgres, session: newPipeline, together: true, clock: "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)", writers: 4, readers: 8,
			lock: func(db *DB) lock { return &sessionLock{db: db} },
		}, nil
	}
	return flavour{}, fmt.Errorf("the database %q is neither sqlite:FILE nor postgres://…", scheme)
}
