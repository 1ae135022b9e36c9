package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"gnista"
)

// Copied is what was copied of a table.
type Copied struct {
	Table string
	Rows  int64
	Sum   [sha256.Size]byte // of all rows, in whatever order
}

// notCopied are the tables that a database has for itself: of its schema, and of the nodes that use it.
var notCopied = []string{"goose_db_version", "node", "lease", "holder"}

// begun are the tables in which a new database has something.
var begun = []string{"counter", "sealing"}

// CopyTo copies all that is in a SQLite database into an empty one in PostgreSQL, in one transaction, and then reads
// both again and compares them row for row. Nobody else may use them. progress is told of each table when it is
// there. Conflict when the other database is not empty; any error leaves it as it was, but for one that says that the
// two differ, which would be a defect of ours.
func (db *DB) CopyTo(ctx context.Context, to *DB, progress func(Copied)) ([]Copied, error) {
	if db.dialect != goose.DialectSQLite3 || to.dialect != goose.DialectPostgres {
		return nil, errors.New("a database is copied from SQLite to PostgreSQL only")
	}
	tables, err := db.tables(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		var some bool
		if err := to.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+t.name+`)`).Scan(&some); err != nil {
			return nil, err
		}
		if some && !slices.Contains(begun, t.name) {
			return nil, gnista.Errorf(gnista.Conflict, "the PostgreSQL database is not empty: there is something in its table %s already", t.name)
		}
	}
	conn, err := to.sql.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var done []Copied
	err = conn.Raw(func(driver any) error {
		pg := driver.(*stdlib.Conn).Conn()
		tx, err := pg.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(ctx))
		for _, name := range begun {
			if _, err := tx.Exec(ctx, `DELETE FROM `+name); err != nil {
				return err
			}
		}
		for _, t := range tables {
			c, err := db.copyTable(ctx, t, tx)
			if err != nil {
				return fmt.Errorf("copying the table %s: %w", t.name, err)
			}
			done = append(done, c)
			progress(c)
		}
		return tx.Commit(ctx)
	})
	if err != nil {
		return nil, err
	}
	for _, c := range done {
		i := slices.IndexFunc(tables, func(t table) bool { return t.name == c.Table })
		has, err := to.sum(ctx, tables[i])
		if err != nil {
			return nil, fmt.Errorf("reading the table %s again: %w", c.Table, err)
		}
		if has != c {
			return nil, fmt.Errorf("the table %s is not the same in both databases: of %d rows there are %d, or some differ", c.Table, c.Rows, has.Rows)
		}
	}
	return done, nil
}

// table is a table and its columns.
type table struct {
	name    string
	columns []string
	boolean []bool // which of these are
}

func (t table) query() string {
	return `SELECT ` + strings.Join(t.columns, ", ") + ` FROM ` + t.name
}

// tables lists those that are copied.
func (db *DB) tables(ctx context.Context) ([]table, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT m.name, c.name, c.type FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []table
	for rows.Next() {
		var name, column, kind string
		if err := rows.Scan(&name, &column, &kind); err != nil {
			return nil, err
		}
		if slices.Contains(notCopied, name) {
			continue
		}
		if len(list) == 0 || list[len(list)-1].name != name {
			list = append(list, table{name: name})
		}
		t := &list[len(list)-1]
		t.columns, t.boolean = append(t.columns, column), append(t.boolean, kind == "BOOLEAN")
	}
	return list, rows.Err()
}

// copyTable copies the rows of a table.
func (db *DB) copyTable(ctx context.Context, t table, to pgx.Tx) (Copied, error) {
	rows, err := db.sql.QueryContext(ctx, t.query())
	if err != nil {
		return Copied{}, err
	}
	defer rows.Close()
	s := &source{table: t, rows: rows}
	n, err := to.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, s)
	if err != nil {
		return Copied{}, err
	}
	c := s.copied()
	if n != c.Rows {
		return Copied{}, fmt.Errorf("of %d rows %d were taken", c.Rows, n)
	}
	return c, nil
}

// sum reads a table and sums it up.
func (db *DB) sum(ctx context.Context, t table) (Copied, error) {
	rows, err := db.sql.QueryContext(ctx, t.query())
	if err != nil {
		return Copied{}, err
	}
	defer rows.Close()
	s := &source{table: t, rows: rows}
	for s.Next() {
		if _, err := s.Values(); err != nil {
			return Copied{}, err
		}
	}
	return s.copied(), s.Err()
}

// source reads the rows of a table and sums them up as they go by.
type source struct {
	table
	rows *sql.Rows
	n    int64
	sum  [sha256.Size]byte
	hash hash.Hash
}

// Next goes to the next row.
func (s *source) Next() bool { return s.rows.Next() }

// Err is why there is none.
func (s *source) Err() error { return s.rows.Err() }

func (s *source) copied() Copied { return Copied{s.name, s.n, s.sum} }

// Values are those of the row, with types that PostgreSQL takes.
func (s *source) Values() ([]any, error) {
	values := make([]any, len(s.columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	if err := s.rows.Scan(into...); err != nil {
		return nil, err
	}
	if s.hash == nil {
		s.hash = sha256.New()
	}
	s.hash.Reset()
	for i, v := range values {
		switch x := v.(type) {
		case []byte:
			v = string(x) // there are no other columns than of texts, numbers and truths
		case int64:
			if s.boolean[i] {
				v = x != 0
			}
		}
		values[i] = v
		text := fmt.Sprintf("%T %v", v, v)
		fmt.Fprintf(s.hash, "%d %s", len(text), text)
	}
	s.add(s.hash.Sum(nil))
	s.n++
	return values, nil
}

// add adds the sum of a row to that of the table, as numbers are added, so that the order does not matter and rows
// that are alike count each.
func (s *source) add(row []byte) {
	carry := 0
	for i := len(s.sum) - 1; i >= 0; i-- {
		carry += int(s.sum[i]) + int(row[i])
		s.sum[i] = byte(carry)
		carry >>= 8
	}
}
