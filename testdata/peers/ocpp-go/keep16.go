package main

import (
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/localauth"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/reservation"
)

func (s *station16) OnGetLocalListVersion(*localauth.GetLocalListVersionRequest) (*localauth.GetLocalListVersionConfirmation, error) {
	return localauth.NewGetLocalListVersionConfirmation(int(s.list.Load())), nil
}

func (s *station16) OnSendLocalList(r *localauth.SendLocalListRequest) (*localauth.SendLocalListConfirmation, error) {
	if r.UpdateType == localauth.UpdateTypeDifferential && int64(r.ListVersion) <= s.list.Load() {
		return localauth.NewSendLocalListConfirmation(localauth.UpdateStatusVersionMismatch), nil
	}
	s.list.Store(int64(r.ListVersion))
	return localauth.NewSendLocalListConfirmation(localauth.UpdateStatusAccepted), nil
}

func (s *station16) OnReserveNow(r *reservation.ReserveNowRequest) (*reservation.ReserveNowConfirmation, error) {
	if r.ConnectorId != 1 || !s.reserved.CompareAndSwap(0, int64(r.ReservationId)) {
		return reservation.NewReserveNowConfirmation(reservation.ReservationStatusOccupied), nil
	}
	return reservation.NewReserveNowConfirmation(reservation.ReservationStatusAccepted), nil
}

func (s *station16) OnCancelReservation(r *reservation.CancelReservationRequest) (*reservation.CancelReservationConfirmation, error) {
	if !s.reserved.CompareAndSwap(int64(r.ReservationId), 0) {
		return reservation.NewCancelReservationConfirmation(reservation.CancelReservationStatusRejected), nil
	}
	return reservation.NewCancelReservationConfirmation(reservation.CancelReservationStatusAccepted), nil
}
