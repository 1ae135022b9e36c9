package v16

import (
	"context"

	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
	"gnista/token"
)

// OCPP 1.6 §5.4.
func clearCache(ctx context.Context, s *gateway.Session, _ token.ClearCache) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.ClearCache, ocpp16.ClearCacheRequest{})
	return answer(resp.Status), err
}
