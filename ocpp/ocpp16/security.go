package ocpp16

import "gnista/ocpp/ocppj"

// SecurityEventNotification tells of something that matters for security.
// OCPP 1.6 security whitepaper.
var SecurityEventNotification = ocppj.Action[SecurityEventNotificationRequest, SecurityEventNotificationResponse]{Name: "SecurityEventNotification", Sender: ocppj.Station, Since: ocppj.V16}

// SecurityEventNotificationRequest has the event. Its Type is open: stations may have their own.
type SecurityEventNotificationRequest struct {
	Type      string         `json:"type"`
	Timestamp ocppj.DateTime `json:"timestamp"`
	TechInfo  string         `json:"techInfo,omitempty"`
}

// Check holds the request to its schema.
func (m *SecurityEventNotificationRequest) Check(c *ocppj.Check) {
	c.Required("type", m.Type == "")
	c.MaxLength("type", m.Type, 50)
	c.Required("timestamp", m.Timestamp.IsZero())
	c.Time("timestamp", &m.Timestamp)
	c.MaxLength("techInfo", m.TechInfo, 255)
}

// SecurityEventNotificationResponse is empty.
type SecurityEventNotificationResponse struct{}

// Check finds nothing.
func (*SecurityEventNotificationResponse) Check(*ocppj.Check) {}

// SignCertificate asks for a certificate for the station. The certificate comes later, in
// CertificateSigned. OCPP 1.6 security whitepaper.
var SignCertificate = ocppj.Action[SignCertificateRequest, SignCertificateResponse]{Name: "SignCertificate", Sender: ocppj.Station, Since: ocppj.V16}

// SignCertificateRequest has the certificate signing request.
type SignCertificateRequest struct {
	CSR string `json:"csr"` // in PEM
}

// Check holds the request to its schema.
func (m *SignCertificateRequest) Check(c *ocppj.Check) {
	c.Required("csr", m.CSR == "")
	c.MaxLength("csr", m.CSR, 5500)
}

// SignCertificateResponse tells whether there will be a certificate.
type SignCertificateResponse struct {
	Status GenericStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *SignCertificateResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// GenericStatus is whether a certificate will be signed. OCPP 1.6 security whitepaper.
type GenericStatus string

// The values of GenericStatus.
const (
	GenericStatusAccepted GenericStatus = "Accepted"
	GenericStatusRejected GenericStatus = "Rejected"
)

// Valid is whether s is a value of GenericStatus.
func (s GenericStatus) Valid(ocppj.Version) bool {
	switch s {
	case GenericStatusAccepted, GenericStatusRejected:
		return true
	}
	return false
}

// CertificateSigned gives a station the certificate it has asked for.
// OCPP 1.6 security whitepaper.
var CertificateSigned = ocppj.Action[CertificateSignedRequest, CertificateSignedResponse]{Name: "CertificateSigned", Sender: ocppj.Central, Since: ocppj.V16}

// CertificateSignedRequest has the certificate, followed by those between it and the root.
type CertificateSignedRequest struct {
	CertificateChain string `json:"certificateChain"` // in PEM
}

// Check holds the request to its schema.
func (m *CertificateSignedRequest) Check(c *ocppj.Check) {
	c.Required("certificateChain", m.CertificateChain == "")
	c.MaxLength("certificateChain", m.CertificateChain, 10000)
}

// CertificateSignedResponse tells whether the station uses the certificate.
type CertificateSignedResponse struct {
	Status CertificateSignedStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *CertificateSignedResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// CertificateSignedStatus is whether a station uses its new certificate. OCPP 1.6 security
// whitepaper.
type CertificateSignedStatus string

// The values of CertificateSignedStatus.
const (
	CertificateSignedStatusAccepted CertificateSignedStatus = "Accepted"
	CertificateSignedStatusRejected CertificateSignedStatus = "Rejected"
)

// Valid is whether s is a value of CertificateSignedStatus.
func (s CertificateSignedStatus) Valid(ocppj.Version) bool {
	switch s {
	case CertificateSignedStatusAccepted, CertificateSignedStatusRejected:
		return true
	}
	return false
}

// InstallCertificate gives a station a root certificate to trust. OCPP 1.6 security whitepaper.
var InstallCertificate = ocppj.Action[InstallCertificateRequest, InstallCertificateResponse]{Name: "InstallCertificate", Sender: ocppj.Central, Since: ocppj.V16}

// InstallCertificateRequest has the certificate.
type InstallCertificateRequest struct {
	CertificateType CertificateUse `json:"certificateType"`
	Certificate     string         `json:"certificate"` // in PEM
}

// Check holds the request to its schema.
func (m *InstallCertificateRequest) Check(c *ocppj.Check) {
	requiredEnum(c, "certificateType", m.CertificateType)
	c.Required("certificate", m.Certificate == "")
	c.MaxLength("certificate", m.Certificate, 5500)
}

// CertificateUse is what a root certificate vouches for: the central system or firmware. OCPP
// 1.6 security whitepaper.
type CertificateUse string

// The values of CertificateUse.
const (
	CertificateUseCentralSystemRootCertificate CertificateUse = "CentralSystemRootCertificate"
	CertificateUseManufacturerRootCertificate  CertificateUse = "ManufacturerRootCertificate"
)

// Valid is whether s is a value of CertificateUse.
func (s CertificateUse) Valid(ocppj.Version) bool {
	switch s {
	case CertificateUseCentralSystemRootCertificate, CertificateUseManufacturerRootCertificate:
		return true
	}
	return false
}

// InstallCertificateResponse tells whether the certificate is trusted now.
type InstallCertificateResponse struct {
	Status InstallCertificateStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *InstallCertificateResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// InstallCertificateStatus is whether a certificate was installed; Rejected is for a bad one,
// Failed for any other reason. OCPP 1.6 security whitepaper.
type InstallCertificateStatus string

// The values of InstallCertificateStatus.
const (
	InstallCertificateStatusAccepted InstallCertificateStatus = "Accepted"
	InstallCertificateStatusFailed   InstallCertificateStatus = "Failed"
	InstallCertificateStatusRejected InstallCertificateStatus = "Rejected"
)

// Valid is whether s is a value of InstallCertificateStatus.
func (s InstallCertificateStatus) Valid(ocppj.Version) bool {
	switch s {
	case InstallCertificateStatusAccepted, InstallCertificateStatusFailed,
		InstallCertificateStatusRejected:
		return true
	}
	return false
}

// GetInstalledCertificateIDs lists the root certificates in a station.
// OCPP 1.6 security whitepaper.
var GetInstalledCertificateIDs = ocppj.Action[GetInstalledCertificateIDsRequest, GetInstalledCertificateIDsResponse]{Name: "GetInstalledCertificateIds", Sender: ocppj.Central, Since: ocppj.V16}

// GetInstalledCertificateIDsRequest tells which to list.
type GetInstalledCertificateIDsRequest struct {
	CertificateType CertificateUse `json:"certificateType"`
}

// Check holds the request to its schema.
func (m *GetInstalledCertificateIDsRequest) Check(c *ocppj.Check) {
	requiredEnum(c, "certificateType", m.CertificateType)
}

// GetInstalledCertificateIDsResponse has the list.
type GetInstalledCertificateIDsResponse struct {
	Status              GetInstalledCertificateStatus `json:"status"`
	CertificateHashData []CertificateHashData         `json:"certificateHashData,omitempty"`
}

// Check holds the response to its schema.
func (m *GetInstalledCertificateIDsResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
	if m.CertificateHashData != nil {
		c.Items("certificateHashData", len(m.CertificateHashData), 1, 0)
	}
	array(c, "certificateHashData", m.CertificateHashData)
}

// GetInstalledCertificateStatus is whether there are such certificates. OCPP 1.6 security
// whitepaper.
type GetInstalledCertificateStatus string

// The values of GetInstalledCertificateStatus.
const (
	GetInstalledCertificateStatusAccepted GetInstalledCertificateStatus = "Accepted"
	GetInstalledCertificateStatusNotFound GetInstalledCertificateStatus = "NotFound"
)

// Valid is whether s is a value of GetInstalledCertificateStatus.
func (s GetInstalledCertificateStatus) Valid(ocppj.Version) bool {
	switch s {
	case GetInstalledCertificateStatusAccepted, GetInstalledCertificateStatusNotFound:
		return true
	}
	return false
}

// CertificateHashData identifies a certificate. OCPP 1.6 security whitepaper.
type CertificateHashData struct {
	HashAlgorithm  HashAlgorithm `json:"hashAlgorithm"`
	IssuerNameHash string        `json:"issuerNameHash"` // in hexadecimal
	IssuerKeyHash  string        `json:"issuerKeyHash"`  // in hexadecimal
	SerialNumber   string        `json:"serialNumber"`   // in hexadecimal
}

// Check holds the data to its schema.
func (m *CertificateHashData) Check(c *ocppj.Check) {
	requiredEnum(c, "hashAlgorithm", m.HashAlgorithm)
	c.Required("issuerNameHash", m.IssuerNameHash == "")
	c.MaxLength("issuerNameHash", m.IssuerNameHash, 128)
	c.Required("issuerKeyHash", m.IssuerKeyHash == "")
	c.MaxLength("issuerKeyHash", m.IssuerKeyHash, 128)
	c.Required("serialNumber", m.SerialNumber == "")
	c.MaxLength("serialNumber", m.SerialNumber, 40)
}

// HashAlgorithm is the algorithm of the hashes that identify a certificate. OCPP 1.6 security
// whitepaper.
type HashAlgorithm string

// The values of HashAlgorithm.
const (
	HashAlgorithmSHA256 HashAlgorithm = "SHA256"
	HashAlgorithmSHA384 HashAlgorithm = "SHA384"
	HashAlgorithmSHA512 HashAlgorithm = "SHA512"
)

// Valid is whether s is a value of HashAlgorithm.
func (s HashAlgorithm) Valid(ocppj.Version) bool {
	switch s {
	case HashAlgorithmSHA256, HashAlgorithmSHA384, HashAlgorithmSHA512:
		return true
	}
	return false
}

// DeleteCertificate removes a root certificate from a station. OCPP 1.6 security whitepaper.
var DeleteCertificate = ocppj.Action[DeleteCertificateRequest, DeleteCertificateResponse]{Name: "DeleteCertificate", Sender: ocppj.Central, Since: ocppj.V16}

// DeleteCertificateRequest names the certificate.
type DeleteCertificateRequest struct {
	CertificateHashData CertificateHashData `json:"certificateHashData"`
}

// Check holds the request to its schema.
func (m *DeleteCertificateRequest) Check(c *ocppj.Check) {
	object(c, "certificateHashData", &m.CertificateHashData)
}

// DeleteCertificateResponse tells whether the certificate is gone.
type DeleteCertificateResponse struct {
	Status DeleteCertificateStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *DeleteCertificateResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// DeleteCertificateStatus is whether a certificate was removed. OCPP 1.6 security whitepaper.
type DeleteCertificateStatus string

// The values of DeleteCertificateStatus.
const (
	DeleteCertificateStatusAccepted DeleteCertificateStatus = "Accepted"
	DeleteCertificateStatusFailed   DeleteCertificateStatus = "Failed"
	DeleteCertificateStatusNotFound DeleteCertificateStatus = "NotFound"
)

// Valid is whether s is a value of DeleteCertificateStatus.
func (s DeleteCertificateStatus) Valid(ocppj.Version) bool {
	switch s {
	case DeleteCertificateStatusAccepted, DeleteCertificateStatusFailed,
		DeleteCertificateStatusNotFound:
		return true
	}
	return false
}
