package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"gnista/ocpp/ocppws"
)

// handshake sends a request for a connection with whatever comes behind it, and returns the answer.
func (l *live) handshake(path string, header, behind string) (net.Conn, *bufio.Reader, *http.Response) {
	l.t.Helper()
	c, err := net.Dial("tcp", l.server.Listener.Addr().String())
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n%s", path, header, behind)
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	return c, r, resp
}

const speaks201 = "Sec-WebSocket-Protocol: ocpp2.0.1\r\n"

// What comes in together with the handshake may end anywhere.
func TestEarlyBytes(t *testing.T) {
	l := newLive(t, nil)
	all := string(ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(bootText)))))
	all += string(ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(`[2,"1","Heartbeat",{}]`)))))
	for _, cut := range []int{0, 1, 10, 60, len(all) - 10, len(all)} {
		c, r, _ := l.handshake(fmt.Sprintf("/ocpp/EARLY%d", cut), speaks201, all[:cut])
		time.Sleep(50 * time.Millisecond)
		if _, err := c.Write([]byte(all[cut:])); err != nil {
			t.Fatal(err)
		}
		w := &wire{t, &ocppws.Socket{Conn: c, Client: true, Limit: 1 << 20}, r}
		w.want(`[3,"boot",`)
		w.want(`[3,"1",`)
	}
}

// The time limit is one for each frame: it is not for a station that has much to say.
func TestPipelining(t *testing.T) {
	l := newLive(t, func(o *options) { o.Limits.Frame, o.Limits.Write = 100*time.Millisecond, 20*time.Second })
	w := l.connect("CS1").boot()
	w.socket.WriteTimeout = 20 * time.Second
	const much = 1500
	go func() {
		for i := range much {
			text := fmt.Sprintf(`[2,"%d","TransactionEvent",{"eventType":"Updated","timestamp":"2026-01-01T00:00:00Z","triggerReason":"MeterValuePeriodic","seqNo":%d,"transactionInfo":{"transactionId":"T"},"evse":{"id":1}}]`, i, i)
			if w.socket.Write([]byte(text)) != nil {
				return
			}
		}
	}()
	for i := range much {
		if got := w.next(); !strings.HasPrefix(got, fmt.Sprintf(`[3,"%d",`, i)) {
			t.Fatalf("after %d answers: %s", i, got)
		}
	}
}

// The rest of a message in fragments must follow as well, whatever comes between them.
func TestUnfinishedFragments(t *testing.T) {
	l := newLive(t, func(o *options) { o.Limits.Frame = 300 * time.Millisecond })
	w := l.connect("CS1").boot()
	first := ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(ws.OpText, false, []byte("[2,"))))
	if _, err := w.socket.Conn.Write(first); err != nil {
		t.Fatal(err)
	}
	go func() {
		for w.socket.Ping() == nil {
			time.Sleep(50 * time.Millisecond)
		}
	}()
	w.want("closed 1008 the rest of a message did not come")
	l.verdict("CS1", "rest of a message")
}
