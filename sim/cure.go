package sim

import "context"

// Cure is what the central system can do that makes a fault go.
type Cure string

// The cures.
const (
	CureUnlock    Cure = "unlock"
	CureReset     Cure = "reset"      // of any kind
	CureHardReset Cure = "hard-reset" // a soft one does not help
)

// FaultUntil is [Station.Fault] with a fault that goes when the central system does what cures it.
func (s *Station) FaultUntil(ctx context.Context, evse int, code string, cure Cure) error {
	e, err := s.at(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	e.cure = cure
	s.mu.Unlock()
	return s.Fault(ctx, evse, code)
}

// cured makes the faults of an EVSE go if that cures them, and tells whether it did. The mu of the station is held.
func (e *evse) cured(by Cure) bool {
	if len(e.faults) == 0 || e.cure != by {
		return false
	}
	e.faults, e.cure = nil, ""
	return true
}

// cureByReset makes the faults go that a reset cures. mu is held.
func (s *Station) cureByReset(hard bool) {
	for _, e := range append([]*evse{s.whole}, s.evses...) {
		if !e.cured(CureReset) && hard {
			e.cured(CureHardReset)
		}
	}
}
