// Package fault knows what is wrong at stations and sites: a catalogue of what faults mean and
// what is to be done, the faults that are open, and the incidents that they are part of.
//
// What stations tell becomes a [Report], with a [Key] of the catalogue. A fault is one object
// from when it is first told of until it is cleared, however often it is told of meanwhile.
package fault

import (
	"strconv"
	"time"

	"gnista"
)

// Fault is something that is or was wrong at a place.
type Fault struct {
	ID       string // see [FaultID]
	Case     int    // the number that people say on the phone; incidents have such numbers too, of the same series
	Key      Key
	Severity Severity // of the catalogue when it was opened, or that a person gave it
	Station  gnista.StationID
	Site     string
	EVSE     gnista.EVSE
	Way      Way

	SeverityBy string // the person who gave it; empty for nobody

	Count     int         // how often it was told of
	Chatters  bool        // it comes and goes, and is kept open until it is quiet
	Turns     []time.Time // when it came lately, the newest last; the first is when it was opened
	OpenedAt  time.Time
	LastAt    time.Time // when it was last told of, or that it is over
	Seq       int64     // number of the last event that told of it
	Until     time.Time // when it clears by itself, unless it is told of again; zero where the station says so
	ClearedAt time.Time // zero while it is open
	ClearedBy string    // a person, or "" for the station or a rule

	AcknowledgedAt time.Time
	AcknowledgedBy string
	ShelvedUntil   time.Time // nobody is troubled with it until then
	ShelvedBy      string
	Assignee       string
	Incident       string // id; empty for none

	Transaction string
	Raw         Raw
	Facts       map[string]any
}

// FaultID and IncidentID make ids of case numbers.
func FaultID(number int) string    { return "f" + strconv.Itoa(number) }
func IncidentID(number int) string { return "i" + strconv.Itoa(number) }

// place is where it is.
func (f *Fault) place() Place {
	if f.Station != "" {
		return Place{Station: f.Station, EVSE: f.EVSE}
	}
	return Place{Site: f.Site}
}

// Open tells whether it has not been cleared.
func (f *Fault) Open() bool { return f.ClearedAt.IsZero() }

// Shelved tells whether it is put aside at a time.
func (f *Fault) Shelved(now time.Time) bool { return now.Before(f.ShelvedUntil) }

// Events that tell of faults and incidents. Their Subject is the id of the fault or of the incident, and
// their Data [Told] as JSON.
const (
	Opened           = "fault.opened"
	Changed          = "fault.changed" // acknowledged, shelved, assigned, commented, worse
	ClearedKind      = "fault.cleared"
	IncidentOpened   = "incident.opened"
	IncidentChanged  = "incident.changed"
	IncidentResolved = "incident.resolved"
)

// Told is what an event tells of a fault or an incident.
type Told struct {
	Key      string   `json:"key"` // see [Key.String]
	Severity Severity `json:"severity"`
	Case     int      `json:"case"`
	Site     string   `json:"site,omitempty"`
	EVSE     int      `json:"evse,omitempty"`
	Incident string   `json:"incident,omitempty"`
	What     string   `json:"what,omitempty"` // of a change: acknowledged, shelved, unshelved, assigned, commented, severity, reopened
	By       string   `json:"by,omitempty"`
}
