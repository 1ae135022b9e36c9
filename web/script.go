package web

import (
	"encoding/json"
	"io/fs"
	"sync"
)

// Script is the file that an entry is built to, as src/signin/main.ts is to built/signin-….js; ok is false where
// nothing is built.
func Script(entry string) (file string, ok bool) {
	x, ok := manifest()[entry]
	return x.File, ok && x.File != ""
}

type built struct{ File string }

var manifest = sync.OnceValue(func() (m map[string]built) {
	text, err := fs.ReadFile(Files(), "manifest.json")
	if err != nil || json.Unmarshal(text, &m) != nil {
		return nil
	}
	return m
})
