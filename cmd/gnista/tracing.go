package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"gnista/api"
	"gnista/gateway"
)

// tracing is where traces go.
type tracing struct {
	OTLPEndpoint string `help:"Address that traces are sent to by OTLP over HTTP, as in http://127.0.0.1:4318: one of each request to the API and of each OCPP message, without what is in them. None are made without it." name:"otlp-endpoint" placeholder:"URL"`
}

func (t tracing) check() error {
	if t.OTLPEndpoint == "" {
		return nil
	}
	if u, err := url.Parse(t.OTLPEndpoint); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--otlp-endpoint: %q is not an address as in http://127.0.0.1:4318", t.OTLPEndpoint)
	}
	return nil
}

// tracer makes spans of requests and OCPP messages. Paths are not in them, as links to pages of drivers are secret: routes are.
type tracer struct {
	trace.Tracer
	provider *sdktrace.TracerProvider
}

// newTracer makes a tracer; nil where there is no address.
func newTracer(ctx context.Context, address string, log *slog.Logger) (*tracer, error) {
	if address == "" {
		return nil, nil
	}
	if u, err := url.Parse(address); err == nil && (u.Path == "" || u.Path == "/") {
		u.Path = "/v1/traces"
		address = u.String()
	}
	x, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(address))
	if err != nil {
		return nil, fmt.Errorf("--otlp-endpoint: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces could not be sent", "err", err) }))
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(x), sdktrace.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "gnista"), attribute.String("service.version", version),
	)))
	return &tracer{p.Tracer("gnista"), p}, nil
}

// sentWithin is how long the end waits for traces.
const sentWithin = 2 * time.Second

// close sends what is left.
func (t *tracer) close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sentWithin)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// requests gives each request a span, below the one that the request says it belongs to.
func (t *tracer) requests(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// served names the span of a request.
func served(ctx context.Context, route string, status int) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetName(route)
	span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status), attribute.String("request_id", api.RequestID(ctx)))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, http.StatusText(status))
	}
}

// message makes a span of a message that was answered, below that of the request that sent it.
func (t *tracer) message(ctx context.Context, m gateway.Answered) {
	if t == nil {
		return
	}
	kind, end := trace.SpanKindServer, time.Now()
	if m.Outgoing {
		kind = trace.SpanKindClient
	}
	_, span := t.Start(ctx, "OCPP "+m.Action, trace.WithSpanKind(kind), trace.WithTimestamp(end.Add(-m.Took)), trace.WithAttributes(
		attribute.String("station", string(m.Station)), attribute.String("action", m.Action), attribute.String("result", m.Result),
	))
	if m.Result != gateway.Well {
		span.SetStatus(codes.Error, m.Result)
	}
	span.End(trace.WithTimestamp(end))
}

// observers are told by the gateway.
type observers struct {
	*metrics
	*tracer
}

// Message counts a message, and makes a span of it.
func (o observers) Message(ctx context.Context, m gateway.Answered) {
	o.metrics.message(m)
	o.tracer.message(ctx, m)
}
