package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// byCallOnly are the requests to stations that no order sends, and why it is enough that the operator
// can send any message by its name.
var byCallOnly = map[string]string{}

// Every request that a version has is served or refused for a reason if stations send it, and sent by an
// order of the operator's or left to /calls for a reason if we do.
func TestEveryAction(t *testing.T) {
	a := newLive(t, nil)
	for _, x := range []struct {
		version ocppj.Version
		actions []ocppj.AnyAction
		folder  string
	}{{ocppj.V16, ocpp16.Actions, "v16"}, {ocppj.V201, ocpp2.Actions, "v2"}, {ocppj.V21, ocpp2.Actions, "v2"}} {
		t.Run(x.version.String(), func(t *testing.T) {
			for _, name := range a.gateway.Dialects[x.version].Messages.Unserved() {
				t.Errorf("%s is neither served nor refused for a reason", name)
			}
			sent := sentBy(t, x.folder)
			for _, action := range x.actions {
				name := action.ActionName()
				if !action.In(x.version) || !action.SentBy(ocppj.Central) {
					continue
				}
				switch ordered := sent[strings.ToLower(name)]; {
				case ordered && byCallOnly[name] != "":
					t.Errorf("%s is sent by an order; it needs no reason why not", name)
				case !ordered && byCallOnly[name] == "":
					t.Errorf("%s is sent by no order, and there is no reason why not", name)
				}
			}
		})
	}
}

var (
	mentioned  = regexp.MustCompile(`\bocpp(?:16|2)\.(\w+),`)
	registered = regexp.MustCompile(`\bocppj\.(?:Handle|Accept|Refuse)\(m,`)
)

// sentBy are the actions, in small letters, that the sources of an adapter name where they do not
// register who serves them: those that it sends.
func sentBy(t *testing.T, folder string) map[string]bool {
	files, err := filepath.Glob(filepath.Join("../../gateway", folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources in %s: %v", folder, err)
	}
	sent := map[string]bool{}
	for _, file := range slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") }) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if registered.MatchString(line) {
				continue
			}
			for _, m := range mentioned.FindAllStringSubmatch(line, -1) {
				sent[strings.ToLower(m[1])] = true
			}
		}
	}
	return sent
}
