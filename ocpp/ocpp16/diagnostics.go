package ocpp16

import "gnista/ocpp/ocppj"

// GetDiagnostics asks a station to upload its diagnostics. OCPP 1.6 §5.9.
var GetDiagnostics = ocppj.Action[GetDiagnosticsRequest, GetDiagnosticsResponse]{Name: "GetDiagnostics", Sender: ocppj.Central, Since: ocppj.V16}

// GetDiagnosticsRequest tells where to upload them to and what time they are of.
type GetDiagnosticsRequest struct {
	Location      string          `json:"location"` // the URI of a folder
	Retries       *int            `json:"retries,omitempty"`
	RetryInterval *int            `json:"retryInterval,omitempty"` // in seconds
	StartTime     *ocppj.DateTime `json:"startTime,omitempty"`
	StopTime      *ocppj.DateTime `json:"stopTime,omitempty"`
}

// Check holds the request to its schema.
func (m *GetDiagnosticsRequest) Check(c *ocppj.Check) {
	c.Required("location", m.Location == "")
	c.URI("location", m.Location)
	c.Time("startTime", m.StartTime)
	c.Time("stopTime", m.StopTime)
}

// GetDiagnosticsResponse has the name of the file, if there is one.
type GetDiagnosticsResponse struct {
	FileName string `json:"fileName,omitempty"`
}

// Check holds the response to its schema.
func (m *GetDiagnosticsResponse) Check(c *ocppj.Check) {
	c.MaxLength("fileName", m.FileName, 255)
}

// DiagnosticsStatusNotification tells how an upload of diagnostics goes on. OCPP 1.6 §4.4.
var DiagnosticsStatusNotification = ocppj.Action[DiagnosticsStatusNotificationRequest, DiagnosticsStatusNotificationResponse]{Name: "DiagnosticsStatusNotification", Sender: ocppj.Station, Since: ocppj.V16}

// DiagnosticsStatusNotificationRequest has the state of the upload.
type DiagnosticsStatusNotificationRequest struct {
	Status DiagnosticsStatus `json:"status"`
}

// Check holds the request to its schema.
func (m *DiagnosticsStatusNotificationRequest) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// DiagnosticsStatusNotificationResponse is empty.
type DiagnosticsStatusNotificationResponse struct{}

// Check finds nothing.
func (*DiagnosticsStatusNotificationResponse) Check(*ocppj.Check) {}

// DiagnosticsStatus is the state of an upload of diagnostics. OCPP 1.6 §7.24.
type DiagnosticsStatus string

// The values of DiagnosticsStatus.
const (
	DiagnosticsStatusIdle         DiagnosticsStatus = "Idle"
	DiagnosticsStatusUploaded     DiagnosticsStatus = "Uploaded"
	DiagnosticsStatusUploadFailed DiagnosticsStatus = "UploadFailed"
	DiagnosticsStatusUploading    DiagnosticsStatus = "Uploading"
)

// Valid is whether s is a value of DiagnosticsStatus.
func (s DiagnosticsStatus) Valid(ocppj.Version) bool {
	switch s {
	case DiagnosticsStatusIdle, DiagnosticsStatusUploaded, DiagnosticsStatusUploadFailed,
		DiagnosticsStatusUploading:
		return true
	}
	return false
}

// GetLog asks a station to upload one of its logs. OCPP 1.6 security whitepaper.
var GetLog = ocppj.Action[GetLogRequest, GetLogResponse]{Name: "GetLog", Sender: ocppj.Central, Since: ocppj.V16}

// GetLogRequest tells which log, where to upload it to, and a number for the upload.
type GetLogRequest struct {
	Log           LogParameters `json:"log"`
	LogType       LogType       `json:"logType"`
	RequestID     int           `json:"requestId"`
	Retries       *int          `json:"retries,omitempty"`
	RetryInterval *int          `json:"retryInterval,omitempty"` // in seconds
}

// Check holds the request to its schema.
func (m *GetLogRequest) Check(c *ocppj.Check) {
	object(c, "log", &m.Log)
	requiredEnum(c, "logType", m.LogType)
	c.Required("requestId", m.RequestID == 0)
}

// LogParameters tells where to upload a log to and what time it is of.
// OCPP 1.6 security whitepaper.
type LogParameters struct {
	RemoteLocation  string          `json:"remoteLocation"`
	OldestTimestamp *ocppj.DateTime `json:"oldestTimestamp,omitempty"`
	LatestTimestamp *ocppj.DateTime `json:"latestTimestamp,omitempty"`
}

// Check holds the parameters to their schema.
func (m *LogParameters) Check(c *ocppj.Check) {
	c.Required("remoteLocation", m.RemoteLocation == "")
	c.MaxLength("remoteLocation", m.RemoteLocation, 512)
	c.Time("oldestTimestamp", m.OldestTimestamp)
	c.Time("latestTimestamp", m.LatestTimestamp)
}

// LogType is one of the logs of a station. OCPP 1.6 security whitepaper.
type LogType string

// The values of LogType.
const (
	LogTypeDiagnosticsLog LogType = "DiagnosticsLog"
	LogTypeSecurityLog    LogType = "SecurityLog"
)

// Valid is whether s is a value of LogType.
func (s LogType) Valid(ocppj.Version) bool {
	switch s {
	case LogTypeDiagnosticsLog, LogTypeSecurityLog:
		return true
	}
	return false
}

// GetLogResponse tells whether the station will upload, and as which file.
type GetLogResponse struct {
	Status   LogStatus `json:"status"`
	Filename string    `json:"filename,omitempty"`
}

// Check holds the response to its schema.
func (m *GetLogResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
	c.MaxLength("filename", m.Filename, 255)
}

// LogStatus is whether a station will upload; AcceptedCanceled when another upload is given up
// for it. OCPP 1.6 security whitepaper.
type LogStatus string

// The values of LogStatus.
const (
	LogStatusAccepted         LogStatus = "Accepted"
	LogStatusRejected         LogStatus = "Rejected"
	LogStatusAcceptedCanceled LogStatus = "AcceptedCanceled"
)

// Valid is whether s is a value of LogStatus.
func (s LogStatus) Valid(ocppj.Version) bool {
	switch s {
	case LogStatusAccepted, LogStatusRejected, LogStatusAcceptedCanceled:
		return true
	}
	return false
}

// LogStatusNotification tells how an upload of a log goes on. OCPP 1.6 security whitepaper.
var LogStatusNotification = ocppj.Action[LogStatusNotificationRequest, LogStatusNotificationResponse]{Name: "LogStatusNotification", Sender: ocppj.Station, Since: ocppj.V16}

// LogStatusNotificationRequest has the state of the upload.
type LogStatusNotificationRequest struct {
	Status    UploadLogStatus `json:"status"`
	RequestID *int            `json:"requestId,omitempty"` // of the upload, unless Idle
}

// Check holds the request to its schema.
func (m *LogStatusNotificationRequest) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// LogStatusNotificationResponse is empty.
type LogStatusNotificationResponse struct{}

// Check finds nothing.
func (*LogStatusNotificationResponse) Check(*ocppj.Check) {}

// UploadLogStatus is the state of an upload of a log. OCPP 1.6 security whitepaper.
type UploadLogStatus string

// The values of UploadLogStatus.
const (
	UploadLogStatusBadMessage            UploadLogStatus = "BadMessage"
	UploadLogStatusIdle                  UploadLogStatus = "Idle"
	UploadLogStatusNotSupportedOperation UploadLogStatus = "NotSupportedOperation"
	UploadLogStatusPermissionDenied      UploadLogStatus = "PermissionDenied"
	UploadLogStatusUploaded              UploadLogStatus = "Uploaded"
	UploadLogStatusUploadFailure         UploadLogStatus = "UploadFailure"
	UploadLogStatusUploading             UploadLogStatus = "Uploading"
)

// Valid is whether s is a value of UploadLogStatus.
func (s UploadLogStatus) Valid(ocppj.Version) bool {
	switch s {
	case UploadLogStatusBadMessage, UploadLogStatusIdle, UploadLogStatusNotSupportedOperation,
		UploadLogStatusPermissionDenied, UploadLogStatusUploaded, UploadLogStatusUploadFailure,
		UploadLogStatusUploading:
		return true
	}
	return false
}
