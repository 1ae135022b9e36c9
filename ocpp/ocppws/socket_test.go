package ocppws_test

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"gnista/ocpp/ocppws"
)

// recorder is a Conn that keeps what is written.
type recorder struct {
	net.Conn
	bytes.Buffer
}

func (r *recorder) Write(b []byte) (int, error) { return r.Buffer.Write(b) }
func (r *recorder) Read([]byte) (int, error)    { panic("only the reader is read") }

// frames returns the texts that a server's end reads of what a client sent, what it answered, and
// how it ended.
func frames(sent ...[]byte) (texts []string, answered []byte, end error) {
	conn := &recorder{}
	s := &ocppws.Socket{Conn: conn, Limit: 100}
	r := bufio.NewReader(bytes.NewReader(bytes.Join(sent, nil)))
	for {
		text, err := s.Read(r)
		if err != nil {
			return texts, conn.Bytes(), err
		}
		if text != nil {
			texts = append(texts, string(text))
		}
	}
}

func masked(op ws.OpCode, fin bool, payload string) []byte {
	return ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, fin, []byte(payload))))
}

func TestRead(t *testing.T) {
	f := func(want string, code ws.StatusCode, sent ...[]byte) {
		t.Helper()
		texts, _, end := frames(sent...)
		if got := strings.Join(texts, "|"); got != want {
			t.Errorf("read %q, want %q", got, want)
		}
		closed, _ := errors.AsType[*ocppws.CloseError](end)
		if code == 0 && closed != nil || code != 0 && (closed == nil || closed.Code != code) {
			t.Errorf("ended with %v, want code %d", end, code)
		}
	}
	f("a|b", 0, masked(ws.OpText, true, "a"), masked(ws.OpText, true, "b"))
	f("abc", 0, masked(ws.OpText, false, "a"), masked(ws.OpPing, true, "?"), masked(ws.OpContinuation, false, "b"), masked(ws.OpContinuation, true, "c"))
	f("a", 1000, masked(ws.OpText, true, "a"), masked(ws.OpClose, true, "\x03\xe8bye"))
	f("", ws.StatusProtocolError, ws.MustCompileFrame(ws.NewTextFrame([]byte("not masked"))))
	f("", ws.StatusProtocolError, masked(ws.OpContinuation, true, "of nothing"))
	f("", ws.StatusProtocolError, masked(ws.OpText, false, "a"), masked(ws.OpText, true, "another"))
	f("", ws.StatusUnsupportedData, masked(ws.OpBinary, true, "a"))
	f("", ws.StatusMessageTooBig, masked(ws.OpText, true, strings.Repeat("x", 101)))
	f("", ws.StatusMessageTooBig, masked(ws.OpText, false, strings.Repeat("x", 60)), masked(ws.OpContinuation, true, strings.Repeat("x", 60)))
	f(strings.Repeat("x", 100), 0, masked(ws.OpText, true, strings.Repeat("x", 100)))
	f("", 0, masked(ws.OpText, true, "cut")[:5])
}

func TestPingIsAnswered(t *testing.T) {
	_, back, _ := frames(masked(ws.OpPing, true, "are you there"))
	h, err := ws.ReadHeader(bytes.NewReader(back))
	if err != nil || h.OpCode != ws.OpPong || !bytes.HasSuffix(back, []byte("are you there")) {
		t.Errorf("answered with %q, %v", back, err)
	}
}

func TestUnfinished(t *testing.T) {
	s := &ocppws.Socket{Conn: &recorder{}, Limit: 100}
	f := func(want bool, sent []byte) {
		t.Helper()
		if _, err := s.Read(bufio.NewReader(bytes.NewReader(sent))); err != nil || s.Unfinished() != want {
			t.Errorf("unfinished: %v, %v", s.Unfinished(), err)
		}
	}
	f(false, masked(ws.OpText, true, "a"))
	f(true, masked(ws.OpText, false, "a"))
	f(true, masked(ws.OpPing, true, "?"))
	f(true, masked(ws.OpContinuation, false, "b"))
	f(false, masked(ws.OpContinuation, true, "c"))
}

func FuzzRead(f *testing.F) {
	f.Add(masked(ws.OpText, true, "a"))
	f.Add(masked(ws.OpClose, true, "\x03\xe8bye"))
	f.Add(append(masked(ws.OpText, false, "a"), masked(ws.OpContinuation, true, "b")...))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &ocppws.Socket{Conn: &recorder{}, Limit: 1000}
		r := bufio.NewReader(bytes.NewReader(data))
		for {
			text, err := s.Read(r)
			if err != nil {
				return
			}
			if len(text) > 1000 {
				t.Fatalf("a text of %d bytes passed the limit", len(text))
			}
		}
	})
}
