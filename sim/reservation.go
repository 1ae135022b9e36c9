package sim

import (
	"context"
	"strings"
	"time"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// reservation keeps an EVSE, or with 0 any one, for a token or those of a group. It is guarded by the
// mu of the station.
type reservation struct {
	id, evse int
	token    Token
	group    string // empty is none
	until    time.Time
}

// reservedFor tells whether r is for a token. mu is held.
func (s *Station) reservedFor(r *reservation, t Token) bool {
	return r.token.same(t) ||
		r.group != "" && (strings.EqualFold(r.group, s.groupOf(t)) || strings.EqualFold(r.group, t.UID))
}

// reservationFor is the reservation that a token uses up at an EVSE; nil is none. mu is held.
// (OCPP 2.x H03)
func (s *Station) reservationFor(e *evse, t Token) *reservation {
	var found *reservation
	for _, r := range s.reservations {
		if (r.evse == e.id || r.evse == 0) && s.reservedFor(r, t) && (found == nil || r.evse == e.id) {
			found = r
		}
	}
	return found
}

// keptFor tells whether an EVSE is kept for others than the token; an empty token has nothing kept for
// it. mu is held.
func (s *Station) keptFor(e *evse, t Token) bool {
	if len(s.reservations) == 0 || t.UID != "" && s.reservationFor(e, t) != nil {
		return false
	}
	anywhere := 0
	for _, r := range s.reservations {
		switch r.evse {
		case e.id:
			return true
		case 0:
			anywhere++
		}
	}
	return anywhere > 0 && s.unreserved() <= anywhere // OCPP 2.x H01.FR.07, H01.FR.20
}

// unreserved is how many EVSEs are free and not kept by themselves. mu is held.
func (s *Station) unreserved() int {
	n := 0
	for _, e := range s.evses {
		if e.status() == StatusAvailable && s.reservationOf(e) == nil {
			n++
		}
	}
	return n
}

// reservationOf is the reservation of this EVSE; nil is none. mu is held.
func (s *Station) reservationOf(e *evse) *reservation {
	for _, r := range s.reservations {
		if r.evse == e.id {
			return r
		}
	}
	return nil
}

// reserve makes a reservation, in place of one with the same id, and tells what came of it.
// (OCPP 1.6 §5.13, OCPP 2.x H01)
func (l *link) reserve(r *reservation) (status string) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.settings.reservations || r.evse < 0 || r.evse > len(s.evses) || !r.until.After(s.Now()) {
		return "Rejected"
	}
	old := s.reservations
	s.reservations = nil
	for _, other := range old {
		if other.id != r.id {
			s.reservations = append(s.reservations, other)
		}
	}
	if status := s.reservable(r); status != accepted {
		s.reservations = old
		return status
	}
	s.reservations = append(s.reservations, r)
	l.afterwards(func(ctx context.Context) {
		s.note("a reservation", s.tellKept(ctx))
		if sleep(ctx, r.until.Sub(s.Now())) {
			s.drop(ctx, r, ocpp2.ReservationUpdateStatusExpired)
		}
	})
	return accepted
}

// reservable tells whether there is an EVSE to be kept. mu is held.
func (s *Station) reservable(r *reservation) string {
	status := ""
	for _, e := range s.evses {
		if r.evse != 0 && r.evse != e.id {
			continue
		}
		one := "Occupied"
		switch now := e.status(); {
		case now == StatusFaulted || s.whole.broken():
			one = "Faulted"
		case now == StatusUnavailable:
			one = "Unavailable"
		case now == StatusAvailable && !s.keptFor(e, Token{}):
			return accepted
		}
		if status == "" || status != one {
			if status != "" {
				one = "Occupied"
			}
			status = one
		}
	}
	return status
}

// lift takes a reservation away, and tells whether it was there. mu is held.
func (s *Station) lift(r *reservation) bool {
	for i, other := range s.reservations {
		if other == r {
			s.reservations = append(s.reservations[:i:i], s.reservations[i+1:]...)
			return true
		}
	}
	return false
}

// drop ends a reservation that is not used up and tells of that. (OCPP 2.x H01.FR.16, H04)
func (s *Station) drop(ctx context.Context, r *reservation, why ocpp2.ReservationUpdateStatus) {
	s.mu.Lock()
	there, l := s.lift(r), s.service()
	s.mu.Unlock()
	if !there {
		return
	}
	if l != nil {
		s.note("a reservation", s.dialect.dropped(ctx, l, r.id, why))
	}
	s.note("a reservation", s.tellKept(ctx))
}

// dropUnusable ends the reservations of EVSEs that cannot be used any more. (OCPP 1.6 §5.13, OCPP 2.x
// H01.FR.16, H01.FR.17)
func (s *Station) dropUnusable(ctx context.Context) {
	s.mu.Lock()
	var list []*reservation
	usable := 0
	for _, e := range s.evses {
		if !e.broken() && !s.whole.broken() && !e.inoperative {
			usable++
		}
	}
	for _, r := range s.reservations {
		if r.evse == 0 && usable == 0 {
			list = append(list, r)
		} else if r.evse != 0 {
			if e := s.evses[r.evse-1]; e.broken() || s.whole.broken() || e.inoperative {
				list = append(list, r)
			}
		}
	}
	s.mu.Unlock()
	for _, r := range list {
		s.drop(ctx, r, ocpp2.ReservationUpdateStatusRemoved)
	}
}

// unused ends the reservation of a token that was there and has not charged. (OCPP 2.1 H03.FR.11)
func (s *Station) unused(ctx context.Context, e *evse, t Token) {
	s.mu.Lock()
	r := s.reservationFor(e, t)
	s.mu.Unlock()
	if r != nil && s.traits.protocol >= ocppj.V21 {
		s.drop(ctx, r, ocpp2.ReservationUpdateStatusNoTransaction)
	}
}

// cancelReservation ends a reservation, and tells whether there is one. (OCPP 1.6 §5.1, OCPP 2.x H02)
func (l *link) cancelReservation(id int) bool {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.reservations {
		if r.id == id {
			s.lift(r)
			l.afterwards(func(ctx context.Context) { s.note("a reservation", s.tellKept(ctx)) })
			return true
		}
	}
	return false
}

// Reservations are the ids of those that are waited for.
func (s *Station) Reservations() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []int
	for _, r := range s.reservations {
		ids = append(ids, r.id)
	}
	return ids
}

// statusOf is the status of an EVSE, with what it is kept for. mu is held.
func (s *Station) statusOf(e *evse) Status {
	status := e.status()
	if status == StatusAvailable && e.id > 0 && s.keptFor(e, Token{}) {
		return StatusReserved
	}
	return status
}

// tellKept tells the state of the EVSEs that are kept, or not kept any more, where that is not known.
func (s *Station) tellKept(ctx context.Context) error {
	for _, e := range s.evses {
		s.mu.Lock()
		news := (s.statusOf(e) == StatusReserved) != (e.told.status == StatusReserved)
		s.mu.Unlock()
		if !news {
			continue
		}
		if err := s.tell(ctx, e, false); err != nil {
			return err
		}
	}
	return nil
}

// reservationSettings are the settings for reservations. mu is held.
func (s *Station) reservationSettings() []setting {
	return []setting{
		s.flag(setting{component: "ReservationCtrlr", variable: "Enabled"}, &s.settings.reservations),
		{key: "ReserveConnectorZeroSupported", component: "ReservationCtrlr", variable: "NonEvseSpecific", kind: kindBoolean, value: "true"},
		{component: "ReservationCtrlr", variable: "Available", kind: kindBoolean, value: "true"},
	}
}

// dropped tells nothing: the central system knows when a reservation expires.
func (*v16) dropped(context.Context, *link, int, ocpp2.ReservationUpdateStatus) error { return nil }

func (*v16) reservation(m *ocppj.Mux[*link]) {
	// OCPP 1.6 §5.13.
	ocppj.Handle(m, ocpp16.ReserveNow, func(_ context.Context, l *link, req ocpp16.ReserveNowRequest) (ocpp16.ReserveNowResponse, error) {
		status := l.reserve(&reservation{req.ReservationID, req.ConnectorID, Token{UID: req.IDTag}, req.ParentIDTag, req.ExpiryDate.Time})
		return ocpp16.ReserveNowResponse{Status: ocpp16.ReservationStatus(status)}, nil
	})
	// OCPP 1.6 §5.1.
	ocppj.Handle(m, ocpp16.CancelReservation, func(_ context.Context, l *link, req ocpp16.CancelReservationRequest) (ocpp16.CancelReservationResponse, error) {
		if !l.cancelReservation(req.ReservationID) {
			return ocpp16.CancelReservationResponse{Status: ocpp16.CancelReservationStatusRejected}, nil
		}
		return ocpp16.CancelReservationResponse{Status: ocpp16.CancelReservationStatusAccepted}, nil
	})
}

// OCPP 2.x H01.FR.16, H04.FR.01.
func (*v2) dropped(ctx context.Context, l *link, id int, why ocpp2.ReservationUpdateStatus) error {
	_, err := call(ctx, l, ocpp2.ReservationStatusUpdate, ocpp2.ReservationStatusUpdateRequest{ReservationID: id, ReservationUpdateStatus: why})
	return err
}

func (*v2) reservation(m *ocppj.Mux[*link]) {
	// OCPP 2.x H01.
	ocppj.Handle(m, ocpp2.ReserveNow, func(_ context.Context, l *link, req ocpp2.ReserveNowRequest) (ocpp2.ReserveNowResponse, error) {
		r := &reservation{id: req.ID, token: Token{req.IDToken.IDToken, string(req.IDToken.Type)}, until: req.ExpiryDateTime.Time}
		if req.EVSEID != nil {
			r.evse = *req.EVSEID
			if r.evse == 0 {
				r.evse = -1 // there is no such EVSE
			}
		}
		if req.GroupIDToken != nil {
			r.group = req.GroupIDToken.IDToken
		}
		if req.ConnectorType != "" && string(req.ConnectorType) != l.station.connectorType() {
			return ocpp2.ReserveNowResponse{Status: ocpp2.ReserveNowStatusRejected}, nil
		}
		return ocpp2.ReserveNowResponse{Status: ocpp2.ReserveNowStatus(l.reserve(r))}, nil
	})
	// OCPP 2.x H02.
	ocppj.Handle(m, ocpp2.CancelReservation, func(_ context.Context, l *link, req ocpp2.CancelReservationRequest) (ocpp2.CancelReservationResponse, error) {
		if !l.cancelReservation(req.ReservationID) {
			return ocpp2.CancelReservationResponse{Status: ocpp2.CancelReservationStatusRejected}, nil
		}
		return ocpp2.CancelReservationResponse{Status: ocpp2.CancelReservationStatusAccepted}, nil
	})
}
