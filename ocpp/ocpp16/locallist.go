package ocpp16

import "gnista/ocpp/ocppj"

// GetLocalListVersion reads the version of the list of identifiers in a station. OCPP 1.6 §5.10.
var GetLocalListVersion = ocppj.Action[GetLocalListVersionRequest, GetLocalListVersionResponse]{Name: "GetLocalListVersion", Sender: ocppj.Central, Since: ocppj.V16}

// GetLocalListVersionRequest is empty.
type GetLocalListVersionRequest struct{}

// Check finds nothing.
func (*GetLocalListVersionRequest) Check(*ocppj.Check) {}

// GetLocalListVersionResponse has the version of the list.
type GetLocalListVersionResponse struct {
	ListVersion int `json:"listVersion"` // 0 for an empty list, -1 where lists are not supported
}

// Check holds the response to its schema.
func (m *GetLocalListVersionResponse) Check(c *ocppj.Check) {
	c.Required("listVersion", m.ListVersion == 0)
}

// SendLocalList replaces or changes the list of identifiers in a station. OCPP 1.6 §5.15.
var SendLocalList = ocppj.Action[SendLocalListRequest, SendLocalListResponse]{Name: "SendLocalList", Sender: ocppj.Central, Since: ocppj.V16}

// SendLocalListRequest has the list or its changes.
type SendLocalListRequest struct {
	ListVersion            int                 `json:"listVersion"` // after the update
	LocalAuthorizationList []AuthorizationData `json:"localAuthorizationList,omitempty"`
	UpdateType             UpdateType          `json:"updateType"`
}

// Check holds the request to its schema.
func (m *SendLocalListRequest) Check(c *ocppj.Check) {
	c.Required("listVersion", m.ListVersion == 0)
	array(c, "localAuthorizationList", m.LocalAuthorizationList)
	requiredEnum(c, "updateType", m.UpdateType)
}

// AuthorizationData is an identifier of the list. In a differential update one without
// information is to be removed. OCPP 1.6 §7.1.
type AuthorizationData struct {
	IDTag     string     `json:"idTag"`
	IDTagInfo *IDTagInfo `json:"idTagInfo,omitempty"`
}

// Check holds the identifier to its schema.
func (m *AuthorizationData) Check(c *ocppj.Check) {
	c.Required("idTag", m.IDTag == "")
	c.MaxLength("idTag", m.IDTag, 20)
	if m.IDTagInfo != nil {
		object(c, "idTagInfo", m.IDTagInfo)
	}
}

// UpdateType is whether a list replaces the old one or changes it. OCPP 1.6 §7.48.
type UpdateType string

// The values of UpdateType.
const (
	UpdateTypeDifferential UpdateType = "Differential"
	UpdateTypeFull         UpdateType = "Full"
)

// Valid is whether s is a value of UpdateType.
func (s UpdateType) Valid(ocppj.Version) bool {
	switch s {
	case UpdateTypeDifferential, UpdateTypeFull:
		return true
	}
	return false
}

// SendLocalListResponse tells whether the list was updated.
type SendLocalListResponse struct {
	Status UpdateStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *SendLocalListResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// UpdateStatus is whether a list was updated. OCPP 1.6 §7.47.
type UpdateStatus string

// The values of UpdateStatus.
const (
	UpdateStatusAccepted        UpdateStatus = "Accepted"
	UpdateStatusFailed          UpdateStatus = "Failed"
	UpdateStatusNotSupported    UpdateStatus = "NotSupported"
	UpdateStatusVersionMismatch UpdateStatus = "VersionMismatch"
)

// Valid is whether s is a value of UpdateStatus.
func (s UpdateStatus) Valid(ocppj.Version) bool {
	switch s {
	case UpdateStatusAccepted, UpdateStatusFailed, UpdateStatusNotSupported,
		UpdateStatusVersionMismatch:
		return true
	}
	return false
}
