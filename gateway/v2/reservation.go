package v2

import (
	"context"

	"gnista"
	"gnista/charging"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
	"gnista/token"
)

// OCPP 2.x H01.
func reserve(ctx context.Context, s *gateway.Session, o charging.Reserve) (station.Answer, error) {
	limit := maxIDToken[s.Version]
	switch {
	case len(o.Token.UID) > limit:
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP %s has no tokens of more than %d characters", s.Version, limit)
	case len(o.Group) > limit:
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP %s has no groups of more than %d characters", s.Version, limit)
	}
	req := ocpp2.ReserveNowRequest{
		ID: o.Number, ExpiryDateTime: ocppj.At(o.ExpiresAt), IDToken: idToken(o.Token), ConnectorType: ocpp2.ConnectorType(o.ConnectorType),
	}
	if o.EVSE > 0 {
		req.EVSEID = &o.EVSE
	}
	if o.Group != "" {
		group := idToken(token.ID{UID: o.Group, Type: token.Central})
		req.GroupIDToken = &group
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.ReserveNow, req)
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x H02.
func cancelReservation(ctx context.Context, s *gateway.Session, o charging.CancelReservation) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.CancelReservation, ocpp2.CancelReservationRequest{ReservationID: o.Number})
	return answer(resp.Status, resp.StatusInfo), err
}

// ends are the ends of reservations in the domain's words. A word that the version does not know is an
// end all the same.
var ends = map[ocpp2.ReservationUpdateStatus]charging.ReservationState{ocpp2.ReservationUpdateStatusExpired: charging.ReservationExpired}

// OCPP 2.x H01.FR.16, H01.FR.17, H03.FR.11, H04.FR.01.
func (a *Adapter) reservationStatus(ctx context.Context, s *gateway.Session, req ocpp2.ReservationStatusUpdateRequest, _ []ocppj.Violation) (ocpp2.ReservationStatusUpdateResponse, error) {
	state, ok := ends[req.ReservationUpdateStatus]
	if !ok {
		state = charging.ReservationRemoved
	}
	return ocpp2.ReservationStatusUpdateResponse{}, a.Transactions.ReservationEnded(ctx, s.Station, req.ReservationID, state, string(req.ReservationUpdateStatus))
}
