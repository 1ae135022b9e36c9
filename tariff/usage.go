package tariff

import "time"

// Usage is what is to be paid for: a transaction, the reservation that it used, or a reservation that
// nobody used.
type Usage struct {
	Start    time.Time      // when the transaction began; zero when there is only a reservation
	Zone     *time.Location // whose times of day, weekdays and dates count; nil is UTC
	Open     bool           // more is to come, so that no step is full yet
	Expired  bool           // of the reservation: nobody came
	Segments []Segment      // in the order of time
}

// Kind is what a stretch of time is paid as.
type Kind string

// The kinds.
const (
	Charging Kind = "charging"
	Idling   Kind = "idling"   // the car occupies the EVSE for nothing
	Waiting  Kind = "waiting"  // time that costs nothing
	Reserved Kind = "reserved" // the EVSE is kept for somebody; no energy flows
)

// Segment is a stretch of time over which power and current are taken to be the same. One that has no
// length may have energy.
type Segment struct {
	From, To  time.Time
	Kind      Kind
	EnergyMWh int64
	PowerW    int64
	MilliA    int64 // of all phases together
	Estimated bool  // the energy is a guess
}
