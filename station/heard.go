package station

import "time"

// Heard is a message that a station has sent, as far as whoever checks the station wants to know.
type Heard struct {
	Kind   Trigger // what it is; empty for what stations cannot be asked for
	Name   string  // in the station's version
	At     time.Time
	Stamps []string // the times in it, as the station writes them
	Meter  []HeardMeter
	Values []HeardValue
	Faults []string // what breaks the rules of its version, in words
}

// HeardMeter is a set of measured values with its time.
type HeardMeter struct {
	Stamp  string
	Values int
}

// HeardValue is a measured value as the station writes it.
type HeardValue struct {
	Name    string // of what is measured; empty where the station does not say
	Unit    string // likewise
	Energy  bool   // it is the register that is billed by
	Number  bool   // it is written as a number
	Wrong   bool   // its version wants it the other way: a text where it is a number
	Blanked bool   // it is a text with blanks around it
}
