// Package journal keeps what a simulator was told in a file, so that it can be told the same again when the process
// was ended, however that was.
package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// TellAgain is how long ago a simulator told of what may not have been heard when the process was ended.
const TellAgain = 5 * time.Minute

// Journal is a file of one entry a line; nil keeps nothing. It is not safe for use by several goroutines at once.
type Journal[E any] struct {
	path string
	keep func(E) bool
	most int64
	file *os.File
	size int64
}

// mostBytes is how large a journal becomes; then its oldest half goes.
const mostBytes = 32 << 20

// Open opens a journal, makes it where there is none, and tells what is in it, in order. Entries that keep does not
// want are forgotten. A last line that was not written to its end is none.
func Open[E any](path string, keep func(E) bool, tell func(E)) (*Journal[E], error) {
	j := &Journal[E]{path: path, keep: keep, most: mostBytes}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	list, err := j.compact()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	for _, e := range list {
		tell(e)
	}
	return j, nil
}

// Add adds an entry. What was added is there after the process has ended, though not after the machine has.
func (j *Journal[E]) Add(e E) error {
	if j == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if j.size+int64(len(line)) >= j.most {
		if _, err := j.compact(); err != nil {
			return err
		}
	}
	n, err := j.file.Write(append(line, '\n'))
	j.size += int64(n)
	return err
}

// Close closes the file.
func (j *Journal[E]) Close() error {
	if j == nil {
		return nil
	}
	return j.file.Close()
}

// compact writes the file anew with what is to be kept, and opens it.
func (j *Journal[E]) compact() (list []E, err error) {
	text, err := os.ReadFile(j.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var lines [][]byte
	for line := range bytes.Lines(text) {
		var e E
		if !bytes.HasSuffix(line, []byte("\n")) || json.Unmarshal(line, &e) != nil || !j.keep(e) {
			continue
		}
		lines, list = append(lines, line), append(list, e)
	}
	size := int64(0)
	for i := len(lines) - 1; i >= 0; i-- {
		if size += int64(len(lines[i])); size > j.most/2 {
			lines, list = lines[i+1:], list[i+1:]
			break
		}
	}
	next := j.path + ".new"
	if err := os.WriteFile(next, bytes.Join(lines, nil), 0o600); err != nil {
		return nil, err
	}
	if err := os.Rename(next, j.path); err != nil {
		return nil, err
	}
	if j.file != nil {
		j.file.Close()
	}
	if j.file, err = os.OpenFile(j.path, os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	j.size = int64(len(bytes.Join(lines, nil)))
	return list, nil
}
