package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"gnista/store/storetest"
)

// runs runs a command line.
func runs(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out := &printed{}
	err := run(t.Context(), args, out, out)
	return out.String(), err
}

func (l *live) inFolder(dir string) func(*options) {
	return func(o *options) {
		o.Database, o.Files = "sqlite:"+filepath.Join(dir, "gnista.db"), filepath.Join(dir, "files")
		o.Secret, _ = certifying{}.secret(dir)
	}
}

// charged is how many transactions there are, as the API says.
func (l *live) charged(t *testing.T) int {
	t.Helper()
	var page struct{ Items []struct{ ID string } }
	if err := json.Unmarshal([]byte(l.asked(t, "GET", "/transactions?limit=1000", "", 200)), &page); err != nil {
		t.Fatal(err)
	}
	return len(page.Items)
}

// busy has stations charge until the test is over, and waits until some have.
func (l *live) busy(t *testing.T) (stop func()) {
	t.Helper()
	l.asked(t, "POST", "/tokens", `{"uid":"CARD","type":"ISO14443"}`, 201)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx, []string{"sim", "--url", strings.Replace(l.server.URL, "http", "ws", 1) + "/ocpp", "--speed", "2000", "--log-level", "error", "--stations", "6", "--rounds", "100000", "--token", "CARD", "--power-kw", "350"}, io.Discard, io.Discard)
	}()
	for end := time.Now().Add(time.Minute); l.charged(t) < 5; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody charges")
		}
	}
	return func() { cancel(); <-ended }
}

// A backup is made of a system that works, and is a system that works.
func TestBackup(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	l := newLive(t, (*live)(nil).inFolder(data))
	stop := l.busy(t)
	if err := os.MkdirAll(filepath.Join(data, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"log-1": "a log of a station", ".part-1": "half of one"} {
		if err := os.WriteFile(filepath.Join(data, "files", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "b.tar.zst")
	out, err := runs(t, "backup", file, "--data", data)
	stop()
	if err != nil || !strings.Contains(out, "packed 3 files") {
		t.Fatalf("%v: %s", err, out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the archive: %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	if out, err := runs(t, "backup", file, "--data", data); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a backup replaces another: %v %s", err, out)
	}
	if out, err := runs(t, "restore", "--verify", file); err != nil || !strings.Contains(out, " 0 differences") || !strings.Contains(out, "The archive can be restored.") {
		t.Errorf("%v: %s", err, out)
	}

	fresh := filepath.Join(dir, "fresh")
	if out, err := runs(t, "restore", file, "--data", fresh); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := runs(t, "audit", "--data", fresh); err != nil || !strings.Contains(out, " 0 differences") {
		t.Errorf("%v: %s", err, out)
	}
	if text, err := os.ReadFile(filepath.Join(fresh, "files", "log-1")); string(text) != "a log of a station" {
		t.Errorf("the file is %q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(fresh, "files", ".part-1")); err == nil {
		t.Error("half a file was restored")
	}
	again := newLive(t, (*live)(nil).inFolder(fresh))
	if n := again.charged(t); n < 5 {
		t.Errorf("%d transactions were restored", n)
	}
	if got := again.asked(t, "GET", "/tokens/CARD", "", 200); !strings.Contains(got, "CARD") { // which is sealed
		t.Errorf("the card is %s", got)
	}

	// While a server runs there, and when there is one that is not to be lost.
	if _, err := runs(t, "restore", file, "--data", fresh, "--force"); err == nil || !strings.Contains(err.Error(), "end it first") {
		t.Errorf("a database in use is replaced: %v", err)
	}
	other := filepath.Join(dir, "other")
	if out, err := runs(t, "restore", file, "--data", other); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(other, "gnista.db-wal"), []byte("of another database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := runs(t, "restore", file, "--data", other); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("a database is overwritten: %v", err)
	}
	if out, err := runs(t, "restore", file, "--data", other, "--force"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if kept, _ := filepath.Glob(filepath.Join(other, "replaced-*", "*")); len(kept) != 4 {
		t.Errorf("kept of what was replaced is %v", kept)
	}
	if out, err := runs(t, "audit", "--data", other); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	broken(t, file)
}

// broken spoils an archive in each way, and wants each told.
func broken(t *testing.T, file string) {
	t.Helper()
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, _ := zstd.NewReader(bytes.NewReader(good))
	tarred, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	pack := func(b []byte) []byte {
		w, _ := zstd.NewWriter(nil)
		return w.EncodeAll(b, nil)
	}
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 1
		return b
	}
	manifestAt := bytes.LastIndex(tarred, []byte(`"format"`))
	for name, c := range map[string]struct {
		archive []byte
		says    string
	}{
		"cut off":          {good[:len(good)/2], "broken"},
		"not an archive":   {[]byte("some text that is long enough to be looked at"), "broken or was cut off"},
		"empty":            {nil, "no manifest"},
		"a bit":            {flip(good, len(good)/2), "archive"},
		"a bit of content": {pack(flip(tarred, 5000)), sqliteName + " in the archive is not what was written"},
		"newer format":     {pack(bytes.Replace(tarred, []byte(`"format": 1`), []byte(`"format": 9`), 1)), "reads up to 1"},
		"other manifest":   {pack(append(bytes.Clone(tarred[:manifestAt]), bytes.Replace(tarred[manifestAt:], []byte("files/log-1"), []byte("files/log-2"), 1)...)), "lacks files/log-2"},
		"other name":       {pack(bytes.Replace(tarred, []byte("files/log-1"), []byte("../iles/log"), 1)), "broken"},
	} {
		bad := filepath.Join(t.TempDir(), "bad.tar.zst")
		if err := os.WriteFile(bad, c.archive, 0o600); err != nil {
			t.Fatal(err)
		}
		data := filepath.Join(t.TempDir(), "data")
		for _, args := range [][]string{{"restore", bad, "--data", data}, {"restore", "--verify", bad}} {
			if out, err := runs(t, args...); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v %s", name, err, out)
			}
		}
		if left, _ := os.ReadDir(data); len(left) > 0 {
			t.Errorf("%s leaves %v", name, left)
		}
	}
}

// A database may be on another file system than the data folder.
func TestMoved(t *testing.T) {
	const other = "/dev/shm"
	dir, err := os.MkdirTemp(other, "gnista")
	if err != nil {
		t.Skipf("skipped: there is no other file system: %v", err)
	}
	defer os.RemoveAll(dir)
	from, to := filepath.Join(t.TempDir(), "a"), filepath.Join(dir, "b")
	if err := os.WriteFile(from, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := moved(from, to); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(to)
	if _, gone := os.Stat(from); string(text) != "text" || err != nil || !os.IsNotExist(gone) {
		t.Errorf("%q, %v, %v", text, err, gone)
	}
	if err := moved(from, to); !os.IsNotExist(err) {
		t.Errorf("without a file: %v", err)
	}
}

func TestPackable(t *testing.T) {
	for name, want := range map[string]bool{
		manifestName: true, sqliteName: true, "files/0190-a": true, "files/": false, "files/..": false, "files/../x": false, "files/a/b": false, "files/.part-1": false, "/etc/passwd": false, "": false, "files/a\\b": false,
	} {
		if got := packable(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

// Without its key, and with one that is another, what is in an archive cannot be proved.
func TestBackupWithoutKey(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	secret, _ := certifying{}.secret(data)
	if _, err := secret(); err != nil {
		t.Fatal(err)
	}
	if _, err := runs(t, "backup", filepath.Join(dir, "none"), "--data", data); err == nil || !strings.Contains(err.Error(), "there is no database") {
		t.Errorf("without a database: %v", err)
	}
	if out, err := runs(t, "migrate", "--data", data); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file := filepath.Join(dir, "b")
	if out, err := runs(t, "backup", file, "--data", data, "--without-key"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := runs(t, "restore", "--verify", file); err == nil || !strings.Contains(err.Error(), "left out") {
		t.Errorf("without the key: %v", err)
	}
	if _, err := runs(t, "restore", "--verify", file, "--secret-key", strings.Repeat("0f", 32)); err == nil || !strings.Contains(err.Error(), "another secret key") {
		t.Errorf("with another key: %v", err)
	}
	key, err := os.ReadFile(filepath.Join(data, keyName))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := runs(t, "restore", "--verify", file, "--secret-key", strings.TrimSpace(string(key))); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if err := os.Remove(filepath.Join(data, keyName)); err != nil {
		t.Fatal(err)
	}
	if _, err := runs(t, "backup", filepath.Join(dir, "c"), "--data", data); err == nil || !strings.Contains(err.Error(), "--without-key") {
		t.Errorf("a backup is made without the key that nobody said may be missing: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("it leaves %v", left)
	}

	// A database that is not sound is told.
	db, err := sql.Open("sqlite", filepath.Join(data, "gnista.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`PRAGMA foreign_keys = OFF; CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id)); INSERT INTO child VALUES (1, 7)`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if out, err := runs(t, "backup", filepath.Join(dir, "d"), "--data", data, "--without-key"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := runs(t, "restore", filepath.Join(dir, "d"), "--data", filepath.Join(dir, "bad")); err == nil || !strings.Contains(err.Error(), "row 1 of table child refers to one of parent that is missing") {
		t.Errorf("%v", err)
	}
}

func TestBackupPostgreSQL(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	from, into := storetest.Postgres(t), storetest.Postgres(t)
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin"); len(found) > 0 { // where Debian has those of the server's version
		t.Setenv("PATH", found[len(found)-1]+":"+os.Getenv("PATH"))
	}
	if _, err := exec.LookPath("pg_dump"); err != nil {
		t.Skip("skipped: there is no pg_dump")
	}
	l := newLive(t, func(o *options) {
		(*live)(nil).inFolder(data)(o)
		o.Database = from
	})
	stop := l.busy(t)
	file := filepath.Join(dir, "b.tar.zst")
	out, err := runs(t, "backup", file, "--data", data, "--database", from)
	stop()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := runs(t, "restore", "--verify", file); err == nil || !strings.Contains(err.Error(), "--database postgres://") {
		t.Errorf("%v", err)
	}
	if out, err := runs(t, "restore", "--verify", file, "--database", into); err != nil || !strings.Contains(out, " 0 differences") {
		t.Errorf("%v: %s", err, out)
	}
	fresh := filepath.Join(dir, "fresh")
	if _, err := runs(t, "restore", file, "--database", into, "--data", fresh); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("a database is overwritten: %v", err)
	}
	if _, err := runs(t, "restore", file, "--database", from, "--data", fresh, "--force"); err == nil || !strings.Contains(err.Error(), "somebody is connected") {
		t.Errorf("a database in use is replaced: %v", err)
	}
	if out, err := runs(t, "restore", file, "--database", into, "--data", fresh, "--force"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	again := newLive(t, func(o *options) {
		(*live)(nil).inFolder(fresh)(o)
		o.Database = into
	})
	if n := again.charged(t); n < 5 {
		t.Errorf("%d transactions were restored", n)
	}
	t.Setenv("PATH", "")
	if _, err := runs(t, "backup", filepath.Join(dir, "c"), "--data", data, "--database", from); err == nil || !strings.Contains(err.Error(), "postgresql-client") {
		t.Errorf("without pg_dump: %v", err)
	}
}

// Passwords are not among the arguments of programs, which others on the machine can see.
func TestPostgresToolHidesPassword(t *testing.T) {
	dir := t.TempDir()
	told := filepath.Join(dir, "told")
	script := "#!/bin/sh\necho \"$@\" >> " + told + "\necho \"env $PGPASSWORD\" >> " + told + "\n"
	if err := os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for _, address := range []string{"postgres://me:hidden@db:5433/gnista?sslmode=require", "postgres:///gnista?host=/run&user=me&password=hidden"} {
		if err := postgresTool(t.Context(), address, "pg_dump", "--dbname"); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	want := "--dbname postgres://me@db:5433/gnista?sslmode=require\nenv hidden\n--dbname postgres:///gnista?host=%2Frun&user=me\nenv hidden\n"
	if string(text) != want {
		t.Errorf("it is run as\n%swant\n%s", text, want)
	}
	err = postgresTool(t.Context(), "postgres://me:hid%zzden@db/gnista", "pg_dump", "--dbname")
	if err == nil || strings.Contains(err.Error(), "hid") {
		t.Errorf("an address that is wrong: %v", err)
	}
}
