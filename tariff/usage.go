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

// Needs is what must be known of a usage, beside its energy and the times of charging and idling.
type Needs struct {
	Zone        bool
	Samples     bool // how energy, power or current went
	Reservation bool
}

// Needs is what must be known to rate a usage by the version.
func (v Version) Needs() Needs {
	var n Needs
	for _, e := range v.Elements {
		w := e.When
		n.Zone = n.Zone || w.From != "" || w.To != "" || w.Since != "" || w.Until != "" || len(w.Weekdays) > 0
		n.Reservation = n.Reservation || e.Dimension == Reservation || e.Dimension == Reserving
		flow := w.MinWh != nil || w.MaxWh != nil || w.MinW != nil || w.MaxW != nil || w.MinMilliA != nil || w.MaxMilliA != nil
		n.Samples = n.Samples || flow || e.Dimension == Energy && !w.always()
	}
	return n
}
