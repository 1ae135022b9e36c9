package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/lorenzodonini/ocpp-go/ocpp1.6"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/core"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/remotetrigger"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/types"
	"github.com/lorenzodonini/ocpp-go/ws"
)

// station16 is a station of OCPP 1.6 with one connector.
type station16 struct {
	ocpp16.ChargePoint
	*desk
	transaction int
	interval    string // of heartbeats: its only setting
}

func new16(id string, client ws.WsClient, d *desk) *station16 {
	s := &station16{ChargePoint: ocpp16.NewChargePoint(id, nil, client), desk: d, interval: "300"}
	s.SetCoreHandler(s)
	s.SetRemoteTriggerHandler(s)
	s.SetLocalAuthListHandler(s)
	s.SetReservationHandler(s)
	if d.looked {
		s.SetFirmwareManagementHandler(s)
		s.SetSecureFirmwareHandler(s)
		s.SetLogHandler(s)
		s.SetSmartChargingHandler(s)
		s.SetExtendedTriggerMessageHandler(s)
		s.SetSecurityHandler(s)
		s.SetCertificateHandler(s)
	}
	return s
}

func (s *station16) boot(bool) (string, error) {
	resp, err := s.BootNotification(model, vendor, func(r *core.BootNotificationRequest) { r.FirmwareVersion = firmware })
	if err != nil {
		return "", err
	}
	return string(resp.Status), nil
}

func (s *station16) tell(status core.ChargePointStatus, at time.Time) error {
	_, err := s.StatusNotification(1, core.NoError, status, func(r *core.StatusNotificationRequest) { r.Timestamp = types.NewDateTime(at) })
	return err
}

func (s *station16) free() error {
	if _, err := s.StatusNotification(0, core.NoError, core.ChargePointStatusAvailable); err != nil {
		return err
	}
	return s.tell(core.ChargePointStatusAvailable, time.Now())
}

func (s *station16) plugIn() error { return s.tell(core.ChargePointStatusPreparing, time.Now()) }

func (s *station16) authorise(token string) (string, error) {
	resp, err := s.Authorize(token)
	if err != nil {
		return "", err
	}
	return string(resp.IdTagInfo.Status), nil
}

func (s *station16) startCharging(o order) (string, string, error) {
	resp, err := s.StartTransaction(1, o.token, begin, types.NewDateTime(s.began), func(r *core.StartTransactionRequest) {
		if n := int(s.reserved.Swap(0)); n != 0 {
			r.ReservationId = &n
		}
	})
	if err != nil {
		return "", "", err
	}
	if s.transaction = resp.TransactionId; s.transaction <= 0 {
		return "", "", fmt.Errorf("the number of the transaction is %d", s.transaction)
	}
	err = s.tell(core.ChargePointStatusCharging, s.began.Add(time.Second))
	return strconv.Itoa(s.transaction), string(resp.IdTagInfo.Status), err
}

func (s *station16) measure() error {
	values := []types.SampledValue{
		{Value: strconv.Itoa(between), Context: types.ReadingContextSamplePeriodic, Measurand: types.MeasurandEnergyActiveImportRegister, Unit: types.UnitOfMeasureWh},
		{Value: "11.04", Measurand: types.MeasurandPowerActiveImport, Unit: types.UnitOfMeasureKW},
	}
	list := []types.MeterValue{{Timestamp: types.NewDateTime(s.began.Add(stay / 2)), SampledValue: values}}
	_, err := s.MeterValues(1, list, func(r *core.MeterValuesRequest) { r.TransactionId = &s.transaction })
	return err
}

func (s *station16) stopCharging(remote bool) (line, error) {
	resp, err := s.StopTransaction(end, types.NewDateTime(s.began.Add(stay)), s.transaction, func(r *core.StopTransactionRequest) {
		if r.Reason = core.ReasonRemote; !remote {
			r.Reason, r.IdTag = core.ReasonLocal, s.token
		}
	})
	if err != nil {
		return line{}, err
	}
	l := line{Event: "stopped"}
	if resp.IdTagInfo != nil {
		l.Status = string(resp.IdTagInfo.Status)
	}
	return l, s.tell(core.ChargePointStatusFinishing, s.began.Add(stay))
}

func (s *station16) heartbeat() error {
	_, err := s.Heartbeat()
	return err
}

func (s *station16) OnGetConfiguration(r *core.GetConfigurationRequest) (*core.GetConfigurationConfirmation, error) {
	resp := &core.GetConfigurationConfirmation{}
	for _, key := range r.Key {
		if key != "HeartbeatInterval" {
			resp.UnknownKey = append(resp.UnknownKey, key)
		}
	}
	if len(r.Key) == 0 || len(r.Key) > len(resp.UnknownKey) {
		resp.ConfigurationKey = []core.ConfigurationKey{{Key: "HeartbeatInterval", Value: &s.interval}}
	}
	return resp, nil
}

func (s *station16) OnChangeConfiguration(r *core.ChangeConfigurationRequest) (*core.ChangeConfigurationConfirmation, error) {
	if r.Key != "HeartbeatInterval" {
		return core.NewChangeConfigurationConfirmation(core.ConfigurationStatusNotSupported), nil
	}
	s.interval = r.Value
	return core.NewChangeConfigurationConfirmation(core.ConfigurationStatusAccepted), nil
}

func (s *station16) OnUnlockConnector(r *core.UnlockConnectorRequest) (*core.UnlockConnectorConfirmation, error) {
	if r.ConnectorId != 1 {
		return core.NewUnlockConnectorConfirmation(core.UnlockStatusNotSupported), nil
	}
	return core.NewUnlockConnectorConfirmation(core.UnlockStatusUnlocked), nil
}

func (s *station16) OnTriggerMessage(r *remotetrigger.TriggerMessageRequest) (*remotetrigger.TriggerMessageConfirmation, error) {
	if r.RequestedMessage != core.StatusNotificationFeatureName {
		return remotetrigger.NewTriggerMessageConfirmation(remotetrigger.TriggerMessageStatusNotImplemented), nil
	}
	s.accept(order{action: "status"})
	return remotetrigger.NewTriggerMessageConfirmation(remotetrigger.TriggerMessageStatusAccepted), nil
}

func (s *station16) OnRemoteStartTransaction(r *core.RemoteStartTransactionRequest) (*core.RemoteStartTransactionConfirmation, error) {
	if s.running.Load() != "" || r.ConnectorId != nil && *r.ConnectorId != 1 {
		return core.NewRemoteStartTransactionConfirmation(types.RemoteStartStopStatusRejected), nil
	}
	s.accept(order{action: "start", token: r.IdTag})
	return core.NewRemoteStartTransactionConfirmation(types.RemoteStartStopStatusAccepted), nil
}

func (s *station16) OnRemoteStopTransaction(r *core.RemoteStopTransactionRequest) (*core.RemoteStopTransactionConfirmation, error) {
	if s.running.Load() != strconv.Itoa(r.TransactionId) {
		return core.NewRemoteStopTransactionConfirmation(types.RemoteStartStopStatusRejected), nil
	}
	s.accept(order{action: "stop"})
	return core.NewRemoteStopTransactionConfirmation(types.RemoteStartStopStatusAccepted), nil
}

func (s *station16) OnReset(*core.ResetRequest) (*core.ResetConfirmation, error) {
	s.accept(order{action: "reset"})
	return core.NewResetConfirmation(core.ResetStatusAccepted), nil
}

func (s *station16) OnClearCache(*core.ClearCacheRequest) (*core.ClearCacheConfirmation, error) {
	return core.NewClearCacheConfirmation(core.ClearCacheStatusAccepted), nil
}

func (s *station16) OnChangeAvailability(*core.ChangeAvailabilityRequest) (*core.ChangeAvailabilityConfirmation, error) {
	return core.NewChangeAvailabilityConfirmation(core.AvailabilityStatusRejected), nil
}

func (s *station16) OnDataTransfer(*core.DataTransferRequest) (*core.DataTransferConfirmation, error) {
	return core.NewDataTransferConfirmation(core.DataTransferStatusUnknownVendorId), nil
}
