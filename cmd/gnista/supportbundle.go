package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"gnista/store"
)

// supportBundle is the command support-bundle.
type supportBundle struct {
	serve
	File string `arg:"" help:"File to write, as in gnista-support.zip."`
}

// Help says what is in the file.
func (*supportBundle) Help() string {
	return "The file is made to be sent to somebody who helps. It has the settings without their secrets, names and addresses, what gnista doctor finds, the versions, how many rows each table has, and, where --admin-listen names where the server that runs serves them, its metrics and what its goroutines do. " +
		"It has nothing of what is in the database, and nothing of the log. Look at it before you send it."
}

// Run writes the file.
func (b *supportBundle) Run(ctx context.Context, k *kong.Context, o *output) (err error) {
	f, err := os.OpenFile(b.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(b.File)
			return
		}
		fmt.Fprintf(o.out, "%s is written; look at it before you send it.\n", b.File)
	}()
	z := zip.NewWriter(f)
	add := func(name string, write func(io.Writer) error) {
		if err == nil {
			var w io.Writer
			if w, err = z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now()}); err == nil {
				err = write(w)
			}
		}
	}
	addJSON := func(name string, v any) {
		add(name, func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(v)
		})
	}
	addJSON("settings.json", discreet(settings(k)))
	found := b.examine(ctx)
	for i := range found {
		found[i].Found, found[i].Do = strings.ReplaceAll(found[i].Found, b.Data, "(data)"), strings.ReplaceAll(found[i].Do, b.Data, "(data)")
	}
	addJSON("doctor.json", found)
	add("version.txt", func(w io.Writer) error {
		info, _ := debug.ReadBuildInfo()
		_, err := fmt.Fprintf(w, "gnista %s on %s/%s, %d processors, %s\n%v", version, runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().UTC().Format(time.RFC3339), info)
		return err
	})
	addJSON("database.json", b.census(ctx))
	if b.AdminListen != "" {
		for name, path := range map[string]string{"metrics.txt": "/metrics", "goroutines.txt": "/debug/pprof/goroutine?debug=2", "ready.txt": "/readyz?verbose"} {
			add(name, func(w io.Writer) error {
				text, status, _, failed := ask(ctx, local(b.AdminListen), path)
				if failed != nil {
					text = "nothing answers on --admin-listen\n"
				} else if status != 200 {
					text = fmt.Sprintf("%d %s", status, text)
				}
				_, err := io.WriteString(w, text)
				return err
			})
		}
	}
	return errors.Join(err, z.Close())
}

// plain are settings whose values say nothing of anybody. Those of others are only told to be set.
var plain = []string{
	"admin-listen", "address-rate", "currency", "listen", "log-format", "mtls-listen", "time-zone", "tls-listen", "unknown-stations",
}

// discreet leaves out values that may be names, addresses or secrets: all that are not numbers, times, choices or among
// those that are plain.
func discreet(list []sourced) []sourced {
	for i := range list {
		s := &list[i]
		if filepath.IsAbs(s.Default) { // of whoever runs this
			s.Default = ""
		}
		if s.Value == "" || s.Value == s.Default || slices.Contains(plain, s.Name) || measure(s.Value) {
			continue
		}
		s.Value = "(set)"
	}
	return list
}

// measure tells whether a value is a number, a time or yes or no.
func measure(text string) bool {
	if _, err := time.ParseDuration(text); err == nil {
		return true
	}
	return text == "true" || text == "false" || len(text) < 6 && json.Valid([]byte(text))
}

// census is what is told of a database.
type census struct {
	Kind        string `json:"kind,omitempty"`
	Schema      int64  `json:"schema,omitempty"`
	KnownSchema int64  `json:"knownSchema,omitempty"`
	store.Census
	Error string `json:"error,omitempty"`
}

// countWithin is how long counting rows may take.
const countWithin = 2 * time.Minute

func (b *supportBundle) census(ctx context.Context) (c census) {
	ctx, cancel := context.WithTimeout(ctx, countWithin)
	defer cancel()
	address, err := b.existing()
	if err == nil {
		c.Kind = "postgresql"
		file, _ := store.Kind(address)
		if file != "" {
			c.Kind = "sqlite"
		}
		c.KnownSchema, _ = store.KnownSchema()
		c.Schema, err = store.SchemaOf(ctx, address)
	}
	if err == nil {
		c.Census, err = store.CountRows(ctx, address)
	}
	if err != nil {
		c.Error = err.Error()
	}
	return c
}
