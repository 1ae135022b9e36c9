// Package nats joins the nodes of a cluster over NATS. Each node answers what it is asked about the stations that it
// holds ([Bus]), and the node that leads asks it ([Lead]), and hears at once what happens at the others. Nothing of
// that is kept: what must not be lost is in the database, and what is missed is asked for again.
//
// A node listens on one subject of its own and on one of all, whatever number of stations it has.
package nats

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	client "github.com/nats-io/nats.go"

	"gnista"
	"gnista/charging"
	"gnista/cluster"
	"gnista/station"
)

// Local is what a node does for the stations that it holds. A gateway.Server does.
type Local interface {
	station.Remote
	station.Presence
	Connected() []gnista.StationID
	Listen(id gnista.StationID, hear func(station.Heard)) (stop func())
	Mirroring(id gnista.StationID) station.MirrorStatus
	// Held tells how a station is connected here, and the epoch of the claim to it.
	Held(id gnista.StationID) (c station.Connection, epoch int64, ok bool)
	// Yield ends the connection of a station when its epoch is lower.
	Yield(id gnista.StationID, epoch int64)
}

// Claims keeps which node holds a station. A cluster.Store does.
type Claims interface {
	Claim(ctx context.Context, id gnista.StationID, node string) (cluster.Claim, error)
}

// Measurement is what a station has measured in a transaction.
type Measurement struct {
	Transaction charging.Transaction // as much of it as is of use at once
	Samples     []charging.Sample
}

// Bus is a node's end.
type Bus struct {
	Conn   *Conn
	Prefix string // of all subjects: clusters that share a NATS server have different ones
	Node   string
	Local  Local
	Claims Claims
	Codec  *Codec
	Limit  time.Duration // that a station has to answer
	Log    *slog.Logger

	serial  atomic.Int64 // of what was said of connections
	watched atomic.Int64 // until when somebody looks on, in milliseconds
	mu      sync.Mutex   // held while something is said of connections, so that it is in order
	busy    chan struct{}
	ends    map[string]func() // of who listens to stations, by the subject on which they hear it
}

// What is asked of a node.
const (
	opOrder      = "order"
	opCall       = "call"
	opDisconnect = "disconnect"
	opTreat      = "treat"
	opMirroring  = "mirroring"
	opListen     = "listen"
	opYield      = "yield"
	opList       = "list"
)

// ask is what a node is asked.
type ask struct {
	Op      string             `json:"op"`
	Station gnista.StationID   `json:"station,omitempty"`
	Kind    string             `json:"kind,omitempty"`  // of the order, or the action of a call
	Data    json.RawMessage    `json:"data,omitempty"`  // the order, or the payload of a call
	Guard   string             `json:"guard,omitempty"` // the subject on which is asked whether it may be sent
	By      string             `json:"by,omitempty"`
	Within  time.Duration      `json:"within,omitempty"`
	Reason  string             `json:"reason,omitempty"`
	Epoch   int64              `json:"epoch,omitempty"`
	Treat   *station.Treatment `json:"treat,omitempty"`
	To      string             `json:"to,omitempty"` // the subject to tell on
}

// reply is what a node answers.
type reply struct {
	Data  json.RawMessage `json:"data,omitempty"`
	Code  gnista.Code     `json:"code,omitempty"` // of the error; empty where there is none
	Field string          `json:"field,omitempty"`
	Text  string          `json:"text,omitempty"`
}

// held is that a node holds a station.
type held struct {
	Station gnista.StationID `json:"station"`
	Version gnista.Version   `json:"version"`
	Remote  string           `json:"remote,omitempty"`
	Since   time.Time        `json:"since"`
	Epoch   int64            `json:"epoch"`
}

// word is what a node tells the one that leads.
type word struct {
	Node   string           `json:"node"`
	Serial int64            `json:"serial,omitempty"` // of what it says of connections
	Held   []held           `json:"held,omitempty"`
	Gone   gnista.StationID `json:"gone,omitempty"`
	Events []gnista.Event   `json:"events,omitempty"`
	Meter  *Measurement     `json:"meter,omitempty"`
	Clock  gnista.StationID `json:"clock,omitempty"` // whose clock is off
	Off    time.Duration    `json:"off,omitempty"`
	Alive  bool             `json:"alive,omitempty"` // it says that it is there, and how far it has come
	Last   bool             `json:"last,omitempty"`  // of a list
}

func (b *Bus) toNode(name string) string {
	return b.Prefix + ".node." + hex.EncodeToString([]byte(name))
}
func (b *Bus) toAll() string    { return b.Prefix + ".nodes" }
func (b *Bus) toLead() string   { return b.Prefix + ".lead" }
func (b *Bus) watching() string { return b.Prefix + ".watching" }

// aliveEvery is how often a node says that it is there.
const aliveEvery = 3 * time.Second

// maxAsked is how many orders of other nodes a node deals with at a time.
const maxAsked = 8192

// Serve answers what other nodes ask, until ctx ends.
func (b *Bus) Serve(ctx context.Context) error {
	b.busy, b.ends = make(chan struct{}, maxAsked), map[string]func(){}
	take := func(m *client.Msg) {
		select {
		case b.busy <- struct{}{}:
			go func() {
				defer func() { <-b.busy }()
				b.answer(ctx, m)
			}()
		default:
			b.respond(m, reply{Code: gnista.Timeout, Text: "the node that holds the station has too much to do"})
		}
	}
	var subs []*client.Subscription
	end := func() {
		for _, s := range subs {
			s.Unsubscribe()
		}
	}
	for subject, f := range map[string]client.MsgHandler{
		b.toNode(b.Node): take, b.toAll(): take,
		b.watching(): func(*client.Msg) { b.watched.Store(time.Now().Add(2 * aliveEvery).UnixMilli()) },
	} {
		s, err := b.Conn.Subscribe(subject, f)
		if err != nil {
			end()
			return fmt.Errorf("listening to other nodes: %w", err)
		}
		subs = append(subs, s)
	}
	go func() {
		tick := time.NewTicker(aliveEvery)
		defer tick.Stop()
		for ; ; <-tick.C {
			b.mu.Lock()
			b.tell(word{Serial: b.serial.Load(), Alive: true})
			b.mu.Unlock()
			if ctx.Err() != nil {
				end()
				return
			}
		}
	}()
	return nil
}

// tell tells the node that leads. What is not heard is no loss.
func (b *Bus) tell(w word) {
	if !b.Conn.IsConnected() { // as was logged
		return
	}
	w.Node = b.Node
	data, err := json.Marshal(w)
	if err != nil {
		b.Log.Warn("the node that leads could not be told", "err", err)
		return
	}
	b.Conn.say(b.toLead(), data)
}

// eventsAtOnce is how many events are told of in one message.
const eventsAtOnce = 200

// Told passes on durable events.
func (b *Bus) Told(evs []gnista.Event) {
	for ; len(evs) > eventsAtOnce; evs = evs[eventsAtOnce:] {
		b.tell(word{Events: evs[:eventsAtOnce]})
	}
	b.tell(word{Events: evs})
}

// Publish passes on an event that is not kept. Those of connections say as well who holds the station.
func (b *Bus) Publish(ev gnista.Event) {
	w := word{Events: []gnista.Event{ev}}
	switch ev.Kind {
	case "station.connected", "station.disconnected":
		b.mu.Lock()
		defer b.mu.Unlock()
		w.Serial = b.serial.Add(1)
		if h, ok := b.held(ev.Station); ok {
			w.Held = []held{h}
		} else {
			w.Gone = ev.Station
		}
	}
	b.tell(w)
}

func (b *Bus) held(id gnista.StationID) (held, bool) {
	c, epoch, ok := b.Local.Held(id)
	return held{id, c.Version, c.Remote, c.Since, epoch}, ok
}

// Watched tells whether anybody looks on, anywhere.
func (b *Bus) Watched() bool { return time.Now().UnixMilli() < b.watched.Load() }

// Measured passes on what was measured.
func (b *Bus) Measured(t *charging.Transaction, list []charging.Sample) {
	b.tell(word{Meter: &Measurement{charging.Transaction{ID: t.ID, Station: t.Station, EVSE: t.EVSE, Activity: t.Activity}, list}})
}

// ClockTold passes on how far the clock of a station is off.
func (b *Bus) ClockTold(id gnista.StationID, off time.Duration) { b.tell(word{Clock: id, Off: off}) }

// Claim makes this node the one that holds a station, and has the one that did end its connection.
func (b *Bus) Claim(ctx context.Context, id gnista.StationID) (int64, error) {
	c, err := b.Claims.Claim(ctx, id, b.Node)
	if err == nil && c.Was != "" && c.Was != b.Node {
		b.post(b.toNode(c.Was), ask{Op: opYield, Station: id, Epoch: c.Epoch})
	}
	return c.Epoch, err
}

// post asks something that there is no answer to.
func (b *Bus) post(subject string, a ask) {
	data, err := json.Marshal(a)
	if err != nil {
		b.Log.Warn("another node could not be told", "what", a.Op, "err", err)
		return
	}
	b.Conn.say(subject, data)
}

// answer does what another node asks.
func (b *Bus) answer(ctx context.Context, m *client.Msg) {
	var a ask
	if err := json.Unmarshal(m.Data, &a); err != nil {
		b.Log.Warn("another node asked what cannot be read", "err", err)
		return
	}
	ctx, cancel := context.WithTimeout(station.By(ctx, a.By), min(max(a.Within, time.Second), 2*b.Limit))
	defer cancel()
	switch a.Op {
	case opOrder:
		got, err := b.order(ctx, a)
		b.respond(m, said(got, err))
	case opCall:
		got, err := b.Local.Call(ctx, a.Station, a.Kind, a.Data)
		b.respond(m, said(got, err))
	case opMirroring:
		b.respond(m, said(b.Local.Mirroring(a.Station), nil))
	case opDisconnect:
		b.Local.Disconnect(a.Station, a.Reason)
	case opTreat:
		if a.Treat != nil {
			b.Local.Treat(a.Station, *a.Treat)
		}
	case opYield:
		b.Local.Yield(a.Station, a.Epoch)
	case opListen:
		b.listen(a)
	case opList:
		b.list(a.To)
	default: // of a newer version
		b.respond(m, reply{Code: gnista.Unsupported, Text: "the node that holds the station does not know how to do that; it runs another version"})
	}
}

// order gives a station of ours an order of another node.
func (b *Bus) order(ctx context.Context, a ask) (any, error) {
	o, err := b.Codec.order(a.Kind, a.Data)
	if err != nil {
		return nil, err
	}
	if a.Guard != "" {
		o = guarded{o, func(ctx context.Context) error {
			m, err := b.Conn.RequestWithContext(ctx, a.Guard, nil)
			if err != nil {
				return fmt.Errorf("whether it may be sent could not be asked: %w", err)
			}
			_, err = heard(m.Data)
			return err
		}}
	}
	return b.Local.Do(ctx, a.Station, o)
}

// guarded is an order of another node, which is asked whether it may be sent.
type guarded struct {
	order any
	allow func(context.Context) error
}

// Allow asks.
func (g guarded) Allow(ctx context.Context) error { return g.allow(ctx) }

// Plain is the order itself.
func (g guarded) Plain() any { return g.order }

// Adapt is the order itself, as the station needs it.
func (g guarded) Adapt(a station.Adaptations) (any, error) {
	if x, ok := g.order.(station.Adaptable); ok {
		return x.Adapt(a)
	}
	return g.order, nil
}

// listensFor is how long a node tells what it hears of a station, at the most.
const listensFor = time.Hour

// listen begins to tell what is heard of a station, or ends it.
func (b *Bus) listen(a ask) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if end := b.ends[a.To]; end != nil {
		end()
		delete(b.ends, a.To)
	}
	if a.Station == "" {
		return
	}
	stop := b.Local.Listen(a.Station, func(h station.Heard) {
		if data, err := json.Marshal(h); err == nil {
			b.Conn.say(a.To, data)
		}
	})
	time.AfterFunc(listensFor, stop)
	b.ends[a.To] = stop
}

// heldAtOnce is how many connections are told of in one message.
const heldAtOnce = 2000

// list tells of all connections.
func (b *Bus) list(to string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := word{Node: b.Node, Serial: b.serial.Load()}
	send := func() {
		if data, err := json.Marshal(w); err == nil {
			b.Conn.say(to, data)
		}
		w.Held = nil
	}
	for _, id := range b.Local.Connected() {
		if h, ok := b.held(id); ok {
			if w.Held = append(w.Held, h); len(w.Held) == heldAtOnce {
				send()
			}
		}
	}
	w.Last = true
	send()
}

func (b *Bus) respond(m *client.Msg, r reply) {
	data, err := json.Marshal(r)
	if err == nil && int64(len(data)) > b.Conn.MaxPayload() {
		data, err = json.Marshal(reply{Code: gnista.Internal, Text: fmt.Sprintf("the answer has %d bytes, and the NATS server takes %d: raise its max_payload", len(data), b.Conn.MaxPayload())})
	}
	if err != nil {
		b.Log.Warn("another node could not be answered", "err", err)
		return
	}
	if m.Reply != "" {
		b.Conn.say(m.Reply, data)
	}
}
