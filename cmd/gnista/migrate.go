package main

import (
	"context"
	"errors"
	"fmt"

	"gnista/store"
)

type migrate struct {
	database
	SecretKey string `help:"Key that UIDs of cards are sealed with, as for gnista serve. Better set as GNISTA_SECRET_KEY than as a flag. Without it the one in the file secret.key in the data folder." placeholder:"KEY"`
	To        string `help:"Copy all that is in a SQLite database into an empty PostgreSQL database, and compare the two row for row. No server may run on either." placeholder:"postgres://…"`
}

// Run brings the schema up to date, and copies the database where that is wanted.
func (m *migrate) Run(ctx context.Context, o *output) (err error) {
	from := m.url
	if m.To != "" {
		from = m.existing
	}
	url, err := from()
	if err != nil {
		return err
	}
	secret, err := certifying{SecretKey: m.SecretKey}.secret(m.Data)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, url, store.Options{Secret: secret})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if m.To == "" {
		fmt.Fprintln(o.out, "The schema is up to date.")
		return nil
	}
	to, err := store.Open(ctx, m.To, store.Options{Secret: secret})
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	list, err := db.CopyTo(ctx, to, func(c store.Copied) {
		if c.Rows > 0 {
			fmt.Fprintf(o.err, "%-28s %12d rows\n", c.Table, c.Rows)
		}
	})
	if err != nil {
		return err
	}
	var rows int64
	for _, c := range list {
		rows += c.Rows
	}
	fmt.Fprintf(o.out, "%d rows of %d tables were copied, and each of them is the same in both databases.\n"+
		"Start gnista serve with --database and the address of the new one; the data folder, with the secret key and the files, stays as it is.\n", rows, len(list))
	return nil
}
