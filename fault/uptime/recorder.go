package uptime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// OutageStore keeps outages. Each method is safe to repeat.
type OutageStore interface {
	// SwitchOutage ends an outage, unless its Cause is [Works], and begins another one at the same place,
	// unless that one's is.
	SwitchOutage(ctx context.Context, end, begin Outage) error
	// LoseLinks begins outages of the connections of stations, and returns those that it began: planned ones
	// of stations that are not in service. There are none of stations that are deleted.
	LoseLinks(ctx context.Context, ids []gnista.StationID, at time.Time) ([]Outage, error)
	// FindLinks ends the outages of the connections of stations.
	FindLinks(ctx context.Context, ids []gnista.StationID, at time.Time) error
	// OpenOutages lists outages that last, behind the place after.
	OpenOutages(ctx context.Context, after Place, limit int) ([]Outage, error)
	// Booted lists stations that have ever booted, behind after.
	Booted(ctx context.Context, after gnista.StationID, limit int) ([]gnista.StationID, error)
	// Observe keeps that we watched from one time to another.
	Observe(ctx context.Context, from, until time.Time) error
	// ForgetOutages deletes what ended before a time.
	ForgetOutages(ctx context.Context, before time.Time) error
	// Ordered tells which of the effects the last order to a station had that has one of them and was not
	// refused; empty is none.
	Ordered(ctx context.Context, id gnista.StationID, effects []string) (string, error)
}

// Connected tells who is connected.
type Connected interface {
	Connected() []gnista.StationID
}

// Recorder keeps outages as they happen: what stations tell of their parts comes as events, and whether they are
// connected is looked at again and again. It is used by one goroutine that takes events and one that sweeps.
type Recorder struct {
	Store    OutageStore
	Presence Connected
	Grace    time.Duration // after a start of ours, in which stations may come back before they count as away
	KeptFor  time.Duration // how long outages are kept after they ended
	Now      func() time.Time

	mu      sync.Mutex
	began   time.Time                // when we began to watch
	down    map[Place]Outage         // what lasts
	up      map[gnista.StationID]int // who is connected, with the sweep that saw it last
	sweep   int
	settled bool // those that did not come back after our start are known
	kept    time.Time
	pruned  time.Time
}

// The usual times of a [Recorder].
const (
	Grace   = 10 * time.Minute
	KeptFor = 2 * 366 * 24 * time.Hour

	observeEvery = time.Minute
	pruneEvery   = time.Hour
	batch        = 500
)

// begin reads what lasted when we last ended.
func (r *Recorder) begin(ctx context.Context) error {
	if r.down != nil {
		return nil
	}
	down := map[Place]Outage{}
	for after := (Place{}); ; {
		list, err := r.Store.OpenOutages(ctx, after, batch)
		if err != nil {
			return fmt.Errorf("reading the outages that last: %w", err)
		}
		for _, o := range list {
			down[o.Place] = o
			after = o.Place
		}
		if len(list) < batch {
			break
		}
	}
	r.down, r.up, r.began = down, map[gnista.StationID]int{}, r.Now()
	return nil
}

// Take takes in an event: a status of a connector, and whether a station is in service.
func (r *Recorder) Take(ctx context.Context, ev gnista.Event) error {
	switch ev.Kind {
	case "connector.status":
		return r.takeStatus(ctx, ev)
	case "station.changed":
		return r.takeState(ctx, ev)
	}
	return nil
}

func (r *Recorder) takeStatus(ctx context.Context, ev gnista.Event) error {
	var told struct {
		EVSE, Connector int
		Status          station.Status
	}
	if err := json.Unmarshal(ev.Data, &told); err != nil {
		return fmt.Errorf("the event %d: %w", ev.Seq, err)
	}
	cause := Works
	switch told.Status {
	case station.Faulted:
		cause = Faulted
	case station.Unavailable:
		effects := station.AvailabilityEffects(told.EVSE)
		last, err := r.Store.Ordered(ctx, ev.Station, append(effects[0], effects[1]...))
		if err != nil {
			return err
		}
		cause = Unavailable
		if slices.Contains(effects[0], last) {
			cause = Planned
		}
	}
	return r.become(ctx, Place{ev.Station, gnista.EVSE{ID: told.EVSE, Connector: told.Connector}}, cause, ev.At)
}

// takeState changes why a station that is away is: the operator may have taken it out of service meanwhile.
func (r *Recorder) takeState(ctx context.Context, ev gnista.Event) error {
	var told struct{ State station.State }
	if err := json.Unmarshal(ev.Data, &told); err != nil {
		return fmt.Errorf("the event %d: %w", ev.Seq, err)
	}
	r.mu.Lock()
	err := r.begin(ctx)
	_, away := r.down[Link(ev.Station)]
	r.mu.Unlock()
	if err != nil || !away {
		return err
	}
	cause := Offline
	if told.State != station.Accepted {
		cause = Planned
	}
	return r.become(ctx, Link(ev.Station), cause, ev.At)
}

// become takes in that from a time on something cannot be used, or can again. What was taken in before changes
// nothing.
func (r *Recorder) become(ctx context.Context, at Place, cause Cause, when time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.begin(ctx); err != nil {
		return err
	}
	was := r.down[at]
	if was.Cause == cause || was.Cause != Works && !when.After(was.Since) {
		return nil
	}
	now := Outage{Place: at, Cause: cause, Since: when}
	was.Place, was.Until = at, when
	if err := r.Store.SwitchOutage(ctx, was, now); err != nil {
		return err
	}
	if cause == Works {
		delete(r.down, at)
	} else {
		r.down[at] = now
	}
	return nil
}

// Sweep looks at who is connected.
func (r *Recorder) Sweep(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.begin(ctx); err != nil {
		return err
	}
	now := r.Now()
	r.sweep++ // one map for all sweeps: a new one each time is much to be cleared away where there are many stations
	var back, away []gnista.StationID
	for _, id := range r.Presence.Connected() {
		r.up[id] = r.sweep
		if _, down := r.down[Link(id)]; down {
			back = append(back, id)
		}
	}
	for id, seen := range r.up {
		if seen == r.sweep {
			continue
		}
		delete(r.up, id)
		if _, down := r.down[Link(id)]; !down {
			away = append(away, id)
		}
	}
	err := errors.Join(r.found(ctx, back, now), r.lost(ctx, away, now))
	if !r.settled && err == nil && !now.Before(r.began.Add(r.Grace)) {
		err = r.settle(ctx)
		r.settled = err == nil
	}
	if err == nil && now.Sub(r.kept) >= observeEvery {
		if err = r.Store.Observe(ctx, r.began, now); err == nil {
			r.kept = now
		}
	}
	if err == nil && now.Sub(r.pruned) >= pruneEvery {
		if err = r.Store.ForgetOutages(ctx, now.Add(-r.KeptFor)); err == nil {
			r.pruned = now
		}
	}
	return err
}

// settle takes in who has not come back since we began.
func (r *Recorder) settle(ctx context.Context) error {
	for after := gnista.StationID(""); ; {
		ids, err := r.Store.Booted(ctx, after, batch)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		missing := slices.DeleteFunc(ids, func(id gnista.StationID) bool {
			_, down := r.down[Link(id)]
			_, up := r.up[id]
			return up || down
		})
		if err := r.lost(ctx, missing, r.began); err != nil {
			return err
		}
	}
}

func (r *Recorder) lost(ctx context.Context, ids []gnista.StationID, at time.Time) error {
	for i := 0; i < len(ids); i += batch {
		list, err := r.Store.LoseLinks(ctx, ids[i:min(i+batch, len(ids))], at)
		if err != nil {
			for _, id := range ids[i:] {
				r.up[id] = 0 // to be found missing again
			}
			return err
		}
		for _, o := range list {
			r.down[o.Place] = o
		}
	}
	return nil
}

func (r *Recorder) found(ctx context.Context, ids []gnista.StationID, at time.Time) error {
	for part := range slices.Chunk(ids, batch) {
		if err := r.Store.FindLinks(ctx, part, at); err != nil {
			return err
		}
		for _, id := range part {
			delete(r.down, Link(id))
		}
	}
	return nil
}
