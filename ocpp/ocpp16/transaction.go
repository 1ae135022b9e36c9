package ocpp16

import "gnista/ocpp/ocppj"

// StartTransaction tells that a transaction has started. OCPP 1.6 §4.8.
var StartTransaction = ocppj.Action[StartTransactionRequest, StartTransactionResponse]{Name: "StartTransaction", Sender: ocppj.Station, Since: ocppj.V16}

// StartTransactionRequest tells where, when and for whom a transaction has started.
type StartTransactionRequest struct {
	ConnectorID   int            `json:"connectorId"` // from 1
	IDTag         string         `json:"idTag"`
	MeterStart    int            `json:"meterStart"` // in Wh
	ReservationID *int           `json:"reservationId,omitempty"`
	Timestamp     ocppj.DateTime `json:"timestamp"`
}

// Check holds the request to its schema.
func (m *StartTransactionRequest) Check(c *ocppj.Check) {
	c.Required("connectorId", m.ConnectorID == 0)
	c.Required("idTag", m.IDTag == "")
	c.MaxLength("idTag", m.IDTag, 20)
	c.Required("meterStart", m.MeterStart == 0)
	c.Required("timestamp", m.Timestamp.IsZero())
	c.Time("timestamp", &m.Timestamp)
}

// StartTransactionResponse gives the transaction its number.
type StartTransactionResponse struct {
	IDTagInfo     IDTagInfo `json:"idTagInfo"`
	TransactionID int64     `json:"transactionId"`
}

// Check holds the response to its schema.
func (m *StartTransactionResponse) Check(c *ocppj.Check) {
	object(c, "idTagInfo", &m.IDTagInfo)
	c.Required("transactionId", m.TransactionID == 0)
}

// StopTransaction tells that a transaction has ended. OCPP 1.6 §4.10.
var StopTransaction = ocppj.Action[StopTransactionRequest, StopTransactionResponse]{Name: "StopTransaction", Sender: ocppj.Station, Since: ocppj.V16}

// StopTransactionRequest tells when and why a transaction has ended. A station that never had
// an answer to its StartTransaction may send any number as the TransactionID.
type StopTransactionRequest struct {
	TransactionID   int64          `json:"transactionId"`
	IDTag           string         `json:"idTag,omitempty"` // of who stopped it
	MeterStop       int            `json:"meterStop"`       // in Wh
	Timestamp       ocppj.DateTime `json:"timestamp"`
	Reason          Reason         `json:"reason,omitempty"` // Local when left out
	TransactionData []MeterValue   `json:"transactionData,omitempty"`
}

// Check holds the request to its schema.
func (m *StopTransactionRequest) Check(c *ocppj.Check) {
	c.Required("transactionId", m.TransactionID == 0)
	c.MaxLength("idTag", m.IDTag, 20)
	c.Required("meterStop", m.MeterStop == 0)
	c.Required("timestamp", m.Timestamp.IsZero())
	c.Time("timestamp", &m.Timestamp)
	optionalEnum(c, "reason", m.Reason)
	array(c, "transactionData", m.TransactionData)
}

// StopTransactionResponse tells about the identifier that stopped the transaction.
type StopTransactionResponse struct {
	IDTagInfo *IDTagInfo `json:"idTagInfo,omitempty"`
}

// Check holds the response to its schema.
func (m *StopTransactionResponse) Check(c *ocppj.Check) {
	if m.IDTagInfo != nil {
		object(c, "idTagInfo", m.IDTagInfo)
	}
}

// Reason is why a transaction has ended. OCPP 1.6 §7.36.
type Reason string

// The values of Reason.
const (
	ReasonEmergencyStop  Reason = "EmergencyStop"
	ReasonEVDisconnected Reason = "EVDisconnected"
	ReasonHardReset      Reason = "HardReset"
	ReasonLocal          Reason = "Local"
	ReasonOther          Reason = "Other"
	ReasonPowerLoss      Reason = "PowerLoss"
	ReasonReboot         Reason = "Reboot"
	ReasonRemote         Reason = "Remote"
	ReasonSoftReset      Reason = "SoftReset"
	ReasonUnlockCommand  Reason = "UnlockCommand"
	ReasonDeAuthorized   Reason = "DeAuthorized"
)

// Valid is whether s is a value of Reason.
func (s Reason) Valid(ocppj.Version) bool {
	switch s {
	case ReasonEmergencyStop, ReasonEVDisconnected, ReasonHardReset, ReasonLocal, ReasonOther,
		ReasonPowerLoss, ReasonReboot, ReasonRemote, ReasonSoftReset, ReasonUnlockCommand,
		ReasonDeAuthorized:
		return true
	}
	return false
}
