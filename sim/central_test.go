package sim_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"gnista"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/ocpp/ocppws"
	"gnista/sim"
)

// central is the other end of a station: it holds what it is sent to the rules, writes it down, and
// answers as answer says, or as a central system that agrees with everything.
type central struct {
	t       *testing.T
	version ocppj.Version

	mu      sync.Mutex
	answer  answer
	log     []string
	session *session
	opened  int
	numbers int
	lax     bool   // what it is sent is not held to the rules
	user    string // the Authorization of the last handshake
}

// answer is what a request is answered with: "" is the usual answer, errMute is none.
type answer func(f ocppj.Frame) (payload string, err error)

func (c *central) answers(a answer) {
	c.mu.Lock()
	c.answer = a
	c.mu.Unlock()
}

// errMute is for a request that is not answered.
var errMute = fmt.Errorf("no answer")

// session is one connection of a central.
type session struct {
	ocppj.Conn
	central *central
	socket  *ocppws.Socket
	mute    chan struct{}
	ids     int
}

// dial is the Dial of a station.
func (c *central) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go c.serve(server)
	return client, nil
}

func (c *central) serve(conn net.Conn) {
	defer conn.Close()
	want := c.version.Subprotocol()
	c.mu.Lock()
	c.user = ""
	c.mu.Unlock()
	u := ws.Upgrader{Protocol: func(p []byte) bool { return c.lax || string(p) == want }, OnHeader: func(key, value []byte) error {
		if string(key) == "Authorization" {
			c.mu.Lock()
			c.user = string(value)
			c.mu.Unlock()
		}
		return nil
	}}
	if _, err := u.Upgrade(conn); err != nil {
		return
	}
	x := &session{central: c, socket: &ocppws.Socket{Conn: conn, Limit: 1 << 20}, mute: make(chan struct{})}
	x.Version, x.Owner = c.version, x
	c.mu.Lock()
	c.session = x
	c.opened++
	c.mu.Unlock()
	defer close(x.mute)
	defer x.Conn.Close(nil)
	r := bufio.NewReader(conn)
	for {
		text, err := x.socket.Read(r)
		if err != nil {
			return
		}
		if text != nil && x.Receive(text) {
			go x.Work(context.Background())
		}
	}
}

func (x *session) Serve(_ context.Context, f ocppj.Frame) (json.RawMessage, error) {
	c := x.central
	c.judge(f)
	c.mu.Lock()
	answer := c.answer
	c.mu.Unlock()
	if answer != nil {
		payload, err := answer(f)
		if err == errMute {
			c.note("(" + f.Action + " is not answered)")
			<-x.mute
			return nil, err
		}
		if payload != "" || err != nil {
			return json.RawMessage(payload), err
		}
	}
	return json.RawMessage(c.usual(f)), nil
}

func (x *session) Write(text []byte) error { return x.socket.Write(text) }

func (x *session) Stray(f ocppj.Frame, err error) {
	if f.Type != ocppj.CALLRESULT && !x.central.lax {
		x.central.t.Errorf("stray %v: %v", f, err)
	}
}

func (x *session) Ended(err error) { x.central.t.Error(err) }

func (x *session) NewID() string {
	x.ids++
	return fmt.Sprintf("c%d", x.ids)
}

// action is the action with a name; nil is none.
func (c *central) action(name string) ocppj.AnyAction {
	known := ocpp2.Actions
	if c.version == ocppj.V16 {
		known = ocpp16.Actions
	}
	for _, a := range known {
		if a.ActionName() == name {
			return a
		}
	}
	return nil
}

// judge holds a request to the rules of the version and writes down what matters of it.
func (c *central) judge(f ocppj.Frame) {
	if c.lax {
		c.note(f.Action + " " + string(f.Payload))
		return
	}
	if a := c.action(f.Action); a != nil {
		if !a.In(c.version) || !a.SentBy(ocppj.Station) {
			c.t.Errorf("a station may not send %s", f.Action)
		}
		if found, err := ocppj.Decode(f.Payload, a.NewRequest(), c.version, ocppj.Strict); err != nil || len(found) > 0 {
			c.t.Errorf("%s %s is not valid: %v %v", f.Action, f.Payload, found, err)
		}
		c.note(f.Action + " " + string(f.Payload))
		return
	}
	c.t.Errorf("there is no action %s", f.Action)
}

func (c *central) note(s string) {
	c.mu.Lock()
	c.log = append(c.log, s)
	c.mu.Unlock()
}

func (c *central) usual(f ocppj.Frame) string {
	one := c.version == ocppj.V16
	switch f.Action {
	case "BootNotification":
		return `{"status":"Accepted","currentTime":"2026-01-01T00:00:00Z","interval":300}`
	case "Heartbeat":
		return `{"currentTime":"2026-01-01T00:00:00Z"}`
	case "Authorize":
		if one {
			return `{"idTagInfo":{"status":"Accepted"}}`
		}
		return `{"idTokenInfo":{"status":"Accepted"}}`
	case "StartTransaction":
		c.mu.Lock()
		defer c.mu.Unlock()
		c.numbers++
		return fmt.Sprintf(`{"idTagInfo":{"status":"Accepted"},"transactionId":%d}`, 70+c.numbers)
	}
	return "{}"
}

// said is what the station has sent since it was last asked, with the given actions only, if any.
func (c *central) said(actions ...string) []string {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, s := range c.log {
		action, _, _ := strings.Cut(s, " ")
		if len(actions) == 0 || contains(actions, action) {
			list = append(list, s)
		}
	}
	c.log = nil
	return list
}

// password is the one that the station has connected with.
func (c *central) password() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(c.user, "Basic "))
	_, password, _ := strings.Cut(string(b), ":")
	return password
}

// peer is the certificate that the station has connected with; nil is none.
func (c *central) peer() *x509.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn, ok := c.session.socket.Conn.(*tls.Conn); ok && len(conn.ConnectionState().PeerCertificates) > 0 {
		return conn.ConnectionState().PeerCertificates[0]
	}
	return nil
}

// connections is how many there have been.
func (c *central) connections() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opened
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// ask sends the station a request and returns its answer.
func (c *central) ask(action, payload string) string {
	c.t.Helper()
	c.mu.Lock()
	x := c.session
	c.mu.Unlock()
	got, err := x.CallRaw(c.t.Context(), action, json.RawMessage(payload))
	if err != nil {
		return err.Error()
	}
	if a := c.action(action); a != nil {
		if found, err := ocppj.Decode(got, a.NewResponse(), c.version, ocppj.Strict); err != nil || len(found) > 0 {
			c.t.Errorf("the answer to %s is not valid: %s: %v %v", action, got, found, err)
		}
	}
	return string(got)
}

// bench is a station with a central, in a bubble where time begins on 2026-01-01.
func bench(t *testing.T, v gnista.Version, f func(t *testing.T, s *sim.Station, c *central)) {
	t.Run(string(v), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
			c := &central{t: t, version: map[gnista.Version]ocppj.Version{gnista.V16: ocppj.V16, gnista.V201: ocppj.V201, gnista.V21: ocppj.V21}[v]}
			n := 0
			var mu sync.Mutex
			s := &sim.Station{
				ID: "S1", Version: v, EVSEs: 2, URL: "ws://central/ocpp", Dial: c.dial, PowerW: 36_000, Phases: 3, RegisterWh: 1000, Now: time.Now,
				Log: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelDebug})),
				NewID: func() string {
					mu.Lock()
					defer mu.Unlock()
					n++
					return fmt.Sprintf("id-%d", n)
				},
			}
			defer s.Close()
			f(t, s, c)
		})
	})
}

// every is bench for all versions.
func every(t *testing.T, f func(t *testing.T, s *sim.Station, c *central)) {
	for _, v := range []gnista.Version{gnista.V16, gnista.V201, gnista.V21} {
		bench(t, v, f)
	}
}

type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// up connects and boots a station.
func up(t *testing.T, s *sim.Station) {
	t.Helper()
	must(t, s.Connect(t.Context()))
	must(t, s.Boot(t.Context()))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares what was sent line by line. In a wanted line "…" stands for anything.
func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "(nothing)", "(nothing)"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if !like(g, w) {
			t.Fatalf("line %d\n got %s\nwant %s\nof\n%s", i, g, w, strings.Join(got, "\n"))
		}
	}
}

func like(got, want string) bool {
	parts := strings.Split(want, "…")
	if len(parts) == 1 {
		return got == want
	}
	if !strings.HasPrefix(got, parts[0]) {
		return false
	}
	for _, p := range parts {
		i := strings.Index(got, p)
		if i < 0 {
			return false
		}
		got = got[i+len(p):]
	}
	return parts[len(parts)-1] == "" || got == ""
}

// setting changes a setting of the station.
func setting(t *testing.T, s *sim.Station, c *central, key, component, variable, value string) {
	t.Helper()
	if s.Version == gnista.V16 {
		asked(t, c, "ChangeConfiguration", `{"key":"`+key+`","value":"`+value+`"}`, `{"status":"Accepted"}`)
		return
	}
	asked(t, c, "SetVariables", `{"setVariableData":[{"attributeValue":"`+value+`","component":{"name":"`+component+`"},"variable":{"name":"`+variable+`"}}]}`, `…"attributeStatus":"Accepted"…`)
}

// replaced is a text with another in place of its %.
func replaced(text, by string) string { return strings.ReplaceAll(text, "%", by) }

// signs answers as a central system that signs certificates.
func signs(f ocppj.Frame) (string, error) {
	if f.Action == "SignCertificate" {
		return `{"status":"Accepted"}`, nil
	}
	return "", nil
}

// hangUp closes the connection properly.
func (c *central) hangUp() {
	c.mu.Lock()
	x := c.session
	c.mu.Unlock()
	x.socket.Close(ws.StatusGoingAway, "")
	x.socket.Conn.Close()
}
