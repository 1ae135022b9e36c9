package nats

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	client "github.com/nats-io/nats.go"

	"gnista"
	"gnista/charging"
	"gnista/cluster"
	"gnista/station"
)

// Hears is who hears at the leading node of what happens at the others.
type Hears struct {
	Events   func([]gnista.Event) // durable ones; they may come late, and in no order
	Live     func(gnista.Event)   // such that are not kept
	Measured func(*charging.Transaction, []charging.Sample)
	Clock    func(gnista.StationID, time.Duration)
}

// Lead is the end of the node that leads: all stations of the cluster, as if they were its own.
type Lead struct {
	*Bus
	To Hears
	// Watched tells whether anybody looks on here.
	Watched func() bool
	Now     func() time.Time

	mu    sync.RWMutex
	at    map[gnista.StationID]*seat
	nodes map[string]*peer
	sub   []*client.Subscription
	done  chan struct{}
}

// seat is where a station is connected.
type seat struct {
	node string
	held
	seen time.Time // when anything was heard of the station
}

// peer is what is known of another node.
type peer struct {
	seen   time.Time
	serial int64 // up to which its connections are known
	listed bool  // they are
	asked  time.Time
}

// Start begins to listen to all nodes.
func (l *Lead) Start() error {
	l.at, l.nodes, l.done = map[gnista.StationID]*seat{}, map[string]*peer{}, make(chan struct{})
	s, err := l.Conn.Subscribe(l.toLead(), func(m *client.Msg) { l.take(m.Data) })
	if err != nil {
		return err
	}
	// It is behind for a moment when a million stations come back; they are asked for again then.
	s.SetPendingLimits(1<<20, 256<<20)
	list, err := l.Conn.Subscribe(l.listing(), func(m *client.Msg) { l.take(m.Data) })
	if err != nil {
		s.Unsubscribe()
		return err
	}
	list.SetPendingLimits(-1, -1)
	l.sub = []*client.Subscription{s, list}
	l.post(l.toAll(), ask{Op: opList, To: l.listing()})
	go l.keep()
	return nil
}

// Stop ends it.
func (l *Lead) Stop() {
	for _, s := range l.sub {
		s.Unsubscribe()
	}
	close(l.done)
}

func (l *Lead) listing() string { return l.toNode(l.Node) + ".list" }

// keep forgets nodes of which nothing is heard, asks again for what was missed, and says that somebody looks on.
func (l *Lead) keep() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-tick.C:
		}
		if l.Watched() {
			l.Conn.say(l.watching(), nil)
		}
		l.mu.Lock()
		now := time.Now()
		var gone []*seat
		for name, p := range l.nodes {
			if now.Sub(p.seen) > cluster.Silence {
				delete(l.nodes, name)
				for id, s := range l.at {
					if s.node == name {
						delete(l.at, id)
						gone = append(gone, s)
					}
				}
			} else if !p.listed && now.Sub(p.asked) > aliveEvery {
				p.asked = now
				l.post(l.toNode(name), ask{Op: opList, To: l.listing()})
			}
		}
		l.mu.Unlock()
		if len(gone) > 0 {
			l.Log.Warn("nothing is heard of a node, so its stations are taken to be not connected", "node", gone[0].node, "stations", len(gone))
		}
		for _, s := range gone {
			l.To.Live(gnista.Event{At: l.Now(), Kind: "station.disconnected", Station: s.Station})
		}
	}
}

// take takes in what a node tells.
func (l *Lead) take(data []byte) {
	var w word
	if err := json.Unmarshal(data, &w); err != nil {
		l.Log.Warn("a node told what cannot be read", "err", err)
		return
	}
	if w.Node == l.Node { // who leads knows its own
		return
	}
	l.connections(w)
	var kept []gnista.Event
	for _, ev := range w.Events {
		if ev.Seq > 0 {
			kept = append(kept, ev)
		} else {
			l.To.Live(ev)
		}
	}
	if len(kept) > 0 {
		l.To.Events(kept)
	}
	if w.Meter != nil {
		l.To.Measured(&w.Meter.Transaction, w.Meter.Samples)
	}
	if w.Clock != "" {
		l.To.Clock(w.Clock, w.Off)
	}
}

// connections takes in what a node says of its connections.
func (l *Lead) connections(w word) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.nodes[w.Node]
	if p == nil {
		p = &peer{}
		l.nodes[w.Node] = p
	}
	p.seen = time.Now()
	switch {
	case w.Last:
		p.listed, p.serial = true, max(p.serial, w.Serial)
	case w.Alive && p.listed && p.serial != w.Serial, w.Serial > p.serial+1 && p.listed && !w.Alive:
		p.listed = false // something was missed
	}
	if len(w.Held) > 0 || w.Gone != "" {
		p.serial = max(p.serial, w.Serial)
	}
	for _, h := range w.Held {
		switch s := l.at[h.Station]; {
		case s != nil && s.node != w.Node && s.Epoch > h.Epoch: // it has not heard of that yet
			l.post(l.toNode(w.Node), ask{Op: opYield, Station: h.Station, Epoch: s.Epoch})
		case s != nil && s.node != w.Node && s.Epoch < h.Epoch:
			l.post(l.toNode(s.node), ask{Op: opYield, Station: h.Station, Epoch: h.Epoch})
			fallthrough
		default:
			l.at[h.Station] = &seat{w.Node, h, l.Now()}
		}
	}
	if s := l.at[w.Gone]; s != nil && s.node == w.Node {
		delete(l.at, w.Gone)
	}
	for _, ev := range w.Events {
		if s := l.at[ev.Station]; s != nil {
			s.seen = ev.At
		}
	}
}

// seat finds where a station is connected, if that is at another node.
func (l *Lead) seat(id gnista.StationID) (seat, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if s := l.at[id]; s != nil {
		return *s, true
	}
	return seat{}, false
}

// Connection tells how a station is connected, to whatever node.
func (l *Lead) Connection(id gnista.StationID) (station.Connection, bool) {
	if c, ok := l.Local.Connection(id); ok {
		return c, true
	}
	s, ok := l.seat(id)
	return station.Connection{Version: s.Version, Remote: s.Remote, Since: s.Since, SeenAt: s.seen}, ok
}

// Connected lists the stations that are connected.
func (l *Lead) Connected() []gnista.StationID {
	list := l.Local.Connected()
	here := make(map[gnista.StationID]bool, len(list))
	for _, id := range list {
		here[id] = true
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for id := range l.at {
		if !here[id] {
			list = append(list, id)
		}
	}
	return list
}

// Disconnect closes a station's connection, for a reason.
func (l *Lead) Disconnect(id gnista.StationID, reason string) {
	l.Local.Disconnect(id, reason)
	if s, ok := l.seat(id); ok {
		l.post(l.toNode(s.node), ask{Op: opDisconnect, Station: id, Reason: reason})
	}
}

// Treat has a connected station dealt with in another way from now on.
func (l *Lead) Treat(id gnista.StationID, t station.Treatment) {
	l.Local.Treat(id, t)
	if s, ok := l.seat(id); ok {
		l.post(l.toNode(s.node), ask{Op: opTreat, Station: id, Treat: &t})
	}
}

// Do tells a station an order, at whatever node it is.
func (l *Lead) Do(ctx context.Context, id gnista.StationID, order any) (any, error) {
	s, elsewhere := l.seat(id)
	if _, here := l.Local.Connection(id); here || !elsewhere {
		return l.Local.Do(ctx, id, order)
	}
	a := ask{Op: opOrder, Station: id}
	if g, ok := order.(station.Guarded); ok {
		order = g.Plain()
		a.Guard = l.Conn.NewInbox()
		sub, err := l.Conn.Subscribe(a.Guard, func(m *client.Msg) { go l.respond(m, said(nil, g.Allow(ctx))) })
		if err != nil {
			return nil, err
		}
		defer sub.Unsubscribe()
	}
	var err error
	if a.Kind, a.Data, err = l.Codec.write(order); err != nil {
		return nil, err
	}
	data, err := l.ask(ctx, s.node, a)
	if len(data) == 0 {
		return nil, err
	}
	got, bad := l.Codec.answer(order, data)
	if err == nil {
		err = bad
	}
	return got, err
}

// Call sends any message of a station's version, at whatever node it is.
func (l *Lead) Call(ctx context.Context, id gnista.StationID, action string, payload json.RawMessage) (json.RawMessage, error) {
	s, elsewhere := l.seat(id)
	if _, here := l.Local.Connection(id); here || !elsewhere {
		return l.Local.Call(ctx, id, action, payload)
	}
	return l.ask(ctx, s.node, ask{Op: opCall, Station: id, Kind: action, Data: payload})
}

// slack is how much longer another node is waited for than its station.
const slack = 2 * time.Second

// ask asks a node about a station, and waits for its answer.
func (l *Lead) ask(ctx context.Context, node string, a ask) (json.RawMessage, error) {
	a.Within = l.Limit
	if end, ok := ctx.Deadline(); ok {
		a.Within = min(a.Within, time.Until(end))
	}
	a.By = station.Sender(ctx)
	data, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > l.Conn.MaxPayload() {
		return nil, gnista.Errorf(gnista.Unsupported, "this has %d bytes, and the NATS server between the nodes takes %d: raise its max_payload", len(data), l.Conn.MaxPayload())
	}
	if !l.Conn.IsConnected() {
		return nil, gnista.Errorf(gnista.Offline, "station %s is connected to the node %q, which is not reached: the connection to NATS is gone", a.Station, node)
	}
	limited, cancel := context.WithTimeout(ctx, a.Within+slack)
	defer cancel()
	m, err := l.Conn.RequestWithContext(limited, l.toNode(node), data)
	switch {
	case errors.Is(err, client.ErrNoResponders):
		return nil, gnista.Errorf(gnista.Offline, "the node %q, which station %s is connected to, is not reached", node, a.Station)
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, gnista.Errorf(gnista.Timeout, "the node %q, which station %s is connected to, did not answer in time: %w", node, a.Station, err)
	}
	return heard(m.Data)
}

// Mirroring tells how the mirroring of a station goes.
func (l *Lead) Mirroring(id gnista.StationID) station.MirrorStatus {
	s, elsewhere := l.seat(id)
	if _, here := l.Local.Connection(id); here || !elsewhere {
		return l.Local.Mirroring(id)
	}
	ctx, cancel := context.WithTimeout(context.Background(), slack)
	defer cancel()
	var status station.MirrorStatus
	data, err := l.ask(ctx, s.node, ask{Op: opMirroring, Station: id})
	if err == nil {
		err = json.Unmarshal(data, &status)
	}
	if err != nil {
		status.LastError = err.Error()
	}
	return status
}

// Listen tells hear what a station sends, at whatever node it is, until stop is called.
func (l *Lead) Listen(id gnista.StationID, hear func(station.Heard)) (stop func()) {
	here := l.Local.Listen(id, hear)
	inbox := l.Conn.NewInbox()
	sub, err := l.Conn.Subscribe(inbox, func(m *client.Msg) {
		var h station.Heard
		if json.Unmarshal(m.Data, &h) == nil {
			hear(h)
		}
	})
	if err != nil {
		l.Log.Warn("a station of another node cannot be listened to", "station", id, "err", err)
		return here
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for name := range l.nodes {
		l.post(l.toNode(name), ask{Op: opListen, Station: id, To: inbox})
	}
	return func() {
		here()
		sub.Unsubscribe()
		l.post(l.toAll(), ask{Op: opListen, To: inbox})
	}
}
