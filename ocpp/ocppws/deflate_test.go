package ocppws_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"gnista/ocpp/ocppws"
)

// squeezed is a text as a client compresses it, the last four bytes left out.
func squeezed(text string, level int) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, level)
	w.Write([]byte(text))
	w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// frame is a masked frame with reserved bits.
func frame(op ws.OpCode, fin bool, rsv byte, payload string) []byte {
	f := ws.NewFrame(op, fin, []byte(payload))
	f.Header.Rsv = rsv
	return ws.MustCompileFrame(ws.MaskFrame(f))
}

func TestReadCompressed(t *testing.T) {
	const rsv1, rsv2 = 4, 2
	f := func(want string, code ws.StatusCode, sent ...[]byte) {
		t.Helper()
		s := &ocppws.Socket{Conn: &recorder{}, Limit: 1000, Deflate: 15}
		r := bufio.NewReader(bytes.NewReader(bytes.Join(sent, nil)))
		var texts []string
		for {
			text, err := s.Read(r)
			if err != nil {
				closed, _ := errors.AsType[*ocppws.CloseError](err)
				if code == 0 && closed != nil || code != 0 && (closed == nil || closed.Code != code) {
					t.Errorf("ended with %v, want code %d", err, code)
				}
				break
			}
			if text != nil {
				texts = append(texts, string(text))
			}
		}
		if got := strings.Join(texts, "|"); got != want {
			t.Errorf("read %q, want %q", got, want)
		}
	}
	hello := squeezed("hello", flate.DefaultCompression)
	f("hello|hello", 0, frame(ws.OpText, true, rsv1, hello), frame(ws.OpText, true, rsv1, hello))
	f("hello|plain|hello", 0, frame(ws.OpText, true, rsv1, hello), frame(ws.OpText, true, 0, "plain"), frame(ws.OpText, true, rsv1, hello))
	f("hello", 0, frame(ws.OpText, false, rsv1, hello[:2]), frame(ws.OpPing, true, 0, "?"), frame(ws.OpContinuation, false, 0, ""), frame(ws.OpContinuation, true, 0, hello[2:]))
	f("plain", 0, frame(ws.OpText, false, 0, "pl"), frame(ws.OpContinuation, true, 0, "ain"))
	f("Hello", 0, frame(ws.OpText, true, rsv1, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")) // RFC 7692 §7.2.3.4: a last block
	f("Hello", 0, frame(ws.OpText, true, rsv1, "\x00\x05\x00\xfa\xffHello\x00"))    // §7.2.3.3: not compressed
	f(strings.Repeat("x", 1000), 0, frame(ws.OpText, true, rsv1, squeezed(strings.Repeat("x", 1000), 9)))
	f("", 0, frame(ws.OpText, true, rsv1, "\x00")) // §7.2.3.6: an empty text

	f("", ws.StatusMessageTooBig, frame(ws.OpText, true, rsv1, squeezed(strings.Repeat("x", 1001), 9)))
	f("", ws.StatusMessageTooBig, frame(ws.OpText, true, rsv1, squeezed(strings.Repeat("x", 800_000), 9)))
	f("", ws.StatusMessageTooBig, frame(ws.OpText, false, rsv1, strings.Repeat("x", 600)), frame(ws.OpContinuation, true, 0, strings.Repeat("x", 600)))
	f("", ws.StatusInvalidFramePayloadData, frame(ws.OpText, true, rsv1, "\xff\xff\xff"))
	f("", ws.StatusInvalidFramePayloadData, frame(ws.OpText, true, rsv1, hello[:3]))
	f("", ws.StatusInvalidFramePayloadData, frame(ws.OpText, true, rsv1, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00more"))
	f("", ws.StatusProtocolError, frame(ws.OpText, true, rsv2, hello))
	f("", ws.StatusProtocolError, frame(ws.OpText, true, rsv1|rsv2, hello))
	f("", ws.StatusProtocolError, frame(ws.OpPing, true, rsv1, ""))
	f("", ws.StatusProtocolError, frame(ws.OpClose, true, rsv1, "\x03\xe8"))
	f("", ws.StatusProtocolError, frame(ws.OpText, false, rsv1, hello[:2]), frame(ws.OpContinuation, true, rsv1, hello[2:]))
	f("", ws.StatusUnsupportedData, frame(ws.OpBinary, true, rsv1, hello))
}

// Without an agreement nothing is compressed.
func TestCompressionWithoutAgreement(t *testing.T) {
	_, _, end := frames(frame(ws.OpText, true, 4, squeezed("hello", 9)))
	if closed, ok := errors.AsType[*ocppws.CloseError](end); !ok || closed.Code != ws.StatusProtocolError {
		t.Errorf("ended with %v", end)
	}
}

func TestAgree(t *testing.T) {
	f := func(answer string, d ocppws.Deflate, lines ...string) {
		t.Helper()
		if got, agreed := ocppws.Agree(lines); got != answer || agreed != d {
			t.Errorf("%q is answered with %q, %d; want %q, %d", lines, got, agreed, answer, d)
		}
	}
	const both = "permessage-deflate;server_no_context_takeover;client_no_context_takeover"
	f(both, 15, "permessage-deflate")
	f(both, 15, "permessage-deflate; client_max_window_bits")
	f(both, 15, "permessage-deflate; client_max_window_bits=10; client_no_context_takeover")
	f(both+";server_max_window_bits=10", 10, "permessage-deflate; server_max_window_bits=10")
	f(both+";server_max_window_bits=10", 10, `permessage-deflate; server_max_window_bits="10"`)
	f(both, 15, "x-webkit-deflate-frame", "permessage-bzip2, permessage-deflate")
	f(both, 15, "permessage-deflate; server_max_window_bits=7, permessage-deflate") // the first one is not valid
	f(both, 15, "permessage-deflate; something, permessage-deflate; client_max_window_bits")
	f("", 0, "permessage-deflate; something")
	f("", 0, "permessage-deflate; server_max_window_bits")
	f("", 0, "permessage-bzip2")
	f("", 0, ";;=,")
	f("", 0, "")
	f("", 0)
}

// A client and a server that agree on compression understand each other, whatever the text.
func TestCompressed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 20_000)
	for i := range noise {
		noise[i] = byte(' ' + random.IntN(90))
	}
	texts := []string{"short", strings.Repeat(`{"key":"HeartbeatInterval"},`, 5000), string(noise), ""}
	for _, offered := range []string{"", "permessage-deflate", "permessage-deflate; server_max_window_bits=9"} {
		echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			lines := r.Header.Values("Sec-WebSocket-Extensions")
			if offered != "" && len(lines) > 0 {
				lines = []string{offered}
			}
			answer, d := ocppws.Agree(lines)
			u := ws.HTTPUpgrader{Protocol: func(string) bool { return true }}
			if answer != "" {
				u.Header = http.Header{"Sec-WebSocket-Extensions": {answer}}
			}
			conn, rw, _, err := u.Upgrade(r, w)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			s := &ocppws.Socket{Conn: conn, Limit: 1 << 20, Deflate: d}
			for {
				text, err := s.Read(rw.Reader)
				if err != nil {
					return
				}
				if err := s.Write(text); err != nil {
					return
				}
			}
		}))
		var sent counter
		d := ocppws.Dialer{Identity: "CS1", Protocols: []string{"ocpp2.1"}, Compress: offered != "", Dial: sent.dial}
		s, r, _, err := d.Connect(t.Context(), strings.Replace(echo.URL, "http", "ws", 1))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for _, want := range texts {
				before := sent.read
				if err := s.Write([]byte(want)); err != nil {
					t.Fatal(err)
				}
				if got, err := s.Read(r); err != nil || string(got) != want {
					t.Fatalf("%s: a text of %d bytes comes back with %d: %v", offered, len(want), len(got), err)
				}
				// With a window of 512 bytes a text that is longer is not compressed.
				compressible := offered == "permessage-deflate" && strings.HasPrefix(want, "{")
				if n := sent.read - before; compressible != (n < len(want)/10 && len(want) > 100) {
					t.Errorf("%q: %d bytes came for a text of %d", offered, n, len(want))
				}
			}
		}
		s.Conn.Close()
		echo.Close()
	}
}

// counter counts what comes in.
type counter struct {
	net.Conn
	read int
}

func (c *counter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	c.Conn = conn
	return c, err
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read += n
	return n, err
}

func FuzzReadCompressed(f *testing.F) {
	f.Add(frame(ws.OpText, true, 4, squeezed("hello", 9)))
	f.Add(frame(ws.OpText, true, 4, squeezed(strings.Repeat("x", 5000), 9)))
	f.Add(append(frame(ws.OpText, false, 4, "\x00\x05\x00\xfa\xff"), frame(ws.OpContinuation, true, 0, "Hello\x00")...))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &ocppws.Socket{Conn: &recorder{}, Limit: 1000, Deflate: 15}
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

func BenchmarkCompress(b *testing.B) {
	text := []byte(strings.Repeat(`{"key":"HeartbeatInterval","readonly":false,"value":"300"},`, 40))
	s := &ocppws.Socket{Conn: &recorder{}, Deflate: 15}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		s.Conn.(*recorder).Reset()
		s.Write(text)
	}
}
