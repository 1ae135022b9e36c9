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

var (
	errClosed  = errors.New("the database is closed")
	errStopped = errors.New("the change was stopped, as another one failed")
)

// tx is a SQL transaction as one change sees it.
type tx struct {
	*vault
	w      *writer
	s      session
	events []gnista.Event
	wrote  bool                 // the change has written something
	pause  func(*question) bool // stops where the change asks, or writes (nil); false: it is to end. nil: it runs by itself
}

// exec is for what needs no answer: an error may come out of a later question, or of the commit.
func (t *tx) exec(query string, args ...any) error {
	if err := t.write(); err != nil {
		return err
	}
	return t.s.exec(query, clean(args))
}

// changed is exec for who must know how many rows were changed.
func (t *tx) changed(query string, args ...any) (rows int64, err error) {
	if err := t.write(); err != nil {
		return 0, err
	}
	return t.s.changed(query, clean(args))
}

// row reads; a query that also writes is for writeRow.
func (t *tx) row(query string, args ...any) scanner {
	return first{t.question(query, args)}
}

func (t *tx) writeRow(query string, args ...any) scanner {
	if err := t.write(); err != nil {
		return first{&question{err: err}}
	}
	return t.row(query, args...)
}

func (t *tx) rows(query string, args ...any) (answer, error) {
	q := t.question(query, args)
	return q.answer, q.err
}

func (t *tx) question(query string, args []any) *question {
	q := &question{query: query, args: clean(args)}
	switch {
	case t.pause == nil:
		t.s.ask(q)
	case !t.pause(q):
		q.err = errStopped
	}
	return q
}

// atOnce is how many rows one statement writes, where n are best for SQLite: a pipeline puts them together itself.
func (t *tx) atOnce(n int) int {
	if t.w.together {
		return 1
	}
	return n
}

// write is called before something is written.
func (t *tx) write() error {
	t.wrote = true
	pause := t.pause
	t.pause = nil
	if pause != nil && !pause(nil) {
		return errStopped
	}
	return nil
}

// clean takes out of texts what PostgreSQL cannot keep. What stations send is in them.
func clean(args []any) []any {
	for i, a := range args {
		if s, ok := a.(string); ok {
			if fit := storable(s); len(fit) != len(s) || fit != s {
				args[i] = fit
			}
		}
	}
	return args
}

func storable(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// takeNumbers takes so many numbers from a series and returns the last.
const takeNumbers = `UPDATE counter SET value = value + $1 WHERE name = $2 RETURNING value`

// next takes n numbers from a series and returns the last.
func (t *tx) next(series string, n int) (int64, error) {
	var last int64
	err := t.writeRow(takeNumbers, n, series).Scan(&last)
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
	early bool        // what it asks before it writes may be asked together with what others do
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
	db        *DB
	connected func(*sql.Conn) session
	together  bool // what several changes ask is asked together
	size      int
	queue     chan *change
	later     chan *change // that others go before: no commit has more than one of them
	ended     sync.WaitGroup
	mu        sync.RWMutex // held for reading while something is put into the queue
	closed    bool

	rests time.Time // until when what can wait has used up its share

	session session // nil: there is no connection
}

func newWriter(db *DB, f flavour, size int) *writer {
	w := &writer{db: db, connected: f.session, together: f.together, size: size, queue: make(chan *change, queueSize), later: make(chan *change, laterSize)}
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
	events, o, err := w.attempt(group)
	if o != refused {
		return events, err
	}
	events = nil
	for _, c := range group {
		own, o, err := w.attempt([]*change{c})
		if o == committed {
			events = append(events, own...)
		} else if err != nil {
			c.err = err
		}
	}
	return events, nil
}

// attempt runs changes in one SQL transaction. A connection that was held may have died since, as when
// the database was started anew; nothing is lost with it yet, so another one is tried.
func (w *writer) attempt(group []*change) ([]gnista.Event, outcome, error) {
	held := w.session != nil
	events, o, err := w.commitAll(group)
	if o == lost && held {
		w.disconnect()
		events, o, err = w.commitAll(group)
	}
	if o == lost || o == unknown {
		w.db.log.Error("a commit failed", "changes", len(group), "err", err)
		w.disconnect()
	}
	return events, o, err
}

// commitAll runs changes in one SQL transaction. It is refused, and nothing was kept, when one of them
// fails after it has written.
func (w *writer) commitAll(group []*change) ([]gnista.Event, outcome, error) {
	began := time.Now()
	err := w.connect()
	if err == nil {
		err = w.session.begin(w.keys(group))
	}
	if err != nil {
		return nil, lost, err
	}
	changes := w.start(group)
	defer changes.stop()
	var events []gnista.Event
	for _, r := range changes {
		r.finish()
		// A refusal by the domain spoils nothing if it came before the first write. Any other error may
		// have made the SQL transaction unusable.
		if err := r.change.err; err != nil && (r.tx.wrote || gnista.CodeOf(err) == gnista.Internal) {
			changes.stop()
			if err := w.session.rollback(); err != nil {
				return nil, lost, err
			}
			return nil, refused, nil
		}
		events = append(events, r.tx.events...)
	}
	o, err := w.session.commit(events)
	if o == refused {
		if err := w.session.rollback(); err != nil {
			return nil, lost, err
		}
	}
	if err != nil {
		return nil, o, err
	}
	w.db.committed(len(group), time.Since(began))
	return events, committed, nil
}

func (w *writer) connect() error {
	if w.session != nil {
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
	w.session = w.connected(conn)
	return nil
}

func (w *writer) disconnect() {
	if w.session != nil {
		w.session.close()
		w.session = nil
	}
}

// number numbers events up to the last.
func number(events []gnista.Event, last int64) {
	for i := range events {
		events[i].Seq = last - int64(len(events)-1-i)
	}
}
