// Package v16 turns OCPP 1.6J into calls of the domain and back. A connector N is EVSE N, connector 1.
package v16

import (
	"context"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/cost"
	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/pki"
	"gnista/station"
	"gnista/token"
)

// Adapter is the way between OCPP 1.6 and the domain.
type Adapter struct {
	Network      *station.Network
	Transactions *charging.Transactions
	Tokens       *token.Tokens
	CA           *pki.CA
	Costs        *cost.Costs // nil tells nothing of costs
	Now          func() time.Time
}

// Dialect lists what stations send that is handled, and who tells them what.
func (a *Adapter) Dialect() *gateway.Dialect {
	m := ocppj.NewMux[*gateway.Session](ocppj.V16, ocpp16.Actions)
	ocppj.Handle(m, ocpp16.Authorize, a.authorize)
	ocppj.Accept(m, ocpp16.BootNotification, a.boot)
	ocppj.Handle(m, ocpp16.DataTransfer, a.dataTransfer)
	ocppj.Accept(m, ocpp16.DiagnosticsStatusNotification, a.diagnosticsStatus)
	ocppj.Accept(m, ocpp16.FirmwareStatusNotification, a.firmwareStatus)
	ocppj.Handle(m, ocpp16.Heartbeat, a.heartbeat)
	ocppj.Accept(m, ocpp16.LogStatusNotification, a.logStatus)
	ocppj.Accept(m, ocpp16.MeterValues, a.meterValues)
	ocppj.Accept(m, ocpp16.SignedFirmwareStatusNotification, a.signedFirmwareStatus)
	ocppj.Handle(m, ocpp16.StartTransaction, a.startTransaction)
	ocppj.Accept(m, ocpp16.StatusNotification, a.status)
	ocppj.Accept(m, ocpp16.StopTransaction, a.stopTransaction)
	ocppj.Accept(m, ocpp16.SecurityEventNotification, a.securityEvent)
	ocppj.Accept(m, ocpp16.SignCertificate, a.signCertificate)
	return &gateway.Dialect{Version: gnista.V16, Messages: m, Orders: orders()}
}

// orders lists what stations are told.
func orders() gateway.Orders {
	o := gateway.Orders{}
	gateway.Tell(o, reset)
	gateway.Tell(o, unlock)
	gateway.Tell(o, setAvailability)
	gateway.Tell(o, sendData)
	gateway.Tell(o, trigger)
	gateway.Tell(o, readSettings)
	gateway.Tell(o, writeSettings)
	gateway.Tell(o, start)
	gateway.Tell(o, stop)
	gateway.Tell(o, setPassword)
	gateway.Tell(o, useProfile)
	gateway.Tell(o, updateFirmware)
	gateway.Tell(o, sendLog)
	gateway.Tell(o, sendVendor)
	gateway.Tell(o, reserve)
	gateway.Tell(o, cancelReservation)
	gateway.Tell(o, clearCache)
	gateway.Tell(o, sendList)
	gateway.Tell(o, readListVersion)
	gateway.Tell(o, readListLimits)
	gateway.Tell(o, useList)
	gateway.Tell(o, installProfile)
	gateway.Tell(o, startWithProfile)
	gateway.Tell(o, clearProfiles)
	gateway.Tell(o, compose)
	gateway.Tell(o, deliver)
	gateway.Tell(o, askRenewal)
	gateway.Tell(o, installCertificate)
	gateway.Tell(o, listInstalled)
	gateway.Tell(o, removeCertificate)
	gateway.Tell(o, tellPrice)
	gateway.Tell(o, tellRunning)
	gateway.Tell(o, tellFinal)
	gateway.Tell(o, wordDefault)
	return o
}

// OCPP 1.6 §4.2.
func (a *Adapter) boot(ctx context.Context, s *gateway.Session, req ocpp16.BootNotificationRequest, _ []ocppj.Violation) (ocpp16.BootNotificationResponse, error) {
	serial := req.ChargePointSerialNumber
	if serial == "" {
		serial = req.ChargeBoxSerialNumber
	}
	answer, err := a.Network.Boot(ctx, s.Station, station.Boot{
		Version: gnista.V16, Vendor: req.ChargePointVendor, Model: req.ChargePointModel, Serial: serial, Firmware: req.FirmwareVersion, Certificate: s.Certificate,
	})
	if err != nil {
		return ocpp16.BootNotificationResponse{}, err
	}
	s.Booted(answer)
	return ocpp16.BootNotificationResponse{
		Status: registrations[answer.State], CurrentTime: ocppj.At(answer.Now), Interval: int(answer.Interval.Seconds()),
	}, nil
}

var registrations = map[station.State]ocpp16.RegistrationStatus{
	station.Accepted: ocpp16.RegistrationStatusAccepted,
	station.Pending:  ocpp16.RegistrationStatusPending,
	station.Rejected: ocpp16.RegistrationStatusRejected,
}

// OCPP 1.6 §4.6.
func (a *Adapter) heartbeat(context.Context, *gateway.Session, ocpp16.HeartbeatRequest) (ocpp16.HeartbeatResponse, error) {
	return ocpp16.HeartbeatResponse{CurrentTime: ocppj.At(a.Now())}, nil
}

// evse is the EVSE of a connector; connector 0 is the station.
func evse(connector int) gnista.EVSE {
	if connector <= 0 {
		return gnista.EVSE{}
	}
	return gnista.EVSE{ID: connector, Connector: 1}
}
