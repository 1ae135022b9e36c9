package ocpp16

import "gnista/ocpp/ocppj"

// TriggerMessage asks a station to send a message. OCPP 1.6 §5.17.
var TriggerMessage = ocppj.Action[TriggerMessageRequest, TriggerMessageResponse]{Name: "TriggerMessage", Sender: ocppj.Central, Since: ocppj.V16}

// TriggerMessageRequest tells which message, and for which connector where that matters.
type TriggerMessageRequest struct {
	RequestedMessage MessageTrigger `json:"requestedMessage"`
	ConnectorID      *int           `json:"connectorId,omitempty"` // all, when left out
}

// Check holds the request to its schema.
func (m *TriggerMessageRequest) Check(c *ocppj.Check) {
	requiredEnum(c, "requestedMessage", m.RequestedMessage)
}

// MessageTrigger is a message that TriggerMessage may ask for. OCPP 1.6 §7.32.
type MessageTrigger string

// The values of MessageTrigger.
const (
	MessageTriggerBootNotification              MessageTrigger = "BootNotification"
	MessageTriggerDiagnosticsStatusNotification MessageTrigger = "DiagnosticsStatusNotification"
	MessageTriggerFirmwareStatusNotification    MessageTrigger = "FirmwareStatusNotification"
	MessageTriggerHeartbeat                     MessageTrigger = "Heartbeat"
	MessageTriggerMeterValues                   MessageTrigger = "MeterValues"
	MessageTriggerStatusNotification            MessageTrigger = "StatusNotification"
)

// Valid is whether s is a value of MessageTrigger.
func (s MessageTrigger) Valid(ocppj.Version) bool {
	switch s {
	case MessageTriggerBootNotification, MessageTriggerDiagnosticsStatusNotification,
		MessageTriggerFirmwareStatusNotification, MessageTriggerHeartbeat,
		MessageTriggerMeterValues, MessageTriggerStatusNotification:
		return true
	}
	return false
}

// TriggerMessageResponse tells whether the message will come.
type TriggerMessageResponse struct {
	Status TriggerMessageStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *TriggerMessageResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// TriggerMessageStatus is whether the message that was asked for will come. OCPP 1.6 §7.44.
type TriggerMessageStatus string

// The values of TriggerMessageStatus.
const (
	TriggerMessageStatusAccepted       TriggerMessageStatus = "Accepted"
	TriggerMessageStatusRejected       TriggerMessageStatus = "Rejected"
	TriggerMessageStatusNotImplemented TriggerMessageStatus = "NotImplemented"
)

// Valid is whether s is a value of TriggerMessageStatus.
func (s TriggerMessageStatus) Valid(ocppj.Version) bool {
	switch s {
	case TriggerMessageStatusAccepted, TriggerMessageStatusRejected,
		TriggerMessageStatusNotImplemented:
		return true
	}
	return false
}

// ExtendedTriggerMessage is TriggerMessage for the messages of the security whitepaper.
// OCPP 1.6 security whitepaper.
var ExtendedTriggerMessage = ocppj.Action[ExtendedTriggerMessageRequest, ExtendedTriggerMessageResponse]{Name: "ExtendedTriggerMessage", Sender: ocppj.Central, Since: ocppj.V16}

// ExtendedTriggerMessageRequest tells which message, and for which connector where that matters.
type ExtendedTriggerMessageRequest struct {
	RequestedMessage ExtendedMessageTrigger `json:"requestedMessage"`
	ConnectorID      *int                   `json:"connectorId,omitempty"` // all, when left out
}

// Check holds the request to its schema.
func (m *ExtendedTriggerMessageRequest) Check(c *ocppj.Check) {
	requiredEnum(c, "requestedMessage", m.RequestedMessage)
}

// ExtendedMessageTrigger is a message that ExtendedTriggerMessage may ask for.
// FirmwareStatusNotification here is the signed one. OCPP 1.6 security whitepaper.
type ExtendedMessageTrigger string

// The values of ExtendedMessageTrigger.
const (
	ExtendedMessageTriggerBootNotification           ExtendedMessageTrigger = "BootNotification"
	ExtendedMessageTriggerLogStatusNotification      ExtendedMessageTrigger = "LogStatusNotification"
	ExtendedMessageTriggerFirmwareStatusNotification ExtendedMessageTrigger = "FirmwareStatusNotification"
	ExtendedMessageTriggerHeartbeat                  ExtendedMessageTrigger = "Heartbeat"
	ExtendedMessageTriggerMeterValues                ExtendedMessageTrigger = "MeterValues"
	ExtendedMessageTriggerSignChargePointCertificate ExtendedMessageTrigger = "SignChargePointCertificate"
	ExtendedMessageTriggerStatusNotification         ExtendedMessageTrigger = "StatusNotification"
)

// Valid is whether s is a value of ExtendedMessageTrigger.
func (s ExtendedMessageTrigger) Valid(ocppj.Version) bool {
	switch s {
	case ExtendedMessageTriggerBootNotification, ExtendedMessageTriggerLogStatusNotification,
		ExtendedMessageTriggerFirmwareStatusNotification, ExtendedMessageTriggerHeartbeat,
		ExtendedMessageTriggerMeterValues, ExtendedMessageTriggerSignChargePointCertificate,
		ExtendedMessageTriggerStatusNotification:
		return true
	}
	return false
}

// ExtendedTriggerMessageResponse tells whether the message will come.
type ExtendedTriggerMessageResponse struct {
	Status TriggerMessageStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *ExtendedTriggerMessageResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}
