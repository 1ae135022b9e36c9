package alert_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"gnista"
	"gnista/fault/alert"
	"gnista/pki"
)

// verify checks the signature of a call with the library that receivers use.
func verify(secret string, c call) error {
	hook, err := standard.NewWebhook(secret)
	if err != nil {
		return err
	}
	return hook.VerifyIgnoringTimestamp(c.body, c.header) // the clock of the tests stands still
}

func TestWebhook(t *testing.T) {
	w := newWorld(t)
	hook := w.webhook()
	w.route(alert.Route{Name: "Tickets", Levels: []alert.RouteLevel{{To: []alert.Receiver{{Channel: hook.ID}}}}, Cleared: true})
	f := func(what string, serve func(n int, w http.ResponseWriter, r *http.Request), calls int, state alert.DeliveryState, doubtful bool) {
		t.Helper()
		w.hook.answers(serve)
		w.broken(what, nil)
		w.step()
		w.pass(time.Minute)
		w.step()
		d := w.deliveries(alert.DeliveryFilter{Channel: hook.ID})[0]
		got := w.hook.calls()
		if len(got) != calls || d.State != state || d.Doubtful != doubtful {
			t.Fatalf("%s: %d calls, %+v", what, len(got), d)
		}
		for _, c := range got {
			if err := verify(hook.Secrets[0].Value, c); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			if c.header.Get("webhook-id") != d.ID || string(c.body) != string(got[0].body) {
				t.Errorf("%s: a repeat is another message", what)
			}
		}
		if strings.Contains(d.To, "/hook") {
			t.Errorf("the log shows %s", d.To)
		}
	}
	first := func(do func(w http.ResponseWriter, r *http.Request)) func(int, http.ResponseWriter, *http.Request) {
		return func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				do(w, r)
			}
		}
	}
	f("good", nil, 1, alert.Sent, false)
	f("error", first(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		w.Write([]byte(strings.Repeat("x\n", 5000)))
	}), 2, alert.Sent, false)
	f("closed", first(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), 2, alert.Sent, true)
	f("cut off in the answer", first(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(503)
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}), 2, alert.Sent, false)
	f("sent elsewhere", first(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}), 2, alert.Sent, false)
	w.Client.Timeout = 50 * time.Millisecond
	f("slow", first(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), 2, alert.Sent, true)
	w.Client.Timeout = 10 * time.Second
	f("come later", first(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(429)
	}), 1, alert.Waiting, false)
	for _, d := range w.deliveries(alert.DeliveryFilter{}) {
		for _, try := range d.Tries {
			if len(try.Note) > 600 || strings.Contains(try.Note, "\n") {
				t.Errorf("the note is %q", try.Note)
			}
		}
	}
	f("gone", first(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }), 1, alert.Dead, false)
	c := must(w.db.Channel(t.Context(), hook.ID))(t)
	if c.State != alert.Failed || len(w.reports) == 0 || w.reports[0].Cleared {
		t.Errorf("a channel that is gone is %s, reports %+v", c.State, w.reports)
	}
	must(w.ChangeChannel(t.Context(), hook.ID, func(c *alert.Channel) { c.State = alert.On }))(t)
	if !w.reports[len(w.reports)-1].Cleared {
		t.Error("the fault is not cleared when the channel is on again")
	}
	dead := w.deliveries(alert.DeliveryFilter{State: alert.Dead})[0]
	must(w.Resend(t.Context(), dead.ID))(t)
	w.step()
	if d := must(w.db.Delivery(t.Context(), dead.ID))(t); d.State != alert.Sent {
		t.Errorf("sent again: %+v", d)
	}
	if _, err := w.Resend(t.Context(), dead.ID); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("sent again what has arrived: %v", err)
	}
}

func TestRotation(t *testing.T) {
	w := newWorld(t)
	hook := w.webhook()
	fresh := must(w.RotateSecret(t.Context(), hook.ID))(t)
	f := func(old, new bool) {
		t.Helper()
		w.hook.answers(nil)
		must(w.Test(t.Context(), hook.ID))(t)
		c := w.hook.calls()[0]
		if got := verify(hook.Secrets[0].Value, c) == nil; got != old {
			t.Errorf("the old secret: %v", got)
		}
		if got := verify(fresh.Secrets[0].Value, c) == nil; got != new {
			t.Errorf("the new secret: %v", got)
		}
	}
	f(true, true)
	w.pass(25 * time.Hour)
	f(false, true)
}

// A webhook that takes nothing is tried for a day, and is disabled after five.
func TestDeadWebhook(t *testing.T) {
	w := newWorld(t)
	hook := w.webhook()
	w.hook.answers(func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	w.route(alert.Route{Levels: []alert.RouteLevel{{To: []alert.Receiver{{Channel: hook.ID}}}}})
	w.broken("f1", nil)
	for range 30 {
		w.step()
		w.pass(time.Hour)
	}
	d := w.deliveries(alert.DeliveryFilter{})[0]
	if d.State != alert.Dead || len(d.Tries) < 5 || len(d.Tries) > 30 {
		t.Fatalf("after a day: %s, %d tries", d.State, len(d.Tries))
	}
	for i := range 5 {
		w.broken(fmt.Sprint("g", i), nil)
		w.step()
		w.pass(24 * time.Hour)
	}
	if c := must(w.db.Channel(t.Context(), hook.ID))(t); c.State != alert.Failed || c.Note == "" {
		t.Errorf("after five days it is %s", c.State)
	}
	evs := must(w.db.Events(t.Context(), 0, 100))(t)
	kinds := map[string]int{}
	for _, ev := range evs {
		kinds[ev.Kind]++
	}
	if kinds["alert.undelivered"] == 0 || kinds["alert.channel-failed"] != 1 {
		t.Errorf("events: %v", kinds)
	}
}

func TestWhoMayBeCalled(t *testing.T) {
	w := newWorld(t)
	f := func(url string, ok bool) {
		t.Helper()
		if _, err := w.AddChannel(t.Context(), alert.Channel{Kind: alert.ByWebhook, Address: url}); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
	f("https://hooks.example/x?y=1", true)
	f(w.hook.URL, true)
	f("http://"+w.hook.host, true)
	f("http://127.0.0.1:1/", false)
	f("http://hooks.example/x", false)
	f("https://127.0.0.1/", false)
	f("https://localhost/", false)
	f("https://[::1]/", false)
	f("https://10.0.0.1/", false)
	f("https://169.254.169.254/latest", false)
	f("https://192.168.1.1/", false)
	f("https://user:pass@hooks.example/", false)
	f("https://hooks.example/#x", false)
	f("ftp://hooks.example/", false)
	f("https://hooks.example/\r\nX: y", false)
	f("", false)
	// What is allowed is looked at again when it is called, and so is the address that a name has.
	c := w.webhook()
	w.Internal = nil
	if d := must(w.Test(t.Context(), c.ID))(t); d.State != alert.Dead || len(w.hook.calls()) > 0 {
		t.Errorf("got %+v", d)
	}
	w.Internal, w.Client = []string{w.hook.host}, pki.NewClient(nil)
	if d := must(w.Test(t.Context(), c.ID))(t); d.State != alert.Dead || !strings.Contains(d.Tries[0].Note, "not in the open internet") {
		t.Errorf("got %+v", d)
	}
}

// A webhook that follows events gets each of its kinds once, in their order, from where it has come to.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	quiet := must(w.AddChannel(t.Context(), alert.Channel{Kind: alert.ByWebhook, Address: w.hook.URL}))(t)
	happen := func(n int, subject string, kinds ...string) {
		t.Helper()
		must(w.db.ChangeChannel(t.Context(), quiet.ID, func(*alert.Channel) (evs []gnista.Event, _ error) {
			for i := range n {
				for _, kind := range kinds {
					evs = append(evs, gnista.Event{At: w.now(), Kind: kind, Subject: fmt.Sprint(subject, i), Data: json.RawMessage(`{"x":1}`)})
				}
			}
			return evs, nil
		}))(t)
	}
	happen(1, "before", "transaction.started")
	hook := must(w.AddChannel(t.Context(), alert.Channel{Kind: alert.ByWebhook, Address: w.hook.URL, Events: []string{"transaction.*", "station.booted"}}))(t)
	happen(150, "t", "transaction.started", "token.changed")
	happen(1, "b", "station.booted")
	for range 12 {
		w.step()
		w.begin(w.db) // as after a restart
	}
	got := w.hook.calls()
	if len(got) != 151 {
		t.Fatalf("%d calls", len(got))
	}
	for i, c := range got {
		var p struct {
			Type string
			Data gnista.Event
		}
		if err := json.Unmarshal(c.body, &p); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprint("t", i); i < 150 && (p.Data.Subject != want || p.Type != "transaction.started") {
			t.Fatalf("call %d is %s", i, c.body)
		}
		if err := verify(hook.Secrets[0].Value, c); err != nil {
			t.Error(err)
		}
	}
	// While it takes nothing, no more than so many wait for it.
	w.hook.answers(func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	happen(120, "e", "transaction.ended")
	w.step()
	w.step()
	if n := must(w.db.WaitingFor(t.Context(), hook.ID))(t); n != 100 {
		t.Errorf("%d wait", n)
	}
	w.hook.answers(nil)
	for range 20 {
		w.pass(time.Minute)
		w.step()
	}
	seen := map[string]bool{}
	for _, c := range w.hook.calls() {
		seen[c.header.Get("webhook-id")] = true
	}
	if len(seen) != 120 || len(w.hook.calls()) != 120 {
		t.Errorf("%d of %d calls", len(seen), len(w.hook.calls()))
	}
	if _, err := w.AddChannel(t.Context(), alert.Channel{Kind: alert.ByMail, Address: "a@b.example", Events: []string{"*"}}); err == nil {
		t.Error("mail follows events")
	}
}
