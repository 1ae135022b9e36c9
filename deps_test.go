package gnista_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"testing"
)

// allowed says which of our packages a package may import. Below a name with /... are those in it.
var allowed = map[string][]string{
	".":                {},
	"ocpp/...":         {"ocpp/..."},
	"station":          {"."},
	"station/gen":      {".", "station"},
	"access":           {"."},
	"account":          {"."},
	"account/member":   {".", "account", "token"},
	"token":            {".", "station", "account"},
	"pki":              {".", "station"},
	"tariff":           {"."},
	"charging":         {".", "station", "token"},
	"campaign":         {".", "station"},
	"billing":          {".", "account", "charging", "tariff", "token"},
	"vat":              {"."},
	"payment/...":      {".", "account", "billing", "charging", "tariff", "token", "payment", "payment/journal", "station", "vat"},
	"checkout":         {".", "station", "token", "charging", "tariff", "billing", "payment", "power", "vat"},
	"ocpi":             {".", "tariff"},
	"power":            {".", "station", "token", "charging", "tariff", "power/share"},
	"power/share":      {"."},
	"power/site":       {".", "station", "charging", "power", "power/share"},
	"cost":             {".", "station", "token", "charging", "tariff", "power"},
	"commission":       {".", "station", "token", "charging", "pki", "power"},
	"fault":            {".", "station", "token", "charging"},
	"fault/remedy/gen": {".", "fault", "fault/remedy"},
	"fault/...":        {".", "station", "token", "charging", "billing", "payment", "checkout", "pki", "power", "fault"},
	"gateway/...":      {".", "account", "station", "token", "charging", "tariff", "billing", "pki", "power", "cost", "vat", "payment/terminal", "ocpp/...", "gateway"},
	"cluster/...":      {".", "cluster", "account", "station", "token", "charging", "tariff", "billing", "pki", "power"},
	"web":              {},
	"api":              {".", "web", "account", "account/member", "payment", "payment/terminal", "vat", "checkout", "ocpi", "campaign", "station", "token", "charging", "tariff", "billing", "pki", "power", "power/site", "cost", "commission", "fault", "fault/watch", "fault/uptime", "fault/remedy", "fault/alert", "fault/driver", "access"},
	"store":            {".", "account", "account/member", "payment", "payment/terminal", "vat", "checkout", "campaign", "station", "token", "charging", "tariff", "billing", "pki", "power", "power/site", "cost", "commission", "fault", "fault/watch", "fault/uptime", "fault/remedy", "fault/alert", "fault/driver", "access", "cluster"},
	"store/storetest":  {".", "account", "account/member", "payment", "payment/terminal", "vat", "checkout", "campaign", "station", "token", "charging", "tariff", "billing", "pki", "power", "power/site", "cost", "commission", "store", "fault", "fault/watch", "fault/uptime", "fault/remedy", "fault/alert", "fault/driver", "access", "cluster"},
	"sim":              {".", "ocpp/..."},
	"cmd/...":          {"..."},
	"deploy/...":       {},
}

const module = "gnista"

// TestImports holds the packages to the table in docs/architecture.md.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := name(fields[0])
		may, ok := rule(from)
		if !ok {
			t.Errorf("package %s is not in the table", from)
			continue
		}
		for _, imported := range fields[1:] {
			if imported != module && !strings.HasPrefix(imported, module+"/") {
				continue
			}
			if to := name(imported); !matches(may, to) {
				t.Errorf("%s imports %s, which it may not", from, to)
			}
		}
	}
}

func name(importPath string) string {
	return path.Clean(strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/"))
}

func rule(from string) ([]string, bool) {
	for pattern, may := range allowed {
		if matches([]string{pattern}, from) {
			if more, exact := allowed[from]; exact {
				return more, true
			}
			return may, true
		}
	}
	return nil, false
}

func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		base, tree := strings.CutSuffix(p, "...")
		if p == name || tree && (base == "" || strings.HasPrefix(name+"/", base)) {
			return true
		}
	}
	return false
}

// TestPackageComments wants one comment that says what a package is, in one file of it.
func TestPackageComments(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .GoFiles}} {{$.Dir}}/{{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(out) {
		fields := strings.Fields(string(line))
		comments := 0
		for _, file := range fields[1:] {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil {
				comments++
			}
		}
		if comments != 1 && len(fields) > 1 {
			t.Errorf("package %s has %s package comments", name(fields[0]), strconv.Itoa(comments))
		}
	}
}
