package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"go.opentelemetry.io/otel/trace"

	"gnista/api"
)

// adminPort serves what is not for the public: metrics, health and profiles. Nobody is asked who they are.
func (a *app) adminPort(ctx context.Context, from *sockets, address string, failed chan<- error, out io.Writer) (*http.Server, error) {
	if address == "" {
		return nil, nil
	}
	l, err := from.listen(ctx, "admin-listen", address)
	if err != nil {
		return nil, fmt.Errorf("--admin-listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("GET /metrics", a.metrics.handler(a.log))
	mux.Handle("/", a.health)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { failed <- server.Serve(l) }()
	fmt.Fprintf(out, "Profiles are on http://%s/debug/pprof/, metrics on http://%[1]s/metrics\n", l.Addr())
	return server, nil
}

// readiness is what must be so for requests to be taken.
func (a *app) readiness() []api.Readiness {
	return []api.Readiness{
		{Name: "not stopping", Check: func(context.Context) error {
			if a.stopping.Load() {
				return errors.New("the system is stopping")
			}
			return nil
		}},
		{Name: "database", Check: a.db.Ready},
		{Name: "schema", Check: func(ctx context.Context) error {
			has, known, err := a.db.Schema(ctx)
			if err == nil && has < known {
				err = fmt.Errorf("it has version %d, and this gnista needs %d", has, known)
			}
			return err
		}},
	}
}

// leave says that we are not ready any more, and goes on for a while, so that those who send requests here, or stations,
// can notice. What has failed ends that. Systemd is told a state: whom it believes to be stopping it kills in the end,
// also when that is there again.
func (a *app) leave(state string, wait time.Duration, log *slog.Logger, failed <-chan error) {
	a.stopping.Store(true)
	tellSystemd(log, state)
	if wait <= 0 {
		return
	}
	log.Info("not ready any more, and stopping soon", "in", wait)
	select {
	case <-time.After(wait):
	case <-failed:
	}
}

// tellSystemd tells the state where we were started by systemd, and nobody elsewhere.
func tellSystemd(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("systemd could not be told how we are", "err", err)
	}
}

// withRequests adds the ids of the request and its trace to what is logged for one.
type withRequests struct{ slog.Handler }

// Handle adds it.
func (h withRequests) Handle(ctx context.Context, r slog.Record) error {
	if id := api.RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps adding it.
func (h withRequests) WithAttrs(list []slog.Attr) slog.Handler {
	return withRequests{h.Handler.WithAttrs(list)}
}

// WithGroup keeps adding it.
func (h withRequests) WithGroup(name string) slog.Handler {
	return withRequests{h.Handler.WithGroup(name)}
}
