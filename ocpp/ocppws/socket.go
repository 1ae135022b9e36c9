// Package ocppws carries texts over a WebSocket whose handshake is done, for either side. It keeps
// no buffer while nothing is read: the caller brings one.
package ocppws

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/gobwas/ws"
)

// Socket is one end of a WebSocket.
type Socket struct {
	Conn net.Conn
	// Limit is the most bytes of a text that comes in.
	Limit int
	// WriteTimeout is how long the peer may take to let a frame into its window.
	WriteTimeout time.Duration
	Client       bool    // the end that dialled, and so masks what it sends
	Deflate      Deflate // what was agreed on for compressing texts

	fragmented bool
	compressed bool   // the message in fragments is
	text       []byte // of a message in fragments, so far
}

// CloseError is the end of a WebSocket: by the peer, with what it said, or by us for what it did.
type CloseError struct {
	Code   ws.StatusCode
	Reason string
	Ours   bool // we close it: the code and the reason are for the peer
}

func (e *CloseError) Error() string {
	who := "the peer closed the connection"
	if e.Ours {
		who = "the connection was closed"
	}
	if e.Reason == "" {
		return fmt.Sprintf("%s with code %d", who, e.Code)
	}
	return fmt.Sprintf("%s with code %d: %s", who, e.Code, e.Reason)
}

func fault(code ws.StatusCode, format string, args ...any) error {
	return &CloseError{Code: code, Reason: fmt.Sprintf(format, args...), Ours: true}
}

// Read reads one frame from r, which reads from the Conn. It returns the text that the frame
// completes, or nil where it completes none. It answers pings. A *[CloseError] ends the socket; so
// does any other error, which is the Conn's.
func (s *Socket) Read(r *bufio.Reader) (text []byte, err error) {
	h, err := ws.ReadHeader(r)
	if err != nil {
		return nil, err
	}
	state := ws.StateServerSide
	if s.Client {
		state = ws.StateClientSide
	}
	if s.fragmented {
		state = state.Set(ws.StateFragmented)
	}
	// RFC 7692 §6: the first frame of a message tells that it is compressed, no other frame does.
	compressed := s.Deflate != 0 && h.Rsv == ws.Rsv(true, false, false) && (h.OpCode == ws.OpText || h.OpCode == ws.OpBinary)
	if compressed {
		h.Rsv = 0
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return nil, fault(ws.StatusProtocolError, "%v", err)
	}
	if h.OpCode == ws.OpBinary {
		return nil, fault(ws.StatusUnsupportedData, "OCPP-J messages are texts, this is binary")
	}
	if h.Length > int64(s.Limit-len(s.text)) {
		return nil, fault(ws.StatusMessageTooBig, "a message is longer than %d bytes", s.Limit)
	}
	payload, err := read(r, int(h.Length))
	if err != nil {
		return nil, err
	}
	if h.Masked {
		ws.Cipher(payload, h.Mask, 0)
	}
	switch h.OpCode {
	case ws.OpPing:
		return nil, s.write(ws.OpPong, payload)
	case ws.OpPong:
		return nil, nil
	case ws.OpClose:
		code, reason := ws.ParseCloseFrameData(payload)
		return nil, &CloseError{Code: code, Reason: reason}
	}
	if !h.Fin || s.fragmented {
		if !s.fragmented {
			s.compressed = compressed
		}
		compressed = s.compressed
		s.text = append(s.text, payload...)
		s.fragmented = !h.Fin
		if s.fragmented {
			return nil, nil
		}
		payload, s.text = s.text, nil
	}
	if compressed {
		return inflate(payload, s.Limit)
	}
	return payload, nil
}

// Unfinished tells whether a message in fragments has begun and its end has not been read. It is for
// the goroutine that reads.
func (s *Socket) Unfinished() bool { return s.fragmented }

// trusted is how much of a length that the peer announces is believed at once.
const trusted = 16 << 10

func read(r io.Reader, n int) ([]byte, error) {
	if n <= trusted {
		b := make([]byte, n)
		_, err := io.ReadFull(r, b)
		return b, unexpected(err)
	}
	var b bytes.Buffer
	_, err := io.CopyN(&b, r, int64(n))
	return b.Bytes(), unexpected(err)
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Write sends a text. It may be called from several goroutines.
func (s *Socket) Write(text []byte) error { return s.write(ws.OpText, text) }

// Ping asks for a sign of life.
func (s *Socket) Ping() error { return s.write(ws.OpPing, nil) }

// lastWord is how long a peer may take to let our reason for closing into its window.
const lastWord = 2 * time.Second

// Close says why and closes the Conn. A reason is cut to what fits.
func (s *Socket) Close(code ws.StatusCode, reason string) error {
	const fits = 120
	if len(reason) > fits {
		reason = reason[:fits]
	}
	err := s.writeWithin(lastWord, ws.OpClose, ws.NewCloseFrameBody(code, reason))
	return errors.Join(err, s.Conn.Close())
}

func (s *Socket) write(op ws.OpCode, payload []byte) error {
	return s.writeWithin(s.WriteTimeout, op, payload)
}

// writeWithin sends a frame by one call to the Conn, so that frames of several goroutines do not mix.
func (s *Socket) writeWithin(timeout time.Duration, op ws.OpCode, payload []byte) error {
	h := ws.Header{Fin: true, OpCode: op, Masked: s.Client}
	if op == ws.OpText {
		if short, ok := s.Deflate.deflate(payload); ok {
			payload, h.Rsv = short, ws.Rsv(true, false, false)
		}
	}
	h.Length = int64(len(payload))
	var b bytes.Buffer
	b.Grow(ws.HeaderSize(h) + len(payload))
	if s.Client {
		h.Mask = ws.NewMask()
	}
	if err := ws.WriteHeader(&b, h); err != nil {
		return err
	}
	b.Write(payload)
	if s.Client {
		ws.Cipher(b.Bytes()[b.Len()-len(payload):], h.Mask, 0)
	}
	if timeout > 0 {
		if err := s.Conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
			return err
		}
	}
	_, err := s.Conn.Write(b.Bytes())
	return err
}
