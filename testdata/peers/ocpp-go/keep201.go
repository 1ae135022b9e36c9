package main

import (
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/localauth"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/reservation"
)

func (s *station201) OnGetLocalListVersion(*localauth.GetLocalListVersionRequest) (*localauth.GetLocalListVersionResponse, error) {
	return localauth.NewGetLocalListVersionResponse(int(s.list.Load())), nil
}

func (s *station201) OnSendLocalList(r *localauth.SendLocalListRequest) (*localauth.SendLocalListResponse, error) {
	if r.UpdateType == localauth.UpdateTypeDifferential && int64(r.VersionNumber) <= s.list.Load() {
		return localauth.NewSendLocalListResponse(localauth.SendLocalListStatusVersionMismatch), nil
	}
	s.list.Store(int64(r.VersionNumber))
	return localauth.NewSendLocalListResponse(localauth.SendLocalListStatusAccepted), nil
}

func (s *station201) OnReserveNow(r *reservation.ReserveNowRequest) (*reservation.ReserveNowResponse, error) {
	if r.EvseID == nil || *r.EvseID != 1 || !s.reserved.CompareAndSwap(0, int64(r.ID)) {
		return reservation.NewReserveNowResponse(reservation.ReserveNowStatusOccupied), nil
	}
	return reservation.NewReserveNowResponse(reservation.ReserveNowStatusAccepted), nil
}

func (s *station201) OnCancelReservation(r *reservation.CancelReservationRequest) (*reservation.CancelReservationResponse, error) {
	if !s.reserved.CompareAndSwap(int64(r.ReservationID), 0) {
		return reservation.NewCancelReservationResponse(reservation.CancelReservationStatusRejected), nil
	}
	return reservation.NewCancelReservationResponse(reservation.CancelReservationStatusAccepted), nil
}
