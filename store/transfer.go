package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gnista"
	"gnista/station"
)

const transferColumns = `id, number, station, kind, state, detail, location, key, uploads, file, firmware_before, at, due_at, change_at, ended_at`

func scanTransfer(s scanner) (x station.Transfer, err error) {
	var at, due, change, ended int64
	err = s.Scan(&x.ID, &x.Number, &x.Station, &x.Kind, &x.State, &x.Detail, &x.Location, &x.Key, &x.Uploads, &x.File, &x.Before, &at, &due, &change, &ended)
	x.At, x.DueAt, x.ChangeAt, x.EndedAt = instant(at), instant(due), instant(change), instant(ended)
	return x, err
}

// AddTransfer gives x the next number and keeps it.
func (db *DB) AddTransfer(ctx context.Context, x station.Transfer) (station.Transfer, error) {
	err := db.write(ctx, string(x.Station), func(t *tx) error {
		n, err := t.next("request", 1)
		if err != nil {
			return err
		}
		x.Number = int(n)
		return t.exec(`INSERT INTO transfer (`+transferColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
			x.ID, x.Number, string(x.Station), string(x.Kind), string(x.State), x.Detail, x.Location, x.Key, x.Uploads, x.File, x.Before,
			millis(x.At), millis(x.DueAt), millis(x.ChangeAt), millis(x.EndedAt))
	})
	return x, err
}

const openTransfers = `SELECT ` + transferColumns + ` FROM transfer WHERE station = $1 AND ended_at = 0 ORDER BY id DESC`

// ChangeTransfers shows change the transfers of a station that have not ended, the newest first, and
// keeps what it makes of them.
func (db *DB) ChangeTransfers(ctx context.Context, id gnista.StationID, change func(open []station.Transfer) []gnista.Event) error {
	var some bool
	err := db.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM transfer WHERE station = $1 AND ended_at = 0)`, string(id)).Scan(&some)
	if err != nil || !some {
		return err
	}
	return db.write(ctx, string(id), func(t *tx) error {
		rows, err := t.rows(openTransfers, string(id))
		open, err := all(rows, err, scanTransfer)
		if err != nil || len(open) == 0 {
			return err
		}
		was := append([]station.Transfer{}, open...)
		evs := change(open)
		for i, x := range open {
			if x == was[i] {
				continue
			}
			if err := t.exec(`UPDATE transfer SET state = $1, detail = $2, uploads = $3, file = $4, change_at = $5, ended_at = $6 WHERE id = $7`,
				string(x.State), x.Detail, x.Uploads, x.File, millis(x.ChangeAt), millis(x.EndedAt), x.ID); err != nil {
				return err
			}
		}
		if len(evs) > 0 {
			t.emit(evs...)
		}
		return nil
	})
}

// TransferByKey finds the transfer with a key. NotFound.
func (db *DB) TransferByKey(ctx context.Context, key string) (station.Transfer, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+transferColumns+` FROM transfer WHERE key = $1 AND key <> ''`, key)
	return one(row, scanTransfer, "there is no such transfer")
}

// Transfer finds a transfer. NotFound.
func (db *DB) Transfer(ctx context.Context, id string) (station.Transfer, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+transferColumns+` FROM transfer WHERE id = $1`, id)
	return one(row, scanTransfer, "there is no transfer %q", id)
}

// Transfers lists those of a station and some kinds, the newest first, behind the one with the id before.
func (db *DB) Transfers(ctx context.Context, id gnista.StationID, kinds []station.TransferKind, before string, limit int) ([]station.Transfer, error) {
	args := []any{string(id), before, limit}
	marks := make([]string, len(kinds))
	for i, k := range kinds {
		args = append(args, string(k))
		marks[i] = fmt.Sprintf("$%d", i+4)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+transferColumns+` FROM transfer WHERE station = $1 AND ($2 = '' OR id < $2) AND kind IN (`+strings.Join(marks, ", ")+`)
		ORDER BY id DESC LIMIT $3`, args...)
	return all(rows, err, scanTransfer)
}

// StaleTransfers lists transfers that have not ended and of which nothing was heard since.
func (db *DB) StaleTransfers(ctx context.Context, since time.Time, limit int) ([]station.Transfer, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+transferColumns+` FROM transfer WHERE ended_at = 0 AND change_at < $1 AND due_at < $1 LIMIT $2`, millis(since), limit)
	return all(rows, err, scanTransfer)
}

const fileColumns = `id, kind, name, size, sha256, md5, key, at`

func scanFile(s scanner) (f station.File, err error) {
	var at int64
	err = s.Scan(&f.ID, &f.Kind, &f.Name, &f.Size, &f.SHA256, &f.MD5, &f.Key, &at)
	f.At = instant(at)
	return f, err
}

// AddFile keeps what is known of a file.
func (db *DB) AddFile(ctx context.Context, f station.File) error {
	return db.write(ctx, f.ID, func(t *tx) error {
		return t.exec(`INSERT INTO file (`+fileColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			f.ID, string(f.Kind), f.Name, f.Size, f.SHA256, f.MD5, f.Key, millis(f.At))
	})
}

// File finds a file. NotFound.
func (db *DB) File(ctx context.Context, id string) (station.File, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+fileColumns+` FROM file WHERE id = $1`, id)
	return one(row, scanFile, "there is no file %q", id)
}

// Files lists the files of a kind, the newest first, behind the one with the id before.
func (db *DB) Files(ctx context.Context, kind station.FileKind, before string, limit int) ([]station.File, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+fileColumns+` FROM file WHERE kind = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		string(kind), before, limit)
	return all(rows, err, scanFile)
}

// OldFiles lists files of a kind that are older than before.
func (db *DB) OldFiles(ctx context.Context, kind station.FileKind, before time.Time, limit int) ([]station.File, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+fileColumns+` FROM file WHERE kind = $1 AND at < $2 ORDER BY id LIMIT $3`, string(kind), millis(before), limit)
	return all(rows, err, scanFile)
}

// DeleteFile forgets a file. NotFound.
func (db *DB) DeleteFile(ctx context.Context, id string) error {
	return db.write(ctx, id, func(t *tx) error {
		n, err := t.changed(`DELETE FROM file WHERE id = $1`, id)
		if err != nil || n > 0 {
			return err
		}
		return gnista.Errorf(gnista.NotFound, "there is no file %q", id)
	})
}
