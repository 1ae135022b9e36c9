package station

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gnista"
)

// EventStream is a stream of values of one monitored variable (OCPP 2.1).
type EventStream struct {
	Number   int // the station's
	Monitor  int // id of the [Monitor]
	Interval int // between messages, in seconds; 0 leaves it to Values
	Values   int // of one message; 0 leaves it to Interval
	OpenedAt time.Time
	ClosedAt time.Time // zero while it is open
	Pending  int       // values that the station has not sent yet, as it last said
	Behind   bool      // they have become more: the stream should be sent oftener, or with more values (OCPP 2.1 N15.FR.05)
	Last     []StreamValue
}

// StreamValue is one value of a stream.
type StreamValue struct {
	At    time.Time `json:"at"`
	Value string    `json:"value"`
}

// AdjustStream changes how often a stream is sent. (OCPP 2.1 N14.FR.01)
type AdjustStream struct{ Number, Interval, Values int }

func (AdjustStream) Answers() (a Answer) { return a }
func (o AdjustStream) Told() Told        { return Told{Kind: "event-stream", Note: fmt.Sprint(o.Number)} }

// Check finds an order that changes nothing.
func (o AdjustStream) Check() error {
	if o.Interval < 0 || o.Values < 0 || o.Interval+o.Values == 0 {
		return gnista.Invalidf("interval", "or values must be more than 0")
	}
	return nil
}

// ReadStreams asks which streams are open. (OCPP 2.1 N12)
type ReadStreams struct{}

func (ReadStreams) Answers() (list []EventStream) { return list }
func (ReadStreams) Told() Told                    { return Told{Kind: "read-event-streams"} }

// StreamStore keeps streams.
type StreamStore interface {
	// ChangeStream changes a stream, or makes one when it is not there; it has no OpenedAt then.
	ChangeStream(ctx context.Context, id gnista.StationID, number int, change func(*EventStream) error) error
	// DeleteStream forgets a stream.
	DeleteStream(ctx context.Context, id gnista.StationID, number int) error
	// Streams lists the streams of a station in the order of their numbers.
	Streams(ctx context.Context, id gnista.StationID) ([]EventStream, error)
}

const (
	maxStreams      = 200 // of one station; real ones monitor a few variables
	maxStreamValues = 200 // the newest that are kept of one stream
	maxStreamText   = 100 // characters of a value
)

// OpenStream takes in that a station begins to send a stream, and tells whether it may. (OCPP 2.1 N11.FR.04, N11.FR.05, N11.FR.06)
func (n *Network) OpenStream(ctx context.Context, id gnista.StationID, s EventStream) (bool, error) {
	list, err := n.Streams.Streams(ctx, id)
	if err != nil {
		return false, err
	}
	if len(list) >= maxStreams && !slices.ContainsFunc(list, func(x EventStream) bool { return x.Number == s.Number }) {
		var oldest *EventStream // of those that have ended, which makes room
		for i, x := range list {
			if !x.ClosedAt.IsZero() && (oldest == nil || x.ClosedAt.Before(oldest.ClosedAt)) {
				oldest = &list[i]
			}
		}
		if oldest == nil {
			return false, nil
		}
		if err := n.Streams.DeleteStream(ctx, id, oldest.Number); err != nil {
			return false, err
		}
	}
	return true, n.Streams.ChangeStream(ctx, id, s.Number, func(x *EventStream) error {
		*x = s
		x.OpenedAt = n.Now()
		return nil
	})
}

// CloseStream takes in that a stream has ended. (OCPP 2.1 N12, N13.FR.02)
func (n *Network) CloseStream(ctx context.Context, id gnista.StationID, number int) error {
	err := n.Streams.ChangeStream(ctx, id, number, func(x *EventStream) error {
		if x.OpenedAt.IsZero() {
			return errNoStream
		}
		x.ClosedAt = n.Now()
		return nil
	})
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil // as the station has it
	}
	return err
}

var errNoStream = gnista.Errorf(gnista.NotFound, "there is no such stream")

// Stream takes in values of a stream. Those of one that was never opened are not kept. (OCPP 2.1 N15)
func (n *Network) Stream(ctx context.Context, id gnista.StationID, number, pending int, values []StreamValue) error {
	err := n.Streams.ChangeStream(ctx, id, number, func(x *EventStream) error {
		if x.OpenedAt.IsZero() {
			return errNoStream
		}
		x.Behind = pending > 0 && len(x.Last) > 0 && (pending > x.Pending || pending == x.Pending && x.Behind)
		x.Pending = pending
		values = values[max(0, len(values)-maxStreamValues):]
		for i := range values {
			shorten(&values[i].Value, maxStreamText)
		}
		x.Last = append(x.Last, values...)
		x.Last = x.Last[max(0, len(x.Last)-maxStreamValues):]
		return nil
	})
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	return err
}

// Adjust changes how often a stream is sent.
func (n *Network) Adjust(ctx context.Context, id gnista.StationID, o AdjustStream) (Answer, error) {
	a, err := Give(ctx, n, id, o)
	if err != nil || a.Status != Done {
		return a, err
	}
	err = n.Streams.ChangeStream(ctx, id, o.Number, func(x *EventStream) error {
		if x.OpenedAt.IsZero() {
			x.OpenedAt = n.Now()
		}
		x.Number, x.Interval, x.Values = o.Number, o.Interval, o.Values
		return nil
	})
	return a, err
}

// ReadStreamsOf asks which streams are open, and corrects what is kept.
func (n *Network) ReadStreamsOf(ctx context.Context, id gnista.StationID) error {
	open, err := Give(ctx, n, id, ReadStreams{})
	if err != nil {
		return err
	}
	kept, err := n.Streams.Streams(ctx, id)
	if err != nil {
		return err
	}
	there := map[int]bool{}
	for _, s := range open[:min(len(open), maxStreams)] {
		there[s.Number] = true
		if err := n.Streams.ChangeStream(ctx, id, s.Number, func(x *EventStream) error {
			if x.OpenedAt.IsZero() {
				x.OpenedAt = n.Now()
			}
			x.Number, x.Monitor, x.Interval, x.Values, x.ClosedAt = s.Number, s.Monitor, s.Interval, s.Values, time.Time{}
			return nil
		}); err != nil {
			return err
		}
	}
	for _, s := range kept {
		if !there[s.Number] && s.ClosedAt.IsZero() {
			if err := n.CloseStream(ctx, id, s.Number); err != nil {
				return err
			}
		}
	}
	return nil
}
