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
	bulks   []string             // go before anything else that waits from now on
	of      map[string]*gathered // each of them
	begun   bool                 // the database has answered something of this SQL transaction
	failed  error                // why nothing more can be done in it
}

func newPipeline(conn *sql.Conn) session { return &pipeline{conn: conn} }

func (p *pipeline) begin(keys []int64) error {
	p.forget()
	p.begun, p.failed = false, nil
	p.waiting.Queue("BEGIN")
	if len(keys) > 0 {
		p.waiting.Queue(endWhenSilent)
		p.waiting.Queue(lockAll, keys)
	}
	return nil
}

// endWhenSilent has PostgreSQL end a SQL transaction of which it hears no more, as when the machine of its node is cut
// off: it has locks that other nodes wait for.
const endWhenSilent = `SET LOCAL idle_in_transaction_session_timeout = '5s'`

// forget forgets what waits.
func (p *pipeline) forget() {
	p.waiting, p.bulks, p.of = &pgx.Batch{}, nil, map[string]*gathered{}
}

// queue has a statement wait, behind all others.
func (p *pipeline) queue(query string, args ...any) *pgx.QueuedQuery {
	p.queueBulks()
	return p.waiting.Queue(query, args...)
}

func (p *pipeline) queueBulks() {
	for _, query := range p.bulks {
		p.waiting.Queue(bulks[query].text, p.of[query].args...)
		delete(p.of, query)
	}
	p.bulks = p.bulks[:0]
}

// exec has a statement wait. Those that can be done for many at once write other tables or other rows than one
// another, so their order does not matter.
func (p *pipeline) exec(query string, args []any) error {
	b, ok := bulks[query]
	if !ok {
		p.queue(query, args...)
		return p.failed
	}
	if g := p.of[query]; g != nil && g.add(args, b.key) {
		return p.failed
	} else if g != nil {
		p.queueBulks()
	}
	p.of[query] = gather(len(args))
	p.of[query].add(args, b.key)
	p.bulks = append(p.bulks, query)
	return p.failed
}

func (p *pipeline) changed(query string, args []any) (int64, error) {
	var n int64
	p.queue(query, args...).Exec(func(tag pgconn.CommandTag) error {
		n = tag.RowsAffected()
		return nil
	})
	err := p.send()
	return n, err
}

func (p *pipeline) ask(list ...*question) {
	many := map[string][]*question{}
	for _, q := range list {
		if _, ok := together[q.query]; ok && len(list) > 1 {
			many[q.query] = append(many[q.query], q)
			continue
		}
		p.queue(q.query, q.args...).Query(q.take)
	}
	for query, questions := range many {
		p.askTogether(together[query], questions)
	}
	if err := p.send(); err != nil {
		for _, q := range list {
			q.err = err
		}
	}
}

// send sends what waits and takes the answers. After an error nothing else is done: the SQL transaction has failed.
func (p *pipeline) send() error {
	p.queueBulks()
	list := p.waiting
	p.forget()
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
		p.queue(keepEvents, eventArgs(events)...).QueryRow(func(row pgx.Row) error { return row.Scan(&last) })
	}
	p.queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
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
	p.forget()
	if !p.begun && p.failed == nil { // nothing of it was sent
		return nil
	}
	_, err := p.conn.ExecContext(context.Background(), "ROLLBACK")
	return err
}

func (p *pipeline) close() {
	p.conn.ExecContext(context.Background(), "ROLLBACK") // warns where none is open
	p.conn.Close()
}

// take takes the rows that the question is answered with.
func (q *question) take(rows pgx.Rows) error {
	r := &received{at: -1}
	var fields []pgconn.FieldDescription
	for rows.Next() {
		if fields == nil {
			fields = copied(rows.FieldDescriptions())
		}
		r.add(rows, fields, rows.RawValues())
	}
	q.answer = r
	return rows.Err()
}

// copied are fields that stay as they are when the next answer is read.
func copied(fields []pgconn.FieldDescription) []pgconn.FieldDescription { return slices.Clone(fields) }

// received are rows that the database has given.
type received struct {
	types  *pgtype.Map
	fields []pgconn.FieldDescription
	rows   [][][]byte
	at     int
}

// add adds a row.
func (r *received) add(rows pgx.Rows, fields []pgconn.FieldDescription, values [][]byte) {
	r.types, r.fields = rows.Conn().TypeMap(), fields
	row, size := make([][]byte, len(values)), 0
	for _, v := range values {
		size += len(v)
	}
	all := make([]byte, 0, size)
	for i, v := range values {
		if v != nil { // which is NULL
			begin := len(all)
			all = append(all, v...)
			row[i] = all[begin:len(all):len(all)]
		}
	}
	r.rows = append(r.rows, row)
}

func (r *received) Next() bool {
	r.at++
	return r.at < len(r.rows)
}

func (r *received) Scan(dest ...any) error {
	return pgx.ScanRow(r.types, r.fields, r.rows[r.at], dest...)
}

func (*received) Err() error   { return nil }
func (*received) Close() error { return nil }
