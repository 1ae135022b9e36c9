package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/access"
	"gnista/charging"
	"gnista/fault"
)

// TestSomeSites is what somebody sees who has rights at some sites only, when they name none.
func TestSomeSites(t *testing.T) {
	l := newLive(t, nil)
	ctx := t.Context()
	site := func(name string) string {
		t.Helper()
		var out struct{ ID string }
		w := l.do(request("POST", "/api/v1/sites", fmt.Sprintf(`{"name":%q}`, name), "Authorization", "Bearer "+testToken))
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out.ID == "" {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return out.ID
	}
	ids := map[string]string{"one": site("one"), "two": site("two"), "three": site("three")}
	for _, x := range [][2]string{{"A1", "one"}, {"A2", "two"}, {"B1", "three"}, {"B2", ""}, {"B3", "three"}, {"C1", "two"}} {
		if w := l.do(request("PUT", "/api/v1/stations/"+x[0], fmt.Sprintf(`{"site":%q}`, ids[x[1]]), "Authorization", "Bearer "+testToken)); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		id := gnista.StationID(x[0])
		if err := l.faults.Report(ctx, fault.Report{Key: fault.Key{Source: fault.OCPP16, Code: "GroundFailure"}, Station: id, Way: fault.ByStatus}); err != nil {
			t.Fatal(err)
		}
		if err := l.db.Change(ctx, id, func(tx charging.Tx) error {
			return tx.Save(&charging.Transaction{ID: "t-" + x[0], Station: id, State: charging.Active, StartedAt: time.Now(), UpdatedAt: time.Now()}, nil)
		}); err != nil {
			t.Fatal(err)
		}
	}
	root := &browser{live: l}
	person := func(name string, grants ...access.Grant) *browser {
		t.Helper()
		if _, err := l.people.Create(ctx, access.User{Email: name + "@example.com", Name: name, Grants: grants}, userPassword); err != nil {
			t.Fatal(err)
		}
		b := &browser{live: l}
		if w := b.signIn(name+"@example.com", userPassword, ""); w.Code != 303 {
			t.Fatal(w.Code)
		}
		return b
	}
	person("boss", access.Grant{Role: access.Admin})
	people := map[string]*browser{
		"everywhere": person("everywhere", access.Grant{Role: access.Viewer}),
		"some":       person("some", access.Grant{Role: access.Viewer, Sites: []string{ids["one"]}}, access.Grant{Role: access.Technician, Sites: []string{ids["two"]}}),
		"empty":      person("empty", access.Grant{Role: access.Viewer, Sites: []string{"no such site"}}),
		"money":      person("money", access.Grant{Role: access.Finance, Sites: []string{ids["three"]}}),
	}
	names := func(b *browser, path, field string) string {
		t.Helper()
		var out []string
		for cursor := ""; ; { // two at a time: what is left out does not make pages short
			var p struct {
				Items []map[string]any
				Next  string
			}
			w := b.ask("GET", path+"limit=2&cursor="+cursor, "")
			if w.Code != 200 {
				return fmt.Sprint(w.Code)
			}
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			if p.Next != "" && len(p.Items) < 2 {
				t.Errorf("%s: a page of %d that is not the last", path, len(p.Items))
			}
			for _, x := range p.Items {
				out = append(out, fmt.Sprint(x[field]))
			}
			if cursor = p.Next; cursor == "" {
				break
			}
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	for _, x := range []struct{ who, path, field, want string }{
		{"everywhere", "/api/v1/stations?", "id", "A1 A2 B1 B2 B3 C1"},
		{"some", "/api/v1/stations?", "id", "A1 A2 C1"},
		{"empty", "/api/v1/stations?", "id", ""},
		{"money", "/api/v1/stations?", "id", "B1 B3"},
		{"some", "/api/v1/sites?", "name", "one two"},
		{"everywhere", "/api/v1/sites?", "name", "one three two"},
		{"some", "/api/v1/faults?", "station", "A1 A2 C1"},
		{"money", "/api/v1/faults?sort=worst&", "station", "B1 B3"},
		{"some", "/api/v1/faults?station=B1&", "station", "403"},
		{"some", "/api/v1/transactions?", "station", "A1 A2 C1"},
		{"everywhere", "/api/v1/transactions?", "station", "A1 A2 B1 B2 B3 C1"},
		{"some", "/api/v1/incidents?state=all&", "station", ""},
		{"some", "/api/v1/customers?", "id", "403"},
		{"some", "/api/v1/payments?", "id", "403"},
		{"money", "/api/v1/payments?", "id", "403"}, // which are of no site
	} {
		if got := names(people[x.who], x.path, x.field); got != x.want {
			t.Errorf("%s %s: got %q, want %q", x.who, x.path, got, x.want)
		}
	}
	// What is counted is what they may see.
	for _, x := range []struct{ who, path, want string }{
		{"everywhere", "/api/v1/faults/totals", `"high":6`},
		{"some", "/api/v1/faults/totals", `"high":3`},
		{"empty", "/api/v1/faults/totals", `"high":0`},
		{"some", "/api/v1/station-kinds", `"stations":3`},
		{"some", "/api/v1/station-kinds?site=" + ids["one"], `"stations":1`},
		{"empty", "/api/v1/station-kinds", `"items":[]`},
		{"empty", "/api/v1/station-sites", `"items":[]`},
	} {
		if w := people[x.who].ask("GET", x.path, ""); w.Code != 200 || !strings.Contains(w.Body.String(), x.want) {
			t.Errorf("%s %s: %d %s, want %s", x.who, x.path, w.Code, w.Body, x.want)
		}
	}
	for _, path := range []string{"/api/v1/faults/totals?station=B1", "/api/v1/station-kinds?site=" + ids["three"], "/api/v1/station-sites?site=" + ids["three"]} {
		if w := people["some"].ask("GET", path, ""); w.Code != 403 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	var there struct {
		Items []struct {
			Name     string
			Stations int
		}
	}
	if w := people["some"].ask("GET", "/api/v1/station-sites", ""); json.Unmarshal(w.Body.Bytes(), &there) != nil || len(there.Items) != 2 || there.Items[0].Stations+there.Items[1].Stations != 3 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// A station that is given to another site is seen by who may see what is there from then on.
	if w := root.ask("PATCH", "/api/v1/stations/C1", fmt.Sprintf(`{"site":%q}`, ids["three"]), "Authorization", "Bearer "+testToken); w.Code != 200 {
		t.Fatal(w.Code)
	}
	if got := names(people["some"], "/api/v1/faults?", "station"); got != "A1 A2" {
		t.Errorf("got %s", got)
	}
	// Events, from the beginning.
	follow, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(follow, "GET", l.server.URL+"/api/v1/events?after=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range people["some"].cookies {
		r.AddCookie(c)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	seen := map[string]bool{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			if lines.Text() == ":" { // all that there was was sent
				break
			}
			continue
		}
		var ev gnista.Event
		if err := json.Unmarshal([]byte(text), &ev); err != nil {
			t.Fatal(err)
		}
		seen[string(ev.Station)] = true
	}
	if !seen["A1"] || !seen["A2"] || seen["B1"] || seen["B2"] || seen["B3"] || seen["C1"] || seen[""] {
		t.Errorf("events of %v", seen)
	}
}

// TestServerSettings holds what is shown of the settings to leave out what is secret.
func TestServerSettings(t *testing.T) {
	for text, want := range map[string]string{
		"postgres://gnista:secret@db/gnista?sslmode=require&password=x": "postgres://gnista@db/gnista?password=%E2%80%A6&sslmode=require",
		"smtps://user@mail.example.com":                                 "smtps://user@mail.example.com",
		"host=db password=secret":                                       "…",
		"sqlite:/data/gnista.db":                                        "sqlite:/data/gnista.db",
	} {
		if got := withoutPassword(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	l := newLive(t, nil)
	if w := l.do(request("GET", "/api/v1/settings/server", "")); w.Code != 401 {
		t.Errorf("got %d", w.Code)
	}
	w := l.do(request("GET", "/api/v1/stations/A%2FB/addresses", "", "Authorization", "Bearer "+testToken))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `/ocpp/A%2FB"`) || !strings.Contains(w.Body.String(), `"guessed":true`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// TestSignInPage holds the page to what keeps others from using it: frames, forms of other sites, and addresses elsewhere.
func TestSignInPage(t *testing.T) {
	l := newLive(t, nil)
	if _, err := l.people.CreateFirst(t.Context(), access.User{Email: "a@example.com", Name: "A"}, userPassword); err != nil {
		t.Fatal(err)
	}
	for i, to := range []string{"https://elsewhere.example", "//elsewhere.example", `/\elsewhere.example`, "javascript:alert(1)", "http:/x", "\t//elsewhere.example", "/%0d%0aSet-Cookie:x", "///elsewhere.example"} {
		b := &browser{live: l, remote: fmt.Sprintf("127.0.%d.1:1", i)}
		w := b.signIn("a@example.com", userPassword, to)
		if at := w.Header().Get("Location"); w.Code == 303 && !strings.HasPrefix(at, "/") || strings.HasPrefix(at, "//") || strings.HasPrefix(at, `/\`) {
			t.Errorf("%q leads to %q", to, at)
		}
	}
	w := l.do(request("GET", "/sign-in?to=//elsewhere.example", ""))
	if p := w.Header().Get("Content-Security-Policy"); !strings.Contains(p, "frame-ancestors 'none'") || !strings.Contains(p, "form-action 'self'") || strings.Contains(w.Body.String(), "elsewhere") {
		t.Errorf("got %s %s", p, w.Body)
	}
	if w := l.do(request("GET", "/built/none.js", "")); w.Code != 404 { // and is not led to sign in
		t.Errorf("a script of the page: got %d", w.Code)
	}
	for _, path := range []string{"/sign-in", "/sign-out", "/sign-in/passkey", "/sign-in/passkey/options"} {
		for _, h := range [][]string{{"Origin", "https://elsewhere.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Origin", "null"}} {
			if w := l.do(request("POST", path, "{}", h...)); w.Code != 403 {
				t.Errorf("another site posts to %s with %v: %d", path, h, w.Code)
			}
		}
	}
	for _, body := range []string{"", "{}", `{"response":{}}`, `{"response":{"id":"x","rawId":"x","type":"public-key","response":{}}}`} {
		if w := l.do(request("POST", "/sign-in/passkey", body)); w.Code != 401 && w.Code != 400 {
			t.Errorf("%s: got %d", body, w.Code)
		}
	}
}
