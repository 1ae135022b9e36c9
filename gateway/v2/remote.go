package v2

import (
	"context"
	"strings"

	"gnista"
	"gnista/charging"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
	"gnista/token"
)

// answers are the answers to all commands in the domain's words.
var answers = map[string]station.AnswerStatus{
	"Accepted": station.Done, "AcceptedCanceled": station.Done, "Unpublished": station.Done, "NoFirmware": station.NotKnown,
	"EmptyResultSet": station.Empty, "NotFound": station.NotKnown, "UnsupportedMonitorType": station.NotSupporting, "NotSupported": station.NotSupporting,
	"NotSupportedMessageFormat": station.NotSupporting, "NotSupportedPriority": station.NotSupporting, "NotSupportedState": station.NotSupporting,
	"LanguageNotSupported": station.NotSupporting, "UnknownTransaction": station.NotKnown, "Unlocked": station.Done, "Scheduled": station.Scheduled, "Rejected": station.Refused, "UnlockFailed": station.Refused,
	"OngoingAuthorizedTransaction": station.Refused, "UnknownConnector": station.NotKnown, "NotImplemented": station.NotSupporting,
	"RebootRequired": station.NeedsReboot, "UnknownComponent": station.NotKnown, "UnknownVariable": station.NotKnown, "NotSupportedAttributeType": station.NotSupporting,
	"UnknownMessageId": station.NotSupporting, "UnknownVendorId": station.NotSupporting,
}

func answer[S ~string](status S, info *ocpp2.StatusInfo) station.Answer {
	a, ok := answers[string(status)]
	if !ok {
		a = station.Refused
	}
	return station.Answer{Status: a, Detail: worded(string(status), info)}
}

// worded is a status with the station's reason for it.
func worded(status string, info *ocpp2.StatusInfo) string {
	if info == nil {
		return status
	}
	return strings.TrimSpace(status + ": " + info.ReasonCode + " " + info.AdditionalInfo)
}

// wire is an EVSE on the wire; nil is the station as a whole.
func wire(at gnista.EVSE) *ocpp2.EVSE {
	if at.ID == 0 {
		return nil
	}
	e := &ocpp2.EVSE{ID: at.ID}
	if at.Connector > 0 {
		e.ConnectorID = &at.Connector
	}
	return e
}

// OCPP 2.x B11, B12.
func reset(ctx context.Context, s *gateway.Session, r station.Reset) (station.Answer, error) {
	req := ocpp2.ResetRequest{Type: ocpp2.ResetTypeOnIdle}
	switch {
	case r.Resume && s.Version < ocppj.V21:
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP %s cannot resume transactions after a restart", s.Version)
	case r.Resume: // OCPP 2.1 B13
		req.Type = ocpp2.ResetTypeImmediateAndResume
	case r.Hard:
		req.Type = ocpp2.ResetTypeImmediate
	}
	if r.EVSE > 0 {
		req.EVSEID = &r.EVSE
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.Reset, req)
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x F05.
func unlock(ctx context.Context, s *gateway.Session, o station.Unlock) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.UnlockConnector, ocpp2.UnlockConnectorRequest{EVSEID: o.At.ID, ConnectorID: max(o.At.Connector, 1)})
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x G03, G04.
func setAvailability(ctx context.Context, s *gateway.Session, o station.SetAvailability) (station.Answer, error) {
	req := ocpp2.ChangeAvailabilityRequest{OperationalStatus: ocpp2.OperationalStatusInoperative, EVSE: wire(o.At)}
	if o.Operative {
		req.OperationalStatus = ocpp2.OperationalStatusOperative
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.ChangeAvailability, req)
	return answer(resp.Status, resp.StatusInfo), err
}

var triggers = map[station.Trigger]ocpp2.MessageTrigger{
	station.TriggerBoot:        ocpp2.MessageTriggerBootNotification,
	station.TriggerHeartbeat:   ocpp2.MessageTriggerHeartbeat,
	station.TriggerStatus:      ocpp2.MessageTriggerStatusNotification,
	station.TriggerMeterValues: ocpp2.MessageTriggerMeterValues,
	station.TriggerTransaction: ocpp2.MessageTriggerTransactionEvent,
	station.TriggerFirmware:    ocpp2.MessageTriggerFirmwareStatusNotification,
	station.TriggerLog:         ocpp2.MessageTriggerLogStatusNotification,
	station.TriggerCustom:      ocpp2.MessageTriggerCustomTrigger,

	station.TriggerSignedFirmware: ocpp2.MessageTriggerFirmwareStatusNotification,
	station.TriggerSecurityLog:    ocpp2.MessageTriggerLogStatusNotification,
}

// OCPP 2.x F06.
func trigger(ctx context.Context, s *gateway.Session, o station.Ask) (station.Answer, error) {
	message, ok := triggers[o.For] // OCPP 2.x F06.FR.01
	if !ok || !message.Valid(s.Version) {
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP %s cannot ask for %q", s.Version, o.For)
	}
	if o.For == station.TriggerStatus { // OCPP 2.x F06.FR.13: of one connector
		if o.At.ID == 0 {
			return station.Answer{}, gnista.Invalidf("evse", "OCPP %s tells the status of one connector at a time; name its EVSE", s.Version)
		}
		o.At.Connector = max(o.At.Connector, 1)
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.TriggerMessage, ocpp2.TriggerMessageRequest{RequestedMessage: message, CustomTrigger: o.Custom, EVSE: wire(o.At)}) // OCPP 2.x F06.FR.02
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x F01, F02.
func start(ctx context.Context, s *gateway.Session, order charging.Start) (station.Answer, error) {
	req, err := startRequest(s, order)
	if err != nil {
		return station.Answer{}, err
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.RequestStartTransaction, req)
	return answer(resp.Status, resp.StatusInfo), err
}

func startRequest(s *gateway.Session, order charging.Start) (req ocpp2.RequestStartTransactionRequest, err error) {
	limit := maxIDToken[s.Version]
	if len(order.Token.UID) > limit {
		return req, gnista.Errorf(gnista.Unsupported, "OCPP %s has no tokens of more than %d characters", s.Version, limit)
	}
	req = ocpp2.RequestStartTransactionRequest{RemoteStartID: order.Number, IDToken: wireToken(order.Token)}
	if order.Token.Type == token.DirectPayment && s.Version < ocppj.V21 { // which does not have that type
		req.IDToken.Type = ocpp2.IDTokenTypeCentral
	}
	if order.EVSE > 0 {
		req.EVSEID = &order.EVSE
	}
	if order.Group != "" && len(order.Group) <= limit {
		req.GroupIDToken = &ocpp2.IDToken{IDToken: order.Group, Type: ocpp2.IDTokenTypeCentral}
	}
	return req, nil
}

// wireToken is a token on the wire, a card where its type is not known.
func wireToken(id token.ID) ocpp2.IDToken {
	if id.Type == "" {
		id.Type = token.ISO14443
	}
	return ocpp2.IDToken{IDToken: id.UID, Type: ocpp2.IDTokenType(id.Type)}
}

// OCPP 2.x F03.FR.01, F04.FR.01.
func stop(ctx context.Context, s *gateway.Session, o charging.Stop) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.RequestStopTransaction, ocpp2.RequestStopTransactionRequest{TransactionID: o.Ref})
	return answer(resp.Status, resp.StatusInfo), err
}
