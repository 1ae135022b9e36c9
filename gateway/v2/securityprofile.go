package v2

import (
	"context"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// The variables of a station's connection.
var (
	passwordOf   = variable{"SecurityCtrlr", "BasicAuthPassword"}
	prioritiesOf = variable{"OCPPCommCtrlr", "NetworkConfigurationPriority"}
)

type variable struct{ component, name string }

func (v variable) set(ctx context.Context, s *gateway.Session, value string) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SetVariables, ocpp2.SetVariablesRequest{SetVariableData: []ocpp2.SetVariableData{
		{Component: ocpp2.Component{Name: v.component}, Variable: ocpp2.Variable{Name: v.name}, AttributeValue: value},
	}})
	if err != nil || len(resp.SetVariableResult) == 0 {
		return station.Answer{Status: station.Refused}, err
	}
	r := resp.SetVariableResult[0]
	return answer(r.AttributeStatus, r.AttributeStatusInfo), nil
}

func (v variable) get(ctx context.Context, s *gateway.Session) (string, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetVariables, ocpp2.GetVariablesRequest{GetVariableData: []ocpp2.GetVariableData{
		{Component: ocpp2.Component{Name: v.component}, Variable: ocpp2.Variable{Name: v.name}},
	}})
	if err != nil || len(resp.GetVariableResult) == 0 {
		return "", err
	}
	return resp.GetVariableResult[0].AttributeValue, nil
}

// OCPP 2.x A01.FR.02.
func setPassword(ctx context.Context, s *gateway.Session, o station.SetPassword) (station.Answer, error) {
	return passwordOf.set(ctx, s, o.Secret)
}

// OCPP 2.x A05, B09, B10: the profile is stored in a slot, the slot comes first of those that are used,
// and the station restarts when it is idle. The slots that it used stay behind, to fall back on.
func useProfile(ctx context.Context, s *gateway.Session, o station.UseProfile) (station.Answer, error) {
	used, err := prioritiesOf.get(ctx, s)
	if err != nil {
		return station.Answer{}, err
	}
	slots := strings.FieldsFunc(used, func(r rune) bool { return r == ',' || r == ' ' })
	if o.Slot == 0 {
		o.Slot = 1
		if len(slots) > 0 && slots[0] == "1" { // OCPP 2.x B09.FR.06: there are two at least
			o.Slot = 2
		}
	}
	a, err := setNetworkProfile(ctx, s, station.SetNetworkProfile{Profile: o.Profile, Route: o.Route})
	if err != nil || a.Status != station.Done {
		return a, err
	}
	first := strconv.Itoa(o.Slot)
	order := []string{first}
	for _, slot := range slots {
		if slot != first {
			order = append(order, slot)
		}
	}
	a, err = prioritiesOf.set(ctx, s, strings.Join(order, ","))
	if err != nil || a.Status != station.Done && a.Status != station.NeedsReboot {
		return a, err
	}
	again, err := reset(ctx, s, station.Reset{})
	if again.Status == station.Refused { // it will connect so whenever it restarts
		a.Detail = strings.TrimSpace(a.Detail + "; restarting: " + again.Detail)
	}
	return a, err
}

// OCPP 2.x B09.
func setNetworkProfile(ctx context.Context, s *gateway.Session, o station.SetNetworkProfile) (station.Answer, error) {
	data := ocpp2.NetworkConnectionProfile{
		OCPPInterface: ocpp2.OCPPInterface(o.Interface), OCPPTransport: ocpp2.OCPPTransportJSON, MessageTimeout: int(o.Timeout / time.Second),
		OCPPCSMSURL: o.URL, SecurityProfile: int(o.Profile),
	}
	if data.OCPPInterface == "" {
		data.OCPPInterface = ocpp2.OCPPInterfaceWired0
	}
	if data.MessageTimeout == 0 {
		data.MessageTimeout = 30
	}
	if s.Version == ocppj.V201 && (o.Identity != "" || o.Password != "") {
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP %s stores no identity and no password with a network profile", s.Version)
	}
	switch s.Version {
	case ocppj.V201:
		data.OCPPVersion = ocpp2.OCPPVersionOCPP20 // there it stands for 2.0.1
	default: // the version is agreed on when it connects
		data.Identity, data.BasicAuthPassword = o.Identity, o.Password // OCPP 2.1 B09.FR.14
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SetNetworkProfile, ocpp2.SetNetworkProfileRequest{ConfigurationSlot: o.Slot, ConnectionData: data})
	return answer(resp.Status, resp.StatusInfo), err
}
