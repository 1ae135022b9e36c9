package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/power"
	"gnista/station"
)

// Store keeps the limits of sites and how their power is shared.
type Store interface {
	// SiteLimits finds the tree of a site. NotFound.
	SiteLimits(ctx context.Context, site string) (Grid, error)
	// LimitedSites lists up to limit sites that have a tree, in the order of their ids, behind after.
	LimitedSites(ctx context.Context, after string, limit int) ([]string, error)
	// SetSiteLimits keeps the tree of a site and ev with it; was is UpdatedAt of the one that it replaces, zero
	// where there is none. Conflict when that is another one, NotFound where there is no such site.
	SetSiteLimits(ctx context.Context, site string, l Grid, was time.Time, ev gnista.Event) error
	// StationsAt lists the stations of a site.
	StationsAt(ctx context.Context, site string) ([]gnista.StationID, error)
	// SiteCars lists the transactions that are active at the stations of a site.
	SiteCars(ctx context.Context, site string) ([]Car, error)
	// SiteProfiles lists the profiles, of [power.SharingNumber], that the stations of a site were given.
	SiteProfiles(ctx context.Context, site string) ([]power.Entry, error)
	// SiteSpots lists what is known of the EVSEs of a site.
	SiteSpots(ctx context.Context, site string) ([]Spot, error)
	// SiteMemory is what is remembered of a site; empty where nothing is.
	SiteMemory(ctx context.Context, site string) ([]byte, error)
	// KeepSite keeps what has changed at a site, all of it or nothing.
	KeepSite(ctx context.Context, site string, k Kept) error
	// SiteMoments lists how the power of a site was shared, the newest first, behind the moment with the id before.
	SiteMoments(ctx context.Context, site, before string, limit int) ([]Moment, error)
}

// Kept is what has changed at a site.
type Kept struct {
	Spots  []Spot
	Gone   []Spot // EVSEs that are no longer of the site, and have forgotten what they were told
	Memory []byte // nil is as before
	Moment *Moment
	Most   int // moments that are kept
	Events []gnista.Event
}

// Control keeps the power of all sites below their limits.
type Control struct {
	Store   Store
	Zone    func(ctx context.Context, site string) (*time.Location, error)
	Power   *power.Power
	Network *station.Network
	Now     func() time.Time
	NewID   func() string
	Log     *slog.Logger

	mu       sync.RWMutex
	loops    map[string]*loop
	stations map[gnista.StationID]*loop
	start    func(*loop) // nil while nothing is controlled
	running  sync.WaitGroup
}

// Run controls until ctx ends.
func (c *Control) Run(ctx context.Context) {
	c.mu.Lock()
	c.start = func(l *loop) { c.running.Go(func() { l.run(ctx) }) }
	c.mu.Unlock()
	for {
		err := c.begin(ctx)
		if err == nil || ctx.Err() != nil {
			break
		}
		c.Log.Error("the power of sites is not controlled yet", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(startAgain):
		}
	}
	<-ctx.Done()
	c.mu.Lock()
	c.start = nil
	c.mu.Unlock()
	c.running.Wait()
}

const startAgain = 10 * time.Second

// begin reads the trees of all sites.
func (c *Control) begin(ctx context.Context) error {
	for after := ""; ; {
		list, err := c.Store.LimitedSites(ctx, after, 500)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, site := range list {
			switch err := c.load(ctx, site); gnista.CodeOf(err) {
			case gnista.Invalid: // others are not to suffer from that
				c.Log.Error("the power of a site is not controlled", "site", site, "err", err)
			case gnista.NotFound: // it has just been deleted
			default:
				if err != nil {
					return err
				}
			}
		}
		after = list[len(list)-1]
	}
}

// load has a site controlled by the tree that is stored.
func (c *Control) load(ctx context.Context, site string) error {
	limits, err := c.Store.SiteLimits(ctx, site)
	if err != nil {
		return err
	}
	mode := limits.Mode
	limits.Mode = Watch // what was taken before is not refused now
	t, _, err := grow(&limits)
	if err != nil {
		return err
	}
	limits.Mode = mode
	c.mu.Lock()
	if c.loops == nil {
		c.loops, c.stations = map[string]*loop{}, map[gnista.StationID]*loop{}
	}
	l := c.loops[site]
	if l == nil {
		l = newLoop(c, site)
		c.loops[site] = l
	}
	if !l.plant(t) {
		c.mu.Unlock()
		return nil
	}
	for id, other := range c.stations {
		if other == l {
			delete(c.stations, id)
		}
	}
	for i := range t.EVSEs {
		c.stations[t.EVSEs[i].Station] = l
	}
	if c.start != nil && !l.started {
		l.started = true
		c.start(l)
	}
	c.mu.Unlock()
	l.wake()
	return nil
}

// forget ends the control of a site that there is no more, and tells whether it is gone.
func (c *Control) forget(ctx context.Context, l *loop) bool {
	if _, err := c.Zone(ctx, l.site); err == nil || gnista.CodeOf(err) != gnista.NotFound {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.loops, l.site)
	for id, other := range c.stations {
		if other == l {
			delete(c.stations, id)
		}
	}
	return true
}

// Limits is the tree of a site, and what is odd about it. NotFound.
func (c *Control) Limits(ctx context.Context, site string) (Grid, []Oddity, error) {
	limits, err := c.Store.SiteLimits(ctx, site)
	if err != nil {
		return limits, nil, err
	}
	return limits, c.check(ctx, site, limits), nil
}

// check is what is odd about a tree that is stored.
func (c *Control) check(ctx context.Context, site string, l Grid) []Oddity {
	l.Nodes, l.EVSEs = append([]Node(nil), l.Nodes...), append([]Bay(nil), l.EVSEs...)
	l.Mode = Watch
	_, warnings, err := grow(&l)
	if err == nil {
		err = c.stationsExist(ctx, site, &l)
	}
	var bad *gnista.Error
	if errors.As(err, &bad) {
		warnings = append(warnings, Oddity{bad.Field, bad.Detail()})
	}
	return warnings
}

// Check tells what would come of a tree: with what was not said, and what is odd about it. Invalid, NotFound.
func (c *Control) Check(ctx context.Context, site string, l Grid) (Grid, []Oddity, error) {
	if _, err := c.Zone(ctx, site); err != nil {
		return l, nil, err
	}
	t, warnings, err := grow(&l)
	if err != nil {
		return l, nil, err
	}
	return *t.Grid, warnings, c.stationsExist(ctx, site, &l)
}

func (c *Control) stationsExist(ctx context.Context, site string, l *Grid) error {
	list, err := c.Store.StationsAt(ctx, site)
	if err != nil {
		return err
	}
	ours := make(map[gnista.StationID]bool, len(list))
	for _, id := range list {
		ours[id] = true
	}
	for i := range l.EVSEs {
		if !ours[l.EVSEs[i].Station] {
			return gnista.Invalidf(fmt.Sprintf("evses[%d].station", i), "%q is not a station of this site", l.EVSEs[i].Station)
		}
	}
	return nil
}

// SetLimits changes the tree of a site, whose UpdatedAt says which one is replaced. Invalid, NotFound, Conflict.
func (c *Control) SetLimits(ctx context.Context, site string, l Grid) (Grid, []Oddity, error) {
	was := l.UpdatedAt
	l, warnings, err := c.Check(ctx, site, l)
	if err != nil {
		return l, nil, err
	}
	l.UpdatedAt = c.Now().UTC().Truncate(time.Millisecond)
	if !l.UpdatedAt.After(was) {
		l.UpdatedAt = was.Add(time.Millisecond)
	}
	ev := event("site.limits-changed", site, "", l.UpdatedAt, map[string]any{"mode": l.Mode, "nodes": len(l.Nodes), "evses": len(l.EVSEs)})
	if err := c.Store.SetSiteLimits(ctx, site, l, was.UTC(), ev); err != nil {
		return l, nil, err
	}
	return l, warnings, c.load(context.WithoutCancel(ctx), site) // they hold, whether anybody waits for the answer or not
}

// of finds the loop of a site. NotFound.
func (c *Control) of(site string) (*loop, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if l := c.loops[site]; l != nil {
		return l, nil
	}
	return nil, gnista.Errorf(gnista.NotFound, "site %q has no limits of power", site)
}

// Read takes in what a meter of a site shows. NotFound, Invalid.
func (c *Control) Read(_ context.Context, site string, r Metering) error {
	l, err := c.of(site)
	if err != nil {
		return err
	}
	return l.read(r)
}

// Measured takes in what a station has measured in a transaction.
func (c *Control) Measured(t *charging.Transaction, list []charging.Sample) {
	if l := c.at(t.Station); l != nil {
		l.measured(t, list)
	}
}

func (c *Control) at(id gnista.StationID) *loop {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.stations[id]
}

// Lower has the share of an EVSE lowered at once, or with 0 those of all EVSEs of a station, which has reported
// that its power is too much; again only when it has had a control period to follow. What was measured afterwards
// raises it again. False where the power is not divided by us.
func (c *Control) Lower(id gnista.StationID, evse int) bool {
	l := c.at(id)
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.tree.places[key{id, evse}]; ok || evse == 0 {
		l.lower[key{id, evse}] = true
	}
	l.wake()
	return l.tree.Mode == On && slices.ContainsFunc(l.tree.EVSEs, func(b Bay) bool { return b.Station == id && (evse == 0 || b.EVSE == evse) })
}

// Take takes in an event that may change what there is to share. It never waits.
func (c *Control) Take(ev gnista.Event) {
	l := c.at(ev.Station)
	if l == nil || ev.Station == "" {
		return
	}
	switch {
	case ev.Kind == "transaction.started", ev.Kind == "transaction.ended", ev.Kind == "connector.status":
	case ev.Kind == "station.booted":
		l.mark(ev.Station, true)
	case ev.Kind == "station.changed", ev.Kind == "station.registered", strings.HasPrefix(ev.Kind, "power.limit"):
		l.mark(ev.Station, false)
	case strings.HasPrefix(ev.Kind, "profile."):
		var x struct{ Profile int }
		if json.Unmarshal(ev.Data, &x) != nil {
			return
		}
		if _, _, ours := power.SharingSlot(x.Profile); ours {
			if ev.Kind != "profile.cleared" && ev.Kind != "profile.missing" {
				return
			}
			l.mark(ev.Station, true) // somebody has taken it away
		} else {
			l.mark(ev.Station, false)
		}
	default:
		return
	}
	l.wake()
}

// Moments lists how the power of a site was shared, the newest first. NotFound.
func (c *Control) Moments(ctx context.Context, site, before string, limit int) ([]Moment, error) {
	if _, err := c.of(site); err != nil {
		return nil, err
	}
	return c.Store.SiteMoments(ctx, site, before, limit)
}

// event is an event of a site.
func event(kind, site string, id gnista.StationID, now time.Time, data map[string]any) gnista.Event {
	data["site"] = site
	text, _ := json.Marshal(data) // maps of plain values marshal
	return gnista.Event{At: now, Kind: kind, Station: id, Subject: site, Data: text}
}
