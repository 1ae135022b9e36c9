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

// Reporter takes in reports. *[Faults] is one.
type Reporter interface {
	// Report opens a fault, counts it where it is open already, or clears it. It is safe to repeat.
	Report(ctx context.Context, r Report) error
}
