package watch

import (
	"context"
	"fmt"
	"time"

	"gnista/charging"
	"gnista/station"
)

// The rules of starts, and of cars that stand there.
var (
	notFollowed = Rule{"order-not-followed", "StartWithoutCharge"} // a start that was agreed to, with a car there
	startsFail  = Rule{"starts-fail", "StartsFail"}
	preparing   = Rule{"preparing", "StuckPreparing"}
	suspended   = Rule{"suspended-ev", "StuckSuspendedEV"}
	finishing   = Rule{"finishing", "StuckFinishing"}
)

type startStore interface {
	// NotFollowed lists orders to start, given between two times, that a station agreed to, and where a car is
	// plugged in and no transaction has begun since.
	NotFollowed(ctx context.Context, from, to time.Time, limit int) ([]Finding, error)
	// FailedStarts lists EVSEs that orders to start failed at since a time, as often as least and without a
	// transaction that began there since the last of them that worked; Count is how often, and Since the first.
	FailedStarts(ctx context.Context, since time.Time, least, limit int) ([]FailedStart, error)
}

// FailedStart is an EVSE that orders to start fail at; 0 is where the station had the choice.
type FailedStart struct {
	Place
	Count int
	Since time.Time
}

// Waiting is a connector that has had a status for long, of a station that is connected.
type Waiting struct {
	Place
	Status  station.Status
	Since   time.Time // by our clock
	Active  bool      // a transaction is active there
	Charged bool      // one has ended there since
}

type waitStore interface {
	// WaitingConnectors lists connectors that have had one of these statuses since before a time: preparing,
	// finishing or occupied.
	WaitingConnectors(ctx context.Context, status station.Status, before time.Time, limit int) ([]Waiting, error)
	// SuspendedEV lists active transactions that began before a time and whose car takes nothing.
	SuspendedEV(ctx context.Context, before time.Time, limit int) ([]charging.Transaction, error)
}

// sweepStarts looks for orders to start that come to nothing.
func (w *Watch) sweepStarts(ctx context.Context) error {
	l, now := &w.Limits, w.Now()
	list, err := w.Store.NotFollowed(ctx, now.Add(-l.StartWithin-time.Hour), now.Add(-l.StartWithin), most)
	if err != nil {
		return fmt.Errorf("looking for orders that were not followed: %w", err)
	}
	for i, f := range list {
		list[i].Facts = map[string]any{"minutes": int(now.Sub(f.Since) / time.Minute)}
	}
	if err := w.settle(ctx, notFollowed, list); err != nil {
		return err
	}
	failed, err := w.Store.FailedStarts(ctx, now.Add(-l.StartsIn), l.Starts, most)
	if err != nil {
		return fmt.Errorf("looking for starts that fail: %w", err)
	}
	list = nil
	for _, f := range failed {
		list = append(list, Finding{Place: f.Place, Since: f.Since, Facts: map[string]any{"count": f.Count}})
	}
	return w.settle(ctx, startsFail, list)
}

// sweepWaiting looks for cars that stand plugged in without charging. OCPP 2.x says only that a connector is
// occupied; whether a car has charged there tells the one from the other.
func (w *Watch) sweepWaiting(ctx context.Context) error {
	now := w.Now()
	var before, after []Finding
	for status, may := range map[station.Status]time.Duration{
		station.Preparing: w.Limits.Preparing, station.Finishing: w.Limits.Finishing, station.Occupied: min(w.Limits.Preparing, w.Limits.Finishing),
	} {
		list, err := w.Store.WaitingConnectors(ctx, status, now.Add(-may), most)
		if err != nil {
			return fmt.Errorf("looking for cars that wait: %w", err)
		}
		for _, c := range list {
			f := Finding{Place: c.Place, Since: c.Since}
			stood := now.Sub(c.Since)
			switch {
			case c.Active:
			case c.Status == station.Finishing || c.Status == station.Occupied && c.Charged:
				if stood >= w.Limits.Finishing {
					after = append(after, f)
				}
			case stood >= w.Limits.Preparing:
				before = append(before, f)
			}
		}
	}
	if err := w.settle(ctx, preparing, before); err != nil {
		return err
	}
	return w.settle(ctx, finishing, after)
}

// sweepSuspended looks for cars that are offered energy and take none.
func (w *Watch) sweepSuspended(ctx context.Context) error {
	before := w.Now().Add(-w.Limits.SuspendedEV)
	list, err := w.Store.SuspendedEV(ctx, before, most)
	if err != nil {
		return fmt.Errorf("looking for cars that take nothing: %w", err)
	}
	var found []Finding
	for i := range list {
		t := &list[i]
		steps := t.Progress.Timeline
		if len(steps) == 0 || t.PowerW > 0 {
			continue
		}
		if since := steps[len(steps)-1].At; !since.After(before) {
			found = append(found, Finding{Place: Place{t.Station, t.EVSE}, Since: since, Transaction: t.ID})
		}
	}
	return w.settle(ctx, suspended, found)
}
