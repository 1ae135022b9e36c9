package v16

import (
	"context"
	"strconv"

	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 1.6 A01.FR.02.
func setPassword(ctx context.Context, s *gateway.Session, o station.SetPassword) (station.Answer, error) {
	return changeKey(ctx, s, "AuthorizationKey", o.Secret)
}

// OCPP 1.6 A05.FR.01–A05.FR.07. Where it connects is not for OCPP 1.6 to say.
func useProfile(ctx context.Context, s *gateway.Session, o station.UseProfile) (station.Answer, error) {
	return changeKey(ctx, s, "SecurityProfile", strconv.Itoa(int(o.Profile)))
}

func changeKey(ctx context.Context, s *gateway.Session, key, value string) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.ChangeConfiguration, ocpp16.ChangeConfigurationRequest{Key: key, Value: value})
	return answer(resp.Status), err
}
