package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocppws"
	"gnista/station"
)

// A station that connects over and over is told to wait; another with the same address, and the same
// one once it has waited, is not.
func TestFloodOfOne(t *testing.T) {
	var mu sync.Mutex
	var passed time.Duration
	begun := time.Now()
	l := newLive(t, func(o *options) {
		o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return begun.Add(passed) }
		o.Limits.PerStation = gateway.Rate{PerSecond: 1, Burst: 5}
	})
	f := func(id string, want int) {
		t.Helper()
		if _, _, resp := l.handshake("/ocpp/"+id, speaks201, ""); resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", id, resp.Status, want)
		}
	}
	for range 5 {
		f("CS1", http.StatusSwitchingProtocols)
	}
	f("CS1", http.StatusTooManyRequests)
	f("/CS1/", http.StatusTooManyRequests) // however it is written
	l.verdict("CS1", "connects too often")
	f("CS2", http.StatusSwitchingProtocols)
	mu.Lock()
	passed = 2 * time.Second
	mu.Unlock()
	f("CS1", http.StatusSwitchingProtocols)
	f("CS1", http.StatusSwitchingProtocols)
	f("CS1", http.StatusTooManyRequests)
}

// An address has a limit as well, whatever names come from it, unless it is a proxy's.
func TestFloodFromOneAddress(t *testing.T) {
	f := func(proxies []netip.Prefix, refused bool) {
		t.Helper()
		l := newLive(t, func(o *options) { o.Limits.PerAddress, o.Proxies = gateway.Rate{PerSecond: 0.001, Burst: 10}, proxies })
		n := 0
		for i := range 30 {
			if _, _, resp := l.handshake(fmt.Sprintf("/ocpp/MADE-UP-%d", i), speaks201, ""); resp.StatusCode == http.StatusTooManyRequests {
				n++
			}
		}
		if want := map[bool]int{true: 20}[refused]; n != want {
			t.Errorf("%d of 30 were refused, want %d", n, want)
		}
	}
	f([]netip.Prefix{}, true)
	f([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, false)
}

// A laboratory may want a handshake without a common subprotocol to fail.
func TestRejectSubprotocols(t *testing.T) {
	t.Run("TC_B_58_CSMS, TC_088_CSMS", func(t *testing.T) {
		l := newLive(t, func(o *options) { o.RejectSubprotocols = true })
		_, _, resp := l.handshake("/ocpp/CS1", "Sec-WebSocket-Protocol: ocpp9\r\n", "")
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("the answer is %s", resp.Status)
		}
		l.verdict("CS1", "ocpp9")
		l.connect("CS1").boot()
	})
}

// Whoever does not finish a handshake, sends half a frame, sends a header without an end, or connects
// all the time, over TLS or not, is got rid of, and other stations notice nothing.
func TestHostileTransport(t *testing.T) {
	l := newLive(t, func(o *options) {
		o.Limits.PerStation = gateway.Rate{PerSecond: 1, Burst: 10}
		o.Limits.Crowd, o.Limits.CrowdEach, o.Proxies = 1000, 40, []netip.Prefix{}
	})
	a := newAuthority(t, "Root")
	secure := l.listenTLS(&gateway.TLS{Pairs: ours(t, a)})
	plain := l.server.Listener.Addr().String()

	// The hostile come from other addresses of this machine.
	elsewhere := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	again := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 3)}}
	dial := func(address string) net.Conn {
		c, err := elsewhere.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Error(err)
			return nil
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	good := make([]*wire, 10)
	for i := range good {
		good[i] = l.connect(fmt.Sprintf("GOOD%d", i)).boot()
	}
	stop := make(chan struct{})
	var hostile, others sync.WaitGroup
	for range 100 { // who says nothing, or begins and never ends
		for _, address := range []string{plain, secure} {
			c := dial(address)
			if c == nil {
				return
			}
			hostile.Go(func() {
				io.WriteString(c, "GET /ocpp/SLOW HTTP/1.1\r\nHost: x\r\nX-Never-Ends: ")
				<-stop
			})
		}
	}
	hostile.Go(func() { // a header of a gigabyte
		c := dial(plain)
		io.WriteString(c, "GET /ocpp/HUGE HTTP/1.1\r\nHost: x\r\nX-Huge: ")
		for n := 0; n < 1<<30; n += 1 << 16 {
			if _, err := io.WriteString(c, strings.Repeat("x", 1<<16)); err != nil {
				return
			}
		}
		t.Error("a header of a gigabyte is read")
	})
	for i := range 20 { // half a frame
		d := ocppws.Dialer{Identity: fmt.Sprintf("HALF%d", i), Protocols: []string{"ocpp2.0.1"}}
		socket, _, _, err := d.Connect(t.Context(), "ws://"+plain+"/ocpp")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { socket.Conn.Close() })
		frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(bootText))))
		socket.Conn.Write(frame[:1+i])
	}
	for range 4 { // one identity, all the time
		hostile.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				d := ocppws.Dialer{Identity: "FLOOD", Protocols: []string{"ocpp2.0.1"}, Dial: again.DialContext}
				if socket, _, _, err := d.Connect(t.Context(), "ws://"+plain+"/ocpp"); err == nil {
					socket.Conn.Close()
				}
			}
		})
	}
	for i, w := range good {
		others.Go(func() {
			for n := range 100 {
				w.send(fmt.Sprintf(`[2,"%d","Heartbeat",{}]`, n))
				w.want(fmt.Sprintf(`[3,"%d",`, n))
			}
			if _, ok := l.gateway.Connection(gnista.StationID(fmt.Sprintf("GOOD%d", i))); !ok {
				t.Error("a good station is not connected")
			}
		})
	}
	others.Wait()
	l.connect("NEW").boot() // from an address where nobody is hostile
	l.verdict("FLOOD", "connects too often")
	l.verdict("HALF5", "did not come within")
	close(stop)
	hostile.Wait()
	list, err := l.db.Verdicts(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[station.Cause]int{}
	for _, v := range list {
		counts[v.Cause] += v.Count
	}
	for _, cause := range []station.Cause{station.BadTLS, station.TooMany} {
		if n := counts[cause]; n == 0 || n > 150 { // floods are told of, but not each wave of them
			t.Errorf("%d verdicts of %s were written", n, cause)
		}
	}
}
