// Package uptime knows how well outlets serve drivers. It keeps the stretches of time in which they could not be
// used, from which it reckons their uptime, and how attempts to charge went, from which it reckons key figures.
//
// Only what is wrong is stored: an outlet of which nothing is stored could be used. What happened while we did
// not watch nobody knows, and it is never held against a station.
package uptime

import (
	"time"

	"gnista"
)

// Cause is why something could not be used.
type Cause string

// The causes, as in docs/uptime.md.
const (
	Works       Cause = ""            // it could
	Offline     Cause = "offline"     // the station was not connected
	Faulted     Cause = "faulted"     // it said so
	Unavailable Cause = "unavailable" // it said so, and nobody had ordered it
	Planned     Cause = "planned"     // the operator had taken it out of service
)

// Place is where something is wrong: a connector, EVSE 0 for a station as a whole, or [Link].
type Place struct {
	Station gnista.StationID
	gnista.EVSE
}

// Link is the connection of a station.
func Link(id gnista.StationID) Place { return Place{id, gnista.EVSE{ID: -1}} }

// Outage is a stretch of time in which something could not be used.
type Outage struct {
	Place
	Cause Cause
	Since time.Time
	Until time.Time // zero while it lasts
}

// Span is a stretch of time; a zero Until is one that lasts.
type Span struct{ Since, Until time.Time }

// Filter selects outlets.
type Filter struct {
	Site    string           // empty is any
	Station gnista.StationID // empty is any
	After   Place            // behind it, in the order of station, EVSE and connector
	Limit   int
}

// Outlet is a connector that a station has told of.
type Outlet struct {
	Place
	Site      string
	CreatedAt time.Time // when its station became known
}
