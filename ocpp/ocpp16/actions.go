// Package ocpp16 has the messages of OCPP 1.6: the 28 of its edition 2 and the 11 that the
// security whitepaper adds. A message is a plain struct; an [ocppj.Action] names it, says who
// sends it and ties the request to its response. The Check methods hold a message to the
// published schemas, and to nothing else: what a message means is known elsewhere.
//
// Optional numbers, times and objects are pointers, nil when left out; optional strings and
// lists are left out when empty. Nothing is filled in for what is left out.
package ocpp16

import "gnista/ocpp/ocppj"

// Actions are all actions of OCPP 1.6.
var Actions = []ocppj.AnyAction{
	Authorize,
	BootNotification,
	CancelReservation,
	CertificateSigned,
	ChangeAvailability,
	ChangeConfiguration,
	ClearCache,
	ClearChargingProfile,
	DataTransfer,
	DeleteCertificate,
	DiagnosticsStatusNotification,
	ExtendedTriggerMessage,
	FirmwareStatusNotification,
	GetCompositeSchedule,
	GetConfiguration,
	GetDiagnostics,
	GetInstalledCertificateIDs,
	GetLocalListVersion,
	GetLog,
	Heartbeat,
	InstallCertificate,
	LogStatusNotification,
	MeterValues,
	RemoteStartTransaction,
	RemoteStopTransaction,
	ReserveNow,
	Reset,
	SecurityEventNotification,
	SendLocalList,
	SetChargingProfile,
	SignCertificate,
	SignedFirmwareStatusNotification,
	SignedUpdateFirmware,
	StartTransaction,
	StatusNotification,
	StopTransaction,
	TriggerMessage,
	UnlockConnector,
	UpdateFirmware,
}

// enum is a string type with a fixed set of values.
type enum interface {
	~string
	Valid(ocppj.Version) bool
}

// requiredEnum checks a required property that has a fixed set of values.
func requiredEnum[E enum](c *ocppj.Check, path string, e E) {
	c.Required(path, e == "")
	c.Enum(path, string(e), e.Valid(c.Version))
}

// optionalEnum checks an optional property that has a fixed set of values.
func optionalEnum[E enum](c *ocppj.Check, path string, e E) {
	if e != "" {
		c.Enum(path, string(e), e.Valid(c.Version))
	}
}

// object checks the part of a message at path.
func object(c *ocppj.Check, path string, part ocppj.Checked) {
	n := c.Len()
	part.Check(c)
	c.Within(n, path)
}

// array checks each element of the list at path.
func array[T any, P interface {
	*T
	ocppj.Checked
}](c *ocppj.Check, path string, list []T) {
	for i := range list {
		n := c.Len()
		P(&list[i]).Check(c)
		c.Index(n, path, i)
	}
}
