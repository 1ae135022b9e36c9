package sim

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// monitoring is what the station looks out for in its variables (OCPP 2.x N). It is guarded by the mu
// of the station.
type monitoring struct {
	base    string
	level   int // the least severe, so the greatest number, that is told
	list    []*monitor
	lastID  int
	waiting []ocpp2.EventData // that are not told yet
	sending bool
}

// monitor looks out for one thing in a variable.
type monitor struct {
	id                int
	origin            ocpp2.EventNotificationType
	asSet             ocpp2.SetMonitoringData
	duringTransaction bool
	off               bool // one of the station's own that the central system wants not

	seen   string // what was told last, or what was there when the monitor was set
	beyond bool   // the value is where it should not be, and that was told
	stop   context.CancelFunc
	stream *stream
}

// watching makes the monitors that the station has by itself. mu is held.
func (s *Station) watching() *monitoring {
	k := s.memory()
	if k.monitoring == nil {
		k.monitoring = &monitoring{base: string(ocpp2.MonitoringBaseAll), level: 9}
		s.ownMonitors(k.monitoring)
	}
	return k.monitoring
}

// ownMonitors adds those of the station, where they are not.
func (s *Station) ownMonitors(m *monitoring) {
	for i, own := range []struct {
		origin   ocpp2.EventNotificationType
		value    float64
		severity int
	}{
		{ocpp2.EventNotificationTypeHardWiredMonitor, 110, 1},
		{ocpp2.EventNotificationTypePreconfiguredMonitor, 90, 4},
	} {
		at := slices.IndexFunc(m.list, func(x *monitor) bool { return x.id == i+1 })
		if at >= 0 && m.list[at].origin == own.origin {
			m.list[at].off = false
			continue
		}
		if at >= 0 { // the central system's own in its place
			m.list = slices.Delete(m.list, at, at+1)
		}
		m.list = append(m.list, &monitor{id: i + 1, origin: own.origin, stop: func() {}, asSet: ocpp2.SetMonitoringData{
			Value: own.value, Type: ocpp2.MonitorTypeUpperThreshold, Severity: own.severity,
			Component: ocpp2.Component{Name: "TemperatureSensor"}, Variable: ocpp2.Variable{Name: "Temperature"},
		}})
	}
	m.lastID = max(m.lastID, 2)
}

// monitors are the commands about monitors.
func (d *v2) monitors(m *ocppj.Mux[*link]) {
	ocppj.Handle(m, ocpp2.SetVariableMonitoring, d.setMonitoring)
	ocppj.Handle(m, ocpp2.SetMonitoringBase, d.setMonitoringBase)
	ocppj.Handle(m, ocpp2.SetMonitoringLevel, d.setMonitoringLevel)
	ocppj.Handle(m, ocpp2.ClearVariableMonitoring, d.clearMonitoring)
	ocppj.Handle(m, ocpp2.GetMonitoringReport, d.getMonitoringReport)
	ocppj.Handle(m, ocpp2.AdjustPeriodicEventStream, d.adjustStream)
	ocppj.Handle(m, ocpp2.GetPeriodicEventStream, d.getStreams)
}

// OCPP 2.x N04.
func (d *v2) setMonitoring(_ context.Context, l *link, req ocpp2.SetVariableMonitoringRequest) (resp ocpp2.SetVariableMonitoringResponse, _ error) {
	s := l.station
	if err := s.tooMany(len(req.SetMonitoringData)); err != nil {
		return resp, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, list := s.watching(), s.listSettings()
	for _, q := range req.SetMonitoringData {
		r := ocpp2.SetMonitoringResult{Type: q.Type, Severity: q.Severity, Component: q.Component, Variable: q.Variable}
		v, known := lookUp(list, q.Component, q.Variable)
		switch {
		case v == nil && !known: // N04.FR.03
			r.Status = ocpp2.SetMonitoringStatusUnknownComponent
		case v == nil: // N04.FR.04
			r.Status = ocpp2.SetMonitoringStatusUnknownVariable
		case !v.canMonitor(q.Type): // N04.FR.05
			r.Status = ocpp2.SetMonitoringStatusUnsupportedMonitorType
		case !v.sensible(q): // N04.FR.06, N04.FR.14
			r.Status, r.StatusInfo = ocpp2.SetMonitoringStatusRejected, because("ValueOutOfRange")
		default:
			r.Status, r.ID = l.addMonitor(m, q, v)
		}
		resp.SetMonitoringResult = append(resp.SetMonitoringResult, r)
	}
	l.afterwards(func(context.Context) {
		s.mu.Lock()
		s.watch() // N07.FR.11
		s.mu.Unlock()
	})
	return resp, nil
}

func (v *setting) numeric() bool { return v.kind == kindInteger || v.kind == kindDecimal }

// canMonitor tells whether a variable can be monitored in a way.
func (v *setting) canMonitor(kind ocpp2.MonitorType) bool {
	switch kind {
	case ocpp2.MonitorTypeDelta, ocpp2.MonitorTypePeriodic, ocpp2.MonitorTypePeriodicClockAligned:
		return v.monitored
	case ocpp2.MonitorTypeTargetDelta, ocpp2.MonitorTypeTargetDeltaRelative:
		return v.monitored && v.numeric() && v.attribute(ocpp2.AttributeTypeTarget) != nil
	}
	return v.monitored && v.numeric()
}

// sensible tells whether a monitor could ever find something.
func (v *setting) sensible(q ocpp2.SetMonitoringData) bool {
	switch q.Type {
	case ocpp2.MonitorTypeUpperThreshold, ocpp2.MonitorTypeLowerThreshold:
		return (v.low == nil || q.Value >= *v.low) && (v.high == nil || q.Value <= *v.high)
	case ocpp2.MonitorTypePeriodic, ocpp2.MonitorTypePeriodicClockAligned:
		return q.Value >= 1
	}
	return q.Value >= 0
}

// addMonitor sets a monitor, or another in its place. mu is held.
func (l *link) addMonitor(m *monitoring, q ocpp2.SetMonitoringData, v *setting) (ocpp2.SetMonitoringStatus, *int) {
	s := l.station
	same := func(a, b ocpp2.SetMonitoringData) bool {
		return a.Component.Name == b.Component.Name && evseOf(a.Component) == evseOf(b.Component) && a.Variable == b.Variable
	}
	at := -1
	for i, x := range m.list {
		switch {
		case q.ID != nil && x.id == *q.ID:
			at = i
		case same(x.asSet, q) && x.asSet.Type == q.Type && x.asSet.Severity == q.Severity: // N04.FR.10
			return ocpp2.SetMonitoringStatusDuplicate, nil
		}
	}
	x := &monitor{origin: ocpp2.EventNotificationTypeCustomMonitor, asSet: q, duringTransaction: q.Transaction != nil && *q.Transaction, seen: v.value, stop: func() {}}
	switch {
	case q.ID == nil && len(m.list) >= monitorCount, q.ID != nil && at < 0: // N04.FR.13
		return ocpp2.SetMonitoringStatusRejected, nil
	case q.ID == nil:
		m.lastID++
		x.id = m.lastID
		m.list = append(m.list, x)
	case m.list[at].origin == ocpp2.EventNotificationTypeHardWiredMonitor, !same(m.list[at].asSet, q): // N04.FR.16, N04.FR.18
		return ocpp2.SetMonitoringStatusRejected, nil
	default: // N04.FR.12
		l.dropMonitor(m.list[at])
		x.id, x.beyond = *q.ID, m.list[at].beyond
		m.list[at] = x
	}
	if q.PeriodicEventStream != nil && s.traits.protocol >= ocppj.V21 {
		l.afterwards(func(ctx context.Context) { s.note("a stream of events", s.openStream(ctx, x)) })
	}
	if q.Type == ocpp2.MonitorTypePeriodic || q.Type == ocpp2.MonitorTypePeriodicClockAligned {
		ctx, stop := context.WithCancel(s.ctx)
		x.stop = stop
		s.start(func(context.Context) { s.lookAt(ctx, x) })
	}
	return ocpp2.SetMonitoringStatusAccepted, &x.id
}

// evseOf is where a component is.
func evseOf(c ocpp2.Component) (at [2]int) {
	if c.EVSE != nil {
		at[0] = c.EVSE.ID
		if c.EVSE.ConnectorID != nil {
			at[1] = *c.EVSE.ConnectorID
		}
	}
	return at
}

// dropMonitor ends what goes on for a monitor. mu is held.
func (l *link) dropMonitor(x *monitor) {
	x.stop()
	if st := x.stream; st != nil { // OCPP 2.1 N13.FR.05, N13.FR.06
		x.stream = nil
		l.afterwards(func(ctx context.Context) { l.station.note("a stream of events", l.station.closeStream(ctx, st)) })
	}
}

// OCPP 2.x N03.
func (*v2) setMonitoringBase(_ context.Context, l *link, req ocpp2.SetMonitoringBaseRequest) (ocpp2.SetMonitoringBaseResponse, error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.watching()
	m.base = string(req.MonitoringBase)
	if req.MonitoringBase != ocpp2.MonitoringBaseAll { // N03.FR.04, N03.FR.05
		m.list = slices.DeleteFunc(m.list, func(x *monitor) bool {
			custom := x.origin == ocpp2.EventNotificationTypeCustomMonitor
			if custom {
				l.dropMonitor(x)
			}
			return custom
		})
	}
	if req.MonitoringBase == ocpp2.MonitoringBaseFactoryDefault {
		s.ownMonitors(m)
	}
	for _, x := range m.list {
		x.off = req.MonitoringBase == ocpp2.MonitoringBaseHardWiredOnly && x.origin == ocpp2.EventNotificationTypePreconfiguredMonitor
	}
	return ocpp2.SetMonitoringBaseResponse{Status: ocpp2.GenericDeviceModelStatusAccepted}, nil
}

// OCPP 2.x N05.
func (*v2) setMonitoringLevel(_ context.Context, l *link, req ocpp2.SetMonitoringLevelRequest) (ocpp2.SetMonitoringLevelResponse, error) {
	s := l.station
	if req.Severity < 0 || req.Severity > 9 { // N05.FR.02
		return ocpp2.SetMonitoringLevelResponse{Status: ocpp2.GenericStatusRejected}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watching().level = req.Severity
	return ocpp2.SetMonitoringLevelResponse{Status: ocpp2.GenericStatusAccepted}, nil
}

// OCPP 2.x N06.
func (*v2) clearMonitoring(_ context.Context, l *link, req ocpp2.ClearVariableMonitoringRequest) (resp ocpp2.ClearVariableMonitoringResponse, _ error) {
	s := l.station
	if err := s.tooMany(len(req.ID)); err != nil {
		return resp, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.watching()
	for _, id := range req.ID {
		r := ocpp2.ClearMonitoringResult{ID: id, Status: ocpp2.ClearMonitoringStatusNotFound}
		i := slices.IndexFunc(m.list, func(x *monitor) bool { return x.id == id })
		switch {
		case i < 0:
		case m.list[i].origin == ocpp2.EventNotificationTypeHardWiredMonitor: // N06.FR.03
			r.Status = ocpp2.ClearMonitoringStatusRejected
		default:
			l.dropMonitor(m.list[i])
			m.list = slices.Delete(m.list, i, i+1)
			r.Status = ocpp2.ClearMonitoringStatusAccepted
		}
		resp.ClearMonitoringResult = append(resp.ClearMonitoringResult, r)
	}
	return resp, nil
}

// OCPP 2.x N02.
func (d *v2) getMonitoringReport(_ context.Context, l *link, req ocpp2.GetMonitoringReportRequest) (resp ocpp2.GetMonitoringReportResponse, _ error) {
	s := l.station
	if err := s.tooMany(len(req.ComponentVariable)); err != nil {
		return resp, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.listSettings()
	var data []ocpp2.MonitoringData
	for _, x := range s.watching().list {
		v, _ := lookUp(list, x.asSet.Component, x.asSet.Variable)
		if v == nil || x.off || !named(v, req.ComponentVariable) || !x.meets(req.MonitoringCriteria) {
			continue
		}
		one := ocpp2.VariableMonitoring{ID: x.id, Transaction: x.duringTransaction, Value: x.asSet.Value, Type: x.asSet.Type, Severity: x.asSet.Severity}
		if d.version >= ocppj.V21 {
			one.EventNotificationType = x.origin
		}
		data = append(data, ocpp2.MonitoringData{Component: x.asSet.Component, Variable: x.asSet.Variable, VariableMonitoring: []ocpp2.VariableMonitoring{one}})
	}
	resp.Status = ocpp2.GenericDeviceModelStatusAccepted
	if len(data) == 0 {
		resp.Status = ocpp2.GenericDeviceModelStatusEmptyResultSet
		return resp, nil
	}
	l.afterwards(func(ctx context.Context) {
		pages(ctx, s, "a report of monitors", data, func(ctx context.Context, l *link, page []ocpp2.MonitoringData, seq int, more *bool) error {
			_, err := call(ctx, l, ocpp2.NotifyMonitoringReport, ocpp2.NotifyMonitoringReportRequest{
				RequestID: req.RequestID, SeqNo: seq, GeneratedAt: instant(s.Now()), Monitor: page, TBC: more,
			})
			return err
		})
	})
	return resp, nil
}

// meets tells whether a monitor is of one of the kinds that are asked for.
func (x *monitor) meets(criteria []ocpp2.MonitoringCriterion) bool {
	var kind ocpp2.MonitoringCriterion
	switch x.asSet.Type {
	case ocpp2.MonitorTypeUpperThreshold, ocpp2.MonitorTypeLowerThreshold:
		kind = ocpp2.MonitoringCriterionThresholdMonitoring
	case ocpp2.MonitorTypePeriodic, ocpp2.MonitorTypePeriodicClockAligned:
		kind = ocpp2.MonitoringCriterionPeriodicMonitoring
	default:
		kind = ocpp2.MonitoringCriterionDeltaMonitoring
	}
	return len(criteria) == 0 || slices.Contains(criteria, kind)
}

// watch looks at what is monitored, after something may have changed. mu is held.
func (s *Station) watch() {
	if s.kept == nil || s.kept.monitoring == nil {
		return
	}
	m, list := s.kept.monitoring, s.listSettings()
	for _, x := range m.list {
		if v, _ := lookUp(list, x.asSet.Component, x.asSet.Variable); v != nil {
			s.look(m, x, v)
		}
	}
	s.deliverEvents()
}

// look finds out whether a monitor has something to tell. mu is held. OCPP 2.x N07.FR.16–23.
func (s *Station) look(m *monitoring, x *monitor, v *setting) {
	n, limit := number(v.value), x.asSet.Value
	away := func() float64 { // from the target
		target := number(v.attribute(ocpp2.AttributeTypeTarget).value)
		if x.asSet.Type == ocpp2.MonitorTypeTargetDeltaRelative {
			limit = x.asSet.Value * math.Abs(target)
		}
		return math.Abs(n - target)
	}
	var beyond bool
	switch x.asSet.Type {
	case ocpp2.MonitorTypeUpperThreshold:
		beyond = n > limit
	case ocpp2.MonitorTypeLowerThreshold:
		beyond = n < limit
	case ocpp2.MonitorTypeTargetDelta, ocpp2.MonitorTypeTargetDeltaRelative:
		beyond = away() > limit
	case ocpp2.MonitorTypeDelta:
		if v.value != x.seen && (!v.numeric() || math.Abs(n-number(x.seen)) > limit) {
			x.seen = v.value
			s.found(m, x, ocpp2.EventTriggerDelta, v.value)
		}
		return
	default:
		return
	}
	if beyond != x.beyond {
		x.beyond = beyond
		s.found(m, x, ocpp2.EventTriggerAlerting, v.value)
	}
}

func number(value string) float64 {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0
	}
	return n
}

// lookAt tells a value again and again.
func (s *Station) lookAt(ctx context.Context, x *monitor) {
	every := time.Duration(x.asSet.Value * float64(time.Second))
	for {
		wait := every
		if x.asSet.Type == ocpp2.MonitorTypePeriodicClockAligned {
			now := s.Now()
			wait = now.Truncate(every).Add(every).Sub(now)
		}
		if !sleep(ctx, wait) {
			return
		}
		s.mu.Lock()
		if v, _ := lookUp(s.listSettings(), x.asSet.Component, x.asSet.Variable); v != nil {
			s.found(s.kept.monitoring, x, ocpp2.EventTriggerPeriodic, v.value)
			s.deliverEvents()
		}
		s.mu.Unlock()
	}
}
