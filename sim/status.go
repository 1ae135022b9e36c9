package sim

import (
	"cmp"
	"context"
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
	charged     bool // since the car was plugged in, a transaction has ended
	inoperative bool // set by the central system
	updating    bool // it waits for the firmware to be updated
	fault       string
	cure        Cure   // of the fault; empty is [Station.Recover]
	order       *order // to start, which waits for a car
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
	case e.fault != "":
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
	evse     int
	at       time.Time
	status   Status
	was      Status // what was told before; empty when it is to be told whatever that was
	fault    string // its code; empty is none
	faultWas string
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
		if l == nil || !anyhow && r.status == r.was && r.fault == r.faultWas {
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
	return report{evse: e.id, at: s.Now(), status: s.statusOf(e), was: e.told.status, fault: e.fault, faultWas: e.told.fault}
}

// forget makes tell tell everything anew. mu is held.
func (s *Station) forget() {
	for _, e := range append([]*evse{s.whole}, s.evses...) {
		e.told = report{fault: e.told.fault} // whose end is to be told, if it ended meanwhile
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
		if e.telling || e.told.status != s.statusOf(e) || e.told.fault != e.fault {
			return false
		}
	}
	return true
}

// Status tells a status of an EVSE and a fault with it, if any, whatever its state really is. The
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
	s.mu.Lock()
	r := s.report(e)
	r.status, r.was, r.fault = status, "", fault
	e.told = r
	s.mu.Unlock()
	return s.dialect.status(ctx, l, r)
}

// Fault makes an EVSE unusable, or with EVSE 0 the station. The code is an error code of OCPP 1.6, or
// the vendor's own. A transaction there ends with it.
func (s *Station) Fault(ctx context.Context, evse int, code string) error {
	e, err := s.at(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	e.fault = cmp.Or(code, "OtherError")
	var ends []*message
	for _, other := range s.evses {
		if (other == e || e == s.whole) && other.transaction != nil {
			other.transaction.fault = e.fault
			ends = append(ends, s.finish(other, Token{}, reasonFor(e.fault)))
		}
	}
	s.mu.Unlock()
	err = s.tell(ctx, e, false)
	s.dropUnusable(ctx)
	for _, m := range ends {
		if failed := s.await(ctx, m); failed != nil {
			return failed
		}
	}
	return err
}

// reasonFor is why a transaction ends with a fault.
func reasonFor(fault string) Reason {
	switch fault {
	case "EmergencyStop":
		return ReasonEmergencyStop
	case "GroundFailure":
		return ReasonGroundFault
	case "OverCurrentFailure":
		return ReasonOvercurrentFault
	}
	return ReasonFault
}

// Recover makes an EVSE usable again.
func (s *Station) Recover(ctx context.Context, evse int) error {
	e, err := s.at(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	e.fault, e.cure = "", ""
	s.mu.Unlock()
	return s.tell(ctx, e, false)
}
