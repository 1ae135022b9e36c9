package ocpp16

import "gnista/ocpp/ocppj"

// StatusNotification tells the state of a connector, or of the station as a whole. OCPP 1.6 §4.9.
var StatusNotification = ocppj.Action[StatusNotificationRequest, StatusNotificationResponse]{Name: "StatusNotification", Sender: ocppj.Station, Since: ocppj.V16}

// StatusNotificationRequest has the state of one connector.
type StatusNotificationRequest struct {
	ConnectorID     int                  `json:"connectorId"` // 0 is the station as a whole
	ErrorCode       ChargePointErrorCode `json:"errorCode"`
	Info            string               `json:"info,omitempty"`
	Status          ChargePointStatus    `json:"status"`
	Timestamp       *ocppj.DateTime      `json:"timestamp,omitempty"` // now, when left out
	VendorID        string               `json:"vendorId,omitempty"`
	VendorErrorCode string               `json:"vendorErrorCode,omitempty"`
}

// Check holds the request to its schema.
func (m *StatusNotificationRequest) Check(c *ocppj.Check) {
	c.Required("connectorId", m.ConnectorID == 0)
	requiredEnum(c, "errorCode", m.ErrorCode)
	c.MaxLength("info", m.Info, 50)
	requiredEnum(c, "status", m.Status)
	c.Time("timestamp", m.Timestamp)
	c.MaxLength("vendorId", m.VendorID, 255)
	c.MaxLength("vendorErrorCode", m.VendorErrorCode, 50)
}

// StatusNotificationResponse is empty.
type StatusNotificationResponse struct{}

// Check finds nothing.
func (*StatusNotificationResponse) Check(*ocppj.Check) {}

// ChargePointErrorCode is what is wrong with a connector or a station. OCPP 1.6 §7.6.
type ChargePointErrorCode string

// The values of ChargePointErrorCode.
const (
	ChargePointErrorCodeConnectorLockFailure ChargePointErrorCode = "ConnectorLockFailure"
	ChargePointErrorCodeEVCommunicationError ChargePointErrorCode = "EVCommunicationError"
	ChargePointErrorCodeGroundFailure        ChargePointErrorCode = "GroundFailure"
	ChargePointErrorCodeHighTemperature      ChargePointErrorCode = "HighTemperature"
	ChargePointErrorCodeInternalError        ChargePointErrorCode = "InternalError"
	ChargePointErrorCodeLocalListConflict    ChargePointErrorCode = "LocalListConflict"
	ChargePointErrorCodeNoError              ChargePointErrorCode = "NoError"
	ChargePointErrorCodeOtherError           ChargePointErrorCode = "OtherError"
	ChargePointErrorCodeOverCurrentFailure   ChargePointErrorCode = "OverCurrentFailure"
	ChargePointErrorCodePowerMeterFailure    ChargePointErrorCode = "PowerMeterFailure"
	ChargePointErrorCodePowerSwitchFailure   ChargePointErrorCode = "PowerSwitchFailure"
	ChargePointErrorCodeReaderFailure        ChargePointErrorCode = "ReaderFailure"
	ChargePointErrorCodeResetFailure         ChargePointErrorCode = "ResetFailure"
	ChargePointErrorCodeUnderVoltage         ChargePointErrorCode = "UnderVoltage"
	ChargePointErrorCodeOverVoltage          ChargePointErrorCode = "OverVoltage"
	ChargePointErrorCodeWeakSignal           ChargePointErrorCode = "WeakSignal"
)

// Valid is whether s is a value of ChargePointErrorCode.
func (s ChargePointErrorCode) Valid(ocppj.Version) bool {
	switch s {
	case ChargePointErrorCodeConnectorLockFailure, ChargePointErrorCodeEVCommunicationError,
		ChargePointErrorCodeGroundFailure, ChargePointErrorCodeHighTemperature,
		ChargePointErrorCodeInternalError, ChargePointErrorCodeLocalListConflict,
		ChargePointErrorCodeNoError, ChargePointErrorCodeOtherError,
		ChargePointErrorCodeOverCurrentFailure, ChargePointErrorCodePowerMeterFailure,
		ChargePointErrorCodePowerSwitchFailure, ChargePointErrorCodeReaderFailure,
		ChargePointErrorCodeResetFailure, ChargePointErrorCodeUnderVoltage,
		ChargePointErrorCodeOverVoltage, ChargePointErrorCodeWeakSignal:
		return true
	}
	return false
}

// ChargePointStatus is the state of a connector. The station as a whole is only Available,
// Unavailable or Faulted. OCPP 1.6 §7.7.
type ChargePointStatus string

// The values of ChargePointStatus.
const (
	ChargePointStatusAvailable     ChargePointStatus = "Available"
	ChargePointStatusPreparing     ChargePointStatus = "Preparing"
	ChargePointStatusCharging      ChargePointStatus = "Charging"
	ChargePointStatusSuspendedEVSE ChargePointStatus = "SuspendedEVSE"
	ChargePointStatusSuspendedEV   ChargePointStatus = "SuspendedEV"
	ChargePointStatusFinishing     ChargePointStatus = "Finishing"
	ChargePointStatusReserved      ChargePointStatus = "Reserved"
	ChargePointStatusUnavailable   ChargePointStatus = "Unavailable"
	ChargePointStatusFaulted       ChargePointStatus = "Faulted"
)

// Valid is whether s is a value of ChargePointStatus.
func (s ChargePointStatus) Valid(ocppj.Version) bool {
	switch s {
	case ChargePointStatusAvailable, ChargePointStatusPreparing, ChargePointStatusCharging,
		ChargePointStatusSuspendedEVSE, ChargePointStatusSuspendedEV, ChargePointStatusFinishing,
		ChargePointStatusReserved, ChargePointStatusUnavailable, ChargePointStatusFaulted:
		return true
	}
	return false
}
