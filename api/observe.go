package api

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Observer is told of a request that was answered: the pattern of its route, which is "other" where it came to none,
// and whether its answer went on until somebody had enough.
type Observer func(ctx context.Context, route string, status int, took time.Duration, streamed bool)

// noted is what is found out about a request while it is answered.
type noted struct {
	id    string
	route string
}

type notedKey struct{}

// RequestID is the id of the request that ctx is of; empty is none.
func RequestID(ctx context.Context) string {
	if n, ok := ctx.Value(notedKey{}).(*noted); ok {
		return n.id
	}
	return ""
}

const requestIDHeader = "X-Request-Id"

// sane are ids of others that may stand in our log.
var sane = regexp.MustCompile(`^[A-Za-z0-9._:/+=-]{1,128}$`)

// observed gives requests an id, which they may bring along, and tells what became of them.
func (s *Server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		n := &noted{id: r.Header.Get(requestIDHeader), route: "other"}
		if !sane.MatchString(n.id) {
			n.id = s.NewRequestID()
		}
		w.Header().Set(requestIDHeader, n.id)
		out := &answerWriter{ResponseWriter: w, status: http.StatusOK}
		ctx := context.WithValue(r.Context(), notedKey{}, n)
		next.ServeHTTP(out, r.WithContext(ctx))
		took := time.Since(began)
		if s.Observe != nil {
			s.Observe(ctx, n.route, out.status, took, strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream"))
		}
		s.Log.DebugContext(ctx, "a request was answered", "method", r.Method, "route", n.route, "status", out.status, "ms", took.Milliseconds())
	})
}

// routed notes the pattern that a request came to.
func routed(ctx context.Context, pattern string) {
	if n, ok := ctx.Value(notedKey{}).(*noted); ok && pattern != "" {
		n.route = pattern
	}
}

// answerWriter knows the status of an answer.
type answerWriter struct {
	http.ResponseWriter
	status int
	told   bool
}

// WriteHeader takes in the first status that is final.
func (w *answerWriter) WriteHeader(status int) {
	if !w.told && status >= http.StatusOK {
		w.status, w.told = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *answerWriter) Write(b []byte) (int, error) {
	w.told = true
	return w.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
