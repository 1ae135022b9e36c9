package store

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"gnista"
)

// Disk keeps files in a folder, which is made when it is first needed. Ids are ours and are their names.
type Disk struct{ Dir string }

func (d Disk) path(id string) (string, error) {
	if id == "" || filepath.Base(id) != id || id[0] == '.' {
		return "", gnista.Errorf(gnista.NotFound, "there is no file %q", id)
	}
	return filepath.Join(d.Dir, id), nil
}

// Put keeps what r gives, at most limit bytes. A file is there as a whole or not at all.
func (d Disk) Put(id string, r io.Reader, limit int64) (size int64, sha, md string, err error) {
	path, err := d.path(id)
	if err != nil {
		return 0, "", "", err
	}
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return 0, "", "", fmt.Errorf("making the folder for files: %w", err)
	}
	f, err := os.CreateTemp(d.Dir, ".part-*")
	if err != nil {
		return 0, "", "", err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	whole, short := sha256.New(), md5.New()
	size, err = io.Copy(io.MultiWriter(f, whole, short), io.LimitReader(r, limit+1))
	if err == nil && size > limit {
		err = gnista.Invalidf("body", "is larger than %d bytes", limit)
	} else if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, "", "", err
	}
	return size, hex.EncodeToString(whole.Sum(nil)), hex.EncodeToString(short.Sum(nil)), os.Rename(f.Name(), path)
}

// Open opens a file for reading. NotFound.
func (d Disk) Open(id string) (io.ReadSeekCloser, error) {
	path, err := d.path(id)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, gnista.Errorf(gnista.NotFound, "the file is not there any more")
	}
	return f, err
}

// Remove deletes a file, if it is there.
func (d Disk) Remove(id string) error {
	path, err := d.path(id)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
