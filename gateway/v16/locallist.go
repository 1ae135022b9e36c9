package v16

import (
	"context"
	"strconv"
	"strings"

	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
	"gnista/token"
)

// listAnswers are the answers to a list in the domain's words.
var listAnswers = map[ocpp16.UpdateStatus]token.ListStatus{
	ocpp16.UpdateStatusAccepted:        token.ListTaken,
	ocpp16.UpdateStatusFailed:          token.ListRefused,
	ocpp16.UpdateStatusVersionMismatch: token.ListMismatch,
	ocpp16.UpdateStatusNotSupported:    token.NoList,
}

// OCPP 1.6 §5.15.
func sendList(ctx context.Context, s *gateway.Session, o token.SendList) (token.ListAnswer, error) {
	req := ocpp16.SendLocalListRequest{ListVersion: o.Version, UpdateType: ocpp16.UpdateTypeDifferential}
	if o.Update.Full {
		req.UpdateType = ocpp16.UpdateTypeFull
	}
	for _, id := range o.Update.Remove {
		req.LocalAuthorizationList = append(req.LocalAuthorizationList, ocpp16.AuthorizationData{IDTag: id.UID})
	}
	for _, e := range o.Update.Set {
		info := idTagInfo(token.Decision{Status: e.Status, Group: e.Group, ExpiresAt: e.ExpiresAt})
		req.LocalAuthorizationList = append(req.LocalAuthorizationList, ocpp16.AuthorizationData{IDTag: e.ID.UID, IDTagInfo: &info})
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.SendLocalList, req)
	status, ok := listAnswers[resp.Status]
	if !ok {
		status = token.ListRefused
	}
	return token.ListAnswer{Status: status, Detail: string(resp.Status)}, err
}

// OCPP 1.6 §5.10.
func readListVersion(ctx context.Context, s *gateway.Session, _ token.ReadListVersion) (int, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.GetLocalListVersion, ocpp16.GetLocalListVersionRequest{})
	return resp.ListVersion, err
}

// Settings of the list. (OCPP 1.6 §9.2)
const (
	listEnabled   = "LocalAuthListEnabled"
	listMaxLength = "LocalAuthListMaxLength"
	sendMaxLength = "SendLocalListMaxLength"
)

// OCPP 1.6 §9.2. A station that does not tell its settings may have a list.
func readListLimits(ctx context.Context, s *gateway.Session, _ token.ReadListLimits) (token.ListLimits, error) {
	limits := token.ListLimits{MaxUID: maxIDTag, Typeless: true}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.GetConfiguration, ocpp16.GetConfigurationRequest{Key: []string{listEnabled, listMaxLength, sendMaxLength}})
	if gateway.Declined(err) {
		return limits, nil
	}
	if err != nil {
		return limits, err
	}
	for _, k := range resp.ConfigurationKey {
		n, _ := strconv.Atoi(strings.TrimSpace(k.Value))
		switch {
		case strings.EqualFold(k.Key, listEnabled):
			limits.TurnedOff = strings.EqualFold(strings.TrimSpace(k.Value), "false")
		case strings.EqualFold(k.Key, listMaxLength):
			limits.Entries = max(n, 0)
		case strings.EqualFold(k.Key, sendMaxLength):
			limits.Items = max(n, 0)
		}
	}
	return limits, nil
}

// OCPP 1.6 §9.2.1.
func useList(ctx context.Context, s *gateway.Session, _ token.UseList) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.ChangeConfiguration, ocpp16.ChangeConfigurationRequest{Key: listEnabled, Value: "true"})
	return answer(resp.Status), err
}
