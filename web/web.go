// Package web holds what is built from the sources beside it: the console of operators and the script of the pages
// of drivers. It may not be built: a binary can be made without Node.
package web

import (
	"embed"
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
