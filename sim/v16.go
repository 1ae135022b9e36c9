package sim

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"time"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
)

// v16 is OCPP 1.6. Connector N is EVSE N.
type v16 struct {
	// routes are made when the central system asks for something: most stations are never asked.
	routes func() *ocppj.Mux[*link]
}

func newV16() *v16 {
	d := &v16{}
	d.routes = sync.OnceValue(d.commands)
	return d
}

// unknownTransaction is what a station sends in place of a number that it was never told.
const unknownTransaction = -1

func (*v16) traits() traits {
	return traits{protocol: ocppj.V16, maxUID: 20, invalidCertificate: "InvalidChargePointCertificate"}
}

// OCPP 1.6 §4.2.
func (*v16) boot(ctx context.Context, l *link, _ bootReason) (bootAnswer, error) {
	s := l.station
	resp, err := call(ctx, l, ocpp16.BootNotification, ocpp16.BootNotificationRequest{
		ChargePointVendor: s.vendor(), ChargePointModel: s.model(), ChargePointSerialNumber: s.Serial, FirmwareVersion: s.FirmwareVersion(),
	})
	return bootAnswer{resp.Status == ocpp16.RegistrationStatusAccepted, string(resp.Status), time.Duration(resp.Interval) * time.Second}, err
}

// OCPP 1.6 §4.6.
func (*v16) heartbeat(ctx context.Context, l *link) error {
	_, err := call(ctx, l, ocpp16.Heartbeat, ocpp16.HeartbeatRequest{})
	return err
}

// OCPP 1.6 §4.1.
func (d *v16) authorise(ctx context.Context, l *link, token Token) (verdict, error) {
	resp, err := call(ctx, l, ocpp16.Authorize, ocpp16.AuthorizeRequest{IDTag: token.UID})
	return d.verdict(&resp.IDTagInfo), err
}

// verdict is what is said of a card; nil is nothing.
func (*v16) verdict(i *ocpp16.IDTagInfo) verdict {
	if i == nil {
		return verdict{}
	}
	return verdict{status: string(i.Status), group: i.ParentIDTag, until: moment(i.ExpiryDate)}
}

// OCPP 1.6 §4.7.
func (d *v16) reading(ctx context.Context, l *link, evse int, r Reading, why cause) error {
	_, err := call(ctx, l, ocpp16.MeterValues, ocpp16.MeterValuesRequest{ConnectorID: evse, MeterValue: d.meterValue(r, why)})
	return err
}

// OCPP 1.6 §4.7, §4.8, §4.10.
func (d *v16) transaction(ctx context.Context, l *link, m message) (verdict, error) {
	number, err := strconv.ParseInt(m.Transaction, 10, 64)
	if err != nil {
		number = unknownTransaction
	}
	switch m.Kind {
	case Started:
		resp, err := call(ctx, l, ocpp16.StartTransaction, ocpp16.StartTransactionRequest{
			ConnectorID: m.EVSE, IDTag: m.Token, MeterStart: int(m.RegisterWh), ReservationID: m.reservation, Timestamp: instant(m.At),
		})
		v := d.verdict(&resp.IDTagInfo)
		v.name = strconv.FormatInt(resp.TransactionID, 10)
		return v, err
	case Ended:
		resp, err := call(ctx, l, ocpp16.StopTransaction, ocpp16.StopTransactionRequest{
			TransactionID: number, IDTag: m.Token, MeterStop: int(m.RegisterWh), Timestamp: instant(m.At), Reason: d.reason(m.Reason),
		})
		return d.verdict(resp.IDTagInfo), err
	}
	req := ocpp16.MeterValuesRequest{ConnectorID: m.EVSE, MeterValue: d.meterValue(*m.reading, m.cause)}
	if number != unknownTransaction {
		req.TransactionID = &number
	}
	_, err = call(ctx, l, ocpp16.MeterValues, req)
	return verdict{}, err
}

// reason is why a transaction ended; the version has no words for most faults.
func (*v16) reason(r Reason) ocpp16.Reason {
	if reason := ocpp16.Reason(r); reason.Valid(ocppj.V16) {
		return reason
	}
	return ocpp16.ReasonOther
}

func (*v16) meterValue(r Reading, why cause) []ocpp16.MeterValue {
	context := ocpp16.ReadingContextSamplePeriodic
	if why == causeTrigger {
		context = ocpp16.ReadingContextTrigger
	}
	value := func(v string, m ocpp16.Measurand, u ocpp16.UnitOfMeasure, p ocpp16.Phase) ocpp16.SampledValue {
		return ocpp16.SampledValue{Value: ocpp16.Value(v), Context: context, Measurand: m, Unit: u, Phase: p}
	}
	list := []ocpp16.SampledValue{
		value(strconv.FormatInt(r.RegisterWh, 10), ocpp16.MeasurandEnergyActiveImportRegister, ocpp16.UnitOfMeasureWh, ""),
		value(strconv.FormatInt(r.PowerW, 10), ocpp16.MeasurandPowerActiveImport, ocpp16.UnitOfMeasureW, ""),
	}
	phases := []ocpp16.Phase{ocpp16.PhaseL1, ocpp16.PhaseL2, ocpp16.PhaseL3}
	for i, mA := range r.CurrentsMA {
		list = append(list, value(strconv.FormatFloat(float64(mA)/1000, 'f', -1, 64), ocpp16.MeasurandCurrentImport, ocpp16.UnitOfMeasureA, phases[i]))
	}
	return []ocpp16.MeterValue{{Timestamp: instant(r.At), SampledValue: list}}
}

// commands are what the central system may ask for.
func (d *v16) commands() *ocppj.Mux[*link] {
	m := ocppj.NewMux[*link](ocppj.V16, ocpp16.Actions)
	ocppj.Handle(m, ocpp16.ChangeAvailability, d.changeAvailability)
	ocppj.Handle(m, ocpp16.ChangeConfiguration, d.changeConfiguration)
	ocppj.Handle(m, ocpp16.GetConfiguration, d.getConfiguration)
	ocppj.Handle(m, ocpp16.RemoteStartTransaction, d.remoteStart)
	ocppj.Handle(m, ocpp16.RemoteStopTransaction, d.remoteStop)
	ocppj.Handle(m, ocpp16.Reset, d.reset)
	ocppj.Handle(m, ocpp16.TriggerMessage, d.trigger)
	ocppj.Handle(m, ocpp16.UnlockConnector, d.unlock)
	d.locallist(m)
	d.reservation(m)
	d.firmware(m)
	d.logs(m)
	d.certificates(m)
	ocppj.Handle(m, ocpp16.ExtendedTriggerMessage, d.extendedTrigger)
	ocppj.Handle(m, ocpp16.DataTransfer, d.dataTransfer)
	d.smartCharging(m)
	return m
}

func (d *v16) serve(ctx context.Context, l *link, f ocppj.Frame) (json.RawMessage, error) {
	payload, _, err := d.routes().Serve(ctx, l, f, ocppj.Strict)
	return payload, err
}

// OCPP 1.6 §5.2.
func (*v16) changeAvailability(_ context.Context, l *link, req ocpp16.ChangeAvailabilityRequest) (resp ocpp16.ChangeAvailabilityResponse, _ error) {
	e, err := l.station.at(req.ConnectorID)
	switch {
	case err != nil:
		resp.Status = ocpp16.AvailabilityStatusRejected
	case l.setAvailability(e, req.Type == ocpp16.AvailabilityTypeOperative):
		resp.Status = ocpp16.AvailabilityStatusScheduled
	default:
		resp.Status = ocpp16.AvailabilityStatusAccepted
	}
	return resp, nil
}

// OCPP 1.6 §5.3.
func (*v16) changeConfiguration(_ context.Context, l *link, req ocpp16.ChangeConfigurationRequest) (ocpp16.ChangeConfigurationResponse, error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	status := ocpp16.ConfigurationStatusNotSupported
	for _, v := range s.listSettings() {
		if v.key != req.Key {
			continue
		}
		status = ocpp16.ConfigurationStatusRejected
		if v.write != nil && v.write(req.Value) {
			status = ocpp16.ConfigurationStatusAccepted
			if v.restart {
				status = ocpp16.ConfigurationStatusRebootRequired
			}
		}
	}
	return ocpp16.ChangeConfigurationResponse{Status: status}, nil
}

// OCPP 1.6 §5.8.
func (*v16) getConfiguration(_ context.Context, l *link, req ocpp16.GetConfigurationRequest) (resp ocpp16.GetConfigurationResponse, _ error) {
	s := l.station
	if len(req.Key) > keyCount {
		return resp, ocppj.Errorf(ocppj.OccurrenceConstraintViolation, "no more than %d keys can be asked for at once", keyCount)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var known []string
	for _, v := range s.listSettings() {
		if v.key == "" || len(req.Key) > 0 && !slices.Contains(req.Key, v.key) {
			continue
		}
		known = append(known, v.key)
		if v.secret {
			v.value = ""
		}
		resp.ConfigurationKey = append(resp.ConfigurationKey, ocpp16.KeyValue{Key: v.key, Readonly: v.write == nil, Value: v.value})
	}
	for _, key := range req.Key {
		if !slices.Contains(known, key) {
			resp.UnknownKey = append(resp.UnknownKey, key)
		}
	}
	return resp, nil
}

// OCPP 1.6 §5.11.
func (*v16) remoteStart(_ context.Context, l *link, req ocpp16.RemoteStartTransactionRequest) (ocpp16.RemoteStartTransactionResponse, error) {
	evse := 0
	if req.ConnectorID != nil {
		evse = *req.ConnectorID
	}
	if !l.remoteStart(evse, Token{UID: req.IDTag}, 0) {
		return ocpp16.RemoteStartTransactionResponse{Status: ocpp16.RemoteStartStopStatusRejected}, nil
	}
	return ocpp16.RemoteStartTransactionResponse{Status: ocpp16.RemoteStartStopStatusAccepted}, nil
}

// OCPP 1.6 §5.12.
func (*v16) remoteStop(_ context.Context, l *link, req ocpp16.RemoteStopTransactionRequest) (ocpp16.RemoteStopTransactionResponse, error) {
	if !l.remoteStop(strconv.FormatInt(req.TransactionID, 10)) {
		return ocpp16.RemoteStopTransactionResponse{Status: ocpp16.RemoteStartStopStatusRejected}, nil
	}
	return ocpp16.RemoteStopTransactionResponse{Status: ocpp16.RemoteStartStopStatusAccepted}, nil
}

// OCPP 1.6 §5.14. A soft reset stops transactions properly first; a hard one tells of them afterwards.
func (*v16) reset(_ context.Context, l *link, req ocpp16.ResetRequest) (ocpp16.ResetResponse, error) {
	if req.Type == ocpp16.ResetTypeHard {
		l.reset(ReasonHardReset, false)
	} else {
		l.reset(ReasonSoftReset, true)
	}
	return ocpp16.ResetResponse{Status: ocpp16.ResetStatusAccepted}, nil
}

// OCPP 1.6 §5.17.
func (*v16) trigger(_ context.Context, l *link, req ocpp16.TriggerMessageRequest) (ocpp16.TriggerMessageResponse, error) {
	s, e := l.station, l.station.whole
	if req.ConnectorID != nil {
		var err error
		if e, err = s.at(*req.ConnectorID); err != nil {
			return ocpp16.TriggerMessageResponse{Status: ocpp16.TriggerMessageStatusRejected}, nil
		}
	}
	var send func(ctx context.Context) error
	switch req.RequestedMessage {
	case ocpp16.MessageTriggerBootNotification:
		send = func(ctx context.Context) error { return s.boot(ctx, bootTriggered) }
	case ocpp16.MessageTriggerHeartbeat:
		send = s.Heartbeat
	case ocpp16.MessageTriggerStatusNotification:
		send = func(ctx context.Context) error { return s.tellTriggered(ctx, e) }
	case ocpp16.MessageTriggerMeterValues:
		send = func(ctx context.Context) error { return s.sampleTriggered(ctx, e, true) }
	case ocpp16.MessageTriggerDiagnosticsStatusNotification:
		send = func(ctx context.Context) error { return s.triggerUpload(ctx, true) }
	case ocpp16.MessageTriggerFirmwareStatusNotification:
		send = func(ctx context.Context) error { return s.triggerUpdate(ctx, false) }
	default:
		return ocpp16.TriggerMessageResponse{Status: ocpp16.TriggerMessageStatusNotImplemented}, nil
	}
	l.afterwards(func(ctx context.Context) { s.note(string(req.RequestedMessage), send(ctx)) })
	return ocpp16.TriggerMessageResponse{Status: ocpp16.TriggerMessageStatusAccepted}, nil
}

// OCPP 1.6 security whitepaper §5.6.
func (d *v16) extendedTrigger(ctx context.Context, l *link, req ocpp16.ExtendedTriggerMessageRequest) (ocpp16.ExtendedTriggerMessageResponse, error) {
	s := l.station
	var send func(ctx context.Context) error
	switch req.RequestedMessage {
	case ocpp16.ExtendedMessageTriggerLogStatusNotification:
		send = func(ctx context.Context) error { return s.triggerUpload(ctx, false) }
	case ocpp16.ExtendedMessageTriggerFirmwareStatusNotification:
		send = func(ctx context.Context) error { return s.triggerUpdate(ctx, true) }
	case ocpp16.ExtendedMessageTriggerSignChargePointCertificate:
		send = func(ctx context.Context) error { return s.SignCertificate(ctx, "") }
	default:
		resp, err := d.trigger(ctx, l, ocpp16.TriggerMessageRequest{RequestedMessage: ocpp16.MessageTrigger(req.RequestedMessage), ConnectorID: req.ConnectorID})
		return ocpp16.ExtendedTriggerMessageResponse(resp), err
	}
	l.afterwards(func(ctx context.Context) { s.note(string(req.RequestedMessage), send(ctx)) })
	return ocpp16.ExtendedTriggerMessageResponse{Status: ocpp16.TriggerMessageStatusAccepted}, nil
}

// OCPP 1.6 §5.18.
func (*v16) unlock(_ context.Context, l *link, req ocpp16.UnlockConnectorRequest) (resp ocpp16.UnlockConnectorResponse, _ error) {
	e, err := l.station.outlet(req.ConnectorID)
	switch {
	case err != nil:
		resp.Status = ocpp16.UnlockStatusNotSupported
	case l.unlock(e):
		resp.Status = ocpp16.UnlockStatusUnlocked
	default:
		resp.Status = ocpp16.UnlockStatusUnlockFailed
	}
	return resp, nil
}
