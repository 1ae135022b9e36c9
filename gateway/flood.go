package gateway

import (
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// Rate bounds how often something may happen; the zero value does not.
type Rate struct {
	PerSecond float64
	Burst     int // at once, after some quiet
}

// meters count what happens under many names.
type meters struct {
	mu     sync.Mutex
	levels map[string]level
}

// level is how much of a burst is used up.
type level struct {
	used float64
	at   int64 // when that was, in milliseconds
}

// maxMeters bounds the memory that made-up names take.
const maxMeters = 20_000

// take tells whether one more under a name is within the rate.
func (m *meters) take(name string, r Rate, now time.Time) bool {
	if r.PerSecond <= 0 {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.levels == nil {
		m.levels = map[string]level{}
	}
	l, has := m.levels[name]
	if !has && len(m.levels) >= maxMeters {
		maps.DeleteFunc(m.levels, func(_ string, l level) bool { return l.after(r, now) == 0 })
		if len(m.levels) >= maxMeters {
			clear(m.levels) // nobody is refused for what others do
		}
	}
	used := l.after(r, now)
	if used+1 > float64(r.Burst) {
		return false
	}
	m.levels[name] = level{used + 1, now.UnixMilli()}
	return true
}

func (l level) after(r Rate, now time.Time) float64 {
	return max(0, l.used-float64(now.UnixMilli()-l.at)/1000*r.PerSecond)
}

// crowd is the connections of whom we do not know yet what they want: in the TLS handshake, or before
// the end of their request's header.
type crowd struct {
	mu sync.Mutex
	in map[net.Conn]netip.Addr
	by map[netip.Addr]int
}

// enter takes a connection in unless there are too many, altogether or of its address; each is 0 for
// an address that many may share.
func (c *crowd) enter(conn net.Conn, most, each int) bool {
	a := address(conn.RemoteAddr().String())
	c.mu.Lock()
	defer c.mu.Unlock()
	if most > 0 && len(c.in) >= most || each > 0 && c.by[a] >= each {
		return false
	}
	if c.in == nil {
		c.in, c.by = map[net.Conn]netip.Addr{}, map[netip.Addr]int{}
	}
	c.in[conn] = a
	c.by[a]++
	return true
}

func (c *crowd) leave(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.in[conn]
	if !ok {
		return
	}
	delete(c.in, conn)
	if c.by[a]--; c.by[a] == 0 {
		delete(c.by, a)
	}
}

// address is where a connection comes from, as far as it is one owner's: 64 bits of an IPv6 address.
func address(remote string) netip.Addr {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	a := at.Addr().Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64) // 64 bits are in every such address
		return p.Addr()
	}
	return a
}

// shared tells whether many stations may come from an address: that of a proxy, or of this machine.
func (s *Server) shared(a netip.Addr) bool {
	for _, p := range s.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func (s *Server) enter(conn net.Conn) bool {
	each := s.Limits.CrowdEach
	if s.shared(address(conn.RemoteAddr().String())) {
		each = 0
	}
	if s.crowd.enter(conn, s.Limits.Crowd, each) {
		return true
	}
	if over, ok := conn.(*tls.Conn); ok {
		conn = over.NetConn() // a farewell may take time
	}
	conn.Close()
	s.greeted(string(station.TooMany))
	s.noteSome("", conn.RemoteAddr().String(), station.TooMany, "too many connections were waiting in their handshakes; this one was closed")
	return false
}

// ConnState is for the [http.Server] behind which a Server is: it bounds the connections whose requests
// have not come in yet.
func (s *Server) ConnState(conn net.Conn, state http.ConnState) {
	if state == http.StateNew {
		s.enter(conn)
	} else {
		s.crowd.leave(conn)
	}
}

// knock tells whether a station may try to connect now. What others do in its name from elsewhere does
// not count against it.
func (s *Server) knock(id gnista.StationID, remote string) *station.Refusal {
	a := address(remote)
	now := s.Now()
	if !s.shared(a) && !s.knocks.take(a.String(), s.Limits.PerAddress, now) {
		return &station.Refusal{Cause: station.TooMany, Reason: "too many connections come from this address"}
	}
	if !s.knocks.take(a.String()+" "+string(id), s.Limits.PerStation, now) {
		return &station.Refusal{Cause: station.TooMany, Reason: "the station connects too often"}
	}
	return nil
}

// notes is how many verdicts are written of connections that cost their owners nothing.
var notes = Rate{PerSecond: 2, Burst: 20}

// noteSome is note for what floods are made of: of one address some are kept for each cause.
func (s *Server) noteSome(id gnista.StationID, remote string, cause station.Cause, reason string) {
	select {
	case <-s.done:
		return
	default:
	}
	if s.noted.take(address(remote).String()+" "+string(cause), notes, s.Now()) {
		s.running.Go(func() { s.note(id, remote, cause, reason) })
	}
}
