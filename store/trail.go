package store

import (
	"context"
	"database/sql"
	"errors"

	"gnista/access"
)

const trailColumns = `seq, at, app_user, name, action, station, site, path, input, reason, stage, status, of_seq, remote, hash`

func scanTrail(s scanner) (e access.Entry, err error) {
	var at int64
	err = s.Scan(&e.Seq, &at, &e.User, &e.Name, &e.Action, &e.Station, &e.Site, &e.Path, &e.Input, &e.Reason, &e.Stage, &e.Status, &e.Of, &e.Remote, &e.Hash)
	e.At = instant(at)
	return e, err
}

// AddAuditEntry gives an entry the next number and its hash, and keeps it.
func (db *DB) AddAuditEntry(ctx context.Context, e access.Entry) (access.Entry, error) {
	err := db.write(ctx, "audit", func(t *tx) error {
		seq, err := t.next("audit", 1) // holds the row of the counter, so that nobody else is between
		if err != nil {
			return err
		}
		before := ""
		if err := t.row(`SELECT hash FROM audit WHERE seq = $1`, seq-1).Scan(&before); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		args := clean([]any{e.User, e.Name, e.Action, string(e.Station), e.Site, e.Path, e.Input, e.Reason, e.Remote})
		for i, p := range []*string{&e.User, &e.Name, &e.Action, (*string)(&e.Station), &e.Site, &e.Path, &e.Input, &e.Reason, &e.Remote} {
			*p = args[i].(string) // what is hashed is what is kept
		}
		e.Seq = seq
		e.Hash = e.Sum(before)
		return t.exec(`INSERT INTO audit (`+trailColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
			e.Seq, millis(e.At), e.User, e.Name, e.Action, string(e.Station), e.Site, e.Path, e.Input, e.Reason, string(e.Stage), e.Status, e.Of, e.Remote, e.Hash)
	})
	return e, err
}

// AuditEntries lists lines of the log, the newest first.
func (db *DB) AuditEntries(ctx context.Context, f access.AuditFilter) ([]access.Entry, error) {
	var w where
	if f.User != "" {
		w.add("app_user = ?", f.User)
	}
	if f.Action != "" {
		w.add("action = ?", f.Action)
	}
	if f.Station != "" {
		w.add("station = ? AND station <> ''", string(f.Station))
	}
	if f.Site != "" {
		w.add("site = ?", f.Site)
	}
	if f.Before != 0 {
		w.add("seq < ?", f.Before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+trailColumns+` FROM audit`+w.sql()+` ORDER BY seq DESC LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, scanTrail)
}

// EachAuditEntry gives all lines in order, behind a number.
func (db *DB) EachAuditEntry(ctx context.Context, after int64, each func(access.Entry) error) error {
	const page = 500
	for {
		rows, err := db.sql.QueryContext(ctx, `SELECT `+trailColumns+` FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2`, after, page)
		list, err := all(rows, err, scanTrail)
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := each(e); err != nil {
				return err
			}
			after = e.Seq
		}
		if len(list) < page {
			return nil
		}
	}
}
