package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Kind tells where a database is: the file of one of SQLite, or "" for one of PostgreSQL.
func Kind(u string) (file string, err error) {
	if _, err := flavourOf(u); err != nil {
		return "", err
	}
	if rest, ok := strings.CutPrefix(u, "sqlite:"); ok {
		return strings.TrimPrefix(rest, "//"), nil
	}
	return "", nil
}

// Copy writes the SQLite database in a file, as it is at one moment, into a new file that only we can read. A server may
// run on it meanwhile, and goes on writing.
func Copy(ctx context.Context, from, to string) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := openFile(from)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, to); err != nil { // which takes a file that is empty
		return fmt.Errorf("copying the database %s: %w", from, err)
	}
	return nil
}

// openFile opens the file of a SQLite database without any claim to it.
func openFile(file string) (*sql.DB, error) {
	options := url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(10000)"}}
	return sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?"+options.Encode())
}

// Inspection is what was found in the file of a SQLite database.
type Inspection struct {
	Schema   int64
	Problems []string // none where it is sound
}

// maxProblems is how many are told of each kind.
const maxProblems = 20

// Inspect checks the file of a SQLite database: its structure, wholly or, where quick, without comparing indexes with
// their tables, and that no row refers to one that is missing. The error is that it could not be read at all.
func Inspect(ctx context.Context, file string, quick bool) (Inspection, error) {
	if _, err := os.Stat(file); err != nil {
		return Inspection{}, err
	}
	db, err := openFile(file)
	if err != nil {
		return Inspection{}, err
	}
	defer db.Close()
	var x Inspection
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&x.Schema); err != nil {
		return x, fmt.Errorf("it is no database of gnista: %w", err)
	}
	check := "integrity_check"
	if quick {
		check = "quick_check"
	}
	rows, err := db.QueryContext(ctx, fmt.Sprintf(`PRAGMA %s(%d)`, check, maxProblems))
	list, err := all(rows, err, func(s scanner) (text string, err error) { return text, s.Scan(&text) })
	if err != nil {
		return x, err
	}
	for _, text := range list {
		if text != "ok" {
			x.Problems = append(x.Problems, "integrity: "+text)
		}
	}
	if quick {
		return x, nil
	}
	type dangling struct {
		table, parent string
		row           sql.NullInt64
		key           int
	}
	rows, err = db.QueryContext(ctx, `PRAGMA foreign_key_check`)
	lost, err := all(rows, err, func(s scanner) (d dangling, err error) { return d, s.Scan(&d.table, &d.row, &d.parent, &d.key) })
	for i, d := range lost {
		if i == maxProblems {
			x.Problems = append(x.Problems, fmt.Sprintf("%d rows more refer to others that are missing", len(lost)-i))
			break
		}
		x.Problems = append(x.Problems, fmt.Sprintf("row %d of table %s refers to one of %s that is missing", d.row.Int64, d.table, d.parent))
	}
	return x, err
}

// Occupied tells what keeps a backup from being restored into the PostgreSQL database at url: that there is something in
// it already, and that somebody else is connected to it.
func Occupied(ctx context.Context, u string) (full, used bool, err error) {
	db, err := sql.Open("pgx", u)
	if err != nil {
		return false, false, err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema()),
		EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend')`).Scan(&full, &used)
	return full, used, err
}

// SchemaOf is the version of the schema of the database at url, of which nothing else is asked. 0: it has none.
func SchemaOf(ctx context.Context, u string) (int64, error) {
	f, err := flavourOf(u)
	if err != nil {
		return 0, err
	}
	db, err := sql.Open(f.driver, f.readDSN)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	has, _, err := (&DB{sql: newReads(db, f)}).Schema(ctx)
	return has, err
}

// InUse tells whether a server runs on the SQLite database in a file.
func InUse(ctx context.Context, file string) (bool, error) {
	at, err := filepath.EvalSymlinks(file)
	if err == nil {
		_, err = os.Stat(at + ".lock") // one that we make may not be the server's to open
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	l := &fileLock{database: at}
	err = l.hold(ctx)
	if errors.Is(err, errInUse) {
		return true, nil
	}
	return false, errors.Join(err, l.release())
}

// Census is how many rows each table has, and when the last event was; nothing of what is in them.
type Census struct {
	Rows      map[string]int64
	LastEvent time.Time
}

// CountRows counts the rows of all tables of the database at url.
func CountRows(ctx context.Context, u string) (Census, error) {
	c := Census{Rows: map[string]int64{}}
	f, err := flavourOf(u)
	if err != nil {
		return c, err
	}
	handle, err := sql.Open(f.driver, f.readDSN)
	if err != nil {
		return c, err
	}
	defer handle.Close()
	db := &DB{sql: newReads(handle, f)}
	tables := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if f.driver != "sqlite" {
		tables = `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`
	}
	rows, err := db.sql.QueryContext(ctx, tables)
	names, err := all(rows, err, func(s scanner) (name string, err error) { return name, s.Scan(&name) })
	if err != nil {
		return c, err
	}
	for _, name := range names {
		var n int64
		if err := db.sql.QueryRowContext(ctx, `SELECT COUNT(*) FROM "`+name+`"`).Scan(&n); err != nil {
			return c, err
		}
		c.Rows[name] = n
	}
	c.LastEvent, err = db.LastEventAt(ctx)
	return c, err
}

// LastEventAt is when the newest event happened; zero without one.
func (db *DB) LastEventAt(ctx context.Context) (time.Time, error) {
	var at int64
	err := db.sql.QueryRowContext(ctx, `SELECT at FROM event ORDER BY seq DESC LIMIT 1`).Scan(&at)
	return instant(at), passed(err)
}
