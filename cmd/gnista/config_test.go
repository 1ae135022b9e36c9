package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Flags weigh more than the environment, and that more than the file.
func TestWhereSettingsComeFrom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gnista.json")
	if err := os.WriteFile(file, []byte(`{"currency": "EUR", "retry": "7s", "time-zone": "No/Where"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(want string, args ...string) {
		t.Helper()
		// The zone does not exist, so that nothing is served.
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"serve", "--data", t.TempDir()}, args...), &out, &out)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
	f("No/Where", "--config", file)
	f("No/Where", "--config="+file)
	f("Else/Where", "--config", file, "--time-zone", "Else/Where")
	t.Setenv("GNISTA_TIME_ZONE", "From/Environment")
	f("From/Environment", "--config", file)
	f("Else/Where", "--config", file, "--time-zone", "Else/Where")
	t.Setenv("GNISTA_CONFIG", file)
	t.Setenv("GNISTA_RETRY", "1ms")
	t.Setenv("GNISTA_TIME_ZONE", "UTC")
	f("--retry must be a second or more")
}

func TestWhatIsRefusedAtStart(t *testing.T) {
	wrong := filepath.Join(t.TempDir(), "wrong.json")
	f := func(want string, args ...string) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // what is not refused ends at once
		var out bytes.Buffer
		err := run(ctx, args, &out, &out)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
	data := "--data=" + t.TempDir()
	f("unknown flag", "serve", data, "--fly")
	f("an admin token is needed", "serve", data, "--listen=0.0.0.0:0")
	f("an admin token is needed", "serve", data, "--public-url=https://charge.example", "--listen=127.0.0.1:0")
	for _, wrong := range []string{"charge.example", "//charge.example", "ftp://charge.example", "https://", "https:/charge.example", "%"} {
		f("--public-url", "serve", data, "--admin-token=x", "--public-url="+wrong, "--listen=127.0.0.1:0")
	}
	f("--listen", "serve", data, "--listen=nonsense")
	f("TLS needs --tls-cert", "serve", data, "--listen=127.0.0.1:0", "--tls-listen=127.0.0.1:0")
	f("each certificate has a key", "serve", data, "--listen=127.0.0.1:0", "--tls-listen=127.0.0.1:0", "--tls-cert=a,b", "--tls-key=c")
	f("reading the certificate a", "serve", data, "--listen=127.0.0.1:0", "--tls-listen=127.0.0.1:0", "--tls-cert=a", "--tls-key=c")
	f("of which there is none", "serve", data, "--listen=127.0.0.1:0", "--tls-cert=a", "--tls-key=c")
	f("is not a network", "serve", data, "--listen=127.0.0.1:0", "--proxies=10.0.0.1")
	f("is not an address for stations", "serve", data, "--listen=127.0.0.1:0", "--tls-url=https://charge.example")
	f("must not be negative", "serve", data, "--listen=127.0.0.1:0", "--station-rate=-1")
	f("neither sqlite:FILE nor postgres", "serve", "--database=mysql://x", "--listen=127.0.0.1:0")
	f("names no file", "serve", "--database=sqlite:", "--listen=127.0.0.1:0")
	f("names no file", "migrate", "--database=sqlite::memory:")
	f("must be one of", "serve", data, "--unknown-stations=welcome")
	for text, want := range map[string]string{`{"lisen": ":1"}`: `"lisen", which is no setting`, `[1]`: "is not a JSON object", `{`: "is not a JSON object"} {
		if err := os.WriteFile(wrong, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f(want, "serve", data, "--config", wrong)
	}
	f("reading the configuration", "serve", data, "--config", wrong+".none")
}

// A database is changed beside no running server.
func TestMigrate(t *testing.T) {
	dir := t.TempDir()
	database := "--database=sqlite:" + filepath.Join(dir, "test.db")
	var out bytes.Buffer
	migrate := func() error { return run(t.Context(), []string{"migrate", database, "--data", dir}, &out, &out) }
	if err := migrate(); err != nil {
		t.Fatal(err)
	}
	secret, err := certifying{}.secret(dir)
	if err != nil {
		t.Fatal(err)
	}
	newLive(t, func(o *options) { o.Database, o.Secret = strings.TrimPrefix(database, "--database="), secret })
	if err := migrate(); err == nil || !strings.Contains(err.Error(), "another gnista runs on it") {
		t.Errorf("got %v", err)
	}
}
