package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bytedance/sonic"
)

// sealBatch is how many rows of a former version are sealed in one SQL transaction.
const sealBatch = 500

// proof is what is sealed to tell the right secret from another.
const proof = "gnista"

// unsealed is a table of which former versions kept UIDs as they are.
type unsealed struct {
	table string
	keys  string // columns that name a row; of one the rows are taken in its order
	left  string // tells rows that are not sealed yet, where sealing changes the keys
	read  string // columns that are read
	write string // sets columns that are sealed, from $1
	seal  func(v *vault, columns []string) ([]any, error)
}

// unsealedTables are those tables.
var unsealedTables = []unsealed{
	{"token", "uid_key, type", "detail = ''", "uid", "uid = $1, uid_key = $2, detail = $3", func(v *vault, c []string) ([]any, error) {
		return []any{v.seal(c[0]), v.key(c[0]), "{}"}, nil
	}},
	{"station_transaction", "id", "", "token_uid, start_key, detail", "token_uid = $1, token_key = $2, start_key = $3, detail = $4", sealTransaction},
	{"charge_record", "id", "", "token_uid", "token_uid = $1", sealOne},
	{"reservation", "id", "", "token_uid", "token_uid = $1, token_key = $2", func(v *vault, c []string) ([]any, error) {
		return []any{v.seal(c[0]), v.key(c[0])}, nil
	}},
	{"local_list", "station", "", "detail", "detail = $1", sealOne},
	{"local_list_content", "station", "", "entries", "entries = $1", sealOne},
	{"station", "id", "", "adaptations", "adaptations = $1", sealOne},
	{"customer_page", "report, page", "", "text", "text = $1", sealOne},
	{"power", "id", "", "data, kind", "data = $1", func(v *vault, c []string) ([]any, error) {
		if c[1] != sealedEntries {
			return []any{c[0]}, nil
		}
		return []any{v.seal(c[0])}, nil
	}},
}

func sealOne(v *vault, c []string) ([]any, error) { return []any{v.seal(c[0])}, nil }

func sealTransaction(v *vault, c []string) ([]any, error) {
	var d detail
	if err := sonic.UnmarshalString(c[2], &d); err != nil {
		return nil, err
	}
	text, err := sonic.MarshalString(presented{c[0], d.Progress.Decided})
	if err != nil {
		return nil, err
	}
	d.Progress.Decided = nil
	rest, err := sonic.MarshalString(d)
	return []any{v.seal(text), v.key(c[0]), v.startKey(c[1]), rest}, err
}

// sealAll proves the secret, and seals what a former version has left readable: in batches, of which each
// is kept together with how far it has come, so that it can be interrupted.
func (db *DB) sealAll(ctx context.Context, f flavour) error {
	text, err := db.sealingPosition(ctx, "secret")
	if err != nil {
		return err
	}
	fresh := text == ""
	if fresh {
		err = db.setSealingPosition(ctx, "secret", db.seal(proof))
	} else {
		err = db.proved(text)
	}
	if err != nil {
		return err
	}
	found := false
	for _, u := range unsealedTables {
		sealed, err := db.sealTable(ctx, u)
		if err != nil {
			return fmt.Errorf("sealing the UIDs of %s: %w", u.table, err)
		}
		found = found || sealed
	}
	freed, err := db.sealingPosition(ctx, "freed")
	if err != nil || freed == done {
		return err
	}
	if (found || !fresh) && f.compact != "" { // what was readable is still in pages that are free, and in the log
		if _, err := db.sql.ExecContext(ctx, f.compact); err != nil {
			return fmt.Errorf("taking what was sealed out of the file: %w", err)
		}
	}
	return db.setSealingPosition(ctx, "freed", done)
}

// Proves tells whether the secret that the database was opened with is the one that it is sealed with. The error says
// that it is not.
func (db *DB) Proves(ctx context.Context) error {
	text, err := db.sealingPosition(ctx, "secret")
	if err != nil || text == "" {
		return err
	}
	return db.proved(text)
}

func (db *DB) proved(text string) error {
	if plain, err := db.vault.open(text); err != nil || plain != proof {
		return errors.New("its UIDs were sealed with another secret key than the one that is set now; set the one that it was made with")
	}
	return nil
}

// sealingPosition is how far something has come; empty when it has not begun.
func (db *DB) sealingPosition(ctx context.Context, name string) (position string, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT position FROM sealing WHERE name = $1`, name).Scan(&position)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return position, err
}

const setPosition = `INSERT INTO sealing (name, position) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET position = excluded.position`

func (db *DB) setSealingPosition(ctx context.Context, name, position string) error {
	_, err := db.sql.ExecContext(ctx, setPosition, name, position)
	return err
}

// done is the position of a table that is sealed. Other positions are JSON.
const done = "done"

// sealTable seals what is left of a table and tells whether there was anything.
func (db *DB) sealTable(ctx context.Context, u unsealed) (found bool, err error) {
	for {
		position, err := db.sealingPosition(ctx, u.table)
		if err != nil || position == done {
			return found, err
		}
		after := ""
		if position != "" {
			if err := json.Unmarshal([]byte(position), &after); err != nil {
				return found, err
			}
		}
		n, err := db.sealRows(ctx, u, after)
		if err != nil {
			return found, err
		}
		found = found || n > 0
	}
}

// sealRows seals the next rows, and keeps how far that has come.
func (db *DB) sealRows(ctx context.Context, u unsealed, after string) (n int, err error) {
	t, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer t.Rollback()
	keys, columns := strings.Split(u.keys, ", "), strings.Split(u.read, ", ")
	inOrder, limited := len(keys) == 1, len(keys) == 1 || u.left != ""
	query, args := `SELECT `+u.keys+`, `+u.read+` FROM `+u.table, []any{}
	switch {
	case u.left != "":
		query += ` WHERE ` + u.left
	case after != "":
		query, args = query+` WHERE `+u.keys+` > $1`, []any{after}
	}
	if inOrder {
		query += ` ORDER BY ` + u.keys
	}
	if limited {
		query += ` LIMIT ` + strconv.Itoa(sealBatch)
	}
	type row struct {
		keys    []any
		columns []string
	}
	rows, err := t.QueryContext(ctx, query, args...)
	list, err := all(rows, err, func(s scanner) (row, error) {
		r := row{make([]any, len(keys)), make([]string, len(columns))}
		var into []any
		for i := range keys {
			into = append(into, &r.keys[i])
		}
		for i := range columns {
			into = append(into, &r.columns[i])
		}
		return r, s.Scan(into...)
	})
	if err != nil {
		return 0, err
	}
	for _, r := range list {
		args, err := u.seal(db.vault, r.columns)
		if err != nil {
			return 0, err
		}
		update := `UPDATE ` + u.table + ` SET ` + u.write + ` WHERE `
		for i, k := range keys {
			if i > 0 {
				update += ` AND `
			}
			args = append(args, r.keys[i])
			update += k + ` = $` + strconv.Itoa(len(args))
		}
		if _, err := t.ExecContext(ctx, update, args...); err != nil {
			return 0, err
		}
	}
	position := done
	if limited && len(list) == sealBatch {
		position = `""`
		if inOrder {
			text, err := json.Marshal(list[len(list)-1].keys[0])
			if err != nil {
				return 0, err
			}
			position = string(text)
		}
	}
	if _, err := t.ExecContext(ctx, setPosition, u.table, position); err != nil {
		return 0, err
	}
	return len(list), t.Commit()
}
