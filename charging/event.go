package charging

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"gnista"
	"gnista/token"
)

// Kind is what an event does to a transaction.
type Kind string

// The kinds.
const (
	Started Kind = "started"
	Updated Kind = "updated"
	Stopped Kind = "ended"
)

// Event is what a station tells of a transaction, in the one shape that the messages of every
// version become.
type Event struct {
	Kind    Kind
	Version gnista.Version
	// Ref is the transaction's name on the wire. OCPP 1.6: empty in a start; in others the number
	// as the station sent it.
	Ref string
	// StartKey tells starts in OCPP 1.6 apart; empty otherwise. See [StartKey].
	StartKey string
	Seq      int       // 2.x: counts the events
	At       time.Time // by the station's clock; zero when it could not be read
	Guessed  bool      // it was told without a zone and taken for UTC
	Offline  bool      // it happened while the station was not connected
	EVSE     gnista.EVSE
	Token    *token.ID // presented with the event
	Stopping bool      // 2.x: the token was presented to stop, not to start
	Activity Activity  // from now on; empty when the event does not tell
	Reason   string    // why it ended
	RemoteID int       // 2.x: number of our order that started it
	// ReservationNumber is that of the reservation that the transaction uses; 0 or less is none.
	ReservationNumber int
	Begin             *Reading // declared for the start
	End               *Reading // declared for the end
	Samples           []Sample
	Signed            []Signed
	// Limits are those that the station has told to be in force; nil when the event tells of none.
	Limits *Limits
	// Unread are the parts of the message that could not be understood.
	Unread []string
}

// Outcome is what became of an event.
type Outcome struct {
	Transaction Transaction
	// Decision answers for the event's token; nil when it has none.
	Decision *token.Decision
	// Cost is what the transaction costs in all; nil unless the event ends it and nothing is missing
	// or doubtful. While a limit of the cost holds it is what it costs so far.
	Cost *gnista.Money
	// Limits are what the station is to keep to from now on; nil when there is nothing new.
	Limits *Limits
	// Repeat tells that the event had been taken in before.
	Repeat bool
	// New tells that the transaction was made of the event.
	New bool

	stray bool // the station is to be told to stop what nobody may charge
}

// How far a station's clock may be from ours. What it kept while it could not reach us is old, but
// before a clock was set it shows 1970 or the year it was made in (quirk Q41).
const (
	behind = 90 * 24 * time.Hour
	ahead  = 10 * time.Minute
)

// plausible tells whether a station's clock can have shown at when we received it at now.
func plausible(at, now time.Time) bool {
	return at.After(now.Add(-behind)) && at.Before(now.Add(ahead))
}

// maxName is the longest name of a transaction that is kept as it is; the versions allow 36 characters.
const maxName = 255

// bounded makes a name that is too long to be looked up by into one that is not, and is as unique.
func bounded(name string) string {
	if len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return strings.ToValidUTF8(name[:maxName-2*len(sum)-1], "") + "~" + hex.EncodeToString(sum[:])
}
