package uptime

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"gnista"
	"gnista/station"
)

// Store keeps what uptime is reckoned from.
type Store interface {
	ExclusionStore
	FigureStore
	// Outlets lists connectors in the order of station, EVSE and connector.
	Outlets(ctx context.Context, f Filter) ([]Outlet, error)
	// Outages lists what overlapped a time at stations between two, both of them included, and of a site where
	// one is named, in the order of stations.
	Outages(ctx context.Context, site string, first, last gnista.StationID, s Span) ([]Outage, error)
	// Observed lists the times that we watched, in order, as far as they overlap a time; and when we first did.
	Observed(ctx context.Context, s Span) (list []Span, first time.Time, err error)
}

// Uptime reckons from what was recorded.
type Uptime struct {
	Store    Store
	Sites    *station.Sites
	Stations station.Store
	// OfflineAfter is how long a station may be away without that being downtime; what lasts longer is
	// downtime from its beginning.
	OfflineAfter time.Duration
	Least        int64 // Wh from which a charge counts as one
	Now          func() time.Time
	NewID        func() string
}

// The usual settings of an [Uptime].
const (
	OfflineAfter = 5 * time.Minute
	LeastWh      = 100
)

// Of is what uptime is reckoned of.
type Of string

// What it is reckoned of. That of a station or a site is that of its EVSEs, each as much as the time that it was there.
const (
	OfConnector Of = "connector"
	OfEVSE      Of = "evse"
	OfStation   Of = "station"
	OfSite      Of = "site"
)

// Query is what is asked for.
type Query struct {
	Of Of
	Filter
	AfterSite string // of sites: behind it
	Span             // both times are given
}

// Share is how much of a time something could be used.
type Share struct {
	Outlet      // as far as it is one: what is no part of what was asked for is zero
	Outlets int // EVSEs that it is reckoned of; of a connector or an EVSE 1
	Time    time.Duration
	Down    map[Cause]time.Duration // by what it was
	Spared  map[Kind]time.Duration  // of that what is not counted, by why
}

func newShare(o Outlet) Share {
	return Share{Outlet: o, Down: map[Cause]time.Duration{}, Spared: map[Kind]time.Duration{}}
}

func sum[K comparable](of map[K]time.Duration) (d time.Duration) {
	for _, x := range of {
		d += x
	}
	return d
}

// Downtime is all of it.
func (s *Share) Downtime() time.Duration { return sum(s.Down) }

// Excluded is what of the downtime is not counted.
func (s *Share) Excluded() time.Duration { return sum(s.Spared) }

// Percent is (time − downtime + excluded) / time, in percent with three decimals; NaN of no time.
func (s *Share) Percent() float64 {
	if s.Time <= 0 {
		return math.NaN()
	}
	return math.Round(float64(s.Time-s.Downtime()+s.Excluded())/float64(s.Time)*100_000) / 1000
}

func (s *Share) add(o Share) {
	s.Outlets += o.Outlets
	s.Time += o.Time
	for c, d := range o.Down {
		s.Down[c] += d
	}
	for k, d := range o.Spared {
		s.Spared[k] += d
	}
}

// longest is the longest time that is reckoned of at once.
const longest = 400 * 24 * time.Hour

// Shares reckons a page of what is asked for, in the order of sites, or of stations and their parts. Invalid.
func (u *Uptime) Shares(ctx context.Context, q Query) ([]Share, error) {
	switch {
	case q.Since.IsZero() || !q.Until.After(q.Since):
		return nil, gnista.Invalidf("until", "must be after since")
	case q.Until.Sub(q.Since) > longest:
		return nil, gnista.Invalidf("until", "is more than %d days after since", longest/(24*time.Hour))
	}
	r, err := u.reckoning(ctx, q)
	if err != nil {
		return nil, err
	}
	switch q.Of {
	case OfConnector, OfEVSE, OfStation:
		return r.page(ctx, q.Of, q.Filter)
	case OfSite:
		return r.sites(ctx, q)
	}
	return nil, gnista.Invalidf("of", "%q is not connector, evse, station or site", q.Of)
}

// reckoning is what all shares of a query are reckoned from.
type reckoning struct {
	*Uptime
	Span
	unseen   []Span
	excluded []Exclusion
	closed   map[string][]Span // by site
}

func (u *Uptime) reckoning(ctx context.Context, q Query) (*reckoning, error) {
	r := &reckoning{Uptime: u, Span: Span{q.Since, earlier(q.Until, u.Now())}, closed: map[string][]Span{}}
	seen, first, err := u.Store.Observed(ctx, r.Span)
	if err != nil {
		return nil, err
	}
	r.Since = later(r.Since, first)
	if n := len(seen); n > 0 { // what was kept last is a little old
		seen[n-1].Until = seen[n-1].Until.Add(2 * observeEvery)
	}
	r.unseen = gaps(seen, r.Since, r.Until)
	r.excluded, err = u.Store.Exclusions(ctx, r.Span, "", maxExclusions)
	return r, err
}

// page reckons of what outlets make up, in their order.
func (r *reckoning) page(ctx context.Context, of Of, f Filter) ([]Share, error) {
	limit, list := f.Limit, []Share{}
	var group []Outlet // of the EVSE that is being read
	flush := func(outages []Outage) error {
		if len(group) == 0 {
			return nil
		}
		s, err := r.evse(ctx, group, outages)
		if err != nil {
			return err
		}
		group = nil
		if of == OfStation {
			s.Place = Place{Station: s.Station}
			if n := len(list); n > 0 && list[n-1].Station == s.Station {
				list[n-1].add(s)
				return nil
			}
		}
		list = append(list, s)
		return nil
	}
	for f.Limit = chunk; len(list) <= limit; {
		outlets, err := r.Store.Outlets(ctx, f)
		if err != nil {
			return nil, err
		}
		var outages []Outage
		if len(outlets) > 0 {
			first := outlets[0].Station
			if len(group) > 0 {
				first = group[0].Station
			}
			if outages, err = r.Store.Outages(ctx, f.Site, first, outlets[len(outlets)-1].Station, r.Span); err != nil {
				return nil, err
			}
		}
		for _, o := range outlets {
			if n := len(group); n > 0 && (of == OfConnector || group[n-1].Station != o.Station || group[n-1].EVSE.ID != o.EVSE.ID) {
				if err := flush(outages); err != nil {
					return nil, err
				}
			}
			group = append(group, o)
			f.After = o.Place
		}
		if len(outlets) < chunk {
			if err := flush(outages); err != nil {
				return nil, err
			}
			break
		}
	}
	return list[:min(len(list), limit)], nil
}

// chunk is how many outlets are read at once.
const chunk = 500

// sites reckons of sites in the order of their ids.
func (r *reckoning) sites(ctx context.Context, q Query) ([]Share, error) {
	var ids []string
	if q.Station != "" && q.Site == "" {
		x, err := r.Stations.Station(ctx, q.Station)
		if err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return nil, err
		}
		if q.Site = x.Site; q.Site == "" {
			return nil, nil
		}
	}
	if q.Site != "" {
		if q.Site > q.AfterSite {
			ids = []string{q.Site}
		}
	} else {
		sites, err := r.Sites.Store.Sites(ctx, q.AfterSite, q.Limit)
		if err != nil {
			return nil, err
		}
		for _, s := range sites {
			ids = append(ids, s.ID)
		}
	}
	list := []Share{}
	for _, id := range ids {
		s := newShare(Outlet{Site: id})
		for f := (Filter{Site: id, Station: q.Station, Limit: chunk}); ; {
			stations, err := r.page(ctx, OfStation, f)
			if err != nil {
				return nil, err
			}
			for _, x := range stations {
				s.add(x)
				f.After = After(OfStation, x)
			}
			if len(stations) < chunk {
				break
			}
		}
		list = append(list, s)
	}
	return list, nil
}

// After is the place behind which a list goes on after a share.
func After(of Of, s Share) Place {
	p := s.Place
	if of == OfStation {
		p.EVSE.ID = math.MaxInt32
	}
	if of != OfConnector {
		p.Connector = math.MaxInt32
	}
	return p
}

// evse reckons of an EVSE, or of a connector where it is given alone: it can be used while one of its connectors can.
func (r *reckoning) evse(ctx context.Context, group []Outlet, outages []Outage) (Share, error) {
	s := newShare(group[0])
	s.Outlets = 1
	from, to := later(r.Since, s.CreatedAt), r.Until
	if !from.Before(to) {
		return s, nil
	}
	s.Time = to.Sub(from)
	spared, err := r.spared(ctx, group[0])
	if err != nil {
		return s, err
	}
	i, _ := slices.BinarySearchFunc(outages, s.Station, func(o Outage, id gnista.StationID) int { return cmp.Compare(o.Station, id) })
	var own []Outage
	for ; i < len(outages) && outages[i].Station == s.Station; i++ {
		o := outages[i]
		if o.Until.IsZero() {
			o.Until = r.Now()
		}
		if o.EVSE.ID == Link("").EVSE.ID && o.Until.Sub(o.Since) <= r.OfflineAfter {
			continue
		}
		if o.EVSE.ID <= 0 || o.EVSE.ID == s.EVSE.ID {
			own = append(own, o)
		}
	}
	if len(own) == 0 {
		return s, nil
	}
	cuts := []time.Time{from, to}
	cut := func(x Span) { cuts = append(cuts, x.Since, x.Until) }
	for _, o := range own {
		cut(Span{o.Since, o.Until})
	}
	for _, x := range spared {
		cut(x.Span)
	}
	slices.SortFunc(cuts, time.Time.Compare)
	for i := range cuts[1:] {
		a, b := later(cuts[i], from), earlier(cuts[i+1], to)
		if !a.Before(b) {
			continue
		}
		cause, kind := judge(group, own, spared, a)
		if cause != Works {
			s.Down[cause] += b.Sub(a)
		}
		if cause != Works && kind != Counts {
			s.Spared[kind] += b.Sub(a)
		}
	}
	return s, nil
}

// sparing is a time that is not counted.
type sparing struct {
	Span
	kind Kind
}

// judge is why no connector of an EVSE could be used at a time, and why that is not counted. The worst of what
// is the matter counts where none is spared.
func judge(group []Outlet, outages []Outage, spared []sparing, at time.Time) (Cause, Kind) {
	cause, kind := Works, Counts
	for i, c := range group {
		why := Works
		for _, o := range outages {
			if at.Before(o.Since) || !at.Before(o.Until) || o.EVSE.ID > 0 && o.Connector != 0 && o.Connector != c.Connector {
				continue
			}
			if why == Works || slices.Index(order, o.Cause) < slices.Index(order, why) {
				why = o.Cause
			}
		}
		if why == Works {
			return Works, Counts
		}
		not := Counts
		if why == Planned {
			not = Ordered
		}
		// A connector that was taken out and one that failed are both to blame, and the failure counts.
		if i == 0 || kind != Counts && not == Counts {
			cause, kind = why, not
		}
	}
	for _, x := range spared {
		if kind == Counts && !at.Before(x.Since) && at.Before(x.Until) {
			kind = x.kind
		}
	}
	return cause, kind
}

// order is which cause is told of where there are several: what was ordered, then what is wrong with the station.
var order = []Cause{Planned, Faulted, Unavailable, Offline}

// spared are the times that are not counted of an outlet.
func (r *reckoning) spared(ctx context.Context, o Outlet) (list []sparing, err error) {
	for _, s := range r.unseen {
		list = append(list, sparing{s, Unobserved})
	}
	for _, x := range r.excluded {
		if x.covers(o) {
			list = append(list, sparing{Span{x.Since, x.Until}, x.Kind})
		}
	}
	if o.Site == "" {
		return list, nil
	}
	shut, known := r.closed[o.Site]
	if !known {
		hours, err := r.Store.Opening(ctx, o.Site)
		if err != nil {
			return nil, err
		}
		if len(hours) > 0 {
			zone, err := r.Sites.SiteZone(ctx, o.Site)
			if err != nil {
				return nil, err
			}
			shut = closed(hours, zone, r.Since, r.Until)
		}
		r.closed[o.Site] = shut
	}
	for _, s := range shut {
		list = append(list, sparing{s, Closed})
	}
	return list, nil
}
