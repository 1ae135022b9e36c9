package site

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"gnista"
)

// loop controls the power of one site.
type loop struct {
	c       *Control
	site    string
	nudge   chan struct{}
	started bool // guarded by that of Control

	mu      sync.Mutex
	tree    *tree
	gauges  []gauge // as the nodes of the tree
	draws   map[key]draw
	doing   map[key]string // what cars do, as far as that was heard
	dirty   map[gnista.StationID]bool
	rebuilt map[gnista.StationID]bool // they may have forgotten what they were told
	lower   map[key]bool              // they have reported too much power
	lookAll time.Time
	seen    *snapshot

	// Of the goroutine that controls.
	ours    map[gnista.StationID]bool // the stations of the site
	about   map[gnista.StationID]about
	spots   []Spot // as the EVSEs of grown
	grown   *tree
	gone    []Spot // of EVSEs that are no longer in the tree and have not forgotten what they were told
	kept    map[key]Spot
	memory  memory
	wrote   string // of memory
	events  []gnista.Event
	moments momentState
	loaded  bool
	began   time.Time // when meters were listened to first
	evMu    sync.Mutex
}

// memory is what is remembered of a site beside its EVSEs.
type memory struct {
	Gauges map[string]gauge
	Excess map[string]*excess
	Silent map[string]bool `json:",omitempty"` // nodes whose meter has fallen silent, as was told
}

func newLoop(c *Control, site string) *loop {
	return &loop{
		c: c, site: site, nudge: make(chan struct{}, 1), draws: map[key]draw{}, doing: map[key]string{}, dirty: map[gnista.StationID]bool{},
		rebuilt: map[gnista.StationID]bool{}, lower: map[key]bool{}, about: map[gnista.StationID]about{}, kept: map[key]Spot{},
	}
}

func (l *loop) wake() {
	select {
	case l.nudge <- struct{}{}:
	default:
	}
}

// plant gives the site another tree, unless it has a newer one.
func (l *loop) plant(t *tree) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tree != nil && t.UpdatedAt.Before(l.tree.UpdatedAt) {
		return false
	}
	gauges := make([]gauge, len(t.nodes))
	if l.tree != nil {
		for i, n := range l.tree.nodes {
			if at, ok := t.at[n.ID]; ok {
				gauges[at] = l.gauges[i]
			}
		}
	}
	l.tree, l.gauges, l.lookAll = t, gauges, time.Time{}
	return true
}

// mark has a station looked at again; anew says that it may have forgotten what it was told.
func (l *loop) mark(id gnista.StationID, anew bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dirty[id] = true
	if anew {
		l.rebuilt[id] = true
	}
}

// read takes in what a meter shows. Invalid.
func (l *loop) read(r Metering) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	node := 0
	if r.Node != "" {
		var ok bool
		if node, ok = l.tree.at[r.Node]; !ok {
			return gnista.Invalidf("node", "there is no node %q", r.Node)
		}
	}
	if err := l.tree.take(&l.gauges[node], r, node, l.c.Now()); err != nil {
		return err
	}
	l.wake()
	return nil
}

// breath is the least time between two looks.
const breath = time.Second

// run looks every control period, and soon after something has happened, until ctx ends.
func (l *loop) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := l.step(ctx)
		if err != nil && gnista.CodeOf(err) == gnista.NotFound && l.c.forget(ctx, l) {
			return
		}
		if err != nil && ctx.Err() == nil {
			l.c.Log.Error("the power of a site is not controlled for now", "site", l.site, "err", err)
		}
		l.mu.Lock()
		pause := l.tree.period()
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(breath):
		}
		select {
		case <-ctx.Done():
		case <-l.nudge:
		case <-time.After(pause - breath):
		}
	}
}

// step divides the power once and has the stations follow.
func (l *loop) step(ctx context.Context) error {
	zone, err := l.c.Zone(ctx, l.site)
	if err != nil {
		return err
	}
	t, gauges := l.begin()
	if err := l.recall(ctx, t); err != nil {
		return err
	}
	if t != l.grown {
		l.arrange(t)
	}
	now := l.c.Now()
	ins, err := l.gather(ctx, t, l.spots, now)
	if err != nil {
		return err
	}
	gauges = l.merge(t, gauges)
	lower, rebuilt := l.heard()
	for i := range l.spots {
		s := &l.spots[i]
		if rebuilt[s.Station] {
			s.Until, s.Asked, s.again = time.Time{}, false, time.Time{}
			if s.Safe == Verified || s.Safe == Believed {
				s.Safe = Unverified
			}
		}
		s.observe(&t.EVSEs[i], &ins[i], now)
		l.follow(t, i, s, &ins[i], now)
	}
	l.reported(t, lower, ins, now)
	decide := func() (*decision, error) {
		now := l.c.Now()
		return t.decide(l.spots, ins, gauges, now.In(zone), now)
	}
	d, err := decide()
	if err != nil {
		return err
	}
	switch t.Mode {
	case On:
		if d, err = l.apply(ctx, t, ins, d, decide); err != nil {
			return err
		}
		l.verify(ctx, t, l.spots, ins)
	case Off:
		l.takeBack(ctx, t, now)
	}
	l.turns(d, now)
	l.watch(t, d, gauges, now)
	l.listen(t, gauges, now)
	l.dismiss(ctx, t, now)
	if err := l.keep(ctx, t, d, gauges, now); err != nil {
		return err
	}
	l.show(t, d, ins, gauges)
	return nil
}

// begin is what there is to keep, and what meters show.
func (l *loop) begin() (*tree, []gauge) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tree, slices.Clone(l.gauges)
}

// heard is what stations have told since the last time.
func (l *loop) heard() (lower map[key]bool, rebuilt map[gnista.StationID]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lower, rebuilt = l.lower, l.rebuilt
	l.lower, l.rebuilt = map[key]bool{}, map[gnista.StationID]bool{}
	return lower, rebuilt
}

// merge adds to what the meters show what was remembered of them.
func (l *loop) merge(t *tree, gauges []gauge) []gauge {
	for i, n := range t.nodes {
		was, ok := l.memory.Gauges[n.ID]
		if !ok {
			continue
		}
		g := &gauges[i]
		g.Highs, g.Own, g.OwnAt, g.Source = was.Highs, was.Own, was.OwnAt, was.Source
		if was.At.After(g.At) {
			g.Amps, g.Watts, g.At = was.Amps, was.Watts, was.At
		}
	}
	return gauges
}

// apply has the stations follow. Who is to take less is told first; where one does not accept that, the power is
// divided again; and only what then fits is told to who may take more.
func (l *loop) apply(ctx context.Context, t *tree, ins []input, d *decision, decide func() (*decision, error)) (*decision, error) {
	var err error
	for range 3 {
		less, _ := t.orders(d, l.spots)
		if len(less) == 0 {
			break
		}
		all := l.tell(ctx, t, l.spots, ins, less)
		if d, err = decide(); err != nil || all {
			break
		}
	}
	if err != nil || ctx.Err() != nil {
		return d, err
	}
	_, more := t.orders(d, l.spots)
	sum := t.sum(d)
	fits := more[:0]
	for _, o := range more {
		c := &d.choices[o.i]
		if o.amps > c.most {
			sum.add(t.on[o.i], c.phases, o.amps-c.most)
			if !sum.within(t.on[o.i]) {
				sum.add(t.on[o.i], c.phases, c.most-o.amps)
				continue
			}
		}
		fits = append(fits, o)
	}
	if len(fits) > 0 {
		l.tell(ctx, t, l.spots, ins, fits)
		d, err = decide()
	}
	now := l.c.Now()
	l.safeguard(ctx, t, l.spots, ins, now)
	return d, err
}

// turns keeps account of since when cars have a share or wait for one.
func (l *loop) turns(d *decision, now time.Time) {
	for i := range d.choices {
		s, c := &l.spots[i], &d.choices[i]
		switch {
		case s.Tx == "":
		case c.target > 0 && s.SharesAt.IsZero():
			s.SharesAt, s.WaitsAt = now, time.Time{}
		case c.target == 0 && (!s.SharesAt.IsZero() || s.WaitsAt.IsZero()):
			s.SharesAt, s.WaitsAt = time.Time{}, now
		}
	}
}

// recall reads what is stored of the site, once.
func (l *loop) recall(ctx context.Context, t *tree) error {
	if l.loaded {
		return nil
	}
	list, err := l.c.Store.SiteSpots(ctx, l.site)
	if err != nil {
		return err
	}
	text, err := l.c.Store.SiteMemory(ctx, l.site)
	if err != nil {
		return err
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &l.memory); err != nil {
			return err
		}
	}
	entries, err := l.c.Store.SiteProfiles(ctx, l.site)
	if err != nil {
		return err
	}
	l.gone = list
	l.arrange(t)
	if err := t.remember(l.spots, entries, l.c.Now()); err != nil {
		return err
	}
	l.loaded = true
	return nil
}

// arrange puts what is known of the EVSEs in the order of the tree.
func (l *loop) arrange(t *tree) {
	have := map[key]Spot{}
	for _, s := range append(slices.Clone(l.spots), l.gone...) {
		have[key{s.Station, s.EVSE}] = s
	}
	l.spots, l.gone = make([]Spot, len(t.EVSEs)), nil
	for i := range t.EVSEs {
		k := t.EVSEs[i].key()
		if s, ok := have[k]; ok {
			l.spots[i] = s
			delete(have, k)
		} else {
			l.spots[i] = Spot{Station: k.station, EVSE: k.evse}
		}
	}
	for _, s := range have {
		l.gone = append(l.gone, s)
	}
	l.grown = t
}

// takeBack has all stations forget what they were told.
func (l *loop) takeBack(ctx context.Context, t *tree, now time.Time) {
	var list []*Spot
	for i := range l.spots {
		if s := &l.spots[i]; s.Safe != NoSafe || !s.ToldAt.IsZero() || s.Trouble != "" {
			list = append(list, s)
		}
	}
	done := l.withdraw(ctx, t, list, now)
	for i := range l.spots {
		if s := &l.spots[i]; done[t.EVSEs[i].key()] {
			l.pardon(t.EVSEs[i].Node, s)
			*s = Spot{Station: s.Station, EVSE: s.EVSE}
		}
	}
}

// dismiss has the stations of EVSEs that are no longer in the tree forget what they were told.
func (l *loop) dismiss(ctx context.Context, t *tree, now time.Time) {
	var list []*Spot
	for i := range l.gone {
		list = append(list, &l.gone[i])
	}
	done := l.withdraw(ctx, t, list, now)
	l.gone = slices.DeleteFunc(l.gone, func(s Spot) bool {
		if !done[key{s.Station, s.EVSE}] {
			return false
		}
		l.pardon("", &s)
		return true
	})
}

// keep stores what has changed.
func (l *loop) keep(ctx context.Context, t *tree, d *decision, gauges []gauge, now time.Time) error {
	var k Kept
	look := func(list []Spot) {
		for i := range list {
			if s := list[i].lasting(); l.kept[key{s.Station, s.EVSE}] != s {
				k.Spots = append(k.Spots, s)
			}
		}
	}
	look(l.spots)
	look(l.gone)
	for id := range l.kept {
		_, here := t.places[id]
		if !here && !slices.ContainsFunc(l.gone, func(s Spot) bool { return s.Station == id.station && s.EVSE == id.evse }) {
			k.Gone = append(k.Gone, Spot{Station: id.station, EVSE: id.evse})
		}
	}
	l.memory.Gauges = map[string]gauge{}
	for i, g := range gauges {
		if !g.At.IsZero() || g.Source != "" {
			l.memory.Gauges[t.nodes[i].ID] = g
		}
	}
	text, err := json.Marshal(l.memory)
	if err != nil {
		return err
	}
	if string(text) != l.wrote {
		k.Memory = text
	}
	k.Moment, k.Most = l.moment(t, d, gauges, now), maxMoments
	l.evMu.Lock()
	k.Events = l.events
	l.evMu.Unlock()
	if len(k.Spots)+len(k.Gone)+len(k.Events) == 0 && k.Memory == nil && k.Moment == nil {
		return nil
	}
	if err := l.c.Store.KeepSite(ctx, l.site, k); err != nil {
		return err
	}
	l.wrote = string(text)
	for _, s := range k.Spots {
		l.kept[key{s.Station, s.EVSE}] = s
	}
	for _, s := range k.Gone {
		delete(l.kept, key{s.Station, s.EVSE})
	}
	l.evMu.Lock()
	l.events = l.events[len(k.Events):]
	l.evMu.Unlock()
	if k.Moment != nil {
		l.moments.was(*k.Moment)
	}
	return nil
}
