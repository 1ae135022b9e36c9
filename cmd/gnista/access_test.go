package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/access"
	"gnista/fault"
	"gnista/station"
)

// TestRights holds every operation that needs somebody to say what they must be allowed to do.
func TestRights(t *testing.T) {
	l := newLive(t, nil)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Right       string `json:"x-right"`
			Security    []any
		}
	}
	if err := json.Unmarshal(l.do(request("GET", "/api/v1/openapi.json", "")).Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	for path, ops := range doc.Paths {
		for method, op := range ops {
			if len(op.Security) > 0 {
				n++
				if op.Right == "" {
					t.Errorf("%s (%s %s) does not say what somebody must be allowed to do", op.OperationID, method, path)
				}
			}
		}
	}
	if n < 150 {
		t.Errorf("only %d operations", n)
	}
}

// browser is somebody at a browser.
type browser struct {
	*live
	cookies []*http.Cookie
	remote  string // where it comes from, where that matters
}

func (b *browser) ask(method, path, body string, header ...string) *httptest.ResponseRecorder {
	return b.send(request(method, path, body, header...))
}

func (b *browser) send(r *http.Request) *httptest.ResponseRecorder {
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	if b.remote != "" {
		r.RemoteAddr = b.remote
	}
	w := b.do(r)
	for _, c := range w.Result().Cookies() {
		b.cookies = append(slices.DeleteFunc(b.cookies, func(old *http.Cookie) bool { return old.Name == c.Name }), c)
	}
	return w
}

func (b *browser) signIn(email, password, to string) *httptest.ResponseRecorder {
	r := request("POST", "/sign-in", url.Values{"email": {email}, "password": {password}, "to": {to}}.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r)
}

const userPassword = "correct horse battery"

func TestSigningIn(t *testing.T) {
	l := newLive(t, func(o *options) { o.Token = "" })
	want := func(w *httptest.ResponseRecorder, status int) *httptest.ResponseRecorder {
		t.Helper()
		if w.Code != status {
			t.Errorf("got %d %s, want %d", w.Code, w.Body, status)
		}
		return w
	}
	nobody := &browser{live: l}
	want(nobody.ask("GET", "/api/v1/me", ""), 200)
	want(nobody.ask("POST", "/api/v1/users", `{"email":"a@example.com","name":"A","grants":[{"role":"viewer"}],"password":"short"}`), 422)
	want(nobody.ask("POST", "/api/v1/users", `{"email":"a@example.com","name":"Astrid","grants":[{"role":"viewer"}],"password":"`+userPassword+`"}`), 201)
	// From now on everybody signs in.
	want(nobody.ask("GET", "/api/v1/stations", ""), 401)
	if w := want(nobody.ask("GET", "/?tab=1", ""), 303); w.Header().Get("Location") != "/sign-in?to=%2F%3Ftab%3D1" {
		t.Errorf("leads to %s", w.Header().Get("Location"))
	}
	want(nobody.ask("GET", "/sign-in", ""), 200)
	want(nobody.ask("GET", "/live", ""), 303)
	for email, password := range map[string]string{"a@example.com": "wrong horse battery", "b@example.com": userPassword} {
		if w := want((&browser{live: l}).signIn(email, password, ""), 401); !strings.Contains(w.Body.String(), "do not belong together") {
			t.Errorf("got %s", w.Body)
		}
	}
	a := &browser{live: l, cookies: []*http.Cookie{{Name: "gnista", Value: "fixed-by-somebody-else"}}}
	w := want(a.signIn("A@example.com", userPassword, "https://elsewhere.example"), 303)
	if w.Header().Get("Location") != "/" || len(a.cookies) != 2 || !a.cookies[0].HttpOnly || a.cookies[0].SameSite != http.SameSiteLaxMode || a.cookies[0].Value == "fixed-by-somebody-else" {
		t.Errorf("to %s with %+v", w.Header().Get("Location"), a.cookies)
	}
	if w := want(a.ask("GET", "/", ""), 200); !strings.Contains(w.Body.String(), "Astrid") {
		t.Error("the page does not say who has signed in")
	}
	if w := want(a.ask("GET", "/api/v1/me", ""), 200); !strings.Contains(w.Body.String(), `"role":"admin"`) {
		t.Errorf("the first user is no administrator: %s", w.Body)
	}
	want(a.ask("PUT", "/api/v1/stations/A", `{}`, "Origin", "https://elsewhere.example"), 403)
	want(a.ask("PUT", "/api/v1/stations/A", `{"password":"station-password-1"}`, "X-Reason", "b%C3%A5da"), 200)
	if w := want(a.ask("GET", "/api/v1/audit?station=A", ""), 200); !strings.Contains(w.Body.String(), `"reason":"båda"`) || !strings.Contains(w.Body.String(), `"name":"Astrid"`) || strings.Contains(w.Body.String(), "station-password") {
		t.Errorf("got %s", w.Body)
	}
	if w := want(a.ask("GET", "/api/v1/audit/check", ""), 200); !strings.Contains(w.Body.String(), `"intact":true`) {
		t.Errorf("got %s", w.Body)
	}
	other := &browser{live: l}
	want(other.signIn("a@example.com", userPassword, "/x?y=1"), 303)
	want(a.ask("POST", "/api/v1/me/password", `{"old":"wrong","new":"another long password"}`), 422)
	want(a.ask("POST", "/api/v1/me/password", fmt.Sprintf(`{"old":%q,"new":"another long password"}`, userPassword)), 204)
	if w := want(a.ask("GET", "/api/v1/audit?action=change-my-password", ""), 200); strings.Contains(w.Body.String(), "another long") || strings.Contains(w.Body.String(), userPassword) {
		t.Errorf("the trail has passwords: %s", w.Body)
	}
	want(a.ask("GET", "/api/v1/me/sessions", ""), 200)
	want(other.ask("GET", "/api/v1/me", ""), 401)
	old := slices.Clone(a.cookies)
	want(a.ask("POST", "/sign-out", ""), 303)
	a.cookies = old
	want(a.ask("GET", "/api/v1/me", ""), 401) // what was stolen before is worth nothing

	// Tries are given back as time passes, and a slow machine takes some time for each.
	often := func(try func() *httptest.ResponseRecorder) {
		t.Helper()
		for range 100 {
			if try().Code == 429 {
				return
			}
		}
		t.Error("any number of tries is let through")
	}
	often(func() *httptest.ResponseRecorder {
		return (&browser{live: l}).signIn("a@example.com", "wrong horse battery", "")
	})
	// Nobody who tries in another's name, from however many addresses, keeps them out where they have signed in before.
	at := 0
	from := func(b *browser, password string) *httptest.ResponseRecorder {
		at++
		b.remote = fmt.Sprintf("198.51.100.%d:1", at)
		return b.signIn("a@example.com", password, "")
	}
	often(func() *httptest.ResponseRecorder { return from(&browser{live: l}, "wrong horse battery") })
	want(from(a, "another long password"), 303)
	often(func() *httptest.ResponseRecorder { return from(a, "wrong horse battery") })
}

func TestRoles(t *testing.T) {
	l := newLive(t, nil)
	root := &browser{live: l}
	do := func(b *browser, method, path, body string) int {
		t.Helper()
		h := []string{}
		if b == root {
			h = []string{"Authorization", "Bearer " + testToken}
		}
		return b.ask(method, path, body, h...).Code
	}
	site := func(name string) string {
		var out struct{ ID string }
		w := root.ask("POST", "/api/v1/sites", fmt.Sprintf(`{"name":%q}`, name), "Authorization", "Bearer "+testToken)
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out.ID == "" {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return out.ID
	}
	one, two := site("one"), site("two")
	for id, at := range map[string]string{"A": one, "B": two} {
		if c := do(root, "PUT", "/api/v1/stations/"+id, fmt.Sprintf(`{"site":%q}`, at)); c != 200 {
			t.Fatal(c)
		}
	}
	for id, at := range map[string]gnista.StationID{"at-a": "A", "at-b": "B"} {
		if err := l.db.AddCommand(t.Context(), station.Command{ID: id, Station: at, Kind: "unlock", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	in := map[string]*browser{}
	for _, x := range [][2]string{ // the first is an administrator in any case
		{"admin", `[{"role":"admin"}]`}, {"viewer", `[{"role":"viewer"}]`}, {"operator", `[{"role":"operator"}]`}, {"technician", `[{"role":"technician"}]`}, {"finance", `[{"role":"finance"}]`},
		{"local", `[{"role":"operator","sites":["` + one + `"]}]`},
	} {
		name, grants := x[0], x[1]
		if c := do(root, "POST", "/api/v1/users", fmt.Sprintf(`{"email":"%s@example.com","name":%q,"grants":%s,"password":%q}`, name, name, grants, userPassword)); c != 201 {
			t.Fatal(name, c)
		}
		in[name] = &browser{live: l}
		if w := in[name].signIn(name+"@example.com", userPassword, ""); w.Code != 303 {
			t.Fatal(name, w.Code)
		}
	}
	for _, id := range []gnista.StationID{"A", "B"} {
		if err := l.faults.Report(t.Context(), fault.Report{Key: fault.Key{Source: fault.OCPP16, Code: "GroundFailure"}, Station: id, Way: fault.ByStatus}); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct {
		method, path, body string
		may                string // who gets something else than 403
	}{
		{"GET", "/api/v1/faults?site=" + one, "", "admin viewer operator technician finance local"},
		{"GET", "/api/v1/faults?station=B&site=" + one, "", "admin viewer operator technician finance"},
		{"GET", "/api/v1/faults/f10001", "", "admin viewer operator technician finance local"},
		{"GET", "/api/v1/faults/f10002", "", "admin viewer operator technician finance"},
		{"GET", "/api/v1/customers?site=" + one, "", "admin operator finance"}, // which it does not read
		{"POST", "/api/v1/faults/f10001/comment", `{"by":"mallory","reason":"mine"}`, "admin operator technician local"},
		{"POST", "/api/v1/faults/f10002/comment?site=" + one, `{"reason":"not mine"}`, "admin operator technician"},
		{"GET", "/api/v1/stations", "", "admin viewer operator technician finance"},
		{"GET", "/api/v1/stations/A", "", "admin viewer operator technician finance local"},
		{"GET", "/api/v1/stations/B", "", "admin viewer operator technician finance"},
		{"GET", "/api/v1/transactions?station=A", "", "admin viewer operator technician finance local"},
		{"GET", "/api/v1/transactions?station=B", "", "admin viewer operator technician finance"},
		{"POST", "/api/v1/stations/A/unlock", `{"evse":1}`, "admin operator technician local"},
		{"POST", "/api/v1/stations/B/unlock", `{"evse":1}`, "admin operator technician"},
		{"GET", "/api/v1/customers", "", "admin operator finance"},
		{"POST", "/api/v1/customers", `{"name":"X"}`, "admin finance"},
		{"GET", "/api/v1/payments", "", "admin operator finance"},
		{"POST", "/api/v1/payments/x/retry", "", "admin finance"},
		{"POST", "/api/v1/tariffs", `{}`, "admin finance"},
		{"GET", "/api/v1/users", "", "admin"},
		{"GET", "/api/v1/audit", "", "admin"},
		{"GET", "/api/v1/me", "", "admin viewer operator technician finance local"},
		// What is asked for has to be where the right is, and not the query.
		{"GET", "/api/v1/stations?station=A", "", "admin viewer operator technician finance"},
		{"GET", "/api/v1/stations/B?station=A&site=" + one, "", "admin viewer operator technician finance"},
		{"GET", "/api/v1/transactions?station=A&station=B", "", "admin viewer operator technician finance"},
		{"GET", "/api/v1/faults?station=B&site=" + one, "", "admin viewer operator technician finance"},
		{"GET", "/api/v1/faults?station=A&site=" + one, "", "admin viewer operator technician finance local"},
		{"GET", "/api/v1/faults?station=&site=", "", "admin viewer operator technician finance"},
		{"HEAD", "/api/v1/stations/B?station=A", "", "admin viewer operator technician finance"},
		{"PUT", "/api/v1/templates/x?site=" + one, "{}", "admin operator technician"},
		{"DELETE", "/api/v1/firmware-files/x?station=A", "", "admin operator technician"},
		{"POST", "/api/v1/campaigns?station=A", "{}", "admin operator technician"},
		{"POST", "/api/v1/reservations", `{"station":"A"}`, "admin operator finance local"},
		{"POST", "/api/v1/reservations", `{"station":"B"}`, "admin operator finance"},
		{"POST", "/api/v1/reservations", `{"station":"A","Station":"B"}`, "admin operator finance"},
		{"POST", "/api/v1/reservations?station=A", `{"station":"B"}`, "admin operator finance"},
		{"POST", "/api/v1/reservations?station=A", `{"station":"A"`, "admin operator finance"},
		{"POST", "/api/v1/uptime/exclusions?site=" + one, "{}", "admin operator"},
		{"POST", "/api/v1/uptime/exclusions", fmt.Sprintf(`{"site":%q}`, one), "admin operator local"},
		{"GET", "/api/v1/commands/at-a", "", "admin viewer operator technician finance local"},
		{"GET", "/api/v1/commands/at-b?station=A", "", "admin viewer operator technician finance"},
		{"GET", "/api/v1/commands/nowhere?station=A", "", "admin viewer operator technician finance"},
		{"GET", "/api/v1/events?after=x&station=A", "", "admin viewer operator technician finance local"},
		{"GET", "/api/v1/events?after=x", "", "admin viewer operator technician finance"},
	} {
		var may []string
		for _, name := range []string{"admin", "viewer", "operator", "technician", "finance", "local"} {
			c := do(in[name], x.method, x.path, x.body)
			if c == 401 {
				t.Fatalf("%s is not known", name)
			}
			if c != 403 {
				may = append(may, name)
			}
		}
		if got := strings.Join(may, " "); got != x.may {
			t.Errorf("%s %s may be done by %s, want %s", x.method, x.path, got, x.may)
		}
	}
	for body, want := range map[string]int{
		fmt.Sprintf(`{"site":%q}`, two): 403, fmt.Sprintf(`{"Site":%q}`, two): 403, `{"name":"` + strings.Repeat("x", 80<<10) + `","site":"` + two + `"}`: 403, fmt.Sprintf(`{"site":%q}`, one): 200,
	} {
		if c := do(in["local"], "PATCH", "/api/v1/stations/A", body); c != want {
			t.Errorf("a station is given to another site: %d for %.50s", c, body)
		}
	}
	warden := &browser{live: l}
	if c := do(root, "POST", "/api/v1/users", `{"email":"warden@example.com","name":"warden","grants":[{"role":"admin","sites":["`+one+`"]}],"password":"`+userPassword+`"}`); c != 201 {
		t.Fatal(c)
	}
	warden.signIn("warden@example.com", userPassword, "")
	if c := do(warden, "POST", "/api/v1/users?site="+one, `{"email":"x@example.com","name":"x","grants":[{"role":"admin"}]}`); c != 403 {
		t.Errorf("the administrator of one site makes one of all: %d", c)
	}
	if done, err := l.db.FaultHistory(t.Context(), "f10001", 0, 1); err != nil || len(done) != 1 || done[0].By != "local" {
		t.Errorf("what was said last was said by %+v, %v", done, err)
	}
	if c := do(in["local"], "GET", "/", ""); c != 403 {
		t.Errorf("who may see one site sees the page of all: %d", c)
	}
	// What is taken away holds at once.
	u, err := l.people.Store.UserByEmail(t.Context(), "operator@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if c := do(in["admin"], "PATCH", "/api/v1/users/"+u.ID, `{"grants":[{"role":"viewer"}]}`); c != 200 {
		t.Error(c)
	}
	if c := do(in["operator"], "GET", "/api/v1/customers", ""); c != 403 {
		t.Errorf("got %d", c)
	}
	if c := do(in["admin"], "PATCH", "/api/v1/users/"+u.ID, `{"disabled":true}`); c != 200 {
		t.Error(c)
	}
	if c := do(in["operator"], "GET", "/api/v1/stations", ""); c != 401 {
		t.Errorf("got %d", c)
	}
	if lines, _, err := access.Check(t.Context(), l.db); err != nil || lines == 0 {
		t.Errorf("%d, %v", lines, err)
	}
}
