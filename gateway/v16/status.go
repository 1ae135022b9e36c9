package v16

import (
	"context"
	"strings"

	"gnista"
	"gnista/charging"
	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// statuses are the domain's words; a word that the version does not know is kept.
var statuses = map[ocpp16.ChargePointStatus]station.Status{
	ocpp16.ChargePointStatusAvailable:     station.Available,
	ocpp16.ChargePointStatusPreparing:     station.Preparing,
	ocpp16.ChargePointStatusCharging:      station.Charging,
	ocpp16.ChargePointStatusSuspendedEV:   station.SuspendedEV,
	ocpp16.ChargePointStatusSuspendedEVSE: station.SuspendedEVSE,
	ocpp16.ChargePointStatusFinishing:     station.Finishing,
	ocpp16.ChargePointStatusReserved:      station.Reserved,
	ocpp16.ChargePointStatusUnavailable:   station.Unavailable,
	ocpp16.ChargePointStatusFaulted:       station.Faulted,
}

// activities are what a status says of the transaction at the connector.
var activities = map[station.Status]charging.Activity{
	station.Preparing:     charging.Connected,
	station.Charging:      charging.Charging,
	station.SuspendedEV:   charging.SuspendedEV,
	station.SuspendedEVSE: charging.SuspendedEVSE,
	station.Finishing:     charging.Connected,
}

// OCPP 1.6 §4.9. One message tells of the connector and of the transaction there, which are two
// things to the domain.
func (a *Adapter) status(ctx context.Context, s *gateway.Session, req ocpp16.StatusNotificationRequest, _ []ocppj.Violation) (ocpp16.StatusNotificationResponse, error) {
	c := station.Connector{
		EVSE: evse(req.ConnectorID), Status: statuses[req.Status], Info: req.Info, VendorID: req.VendorID, VendorCode: req.VendorErrorCode,
	}
	if c.Status == "" {
		c.Status = station.Status(strings.ToLower(string(req.Status)))
	}
	if req.ErrorCode != ocpp16.ChargePointErrorCodeNoError {
		c.ErrorCode = string(req.ErrorCode)
	}
	observeStatus(s, req, c)
	if req.Timestamp != nil {
		c.At = req.Timestamp.Time
	}
	if err := a.Network.ReportStatus(ctx, s.Station, c); err != nil {
		return ocpp16.StatusNotificationResponse{}, err
	}
	activity, ok := activities[c.Status]
	if !ok || c.EVSE.ID == 0 {
		return ocpp16.StatusNotificationResponse{}, nil
	}
	at := c.At
	if at.IsZero() {
		at = a.Now()
	}
	out, err := a.Transactions.Record(ctx, s.Station, charging.Event{Kind: charging.Updated, Version: gnista.V16, At: at, EVSE: c.EVSE, Activity: activity})
	if err == nil {
		a.recorded(s, out)
	}
	return ocpp16.StatusNotificationResponse{}, err
}

// observeStatus counts what is odd about a status.
func observeStatus(s *gateway.Session, req ocpp16.StatusNotificationRequest, c station.Connector) {
	switch {
	case c.Status == station.Faulted && c.ErrorCode == "":
		s.Saw("Q27", "Faulted with NoError")
	case c.Status != station.Faulted && c.ErrorCode != "":
		s.Saw("Q28", "%s with %s", req.Status, req.ErrorCode)
	case c.Status == station.Faulted && req.ConnectorID == 0 && req.ErrorCode == ocpp16.ChargePointErrorCodeOtherError:
		s.Saw("Q31", "a fault of the station with %q of the vendor %q", req.VendorErrorCode, req.VendorID)
	}
	if strings.EqualFold(req.Info, "null") || c.ErrorCode == "" && strings.HasPrefix(req.VendorErrorCode, "0x0") {
		s.Saw("Q29", "info %q, vendorErrorCode %q", req.Info, req.VendorErrorCode)
	}
}
