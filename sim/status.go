package sim

import (
	"context"
	"slices"
	"time"
)

// Status is what a connector is used for, in the words of OCPP 1.6, which has the most of them.
type Status string

// The statuses.
const (
	StatusAvailable     Status = "Available"
	StatusPreparing     Status = "Preparing" // a car or a driver is there
	StatusCharging      Status = "Charging"
	StatusSuspendedEV   Status = "SuspendedEV"   // the car takes no energy
	StatusSuspendedEVSE Status = "SuspendedEVSE" // the station gives none
	StatusFinishing     Status = "Finishing"     // the car has charged and is still plugged in
	StatusReserved      Status = "Reserved"
	StatusUnavailable   Status = "Unavailable"
	StatusFaulted       Status = "Faulted"
)

// evse is a place on the station for one car. Its fields are guarded by the mu of the station. EVSE 0
// is the station as a whole.
type evse struct {
	id          int
	meter       meter
	plugged     bool
	phases      int     // of the car; 0 is all
	charged     bool    // since the car was plugged in, a transaction has ended
	inoperative bool    // set by the central system
	updating    bool    // it waits for the firmware to be updated
	faults      []Fault // a new list when it changes
	cure        Cure    // of them; empty is [Station.Recover]
	order       *order  // to start, which waits for a car
	ordered     chan struct{}
	transaction *transaction
	showing     *showing  // nil is nothing
	paying      time.Time // until when somebody pays for it on the web

	told    report // the last that was told of it
	telling bool   // somebody tells its state
	again   bool   // and is to look at it once more
}

func newEVSE(id int, registerWh int64, now time.Time) *evse {
	return &evse{id: id, meter: meter{registerWh: registerWh, at: now}, ordered: make(chan struct{}, 1)}
}

// status is what the EVSE is used for.
func (e *evse) status() Status {
	switch {
	case e.broken():
		return StatusFaulted
	case e.transaction != nil:
		return e.transaction.activity
	case e.inoperative, e.updating:
		return StatusUnavailable
	case e.plugged && e.charged:
		return StatusFinishing
	case e.plugged || e.order != nil:
		return StatusPreparing
	}
	return StatusAvailable
}

// report is what is told of an EVSE.
type report struct {
	evse      int
	at        time.Time
	status    Status
	was       Status // what was told before; empty when it is to be told whatever that was
	faults    []Fault
	faultsWas []Fault
}

// tell tells the state of an EVSE if it has changed, or in any case. A station that is not in service
// tells it when it is.
func (s *Station) tell(ctx context.Context, e *evse, anyhow bool) error {
	for {
		s.mu.Lock()
		s.watch()
		if e.telling {
			e.again = true
			s.mu.Unlock()
			return nil
		}
		l := s.service()
		r := s.report(e)
		if l == nil || !anyhow && r.status == r.was && slices.Equal(r.faults, r.faultsWas) {
			s.mu.Unlock()
			return nil
		}
		if anyhow {
			r.was = ""
		}
		e.telling, e.told = true, r
		s.mu.Unlock()
		err := s.dialect.status(ctx, l, r)
		s.mu.Lock()
		again := e.again
		e.telling, e.again = false, false
		if err != nil {
			e.told.status = ""
		}
		s.signal()
		s.mu.Unlock()
		switch {
		case again: // maybe on another connection than the one that has failed
			anyhow = false
		case err != nil:
			return err
		default:
			return s.tellKept(ctx)
		}
	}
}

// report is the state of an EVSE now. mu is held.
func (s *Station) report(e *evse) report {
	return report{evse: e.id, at: s.Now(), status: s.statusOf(e), was: e.told.status, faults: e.faults, faultsWas: e.told.faults}
}

// forget makes tell tell everything anew. mu is held.
func (s *Station) forget() {
	for _, e := range append([]*evse{s.whole}, s.evses...) {
		e.told = report{faults: e.told.faults} // whose end is to be told, if it ended meanwhile
	}
}

// tellAll tells the state of the station and all its EVSEs where it has changed, or in any case.
func (s *Station) tellAll(ctx context.Context, anyhow bool) error {
	for _, e := range append([]*evse{s.whole}, s.evses...) {
		if err := s.tell(ctx, e, anyhow); err != nil {
			return err
		}
	}
	return nil
}

// toldAll tells whether the central system knows the state of all EVSEs. mu is held.
func (s *Station) toldAll() bool {
	for _, e := range s.evses {
		if e.telling || e.told.status != s.statusOf(e) || !slices.Equal(e.told.faults, e.faults) {
			return false
		}
	}
	return true
}

// Status tells a status of an EVSE and faults with it, if any (see [ParseFaults]), whatever its state really is. The
// states that follow from the other methods are told by those.
func (s *Station) Status(ctx context.Context, evse int, status Status, fault string) error {
	e, err := s.at(evse)
	if err != nil {
		return err
	}
	l, err := s.online()
	if err != nil {
		return err
	}
	var faults []Fault
	if fault != "" {
		if faults, err = ParseFaults(fault); err != nil {
			return err
		}
	}
	s.mu.Lock()
	r := s.report(e)
	r.status, r.was, r.faults = status, "", faults
	e.told = r
	s.mu.Unlock()
	return s.dialect.status(ctx, l, r)
}
