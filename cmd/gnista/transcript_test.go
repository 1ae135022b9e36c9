package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"gnista/billing"
	"gnista/ocpp/ocppj"
	"gnista/ocpp/ocppws"
	"gnista/station"
	"gnista/store/storetest"
)

var update = flag.Bool("update", false, "rewrite the expected side of the transcripts")

// A transcript is a conversation with the whole system. Its author writes what is done:
//
//	connect CS1 ocpp1.6 [password]   a station opens a connection
//	handshake /ocpp/CS1; A: b; -C    likewise, but as HTTP/1.1 has it: with header A and without header C;
//	                                 what is answered is written
//	use CS1                          what follows is that station's
//	> text                           the station sends a text; $call in it is the id of the last CALL that it got
//	close                            the station closes the connection
//	drop                             its connection ends without a word
//	stop                             the system stops
//	wait 5m                          time passes
//	GET /path [fields]               the API is asked; of the answer only the fields are shown
//	POST /path {"body"}              (or PUT, PATCH, DELETE) likewise; paths below /uploads, /files and /q are not the API's
//
// and the player adds what comes of it: "< text" is sent to the station in use, "<CS2 text" to
// another, "= …" is an answer of the API or the end of a connection.
func TestTranscripts(t *testing.T) {
	var files []string
	for _, folder := range []string{"", "quirks/", "traps/", "faults/"} {
		list, err := filepath.Glob("../../testdata/" + folder + "*.txt")
		if err != nil || len(list) == 0 {
			t.Fatalf("no transcripts in testdata/%s: %v", folder, err)
		}
		files = append(files, list...)
	}
	results := map[string]map[string]string{} // story → version → what the API said
	var mu sync.Mutex
	storetest.SQLite(t, t.TempDir()) // is made outside of the bubbles of the stories
	t.Run("play", func(t *testing.T) {
		for _, file := range files {
			story, version, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".txt"), ".")
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				var got string
				synctest.Test(t, func(t *testing.T) { got = play(t, string(want)) })
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				} else if got != string(want) {
					t.Errorf("the conversation goes otherwise:\n%s", difference(string(want), got))
				}
				if version == "" {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if results[story] == nil {
					results[story] = map[string]string{}
				}
				results[story][version] = said(got)
			})
		}
	})
	for story, versions := range results {
		for version, got := range versions {
			if want, ok := versions["v16"]; !ok || got != want {
				t.Errorf("the story %q ends otherwise in %s than in v16:\n%s", story, version, difference(want, got))
			}
		}
	}
}

// said are the answers of the API in a transcript.
func said(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "=") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// difference shows the first line in which two texts differ, and what stands before it.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(end)", "(end)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\n%s\nwant %s\n got %s", i+1, strings.Join(g[max(0, i-3):min(i, len(g))], "\n"), a, b)
		}
	}
	return "no difference"
}

// player plays a transcript.
type player struct {
	t        *testing.T
	app      *app
	listener *pipeListener
	peers    map[string]*peer
	inUse    string
	out      strings.Builder
	answers  []*answering
	stopped  bool
}

// peer is a station's end of a connection.
type peer struct {
	socket *ocppws.Socket
	mu     sync.Mutex
	came   []string
	call   string // id of the last CALL
}

// answering is a request to the API that may wait for a station.
type answering struct {
	fields string
	done   chan struct{}
	text   string
}

// testToken is the admin token in tests.
const testToken = "an admin token for tests"

func play(t *testing.T, script string) string {
	dir := t.TempDir()
	database := storetest.SQLite(t, dir)
	// Time begins in 2000 here; the stories are of 2026.
	time.Sleep(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	var ids struct {
		sync.Mutex
		n int
	}
	var own atomic.Int64
	a, err := newApp(t.Context(), options{
		Catalogue: catalogue(), Database: database, Files: filepath.Join(dir, "files"), Token: testToken, Operator: "Test AB", PublicURL: "http://gnista.test", BaseURL: "http://gnista.test", Unknown: station.AcceptUnknown,
		Collecting: collecting{ReconcileHour: -1}, Heartbeat: 5 * time.Minute, Retry: time.Minute, Currency: "SEK", Seller: billing.Seller{Name: "Test AB", VAT: "SE556000000001"}, Zone: time.UTC, LogDays: 7, LogMB: 10,
		Terminals: terminals{Terminals: true}, NewSecret: func() string { return "secure!Charging!" },
		Now: time.Now, Log: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
		NewID: func() string {
			ids.Lock()
			defer ids.Unlock()
			ids.n++
			return fmt.Sprintf("id-%03d", ids.n)
		},
		NewOwnID: func() string { return fmt.Sprintf("own-%03d", own.Add(1)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, app: a, listener: newPipeListener(), peers: map[string]*peer{}}
	a.start()
	server := &http.Server{Handler: a.handler}
	go server.Serve(p.listener)
	for line := range strings.Lines(script) {
		p.line(strings.TrimRight(line, "\n"))
	}
	p.settle()
	if len(p.answers) > 0 {
		t.Errorf("%d requests to the API were never answered", len(p.answers))
	}
	for _, c := range p.peers {
		c.socket.Conn.Close()
	}
	server.Close()
	p.stop()
	return p.out.String()
}

// stop ends the system, once.
func (p *player) stop() {
	if p.stopped {
		return
	}
	p.stopped = true
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.app.close(ctx); err != nil {
		p.t.Error(err)
	}
}

// testLog writes the log of the system to that of the test.
type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

func (p *player) line(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	if verb == "=" || strings.HasPrefix(verb, "<") {
		return // that is for us to say
	}
	fmt.Fprintln(&p.out, line)
	switch verb {
	case "", "#":
		return
	case "connect":
		p.connect(strings.Fields(rest))
	case "use":
		p.inUse = rest
	case ">":
		if err := p.peers[p.inUse].send(rest); err != nil {
			p.t.Errorf("%s: %v", line, err)
		}
	case "close":
		bye := ws.MaskFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))
		if err := ws.WriteFrame(p.peers[p.inUse].socket.Conn, bye); err != nil {
			p.t.Errorf("%s: %v", line, err)
		}
	case "drop":
		p.peers[p.inUse].socket.Conn.Close()
	case "stop":
		p.stop()
	case "handshake":
		p.handshake(rest)
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			p.t.Error(err)
		}
		time.Sleep(d)
	case "GET", "POST", "PUT", "PATCH", "DELETE":
		path, argument, _ := strings.Cut(rest, " ")
		p.ask(verb, path, argument)
	default:
		p.t.Errorf("not understood: %s", line)
	}
	p.settle()
}

// settle waits until everybody waits, and writes down what has come of the last line.
func (p *player) settle() {
	synctest.Wait()
	p.hear(p.inUse, "<")
	for name := range p.peers {
		if name != p.inUse {
			p.hear(name, "<"+name)
		}
	}
	for len(p.answers) > 0 {
		select {
		case <-p.answers[0].done:
			fmt.Fprintln(&p.out, "=", p.answers[0].text)
			p.answers = p.answers[1:]
		default:
			return
		}
	}
}

func (p *player) hear(name, mark string) {
	c := p.peers[name]
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, text := range c.came {
		fmt.Fprintln(&p.out, mark, masked(text))
	}
	c.came = nil
}

func (p *player) connect(words []string) {
	d := ocppws.Dialer{Identity: words[0], Protocols: strings.Split(words[1], ","), Dial: p.listener.dial}
	if len(words) > 2 {
		d.Password = words[2]
	}
	socket, r, _, err := d.Connect(p.t.Context(), "ws://gnista.test/ocpp")
	if err != nil {
		fmt.Fprintln(&p.out, "=", err)
		return
	}
	p.meet(words[0], socket, r)
}

// meet takes in a connection of a station.
func (p *player) meet(name string, socket *ocppws.Socket, r *bufio.Reader) {
	c := &peer{socket: socket}
	p.inUse = name
	for p.peers[p.inUse] != nil { // the same station once more
		p.inUse += "'"
	}
	p.peers[p.inUse] = c
	go c.read(r)
}

// handshake is connect with the headers of the handshake as the script has them.
func (p *player) handshake(script string) {
	parts := strings.Split(script, "; ")
	headers := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-WebSocket-Version": {"13"}, "Sec-WebSocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}}
	for _, part := range parts[1:] {
		if name, out := strings.CutPrefix(part, "-"); out {
			delete(headers, name)
			continue
		}
		name, v, _ := strings.Cut(part, ": ")
		headers[name] = []string{v}
	}
	conn, err := p.listener.dial(p.t.Context(), "", "")
	if err != nil {
		p.t.Error(err)
		return
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: gnista.test\r\n", parts[0])
	headers.Write(&b)
	b.WriteString("\r\n")
	if _, err := conn.Write(b.Bytes()); err != nil {
		p.t.Error(err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		p.t.Error(err)
		return
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		body := make([]byte, 1024)
		n, _ := resp.Body.Read(body)
		fmt.Fprintln(&p.out, "=", resp.StatusCode, strings.TrimSpace(string(body[:n])))
		conn.Close()
		return
	}
	fmt.Fprintf(&p.out, "= 101 %q\n", resp.Header["Sec-Websocket-Protocol"])
	name, err := url.PathUnescape(parts[0][strings.LastIndexByte(parts[0], '/')+1:])
	if err != nil {
		p.t.Error(err)
	}
	p.meet(name, &ocppws.Socket{Conn: conn, Client: true, Limit: 1 << 20, WriteTimeout: 30 * time.Second}, r)
}

func (c *peer) send(text string) error {
	c.mu.Lock()
	text = strings.ReplaceAll(text, "$call", c.call)
	c.mu.Unlock()
	return c.socket.Write([]byte(text))
}

func (c *peer) read(r *bufio.Reader) {
	for {
		text, err := c.socket.Read(r)
		c.mu.Lock()
		if closed, ok := errors.AsType[*ocppws.CloseError](err); ok {
			c.came = append(c.came, fmt.Sprintf("closed %d %s", closed.Code, closed.Reason))
		} else if text != nil {
			c.came = append(c.came, string(text))
			if f, err := ocppj.Parse(text); err == nil && f.Type == ocppj.CALL {
				c.call = f.ID
			}
		}
		c.mu.Unlock()
		if err != nil {
			c.socket.Conn.Close()
			return
		}
	}
}

// ask sends a request to the API, whose answer is written when it is there.
func (p *player) ask(method, path, argument string) {
	x := &answering{done: make(chan struct{})}
	var body *strings.Reader
	if method == "GET" {
		x.fields, body = argument, strings.NewReader("")
	} else {
		argument, x.fields, _ = cutBody(argument)
		body = strings.NewReader(argument)
	}
	if !strings.HasPrefix(path, "/uploads/") && !strings.HasPrefix(path, "/files/") && !strings.HasPrefix(path, "/q/") {
		path = "/api/v1" + path
	}
	r := httptest.NewRequest(method, path, body)
	r.Header.Set("Authorization", "Bearer "+testToken)
	if method != "GET" {
		r.Header.Set("Content-Type", "application/json")
	}
	p.answers = append(p.answers, x)
	go func() {
		defer close(x.done)
		w := httptest.NewRecorder()
		p.app.handler.ServeHTTP(w, r)
		if x.text = masked(shown(w, x.fields)); strings.HasPrefix(path, "/q/") { // a page for people
			x.text = fmt.Sprint(w.Code)
		}
	}()
}

// certificates are new each time, so that they are not shown.
var certificates = regexp.MustCompile(`-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----(\\n)?`)

func masked(text string) string { return certificates.ReplaceAllString(text, "(certificate)") }

// cutBody splits "{…} fields".
func cutBody(s string) (body, fields string, ok bool) {
	if i := strings.LastIndex(s, "} "); i >= 0 {
		return s[:i+1], s[i+2:], true
	}
	return s, "", false
}

// shown is an answer in one line, with the fields only, where some are named.
func shown(w *httptest.ResponseRecorder, fields string) string {
	status := ""
	if w.Code >= 300 {
		status = fmt.Sprintf("%d ", w.Code)
	}
	text := bytes.TrimSpace(w.Body.Bytes())
	if fields == "" || w.Code >= 300 {
		return strings.TrimSpace(status + string(text))
	}
	var one map[string]json.RawMessage
	if err := json.Unmarshal(text, &one); err != nil {
		return status + string(text)
	}
	var list []map[string]json.RawMessage
	if json.Unmarshal(one["items"], &list) != nil {
		return status + picked(one, fields)
	}
	parts := make([]string, len(list))
	for i, item := range list {
		parts[i] = picked(item, fields)
	}
	return status + "[" + strings.Join(parts, ", ") + "]"
}

func picked(object map[string]json.RawMessage, fields string) string {
	var parts []string
	for name := range strings.SplitSeq(fields, ",") {
		if v, ok := object[name]; ok {
			parts = append(parts, fmt.Sprintf("%s: %s", name, v))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// pipeListener takes in connections that are made in memory.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }
