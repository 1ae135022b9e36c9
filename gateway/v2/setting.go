package v2

import (
	"context"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 2.x B06.
func readSettings(ctx context.Context, s *gateway.Session, o station.ReadSettings) ([]station.Setting, error) {
	if len(o.Names) == 0 {
		return nil, gnista.Errorf(gnista.Unsupported, "OCPP %s reads named variables only; all of them come in a report", s.Version)
	}
	var req ocpp2.GetVariablesRequest
	for _, name := range o.Names {
		c, v, err := parseName(name)
		if err != nil {
			return nil, err
		}
		req.GetVariableData = append(req.GetVariableData, ocpp2.GetVariableData{Component: c, Variable: v})
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetVariables, req)
	if err != nil {
		return nil, err
	}
	list := make([]station.Setting, len(resp.GetVariableResult))
	for i, r := range resp.GetVariableResult {
		a := answer(r.AttributeStatus, r.AttributeStatusInfo)
		list[i] = station.Setting{
			Name: formatName(r.Component, r.Variable), Attribute: attribute(r.AttributeType), Value: r.AttributeValue, Status: a.Status, Detail: a.Detail,
		}
	}
	return list, nil
}

// OCPP 2.x B05.
func writeSettings(ctx context.Context, s *gateway.Session, o station.WriteSettings) ([]station.Setting, error) {
	var req ocpp2.SetVariablesRequest
	values := map[string]string{}
	for _, k := range o.List {
		c, v, err := parseName(k.Name)
		if err != nil {
			return nil, err
		}
		req.SetVariableData = append(req.SetVariableData, ocpp2.SetVariableData{Component: c, Variable: v, AttributeValue: k.Value, AttributeType: ocpp2.AttributeType(k.Attribute)})
		values[formatName(c, v)+" "+k.Attribute] = k.Value
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SetVariables, req)
	if err != nil {
		return nil, err
	}
	list := make([]station.Setting, len(resp.SetVariableResult))
	for i, r := range resp.SetVariableResult {
		name, kind := formatName(r.Component, r.Variable), attribute(r.AttributeType)
		a := answer(r.AttributeStatus, r.AttributeStatusInfo)
		list[i] = station.Setting{Name: name, Attribute: kind, Value: values[name+" "+kind], Status: a.Status, Detail: a.Detail}
	}
	return list, nil
}

// attribute is a type of attribute, empty where it is the one that need not be told.
func attribute(t ocpp2.AttributeType) string {
	if t == ocpp2.AttributeTypeActual {
		return ""
	}
	return string(t)
}

// formatName writes the name of a setting.
func formatName(c ocpp2.Component, v ocpp2.Variable) string { return located(c, v).Setting() }

// located is where a value of the device model is, in the domain's words.
func located(c ocpp2.Component, v ocpp2.Variable) station.Variable {
	return station.Variable{Component: c.Name, Instance: c.Instance, EVSE: evse(c.EVSE), Name: v.Name, NameOf: v.Instance}
}

// parseName reads the name of a setting.
func parseName(name string) (ocpp2.Component, ocpp2.Variable, error) {
	v, err := station.ParseSetting(name)
	return component(v), ocpp2.Variable{Name: v.Name, Instance: v.NameOf}, err
}

// component is where a value of the device model is, on the wire.
func component(v station.Variable) ocpp2.Component {
	return ocpp2.Component{Name: v.Component, Instance: v.Instance, EVSE: wire(v.EVSE)}
}
