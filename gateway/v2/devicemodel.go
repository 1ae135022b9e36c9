package v2

import (
	"context"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 2.x N07.FR.03, N08.FR.02, G05.FR.03. In OCPP 2.1 the state of a connector comes this way too (G01.FR.08).
func (a *Adapter) notifyEvent(ctx context.Context, s *gateway.Session, req ocpp2.NotifyEventRequest, _ []ocppj.Violation) (ocpp2.NotifyEventResponse, error) {
	list := make([]station.Notice, len(req.EventData))
	for i, d := range req.EventData {
		n := station.Notice{
			At: d.Timestamp.Time, EventID: d.EventID, Component: d.Component.Name, EVSE: evse(d.Component.EVSE), Variable: d.Variable.Name, Value: d.ActualValue,
			Trigger: string(d.Trigger), TechCode: d.TechCode, TechInfo: d.TechInfo, Transaction: d.TransactionID,
			Severity: -1, Cause: -1, Origin: origins[d.EventNotificationType],
		}
		for from, to := range map[*int]*int{d.Severity: &n.Severity, d.Cause: &n.Cause, d.VariableMonitoringID: &n.Monitor} {
			if from != nil {
				*to = *from
			}
		}
		if d.Cleared != nil {
			n.Cleared = *d.Cleared
		}
		list[i] = n
		if n.Component == "Connector" && n.Variable == "AvailabilityState" && n.EVSE.ID > 0 {
			c := station.Connector{EVSE: n.EVSE, Status: status(ocpp2.ConnectorStatus(n.Value)), At: n.At}
			if err := a.Network.ReportStatus(ctx, s.Station, c); err != nil {
				return ocpp2.NotifyEventResponse{}, err
			}
		}
	}
	return ocpp2.NotifyEventResponse{}, a.Network.Notify(ctx, s.Station, list)
}
