package station

import (
	"context"
	"encoding/json"
	"time"

	"gnista"
)

// Order is something that a station is told to do; A is what it answers. Orders are plain values of
// the domain packages; how a version says them, if it can, is known to its adapter.
type Order[A any] interface {
	// Answers says of what type the answer is. What it returns does not matter.
	Answers() A
	// Told is what is kept of the order as a [Command].
	Told() Told
}

// Checked is an order whose values can be wrong.
type Checked interface {
	// Check finds what is wrong before anything is sent. Invalid.
	Check() error
}

// Adaptable is an order that some stations must be told in another way, or not at all.
type Adaptable interface {
	// Adapt is the order for a station with these adaptations. Its error is told in place of an answer.
	Adapt(a Adaptations) (any, error)
}

// Guarded is an order that may only be sent while something holds.
type Guarded interface {
	// Allow is asked when the turn of the order has come, right before it is sent. Its error is told in place of an answer.
	Allow(ctx context.Context) error
	// Plain is the order without that.
	Plain() any
}

// Told describes an order. Nothing in it is secret.
type Told struct {
	Kind   string // of the order, as in "reset"
	Note   string // what distinguishes it from others of its kind, in words
	EVSE   int    // that it is for; 0 is the station, or any
	Effect string // by which its having been done shows later, see [Network.Settle]; empty when the answer says it all
	// Within is the time in which the effect shows, after which nobody knows; 0 is [EffectTime].
	Within time.Duration
}

// EffectTime is how long the effect of an accepted order is waited for where it does not say.
const EffectTime = 10 * time.Minute

// Remote tells stations. Its errors are Offline when the station is not connected, Timeout when it
// does not answer, Unsupported when its version or the station itself has no such thing, Refused when
// it answers with an error.
type Remote interface {
	// Do tells a station an [Order] and returns an answer of the type that the order says.
	Do(ctx context.Context, id gnista.StationID, order any) (any, error)
	// Call sends any message of the station's version; the payload is checked against it. Invalid.
	Call(ctx context.Context, id gnista.StationID, action string, payload json.RawMessage) (json.RawMessage, error)
}

// Tell tells a station an order without keeping it.
func Tell[A any](ctx context.Context, r Remote, id gnista.StationID, order Order[A]) (A, error) {
	if c, ok := order.(Checked); ok {
		if err := c.Check(); err != nil {
			return *new(A), err
		}
	}
	got, err := r.Do(ctx, id, order)
	answer, _ := got.(A)
	return answer, err
}

// Give tells a station an order of the operator's, and keeps it with what comes of it. Where the
// answer is an [Answer], or has one in it, that has the id of the command.
func Give[A any](ctx context.Context, n *Network, id gnista.StationID, order Order[A]) (A, error) {
	var answer A
	if c, ok := order.(Checked); ok {
		if err := c.Check(); err != nil {
			return answer, err
		}
	}
	told := order.Told()
	c, err := n.open(ctx, id, told)
	if err != nil {
		return answer, err
	}
	answer, err = Tell(ctx, n.Remote, id, order)
	said := Answer{Status: Done}
	a, plain := any(&answer).(*Answer)
	if plain {
		said = *a
	} else if more, ok := any(answer).(interface{ Said() Answer }); ok { // an answer with more in it
		said = more.Said()
	}
	if closed := n.close(ctx, &c, told, said, err); err == nil && closed != nil {
		return answer, closed
	}
	if k, ok := any(&answer).(interface{ kept(Command) }); ok {
		k.kept(c)
	}
	return answer, err
}

// Call sends a station any message of its version, and keeps that as a command.
func (n *Network) Call(ctx context.Context, id gnista.StationID, action string, payload json.RawMessage) (json.RawMessage, error) {
	told := Told{Kind: "call", Note: action}
	c, err := n.open(ctx, id, told)
	if err != nil {
		return nil, err
	}
	result, err := n.Remote.Call(ctx, id, action, payload)
	if closed := n.close(ctx, &c, told, Answer{Status: Done}, err); err == nil && closed != nil {
		return nil, closed
	}
	return result, err
}

// Explain tells a station that is away from one that does not exist, in the error of an order.
func (n *Network) Explain(ctx context.Context, id gnista.StationID, err error) error {
	if err == nil || gnista.CodeOf(err) != gnista.Offline {
		return err
	}
	if _, missing := n.Store.Station(ctx, id); missing != nil {
		return missing
	}
	return err
}

// Connection is a station's live connection.
type Connection struct {
	Version gnista.Version
	Remote  string
	Since   time.Time
	SeenAt  time.Time // when the last frame came in
}

// Presence tells who is connected.
type Presence interface {
	Connection(id gnista.StationID) (Connection, bool)
	// Disconnect closes a station's connection, for a reason; it does nothing when there is none.
	Disconnect(id gnista.StationID, reason string)
	// Treat has a connected station dealt with in another way from now on.
	Treat(id gnista.StationID, t Treatment)
}
