package ocpp16

import "gnista/ocpp/ocppj"

// ReserveNow keeps a connector for an identifier. OCPP 1.6 §5.13.
var ReserveNow = ocppj.Action[ReserveNowRequest, ReserveNowResponse]{Name: "ReserveNow", Sender: ocppj.Central, Since: ocppj.V16}

// ReserveNowRequest tells what to keep for whom and how long. A known ReservationID replaces
// that reservation.
type ReserveNowRequest struct {
	ConnectorID   int            `json:"connectorId"` // 0 is any one
	ExpiryDate    ocppj.DateTime `json:"expiryDate"`
	IDTag         string         `json:"idTag"`
	ParentIDTag   string         `json:"parentIdTag,omitempty"`
	ReservationID int            `json:"reservationId"`
}

// Check holds the request to its schema.
func (m *ReserveNowRequest) Check(c *ocppj.Check) {
	c.Required("connectorId", m.ConnectorID == 0)
	c.Required("expiryDate", m.ExpiryDate.IsZero())
	c.Time("expiryDate", &m.ExpiryDate)
	c.Required("idTag", m.IDTag == "")
	c.MaxLength("idTag", m.IDTag, 20)
	c.MaxLength("parentIdTag", m.ParentIDTag, 20)
	c.Required("reservationId", m.ReservationID == 0)
}

// ReserveNowResponse tells whether the connector is kept.
type ReserveNowResponse struct {
	Status ReservationStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *ReserveNowResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// ReservationStatus is whether a connector is kept, or why not. OCPP 1.6 §7.40.
type ReservationStatus string

// The values of ReservationStatus.
const (
	ReservationStatusAccepted    ReservationStatus = "Accepted"
	ReservationStatusFaulted     ReservationStatus = "Faulted"
	ReservationStatusOccupied    ReservationStatus = "Occupied"
	ReservationStatusRejected    ReservationStatus = "Rejected"
	ReservationStatusUnavailable ReservationStatus = "Unavailable"
)

// Valid is whether s is a value of ReservationStatus.
func (s ReservationStatus) Valid(ocppj.Version) bool {
	switch s {
	case ReservationStatusAccepted, ReservationStatusFaulted, ReservationStatusOccupied,
		ReservationStatusRejected, ReservationStatusUnavailable:
		return true
	}
	return false
}

// CancelReservation gives a reservation up. OCPP 1.6 §5.1.
var CancelReservation = ocppj.Action[CancelReservationRequest, CancelReservationResponse]{Name: "CancelReservation", Sender: ocppj.Central, Since: ocppj.V16}

// CancelReservationRequest names the reservation.
type CancelReservationRequest struct {
	ReservationID int `json:"reservationId"`
}

// Check holds the request to its schema.
func (m *CancelReservationRequest) Check(c *ocppj.Check) {
	c.Required("reservationId", m.ReservationID == 0)
}

// CancelReservationResponse tells whether there was such a reservation.
type CancelReservationResponse struct {
	Status CancelReservationStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *CancelReservationResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// CancelReservationStatus is whether a reservation was given up. OCPP 1.6 §7.5.
type CancelReservationStatus string

// The values of CancelReservationStatus.
const (
	CancelReservationStatusAccepted CancelReservationStatus = "Accepted"
	CancelReservationStatusRejected CancelReservationStatus = "Rejected"
)

// Valid is whether s is a value of CancelReservationStatus.
func (s CancelReservationStatus) Valid(ocppj.Version) bool {
	switch s {
	case CancelReservationStatusAccepted, CancelReservationStatusRejected:
		return true
	}
	return false
}
