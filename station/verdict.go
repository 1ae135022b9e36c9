package station

import (
	"context"
	"time"

	"gnista"
)

// Verdict is why a station was refused, why its connection was closed, or why what it sent was
// rejected, in words, with how often it happened.
type Verdict struct {
	Station   gnista.StationID
	Cause     Cause
	Reason    string
	Remote    string // address of the last time
	Action    string // of the message that was rejected the last time
	MessageID string
	Count     int
	FirstAt   time.Time
	LastAt    time.Time
}

// VerdictStore keeps verdicts, a bounded number of them in all and for each station.
type VerdictStore interface {
	// AddVerdicts adds to the counts of the same reasons for the same stations, or starts some.
	AddVerdicts(ctx context.Context, list []Verdict) error
	// Verdicts lists the newest first, of one station or of all when it is empty.
	Verdicts(ctx context.Context, id gnista.StationID, limit int) ([]Verdict, error)
}
