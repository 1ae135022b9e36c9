package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"gnista/billing"
)

// ask sends a request to the API and reads the answer.
func (l *live) ask(t *testing.T, method, path, body string, status int) map[string]any {
	t.Helper()
	w := l.do(request(method, "/api/v1"+path, body, "Authorization", "Bearer "+testToken))
	out := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != status {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return out
}

// A car charges on a card of a company's account; the meter signs what it shows. The receipt has that
// unchanged, and the company gets an invoice, as a page, as a PDF and for Peppol.
func TestInvoice(t *testing.T) {
	l := newLive(t, func(o *options) {
		o.Seller = billing.Seller{Name: "Åsas <El> AB", Number: "556036-0793", VAT: "SE556036079301", Address: "Storgatan 1, 123 45 Staden", Country: "SE", Bankgiro: "5050-1055", FTax: true}
	})
	customer := l.ask(t, "POST", "/customers", `{"kind":"company","name":"Bilar & Båtar 🚗 ЖД 漢","number":"556012-5790","vat":"SE556012579001","language":"sv","reference":"Kst 4711",
		"address":{"street":"Hamngatan 2","postalCode":"111 47","city":"Stockholm","country":"SE"}}`, 201)["id"]
	of := l.ask(t, "POST", "/accounts", fmt.Sprintf(`{"customer":%q,"name":"Flottan","kind":"postpaid","currency":"SEK"}`, customer), 201)["id"].(string)
	l.ask(t, "POST", "/tokens", fmt.Sprintf(`{"uid":"04A1B2C3D4E5F6","account":%q}`, of), 201)
	l.priced("Public")
	w := l.connect("CS1").boot()
	const signed = `OCMF|{\"FV\":\"1.0\",\"RD\":[{\"RV\":5.000}]}|{\"SD\":\"3045\\u00e5\"}`
	for n, kind := range []string{"Started", "Ended"} {
		token := ""
		if n == 0 {
			token = `,"idToken":{"idToken":"04A1B2C3D4E5F6","type":"ISO14443"}`
		}
		w.send(fmt.Sprintf(`[2,"%d","TransactionEvent",{"eventType":"%s","timestamp":"2026-01-01T0%d:00:00Z","triggerReason":"Authorized","seqNo":%d,"transactionInfo":{"transactionId":"T","chargingState":"Charging"},"evse":{"id":1}%s,"meterValue":[{"timestamp":"2026-01-01T0%d:00:00Z","sampledValue":[{"value":%d,"context":"Transaction.%s","signedMeterValue":{"signedMeterData":"%s%d","encodingMethod":"OCMF","signingMethod":"ECDSA","publicKey":"MFk="}}]}]}]`,
			n, kind, n, n, token, n, 1000+4000*n, []string{"Begin", "End"}[n], signed, n))
		w.want("[3,")
	}
	var records []any
	for range 200 {
		if records = l.ask(t, "GET", "/charge-records", "", 200)["items"].([]any); len(records) > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if len(records) != 1 {
		t.Fatal("nothing was billed")
	}
	receipt := "/receipts/" + records[0].(map[string]any)["id"].(string)
	shown := l.ask(t, "GET", receipt, "", 200)
	values, _ := l.ask(t, "GET", receipt+"/signed-values", "", 200)["signedValues"].([]any)
	if len(values) != 2 || shown["kind"] != "full" || shown["buyer"] == nil {
		t.Fatalf("the receipt is %v", shown)
	}
	first := values[0].(map[string]any)
	if want := strings.ReplaceAll(strings.ReplaceAll(signed, `\"`, `"`), `\\`, `\`) + "0"; first["data"] != want || first["encoding"] != "OCMF" || first["publicKey"] != "MFk=" || first["context"] != "begin" {
		t.Errorf("the signed value is %q, want %q", first, want)
	}
	if begin := shown["meterBegin"].(map[string]any); begin["mWh"] != 1e6 {
		t.Errorf("the meter began at %v", begin)
	}

	plan := l.ask(t, "POST", "/invoice-runs", `{"dryRun":true}`, 201)
	if plan["records"] != 1.0 || plan["id"] != nil {
		t.Errorf("the plan is %v", plan)
	}
	run := l.ask(t, "POST", "/invoice-runs", `{}`, 201)
	for range 200 {
		if run = l.ask(t, "GET", "/invoice-runs/"+run["id"].(string), "", 200); run["state"] == "done" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	invoices := l.ask(t, "GET", "/invoices?account="+of, "", 200)["items"].([]any)
	if len(invoices) != 1 {
		t.Fatalf("there are %v after %v", invoices, run)
	}
	path := "/invoices/" + invoices[0].(map[string]any)["id"].(string)
	if v := l.ask(t, "GET", path, "", 200); fmt.Sprint(v["total"]) != fmt.Sprint(shown["total"]) || fmt.Sprint(v["vatRates"]) != fmt.Sprint(shown["vatRates"]) || v["reference"] != "18" {
		t.Errorf("the invoice is %v", v)
	}
	for _, x := range []struct{ path, accept, begins, has string }{
		{path, "text/html", "<!doctype html>", "Bilar &amp; Båtar"}, {path + ".pdf", "", "%PDF-", "%%EOF"}, {path, "application/pdf", "%PDF-", "%%EOF"}, {path + "/ubl", "", "<?xml", "SE:BANKGIRO"},
		{receipt, "text/html", "<!doctype html>", "Åsas &lt;El&gt; AB"}, {receipt + ".pdf", "", "%PDF-", "%%EOF"},
	} {
		w := l.do(request("GET", "/api/v1"+x.path, "", "Authorization", "Bearer "+testToken, "Accept", x.accept, "Accept-Language", "sv"))
		if b := bytes.TrimSpace(w.Body.Bytes()); w.Code != 200 || !bytes.HasPrefix(b, []byte(x.begins)) || !bytes.Contains(b, []byte(x.has)) {
			t.Errorf("%s as %q: %d %.300s", x.path, x.accept, w.Code, b)
		}
	}
	l.ask(t, "POST", path+"/payments", `{"amount":{"amount":0,"currency":"SEK"},"reference":"a"}`, 422)
	l.ask(t, "POST", path+"/payments", `{"amount":{"amount":100,"currency":"EUR"},"reference":"a"}`, 422)
	l.ask(t, "POST", path+"/reminders", `{}`, 409)
	l.invoices.Now = func() time.Time { return time.Now().Add(60 * 24 * time.Hour) }
	if r := l.ask(t, "POST", path+"/reminders", `{"withoutFee":true}`, 201); r["level"] != 1.0 || r["number"] != 1.0 || fmt.Sprint(r["open"]) != fmt.Sprint(shown["total"]) {
		t.Errorf("the reminder is %v", r)
	}
	l.ask(t, "GET", path+"/reminders/2", "", 404)
	if w := l.do(request("GET", "/api/v1"+path+"/reminders/1.pdf", "", "Authorization", "Bearer "+testToken)); w.Code != 200 || !bytes.HasPrefix(w.Body.Bytes(), []byte("%PDF-")) {
		t.Errorf("the reminder as a PDF: %d %.300s", w.Code, w.Body)
	}
	l.invoices.Now = time.Now
	if v := l.ask(t, "POST", path+"/payments", fmt.Sprintf(`{"amount":{"amount":%v,"currency":"SEK"},"reference":"a"}`, shown["total"].(map[string]any)["amount"]), 200); v["state"] != "paid" {
		t.Errorf("paid it is %v", v)
	}
	if note := l.ask(t, "POST", path+"/credit", `{"reason":"Fel"}`, 201); note["number"] != 2.0 || note["kind"] != "credit-note" {
		t.Errorf("the credit note is %v", note)
	}
	l.ask(t, "POST", "/invoice-runs", `{"until":"2090-01-01T00:00:00Z"}`, 422)
	l.ask(t, "POST", "/invoice-runs", `{"account":"none"}`, 404)
}
