package commission

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTexts: whatever a report can say is said in both languages, with the same in it, and what is wrong
// comes with what to do about it.
func TestTexts(t *testing.T) {
	use := regexp.MustCompile(`(find|once|several|note|skip|unsupported|say|fact|factOf|Name)\("([a-z0-9-]+)"`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range use.FindAllStringSubmatch(string(source), -1) {
			used++
			x, ok := texts[m[2]]
			if !ok {
				t.Errorf("%s: %q has no text", file, m[2])
			}
			if slices.Contains([]string{"find", "once", "several"}, m[1]) && x.doEn == "" {
				t.Errorf("%s: nothing is said to do about %q", file, m[2])
			}
		}
	}
	if used < 100 {
		t.Errorf("only %d uses of texts are found", used)
	}
	for _, s := range steps() {
		if _, ok := texts[s.name]; !ok {
			t.Errorf("the step %q has no text", s.name)
		}
	}
	places := func(text string) []string {
		list := spots.FindAllString(text, -1)
		slices.Sort(list)
		return slices.Compact(list)
	}
	for key, x := range texts {
		if x.en == "" || x.sv == "" || (x.doEn == "") != (x.doSv == "") {
			t.Errorf("%q is not said in both languages", key)
		}
		if !slices.Equal(places(x.en), places(x.sv)) || !slices.Equal(places(x.doEn), places(x.doSv)) {
			t.Errorf("%q does not have the same in it in both languages", key)
		}
		if strings.Contains(spots.ReplaceAllString(x.en+x.sv+x.doEn+x.doSv, ""), "%") {
			t.Errorf("%q has a %% that is no place", key)
		}
	}
}

func TestText(t *testing.T) {
	f := func(l Language, m Message, want string) {
		t.Helper()
		if got := l.Text(m); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(English, say("clock-unset", "1970-01-01T00:00:00Z"), "Its clock was never set: 1970-01-01T00:00:00Z.")
	f(Swedish, say("clock-unset", "%[1]s %d"), "Klockan har aldrig ställts: %[1]s %d.")
	f(English, say("clock-unset"), "Its clock was never set: –.")
	f(English, say("clock-unset", strings.Repeat("å", maxText+1)), "Its clock was never set: "+strings.Repeat("å", maxText)+"….")
	f("de", say("offline"), "The station went offline.")
}

func TestParseStamp(t *testing.T) {
	f := func(text string, zone int, want string) {
		t.Helper()
		got, z, ok := parseStamp(text)
		if ok != (want != "") || ok && (z != zone || got.UTC().Format("2006-01-02T15:04:05.999") != want) {
			t.Errorf("%q is %v, zone %d, %t", text, got, z, ok)
		}
	}
	f("2026-01-01T10:00:00Z", wholeZone, "2026-01-01T10:00:00")
	f("2026-01-01T10:00:00.5+02:00", wholeZone, "2026-01-01T08:00:00.5")
	f(" 2026-01-01 10:00:00Z ", wholeZone, "2026-01-01T10:00:00")
	f("2026-01-01T10:00:00+02", shortZone, "2026-01-01T08:00:00")
	f("2026-01-01T10:00:00", noZone, "2026-01-01T10:00:00")
	f("10:00", 0, "")
	f("", 0, "")
}
