package v2

import (
	"context"
	"strconv"
	"strings"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
	"gnista/token"
)

// listAnswers are the answers to a list in the domain's words.
var listAnswers = map[ocpp2.SendLocalListStatus]token.ListStatus{
	ocpp2.SendLocalListStatusAccepted:        token.ListTaken,
	ocpp2.SendLocalListStatusFailed:          token.ListRefused,
	ocpp2.SendLocalListStatusVersionMismatch: token.ListMismatch,
}

// OCPP 2.x D01.FR.01, D01.FR.16, D01.FR.17.
func sendList(ctx context.Context, s *gateway.Session, o token.SendList) (token.ListAnswer, error) {
	req := ocpp2.SendLocalListRequest{VersionNumber: o.Version, UpdateType: ocpp2.UpdateTypeDifferential}
	if o.Update.Full {
		req.UpdateType = ocpp2.UpdateTypeFull
	}
	for _, id := range o.Update.Remove {
		req.LocalAuthorizationList = append(req.LocalAuthorizationList, ocpp2.AuthorizationData{IDToken: idToken(id)})
	}
	for _, e := range o.Update.Set {
		info := idTokenInfo(s, token.Decision{Status: e.Status, Group: e.Group, ExpiresAt: e.ExpiresAt})
		req.LocalAuthorizationList = append(req.LocalAuthorizationList, ocpp2.AuthorizationData{IDToken: idToken(e.ID), IDTokenInfo: &info})
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SendLocalList, req)
	status, ok := listAnswers[resp.Status]
	if !ok {
		status = token.ListRefused
	}
	return token.ListAnswer{Status: status, Detail: answer(resp.Status, resp.StatusInfo).Detail}, err
}

// idToken is a token on the wire.
func idToken(id token.ID) ocpp2.IDToken {
	return ocpp2.IDToken{IDToken: id.UID, Type: ocpp2.IDTokenType(id.Type)}
}

// OCPP 2.x D02.
func readListVersion(ctx context.Context, s *gateway.Session, _ token.ReadListVersion) (int, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetLocalListVersion, ocpp2.GetLocalListVersionRequest{})
	return resp.VersionNumber, err
}

// listController is the component of the list.
var listController = ocpp2.Component{Name: "LocalAuthListCtrlr"}

// types are those that the version has words for; nil is all.
func types(v ocppj.Version) []token.Type {
	if v >= ocppj.V21 {
		return nil
	}
	return []token.Type{token.ISO14443, token.ISO15693, token.Central, token.EMAID, token.KeyCode, token.Local, token.MacAddress, token.NoAuthorization}
}

// OCPP 2.x D01.FR.11, D01.FR.13. A station that does not tell its variables may have a list.
func readListLimits(ctx context.Context, s *gateway.Session, _ token.ReadListLimits) (token.ListLimits, error) {
	limits := token.ListLimits{MaxUID: maxIDToken[s.Version], Types: types(s.Version)}
	var req ocpp2.GetVariablesRequest
	for _, name := range []string{"Available", "Enabled", "ItemsPerMessage", "BytesPerMessage"} {
		req.GetVariableData = append(req.GetVariableData, ocpp2.GetVariableData{Component: listController, Variable: ocpp2.Variable{Name: name}})
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetVariables, req)
	if gateway.Declined(err) {
		return limits, nil
	}
	if err != nil {
		return limits, err
	}
	for _, r := range resp.GetVariableResult {
		n, _ := strconv.Atoi(strings.TrimSpace(r.AttributeValue))
		no := strings.EqualFold(strings.TrimSpace(r.AttributeValue), "false")
		switch r.Variable.Name {
		case "Available":
			limits.None = no
		case "Enabled":
			limits.TurnedOff = no
		case "ItemsPerMessage":
			limits.Items = max(n, 0)
		case "BytesPerMessage":
			limits.Bytes = max(n, 0)
		}
	}
	return limits, nil
}

// OCPP 2.x D01.FR.13.
func useList(ctx context.Context, s *gateway.Session, _ token.UseList) (station.Answer, error) {
	set := ocpp2.SetVariableData{Component: listController, Variable: ocpp2.Variable{Name: "Enabled"}, AttributeValue: "true"}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SetVariables, ocpp2.SetVariablesRequest{SetVariableData: []ocpp2.SetVariableData{set}})
	if err != nil || len(resp.SetVariableResult) == 0 {
		return station.Answer{Status: station.Refused}, err
	}
	r := resp.SetVariableResult[0]
	return answer(r.AttributeStatus, r.AttributeStatusInfo), nil
}
