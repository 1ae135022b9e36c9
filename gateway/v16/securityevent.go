package v16

import (
	"context"

	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 1.6 security whitepaper A04.FR.03.
func (a *Adapter) securityEvent(ctx context.Context, s *gateway.Session, req ocpp16.SecurityEventNotificationRequest, _ []ocppj.Violation) (ocpp16.SecurityEventNotificationResponse, error) {
	return ocpp16.SecurityEventNotificationResponse{}, a.Network.ReportSecurity(ctx, s.Station, station.SecurityEvent{
		Type: req.Type, Info: req.TechInfo, At: req.Timestamp.Time,
	})
}
