package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	replicaLag   = 30 * time.Second // a replica that is further behind is not read from
	replicaCheck = 5 * time.Second  // between looks at how far behind it is
	replicaPause = 15 * time.Second // before one that failed is asked again
	replicaConns = 4
)

// replica is a copy of a PostgreSQL database that follows it. What may be seconds old, is much, and decides nothing is
// read there: reports and sums over long times.
type replica struct {
	sql *sql.DB

	mu      sync.Mutex
	rests   time.Time // until when it is not asked
	checked time.Time
	markAt  time.Time // when the database was at
	mark    int64     // this event, which the replica was seen to lack; 0: it lacks none
}

// openReplica opens the replica at url. One that does not answer is no error, and one of another database is.
func (db *DB) openReplica(ctx context.Context, url string, dial pgconn.DialFunc) error {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return errors.New("the replica is not at a postgres://… address")
	}
	handle, err := connect("pgx", url, dial)
	if err != nil {
		return fmt.Errorf("opening the replica: %w", err)
	}
	handle.SetMaxOpenConns(replicaConns)
	handle.SetMaxIdleConns(replicaConns)
	db.replica = &replica{sql: handle}
	ours, err := db.sealingPosition(ctx, "secret")
	if err != nil {
		return err
	}
	var theirs string
	if err := handle.QueryRowContext(ctx, `SELECT position FROM sealing WHERE name = 'secret'`).Scan(&theirs); err != nil {
		db.replica.rest(db, err)
		return nil
	}
	if theirs != ours {
		return errors.New("the replica is one of another database")
	}
	return nil
}

// rest has a replica not be asked for a while.
func (r *replica) rest(db *DB, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rests = time.Now().Add(replicaPause)
	db.log.Warn("the replica is not read from for now; the database itself is", "err", why)
}

// near tells whether the replica may be read from: it answers and is not far behind.
func (r *replica) near(ctx context.Context, db *DB) bool {
	r.mu.Lock()
	now := time.Now()
	resting, fresh := now.Before(r.rests), now.Sub(r.checked) < replicaCheck
	mark, markAt := r.mark, r.markAt
	r.mu.Unlock()
	if resting || fresh {
		return !resting
	}
	last, err := db.LastEvent(ctx)
	if err != nil {
		return false
	}
	has, err := (&DB{sql: &reads{DB: r.sql}}).LastEvent(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return false
	case err != nil:
		r.rest(db, err)
		return false
	case has < mark && now.Sub(markAt) > replicaLag:
		r.rest(db, fmt.Errorf("it is more than %v behind", replicaLag))
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checked = now
	if has >= mark { // what it lacks now is newer
		r.mark, r.markAt = 0, now
		if has < last {
			r.mark = last
		}
	}
	return true
}

// old lists what may be some seconds old and decides nothing: from the replica where there is one that is well, and
// else from the database itself.
func old[T any](ctx context.Context, db *DB, read func(scanner) (T, error), query string, args ...any) ([]T, error) {
	if r := db.replica; r != nil && r.near(ctx, db) {
		rows, err := r.sql.QueryContext(ctx, query, args...)
		list, err := all(rows, err, read)
		if err == nil || ctx.Err() != nil {
			return list, err
		}
		r.rest(db, err)
	}
	rows, err := db.sql.QueryContext(ctx, query, args...)
	return all(rows, err, read)
}
