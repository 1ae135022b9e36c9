package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"gnista"
)

// session is what a writer does its work on: a connection with one SQL transaction after the other.
type session interface {
	// begin begins a SQL transaction, which has what the keys stand for to itself until it ends.
	begin(keys []int64) error
	// exec is for what needs no answer. It may be done as late as with the next question or the commit, which then
	// fails in its place.
	exec(query string, args []any) error
	// changed is for what must be known: how many rows it changed.
	changed(query string, args []any) (int64, error)
	// ask asks. Questions of one call may be on the way together.
	ask(list ...*question)
	// commit numbers and keeps the events, and commits.
	commit(events []gnista.Event) (outcome, error)
	rollback() error
	// close lets go of the connection; a SQL transaction that is open on it ends with nothing kept.
	close()
}

// question is a query for rows.
type question struct {
	query  string
	args   []any
	answer answer
	err    error
}

// answer are the rows that a question is answered with.
type answer interface {
	scanner
	Next() bool
	Err() error
	Close() error
}

// outcome is what became of a SQL transaction.
type outcome int

const (
	committed outcome = iota
	refused           // by the database or a change: nothing was kept, and the connection goes on
	lost              // nothing was kept, and the connection is of no more use
	unknown           // the connection was lost while it committed
)

// first is the first of the rows that a question is answered with.
type first struct{ *question }

func (f first) Scan(dest ...any) error {
	if f.err != nil {
		return f.err
	}
	defer f.answer.Close()
	if !f.answer.Next() {
		if err := f.answer.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := f.answer.Scan(dest...); err != nil {
		return err
	}
	return f.answer.Close()
}

// direct is a session by database/sql, of SQLite.
type direct struct {
	beginning string // what begins a SQL transaction
	conn      *sql.Conn
	stmts     map[string]*sql.Stmt
}

func newDirect(beginning string, conn *sql.Conn) session {
	return &direct{beginning, conn, map[string]*sql.Stmt{}}
}

func (d *direct) prepared(query string) (*sql.Stmt, error) {
	if s, ok := d.stmts[query]; ok {
		return s, nil
	}
	s, err := d.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	d.stmts[query] = s
	return s, nil
}

// begin has no keys to lock: there is one writer and one server.
func (d *direct) begin([]int64) error { return d.do(d.beginning) }

func (d *direct) do(query string) error {
	if err := d.exec(query, nil); err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}

func (d *direct) exec(query string, args []any) error {
	_, err := d.changed(query, args)
	return err
}

func (d *direct) changed(query string, args []any) (int64, error) {
	s, err := d.prepared(query)
	if err != nil {
		return 0, err
	}
	r, err := s.Exec(args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (d *direct) ask(list ...*question) {
	for _, q := range list {
		var s *sql.Stmt
		if s, q.err = d.prepared(q.query); q.err == nil {
			q.answer, q.err = s.Query(q.args...)
		}
	}
}

func (d *direct) commit(events []gnista.Event) (outcome, error) {
	if err := d.keep(events); err != nil {
		return lost, err
	}
	if err := d.do("COMMIT"); err != nil {
		return unknown, err
	}
	return committed, nil
}

// How many events one statement stores. For each of its arguments SQLite goes through the names of all.
const (
	eventsAtOnce = 14
	eventColumns = 6
)

func (d *direct) keep(events []gnista.Event) error {
	if len(events) == 0 {
		return nil
	}
	var last int64
	q := question{query: takeNumbers, args: []any{len(events), "event"}}
	d.ask(&q)
	if err := (first{&q}).Scan(&last); err != nil {
		return err
	}
	number(events, last)
	for part := range slices.Chunk(events, eventsAtOnce) {
		args := make([]any, 0, len(part)*eventColumns)
		for _, ev := range part {
			args = append(args, ev.Seq, millis(ev.At), ev.Kind, string(ev.Station), ev.Subject, string(ev.Data))
		}
		if err := d.exec(`INSERT INTO event (seq, at, kind, station, subject, data) VALUES `+placeholders(len(part), eventColumns), clean(args)); err != nil {
			return err
		}
	}
	return nil
}

func (d *direct) rollback() error { return d.do("ROLLBACK") }

func (d *direct) close() {
	for _, s := range d.stmts {
		s.Close()
	}
	d.conn.ExecContext(context.Background(), "ROLLBACK") // fails where none is open
	d.conn.Close()
}
