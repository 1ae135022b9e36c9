package v2

import (
	"context"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 2.x A04.FR.03.
func (a *Adapter) securityEvent(ctx context.Context, s *gateway.Session, req ocpp2.SecurityEventNotificationRequest, _ []ocppj.Violation) (ocpp2.SecurityEventNotificationResponse, error) {
	return ocpp2.SecurityEventNotificationResponse{}, a.Network.ReportSecurity(ctx, s.Station, station.SecurityEvent{
		Type: req.Type, Info: req.TechInfo, At: req.Timestamp.Time,
	})
}
