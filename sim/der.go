package sim

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// derModes are the controls of the grid that the station's inverters can do: all but those of reactive
// power by power.
const derModes = "EnterService,FreqDroop,FreqWatt,FixedPFAbsorb,FixedPFInject,FixedVar,Gradients,HFMustTrip,HFMayTrip,HVMustTrip,HVMomCess,HVMayTrip," +
	"LimitMaxDischarge,LFMustTrip,LVMustTrip,LVMomCess,LVMayTrip,PowerMonitoringMustTrip,VoltVar,VoltWatt"

// derCount is how many controls are kept.
const derCount = 50

// derControl is what the station does for the grid (OCPP 2.1 R).
type derControl struct {
	ocpp2.SetDERControlRequest
	superseded bool
	active     bool // a scheduled one that has begun
}

// grid are the commands about what the station does for the grid.
func (d *v2) grid(m *ocppj.Mux[*link]) {
	ocppj.Handle(m, ocpp2.SetDERControl, d.setDERControl)
	ocppj.Handle(m, ocpp2.GetDERControl, d.getDERControl)
	ocppj.Handle(m, ocpp2.ClearDERControl, d.clearDERControl)
}

func derSupported(kind ocpp2.DERControlType) bool {
	return (&setting{kind: kindMembers, options: derModes}).makes(string(kind))
}

// derTerms are the priority of a control, where a lower number is the greater, and when it applies;
// there is none when the part is missing that goes with its type.
func derTerms(r *ocpp2.SetDERControlRequest) (priority int, start *ocppj.DateTime, duration *float64, ok bool) {
	switch r.ControlType {
	case ocpp2.DERControlTypeEnterService:
		if p := r.EnterService; p != nil {
			return p.Priority, nil, nil, true
		}
	case ocpp2.DERControlTypeGradients:
		if p := r.Gradient; p != nil {
			return p.Priority, nil, nil, true
		}
	case ocpp2.DERControlTypeFixedPFAbsorb:
		if p := r.FixedPFAbsorb; p != nil {
			return p.Priority, p.StartTime, p.Duration, true
		}
	case ocpp2.DERControlTypeFixedPFInject:
		if p := r.FixedPFInject; p != nil {
			return p.Priority, p.StartTime, p.Duration, true
		}
	case ocpp2.DERControlTypeFixedVar:
		if p := r.FixedVar; p != nil {
			return p.Priority, p.StartTime, p.Duration, true
		}
	case ocpp2.DERControlTypeFreqDroop:
		if p := r.FreqDroop; p != nil {
			return p.Priority, p.StartTime, p.Duration, true
		}
	case ocpp2.DERControlTypeLimitMaxDischarge:
		if p := r.LimitMaxDischarge; p != nil {
			return p.Priority, p.StartTime, p.Duration, true
		}
	default:
		if p := r.Curve; p != nil {
			return p.Priority, p.StartTime, p.Duration, true
		}
	}
	return 0, nil, nil, false
}

// OCPP 2.1 R04.FR.01–08.
func (*v2) setDERControl(_ context.Context, l *link, req ocpp2.SetDERControlRequest) (resp ocpp2.SetDERControlResponse, _ error) {
	s := l.station
	if !derSupported(req.ControlType) { // R04.FR.01
		resp.Status = ocpp2.DERControlStatusNotSupported
		return resp, nil
	}
	priority, start, duration, ok := derTerms(&req)
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.memory()
	if !ok || len(k.controls) >= derCount {
		resp.Status, resp.StatusInfo = ocpp2.DERControlStatusRejected, because("MissingParam")
		return resp, nil
	}
	k.controls = slices.DeleteFunc(k.controls, func(x *derControl) bool { return x.ControlID == req.ControlID })
	one := &derControl{SetDERControlRequest: req}
	for _, x := range k.controls {
		if x.ControlType != req.ControlType || x.IsDefault != req.IsDefault || x.superseded {
			continue
		}
		if p, _, _, _ := derTerms(&x.SetDERControlRequest); p < priority { // R04.FR.08
			one.superseded = true
		} else if !x.active { // R04.FR.03, R04.FR.06
			x.superseded = true
			resp.SupersededIDs = append(resp.SupersededIDs, x.ControlID)
		}
	}
	if one.superseded {
		resp.SupersededIDs = []string{req.ControlID}
	}
	k.controls = append(k.controls, one)
	if !req.IsDefault && !one.superseded {
		l.afterwards(func(ctx context.Context) { s.execute(ctx, one, start, duration) })
	}
	resp.Status = ocpp2.DERControlStatusAccepted
	return resp, nil
}

// execute begins with a scheduled control at its time, and ends it at its time. OCPP 2.1 R04.FR.10,
// R04.FR.20–22.
func (s *Station) execute(ctx context.Context, c *derControl, start *ocppj.DateTime, duration *float64) {
	if start != nil && !sleep(ctx, start.Sub(s.Now())) {
		return
	}
	s.mu.Lock()
	there := slices.Contains(s.kept.controls, c) && !c.superseded
	var over []string
	for _, x := range s.kept.controls {
		if there && x != c && x.active && x.ControlType == c.ControlType {
			x.active, x.superseded = false, true
			over = append(over, x.ControlID)
		}
	}
	c.active = there
	s.mu.Unlock()
	if !there {
		return
	}
	s.note("a control of the grid", s.DERStartStop(ctx, c.ControlID, true, over...))
	if duration == nil || !sleep(ctx, time.Duration(*duration*float64(time.Second))) {
		return
	}
	s.mu.Lock()
	there = c.active && slices.Contains(s.kept.controls, c)
	s.kept.controls = slices.DeleteFunc(s.kept.controls, func(x *derControl) bool { return x == c })
	s.mu.Unlock()
	if there {
		s.note("a control of the grid", s.DERStartStop(ctx, c.ControlID, false))
	}
}

// DERStartStop tells that a control of the grid has begun or ended, and which others it has taken the
// place of. The station does so by itself for the controls that it is set. (OCPP 2.1 R04)
func (s *Station) DERStartStop(ctx context.Context, control string, started bool, superseded ...string) error {
	l, err := s.modern(ocppj.V21, "controls of the grid")
	if err != nil {
		return err
	}
	_, err = call(ctx, l, ocpp2.NotifyDERStartStop, ocpp2.NotifyDERStartStopRequest{ControlID: control, Started: started, Timestamp: instant(s.Now()), SupersededIDs: superseded})
	return err
}

// DERAlarm tells that the grid makes a control act, as LVMustTrip does, or that this is over; fault is
// as OCPP names it, as UnderVoltage. (OCPP 2.1 R05)
func (s *Station) DERAlarm(ctx context.Context, control, fault string, over bool) error {
	l, err := s.modern(ocppj.V21, "alarms of the grid")
	if err != nil {
		return err
	}
	req := ocpp2.NotifyDERAlarmRequest{ControlType: ocpp2.DERControlType(control), GridEventFault: ocpp2.GridEventFault(fault), Timestamp: instant(s.Now())}
	if over {
		req.AlarmEnded = &over
	}
	_, err = call(ctx, l, ocpp2.NotifyDERAlarm, req)
	return err
}

// OCPP 2.1 R04.FR.30–36.
func (*v2) getDERControl(_ context.Context, l *link, req ocpp2.GetDERControlRequest) (resp ocpp2.GetDERControlResponse, _ error) {
	s := l.station
	if req.ControlType != "" && !derSupported(req.ControlType) { // R04.FR.36
		resp.Status = ocpp2.DERControlStatusNotSupported
		return resp, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []derControl
	for _, x := range s.memory().controls {
		if (req.IsDefault == nil || *req.IsDefault == x.IsDefault) && (req.ControlType == "" || req.ControlType == x.ControlType) && (req.ControlID == "" || req.ControlID == x.ControlID) {
			found = append(found, *x)
		}
	}
	if len(found) == 0 { // R04.FR.30
		resp.Status = ocpp2.DERControlStatusNotFound
		return resp, nil
	}
	resp.Status = ocpp2.DERControlStatusAccepted
	l.afterwards(func(ctx context.Context) {
		pages(ctx, s, "a report of controls of the grid", found, func(ctx context.Context, l *link, page []derControl, _ int, more *bool) error {
			report := ocpp2.ReportDERControlRequest{RequestID: req.RequestID, TBC: more}
			for _, x := range page {
				x.in(&report)
			}
			_, err := call(ctx, l, ocpp2.ReportDERControl, report)
			return err
		})
	})
	return resp, nil
}

// in puts the control in a report.
func (x *derControl) in(r *ocpp2.ReportDERControlRequest) {
	id, byDefault, superseded := x.ControlID, x.IsDefault, x.superseded
	switch x.ControlType {
	case ocpp2.DERControlTypeEnterService:
		r.EnterService = append(r.EnterService, ocpp2.EnterServiceGet{ID: id, EnterService: *x.EnterService})
	case ocpp2.DERControlTypeGradients:
		r.Gradient = append(r.Gradient, ocpp2.GradientGet{ID: id, Gradient: *x.Gradient})
	case ocpp2.DERControlTypeFixedPFAbsorb:
		r.FixedPFAbsorb = append(r.FixedPFAbsorb, ocpp2.FixedPFGet{ID: id, IsDefault: byDefault, IsSuperseded: superseded, FixedPF: *x.FixedPFAbsorb})
	case ocpp2.DERControlTypeFixedPFInject:
		r.FixedPFInject = append(r.FixedPFInject, ocpp2.FixedPFGet{ID: id, IsDefault: byDefault, IsSuperseded: superseded, FixedPF: *x.FixedPFInject})
	case ocpp2.DERControlTypeFixedVar:
		r.FixedVar = append(r.FixedVar, ocpp2.FixedVarGet{ID: id, IsDefault: byDefault, IsSuperseded: superseded, FixedVar: *x.FixedVar})
	case ocpp2.DERControlTypeFreqDroop:
		r.FreqDroop = append(r.FreqDroop, ocpp2.FreqDroopGet{ID: id, IsDefault: byDefault, IsSuperseded: superseded, FreqDroop: *x.FreqDroop})
	case ocpp2.DERControlTypeLimitMaxDischarge:
		r.LimitMaxDischarge = append(r.LimitMaxDischarge, ocpp2.LimitMaxDischargeGet{ID: id, IsDefault: byDefault, IsSuperseded: superseded, LimitMaxDischarge: *x.LimitMaxDischarge})
	default:
		r.Curve = append(r.Curve, ocpp2.DERCurveGet{ID: id, CurveType: x.ControlType, IsDefault: byDefault, IsSuperseded: superseded, Curve: *x.Curve})
	}
}

// OCPP 2.1 R04.FR.41–47.
func (*v2) clearDERControl(_ context.Context, l *link, req ocpp2.ClearDERControlRequest) (resp ocpp2.ClearDERControlResponse, _ error) {
	s := l.station
	if req.ControlType != "" && !derSupported(req.ControlType) { // R04.FR.43
		resp.Status = ocpp2.DERControlStatusNotSupported
		return resp, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.memory()
	resp.Status = ocpp2.DERControlStatusNotFound
	gone := map[string]bool{}
	k.controls = slices.DeleteFunc(k.controls, func(x *derControl) bool {
		if x.IsDefault != req.IsDefault || cmp.Or(req.ControlType, x.ControlType) != x.ControlType || cmp.Or(req.ControlID, x.ControlID) != x.ControlID {
			return false
		}
		gone[x.ControlID] = x.active
		resp.Status = ocpp2.DERControlStatusAccepted
		return true
	})
	for id, active := range gone {
		if active {
			l.afterwards(func(ctx context.Context) { s.note("a control of the grid", s.DERStartStop(ctx, id, false)) })
		}
	}
	return resp, nil
}
