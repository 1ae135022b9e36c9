package alert_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/fault"
	"gnista/fault/alert"
)

// whom are the receivers of all mails.
func (w *world) whom() (list []string) {
	for _, m := range w.mail.mails() {
		name, _, _ := strings.Cut(m.to, "@")
		list = append(list, name)
	}
	return list
}

func (w *world) wantMails(want ...string) {
	w.t.Helper()
	if got := w.whom(); !slices.Equal(got, want) {
		w.t.Errorf("mails to %v, want %v", got, want)
	}
}

func TestEscalation(t *testing.T) {
	w := newWorld(t)
	anna, _ := w.person("anna", fault.Swedish)
	bo, _ := w.person("bo", fault.English)
	cia, _ := w.person("cia", fault.English)
	team := must(w.AddGroup(t.Context(), alert.Group{Name: "Team", People: []string{bo.ID}}))(t)
	call := must(w.AddRota(t.Context(), alert.Rota{Name: "Jour", People: []string{cia.ID, anna.ID}, From: "2026-03-02", Handover: "09:20", Days: 1}))(t)
	w.route(alert.Route{Levels: []alert.RouteLevel{
		{To: to(anna)}, {After: 10, To: []alert.Receiver{{Group: team.ID}, {Person: bo.ID}}}, {After: 30, To: []alert.Receiver{{Rota: call.ID}}},
	}})
	s := w.broken("f1", nil)
	w.step()
	w.wantMails("anna")
	w.pass(9 * time.Minute)
	w.step()
	w.wantMails("anna")
	w.pass(time.Minute)
	w.step()
	w.wantMails("anna", "bo")
	w.pass(20 * time.Minute)
	w.step()
	w.wantMails("anna", "bo", "cia")
	w.pass(time.Hour)
	w.step()
	w.wantMails("anna", "bo", "cia")
	list := must(w.db.Alerts(t.Context(), alert.Filter{Limit: 10}))(t)
	if len(list) != 1 || list[0].Level != 3 || list[0].State != alert.Open {
		t.Errorf("alerts: %+v", list)
	}

	// The link in the mail acknowledges, once somebody has confirmed it; then nobody is told more.
	two := w.broken("f2", nil)
	w.step()
	w.wantMails("anna", "bo", "cia", "anna")
	_, text, _ := read(t, w.mail.mails()[3])
	_, token, _ := strings.Cut(text, "/ack/")
	token, _, _ = strings.Cut(token, "\n")
	token = strings.TrimSpace(token)
	p := must(w.Alerts.Open(t.Context(), token))(t)
	if p.Person.ID != anna.ID || p.Subject.ID != "f2" || p.Subject.AcknowledgedBy != "" {
		t.Errorf("the link leads to %+v", p)
	}
	for _, bad := range []string{"", ".", token + "A", token[1:], strings.Replace(token, ".", "", 1)} {
		if _, err := w.Alerts.Open(t.Context(), bad); gnista.CodeOf(err) != gnista.NotFound {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for range 2 {
		p = must(w.Alerts.Acknowledge(t.Context(), token))(t)
		if p.Subject.AcknowledgedBy != "anna" {
			t.Errorf("acknowledged by %q", p.Subject.AcknowledgedBy)
		}
	}
	w.pass(time.Hour)
	w.step()
	w.wantMails("anna", "bo", "cia", "anna")
	// It begins anew when it comes back.
	now := must(w.Subject(t.Context(), two.Kind, two.ID))(t)
	now.AcknowledgedBy = ""
	w.set(now)
	w.tell(fault.Changed, now, "reopened")
	w.step()
	w.wantMails("anna", "bo", "cia", "anna", "anna")
	w.pass(8 * 24 * time.Hour)
	if _, err := w.Alerts.Open(t.Context(), token); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("an old link: %v", err)
	}
	_ = s
}

func TestWhatIsNotTold(t *testing.T) {
	w := newWorld(t)
	w.Wait = 20 * time.Second
	anna, mail := w.person("anna", fault.Swedish)
	w.route(alert.Route{Levels: []alert.RouteLevel{{To: to(anna)}, {After: 10, To: to(anna)}}, Cleared: true})
	// It was over before anybody was told.
	s := w.broken("f1", nil)
	w.step()
	w.cleared(s)
	w.pass(time.Hour)
	w.step()
	w.wantMails()
	// It is shelved, and told of when that is over.
	s = w.broken("f2", func(s *alert.Subject) { s.ShelvedUntil = w.now().Add(time.Hour) })
	w.pass(time.Minute)
	w.step()
	w.wantMails()
	w.pass(time.Hour)
	w.step()
	w.wantMails("anna")
	w.cleared(s)
	w.step()
	w.step()
	w.wantMails("anna", "anna")
	// It becomes part of an incident while others of that are waited for.
	for i := range 40 {
		x := w.broken(fmt.Sprint("part", i), nil)
		x.Incident = "i1"
		w.set(x)
		w.tell(fault.Changed, x, "incident")
	}
	w.broken("i1", func(s *alert.Subject) { s.Kind, s.Faults = alert.OfIncident, 40 })
	w.pass(time.Minute)
	w.step()
	w.wantMails("anna", "anna", "anna")
	// What waits when it is over is withdrawn.
	w.mail.answers(func(int) error { return errDrop })
	w.mail.rcpt = fmt.Errorf("later")
	s = w.broken("f3", nil)
	w.pass(time.Minute)
	w.step()
	w.cleared(s)
	w.mail.rcpt = nil
	w.pass(time.Hour)
	w.step()
	for _, d := range w.deliveries(alert.DeliveryFilter{Channel: mail.ID}) {
		if len(d.Message.About) > 0 && d.Message.About[0].ID == "f3" && d.State != alert.Withdrawn {
			t.Errorf("it is %s: %+v", d.State, d.Tries)
		}
	}
}

func TestQuietHours(t *testing.T) {
	w := newWorld(t)
	anna, _ := w.person("anna", fault.Swedish)
	w.route(alert.Route{
		Levels: []alert.RouteLevel{{To: to(anna)}}, Quiet: []alert.DayHours{{From: "22:00", Until: "06:00"}, {Days: []string{"sat", "sun"}, From: "00:00", Until: "00:00"}},
	})
	at := func(s string) {
		t.Helper()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.at = must(time.ParseInLocation("2006-01-02 15:04", s, stockholm(t)))(t)
	}
	at("2026-03-03 23:00")
	w.broken("f1", nil)
	w.step()
	w.wantMails()
	w.broken("f2", func(s *alert.Subject) { s.Severity = fault.Critical })
	w.step()
	w.wantMails("anna")
	at("2026-03-04 05:59")
	w.step()
	w.wantMails("anna")
	at("2026-03-04 06:00")
	w.step()
	w.wantMails("anna", "anna")
	at("2026-03-06 23:00") // a Friday; the weekend follows, and the night after it
	w.broken("f3", nil)
	w.step()
	list := must(w.db.DueAlerts(t.Context(), w.now().Add(1000*time.Hour), 10))(t)
	if len(list) != 1 || list[0].DueAt.In(stockholm(t)).Format("Mon 15:04") != "Mon 06:00" {
		t.Errorf("it waits until %v", list)
	}
}

func TestThrottle(t *testing.T) {
	w := newWorld(t)
	anna, c := w.person("anna", fault.English)
	must(w.ChangeChannel(t.Context(), c.ID, func(c *alert.Channel) { c.PerMinute = 5 }))(t)
	w.route(alert.Route{Levels: []alert.RouteLevel{{To: to(anna)}}})
	for i := range 100 {
		w.broken(fmt.Sprint("f", i), nil)
	}
	w.step()
	got := w.mail.mails()
	if len(got) != 5 {
		t.Fatalf("%d mails in a minute", len(got))
	}
	h, text, _ := read(t, got[4])
	if subject(t, h) != "Several alerts: 96" || strings.Count(text, "The lock is stuck") != 50 || !strings.Contains(text, "not listed: 46") {
		t.Errorf("%s: %s", subject(t, h), text)
	}
	w.broken("later", nil)
	w.step()
	if n := len(w.mail.mails()); n != 5 {
		t.Errorf("%d mails in a minute", n)
	}
	w.pass(61 * time.Second)
	w.step()
	w.step()
	if n := len(w.mail.mails()); n != 6 {
		t.Errorf("%d mails after a minute", n)
	}
	states := map[alert.DeliveryState]int{}
	for _, d := range w.deliveries(alert.DeliveryFilter{}) {
		states[d.State]++
	}
	if states[alert.Sent] != 6 || states[alert.Summed] != 96 || len(states) != 2 {
		t.Errorf("deliveries: %v", states)
	}
}

func TestDigest(t *testing.T) {
	w := newWorld(t)
	anna, _ := w.person("anna", fault.Swedish)
	g := must(w.AddDigest(t.Context(), alert.Digest{Name: "Morgon", To: to(anna), Time: "07:00", Days: []string{"mon", "thu"}, Severity: fault.Medium}))(t)
	if got := g.NextAt.In(stockholm(t)).Format("Mon 2006-01-02 15:04"); got != "Thu 2026-03-05 07:00" {
		t.Errorf("it is due %s", got)
	}
	w.broken("f1", nil)
	w.broken("f2", func(s *alert.Subject) { s.Severity = fault.Low })
	w.pass(4 * 24 * time.Hour)
	w.step()
	w.wantMails() // too late: it would have been that of Thursday
	w.pass(3*24*time.Hour - 2*time.Hour + time.Minute)
	w.step()
	w.begin(w.db)
	w.step()
	w.wantMails("anna")
	h, text, _ := read(t, w.mail.mails()[0])
	if subject(t, h) != "Öppna fel: 1" || strings.Count(text, "Låset fastnar") != 1 || strings.Contains(text, "/ack/") {
		t.Errorf("%s: %s", subject(t, h), text)
	}
}

func TestRoutesInOrder(t *testing.T) {
	w := newWorld(t)
	anna, _ := w.person("anna", fault.English)
	bo, _ := w.person("bo", fault.English)
	cia, _ := w.person("cia", fault.English)
	w.route(alert.Route{Name: "last", Position: 9, Levels: []alert.RouteLevel{{To: to(cia)}}})
	w.route(alert.Route{Name: "security", Position: 1, Keys: []string{"security/*"}, Levels: []alert.RouteLevel{{To: to(anna)}}, Continue: true})
	w.route(alert.Route{Name: "site", Position: 2, Sites: []string{"s2"}, Severity: fault.High, Levels: []alert.RouteLevel{{To: to(bo)}, {After: 15, To: to(anna)}}})
	w.route(alert.Route{Name: "by day", Position: 3, Hours: []alert.DayHours{{Days: []string{"sat"}, From: "08:00", Until: "17:00"}}, Levels: []alert.RouteLevel{{To: to(anna)}}})
	f := func(key, site string, v fault.Severity, at time.Time, want ...string) {
		t.Helper()
		k, _ := fault.ParseKey(key)
		plan := must(w.Plan(t.Context(), alert.Subject{Kind: alert.OfFault, Key: k, Site: site, Severity: v}, at))(t)
		var got []string
		for _, p := range plan {
			got = append(got, fmt.Sprintf("%s:%s+%d", p.Route.Name, p.Person.Name, int(p.At.Sub(at)/time.Minute)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s at %s: %v, want %v", key, site, got, want)
		}
	}
	f("ocpp1.6/GroundFailure", "s1", fault.High, monday, "last:cia+0")
	f("ocpp1.6/GroundFailure", "s2", fault.High, monday, "site:bo+0", "site:anna+15")
	f("ocpp1.6/GroundFailure", "s2", fault.Medium, monday, "last:cia+0")
	f("security/TamperDetected", "s2", fault.Critical, monday, "security:anna+0", "site:bo+0", "site:anna+15")
	f("ocpp1.6/GroundFailure", "s1", fault.Low, monday.AddDate(0, 0, 5), "by day:anna+0")
}

// The first level of the first route that fits is told once, each level behind it once at its time until somebody
// acknowledges, and nothing after, however the looks fall.
func TestLevelsAtAnyTime(t *testing.T) {
	w := newWorld(t)
	hook := w.webhook()
	w.route(alert.Route{Levels: []alert.RouteLevel{
		{To: []alert.Receiver{{Channel: hook.ID}}}, {After: 5, To: []alert.Receiver{{Channel: hook.ID}}}, {After: 20, To: []alert.Receiver{{Channel: hook.ID}}},
	}})
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		w.hook.answers(nil)
		s := w.broken(fmt.Sprint("f", n), nil)
		acknowledged := rapid.IntRange(0, 30).Draw(r, "acknowledged at")
		minute, done := 0, false
		want := 0
		for minute < 40 {
			for _, after := range []int{0, 5, 20} {
				if want < 3 && after == []int{0, 5, 20}[want] && minute >= after && !done {
					want++
					break
				}
			}
			w.step()
			if got := len(w.hook.calls()); got > 3 || done && got > want {
				r.Fatalf("%d calls at minute %d, acknowledged %v", got, minute, done)
			}
			step := rapid.IntRange(1, 10).Draw(r, "minutes")
			minute += step
			w.pass(time.Duration(step) * time.Minute)
			if !done && minute >= acknowledged {
				for range 3 { // a late look tells one level after the other
					w.step()
				}
				want, done = len(w.hook.calls()), true
				if err := w.Acknowledge(t.Context(), s.Kind, s.ID, "anna"); err != nil {
					r.Fatal(err)
				}
			}
		}
		if got := len(w.hook.calls()); got != want || got < 1 {
			r.Fatalf("%d calls, want %d", got, want)
		}
		seen := map[string]bool{}
		for _, c := range w.hook.calls() {
			seen[c.header.Get("webhook-id")] = true
		}
		if len(seen) != want {
			r.Fatalf("%d ids of %d", len(seen), want)
		}
	})
}

func TestRouteInput(t *testing.T) {
	w := newWorld(t)
	p, _ := w.person("Anna", fault.Swedish)
	f := func(field string, change func(*alert.Route)) {
		t.Helper()
		r := alert.Route{Name: "x", Levels: []alert.RouteLevel{{To: to(p)}}}
		change(&r)
		_, err := w.AddRoute(t.Context(), r)
		if gnista.CodeOf(err) != gnista.Invalid || err.(*gnista.Error).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	f("name", func(r *alert.Route) { r.Name = "" })
	f("severity", func(r *alert.Route) { r.Severity = "bad" })
	f("keys[0]", func(r *alert.Route) { r.Keys = []string{"x"} })
	f("hours[0].from", func(r *alert.Route) { r.Hours = []alert.DayHours{{From: "25:00", Until: "01:00"}} })
	f("hours[0].days[0]", func(r *alert.Route) {
		r.Hours = []alert.DayHours{{Days: []string{"monday"}, From: "01:00", Until: "01:00"}}
	})
	f("levels", func(r *alert.Route) { r.Levels = nil })
	f("levels[0].to", func(r *alert.Route) { r.Levels = []alert.RouteLevel{{}} })
	f("levels[0].to[0]", func(r *alert.Route) { r.Levels[0].To = []alert.Receiver{{Person: p.ID, Group: "g"}} })
	f("levels[0].to[0].rota", func(r *alert.Route) { r.Levels[0].To = []alert.Receiver{{Rota: "none"}} })
	f("levels[0].via[0]", func(r *alert.Route) { r.Levels[0].Via = []alert.Kind{"pigeon"} })
	f("levels[1].after", func(r *alert.Route) { r.Levels = append(r.Levels, r.Levels[0]) })
	f("zone", func(r *alert.Route) { r.Zone = "Nowhere" })
}
