package gnista_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// permissive are words of the licences that what is linked into the binary may have, by which each is known.
var permissive = map[string]string{
	"Apache-2.0": "Apache License",
	"MIT":        "Permission is hereby granted, free of charge",
	"BSD":        "Redistribution and use in source and binary forms",
	"ISC":        "Permission to use, copy, modify, and/or distribute",
	"ISC (old)":  "Permission to use, copy, modify, and distribute",
	"MPL-2.0":    "Mozilla Public License",
	"CC0":        "CC0 1.0 Universal",
	"Unlicense":  "This is free and unencumbered software",
	"public":     "public domain",
}

// TestLicences lets nothing into the binary whose licence asks more of who runs it than to name it.
func TestLicences(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}`, "./cmd/gnista").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	lines = slices.DeleteFunc(slices.Compact(lines), func(line string) bool { return line == "" })
	if len(lines) < 20 {
		t.Fatalf("only %d modules are linked", len(lines))
	}
	for _, line := range lines {
		module, dir, _ := strings.Cut(line, " ")
		var files []string
		for _, pattern := range []string{"LICEN[SC]E*", "Licen[sc]e*", "licen[sc]e*", "COPYING*", "UNLICENSE*"} {
			found, _ := filepath.Glob(filepath.Join(dir, pattern))
			files = append(files, found...)
		}
		known := ""
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // a folder with those of several
			}
			for name, words := range permissive {
				if strings.Contains(strings.Join(strings.Fields(string(text)), " "), words) {
					known = name
				}
			}
			for _, words := range []string{"GNU GENERAL PUBLIC LICENSE", "GNU AFFERO", "GNU LESSER", "Server Side Public License", "Business Source License"} {
				if strings.Contains(string(text), words) {
					t.Errorf("%s has %q in %s", module, words, filepath.Base(file))
				}
			}
		}
		if known == "" {
			t.Errorf("%s has no licence that is known: %v", module, files)
		}
	}
}
