// Package store keeps what the domain packages need kept, in SQLite or PostgreSQL, by one SQL text.
//
// All writing goes through group commit: a change is a function that runs in one SQL transaction
// together with those of others, and returns when that is on disk. Exported methods open the SQL
// transaction; unexported functions take it. What differs between the databases is in flavour.go.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"gnista"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open database. Its methods are those of the Stores of the domain packages.
type DB struct {
	*vault
	sql       *reads
	replica   *replica // nil: there is none
	dialect   goose.Dialect
	lock      lock
	writers   []*writer
	seed      maphash.Seed // spreads keys over the writers
	clock     string       // SQL for the time of the database, in milliseconds
	slot      int64        // of this node; see [cluster.Node]
	shared    bool         // with other nodes
	notify    func([]gnista.Event)
	log       *slog.Logger
	committed func(changes int, took time.Duration)
	logSize   logSize
	tidy      chan struct{} // after some commits; nil where nothing need be tidied
	tidying   sync.WaitGroup
	untidy    sync.Once
}

// Options are how to open a database.
type Options struct {
	// Notify is told of durable events after they are on disk, those of one commit in order. On
	// PostgreSQL, which has several writers, a later commit may be told before an earlier one: who must
	// miss none goes by the numbers. It must not wait.
	Notify func([]gnista.Event)
	// GroupSize is the most changes that are committed together; 0 is the default, 1 is none.
	GroupSize int
	// Secret gives the key of 32 bytes with which UIDs are sealed. Without one they are sealed with a key
	// that everybody knows.
	Secret func() ([]byte, error)
	// Shared lets other nodes of a cluster use the database at the same time. Only PostgreSQL can be shared.
	Shared bool
	// Dial connects to PostgreSQL; nil is the usual.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Replica is the address of a streaming replica of the PostgreSQL database, from which reports are read that may be
	// some seconds old; empty: there is none. While it is away, or far behind, the database itself is read.
	Replica string
	// Committed is told of each commit that succeeded: of how many changes it was, and how long it took with running
	// them. It must not wait. nil: nobody wants to know.
	Committed func(changes int, took time.Duration)
	Log       *slog.Logger
}

// Open opens the database at url, "sqlite:FILE" or "postgres://…", for nobody but us, and brings its
// schema up to date.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	f, err := flavourOf(url)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Committed == nil {
		o.Committed = func(int, time.Duration) {}
	}
	if o.Notify == nil {
		o.Notify = func([]gnista.Event) {}
	}
	if o.GroupSize == 0 {
		o.GroupSize = groupSize
		if o.Shared {
			o.GroupSize = sharedGroupSize
		}
	}
	v, err := newVault(o.Secret)
	if err != nil {
		return nil, err
	}
	if o.Replica != "" && f.dialect != goose.DialectPostgres {
		return nil, errors.New("only a PostgreSQL database has replicas to read from")
	}
	if o.Shared && f.dialect != goose.DialectPostgres {
		return nil, errors.New("several nodes need a database that they can share: --database postgres://…")
	}
	handle, err := connect(f.driver, f.dsn, o.Dial)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	connections := f.writers + f.readers + 1 // that of the lock
	handle.SetMaxOpenConns(connections)
	handle.SetMaxIdleConns(connections)
	db := &DB{vault: v, sql: newReads(handle, f), dialect: f.dialect, clock: f.clock, shared: o.Shared, seed: maphash.MakeSeed(), notify: o.Notify, committed: o.Committed, log: o.Log}
	db.lock = f.lock(db)
	if o.Shared {
		db.lock = sharedLock{db}
	}
	if err := db.prepare(ctx, f); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if o.Replica != "" {
		if err := db.openReplica(ctx, o.Replica, o.Dial); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	if f.tidy != "" {
		db.tidy = make(chan struct{}, 1)
		db.tidying.Go(func() { db.keepTidy(f.tidy) })
	}
	for range f.writers {
		db.writers = append(db.writers, newWriter(db, f, o.GroupSize))
	}
	return db, nil
}

// connect opens a database, whose connections are made by dial unless it is nil.
func connect(driver, dsn string, dial pgconn.DialFunc) (*sql.DB, error) {
	if driver != "pgx" || dial == nil {
		return sql.Open(driver, dsn)
	}
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	c.DialFunc = dial
	return stdlib.OpenDB(*c), nil
}

// prepare makes sure that we are alone and that the schema is the one we know.
func (db *DB) prepare(ctx context.Context, f flavour) error {
	if err := db.lock.hold(ctx); err != nil {
		if c, ok := errors.AsType[*pgconn.ConnectError](err); ok { // which has many lines
			err = fmt.Errorf("it is not reached: is the address right, and does it run? %s", strings.Join(strings.Fields(c.Error()), " "))
		}
		return fmt.Errorf("opening %s: %w", f.name, err)
	}
	if err := db.Ready(ctx); err != nil {
		return fmt.Errorf("opening %s: %w", f.name, err)
	}
	return db.takingTurns(ctx, func() error {
		if err := db.migrate(ctx, f); err != nil {
			return fmt.Errorf("bringing the schema of %s up to date: %w", f.name, err)
		}
		if err := errors.Join(db.sealAll(ctx, f), db.alone(ctx)); err != nil {
			return fmt.Errorf("opening %s: %w", f.name, err)
		}
		return nil
	})
}

func (db *DB) migrate(ctx context.Context, f flavour) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(f.dialect, db.sql.DB, dir, goose.WithExcludeVersions(f.without))
	if err != nil {
		return err
	}
	has, known, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if has > known {
		return fmt.Errorf("it has version %d, of a newer gnista, and this one knows %d", has, known)
	}
	_, err = p.Up(ctx)
	return err
}

// connection takes a connection for ourselves. Those that wait may have died, as when the database was
// started anew, so it is one that answers.
func (db *DB) connection(ctx context.Context) (conn *sql.Conn, err error) {
	for range db.sql.Stats().MaxOpenConnections {
		if conn, err = db.sql.Conn(ctx); err != nil {
			return nil, err
		}
		if err = conn.PingContext(ctx); err == nil {
			return conn, nil
		}
		conn.Close()
	}
	return nil, err
}

// Close waits for changes that have begun and closes the database.
func (db *DB) Close() error {
	for _, w := range db.writers {
		w.close()
	}
	if db.tidy != nil && len(db.writers) > 0 {
		db.untidy.Do(func() { close(db.tidy) })
		db.tidying.Wait()
	}
	var err error
	if db.replica != nil {
		err = db.replica.sql.Close()
	}
	return errors.Join(err, db.sql.Close(), db.lock.release())
}

// tidyAfter is after how many commits the log of SQLite is carried over into the database. A commit that
// finds too much of it has to do that itself, and everybody waits; beside the writer it holds up nobody.
const tidyAfter = 256

func (db *DB) keepTidy(query string) {
	for range db.tidy {
		var busy, log, done int
		if err := db.sql.QueryRowContext(context.Background(), query).Scan(&busy, &log, &done); err != nil {
			db.log.Warn("the log of the database could not be carried over; a commit will", "err", err)
		}
	}
}

// Ready tells whether the database answers.
func (db *DB) Ready(ctx context.Context) error {
	var n int
	return db.sql.QueryRowContext(ctx, `SELECT 1`).Scan(&n)
}

// millis is a time as it is stored.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant reads a stored time.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// scanner is a row or rows.
type scanner interface{ Scan(dest ...any) error }

// with is a row of which columns behind those that are asked for go elsewhere.
type with struct {
	scanner
	more []any
}

func (w with) Scan(dest ...any) error { return w.scanner.Scan(append(dest, w.more...)...) }

// one reads a single row with read; without one it is NotFound, told as what is missing.
func one[T any](row scanner, read func(scanner) (T, error), format string, args ...any) (T, error) {
	v, err := read(row)
	if errors.Is(err, sql.ErrNoRows) {
		return v, gnista.Errorf(gnista.NotFound, format, args...)
	}
	return v, err
}

// all reads every row with read.
func all[T any](rows answer, err error, read func(scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		v, err := read(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
