package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"gnista"
	"gnista/access"
)

const userColumns = `id, email, name, language, grants, disabled, password, created_at, updated_at, seen_at`

func scanUser(s scanner) (u access.User, err error) {
	var grants string
	var created, updated, seen int64
	if err = s.Scan(&u.ID, &u.Email, &u.Name, &u.Language, &grants, &u.Disabled, &u.Password, &created, &updated, &seen); err != nil {
		return u, err
	}
	u.CreatedAt, u.UpdatedAt, u.SeenAt = instant(created), instant(updated), instant(seen)
	return u, json.Unmarshal([]byte(grants), &u.Grants)
}

// User finds a user. NotFound.
func (db *DB) User(ctx context.Context, id string) (access.User, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+userColumns+` FROM app_user WHERE id = $1`, id), scanUser, "there is no user %q", id)
}

// UserByEmail finds a user by the address. NotFound.
func (db *DB) UserByEmail(ctx context.Context, email string) (access.User, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+userColumns+` FROM app_user WHERE email = $1`, email), scanUser, "there is no such user")
}

// Users lists users in the order of their ids, behind after.
func (db *DB) Users(ctx context.Context, after string, limit int) ([]access.User, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+userColumns+` FROM app_user WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	return all(rows, err, scanUser)
}

const accessKey = "access" // changes of users run one after the other

// CreateUser adds a user. Conflict where the address is taken, and, where first is true, where there is any.
func (db *DB) CreateUser(ctx context.Context, u access.User, first bool) error {
	return db.write(ctx, accessKey, func(t *tx) error {
		var any bool
		if err := t.row(`SELECT EXISTS (SELECT 1 FROM app_user)`).Scan(&any); err != nil {
			return err
		}
		if first && any {
			return gnista.Errorf(gnista.Conflict, "there are users already; one of them who may has to add others")
		}
		return t.putUser(u)
	})
}

func (t *tx) putUser(u access.User) error {
	var taken bool
	if err := t.row(`SELECT EXISTS (SELECT 1 FROM app_user WHERE email = $1 AND id <> $2)`, u.Email, u.ID).Scan(&taken); err != nil {
		return err
	}
	if taken {
		return gnista.Errorf(gnista.Conflict, "another user has the address %s", u.Email)
	}
	grants, err := json.Marshal(u.Grants)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO app_user (`+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name, language = excluded.language, grants = excluded.grants,
		disabled = excluded.disabled, password = excluded.password, updated_at = excluded.updated_at, seen_at = excluded.seen_at`,
		u.ID, u.Email, u.Name, u.Language, string(grants), u.Disabled, string(u.Password), millis(u.CreatedAt), millis(u.UpdatedAt), millis(u.SeenAt))
}

// userAmong finds a user, and all others who are not disabled.
func (t *tx) userAmong(id string) (u access.User, others []access.User, err error) {
	u, err = scanUser(t.row(`SELECT `+userColumns+` FROM app_user WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return u, nil, gnista.Errorf(gnista.NotFound, "there is no user %q", id)
	}
	if err != nil {
		return u, nil, err
	}
	rows, err := t.rows(`SELECT `+userColumns+` FROM app_user WHERE id <> $1 AND NOT disabled`, id)
	others, err = all(rows, err, scanUser)
	return u, others, err
}

// ChangeUser changes a user within one SQL transaction. NotFound; Conflict where the address is taken.
func (db *DB) ChangeUser(ctx context.Context, id string, change func(u *access.User, others []access.User) error) (out access.User, err error) {
	err = db.write(ctx, accessKey, func(t *tx) error {
		u, others, err := t.userAmong(id)
		if err != nil {
			return err
		}
		if err := change(&u, others); err != nil {
			return err
		}
		out = u
		return t.putUser(u)
	})
	return out, err
}

// DeleteUser removes a user with their sessions and passkeys. NotFound.
func (db *DB) DeleteUser(ctx context.Context, id string, allowed func(u access.User, others []access.User) error) error {
	return db.write(ctx, accessKey, func(t *tx) error {
		u, others, err := t.userAmong(id)
		if err == nil {
			err = allowed(u, others)
		}
		if err != nil {
			return err
		}
		for _, table := range []string{"app_session", "app_passkey"} {
			if err := t.exec(`DELETE FROM `+table+` WHERE app_user = $1`, id); err != nil {
				return err
			}
		}
		return t.exec(`DELETE FROM app_user WHERE id = $1`, id)
	})
}

const sessionColumns = `id, app_user, created_at, seen_at, remote, agent, way`

func scanSession(s scanner) (x access.Session, err error) {
	var created, seen int64
	err = s.Scan(&x.ID, &x.User, &created, &seen, &x.Remote, &x.Agent, &x.Way)
	x.CreatedAt, x.SeenAt = instant(created), instant(seen)
	return x, err
}

// AddSession keeps a session; the newest keep of the user stay.
func (db *DB) AddSession(ctx context.Context, x access.Session, keep int) error {
	return db.write(ctx, accessKey, func(t *tx) error {
		if err := t.exec(`INSERT INTO app_session (`+sessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			x.ID, x.User, millis(x.CreatedAt), millis(x.SeenAt), x.Remote, x.Agent, x.Way); err != nil {
			return err
		}
		return t.exec(`DELETE FROM app_session WHERE app_user = $1 AND id NOT IN
			(SELECT id FROM app_session WHERE app_user = $1 ORDER BY created_at DESC, id LIMIT $2)`, x.User, keep)
	})
}

// Session finds a session. NotFound.
func (db *DB) Session(ctx context.Context, id string) (access.Session, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM app_session WHERE id = $1`, id), scanSession, "there is no such session")
}

// SeeSession notes that a session was used.
func (db *DB) SeeSession(ctx context.Context, id, remote string, at time.Time) error {
	return db.write(ctx, accessKey, func(t *tx) error {
		return t.exec(`UPDATE app_session SET seen_at = $1, remote = $2 WHERE id = $3`, millis(at), remote, id)
	})
}

// Sessions lists those of a user, the newest first.
func (db *DB) Sessions(ctx context.Context, user string) ([]access.Session, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+sessionColumns+` FROM app_session WHERE app_user = $1 ORDER BY created_at DESC, id`, user)
	return all(rows, err, scanSession)
}

// EndSession ends a session of a user. NotFound.
func (db *DB) EndSession(ctx context.Context, user, id string) error {
	return db.write(ctx, accessKey, func(t *tx) error {
		n, err := t.changed(`DELETE FROM app_session WHERE app_user = $1 AND id = $2`, user, id)
		if err != nil || n == 0 {
			return errors.Join(err, gnista.Errorf(gnista.NotFound, "there is no such session"))
		}
		return nil
	})
}

// EndSessions ends those of a user but for one.
func (db *DB) EndSessions(ctx context.Context, user, keep string) error {
	return db.write(ctx, accessKey, func(t *tx) error {
		return t.exec(`DELETE FROM app_session WHERE app_user = $1 AND id <> $2`, user, keep)
	})
}

// PruneSessions ends those that were made, or last used, before a time.
func (db *DB) PruneSessions(ctx context.Context, made, used time.Time) error {
	return db.write(ctx, accessKey, func(t *tx) error {
		return t.exec(`DELETE FROM app_session WHERE seen_at < $1 OR created_at < $2`, millis(used), millis(made))
	})
}
