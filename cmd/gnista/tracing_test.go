package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Requests and messages have spans, those of messages below the request that sent them, and what is secret is in none.
func TestTracing(t *testing.T) {
	var mu sync.Mutex
	spans := map[string]map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		var in collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(text, &in)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, rs := range in.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					has := map[string]string{"trace": fmt.Sprintf("%x", s.TraceId), "parent": fmt.Sprintf("%x", s.ParentSpanId), "id": fmt.Sprintf("%x", s.SpanId), "all": s.String()}
					for _, a := range s.Attributes {
						has[a.Key] = a.Value.GetStringValue()
						if n := a.Value.GetIntValue(); n != 0 {
							has[a.Key] = strconv.FormatInt(n, 10)
						}
					}
					spans[s.Name] = has
				}
			}
		}
	}))
	defer server.Close()
	tracer, err := newTracer(t.Context(), server.URL, newLive(t, nil).log)
	if err != nil {
		t.Fatal(err)
	}
	l := newLive(t, func(o *options) { o.Tracer = tracer })
	w := l.connect("TRACED").boot()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		r, _ := http.NewRequestWithContext(context.Background(), "POST", l.server.URL+"/api/v1/stations/TRACED/calls", strings.NewReader(`{"action":"ClearCache"}`))
		r.Header = http.Header{"Authorization": {"Bearer " + testToken}, "Content-Type": {"application/json"}, "Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}
		if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != 200 {
			t.Errorf("%v, %v", resp, err)
		}
	}()
	for {
		call := w.next()
		id := strings.Split(call, ",")[1]
		if strings.Contains(call, "ClearCache") {
			w.send(`[3,` + id + `,{"status":"Accepted"}]`)
			break
		}
		w.send(`[4,` + id + `,"NotSupported","",{}]`)
	}
	<-answered
	resp, err := http.Get(l.server.URL + "/pay/SECRETLINK?code=SECRETCODE")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := tracer.provider.ForceFlush(ctx); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	request, call := spans["POST /api/v1/stations/{station}/calls"], spans["OCPP ClearCache"]
	if request["trace"] != "0af7651916cd43dd8448eb211c80319c" || request["parent"] != "b7ad6b7169203331" || request["http.response.status_code"] != "200" || len(request["request_id"]) != 26 {
		t.Errorf("the request is %v", request)
	}
	if call["trace"] != request["trace"] || call["parent"] != request["id"] || call["station"] != "TRACED" || call["result"] != "ok" {
		t.Errorf("the call is %v, below %v", call, request)
	}
	if boot := spans["OCPP BootNotification"]; boot["station"] != "TRACED" || boot["parent"] != "" {
		t.Errorf("the boot is %v", boot)
	}
	if text, _ := json.Marshal(spans); strings.Contains(string(text), "SECRET") || strings.Contains(string(text), testToken) {
		t.Errorf("a secret is in %s", text)
	}
	for _, bad := range []string{"localhost:4318", "ftp://x", "http://"} {
		if err := (tracing{bad}).check(); err == nil || !strings.Contains(err.Error(), "--otlp-endpoint") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
