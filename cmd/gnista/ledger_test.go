package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// eventuallyItems waits until a list has so many items, and gives them.
func (l *live) eventuallyItems(t *testing.T, path string, n int) []map[string]any {
	t.Helper()
	var list []any
	for range 200 {
		if list = l.ask(t, "GET", path, "", 200)["items"].([]any); len(list) == n {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if len(list) != n {
		t.Fatalf("%s has %d items, want %d", path, len(list), n)
	}
	var items []map[string]any
	for _, x := range list {
		items = append(items, x.(map[string]any))
	}
	return items
}

// A card that was paid for in advance charges; its record is corrected twice, and what nobody could bill waits for
// a decision. The ledger, payments and the export for bookkeeping agree.
func TestMoneyOverHTTP(t *testing.T) {
	l := newLive(t, nil)
	customer := l.made(t, "/customers", `{"kind":"private","name":"Åsa"}`)
	of := l.made(t, "/accounts", fmt.Sprintf(`{"customer":%q,"kind":"prepaid","currency":"SEK","hold":{"amount":1000,"currency":"SEK"}}`, customer))
	l.ask(t, "POST", "/tokens", fmt.Sprintf(`{"uid":"04A1B2C3D4E5F6","account":%q}`, of), 201)
	l.ask(t, "POST", "/tariffs", `{"name":"Public","currency":"SEK","default":true,"elements":[{"type":"energy","price":4},{"type":"start","price":2.5,"vatPercent":12}]}`, 201)

	topUp := `{"amount":{"amount":5000,"currency":"SEK"},"reference":"Bg 1","idempotencyKey":"one"}`
	for range 2 { // as if the answer was lost
		l.ask(t, "POST", "/accounts/"+of+"/top-ups", topUp, 200)
	}
	for body, part := range map[string]string{
		`{"amount":{"amount":0,"currency":"SEK"},"reference":"x","idempotencyKey":"two"}`:   "amount",
		`{"amount":{"amount":100,"currency":"EUR"},"reference":"x","idempotencyKey":"two"}`: "EUR",
		`{"amount":{"amount":100,"currency":"SEK"},"reference":"","idempotencyKey":"two"}`:  "reference",
		`{"amount":{"amount":100,"currency":"SEK"},"reference":"x"}`:                        "idempotencyKey",
	} {
		if got := l.asked(t, "POST", "/accounts/"+of+"/top-ups", body, 422); !strings.Contains(got, part) {
			t.Errorf("%s is refused with %s", body, got)
		}
	}
	l.asked(t, "POST", "/accounts/none/top-ups", topUp, 404)

	w := l.connect("CS1").boot()
	send := func(seq int, kind, ref string, wh int, token string) {
		t.Helper()
		w.send(fmt.Sprintf(`[2,"%s%d","TransactionEvent",{"eventType":"%s","timestamp":"2026-01-01T0%d:00:00Z","triggerReason":"Authorized","seqNo":%d,"transactionInfo":{"transactionId":%q,"chargingState":"Charging"},"evse":{"id":1}%s,"meterValue":[{"timestamp":"2026-01-01T0%d:00:00Z","sampledValue":[{"value":%d,"context":"Transaction.%s"}]}]}]`,
			ref, seq, kind, seq, seq, ref, token, seq, wh, map[string]string{"Started": "Begin", "Ended": "End"}[kind]))
		w.want("[3,")
	}
	send(0, "Started", "T", 1000, `,"idToken":{"idToken":"04A1B2C3D4E5F6","type":"ISO14443"}`)
	if got := l.asked(t, "GET", "/accounts/"+of, "", 200); !strings.Contains(got, `"held":{"amount":1000,`) || !strings.Contains(got, `"available":{"amount":4000,`) {
		t.Errorf("while it charges the account is %s", got)
	}
	l.asked(t, "POST", "/accounts/"+of+"/payouts", `{"amount":{"amount":4500,"currency":"SEK"},"reference":"x","idempotencyKey":"out"}`, 409)
	send(1, "Ended", "T", 6000, "")
	record := l.eventuallyItems(t, "/charge-records", 1)[0]["id"].(string)
	l.settled(t, `"amount":2250,`)
	if got := l.asked(t, "GET", "/accounts/"+of, "", 200); !strings.Contains(got, `"deposit":{"amount":2750,`) || !strings.Contains(got, `"held":{"amount":0,`) {
		t.Errorf("after it has charged the account is %s", got)
	}

	// Less was charged, and then nothing at all.
	for body, status := range map[string]int{`{"energyWh":5000,"reason":"x"}`: 422, `{"energyWh":-1,"reason":"x"}`: 422, `{"energyWh":1}`: 422, `{"energyWh":1,"tariffVersion":"none","reason":"x"}`: 422} {
		l.asked(t, "POST", "/charge-records/"+record+"/corrections", body, status)
	}
	l.asked(t, "POST", "/charge-records/"+record+"/corrections", `{"energyWh":2000,"reason":"the meter was wrong"}`, 201)
	l.asked(t, "POST", "/charge-records/"+record+"/corrections", `{"void":true,"reason":"again"}`, 409)
	l.settled(t, `"amount":1050,`)
	newest := l.eventuallyItems(t, "/charge-records", 3)[0]["id"].(string)
	l.asked(t, "POST", "/charge-records/"+newest+"/corrections", `{"void":true,"reason":"a gift"}`, 201)
	l.settled(t, `"amount":0,`)
	if got := l.asked(t, "GET", "/accounts/"+of, "", 200); !strings.Contains(got, `"deposit":{"amount":5000,`) || !strings.Contains(got, `"owed":{"amount":0,`) {
		t.Errorf("after the corrections the account is %s", got)
	}

	// A register that runs backwards is billed when somebody has decided.
	send(0, "Started", "R", 5000, `,"idToken":{"idToken":"04A1B2C3D4E5F6","type":"ISO14443"}`)
	send(1, "Ended", "R", 1000, "")
	waiting := l.eventuallyItems(t, "/review", 1)[0]
	id := waiting["transaction"].(map[string]any)["id"].(string)
	if got := l.asked(t, "GET", "/review/"+id, "", 200); !strings.Contains(got, "meter-reset") || !strings.Contains(got, `"proposal"`) {
		t.Errorf("what waits is %s", got)
	}
	l.asked(t, "GET", "/review/none", "", 404)
	l.asked(t, "POST", "/transactions/"+id+"/decision", `{"energyWh":100}`, 422)
	l.asked(t, "POST", "/transactions/"+id+"/decision", `{"energyWh":100,"note":"as the driver says"}`, 200)
	l.asked(t, "POST", "/transactions/"+id+"/decision", `{"energyWh":100,"note":"again"}`, 409)
	if got := l.eventuallyItems(t, "/charge-records", 5)[0]; fmt.Sprint(got["energyWh"]) != "100" {
		t.Errorf("what was decided is billed as %v", got)
	}
	l.eventuallyItems(t, "/review", 0)

	trial := l.ask(t, "GET", "/ledger/trial-balance", "", 200)
	if got := fmt.Sprint(trial["sums"]); !strings.Contains(got, "amount:0") {
		t.Errorf("the ledger comes to %s", got)
	}
	if n := len(l.ask(t, "GET", "/ledger/entries", "", 200)["items"].([]any)); n < 6 {
		t.Errorf("the ledger has %d entries", n)
	}
	sie := l.do(request("GET", "/api/v1/ledger/sie?since=2020-01-01T00:00:00Z&until=2999-01-01T00:00:00Z", "", "Authorization", "Bearer "+testToken))
	for _, part := range []string{"#SIETYP 4", "#FORMAT PC8", "#VER", "#TRANS"} {
		if !strings.Contains(sie.Body.String(), part) {
			t.Errorf("%q is not in the export %d %s", part, sie.Code, sie.Body)
		}
	}
	for _, span := range []string{"since=2999-01-01T00:00:00Z", "until=2020-01-01T00:00:00Z"} {
		if n := len(l.ask(t, "GET", "/ledger/entries?"+span, "", 200)["items"].([]any)); n != 0 {
			t.Errorf("%s there are %d entries", span, n)
		}
		if got := l.do(request("GET", "/api/v1/ledger/sie?currency=SEK&"+span, "", "Authorization", "Bearer "+testToken)).Body.String(); !strings.Contains(got, "#SIETYP") || strings.Contains(got, "#VER") {
			t.Errorf("%s is exported %s", span, got)
		}
	}
	l.asked(t, "GET", "/ledger/entries?since=x", "", 422)
	// What was billed, however it is added up, is what the records come to.
	total, records := 0.0, l.ask(t, "GET", "/charge-records?limit=100", "", 200)["items"].([]any)
	for _, r := range records {
		total += r.(map[string]any)["total"].(map[string]any)["amount"].(float64)
	}
	for _, by := range []string{"day", "site", "station"} {
		items := l.ask(t, "GET", "/revenue?by="+by, "", 200)["items"].([]any)
		if len(items) != 1 {
			t.Fatalf("by %s: %v", by, items)
		}
		sum := items[0].(map[string]any)
		if n := sum["charges"].(float64) + sum["corrections"].(float64); int(n) != len(records) || sum["total"].(map[string]any)["amount"].(float64) != total {
			t.Errorf("by %s: %v of %d records that come to %v", by, sum, len(records), total)
		}
	}
	if n := len(l.ask(t, "GET", "/revenue?site=nowhere", "", 200)["items"].([]any)); n != 0 {
		t.Errorf("%d at no site", n)
	}
	l.asked(t, "GET", "/revenue?since=2020-01-01T00:00:00Z", "", 422)
	if got := l.asked(t, "GET", "/decisions", "", 200); !strings.Contains(got, "the meter was wrong") || !strings.Contains(got, "a gift") || !strings.Contains(got, "as the driver says") {
		t.Errorf("the decisions are %s", got)
	}
}

// settled waits until the one payment is settled or released with so much paid.
func (l *live) settled(t *testing.T, paid string) {
	t.Helper()
	got := ""
	for range 200 {
		got = l.asked(t, "GET", "/payments", "", 200)
		if (strings.Contains(got, `"state":"settled"`) || strings.Contains(got, `"state":"released"`)) && strings.Contains(got, `"paid":{`+paid) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("paid is not %s: %s", paid, got)
}
