package v16

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

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

// OCPP 1.6 §5.17.
func trigger(ctx context.Context, s *gateway.Session, o station.Ask) (station.Answer, error) {
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

// OCPP 1.6 §5.8.
func readSettings(ctx context.Context, s *gateway.Session, o station.ReadSettings) ([]station.Setting, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.GetConfiguration, ocpp16.GetConfigurationRequest{Key: o.Names})
	if err != nil {
		return nil, err
	}
	list := make([]station.Setting, 0, len(resp.ConfigurationKey)+len(resp.UnknownKey))
	for _, k := range resp.ConfigurationKey {
		list = append(list, station.Setting{Name: asked(s, o.Names, k.Key), Value: k.Value, ReadOnly: k.Readonly, Status: station.Done})
	}
	for _, name := range resp.UnknownKey {
		list = append(list, station.Setting{Name: asked(s, o.Names, name), Status: station.NotKnown})
	}
	return list, nil
}

// asked is the name of a setting as it was asked for, in whatever letter case the station writes it
// (quirk Q21).
func asked(s *gateway.Session, names []string, key string) string {
	i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, key) })
	if i < 0 || names[i] == key {
		return key
	}
	s.Saw("Q21", "the setting %s is written %s", names[i], key)
	return names[i]
}

// OCPP 1.6 §5.3. There is a message for each setting; after one that is not answered the rest is not
// sent, while one that is answered with an error stops nothing (quirk Q22).
func writeSettings(ctx context.Context, s *gateway.Session, o station.WriteSettings) ([]station.Setting, error) {
	list := slices.Clone(o.List)
	for i, k := range list {
		resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.ChangeConfiguration, ocpp16.ChangeConfigurationRequest{Key: k.Name, Value: k.Value})
		if e, told := errors.AsType[*ocppj.Error](err); told && len(list) > 1 {
			s.Saw("Q22", "ChangeConfiguration of %s is answered with %s", k.Name, e.Code)
			list[i].Status, list[i].Detail = station.NotSupporting, e.Error()
			continue
		}
		if err != nil {
			return nil, err
		}
		a := answer(resp.Status)
		if a.Status == station.NotSupporting {
			a.Status = station.NotKnown // that is what NotSupported means here
		}
		list[i].Status, list[i].Detail = a.Status, a.Detail
	}
	return list, nil
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
