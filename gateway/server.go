// Package gateway is where stations connect: the WebSocket endpoint, the handshake with its choice
// of version and its authentication, and the live sessions. The adapters in v16 and v2 turn the
// messages of the versions into calls of the domain and back.
//
// Invariants:
//   - A station has at most one session, that of its newest authenticated connection. The late end of
//     an older connection does nothing to the newer one.
//   - The version belongs to the connection, never to the station.
//   - Idle, a session is one struct: no goroutine, no buffer and no timer, where the system can tell
//     us that a socket has something to read.
//   - Whoever is refused or closed has a reason, in words, that the API shows.
//
// Locks: registry.mu and poller.mu are held for look-ups only, and nothing is called meanwhile.
package gateway

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/ocpp/ocppws"
	"gnista/station"
)

// Dialect is how the messages of one version become calls of the domain, and orders of the domain
// become messages.
type Dialect struct {
	Version  gnista.Version
	Messages *ocppj.Mux[*Session]
	Orders   Orders
}

// Limits bound what one station can take of us.
type Limits struct {
	Message int           // bytes of a message
	Frame   time.Duration // for the rest of a frame, and of a message in fragments, that has begun to come in
	Write   time.Duration // for a message to leave
	Call    time.Duration // for the answer to a CALL
	Silence time.Duration // without any frame before the connection is given up; at least 3 heartbeats
	Ping    time.Duration // without any frame before we ask for a sign of life
	Deaf    int           // CALLs in a row without an answer before the connection is given up

	Admit      Rate          // of connections that are let in, of all stations; who comes faster waits
	AdmitWait  time.Duration // at the most
	PerStation Rate          // of connecting, for a station at one address
	PerAddress Rate          // of connecting, for an address
	Crowd      int           // connections of whom it is not known what they want; 0 is no limit
	CrowdEach  int           // of those, from one address

	Pace     Rate          // of frames of a station, each and each kilobyte counted as one; who sends more is read no faster
	Made     Rate          // of transactions that a station begins: they are kept for good, and never refused
	Patience time.Duration // with a station that sends more, before the operator is told
}

// DefaultLimits fit a heartbeat interval.
func DefaultLimits(heartbeat time.Duration) Limits {
	return Limits{
		Message: 1 << 20, Frame: 30 * time.Second, Write: 20 * time.Second, Call: 30 * time.Second,
		Silence: max(3*heartbeat, 3*time.Minute), Ping: max(heartbeat, time.Minute), Deaf: 3,
		// A station tries again every few seconds; a garage full of them may have one address, and come
		// back at once after a power cut.
		PerStation: Rate{PerSecond: 1, Burst: 30}, PerAddress: Rate{PerSecond: 50, Burst: 1000}, Crowd: 4096, CrowdEach: 512,
		// A station asks again once it is answered, and has a few messages each second at the most. After days
		// without a connection, or with a report of all its settings, it has many at once.
		Pace: Rate{PerSecond: 30, Burst: 1000}, Made: Rate{PerSecond: 0.1, Burst: 2000}, Patience: 10 * time.Second,
	}
}

// Path is where stations connect, with their identity as the last segment of any path below it.
const Path = "/ocpp"

// Server takes in the connections of stations.
type Server struct {
	Network  *station.Network
	Dialects map[ocppj.Version]*Dialect
	Messages *MessageLog
	Live     station.Live
	Drain    time.Duration // over which connections are closed at the end; 0 is at once
	Clocks   Clocks        // nil: nobody wants to know
	Claims   Claims        // nil: there is one node only
	Meter    Meter         // the same
	Limits   Limits
	Plain    bool // texts are not compressed, whatever stations offer
	Proxied  bool // who connects without TLS has it as far as a proxy
	// RejectSubprotocols answers a handshake without a version of ours with an error, instead of closing
	// the connection that it makes.
	RejectSubprotocols bool

	Now   func() time.Time
	NewID func() string
	Log   *slog.Logger

	// Proxies are where connections of many stations come from; no address of theirs has a limit.
	Proxies []netip.Prefix

	admission admission
	stopping  atomic.Bool // nobody is let in any more
	crowd     crowd
	knocks    meters
	noted     meters
	gone      paces
	left      departures
	instance  string            // tells our own mirrors from those of others
	plain     station.Treatment // of stations that need nothing special
	sessions  registry
	ears      ears
	poller    *poller
	running   sync.WaitGroup // handlers and readers
	done      chan struct{}
}

// Clocks learns how the clocks of stations go.
type Clocks interface {
	// Told takes in that a message told a time that is so far ahead of ours, or behind where it is negative.
	Told(id gnista.StationID, ahead time.Duration)
}

// Claims keeps which of several nodes holds a station.
type Claims interface {
	// Claim makes this node the one that holds a station, and has the one that did end its connection. A claim has
	// a higher epoch than those before.
	Claim(ctx context.Context, id gnista.StationID) (epoch int64, err error)
}

// Start begins to watch the connections.
func (s *Server) Start() {
	s.sessions.byID = map[gnista.StationID]*Session{}
	s.done = make(chan struct{})
	s.instance = rand.Text()
	s.poller = newPoller(s.Log)
	s.running.Go(s.watch)
}

// Stop closes all connections and waits for what is being handled.
func (s *Server) Stop(ctx context.Context) error {
	s.stopping.Store(true)
	if s.Drain > 0 {
		s.drain(ctx, s.Drain)
	}
	close(s.done)
	for _, x := range s.sessions.all() {
		x.end(x.lastWord(), "the central system is stopping", "")
	}
	s.poller.close()
	stopped := make(chan struct{})
	go func() { s.running.Wait(); close(stopped) }()
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Stopping tells whether nobody is let in any more.
func (s *Server) Stopping() bool { return s.stopping.Load() }

// ServeHTTP answers a handshake.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, err := identity(r)
	if err != nil {
		s.refuse(w, r, id, &station.Refusal{Cause: station.BadIdentity, Reason: err.Error()})
		return
	}
	if refusal := s.knock(id, r.RemoteAddr); refusal != nil {
		s.refuse(w, r, id, refusal)
		return
	}
	if s.stopping.Load() {
		s.refuse(w, r, id, &station.Refusal{Cause: station.ServerUnable, Reason: "the central system is stopping"})
		return
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		s.refuse(w, r, id, &station.Refusal{Cause: station.BadRequest, Reason: "this is the address for charging stations, which speak OCPP over a WebSocket; the request asks for none"})
		return
	}
	if s.instance != "" && r.Header.Get(mirrorHeader) == s.instance {
		s.refuse(w, r, id, &station.Refusal{Cause: station.BadIdentity, Reason: "the station is mirrored to this central system itself"})
		return
	}
	if refusal := s.admit(r.Context()); refusal != nil {
		s.refuse(w, r, id, refusal)
		return
	}
	k := station.Knock{ID: id, Remote: r.RemoteAddr}
	k.Username, k.Password, k.HasAuth = credentials(r, id)
	k.Port, k.Certificate = s.port(r)
	known, err := s.Network.Admit(r.Context(), k)
	if err != nil {
		refusal, ok := errors.AsType[*station.Refusal](err)
		switch {
		case ok:
		case r.Context().Err() != nil:
			s.Log.Info("a station went away before it was admitted", "station", id)
			return
		default:
			s.Log.Error("a station could not be admitted", "station", id, "err", err)
			refusal = &station.Refusal{Cause: station.ServerUnable, Reason: "the central system could not look up the station"}
		}
		s.refuse(w, r, id, refusal)
		return
	}
	g := s.greet(r, id, known)
	if g.dialect == nil {
		s.refuseSubprotocol(w, r, known.ID, g.offered)
		return
	}
	answer, deflate := "", ocppws.Deflate(0)
	if !s.Plain {
		answer, deflate = ocppws.Agree(r.Header.Values("Sec-WebSocket-Extensions"))
	}
	conn, rw, err := upgrade(w, r, g.named, answer)
	if err != nil {
		s.greeted(string(station.BadRequest))
		s.note(known.ID, r.RemoteAddr, station.BadRequest, "the WebSocket handshake is wrong: "+err.Error())
		return
	}
	profile := k.Port
	if profile == station.Basic && !k.HasAuth {
		profile = station.Unsecured
	}
	s.serve(&Session{Station: known.ID, Certificate: k.Certificate, profile: profile, server: s, dialect: g.dialect}, g.version, conn, rw, deflate)
}

// port is the highest security profile of the port that a request came to, and the certificate that
// came with it.
func (s *Server) port(r *http.Request) (station.Profile, *station.Certificate) {
	switch {
	case r.TLS == nil && s.Proxied:
		return station.TLSBasic, nil
	case r.TLS == nil:
		return station.Basic, nil
	case len(r.TLS.PeerCertificates) == 0:
		return station.TLSBasic, nil
	}
	c := r.TLS.PeerCertificates[0]
	return station.TLSMutually, &station.Certificate{Name: c.Subject.CommonName, Serial: hex.EncodeToString(c.SerialNumber.Bytes()), Organisation: c.Subject.Organization, NotAfter: c.NotAfter}
}

// identity is the last segment of the path, percent-decoded once (OCPP-J 1.6 §3.1.1, quirk Q6). [Path]
// alone has none.
func identity(r *http.Request) (gnista.StationID, error) {
	path := strings.TrimSuffix(r.URL.EscapedPath(), "/")
	if path == Path {
		return "", nil
	}
	last := path[strings.LastIndexByte(path, '/')+1:]
	id, err := url.PathUnescape(last)
	if err != nil {
		return gnista.StationID(last), fmt.Errorf("the station identity %q is not percent-encoded as URLs are", shorten(last, maxQuoted))
	}
	return gnista.StationID(id), nil
}

// credentials are those of Basic authentication. The user name ends at the first colon, unless the
// identity, which it must be, has colons itself, as MAC addresses have. Nothing secret is compared
// here.
func credentials(r *http.Request, id gnista.StationID) (user, password string, has bool) {
	user, password, has = r.BasicAuth()
	if rest, ok := strings.CutPrefix(user+":"+password, string(id)+":"); has && ok {
		return string(id), rest, true
	}
	return user, password, has
}

// maxQuoted is how many bytes of what a station sent are quoted in a reason, maxID how many of its
// identity are kept with one. What real stations send is shorter.
const (
	maxQuoted = 200
	maxID     = 255
)

// shorten cuts a text to n bytes, at the end of a character, and shows that it did.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// statuses are how causes are told over HTTP.
var statuses = map[station.Cause]int{
	station.BadIdentity:    http.StatusBadRequest,
	station.UnknownStation: http.StatusNotFound, // OCPP 2.x Part 4 §3.1.3
	station.BadCredentials: http.StatusUnauthorized,
	station.BadSubprotocol: http.StatusBadRequest,
	station.BadRequest:     http.StatusUpgradeRequired,
	station.ServerUnable:   http.StatusServiceUnavailable,
	station.BadCertificate: http.StatusForbidden,
	station.BadProfile:     http.StatusForbidden,
	station.TooMany:        http.StatusTooManyRequests,
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, id gnista.StationID, why *station.Refusal) {
	s.greeted(string(why.Cause))
	switch why.Cause {
	case station.TooMany:
		s.noteSome(id, r.RemoteAddr, why.Cause, why.Reason)
		later(w)
	case station.ServerUnable:
		s.noteSome(id, r.RemoteAddr, why.Cause, why.Reason)
		later(w)
	default:
		s.note(id, r.RemoteAddr, why.Cause, why.Reason)
	}
	if why.Cause == station.BadCredentials {
		w.Header().Set("WWW-Authenticate", `Basic realm="OCPP", charset="UTF-8"`)
	}
	http.Error(w, why.Reason, statuses[why.Cause])
}

// refuseSubprotocol completes the handshake without a subprotocol and closes, as OCPP 2.x Part 4 §3.3
// asks, or refuses it, as a test for certification does (TC_B_58_CSMS).
func (s *Server) refuseSubprotocol(w http.ResponseWriter, r *http.Request, id gnista.StationID, offered []string) {
	var spoken []string
	for v := range s.Dialects {
		spoken = append(spoken, v.Subprotocol())
	}
	slices.Sort(spoken)
	reason := "the station offers no WebSocket subprotocol"
	if len(offered) > 0 {
		reason = "the station offers the WebSocket subprotocols " + shorten(fmt.Sprintf("%q", offered), maxQuoted)
	}
	reason += "; this central system speaks " + strings.Join(spoken, ", ")
	if s.RejectSubprotocols {
		s.refuse(w, r, id, &station.Refusal{Cause: station.BadSubprotocol, Reason: reason})
		return
	}
	s.greeted(string(station.BadSubprotocol))
	s.note(id, r.RemoteAddr, station.BadSubprotocol, reason)
	if conn, _, err := upgrade(w, r, "", ""); err == nil {
		socket := &ocppws.Socket{Conn: conn, WriteTimeout: s.Limits.Write}
		socket.Close(ws.StatusProtocolError, "no common subprotocol; spoken are "+strings.Join(spoken, ", "))
	}
}

// upgrade completes the handshake with a subprotocol and extensions, or none where they are empty. An
// error has been answered.
func upgrade(w http.ResponseWriter, r *http.Request, subprotocol, extensions string) (net.Conn, *bufio.ReadWriter, error) {
	r.Header.Del("Sec-WebSocket-Protocol")
	u := ws.HTTPUpgrader{}
	if extensions != "" {
		u.Header = http.Header{"Sec-WebSocket-Extensions": {extensions}}
	}
	if subprotocol != "" {
		r.Header.Set("Sec-WebSocket-Protocol", subprotocol)
		u.Protocol = func(name string) bool { return name == subprotocol }
	}
	conn, rw, _, err := u.Upgrade(r, w)
	if err != nil && conn != nil {
		conn.Close()
	}
	return conn, rw, err
}

// watchEvery is how often silent connections are looked for, at the least.
const watchEvery = 10 * time.Second

// watch asks silent stations for a sign of life and gives up those that give none. Any frame is one,
// a heartbeat no more than others. It also gives up who leaves a message in fragments unfinished.
func (s *Server) watch() {
	tick := time.NewTicker(max(min(watchEvery, s.Limits.Ping/4, s.Limits.Silence/4, s.Limits.Frame/4), time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-tick.C:
		}
		now := s.Now()
		s.gone.forget(func(p *pace) bool { return p.idle(s.Limits.Pace, s.Limits.Made, now) })
		for _, x := range s.sessions.due(now.UnixMilli()) {
			s.sessions.lookAt(x, x.look(now))
		}
	}
}
