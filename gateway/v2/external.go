package v2

import (
	"context"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/power"
	"gnista/station"
)

// OCPP 2.x K11, K12, K14.
func (a *Adapter) chargingLimit(ctx context.Context, s *gateway.Session, req ocpp2.NotifyChargingLimitRequest) (ocpp2.NotifyChargingLimitResponse, error) {
	l := req.ChargingLimit
	return ocpp2.NotifyChargingLimitResponse{}, a.Power.TakeLimit(ctx, s.Station, power.Limit{
		EVSE: told(req.EVSEID), Source: sources.read(l.ChargingLimitSource), Name: string(l.ChargingLimitSource), GridCritical: told(l.IsGridCritical),
		LocalGeneration: told(l.IsLocalGeneration), Schedules: readSchedules(req.ChargingSchedule),
	})
}

// OCPP 2.x K13.
func (a *Adapter) clearedChargingLimit(ctx context.Context, s *gateway.Session, req ocpp2.ClearedChargingLimitRequest) (ocpp2.ClearedChargingLimitResponse, error) {
	evse := -1
	if req.EVSEID != nil {
		evse = *req.EVSEID
	}
	return ocpp2.ClearedChargingLimitResponse{}, a.Power.ClearedLimit(ctx, s.Station, string(req.ChargingLimitSource), evse)
}

// OCPP 2.1 K21.FR.09, K22.FR.06.
func (a *Adapter) priorityCharging(ctx context.Context, s *gateway.Session, req ocpp2.NotifyPriorityChargingRequest) (ocpp2.NotifyPriorityChargingResponse, error) {
	return ocpp2.NotifyPriorityChargingResponse{}, a.Power.TakePriority(ctx, s.Station, power.PriorityNotice{Ref: req.TransactionID, Active: req.Activated})
}

// OCPP 2.1 K21.
func usePriority(ctx context.Context, s *gateway.Session, o power.UsePriority) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.UsePriorityCharging, ocpp2.UsePriorityChargingRequest{TransactionID: o.Ref, Activate: o.Active})
	return found(resp.Status, resp.StatusInfo), err
}

// OCPP 2.1 Q08.
func balance(ctx context.Context, s *gateway.Session, o power.Balance) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.AFRRSignal, ocpp2.AFRRSignalRequest{Timestamp: ocppj.At(o.At), Signal: o.Signal})
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x E14.
func askTransaction(ctx context.Context, s *gateway.Session, o power.AskTransaction) (power.TransactionStatus, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetTransactionStatus, ocpp2.GetTransactionStatusRequest{TransactionID: o.Ref})
	return power.TransactionStatus{Ongoing: resp.OngoingIndicator, Queued: resp.MessagesInQueue}, err
}
