package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"gnista"
	"gnista/station"
)

// ListenTLS does TLS handshakes on the connections that come to l, and passes on those that succeed as
// *[tls.Conn]. Why one fails is kept as a verdict. It ends when l is closed.
func (s *Server) ListenTLS(l net.Listener, config *tls.Config) net.Listener {
	t := &tlsListener{Listener: l, server: s, config: config, ready: make(chan *tls.Conn), done: make(chan struct{})}
	go t.accept()
	return t
}

type tlsListener struct {
	net.Listener
	server *Server
	config *tls.Config
	ready  chan *tls.Conn
	done   chan struct{} // closed when no connection comes any more
	err    error         // why, once done is closed
}

func (t *tlsListener) Accept() (net.Conn, error) {
	select {
	case c := <-t.ready:
		return c, nil
	case <-t.done:
		return nil, t.err
	}
}

// breath is how long we wait when the system has no socket for us.
const breath = 50 * time.Millisecond

func (t *tlsListener) accept() {
	defer close(t.done)
	for {
		c, err := t.Listener.Accept()
		if err != nil {
			var temporary net.Error
			if errors.As(err, &temporary) && !errors.Is(err, net.ErrClosed) {
				time.Sleep(breath)
				continue
			}
			t.err = err
			return
		}
		if !t.server.enter(c) {
			continue
		}
		go func() {
			defer t.server.crowd.leave(c)
			t.handshake(c)
		}()
	}
}

// handshakeLimit is how long a TLS handshake may take: a few round trips over a bad mobile network.
const handshakeLimit = 10 * time.Second

func (t *tlsListener) handshake(c net.Conn) {
	x := &seam{Conn: c}
	over := tls.Server(x, t.config)
	ctx, cancel := context.WithTimeout(context.Background(), handshakeLimit)
	defer cancel()
	if err := over.HandshakeContext(ctx); err != nil {
		c.Close()
		t.failed(x, err)
		return
	}
	select {
	case t.ready <- over:
	case <-t.done:
		over.Close()
	}
}

// failed keeps why a handshake failed, for the name in the certificate if there is one.
func (t *tlsListener) failed(x *seam, err error) {
	cause, name, reason := station.BadTLS, "", ""
	var alert tls.AlertError
	var op *net.OpError
	bad, hasBad := errors.AsType[*badCertificate](err)
	switch text := err.Error(); {
	case hasBad:
		cause, name, reason = station.BadCertificate, bad.name, bad.reason
	case !x.hello && (errors.Is(err, io.EOF) || errors.As(err, &op) && op.Op == "read" && !op.Timeout()):
		return // somebody looked whether the port is open
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		reason = fmt.Sprintf("the TLS handshake was not finished within %v", handshakeLimit)
	case strings.Contains(text, "first record does not look like"):
		reason = "what connects does not speak TLS; this port is for TLS only"
	case strings.Contains(text, "unsupported versions"):
		reason = "the station speaks no version of TLS that is safe: 1.2 is the least" // OCPP 2.x A00.FR.315, A00.FR.418; OCPP 1.6 A00.FR.314
	case strings.Contains(text, "no cipher suite"):
		reason = "the station offers no cipher suite that is safe and that our certificates fit" // OCPP 2.x A00.FR.322, A00.FR.425
	case strings.Contains(text, "didn't provide a certificate"):
		cause, reason = station.BadCertificate, "the station presents no certificate, which this port asks for"
	case errors.As(err, &alert), strings.Contains(text, "remote error"):
		reason = "the station ended the TLS handshake, as it does when it does not trust our certificate: " + strings.TrimPrefix(text, "remote error: ")
	case errors.Is(err, io.EOF):
		reason = "the station left in the middle of the TLS handshake, as it does when it does not trust our certificate"
	default:
		reason = "the TLS handshake failed: " + shorten(text, maxQuoted)
	}
	if x.name != "" {
		reason += fmt.Sprintf(" (it asked for the host %q)", shorten(x.name, maxQuoted))
	}
	t.server.greeted(string(cause))
	t.server.noteSome(gnista.StationID(name), x.RemoteAddr().String(), cause, reason)
}
