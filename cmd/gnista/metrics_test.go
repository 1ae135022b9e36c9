package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"gnista"
	"gnista/api"
)

// scraped are the values of all metrics, by name with labels as they are written.
func scraped(t *testing.T, a *app) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	a.metrics.handler(a.log).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			key := name
			if len(labels) > 0 {
				key += "{" + strings.Join(labels, ",") + "}"
			}
			switch {
			case m.Counter != nil:
				out[key] = m.Counter.GetValue()
			case m.Gauge != nil:
				out[key] = m.Gauge.GetValue()
			case m.Histogram != nil:
				out[key] = float64(m.Histogram.GetSampleCount())
			}
		}
	}
	return out
}

func TestMetrics(t *testing.T) {
	l := newLive(t, nil)
	if found, err := testutil.GatherAndLint(l.metrics.registry); err != nil || len(found) > 0 {
		t.Errorf("promlint finds %v, %v", found, err)
	}
	l.asked(t, "POST", "/tokens", `{"uid":"CARD","type":"ISO14443"}`, 201)
	w := l.connect("METER").boot()
	w.send(`[2,"1","NoSuchThing",{}]`)
	w.want(`[4,"1","NotImplemented"`)
	now := time.Now().UTC().Format(time.RFC3339)
	for i, kind := range []string{"Started", "Ended"} {
		w.send(fmt.Sprintf(`[2,"2","TransactionEvent",{"eventType":%q,"timestamp":%q,"triggerReason":"Authorized","seqNo":%d,"transactionInfo":{"transactionId":"T0"},"evse":{"id":2,"connectorId":1},"idToken":{"idToken":"NOBODY","type":"ISO14443"}}]`, kind, now, i))
		w.want(`[3,"2",`)
	}
	event := func(id, kind, reason string, seq int, at time.Time, wh int) {
		w.send(`[2,"` + id + `","TransactionEvent",{"eventType":"` + kind + `","timestamp":"` + at.Format(time.RFC3339) + `","triggerReason":"` + reason + `","seqNo":` + strconv.Itoa(seq) +
			`,"transactionInfo":{"transactionId":"T1","chargingState":"Charging"},"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"CARD","type":"ISO14443"},"meterValue":[{"timestamp":"` + at.Format(time.RFC3339) +
			`","sampledValue":[{"value":` + strconv.Itoa(wh) + `,"measurand":"Energy.Active.Import.Register","unitOfMeasure":{"unit":"Wh"}}]}]}]`)
		w.want(`[3,"` + id + `",`)
	}
	began := time.Now().UTC().Add(-time.Hour)
	event("3", "Started", "Authorized", 0, began, 0)
	event("4", "Updated", "MeterValuePeriodic", 1, began.Add(20*time.Second), 500)
	got := scraped(t, l.app)
	if got["gnista_transactions_active"] != 1 {
		t.Errorf("while a car charges %v transactions go on", got["gnista_transactions_active"])
	}
	event("5", "Ended", "EVDeparted", 2, began.Add(time.Minute), 1000)
	w.send(`[2,"6","Heartbeat",{}]`)
	w.want(`[3,"6",`)
	answered := make(chan struct{})
	go func() {
		l.asked(t, "POST", "/stations/METER/calls", `{"action":"ClearCache","payload":{}}`, 200)
		close(answered)
	}()
	call := w.next()
	for !strings.Contains(call, "ClearCache") { // what is asked for by itself
		w.send(`[4,` + strings.Split(call, ",")[1] + `,"NotSupported","",{}]`)
		call = w.next()
	}
	w.send(`[3,` + strings.Split(call, ",")[1] + `,{"status":"Accepted"}]`)
	<-answered
	resp, err := http.Get(l.server.URL + "/api/v1/nothing-of-the-kind")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got = scraped(t, l.app)
		if got["gnista_driver_start_seconds"] == 1 || time.Now().After(end) {
			break
		}
	}
	for name, want := range map[string]float64{
		"gnista_ocpp_connections{security_profile=0,version=2.0.1}":                   1,
		"gnista_ocpp_handshakes_total{result=ok}":                                     1,
		"gnista_ocpp_messages_total{action=BootNotification,direction=in,result=ok}":  1,
		"gnista_ocpp_messages_total{action=other,direction=in,result=NotImplemented}": 1,
		"gnista_ocpp_messages_total{action=TransactionEvent,direction=in,result=ok}":  5,
		"gnista_ocpp_messages_total{action=ClearCache,direction=out,result=ok}":       1,
		"gnista_ocpp_call_duration_seconds{action=ClearCache,direction=out}":          1,
		"gnista_ocpp_pending_calls":                                                   0,
		"gnista_transactions_active":                                                  0,
		"gnista_transaction_starts_total{reason=none,result=started}":                 2,
		"gnista_transaction_starts_total{reason=unknown,result=refused}":              1,
		"gnista_driver_start_seconds":                                                 1,
		"gnista_faults_active{severity=critical}":                                     0,
		"gnista_http_requests_total{code=401,route=other}":                            1,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v (%v), want %v", name, v, ok, want)
		}
	}
	for _, name := range []string{
		"gnista_payments_total{method=wallet,result=review}", "gnista_store_commit_seconds", "gnista_store_commit_changes", "gnista_store_waiting", "go_goroutines", "process_open_fds", "gnista_consumer_lag_events{consumer=billing}",
		"gnista_http_requests_total{code=200,route=POST /api/v1/stations/{station}/calls}",
	} {
		if _, ok := got[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	for name := range got {
		if strings.Contains(name, "METER") || strings.Contains(name, "CARD") || strings.Contains(name, "NoSuchThing") {
			t.Errorf("%s has a name that is made up elsewhere", name)
		}
	}
	if found, err := testutil.GatherAndLint(l.metrics.registry); err != nil || len(found) > 0 {
		t.Errorf("promlint finds %v, %v", found, err)
	}
}

// Payments are counted by provider and state, and orders that were not followed by what came of them.
func TestMetricsOfEvents(t *testing.T) {
	m := newMetrics()
	for _, ev := range []gnista.Event{
		{Kind: "payment.settled", Data: []byte(`{"provider":"stripe"}`)},
		{Kind: "payment.reminder", Data: []byte(`{"provider":"stripe"}`)},
		{Kind: "payment.review", Data: []byte(`{"provider":""}`)},
		{Kind: "station.command", Data: []byte(`{"kind":"start","outcome":"rejected"}`)},
		{Kind: "station.command", Data: []byte(`{"kind":"start","outcome":"accepted"}`)},
		{Kind: "station.command", Data: []byte(`{"kind":"reset","outcome":"rejected"}`)},
	} {
		m.told(ev)
	}
	for label, c := range map[string]float64{
		"settled": testutil.ToFloat64(m.payments.WithLabelValues("stripe", "settled")),
		"review":  testutil.ToFloat64(m.payments.WithLabelValues("none", "review")),
		"failed":  testutil.ToFloat64(m.starts.WithLabelValues("failed", "rejected")),
	} {
		if c != 1 {
			t.Errorf("%s is %v", label, c)
		}
	}
	if n := testutil.CollectAndCount(m.payments) + testutil.CollectAndCount(m.starts); n != 4 { // with the one that is there before anything has started
		t.Errorf("there are %d counters, want 4", n)
	}
}

// A system that is to end says so before it does, and that it lives depends on nothing.
func TestHealth(t *testing.T) {
	l := newLive(t, nil)
	ask := func(path string, want int, words string) {
		t.Helper()
		resp, err := http.Get(l.server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != want || !strings.Contains(string(text), words) {
			t.Errorf("%s: %s %q, %v, want %d with %q", path, resp.Status, text, err, want, words)
		}
	}
	ask("/livez", 200, "ok")
	ask("/readyz", 200, "ok")
	ask("/healthz?verbose", 200, "database: ok\nschema: ok\n")
	w := l.connect("STAYS").boot()
	failed := make(chan error)
	go l.leave(daemon.SdNotifyStopping, time.Hour, l.log, failed)
	for end := time.Now().Add(10 * time.Second); !l.stopping.Load() && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	ask("/readyz?verbose", 503, "not ready: not stopping\nnot stopping: failed\ndatabase: ok\n")
	ask("/livez", 200, "ok")
	w.send(`[2,"h","Heartbeat",{}]`)
	w.want(`[3,"h",`)
	close(failed)
}

// What is not ready is told by name, and not what the database said; that we live is told all the same.
func TestHealthWithoutDatabase(t *testing.T) {
	s := &api.Server{Ready: []api.Readiness{{Name: "database", Check: func(context.Context) error { return errors.New("sql: no") }}}, Log: slog.New(slog.DiscardHandler)}
	for path, want := range map[string]string{"/livez": "200 ok\n", "/readyz": "503 not ready: database\n", "/readyz?verbose": "503 not ready: database\ndatabase: failed\n"} {
		w := httptest.NewRecorder()
		s.Health().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if got := fmt.Sprint(w.Code, " ", w.Body); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// Requests have an id that goes through answer and log.
func TestRequestIDs(t *testing.T) {
	var log lockedLog
	l := newLive(t, func(o *options) {
		o.Log = slog.New(withRequests{slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})})
	})
	ask := func(id string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(context.Background(), "GET", l.server.URL+"/api/v1/stations", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Request-Id", id)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.Header.Get("X-Request-Id")
	}
	if got := ask("from-a-proxy:1"); got != "from-a-proxy:1" {
		t.Errorf("an id that came along became %q", got)
	}
	for _, bad := range []string{"", "a b", `"}`, strings.Repeat("x", 200)} {
		if got := ask(bad); got == bad || !regexp.MustCompile(`^[A-Z2-7]{26}$`).MatchString(got) {
			t.Errorf("for %q it is %q", bad, got)
		}
	}
	for end := time.Now().Add(10 * time.Second); !strings.Contains(log.text(), `"request_id":"from-a-proxy:1"`); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the log is %s", log.text())
		}
	}
}

// lockedLog keeps what is logged.
type lockedLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// deployed are files that name metrics.
var deployed = []string{"../../deploy/helm/gnista/files/gnista.json", "../../deploy/helm/gnista/files/gnista.rules.yml", "../../docs/operations.md"}

// Dashboards, alerts and docs name only metrics that there are.
func TestDeployedMetrics(t *testing.T) {
	known := map[string]bool{}
	descriptions := make(chan *prometheus.Desc)
	l := newLive(t, nil)
	go func() {
		defer close(descriptions)
		l.metrics.registry.Describe(descriptions)
	}()
	for d := range descriptions {
		if m := regexp.MustCompile(`fqName: "(gnista_[a-z_]+)"`).FindStringSubmatch(d.String()); m != nil {
			known[m[1]] = true
		}
	}
	if len(known) < 15 {
		t.Fatalf("only %v are known", known)
	}
	named := map[string]bool{}
	for _, file := range deployed {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\bgnista_[a-z_]+`).FindAllString(string(text), -1) {
			base := name
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				if b, ok := strings.CutSuffix(name, suffix); ok && known[b] {
					base = b
				}
			}
			named[base] = true
			if !known[base] {
				t.Errorf("%s names %s, which there is not", file, name)
			}
		}
	}
	for name := range known {
		if !named[name] {
			t.Errorf("%s is not explained anywhere", name)
		}
	}
}
