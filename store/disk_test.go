package store_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"gnista"
	"gnista/store"
)

func TestDisk(t *testing.T) {
	d := store.Disk{Dir: t.TempDir()}
	size, sha, md, err := d.Put("a", strings.NewReader("hello"), 5)
	if err != nil || size != 5 || sha != "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" || md != "5d41402abc4b2a76b9719d911017c592" {
		t.Fatalf("%d %s %s %v", size, sha, md, err)
	}
	f, err := d.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "hello" {
		t.Fatalf("%q %v", b, err)
	}
	if _, _, _, err := d.Put("b", strings.NewReader("hello!"), 5); gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("a file that is too large: %v", err)
	}
	gone := errors.New("gone")
	if _, _, _, err := d.Put("c", io.MultiReader(strings.NewReader("hel"), iotest.ErrReader(gone)), 5); !errors.Is(err, gone) {
		t.Errorf("a file that breaks off: %v", err)
	}
	if _, _, _, err := d.Put("d", bytes.NewReader(nil), 5); err != nil {
		t.Errorf("an empty file: %v", err)
	}
	for _, id := range []string{"", "..", "../a", "b/../a", "/etc/passwd", ".part-1"} {
		if _, _, _, err := d.Put(id, strings.NewReader("x"), 5); err == nil {
			t.Errorf("%q is kept", id)
		}
		if _, err := d.Open(id); gnista.CodeOf(err) != gnista.NotFound {
			t.Errorf("%q is opened: %v", id, err)
		}
	}
	if err := errors.Join(d.Remove("a"), d.Remove("a"), d.Remove("d")); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(d.Dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
