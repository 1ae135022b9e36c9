package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"

	"gnista"
)

// pipeline is a session on PostgreSQL, which is another process: what needs no answer waits, and goes out together
// with what does.
type pipeline struct {
	conn    *sql.Conn
	waiting *pgx.Batch
	begun   bool  // the database has answered something of this SQL transaction
	failed  error // why nothing more can be done in it
}

func newPipeline(conn *sql.Conn) session { return &pipeline{conn: conn, waiting: &pgx.Batch{}} }

func (p *pipeline) begin(keys []int64) error {
	p.waiting, p.begun, p.failed = &pgx.Batch{}, false, nil
	p.waiting.Queue("BEGIN")
	if len(keys) > 0 {
		p.waiting.Queue(lockAll, keys)
	}
	return nil
}

func (p *pipeline) exec(query string, args []any) error {
	p.waiting.Queue(query, args...)
	return p.failed
}

func (p *pipeline) changed(query string, args []any) (int64, error) {
	var n int64
	p.waiting.Queue(query, args...).Exec(func(tag pgconn.CommandTag) error {
		n = tag.RowsAffected()
		return nil
	})
	err := p.send()
	return n, err
}

func (p *pipeline) ask(list ...*question) {
	for _, q := range list {
		p.waiting.Queue(q.query, q.args...).Query(q.take)
	}
	if err := p.send(); err != nil {
		for _, q := range list {
			q.err = err
		}
	}
}

// send sends what waits and takes the answers. After an error nothing else is done: the SQL transaction has failed.
func (p *pipeline) send() error {
	list := p.waiting
	p.waiting = &pgx.Batch{}
	if p.failed == nil && list.Len() > 0 {
		p.failed = p.conn.Raw(func(driver any) error {
			return driver.(*stdlib.Conn).Conn().SendBatch(context.Background(), list).Close()
		})
		p.begun = p.failed == nil
	}
	return p.failed
}

// keepEvents takes the lock on the counter and stores events behind its number, which it returns: in one statement
// that goes out with the commit, since no other writer can commit from here on.
const keepEvents = `WITH n AS (` + takeNumbers + `), kept AS (
	INSERT INTO event (seq, at, kind, station, subject, data)
	SELECT n.value - $1 + e.i, e.at, e.kind, e.station, e.subject, e.data
	FROM n, unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY AS e (at, kind, station, subject, data, i))
	SELECT value FROM n`

func (p *pipeline) commit(events []gnista.Event) (outcome, error) {
	// Were all of it sent at once, nobody would know of a connection that had died whether it was committed.
	if !p.begun {
		if err := p.send(); err != nil {
			return p.outcome(lost), err
		}
	}
	var last int64
	if len(events) > 0 {
		p.waiting.Queue(keepEvents, eventArgs(events)...).QueryRow(func(row pgx.Row) error { return row.Scan(&last) })
	}
	p.waiting.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return fmt.Errorf("the answer to COMMIT was %s", tag)
		}
		return nil
	})
	if err := p.send(); err != nil {
		return p.outcome(unknown), err
	}
	number(events, last)
	return committed, nil
}

// outcome is that of a SQL transaction that failed; gone is what it is where the connection is no more.
func (p *pipeline) outcome(gone outcome) outcome {
	if p.alive() {
		return refused
	}
	return gone
}

func (p *pipeline) alive() (yes bool) {
	p.conn.Raw(func(driver any) error {
		yes = !driver.(*stdlib.Conn).Conn().IsClosed()
		return nil
	})
	return yes
}

func eventArgs(events []gnista.Event) []any {
	at := make([]int64, len(events))
	texts := [4][]string{}
	for i, ev := range events {
		at[i] = millis(ev.At)
		for j, text := range [...]string{ev.Kind, string(ev.Station), ev.Subject, string(ev.Data)} {
			texts[j] = append(texts[j], storable(text))
		}
	}
	return []any{len(events), "event", at, texts[0], texts[1], texts[2], texts[3]}
}

func (p *pipeline) rollback() error {
	p.waiting = &pgx.Batch{}
	_, err := p.conn.ExecContext(context.Background(), "ROLLBACK")
	return err
}

func (p *pipeline) close() {
	p.rollback()
	p.conn.Close()
}

// take takes the rows that the question is answered with.
func (q *question) take(rows pgx.Rows) error {
	a := &received{types: rows.Conn().TypeMap(), at: -1}
	for rows.Next() {
		if a.fields == nil {
			a.fields = slices.Clone(rows.FieldDescriptions())
		}
		row := make([][]byte, len(a.fields))
		for i, v := range rows.RawValues() {
			row[i] = slices.Clone(v) // of nil it is nil
		}
		a.rows = append(a.rows, row)
	}
	q.answer = a
	return rows.Err()
}

// received are rows that the database has given.
type received struct {
	types  *pgtype.Map
	fields []pgconn.FieldDescription
	rows   [][][]byte
	at     int
}

func (t *received) Next() bool {
	t.at++
	return t.at < len(t.rows)
}

func (t *received) Scan(dest ...any) error {
	return pgx.ScanRow(t.types, t.fields, t.rows[t.at], dest...)
}

func (*received) Err() error   { return nil }
func (*received) Close() error { return nil }
