package gateway

import (
	"math"
	"slices"
	"sync"

	"github.com/gobwas/ws"

	"gnista"
	"gnista/station"
)

// registry holds the live sessions. They are in a list as well, in no order, and beside it is when each is to be looked
// at: looking through all of these times costs little, where going through the sessions would fetch each of them.
type registry struct {
	mu   sync.RWMutex
	byID map[gnista.StationID]*Session
	list []*Session
	look []int64 // in milliseconds
}

// put makes x the station's session, to be looked at soon, and returns the one that it replaces, if any.
func (r *registry) put(x *Session) (replaced *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	replaced = r.byID[x.Station]
	r.byID[x.Station] = x
	if replaced != nil {
		x.place = replaced.place
		r.list[x.place], r.look[x.place] = x, 0
	} else {
		x.place = len(r.list)
		r.list, r.look = append(r.list, x), append(r.look, 0)
	}
	return replaced
}

// remove takes x out and tells whether it was the station's session still.
func (r *registry) remove(x *Session) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID[x.Station] != x {
		return false
	}
	delete(r.byID, x.Station)
	last := len(r.list) - 1
	r.list[x.place], r.look[x.place] = r.list[last], r.look[last]
	r.list[x.place].place = x.place
	r.list[last] = nil
	r.list, r.look = r.list[:last], r.look[:last]
	return true
}

func (r *registry) find(id gnista.StationID) (*Session, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	x, ok := r.byID[id]
	return x, ok
}

func (r *registry) all() []*Session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.list)
}

// due lists who is to be looked at by now. Each is to be looked at again only once lookAt was told when.
func (r *registry) due(now int64) (list []*Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, at := range r.look {
		if at <= now {
			list = append(list, r.list[i])
			r.look[i] = math.MaxInt64
		}
	}
	return list
}

// lookAt has x looked at by then, or sooner where that was wanted before. A session that is replaced or gone is not.
func (r *registry) lookAt(x *Session, at int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID[x.Station] == x {
		r.look[x.place] = min(r.look[x.place], at)
	}
}

// Connection tells how a station is connected.
func (s *Server) Connection(id gnista.StationID) (station.Connection, bool) {
	x, ok := s.sessions.find(id)
	if !ok {
		return station.Connection{}, false
	}
	return station.Connection{Version: x.dialect.Version, Remote: x.remote(), Since: x.since(), SeenAt: x.seenAt()}, true
}

// Connected lists the stations that are connected.
func (s *Server) Connected() []gnista.StationID {
	all := s.sessions.all()
	list := make([]gnista.StationID, len(all))
	for i, x := range all {
		list[i] = x.Station
	}
	return list
}

// Disconnect closes a station's connection, for a reason.
func (s *Server) Disconnect(id gnista.StationID, reason string) {
	if x, ok := s.sessions.find(id); ok {
		x.end(closedByOperator, reason, reason)
	}
}

// Held tells how a station is connected here, and the epoch of this node's claim to it.
func (s *Server) Held(id gnista.StationID) (c station.Connection, epoch int64, ok bool) {
	c, ok = s.Connection(id)
	if x, here := s.sessions.find(id); here {
		epoch = x.epoch.Load()
	}
	return c, epoch, ok && epoch > 0
}

// Yield ends the connection of a station that another node has claimed since.
func (s *Server) Yield(id gnista.StationID, epoch int64) {
	x, ok := s.sessions.find(id)
	if !ok {
		return
	}
	for old := x.outrunBy.Load(); old < epoch && !x.outrunBy.CompareAndSwap(old, epoch); old = x.outrunBy.Load() {
	}
	x.yield()
}

// yield ends a session that a newer one on another node has taken the place of. While our own claim is not there it
// is not known which of them is newer.
func (x *Session) yield() {
	if own := x.epoch.Load(); own > 0 && own < x.outrunBy.Load() && x.server.sessions.remove(x) {
		x.end(ws.StatusPolicyViolation, "the station has connected again", "")
	}
}
