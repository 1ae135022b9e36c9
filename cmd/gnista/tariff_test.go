package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// asked is an operator at the API.
type asked struct {
	*live
	t *testing.T
}

// ask asks for something, and wants a status and parts of the answer.
func (a asked) ask(method, path, body string, status int, parts ...string) *httptest.ResponseRecorder {
	a.t.Helper()
	w := a.do(request(method, "/api/v1"+path, body, "Authorization", "Bearer "+testToken))
	if w.Code != status {
		a.t.Errorf("%s %s %s: %d %s, want %d", method, path, body, w.Code, w.Body, status)
	}
	for _, part := range parts {
		if !strings.Contains(w.Body.String(), part) {
			a.t.Errorf("%s %s %s: %q is not in %s", method, path, body, part, w.Body)
		}
	}
	return w
}

// made is the id of what is made.
func (a asked) made(path, body string) string {
	a.t.Helper()
	var v struct{ ID string }
	if err := json.Unmarshal(a.ask("POST", path, body, 201).Body.Bytes(), &v); err != nil || v.ID == "" {
		a.t.Fatalf("%s has no id: %v", path, err)
	}
	return v.ID
}

// tariff makes a tariff with a price for a kWh.
func (a asked) tariff(name, price string) string {
	a.t.Helper()
	return a.made("/tariffs", fmt.Sprintf(`{"name":%q,"currency":"SEK","elements":[{"type":"energy","price":%q}]}`, name, price))
}

const everyField = `{"name":"All","currency":"SEK","net":true,"minPrice":10,"maxPrice":"500.50","elements":[
	{"type":"energy","price":4.95,"stepSize":100,"restrictions":{"from":"06:00","to":"22:00","since":"2026-01-01","until":"2099-01-01","weekdays":["monday","friday"],
		"minEnergyWh":1000,"maxEnergyWh":50000,"minPowerW":1000,"maxPowerW":50000,"minCurrentMilliA":6000,"maxCurrentMilliA":96000,"minSeconds":60,"maxSeconds":86400}},
	{"type":"energy","price":"3"},
	{"type":"idle","price":"60","vatPercent":6,"perHour":true,"graceMinutes":10},
	{"type":"reserving","price":"5","restrictions":{"expired":true}},
	{"type":"start","price":2}]}`

func TestTariffs(t *testing.T) {
	a := asked{newLive(t, nil), t}
	id := a.made("/tariffs", everyField)
	a.ask("GET", "/tariffs/"+id, "", 200, `"net":true,"minPrice":"10","maxPrice":"500.50"`,
		`{"type":"energy","price":"4.95","vatPercent":"25","stepSize":100,"restrictions":{"from":"06:00","to":"22:00","since":"2026-01-01","until":"2099-01-01","weekdays":["monday","friday"],"minEnergyWh":1000,"maxEnergyWh":50000,"minPowerW":1000,"maxPowerW":50000,"minCurrentMilliA":6000,"maxCurrentMilliA":96000,"minSeconds":60,"maxSeconds":86400}}`,
		`{"type":"idle","price":"60","vatPercent":"6","perHour":true,"graceMinutes":10}`, `{"type":"reserving","price":"5","vatPercent":"25","restrictions":{"expired":true}}`,
		`"text":{"sv":"4,95 kr/kWh`, `"en":"4.95 SEK/kWh`)

	a.ask("POST", "/tariffs/check", everyField, 200, `"sv":"4,95 kr/kWh`, `"field":"elements[0].stepSize"`, `"field":"net"`)
	if list := a.ask("GET", "/tariffs", "", 200).Body.String(); strings.Count(list, `"name":"All"`) != 1 {
		t.Errorf("a check stores something: %s", list)
	}
	wrong := func(field, elements string) {
		t.Helper()
		for _, path := range []string{"/tariffs", "/tariffs/check", "/tariffs/" + id + "/versions"} {
			body := `{"name":"x","currency":"SEK","elements":[` + elements + `]}`
			if strings.HasSuffix(path, "/versions") {
				body = `{"elements":[` + elements + `]}`
			}
			a.ask("POST", path, body, 422, `"location":"body.`+field+`"`)
		}
	}
	energy := `{"type":"energy","price":1}`
	wrong("elements[1].restrictions.to", energy+`,{"type":"time","price":1,"restrictions":{"from":"08:00","to":"8"}}`)
	wrong("elements[1].restrictions.minSeconds", energy+`,{"type":"time","price":1,"restrictions":{"minSeconds":9,"maxSeconds":8}}`)
	wrong("elements[0].restrictions.maxPowerW", `{"type":"energy","price":1,"restrictions":{"maxPowerW":0}},`+energy)
	wrong("elements[0].restrictions.minCurrentMilliA", `{"type":"energy","price":1,"restrictions":{"minCurrentMilliA":-1}},`+energy)
	wrong("elements[1]", energy+`,{"type":"energy","price":2}`)
	wrong("elements", `{"type":"energy","price":1,"restrictions":{"minEnergyWh":5}}`)
	wrong("elements[0].stepSize", `{"type":"energy","price":1,"stepSize":99999999}`)
	wrong("elements[0].perHour", `{"type":"energy","price":1,"perHour":true}`)
	a.ask("POST", "/tariffs", `{"name":"x","currency":"SEK","minPrice":2,"maxPrice":1,"elements":[`+energy+`]}`, 422, "body.minPrice")
	a.ask("POST", "/tariffs/"+id+"/versions", `{"maxPrice":"1.234","elements":[`+energy+`]}`, 422, "body.maxPrice")
	a.ask("POST", "/tariffs/check", `{"name":" ","currency":"SEK","elements":[`+energy+`]}`, 422, "body.name")
	a.ask("POST", "/tariffs/check", `{"name":"x","currency":"XXZ","elements":[`+energy+`]}`, 422, "body.currency")

	a.ask("POST", "/tariffs/"+id+"/versions", `{"validFrom":"2090-01-01T00:00:00Z","elements":[`+energy+`]}`, 201, `"number":2`, `"validFrom":"2090-01-01T00:00:00Z"`)
	a.ask("GET", "/tariffs/"+id, "", 200, `"number":2`, `"number":1`)
	a.ask("PATCH", "/tariffs/"+id, `{"name":"Other","default":true}`, 200, `"name":"Other"`, `"default":true`)
	a.ask("PATCH", "/tariffs/"+id, `{"default":false}`, 422, "body.default")
	a.ask("PATCH", "/tariffs/"+id, `{"name":null}`, 422, "name is null")
	a.ask("PATCH", "/tariffs/none", `{"name":"x"}`, 404)
	a.ask("DELETE", "/tariffs/"+id, "", 409, "the default one")
	unused := a.tariff("Unused", "1")
	a.ask("DELETE", "/tariffs/"+unused, "", 204)
	a.ask("GET", "/tariffs/"+unused, "", 404)
	a.ask("PUT", "/stations/A", `{"tariff":"`+unused+`"}`, 422, "body.tariff")
}

func TestSites(t *testing.T) {
	a := asked{newLive(t, nil), t}
	a.ask("POST", "/sites", `{"name":"Hamnen","zone":"Europe/Stokholm"}`, 422, "body.zone", "Europe/Stokholm")
	a.ask("POST", "/sites", `{"name":"Hamnen","zone":"Local"}`, 422, "body.zone")
	a.ask("POST", "/sites", `{"zone":"Europe/Stockholm"}`, 422, "body.name")
	a.ask("POST", "/sites", `{"name":"Hamnen","tariff":"none"}`, 422, "body.tariff")
	id := a.made("/sites", `{"name":"Hamnen","zone":"Europe/Helsinki"}`)
	a.ask("GET", "/sites", "", 200, `"zone":"Europe/Helsinki"`)
	a.ask("GET", "/sites/none", "", 404)
	a.ask("PATCH", "/sites/"+id, `{"name":"Kajen"}`, 200, `"name":"Kajen","zone":"Europe/Helsinki"`)
	a.ask("PATCH", "/sites/"+id, `{"zone":"Moon/Sea"}`, 422, "body.zone")
	a.ask("PUT", "/stations/A", `{"site":"none"}`, 422, "body.site")
	a.ask("PUT", "/stations/A", `{"site":"`+id+`"}`, 200, `"site":"`+id+`"`)
	a.ask("DELETE", "/sites/"+id, "", 409, "A among them")
	a.ask("PATCH", "/stations/A", `{"site":""}`, 200)
	a.ask("DELETE", "/sites/"+id, "", 204)
	a.ask("DELETE", "/sites/"+id, "", 404)
}

// Each assignment comes before those behind it, is told with its reason, and keeps its tariff.
func TestAssignment(t *testing.T) {
	a := asked{newLive(t, nil), t}
	tariffs := map[string]string{}
	for _, rule := range []string{"token", "group", "customer", "evse", "station", "site"} {
		tariffs[rule] = a.tariff("Of "+rule, "1")
	}
	site := a.made("/sites", `{"name":"Hamnen"}`)
	customer := a.made("/customers", `{"kind":"private","name":"Anna"}`)
	account := a.made("/accounts", `{"customer":"`+customer+`","kind":"postpaid","currency":"SEK","termDays":30}`)
	a.ask("PUT", "/stations/A", `{"site":"`+site+`"}`, 200)
	a.ask("POST", "/tokens", `{"uid":"04AABBCC","group":"fleet","account":"`+account+`"}`, 201)
	holds := func(rule, of string) {
		t.Helper()
		a.ask("GET", "/stations/A/tariff?evse=1&token=04:aa:bb:cc", "", 200, `"rule":"`+rule+`"`, `"of":"`+of+`"`, `"tariff":"`+tariffs[rule]+`"`, `"name":"Of `+rule+`"`)
		a.ask("DELETE", "/tariffs/"+tariffs[rule], "", 409)
	}
	set := func(method, path, rule string) {
		t.Helper()
		a.ask(method, path, `{"tariff":"none"}`, 422, "body.tariff")
		a.ask(method, path, `{"tariff":"`+tariffs[rule]+`"}`, 200)
	}
	a.ask("GET", "/stations/A/tariff", "", 200, `"rule":"default"`)
	set("PATCH", "/sites/"+site, "site")
	holds("site", site)
	set("PATCH", "/stations/A", "station")
	holds("station", "A")
	set("PUT", "/stations/A/evses/1/tariff", "evse")
	holds("evse", "A/1")
	a.ask("GET", "/stations/A/evses/1/tariff", "", 200, tariffs["evse"])
	a.ask("GET", "/stations/A/tariff?evse=2", "", 200, `"rule":"station"`)
	a.ask("PATCH", "/customers/"+customer, `{"tariff":"`+tariffs["customer"]+`"}`, 200)
	holds("customer", account)
	a.ask("PUT", "/token-groups/fleet", `{"offline":false,"tariff":"none"}`, 422, "body.tariff")
	a.ask("PUT", "/token-groups/fleet", `{"offline":false,"tariff":"`+tariffs["group"]+`"}`, 200)
	a.ask("GET", "/token-groups", "", 200, `"tariff":"`+tariffs["group"]+`"`)
	holds("group", "fleet")
	set("PATCH", "/tokens/04AABBCC", "token")
	holds("token", "…BBCC")
	a.ask("POST", "/tokens", `{"uid":"04AABBCD","tariff":"none"}`, 422, "body.tariff")

	for rule, of := range map[string]string{"token": "04AABBCC", "group": "fleet", "customer": customer, "evse": "A", "station": "A", "site": site} {
		a.ask("GET", "/tariffs/"+tariffs[rule]+"/uses", "", 200, `{"items":[{"rule":"`+rule+`","id":"`+of+`"`)
	}
	a.ask("GET", "/tariffs/none/uses", "", 404)

	a.ask("GET", "/stations/none/tariff", "", 404)
	a.ask("GET", "/stations/A/tariff?token=nobody", "", 404)
	a.ask("GET", "/stations/A/tariff?at=1960-01-01T00:00:00Z", "", 422, "query.at")
	a.ask("PUT", "/stations/none/evses/1/tariff", `{"tariff":"`+tariffs["evse"]+`"}`, 404)
	a.ask("DELETE", "/stations/A/evses/1/tariff", "", 204)
	a.ask("GET", "/stations/A/evses/1/tariff", "", 404)
}

func TestQuotes(t *testing.T) {
	a := asked{newLive(t, nil), t}
	id := a.made("/tariffs", `{"name":"Day","currency":"SEK","maxPrice":100,"elements":[{"type":"energy","price":5,"restrictions":{"from":"06:00","to":"22:00"}},{"type":"energy","price":2},
		{"type":"idle","price":1,"graceMinutes":10},{"type":"start","price":3}]}`)
	site := a.made("/sites", `{"name":"Hamnen","zone":"Europe/Stockholm"}`)
	// Half of it before 22:00 in Stockholm: 5 kWh of each price, 3 for the start, 5 minutes of 15 that are not free.
	plan := `"energyWh":10000,"chargingMinutes":60,"idleMinutes":15,"startAt":"2026-12-01T20:30:00Z"`
	a.ask("POST", "/tariffs/"+id+"/quote", `{`+plan+`,"site":"`+site+`"}`, 200, `"total":{"amount":4300,"currency":"SEK"}`, `"zone":"Europe/Stockholm"`,
		`{"type":"energy","element":1,"quantity":5000,"price":"5","vatPercent":"25","amount":{"amount":2500,"currency":"SEK"},"estimated":true,"periods":[{"from":"2026-12-01T20:30:00Z","to":"2026-12-01T21:00:00Z"}],"restrictions":{"from":"06:00","to":"22:00"}}`,
		`{"type":"idle","element":3,"quantity":900,"free":600,"price":"1","vatPercent":"25","amount":{"amount":500,"currency":"SEK"}`, `"vatRates":[{"percent":"25","net":{"amount":3440,"currency":"SEK"},"vat":{"amount":860,"currency":"SEK"}`)
	a.ask("POST", "/tariffs/"+id+"/quote", `{`+plan+`}`, 200, `"total":{"amount":5800,"currency":"SEK"}`, `"zone":"UTC"`)
	a.ask("POST", "/tariffs/"+id+"/quote", `{"profile":[{"minutes":30,"powerW":20000},{"minutes":60,"powerW":2000}],"startAt":"2026-12-01T00:00:00Z"}`, 200, `"total":{"amount":2700,"currency":"SEK"}`)
	a.ask("POST", "/tariffs/"+id+"/quote", `{"energyWh":100000,"powerW":11000,"startAt":"2026-12-01T08:00:00Z"}`, 200, `"total":{"amount":10000,"currency":"SEK"}`, `"type":"maximum"`)
	a.ask("POST", "/tariffs/"+id+"/quote", `{"profile":[{"minutes":30,"powerW":20000}],"energyWh":1}`, 422, "body.profile")
	a.ask("POST", "/tariffs/"+id+"/quote", `{"chargingMinutes":10}`, 422, "body.energyWh")
	a.ask("POST", "/tariffs/"+id+"/quote", `{"energyWh":10}`, 422, "body.chargingMinutes")
	a.ask("POST", "/tariffs/"+id+"/quote", `{"energyWh":-10,"powerW":1}`, 422, "body.energyWh")
	a.ask("POST", "/tariffs/"+id+"/quote", `{`+plan+`,"site":"none"}`, 422, "body.site")
	a.ask("POST", "/tariffs/"+id+"/quote", `{`+plan+`,"version":9}`, 404)
	a.ask("POST", "/tariffs/none/quote", `{`+plan+`}`, 404)

	draft := `"tariff":{"name":"Draft","currency":"SEK","elements":[{"type":"energy","price":5,"restrictions":{"from":"06:00","to":"22:00"}},{"type":"energy","price":2}]}`
	a.ask("POST", "/tariffs/quote", `{`+draft+`,"plan":{`+plan+`},"site":"`+site+`"}`, 200, `"total":{"amount":3500,"currency":"SEK"}`)
	a.ask("POST", "/tariffs/quote", `{`+draft+`,"plan":{"energyWh":10}}`, 422, "body.plan.chargingMinutes")
	a.ask("POST", "/tariffs/quote", `{`+draft+`,"plan":{`+plan+`},"site":"none"}`, 422, "body.site")
	a.ask("POST", "/tariffs/quote", `{"tariff":{"name":"Draft","currency":"SEK","elements":[{"type":"energy","price":-1}]},"plan":{`+plan+`}}`, 422, "body.tariff.elements[0].price")
	if list := a.ask("GET", "/tariffs", "", 200).Body.String(); strings.Contains(list, "Draft") {
		t.Errorf("a quote stores something: %s", list)
	}

	a.ask("PUT", "/stations/A", `{"site":"`+site+`","tariff":"`+id+`"}`, 200)
	a.ask("POST", "/stations/A/quote", `{`+plan+`}`, 200, `"rule":"station"`, `"total":{"amount":4300,"currency":"SEK"}`)
	own := a.tariff("Own", "1")
	a.ask("POST", "/tokens", `{"uid":"04AABBCC","tariff":"`+own+`"}`, 201)
	a.ask("POST", "/stations/A/quote", `{`+plan+`,"token":"04aabbcc"}`, 200, `"rule":"token"`, `"total":{"amount":1000,"currency":"SEK"}`)
	a.ask("POST", "/stations/A/quote", `{`+plan+`,"token":"nobody"}`, 404)
	a.ask("POST", "/stations/none/quote", `{`+plan+`}`, 404)
}

func TestTariffExchange(t *testing.T) {
	a := asked{newLive(t, nil), t}
	id := a.made("/tariffs", everyField)
	a.ask("GET", "/tariffs/"+id+"/ocpi?version=2.2.1&country=SE&party=GNI", "", 200, `"country_code":"SE","party_id":"GNI","id":"`+id+`"`, `"price":4.95,"vat":25,"step_size":100`, `"field":"elements[2].graceMinutes"`)
	a.ask("GET", "/tariffs/"+id+"/ocpi?version=2.3.0", "", 200, `"tax_included":"NO"`, `"field":"country_code"`, `"field":"elements[0].stepSize","kept":true`)
	a.ask("GET", "/tariffs/"+id+"/ocpi?version=2.1.1", "", 422, "query.version")
	a.ask("GET", "/tariffs/"+id+"/ocpi?country=Sweden", "", 422, "query.country")
	a.ask("GET", "/tariffs/none/ocpi", "", 404)
	a.ask("GET", "/tariffs/"+id+"/ocpp", "", 200, `"currency":"SEK"`, `"priceKwh":4.95`, `"startTimeOfDay":"06:00"`, `"maxCost":{"exclTax":500.5}`, `"field":"elements[0].stepSize"`, `"field":"elements[3].restrictions.expired"`)
	a.ask("GET", "/tariffs/"+id+"/ocpp?number=3", "", 404)

	wire := `{"id":"14","currency":"EUR","type":"REGULAR","elements":[{"price_components":[{"type":"ENERGY","price":0.1234567,"vat":10,"step_size":1}]}]}`
	a.ask("POST", "/tariffs/import", `{"format":"ocpi-2.2.1","dryRun":true,"tariff":`+wire+`}`, 200, `"name":"14"`, `"price":"0.123457"`, `"field":"type"`, `"field":"elements[0].price_components[0].price","kept":true`)
	if list := a.ask("GET", "/tariffs", "", 200).Body.String(); strings.Contains(list, `"name":"14"`) {
		t.Errorf("a dry run stores something: %s", list)
	}
	a.ask("POST", "/tariffs/import", `{"format":"ocpi-2.2.1","name":"Partner","tariff":`+wire+`}`, 200, `"name":"Partner"`, `"number":1`)
	a.ask("GET", "/tariffs", "", 200, `"name":"Partner"`)
	a.ask("POST", "/tariffs/import", `{"format":"ocpi-2.3.0","tariff":{"id":"1","currency":"EUR","elements":[{"price_components":[{"type":"ENERGY","price":-1}]}]}}`, 422, "body.tariff.elements[0].price_components[0].price")
	a.ask("POST", "/tariffs/import", `{"format":"ocpi-2.3.0","tariff":[]}`, 422, "body.tariff")
	a.ask("POST", "/tariffs/import", `{"format":"ocpi-2.2.1","tariff":{"currency":"EUR","elements":[{"price_components":[{"type":"ENERGY","price":1}]}]}}`, 422, "body.name")
	a.ask("POST", "/tariffs/import", `{"format":"datex","tariff":{}}`, 422, "body.format")
}

// A transaction keeps the tariff of its start, of who turned out to pay; others are only simulated.
func TestTariffOfTransaction(t *testing.T) {
	a := asked{newLive(t, nil), t}
	a.priced("All")
	own, dear := a.tariff("Own", "1"), a.tariff("Dear", "10")
	euro := a.made("/tariffs", `{"name":"Euro","currency":"EUR","elements":[{"type":"energy","price":"1"}]}`)
	a.ask("POST", "/tokens", `{"uid":"04AABBCC","tariff":"`+own+`"}`, 201)
	a.ask("POST", "/tokens", `{"uid":"04AABBDD","tariff":"`+dear+`"}`, 201)
	w := a.connect("A").boot()
	start := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	n := 0
	event := func(kind, ref, more string, minutes, wh int) {
		t.Helper()
		n++
		at := start.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339)
		w.send(fmt.Sprintf(`[2,"%d","TransactionEvent",{"eventType":%q,"timestamp":%q,"triggerReason":"Trigger","seqNo":%d,"transactionInfo":{"transactionId":%q,"chargingState":"Charging"},"evse":{"id":1,"connectorId":1},"meterValue":[{"timestamp":%q,"sampledValue":[{"value":%d}]}]%s}]`,
			n, kind, at, n, ref, at, wh, more))
		w.want(fmt.Sprintf(`[3,"%d",`, n))
	}
	card := func(uid string) string { return `,"idToken":{"idToken":"` + uid + `","type":"ISO14443"}` }
	version := func(id string) string {
		t.Helper()
		var v struct{ Versions []struct{ ID string } }
		if err := json.Unmarshal(a.ask("GET", "/tariffs/"+id, "", 200).Body.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		return v.Versions[len(v.Versions)-1].ID // the first
	}
	type shown struct{ ID, Ref, Tariff string }
	transaction := func(ref string) shown {
		t.Helper()
		var list struct{ Items []shown }
		if err := json.Unmarshal(a.ask("GET", "/transactions", "", 200).Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		for _, x := range list.Items {
			if x.Ref == ref {
				return x
			}
		}
		t.Fatalf("there is no transaction %s", ref)
		return shown{}
	}
	event("Started", "x1", "", 0, 1000)
	if x := transaction("x1"); x.Tariff == "" || x.Tariff == version(own) {
		t.Errorf("before the card its tariff is %q", x.Tariff)
	}
	a.ask("POST", "/tariffs/"+own+"/versions", `{"elements":[{"type":"energy","price":"7"}]}`, 201)
	event("Updated", "x1", card("04AABBCC"), 5, 1500)
	if x := transaction("x1"); x.Tariff != version(own) {
		t.Errorf("with the card its tariff is %q, want the version that held at the start, %q", x.Tariff, version(own))
	}
	event("Updated", "x1", card("04AABBDD"), 6, 1600) // another card does not pay
	a.ask("PATCH", "/tokens/04AABBCC", `{"tariff":"`+dear+`"}`, 200)
	event("Ended", "x1", "", 30, 3000)
	x := transaction("x1")
	if x.Tariff != version(own) {
		t.Errorf("in the end its tariff is %q", x.Tariff)
	}
	billed := func(ref, amount string) {
		t.Helper()
		for range 200 {
			if w := a.ask("GET", "/charge-records?transaction="+transaction(ref).ID, "", 200); strings.Contains(w.Body.String(), amount) {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Errorf("%s is not billed with %s", ref, amount)
	}
	billed("x1", `"total":{"amount":200,"currency":"SEK"}`)
	a.ask("DELETE", "/tariffs/"+own, "", 409, x.ID)

	n = 0
	event("Started", "x2", card("04AABBDD"), 31, 3000)
	event("Ended", "x2", "", 50, 4000)
	billed("x2", `"total":{"amount":1000,"currency":"SEK"}`)

	a.ask("POST", "/transactions/"+x.ID+"/simulate", `{"tariff":"`+dear+`"}`, 200, `"tariff":"`+x.Tariff+`"`, `"difference":{"amount":1800,"currency":"SEK"}`)
	a.ask("POST", "/transactions/"+x.ID+"/simulate", `{"tariff":"`+own+`"}`, 200, `"difference":{"amount":1200,"currency":"SEK"}`)
	a.ask("POST", "/transactions/"+x.ID+"/simulate", `{"tariff":"`+own+`","version":1}`, 200, `"difference":{"amount":0,"currency":"SEK"}`)
	if w := a.ask("POST", "/transactions/"+x.ID+"/simulate", `{"tariff":"`+euro+`"}`, 200); strings.Contains(w.Body.String(), "difference") {
		t.Errorf("kronor and euro are compared: %s", w.Body)
	}
	a.ask("POST", "/transactions/"+x.ID+"/simulate", `{"tariff":"none"}`, 422, "body.tariff")
	a.ask("POST", "/transactions/none/simulate", `{"tariff":"`+own+`"}`, 404)
	a.ask("GET", "/transactions/"+x.ID+"/cost", "", 200, `"tariff":"`+own+`"`, `"version":1`, `"billed":true`, `"total":{"amount":200,"currency":"SEK"}`, `"type":"energy","element":1,"quantity":2000`)
	a.ask("GET", "/transactions/none/cost", "", 404)
	a.ask("GET", "/transactions/"+x.ID, "", 200, `"phases":[{"at":"`, `"activity":"charging"}]`)
	a.ask("GET", "/transactions/"+x.ID+"/signed-values", "", 200, `{"signedValues":[]}`)
	a.ask("GET", "/transactions/none/signed-values", "", 404)
	between := func(since, until time.Time) string {
		return "/transactions?station=A&since=" + since.UTC().Format(time.RFC3339) + "&until=" + until.UTC().Format(time.RFC3339)
	}
	if n := strings.Count(a.ask("GET", between(start.Add(-time.Hour), start.Add(time.Minute)), "", 200).Body.String(), `"ref"`); n != 1 {
		t.Errorf("%d transactions in the first minute", n)
	}
	if n := strings.Count(a.ask("GET", between(start.Add(-time.Hour), start), "", 200).Body.String(), `"ref"`); n != 0 {
		t.Errorf("%d transactions before the first", n)
	}
	a.ask("GET", "/transactions?since=yesterday", "", 422, "query.since")
	a.ask("GET", "/transactions?site=none", "", 200, `"items":[]`)

	since := `"since":"` + start.Add(-time.Hour).Format(time.RFC3339) + `"`
	a.ask("POST", "/tariffs/"+dear+"/simulate", `{`+since+`}`, 200, `"count":2,"dearer":1,"cheaper":0,"before":{"amount":1200,"currency":"SEK"},"after":{"amount":3000,"currency":"SEK"},"difference":{"amount":1800,"currency":"SEK"}`)
	a.ask("POST", "/tariffs/"+euro+"/simulate", `{`+since+`}`, 200, `"count":2`, `"skipped":2`)
	a.ask("POST", "/tariffs/"+dear+"/simulate", `{`+since+`,"station":"B"}`, 200, `"count":0`)
	a.ask("POST", "/tariffs/"+dear+"/simulate", `{`+since+`,"until":"`+start.Add(time.Minute).Format(time.RFC3339)+`"}`, 200, `"count":1`, x.ID)
	var page struct{ Next string }
	if err := json.Unmarshal(a.ask("POST", "/tariffs/"+dear+"/simulate", `{`+since+`,"limit":1}`, 200, `"count":1`, x.ID).Body.Bytes(), &page); err != nil || page.Next == "" {
		t.Fatalf("there is no next page: %v", err)
	}
	a.ask("POST", "/tariffs/"+dear+"/simulate", `{`+since+`,"limit":5,"cursor":"`+page.Next+`"}`, 200, `"count":1`, transaction("x2").ID)
	a.ask("POST", "/tariffs/"+dear+"/simulate", `{`+since+`,"cursor":"x"}`, 422, "body.cursor")
	a.ask("POST", "/tariffs/"+dear+"/simulate", `{`+since+`,"limit":10001}`, 422, "body.limit")
	a.ask("POST", "/tariffs/"+dear+"/simulate", `{}`, 422)
	if w := a.ask("GET", "/charge-records", "", 200); strings.Count(w.Body.String(), `"number"`) != 2 {
		t.Errorf("a simulation has stored something: %s", w.Body)
	}
}
