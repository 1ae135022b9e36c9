package station

import (
	"context"
	"time"

	"gnista"
)

// Message is one OCPP frame in the log.
type Message struct {
	ID        int64 // in the order of time
	At        time.Time
	Station   gnista.StationID
	Outgoing  bool // from us to the station
	Type      int  // message type number; 0 for a text that is no frame
	MessageID string
	Action    string
	Text      string
}

// MessageFilter says which messages are listed. What is empty is any.
type MessageFilter struct {
	Action    string
	MessageID string
	Outgoing  *bool
	Since, To time.Time // from one, before the other
}

// MessageStore keeps the log of messages.
type MessageStore interface {
	// AddMessages adds to the log. A message without an ID gets one by its time, behind last; the id
	// of the last one is returned.
	AddMessages(ctx context.Context, list []Message, last int64) (int64, error)
	// LastMessage is the id of the newest message, 0 when there is none.
	LastMessage(ctx context.Context) (int64, error)
	// Messages lists a station's messages, the newest first, behind the one with the id before (0:
	// from the newest).
	Messages(ctx context.Context, id gnista.StationID, f MessageFilter, before int64, limit int) ([]Message, error)
	// PruneMessages deletes messages that are older than the given time, and the oldest ones above a
	// total size in bytes. It returns how many it deleted.
	PruneMessages(ctx context.Context, before time.Time, bytes int64) (int, error)
}
