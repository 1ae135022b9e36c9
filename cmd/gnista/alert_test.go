package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista/fault"
)

// heard is what a webhook was told.
type heard struct {
	mu   sync.Mutex
	list []string
}

func (h *heard) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, string(body))
}

// find is what was told with some parts in it; empty is nothing.
func (h *heard) find(parts ...string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.list {
		if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(s, p) }) {
			return s
		}
	}
	return ""
}

// soon waits until something is so.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not come", what)
		}
	}
}

// A fault is told to who is on call, acknowledged by a link after a button was pressed, and told as over.
func TestAlerts(t *testing.T) {
	var told heard
	receiver := httptest.NewServer(&told)
	t.Cleanup(receiver.Close)
	l := newLive(t, func(o *options) {
		o.PublicURL, o.Alerting.AlertInternal = "https://charge.example", []string{strings.TrimPrefix(receiver.URL, "http://")}
	})
	id := func(path, body string) string {
		t.Helper()
		return fmt.Sprint(l.ask(t, "POST", path, body, 201)["id"])
	}
	anna := id("/alert-people", `{"name":"Anna","language":"sv"}`)
	hook := id("/alert-channels", fmt.Sprintf(`{"kind":"webhook","person":%q,"address":%q}`, anna, receiver.URL))
	rota := id("/rotas", fmt.Sprintf(`{"name":"Jour","people":[%q],"from":"2026-01-01"}`, anna))
	id("/alert-channels", fmt.Sprintf(`{"kind":"webhook","address":%q,"events":["fault.*"]}`, receiver.URL))
	id("/alert-routes", fmt.Sprintf(`{"name":"Allt","levels":[{"to":[{"rota":%q}]}],"cleared":true}`, rota))
	if x := l.ask(t, "POST", "/alert-channels/"+hook+"/test", "", 200); x["state"] != "sent" {
		t.Errorf("the test: %v", x)
	}
	if x := l.ask(t, "GET", "/rotas/"+rota+"/now", "", 200); x["name"] != "Anna" {
		t.Errorf("on call: %v", x)
	}
	report := fault.Report{Key: fault.Key{Source: fault.Own, Code: "DiskFull"}, Way: fault.ByWatch, At: time.Now()}
	if err := l.faults.Report(t.Context(), report); err != nil {
		t.Fatal(err)
	}
	soon(t, "the alert", func() bool { return told.find(`"alert.opened"`, "Disken i centralen") != "" })
	soon(t, "the event", func() bool { return told.find(`"type":"fault.opened"`) != "" })

	// Whoever follows the link only looks.
	_, link, _ := strings.Cut(told.find(`"alert.opened"`), `"acknowledgeUrl":"https://charge.example`)
	path, _, _ := strings.Cut(link, `"`)
	page := func(method, path string, status int, want string) {
		t.Helper()
		w := l.do(request(method, path, ""))
		if w.Code != status || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		if w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
	page("GET", path, 200, "<button>Jag tar hand om det</button>")
	page("GET", path, 200, "<button>")
	page("POST", path+"x", 404, "not one of ours")
	page("POST", path, 200, "Kvitterat av Anna")
	page("GET", path, 200, "Kvitterat av Anna")
	soon(t, "the end of the alert", func() bool {
		return len(l.ask(t, "GET", "/alerts?state=acknowledged", "", 200)["items"].([]any)) == 1
	})
	report.Cleared, report.At = true, time.Now().Add(time.Second)
	if err := l.faults.Report(t.Context(), report); err != nil {
		t.Fatal(err)
	}
	soon(t, "that it is over", func() bool { return told.find(`"alert.cleared"`, "clearedAt") != "" })
	page("GET", path, 200, "Det är över.")
	for _, d := range l.ask(t, "GET", "/alert-deliveries", "", 200)["items"].([]any) {
		if x := d.(map[string]any); x["possiblyDouble"] != nil || strings.Contains(fmt.Sprint(x["to"]), "hook") {
			t.Errorf("a delivery: %v", x)
		}
	}
	l.ask(t, "DELETE", "/alert-people/"+anna, "", 409)
	l.ask(t, "POST", "/alert-channels", `{"kind":"webhook","address":"https://10.0.0.1/"}`, 422)
	l.ask(t, "POST", "/alert-channels", `{"kind":"webhook"}`, 422)
	l.ask(t, "PATCH", "/alert-channels/"+hook, `{"kind":"mail"}`, 409)
}

func TestAlertingFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	f := func(x alerting, want string) {
		t.Helper()
		_, err := x.mailer()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: %v", x, err)
		}
	}
	f(alerting{}, "")
	f(alerting{SMTPURL: "smtp://u@mail.example", SMTPPassword: "p", MailFrom: "a@b.example"}, "")
	f(alerting{SMTPURL: "smtp://u@mail.example", SMTPPasswordFile: file, MailFrom: "a@b.example"}, "--smtp-password-file")
	f(alerting{SMTPURL: "smtp://u@mail.example", SMTPPasswordFile: file, SMTPPassword: "p", MailFrom: "a@b.example"}, "both set")
	f(alerting{MailFrom: "a@b.example"}, "--smtp-url")
	f(alerting{SMTPURL: "smtp://mail.example"}, "--mail-from")
	f(alerting{SMTPURL: "mail.example", MailFrom: "a@b.example"}, "--smtp-url")
	f(alerting{AlertWait: -1}, "--alert-wait")
}
