package sim

import (
	"cmp"
	"context"
	"strings"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// deviceModel are the commands that read and write variables.
func (d *v2) deviceModel(m *ocppj.Mux[*link]) {
	ocppj.Handle(m, ocpp2.GetBaseReport, d.getBaseReport)
	ocppj.Handle(m, ocpp2.GetReport, d.getReport)
	ocppj.Handle(m, ocpp2.GetVariables, d.getVariables)
	ocppj.Handle(m, ocpp2.SetVariables, d.setVariables)
	d.monitors(m)
}

// because is why something is not as the central system wants it.
func because(reason string) *ocpp2.StatusInfo { return &ocpp2.StatusInfo{ReasonCode: reason} }

// tooMany refuses a request with more elements than the station takes. OCPP 2.x B06.FR.16, B08.FR.17.
func (s *Station) tooMany(n int) error {
	if n > s.items() {
		return ocppj.Errorf(ocppj.OccurrenceConstraintViolation, "%d elements are more than the %d that this station takes at once", n, s.items())
	}
	return nil
}

const defaultReportPage = 8

// pages sends what there is to report, a page at a time. Each is told its number, and whether there is
// more to come.
func pages[T any](ctx context.Context, s *Station, what string, all []T, send func(ctx context.Context, l *link, page []T, seq int, more *bool) error) {
	for seq := 0; len(all) > 0 || seq == 0; seq++ {
		l, err := s.connected()
		if err == nil {
			n := min(cmp.Or(s.ReportPage, defaultReportPage), len(all))
			page := all[:n]
			all = all[n:]
			var more *bool
			if yes := len(all) > 0; yes {
				more = &yes
			}
			err = send(ctx, l, page, seq, more)
		}
		if err != nil {
			s.note(what, err)
			return
		}
	}
}

// connected is the connection of the station, whether it is accepted or not: reports that a central
// system asks for are sent before that, too (OCPP 2.x B02.FR.02).
func (s *Station) connected() (*link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil {
		return nil, ErrOffline
	}
	return s.link, nil
}

// OCPP 2.x B07.
func (d *v2) getBaseReport(_ context.Context, l *link, req ocpp2.GetBaseReportRequest) (ocpp2.GetBaseReportResponse, error) {
	data := l.reported(func(v *setting) bool {
		switch req.ReportBase {
		case ocpp2.ReportBaseConfigurationInventory:
			return v.write != nil
		case ocpp2.ReportBaseSummaryInventory: // B07.FR.09
			return v.variable == "AvailabilityState" || v.variable == "Problem" && v.value == "true"
		}
		return true
	})
	l.sendReport(req.RequestID, data)
	return ocpp2.GetBaseReportResponse{Status: ocpp2.GenericDeviceModelStatusAccepted}, nil
}

// OCPP 2.x B08.
func (d *v2) getReport(_ context.Context, l *link, req ocpp2.GetReportRequest) (resp ocpp2.GetReportResponse, _ error) {
	if err := l.station.tooMany(len(req.ComponentVariable)); err != nil {
		return resp, err
	}
	s := l.station
	s.mu.Lock()
	fits := meeting(s.listSettings(), req.ComponentCriteria)
	s.mu.Unlock()
	data := l.reported(func(v *setting) bool { return fits(v) && named(v, req.ComponentVariable) })
	resp.Status = ocpp2.GenericDeviceModelStatusAccepted
	if len(data) == 0 { // B08.FR.15
		resp.Status = ocpp2.GenericDeviceModelStatusEmptyResultSet
		return resp, nil
	}
	l.sendReport(req.RequestID, data)
	return resp, nil
}

// meeting tells whether the component of a variable meets one of the criteria. OCPP 2.x B08.FR.07–10,
// B08.FR.13.
func meeting(all []setting, criteria []ocpp2.ComponentCriterion) func(*setting) bool {
	type place struct {
		component       string
		evse, connector int
	}
	state := map[place]map[string]string{}
	for _, v := range all {
		at := place{v.component, v.evse, v.connector}
		if state[at] == nil {
			state[at] = map[string]string{}
		}
		state[at][v.variable] = v.value
	}
	return func(v *setting) bool {
		for _, c := range criteria {
			value, there := state[place{v.component, v.evse, v.connector}][string(c)]
			if value == "true" || !there && c != ocpp2.ComponentCriterionProblem {
				return true
			}
		}
		return len(criteria) == 0
	}
}

// named tells whether a variable is among those that are asked for. OCPP 2.x B08.FR.20–25.
func named(v *setting, list []ocpp2.ComponentVariable) bool {
	for _, q := range list {
		e := q.Component.EVSE
		switch {
		case !strings.EqualFold(q.Component.Name, v.component), q.Component.Instance != "",
			e != nil && (e.ID != v.evse || e.ConnectorID != nil && *e.ConnectorID != v.connector),
			q.Variable != nil && !strings.EqualFold(q.Variable.Name, v.variable),
			q.Variable != nil && q.Variable.Instance != "" && !strings.EqualFold(q.Variable.Instance, v.instance):
			continue
		}
		return true
	}
	return len(list) == 0
}

// reported are the variables that are wanted.
func (l *link) reported(wanted func(*setting) bool) []ocpp2.ReportData {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	var data []ocpp2.ReportData
	for _, v := range s.listSettings() {
		if v.component != "" && wanted(&v) {
			data = append(data, reportData(&v))
		}
	}
	return data
}

// sendReport sends a report when it has been said that it will come. OCPP 2.x B07.FR.03, B07.FR.10,
// B08.FR.03, B08.FR.04.
func (l *link) sendReport(request int, data []ocpp2.ReportData) {
	s := l.station
	l.afterwards(func(ctx context.Context) {
		pages(ctx, s, "a report", data, func(ctx context.Context, l *link, page []ocpp2.ReportData, seq int, more *bool) error {
			_, err := call(ctx, l, ocpp2.NotifyReport, ocpp2.NotifyReportRequest{
				RequestID: request, GeneratedAt: instant(s.Now()), SeqNo: seq, ReportData: page, TBC: more,
			})
			return err
		})
	})
}

func reportData(v *setting) ocpp2.ReportData {
	component, variable := v.names()
	attributes := []ocpp2.VariableAttribute{variableAttribute(ocpp2.AttributeTypeActual, v.value, v.write != nil)}
	if v.secret { // OCPP 2.x B07.FR.12
		attributes[0].Mutability, attributes[0].Value = ocpp2.MutabilityWriteOnly, ""
	}
	for _, a := range v.more {
		attributes = append(attributes, variableAttribute(ocpp2.AttributeType(a.name), a.value, a.write != nil))
	}
	return ocpp2.ReportData{
		Component: component, Variable: variable, VariableAttribute: attributes,
		VariableCharacteristics: &ocpp2.VariableCharacteristics{
			DataType: ocpp2.DataType(v.kind), Unit: v.unit, MinLimit: v.low, MaxLimit: v.high, ValuesList: v.options, SupportsMonitoring: v.monitored,
		},
	}
}

func variableAttribute(kind ocpp2.AttributeType, value string, writable bool) ocpp2.VariableAttribute {
	a := ocpp2.VariableAttribute{Type: kind, Value: value, Mutability: ocpp2.MutabilityReadOnly}
	if writable {
		a.Mutability, a.Persistent = ocpp2.MutabilityReadWrite, &writable
	}
	return a
}

func (v *setting) names() (ocpp2.Component, ocpp2.Variable) {
	return ocpp2.Component{Name: v.component, EVSE: place(v.evse, v.connector > 0)}, ocpp2.Variable{Name: v.variable, Instance: v.instance}
}

// lookUp finds a variable in a list; known is whether there is at least its component.
func lookUp(list []setting, c ocpp2.Component, v ocpp2.Variable) (found *setting, known bool) {
	evse, connector := 0, 0
	if c.EVSE != nil {
		evse = c.EVSE.ID
		if c.EVSE.ConnectorID != nil {
			connector = *c.EVSE.ConnectorID
		}
	}
	for i := range list {
		x := &list[i]
		if x.component == "" || !strings.EqualFold(x.component, c.Name) || c.Instance != "" || x.evse != evse || x.connector != connector {
			continue
		}
		known = true
		if strings.EqualFold(x.variable, v.Name) && strings.EqualFold(x.instance, v.Instance) {
			return x, true
		}
	}
	return nil, known
}

// attribute finds an attribute that is not the value itself; nil where the variable has none such.
func (v *setting) attribute(name ocpp2.AttributeType) *attribute {
	for i := range v.more {
		if v.more[i].name == string(name) {
			return &v.more[i]
		}
	}
	return nil
}

// OCPP 2.x B06.
func (*v2) getVariables(_ context.Context, l *link, req ocpp2.GetVariablesRequest) (resp ocpp2.GetVariablesResponse, _ error) {
	s := l.station
	if err := s.tooMany(len(req.GetVariableData)); err != nil {
		return resp, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.listSettings()
	for _, q := range req.GetVariableData {
		r := ocpp2.GetVariableResult{AttributeStatus: ocpp2.GetVariableStatusAccepted, AttributeType: q.AttributeType, Component: q.Component, Variable: q.Variable}
		if r.AttributeType == "" { // B06.FR.13
			r.AttributeType = ocpp2.AttributeTypeActual
		}
		v, known := lookUp(list, q.Component, q.Variable)
		switch {
		case v == nil && !known:
			r.AttributeStatus = ocpp2.GetVariableStatusUnknownComponent
		case v == nil:
			r.AttributeStatus = ocpp2.GetVariableStatusUnknownVariable
		case r.AttributeType != ocpp2.AttributeTypeActual:
			if a := v.attribute(r.AttributeType); a != nil {
				r.AttributeValue = a.value
			} else {
				r.AttributeStatus = ocpp2.GetVariableStatusNotSupportedAttributeType
			}
		case v.secret: // B06.FR.09
			r.AttributeStatus, r.AttributeStatusInfo = ocpp2.GetVariableStatusRejected, because("WriteOnly")
		default:
			r.AttributeValue = v.value
		}
		resp.GetVariableResult = append(resp.GetVariableResult, r)
	}
	return resp, nil
}

// OCPP 2.x B05.
func (*v2) setVariables(_ context.Context, l *link, req ocpp2.SetVariablesRequest) (resp ocpp2.SetVariablesResponse, _ error) {
	s := l.station
	if err := s.tooMany(len(req.SetVariableData)); err != nil {
		return resp, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.listSettings()
	for _, q := range req.SetVariableData {
		r := ocpp2.SetVariableResult{AttributeType: q.AttributeType, Component: q.Component, Variable: q.Variable}
		if r.AttributeType == "" { // B05.FR.12
			r.AttributeType = ocpp2.AttributeTypeActual
		}
		v, known := lookUp(list, q.Component, q.Variable)
		switch {
		case v == nil && !known:
			r.AttributeStatus = ocpp2.SetVariableStatusUnknownComponent
		case v == nil:
			r.AttributeStatus = ocpp2.SetVariableStatusUnknownVariable
		default:
			r.AttributeStatus, r.AttributeStatusInfo = v.set(r.AttributeType, q.AttributeValue)
		}
		resp.SetVariableResult = append(resp.SetVariableResult, r)
	}
	s.watch()
	return resp, nil
}

// set sets an attribute. The mu of the station is held. OCPP 2.x B05.FR.06–10.
func (v *setting) set(kind ocpp2.AttributeType, value string) (ocpp2.SetVariableStatus, *ocpp2.StatusInfo) {
	write := v.write
	if kind != ocpp2.AttributeTypeActual {
		a := v.attribute(kind)
		if a == nil {
			return ocpp2.SetVariableStatusNotSupportedAttributeType, nil
		}
		write = a.write
	}
	switch {
	case write == nil:
		return ocpp2.SetVariableStatusRejected, because("ReadOnly")
	case !write(value):
		if v.kind == kindInteger || v.kind == kindDecimal {
			return ocpp2.SetVariableStatusRejected, because("ValueOutOfRange")
		}
		return ocpp2.SetVariableStatusRejected, because("InvalidValue")
	case v.restart:
		return ocpp2.SetVariableStatusRebootRequired, nil
	}
	return ocpp2.SetVariableStatusAccepted, nil
}
