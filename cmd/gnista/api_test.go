package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/station"
	"gnista/store/storetest"
	"gnista/token"
)

// request is a request to the handler, as from this machine.
func request(method, path, body string, header ...string) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:50000"
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if h := r.Header.Get("Host"); h != "" {
		r.Host = h
	}
	return r
}

func (l *live) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, r)
	return w
}

func TestWhoMayAsk(t *testing.T) {
	f := func(l *live, status int, r *http.Request) {
		t.Helper()
		w := l.do(r)
		if w.Code != status {
			t.Errorf("%s %s %v: %d %s, want %d", r.Method, r.URL, r.Header, w.Code, w.Body, status)
		}
		if status == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "" {
			t.Error("a browser is not told to ask for a password")
		}
	}
	closed := newLive(t, nil)
	const stations = "/api/v1/stations"
	f(closed, 401, request("GET", stations, ""))
	f(closed, 401, request("GET", "/", ""))
	f(closed, 401, request("GET", "/stations/A?tab=1", ""))
	f(closed, 401, request("GET", stations, "", "Authorization", "Bearer wrong"))
	f(closed, 401, request("GET", stations, "", "Authorization", testToken))
	f(closed, 401, request("GET", stations, "", "Authorization", "Bearer "))
	f(closed, 200, request("GET", stations, "", "Authorization", "Bearer "+testToken))
	f(closed, 200, request("GET", stations, "", "Authorization", "bearer "+testToken))
	basic := request("GET", "/", "")
	basic.SetBasicAuth("anybody", testToken)
	f(closed, consoleStatus(), basic)
	f(closed, 200, request("GET", "/livez", ""))
	f(closed, 200, request("GET", "/readyz", ""))
	f(closed, 200, request("GET", "/api/v1/openapi.json", ""))
	f(closed, 404, request("GET", "/api/v1/receipts/none", ""))
	f(closed, 200, request("GET", "/assets/page.css", ""))
	f(closed, 404, request("GET", "/assets/page.go", ""))

	open := newLive(t, func(o *options) { o.Token = "" })
	f(open, 200, request("GET", stations, ""))
	f(open, consoleStatus(), request("GET", "/", ""))
	f(open, 200, request("PUT", stations+"/A", `{}`))
	for _, proxy := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"} {
		f(open, 403, request("GET", stations, "", proxy, "203.0.113.1"))
	}
	f(open, 403, request("GET", stations, "", "Host", "rebound.example:8080"))
	f(open, 200, request("GET", stations, "", "Host", "localhost:8080"))
	f(open, 200, request("GET", stations, "", "Host", "[::1]:8080"))
	far := request("GET", stations, "")
	far.RemoteAddr = "192.0.2.1:1234"
	f(open, 403, far)
	const form = "application/x-www-form-urlencoded" // what curl -d says of any body, and what a form of another site can send
	f(open, 201, request("POST", "/api/v1/tokens", `{"uid":"AA01"}`, "Content-Type", form))
	f(open, 403, request("POST", "/api/v1/tokens", `{"uid":"AA02"}`, "Content-Type", form, "Origin", "https://elsewhere.example"))
	f(open, 403, request("DELETE", stations+"/A", "", "Sec-Fetch-Site", "cross-site")) // a page of another site
	f(open, 204, request("DELETE", stations+"/A", ""))
	f(open, 404, request("DELETE", stations, ""))
}

func TestOpenAPI(t *testing.T) {
	l := newLive(t, nil)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID, Summary string
			Security             []map[string][]string
			RequestBody          struct{ Required bool }
		}
	}
	if err := json.Unmarshal(l.do(request("GET", "/api/v1/openapi.json", "")).Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	for _, want := range []string{
		"GET /stations", "GET /stations/{station}", "PUT /stations/{station}", "PATCH /stations/{station}", "DELETE /stations/{station}", "POST /stations/{station}/calls",
		"POST /stations/{station}/start", "POST /stations/{station}/stop", "POST /stations/{station}/reset", "POST /stations/{station}/unlock", "POST /stations/{station}/availability",
		"POST /stations/{station}/trigger", "GET /stations/{station}/messages", "GET /tokens", "POST /tokens", "PATCH /tokens/{uid}", "GET /transactions", "GET /transactions/{id}",
		"GET /tariffs", "POST /tariffs", "GET /charge-records", "GET /receipts/{id}", "GET /events", "GET /verdicts",
	} {
		method, path, _ := strings.Cut(want, " ")
		op, ok := doc.Paths["/api/v1"+path][strings.ToLower(method)]
		if !ok || op.Summary == "" || op.OperationID == "" || (len(op.Security) == 0) != (path == "/receipts/{id}") {
			t.Errorf("%s: %+v", want, op)
		}
	}
	for verb, want := range map[string]bool{"stop": false, "reset": false, "start": true, "unlock": true} {
		if got := doc.Paths["/api/v1/stations/{station}/"+verb]["post"].RequestBody.Required; got != want {
			t.Errorf("the body of %s is required: %v", verb, got)
		}
	}
}

// Pages follow one another without gap or overlap, whatever is listed.
func TestPaging(t *testing.T) {
	l := newLive(t, nil)
	for i := range 7 {
		if _, err := l.tokens.Create(t.Context(), token.Token{ID: token.ID{UID: fmt.Sprintf("CARD%d", i)}}); err != nil {
			t.Fatal(err)
		}
		id := gnista.StationID(fmt.Sprintf("S/%d å", i))
		l.do(request("PUT", "/api/v1/stations/S%2F"+fmt.Sprint(i)+"%20%C3%A5", `{}`, "Authorization", "Bearer "+testToken))
		at := time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC)
		for j, kind := range []charging.Kind{charging.Started, charging.Stopped} {
			ev := charging.Event{Kind: kind, Version: gnista.V201, Ref: "T", Seq: j, At: at, Samples: []charging.Sample{{At: at, Measurand: charging.EnergyImport, Location: charging.Outlet}}}
			if kind == charging.Started {
				ev.Token = &token.ID{UID: "CARD1", Type: token.ISO14443}
			}
			if _, err := l.transactions.Record(t.Context(), id, ev); err != nil {
				t.Fatal(err)
			}
		}
		l.priced(fmt.Sprint(i))
	}
	for range 100 {
		var records struct{ Items []json.RawMessage }
		if l.get("/charge-records", &records); len(records.Items) == 7 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	for path, want := range map[string]int{"/stations": 7, "/tokens": 7, "/transactions": 7, "/tariffs": 8, "/charge-records": 7, "/transactions?token=card1": 7, "/transactions?state=active": 0} {
		seen := map[string]bool{}
		cursor := ""
		for pages := 0; ; pages++ {
			if pages > want {
				t.Fatalf("%s: the pages do not end", path)
			}
			sep := "?"
			if strings.Contains(path, "?") {
				sep = "&"
			}
			var page struct {
				Items []struct{ ID, UID string }
				Next  string
			}
			l.get(path+sep+"limit=3&cursor="+cursor, &page)
			for _, x := range page.Items {
				if seen[x.ID+x.UID] {
					t.Errorf("%s: %v comes twice", path, x)
				}
				seen[x.ID+x.UID] = true
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if len(seen) != want {
			t.Errorf("%s: %d of %d", path, len(seen), want)
		}
	}
	for _, path := range []string{"/stations?cursor=%25", "/stations?cursor=QQBC", "/tokens?cursor=_w", "/charge-records?cursor=YWJj", "/charge-records?cursor=LTE", "/stations/S%2F1%20%C3%A5/messages?cursor=YWJj"} {
		w := l.do(request("GET", "/api/v1"+path, "", "Authorization", "Bearer "+testToken))
		if w.Code != 422 || !strings.Contains(w.Body.String(), "query.cursor") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// stream reads server-sent events from a real connection.
func (l *live) stream(ctx context.Context, path string, header ...string) *bufio.Reader {
	l.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.server.URL+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testToken)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { resp.Body.Close() })
	if ct := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || ct != "text/event-stream" {
		l.t.Fatalf("%s: %d %s", path, resp.StatusCode, ct)
	}
	return bufio.NewReader(resp.Body)
}

// nextEvent is the next event of a stream, and its id.
func nextEvent(t *testing.T, r *bufio.Reader) (id string, ev gnista.Event) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended: %v", err)
		}
		if v, ok := strings.CutPrefix(line, "id: "); ok {
			id = strings.TrimSpace(v)
		}
		if v, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(v), &ev); err != nil {
				t.Fatal(err)
			}
			return id, ev
		}
	}
}

func TestEvents(t *testing.T) {
	l := newLive(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	register := func(id string) {
		t.Helper()
		if w := l.do(request("PUT", "/api/v1/stations/"+id, `{}`, "Authorization", "Bearer "+testToken)); w.Code != 200 {
			t.Fatal(w.Body)
		}
	}
	register("A")
	now := l.stream(ctx, "/api/v1/events")
	all := l.stream(ctx, "/api/v1/events?after=0")
	only := l.stream(ctx, "/api/v1/events?after=0&station=B")
	if _, ev := nextEvent(t, all); ev.Station != "A" || ev.Kind != "station.registered" {
		t.Errorf("got %+v", ev)
	}
	if _, err := now.ReadString('\n'); err != nil { // it has begun
		t.Fatal(err)
	}
	register("B")
	for _, r := range []*bufio.Reader{now, all, only} {
		if id, ev := nextEvent(t, r); ev.Station != "B" || id != fmt.Sprint(ev.Seq) {
			t.Errorf("got %s %+v", id, ev)
		}
	}
	resumed := l.stream(ctx, "/api/v1/events", "Last-Event-ID", "1")
	if id, ev := nextEvent(t, resumed); ev.Station != "B" || id != "2" {
		t.Errorf("after 1 comes %s %+v", id, ev)
	}
	l.connect("C").boot()
	kinds := ""
	for !strings.Contains(kinds, "station.booted") {
		_, ev := nextEvent(t, resumed)
		kinds += ev.Kind + " "
	}
	if !strings.Contains(kinds, "station.connected") {
		t.Errorf("the stream told of %s", kinds)
	}
	for _, wrong := range [][]string{{"?after=99"}, {"?after=-1"}, {"?after=x"}, {"?after=9223372036854775808"}, {"", "Last-Event-ID", "x"}, {"", "Last-Event-ID", "9223372036854775808"}} {
		w := l.do(request("GET", "/api/v1/events"+wrong[0], "", append(wrong[1:], "Authorization", "Bearer "+testToken)...))
		if body := w.Body.String(); w.Code != 422 || !strings.Contains(body, "query.after") && !strings.Contains(body, "header.Last-Event-ID") {
			t.Errorf("%v: %d %s", wrong, w.Code, body)
		}
	}
	// A browser that has seen more than there is, as before a backup was put back, goes on with what comes.
	ahead := l.stream(ctx, "/api/v1/events", "Last-Event-ID", "99")
	if _, err := ahead.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	register("D")
	if _, ev := nextEvent(t, ahead); ev.Station != "D" {
		t.Errorf("got %+v", ev)
	}
}

// The writers of PostgreSQL tell of their events each after its own commit, and so not in order.
func TestEventsOfSeveralWriters(t *testing.T) {
	l := newLive(t, func(o *options) { o.Database = storetest.Postgres(t) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := l.stream(ctx, "/api/v1/events?after=0")
	const writers, each = 16, 25
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for j := range each {
				if _, err := l.network.Change(ctx, gnista.StationID(fmt.Sprintf("S%d-%d", i, j)), true, func(*station.Station) {}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for want := range int64(writers * each) {
		if id, ev := nextEvent(t, r); ev.Seq != want+1 || id != fmt.Sprint(want+1) {
			t.Fatalf("event %s, which is %+v, comes behind %d", id, ev, want)
		}
	}
	wg.Wait()
}

// What cannot be is told by its name, on either database.
func TestInput(t *testing.T) {
	for _, database := range []string{"", storetest.Postgres(t)} {
		l := newLive(t, func(o *options) {
			if database != "" {
				o.Database = database
			}
		})
		f := func(method, path, body string, status int, parts ...string) {
			t.Helper()
			w := l.do(request(method, "/api/v1"+path, body, "Authorization", "Bearer "+testToken))
			if w.Code != status {
				t.Errorf("%s %s %s: %d %s, want %d", method, path, body, w.Code, w.Body, status)
			}
			for _, part := range parts {
				if !strings.Contains(w.Body.String(), part) {
					t.Errorf("%s %s %s: %q is not in %s", method, path, body, part, w.Body)
				}
			}
		}
		å := strings.Repeat("å", 100)
		f("PUT", "/stations/A", `{"name":"`+å+`","password":"åååååååååååååååå"}`, 200)
		f("PUT", "/stations/A", `{"password":"ååååååååå"}`, 422, "body.password")
		f("PUT", "/stations/A", `{"name":null}`, 422, "name is null")
		f("PATCH", "/stations/A", `{"name":"a\u0000b"}`, 422, `"location":"body.name"`)

		f("POST", "/tokens", `{"uid":"AA01","name":"`+å+`","expiresAt":"2030-01-01T01:00:00.123456789+01:00"}`, 201, `"expiresAt":"2030-01-01T00:00:00.123Z"`)
		f("PATCH", "/tokens/AA01", `{"expiresAt":"2031-01-01T01:00:00.123456789+01:00"}`, 200, `"expiresAt":"2031-01-01T00:00:00.123Z"`)
		for _, at := range []string{"0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.0009Z", "9999-12-31T23:59:59-01:00"} {
			f("POST", "/tokens", `{"uid":"AA02","expiresAt":"`+at+`"}`, 422, "body.expiresAt", "after 1970")
			f("PATCH", "/tokens/AA01", `{"expiresAt":"`+at+`"}`, 422, "body.expiresAt", "after 1970")
		}
		f("PATCH", "/tokens/AA01", `{"expiresAt":null}`, 422, "expiresAt is null")
		f("GET", "/tokens/AA01", "", 200, `"expiresAt":"2031-01-01T00:00:00.123Z"`)
		f("PATCH", "/tokens/AA01", `{"expires":false}`, 200)
		f("POST", "/tokens", `{"uid":"A\u0000","name":"x"}`, 422, "body.uid")

		idle := func(price, grace string) string {
			return `{"name":"` + å + `","currency":"SEK","elements":[{"type":"idle","price":` + price + `,"graceMinutes":` + grace + `}]}`
		}
		f("POST", "/tariffs", idle(`"1"`, "525600"), 201)
		f("POST", "/tariffs", idle(`"1"`, "153722868"), 422, "body.elements[0].graceMinutes")
		f("POST", "/tariffs", idle(`"1,50"`, "0"), 422, "body.elements[0].price", "decimal number")
		f("POST", "/tariffs", idle("-1", "0"), 422, "body.elements[0].price", "decimal number")
		f("POST", "/tariffs", idle("true", "0"), 422, "a decimal number")
		f("POST", "/tariffs", idle(`"1\u0000"`, "0"), 422, "body.elements[0].price")
		f("POST", "/transactions/none/decision", `{"energyWh":100000001,"note":"x"}`, 422, "body.energyWh")
		f("POST", "/transactions/none/decision", `{"energyWh":100000000,"note":"`+å+å+å+å+å+`"}`, 404)

		f("POST", "/stations/A/reset", "", 503)
		f("POST", "/stations/A/stop", "", 404, "transaction")
		f("POST", "/stations/A/start", "", 400)
		for _, list := range []string{"messages", "settings", "reports", "notices"} {
			f("GET", "/stations/A/"+list, "", 200)
			f("GET", "/stations/nope/"+list, "", 404)
			f("GET", "/stations/a%00b/"+list, "", 404)
			f("GET", "/stations/a%ffb/"+list, "", 404)
		}
		f("POST", "/stations/nope/calls", `{"action":"Reset"}`, 404)
		for _, path := range []string{"/tokens/%00", "/tokens/%ff", "/tariffs/%00", "/transactions/%00", "/charge-records/%ff", "/receipts/%00"} {
			f("GET", path, "", 404)
		}
		for _, path := range []string{"/transactions?station=%00", "/transactions?token=%ff", "/charge-records?transaction=%00", "/verdicts?station=%ff", "/tokens/AA01?type=%00", "/events?station=%00"} {
			f("GET", path, "", 422)
		}
	}
}

func TestPages(t *testing.T) {
	l := newLive(t, func(o *options) { o.Seller = billing.Seller{Name: "Åsas <El> AB", VAT: "SE1"} })
	if _, err := l.tokens.Create(t.Context(), token.Token{ID: token.ID{UID: "SECRETCARD1234"}}); err != nil {
		t.Fatal(err)
	}
	page := func(path, language string) string {
		t.Helper()
		w := l.do(request("GET", path, "", "Authorization", "Bearer "+testToken, "Accept-Language", language, "Accept", "text/html"))
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if strings.Contains(w.Body.String(), "SECRETCARD") || strings.Contains(w.Body.String(), "<El>") {
			t.Errorf("%s shows what it must not:\n%s", path, w.Body)
		}
		return w.Body.String()
	}
	contains := func(text string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if !strings.Contains(text, p) {
				t.Errorf("%q is not in\n%s", p, text)
			}
		}
	}
	w := l.connect("<b>CS1</b>").boot()
	event := func(n int, kind, more string, wh int) {
		t.Helper()
		w.send(fmt.Sprintf(`[2,"%d","TransactionEvent",{"eventType":"%s","timestamp":"2026-01-01T0%d:00:00Z","triggerReason":"Authorized","seqNo":%d,"transactionInfo":{"transactionId":"T","chargingState":"Charging"},"evse":{"id":1}%s,"meterValue":[{"timestamp":"2026-01-01T0%d:00:00Z","sampledValue":[{"value":%d}]}]}]`, n, kind, n, n, more, n, wh))
		w.want("[3,")
	}
	l.priced("Public")
	event(0, "Started", `,"idToken":{"idToken":"SECRETCARD1234","type":"ISO14443"}`, 1000)
	event(1, "Updated", "", 4680)
	now := l.eventuallyItems(t, "/transactions?state=active", 1)[0]
	if cost, _ := now["cost"].(map[string]any); now["station"] != "<b>CS1</b>" || now["energyWh"] != 3680.0 || cost["amount"] != 1822.0 {
		t.Errorf("what goes on is %+v", now)
	}
	event(2, "Ended", "", 5000)
	link := "/api/v1/receipts/" + l.eventuallyItems(t, "/charge-records", 1)[0]["id"].(string)
	contains(page(link, "sv"), "Åsas &lt;El&gt; AB", "4,000 kWh", "4,95 kr/kWh", "19,80 kr", "15,84 kr", "3,96 kr", "Moms 25 %")
	contains(page(link, "en"), "4.000 kWh", "19.80 SEK")
	plain := l.do(request("GET", link, "", "Accept", "application/json"))
	contains(plain.Body.String(), `"total":{"amount":1980,"currency":"SEK"}`, `"token":"…1234"`)
	if body, _ := io.ReadAll(plain.Body); strings.Contains(string(body), "SECRETCARD") {
		t.Error("a receipt shows the whole card")
	}
}
