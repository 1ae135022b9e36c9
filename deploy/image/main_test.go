package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// From the same files comes the same image, whenever they were written.
func TestSame(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	i := image{certificates: source, licence: source, version: "1.0", made: time.Unix(1_700_000_000, 0).UTC(), source: "https://source.example"}
	i.arch, i.binary = "amd64", filepath.Join(dir, "program")
	build := exec.Command("go", "build", "-o", i.binary, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	one, two := filepath.Join(dir, "one.tar"), filepath.Join(dir, "two.tar")
	if err := i.write(one); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(i.binary, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := i.write(two); err != nil {
		t.Fatal(err)
	}
	a, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(two)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("the image is another one the second time")
	}
	if !bytes.Contains(a, []byte("https://source.example")) {
		t.Error("the image does not say where its source is")
	}
	i.arch = "arm64"
	if err := i.write(two); err == nil || !strings.Contains(err.Error(), "and not for arm64") {
		t.Errorf("a program for another architecture: %v", err)
	}
}
