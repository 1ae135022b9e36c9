package api

import (
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"

	"gnista/web"
)

// consolePolicy lets the console load what is its own, and nothing else.
const consolePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// console adds the screens of operators, and the files that they and the pages of drivers are made of.
func (s *Server) console(mux *http.ServeMux) {
	files := web.Files()
	mux.HandleFunc("GET /built/{name...}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable") // their names tell what is in them
		sendBuilt(w, r, files, "built/"+r.PathValue("name"))
	})
	mux.HandleFunc("GET /map.pmtiles", func(w http.ResponseWriter, r *http.Request) {
		if s.MapTiles == "" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Cache-Control", "private, max-age=3600")
		http.ServeFile(w, r, s.MapTiles) // in parts, as who draws the map asks for them
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "there is nothing that can be done here", http.StatusMethodNotAllowed)
			return
		}
		if strings.Contains(path.Base(r.URL.Path), ".") && strings.Count(r.URL.Path, "/") == 1 { // such as /favicon.ico
			http.NotFound(w, r)
			return
		}
		secure(w.Header().Set)
		w.Header().Set("Content-Security-Policy", consolePolicy)
		w.Header().Set("Cache-Control", "no-cache")
		if _, err := fs.Stat(files, "index.html"); err != nil {
			w.WriteHeader(http.StatusNotImplemented)
			s.show(w, "unbuilt.html", r.Header.Get("Accept-Language"), nil)
			return
		}
		sendBuilt(w, r, files, "index.html")
	})
}

// sendBuilt sends a file that was built, compressed where it is and the reader can.
func sendBuilt(w http.ResponseWriter, r *http.Request, files fs.FS, name string) {
	kind := mime.TypeByExtension(path.Ext(name))
	if !fs.ValidPath(name) || kind == "" {
		w.Header().Del("Cache-Control")
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Add("Vary", "Accept-Encoding")
	accepted := strings.Split(strings.ReplaceAll(r.Header.Get("Accept-Encoding"), " ", ""), ",")
	for _, c := range []struct{ ext, encoding string }{{".br", "br"}, {".gz", "gzip"}, {"", ""}} {
		if c.ext != "" && !slices.Contains(accepted, c.encoding) {
			continue
		}
		f, err := files.Open(name + c.ext)
		if err != nil {
			continue
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || info.IsDir() {
			continue
		}
		if c.encoding != "" {
			w.Header().Set("Content-Encoding", c.encoding)
		}
		io.Copy(w, f)
		return
	}
	w.Header().Del("Cache-Control")
	http.NotFound(w, r)
}
