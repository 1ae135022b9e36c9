//go:build linux

package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gnista/charging"
	"gnista/station"
	"gnista/token"
)

func TestWheel(t *testing.T) {
	w := newWheel(6, 8)
	var got []int32
	turn := func(to uint32, want ...int32) {
		t.Helper()
		got = nil
		w.turn(to, func(i int32) { got = append(got, i) })
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("until %d came %v, want %v", to, got, want)
		}
	}
	w.put(0, 3)
	w.put(1, 11) // the slot of 3, a round later
	w.put(2, 3)
	w.put(3, 0) // long ago
	w.put(4, 5)
	w.put(4, 27) // moved, to that slot as well
	w.put(5, 3)
	w.take(5)
	w.take(5)
	turn(1, 3)
	turn(2)
	turn(3, 0, 2)
	turn(10)
	turn(11, 1)
	turn(26)
	turn(27, 4)
	w.put(0, 28)
	times := 0
	w.turn(40, func(i int32) { // again and again
		times++
		w.put(i, w.now)
	})
	if times != 13 {
		t.Errorf("what is put in again came %d times, want 13", times)
	}
}

// held is a herd at a server of this process, over sockets or tunnels, with TLS or without.
func held(t *testing.T, n, charging int, tunnel, sealed bool) (*herd, *app) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if tunnel {
		l = newTunnels(l)
	}
	folder := t.TempDir()
	a, err := newApp(t.Context(), options{
		Database: "sqlite:" + filepath.Join(folder, "bench.db"), Files: filepath.Join(folder, "files"), Unknown: station.AcceptUnknown, Heartbeat: time.Hour, Retry: time.Minute, Currency: "SEK",
		Zone: time.UTC, LogDays: 7, LogMB: 100, Now: now, NewID: newID, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.tokens.Create(t.Context(), token.Token{ID: token.ID{UID: "LOAD", Type: "ISO14443"}}); err != nil {
		t.Fatal(err)
	}
	a.start()
	if sealed {
		if l, err = a.sealed(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	server := a.server(a.handler)
	go server.Serve(l)
	h, err := newHerd(l.Addr().String(), n)
	if err != nil {
		t.Fatal(err)
	}
	h.charging, h.tls = charging, sealed
	if tunnel {
		if err := h.dig(); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		h.close()
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if err := a.close(ctx); err != nil {
			t.Error(err)
		}
	})
	return h, a
}

func liveUntil(t *testing.T, h *herd, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); {
		if time.Now().After(end) {
			t.Fatalf("it does not come to it that %s: up %d, lost %v, failed %v", what, h.up, h.lost, h.failed)
		}
		if err := h.step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Stations boot, are asked and answered, and come back when they are cut off.
func TestHerd(t *testing.T) {
	for name, x := range map[string]struct{ tunnel, sealed bool }{"sockets": {}, "tunnels": {tunnel: true}, "sockets with TLS": {sealed: true}, "tunnels with TLS": {true, true}} {
		t.Run(name, func(t *testing.T) { testHerd(t, x.tunnel, x.sealed) })
	}
}

func testHerd(t *testing.T, tunnel, sealed bool) {
	h, a := held(t, 200, 10, tunnel, sealed)
	if err := h.grow(t.Context(), 200, func(int) {}); err != nil {
		t.Fatal(err)
	}
	if h.up != 200 || len(a.gateway.Connected()) != 200 || len(h.failed) > 0 {
		t.Fatalf("%d stations say that they are connected, the server says %d; failed %v", h.up, len(a.gateway.Connected()), h.failed)
	}
	h.pace(200*time.Millisecond, 200*time.Millisecond)
	liveUntil(t, h, "all have sent", func() bool { return h.heartbeats.n >= 400 && h.updates.n >= 60 })
	open, err := a.db.Transactions(t.Context(), charging.Filter{Limit: 100})
	if err != nil || len(open) != 20 {
		t.Errorf("there are %d transactions: %v", len(open), err)
	}
	if len(h.lost) > 0 || len(h.heartbeats.delays) != h.heartbeats.n {
		t.Errorf("lost %v; %d delays of %d heartbeats", h.lost, len(h.heartbeats.delays), h.heartbeats.n)
	}
	for _, n := range []int{3, 4, 77} {
		a.gateway.Disconnect(a.gateway.Connected()[n], "the test says so")
	}
	gone := 0
	liveUntil(t, h, "they are back", func() bool {
		gone = 0
		for _, n := range h.lost {
			gone += n
		}
		return gone == 3 && h.up == 200
	})
	h.pace(time.Hour, time.Hour)
	before := h.updates.n
	if err := h.live(t.Context(), 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if h.updates.n > before+2*20 { // those that were on their way, and at the most one more of each
		t.Errorf("%d events after none is due for an hour", h.updates.n-before)
	}
}

// A server that does not answer, or answers wrongly, is found out.
func TestHerdDistrusts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			switch n % 3 {
			case 1:
				c.Write([]byte("HTTP/1.1 403 Forbidden\r\n\r\n"))
			case 2:
				c.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: ocpp2.0.1\r\nSec-WebSocket-Accept: " + webAccept() + "\r\n\r\n\x81\x10[3,\"other\",{\"a\":"))
			}
		}
	}()
	h, err := newHerd(l.Addr().String(), 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	h.patience = 200 * time.Millisecond
	h.goal = 3
	liveUntil(t, h, "all three ways are seen", func() bool { return len(h.failed) >= 3 })
	for why := range h.failed {
		if !strings.Contains(why, "no answer within 200ms") && !strings.Contains(why, "403 Forbidden") && !strings.Contains(why, `a wrong answer: [3,"other"`) {
			t.Errorf("failed: %s", why)
		}
	}
	if h.up != 0 || len(h.lost) > 0 {
		t.Errorf("up %d, lost %v", h.up, h.lost)
	}
}

func TestRaise(t *testing.T) {
	root := t.TempDir()
	for file, is := range map[string]string{"fs/nr_open": "5000\n", "fs/file-max": "9999999\n", "net/core/somaxconn": "128\n"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o700), os.WriteFile(filepath.Join(root, file), []byte(is), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if got := raise(root, needs(10_000)); got != nil {
		t.Errorf("it may, and says %q", got)
	}
	if b, _ := os.ReadFile(filepath.Join(root, "fs/nr_open")); string(b) != "10300" {
		t.Errorf("fs.nr_open was set to %q", b)
	}
	// What may not be written: a folder beside, of which only the name can be read.
	if os.Remove(filepath.Join(root, "fs/nr_open")) != nil || os.Symlink("/proc/sys/kernel/ngroups_max", filepath.Join(root, "fs/nr_open")) != nil {
		t.Skip("no symbolic links here")
	}
	got := raise(root, []need{{"fs/nr_open", "fs.nr_open", 1_000_300}})
	if len(got) != 1 || !strings.Contains(got[0], "sysctl -w fs.nr_open=1000300") {
		t.Errorf("it says %q", got)
	}
}

func TestExhausted(t *testing.T) {
	for err, want := range map[error]string{unix.EMFILE: "open files of the generator", unix.EADDRNOTAVAIL: "ports (net.ipv4.ip_local_port_range)", errMemory: "memory"} {
		if got := exhausted(errors.Join(err), os.Getpid()); got != want {
			t.Errorf("%v is told as %q, want %q", err, got, want)
		}
	}
	if got := exhausted(nil, os.Getpid()); got != "the time: nobody else was let in" {
		t.Errorf("with nothing used up: %q", got)
	}
	if n := limitOf(os.Getpid()); n < 16 {
		t.Errorf("this process may open %d files", n)
	}
}
