package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// messageID makes ids that begin with the time in milliseconds; the rest tells apart what happened in
// the same one, first by the slot of the node.
func messageID(at time.Time) int64 { return at.UnixMilli() << 16 }

// slotBits are the bits below a slot in the id of a message.
const slotBits = 12

// AddMessages adds to the log. A message without an ID gets one by its time, behind last; the id of
// the last one is returned.
func (db *DB) AddMessages(ctx context.Context, list []station.Message, last int64) (int64, error) {
	for i := range list {
		if m := &list[i]; m.ID == 0 {
			last = max(last+1, messageID(m.At)|db.slot<<slotBits)
			m.ID = last
		}
	}
	err := db.write(ctx, "messages", func(t *tx) error {
		for part := range slices.Chunk(list, t.atOnce(messagesAtOnce)) {
			args := make([]any, 0, len(part)*messageColumns)
			for _, m := range part {
				args = append(args, m.ID, string(m.Station), m.Outgoing, m.Type, m.MessageID, m.Action, m.Text)
			}
			if err := t.exec(saveMessages+placeholders(len(part), messageColumns), args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		added := int64(0)
		for _, m := range list {
			added += int64(len(m.Text)) + besideText
		}
		db.logSize.change(added)
	}
	return last, err
}

const (
	saveMessageList = `INSERT INTO message (id, station, outgoing, type, message_id, action, text) `
	saveMessages    = saveMessageList + `VALUES `
)

// How many messages one statement stores. For each of its arguments SQLite goes through the names of all.
const (
	messagesAtOnce = 12
	messageColumns = 7
)

// placeholders are rows of so many placeholders each: ($1, $2), ($3, $4).
func placeholders(rows, columns int) string {
	var b strings.Builder
	for n := range rows * columns {
		switch {
		case n == 0:
			b.WriteByte('(')
		case n%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", n+1)
	}
	b.WriteByte(')')
	return b.String()
}

// LastMessage is the id of the newest message, 0 when there is none.
func (db *DB) LastMessage(ctx context.Context) (id int64, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM message`).Scan(&id)
	return id, err
}

// Messages lists a station's messages, the newest first, behind the one with the id before (0: from
// the newest).
func (db *DB) Messages(ctx context.Context, id gnista.StationID, f station.MessageFilter, before int64, limit int) ([]station.Message, error) {
	var w where
	w.add("station = ?", string(id))
	if before > 0 {
		w.add("id < ?", before)
	}
	if f.Action != "" {
		w.add("action = ?", f.Action)
	}
	if f.MessageID != "" {
		w.add("message_id = ?", f.MessageID)
	}
	if f.Outgoing != nil {
		w.add("outgoing = ?", *f.Outgoing)
	}
	if !f.Since.IsZero() {
		w.add("id >= ?", messageID(f.Since))
	}
	if !f.To.IsZero() {
		w.add("id < ?", messageID(f.To))
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT id, station, outgoing, type, message_id, action, text FROM message`+w.sql()+` ORDER BY id DESC LIMIT `+w.arg(limit), w.args...)
	return all(rows, err, func(s scanner) (m station.Message, err error) {
		err = s.Scan(&m.ID, &m.Station, &m.Outgoing, &m.Type, &m.MessageID, &m.Action, &m.Text)
		m.At = time.UnixMilli(m.ID >> 16).UTC()
		return m, err
	})
}

const (
	// pruneBatch bounds how long pruning keeps other changes waiting.
	pruneBatch = 2000
	// besideText is what a message is taken to occupy beside its text, in bytes.
	besideText = 100
	// measureEvery is how often the log is measured, which takes seconds where it has millions of messages, and would be
	// most of what a busy system does if it was done each time that there are some more.
	measureEvery = time.Hour
)

// logSize is how large the log of messages is: what was measured, and what was added and deleted here since. What other
// nodes have added and deleted, and what came in while it was measured, is known when it is measured again.
type logSize struct {
	mu       sync.Mutex
	bytes    int64
	measured time.Time // zero is never
}

func (l *logSize) change(by int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes += by
}

// measure measures, if it is time to, and returns how large the log is.
func (l *logSize) measure(ctx context.Context, db *reads) (int64, error) {
	l.mu.Lock()
	due := l.measured.IsZero() || time.Since(l.measured) >= measureEvery
	l.mu.Unlock()
	var bytes int64
	if due {
		if err := db.QueryRowContext(ctx, `SELECT COALESCE(SUM(OCTET_LENGTH(text) + $1), 0) FROM message`, besideText).Scan(&bytes); err != nil {
			return 0, fmt.Errorf("measuring the message log: %w", err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if due {
		l.bytes, l.measured = bytes, time.Now()
	}
	return l.bytes, nil
}

// PruneMessages deletes messages that are older than the given time, and the oldest ones above a
// total size in bytes. It returns how many it deleted.
func (db *DB) PruneMessages(ctx context.Context, before time.Time, bytes int64) (int, error) {
	type size struct{ id, bytes int64 }
	oldest, deleted := messageID(before), 0
	for {
		now, err := db.logSize.measure(ctx, db.sql)
		if err != nil {
			return deleted, err
		}
		var n int
		var freed int64
		err = db.write(ctx, "messages", func(t *tx) error {
			n, freed = 0, 0
			rows, err := t.rows(`SELECT id, OCTET_LENGTH(text) + $1 FROM message ORDER BY id LIMIT $2`, besideText, pruneBatch)
			list, err := all(rows, err, func(s scanner) (x size, err error) { return x, s.Scan(&x.id, &x.bytes) })
			if err != nil {
				return err
			}
			for ; n < len(list) && (list[n].id < oldest || now-freed > bytes); n++ {
				freed += list[n].bytes
			}
			if n == 0 {
				return nil
			}
			return t.exec(`DELETE FROM message WHERE id <= $1`, list[n-1].id)
		})
		if err != nil {
			return deleted, err
		}
		deleted += n
		db.logSize.change(-freed)
		if n < pruneBatch {
			return deleted, nil
		}
	}
}
