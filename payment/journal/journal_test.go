package journal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type entry struct{ N int }

// What was added is there again, but for what is not to be kept, what was not written to its end, and what there is no
// room for.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "journal")
	open := func(least int) (*Journal[entry], []int) {
		t.Helper()
		var got []int
		j, err := Open(path, func(e entry) bool { return e.N >= least }, func(e entry) { got = append(got, e.N) })
		if err != nil {
			t.Fatal(err)
		}
		return j, got
	}
	add := func(j *Journal[entry], list ...int) {
		t.Helper()
		for _, n := range list {
			if err := j.Add(entry{n}); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(got []int, want ...int) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("there is %v, want %v", got, want)
		}
	}
	j, got := open(0)
	want(got)
	add(j, 1, 2, 3)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("what is this\n{\"N\":4") // the process was killed
	f.Close()
	j, got = open(2)
	want(got, 2, 3)
	add(j, 5)
	j, got = open(0)
	want(got, 2, 3, 5)

	j.most = 100
	for n := range 1000 {
		add(j, 100+n)
		if i, err := os.Stat(path); err != nil || i.Size() > 100 {
			t.Fatalf("it is %v, %v", i, err)
		}
	}
	if _, got = open(0); len(got) < 3 || got[len(got)-1] != 1099 || got[0] != 1100-len(got) {
		t.Errorf("there is %v", got)
	}

	if err := os.WriteFile(path+"x", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(path+"x", "journal"), func(entry) bool { return true }, func(entry) {}); err == nil || !strings.Contains(err.Error(), "x") {
		t.Errorf("in a folder that is none: %v", err)
	}
}
