package gateway

import (
	"fmt"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// pace is how fast a station sends. It outlives the station's connection, so that connecting again
// wins nothing.
type pace struct {
	mu     sync.Mutex
	frames level // of what came in
	made   level // of what is kept for good
	since  int64 // when the station began to be ahead, in milliseconds; 0 while it is not
	told   int64 // when the operator was last told
}

// costOf is what a frame of so many bytes counts: one, and one more for each kilobyte, as reading and
// keeping it takes longer.
func costOf(bytes int) float64 { return 1 + float64(bytes)/1024 }

// tellEvery is how often the operator is told of a station that is ahead all the time.
const tellEvery = time.Minute

// take counts a frame and returns how long whoever reads must wait before it goes on, and whether the
// operator is to be told, as that has gone on for longer than patience.
func (p *pace) take(cost float64, frames, made Rate, patience time.Duration, now time.Time) (wait time.Duration, tell bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frames = p.frames.more(cost, frames, now)
	wait = max(p.frames.over(frames), level{p.made.after(made, now), now.UnixMilli()}.over(made))
	if wait == 0 {
		if p.frames.used < float64(frames.Burst)/2 {
			p.since = 0
		}
		return 0, false
	}
	at := now.UnixMilli()
	if p.since == 0 {
		p.since = at
	}
	if tell = at-p.since >= patience.Milliseconds() && at-p.told >= tellEvery.Milliseconds(); tell {
		p.told = at
	}
	return wait, tell
}

// make counts something that is kept for good.
func (p *pace) make(r Rate, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made = p.made.more(1, r, now)
}

// idle tells whether nothing need be remembered of p.
func (p *pace) idle(frames, made Rate, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frames.after(frames, now) == 0 && p.made.after(made, now) == 0
}

func (l level) more(n float64, r Rate, now time.Time) level {
	if r.PerSecond <= 0 {
		return level{at: now.UnixMilli()}
	}
	return level{l.after(r, now) + n, now.UnixMilli()}
}

// over is how long it takes until the level is within the burst again.
func (l level) over(r Rate) time.Duration {
	if r.PerSecond <= 0 || l.used <= float64(r.Burst) {
		return 0
	}
	return time.Duration((l.used - float64(r.Burst)) / r.PerSecond * float64(time.Second))
}

// paces are those of stations that have gone and would be made to wait if they came back. Only who was
// admitted has one.
type paces struct {
	mu   sync.Mutex
	byID map[gnista.StationID]*pace
}

func (p *paces) keep(id gnista.StationID, its *pace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byID == nil {
		p.byID = map[gnista.StationID]*pace{}
	}
	p.byID[id] = its
}

// of is the pace of a station that connects.
func (p *paces) of(id gnista.StationID) *pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	if its := p.byID[id]; its != nil {
		delete(p.byID, id)
		return its
	}
	return &pace{}
}

func (p *paces) forget(idle func(*pace) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, its := range p.byID {
		if idle(its) {
			delete(p.byID, id)
		}
	}
}

// await makes a station that sends more than it may wait: what it has sent stays in its socket, and it
// can send no more when that is full. Nothing is lost by it, and nothing is refused.
func (x *Session) await(bytes int) {
	s := x.server
	if s.Limits.Pace.PerSecond <= 0 {
		return
	}
	wait, tell := x.pace.take(costOf(bytes), s.Limits.Pace, s.Limits.Made, s.Limits.Patience, s.Now())
	if tell {
		s.note(x.Station, x.remote(), station.TooMany, fmt.Sprintf(
			"the station sends more than is taken from it, and is made to wait: %g messages of a kilobyte each second, or %g new transactions, after %d and %d at once",
			s.Limits.Pace.PerSecond/2, s.Limits.Made.PerSecond, s.Limits.Pace.Burst/2, s.Limits.Made.Burst))
	}
	for ; wait > 0 && !x.ended.Load(); wait -= time.Second {
		timer := time.NewTimer(min(wait, time.Second)) // the session may end meanwhile
		select {
		case <-s.done:
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}
