package stripesim

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista/payment"
)

// client asks a simulator as Stripe is asked.
type client struct {
	*Sim
	t   *testing.T
	now time.Time
}

func newClient(t *testing.T) *client {
	c := &client{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	c.Sim = New(Options{Key: "sk_test_x", Webhook: "whsec_x", Now: func() time.Time { return c.now }})
	return c
}

// post sends a form, with the key where that is not empty.
func (c *client) post(path, key, form string) (status int, body string, h http.Header) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Authorization", "Bearer sk_test_x")
	r.Header.Set("Stripe-Version", Version)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

const form = "amount=20000&currency=sek&capture_method=manual&automatic_payment_methods[enabled]=true&metadata[payment]="

func (c *client) want(what string, status int, code string, got int, body string) {
	c.t.Helper()
	if got != status || !strings.Contains(body, code) {
		c.t.Errorf("%s: got %d %s, want %d %s", what, got, body, status, code)
	}
}

// held is a payment intent that was confirmed.
func (c *client) held(id string) Deal {
	c.t.Helper()
	c.post("/v1/payment_intents", "", form+id)
	d := c.Deals(id)[0]
	if err := c.Confirm(d.Secret, Good); err != nil {
		c.t.Fatal(err)
	}
	return c.Deals(id)[0]
}

// The simulator refuses what Stripe refuses.
func TestRefusals(t *testing.T) {
	c := newClient(t)
	f := func(what string, status int, code, path, form string) {
		t.Helper()
		got, body, _ := c.post(path, "", form)
		c.want(what, status, code, got, body)
	}
	a := c.held("a")
	at := "/v1/payment_intents/" + a.ID
	f("more than is set aside", 400, "amount_too_large", at+"/capture", "amount_to_capture=20001")
	f("too little", 400, "amount_too_small", at+"/capture", "amount_to_capture=299")
	f("a refund before it was taken", 400, "successful charge", "/v1/refunds", "payment_intent="+a.ID)
	f("part of it", 200, `"amount_received":12000`, at+"/capture", "amount_to_capture=12000")
	f("again", 400, "payment_intent_unexpected_state", at+"/capture", "amount_to_capture=1000")
	f("released after it was taken", 400, "payment_intent_unexpected_state", at+"/cancel", "")
	f("more than was taken", 400, "greater than unrefunded", "/v1/refunds", "amount=12001&payment_intent="+a.ID)
	f("part goes back", 200, `"status":"succeeded"`, "/v1/refunds", "amount=2000&payment_intent="+a.ID)
	f("more than is left", 400, "greater than unrefunded", "/v1/refunds", "amount=10001&payment_intent="+a.ID)
	f("the rest goes back", 200, `"status":"succeeded"`, "/v1/refunds", "amount=10000&payment_intent="+a.ID)
	f("and again", 400, "charge_already_refunded", "/v1/refunds", "amount=1&payment_intent="+a.ID)
	f("what there is not", 404, "resource_missing", "/v1/payment_intents/pi_x/capture", "")
	f("of too little", 400, "amount_too_small", "/v1/payment_intents", strings.Replace(form, "20000", "299", 1))
	if c.Confirm(a.Secret, Good) == nil {
		t.Error("it is paid again")
	}

	b := c.held("b")
	f("released", 200, `"status":"canceled"`, "/v1/payment_intents/"+b.ID+"/cancel", "cancellation_reason=abandoned")
	f("taken after that", 400, "payment_intent_unexpected_state", "/v1/payment_intents/"+b.ID+"/capture", "")
	late := c.held("late")
	c.now = c.now.Add(holdTime)
	f("taken after it ended", 400, "payment_intent_unexpected_state", "/v1/payment_intents/"+late.ID+"/capture", "")
	if d := c.Deals("late")[0]; d.Held != 0 {
		t.Errorf("after it ended it is %+v", d)
	}
	for name, r := range map[string]*http.Request{
		"no key":        httptest.NewRequest(http.MethodGet, "/v1/refunds", nil),
		"no such thing": httptest.NewRequest(http.MethodGet, "/v1/everything", nil),
	} {
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		if w.Code < 400 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

// A request with a key has one effect for a day, and its answer stays.
func TestKeys(t *testing.T) {
	c := newClient(t)
	_, first, _ := c.post("/v1/payment_intents", "k", form+"a")
	status, again, h := c.post("/v1/payment_intents", "k", form+"a")
	if status != 200 || again != first || h.Get("Idempotent-Replayed") != "true" || len(c.Deals("a")) != 1 {
		t.Errorf("again it is %d %s, first %s", status, again, first)
	}
	status, body, _ := c.post("/v1/payment_intents", "k", form+"b")
	c.want("with another body", 400, "idempotency_error", status, body)
	status, body, _ = c.post("/v1/refunds", "k", form+"a")
	c.want("with another path", 400, "idempotency_error", status, body)
	c.now = c.now.Add(keyLife)
	if c.post("/v1/payment_intents", "k", form+"a"); len(c.Deals("a")) != 2 {
		t.Error("the key is known for longer than a day")
	}
	// What is wrong with the parameters is not kept, what else goes wrong is.
	c.post("/v1/payment_intents", "wrong", strings.Replace(form, "sek", "xxx", 1))
	status, body, _ = c.post("/v1/payment_intents", "wrong", form+"w")
	c.want("put right", 200, "", status, body)
	c.Fail("", Broken)
	status, _, h = c.post("/v1/payment_intents", "broken", form+"x")
	if status != 500 || h.Get("Idempotent-Replayed") != "" {
		t.Errorf("it is %d %v", status, h)
	}
	if status, _, h = c.post("/v1/payment_intents", "broken", form+"x"); status != 500 || h.Get("Idempotent-Replayed") != "true" || len(c.Deals("x")) != 0 {
		t.Errorf("again it is %d %v", status, h)
	}
	c.Fail("/refunds", Before)
	if status, _, _ = c.post("/v1/payment_intents", "", form+"y"); status != 200 {
		t.Errorf("a fault of another path: %d", status)
	}
}

// Webhooks are delivered until they are taken in.
func TestDeliver(t *testing.T) {
	c := newClient(t)
	var mu sync.Mutex
	var got []string
	refuse := true
	done := make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if refuse {
			refuse = false
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.Header.Get("Stripe-Signature") != c.Sign(body, c.now).Get("Stripe-Signature") {
			t.Errorf("the signature is wrong: %v", r.Header)
		}
		got = append(got, string(body[strings.Index(string(body), `"type"`):]))
		if len(got) == 2 {
			close(done)
		}
	}))
	defer hook.Close()
	c.held("a")
	go c.Deliver(t.Context(), hook.URL)
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing more comes")
	}
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(got[0], "payment_intent.created") || !strings.Contains(got[1], "amount_capturable_updated") {
		t.Errorf("got %s", got)
	}
}

// Somebody who has the client secret can confirm by hand, in the element's place.
func TestElement(t *testing.T) {
	c := newClient(t)
	c.post("/v1/payment_intents", "", form+"a")
	secret := c.Deals("a")[0].Secret
	show := func(secret string) string {
		w := httptest.NewRecorder()
		c.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/element?client_secret="+url.QueryEscape(secret), nil))
		return fmt.Sprint(w.Code, w.Body)
	}
	confirm := func(card string) int {
		r := httptest.NewRequest(http.MethodPost, "/confirm", strings.NewReader(url.Values{"client_secret": {secret}, "card": {card}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		return w.Code
	}
	if text := show(secret); !strings.Contains(text, "no real money") || !strings.Contains(text, "<form") {
		t.Errorf("got %s", text)
	}
	if text := show(secret + "x"); !strings.HasPrefix(text, "404") {
		t.Errorf("got %s", text)
	}
	for _, step := range []struct {
		card string
		want int
	}{{"declining", 402}, {"made-up", 402}, {"later", 402}, {"authenticate", 200}, {"good", 402}} {
		if got := confirm(step.card); got != step.want {
			t.Errorf("%s: got %d, want %d", step.card, got, step.want)
		}
	}
	if text := show(secret); strings.Contains(text, "<form") || !strings.Contains(text, needsCapture) {
		t.Errorf("got %s", text)
	}
	c.post("/v1/payment_intents", "", form+"b")
	action := payment.Action{Kind: payment.ActElement, Text: c.Deals("b")[0].Secret}
	if err := c.Answer(t.Context(), action, false); err != nil || c.Deals("b")[0].Held != 0 {
		t.Errorf("not agreed: %v", err)
	}
	if err := c.Answer(t.Context(), action, true); err != nil || c.Deals("b")[0].Held != 20_000 {
		t.Errorf("agreed: %v", err)
	}
	if c.Answer(t.Context(), action, false) == nil || c.Answer(t.Context(), payment.Action{Text: "x"}, true) == nil {
		t.Error("more is answered than was asked")
	}
}
