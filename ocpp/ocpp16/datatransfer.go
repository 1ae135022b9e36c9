package ocpp16

import "gnista/ocpp/ocppj"

// DataTransfer carries what a vendor has added to the protocol. OCPP 1.6 §4.3, §5.6.
var DataTransfer = ocppj.Action[DataTransferRequest, DataTransferResponse]{Name: "DataTransfer", Sender: ocppj.Either, Since: ocppj.V16}

// DataTransferRequest has text of which only the vendor knows the meaning.
type DataTransferRequest struct {
	VendorID  string `json:"vendorId"`
	MessageID string `json:"messageId,omitempty"`
	Data      string `json:"data,omitempty"`
}

// Check holds the request to its schema.
func (m *DataTransferRequest) Check(c *ocppj.Check) {
	c.Required("vendorId", m.VendorID == "")
	c.MaxLength("vendorId", m.VendorID, 255)
	c.MaxLength("messageId", m.MessageID, 50)
}

// DataTransferResponse tells whether the text was understood.
type DataTransferResponse struct {
	Status DataTransferStatus `json:"status"`
	Data   string             `json:"data,omitempty"`
}

// Check holds the response to its schema.
func (m *DataTransferResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// DataTransferStatus is whether the text of a vendor was understood. OCPP 1.6 §7.23.
type DataTransferStatus string

// The values of DataTransferStatus.
const (
	DataTransferStatusAccepted         DataTransferStatus = "Accepted"
	DataTransferStatusRejected         DataTransferStatus = "Rejected"
	DataTransferStatusUnknownMessageID DataTransferStatus = "UnknownMessageId"
	DataTransferStatusUnknownVendorID  DataTransferStatus = "UnknownVendorId"
)

// Valid is whether s is a value of DataTransferStatus.
func (s DataTransferStatus) Valid(ocppj.Version) bool {
	switch s {
	case DataTransferStatusAccepted, DataTransferStatusRejected,
		DataTransferStatusUnknownMessageID, DataTransferStatusUnknownVendorID:
		return true
	}
	return false
}
