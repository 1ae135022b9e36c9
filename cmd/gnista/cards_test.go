package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// asked is a request with the admin token.
func (l *live) asked(t *testing.T, method, path, body string, status int) string {
	t.Helper()
	r := request(method, "/api/v1"+path, body, "Authorization", "Bearer "+testToken)
	if strings.HasPrefix(path, "/tokens/import") {
		r.Header.Set("Content-Type", "text/csv")
	}
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, r)
	if w.Code != status {
		t.Errorf("%s %s %s: %d %s, want %d", method, path, body, w.Code, w.Body, status)
	}
	return w.Body.String()
}

// made is the id of what a request has made.
func (l *live) made(t *testing.T, path, body string) string {
	t.Helper()
	var v struct{ ID string }
	if err := json.Unmarshal([]byte(l.asked(t, "POST", path, body, http.StatusCreated)), &v); err != nil || v.ID == "" {
		t.Fatalf("made %q, %v", v.ID, err)
	}
	return v.ID
}

// What is wrong with customers, accounts and cards is told with its field.
func TestCardsOverHTTP(t *testing.T) {
	l := newLive(t, nil)
	wrong := func(method, path, body string, status int, parts ...string) {
		t.Helper()
		got := l.asked(t, method, path, body, status)
		for _, part := range parts {
			if !strings.Contains(got, part) {
				t.Errorf("%s %s %s: %q is not in %s", method, path, body, part, got)
			}
		}
	}
	customer := l.made(t, "/customers", `{"kind":"private","name":"Anna","email":"anna@example.com"}`)
	wallet := l.made(t, "/accounts", `{"customer":"`+customer+`","kind":"prepaid","currency":"SEK","hold":{"amount":100,"currency":"SEK"}}`)
	wrong("POST", "/customers", `{"kind":"company","name":"AB"}`, 422, "body.number", "registration number")
	wrong("POST", "/customers", `{"kind":"company","name":"AB","number":"5560360794","address":{"country":"SE"}}`, 422, "body.number", "check digit")
	wrong("POST", "/customers", `{"kind":"private","name":"A","tariff":"none"}`, 422, "body.tariff")
	wrong("PATCH", "/customers/"+customer, `{"name":null}`, 422, "null")
	wrong("PATCH", "/customers/none", `{"name":"B"}`, 404)
	wrong("GET", "/customers?find=ANN", "", 200, customer)
	wrong("GET", "/customers?find=nobody", "", 200, `"items":[]`)
	wrong("POST", "/accounts", `{"kind":"prepaid","currency":"SEK"}`, 422, "body.customer")
	wrong("POST", "/accounts", `{"customer":"none","kind":"prepaid","currency":"SEK"}`, 422, "body.customer")
	wrong("POST", "/accounts", `{"customer":"`+customer+`","kind":"prepaid","currency":"SEK","offline":true}`, 422, "body.offline")
	wrong("POST", "/accounts", `{"customer":"`+customer+`","kind":"postpaid","currency":"SEK","creditLimit":{"amount":1,"currency":"EUR"}}`, 422, "body.creditLimit.currency")
	wrong("PATCH", "/accounts/"+wallet, `{"hold":{"amount":-1,"currency":"SEK"}}`, 422, "body.hold")
	wrong("PATCH", "/accounts/"+wallet, `{"kind":"postpaid"}`, 422, "kind")
	wrong("PATCH", "/accounts/"+wallet, `{"blocked":true,"blockReason":"lost"}`, 200, `"blockReason":"lost"`, `"available"`)
	wrong("GET", "/accounts?customer="+customer, "", 200, wallet)
	wrong("GET", "/accounts/none", "", 404)
	wrong("GET", "/accounts?id=none&id="+wallet, "", 200, wallet, `"holder":"Anna"`)
	wrong("GET", "/accounts?find="+"ann", "", 200, wallet)
	wrong("GET", "/accounts?find=nobody", "", 200, `"items":[]`)

	wrong("POST", "/tokens", `{"uid":"04A1B2C3","account":"none"}`, 422, "body.account")
	wrong("POST", "/tokens", `{"uid":"04A1B2C3","sites":["none"]}`, 422, "body.sites")
	wrong("POST", "/tokens", `{"uid":"04A1B2C3","master":true}`, 422, "body.group", "MasterPassGroupId")
	wrong("POST", "/tokens", `{"uid":"04A1B2C3","limits":{"amountPerDay":{"amount":1,"currency":"SEK"},"amountPerMonth":{"amount":1,"currency":"EUR"}}}`, 422, "body.limits.amountPerMonth")
	wrong("POST", "/tokens", `{"uid":"04A1B2C3","limits":{"amountPerDay":{"amount":1,"currency":"kr"}}}`, 422, "body.limits.currency")
	wrong("POST", "/tokens", `{"uid":"04A1B2C3","name":"Anna's","message":"Hej","account":"`+wallet+`","limits":{"amountPerDay":{"amount":500,"currency":"SEK"}}}`, 201,
		`"label":"…B2C3"`, `"amountPerDay":{"amount":500,"currency":"SEK"}`)
	wrong("PATCH", "/tokens/04-a1-b2-c3", `{"blocked":true,"blockReason":"lost"}`, 200, `"blockReason":"lost"`)
	wrong("PATCH", "/tokens/04A1B2C3", `{"blocked":false,"sites":[]}`, 200)
	wrong("POST", "/unknown-tokens/none/claim", `{}`, 404)
	wrong("DELETE", "/unknown-tokens/none", "", 404)
	wrong("GET", "/unknown-tokens?cursor=eCB5", "", 422, "cursor")

	wrong("POST", "/tokens/import?dryRun=true", "uid,name\n04A1B2C3,Bo\n04A1B2C4,Cecilia\n,\n", 200, `"done":false`, `"create":1`, `"change":1`, `"errors":1`, `"column":"uid"`, `"line":4`)
	wrong("POST", "/tokens/import", "uid,name\n04A1B2C4,Cecilia\n,\n", 200, `"done":false`)
	wrong("GET", "/tokens/04A1B2C4", "", 404)
	wrong("POST", "/tokens/import?skip=true", "uid,name\n04A1B2C4,=Cecilia\n,\n", 200, `"done":true`)
	wrong("GET", "/tokens/04A1B2C4", "", 200, `"name":"=Cecilia"`)
	wrong("POST", "/tokens/import", "colour\nred\n", 422, "colour", "the columns are uid, type")
	wrong("POST", "/tokens/import", "", 400)
	wrong("GET", "/tokens/export", "", 200, "uid,type,name", "04A1B2C4,ISO14443,'=Cecilia,")

	wrong("POST", "/customers/"+customer+"/erase", "", 200, `"erasedAt"`)
	wrong("POST", "/customers/"+customer+"/erase", "", 409)
	wrong("GET", "/customers/"+customer, "", 200, `"name":""`)
	if got := l.asked(t, "GET", "/tokens/04A1B2C3", "", 200); strings.Contains(got, "Anna") || strings.Contains(got, "Hej") {
		t.Errorf("of the erased customer's card is left %s", got)
	}
}
