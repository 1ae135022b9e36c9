package ocppws

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// Dialer connects a station to a central system.
type Dialer struct {
	Identity  string   // of the station; the last segment of the URL and the user name
	Password  string   // for Basic authentication; none when empty
	Protocols []string // subprotocols, in the order of preference
	TLS       *tls.Config
	Header    http.Header // more headers of the handshake
	Compress  bool        // offer to compress texts
	Limit     int         // the most bytes of a text that comes in; 0 is 1 MiB
	// Dial opens the connection; nil is TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Refused is a handshake that the other side answered with an HTTP status other than 101.
type Refused struct {
	Status int
	Body   string
}

func (e *Refused) Error() string {
	return fmt.Sprintf("the handshake was refused: %d %s: %s", e.Status, http.StatusText(e.Status), e.Body)
}

// Connect opens a WebSocket at base, as in ws://host/ocpp, with the identity as another segment. It
// returns the subprotocol that was chosen, and a reader to be used with [Socket.Read].
func (d Dialer) Connect(ctx context.Context, base string) (*Socket, *bufio.Reader, string, error) {
	header := http.Header{}
	maps.Copy(header, d.Header)
	if d.Password != "" {
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(d.Identity+":"+d.Password)))
	}
	var refused error
	dialer := ws.Dialer{
		Protocols: d.Protocols, TLSConfig: d.TLS, NetDial: d.Dial, Header: ws.HandshakeHeaderHTTP(header), Timeout: 30 * time.Second,
		OnStatusError: func(status int, _ []byte, resp io.Reader) {
			refused = &Refused{Status: status}
			if r, err := http.ReadResponse(bufio.NewReader(resp), nil); err == nil {
				body, _ := io.ReadAll(io.LimitReader(r.Body, 1024))
				r.Body.Close()
				refused = &Refused{Status: status, Body: strings.TrimSpace(string(body))}
			}
		},
	}
	if d.Compress {
		dialer.Extensions = append(dialer.Extensions, offer.Option())
	}
	conn, br, hs, err := dialer.Dial(ctx, strings.TrimSuffix(base, "/")+"/"+url.PathEscape(d.Identity))
	if refused != nil {
		return nil, nil, "", refused
	}
	if err != nil {
		return nil, nil, "", fmt.Errorf("connecting: %w", err)
	}
	if br == nil {
		br = bufio.NewReader(conn)
	}
	limit := d.Limit
	if limit == 0 {
		limit = 1 << 20
	}
	deflate, err := accepted(hs.Extensions)
	if err != nil {
		conn.Close()
		return nil, nil, "", fmt.Errorf("agreeing on compression: %w", err)
	}
	s := &Socket{Conn: conn, Client: true, Limit: limit, WriteTimeout: 30 * time.Second, Deflate: deflate}
	if hs.Protocol == "" && len(d.Protocols) > 0 {
		// RFC 6455 §4.1, OCPP-J: without a subprotocol there is nothing to be said; the other side
		// closes and says why.
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		conn.SetReadDeadline(time.Now().Add(s.WriteTimeout))
		_, err := s.Read(br)
		stop()
		conn.Close()
		if err == nil {
			err = errors.New("the other side goes on without")
		}
		return nil, nil, "", fmt.Errorf("no subprotocol was agreed on: %w", err)
	}
	return s, br, hs.Protocol, nil
}
