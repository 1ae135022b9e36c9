package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gnista"
	"gnista/fault"
	"gnista/gateway"
	"gnista/payment"
	"gnista/station"
	"gnista/token"
)

// metrics are what is told to Prometheus. No label has values that grow with the stations, or that others make up.
type metrics struct {
	registry *prometheus.Registry

	messages   *prometheus.CounterVec
	calls      *prometheus.HistogramVec
	handshakes *prometheus.CounterVec
	starts     *prometheus.CounterVec
	toEnergy   prometheus.Histogram
	payments   *prometheus.CounterVec
	commits    prometheus.Histogram
	changes    prometheus.Histogram
	requests   *prometheus.CounterVec
	answers    *prometheus.HistogramVec
}

// The buckets: of what takes a disk's time, a station's or a browser's, and a driver's.
var (
	diskTime   = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}
	callTime   = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	driverTime = []float64{1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 600}
	groupSizes = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}
)

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		messages: counter("gnista_ocpp_messages_total",
			"OCPP requests that were answered, of stations (direction in) and ours (out), by what with: ok, an error code, Unanswered, Unsent.", "action", "direction", "result"),
		calls: prometheus.NewHistogramVec(histogram("gnista_ocpp_call_duration_seconds",
			"Time until an OCPP request was answered: by us, with the commit (direction in), or by the station (out).", callTime), []string{"action", "direction"}),
		handshakes: counter("gnista_ocpp_handshakes_total", "Connections of stations that were made (ok), or refused and why.", "result"),
		starts: counter("gnista_transaction_starts_total",
			"Attempts to charge: transactions that began (started), tokens that may not (refused), orders to start that a station did not follow (failed).", "result", "reason"),
		toEnergy: prometheus.NewHistogram(histogram("gnista_driver_start_seconds",
			"Time from the beginning of a transaction, or from a guest's payment, until energy flowed, as far as the meter told; observed when it ends.", driverTime)),
		payments: counter("gnista_payments_total", "Payments that came to a state, by provider.", "method", "result"),
		commits: prometheus.NewHistogram(histogram("gnista_store_commit_seconds",
			"Time of a commit of the database, with running its changes.", diskTime)),
		changes:  prometheus.NewHistogram(histogram("gnista_store_commit_changes", "Changes in one commit.", groupSizes)),
		requests: counter("gnista_http_requests_total", "Requests to the API and the pages.", "route", "code"),
		answers: prometheus.NewHistogramVec(histogram("gnista_http_request_seconds",
			"Time of a request to the API or a page; those whose answer goes on, as of streams of events, are not counted.", callTime), []string{"route"}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "gnista_build_info", Help: "1, with the version of Gnista and that of Go."}, []string{"version", "go_version"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(m.messages, m.calls, m.handshakes, m.starts, m.toEnergy, m.payments, m.commits, m.changes, m.requests, m.answers, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handshakes.WithLabelValues(gateway.Well)
	m.starts.WithLabelValues("started", "none")
	return m
}

// states are those of payments that are counted.
var states = []payment.State{
	payment.Awaiting, payment.Held, payment.Prepaid, payment.Settled, payment.SettledShort, payment.Released, payment.DeclinedNow, payment.Abandoned, payment.HoldExpired, payment.Review,
}

// expect makes the counters of providers: one that begins with its first payment has not grown, and nobody is alerted.
func (m *metrics) expect(providers []string) {
	for _, p := range providers {
		for _, s := range states {
			m.payments.WithLabelValues(p, string(s))
		}
	}
}

// message counts a message that was answered.
func (m *metrics) message(x gateway.Answered) {
	direction := "in"
	if x.Outgoing {
		direction = "out"
	}
	m.messages.WithLabelValues(x.Action, direction, x.Result).Inc()
	m.calls.WithLabelValues(x.Action, direction).Observe(x.Took.Seconds())
}

// Handshake is told by the gateway.
func (m *metrics) Handshake(result string) { m.handshakes.WithLabelValues(result).Inc() }

// committed is told by the database.
func (m *metrics) committed(changes int, took time.Duration) {
	m.commits.Observe(took.Seconds())
	m.changes.Observe(float64(changes))
}

// energised is told of a transaction that has ended.
func (m *metrics) energised(took time.Duration) { m.toEnergy.Observe(took.Seconds()) }

// served is told of a request that was answered.
func (m *metrics) served(ctx context.Context, route string, status int, took time.Duration, streamed bool) {
	served(ctx, route, status)
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	if !streamed {
		m.answers.WithLabelValues(route).Observe(took.Seconds())
	}
}

// told counts durable events of this node.
func (m *metrics) told(ev gnista.Event) {
	switch ev.Kind {
	case "transaction.started":
		m.starts.WithLabelValues("started", "none").Inc()
	case "station.command":
		var c struct {
			Kind    string
			Outcome station.Outcome
		}
		if json.Unmarshal(ev.Data, &c) == nil && c.Kind == "start" && (c.Outcome == station.Declined || c.Outcome == station.Failed || c.Outcome == station.Unknown) {
			m.starts.WithLabelValues("failed", string(c.Outcome)).Inc()
		}
	}
	if what, ok := strings.CutPrefix(ev.Kind, "payment."); ok && slices.Contains(states, payment.State(what)) {
		var p struct{ Provider string }
		if json.Unmarshal(ev.Data, &p) == nil {
			if p.Provider == "" {
				p.Provider = "none"
			}
			m.payments.WithLabelValues(p.Provider, what).Inc()
		}
	}
}

// refusals counts tokens that may not start, and tells who else wants to know.
type refusals struct {
	*metrics
	next token.Refusals
}

// Refused is told of one.
func (r refusals) Refused(ctx context.Context, q token.Request, why token.Status) {
	r.starts.WithLabelValues("refused", string(why)).Inc()
	r.next.Refused(ctx, q, why)
}

// scrape is what an app is asked for when somebody looks.
type scrape struct {
	*app
	connections, pending, waiting, active, faults, behind *prometheus.Desc
}

func (a *app) scrape() *scrape {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &scrape{
		app:         a,
		connections: desc("gnista_ocpp_connections", "Stations that are connected to this node.", "version", "security_profile"),
		pending:     desc("gnista_ocpp_pending_calls", "Requests to stations that are not answered yet, with those that wait for their turn."),
		waiting:     desc("gnista_store_waiting", "Changes that wait to be committed."),
		active:      desc("gnista_transactions_active", "Transactions that go on, in the database."),
		faults:      desc("gnista_faults_active", "Faults that are not cleared, in the database.", "severity"),
		behind:      desc("gnista_consumer_lag_events", "Events that a consumer has not taken yet.", "consumer"),
	}
}

// Describe names them.
func (a *scrape) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{a.connections, a.pending, a.waiting, a.active, a.faults, a.behind} {
		ch <- d
	}
}

// scrapeWithin is how long the database may take to say what it knows.
const scrapeWithin = 5 * time.Second

// Collect reads them. Those of a database that does not answer are missing.
func (a *scrape) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, n float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, n, labels...)
	}
	links, pending := a.gateway.Count()
	for l, n := range links {
		gauge(a.connections, float64(n), string(l.Version), strconv.Itoa(int(l.Profile)))
	}
	gauge(a.pending, float64(pending))
	gauge(a.waiting, float64(a.db.Waiting()))
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin)
	defer cancel()
	g, err := a.db.Gauges(ctx)
	if err != nil {
		a.log.Warn("metrics of the database are missing", "err", err)
		return
	}
	gauge(a.active, float64(g.Active))
	for _, s := range fault.Severities {
		gauge(a.faults, float64(g.Faults[s]), string(s))
	}
	for name, n := range g.Behind {
		gauge(a.behind, float64(n), name)
	}
}

// handler answers Prometheus.
func (m *metrics) handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), MaxRequestsInFlight: 4})
}
