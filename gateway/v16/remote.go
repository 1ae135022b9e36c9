package v16

import (
	"context"
	"strconv"

	"gnista"
	"gnista/charging"
	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// answers are the answers to all commands in the domain's words.
var answers = map[string]station.AnswerStatus{
	"Accepted": station.Done, "AcceptedCanceled": station.Done, "Unlocked": station.Done, "Scheduled": station.Scheduled, "Rejected": station.Refused, "UnlockFailed": station.Refused,
	"NotSupported": station.NotSupporting, "NotImplemented": station.NotSupporting, "RebootRequired": station.NeedsReboot,
	"UnknownMessageId": station.NotSupporting, "UnknownVendorId": station.NotSupporting,
}

func answer[S ~string](status S) station.Answer {
	a, ok := answers[string(status)]
	if !ok {
		a = station.Refused
	}
	return station.Answer{Status: a, Detail: string(status)}
}

// OCPP 1.6 §5.14.
func reset(ctx context.Context, s *gateway.Session, r station.Reset) (station.Answer, error) {
	if r.EVSE != 0 {
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 restarts the station as a whole only")
	}
	req := ocpp16.ResetRequest{Type: ocpp16.ResetTypeSoft}
	if r.Resume {
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 cannot resume transactions after a restart")
	}
	if r.Hard {
		req.Type = ocpp16.ResetTypeHard
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.Reset, req)
	return answer(resp.Status), err
}

// OCPP 1.6 §5.18.
func unlock(ctx context.Context, s *gateway.Session, o station.Unlock) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.UnlockConnector, ocpp16.UnlockConnectorRequest{ConnectorID: o.At.ID})
	return answer(resp.Status), err
}

// OCPP 1.6 §5.2.
func setAvailability(ctx context.Context, s *gateway.Session, o station.SetAvailability) (station.Answer, error) {
	req := ocpp16.ChangeAvailabilityRequest{ConnectorID: o.At.ID, Type: ocpp16.AvailabilityTypeInoperative}
	if o.Operative {
		req.Type = ocpp16.AvailabilityTypeOperative
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.ChangeAvailability, req)
	return answer(resp.Status), err
}

var triggers = map[station.Trigger]ocpp16.MessageTrigger{
	station.TriggerBoot:        ocpp16.MessageTriggerBootNotification,
	station.TriggerHeartbeat:   ocpp16.MessageTriggerHeartbeat,
	station.TriggerStatus:      ocpp16.MessageTriggerStatusNotification,
	station.TriggerMeterValues: ocpp16.MessageTriggerMeterValues,
	station.TriggerFirmware:    ocpp16.MessageTriggerFirmwareStatusNotification,
	station.TriggerLog:         ocpp16.MessageTriggerDiagnosticsStatusNotification,
}

// extended are the messages that are asked for by ExtendedTriggerMessage.
var extended = map[station.Trigger]ocpp16.ExtendedMessageTrigger{
	station.TriggerSignedFirmware: ocpp16.ExtendedMessageTriggerFirmwareStatusNotification,
	station.TriggerSecurityLog:    ocpp16.ExtendedMessageTriggerLogStatusNotification,
}

// OCPP 1.6 §5.17; L01.FR.28, L01.FR.29 and N01.FR.12 of the security whitepaper.
func trigger(ctx context.Context, s *gateway.Session, o station.Ask) (station.Answer, error) {
	if message, ok := extended[o.For]; ok {
		resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.ExtendedTriggerMessage, ocpp16.ExtendedTriggerMessageRequest{RequestedMessage: message})
		return answer(resp.Status), err
	}
	message, ok := triggers[o.For]
	if !ok {
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 cannot ask for %q", o.For)
	}
	req := ocpp16.TriggerMessageRequest{RequestedMessage: message}
	if o.At.ID > 0 {
		req.ConnectorID = &o.At.ID
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.TriggerMessage, req)
	return answer(resp.Status), err
}

// OCPP 1.6 §5.11.
func start(ctx context.Context, s *gateway.Session, order charging.Start) (station.Answer, error) {
	req, err := startRequest(order)
	if err != nil {
		return station.Answer{}, err
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.RemoteStartTransaction, req)
	return answer(resp.Status), err
}

func startRequest(order charging.Start) (ocpp16.RemoteStartTransactionRequest, error) {
	req := ocpp16.RemoteStartTransactionRequest{IDTag: order.Token.UID}
	if len(order.Token.UID) > maxIDTag {
		return req, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 has no tokens of more than %d characters", maxIDTag)
	}
	if order.EVSE > 0 || order.Named {
		req.ConnectorID = &order.EVSE
	}
	return req, nil
}

// OCPP 1.6 §5.12.
func stop(ctx context.Context, s *gateway.Session, o charging.Stop) (station.Answer, error) {
	number, err := strconv.ParseInt(o.Ref, 10, 64)
	if err != nil {
		return station.Answer{}, gnista.Errorf(gnista.Conflict, "the station was never told a number for this transaction")
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.RemoteStopTransaction, ocpp16.RemoteStopTransactionRequest{TransactionID: number})
	return answer(resp.Status), err
}
