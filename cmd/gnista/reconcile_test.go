package main

import (
	"strings"
	"testing"
	"time"

	"gnista/payment"
)

// What a person does about payments: look how they stand, give back, write off, compare with providers, take in a payout.
func TestCollectingOverHTTP(t *testing.T) {
	l := newLive(t, nil)
	at := time.Now().UTC().Truncate(time.Millisecond)
	// They are whole when they are stored: the worker refuses what is open, as there is no provider.
	for id, due := range map[string]int64{"whole": 2000, "short": 2500} {
		c := payment.Begin(id, "bank", "", "SEK", 2000, at)
		c.Succeed(payment.Snapshot{Ref: "ref-" + id, Held: 2000})
		if err := c.Bind("t-"+id, payment.Cause{Kind: payment.ByStation}); err != nil {
			t.Fatal(err)
		}
		c.Owe(due, payment.Cause{Kind: payment.ByRecord})
		c.Succeed(payment.Snapshot{Captured: 2000})
		if err := l.app.db.CreatePayment(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	overview := l.ask(t, "GET", "/payments/overview", "", 200)
	mine := overview["providers"].([]any)[0].(map[string]any)
	if mine["provider"] != "bank" || mine["receivables"].(map[string]any)["amount"] != 500.0 || overview["reconciledAt"] != nil {
		t.Errorf("it stands %+v", overview)
	}
	if list := l.ask(t, "GET", "/receivables?guests=true", "", 200)["items"].([]any); len(list) != 1 || list[0].(map[string]any)["missing"].(map[string]any)["amount"] != 500.0 {
		t.Errorf("missing is %+v", list)
	}
	const give = `{"amount":{"amount":700,"currency":"SEK"},"reason":"it was slow","idempotencyKey":"k"}`
	for range 2 {
		l.ask(t, "POST", "/payments/whole/refunds", give, 201)
	}
	l.ask(t, "POST", "/payments/short/refunds", give, 409)
	l.ask(t, "POST", "/payments/whole/refunds", `{"amount":{"amount":700,"currency":"EUR"},"reason":"x","idempotencyKey":"l"}`, 422)
	l.ask(t, "POST", "/payments/none/refunds", give, 404)
	if got := l.ask(t, "GET", "/payments/whole", "", 200); got["givenBack"].(map[string]any)["amount"] != 700.0 || len(got["refunds"].([]any)) != 1 {
		t.Errorf("the payment is %+v", got)
	}
	if got := l.ask(t, "POST", "/payments/short/link", `{}`, 200); !strings.HasPrefix(got["link"].(string), "/pay/short.") {
		t.Errorf("the page is %+v", got)
	}
	if got := l.ask(t, "POST", "/payments/short/write-off", `{"reason":"moved away"}`, 200); got["state"] != "settled" || got["writtenOff"].(map[string]any)["amount"] != 500.0 {
		t.Errorf("written off it is %+v", got)
	}
	l.ask(t, "POST", "/payments/short/write-off", `{"reason":"moved away"}`, 409)

	run := l.ask(t, "POST", "/reconciliations", `{}`, 201)
	for range 100 {
		if run = l.ask(t, "GET", "/reconciliations/"+run["id"].(string), "", 200); run["state"] != "running" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if run["state"] != "done" || run["step"] != run["steps"] {
		t.Errorf("the reconciliation is %+v", run)
	}
	l.ask(t, "POST", "/reconciliations", `{"provider":"none"}`, 422)
	l.ask(t, "GET", "/reconciliations?state=done", "", 200)
	if list := l.ask(t, "GET", "/differences?state=open", "", 200)["items"].([]any); len(list) != 0 {
		t.Errorf("differences: %+v", list)
	}
	l.ask(t, "POST", "/differences/none/resolve", `{"action":"note","note":"x"}`, 404)
	l.ask(t, "POST", "/providers/wallet/payouts", `{"amount":{"amount":100,"currency":"SEK"},"reference":"Bg 7"}`, 422)
}
