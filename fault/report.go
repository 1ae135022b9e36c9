package fault

import (
	"context"
	"time"

	"gnista"
)

// Way is how a report arrived.
type Way string

// The ways.
const (
	ByStatus    Way = "status"    // the status of a connector
	ByNotice    Way = "notice"    // an event of the device model
	BySecurity  Way = "security"  // a security event
	ByVendor    Way = "vendor"    // a message of the vendor's own
	ByStop      Way = "stop"      // why a transaction ended
	ByTransfer  Way = "transfer"  // firmware, logs and diagnostics
	ByCommand   Way = "command"   // what a station answered to an order, or that it did not
	ByHandshake Way = "handshake" // a connection that was refused or closed
	ByWatch     Way = "watch"     // nobody told of it: it was found
	ByPower     Way = "power"     // the power of a site
	ByPerson    Way = "person"    // the API
)

// Report says that something is wrong at a place, or is not any more.
type Report struct {
	Key     Key
	Station gnista.StationID // empty for a site or the system
	Site    string           // id; found by the station where that is given
	EVSE    gnista.EVSE
	Way     Way
	At      time.Time
	Cleared bool // it is over
	Once    bool // it is a moment and nobody will say that it is over: it clears by itself after a time

	Seq      int64    // number of the event that it was made of, so that it is taken in once; 0 for none
	Severity Severity // what the one who tells says that it is; empty leaves that to the catalogue, which says otherwise only of what it knows
	AtMost   Severity // it is no worse, as where the outlet still works; empty is no bound

	Transaction string         // our id
	Raw         Raw            // as it came
	Facts       map[string]any // numbers and the like for the texts, as in {"limitA": 100, "measuredA": 112}
}

// Raw is what a station sent, as it came but for its length: it may hold anything.
type Raw struct {
	Status     string `json:"status,omitempty"`
	Code       string `json:"code,omitempty"`
	VendorID   string `json:"vendorId,omitempty"`
	VendorCode string `json:"vendorCode,omitempty"`
	Info       string `json:"info,omitempty"`
	Component  string `json:"component,omitempty"`
	Variable   string `json:"variable,omitempty"`
	Value      string `json:"value,omitempty"`
}

// place is where the report is about.
func (r Report) place() Place {
	if r.Station != "" {
		return Place{Station: r.Station, EVSE: r.EVSE}
	}
	return Place{Site: r.Site}
}

// Place is where something can be wrong: at a station or a part of one or, where that is empty, at a site, or with
// the system where both are.
type Place struct {
	Station gnista.StationID
	Site    string
	EVSE    gnista.EVSE
}

// Reporter takes in reports. *[Faults] is one.
type Reporter interface {
	// Report opens a fault, counts it where it is open already, or clears it. It is safe to repeat.
	Report(ctx context.Context, r Report) error
}
