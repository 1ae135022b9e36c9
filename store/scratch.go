package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Scratch makes an empty database on the PostgreSQL server of an address, under a name of letters and
// digits that is not taken, for measuring. drop ends it.
func Scratch(ctx context.Context, address, name string) (scratch string, drop func() error, err error) {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return "", nil, errors.New("the address is none of a PostgreSQL database, as in postgres://user@host/name")
	}
	on := func(ctx context.Context, text string) error {
		db, err := sql.Open("pgx", address)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.ExecContext(ctx, text)
		return err
	}
	if err := on(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, fmt.Errorf("making a database to measure with: %w", err)
	}
	u.Path = "/" + name
	return u.String(), func() error {
		return on(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}, nil
}
