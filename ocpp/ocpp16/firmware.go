package ocpp16

import "gnista/ocpp/ocppj"

// UpdateFirmware asks a station to install firmware. OCPP 1.6 §5.19.
var UpdateFirmware = ocppj.Action[UpdateFirmwareRequest, UpdateFirmwareResponse]{Name: "UpdateFirmware", Sender: ocppj.Central, Since: ocppj.V16}

// UpdateFirmwareRequest tells where the firmware is and when to fetch it.
type UpdateFirmwareRequest struct {
	Location      string         `json:"location"` // a URI
	Retries       *int           `json:"retries,omitempty"`
	RetrieveDate  ocppj.DateTime `json:"retrieveDate"`
	RetryInterval *int           `json:"retryInterval,omitempty"` // in seconds
}

// Check holds the request to its schema.
func (m *UpdateFirmwareRequest) Check(c *ocppj.Check) {
	c.Required("location", m.Location == "")
	c.URI("location", m.Location)
	c.Required("retrieveDate", m.RetrieveDate.IsZero())
	c.Time("retrieveDate", &m.RetrieveDate)
}

// UpdateFirmwareResponse is empty.
type UpdateFirmwareResponse struct{}

// Check finds nothing.
func (*UpdateFirmwareResponse) Check(*ocppj.Check) {}

// FirmwareStatusNotification tells how an update of firmware goes on. OCPP 1.6 §4.5.
var FirmwareStatusNotification = ocppj.Action[FirmwareStatusNotificationRequest, FirmwareStatusNotificationResponse]{Name: "FirmwareStatusNotification", Sender: ocppj.Station, Since: ocppj.V16}

// FirmwareStatusNotificationRequest has the state of the update.
type FirmwareStatusNotificationRequest struct {
	Status FirmwareStatus `json:"status"`
}

// Check holds the request to its schema.
func (m *FirmwareStatusNotificationRequest) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// FirmwareStatusNotificationResponse is empty.
type FirmwareStatusNotificationResponse struct{}

// Check finds nothing.
func (*FirmwareStatusNotificationResponse) Check(*ocppj.Check) {}

// FirmwareStatus is the state of an update of firmware. OCPP 1.6 §7.25.
type FirmwareStatus string

// The values of FirmwareStatus.
const (
	FirmwareStatusDownloaded         FirmwareStatus = "Downloaded"
	FirmwareStatusDownloadFailed     FirmwareStatus = "DownloadFailed"
	FirmwareStatusDownloading        FirmwareStatus = "Downloading"
	FirmwareStatusIdle               FirmwareStatus = "Idle"
	FirmwareStatusInstallationFailed FirmwareStatus = "InstallationFailed"
	FirmwareStatusInstalling         FirmwareStatus = "Installing"
	FirmwareStatusInstalled          FirmwareStatus = "Installed"
)

// Valid is whether s is a value of FirmwareStatus.
func (s FirmwareStatus) Valid(ocppj.Version) bool {
	switch s {
	case FirmwareStatusDownloaded, FirmwareStatusDownloadFailed, FirmwareStatusDownloading,
		FirmwareStatusIdle, FirmwareStatusInstallationFailed, FirmwareStatusInstalling,
		FirmwareStatusInstalled:
		return true
	}
	return false
}

// SignedUpdateFirmware asks a station to install firmware whose signature it can check.
// OCPP 1.6 security whitepaper.
var SignedUpdateFirmware = ocppj.Action[SignedUpdateFirmwareRequest, SignedUpdateFirmwareResponse]{Name: "SignedUpdateFirmware", Sender: ocppj.Central, Since: ocppj.V16}

// SignedUpdateFirmwareRequest has the firmware and a number for the update.
type SignedUpdateFirmwareRequest struct {
	Retries       *int     `json:"retries,omitempty"`
	RetryInterval *int     `json:"retryInterval,omitempty"` // in seconds
	RequestID     int      `json:"requestId"`
	Firmware      Firmware `json:"firmware"`
}

// Check holds the request to its schema.
func (m *SignedUpdateFirmwareRequest) Check(c *ocppj.Check) {
	c.Required("requestId", m.RequestID == 0)
	object(c, "firmware", &m.Firmware)
}

// Firmware tells where firmware is, when to fetch and install it, and how it is signed.
// OCPP 1.6 security whitepaper.
type Firmware struct {
	Location           string          `json:"location"`
	RetrieveDateTime   ocppj.DateTime  `json:"retrieveDateTime"`
	InstallDateTime    *ocppj.DateTime `json:"installDateTime,omitempty"`
	SigningCertificate string          `json:"signingCertificate"` // in PEM
	Signature          string          `json:"signature"`          // in base64
}

// Check holds the firmware to its schema.
func (m *Firmware) Check(c *ocppj.Check) {
	c.Required("location", m.Location == "")
	c.MaxLength("location", m.Location, 512)
	c.Required("retrieveDateTime", m.RetrieveDateTime.IsZero())
	c.Time("retrieveDateTime", &m.RetrieveDateTime)
	c.Time("installDateTime", m.InstallDateTime)
	c.Required("signingCertificate", m.SigningCertificate == "")
	c.MaxLength("signingCertificate", m.SigningCertificate, 5500)
	c.Required("signature", m.Signature == "")
	c.MaxLength("signature", m.Signature, 800)
}

// SignedUpdateFirmwareResponse tells whether the station will update.
type SignedUpdateFirmwareResponse struct {
	Status UpdateFirmwareStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *SignedUpdateFirmwareResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// UpdateFirmwareStatus is whether a station will update; AcceptedCanceled when another update
// is given up for it. OCPP 1.6 security whitepaper.
type UpdateFirmwareStatus string

// The values of UpdateFirmwareStatus.
const (
	UpdateFirmwareStatusAccepted           UpdateFirmwareStatus = "Accepted"
	UpdateFirmwareStatusRejected           UpdateFirmwareStatus = "Rejected"
	UpdateFirmwareStatusAcceptedCanceled   UpdateFirmwareStatus = "AcceptedCanceled"
	UpdateFirmwareStatusInvalidCertificate UpdateFirmwareStatus = "InvalidCertificate"
	UpdateFirmwareStatusRevokedCertificate UpdateFirmwareStatus = "RevokedCertificate"
)

// Valid is whether s is a value of UpdateFirmwareStatus.
func (s UpdateFirmwareStatus) Valid(ocppj.Version) bool {
	switch s {
	case UpdateFirmwareStatusAccepted, UpdateFirmwareStatusRejected,
		UpdateFirmwareStatusAcceptedCanceled, UpdateFirmwareStatusInvalidCertificate,
		UpdateFirmwareStatusRevokedCertificate:
		return true
	}
	return false
}

// SignedFirmwareStatusNotification tells how an update of signed firmware goes on.
// OCPP 1.6 security whitepaper.
var SignedFirmwareStatusNotification = ocppj.Action[SignedFirmwareStatusNotificationRequest, SignedFirmwareStatusNotificationResponse]{Name: "SignedFirmwareStatusNotification", Sender: ocppj.Station, Since: ocppj.V16}

// SignedFirmwareStatusNotificationRequest has the state of the update.
type SignedFirmwareStatusNotificationRequest struct {
	Status    SignedFirmwareStatus `json:"status"`
	RequestID *int                 `json:"requestId,omitempty"` // of the update, unless Idle
}

// Check holds the request to its schema.
func (m *SignedFirmwareStatusNotificationRequest) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// SignedFirmwareStatusNotificationResponse is empty.
type SignedFirmwareStatusNotificationResponse struct{}

// Check finds nothing.
func (*SignedFirmwareStatusNotificationResponse) Check(*ocppj.Check) {}

// SignedFirmwareStatus is the state of an update of signed firmware. OCPP 1.6 security
// whitepaper.
type SignedFirmwareStatus string

// The values of SignedFirmwareStatus.
const (
	SignedFirmwareStatusDownloaded                SignedFirmwareStatus = "Downloaded"
	SignedFirmwareStatusDownloadFailed            SignedFirmwareStatus = "DownloadFailed"
	SignedFirmwareStatusDownloading               SignedFirmwareStatus = "Downloading"
	SignedFirmwareStatusDownloadScheduled         SignedFirmwareStatus = "DownloadScheduled"
	SignedFirmwareStatusDownloadPaused            SignedFirmwareStatus = "DownloadPaused"
	SignedFirmwareStatusIdle                      SignedFirmwareStatus = "Idle"
	SignedFirmwareStatusInstallationFailed        SignedFirmwareStatus = "InstallationFailed"
	SignedFirmwareStatusInstalling                SignedFirmwareStatus = "Installing"
	SignedFirmwareStatusInstalled                 SignedFirmwareStatus = "Installed"
	SignedFirmwareStatusInstallRebooting          SignedFirmwareStatus = "InstallRebooting"
	SignedFirmwareStatusInstallScheduled          SignedFirmwareStatus = "InstallScheduled"
	SignedFirmwareStatusInstallVerificationFailed SignedFirmwareStatus = "InstallVerificationFailed"
	SignedFirmwareStatusInvalidSignature          SignedFirmwareStatus = "InvalidSignature"
	SignedFirmwareStatusSignatureVerified         SignedFirmwareStatus = "SignatureVerified"
)

// Valid is whether s is a value of SignedFirmwareStatus.
func (s SignedFirmwareStatus) Valid(ocppj.Version) bool {
	switch s {
	case SignedFirmwareStatusDownloaded, SignedFirmwareStatusDownloadFailed,
		SignedFirmwareStatusDownloading, SignedFirmwareStatusDownloadScheduled,
		SignedFirmwareStatusDownloadPaused, SignedFirmwareStatusIdle,
		SignedFirmwareStatusInstallationFailed, SignedFirmwareStatusInstalling,
		SignedFirmwareStatusInstalled, SignedFirmwareStatusInstallRebooting,
		SignedFirmwareStatusInstallScheduled, SignedFirmwareStatusInstallVerificationFailed,
		SignedFirmwareStatusInvalidSignature, SignedFirmwareStatusSignatureVerified:
		return true
	}
	return false
}
