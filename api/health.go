package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Readiness is something that must be so for requests to be taken.
type Readiness struct {
	Name  string
	Check func(context.Context) error // the error is logged, and told as that the check failed
}

// readyWithin is how long the checks may take together.
const readyWithin = 5 * time.Second

// Health answers whether we live, which depends on nothing, and whether we are ready, which depends on all checks; with
// ?verbose it lists them.
func (s *Server) Health() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /healthz", s.readyz)
	return mux
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	var lines strings.Builder
	bad := ""
	for _, c := range s.Ready {
		how := "ok"
		if err := c.Check(ctx); err != nil {
			s.Log.WarnContext(ctx, "not ready", "check", c.Name, "err", err)
			how, bad = "failed", c.Name
		}
		fmt.Fprintf(&lines, "%s: %s\n", c.Name, how)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if bad != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, "not ready: %s\n", bad)
	} else {
		fmt.Fprintln(w, "ok")
	}
	if r.URL.Query().Has("verbose") {
		fmt.Fprint(w, lines.String())
	}
}
