package ocpp16

import "gnista/ocpp/ocppj"

// Authorize asks whether an identifier may charge. OCPP 1.6 §4.1.
var Authorize = ocppj.Action[AuthorizeRequest, AuthorizeResponse]{Name: "Authorize", Sender: ocppj.Station, Since: ocppj.V16}

// AuthorizeRequest has the identifier. Upper and lower case are the same in it.
type AuthorizeRequest struct {
	IDTag string `json:"idTag"`
}

// Check holds the request to its schema.
func (m *AuthorizeRequest) Check(c *ocppj.Check) {
	c.Required("idTag", m.IDTag == "")
	c.MaxLength("idTag", m.IDTag, 20)
}

// AuthorizeResponse tells about the identifier.
type AuthorizeResponse struct {
	IDTagInfo IDTagInfo `json:"idTagInfo"`
}

// Check holds the response to its schema.
func (m *AuthorizeResponse) Check(c *ocppj.Check) {
	object(c, "idTagInfo", &m.IDTagInfo)
}

// IDTagInfo is what is known of an identifier. OCPP 1.6 §7.27.
type IDTagInfo struct {
	Status      AuthorizationStatus `json:"status"`
	ExpiryDate  *ocppj.DateTime     `json:"expiryDate,omitempty"`  // when to forget it from the cache
	ParentIDTag string              `json:"parentIdTag,omitempty"` // the group it belongs to
}

// Check holds the information to its schema.
func (m *IDTagInfo) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
	c.Time("expiryDate", m.ExpiryDate)
	c.MaxLength("parentIdTag", m.ParentIDTag, 20)
}

// AuthorizationStatus is whether an identifier may charge. OCPP 1.6 §7.2.
type AuthorizationStatus string

// The values of AuthorizationStatus.
const (
	AuthorizationStatusAccepted     AuthorizationStatus = "Accepted"
	AuthorizationStatusBlocked      AuthorizationStatus = "Blocked"
	AuthorizationStatusExpired      AuthorizationStatus = "Expired"
	AuthorizationStatusInvalid      AuthorizationStatus = "Invalid"
	AuthorizationStatusConcurrentTx AuthorizationStatus = "ConcurrentTx"
)

// Valid is whether s is a value of AuthorizationStatus.
func (s AuthorizationStatus) Valid(ocppj.Version) bool {
	switch s {
	case AuthorizationStatusAccepted, AuthorizationStatusBlocked, AuthorizationStatusExpired,
		AuthorizationStatusInvalid, AuthorizationStatusConcurrentTx:
		return true
	}
	return false
}
