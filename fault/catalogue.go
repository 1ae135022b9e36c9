package fault

import (
	"slices"
	"strings"
)

// Key names a fault: who speaks of it, and their word for it.
type Key struct {
	Source string // one of the sources below, or the id of a vendor in small letters
	Code   string
}

// The sources that are no vendors.
const (
	OCPP16   = "ocpp1.6"  // codes of errors of OCPP 1.6
	OCPP2    = "ocpp2"    // Component.Variable of OCPP 2.x
	MREC     = "mrec"     // minimum required error codes of ChargeX
	EVgo     = "evgo"     // their forerunner
	CharIN   = "charin"   // unified error codes
	RPC      = "rpc"      // codes of errors that are answered to orders
	Stop     = "stop"     // reasons why transactions end
	Security = "security" // types of security events
	Own      = "gnista"   // what is found by us
)

func (k Key) String() string { return k.Source + "/" + k.Code }

// ParseKey reads what [Key.String] wrote. A code may contain a slash, a source may not.
func ParseKey(s string) (Key, bool) {
	source, code, ok := strings.Cut(s, "/")
	return Key{source, code}, ok && source != "" && code != ""
}

// Severity is how bad a fault is.
type Severity string

// The severities, the worst first.
const (
	Critical Severity = "critical" // people or goods are in danger, or a whole site does not work
	High     Severity = "high"     // an outlet cannot be used
	Medium   Severity = "medium"   // it can be used with limits, or soon it cannot
	Low      Severity = "low"      // somebody should look at it some day
	Info     Severity = "info"     // nobody has to do anything
)

// Severities are all of them, the worst first.
var Severities = []Severity{Critical, High, Medium, Low, Info}

// Worse tells whether s is worse than o.
func (s Severity) Worse(o Severity) bool {
	return slices.Index(Severities, s) < slices.Index(Severities, o)
}

// Fixer is who can put a fault right.
type Fixer string

// Those who can.
const (
	Driver     Fixer = "driver"
	Operator   Fixer = "operator"
	Technician Fixer = "technician"
	Grid       Fixer = "grid"
	Vehicle    Fixer = "vehicle"
)

// Class is the kind of remedy that fits a fault: the id of a ladder.
type Class string

// The classes.
const (
	NoRemedy    Class = ""
	Reseat      Class = "reseat"      // the plug is to be put in again
	Unlock      Class = "unlock"      // the lock of the connector is stuck
	Restart     Class = "restart"     // the station is to start anew when it is idle
	Reconnect   Class = "reconnect"   // the station does not hear
	CoolDown    Class = "cool-down"   // it goes by itself
	LowerPower  Class = "lower-power" // less power is to be taken
	Retry       Class = "retry"       // the order is to be given again
	SetClock    Class = "set-clock"   // the clock is wrong
	TakeOut     Class = "take-out"    // the outlet must not be used until somebody has looked at it
	RenewCert   Class = "renew-certificate"
	CallService Class = "technician" // only somebody on the spot can help
)

// Language is that of a text: "sv" or "en".
type Language string

// The languages.
const (
	Swedish Language = "sv"
	English Language = "en"
)

// Texts are what is said of a fault to each kind of people.
type Texts struct {
	Name       string `json:"name"`       // in a few words, for lists
	Driver     string `json:"driver"`     // what to do at the outlet
	Operator   string `json:"operator"`   // what it means, and what to do from afar
	Technician string `json:"technician"` // what to look at on the spot
}

// Entry is what the catalogue says of a fault.
type Entry struct {
	Key       Key
	Severity  Severity
	Fixer     Fixer
	Usable    bool   // a car may be charged there while it is open
	Retry     bool   // to try again is safe
	Remedy    Class  // what can be done about it
	Momentary bool   // it is told of when it happens, and nobody says that it is over
	NoFault   bool   // it is told of and nothing is wrong: no fault is opened
	Value     string // of a variable of OCPP 2.x: "true" or "false", whichever is the fault; empty where only the station says that it is over
	Texts     map[Language]Texts
	Known     bool // false: nothing is known but what the station sent

	Like       Key  // whose texts and attributes it has where it says nothing else; zero for none
	Overridden bool // an operator has added or changed it
}

// Over tells whether a variable with this value says that the fault is over, or never was.
func (e Entry) Over(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "true", "1":
		return e.Value == "false"
	case "false", "0":
		return e.Value == "true"
	}
	return false
}

// Change is what a file of the catalogue or an operator says of an entry. What is left out is as it is
// with the entry that it is like or that it changes.
type Change struct {
	Like      string             `json:"like,omitempty"` // see [Key.String]
	Severity  Severity           `json:"severity,omitempty"`
	Fixer     Fixer              `json:"fixer,omitempty"`
	Usable    *bool              `json:"usable,omitempty"`
	Retry     *bool              `json:"retry,omitempty"`
	Remedy    *Class             `json:"remedy,omitempty"`
	Momentary *bool              `json:"momentary,omitempty"`
	NoFault   *bool              `json:"noFault,omitempty"`
	Value     *string            `json:"value,omitempty"`
	Texts     map[Language]Texts `json:"texts,omitempty"` // empty ones are left out
}
