// Package web holds what is built from the sources beside it: the console of operators and the script of the pages
// of drivers. It may not be built: a binary can be made without Node.
package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

//go:embed all:dist
var files embed.FS

// Files are those that are built: index.html of the console, manifest.json, and below built/ what they need, some of
// it with .gz and .br beside it.
func Files() fs.FS {
	dist, err := fs.Sub(files, "dist")
	if err != nil {
		panic(err) // the folder is in the binary
	}
	return dist
}

// The sources of the scripts of drivers' pages.
const (
	Drive  = "src/drive/main.ts"
	Worker = "src/drive/worker.ts"
)

// Scripts are the names of the files in [Files] that are built from sources; empty where nothing is built.
func Scripts() (map[string]string, error) {
	out := map[string]string{}
	text, err := fs.ReadFile(Files(), "manifest.json")
	if err != nil {
		return out, nil
	}
	var built map[string]struct {
		File    string `json:"file"`
		IsEntry bool   `json:"isEntry"`
	}
	if err := json.Unmarshal(text, &built); err != nil {
		return out, fmt.Errorf("manifest.json of what is built: %w", err)
	}
	for source, x := range built {
		if x.IsEntry {
			out[source] = x.File
		}
	}
	return out, nil
}
