package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"gnista/store/storetest"
)

// conformance are the folders of the transcripts of test cases of the Open Charge Alliance, and the
// versions in which each is played. In those of several versions ocpp2.x stands for the subprotocol,
// and the conversation goes alike in each.
var conformance = map[string][]string{"16": {"ocpp1.6"}, "201": {"ocpp2.0.1"}, "21": {"ocpp2.1"}, "2": {"ocpp2.0.1", "ocpp2.1"}}

// TestConformance plays the test cases, each in a transcript with its name.
func TestConformance(t *testing.T) {
	storetest.SQLite(t, t.TempDir()) // as for the transcripts
	for folder, versions := range conformance {
		files, err := filepath.Glob(filepath.Join("../../testdata/conformance", folder, "TC_*.txt"))
		if err != nil || len(files) == 0 && len(versions) > 1 {
			t.Fatalf("no transcripts in %s: %v", folder, err)
		}
		for _, file := range files {
			t.Run(folder+"/"+strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
				t.Parallel()
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for i, version := range versions {
					var got string
					t.Run(version, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { got = play(t, strings.ReplaceAll(string(want), "ocpp2.x", version)) })
					})
					if len(versions) > 1 {
						got = strings.ReplaceAll(got, version, "ocpp2.x")
					}
					if *update && i == 0 {
						if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
							t.Fatal(err)
						}
						want = []byte(got)
					} else if got != string(want) {
						t.Errorf("in %s the conversation goes otherwise:\n%s", version, difference(string(want), got))
					}
				}
			})
		}
	}
}
