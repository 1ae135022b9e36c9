package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc64"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"gnista/cluster"
)

// lock keeps a second server off the database: each would know of its own stations and give numbers to
// its own messages only.
type lock interface {
	// hold takes the lock, unless it is held already.
	hold(ctx context.Context) error
	release() error
}

var errInUse = errors.New("it is in use: another gnista runs on it")

// fileLock is a lock on a file beside that of the database. The system lets go of it when a process
// ends, in whatever way; the file stays.
type fileLock struct {
	database string
	file     *os.File
}

func (l *fileLock) hold(context.Context) error {
	if l.file != nil {
		return nil
	}
	path, err := filepath.EvalSymlinks(l.database) // there may be several ways to one database
	if errors.Is(err, fs.ErrNotExist) {
		path, err = l.database, nil
	}
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return err
	}
	l.file = f
	return nil
}

func (l *fileLock) release() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// sessionLock is an advisory lock of PostgreSQL, which lasts as long as the connection that took it.
type sessionLock struct {
	db   *DB
	mu   sync.Mutex
	conn *sql.Conn
}

const (
	lockKey   = 0x676e69737461         // gnista
	lockTries = 20                     // a server that was killed is soon forgotten
	lockPause = 100 * time.Millisecond // between them
)

// keepalive lets PostgreSQL notice within half a minute when the machine of a server is gone.
const keepalive = `SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3`

// hold takes the lock. It is asked for whenever a writer connects: a database that was started anew
// has forgotten it.
func (l *sessionLock) hold(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		if l.conn.PingContext(ctx) == nil {
			return nil
		}
		l.conn.Close()
		l.conn = nil
	}
	conn, err := l.db.connection(ctx)
	if err != nil {
		return err
	}
	if err := take(ctx, conn); err != nil {
		conn.Close()
		return err
	}
	l.conn = conn
	return nil
}

func take(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, keepalive); err != nil {
		return err
	}
	return try(ctx, conn, `SELECT pg_try_advisory_lock($1)`)
}

// try asks for the lock until it is given.
func try(ctx context.Context, conn interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, query string) error {
	for range lockTries {
		var held bool
		if err := conn.QueryRowContext(ctx, query, lockKey).Scan(&held); held || err != nil {
			return err
		}
		time.Sleep(lockPause)
	}
	return errInUse
}

func (l *sessionLock) release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return nil
	}
	err := l.conn.Close() // which ends it, as the database is closed
	l.conn = nil
	return err
}

// sharedLock is for nodes that share a database. It holds nothing, so that connections may come from a pooler: it
// looks that no server has the database for itself. One that comes later sees the nodes.
type sharedLock struct{ db *DB }

func (l sharedLock) hold(ctx context.Context) error {
	return try(ctx, l.db.sql, `SELECT pg_try_advisory_xact_lock_shared($1)`)
}

func (sharedLock) release() error { return nil }

// alone makes sure that no cluster uses a database that we have for ourselves.
func (db *DB) alone(ctx context.Context) error {
	if db.shared {
		return nil
	}
	nodes, err := db.Nodes(ctx, cluster.Silence)
	if err == nil && len(nodes) > 0 {
		err = fmt.Errorf("it is in use: the node %q of a cluster runs on it, or did until a moment ago; to be one of its nodes say --nats", nodes[0].Name)
	}
	return err
}

// takingTurns runs f while no other node does: those that start together would change the schema at the same time.
func (db *DB) takingTurns(ctx context.Context, f func() error) error {
	if !db.shared {
		return f()
	}
	turn, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer turn.Rollback()
	if _, err := turn.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey+1); err != nil {
		return err
	}
	return f()
}

// lockAll makes a group of changes wait for those that other nodes make to the same things.
const lockAll = `SELECT count(pg_advisory_xact_lock(k)) FROM unnest($1::bigint[]) AS k`

// keys are what the changes of a group are to have to themselves where nodes share a database. All of a group are
// asked for in one order, so that no two groups wait for each other.
func (w *writer) keys(group []*change) []int64 {
	if !w.db.shared {
		return nil
	}
	keys := make([]int64, len(group))
	for i, c := range group {
		keys[i] = int64(crc64.Checksum([]byte(c.key), keyTable))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

var keyTable = crc64.MakeTable(crc64.ECMA)
