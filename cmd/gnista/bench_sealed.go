//go:build linux

package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// sealed is a station's end of a connection with TLS. Its handshake has a goroutine; after that nobody waits for it.
type sealed struct {
	conn *tls.Conn // on top of this

	mu      sync.Mutex
	came    sync.Cond
	in, out bytes.Buffer // what is sealed: has come, and is to be sent
	over    bool         // the handshake
	err     error        // of it, or why there is no more
}

// errNothingCame tells TLS that there is nothing to read now; it goes on when it is read again.
var errNothingCame error = nothingCame{}

type nothingCame struct{}

func (nothingCame) Error() string   { return "nothing has come" }
func (nothingCame) Timeout() bool   { return false }
func (nothingCame) Temporary() bool { return true }

// seal begins a handshake. Whoever answers is trusted: what is measured is our own server.
func seal() *sealed {
	s := &sealed{}
	s.came.L = &s.mu
	s.conn = tls.Client(s, &tls.Config{InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.X25519}})
	go func() {
		err := s.conn.Handshake()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.over = true
		if s.err == nil {
			s.err = err
		}
	}()
	return s
}

// feed is told what came.
func (s *sealed) feed(b []byte) {
	s.mu.Lock()
	s.in.Write(b)
	s.mu.Unlock()
	s.came.Signal()
}

// sent are what is to be sent, and whether the handshake is over, and how it ended.
func (s *sealed) sent() (out []byte, over bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out = bytes.Clone(s.out.Bytes())
	s.out = bytes.Buffer{}
	return out, s.over, s.err
}

// leave ends a handshake that goes on.
func (s *sealed) leave() {
	s.mu.Lock()
	s.err = io.ErrClosedPipe
	s.mu.Unlock()
	s.came.Signal()
}

func (s *sealed) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.in.Len() == 0 && s.err == nil && !s.over {
		s.came.Wait()
	}
	if s.err != nil {
		return 0, s.err
	}
	if s.in.Len() == 0 {
		return 0, errNothingCame
	}
	n, err := s.in.Read(b)
	if s.in.Len() == 0 {
		s.in = bytes.Buffer{} // most of the time there is nothing, and there are many of us
	}
	return n, err
}

func (s *sealed) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	return s.out.Write(b)
}

func (s *sealed) Close() error                     { return nil }
func (s *sealed) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *sealed) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *sealed) SetDeadline(time.Time) error      { return nil }
func (s *sealed) SetReadDeadline(time.Time) error  { return nil }
func (s *sealed) SetWriteDeadline(time.Time) error { return nil }

// opened goes on with a station that has a connection: with TLS or the handshake of WebSockets.
func (h *herd) opened(i int32) {
	if !h.tls {
		h.greet(i)
		return
	}
	s := seal()
	h.sealed[i], h.sealing[i] = s, true
}

// seal goes on with the handshakes of TLS.
func (h *herd) seal() {
	for i := range h.sealing {
		out, over, err := h.sealed[i].sent()
		if len(out) > 0 {
			h.send(i, out)
		}
		if !h.sealing[i] || !over { // sending may have lost it
			continue
		}
		delete(h.sealing, i)
		if err != nil {
			h.lose(i, "the handshake of TLS: "+err.Error())
			continue
		}
		h.greet(i)
	}
}

// write sends text to the server, sealed where there is TLS.
func (h *herd) write(i int32, b []byte) {
	s := h.sealed[i]
	if s == nil {
		h.send(i, b)
		return
	}
	_, err := s.conn.Write(b)
	out, _, _ := s.sent()
	if err != nil {
		h.lose(i, "TLS: "+err.Error())
		return
	}
	h.send(i, out)
}

// came takes in what has come for a station, and opens it where there is TLS.
func (h *herd) came(i int32, m *head, b []byte) {
	s := h.sealed[i]
	if s == nil {
		h.got(i, m, b)
		return
	}
	s.feed(b)
	if h.sealing[i] {
		return
	}
	for m.state != absent {
		n, err := s.conn.Read(h.plain)
		if n > 0 {
			h.got(i, m, h.plain[:n])
		}
		if errors.Is(err, errNothingCame) {
			return
		}
		if err != nil {
			h.lose(i, "TLS: "+err.Error())
			return
		}
	}
}
