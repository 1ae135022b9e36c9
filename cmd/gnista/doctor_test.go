package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/pki"
)

// examined is what the doctor finds, by check, and what the command ends with.
func examined(t *testing.T, args ...string) (map[string]finding, error) {
	t.Helper()
	text, err := runs(t, append([]string{"doctor", "--json"}, args...)...)
	var list []finding
	if bad := json.NewDecoder(strings.NewReader(text)).Decode(&list); bad != nil {
		t.Fatalf("%v: %s", bad, text)
	}
	found := map[string]finding{}
	for _, f := range list {
		if _, twice := found[f.Check]; twice {
			t.Errorf("%q is told twice", f.Check)
		}
		if (f.State == wrong || f.State == warning) && f.Do == "" || f.Found == "" {
			t.Errorf("nobody is told what to do about %+v", f)
		}
		found[f.Check] = f
	}
	return found, err
}

func TestDoctor(t *testing.T) {
	data := t.TempDir()
	if err := os.Chmod(data, 0o700); err != nil {
		t.Fatal(err)
	}
	l := newLive(t, (*live)(nil).inFolder(data))
	admin := httptest.NewServer(l.metrics.handler(l.log))
	t.Cleanup(admin.Close)
	here := []string{"--data", data, "--listen", l.server.Listener.Addr().String(), "--admin-listen", admin.Listener.Addr().String()}
	l.connect("LOOKS").boot()
	want := func(found map[string]finding, check string, s state, words string) {
		t.Helper()
		if f := found[check]; f.State != s || !strings.Contains(f.Found, words) {
			t.Errorf("%s is %+v, want %s with %q", check, f, s, words)
		}
	}
	found, err := examined(t, here...)
	for _, check := range []string{"settings", "time zone", "data folder", "secret key", "database", "structure of the database", "clock", "server", "metrics"} {
		want(found, check, fine, "")
	}
	if found["disk"].State != wrong && err != nil {
		t.Error(err)
	}

	// A system that is not well.
	if err := l.db.Tell(t.Context(), gnista.Event{At: time.Now().Add(time.Hour), Kind: "test"}); err != nil {
		t.Fatal(err)
	}
	l.stopping.Store(true)
	if err := os.Chmod(filepath.Join(data, keyName), 0o644); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	found, err = examined(t, append(here, "--time-zone", "No/Where")...)
	if err == nil || !strings.Contains(err.Error(), "found something wrong") {
		t.Errorf("it ends with %v", err)
	}
	want(found, "settings", wrong, "--time-zone")
	want(found, "time zone", wrong, "No/Where")
	want(found, "secret key", wrong, "others can read")
	want(found, "clock", wrong, "ahead of this machine's clock")
	want(found, "server", wrong, "not stopping: failed")

	// Nothing there.
	found, err = examined(t, "--data", filepath.Join(data, "none"), "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:1")
	if err != nil {
		t.Error(err)
	}
	want(found, "data folder", warning, "not there")
	want(found, "database", skipped, "no database")
	want(found, "server", warning, "none runs")
	want(found, "metrics", warning, "nothing answers")
	stranger := httptest.NewServer(nil)
	defer stranger.Close()
	found, err = examined(t, append([]string{"--data", data, "--secret-key", strings.Repeat("0f", 32)}, "--listen", stranger.Listener.Addr().String())...)
	if err == nil {
		t.Error("all is well with another key")
	}
	want(found, "server", wrong, "something else than gnista answers")
	want(found, "key of the database", wrong, "another secret key")
}

// Certificates that have expired or soon will are told.
func TestDoctorOfCertificates(t *testing.T) {
	dir := t.TempDir()
	l := newLive(t, nil)
	c, err := l.ca.Server(t.Context(), pki.ECDSA, []string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "cert.pem")
	var text strings.Builder
	for _, der := range c.Certificate {
		text.WriteString(pki.Certificate{DER: der}.PEM())
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve{transport: transport{TLSCert: []string{file, filepath.Join(dir, "none.pem")}}}
	for expiring, states := range map[time.Duration][2]state{time.Hour: {fine, wrong}, 100 * 365 * 24 * time.Hour: {warning, wrong}} {
		s.Expiring = expiring
		list := s.checkCertificates()
		if len(list) != 2 || list[0].State != states[0] || list[1].State != states[1] {
			t.Errorf("%v: %+v", expiring, list)
		}
	}
}

// What somebody is sent who helps has nothing in it that is somebody's.
func TestSupportBundle(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	l := newLive(t, (*live)(nil).inFolder(data))
	stop := l.busy(t)
	l.asked(t, "POST", "/customers", `{"kind":"private","name":"Astrid Planted","email":"astrid@planted.example"}`, 201)
	l.asked(t, "POST", "/tokens", `{"uid":"04PLANTEDUID","name":"card of Astrid Planted"}`, 201)
	stop()
	serving := make(chan error, 1)
	said := &printed{}
	admin, err := l.adminPort(t.Context(), &sockets{}, "127.0.0.1:0", serving, said)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	config := filepath.Join(dir, "gnista.json")
	if err := os.WriteFile(config, []byte(`{"seller-name": "Planted AB", "mail-from": "planted@planted.example"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GNISTA_ADMIN_TOKEN", "PLANTEDTOKEN")
	t.Setenv("GNISTA_SUPPORT_PHONE", "+4670999PLANTED")
	file := filepath.Join(dir, "s.zip")
	args := []string{"support-bundle", file, "--data", data, "--config", config, "--listen", l.server.Listener.Addr().String(), "--admin-listen", regexp.MustCompile(`127[.0-9]+:[0-9]+`).FindString(said.String()), "--message-log-days", "3"}
	if out, err := runs(t, args...); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	has := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		has[f.Name] = string(text)
		for _, secret := range []string{"PLANTED", "Planted", "planted", "Astrid", "+4670", "CARD\"", "04PLANTEDUID", data} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s has %q in it", f.Name, secret)
			}
		}
	}
	for name, words := range map[string]string{
		"settings.json": `"value": "3"`, "doctor.json": `"server"`, "version.txt": "gnista", "database.json": `"station_transaction"`, "metrics.txt": "gnista_build_info", "goroutines.txt": "goroutine ", "ready.txt": "database: ok",
	} {
		if !strings.Contains(has[name], words) {
			t.Errorf("%s lacks %q: %.300s", name, words, has[name])
		}
	}
	if _, err := runs(t, args...); err == nil {
		t.Error("a file is replaced")
	}
}

// systemd is told when we are ready and when we stop.
func TestSystemd(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--log-level", "error"}, io.Discard, io.Discard)
	}()
	b := make([]byte, 100)
	for _, want := range []string{"READY=1", "STOPPING=1"} {
		c.SetReadDeadline(time.Now().Add(time.Minute))
		n, err := c.Read(b)
		if got := string(b[:n]); err != nil || got != want {
			t.Errorf("it tells %q, %v, want %q", got, err, want)
		}
		stop()
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Settings are shown with where they come from, and what is secret is not.
func TestConfigPrint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gnista.json")
	if err := os.WriteFile(file, []byte(`{"currency": "EUR", "retry": "7s"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GNISTA_ADMIN_TOKEN", "THESECRET")
	t.Setenv("GNISTA_RETRY", "8s")
	out, err := runs(t, "config", "print", "--config", file, "--time-zone", "UTC", "--database", "postgres://me:THESECRET@db/gnista")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		lines[f[0]] = strings.Join(f[1:], " ")
	}
	for name, want := range map[string]string{
		"currency": "EUR file", "retry": "8s environment", "admin-token": "(secret) environment", "time-zone": "UTC flag", "database": "postgres://me@db/gnista flag", "heartbeat": "",
	} {
		if lines[name] != want {
			t.Errorf("%s: %q, want %q", name, lines[name], want)
		}
	}
	if strings.Contains(out, "THESECRET") {
		t.Errorf("it prints a secret: %s", out)
	}
	out, err = runs(t, "config", "print", "--all", "--json")
	var list []sourced
	if bad := json.Unmarshal([]byte(out), &list); bad != nil || err != nil || len(list) < 50 {
		t.Errorf("%v, %v, %d settings", bad, err, len(list))
	}
	if _, err := runs(t, "config", "check", "--config", file); err != nil {
		t.Error(err)
	}
	if _, err := runs(t, "config", "check", "--time-zone", "No/Where"); err == nil || !strings.Contains(err.Error(), "--time-zone") {
		t.Errorf("got %v", err)
	}
	if _, err := runs(t, "config", "check", "--admin-listen", "9091"); err == nil || !strings.Contains(err.Error(), "--admin-listen") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat("data"); err == nil {
		t.Error("checking makes a folder")
	}
}
