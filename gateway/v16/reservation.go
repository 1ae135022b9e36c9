package v16

import (
	"context"

	"gnista"
	"gnista/charging"
	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 1.6 §5.13.
func reserve(ctx context.Context, s *gateway.Session, o charging.Reserve) (station.Answer, error) {
	switch {
	case o.ConnectorType != "":
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 cannot reserve by the type of the connector")
	case len(o.Token.UID) > maxIDTag:
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 has no tokens of more than %d characters", maxIDTag)
	case len(o.Group) > maxIDTag:
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 has no groups of more than %d characters", maxIDTag)
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.ReserveNow, ocpp16.ReserveNowRequest{
		ConnectorID: o.EVSE, ExpiryDate: ocppj.At(o.ExpiresAt), IDTag: o.Token.UID, ParentIDTag: o.Group, ReservationID: o.Number,
	})
	return answer(resp.Status), err
}

// OCPP 1.6 §5.1.
func cancelReservation(ctx context.Context, s *gateway.Session, o charging.CancelReservation) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.CancelReservation, ocpp16.CancelReservationRequest{ReservationID: o.Number})
	return answer(resp.Status), err
}
