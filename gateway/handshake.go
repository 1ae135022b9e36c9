package gateway

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gobwas/ws"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// greeting is what comes of the handshake of a station that is let in.
type greeting struct {
	offered []string // subprotocols, in the station's order
	named   string   // the subprotocol of our answer; none when it is empty
	dialect *Dialect // nil when there is none that both speak
	version ocppj.Version
}

// greet chooses the version of a connection, and counts what the station does wrong. A missing header
// is put right where the station may leave it out.
func (s *Server) greet(r *http.Request, id gnista.StationID, known station.Station) greeting {
	a := s.Network.Treatment(known).Adaptations
	if id != known.ID {
		s.saw(known.ID, "Q7", fmt.Sprintf("the identity is written %q", shorten(string(id), maxID)))
	}
	if !hasToken(r.Header, "Connection", "upgrade") {
		s.saw(known.ID, "Q5", "the handshake has no header Connection: Upgrade")
		if a.MissingUpgrade {
			r.Header.Set("Connection", "Upgrade")
		}
	}
	g := greeting{}
	var odd bool
	g.offered, odd = subprotocols(r)
	if odd {
		s.saw(known.ID, "Q2", "an element of Sec-WebSocket-Protocol is empty")
	}
	old := r.TLS != nil && r.TLS.Version < tls.VersionTLS12 // OCPP 2.x A00.FR.313, A00.FR.416
	if len(g.offered) == 0 {
		s.saw(known.ID, "Q1", "the handshake has no Sec-WebSocket-Protocol")
		g.dialect, g.version = s.speak(a.AssumeVersion)
	} else {
		if old {
			g.offered = slices.DeleteFunc(g.offered, func(name string) bool { return name != ocppj.V16.Subprotocol() })
		}
		if g.dialect, g.version = s.choose(g.offered); g.dialect != nil {
			g.named = g.version.Subprotocol()
		}
	}
	if pinned, v := s.speak(a.PinVersion); pinned != nil && g.dialect != nil && v != g.version {
		s.saw(known.ID, "Q4", fmt.Sprintf("the station names OCPP %v and is served OCPP %v", g.version, v))
		g.dialect, g.version = pinned, v
		for _, name := range g.offered {
			if name == v.Subprotocol() {
				g.named = name
			}
		}
	}
	if old && g.version > ocppj.V16 {
		g.dialect = nil
	}
	return g
}

// speak is the dialect of a version.
func (s *Server) speak(version gnista.Version) (*Dialect, ocppj.Version) {
	for v, d := range s.Dialects {
		if d.Version == version {
			return d, v
		}
	}
	return nil, 0
}

// choose takes the first version offered that we speak: the station lists them by preference.
func (s *Server) choose(offered []string) (*Dialect, ocppj.Version) {
	for _, name := range offered {
		for v, d := range s.Dialects {
			if v.Subprotocol() == name {
				return d, v
			}
		}
	}
	return nil, 0
}

// subprotocols are those offered, in the station's order; empty ones are passed over and told (quirk Q2).
func subprotocols(r *http.Request) (list []string, odd bool) {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				list = append(list, name)
			} else {
				odd = true
			}
		}
	}
	return list, odd
}

// hasToken tells whether a header has a word in its list.
func hasToken(h http.Header, name, word string) bool {
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), word) {
				return true
			}
		}
	}
	return false
}

// lastWord is the code with which a connection is closed when we stop; none for a station that would
// stay away then (quirk Q11).
func (x *Session) lastWord() ws.StatusCode {
	if x.Treatment().Adaptations.NoCloseFrame {
		return 0
	}
	return ws.StatusGoingAway
}
