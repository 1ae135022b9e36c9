package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"gnista/store"
)

// restore is the command restore.
type restore struct {
	database
	File      string `arg:"" help:"Archive of gnista backup; - is the standard input."`
	Verify    bool   `help:"Prove that the archive can be restored, and keep nothing: restore it into a temporary folder, bring its schema up to date, and make the checks of gnista audit. One of PostgreSQL is restored into the empty database that --database names, and stays there."`
	Force     bool   `help:"Restore though there is a database already. What there was of SQLite, with key and files, is moved into a folder beside it, and not deleted."`
	SecretKey string `help:"Key that the system has, where it is not in the archive. Better set as GNISTA_SECRET_KEY." placeholder:"KEY"`
	TimeZone  string `help:"Time zone of the system, as for gnista serve." default:"Europe/Stockholm"`
}

// Help says what is checked.
func (*restore) Help() string {
	return "Nothing is put in its place before all of the archive was read, each file has the SHA-256 that the manifest tells, and the database is sound (integrity and references). " +
		"No server may run on what is replaced."
}

// Run restores, or proves that it could be done.
func (r *restore) Run(ctx context.Context, o *output) error {
	var in io.Reader = os.Stdin
	if r.File != "-" {
		f, err := os.Open(r.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	to, err := r.target()
	if err != nil {
		return err
	}
	if err := to.free(ctx, r); err != nil {
		return err
	}
	parent := ""
	if !r.Verify { // what was unpacked is only renamed
		parent = r.Data
		if err := os.MkdirAll(parent, 0o700); err != nil {
			return err
		}
	}
	scratch, err := os.MkdirTemp(parent, ".gnista-restore-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	r.say(o, "unpacking %s", r.File)
	m, err := unpack(in, scratch)
	if err != nil {
		return fmt.Errorf("%s: %w", r.File, err)
	}
	r.say(o, "a backup of %s by gnista %s: %s, schema %d, %d files; each has its SHA-256", m.TakenAt.Format(time.RFC3339), m.Gnista, m.Database, m.Schema, len(m.Files))
	if err := r.fits(m, to); err != nil {
		return err
	}
	if m.Database == "sqlite" {
		r.say(o, "checking the database")
		x, err := store.Inspect(ctx, filepath.Join(scratch, sqliteName), false)
		if err != nil {
			return err
		}
		if len(x.Problems) > 0 {
			return fmt.Errorf("the database in the archive is not sound, and nothing was restored: %q", x.Problems)
		}
	}
	if r.Verify {
		return r.prove(ctx, m, scratch, o)
	}
	if err := r.place(ctx, m, scratch, to, o); err != nil {
		return err
	}
	if m.Key != keyIncluded {
		r.say(o, "the secret key is not in the archive (%s): put it into %s, or set GNISTA_SECRET_KEY, before you start gnista serve", m.Key, filepath.Join(r.Data, keyName))
	}
	fmt.Fprintln(o.out, "Restored. Run gnista audit, and start gnista serve.")
	return nil
}

func (r *restore) say(o *output, format string, args ...any) {
	fmt.Fprintf(o.err, "gnista restore: "+format+"\n", args...)
}

// target is where something is restored to: a file of SQLite, or an address of PostgreSQL.
type target struct{ file, address string }

func (r *restore) target() (target, error) {
	if r.Database == "" {
		return target{file: filepath.Join(r.Data, "gnista.db")}, nil
	}
	file, err := store.Kind(r.Database)
	if err != nil {
		return target{}, err
	}
	if file == "" {
		return target{address: r.Database}, nil
	}
	return target{file: file}, nil
}

// free makes sure that something may be put there.
func (t target) free(ctx context.Context, r *restore) error {
	if t.address != "" {
		full, used, err := store.Occupied(ctx, t.address)
		switch {
		case err != nil:
			return fmt.Errorf("the PostgreSQL database: %w", err)
		case used:
			return errors.New("somebody is connected to the PostgreSQL database: end gnista serve, and whoever else is, first")
		case full && (r.Verify || !r.Force):
			return errors.New("there is something in the PostgreSQL database already: name one that is empty, or replace it with --force")
		}
		return nil
	}
	if r.Verify {
		return nil
	}
	if _, err := os.Stat(t.file); err == nil {
		if used, err := store.InUse(ctx, t.file); err != nil || used {
			return errors.Join(err, fmt.Errorf("gnista serve runs on %s: end it first", t.file))
		}
		if !r.Force {
			return fmt.Errorf("there is a database already, %s: name another folder with --data, or replace it with --force", t.file)
		}
	}
	if list, err := os.ReadDir(filepath.Join(r.Data, "files")); err == nil && len(list) > 0 && !r.Force {
		return fmt.Errorf("there are files already in %s: name another folder with --data, or replace them with --force", filepath.Join(r.Data, "files"))
	}
	return nil
}

// fits makes sure that an archive can be restored where it should be, by this program.
func (r *restore) fits(m manifest, to target) error {
	known, err := store.KnownSchema()
	switch {
	case err != nil:
		return err
	case m.Schema > known:
		return fmt.Errorf("its schema has version %d, of a newer gnista (%s), and this one knows %d", m.Schema, m.Gnista, known)
	case m.Database == "sqlite" && m.has(sqliteName) && (to.file != "" || r.Verify):
		return nil
	case m.Database == "postgresql" && m.has(postgresName) && to.address != "":
		return nil
	case m.Database == "postgresql" && m.has(postgresName):
		return errors.New("it is a backup of PostgreSQL: say where to with --database postgres://…")
	case m.Database == "sqlite" && m.has(sqliteName):
		return errors.New("it is a backup of SQLite, which cannot be restored into PostgreSQL")
	}
	return fmt.Errorf("the archive lacks a database of the kind that it should have, %q", m.Database)
}

// prove opens what was restored into a temporary folder as gnista serve does, and audits it.
func (r *restore) prove(ctx context.Context, m manifest, folder string, o *output) error {
	address := "sqlite:" + filepath.Join(folder, sqliteName)
	if m.Database == "postgresql" {
		address = r.Database
		r.say(o, "restoring into the PostgreSQL database")
		if err := postgresTool(ctx, address, "pg_restore", append(restoreArgs(), filepath.Join(folder, postgresName), "--dbname")...); err != nil {
			return err
		}
	}
	if r.SecretKey == "" && !m.has(keyName) {
		return fmt.Errorf("the secret key is not in the archive (%s): set GNISTA_SECRET_KEY to what it is, as without it nothing can be checked that is sealed", m.Key)
	}
	secret, err := certifying{SecretKey: r.SecretKey}.secret(folder)
	if err != nil {
		return err
	}
	r.say(o, "opening the database as gnista serve does")
	db, err := store.Open(ctx, address, store.Options{Secret: secret})
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	a := audit{database: database{Data: folder, Database: address}, SecretKey: r.SecretKey, TimeZone: r.TimeZone}
	differences, err := a.audit(ctx, o)
	if err != nil {
		return err
	}
	if differences > 0 {
		return fmt.Errorf("the archive can be restored, and what is in it has %d differences: it was so when the backup was made", differences)
	}
	fmt.Fprintln(o.out, "The archive can be restored.")
	return nil
}

// place puts what was unpacked where it belongs. What there was is moved aside.
func (r *restore) place(ctx context.Context, m manifest, scratch string, to target, o *output) error {
	aside := filepath.Join(r.Data, "replaced-"+time.Now().UTC().Format("20060102T150405Z"))
	move := func(from, to string) error {
		if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		return moved(from, to)
	}
	away := func(file string) error {
		if _, err := os.Lstat(file); err == nil {
			r.say(o, "%s is moved into %s", file, aside)
		}
		return move(file, filepath.Join(aside, filepath.Base(file)))
	}
	if to.file != "" {
		for _, part := range []string{"", "-wal", "-shm"} { // what is in the log of another database must not get into this one
			if err := away(to.file + part); err != nil {
				return err
			}
		}
		if err := move(filepath.Join(scratch, sqliteName), to.file); err != nil {
			return err
		}
	} else {
		r.say(o, "restoring into the PostgreSQL database")
		args := restoreArgs()
		if r.Force {
			args = append(args, "--clean", "--if-exists")
		}
		if err := postgresTool(ctx, to.address, "pg_restore", append(args, filepath.Join(scratch, postgresName), "--dbname")...); err != nil {
			return err
		}
	}
	for _, name := range []string{keyName, filesName} {
		if name == keyName && !m.has(keyName) {
			continue
		}
		at := filepath.Join(r.Data, filepath.Clean(name))
		if err := errors.Join(away(at), move(filepath.Join(scratch, filepath.Clean(name)), at)); err != nil {
			return err
		}
	}
	return nil
}

// moved renames a file or folder. To another file system a file is copied, and what was there stays until it is.
func moved(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if err = os.Rename(from, to); !errors.Is(err, syscall.EXDEV) || !info.Mode().IsRegular() {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		os.Remove(to)
		return err
	}
	return os.Remove(from)
}

// restoreArgs are those of pg_restore: all or nothing.
func restoreArgs() []string {
	return []string{"--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"}
}
