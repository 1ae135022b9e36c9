package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"gnista"
	"gnista/fault"
	"gnista/gateway"
	"gnista/ocpp/ocppws"
	"gnista/station"
	"gnista/store/storetest"
	"gnista/tariff"
	"gnista/token"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// catalogue is that of the program, read once for all tests.
var catalogue = sync.OnceValue(func() *fault.Catalogue {
	c, err := fault.LoadCatalogue()
	if err != nil {
		panic(err)
	}
	return c
})

// live is the system behind real sockets.
type live struct {
	*app
	t      *testing.T
	server *httptest.Server
}

// newLive starts the system on SQLite, with limits that tests need not wait for, as far as change does
// not say otherwise.
func newLive(t *testing.T, change func(*options)) *live {
	t.Helper()
	dir := t.TempDir()
	o := options{
		Catalogue: catalogue(), Database: storetest.SQLite(t, dir), Files: filepath.Join(dir, "files"), Token: testToken, Unknown: station.AcceptUnknown, Heartbeat: 5 * time.Minute, Retry: time.Minute,
		Currency: "SEK", Zone: time.UTC, LogDays: 7, LogMB: 10, Now: time.Now, NewID: newID, Log: slog.New(slog.DiscardHandler),
		Limits: gateway.Limits{
			Message: 64 << 10, Frame: time.Second, Write: time.Second, Call: 2 * time.Second, Silence: time.Hour, Ping: time.Hour, Deaf: 3,
		},
	}
	if change != nil {
		change(&o)
	}
	a, err := newApp(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	a.start()
	l := &live{a, t, httptest.NewUnstartedServer(nil)}
	l.server.Config = a.server(a.handler)
	a.network.BaseURL = "http://" + l.server.Listener.Addr().String()
	l.server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		a.gateway.ConnState(c, state)
		if state == http.StateNew { // a station that does not read is noticed soon
			c.(*net.TCPConn).SetWriteBuffer(4096)
		}
	}
	l.server.Start()
	t.Cleanup(func() {
		l.server.CloseClientConnections()
		l.server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := a.close(ctx); err != nil {
			t.Error(err)
		}
	})
	return l
}

// wire is a station's end of a real socket.
type wire struct {
	t      *testing.T
	socket *ocppws.Socket
	r      *bufio.Reader
}

func (l *live) connect(id string) *wire {
	l.t.Helper()
	d := ocppws.Dialer{Identity: id, Protocols: []string{"ocpp2.0.1"}}
	socket, r, _, err := d.Connect(l.t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { socket.Conn.Close() })
	return &wire{l.t, socket, r}
}

const bootText = `[2,"boot","BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"M"}}]`

func (w *wire) send(text string) {
	w.t.Helper()
	if err := w.socket.Write([]byte(text)); err != nil {
		w.t.Fatal(err)
	}
}

// next is the next text, or how the connection ended.
func (w *wire) next() string {
	w.t.Helper()
	w.socket.Conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		text, err := w.socket.Read(w.r)
		if closed, ok := errors.AsType[*ocppws.CloseError](err); ok {
			return fmt.Sprintf("closed %d %s", closed.Code, closed.Reason)
		}
		if err != nil {
			return "ended: " + err.Error()
		}
		if text != nil {
			return string(text)
		}
	}
}

func (w *wire) want(prefix string) {
	w.t.Helper()
	if got := w.next(); !strings.HasPrefix(got, prefix) {
		w.t.Errorf("got %s, want %s…", got, prefix)
	}
}

// boot boots, and shows by that that the connection works.
func (w *wire) boot() *wire {
	w.t.Helper()
	w.send(bootText)
	w.want(`[3,"boot",`)
	return w
}

// verdict waits for a reason that the operator can read.
func (l *live) verdict(id gnista.StationID, want string) {
	l.t.Helper()
	var list []station.Verdict
	for range 600 { // half a minute: what is counted is paced
		list, _ = l.db.Verdicts(l.t.Context(), id, 10)
		for _, v := range list {
			if strings.Contains(v.Reason, want) {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	l.t.Errorf("no verdict on %s says %q: %+v", id, want, list)
}

func TestHostileSockets(t *testing.T) {
	l := newLive(t, nil)
	good := l.connect("GOOD").boot()
	raw := func(w *wire, b []byte) {
		t.Helper()
		if _, err := w.socket.Conn.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	frame := func(op ws.OpCode, fin bool, payload string) []byte {
		return ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, fin, []byte(payload))))
	}
	f := func(id string, want, verdict string, do func(w *wire)) {
		t.Helper()
		w := l.connect(id).boot()
		do(w)
		w.want(want)
		if verdict != "" {
			l.verdict(gnista.StationID(id), verdict)
		}
	}
	f("BIG", "closed 1009 a message is longer than 65536 bytes", "longer than 65536", func(w *wire) {
		raw(w, frame(ws.OpText, true, strings.Repeat("x", 65537))[:2000])
	})
	f("BIG-IN-PARTS", "closed 1009", "longer than 65536", func(w *wire) {
		raw(w, frame(ws.OpText, false, strings.Repeat("x", 60000)))
		raw(w, frame(ws.OpContinuation, false, strings.Repeat("x", 6000))[:14])
	})
	f("BINARY", "closed 1003", "binary", func(w *wire) { raw(w, frame(ws.OpBinary, true, "x")) })
	f("UNMASKED", "closed 1002", "mask", func(w *wire) { raw(w, ws.MustCompileFrame(ws.NewTextFrame([]byte("x")))) })
	f("HALF", "closed 1008", "rest of a message", func(w *wire) { raw(w, frame(ws.OpText, true, "[2,")[:4]) })
	f("UTF8", `[4,"-1","RpcFrameworkError","not valid UTF-8"`, "", func(w *wire) { raw(w, frame(ws.OpText, true, "\xff\xfe")) })
	f("PARTS", `[3,"p",`, "", func(w *wire) {
		text := `[2,"p","Heartbeat",{}]`
		for i := range text {
			op := ws.OpContinuation
			if i == 0 {
				op = ws.OpText
			}
			raw(w, frame(op, i == len(text)-1, text[i:i+1]))
			raw(w, frame(ws.OpPing, true, "between"))
		}
	})
	f("BYTES", `[3,"b",`, "", func(w *wire) {
		for _, b := range frame(ws.OpText, true, `[2,"b","Heartbeat",{}]`) {
			raw(w, []byte{b})
			time.Sleep(time.Millisecond)
		}
	})
	f("MANY", `[3,"1",`, "", func(w *wire) {
		var all []byte
		for i := range 100 {
			all = append(all, frame(ws.OpText, true, fmt.Sprintf(`[2,"%d","Heartbeat",{}]`, i+1))...)
		}
		raw(w, all)
		defer func() {
			for i := range 99 {
				if i == 0 {
					w.want(`[3,"1",`)
				}
				w.want(fmt.Sprintf(`[3,"%d",`, i+2))
			}
			w.send(`[2,"1","Heartbeat",{}]`)
		}()
	})
	good.send(`[2,"1","Heartbeat",{}]`)
	good.want(`[3,"1",`)
}

// A station that reads nothing is given up, and nobody else waits for it.
func TestSlowReader(t *testing.T) {
	// Its own frames may stall with ours in full buffers, which is not what it is given up for here.
	l := newLive(t, func(o *options) { o.Limits.Frame = time.Minute })
	slow, good := l.connect("SLOW").boot(), l.connect("GOOD").boot()
	slow.socket.Conn.(*net.TCPConn).SetReadBuffer(1024)
	asked := make(chan struct{})
	go func() { // it asks and asks, and does not listen
		defer close(asked)
		text := []byte(`[2,"x","` + strings.Repeat("NoSuchAction", 20) + `",{}]`)
		slow.socket.WriteTimeout = 10 * time.Second
		for range 200_000 {
			if slow.socket.Write(text) != nil {
				return
			}
		}
	}()
	for i := range 20 {
		good.send(fmt.Sprintf(`[2,"%d","Heartbeat",{}]`, i))
		good.want(fmt.Sprintf(`[3,"%d",`, i))
	}
	l.verdict("SLOW", "did not read")
	<-asked
}

// A station that asks more than it reads the answers of is given up, its socket with it.
func TestUnreadAnswers(t *testing.T) {
	l := newLive(t, func(o *options) { o.Limits.Write, o.Limits.Call = time.Minute, time.Minute })
	w := l.connect("CS1").boot()
	w.socket.Conn.(*net.TCPConn).SetReadBuffer(2048)
	failed := make(chan error, 1)
	go func() { // fills the window, so that what comes next waits
		text := fmt.Sprintf(`{"vendorId":"v","data":%q}`, strings.Repeat("x", 1<<20))
		_, err := l.network.Call(t.Context(), "CS1", "DataTransfer", json.RawMessage(text))
		failed <- err
	}()
	if _, err := w.r.Peek(1); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		w.send(fmt.Sprintf(`[2,"%d","Heartbeat",{}]`, i))
	}
	l.verdict("CS1", "did not read what it was sent, and asked for more")
	if err := <-failed; gnista.CodeOf(err) != gnista.Timeout {
		t.Errorf("got %v", err)
	}
	if _, ok := l.gateway.Connection("CS1"); ok {
		t.Error("the station is still connected")
	}
	w.socket.Conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(io.Discard, w.r); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the socket is still open")
	}
}

// A command that cannot be written as a whole ends as one that is not answered: the station may have it.
func TestUnwrittenCommand(t *testing.T) {
	l := newLive(t, func(o *options) { o.Limits.Write = 300 * time.Millisecond })
	w := l.connect("CS1").boot()
	w.socket.Conn.(*net.TCPConn).SetReadBuffer(2048)
	text := fmt.Sprintf(`{"vendorId":"v","data":%q}`, strings.Repeat("x", 4<<20))
	if _, err := l.network.Call(t.Context(), "CS1", "DataTransfer", json.RawMessage(text)); gnista.CodeOf(err) != gnista.Timeout {
		t.Errorf("got %v", err)
	}
}

// T24: liveness is any frame. Who sends nothing, and answers no ping, is given up.
func TestT24Silence(t *testing.T) {
	l := newLive(t, func(o *options) { o.Limits.Silence, o.Limits.Ping = 6*time.Second, 300*time.Millisecond })
	silent, answering := l.connect("SILENT").boot(), l.connect("ANSWERING").boot()
	ended := make(chan string, 1)
	answering.socket.Conn.SetReadDeadline(time.Time{})
	go func() { // reads, and so answers pings
		for {
			if _, err := answering.socket.Read(answering.r); err != nil {
				ended <- err.Error()
				return
			}
		}
	}()
	time.Sleep(time.Second)
	silent.socket.Conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		h, err := ws.ReadHeader(silent.r) // reads without answering
		if err != nil {
			t.Fatalf("the silent station's connection ended without a word: %v", err)
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(silent.r, payload); err != nil {
			t.Fatal(err)
		}
		if h.OpCode == ws.OpClose {
			break
		}
		if h.OpCode != ws.OpPing {
			t.Fatalf("got frame %v", h.OpCode)
		}
	}
	l.verdict("SILENT", "nothing came")
	select {
	case got := <-ended:
		t.Errorf("the station that answers pings was disconnected: %s", got)
	default:
	}
}

// A station that reads nothing does not hold up looking after the others.
func TestPingWaitsForNobody(t *testing.T) {
	l := newLive(t, func(o *options) {
		o.Limits.Write, o.Limits.Silence, o.Limits.Ping = 20*time.Second, 3*time.Second, 500*time.Millisecond
	})
	stuck := l.connect("STUCK").boot()
	stuck.socket.Conn.(*net.TCPConn).SetReadBuffer(1024)
	go l.network.Call(t.Context(), "STUCK", "DataTransfer", fmt.Appendf(nil, `{"vendorId":"v","data":%q}`, strings.Repeat("x", 8<<20)))
	time.Sleep(100 * time.Millisecond)
	l.connect("SILENT").boot()
	l.verdict("SILENT", "nothing came")
}

// T17: very many timeouts at one time, and a station that answers none of our requests.
func TestT17Timeouts(t *testing.T) {
	l := newLive(t, func(o *options) { o.Limits.Call, o.Limits.Deaf = 500*time.Millisecond, 1000 })
	const stations, calls = 30, 5
	var wg sync.WaitGroup
	for i := range stations {
		l.connect(fmt.Sprintf("DEAF%d", i)).boot()
		for range calls {
			wg.Go(func() {
				_, err := station.Give(t.Context(), l.network, gnista.StationID(fmt.Sprintf("DEAF%d", i)), station.Unlock{At: gnista.EVSE{ID: 1}})
				if gnista.CodeOf(err) != gnista.Timeout {
					t.Errorf("got %v", err)
				}
			})
		}
	}
	wg.Wait()
	l.connect("GOOD").boot()
	l = newLive(t, func(o *options) { o.Limits.Call = 200 * time.Millisecond })
	deaf := l.connect("DEAF").boot()
	for range 3 {
		if _, err := station.Give(t.Context(), l.network, "DEAF", station.Reset{}); gnista.CodeOf(err) != gnista.Timeout {
			t.Errorf("got %v", err)
		}
	}
	for range 3 {
		deaf.want(`[2,`)
	}
	deaf.want("closed 1008 the station left 3 of our requests in a row unanswered")
	l.verdict("DEAF", "3 of our requests")
	if _, err := station.Give(t.Context(), l.network, "DEAF", station.Reset{}); gnista.CodeOf(err) != gnista.Offline {
		t.Errorf("got %v", err)
	}
}

// T9, T16: a station that connects again is let in at once, and the late end of its old connection ends
// nothing.
func TestNewestWins(t *testing.T) {
	l := newLive(t, nil)
	old := l.connect("CS1").boot()
	for range 20 {
		fresh := l.connect("CS1").boot()
		old.want("closed 1008 the station has connected again")
		old.socket.Conn.Close()
		fresh.send(`[2,"1","Heartbeat",{}]`)
		fresh.want(`[3,"1",`)
		if _, ok := l.gateway.Connection("CS1"); !ok {
			t.Fatal("the station is not connected")
		}
		old = fresh
	}
	old.socket.Conn.Close()
	for range 100 {
		if _, ok := l.gateway.Connection("CS1"); !ok {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("a station that is gone is still connected")
}

func TestUnknownStations(t *testing.T) {
	f := func(p station.UnknownPolicy, status int, registration string) {
		t.Helper()
		l := newLive(t, func(o *options) { o.Unknown = p })
		d := ocppws.Dialer{Identity: "NEW", Protocols: []string{"ocpp1.6"}}
		socket, r, _, err := d.Connect(t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
		if status != 0 {
			refused, ok := errors.AsType[*ocppws.Refused](err)
			if !ok || refused.Status != status || !strings.Contains(refused.Body, "NEW") {
				t.Errorf("%s: got %v", p, err)
			}
			l.verdict("NEW", "unknown stations are refused")
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Conn.Close()
		w := &wire{t, socket, r}
		w.send(`[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]`)
		if got := w.next(); !strings.Contains(got, registration) {
			t.Errorf("%s: got %s", p, got)
		}
	}
	f(station.AcceptUnknown, 0, `"Accepted"`)
	f(station.HoldUnknown, 0, `"Pending"`)
	f(station.RefuseUnknown, http.StatusNotFound, "")
}

// T2: while the database fails, stations are told of an error and keep what they have to say.
func TestT02DatabaseFails(t *testing.T) {
	l := newLive(t, nil)
	w := l.connect("CS1").boot()
	l.db.Close()
	w.send(`[2,"1","Authorize",{"idToken":{"idToken":"X","type":"ISO14443"}}]`)
	w.want(`[4,"1","InternalError","the request could not be processed"`)
	w.send(`[2,"2","TransactionEvent",{"eventType":"Ended","timestamp":"2026-01-01T00:00:00Z","triggerReason":"EVDeparted","seqNo":0,"transactionInfo":{"transactionId":"a"}}]`)
	w.want(`[4,"2","InternalError"`)
	w.send(`[2,"3","Heartbeat",{}]`)
	w.want(`[3,"3",`)
}

// The log of messages keeps to its size while it is written.
func TestMessageLogSize(t *testing.T) {
	l := newLive(t, func(o *options) { o.LogMB = 1 })
	text := []byte(`[2,"1","DataTransfer",{"data":"` + strings.Repeat("x", 10<<10) + `"}]`)
	const times = 300 // three times as much as is to be kept
	for range times {
		l.messages.Add("CS1", false, text)
	}
	var list []station.Message
	for range 100 {
		list, _ = l.db.Messages(t.Context(), "CS1", station.MessageFilter{}, 0, 2*times)
		if n := len(list); n > 0 && n <= times/2 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%d messages of %d bytes are kept", len(list), len(text))
}

// Many stations at once, over real sockets: each is told the right thing, and every event is kept once.
func TestManyStations(t *testing.T) {
	for _, database := range []string{"", storetest.Postgres(t)} {
		l := newLive(t, func(o *options) {
			if database != "" {
				o.Database = database
			}
		})
		if _, err := l.tokens.Create(t.Context(), token.Token{ID: token.ID{UID: "CARD"}}); err != nil {
			t.Fatal(err)
		}
		const stations, events = 40, 20
		var wg sync.WaitGroup
		for i := range stations {
			w := l.connect(fmt.Sprintf("CS%d", i)).boot()
			wg.Go(func() {
				for seq := range events {
					kind, extra := "Updated", ""
					switch seq {
					case 0:
						kind, extra = "Started", `,"idToken":{"idToken":"card","type":"ISO14443"}`
					case events - 1:
						kind = "Ended"
					}
					for range 2 { // each twice
						w.send(fmt.Sprintf(`[2,"%d","TransactionEvent",{"eventType":"%s","timestamp":"2026-01-01T00:%02d:00Z","triggerReason":"MeterValuePeriodic","seqNo":%d,"transactionInfo":{"transactionId":"T%d"},"evse":{"id":1}%s,"meterValue":[{"timestamp":"2026-01-01T00:%02d:00Z","sampledValue":[{"value":%d}]}]}]`,
							seq, kind, seq, seq, i, extra, seq, seq*100))
						w.want(fmt.Sprintf(`[3,"%d",`, seq))
					}
				}
			})
		}
		wg.Wait()
		var records struct{ Items []recordShown }
		for range 200 {
			if l.get("/charge-records?limit=1000", &records); len(records.Items) >= stations {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		seen := map[string]int{}
		numbers := map[int64]bool{}
		for _, r := range records.Items {
			seen[r.Transaction]++
			numbers[r.Number] = true
			if r.EnergyWh != (events-1)*100 {
				t.Errorf("%+v", r)
			}
		}
		if len(seen) != stations || len(records.Items) != stations || len(numbers) != stations || !numbers[1] || !numbers[stations] {
			t.Errorf("%d records of %d transactions", len(records.Items), len(seen))
		}
	}
}

type recordShown struct {
	ID, Transaction  string
	Number, EnergyWh int64
}

// get asks the API.
func (l *live) get(path string, into any) {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, l.server.URL+"/api/v1"+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testToken)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		l.t.Fatal(err)
	}
}

// priced makes 4.95 for a kWh the default price.
func (l *live) priced(name string) {
	l.t.Helper()
	_, err := l.tariffs.Create(l.t.Context(), tariff.Tariff{Name: name, Currency: "SEK", Default: true},
		tariff.Version{Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "4.95", VAT: "25"}}})
	if err != nil {
		l.t.Fatal(err)
	}
}
