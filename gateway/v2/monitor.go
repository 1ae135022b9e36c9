package v2

import (
	"context"
	"fmt"
	"strconv"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// monitors are the kinds of monitors; monitorKinds are those of the domain.
var (
	monitors = map[station.MonitorKind]ocpp2.MonitorType{
		station.AboveThreshold: ocpp2.MonitorTypeUpperThreshold, station.BelowThreshold: ocpp2.MonitorTypeLowerThreshold, station.Delta: ocpp2.MonitorTypeDelta,
		station.Periodic: ocpp2.MonitorTypePeriodic, station.PeriodicAligned: ocpp2.MonitorTypePeriodicClockAligned,
		station.TargetDelta: ocpp2.MonitorTypeTargetDelta, station.TargetRelative: ocpp2.MonitorTypeTargetDeltaRelative,
	}
	monitorKinds = inverse(monitors)
)

// inverse is a map read the other way.
func inverse[K, V comparable](m map[K]V) map[V]K {
	out := make(map[V]K, len(m))
	for k, v := range m {
		out[v] = k
	}
	return out
}

var origins = map[ocpp2.EventNotificationType]string{
	ocpp2.EventNotificationTypeHardWiredNotification: "hard-wired", ocpp2.EventNotificationTypeHardWiredMonitor: "hard-wired",
	ocpp2.EventNotificationTypePreconfiguredMonitor: "preconfigured", ocpp2.EventNotificationTypeCustomMonitor: "custom",
}

// OCPP 2.x N04.
func setMonitors(ctx context.Context, s *gateway.Session, o station.SetMonitors) ([]station.MonitorResult, error) {
	var req ocpp2.SetVariableMonitoringRequest
	for i, m := range o.List {
		c, v, err := parseName(m.Variable)
		if err != nil {
			return nil, gnista.Invalidf(fmt.Sprintf("monitors[%d].variable", i), "%q is not Component.Variable", m.Variable)
		}
		value, err := strconv.ParseFloat(m.Value, 64)
		if err != nil {
			return nil, gnista.Invalidf(fmt.Sprintf("monitors[%d].value", i), "is not a number")
		}
		d := ocpp2.SetMonitoringData{Component: c, Variable: v, Type: monitors[m.Kind], Value: value, Severity: m.Severity, ID: given(m.ID)}
		if m.Transaction {
			d.Transaction = &m.Transaction
		}
		if m.Interval+m.Values > 0 {
			if s.Version < ocppj.V21 {
				return nil, gnista.Errorf(gnista.Unsupported, "OCPP %s has no streams of values", s.Version)
			}
			d.PeriodicEventStream = &ocpp2.PeriodicEventStreamParams{Interval: given(m.Interval), Values: given(m.Values)} // OCPP 2.1 N11.FR.09
		}
		req.SetMonitoringData = append(req.SetMonitoringData, d)
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SetVariableMonitoring, req)
	if err != nil {
		return nil, err
	}
	list := make([]station.MonitorResult, len(resp.SetMonitoringResult))
	for i, r := range resp.SetMonitoringResult {
		m := station.Monitor{Variable: formatName(r.Component, r.Variable), Kind: monitorKinds[r.Type], Severity: r.Severity}
		if i < len(o.List) {
			m.Value = o.List[i].Value // the station does not say it again
		}
		if r.ID != nil {
			m.ID = *r.ID
		}
		list[i] = station.MonitorResult{Monitor: m, Answer: answer(r.Status, r.StatusInfo)}
	}
	return list, nil
}

// OCPP 2.x N06.
func clearMonitors(ctx context.Context, s *gateway.Session, o station.ClearMonitors) ([]station.MonitorResult, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.ClearVariableMonitoring, ocpp2.ClearVariableMonitoringRequest{ID: o.IDs})
	if err != nil {
		return nil, err
	}
	list := make([]station.MonitorResult, len(resp.ClearMonitoringResult))
	for i, r := range resp.ClearMonitoringResult {
		list[i] = station.MonitorResult{Monitor: station.Monitor{ID: r.ID}, Answer: answer(r.Status, r.StatusInfo)}
	}
	return list, nil
}

var monitorBases = map[station.MonitorBase]ocpp2.MonitoringBase{
	station.AllMonitors: ocpp2.MonitoringBaseAll, station.FactoryMonitors: ocpp2.MonitoringBaseFactoryDefault, station.HardWired: ocpp2.MonitoringBaseHardWiredOnly,
}

// OCPP 2.x N03.
func setMonitorBase(ctx context.Context, s *gateway.Session, o station.SetMonitorBase) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SetMonitoringBase, ocpp2.SetMonitoringBaseRequest{MonitoringBase: monitorBases[o.Base]})
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x N05.
func setMonitorLevel(ctx context.Context, s *gateway.Session, o station.SetMonitorLevel) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SetMonitoringLevel, ocpp2.SetMonitoringLevelRequest{Severity: o.Severity})
	return answer(resp.Status, resp.StatusInfo), err
}

var monitorCriteria = map[station.MonitorKind]ocpp2.MonitoringCriterion{
	station.AboveThreshold: ocpp2.MonitoringCriterionThresholdMonitoring, station.BelowThreshold: ocpp2.MonitoringCriterionThresholdMonitoring,
	station.Delta: ocpp2.MonitoringCriterionDeltaMonitoring, station.Periodic: ocpp2.MonitoringCriterionPeriodicMonitoring,
	station.PeriodicAligned: ocpp2.MonitoringCriterionPeriodicMonitoring,
	station.TargetDelta:     ocpp2.MonitoringCriterionDeltaMonitoring, station.TargetRelative: ocpp2.MonitoringCriterionDeltaMonitoring,
}

// OCPP 2.x N02.
func readMonitors(ctx context.Context, s *gateway.Session, o station.ReadMonitors) (station.Answer, error) {
	req := ocpp2.GetMonitoringReportRequest{RequestID: o.Number}
	asked := map[ocpp2.MonitoringCriterion]bool{}
	for _, k := range o.Kinds {
		c, ok := monitorCriteria[k]
		if !ok {
			return station.Answer{}, gnista.Invalidf("kinds", "%q cannot be asked for", k)
		}
		if !asked[c] {
			asked[c] = true
			req.MonitoringCriteria = append(req.MonitoringCriteria, c)
		}
	}
	for _, name := range o.Variables {
		var cv ocpp2.ComponentVariable
		c, v, err := parseName(name)
		if err == nil {
			cv = ocpp2.ComponentVariable{Component: c, Variable: &v}
		} else if p, err := station.ParseComponent(name); err == nil {
			cv.Component = component(p)
		} else {
			return station.Answer{}, gnista.Invalidf("variables", "%q is neither Component.Variable nor Component", name)
		}
		req.ComponentVariable = append(req.ComponentVariable, cv)
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetMonitoringReport, req)
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x N02.FR.03.
func (a *Adapter) monitoringReport(ctx context.Context, s *gateway.Session, req ocpp2.NotifyMonitoringReportRequest) (ocpp2.NotifyMonitoringReportResponse, error) {
	var list []station.Monitor
	for _, d := range req.Monitor {
		for _, v := range d.VariableMonitoring {
			list = append(list, station.Monitor{
				ID: v.ID, Variable: formatName(d.Component, d.Variable), Kind: monitorKinds[v.Type], Value: strconv.FormatFloat(v.Value, 'f', -1, 64), Severity: v.Severity,
				Transaction: v.Transaction, Origin: origins[v.EventNotificationType],
			})
		}
	}
	return ocpp2.NotifyMonitoringReportResponse{}, a.Network.ReportMonitors(ctx, s.Station, req.RequestID, !continued(req.TBC), list)
}

// continued tells whether more pages come; the default is that none do.
func continued(tbc *bool) bool { return tbc != nil && *tbc }
