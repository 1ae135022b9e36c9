package sim

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// v2 is OCPP 2.0.1 or 2.1. Each EVSE has one connector, 1.
type v2 struct {
	version ocppj.Version
	// routes are made when the central system asks for something: most stations are never asked.
	routes func() *ocppj.Mux[*link]
}

func newV2(v ocppj.Version) *v2 {
	d := &v2{version: v}
	d.routes = sync.OnceValue(d.commands)
	return d
}

func (d *v2) traits() traits {
	t := traits{protocol: d.version, maxUID: 36, ownNames: true, activities: true, invalidCertificate: "InvalidChargingStationCertificate"}
	if d.version >= ocppj.V21 {
		t.maxUID = 255
	}
	return t
}

// OCPP 2.x B01.
func (*v2) boot(ctx context.Context, l *link, reason bootReason) (bootAnswer, error) {
	s := l.station
	resp, err := call(ctx, l, ocpp2.BootNotification, ocpp2.BootNotificationRequest{
		Reason:          ocpp2.BootReason(reason),
		ChargingStation: ocpp2.ChargingStation{VendorName: s.vendor(), Model: s.model(), SerialNumber: s.Serial, FirmwareVersion: s.FirmwareVersion()},
	})
	return bootAnswer{resp.Status == ocpp2.RegistrationStatusAccepted, string(resp.Status), time.Duration(resp.Interval) * time.Second}, err
}

// OCPP 2.x G02.
func (*v2) heartbeat(ctx context.Context, l *link) error {
	_, err := call(ctx, l, ocpp2.Heartbeat, ocpp2.HeartbeatRequest{})
	return err
}

// OCPP 2.x C01.
func (d *v2) authorise(ctx context.Context, l *link, token Token) (verdict, error) {
	resp, err := call(ctx, l, ocpp2.Authorize, ocpp2.AuthorizeRequest{IDToken: *l.presented(token.UID, token.Type)})
	v := d.verdict(&resp.IDTokenInfo)
	v.rates = resp.Tariff
	return v, err
}

// verdict is what is said of a card; nil is nothing.
func (*v2) verdict(i *ocpp2.IDTokenInfo) verdict {
	if i == nil {
		return verdict{}
	}
	v := verdict{status: string(i.Status), until: moment(i.CacheExpiryDateTime)}
	if i.GroupIDToken != nil {
		v.group = i.GroupIDToken.IDToken
	}
	if i.PersonalMessage != nil {
		v.price = i.PersonalMessage.Content
	}
	return v
}

// idToken is a token on the wire; nil is none.
func idToken(uid, kind string) *ocpp2.IDToken {
	if uid == "" {
		return nil
	}
	if kind == "" {
		kind = string(ocpp2.IDTokenTypeISO14443)
	}
	return &ocpp2.IDToken{IDToken: uid, Type: ocpp2.IDTokenType(kind)}
}

// presented is a token with what is told of it.
func (l *link) presented(uid, kind string) *ocpp2.IDToken {
	t := idToken(uid, kind)
	if t != nil && kind == directPayment {
		l.station.mu.Lock()
		defer l.station.mu.Unlock()
		t.AdditionalInfo = l.station.presenting[uid]
	}
	return t
}

// OCPP 2.x G01, G05, N07. OCPP 2.1 tells the state of a connector as an event of the device model.
func (d *v2) status(ctx context.Context, l *link, r report) error {
	var events []ocpp2.EventData
	for _, f := range r.faultsWas {
		if !slices.Contains(r.faults, f) {
			events = append(events, d.faultEvent(l, r, f, true))
		}
	}
	for _, f := range r.faults {
		if r.was == "" || !slices.Contains(r.faultsWas, f) {
			events = append(events, d.faultEvent(l, r, f, false))
		}
	}
	word := availability(r.status)
	changed := r.evse > 0 && (r.was == "" || word != availability(r.was))
	if changed && d.version >= ocppj.V21 {
		events = append(events, ocpp2.EventData{
			EventID: l.nextEvent(), Timestamp: instant(r.at), Trigger: ocpp2.EventTriggerDelta, ActualValue: word,
			EventNotificationType: ocpp2.EventNotificationTypeHardWiredNotification,
			Component:             ocpp2.Component{Name: "Connector", EVSE: place(r.evse, true)}, Variable: ocpp2.Variable{Name: "AvailabilityState"},
		})
	}
	if len(events) > 0 {
		if _, err := call(ctx, l, ocpp2.NotifyEvent, ocpp2.NotifyEventRequest{GeneratedAt: instant(r.at), EventData: events}); err != nil {
			return err
		}
	}
	if changed && d.version < ocppj.V21 {
		_, err := call(ctx, l, ocpp2.StatusNotification, ocpp2.StatusNotificationRequest{
			Timestamp: instant(r.at), ConnectorStatus: ocpp2.ConnectorStatus(word), EVSEID: r.evse, ConnectorID: 1,
		})
		return err
	}
	return nil
}

// place is an EVSE on the wire, with its connector or without; nil is the station as a whole.
func place(evse int, connector bool) *ocpp2.EVSE {
	if evse == 0 {
		return nil
	}
	e := &ocpp2.EVSE{ID: evse}
	if connector {
		one := 1
		e.ConnectorID = &one
	}
	return e
}

// nextEvent is a number for an event of the device model.
func (l *link) nextEvent() int {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	s.eventID++
	return s.eventID
}

// OCPP 2.x J01.
func (d *v2) reading(ctx context.Context, l *link, evse int, r Reading, why cause) error {
	occasion := ocpp2.ReadingContextSamplePeriodic
	if why == causeTrigger {
		occasion = ocpp2.ReadingContextTrigger
	}
	_, err := call(ctx, l, ocpp2.MeterValues, ocpp2.MeterValuesRequest{EVSEID: evse, MeterValue: d.meterValue(r, occasion)})
	return err
}

// OCPP 2.x E01–E12.
func (d *v2) transaction(ctx context.Context, l *link, m message) (verdict, error) {
	req := ocpp2.TransactionEventRequest{
		Timestamp: instant(m.At), SeqNo: m.Seq, TransactionInfo: ocpp2.Transaction{TransactionID: m.Transaction}, IDToken: l.presented(m.Token, m.tokenType),
	}
	if m.Offline { // OCPP 2.x E04.FR.03, E12.FR.02
		req.Offline = &m.Offline
	}
	req.TransactionInfo.TariffID = m.tariff // OCPP 2.1 I07.FR.32, I11.FR.07
	occasion := ocpp2.ReadingContextSamplePeriodic
	switch m.Kind {
	case Started:
		occasion = ocpp2.ReadingContextTransactionBegin
		req.EventType, req.TriggerReason, req.EVSE = ocpp2.TransactionEventTypeStarted, ocpp2.TriggerReasonAuthorized, place(m.EVSE, true)
		req.TransactionInfo.ChargingState = chargingState(m.activity)
		req.ReservationID = m.reservation // OCPP 2.x H01.FR.15
		if m.number != 0 {                // OCPP 2.x F02.FR.21
			req.TriggerReason, req.TransactionInfo.RemoteStartID = ocpp2.TriggerReasonRemoteStart, &m.number
		}
	case Updated:
		req.EventType, req.TransactionInfo.ChargingState = ocpp2.TransactionEventTypeUpdated, chargingState(m.activity)
		switch m.cause {
		case causeTariff:
			req.TriggerReason = ocpp2.TriggerReasonTariffChanged
		case causeRate:
			req.TriggerReason = ocpp2.TriggerReasonChargingRateChanged
		case causeActivity:
			req.TriggerReason = ocpp2.TriggerReasonChargingStateChanged
		case causeTrigger:
			req.TriggerReason, occasion = ocpp2.TriggerReasonTrigger, ocpp2.ReadingContextTrigger
		case causeLimit:
			req.TriggerReason = ocpp2.TriggerReasonLimitSet
		case causeSpent:
			req.TriggerReason = ocpp2.TriggerReasonCostLimitReached
		default:
			req.TriggerReason = ocpp2.TriggerReasonMeterValuePeriodic
		}
	case Ended:
		occasion = ocpp2.ReadingContextTransactionEnd
		req.EventType, req.TransactionInfo.ChargingState = ocpp2.TransactionEventTypeEnded, ocpp2.ChargingStateEVConnected
		if m.Reason == ReasonEVDisconnected {
			req.TransactionInfo.ChargingState = ocpp2.ChargingStateIdle
		}
		req.TriggerReason, req.TransactionInfo.StoppedReason = ending(m.Reason)
	}
	if m.reading != nil {
		req.MeterValue = d.meterValue(*m.reading, occasion)
	}
	if m.limit != nil {
		req.TransactionInfo.TransactionLimit = &ocpp2.TransactionLimit{MaxCost: m.limit}
	}
	req.CostDetails = m.costs // OCPP 2.1 I12.FR.01
	resp, err := call(ctx, l, ocpp2.TransactionEvent, req)
	v := d.verdict(resp.IDTokenInfo)
	if resp.TransactionLimit != nil {
		v.limit = resp.TransactionLimit.MaxCost
	}
	if v.cost = resp.TotalCost; resp.UpdatedPersonalMessage != nil {
		v.text = resp.UpdatedPersonalMessage.Content
	}
	return v, err
}

func chargingState(a Status) ocpp2.ChargingState {
	switch a {
	case StatusSuspendedEV:
		return ocpp2.ChargingStateSuspendedEV
	case StatusSuspendedEVSE:
		return ocpp2.ChargingStateSuspendedEVSE
	}
	return ocpp2.ChargingStateCharging
}

// ending is what makes a transaction end, and why it ended.
func ending(r Reason) (ocpp2.TriggerReason, ocpp2.Reason) {
	switch r {
	case ReasonLocal:
		return ocpp2.TriggerReasonStopAuthorized, ocpp2.ReasonLocal
	case ReasonRemote:
		return ocpp2.TriggerReasonRemoteStop, ocpp2.ReasonRemote
	case ReasonEVDisconnected:
		return ocpp2.TriggerReasonEVCommunicationLost, ocpp2.ReasonEVDisconnected
	case ReasonDeAuthorized:
		return ocpp2.TriggerReasonDeauthorized, ocpp2.ReasonDeAuthorized
	case ReasonPowerLoss:
		return ocpp2.TriggerReasonAbnormalCondition, ocpp2.ReasonPowerLoss // OCPP 2.1 E17.FR.21
	case ReasonSoftReset, ReasonHardReset:
		return ocpp2.TriggerReasonResetCommand, ocpp2.ReasonImmediateReset // OCPP 2.x B12.FR.04
	case ReasonUnlockCommand:
		return ocpp2.TriggerReasonUnlockCommand, ocpp2.ReasonOther
	case ReasonEmergencyStop, ReasonGroundFault, ReasonOvercurrentFault:
		return ocpp2.TriggerReasonAbnormalCondition, ocpp2.Reason(r) // OCPP 2.x E06.FR.16
	}
	if other := ocpp2.Reason(r); other.Valid(ocppj.V21) {
		return ocpp2.TriggerReasonAbnormalCondition, other
	}
	return ocpp2.TriggerReasonAbnormalCondition, ocpp2.ReasonOther
}

func (*v2) meterValue(r Reading, occasion ocpp2.ReadingContext) []ocpp2.MeterValue {
	value := func(v float64, m ocpp2.Measurand, unit string, p ocpp2.Phase) ocpp2.SampledValue {
		return ocpp2.SampledValue{Value: v, Context: occasion, Measurand: m, Phase: p, UnitOfMeasure: &ocpp2.UnitOfMeasure{Unit: unit}}
	}
	list := []ocpp2.SampledValue{
		value(float64(r.RegisterWh), ocpp2.MeasurandEnergyActiveImportRegister, "Wh", ""),
		value(float64(r.PowerW), ocpp2.MeasurandPowerActiveImport, "W", ""),
	}
	phases := []ocpp2.Phase{ocpp2.PhaseL1, ocpp2.PhaseL2, ocpp2.PhaseL3}
	for i, mA := range r.CurrentsMA {
		list = append(list, value(float64(mA)/1000, ocpp2.MeasurandCurrentImport, "A", phases[i]))
	}
	return []ocpp2.MeterValue{{Timestamp: instant(r.At), SampledValue: list}}
}

func (d *v2) serve(ctx context.Context, l *link, f ocppj.Frame) (json.RawMessage, error) {
	payload, _, err := d.routes().Serve(ctx, l, f, ocppj.Strict)
	return payload, err
}
