package sim

import (
	"context"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// maxEvents is how many events wait for a connection: more would be memory that a real station does
// not have.
const maxEvents = 100

// found takes in what a monitor has found. mu is held.
func (s *Station) found(m *monitoring, x *monitor, trigger ocpp2.EventTrigger, value string) {
	switch {
	case x.off, x.asSet.Severity > m.level: // OCPP 2.x N07.FR.15
		return
	case x.duringTransaction && !s.charging():
		return
	case s.service() == nil && float64(x.asSet.Severity) > number(s.holds("MonitoringCtrlr", "OfflineQueuingSeverity")), len(m.waiting) >= maxEvents: // N07.FR.04
		return
	case x.stream != nil && x.stream.open:
		s.pour(x.stream, value)
		return
	}
	s.eventID++
	ev := ocpp2.EventData{
		EventID: s.eventID, Timestamp: instant(s.Now()), Trigger: trigger, ActualValue: value, EventNotificationType: x.origin,
		Component: x.asSet.Component, Variable: x.asSet.Variable, VariableMonitoringID: &x.id,
	}
	if s.traits.protocol >= ocppj.V21 { // N07.FR.20
		ev.Severity = &x.asSet.Severity
	}
	if yes := !x.beyond; yes && trigger == ocpp2.EventTriggerAlerting { // N07.FR.02
		ev.Cleared = &yes
	}
	m.waiting = append(m.waiting, ev)
}

// deliverEvents sees to it that what monitors have found is told while the station is in service. mu
// is held.
func (s *Station) deliverEvents() {
	if s.kept == nil || s.kept.monitoring == nil {
		return
	}
	m := s.kept.monitoring
	if m.sending || len(m.waiting) == 0 || s.service() == nil {
		return
	}
	m.sending = true
	s.start(func(ctx context.Context) {
		for s.tellEvents(ctx, m) {
		}
	})
}

// tellEvents tells what waits and tells whether there may be more.
func (s *Station) tellEvents(ctx context.Context, m *monitoring) bool {
	s.mu.Lock()
	l, events := s.service(), m.waiting
	if l == nil || len(events) == 0 {
		m.sending = false
		s.mu.Unlock()
		return false
	}
	m.waiting = nil
	s.mu.Unlock()
	_, err := call(ctx, l, ocpp2.NotifyEvent, ocpp2.NotifyEventRequest{GeneratedAt: instant(s.Now()), EventData: events})
	if err != nil && l.ctx.Err() != nil && ctx.Err() == nil { // it is told over the next connection
		s.mu.Lock()
		m.waiting = append(events, m.waiting...)
		s.mu.Unlock()
		return true
	}
	s.note("what a monitor has found", err)
	return true
}

// stream is how the values of a monitor are told many at a time (OCPP 2.1 N11). It is guarded by the
// mu of the station.
type stream struct {
	id, monitor int
	params      ocpp2.PeriodicEventStreamParams
	open        bool
	since       time.Time // of the first value
	values      []ocpp2.StreamDataElement
	stop        context.CancelFunc
}

// maxPoured is how many values are told at once at the most.
const maxPoured = 100

// openStream asks for a stream; until that is accepted the monitor tells events. OCPP 2.1 N11.FR.02,
// N11.FR.07.
func (s *Station) openStream(ctx context.Context, x *monitor) error {
	l, err := s.online()
	if err != nil {
		return err
	}
	st := &stream{id: x.id, monitor: x.id, params: *x.asSet.PeriodicEventStream, stop: func() {}}
	resp, err := call(ctx, l, ocpp2.OpenPeriodicEventStream, ocpp2.OpenPeriodicEventStreamRequest{ConstantStreamData: st.constant()})
	if err != nil || resp.Status != ocpp2.GenericStatusAccepted {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.open, x.stream = true, st
	s.pace(st)
	return nil
}

func (st *stream) constant() ocpp2.ConstantStreamData {
	params := st.params
	return ocpp2.ConstantStreamData{ID: st.id, VariableMonitoringID: st.monitor, Params: &params}
}

// pace sends what is in the stream in its interval. mu is held.
func (s *Station) pace(st *stream) {
	st.stop()
	ctx, stop := context.WithCancel(s.ctx)
	st.stop = stop
	if st.params.Interval == nil || *st.params.Interval <= 0 {
		return
	}
	every := time.Duration(*st.params.Interval) * time.Second
	s.start(func(context.Context) {
		for sleep(ctx, every) {
			s.mu.Lock()
			s.flow(st)
			s.mu.Unlock()
		}
	})
}

// pour puts a value in a stream. mu is held.
func (s *Station) pour(st *stream, value string) {
	now := s.Now()
	if len(st.values) == 0 {
		st.since = now
	}
	st.values = append(st.values, ocpp2.StreamDataElement{T: now.Sub(st.since).Seconds(), V: value})
	if n := len(st.values); n >= maxPoured || st.params.Values != nil && *st.params.Values > 0 && n >= *st.params.Values {
		s.flow(st)
	}
}

// flow sends what is in a stream; nobody answers that. mu is held.
func (s *Station) flow(st *stream) {
	l := s.service()
	if l == nil || len(st.values) == 0 {
		return
	}
	req := ocpp2.NotifyPeriodicEventStreamRequest{ID: st.id, Basetime: instant(st.since), Data: st.values}
	st.values = nil
	s.start(func(context.Context) { s.note("a stream of events", tellOnly(l, ocpp2.NotifyPeriodicEventStream, req)) })
}

// tellOnly sends a message that is not answered.
func tellOnly[Req any](l *link, a ocppj.Action[Req, ocppj.None], req Req) error {
	if own := ocppj.Judge(any(&req).(ocppj.Checked), l.Version); len(own) > 0 {
		return &ocppj.UnsentError{Action: a.Name, Violation: own[0]}
	}
	payload, err := ocppj.Marshal(req)
	if err != nil {
		return err
	}
	return l.SendRaw(a.Name, payload)
}

// closeStream ends a stream. OCPP 2.1 N13.FR.01, N13.FR.03.
func (s *Station) closeStream(ctx context.Context, st *stream) error {
	l, err := s.online()
	if err != nil {
		return err
	}
	s.mu.Lock()
	st.stop()
	values := st.values
	st.open, st.values = false, nil
	s.mu.Unlock()
	if len(values) > 0 {
		if err := tellOnly(l, ocpp2.NotifyPeriodicEventStream, ocpp2.NotifyPeriodicEventStreamRequest{ID: st.id, Basetime: instant(st.since), Data: values}); err != nil {
			return err
		}
	}
	_, err = call(ctx, l, ocpp2.ClosePeriodicEventStream, ocpp2.ClosePeriodicEventStreamRequest{ID: st.id})
	return err
}

// OCPP 2.1 N14.
func (*v2) adjustStream(_ context.Context, l *link, req ocpp2.AdjustPeriodicEventStreamRequest) (ocpp2.AdjustPeriodicEventStreamResponse, error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.watching().list {
		p := req.Params
		if x.stream == nil || x.stream.id != req.ID || p == nil || p.Interval == nil && p.Values == nil {
			continue
		}
		if p.Interval != nil {
			x.stream.params.Interval = p.Interval
		}
		if p.Values != nil {
			x.stream.params.Values = p.Values
		}
		s.pace(x.stream)
		return ocpp2.AdjustPeriodicEventStreamResponse{Status: ocpp2.GenericStatusAccepted}, nil
	}
	return ocpp2.AdjustPeriodicEventStreamResponse{Status: ocpp2.GenericStatusRejected, StatusInfo: because("NotFound")}, nil
}

// OCPP 2.1 N12.
func (*v2) getStreams(_ context.Context, l *link, _ ocpp2.GetPeriodicEventStreamRequest) (resp ocpp2.GetPeriodicEventStreamResponse, _ error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.watching().list {
		if x.stream != nil && x.stream.open {
			resp.ConstantStreamData = append(resp.ConstantStreamData, x.stream.constant())
		}
	}
	return resp, nil
}
