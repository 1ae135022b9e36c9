package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/commission"
	"gnista/power"
	"gnista/sim"
	"gnista/station"
)

// checked runs a check of a simulated station to its end.
func (b *bubble) checked(s *sim.Station, change func(*commission.Options)) commission.Check {
	b.t.Helper()
	o, err := b.checks.Defaults(b.t.Context(), s.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	if change != nil {
		change(&o)
	}
	c, err := b.checks.Start(b.t.Context(), s.ID, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.ended(c.ID)
}

// ended waits for the end of a check.
func (b *bubble) ended(id string) commission.Check {
	b.t.Helper()
	for range 1000 {
		c, err := b.db.Check(b.t.Context(), id)
		if err != nil {
			b.t.Fatal(err)
		}
		if c.State != commission.Running {
			return c
		}
		time.Sleep(5 * time.Second)
	}
	b.t.Fatal("the check does not end")
	return commission.Check{}
}

func reported(t *testing.T, c commission.Check, l commission.Language) string {
	t.Helper()
	var text strings.Builder
	if err := c.Write(&text, l, time.UTC); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestCheckClean: a station that does everything right has no findings, and is left as it was.
func TestCheckClean(t *testing.T) {
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				s := b.serving("CLEAN", v)
				defer s.Close()
				c := b.checked(s, func(o *commission.Options) { o.Reservation, o.Log = true, true })
				if !c.Good() || len(c.Quirks) > 0 || c.Count(commission.Passed) != c.Steps {
					t.Errorf("a station without faults has some:\n%s", reported(t, c, commission.English))
				}
				// Nothing of the check is left.
				number := 987_654_321
				if a, err := station.Tell(t.Context(), b.gateway, s.ID, power.Clear{ID: &number}); err != nil || a.Status != station.NotKnown {
					t.Errorf("the profile of the check: %+v, %v", a, err)
				}
				if a, err := station.Tell(t.Context(), b.gateway, s.ID, charging.CancelReservation{Number: number}); err != nil || a.Status != station.Refused {
					t.Errorf("the reservation of the check: %+v, %v", a, err)
				}
				list, err := b.db.Connectors(t.Context(), s.ID)
				if err != nil || len(list) < 2 {
					t.Errorf("the connectors are %+v, %v", list, err)
				}
				for _, c := range list {
					if c.Status != station.Available {
						t.Errorf("connector %+v is left %s", c.EVSE, c.Status)
					}
				}
			})
		})
	}
}

// found are the keys of what is wrong with a station, in order and once each.
func found(c commission.Check) string {
	var keys []string
	for _, r := range c.Results {
		for _, m := range r.Findings {
			if key := r.Step + ":" + m.Key; !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return strings.Join(keys, " ")
}

// TestCheckPersonalities: what is wrong with a make of stations is found, and nothing else.
func TestCheckPersonalities(t *testing.T) {
	type expected struct {
		v16, v201, v21 string
		quirk          string // that was seen meanwhile, in 1.6
	}
	same := func(s, quirk string) expected { return expected{s, s, s, quirk} }
	wrong := "messages:message-wrong"
	want := map[string]expected{
		"amps-only":          {},
		"bare-configuration": {v16: "settings:settings-none"},
		"bare-values":        {},
		"blank-values":       {v16: "meter:values-blanks", quirk: "Q60"},
		"broken-answers":     {v16: "settings:settings-unread", quirk: "Q18"},
		"deaf":               {"settings:settings-unread triggers:no-answer certificates:connection-lost messages:unanswered", "settings:settings-unread triggers:no-answer clock:connection-lost messages:unanswered", "settings:settings-unread triggers:no-answer clock:connection-lost messages:unanswered", "Q9"},
		"empty-samples":      {"meter:values-empty", "meter:values-empty " + wrong, "meter:values-empty " + wrong, "Q61"},
		"empty-vendor":       same("boot:no-vendor", "Q16"),
		"hangs-up":           same("availability:connection-lost messages:unanswered", ""),
		"local-time":         same("clock:no-zone "+wrong, "Q38"),
		"lower-case-keys":    {v16: "settings:settings-case"},
		"mislabelled-time":   same("clock:clock-wrong", "Q39"),
		"no-clock":           same("clock:clock-unset", "Q41"),
		"null-info":          {quirk: "Q29"},
		"number-values":      {v16: "meter:values-numbers " + wrong, quirk: "Q59"},
		"one-stack-level":    same("profile:profile-level", ""),
		"other-case-id":      {},
		"phase-in-measurand": same(wrong, "Q21"),
		"refuses-readings":   same("triggers:trigger-refused", ""),
		"rejects-settings":   same("write:write-refused", ""),
		"same-ids":           {},
		"short-zone":         same("clock:short-zone "+wrong, "Q40"),
		"silent-boot":        same("boot:never-booted", ""),
		"status-zero":        {v201: "connectors:no-connectors connectors:evse-0"},
		"watts-only":         same("profile:profile-unit", ""),
	}
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				var all sync.WaitGroup
				for name, x := range want {
					s := b.station(gnista.StationID("at-"+name), v)
					s.Personality = []string{name}
					ctx, cancel := context.WithCancel(t.Context())
					all.Go(func() {
						defer s.Close()
						defer cancel()
						go s.Stay(ctx)
						time.Sleep(10 * time.Second)
						c := b.checked(s, nil)
						if got, want := found(c), map[gnista.Version]string{gnista.V16: x.v16, gnista.V201: x.v201, gnista.V21: x.v21}[v]; got != want {
							t.Errorf("%s: found %q, want %q\n%s", name, got, want, reported(t, c, commission.English))
						}
						if v == gnista.V16 && x.quirk != "" && !slices.ContainsFunc(c.Quirks, func(q commission.Quirk) bool { return q.Key == x.quirk && q.Seen > 0 }) {
							t.Errorf("%s: the quirks are %+v, want %s", name, c.Quirks, x.quirk)
						}
					})
				}
				all.Wait()
			})
		})
	}
}

// TestCheckAPI: a check is started, watched and read over the API.
func TestCheckAPI(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		ask := func(method, path, body string, header http.Header) (int, http.Header, string) {
			t.Helper()
			r := httptest.NewRequestWithContext(t.Context(), method, "/api/v1"+path, strings.NewReader(body))
			r.Header = header.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			r.Header.Set("Authorization", "Bearer "+testToken)
			w := httptest.NewRecorder()
			b.handler.ServeHTTP(w, r)
			return w.Code, w.Header(), w.Body.String()
		}
		wants := func(code int, text, method, path, body string) {
			t.Helper()
			if got, _, said := ask(method, path, body, nil); got != code || !strings.Contains(said, text) {
				t.Errorf("%s %s: %d %s, want %d and %q", method, path, got, said, code, text)
			}
		}
		const uid = "CARD1234"
		b.card(uid)
		s := b.serving("CS1", gnista.V16)
		defer s.Close()
		time.Sleep(10 * time.Second)
		wants(404, "no station", "POST", "/stations/CS9/checks", "{}")
		wants(404, "no station", "GET", "/stations/CS9/checks", "")
		wants(422, "patienceSeconds", "POST", "/stations/CS1/checks", `{"patienceSeconds":61}`)
		wants(404, "no check", "GET", "/stations/CS1/checks/none", "")

		// While a car charges only reading is allowed, and nothing is touched.
		if err := s.StartTransaction(t.Context(), 1, uid); err != nil {
			t.Fatal(err)
		}
		wants(409, "readOnly", "POST", "/stations/CS1/checks", "{}")
		code, _, text := ask("POST", "/stations/CS1/checks", `{"readOnly":true}`, nil)
		var started struct {
			ID, State string
			Steps     int
		}
		if err := json.Unmarshal([]byte(text), &started); err != nil || code != 202 || started.State != "running" || started.Steps != 17 {
			t.Fatalf("%d %s", code, text)
		}
		wants(409, "being checked already", "POST", "/stations/CS1/checks", `{"readOnly":true}`)
		c := b.ended(started.ID)
		for _, step := range []string{"write", "profile", "unlock", "availability"} {
			if r, _ := c.Result(step); r.Verdict != commission.Skipped || r.Why.Key != "read-only" {
				t.Errorf("%s while a car charges: %+v", step, r)
			}
		}
		if !c.Good() || !s.Charging(1) {
			t.Error(reported(t, c, commission.English))
		}
		if err := s.StopTransaction(t.Context(), 1, uid, sim.ReasonLocal); err != nil {
			t.Fatal(err)
		}
		if err := s.Unplug(t.Context(), 1); err != nil {
			t.Fatal(err)
		}

		// The report in all its forms.
		c = b.checked(s, nil)
		path := "/stations/CS1/checks/" + c.ID
		wants(200, `"good":true`, "GET", path, "")
		wants(200, c.ID, "GET", "/stations/CS1/checks?limit=1", "")
		wants(404, "no check", "GET", "/stations/CS2/checks/"+c.ID, "")
		for accept, title := range map[string]string{"sv": "Driftsättningsprov", "en": "Commissioning check"} {
			for _, at := range []string{path + "/report", path} {
				code, header, text := ask("GET", at, "", http.Header{"Accept": {"text/html"}, "Accept-Language": {accept}})
				if code != 200 || header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(text, "<h1>"+title+"</h1>") || !strings.Contains(text, "Simulator 1.6") {
					t.Errorf("%s in %s: %d %s", at, accept, code, text)
				}
			}
		}
		wants(200, "Har inget lösenord"[4:], "GET", path+"?lang=sv", "")

		// A station that goes away ends its check.
		c, err := b.checks.Start(t.Context(), "CS1", commission.Options{Unlock: true})
		if err != nil {
			t.Fatal(err)
		}
		s.Disconnect()
		if c = b.ended(c.ID); c.State != commission.Stopped || c.Why.Key != "offline" || c.Good() {
			t.Error(reported(t, c, commission.English))
		}
		wants(503, "not connected", "POST", "/stations/CS1/checks", "")
		wants(503, "not connected", "POST", "/stations/CS1/checks", "{}")
		events, err := b.db.Events(t.Context(), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(slices.DeleteFunc(events, func(e gnista.Event) bool { return e.Kind != "station.checked" })); n != 3 {
			t.Errorf("%d checks are told of, want 3", n)
		}
	})
}

// TestCheckInterrupted: the end of the system ends a check, which cleans up; one that had no time to is
// told as interrupted with the next start.
func TestCheckInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
		file := filepath.Join(t.TempDir(), "test.db")
		b := &bubble{t: t}
		b.open(file)
		s := b.serving("CS1", gnista.V201)
		c, err := b.checks.Start(t.Context(), "CS1", commission.Options{Unlock: true})
		if err != nil {
			t.Fatal(err)
		}
		lost := c
		lost.ID = "lost"
		if err := b.db.SaveCheck(t.Context(), lost, 10); err != nil {
			t.Fatal(err)
		}
		b.shut()
		s.Close()
		b.open(file)
		defer b.shut()
		for _, id := range []string{c.ID, lost.ID} {
			if got := b.ended(id); got.State != commission.Interrupted || got.Why.Key != "restarted" {
				t.Errorf("the check is %+v", got)
			}
		}
	})
}

// TestCheckCommand: the command waits for a station, says who was turned away, and ends with the code of
// what it found.
func TestCheckCommand(t *testing.T) {
	f := func(name string, code int, want, wantErr []string, visit func(ctx context.Context, url string), args ...string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var out, printedErr printed
			ended := make(chan error, 1)
			go func() { ended <- run(ctx, append([]string{"check"}, args...), &out, &printedErr) }()
			if visit != nil {
				var url string
				for url == "" {
					select {
					case err := <-ended:
						t.Fatalf("it ended with %v: %s", err, printedErr.String())
					case <-time.After(10 * time.Millisecond):
					}
					if _, rest, ok := strings.Cut(printedErr.String(), "Waiting for a station at "); ok {
						url, _, _ = strings.Cut(rest, " ")
						url = url[:strings.LastIndexByte(url, '/')]
					}
				}
				go visit(ctx, url)
			}
			err := <-ended
			got := 0
			if e, ok := errors.AsType[*exit](err); ok {
				got = e.code
			} else if err != nil {
				got = -1
			}
			text := printedErr.String()
			if err != nil {
				text += err.Error()
			}
			if got != code {
				t.Errorf("the code is %d, want %d: %v\n%s\n%s", got, code, err, out.String(), text)
			}
			for _, w := range want {
				if !strings.Contains(out.String(), w) {
					t.Errorf("the report lacks %q:\n%s", w, out.String())
				}
			}
			for _, w := range wantErr {
				if !strings.Contains(text, w) {
					t.Errorf("it does not say %q:\n%s", w, text)
				}
			}
		})
	}
	comes := func(id gnista.StationID, v gnista.Version, password string, personality ...string) func(context.Context, string) {
		return func(ctx context.Context, url string) {
			s := &sim.Station{ID: id, Version: v, URL: url, Password: password, Personality: personality, Phases: 3, Now: time.Now, NewID: newID}
			defer s.Close()
			s.Stay(ctx)
		}
	}
	f("no address", 2, nil, []string{"is not where to wait"}, nil, "http://127.0.0.1:0")
	f("no station", 2, nil, []string{"--password needs --station"}, nil, "ws://127.0.0.1:0", "--password", "long enough for anybody")
	f("nobody comes", 2, nil, []string{"no station came within"}, nil, "ws://127.0.0.1:0", "--timeout", "1s")
	if testing.Short() {
		return
	}
	f("good", 0, []string{"PASSED", "Result: finished"}, []string{"has connected from 127.0.0.1 with OCPP 1.6"}, comes("LAB-1", gnista.V16, ""), "ws://127.0.0.1:0/lab/a b", "--patience", "3")
	f("bad", 1, []string{"UNDERKÄNT", "Resultat: klart", "onlyUnit"}, []string{"17"}, comes("LAB-2", gnista.V201, "", "watts-only"), "ws://127.0.0.1:0", "--lang", "sv", "--patience", "3")
	f("gone", 2, []string{`"key": "connection-lost"`}, nil, comes("LAB-3", gnista.V21, "", "hangs-up"), "ws://127.0.0.1:0/ocpp", "--json", "--patience", "3")
	f("password", 0, []string{"Password: yes"}, []string{`Turned away: "thief"`, "the password is wrong"}, func(ctx context.Context, url string) {
		thief := &sim.Station{ID: "thief", URL: url, Now: time.Now, NewID: newID}
		thief.Connect(ctx)
		thief.Close()
		wrong := &sim.Station{ID: "LAB-4", URL: url, Password: "not-the-one-that-is-set", Now: time.Now, NewID: newID}
		wrong.Connect(ctx)
		wrong.Close()
		time.Sleep(time.Second) // so that who waits sees the refusals
		comes("LAB-4", gnista.V21, "correct-horse-battery")(ctx, url)
	}, "ws://127.0.0.1:0", "--station", "LAB-4", "--password", "correct-horse-battery", "--patience", "3")
}

// TestCheckDefaults: what a station is known not to bear is not asked of it unless somebody wants that
// (quirk Q23).
func TestCheckDefaults(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		for id, bears := range map[gnista.StationID]bool{"CS1": true, "CS2": false} {
			if _, err := b.network.Change(t.Context(), id, true, func(s *station.Station) { s.Adaptations.SkipAvailability = !bears }); err != nil {
				t.Fatal(err)
			}
			o, err := b.checks.Defaults(t.Context(), id)
			if want := (commission.Options{Unlock: true, Availability: bears}); err != nil || o != want {
				t.Errorf("%s: the options are %+v, %v, want %+v", id, o, err, want)
			}
		}
	})
}
