package ocpp16

import "gnista/ocpp/ocppj"

// RemoteStartTransaction asks a station to start a transaction. OCPP 1.6 §5.11.
var RemoteStartTransaction = ocppj.Action[RemoteStartTransactionRequest, RemoteStartTransactionResponse]{Name: "RemoteStartTransaction", Sender: ocppj.Central, Since: ocppj.V16}

// RemoteStartTransactionRequest tells for whom to start, and perhaps where and how fast.
type RemoteStartTransactionRequest struct {
	ConnectorID     *int             `json:"connectorId,omitempty"`
	IDTag           string           `json:"idTag"`
	ChargingProfile *ChargingProfile `json:"chargingProfile,omitempty"` // a TxProfile
}

// Check holds the request to its schema.
func (m *RemoteStartTransactionRequest) Check(c *ocppj.Check) {
	c.Required("idTag", m.IDTag == "")
	c.MaxLength("idTag", m.IDTag, 20)
	if m.ChargingProfile != nil {
		object(c, "chargingProfile", m.ChargingProfile)
	}
}

// RemoteStartTransactionResponse tells whether the station will try.
type RemoteStartTransactionResponse struct {
	Status RemoteStartStopStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *RemoteStartTransactionResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// RemoteStopTransaction asks a station to stop a transaction. OCPP 1.6 §5.12.
var RemoteStopTransaction = ocppj.Action[RemoteStopTransactionRequest, RemoteStopTransactionResponse]{Name: "RemoteStopTransaction", Sender: ocppj.Central, Since: ocppj.V16}

// RemoteStopTransactionRequest names the transaction.
type RemoteStopTransactionRequest struct {
	TransactionID int64 `json:"transactionId"`
}

// Check holds the request to its schema.
func (m *RemoteStopTransactionRequest) Check(c *ocppj.Check) {
	c.Required("transactionId", m.TransactionID == 0)
}

// RemoteStopTransactionResponse tells whether the station will try.
type RemoteStopTransactionResponse struct {
	Status RemoteStartStopStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *RemoteStopTransactionResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// RemoteStartStopStatus is whether a station will try to start or stop. OCPP 1.6 §7.39.
type RemoteStartStopStatus string

// The values of RemoteStartStopStatus.
const (
	RemoteStartStopStatusAccepted RemoteStartStopStatus = "Accepted"
	RemoteStartStopStatusRejected RemoteStartStopStatus = "Rejected"
)

// Valid is whether s is a value of RemoteStartStopStatus.
func (s RemoteStartStopStatus) Valid(ocppj.Version) bool {
	switch s {
	case RemoteStartStopStatusAccepted, RemoteStartStopStatusRejected:
		return true
	}
	return false
}

// Reset restarts a station. OCPP 1.6 §5.14.
var Reset = ocppj.Action[ResetRequest, ResetResponse]{Name: "Reset", Sender: ocppj.Central, Since: ocppj.V16}

// ResetRequest tells how to restart.
type ResetRequest struct {
	Type ResetType `json:"type"`
}

// Check holds the request to its schema.
func (m *ResetRequest) Check(c *ocppj.Check) {
	requiredEnum(c, "type", m.Type)
}

// ResetType is how to restart: Soft ends transactions in order first. OCPP 1.6 §7.42.
type ResetType string

// The values of ResetType.
const (
	ResetTypeHard ResetType = "Hard"
	ResetTypeSoft ResetType = "Soft"
)

// Valid is whether s is a value of ResetType.
func (s ResetType) Valid(ocppj.Version) bool {
	switch s {
	case ResetTypeHard, ResetTypeSoft:
		return true
	}
	return false
}

// ResetResponse tells whether the station will restart.
type ResetResponse struct {
	Status ResetStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *ResetResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// ResetStatus is whether a station will restart. OCPP 1.6 §7.41.
type ResetStatus string

// The values of ResetStatus.
const (
	ResetStatusAccepted ResetStatus = "Accepted"
	ResetStatusRejected ResetStatus = "Rejected"
)

// Valid is whether s is a value of ResetStatus.
func (s ResetStatus) Valid(ocppj.Version) bool {
	switch s {
	case ResetStatusAccepted, ResetStatusRejected:
		return true
	}
	return false
}

// UnlockConnector frees a cable that is stuck in a connector. OCPP 1.6 §5.18.
var UnlockConnector = ocppj.Action[UnlockConnectorRequest, UnlockConnectorResponse]{Name: "UnlockConnector", Sender: ocppj.Central, Since: ocppj.V16}

// UnlockConnectorRequest names the connector.
type UnlockConnectorRequest struct {
	ConnectorID int `json:"connectorId"` // from 1
}

// Check holds the request to its schema.
func (m *UnlockConnectorRequest) Check(c *ocppj.Check) {
	c.Required("connectorId", m.ConnectorID == 0)
}

// UnlockConnectorResponse tells whether the cable is free.
type UnlockConnectorResponse struct {
	Status UnlockStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *UnlockConnectorResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// UnlockStatus is what came of unlocking; NotSupported also for an unknown connector. OCPP 1.6
// §7.46.
type UnlockStatus string

// The values of UnlockStatus.
const (
	UnlockStatusUnlocked     UnlockStatus = "Unlocked"
	UnlockStatusUnlockFailed UnlockStatus = "UnlockFailed"
	UnlockStatusNotSupported UnlockStatus = "NotSupported"
)

// Valid is whether s is a value of UnlockStatus.
func (s UnlockStatus) Valid(ocppj.Version) bool {
	switch s {
	case UnlockStatusUnlocked, UnlockStatusUnlockFailed, UnlockStatusNotSupported:
		return true
	}
	return false
}

// ChangeAvailability takes a connector or the station out of use, or back. OCPP 1.6 §5.2.
var ChangeAvailability = ocppj.Action[ChangeAvailabilityRequest, ChangeAvailabilityResponse]{Name: "ChangeAvailability", Sender: ocppj.Central, Since: ocppj.V16}

// ChangeAvailabilityRequest tells what is to be available or not.
type ChangeAvailabilityRequest struct {
	ConnectorID int              `json:"connectorId"` // 0 is the station with all connectors
	Type        AvailabilityType `json:"type"`
}

// Check holds the request to its schema.
func (m *ChangeAvailabilityRequest) Check(c *ocppj.Check) {
	c.Required("connectorId", m.ConnectorID == 0)
	requiredEnum(c, "type", m.Type)
}

// AvailabilityType is whether something is to be in use. OCPP 1.6 §7.4.
type AvailabilityType string

// The values of AvailabilityType.
const (
	AvailabilityTypeInoperative AvailabilityType = "Inoperative"
	AvailabilityTypeOperative   AvailabilityType = "Operative"
)

// Valid is whether s is a value of AvailabilityType.
func (s AvailabilityType) Valid(ocppj.Version) bool {
	switch s {
	case AvailabilityTypeInoperative, AvailabilityTypeOperative:
		return true
	}
	return false
}

// ChangeAvailabilityResponse tells whether, or when, the change is made.
type ChangeAvailabilityResponse struct {
	Status AvailabilityStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *ChangeAvailabilityResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// AvailabilityStatus is whether a change of availability is made; Scheduled is after the
// transaction. OCPP 1.6 §7.3.
type AvailabilityStatus string

// The values of AvailabilityStatus.
const (
	AvailabilityStatusAccepted  AvailabilityStatus = "Accepted"
	AvailabilityStatusRejected  AvailabilityStatus = "Rejected"
	AvailabilityStatusScheduled AvailabilityStatus = "Scheduled"
)

// Valid is whether s is a value of AvailabilityStatus.
func (s AvailabilityStatus) Valid(ocppj.Version) bool {
	switch s {
	case AvailabilityStatusAccepted, AvailabilityStatusRejected, AvailabilityStatusScheduled:
		return true
	}
	return false
}

// ClearCache empties the authorization cache of a station. OCPP 1.6 §5.4.
var ClearCache = ocppj.Action[ClearCacheRequest, ClearCacheResponse]{Name: "ClearCache", Sender: ocppj.Central, Since: ocppj.V16}

// ClearCacheRequest is empty.
type ClearCacheRequest struct{}

// Check finds nothing.
func (*ClearCacheRequest) Check(*ocppj.Check) {}

// ClearCacheResponse tells whether the cache was emptied.
type ClearCacheResponse struct {
	Status ClearCacheStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *ClearCacheResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// ClearCacheStatus is whether the cache was emptied. OCPP 1.6 §7.20.
type ClearCacheStatus string

// The values of ClearCacheStatus.
const (
	ClearCacheStatusAccepted ClearCacheStatus = "Accepted"
	ClearCacheStatusRejected ClearCacheStatus = "Rejected"
)

// Valid is whether s is a value of ClearCacheStatus.
func (s ClearCacheStatus) Valid(ocppj.Version) bool {
	switch s {
	case ClearCacheStatusAccepted, ClearCacheStatusRejected:
		return true
	}
	return false
}
