package v2

import (
	"context"
	"time"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/power"
	"gnista/station"
)

var (
	derTypes = translate(map[power.DERType]ocpp2.DERControlType{
		power.EnterService:      ocpp2.DERControlTypeEnterService,
		power.FreqDroop:         ocpp2.DERControlTypeFreqDroop,
		power.FixedPFAbsorb:     ocpp2.DERControlTypeFixedPFAbsorb,
		power.FixedPFInject:     ocpp2.DERControlTypeFixedPFInject,
		power.FixedVar:          ocpp2.DERControlTypeFixedVar,
		power.Gradients:         ocpp2.DERControlTypeGradients,
		power.LimitMaxDischarge: ocpp2.DERControlTypeLimitMaxDischarge,
		power.FreqWattCurve:     ocpp2.DERControlTypeFreqWatt,
		power.HFMustTrip:        ocpp2.DERControlTypeHFMustTrip,
		power.HFMayTrip:         ocpp2.DERControlTypeHFMayTrip,
		power.HVMustTrip:        ocpp2.DERControlTypeHVMustTrip,
		power.HVMomCess:         ocpp2.DERControlTypeHVMomCess,
		power.HVMayTrip:         ocpp2.DERControlTypeHVMayTrip,
		power.LFMustTrip:        ocpp2.DERControlTypeLFMustTrip,
		power.LVMustTrip:        ocpp2.DERControlTypeLVMustTrip,
		power.LVMomCess:         ocpp2.DERControlTypeLVMomCess,
		power.LVMayTrip:         ocpp2.DERControlTypeLVMayTrip,
		power.PowerMonitoring:   ocpp2.DERControlTypePowerMonitoringMustTrip,
		power.VoltVar:           ocpp2.DERControlTypeVoltVar,
		power.VoltWatt:          ocpp2.DERControlTypeVoltWatt,
		power.WattPF:            ocpp2.DERControlTypeWattPF,
		power.WattVar:           ocpp2.DERControlTypeWattVar,
	})
	derUnits = translate(map[string]ocpp2.DERUnit{
		"none": ocpp2.DERUnitNotApplicable, "max-w": ocpp2.DERUnitPctMaxW, "max-var": ocpp2.DERUnitPctMaxVar, "w-available": ocpp2.DERUnitPctWAvail,
		"var-available": ocpp2.DERUnitPctVarAvail, "effective-v": ocpp2.DERUnitPctEffectiveV,
	})
	cessations = translate(map[string]ocpp2.PowerDuringCessation{"active": ocpp2.PowerDuringCessationActive, "reactive": ocpp2.PowerDuringCessationReactive})
)

// OCPP 2.1 R04.
func setDER(ctx context.Context, s *gateway.Session, o power.SetDER) (power.DERAnswer, error) {
	c := o.Control
	req := ocpp2.SetDERControlRequest{IsDefault: c.Default, ControlID: c.Control, ControlType: derTypes.wire[c.Type]}
	start, duration := moment(c.Start), float(c.Duration)
	if c.Curve != nil {
		req.Curve = curve(*c.Curve, c.Priority, start, duration)
	}
	if x := c.Service; x != nil {
		req.EnterService = &ocpp2.EnterService{
			Priority: c.Priority, HighVoltage: x.HighV.Float(), LowVoltage: x.LowV.Float(), HighFreq: x.HighHz.Float(), LowFreq: x.LowHz.Float(),
			Delay: float(x.Delay), RandomDelay: float(x.RandomDelay), RampRate: float(x.RampRate),
		}
	}
	if x := c.Droop; x != nil {
		req.FreqDroop = &ocpp2.FreqDroop{
			Priority: c.Priority, OverFreq: x.OverHz.Float(), UnderFreq: x.UnderHz.Float(), OverDroop: x.OverDroop.Float(), UnderDroop: x.UnderDroop.Float(),
			ResponseTime: x.ResponseTime.Float(), StartTime: start, Duration: duration,
		}
	}
	if x := c.PF; x != nil {
		w := &ocpp2.FixedPF{Priority: c.Priority, Displacement: x.Displacement.Float(), Excitation: x.Excitation, StartTime: start, Duration: duration}
		if c.Type == power.FixedPFAbsorb {
			req.FixedPFAbsorb = w
		} else {
			req.FixedPFInject = w
		}
	}
	if x := c.Var; x != nil {
		req.FixedVar = &ocpp2.FixedVar{Priority: c.Priority, Setpoint: x.Setpoint.Float(), Unit: derUnits.wire[x.Unit], StartTime: start, Duration: duration}
	}
	if x := c.Gradient; x != nil {
		req.Gradient = &ocpp2.Gradient{Priority: c.Priority, Gradient: x.Normal.Float(), SoftGradient: x.Soft.Float()}
	}
	if x := c.Discharge; x != nil {
		req.LimitMaxDischarge = &ocpp2.LimitMaxDischarge{Priority: c.Priority, PctMaxDischargePower: float(x.Percent), StartTime: start, Duration: duration}
		if x.Curve != nil {
			req.LimitMaxDischarge.PowerMonitoringMustTrip = curve(*x.Curve, c.Priority, start, duration)
		}
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SetDERControl, req)
	a := found(resp.Status, resp.StatusInfo)
	return power.DERAnswer{Status: a.Status, Detail: a.Detail, Superseded: resp.SupersededIDs}, err
}

func curve(c power.DERCurve, priority int, start *ocppj.DateTime, duration *float64) *ocpp2.DERCurve {
	w := &ocpp2.DERCurve{Priority: priority, YUnit: derUnits.wire[c.Unit], ResponseTime: float(c.ResponseTime), StartTime: start, Duration: duration}
	for _, p := range c.Points {
		w.CurveData = append(w.CurveData, ocpp2.DERCurvePoints{X: p.X.Float(), Y: p.Y.Float()})
	}
	if h := c.Hysteresis; h != nil {
		w.Hysteresis = &ocpp2.Hysteresis{HysteresisHigh: float(h.High), HysteresisLow: float(h.Low), HysteresisDelay: float(h.Delay), HysteresisGradient: float(h.Gradient)}
	}
	if r := c.Reference; r != nil {
		w.ReactivePowerParams = &ocpp2.ReactivePowerParams{VRef: float(r.V), AutonomousVRefEnable: r.Autonomous, AutonomousVRefTimeConstant: float(r.TimeConstant)}
	}
	if v := c.Voltage; v != nil {
		w.VoltageParams = &ocpp2.VoltageParams{Hv10MinMeanValue: float(v.MeanV), Hv10MinMeanTripDelay: float(v.MeanDelay), PowerDuringCessation: cessations.wire[v.Cessation]}
	}
	return w
}

func readCurve(w ocpp2.DERCurve) *power.DERCurve {
	c := &power.DERCurve{Unit: derUnits.read(w.YUnit), ResponseTime: number(w.ResponseTime), Points: make([]power.DERPoint, len(w.CurveData))}
	for i, p := range w.CurveData {
		c.Points[i] = power.DERPoint{X: told(number(&p.X)), Y: told(number(&p.Y))}
	}
	if h := w.Hysteresis; h != nil {
		c.Hysteresis = &power.DERHysteresis{High: number(h.HysteresisHigh), Low: number(h.HysteresisLow), Delay: number(h.HysteresisDelay), Gradient: number(h.HysteresisGradient)}
	}
	if r := w.ReactivePowerParams; r != nil {
		c.Reference = &power.DERReference{V: number(r.VRef), Autonomous: r.AutonomousVRefEnable, TimeConstant: number(r.AutonomousVRefTimeConstant)}
	}
	if v := w.VoltageParams; v != nil {
		c.Voltage = &power.DERVoltage{MeanV: number(v.Hv10MinMeanValue), MeanDelay: number(v.Hv10MinMeanTripDelay), Cessation: cessations.read(v.PowerDuringCessation)}
	}
	return c
}

// OCPP 2.1 R04.
func clearDER(ctx context.Context, s *gateway.Session, o power.ClearDER) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.ClearDERControl, ocpp2.ClearDERControlRequest{IsDefault: o.Default, ControlID: o.Control, ControlType: derTypes.wire[o.Type]})
	return found(resp.Status, resp.StatusInfo), err
}

// OCPP 2.1 R04.
func readDER(ctx context.Context, s *gateway.Session, o power.ReadDER) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetDERControl, ocpp2.GetDERControlRequest{
		RequestID: o.Number, ControlID: o.Control, ControlType: derTypes.wire[o.Type], IsDefault: o.DERFilter.Default,
	})
	return found(resp.Status, resp.StatusInfo), err
}

// OCPP 2.1 R04.FR.31, R04.FR.32.
func (a *Adapter) reportDER(ctx context.Context, s *gateway.Session, req ocpp2.ReportDERControlRequest) (ocpp2.ReportDERControlResponse, error) {
	var list []power.DERControl
	add := func(id string, t power.DERType, isDefault, superseded bool, priority int, start *ocppj.DateTime, duration *float64) *power.DERControl {
		list = append(list, power.DERControl{
			Control: id, Type: t, Default: isDefault, Superseded: superseded, Priority: priority, Start: instant(start), Duration: number(duration),
		})
		return &list[len(list)-1]
	}
	for _, g := range req.Curve {
		w := g.Curve
		add(g.ID, derTypes.read(g.CurveType), g.IsDefault, g.IsSuperseded, w.Priority, w.StartTime, w.Duration).Curve = readCurve(w)
	}
	for _, g := range req.EnterService {
		w := g.EnterService
		add(g.ID, power.EnterService, true, false, w.Priority, nil, nil).Service = &power.DERService{
			HighV: told(number(&w.HighVoltage)), LowV: told(number(&w.LowVoltage)), HighHz: told(number(&w.HighFreq)), LowHz: told(number(&w.LowFreq)),
			Delay: number(w.Delay), RandomDelay: number(w.RandomDelay), RampRate: number(w.RampRate),
		}
	}
	for i, gs := range [][]ocpp2.FixedPFGet{req.FixedPFAbsorb, req.FixedPFInject} {
		for _, g := range gs {
			w := g.FixedPF
			add(g.ID, []power.DERType{power.FixedPFAbsorb, power.FixedPFInject}[i], g.IsDefault, g.IsSuperseded, w.Priority, w.StartTime, w.Duration).PF = &power.DERPF{Displacement: told(number(&w.Displacement)), Excitation: w.Excitation}
		}
	}
	for _, g := range req.FixedVar {
		w := g.FixedVar
		add(g.ID, power.FixedVar, g.IsDefault, g.IsSuperseded, w.Priority, w.StartTime, w.Duration).Var = &power.DERVar{Setpoint: told(number(&w.Setpoint)), Unit: derUnits.read(w.Unit)}
	}
	for _, g := range req.FreqDroop {
		w := g.FreqDroop
		add(g.ID, power.FreqDroop, g.IsDefault, g.IsSuperseded, w.Priority, w.StartTime, w.Duration).Droop = &power.DERDroop{
			OverHz: told(number(&w.OverFreq)), UnderHz: told(number(&w.UnderFreq)), OverDroop: told(number(&w.OverDroop)), UnderDroop: told(number(&w.UnderDroop)),
			ResponseTime: told(number(&w.ResponseTime)),
		}
	}
	for _, g := range req.Gradient {
		w := g.Gradient
		add(g.ID, power.Gradients, true, false, w.Priority, nil, nil).Gradient = &power.DERGradient{Normal: told(number(&w.Gradient)), Soft: told(number(&w.SoftGradient))}
	}
	for _, g := range req.LimitMaxDischarge {
		w := g.LimitMaxDischarge
		d := &power.DERDischarge{Percent: number(w.PctMaxDischargePower)}
		if w.PowerMonitoringMustTrip != nil {
			d.Curve = readCurve(*w.PowerMonitoringMustTrip)
		}
		add(g.ID, power.LimitMaxDischarge, g.IsDefault, g.IsSuperseded, w.Priority, w.StartTime, w.Duration).Discharge = d
	}
	return ocpp2.ReportDERControlResponse{}, a.Power.ReportDER(ctx, s.Station, req.RequestID, list, told(req.TBC))
}

// OCPP 2.1 R05.FR.01, R05.FR.02.
func (a *Adapter) derAlarm(ctx context.Context, s *gateway.Session, req ocpp2.NotifyDERAlarmRequest) (ocpp2.NotifyDERAlarmResponse, error) {
	return ocpp2.NotifyDERAlarmResponse{}, a.Power.TakeDERAlarm(ctx, s.Station, power.DERAlarm{
		Type: derTypes.read(req.ControlType), At: at(req.Timestamp, a.Now), Fault: string(req.GridEventFault), Ended: told(req.AlarmEnded), Info: req.ExtraInfo,
	})
}

// OCPP 2.1 R04.FR.20, R04.FR.21, R04.FR.22.
func (a *Adapter) derStartStop(ctx context.Context, s *gateway.Session, req ocpp2.NotifyDERStartStopRequest) (ocpp2.NotifyDERStartStopResponse, error) {
	return ocpp2.NotifyDERStartStopResponse{}, a.Power.TakeDEREvent(ctx, s.Station, power.DEREvent{
		Control: req.ControlID, At: at(req.Timestamp, a.Now), Started: req.Started, Superseded: req.SupersededIDs,
	})
}

// at is a time of the wire, or now where it was not understood.
func at(t ocppj.DateTime, now func() time.Time) time.Time {
	if t.IsZero() {
		return now()
	}
	return t.Time
}
