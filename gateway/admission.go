package gateway

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"gnista/station"
)

// admission lets in connections at a rate. Those that come faster wait for their turn, and those that would wait for
// too long are told to come back: after a restart all stations come at the same time, and each that is let in has
// the database looked into and written to.
type admission struct {
	mu sync.Mutex
	level
}

// turn takes a turn and tells how long until it comes; false where that is longer than patience, and none is taken.
func (a *admission) turn(r Rate, patience time.Duration, now time.Time) (time.Duration, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	next := a.level.more(1, r, now)
	wait := next.over(r)
	if wait > patience {
		return 0, false
	}
	a.level = next
	return wait, true
}

// admit waits for a connection's turn.
func (s *Server) admit(ctx context.Context) *station.Refusal {
	if s.Limits.Admit.PerSecond <= 0 {
		return nil
	}
	busy := &station.Refusal{Cause: station.ServerUnable, Reason: "many stations connect at the moment, and more than are let in each second; this one may try again"}
	wait, ok := s.admission.turn(s.Limits.Admit, s.Limits.AdmitWait, s.Now())
	if !ok {
		return busy
	}
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-s.done:
			return busy
		case <-ctx.Done():
			return busy
		}
	}
	return nil
}

// later tells who is refused for a while when to come back: not all at the same time.
func later(w http.ResponseWriter) {
	w.Header().Set("Retry-After", strconv.Itoa(10+rand.IntN(50)))
}

// drainSteps is how often during a drain connections are closed.
const drainSteps = 100 * time.Millisecond

// drain closes connections one after the other, in no order, so that their stations come back to other nodes one
// after the other as well. What they send meanwhile is answered.
func (s *Server) drain(ctx context.Context, within time.Duration) {
	list := s.sessions.all()
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	steps := max(int(within/drainSteps), 1)
	tick := time.NewTicker(drainSteps)
	defer tick.Stop()
	for i := range steps {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, x := range list[len(list)*i/steps : len(list)*(i+1)/steps] {
			x.end(x.lastWord(), "the central system is stopping; connect again", "")
		}
	}
}
