package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// The rules of stations.
var (
	offline  = Rule{"offline", "Offline"}
	deaf     = Rule{"deaf", "Deaf"}
	bootLoop = Rule{"boot-loop", "BootLoop"}
	clock    = Rule{"clock", "ClockSkew"}
)

// Away is a station in service that is not connected.
type Away struct {
	Station gnista.StationID
	Since   time.Time
	Usual   time.Duration // the second longest of its absences before; 0 where there were not two
}

type awayStore interface {
	// Away lists stations in service that are away since before a time, behind after; their usual absences are
	// those that ended since.
	Away(ctx context.Context, after gnista.StationID, before, since time.Time, limit int) ([]Away, error)
	// BootedSince tells which of the stations with a finding of a rule have booted since a time.
	BootedSince(ctx context.Context, rule string, since time.Time) ([]gnista.StationID, error)
}

// sweepAway looks for stations that are away longer than they tend to be: one that is away each night is not
// missed in the evening.
func (w *Watch) sweepAway(ctx context.Context) error {
	l, now := &w.Limits, w.Now()
	var list []Finding
	for after := gnista.StationID(""); ; {
		page, err := w.Store.Away(ctx, after, now.Add(-l.Offline), now.Add(-l.OfflineMemory), batch)
		if err != nil {
			return fmt.Errorf("looking for stations that are away: %w", err)
		}
		for _, a := range page {
			after = a.Station
			may := min(max(l.Offline, a.Usual*time.Duration(l.OfflineUsual)/100), l.OfflineMost)
			if gone := now.Sub(a.Since); gone >= may {
				f := Finding{Place: Place{Station: a.Station}, Since: a.Since}
				if a.Usual > 0 && gone > a.Usual {
					f.Facts = map[string]any{"minutes": int((gone - a.Usual) / time.Minute)}
				}
				list = append(list, f)
			}
		}
		if len(page) < batch || len(list) >= most {
			return w.settle(ctx, offline, list)
		}
	}
}

// takeCommand looks for stations that send and do not hear.
func (w *Watch) takeCommand(ctx context.Context, ev gnista.Event) error {
	var told struct {
		Kind    string
		Outcome station.Outcome
	}
	if err := json.Unmarshal(ev.Data, &told); err != nil {
		return fmt.Errorf("the event %d: %w", ev.Seq, err)
	}
	at := Place{Station: ev.Station}
	switch {
	case told.Kind == "": // what was ordered has shown
		return nil
	case told.Outcome != station.Unknown:
		return w.close(ctx, deaf, at)
	}
	last, err := w.Commands.Commands(ctx, ev.Station, "", w.Limits.Deaf)
	if err != nil {
		return err
	}
	heard := func(c station.Command) bool { return c.Outcome != station.Unknown || !c.AnsweredAt.IsZero() }
	if len(last) < w.Limits.Deaf || slices.ContainsFunc(last, heard) {
		return nil
	}
	return w.open(ctx, deaf, Finding{Place: at, Since: last[len(last)-1].At, Facts: map[string]any{"count": len(last)}})
}

// takeBoot looks for stations that start again and again. What was seen before a restart of ours is forgotten: who
// is in a loop starts again.
func (w *Watch) takeBoot(ctx context.Context, ev gnista.Event) error {
	if w.boots == nil {
		w.boots = map[gnista.StationID][]int64{}
	}
	times, at := w.boots[ev.Station], ev.At.UnixMilli()
	if !slices.Contains(times, at) { // the event may be told again
		times = append(times, at)
	}
	times = slices.DeleteFunc(times, func(t int64) bool { return t <= at-w.Limits.BootsIn.Milliseconds() })
	if n := len(times); n > w.Limits.Boots {
		times = times[n-w.Limits.Boots:]
	}
	w.boots[ev.Station] = times
	if len(times) < w.Limits.Boots {
		return nil
	}
	took := max(time.Minute, time.Duration(at-times[0])*time.Millisecond)
	return w.open(ctx, bootLoop, Finding{Place: Place{Station: ev.Station}, Facts: map[string]any{"count": len(times), "minutes": int(took / time.Minute)}})
}

// sweepBoots closes what was found of stations that have been up for as long as a loop is looked for in.
func (w *Watch) sweepBoots(ctx context.Context) error {
	before := w.Now().Add(-w.Limits.BootsIn)
	for id, times := range w.boots {
		if times[len(times)-1] <= before.UnixMilli() {
			delete(w.boots, id)
		}
	}
	if len(w.found[bootLoop.Name]) == 0 {
		return nil
	}
	lately, err := w.Store.BootedSince(ctx, bootLoop.Name, before)
	if err != nil {
		return err
	}
	var over []Place
	for p := range w.found[bootLoop.Name] {
		if !slices.Contains(lately, p.Station) {
			over = append(over, p)
		}
	}
	return w.close(ctx, bootLoop, over...)
}

// Clocks learns how the clocks of stations go from the times in what they send. It keeps only stations whose clock
// seems to be wrong.
type Clocks struct {
	Limits Limits
	Now    func() time.Time

	mu    sync.Mutex
	wrong map[gnista.StationID]*skew
	told  map[gnista.StationID]bool // of which it was reported; true when they were right since
}

// skew is what is known of a clock. What is sent late is old, so the least that it is behind is what counts.
type skew struct {
	off         time.Duration // ahead of ours
	messages    int
	first, last time.Time
}

const (
	maxClocks   = 100_000
	skewForgets = 6 * time.Hour // after which it is learnt anew
)

// Told takes in that a message of a station told a time that is so far ahead of ours, or behind it where it is
// negative.
func (c *Clocks) Told(id gnista.StationID, ahead time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, known := c.wrong[id]
	if ahead.Abs() <= c.Limits.Clock {
		if known {
			delete(c.wrong, id)
		}
		if _, reported := c.told[id]; reported {
			c.told[id] = true
		}
		return
	}
	now := c.Now()
	if c.wrong == nil {
		c.wrong = map[gnista.StationID]*skew{}
	}
	if !known || now.Sub(s.first) > skewForgets {
		if !known && len(c.wrong) >= maxClocks {
			return
		}
		s = &skew{off: ahead, first: now}
		c.wrong[id] = s
	}
	s.off = max(s.off, ahead)
	s.messages++
	s.last = now
}

// judge is whose clock is wrong.
func (c *Clocks) judge() (wrong []Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, s := range c.wrong {
		switch {
		case c.Now().Sub(s.last) > skewForgets:
			delete(c.wrong, id)
		case s.messages >= c.Limits.ClockMessages && s.last.Sub(s.first) >= c.Limits.ClockOver:
			wrong = append(wrong, Finding{Place: Place{Station: id}, Facts: map[string]any{"seconds": int(s.off / time.Second)}})
		}
	}
	return wrong
}

// righted is which of the stations that were reported have been right since, and which are reported from now on.
func (c *Clocks) righted(reported map[Place]Found) (over []Place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	told := make(map[gnista.StationID]bool, len(reported))
	for p := range reported {
		if told[p.Station] = c.told[p.Station]; told[p.Station] {
			over = append(over, p)
		}
	}
	c.told = told
	return over
}

func (w *Watch) sweepClocks(ctx context.Context) error {
	if err := w.open(ctx, clock, w.Clocks.judge()...); err != nil {
		return err
	}
	return w.close(ctx, clock, w.Clocks.righted(w.found[clock.Name])...)
}
