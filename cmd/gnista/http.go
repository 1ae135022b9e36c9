package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"gnista/gateway"
)

// bodyLimit is how long the body of a request may take to come in.
const bodyLimit = 30 * time.Second

// server serves a handler with limits for what has not come in yet.
func (a *app) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ConnState: a.gateway.ConnState,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
}

// lazily makes a handler for its first request. That of the API takes a tenth of a second to make, which stations need
// not wait for, nor a node that passes all requests on.
func lazily(build func() http.Handler) http.Handler {
	built := sync.OnceValue(build)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { built().ServeHTTP(w, r) })
}

// route is the handler of all paths. Stations are told apart before an [http.ServeMux] sees their
// path: it would send them elsewhere for a slash too many, and they do not follow.
func route(stations, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if below, ok := strings.CutPrefix(r.URL.EscapedPath(), gateway.Path); ok && (below == "" || below[0] == '/') {
			stations.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

// bodiesWithin gives the bodies of requests a time limit; what is done with them may take longer. It
// holds for bodies that nobody reads as well: the server looks for their end.
func bodiesWithin(limit time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			c := http.NewResponseController(w)
			if err := c.SetReadDeadline(time.Now().Add(limit)); err == nil {
				r.Body = &body{r.Body, c}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// body is a request's body whose end takes the time limit off: from then on the server reads to learn
// whether the client is still there, and would take the limit for its going.
type body struct {
	io.ReadCloser
	c *http.ResponseController
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.c.SetReadDeadline(time.Time{})
	}
	return n, err
}
