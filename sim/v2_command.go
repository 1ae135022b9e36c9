package sim

import (
	"context"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// commands are what the central system may ask for.
func (d *v2) commands() *ocppj.Mux[*link] {
	m := ocppj.NewMux[*link](d.version, ocpp2.Actions)
	ocppj.Handle(m, ocpp2.ChangeAvailability, d.changeAvailability)
	ocppj.Handle(m, ocpp2.RequestStartTransaction, d.requestStart)
	ocppj.Handle(m, ocpp2.RequestStopTransaction, d.requestStop)
	ocppj.Handle(m, ocpp2.Reset, d.reset)
	ocppj.Handle(m, ocpp2.TriggerMessage, d.trigger)
	ocppj.Handle(m, ocpp2.UnlockConnector, d.unlock)
	d.locallist(m)
	d.reservation(m)
	d.firmware(m)
	d.publication(m)
	d.logs(m)
	d.certificates(m)
	d.network(m)
	d.deviceModel(m)
	d.smartCharging(m)
	d.energy(m)
	d.driversView(m)
	d.aside(m)
	d.prices(m)
	d.grid(m)
	d.swaps(m)
	return m
}

// on is the EVSE of the wire; nil is the station as a whole.
func (l *link) on(e *ocpp2.EVSE) (*evse, error) {
	if e == nil {
		return l.station.whole, nil
	}
	return l.station.at(e.ID)
}

// OCPP 2.x G03, G04.
func (*v2) changeAvailability(_ context.Context, l *link, req ocpp2.ChangeAvailabilityRequest) (resp ocpp2.ChangeAvailabilityResponse, _ error) {
	e, err := l.on(req.EVSE)
	switch {
	case err != nil:
		resp.Status = ocpp2.ChangeAvailabilityStatusRejected
	case l.setAvailability(e, req.OperationalStatus == ocpp2.OperationalStatusOperative):
		resp.Status = ocpp2.ChangeAvailabilityStatusScheduled
	default:
		resp.Status = ocpp2.ChangeAvailabilityStatusAccepted
	}
	return resp, nil
}

// OCPP 2.x F01, F02.
func (*v2) requestStart(_ context.Context, l *link, req ocpp2.RequestStartTransactionRequest) (ocpp2.RequestStartTransactionResponse, error) {
	evse := 0
	if req.EVSEID != nil {
		evse = *req.EVSEID
	}
	if !l.remoteStart(evse, Token{req.IDToken.IDToken, string(req.IDToken.Type)}, req.RemoteStartID) {
		return ocpp2.RequestStartTransactionResponse{Status: ocpp2.RequestStartStopStatusRejected}, nil
	}
	return ocpp2.RequestStartTransactionResponse{Status: ocpp2.RequestStartStopStatusAccepted}, nil
}

// OCPP 2.x F03.
func (*v2) requestStop(_ context.Context, l *link, req ocpp2.RequestStopTransactionRequest) (ocpp2.RequestStopTransactionResponse, error) {
	if !l.remoteStop(req.TransactionID) {
		return ocpp2.RequestStopTransactionResponse{Status: ocpp2.RequestStartStopStatusRejected}, nil // OCPP 2.x F03.FR.08
	}
	return ocpp2.RequestStopTransactionResponse{Status: ocpp2.RequestStartStopStatusAccepted}, nil
}

// OCPP 2.x B11, B12. One EVSE cannot be restarted by itself (B11.FR.09), and no transaction goes on
// after a restart.
func (*v2) reset(_ context.Context, l *link, req ocpp2.ResetRequest) (ocpp2.ResetResponse, error) {
	switch {
	case req.EVSEID != nil && *req.EVSEID != 0, req.Type == ocpp2.ResetTypeImmediateAndResume:
		return ocpp2.ResetResponse{Status: ocpp2.ResetStatusRejected}, nil
	case req.Type == ocpp2.ResetTypeImmediate:
		l.reset(ReasonHardReset, true)
	case l.resetLater():
		return ocpp2.ResetResponse{Status: ocpp2.ResetStatusScheduled}, nil
	}
	return ocpp2.ResetResponse{Status: ocpp2.ResetStatusAccepted}, nil
}

// OCPP 2.x F06.
func (*v2) trigger(_ context.Context, l *link, req ocpp2.TriggerMessageRequest) (ocpp2.TriggerMessageResponse, error) {
	rejected := ocpp2.TriggerMessageResponse{Status: ocpp2.TriggerMessageStatusRejected}
	s := l.station
	e, err := l.on(req.EVSE)
	if err != nil {
		return rejected, nil
	}
	s.mu.Lock()
	booted, charging := s.booted, s.charging()
	s.mu.Unlock()
	var send func(ctx context.Context) error
	switch req.RequestedMessage {
	case ocpp2.MessageTriggerBootNotification:
		if booted { // OCPP 2.x F06.FR.17
			return rejected, nil
		}
		send = func(ctx context.Context) error { return s.boot(ctx, bootTriggered) }
	case ocpp2.MessageTriggerHeartbeat:
		send = s.Heartbeat
	case ocpp2.MessageTriggerStatusNotification:
		send = func(ctx context.Context) error { return s.tellTriggered(ctx, e) }
	case ocpp2.MessageTriggerMeterValues:
		send = func(ctx context.Context) error { return s.readTriggered(ctx, e) }
	case ocpp2.MessageTriggerTransactionEvent:
		if !charging {
			return rejected, nil
		}
		send = func(ctx context.Context) error { return s.sampleTriggered(ctx, e, false) }
	case ocpp2.MessageTriggerLogStatusNotification:
		send = func(ctx context.Context) error { return s.triggerUpload(ctx, false) }
	case ocpp2.MessageTriggerFirmwareStatusNotification:
		send = func(ctx context.Context) error { return s.triggerUpdate(ctx, true) }
	case ocpp2.MessageTriggerPublishFirmwareStatusNotification:
		send = s.triggerPublication
	case ocpp2.MessageTriggerSignChargingStationCertificate, ocpp2.MessageTriggerSignCombinedCertificate:
		send = func(ctx context.Context) error {
			return s.SignCertificate(ctx, string(ocpp2.CertificateSigningUseChargingStationCertificate))
		}
	case ocpp2.MessageTriggerSignV2GCertificate:
		send = func(ctx context.Context) error {
			return s.SignCertificate(ctx, string(ocpp2.CertificateSigningUseV2GCertificate))
		}
	case ocpp2.MessageTriggerSignV2G20Certificate:
		send = func(ctx context.Context) error {
			return s.SignCertificate(ctx, string(ocpp2.CertificateSigningUseV2G20Certificate))
		}
	default:
		return ocpp2.TriggerMessageResponse{Status: ocpp2.TriggerMessageStatusNotImplemented}, nil
	}
	l.afterwards(func(ctx context.Context) { s.note(string(req.RequestedMessage), send(ctx)) })
	return ocpp2.TriggerMessageResponse{Status: ocpp2.TriggerMessageStatusAccepted}, nil
}

// OCPP 2.x F05.
func (*v2) unlock(_ context.Context, l *link, req ocpp2.UnlockConnectorRequest) (resp ocpp2.UnlockConnectorResponse, _ error) {
	e, err := l.station.outlet(req.EVSEID)
	switch {
	case err != nil || req.ConnectorID != 1:
		resp.Status = ocpp2.UnlockStatusUnknownConnector
	case l.station.Charging(e.id): // OCPP 2.x F05.FR.02
		resp.Status = ocpp2.UnlockStatusOngoingAuthorizedTransaction
	case l.unlock(e):
		resp.Status = ocpp2.UnlockStatusUnlocked
	default:
		resp.Status = ocpp2.UnlockStatusUnlockFailed
	}
	return resp, nil
}
