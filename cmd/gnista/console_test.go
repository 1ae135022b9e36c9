package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"gnista/token"
	"gnista/web"
)

// consoleStatus is what the console is answered with: it may not be built.
func consoleStatus() int {
	if _, err := fs.Stat(web.Files(), "index.html"); err != nil {
		return http.StatusNotImplemented
	}
	return http.StatusOK
}

func TestConsole(t *testing.T) {
	l := newLive(t, nil)
	ask := func(method, path, language string) (int, string, http.Header) {
		w := l.do(request(method, path, "", "Authorization", "Bearer "+testToken, "Accept-Language", language))
		return w.Code, w.Body.String(), w.Header()
	}
	for _, path := range []string{"/", "/stations/CS1?tab=1", "/faults"} {
		status, text, header := ask("GET", path, "sv-SE,sv;q=0.9,en")
		if status != consoleStatus() || !strings.HasPrefix(header.Get("Content-Type"), "text/html") || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v", path, status, header)
		}
		if status == http.StatusNotImplemented && (!strings.Contains(text, `lang="sv"`) || !strings.Contains(text, "make ui")) {
			t.Errorf("%s does not say how it is built: %s", path, text)
		}
	}
	if status, text, _ := ask("GET", "/", "de"); status == http.StatusNotImplemented && !strings.Contains(text, `lang="en"`) {
		t.Errorf("who reads neither language is told: %s", text)
	}
	worker := http.StatusNotFound
	if _, err := fs.Stat(web.Files(), "push.js"); err == nil {
		worker = http.StatusOK
	}
	if status, _, _ := ask("GET", "/push.js", ""); status != worker {
		t.Errorf("the worker of alerts: %d", status)
	}
	if status, _, _ := ask("GET", "/live", ""); status != consoleStatus() {
		t.Errorf("a path of no screen: %d", status)
	}
	if status, _, _ := ask("POST", "/faults", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("a change of a screen: %d", status)
	}
}

// What goes on now, and what came of it, without reading all there is.
func TestTotals(t *testing.T) {
	l := newLive(t, nil)
	if _, err := l.tokens.Create(t.Context(), token.Token{ID: token.ID{UID: "CARD"}}); err != nil {
		t.Fatal(err)
	}
	w := l.connect("CS1").boot()
	l.priced("Public")
	event := func(n int, kind, more string, wh int) {
		t.Helper()
		w.send(fmt.Sprintf(`[2,"%d","TransactionEvent",{"eventType":"%s","timestamp":"2026-01-01T0%d:00:00Z","triggerReason":"Authorized","seqNo":%d,"transactionInfo":{"transactionId":"T","chargingState":"Charging"},"evse":{"id":1}%s,"meterValue":[{"timestamp":"2026-01-01T0%d:00:00Z","sampledValue":[{"value":%d}]}]}]`, n, kind, n, n, more, n, wh))
		w.want("[3,")
	}
	event(0, "Started", `,"idToken":{"idToken":"CARD","type":"ISO14443"}`, 1000)
	if got := l.ask(t, "GET", "/totals", "", 200); got["stations"] != 1.0 || got["connected"] != 1.0 || got["activeTransactions"] != 1.0 || got["charging"] != 1.0 {
		t.Errorf("now there is %+v", got)
	}
	event(1, "Ended", "", 5000)
	got := l.eventuallyItems(t, "/revenue?by=day", 1)[0]
	if total := got["total"].(map[string]any); got["charges"] != 1.0 || got["energyWh"] != 4000.0 || total["amount"] != 1980.0 || total["currency"] != "SEK" {
		t.Errorf("it came to %+v", got)
	}
	if got := l.ask(t, "GET", "/totals", "", 200); got["activeTransactions"] != 0.0 {
		t.Errorf("in the end there is %+v", got)
	}
}
