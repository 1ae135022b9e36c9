package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"gnista/fault"
	"gnista/sim"
	"gnista/token"
)

// TestSimSite: sim plays a site that is short of power, posts what its meter shows, and injects faults.
func TestSimSite(t *testing.T) {
	l := newLive(t, nil)
	if _, err := l.tokens.Create(t.Context(), token.Token{ID: token.ID{UID: "CARD"}}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var bodies []string
	meter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		bodies = append(bodies, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body))
		mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}))
	defer meter.Close()
	out := &printed{}
	err := run(t.Context(), []string{
		"sim", "--url", "ws" + strings.TrimPrefix(l.server.URL, "http") + "/ocpp", "--speed", "50000", "--log-level", "error", "--stations", "6", "--rounds", "2", "--token", "CARD", "--id-prefix", "SHORT-", "--scenario", "shortage",
		"--connection-amps", "20", "--base-amps", "10", "--rotate-phases", "--site-meter-url", meter.URL + "/api/v1/sites/x/meter", "--site-meter-token", "secret", "--site-meter-drops",
	}, out, out)
	if text := out.String(); err != nil || !strings.Contains(text, "12 transactions started, 12 ended") || !strings.Contains(text, "at the connection ") || !strings.Contains(text, " of 20 A") || strings.Contains(text, "secret") {
		t.Errorf("it ends with %v and prints\n%s", err, text)
	}
	mu.Lock()
	defer mu.Unlock()
	head, body, _ := strings.Cut(strings.Join(bodies, ""), "{")
	var told struct {
		At    string
		Amps  []float64
		Watts int64
	}
	if err := json.NewDecoder(strings.NewReader("{" + body)).Decode(&told); err != nil || head != "POST /api/v1/sites/x/meter Bearer secret " || len(told.Amps) != 3 || told.At == "" {
		t.Errorf("posted %q: %v", bodies, err)
	}
}

// TestSimFaults: faults of the command line reach the log of messages.
func TestSimFaults(t *testing.T) {
	l := newLive(t, nil)
	if _, err := l.tokens.Create(t.Context(), token.Token{ID: token.ID{UID: "CARD"}}); err != nil {
		t.Fatal(err)
	}
	out := &printed{}
	err := run(t.Context(), []string{
		"sim", "--url", "ws" + strings.TrimPrefix(l.server.URL, "http") + "/ocpp", "--speed", "50000", "--log-level", "error", "--stations", "3", "--rounds", "4", "--token", "CARD", "--id-prefix", "BAD-",
		"--fault", "mrec/CX001;mrec/CX014=damp", "--fault", "~PowerLimitExceeded",
	}, out, out)
	if text := out.String(); err != nil || !strings.Contains(text, " 0 errors") {
		t.Errorf("it ends with %v and prints\n%s", err, text)
	}
}

func TestSimSiteErrors(t *testing.T) {
	for want, args := range map[string][]string{
		"--fault: fault \"ocpp1.6/Nonsense\": OCPP 1.6 has no error code Nonsense": {"--fault", "ocpp1.6/Nonsense"},
		"--fault: fault \"\": it has no code":                                      {"--fault", ""},
		"--connection-amps must be from 0":                                         {"--connection-amps=-1"},
		"--base-amps must be from 0":                                               {"--base-amps=NaN"},
		"--site-meter-url \"nowhere\" is not an address":                           {"--site-meter-url", "nowhere"},
		"--site-meter-every must be 1s or more":                                    {"--site-meter-every", "0s"},
	} {
		out := &printed{}
		if err := run(t.Context(), append([]string{"sim"}, args...), out, out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %q", args, err, want)
		}
	}
}

// TestSimEveryFault: whatever of the catalogue stations can tell of can be injected; what is found by us cannot.
func TestSimEveryFault(t *testing.T) {
	c, err := fault.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range c.Entries(fault.EntryFilter{}, fault.Key{}, 10_000) {
		list, err := sim.ParseFaults(e.Key.String())
		switch {
		case e.Key.Source == fault.Own:
			if err == nil {
				t.Errorf("%s can be injected", e.Key)
			}
		case err != nil || len(list) != 1:
			t.Errorf("%s cannot be injected: %v", e.Key, err)
		}
	}
}
