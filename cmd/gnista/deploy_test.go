package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

const chart = "../../deploy/helm/gnista"

// What is deployed names only settings that there are.
func TestDeployedSettings(t *testing.T) {
	parser, err := kong.New(new(commandLine), kong.DefaultEnvars("GNISTA"))
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"GNISTA_CONFIG"}
	for _, node := range parser.Model.Leaves(false) {
		for _, f := range node.Flags {
			known = append(known, f.Envs...)
		}
	}
	files := []string{"../../docs/operations.md", "../../SECURITY.md"}
	err = filepath.WalkDir("../../deploy", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\bGNISTA_[A-Z_]*[A-Z]\b`).FindAllString(string(text), -1) {
			named++
			if !slices.Contains(known, name) {
				t.Errorf("%s names %s, which is no setting", file, name)
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d settings are named", named)
	}
}

func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(chart + "/files/gnista.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil || len(d.Panels) < 10 {
		t.Fatalf("%v, %d panels", err, len(d.Panels))
	}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			if strings.Count(q.Expr, "(") != strings.Count(q.Expr, ")") || !strings.Contains(q.Expr, "gnista_") {
				t.Errorf("%s asks %s", p.Title, q.Expr)
			}
		}
	}
}

// The chart is sound, and renders what is asked for.
func TestChart(t *testing.T) {
	helm, err := exec.LookPath("helm")
	if err != nil {
		if helm, err = filepath.Abs("../../bin/helm"); err == nil {
			_, err = os.Stat(helm)
		}
	}
	if err != nil {
		t.Skip("skipped: there is no helm; make chart builds one")
	}
	// One that was built by go install knows an old Kubernetes only, so that is named.
	render := func(args ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), helm, append([]string{"template", "csms", chart, "--kube-version", "1.32.0"}, args...)...).CombinedOutput()
		return string(out), err
	}
	if out, err := exec.CommandContext(t.Context(), helm, "lint", "--strict", chart).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	watched := []string{"--set", "serviceMonitor.enabled=true,prometheusRule.enabled=true,dashboard.enabled=true,ingress.enabled=true,ingress.host=charge.example,ingress.tlsSecret=tls"}
	shared := append(slices.Clone(watched), "--set", "database.url=postgres://db/gnista,nats.url=nats://nats:4222,replicas=3,publicURL=https://charge.example")
	for name, c := range map[string]struct {
		args      []string
		has, lack []string
	}{
		"one node": {nil, []string{"kind: StatefulSet", "volumeClaimTemplates", "ReadWriteOncePod", "kind: PodDisruptionBudget", "kind: NetworkPolicy", "terminationGracePeriodSeconds: 90", "path: /livez", "path: /readyz", `value: "10s"`},
			[]string{"kind: Deployment", "kind: Ingress", "kind: ServiceMonitor", "kind: PrometheusRule", "GNISTA_DATABASE"}},
		"several nodes": {shared, []string{"kind: Deployment", "replicas: 3", "kind: ServiceMonitor", "kind: PrometheusRule", "alert: GnistaDown", "kind: Ingress", "GNISTA_NODE_URL", "maxUnavailable: 1", "gnista.json: |-", "{{ $labels.consumer }}"},
			[]string{"kind: StatefulSet", "volumeClaimTemplates"}},
		"one node on PostgreSQL": {[]string{"--set", "database.url=postgres://db/gnista,files.existingClaim=files"}, []string{"type: Recreate", "claimName: files"}, []string{"GNISTA_NATS", "{name: data, emptyDir"}},
		"settings":               {[]string{"--set-json", `config={"currency":"EUR","heartbeat":"1m"}`}, []string{`"{\"currency\":\"EUR\",\"heartbeat\":\"1m\"}"`}, nil},
	} {
		out, err := render(c.args...)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
			continue
		}
		for _, words := range c.has {
			if !strings.Contains(out, words) {
				t.Errorf("%s: there is no %q in\n%s", name, words, out)
			}
		}
		for _, words := range c.lack {
			if strings.Contains(out, words) {
				t.Errorf("%s: there is %q", name, words)
			}
		}
	}
	for set, words := range map[string]string{
		"replicas=2": "needs database.url and nats.url", "stopDelaySeconds=90": "must be more than stopDelaySeconds", "ingress.enabled=true": "ingress.host is missing",
	} {
		if out, err := render("--set", set); err == nil || !strings.Contains(out, words) {
			t.Errorf("%s: %v, want %q\n%s", set, err, words, out)
		}
	}
}
