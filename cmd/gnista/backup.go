package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"gnista/store"
)

// backup is the command backup.
type backup struct {
	database
	File       string `arg:"" help:"File to write, as in gnista-2026-11-28.tar.zst; - is the standard output."`
	WithoutKey bool   `help:"Leave out the secret key. Without it nothing that the archive has sealed can be read: keep it elsewhere."`
	Force      bool   `help:"Replace the file if it is there."`
	SecretKey  string `help:"As for gnista serve: with it, the key is not in a file, and so not in the archive." placeholder:"KEY"`
}

// Help says what is in the archive.
func (*backup) Help() string {
	return "One archive (tar, compressed with zstd) has the database as it is at one moment, the secret key, the files that stations fetch and send, and a manifest with the SHA-256 of each. " +
		"A server may run meanwhile. With the key in it the archive is as secret as the system itself: it is written so that only its owner can read it. A database of PostgreSQL needs the program pg_dump."
}

// Run writes the archive.
func (b *backup) Run(ctx context.Context, o *output) (err error) {
	address, err := b.existing()
	if err != nil {
		return err
	}
	b.Data, err = filepath.Abs(b.Data)
	if err != nil {
		return err
	}
	w, folder := o.out, os.TempDir()
	if b.File != "-" {
		folder = filepath.Dir(b.File)
		if _, err := os.Stat(b.File); err == nil && !b.Force {
			return fmt.Errorf("%s is there already; choose another name, or --force", b.File)
		}
		part, failed := os.CreateTemp(folder, ".gnista-backup-*") // which only we can read
		if failed != nil {
			return failed
		}
		defer os.Remove(part.Name())
		defer part.Close()
		w = part
		defer func() {
			if err == nil {
				err = errors.Join(part.Sync(), part.Close())
			}
			if err == nil {
				err = os.Rename(part.Name(), b.File)
			}
			if err == nil {
				info, _ := os.Stat(b.File)
				fmt.Fprintf(o.err, "gnista backup: %s, %d bytes. Prove that it can be restored: gnista restore --verify %[1]s\n", b.File, info.Size())
			}
		}()
	}
	scratch, err := os.MkdirTemp(folder, ".gnista-backup-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	return b.write(ctx, address, scratch, w, o.err)
}

func (b *backup) write(ctx context.Context, address, scratch string, w, progress io.Writer) error {
	m := manifest{Format: archiveFormat, Gnista: version, TakenAt: time.Now().UTC().Truncate(time.Second), Key: keyIncluded}
	say := func(format string, args ...any) { fmt.Fprintf(progress, "gnista backup: "+format+"\n", args...) }
	say("copying the database")
	// The database first: files that come after that are too many, and none is missing.
	name, err := b.dump(ctx, address, scratch, &m)
	if err != nil {
		return err
	}
	p, err := newPacker(w)
	if err != nil {
		return err
	}
	say("packing the database")
	if err := p.add(name, filepath.Join(scratch, name), m.TakenAt); err != nil {
		return err
	}
	switch {
	case b.WithoutKey:
		m.Key = keyLeftOut
		say("the secret key is left out; without it the archive is of no use")
	case b.SecretKey != "":
		m.Key = keyElsewhere
		say("the secret key is not in a file, and so not in the archive; keep it where GNISTA_SECRET_KEY is set")
	default:
		if err := p.add(keyName, filepath.Join(b.Data, keyName), m.TakenAt); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no %s in %s: if it is set elsewhere set GNISTA_SECRET_KEY for this too, or leave it out with --without-key", keyName, b.Data)
		} else if err != nil {
			return err
		}
	}
	names, err := os.ReadDir(filepath.Join(b.Data, "files"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, f := range names {
		if !f.Type().IsRegular() || !packable(filesName+f.Name()) { // what is just coming in
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		err := p.add(filesName+f.Name(), filepath.Join(b.Data, "files", f.Name()), m.TakenAt)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // it may have been deleted meanwhile
			return err
		}
	}
	say("packed %d files", len(p.list))
	return p.end(m)
}

// dump copies the database, as it is at one moment, into a folder, and returns the name.
func (b *backup) dump(ctx context.Context, address, folder string, m *manifest) (string, error) {
	file, err := store.Kind(address)
	if err != nil {
		return "", err
	}
	if file == "" {
		m.Database = "postgresql"
		if m.Schema, err = store.SchemaOf(ctx, address); err != nil {
			return "", err
		}
		return postgresName, postgresTool(ctx, address, "pg_dump", "--format=custom", "--compress=0", "--no-owner", "--no-privileges", "--file", filepath.Join(folder, postgresName), "--dbname")
	}
	m.Database = "sqlite"
	if err := store.Copy(ctx, file, filepath.Join(folder, sqliteName)); err != nil {
		return "", err
	}
	m.Schema, err = store.SchemaOf(ctx, "sqlite:"+filepath.Join(folder, sqliteName))
	return sqliteName, err
}

// postgresTool runs a program of PostgreSQL on the database at an address, which is the last argument. The password is
// not among them, where others on the machine could see it.
func postgresTool(ctx context.Context, address, program string, args ...string) error {
	path, err := exec.LookPath(program)
	if err != nil {
		return fmt.Errorf("a database of PostgreSQL needs the program %s, which is not in the PATH: install postgresql-client of the version of the server, or newer", program)
	}
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("--database is not an address as in postgres://user@host/name") // and not what it is
	}
	c := exec.CommandContext(ctx, path)
	c.Env = os.Environ()
	if password, ok := u.User.Password(); ok {
		c.Env = append(c.Env, "PGPASSWORD="+password)
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	if password := q.Get("password"); password != "" {
		c.Env = append(c.Env, "PGPASSWORD="+password)
		q.Del("password")
		u.RawQuery = q.Encode()
	}
	var told bytes.Buffer
	c.Args, c.Stderr = append(append([]string{program}, args...), u.String()), &told
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, bytes.TrimSpace(told.Bytes()))
	}
	return nil
}
