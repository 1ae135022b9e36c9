package main

import (
	"slices"
	"strings"
)

// fromStation are the actions that stations send; the schemas do not tell. All others but
// DataTransfer are sent to stations.
var fromStation = strings.Fields(`
	Authorize BatterySwap BootNotification ClearedChargingLimit ClosePeriodicEventStream
	FirmwareStatusNotification Get15118EVCertificate GetCertificateChainStatus
	GetCertificateStatus Heartbeat LogStatusNotification MeterValues NotifyChargingLimit
	NotifyCustomerInformation NotifyDERAlarm NotifyDERStartStop NotifyDisplayMessages
	NotifyEVChargingNeeds NotifyEVChargingSchedule NotifyEvent NotifyMonitoringReport
	NotifyPeriodicEventStream NotifyPriorityCharging NotifyReport NotifySettlement
	OpenPeriodicEventStream PublishFirmwareStatusNotification PullDynamicScheduleUpdate
	ReportChargingProfiles ReportDERControl ReservationStatusUpdate SecurityEventNotification
	SignCertificate StatusNotification TransactionEvent VatNumberValidation`)

// sender is the name of the ocppj.Sender of an action.
func sender(action string) string {
	switch {
	case action == "DataTransfer":
		return "Either"
	case slices.Contains(fromStation, action):
		return "Station"
	}
	return "Central"
}
