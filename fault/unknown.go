package fault

import (
	"context"
	"time"

	"gnista"
)

// Unknown is a code that stations sent and that the catalogue does not have.
type Unknown struct {
	Key      Key
	Count    int // how often a fault was opened with it
	Stations int // how many stations sent it, up to [MaxUnknownStations]
	FirstAt  time.Time
	LastAt   time.Time
	Samples  []Sample // of up to a few stations, those that sent it last first
}

// Sample is what one station sent with an unknown code the last time.
type Sample struct {
	Station gnista.StationID
	At      time.Time
	Raw     Raw
}

// Limits of what is kept of unknown codes.
const (
	MaxUnknown         = 5000 // those that came longest ago go
	MaxUnknownStations = 100  // of one code
	MaxUnknownSamples  = 5
)

// UnknownStore keeps codes that the catalogue does not have.
type UnknownStore interface {
	// SawUnknownCode counts a code; r is the report that it came with. It is called when a fault is opened, not
	// each time that a station repeats itself.
	SawUnknownCode(ctx context.Context, k Key, r Report) error
	// UnknownCodes lists them, the one that came last first, behind the cursor after.
	UnknownCodes(ctx context.Context, after string, limit int) (list []Unknown, next string, err error)
	// ForgetUnknownCode removes one. NotFound.
	ForgetUnknownCode(ctx context.Context, k Key) error
}
