package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// reads is a pool of connections that keeps the statements of questions: SQLite takes longer to understand most of them
// than to answer. The driver of PostgreSQL keeps them itself.
type reads struct {
	*sql.DB
	mu    sync.RWMutex
	stmts map[string]*sql.Stmt // nil where none are kept
}

// keepStatements is how many are kept. There are some hundreds, and more where filters are combined.
const keepStatements = 1000

func newReads(db *sql.DB, f flavour) *reads {
	r := &reads{DB: db}
	if f.driver == "sqlite" {
		r.stmts = map[string]*sql.Stmt{}
	}
	return r
}

// QueryContext asks for rows.
func (r *reads) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := r.kept(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return r.DB.QueryContext(ctx, query, args...)
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext asks for a row.
func (r *reads) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s, err := r.kept(ctx, query); err == nil && s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return r.DB.QueryRowContext(ctx, query, args...) // fails in the same way
}

// kept is the statement of a query; nil where it is not kept.
func (r *reads) kept(ctx context.Context, query string) (*sql.Stmt, error) {
	r.mu.RLock()
	s, keep := r.stmts[query], r.stmts != nil && len(r.stmts) < keepStatements
	r.mu.RUnlock()
	if s != nil || !keep {
		return s, nil
	}
	made, err := r.DB.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s = r.stmts[query]; s != nil || r.stmts == nil { // another was faster, or it was closed meanwhile
		made.Close()
		return s, nil
	}
	r.stmts[query] = made
	return made, nil
}

// Close closes the connections.
func (r *reads) Close() (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.stmts {
		err = errors.Join(err, s.Close())
	}
	r.stmts = nil
	return errors.Join(err, r.DB.Close())
}
