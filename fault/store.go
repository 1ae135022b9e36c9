package fault

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"gnista"
)

// Store keeps faults. Each method is one SQL transaction and safe to repeat.
type Store interface {
	// TakeFault shows take the newest fault with a key at a place, nil for none, and keeps the step that it makes of
	// it; nil is no step. A step with a fault that has no number opens it; NotFound at a station that there is not.
	TakeFault(ctx context.Context, at Place, k Key, take func(newest *Fault) (*Step, error)) (Fault, error)
	// ChangeFault changes a fault by a step; nil is no step. NotFound.
	ChangeFault(ctx context.Context, id string, change func(*Fault) (*Step, error)) (Fault, error)
	// CountFaults adds to how often faults were told of, and stores when they last were, without a step. It returns
	// those that are not there any more.
	CountFaults(ctx context.Context, list []Fault) (gone []Fault, err error)
	// Fault finds a fault. NotFound.
	Fault(ctx context.Context, id string) (Fault, error)
	// Faults lists faults.
	Faults(ctx context.Context, f Filter) ([]Fault, error)
	// DueFaults lists faults that are open and whose time to clear by themselves has come, or that are shelved and
	// whose time for that is over.
	DueFaults(ctx context.Context, now time.Time, limit int) ([]Fault, error)
	// FaultHistory lists what was done with a fault or an incident, the newest first, behind the step with a number.
	FaultHistory(ctx context.Context, id string, before, limit int) ([]Done, error)
	// PruneFaults deletes faults that were cleared before a time, and the oldest cleared ones above most, and incidents
	// likewise.
	PruneFaults(ctx context.Context, before time.Time, most int) error
	// FaultTotals counts the open faults of a station, or of all where it is empty, at some sites or everywhere (nil), by severity.
	FaultTotals(ctx context.Context, id gnista.StationID, sites []string) (map[Severity]int, error)
}

// Step is what is done with a fault: it is kept with it and told as an event.
type Step struct {
	Fault Fault
	Kind  string // of the event; empty keeps the fault and tells nobody
	Done
}

// Done is one line of the history of a fault or an incident.
type Done struct {
	Number int // counts the lines of one
	At     time.Time
	What   string // opened, reopened, cleared, acknowledged, …
	By     string // a person, or "" for the station or a rule
	Why    string // what the person said, or the reason
}

// Event is what is told of the step.
func (s *Step) Event() gnista.Event {
	f := s.Fault
	data, _ := json.Marshal(Told{ // strings and numbers always marshal
		Key: f.Key.String(), Severity: f.Severity, Case: f.Case, Site: f.Site, EVSE: f.EVSE.ID, Incident: f.Incident, What: s.What, By: s.By,
	})
	return gnista.Event{At: s.At, Kind: s.Kind, Station: f.Station, Subject: f.ID, Data: data}
}

// State is whether a fault is open, in a [Filter].
type State string

// The states; empty is any.
const (
	IsOpen    State = "open"
	IsCleared State = "cleared"
)

// Filter is which faults are listed: those for which all holds that is given.
type Filter struct {
	State        State
	AtLeast      Severity // and worse
	Station      gnista.StationID
	Site         string
	Sites        []string // where their stations are now, or they themselves without one; nil is anywhere
	EVSE         int
	Key          Key // the source alone, or both
	Acknowledged *bool
	Shelved      *bool
	Assignee     string
	Incident     string
	Free         bool      // in no incident
	Since, Until time.Time // when it was opened
	Text         string    // in the station, the code, what the station sent, or the number of the case
	WorstFirst   bool      // or else the newest first
	After        string    // what [Filter.Cursor] told of the last of the page before
	Limit        int
	Now          time.Time // by which something is shelved
}

// Cursor is where a fault stands in a list.
func (f Filter) Cursor(x Fault) string {
	if f.WorstFirst {
		return strconv.Itoa(slices.Index(Severities, x.Severity)) + " " + strconv.Itoa(x.Case)
	}
	return strconv.Itoa(x.Case)
}

// Words are what is looked for in a fault, in small letters.
func (f *Fault) Words() string {
	return strings.ToLower(strings.Join([]string{
		beginning(string(f.Station), maxWord), f.Key.Code, beginning(f.Raw.VendorCode, maxWord), beginning(f.Raw.Info, maxWord), strconv.Itoa(f.Case),
	}, " "))
}

// maxWord is how much of a text is looked through: indexes have it.
const maxWord = 80
