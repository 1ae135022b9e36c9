package v2

import (
	"context"
	"strings"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// statuses are the domain's words; a word that the version does not know is kept.
var statuses = map[ocpp2.ConnectorStatus]station.Status{
	ocpp2.ConnectorStatusAvailable:   station.Available,
	ocpp2.ConnectorStatusOccupied:    station.Occupied,
	ocpp2.ConnectorStatusReserved:    station.Reserved,
	ocpp2.ConnectorStatusUnavailable: station.Unavailable,
	ocpp2.ConnectorStatusFaulted:     station.Faulted,
}

func status(s ocpp2.ConnectorStatus) station.Status {
	if known, ok := statuses[s]; ok {
		return known
	}
	return station.Status(strings.ToLower(string(s)))
}

// OCPP 2.x G01.
func (a *Adapter) status(ctx context.Context, s *gateway.Session, req ocpp2.StatusNotificationRequest, _ []ocppj.Violation) (ocpp2.StatusNotificationResponse, error) {
	if req.EVSEID <= 0 || req.ConnectorID <= 0 {
		s.Saw("Q35", "the status of EVSE %d connector %d", req.EVSEID, req.ConnectorID)
	}
	at := gnista.EVSE{ID: max(req.EVSEID, 0), Connector: max(req.ConnectorID, 0)}
	return ocpp2.StatusNotificationResponse{}, a.Network.ReportStatus(ctx, s.Station, station.Connector{EVSE: at, Status: status(req.ConnectorStatus), At: req.Timestamp.Time})
}
