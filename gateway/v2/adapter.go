// Package v2 turns OCPP 2.0.1 and 2.1 into calls of the domain and back.
package v2

import (
	"context"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/cost"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/payment/terminal"
	"gnista/pki"
	"gnista/power"
	"gnista/station"
	"gnista/token"
	"gnista/vat"
)

// Adapter is the way between OCPP 2.x and the domain.
type Adapter struct {
	Network      *station.Network
	Transactions *charging.Transactions
	Tokens       *token.Tokens
	Power        *power.Power
	Costs        *cost.Costs // nil tells nothing of costs
	Terminals    *terminal.Terminals
	VAT          *vat.Numbers
	CA           *pki.CA
	Contracts    *pki.Contracts
	Currency     string // of costs that stations tell
	Now          func() time.Time
}

// Dialect lists what stations send that is handled, and who tells them what.
func (a *Adapter) Dialect(v ocppj.Version) *gateway.Dialect {
	m := ocppj.NewMux[*gateway.Session](v, ocpp2.Actions)
	ocppj.Handle(m, ocpp2.Authorize, a.authorize)
	ocppj.Accept(m, ocpp2.BootNotification, a.boot)
	ocppj.Handle(m, ocpp2.ClosePeriodicEventStream, a.closeStream)
	ocppj.Handle(m, ocpp2.DataTransfer, a.dataTransfer)
	ocppj.Accept(m, ocpp2.FirmwareStatusNotification, a.firmwareStatus)
	ocppj.Handle(m, ocpp2.Heartbeat, a.heartbeat)
	ocppj.Accept(m, ocpp2.LogStatusNotification, a.logStatus)
	ocppj.Accept(m, ocpp2.MeterValues, a.meterValues)
	ocppj.Accept(m, ocpp2.NotifyCustomerInformation, a.customerReport)
	ocppj.Accept(m, ocpp2.NotifyDisplayMessages, a.displayReport)
	ocppj.Accept(m, ocpp2.NotifyEvent, a.notifyEvent)
	ocppj.Accept(m, ocpp2.NotifyMonitoringReport, a.monitoringReport)
	ocppj.Handle(m, ocpp2.NotifyPeriodicEventStream, a.streamed)
	ocppj.Accept(m, ocpp2.NotifyReport, a.notifyReport)
	ocppj.Handle(m, ocpp2.OpenPeriodicEventStream, a.openStream)
	ocppj.Accept(m, ocpp2.PublishFirmwareStatusNotification, a.publishFirmwareStatus)
	ocppj.Accept(m, ocpp2.ReservationStatusUpdate, a.reservationStatus)
	ocppj.Accept(m, ocpp2.StatusNotification, a.status)
	ocppj.Accept(m, ocpp2.TransactionEvent, a.transactionEvent)
	ocppj.Handle(m, ocpp2.BatterySwap, a.batterySwap)
	ocppj.Handle(m, ocpp2.ClearedChargingLimit, a.clearedChargingLimit)
	ocppj.Handle(m, ocpp2.NotifyChargingLimit, a.chargingLimit)
	ocppj.Handle(m, ocpp2.NotifyDERAlarm, a.derAlarm)
	ocppj.Handle(m, ocpp2.NotifyDERStartStop, a.derStartStop)
	ocppj.Accept(m, ocpp2.NotifyEVChargingNeeds, a.evChargingNeeds)
	ocppj.Handle(m, ocpp2.NotifyEVChargingSchedule, a.evChargingSchedule)
	ocppj.Handle(m, ocpp2.NotifyPriorityCharging, a.priorityCharging)
	ocppj.Accept(m, ocpp2.NotifySettlement, a.settlement)
	ocppj.Handle(m, ocpp2.PullDynamicScheduleUpdate, a.pullDynamicSchedule)
	ocppj.Handle(m, ocpp2.ReportChargingProfiles, a.reportChargingProfiles)
	ocppj.Handle(m, ocpp2.ReportDERControl, a.reportDER)
	ocppj.Handle(m, ocpp2.VatNumberValidation, a.vatNumber)
	ocppj.Accept(m, ocpp2.SecurityEventNotification, a.securityEvent)
	ocppj.Accept(m, ocpp2.SignCertificate, a.signCertificate)
	ocppj.Handle(m, ocpp2.Get15118EVCertificate, a.evCertificate)
	ocppj.Handle(m, ocpp2.GetCertificateStatus, a.certificateStatus)
	if v >= ocppj.V21 {
		ocppj.Handle(m, ocpp2.GetCertificateChainStatus, a.chainStatus)
	}
	return &gateway.Dialect{Version: gnista.Version(v.String()), Messages: m, Orders: orders(v)}
}

// orders lists what stations are told.
func orders(v ocppj.Version) gateway.Orders {
	o := gateway.Orders{}
	gateway.Tell(o, reset)
	gateway.Tell(o, unlock)
	gateway.Tell(o, setAvailability)
	gateway.Tell(o, sendData)
	gateway.Tell(o, trigger)
	gateway.Tell(o, readSettings)
	gateway.Tell(o, writeSettings)
	gateway.Tell(o, askReport)
	gateway.Tell(o, start)
	gateway.Tell(o, stop)
	gateway.Tell(o, setPassword)
	gateway.Tell(o, useProfile)
	gateway.Tell(o, setNetworkProfile)
	gateway.Tell(o, updateFirmware)
	gateway.Tell(o, publishFirmware)
	gateway.Tell(o, unpublishFirmware)
	gateway.Tell(o, sendLog)
	gateway.Tell(o, sendVendor)
	gateway.Tell(o, deliver)
	gateway.Tell(o, askRenewal)
	gateway.Tell(o, installCertificate)
	gateway.Tell(o, listInstalled)
	gateway.Tell(o, removeCertificate)
	gateway.Tell(o, setMonitors)
	gateway.Tell(o, clearMonitors)
	gateway.Tell(o, setMonitorBase)
	gateway.Tell(o, setMonitorLevel)
	gateway.Tell(o, readMonitors)
	gateway.Tell(o, setDisplay)
	gateway.Tell(o, clearDisplay)
	gateway.Tell(o, readDisplays)
	gateway.Tell(o, askCustomer)
	gateway.Tell(o, installProfile)
	gateway.Tell(o, startWithProfile)
	gateway.Tell(o, clearProfiles)
	gateway.Tell(o, compose)
	gateway.Tell(o, readProfiles)
	gateway.Tell(o, askTransaction)
	gateway.Tell(o, tellRunning)
	gateway.Tell(o, wordDefault)
	if v >= ocppj.V21 {
		gateway.Tell(o, askLimits)
		gateway.Tell(o, adjustStream)
		gateway.Tell(o, readStreams)
		gateway.Tell(o, updateProfile)
		gateway.Tell(o, usePriority)
		gateway.Tell(o, allowTransfer)
		gateway.Tell(o, balance)
		gateway.Tell(o, requestSwap)
		gateway.Tell(o, webPayment)
		gateway.Tell(o, setDER)
		gateway.Tell(o, clearDER)
		gateway.Tell(o, readDER)
		gateway.Tell(o, setTariff)
		gateway.Tell(o, askTariffs)
		gateway.Tell(o, clearTariffs)
	}
	gateway.Tell(o, reserve)
	gateway.Tell(o, cancelReservation)
	gateway.Tell(o, clearCache)
	gateway.Tell(o, sendList)
	gateway.Tell(o, readListVersion)
	gateway.Tell(o, readListLimits)
	gateway.Tell(o, useList)
	return o
}

// OCPP 2.x B01.FR.03, B02, B03.
func (a *Adapter) boot(ctx context.Context, s *gateway.Session, req ocpp2.BootNotificationRequest, _ []ocppj.Violation) (ocpp2.BootNotificationResponse, error) {
	c := req.ChargingStation
	answer, err := a.Network.Boot(ctx, s.Station, station.Boot{
		Version: gnista.Version(s.Version.String()), Vendor: c.VendorName, Model: c.Model, Serial: c.SerialNumber, Firmware: c.FirmwareVersion, Reason: string(req.Reason),
		Certificate: s.Certificate,
	})
	if err != nil {
		return ocpp2.BootNotificationResponse{}, err
	}
	s.Booted(answer)
	return ocpp2.BootNotificationResponse{
		Status: registrations[answer.State], CurrentTime: ocppj.At(answer.Now), Interval: int(answer.Interval.Seconds()),
	}, nil
}

var registrations = map[station.State]ocpp2.RegistrationStatus{
	station.Accepted: ocpp2.RegistrationStatusAccepted,
	station.Pending:  ocpp2.RegistrationStatusPending,
	station.Rejected: ocpp2.RegistrationStatusRejected,
}

// OCPP 2.x G02.
func (a *Adapter) heartbeat(context.Context, *gateway.Session, ocpp2.HeartbeatRequest) (ocpp2.HeartbeatResponse, error) {
	return ocpp2.HeartbeatResponse{CurrentTime: ocppj.At(a.Now())}, nil
}

// evse is where an EVSE of the wire is; a connector that is not told stays unknown.
func evse(e *ocpp2.EVSE) gnista.EVSE {
	if e == nil || e.ID < 0 {
		return gnista.EVSE{}
	}
	at := gnista.EVSE{ID: e.ID}
	if e.ConnectorID != nil {
		at.Connector = max(*e.ConnectorID, 0)
	}
	return at
}
