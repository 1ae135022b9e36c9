package gnista_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/coverage.md anew")

const coverageDoc = "docs/coverage.md"

var (
	citation = regexp.MustCompile(`\b[A-Z]\d\d\.FR\.\d{2,3}\b`)
	caseName = regexp.MustCompile(`TC_[A-Z0-9_]+_CSMS`)
)

// TestCoverage holds docs/coverage.md to what code and tests cite, and wants for each test case of the
// Open Charge Alliance for a central system a transcript or a test with its name, or a written reason.
func TestCoverage(t *testing.T) {
	code, tests, cases := citations(t)
	reasons := map[string]string{}
	for line := range strings.Lines(read(t, "testdata/conformance/reasons.txt")) {
		if name, reason, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(line, "#") {
			reasons[name] = reason
		}
	}
	var b bytes.Buffer
	fmt.Fprint(&b, "<!-- Generated: go test -run TestCoverage -update . -->\n\n# What of OCPP is covered\n\n",
		"Requirements and test cases are named by the ids that the Open Charge Alliance gives them. A requirement is *cited* where code or a test says that it is about it;\n",
		"that nothing cites one does not mean that it is not kept.\n\n## Requirements on a central system\n\n")
	requirements(t, &b, code, tests)
	fmt.Fprint(&b, "\n## Test cases for a central system\n\nEach is a transcript below `testdata/conformance`, or a Go test, with its name.\n\n")
	known := map[string]bool{}
	byVersion := map[string][]string{}
	for line := range strings.Lines(read(t, "testdata/conformance/cases.txt")) {
		version, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		known[name] = true
		byVersion[version] = append(byVersion[version], name)
	}
	fmt.Fprint(&b, "| OCPP | cases | covered | not covered, with a reason |\n|---|---|---|---|\n")
	var lines []string
	for _, version := range []string{"1.6", "2.0.1", "2.1"} {
		covered := 0
		for _, name := range byVersion[version] {
			switch {
			case cases[name]:
				covered++
			case reasons[name] == "":
				t.Errorf("OCPP %s %s has neither a transcript nor a test nor a reason", version, name)
			default:
				lines = append(lines, fmt.Sprintf("| %s | %s | %s |\n", version, name, reasons[name]))
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", version, len(byVersion[version]), covered, len(byVersion[version])-covered)
	}
	if len(lines) > 0 {
		fmt.Fprint(&b, "\n| OCPP | case | why it is not covered |\n|---|---|---|\n", strings.Join(lines, ""))
	}
	for name := range reasons {
		if cases[name] || !known[name] {
			t.Errorf("%s is excused, but is covered or does not exist", name)
		}
	}
	for name := range cases {
		if !known[name] {
			t.Errorf("there is no test case %s", name)
		}
	}
	if *update {
		if err := os.WriteFile(coverageDoc, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if read(t, coverageDoc) != b.String() {
		t.Errorf("%s is out of date; write it with: go test -run TestCoverage -update .", coverageDoc)
	}
}

// requirements writes what is cited of the requirements with a duty of the central system.
func requirements(t *testing.T, b *bytes.Buffer, code, tests map[string]bool) {
	type block struct{ all, code, tests, both, none []string }
	for _, version := range []string{"2.1", "2.0.1", "1.6"} {
		blocks := map[string]*block{}
		for line := range strings.Lines(read(t, "testdata/conformance/requirements.txt")) {
			v, id, _ := strings.Cut(strings.TrimSpace(line), " ")
			if v != version {
				continue
			}
			x := blocks[id[:1]]
			if x == nil {
				x = &block{}
				blocks[id[:1]] = x
			}
			x.all = append(x.all, id)
			switch {
			case code[id] && tests[id]:
				x.both = append(x.both, id)
			case code[id]:
				x.code = append(x.code, id)
			case tests[id]:
				x.tests = append(x.tests, id)
			default:
				x.none = append(x.none, id)
			}
		}
		title := "OCPP " + version
		if version == "1.6" {
			title += " (security whitepaper)"
		}
		fmt.Fprintf(b, "### %s\n\n| block | duties | cited by code | by tests | by neither |\n|---|---|---|---|---|\n", title)
		var names []string
		for name := range blocks {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			x := blocks[name]
			fmt.Fprintf(b, "| %s | %d | %d | %d | %s |\n", name, len(x.all), len(x.both)+len(x.code), len(x.both)+len(x.tests), strings.Join(x.none, " "))
		}
		fmt.Fprintln(b)
	}
}

// citations are the requirements that code and tests cite, and the names of transcripts and tests.
func citations(t *testing.T) (code, tests, cases map[string]bool) {
	code, tests, cases = map[string]bool{}, map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "bin" || d.Name() == "docs" || path == "sim") { // what a station does is no duty of ours
			return fs.SkipDir
		}
		transcript := strings.HasPrefix(path, "testdata"+string(filepath.Separator)) && filepath.Ext(path) == ".txt"
		if base := filepath.Base(path); base == "requirements.txt" || base == "cases.txt" || base == "reasons.txt" || !transcript && filepath.Ext(path) != ".go" || path == "coverage_test.go" {
			return nil
		}
		text := read(t, path)
		into := code
		if transcript || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "storetest") {
			into = tests
			if transcript {
				text = filepath.Base(path) + "\n" + text
				for _, name := range caseName.FindAllString(strings.SplitN(text, "\n", 2)[0], -1) {
					cases[name] = true
				}
			}
			for line := range strings.Lines(text) { // a test with the name, not one that only speaks of it
				if strings.HasPrefix(line, "func Test") || strings.Contains(line, "t.Run(") {
					for _, name := range caseName.FindAllString(line, -1) {
						cases[name] = true
					}
				}
			}
		}
		for _, id := range citation.FindAllString(text, -1) {
			into[id] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return code, tests, cases
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
