package gateway

import (
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/ocpp/ocppws"
)

// watcher is as much of a server as watching sockets takes.
func watcher(t *testing.T) *Server {
	t.Helper()
	s := &Server{Limits: Limits{Frame: 10 * time.Second}, Now: time.Now, Log: slog.New(slog.DiscardHandler), done: make(chan struct{})}
	s.poller = newPoller(s.Log)
	t.Cleanup(func() {
		close(s.done)
		s.poller.close()
		s.running.Wait()
	})
	return s
}

// dialled makes a session of a new socket, whose other end is the station's.
func (s *Server) dialled(t *testing.T, id gnista.StationID) (x *Session, station net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if station, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	ours, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { station.Close(); ours.Close() })
	x = &Session{Station: id, server: s, socket: ocppws.Socket{Conn: ours, Limit: 1000, WriteTimeout: time.Second}}
	x.Version, x.Owner = ocppj.V201, x
	return x, station
}

var ping = ws.MustCompileFrame(ws.MaskFrame(ws.NewPingFrame([]byte("?"))))

func wantPong(t *testing.T, station net.Conn) {
	t.Helper()
	station.SetReadDeadline(time.Now().Add(10 * time.Second))
	got := make([]byte, 3)
	if _, err := io.ReadFull(station, got); err != nil || string(got) != "\x8a\x01?" {
		t.Fatalf("a ping is answered with %q, %v", got, err)
	}
}

// A session that is replaced before it is watched leaves nothing behind for the next socket with the
// same number.
func TestEndedIsNotWatched(t *testing.T) {
	s := watcher(t)
	x, station := s.dialled(t, "X")
	fd, _ := descriptor(x.socket.Conn)
	x.ended.Store(true)
	s.poller.forget(x)
	if !s.poller.watch(x, ping) {
		t.Skip("no epoll")
	}
	wantPong(t, station) // so the poller is at it
	time.Sleep(50 * time.Millisecond)
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	if s.poller.at(fd) != nil {
		t.Error("a session that has ended is watched")
	}
}

// Events that are late, of the socket that had the number before, neither end a new session nor take
// the turn of what came with its handshake.
func TestLateEvents(t *testing.T) {
	s := watcher(t)
	for range 50 {
		x, station := s.dialled(t, "X")
		fd, _ := descriptor(x.socket.Conn)
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					s.poller.woken(fd)
				}
			}
		}()
		if !s.poller.watch(x, ping) {
			t.Skip("no epoll")
		}
		wantPong(t, station)
		station.Write(ping)
		wantPong(t, station)
		close(stop)
		<-stopped
		if x.ended.Load() {
			t.Fatal("the session has ended")
		}
		x.end(0, "", "")
	}
}
