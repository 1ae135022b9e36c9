package ocpp16

import "gnista/ocpp/ocppj"

// BootNotification tells that a station has started. OCPP 1.6 §4.2.
var BootNotification = ocppj.Action[BootNotificationRequest, BootNotificationResponse]{Name: "BootNotification", Sender: ocppj.Station, Since: ocppj.V16}

// BootNotificationRequest describes the station.
type BootNotificationRequest struct {
	ChargePointVendor       string `json:"chargePointVendor"`
	ChargePointModel        string `json:"chargePointModel"`
	ChargePointSerialNumber string `json:"chargePointSerialNumber,omitempty"`
	ChargeBoxSerialNumber   string `json:"chargeBoxSerialNumber,omitempty"` // deprecated
	FirmwareVersion         string `json:"firmwareVersion,omitempty"`
	ICCID                   string `json:"iccid,omitempty"` // of the SIM card
	IMSI                    string `json:"imsi,omitempty"`  // of the SIM card
	MeterType               string `json:"meterType,omitempty"`
	MeterSerialNumber       string `json:"meterSerialNumber,omitempty"`
}

// Check holds the request to its schema.
func (m *BootNotificationRequest) Check(c *ocppj.Check) {
	c.Required("chargePointVendor", m.ChargePointVendor == "")
	c.MaxLength("chargePointVendor", m.ChargePointVendor, 20)
	c.Required("chargePointModel", m.ChargePointModel == "")
	c.MaxLength("chargePointModel", m.ChargePointModel, 20)
	c.MaxLength("chargePointSerialNumber", m.ChargePointSerialNumber, 25)
	c.MaxLength("chargeBoxSerialNumber", m.ChargeBoxSerialNumber, 25)
	c.MaxLength("firmwareVersion", m.FirmwareVersion, 50)
	c.MaxLength("iccid", m.ICCID, 20)
	c.MaxLength("imsi", m.IMSI, 20)
	c.MaxLength("meterType", m.MeterType, 25)
	c.MaxLength("meterSerialNumber", m.MeterSerialNumber, 25)
}

// BootNotificationResponse tells whether the station is welcome.
type BootNotificationResponse struct {
	Status      RegistrationStatus `json:"status"`
	CurrentTime ocppj.DateTime     `json:"currentTime"`

	// Interval is in seconds: between heartbeats when accepted, else to wait before
	// booting again. With 0 the station chooses.
	Interval int `json:"interval"`
}

// Check holds the response to its schema.
func (m *BootNotificationResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
	c.Required("currentTime", m.CurrentTime.IsZero())
	c.Time("currentTime", &m.CurrentTime)
	c.Required("interval", m.Interval == 0)
}

// RegistrationStatus is the answer to a station that has started. OCPP 1.6 §7.38.
type RegistrationStatus string

// The values of RegistrationStatus.
const (
	RegistrationStatusAccepted RegistrationStatus = "Accepted"
	RegistrationStatusPending  RegistrationStatus = "Pending"
	RegistrationStatusRejected RegistrationStatus = "Rejected"
)

// Valid is whether s is a value of RegistrationStatus.
func (s RegistrationStatus) Valid(ocppj.Version) bool {
	switch s {
	case RegistrationStatusAccepted, RegistrationStatusPending, RegistrationStatusRejected:
		return true
	}
	return false
}

// Heartbeat tells that a station is alive, and gives it the time. OCPP 1.6 §4.6.
var Heartbeat = ocppj.Action[HeartbeatRequest, HeartbeatResponse]{Name: "Heartbeat", Sender: ocppj.Station, Since: ocppj.V16}

// HeartbeatRequest is empty.
type HeartbeatRequest struct{}

// Check finds nothing.
func (*HeartbeatRequest) Check(*ocppj.Check) {}

// HeartbeatResponse has the time of the central system.
type HeartbeatResponse struct {
	CurrentTime ocppj.DateTime `json:"currentTime"`
}

// Check holds the response to its schema.
func (m *HeartbeatResponse) Check(c *ocppj.Check) {
	c.Required("currentTime", m.CurrentTime.IsZero())
	c.Time("currentTime", &m.CurrentTime)
}
