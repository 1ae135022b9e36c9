package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/station"
)

// Every known quirk has a conversation and a line in the documentation, and every known trap a
// conversation or a test.
func TestQuirksAndTraps(t *testing.T) {
	have := map[string]bool{}
	for folder, name := range map[string]string{"quirks": `^(Q\d\d)-.+\.txt$`, "traps": `^(T\d\d)-.+\.txt$`} {
		files, err := os.ReadDir("../../testdata/" + folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			m := regexp.MustCompile(name).FindStringSubmatch(f.Name())
			if m == nil || have[m[1]] {
				t.Errorf("testdata/%s/%s is not named after one, or another is named after the same", folder, f.Name())
				continue
			}
			have[m[1]] = true
		}
	}
	for _, folder := range []string{".", "../../ocpp/ocppj"} {
		files, err := filepath.Glob(folder + "/*_test.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`func Test(T\d\d)[A-Z]`).FindAllStringSubmatch(string(text), -1) {
				have[m[1]] = true
			}
		}
	}
	for n := 1; n <= 72; n++ {
		if !have[fmt.Sprintf("Q%02d", n)] {
			t.Errorf("quirk Q%d has no conversation in testdata/quirks", n)
		}
	}
	for n := 1; n <= 25; n++ {
		if !have[fmt.Sprintf("T%02d", n)] {
			t.Errorf("trap T%d has neither a conversation in testdata/traps nor a test", n)
		}
	}
	text, err := os.ReadFile("../../docs/quirks.md")
	if err != nil {
		t.Fatal(err)
	}
	models, err := station.LoadModels()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range models.Quirks() {
		if !strings.Contains(string(text), fmt.Sprintf("| %s | %s | %s | %s |", q.Key, q.ID, q.Means, q.Handling)) {
			t.Errorf("docs/quirks.md does not tell of %s; run go generate ./station", q.Key)
		}
	}
}

// A flood of messages that are rejected is a few counts, for one station and for many made-up actions.
func TestRejectedFlood(t *testing.T) {
	l := newLive(t, nil)
	w, good := l.connect("FLOOD").boot(), l.connect("GOOD").boot()
	const times = 2000
	go func() {
		for i := range times {
			if w.socket.Write(fmt.Appendf(nil, `[2,"%d","Fly%d",{}]`, i, i%500)) != nil {
				return
			}
		}
		w.socket.Write([]byte(`hello`))
	}()
	for range times + 1 {
		w.want(`[4,`)
	}
	good.send(`[2,"1","Heartbeat",{}]`)
	good.want(`[3,"1"`)
	list, err := l.network.Verdicts.Verdicts(t.Context(), "FLOOD", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 || len(list) > 150 {
		t.Errorf("%d verdicts are kept", len(list))
	}
	known, _, err := l.network.Quirks(t.Context(), "FLOOD")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, k := range known {
		counts[k.Key] = k.Count
	}
	if counts["G8"] != times || counts["G7"] != 1 {
		t.Errorf("counted %v", counts)
	}
	if list, err := l.network.Verdicts.Verdicts(t.Context(), "GOOD", 10); err != nil || len(list) != 0 {
		t.Errorf("verdicts on the good station: %v, %v", list, err)
	}
}

// What a station sends is shown to a second back end, whatever that does.
func TestMirror(t *testing.T) {
	second := newLive(t, nil)
	password, err := station.NewPassword("a password there")
	if err != nil {
		t.Fatal(err)
	}
	set := func(l *live, id gnista.StationID, change func(*station.Station)) {
		t.Helper()
		if _, err := l.network.Change(t.Context(), id, true, change); err != nil {
			t.Fatal(err)
		}
	}
	set(second, "CS1", func(s *station.Station) { s.Password = password })
	l := newLive(t, nil)
	there := func(l *live) string { return strings.Replace(l.server.URL, "http", "ws", 1) + "/ocpp" }
	set(l, "CS1", func(s *station.Station) { s.Mirror = station.Mirror{URL: there(second), Password: "a password there"} })
	eventually := func(what string, f func() bool) {
		t.Helper()
		for range 400 {
			if f() {
				return
			}
			time.Sleep(25 * time.Millisecond)
		}
		t.Fatalf("%s: %+v", what, l.gateway.Mirroring("CS1"))
	}
	w := l.connect("CS1")
	eventually("the second back end is not connected", func() bool { return l.gateway.Mirroring("CS1").Connected })
	w.boot()
	w.send(`[2,"1","TransactionEvent",{"eventType":"Started","timestamp":"2026-01-01T00:00:00Z","triggerReason":"Authorized","seqNo":0,"transactionInfo":{"transactionId":"a"},"evse":{"id":1},"idToken":{"idToken":"X","type":"ISO14443"}}]`)
	w.want(`[3,"1"`)
	eventually("nothing is told there", func() bool {
		m := l.gateway.Mirroring("CS1")
		return m.Forwarded == 2 && m.Ignored == 2
	})
	if c, ok := second.gateway.Connection("CS1"); !ok || c.Version != gnista.V201 {
		t.Errorf("the second back end sees %+v, %v", c, ok)
	}
	if s, err := second.db.Station(t.Context(), "CS1"); err != nil || s.Vendor != "V" {
		t.Errorf("got %+v, %v", s, err)
	}

	// It can tell the station nothing.
	go station.Tell(t.Context(), station.Remote(second.gateway), "CS1", station.Reset{})
	eventually("its request did not come", func() bool { return l.gateway.Mirroring("CS1").Ignored == 3 })
	w.send(`[2,"2","Heartbeat",{}]`)
	w.want(`[3,"2"`)

	// Without it the station notices nothing.
	second.gateway.Disconnect("CS1", "away")
	set(second, "CS1", func(s *station.Station) { s.State = station.Rejected })
	second.server.CloseClientConnections()
	second.server.Config.Handler = nil
	for i := range 500 {
		w.send(fmt.Sprintf(`[2,"h%d","Heartbeat",{}]`, i))
		w.want(fmt.Sprintf(`[3,"h%d"`, i))
	}
	set(l, "CS1", func(s *station.Station) { s.Mirror = station.Mirror{} })
	if m := l.gateway.Mirroring("CS1"); m.Running {
		t.Errorf("mirrored still: %+v", m)
	}

	// Nobody is mirrored to the system itself, which would take the mirror for the station.
	set(l, "CS1", func(s *station.Station) { s.Mirror = station.Mirror{URL: there(l)} })
	l.verdict("CS1", "mirrored to this central system itself")
	w.send(`[2,"3","Heartbeat",{}]`)
	w.want(`[3,"3"`)
	if m := l.gateway.Mirroring("CS1"); !m.Running || m.Connected || m.LastError == "" {
		t.Errorf("got %+v", m)
	}
}

// A second back end that reads nothing, or is not there, costs messages, which are counted, and no time.
func TestSlowMirror(t *testing.T) {
	l := newLive(t, nil)
	if _, err := l.network.Change(t.Context(), "CS1", true, func(s *station.Station) { s.Mirror = station.Mirror{URL: "ws://127.0.0.1:1/nobody"} }); err != nil {
		t.Fatal(err)
	}
	w := l.connect("CS1").boot()
	for i := range 600 {
		w.send(fmt.Sprintf(`[2,"h%d","Heartbeat",{}]`, i))
		w.want(fmt.Sprintf(`[3,"h%d"`, i))
	}
	if m := l.gateway.Mirroring("CS1"); m.Dropped < 300 || m.Forwarded != 0 || m.Connected {
		t.Errorf("got %+v", m)
	}
	for _, url := range []string{"http://x/", "ws://", "wss://u:p@x/", "ws://x/?a=b", "x", "ws://x/#f"} {
		_, err := l.network.Change(t.Context(), "CS1", false, func(s *station.Station) { s.Mirror = station.Mirror{URL: url} })
		if gnista.CodeOf(err) != gnista.Invalid || err == nil {
			t.Errorf("%s: got %v", url, err)
		}
	}
}
