package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/api"
	"gnista/checkout"
	"gnista/payment"
	"gnista/payment/stripe"
)

// newStripe is a system with Stripe, simulated, which tells it what happens.
func newStripe(t *testing.T) (*live, *stripeSim) {
	t.Helper()
	sim, err := startStripeSim(options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.end)
	l := newLive(t, func(o *options) { o.Stripe, o.StandIns = sim.config, map[string]api.StandIn{stripe.Name: sim} })
	sim.tell(l.server.Listener.Addr())
	return l, sim
}

// until waits for something to be so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not come to it that %s", what)
		}
	}
}

// A driver without a contract pays by card: an amount is set aside, the station is told to start, and what the charge
// has cost is taken, to the minor unit, by what Stripe tells.
func TestGuestByCard(t *testing.T) {
	l, sim := newStripe(t)
	l.priced("Public")
	w := l.connect("CS1").boot()
	w.send(`[2,"s","StatusNotification",{"timestamp":"2026-01-01T00:00:00Z","connectorStatus":"Available","evseId":1,"connectorId":1}]`)
	// What it is asked for beside is not known to it.
	var token, remote string
	reads := func(id string) string {
		for {
			text := w.next()
			var frame []json.RawMessage
			if err := json.Unmarshal([]byte(text), &frame); err != nil {
				t.Fatalf("got %s", text)
			}
			if string(frame[0]) != "2" {
				if string(frame[1]) == id {
					return text
				}
				continue
			}
			var action string
			json.Unmarshal(frame[2], &action)
			if action != "RequestStartTransaction" {
				w.send(fmt.Sprintf(`[4,%s,"NotImplemented","",{}]`, frame[1]))
				continue
			}
			var start struct {
				RemoteStartID int
				IDToken       struct{ IDToken, Type string }
			}
			if err := json.Unmarshal(frame[3], &start); err != nil {
				t.Fatal(err)
			}
			token, remote = fmt.Sprintf(`{"idToken":%q,"type":%q}`, start.IDToken.IDToken, start.IDToken.Type), fmt.Sprint(start.RemoteStartID)
			w.send(fmt.Sprintf(`[3,%s,{"status":"Accepted"}]`, frame[1]))
			if id == "" {
				return ""
			}
		}
	}
	reads(`"s"`)
	c, err := l.desk.Open(t.Context(), checkout.Request{Station: "CS1", EVSE: 1, Provider: stripe.Name, Amount: gnista.Money{Amount: 200_00, Currency: "SEK"}, Language: "sv"})
	if err != nil {
		t.Fatal(err)
	}
	view := func() checkout.View {
		v, err := l.desk.View(t.Context(), c.Key)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	until(t, "the driver is asked", func() bool { return view().Action.Kind == payment.ActElement })
	r := httptest.NewRequest("POST", "/pay/"+c.Key+"/test", strings.NewReader("agree=yes"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if w := l.do(r); w.Code != http.StatusSeeOther {
		t.Fatalf("the stand-in answers %d %s", w.Code, w.Body)
	}
	reads("")
	if v := view(); v.Pay.State != payment.Held || v.Pay.Held != 200_00 || v.Pay.HeldUntil.IsZero() || !v.Test {
		t.Errorf("when the station is told to start the payment is %+v", v.Pay)
	}
	at := time.Now().UTC().Truncate(time.Second)
	for n, kind := range []string{"Started", "Ended"} {
		w.send(fmt.Sprintf(`[2,"e%d","TransactionEvent",{"eventType":"%s","timestamp":%q,"triggerReason":"RemoteStart","seqNo":%d,"transactionInfo":{"transactionId":"T","chargingState":"Charging","remoteStartId":%s},"evse":{"id":1,"connectorId":1},"idToken":%s,"meterValue":[{"timestamp":%q,"sampledValue":[{"value":%d,"context":"Transaction.%s"}]}]}]`,
			n, kind, at.Format(time.RFC3339), n, remote, token, at.Format(time.RFC3339), 1000+4000*n, []string{"Begin", "End"}[n]))
		reads(fmt.Sprintf(`"e%d"`, n))
	}
	until(t, "it is settled", func() bool { return view().State == checkout.Settled })
	v := view()
	there := sim.Deals(c.Payment)
	if len(there) != 1 || there[0].Authorised != 200_00 || there[0].Held != 0 || there[0].Captured != v.Cost.Amount || v.Pay.Captured != v.Cost.Amount || v.Cost.Amount == 0 || there[0].Refunded != 0 {
		t.Errorf("Stripe has %+v, the payment is %+v, and the cost is %+v", there, v.Pay, v.Cost)
	}
	until(t, "all that Stripe told was followed", func() bool {
		back, err := l.db.Backlog(t.Context())
		return err == nil && len(back) == 0
	})
	if hints := l.ask(t, "GET", "/payments/hints", "", 200)["items"].([]any); len(hints) == 0 {
		t.Error("nothing was told")
	}
}

// An account has a card on file, given in the element; what it charges is taken from the card, and is not invoiced.
func TestCardOnFile(t *testing.T) {
	l, sim := newStripe(t)
	customer := l.ask(t, "POST", "/customers", `{"kind":"private","name":"Anna"}`, 201)["id"]
	of := l.ask(t, "POST", "/accounts", fmt.Sprintf(`{"customer":%q,"kind":"postpaid","currency":"SEK"}`, customer), 201)["id"].(string)
	l.ask(t, "POST", "/tokens", fmt.Sprintf(`{"uid":"04A1B2C3D4E5F6","account":%q}`, of), 201)
	l.priced("Public")

	asked := l.ask(t, "POST", "/accounts/"+of+"/mandates", `{"language":"sv"}`, 201)
	path := "/accounts/" + of + "/mandates/" + asked["id"].(string)
	secret := asked["action"].(map[string]any)["secret"].(string)
	if asked["state"] != "awaiting" || asked["text"] == "" || asked["action"].(map[string]any)["kind"] != "element" {
		t.Errorf("asked: %v", asked["state"])
	}
	if got := l.ask(t, "GET", path, "", 200); got["state"] != "awaiting" || got["action"] != nil {
		t.Errorf("before it was given it is %v", got)
	}
	res, err := http.PostForm(sim.config.URL+"/confirm", url.Values{"client_secret": {secret}, "card": {"good"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	// It is heard of.
	until(t, "the card is active", func() bool {
		list := l.ask(t, "GET", "/accounts/"+of+"/mandates", "", 200)["items"].([]any)
		return list[0].(map[string]any)["state"] == "active"
	})
	if got := l.ask(t, "GET", path, "", 200); res.StatusCode != 200 || got["state"] != "active" || got["label"] != "Visa ···· 4242" {
		t.Errorf("given it is %v", got)
	}
	l.ask(t, "POST", "/accounts/"+of+"/mandates", `{"language":"de"}`, 422)
	l.ask(t, "POST", "/accounts/none/mandates", `{"language":"sv"}`, 404)
	l.ask(t, "GET", "/accounts/none/mandates", "", 404)

	w := l.connect("CS1").boot()
	for n, kind := range []string{"Started", "Ended"} {
		token := ""
		if n == 0 {
			token = `,"idToken":{"idToken":"04A1B2C3D4E5F6","type":"ISO14443"}`
		}
		w.send(fmt.Sprintf(`[2,"%d","TransactionEvent",{"eventType":"%s","timestamp":"2026-01-01T0%d:00:00Z","triggerReason":"Authorized","seqNo":%d,"transactionInfo":{"transactionId":"T","chargingState":"Charging"},"evse":{"id":1}%s,"meterValue":[{"timestamp":"2026-01-01T0%d:00:00Z","sampledValue":[{"value":%d,"context":"Transaction.%s"}]}]}]`,
			n, kind, n, n, token, n, 1000+4000*n, []string{"Begin", "End"}[n]))
		w.want("[3,")
	}
	var paid map[string]any
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if list := l.ask(t, "GET", "/payments", "", 200)["items"].([]any); len(list) == 1 && list[0].(map[string]any)["state"] == "settled" {
			paid = list[0].(map[string]any)
			break
		}
	}
	if paid == nil || paid["provider"] != "stripe" || paid["mandate"] != asked["id"] {
		t.Fatalf("the payment is %v", paid)
	}
	amount := int64(paid["paid"].(map[string]any)["amount"].(float64))
	if there := sim.Deals(paid["id"].(string)); len(there) != 1 || there[0].Captured != amount || amount == 0 {
		t.Errorf("the card has paid %+v, and %d were due", there, amount)
	}
	if plan := l.ask(t, "POST", "/invoice-runs", `{"dryRun":true}`, 201); plan["records"] != 0.0 {
		t.Errorf("it is invoiced too: %v", plan)
	}
	if got := l.ask(t, "DELETE", path, "", 200); got["state"] != "revoked" || got["forgotten"] != true {
		t.Errorf("revoked it is %v", got)
	}
	if list := l.ask(t, "GET", "/accounts/"+of+"/mandates", "", 200)["items"].([]any); len(list) != 1 || list[0].(map[string]any)["state"] != "revoked" {
		t.Errorf("the mandates are %v", list)
	}
}

// Secrets are in files, and what does not fit together is refused.
func TestStripeSettings(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, hook := file("key", "sk_test_4711\n"), file("hook", "whsec_4711\n")
	f := func(wrong string, c cards) {
		t.Helper()
		conf, err := c.config()
		switch {
		case wrong == "" && (err != nil || conf.Key != "sk_test_4711" || conf.Webhook != "whsec_4711"):
			t.Errorf("%+v: %v", c, err)
		case wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong) || strings.Contains(err.Error(), "4711")):
			t.Errorf("%+v: got %v, want %s", c, err, wrong)
		}
	}
	f("", cards{StripeSecretKeyFile: key, StripePublishableKey: "pk_test_x", StripeWebhookSecretFile: hook})
	f("mode", cards{StripeSecretKeyFile: key, StripePublishableKey: "pk_live_x", StripeWebhookSecretFile: hook})
	f("--stripe-publishable-key", cards{StripeSecretKeyFile: key, StripePublishableKey: "x", StripeWebhookSecretFile: hook})
	f("--stripe-webhook-secret-file", cards{StripeSecretKeyFile: key, StripePublishableKey: "pk_test_x"})
	f("--stripe-webhook-secret-file", cards{StripeSecretKeyFile: key, StripePublishableKey: "pk_test_x", StripeWebhookSecretFile: key})
	f("--stripe-secret-key-file", cards{StripeSecretKeyFile: hook, StripePublishableKey: "pk_test_x", StripeWebhookSecretFile: hook})
	f("--stripe-secret-key-file", cards{StripeSecretKeyFile: filepath.Join(dir, "none")})
	f("--stripe-secret-key-file", cards{StripePublishableKey: "pk_test_x"})
	if conf, err := (cards{}).config(); conf != nil || err != nil {
		t.Errorf("with nothing set up: %v, %v", conf, err)
	}
}
