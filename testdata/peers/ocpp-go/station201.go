package main

import (
	"time"

	"github.com/lorenzodonini/ocpp-go/ocpp"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/authorization"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/availability"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/provisioning"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/remotecontrol"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/transactions"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/types"
	"github.com/lorenzodonini/ocpp-go/ocppj"
	"github.com/lorenzodonini/ocpp-go/ws"
)

// station201 is a station of OCPP 2.0.1 with one EVSE.
type station201 struct {
	ocpp2.ChargingStation
	*desk
	transaction transactions.Transaction
	ended       int    // number of the event that ended it
	seq         int    // of the next event
	interval    string // of heartbeats: its only variable
}

func new201(id string, client ws.WsClient, d *desk) *station201 {
	s := &station201{ChargingStation: ocpp2.NewChargingStation(id, nil, client), desk: d, interval: "300"}
	s.SetProvisioningHandler(s)
	s.SetRemoteControlHandler(s)
	s.SetAuthorizationHandler(s)
	s.SetLocalAuthListHandler(s)
	s.SetReservationHandler(s)
	if d.looked {
		s.SetFirmwareHandler(s)
		s.SetDiagnosticsHandler(s)
		s.SetSmartChargingHandler(s)
		s.SetSecurityHandler(s)
		s.SetISO15118Handler(s)
	}
	return s
}

func (s *station201) boot(restarted bool) (string, error) {
	reason := provisioning.BootReasonPowerUp
	if restarted {
		reason = provisioning.BootReasonRemoteReset
	}
	resp, err := s.BootNotification(reason, model, vendor, func(r *provisioning.BootNotificationRequest) { r.ChargingStation.FirmwareVersion = firmware })
	if err != nil {
		return "", err
	}
	return string(resp.Status), nil
}

func (s *station201) tell(status availability.ConnectorStatus) error {
	_, err := s.StatusNotification(types.Now(), status, 1, 1)
	return err
}

func (s *station201) free() error   { return s.tell(availability.ConnectorStatusAvailable) }
func (s *station201) plugIn() error { return s.tell(availability.ConnectorStatusOccupied) }

func (s *station201) authorise(token string) (string, error) {
	resp, err := s.Authorize(token, types.IdTokenTypeISO14443)
	if err != nil {
		return "", err
	}
	return string(resp.IdTokenInfo.Status), nil
}

func (s *station201) startCharging(o order) (string, string, error) {
	s.transaction = transactions.Transaction{TransactionID: time.Now().Format("peer-20060102T150405.000"), ChargingState: transactions.ChargingStateEVConnected}
	reason := transactions.TriggerReasonAuthorized
	if o.number != 0 {
		reason, s.transaction.RemoteStartID = transactions.TriggerReasonRemoteStart, &o.number
	}
	resp, err := s.event(transactions.TransactionEventStarted, reason, 0, func(r *transactions.TransactionEventRequest) {
		r.Evse = &types.EVSE{ID: 1, ConnectorID: new(1)}
		r.IDToken = &types.IdToken{IdToken: o.token, Type: types.IdTokenTypeISO14443}
		if n := int(s.reserved.Swap(0)); n != 0 {
			r.ReservationID = &n
		}
		r.MeterValue = s.reading(r.Timestamp, begin, types.ReadingContextTransactionBegin)
	})
	if err != nil {
		return "", "", err
	}
	status := "none"
	if resp.IDTokenInfo != nil {
		status = string(resp.IDTokenInfo.Status)
	}
	s.transaction.ChargingState = transactions.ChargingStateCharging
	_, err = s.event(transactions.TransactionEventUpdated, transactions.TriggerReasonChargingStateChanged, time.Second)
	return s.transaction.TransactionID, status, err
}

// event tells of the transaction, so long after the car came.
func (s *station201) event(kind transactions.TransactionEvent, why transactions.TriggerReason, after time.Duration, props ...func(*transactions.TransactionEventRequest)) (*transactions.TransactionEventResponse, error) {
	s.seq++
	return s.TransactionEvent(kind, types.NewDateTime(s.began.Add(after)), why, s.seq-1, s.transaction, props...)
}

func (s *station201) reading(at *types.DateTime, wh float64, context types.ReadingContext) []types.MeterValue {
	return []types.MeterValue{{Timestamp: *at, SampledValue: []types.SampledValue{{Value: wh, Context: context, Measurand: types.MeasurandEnergyActiveImportRegister}}}}
}

func (s *station201) measure() error {
	_, err := s.event(transactions.TransactionEventUpdated, transactions.TriggerReasonMeterValuePeriodic, stay/2, func(r *transactions.TransactionEventRequest) {
		r.MeterValue = s.reading(r.Timestamp, between, types.ReadingContextSamplePeriodic)
		r.MeterValue[0].SampledValue = append(r.MeterValue[0].SampledValue, types.SampledValue{
			Value: 1104, Measurand: types.MeasurandPowerActiveImport, UnitOfMeasure: &types.UnitOfMeasure{Unit: "W", Multiplier: new(1)},
		})
	})
	return err
}

func (s *station201) stopCharging(remote bool) (line, error) {
	if s.ended > 0 {
		s.seq = s.ended // the same event again
	}
	s.ended = s.seq
	reason := transactions.TriggerReasonRemoteStop
	s.transaction.ChargingState, s.transaction.StoppedReason = transactions.ChargingStateEVConnected, transactions.ReasonRemote
	if !remote {
		reason, s.transaction.StoppedReason = transactions.TriggerReasonStopAuthorized, transactions.ReasonLocal
	}
	resp, err := s.event(transactions.TransactionEventEnded, reason, stay, func(r *transactions.TransactionEventRequest) {
		if !remote {
			r.IDToken = &types.IdToken{IdToken: s.token, Type: types.IdTokenTypeISO14443}
		}
		r.MeterValue = s.reading(r.Timestamp, end, types.ReadingContextTransactionEnd)
	})
	if err != nil {
		return line{}, err
	}
	l := line{Event: "stopped", TotalCost: resp.TotalCost}
	if resp.IDTokenInfo != nil {
		l.Status = string(resp.IDTokenInfo.Status)
	}
	return l, nil
}

func (s *station201) heartbeat() error {
	_, err := s.Heartbeat()
	return err
}

// interval is the variable that the station has.
var interval = struct {
	component types.Component
	variable  types.Variable
}{types.Component{Name: "OCPPCommCtrlr"}, types.Variable{Name: "HeartbeatInterval"}}

// report tells of the variable.
func (s *station201) report(request int) error {
	_, err := s.NotifyReport(request, types.Now(), 0, func(r *provisioning.NotifyReportRequest) {
		r.ReportData = []provisioning.ReportData{{
			Component: interval.component, Variable: interval.variable,
			VariableAttribute:       []provisioning.VariableAttribute{{Type: types.AttributeActual, Value: s.interval, Mutability: provisioning.MutabilityReadWrite}},
			VariableCharacteristics: &provisioning.VariableCharacteristics{DataType: provisioning.TypeInteger, Unit: "s"},
		}}
	})
	return err
}

func (s *station201) OnGetVariables(r *provisioning.GetVariablesRequest) (*provisioning.GetVariablesResponse, error) {
	resp := &provisioning.GetVariablesResponse{}
	for _, d := range r.GetVariableData {
		result := provisioning.GetVariableResult{Component: d.Component, Variable: d.Variable, AttributeStatus: provisioning.GetVariableStatusAccepted, AttributeValue: s.interval}
		if d.Component.Name != interval.component.Name {
			result.AttributeStatus, result.AttributeValue = provisioning.GetVariableStatusUnknownComponent, ""
		} else if d.Variable.Name != interval.variable.Name {
			result.AttributeStatus, result.AttributeValue = provisioning.GetVariableStatusUnknownVariable, ""
		}
		resp.GetVariableResult = append(resp.GetVariableResult, result)
	}
	return resp, nil
}

func (s *station201) OnSetVariables(r *provisioning.SetVariablesRequest) (*provisioning.SetVariablesResponse, error) {
	resp := &provisioning.SetVariablesResponse{}
	for _, d := range r.SetVariableData {
		result := provisioning.SetVariableResult{Component: d.Component, Variable: d.Variable, AttributeStatus: provisioning.SetVariableStatusAccepted}
		if d.Component.Name == interval.component.Name && d.Variable.Name == interval.variable.Name {
			s.interval = d.AttributeValue
		} else {
			result.AttributeStatus = provisioning.SetVariableStatusUnknownVariable
		}
		resp.SetVariableResult = append(resp.SetVariableResult, result)
	}
	return resp, nil
}

func (s *station201) OnGetBaseReport(r *provisioning.GetBaseReportRequest) (*provisioning.GetBaseReportResponse, error) {
	s.accept(order{action: "report", number: r.RequestID})
	return provisioning.NewGetBaseReportResponse(types.GenericDeviceModelStatusAccepted), nil
}

func (s *station201) OnReset(*provisioning.ResetRequest) (*provisioning.ResetResponse, error) {
	s.accept(order{action: "reset"})
	return provisioning.NewResetResponse(provisioning.ResetStatusAccepted), nil
}

func (s *station201) OnUnlockConnector(r *remotecontrol.UnlockConnectorRequest) (*remotecontrol.UnlockConnectorResponse, error) {
	if r.EvseID != 1 || r.ConnectorID != 1 {
		return remotecontrol.NewUnlockConnectorResponse(remotecontrol.UnlockStatusUnknownConnector), nil
	}
	return remotecontrol.NewUnlockConnectorResponse(remotecontrol.UnlockStatusUnlocked), nil
}

func (s *station201) OnTriggerMessage(r *remotecontrol.TriggerMessageRequest) (*remotecontrol.TriggerMessageResponse, error) {
	if r.RequestedMessage == remotecontrol.MessageTriggerSignChargingStationCertificate {
		s.accept(order{do: s.certify})
		return remotecontrol.NewTriggerMessageResponse(remotecontrol.TriggerMessageStatusAccepted), nil
	}
	if r.RequestedMessage != remotecontrol.MessageTriggerStatusNotification {
		return remotecontrol.NewTriggerMessageResponse(remotecontrol.TriggerMessageStatusNotImplemented), nil
	}
	if r.Evse == nil || r.Evse.ConnectorID == nil { // OCPP 2.x F06.FR.12
		return remotecontrol.NewTriggerMessageResponse(remotecontrol.TriggerMessageStatusRejected), nil
	}
	s.accept(order{action: "status"})
	return remotecontrol.NewTriggerMessageResponse(remotecontrol.TriggerMessageStatusAccepted), nil
}

func (s *station201) OnRequestStartTransaction(r *remotecontrol.RequestStartTransactionRequest) (*remotecontrol.RequestStartTransactionResponse, error) {
	if s.running.Load() != "" || r.EvseID != nil && *r.EvseID != 1 {
		return remotecontrol.NewRequestStartTransactionResponse(remotecontrol.RequestStartStopStatusRejected), nil
	}
	s.accept(order{action: "start", token: r.IDToken.IdToken, number: r.RemoteStartID})
	return remotecontrol.NewRequestStartTransactionResponse(remotecontrol.RequestStartStopStatusAccepted), nil
}

func (s *station201) OnRequestStopTransaction(r *remotecontrol.RequestStopTransactionRequest) (*remotecontrol.RequestStopTransactionResponse, error) {
	if s.running.Load() != r.TransactionID {
		return remotecontrol.NewRequestStopTransactionResponse(remotecontrol.RequestStartStopStatusRejected), nil
	}
	s.accept(order{action: "stop"})
	return remotecontrol.NewRequestStopTransactionResponse(remotecontrol.RequestStartStopStatusAccepted), nil
}

func (s *station201) OnClearCache(*authorization.ClearCacheRequest) (*authorization.ClearCacheResponse, error) {
	return authorization.NewClearCacheResponse(authorization.ClearCacheStatusAccepted), nil
}

func (s *station201) OnGetReport(r *provisioning.GetReportRequest) (*provisioning.GetReportResponse, error) {
	return nil, unsupported(r)
}

func (s *station201) OnSetNetworkProfile(r *provisioning.SetNetworkProfileRequest) (*provisioning.SetNetworkProfileResponse, error) {
	return nil, unsupported(r)
}

func unsupported(r ocpp.Request) error {
	return ocpp.NewError(ocppj.NotSupported, "this station has no "+r.GetFeatureName(), "")
}
