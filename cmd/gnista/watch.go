package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"gnista"
	"gnista/fault/uptime"
	"gnista/fault/watch"
	"gnista/station"
	"gnista/store"
)

// watching are the settings of what is found by ourselves.
type watching struct {
	OfflineAfter time.Duration `help:"How long a station may be away before that is a fault; one that tends to be away longer may." default:"15m"`
	DiskPercent  int           `help:"How much of the disk that has the data should be free, in percent; 0 is not to look." default:"10"`
	Expiring     time.Duration `help:"How long before its end a certificate that was not renewed is a fault." default:"336h" name:"certificate-warning"`
}

func (w watching) check() error {
	switch {
	case w.OfflineAfter < time.Minute:
		return errors.New("--offline-after must be a minute or more")
	case w.DiskPercent < 0 || w.DiskPercent > 90:
		return errors.New("--disk-percent must be 0 to 90")
	case w.Expiring < 0:
		return errors.New("--certificate-warning is negative")
	}
	return nil
}

// limits are the usual ones with the settings.
func (w watching) limits() watch.Limits {
	l := watch.DefaultLimits()
	if w == (watching{}) { // as in tests, which are not of the disk that they run on
		l.DiskPercent = 0
		return l
	}
	l.Offline, l.DiskPercent, l.Expiring = w.OfflineAfter, w.DiskPercent, w.Expiring
	return l
}

// watchers find what nobody tells of, and keep how well drivers are served.
type watchers struct {
	recorder *uptime.Recorder
	attempts *uptime.Attempts
	watch    *watch.Watch
	nudge    chan struct{}
}

// sweepLinks is how often it is looked at who is connected: outages are as exact as that.
const sweepLinks = 15 * time.Second

func (a *app) newWatchers(o options, sites *station.Sites) *uptime.Uptime {
	limits := o.Watching.limits()
	clocks := &watch.Clocks{Limits: limits, Now: o.Now}
	a.gateway.Clocks = clocks
	if o.Part.Clocks != nil {
		a.gateway.Clocks = o.Part.Clocks
	}
	w := &a.watchers
	w.recorder = &uptime.Recorder{Store: a.db, Presence: a.stations, Grace: uptime.Grace, KeptFor: uptime.KeptFor, Now: o.Now}
	w.attempts = &uptime.Attempts{
		Store: a.db, Transactions: a.db, Commands: a.db, Checkouts: a.db, Payments: a.db, Least: uptime.LeastWh, Within: uptime.VisitWithin, Now: o.Now, NewID: o.NewOwnID, Log: o.Log,
	}
	w.watch = &watch.Watch{Store: a.db, Commands: a.db, Transactions: a.db, Reporter: a.faults, Clocks: clocks, Limits: limits, Now: o.Now, Log: o.Log}
	if dir := filepath.Dir(o.Files); o.Files != "" && limits.DiskPercent > 0 {
		w.watch.Disk = func() (free, total uint64, err error) { return store.Room(dir) }
	}
	w.attempts.Energised = a.metrics.energised
	a.tokens.Refusals = refusals{a.metrics, w.attempts}
	return &uptime.Uptime{Store: a.db, Sites: sites, Stations: a.db, OfflineAfter: uptime.OfflineAfter, Least: uptime.LeastWh, Now: o.Now, NewID: o.NewID}
}

// startWatching looks and listens until ctx ends.
func (a *app) startWatching(ctx context.Context) {
	w := &a.watchers
	a.running.Go(func() { a.db.Consume(ctx, "watch", w.nudge, w.take) })
	a.every(ctx, sweepLinks, map[string]func(context.Context) error{"connections": w.recorder.Sweep})
	a.every(ctx, sweepEvery, map[string]func(context.Context) error{"silent faults": w.watch.Sweep})
	a.every(ctx, pruneEvery, map[string]func(context.Context) error{"attempts": w.attempts.Sweep})
}

// take takes in an event: for each of them it is safe to be told again.
func (w *watchers) take(ctx context.Context, ev gnista.Event) error {
	return errors.Join(w.recorder.Take(ctx, ev), w.attempts.Take(ctx, ev), w.watch.Take(ctx, ev))
}
