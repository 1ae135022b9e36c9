package v2

import (
	"context"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
	"gnista/token"
)

// OCPP 2.x C11.
func clearCache(ctx context.Context, s *gateway.Session, _ token.ClearCache) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.ClearCache, ocpp2.ClearCacheRequest{})
	return answer(resp.Status, resp.StatusInfo), err
}
