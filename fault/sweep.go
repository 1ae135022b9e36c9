package fault

import (
	"context"
	"errors"
	"time"

	"gnista"
)

// Sweep stores what is known in memory only, clears what clears by itself, and forgets what is old.
func (f *Faults) Sweep(ctx context.Context) error {
	return errors.Join(f.Write(ctx), f.expire(ctx), f.finish(ctx), f.Store.PruneFaults(ctx, f.Now().Add(-keptFor), maxCleared))
}

// How long faults and incidents that are over are kept, and how many.
const (
	keptFor    = 400 * 24 * time.Hour
	maxCleared = 500_000
	atATime    = 500
)

// Write stores what is known in memory only.
func (f *Faults) Write(ctx context.Context) error {
	f.mu.Lock()
	owners := make([]*owned, 0, len(f.owners))
	now := f.Now()
	for w, o := range f.owners {
		if o.TryLock() { // one that is busy is not empty
			if len(o.open) == 0 && len(o.over) == 0 && !o.crowded(now) && len(o.openings) == 0 {
				o.forgotten = true
				delete(f.owners, w)
			} else {
				owners = append(owners, o)
			}
			o.Unlock()
		} else {
			owners = append(owners, o)
		}
	}
	f.mu.Unlock()
	var list []Fault
	flush := func() error {
		if len(list) == 0 {
			return nil
		}
		gone, err := f.Store.CountFaults(ctx, list)
		if err != nil {
			return errors.Join(err, f.notWritten(ctx, list))
		}
		list = list[:0]
		return f.forget(ctx, gone)
	}
	for _, o := range owners {
		o.Lock()
		for s, t := range o.over {
			if now.Sub(t) > MomentFor {
				delete(o.over, s)
			}
		}
		for _, k := range o.open {
			if k.unwritten {
				x := k.Fault
				x.Count = k.told
				list = append(list, x)
				k.told, k.unwritten = 0, false
			}
		}
		o.Unlock()
		if len(list) >= atATime {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// forget takes what is not stored any more out of the memory: its station was deleted.
func (f *Faults) forget(ctx context.Context, gone []Fault) error {
	return f.eachKnown(ctx, gone, func(o *owned, at spot, _ Fault) { f.drop(o, at) })
}

// look takes out of the memory what is not stored any more of a station.
func (f *Faults) look(ctx context.Context, id gnista.StationID) error {
	list, err := f.open(ctx, id)
	if err != nil {
		return err
	}
	var gone []Fault
	for _, x := range list {
		if _, err := f.Store.Fault(ctx, x.ID); gnista.CodeOf(err) == gnista.NotFound {
			gone = append(gone, x)
		} else if err != nil {
			return err
		}
	}
	return f.forget(ctx, gone)
}

// notWritten notes that what was to be stored was not.
func (f *Faults) notWritten(ctx context.Context, list []Fault) error {
	return f.eachKnown(ctx, list, func(o *owned, at spot, x Fault) {
		k := o.open[at]
		k.told, k.unwritten = k.told+x.Count, true
	})
}

// eachKnown does something with those faults of a list that are open still.
func (f *Faults) eachKnown(ctx context.Context, list []Fault, do func(*owned, spot, Fault)) error {
	for _, x := range list {
		o, err := f.of(ctx, x.place().owner(), false)
		if err != nil {
			return err
		}
		if o == nil {
			continue
		}
		if at := (spot{x.EVSE, x.Key}); o.open[at] != nil && o.open[at].ID == x.ID {
			do(o, at, x)
		}
		o.Unlock()
	}
	return nil
}

// expire clears what clears by itself, and tells of what is not shelved any more.
func (f *Faults) expire(ctx context.Context) error {
	for {
		now := f.Now()
		list, err := f.Store.DueFaults(ctx, now, atATime)
		if err != nil {
			return err
		}
		moved := false
		for _, x := range list {
			_, err := f.change(ctx, x.ID, func(x *Fault) (*Step, error) {
				switch {
				case !x.Until.IsZero() && !now.Before(x.Until):
					x.ClearedAt, x.Until, moved = now, time.Time{}, true
					why := "a moment that is over"
					if x.Chatters {
						why = "it has been quiet"
					}
					return &Step{Fault: *x, Kind: ClearedKind, Done: Done{At: now, What: doneCleared, Why: why}}, nil
				case !x.ShelvedUntil.IsZero() && !now.Before(x.ShelvedUntil):
					x.ShelvedUntil, x.ShelvedBy, moved = time.Time{}, "", true
					return &Step{Fault: *x, Kind: Changed, Done: Done{At: now, What: doneUnshelved, Why: "its time is over"}}, nil
				}
				return nil, nil
			})
			if err != nil && gnista.CodeOf(err) != gnista.NotFound {
				return err
			}
		}
		if len(list) < atATime || !moved { // of all of them more is known in memory
			return nil
		}
	}
}

// change changes a fault, in memory too.
func (f *Faults) change(ctx context.Context, id string, change func(*Fault) (*Step, error)) (Fault, error) {
	x, err := f.Store.Fault(ctx, id)
	if err != nil {
		return x, err
	}
	o, err := f.of(ctx, x.place().owner(), true)
	if err != nil {
		return x, err
	}
	defer o.Unlock()
	at := spot{x.EVSE, x.Key}
	k := o.open[at]
	if k != nil && k.ID != id {
		k = nil
	}
	var done *Step
	x, err = f.Store.ChangeFault(ctx, id, func(x *Fault) (*Step, error) {
		if k != nil {
			k.onto(x)
		}
		done, err = change(x)
		return done, err
	})
	if err != nil || done == nil || k == nil {
		return x, err
	}
	if x.Open() {
		loose := k.loose
		k = knows(x)
		k.loose = loose
		f.put(o, at, k)
		return x, nil
	}
	f.drop(o, at)
	return x, f.left(ctx, x)
}

// about is what is known of a station for its faults.
type about struct {
	at                            time.Time // when it was looked up
	site, vendor, model, firmware string
}

// aboutFor is how long what is known of a station may be old.
const aboutFor = time.Minute

// find is what is known of a station. NotFound.
func (f *Faults) find(ctx context.Context, id gnista.StationID) (about, error) {
	f.mu.Lock()
	a, ok := f.about[id]
	f.mu.Unlock()
	now := f.Now()
	if ok && now.Sub(a.at) < aboutFor {
		return a, nil
	}
	s, err := f.Stations.Station(ctx, id)
	if err != nil {
		return about{}, err
	}
	a = about{now, s.Site, s.Vendor, s.Model, s.Firmware}
	f.mu.Lock()
	if f.about == nil || len(f.about) > 10_000 {
		f.about = map[gnista.StationID]about{}
	}
	f.about[id] = a
	f.mu.Unlock()
	return a, nil
}
