package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"gnista"
)

const (
	groupSize       = 768  // the most changes in one commit: bounds how long the first of them waits
	sharedGroupSize = 128  // the same where each has a lock, of which PostgreSQL has some thousands for all
	queueSize       = 4096 // waiting changes, before those who bring more are made to wait
	laterSize       = 256  // the same of those that can wait

	// For the time that it takes the writer, what can wait makes way so many times as long, and may have
	// taken so much in advance: one report of a station is kept at once, those of a thousand hold up
	// nobody else.
	laterShare = 5
	laterAhead = 200 * time.Millisecond
)

var errClosed = errors.New("the database is closed")

// tx is a SQL transaction in which one change after the other runs.
type tx struct {
	*vault
	w      *writer
	events []gnista.Event
	wrote  bool // the running change has written something
}

func (t *tx) exec(query string, args ...any) (sql.Result, error) {
	t.wrote = true
	s, err := t.w.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.Exec(clean(args)...)
}

// row reads; a query that also writes is for writeRow.
func (t *tx) row(query string, args ...any) *sql.Row {
	s, err := t.w.prepared(query)
	if err != nil {
		return t.w.conn.QueryRowContext(context.Background(), query, args...) // fails in the same way
	}
	return s.QueryRow(clean(args)...)
}

func (t *tx) writeRow(query string, args ...any) *sql.Row {
	t.wrote = true
	return t.row(query, args...)
}

func (t *tx) rows(query string, args ...any) (*sql.Rows, error) {
	s, err := t.w.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.Query(clean(args)...)
}

// clean takes out of texts what PostgreSQL cannot keep. What stations send is in them.
func clean(args []any) []any {
	for i, a := range args {
		if s, ok := a.(string); ok && (!utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0) {
			args[i] = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return args
}

// next takes n numbers from a series and returns the last.
func (t *tx) next(series string, n int) (int64, error) {
	var last int64
	err := t.writeRow(`UPDATE counter SET value = value + $1 WHERE name = $2 RETURNING value`, n, series).Scan(&last)
	return last, err
}

// emit adds events, which get their numbers when the group is committed.
func (t *tx) emit(evs ...gnista.Event) {
	t.wrote = true
	t.events = append(t.events, evs...)
}

// change is a function that waits to be run and committed.
type change struct {
	key   string // of what it changes
	run   func(*tx) error
	taken atomic.Bool // by the writer, who will run it, or by its caller, who no longer wants it
	err   error
	done  chan struct{}
}

// take tells whether c is for the one who asks.
func (c *change) take() bool { return c.taken.CompareAndSwap(false, true) }

// safely runs the change; a panic in it must not take down what others wait for.
func (c *change) safely(t *tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a change panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return c.run(t)
}

// writer collects changes and commits them together, on a connection of its own.
type writer struct {
	db     *DB
	begin  string
	size   int
	queue  chan *change
	later  chan *change // that others go before: no commit has more than one of them
	ended  sync.WaitGroup
	mu     sync.RWMutex // held for reading while something is put into the queue
	closed bool

	rests time.Time // until when what can wait has used up its share

	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func newWriter(db *DB, f flavour, size int) *writer {
	w := &writer{db: db, begin: f.begin, size: size, queue: make(chan *change, queueSize), later: make(chan *change, laterSize)}
	w.ended.Go(w.loop)
	return w
}

func (w *writer) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	w.ended.Wait()
}

// write runs f in a SQL transaction and returns when that is on disk. Changes with the same key run
// one after the other. When f fails, nothing that it did is kept, and its error is returned. f may be
// run more than once. When ctx ends before f has begun, f is not run; when it has, it is waited for: f
// may write into variables of the caller, and what became of the change is always known.
func (db *DB) write(ctx context.Context, key string, f func(*tx) error) error {
	w := db.writer(key)
	return w.wait(ctx, w.queue, &change{key: key, run: f, done: make(chan struct{})})
}

// writeLater is write for what is large and nobody waits for: it does not hold up the changes of others,
// and waits where there is much of it.
func (db *DB) writeLater(ctx context.Context, key string, f func(*tx) error) error {
	w := db.writer(key)
	c := &change{key: key, done: make(chan struct{})}
	c.run = func(t *tx) error {
		began := time.Now()
		err := f(t)
		now := time.Now()
		if w.rests.Before(began) {
			w.rests = began
		}
		w.rests = w.rests.Add(laterShare * now.Sub(began))
		return err
	}
	return w.wait(ctx, w.later, c)
}

func (db *DB) writer(key string) *writer {
	return db.writers[maphash.String(db.seed, key)%uint64(len(db.writers))]
}

func (w *writer) wait(ctx context.Context, queue chan<- *change, c *change) error {
	if err := w.put(ctx, queue, c); err != nil {
		return err
	}
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
	}
	if c.take() {
		return context.Cause(ctx)
	}
	<-c.done
	return c.err
}

func (w *writer) put(ctx context.Context, queue chan<- *change, c *change) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case queue <- c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (w *writer) loop() {
	group := make([]*change, 0, w.size)
	for n := 1; ; n++ {
		if n%tidyAfter == 0 && w.db.tidy != nil {
			select {
			case w.db.tidy <- struct{}{}:
			default:
			}
		}
		var ended bool
		if group, ended = w.collect(group[:0]); ended {
			break
		}
		if len(group) == 0 {
			continue
		}
		events, err := w.commit(group)
		for _, c := range group {
			if err != nil {
				c.err = err
			}
			close(c.done)
		}
		if len(events) > 0 {
			w.db.notify(events)
		}
	}
	w.disconnect()
}

// collect waits for a change and takes what else is there for one commit. It has ended when there will
// be no more.
func (w *writer) collect(group []*change) (_ []*change, ended bool) {
	add := func(c *change) {
		if c.take() {
			group = append(group, c)
		}
	}
	later := w.later
	var rested <-chan time.Time
	if rest := time.Until(w.rests.Add(-laterAhead)); rest > 0 {
		later, rested = nil, time.After(rest)
	}
	open := true
	select {
	case c, ok := <-w.queue:
		if open = ok; ok {
			add(c)
		}
	case c := <-later:
		add(c)
		later = nil
	case <-rested:
		return group, false
	}
	for open && len(group) < w.size {
		select {
		case c, ok := <-w.queue:
			if open = ok; ok {
				add(c)
				continue
			}
		default:
		}
		break
	}
	if !open {
		later = w.later // there will be nobody to be held up
	}
	select {
	case c := <-later:
		add(c)
	default:
	}
	return group, !open && len(group) == 0 && len(w.later) == 0
}

// commit runs a group of changes in one SQL transaction. When one of them fails after it has written,
// nothing of the group is kept, and each runs again in a transaction of its own. The error is that of
// the database: nothing of the group was kept.
func (w *writer) commit(group []*change) ([]gnista.Event, error) {
	events, spoiled, err := w.commitAll(group)
	if err == nil && spoiled {
		events = nil
		for _, c := range group {
			own, spoiled, failed := w.commitAll([]*change{c})
			if failed != nil {
				c.err = failed
				w.failed(1, failed)
			} else if !spoiled {
				events = append(events, own...)
			}
		}
	}
	if err != nil {
		w.failed(len(group), err)
	}
	return events, err
}

func (w *writer) failed(changes int, err error) {
	w.db.log.Error("a commit failed", "changes", changes, "err", err)
	w.disconnect()
}

// commitAll runs changes in one SQL transaction. It is spoiled, and nothing was kept, when one of them
// fails after it has written.
func (w *writer) commitAll(group []*change) (events []gnista.Event, spoiled bool, err error) {
	began := time.Now()
	if err := w.open(); err != nil {
		return nil, false, err
	}
	if w.db.shared {
		if err := w.lockKeys(group); err != nil {
			return nil, false, err
		}
	}
	t := &tx{vault: w.db.vault, w: w}
	for _, c := range group {
		t.wrote = false
		c.err = c.safely(t)
		// A refusal by the domain spoils nothing if it came before the first write. Any other error may
		// have made the SQL transaction unusable.
		if c.err != nil && (t.wrote || gnista.CodeOf(c.err) == gnista.Internal) {
			return nil, true, w.do("ROLLBACK")
		}
	}
	if err := t.storeEvents(); err != nil {
		return nil, false, err
	}
	if err := w.do("COMMIT"); err != nil {
		return t.events, false, err
	}
	w.db.committed(len(group), time.Since(began))
	return t.events, false, nil
}

// open begins a SQL transaction. A connection that was held may have died since, as when the database
// was started anew; nothing is lost with it yet, so another one is tried.
func (w *writer) open() error {
	held := w.conn != nil
	err := w.connect()
	if err == nil {
		err = w.do(w.begin)
	}
	if err != nil && held {
		w.disconnect()
		if err = w.connect(); err == nil {
			err = w.do(w.begin)
		}
	}
	return err
}

func (w *writer) do(sql string) error {
	s, err := w.prepared(sql)
	if err == nil {
		_, err = s.Exec()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

func (w *writer) prepared(query string) (*sql.Stmt, error) {
	if s, ok := w.stmts[query]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	w.stmts[query] = s
	return s, nil
}

func (w *writer) connect() error {
	if w.conn != nil {
		return nil
	}
	ctx := context.Background()
	if err := w.db.lock.hold(ctx); err != nil {
		return err
	}
	conn, err := w.db.connection(ctx)
	if err != nil {
		return err
	}
	w.conn, w.stmts = conn, map[string]*sql.Stmt{}
	return nil
}

// disconnect lets go of the connection; a SQL transaction that is open on it ends with nothing kept.
func (w *writer) disconnect() {
	if w.conn == nil {
		return
	}
	for _, s := range w.stmts {
		s.Close()
	}
	w.conn.ExecContext(context.Background(), "ROLLBACK") // fails where none is open
	w.conn.Close()
	w.conn, w.stmts = nil, nil
}
