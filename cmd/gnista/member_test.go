package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista/account"
	"gnista/account/member"
	"gnista/payment"
)

// joined is a system where drivers may sign up, and are shown their links.
func joined(t *testing.T, change func(*options)) *live {
	t.Helper()
	return newLive(t, func(o *options) {
		o.SignUp, o.ShowLinks = &member.Terms{Kind: account.Postpaid, Currency: "SEK", CreditLimit: 500_00}, true
		if change != nil {
			change(o)
		}
	})
}

// link has a link sent and returns its secret, from an address of its own.
func (b *browser) link(email string) string {
	b.t.Helper()
	var v struct{ TestLink string }
	w := b.ask("POST", "/api/v1/my/sign-in", `{"email":"`+email+`"}`)
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != 202 {
		b.t.Fatalf("%d %s", w.Code, w.Body)
	}
	path, _, _ := strings.Cut(v.TestLink, "?")
	return strings.TrimPrefix(path, "/my/link/")
}

var comers int

// driver is somebody who has signed up or in.
func (l *live) driver(email, name string) *browser {
	l.t.Helper()
	comers++
	b := &browser{live: l, remote: fmt.Sprintf("10.0.%d.%d:5000", comers/250, comers%250+1)}
	if w := b.ask("POST", "/api/v1/my/link/use", `{"link":"`+b.link(email)+`","name":"`+name+`"}`); w.Code != 201 || len(b.cookies) != 1 {
		l.t.Fatalf("%d %s with %v", w.Code, w.Body, b.cookies)
	}
	return b
}

// get reads what a driver may.
func (b *browser) read(path string, v any) {
	b.t.Helper()
	if w := b.ask("GET", "/api/v1/my/"+path, ""); w.Code != 200 || json.Unmarshal(w.Body.Bytes(), v) != nil {
		b.t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
}

func (b *browser) does(method, path, body string, status int) string {
	b.t.Helper()
	w := b.ask(method, "/api/v1/my/"+path, body)
	if w.Code != status {
		b.t.Errorf("%s %s %s: %d %s, want %d", method, path, body, w.Code, w.Body, status)
	}
	return w.Body.String()
}

type things struct {
	Items []struct{ ID, Label, Name string }
}

func (b *browser) account() (customer, account string) {
	b.t.Helper()
	var me struct {
		ID       string
		Accounts []struct{ ID string }
	}
	b.read("account", &me)
	if len(me.Accounts) != 1 {
		b.t.Fatalf("got %+v", me)
	}
	return me.ID, me.Accounts[0].ID
}

// card registers a card for a driver's account, as the operator.
func (b *browser) card(uid string) {
	b.t.Helper()
	_, of := b.account()
	b.asked(b.t, "POST", "/tokens", `{"uid":"`+uid+`","name":"card of `+uid+`","account":"`+of+`"}`, 201)
}

func event(kind string, seq int, ref, uid string, wh int) string {
	at := time.Now().UTC().Format(time.RFC3339Nano)
	who := ""
	if uid != "" {
		who = `,"idToken":{"idToken":"` + uid + `","type":"ISO14443"}`
	}
	context := map[string]string{"Started": "Transaction.Begin", "Ended": "Transaction.End"}[kind]
	return fmt.Sprintf(`[2,"%s%d","TransactionEvent",{"eventType":"%s","timestamp":"%s","triggerReason":"Authorized","seqNo":%d,"transactionInfo":{"transactionId":"%s"},"evse":{"id":1,"connectorId":1}%s,`+
		`"meterValue":[{"timestamp":"%s","sampledValue":[{"value":%d,"measurand":"Energy.Active.Import.Register","context":"%s","unitOfMeasure":{"unit":"Wh"}}]}]}]`, ref, seq, kind, at, seq, ref, who, at, wh, context)
}

// charge has a station charge for a card.
func (w *wire) charge(ref, uid string, end bool) {
	w.t.Helper()
	w.send(event("Started", 0, ref, uid, 1000))
	w.want(`[3,"` + ref + `0"`)
	if end {
		w.send(event("Ended", 1, ref, "", 3000))
		w.want(`[3,"` + ref + `1"`)
	}
}

// TestMyOthers: one driver can neither see nor change anything of another, in any operation; nobody can without a
// session of a driver, whatever else they are; and such a session is good for nothing else.
func TestMyOthers(t *testing.T) {
	l := joined(t, nil)
	a, b := l.driver("a@example.com", "Astrid Andersson"), l.driver("b@example.com", "Bo Berg")
	a.card("04A1B2C3")
	b.card("04B1B2C3")
	station := l.connect("S").boot()
	station.charge("T1", "04A1B2C3", true)
	station.charge("T2", "04A1B2C3", false)
	customer, of := a.account()
	if err := l.db.CreateMandate(t.Context(), payment.Mandate{ID: "mandate-a", Account: of, Provider: "stripe", State: payment.MandateActive, Label: "Visa ···· 4242", CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	a.does("POST", "tap", `{"station":"S"}`, 201)
	comes(t, "what was charged", func() bool {
		var list things
		a.read("history", &list)
		return len(list.Items) == 1
	})
	var cards, open, past, sessions things
	a.read("cards", &cards)
	a.read("charging", &open)
	a.read("history", &past)
	a.read("sessions", &sessions)
	if len(cards.Items) != 1 || len(open.Items) != 1 || len(sessions.Items) != 1 {
		t.Fatalf("%+v %+v %+v", cards, open, sessions)
	}
	secrets := []string{customer, of, cards.Items[0].ID, open.Items[0].ID, past.Items[0].ID, sessions.Items[0].ID, "mandate-a", "04A1B2C3", "B2C3", "4242", "Astrid", "a@example.com"}

	// What the other driver says, and what the answer is; the ids are those of the first.
	table := map[string]struct {
		path, body string
		status     int
	}{
		"my-sign-out": {status: 0}, "my-sessions-end": {status: 0}, "my-account-delete": {status: 0}, // last
		"my-sessions": {status: 200}, "my-session-end": {sessions.Items[0].ID, "", 404},
		"my-account": {status: 200}, "my-account-change": {"", `{"language":"en"}`, 200}, "my-email": {"", `{"email":"b2@example.com"}`, 202}, "my-export": {status: 200},
		"my-charging": {status: 200}, "my-charge": {open.Items[0].ID, "", 404}, "my-start": {"", `{"station":"S","evse":2,"account":"` + of + `"}`, 404}, "my-stop": {open.Items[0].ID, "", 404},
		"my-history": {status: 200}, "my-history-csv": {status: 200},
		"my-cards": {status: 200}, "my-card-change": {cards.Items[0].ID, `{"blocked":true}`, 404}, "my-card-remove": {cards.Items[0].ID, "", 404},
		"my-tap": {"", `{"station":"S","account":"` + of + `"}`, 404}, "my-tap-look": {status: 404}, "my-tap-mine": {"", `{"card":"x"}`, 404}, "my-tap-add": {"", `{}`, 404}, "my-tap-end": {status: 204},
		"my-mandates": {status: 200}, "my-mandate-ask": {"", `{"account":"` + of + `","language":"sv"}`, 404}, "my-mandate": {"mandate-a", "", 404}, "my-mandate-revoke": {"mandate-a", "", 404},
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Security    []map[string][]string
		}
	}
	if err := json.Unmarshal(l.do(request("GET", "/api/v1/openapi.json", "")).Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var operator browser
	l.asked(t, "POST", "/users", `{"email":"o@example.com","name":"O","grants":[{"role":"admin"}],"password":"`+userPassword+`"}`, 201)
	operator.live = l
	operator.signIn("o@example.com", userPassword, "")
	n := 0
	for path, ops := range doc.Paths {
		for method, op := range ops {
			if len(op.Security) == 0 {
				continue
			}
			method = strings.ToUpper(method)
			if _, mine := op.Security[0]["driver"]; !mine {
				target := strings.NewReplacer("{station}", "S", "{id}", open.Items[0].ID, "{uid}", "04B1B2C3").Replace(path)
				if w := b.ask(method, target, map[string]string{"GET": ""}[method]); w.Code != 401 {
					t.Errorf("with a driver's session %s %s: %d %s", method, target, w.Code, w.Body)
				}
				continue
			}
			n++
			x, ok := table[op.OperationID]
			if !ok {
				t.Errorf("%s is not in the table", op.OperationID)
				continue
			}
			target := strings.Replace(path, "{id}", x.path, 1)
			for who, w := range map[string]*httptest.ResponseRecorder{
				"nobody": l.do(request(method, target, x.body)), "the admin token": l.do(request(method, target, x.body, "Authorization", "Bearer "+testToken)), "an operator": operator.ask(method, target, x.body),
				"a made-up session": (&browser{live: l, cookies: []*http.Cookie{{Name: "gnista-my", Value: operator.cookies[0].Value}}}).ask(method, target, x.body),
			} {
				if w.Code != 401 {
					t.Errorf("%s: %s %s: %d %s", who, method, target, w.Code, w.Body)
				}
			}
			if w := b.ask(method, target, x.body, "Origin", "https://elsewhere.example"); method != "GET" && w.Code != 403 {
				t.Errorf("from another site %s %s: %d %s", method, target, w.Code, w.Body)
			}
			if x.status == 0 {
				continue
			}
			w := b.ask(method, target, x.body)
			if w.Code != x.status {
				t.Errorf("%s %s %s: %d %s, want %d", method, target, x.body, w.Code, w.Body, x.status)
			}
			for _, secret := range secrets {
				if !strings.Contains("b2c3 B2C3", secret) && strings.Contains(w.Body.String(), secret) && !strings.Contains(w.Body.String(), `"detail"`) {
					t.Errorf("%s %s tells %s: %s", method, target, secret, w.Body)
				}
			}
		}
	}
	if n != len(table) {
		t.Errorf("%d operations, and %d in the table", n, len(table))
	}
	for _, page := range []string{"", "/history", "/history.csv", "/cards", "/cards/new", "/pay", "/settings", "/delete", "/export"} {
		w := b.ask("GET", "/my"+page, "")
		if w.Code != 200 {
			t.Errorf("/my%s: %d %s", page, w.Code, w.Body)
		}
		for _, secret := range secrets {
			if secret != "B2C3" && strings.Contains(w.Body.String(), secret) {
				t.Errorf("/my%s tells %s", page, secret)
			}
		}
	}
	form := func(path string, v url.Values) *httptest.ResponseRecorder {
		r := request("POST", path, v.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return b.send(r)
	}
	for path, v := range map[string]url.Values{
		"/my/charging/" + open.Items[0].ID + "/stop": {}, "/my/cards/" + cards.Items[0].ID: {"do": {"block"}}, "/my/pay/mandate-a/remove": {}, "/my/pay/mandate-a/test": {"agree": {"yes"}},
		"/my/sessions/" + sessions.Items[0].ID + "/end": {}, "/my/start": {"station": {"S"}, "evse": {"1"}, "account": {of}},
	} {
		if w := form(path, v); w.Code != 303 || !strings.Contains(w.Header().Get("Location"), "problem=") {
			t.Errorf("%s: %d to %s", path, w.Code, w.Header().Get("Location"))
		}
	}
	// Nothing of the first has changed.
	var after things
	a.read("cards", &after)
	if m, err := l.db.Mandate(t.Context(), "mandate-a"); err != nil || m.State != payment.MandateActive || len(after.Items) != 1 {
		t.Errorf("%+v, %v, %+v", m, err, after)
	}
	if got := a.does("GET", "tap", "", 200); !strings.Contains(got, "waiting") {
		t.Errorf("got %s", got)
	}
	b.does("DELETE", "account", "", 204)
	b.does("GET", "account", "", 401)
	a.does("GET", "account", "", 200)
}

// TestMyLinks: links are used once and by a button only, lead nowhere else, and nobody is kept in by a session that
// others know.
func TestMyLinks(t *testing.T) {
	l := joined(t, nil)
	b := &browser{live: l, cookies: []*http.Cookie{{Name: "gnista-my", Value: "fixed-by-somebody-else"}}}
	post := func(path string, v url.Values) *httptest.ResponseRecorder {
		r := request("POST", path, v.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return b.send(r)
	}
	for to, want := range map[string]string{"https://elsewhere.example/": "/my", "//elsewhere.example": "/my", "/e/ABC": "/e/ABC", "/stations": "/my", "/my/../stations": "/my", "/e/../api/v1/me": "/my", "/my/history?before=3": "/my/history?before=3"} {
		w := b.ask("GET", "/my/sign-in?to="+url.QueryEscape(to), "")
		if !strings.Contains(w.Body.String(), `name="to" value="`+want+`"`) {
			t.Errorf("%s leads to %s", to, w.Body)
		}
	}
	w := post("/my/sign-in", url.Values{"email": {" C@Example.com "}, "to": {"/e/ABC"}})
	_, rest, _ := strings.Cut(w.Body.String(), `href="/my/link/`)
	secret, _, ok := strings.Cut(rest, "?")
	if w.Code != 200 || !ok || len(secret) < 40 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for range 3 { // as a program does that looks at mails
		if w := b.ask("GET", "/my/link/"+secret, ""); w.Code != 200 || len(b.cookies) != 1 || b.cookies[0].Value != "fixed-by-somebody-else" || w.Header().Get("Referrer-Policy") != "same-origin" || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d with %v", w.Code, b.cookies)
		}
	}
	second := b.link("c@example.com")
	if w := post("/my/link/"+secret, url.Values{"name": {" "}}); w.Code != 422 {
		t.Errorf("without a name: %d", w.Code)
	}
	if w := b.ask("POST", "/my/link/"+secret, "", "Origin", "https://elsewhere.example"); w.Code != 403 {
		t.Errorf("from another site: %d", w.Code)
	}
	w = post("/my/link/"+secret, url.Values{"name": {"Cecilia"}})
	if w.Code != 303 || w.Header().Get("Location") != "/e/ABC" || len(b.cookies) != 1 || b.cookies[0].Value == "fixed-by-somebody-else" || !b.cookies[0].HttpOnly || b.cookies[0].SameSite != http.SameSiteLaxMode {
		t.Fatalf("%d to %s with %v", w.Code, w.Header().Get("Location"), b.cookies)
	}
	first := b.cookies[0].Value
	for _, used := range []string{secret, second} {
		if w := post("/my/link/"+used, url.Values{"name": {"Mallory"}}); w.Code != 404 || b.cookies[0].Value != first {
			t.Errorf("a used link: %d", w.Code)
		}
	}
	// Signing in once more ends the session that was there.
	if w := post("/my/link/"+b.link("c@example.com"), nil); w.Code != 303 || b.cookies[0].Value == first {
		t.Fatalf("%d with %v", w.Code, b.cookies)
	}
	stolen := &browser{live: l, cookies: []*http.Cookie{{Name: "gnista-my", Value: first}}}
	stolen.does("GET", "account", "", 401)
	b.does("GET", "account", "", 200)

	// Another address becomes one's own by a link to it, and ends all sessions.
	move := func() string {
		var v struct{ TestLink string }
		if err := json.Unmarshal([]byte(b.does("POST", "account/email", `{"email":"new@example.com"}`, 202)), &v); err != nil {
			t.Fatal(err)
		}
		path, _, _ := strings.Cut(v.TestLink, "?")
		return path
	}
	path := move()
	if got := b.does("GET", "account", "", 200); !strings.Contains(got, `"c@example.com"`) {
		t.Errorf("got %s", got)
	}
	other := &browser{live: l, remote: "10.9.9.9:1"}
	r := request("POST", path, "")
	if w := other.send(r); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	b.does("GET", "account", "", 401)
	if got := other.does("GET", "account", "", 200); !strings.Contains(got, `"new@example.com"`) {
		t.Errorf("got %s", got)
	}
	other.does("DELETE", "sessions", "", 204)
	other.does("GET", "account", "", 401)

	// Who tries links that are none has to wait, and learns nothing by then.
	tries, last := &browser{live: l, remote: "10.8.8.8:1"}, 0
	for range 80 {
		last = tries.ask("GET", "/my/link/"+strings.Repeat("x", 43), "").Code
	}
	if last != 429 {
		t.Errorf("after 80 tries: %d", last)
	}
	for range 6 {
		last = tries.ask("POST", "/api/v1/my/sign-in", `{"email":"victim@example.com"}`).Code
	}
	if last != 429 {
		t.Errorf("the sixth mail to one address: %d", last)
	}
}

// mailbox keeps the mails that are sent.
type mailbox struct {
	sync.Mutex
	to, texts []string
}

func (m *mailbox) SendText(_ context.Context, to, _, text string) error {
	m.Lock()
	defer m.Unlock()
	m.to, m.texts = append(m.to, to), append(m.texts, text)
	return nil
}

func (m *mailbox) all() string {
	m.Lock()
	defer m.Unlock()
	return strings.Join(m.to, " ")
}

// TestMyUnknown: whether an address is known is told by nothing, and where nobody may sign up nobody does.
func TestMyUnknown(t *testing.T) {
	l := newLive(t, func(o *options) { o.PublicURL = "https://charge.example" })
	if w := l.do(request("GET", "/my/sign-in", "")); w.Code != 200 || strings.Contains(w.Body.String(), "<form") || !strings.Contains(w.Body.String(), "not set up") {
		t.Errorf("without mail: %d %s", w.Code, w.Body)
	}
	if w := l.do(request("POST", "/api/v1/my/sign-in", `{"email":"a@example.com"}`)); w.Code != 501 {
		t.Errorf("without mail: %d %s", w.Code, w.Body)
	}
	box := &mailbox{}
	l.members.Mail = box
	l.made(t, "/customers", `{"kind":"private","name":"Known","email":"Known@example.com"}`)
	answers := map[string]string{}
	for _, email := range []string{"known@example.com", "nobody@example.com"} {
		w := l.do(request("POST", "/api/v1/my/sign-in", `{"email":"`+email+`"}`))
		r := request("POST", "/my/sign-in", url.Values{"email": {email}}.Encode(), "Accept-Language", "sv")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		page := l.do(r)
		answers[fmt.Sprint(w.Code, w.Body, page.Code, strings.ReplaceAll(page.Body.String(), email, "…"))] = email
	}
	if len(answers) != 1 {
		t.Errorf("got %v", answers)
	}
	comes(t, "mails", func() bool { return strings.Count(box.all(), "known@example.com") == 2 })
	box.Lock()
	defer box.Unlock()
	if strings.Contains(strings.Join(box.to, " "), "nobody") || !strings.Contains(box.texts[0], "https://charge.example/my/link/") || !strings.Contains(box.texts[1], "länk") {
		t.Errorf("to %s: %v", box.to, box.texts)
	}
	_, rest, _ := strings.Cut(box.texts[0], "/my/link/")
	secret, _, _ := strings.Cut(rest, "?")
	w := l.do(request("POST", "/api/v1/my/link/use", `{"link":"`+secret+`"}`))
	c := w.Result().Cookies()
	if w.Code != 201 || len(c) != 1 || c[0].Name != "__Host-gnista-my" || !c[0].Secure || c[0].Path != "/" || c[0].Domain != "" {
		t.Errorf("%d %s with %+v", w.Code, w.Body, c)
	}
}

// TestMyCard: a card is added by who has it in their hand, and by nobody else.
func TestMyCard(t *testing.T) {
	l := joined(t, nil)
	a, b := l.driver("a@example.com", "Astrid"), l.driver("b@example.com", "Bo")
	station := l.connect("S").boot()
	n := 0
	tap := func(uid string) {
		t.Helper()
		n++
		time.Sleep(5 * time.Millisecond) // times are kept in milliseconds
		station.send(fmt.Sprintf(`[2,"tap%d","Authorize",{"idToken":{"idToken":"%s","type":"ISO14443"}}]`, n, uid))
		station.want(fmt.Sprintf(`[3,"tap%d"`, n))
		time.Sleep(5 * time.Millisecond)
	}
	state := func(who *browser, want string) (card string) {
		t.Helper()
		var v struct{ State, Card string }
		if who.read("tap", &v); v.State != want {
			t.Errorf("it is %s, want %s", v.State, want)
		}
		return v.Card
	}
	tap("04A1B2C3") // before anybody has said where they stand
	a.does("POST", "tap", `{"station":"none"}`, 404)
	l.asked(t, "PUT", "/stations/AWAY", `{}`, 200)
	a.does("POST", "tap", `{"station":"AWAY"}`, 503)
	a.does("POST", "tap", `{"station":"S"}`, 201)
	b.does("POST", "tap", `{"station":"S"}`, 409)
	state(a, "waiting")
	a.does("POST", "tap/add", `{}`, 409)
	tap("04A1B2C3")
	card := state(a, "seen")
	a.does("POST", "tap/add", `{}`, 409) // it may be that of somebody who has just come by
	a.does("POST", "tap/mine", `{"card":"other"}`, 409)
	b.does("POST", "tap/mine", `{"card":"`+card+`"}`, 404)
	a.does("POST", "tap/mine", `{"card":"`+card+`"}`, 200)
	state(a, "again")
	a.does("POST", "tap/add", `{}`, 409)
	tap("04D1D2D3") // somebody else
	state(a, "several")
	a.does("POST", "tap/add", `{}`, 409)
	a.does("DELETE", "tap", "", 204)
	a.does("GET", "tap", "", 404)

	a.does("POST", "tap", `{"station":"S"}`, 201)
	tap("04A1B2C3")
	a.does("POST", "tap/mine", `{"card":"`+state(a, "seen")+`"}`, 200)
	tap("04A1B2C3")
	state(a, "ready")
	if got := a.does("POST", "tap/add", `{"name":"My card"}`, 201); !strings.Contains(got, "…B2C3") || strings.Contains(got, "04A1") {
		t.Errorf("got %s", got)
	}
	// One that somebody has is nobody else's.
	b.does("POST", "tap", `{"station":"S"}`, 201)
	tap("04A1B2C3")
	state(b, "waiting")
	tap("AABBCCDDEEFF") // a car, by its network address
	state(b, "waiting")

	var cards things
	a.read("cards", &cards)
	id := cards.Items[0].ID
	if got := a.does("PATCH", "cards/"+id, `{"blocked":true,"limits":{"energyWhPerMonth":50000}}`, 200); !strings.Contains(got, `"blockedByMe":true`) || !strings.Contains(got, "50000") {
		t.Errorf("got %s", got)
	}
	a.does("PATCH", "cards/"+id, `{"blocked":false}`, 200)
	l.asked(t, "PATCH", "/tokens/04A1B2C3", `{"blocked":true,"blockReason":"stolen"}`, 200)
	a.does("PATCH", "cards/"+id, `{"blocked":false}`, 409)
	a.does("DELETE", "cards/"+id, "", 409)
	l.asked(t, "PATCH", "/tokens/04A1B2C3", `{"blocked":false}`, 200)
	station.charge("T", "04A1B2C3", false)
	a.does("DELETE", "cards/"+id, "", 409)
	station.send(event("Ended", 1, "T", "", 1000))
	station.want(`[3,"T1"`)
	a.does("DELETE", "cards/"+id, "", 204)
	a.does("PATCH", "cards/"+id, `{"name":"x"}`, 404)
}

// TestMyEnd: what is exported is all of it; what is owed keeps an account; and of one that is deleted nothing is left
// that tells whose it was.
func TestMyEnd(t *testing.T) {
	dir := t.TempDir()
	l := joined(t, func(o *options) { o.Database = "sqlite:" + filepath.Join(dir, "gnista.db") })
	a := l.driver("erase.me@example.com", "Erika Raderad")
	a.does("PATCH", "account", `{"address":{"street":"Glömskans gata 7","postalCode":"903 26","city":"Umeå","country":"SE"},"language":"sv"}`, 200)
	a.card("04A1B2C3")
	customer, of := a.account()
	station := l.connect("S").boot()
	station.charge("T1", "04A1B2C3", false)
	if got := a.does("DELETE", "account", "", 409); !strings.Contains(got, "charging") {
		t.Errorf("got %s", got)
	}
	station.send(event("Ended", 1, "T1", "", 3000))
	station.want(`[3,"T11"`)
	comes(t, "what was charged", func() bool {
		var list things
		a.read("history", &list)
		return len(list.Items) == 1
	})
	text := a.does("GET", "export", "", 200)
	for _, part := range []string{"Erika Raderad", "erase.me@example.com", "Glömskans gata 7", "04A1B2C3", `"card of 04A1B2C3"`, `"station":"S"`, `"energyWh":2000`, customer, of, `"receipts":[{`, `"charges":[{`, `"payments":[`, `"invoices":[`, `"entries":[`, `"cardsOnFile":[`, `"sessions":[{`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
	if got := a.does("GET", "history.csv", "", 200); !strings.Contains(got, "\n1,original,S,1,…B2C3,") {
		t.Errorf("got %s", got)
	}
	w := a.ask("GET", "/my/export", "")
	var page, whole map[string]any
	if json.Unmarshal(w.Body.Bytes(), &page) != nil || json.Unmarshal([]byte(text), &whole) != nil || len(page) != len(whole) || w.Header().Get("Content-Disposition") == "" {
		t.Errorf("the page has %s", w.Body)
	}
	a.link("erase.me@example.com") // one that nobody has used
	a.does("POST", "tap", `{"station":"S"}`, 201)
	a.does("DELETE", "account", "", 204)
	a.does("GET", "account", "", 401)
	for _, path := range []string{"/customers/" + customer, "/accounts/" + of} {
		if got := l.asked(t, "GET", path, "", 200); strings.Contains(got, "Erika") || strings.Contains(got, "erase.me") {
			t.Errorf("%s: %s", path, got)
		}
	}
	l.asked(t, "GET", "/tokens/04A1B2C3", "", 404)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "gnista.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	names := column(t, db, `SELECT name FROM sqlite_master WHERE type = 'table'`)
	for _, table := range []string{"driver_link", "driver_session", "driver_tap"} {
		if left := column(t, db, `SELECT 'a row' FROM `+table); len(left) > 0 {
			t.Errorf("in %s is left %v", table, left)
		}
	}
	for _, table := range names {
		for _, c := range column(t, db, `SELECT name FROM pragma_table_info('`+table+`')`) {
			for _, secret := range []string{"erase.me", "Erika", "Glömskans", "card of 04A1"} {
				if found := column(t, db, `SELECT CAST("`+c+`" AS TEXT) FROM "`+table+`" WHERE CAST("`+c+`" AS TEXT) LIKE '%`+secret+`%'`); len(found) > 0 {
					t.Errorf("%s.%s still tells %v", table, c, found)
				}
			}
		}
	}
}

// column is the first column of what a query finds.
func column(t *testing.T, db *sql.DB, query string) (list []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var x string
		if err := rows.Scan(&x); err != nil {
			t.Fatal(err)
		}
		list = append(list, x)
	}
	return list
}

// comes waits until something is so.
func comes(t *testing.T, what string, so func() bool) {
	t.Helper()
	for range 300 {
		if so() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("there is no %s", what)
}
