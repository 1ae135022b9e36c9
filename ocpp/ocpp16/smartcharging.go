package ocpp16

import "gnista/ocpp/ocppj"

// SetChargingProfile limits charging by a profile. OCPP 1.6 §5.16.
var SetChargingProfile = ocppj.Action[SetChargingProfileRequest, SetChargingProfileResponse]{Name: "SetChargingProfile", Sender: ocppj.Central, Since: ocppj.V16}

// SetChargingProfileRequest has the profile and the connector it is for.
type SetChargingProfileRequest struct {
	ConnectorID        int             `json:"connectorId"` // 0 is the station with all connectors
	CSChargingProfiles ChargingProfile `json:"csChargingProfiles"`
}

// Check holds the request to its schema.
func (m *SetChargingProfileRequest) Check(c *ocppj.Check) {
	c.Required("connectorId", m.ConnectorID == 0)
	object(c, "csChargingProfiles", &m.CSChargingProfiles)
}

// SetChargingProfileResponse tells whether the profile is in use.
type SetChargingProfileResponse struct {
	Status ChargingProfileStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *SetChargingProfileResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// ChargingProfileStatus is whether a profile is in use. OCPP 1.6 §7.11.
type ChargingProfileStatus string

// The values of ChargingProfileStatus.
const (
	ChargingProfileStatusAccepted     ChargingProfileStatus = "Accepted"
	ChargingProfileStatusRejected     ChargingProfileStatus = "Rejected"
	ChargingProfileStatusNotSupported ChargingProfileStatus = "NotSupported"
)

// Valid is whether s is a value of ChargingProfileStatus.
func (s ChargingProfileStatus) Valid(ocppj.Version) bool {
	switch s {
	case ChargingProfileStatusAccepted, ChargingProfileStatusRejected,
		ChargingProfileStatusNotSupported:
		return true
	}
	return false
}

// ChargingProfile limits charging over time. Of those with one purpose that apply at an
// instant, the one of the highest StackLevel does. OCPP 1.6 §7.8.
type ChargingProfile struct {
	ChargingProfileID      int                        `json:"chargingProfileId"`
	TransactionID          *int64                     `json:"transactionId,omitempty"` // for a TxProfile
	StackLevel             int                        `json:"stackLevel"`              // from 0
	ChargingProfilePurpose ChargingProfilePurposeType `json:"chargingProfilePurpose"`
	ChargingProfileKind    ChargingProfileKindType    `json:"chargingProfileKind"`
	RecurrencyKind         RecurrencyKindType         `json:"recurrencyKind,omitempty"`
	ValidFrom              *ocppj.DateTime            `json:"validFrom,omitempty"`
	ValidTo                *ocppj.DateTime            `json:"validTo,omitempty"`
	ChargingSchedule       ChargingSchedule           `json:"chargingSchedule"`
}

// Check holds the profile to its schema.
func (m *ChargingProfile) Check(c *ocppj.Check) {
	c.Required("chargingProfileId", m.ChargingProfileID == 0)
	c.Required("stackLevel", m.StackLevel == 0)
	requiredEnum(c, "chargingProfilePurpose", m.ChargingProfilePurpose)
	requiredEnum(c, "chargingProfileKind", m.ChargingProfileKind)
	optionalEnum(c, "recurrencyKind", m.RecurrencyKind)
	c.Time("validFrom", m.ValidFrom)
	c.Time("validTo", m.ValidTo)
	object(c, "chargingSchedule", &m.ChargingSchedule)
}

// ChargingProfilePurposeType is what a profile limits: the station, any transaction, or one.
// OCPP 1.6 §7.10.
type ChargingProfilePurposeType string

// The values of ChargingProfilePurposeType.
const (
	ChargingProfilePurposeTypeChargePointMaxProfile ChargingProfilePurposeType = "ChargePointMaxProfile"
	ChargingProfilePurposeTypeTxDefaultProfile      ChargingProfilePurposeType = "TxDefaultProfile"
	ChargingProfilePurposeTypeTxProfile             ChargingProfilePurposeType = "TxProfile"
)

// Valid is whether s is a value of ChargingProfilePurposeType.
func (s ChargingProfilePurposeType) Valid(ocppj.Version) bool {
	switch s {
	case ChargingProfilePurposeTypeChargePointMaxProfile,
		ChargingProfilePurposeTypeTxDefaultProfile, ChargingProfilePurposeTypeTxProfile:
		return true
	}
	return false
}

// ChargingProfileKindType is what the start of a schedule refers to: Relative ones start with
// the transaction. OCPP 1.6 §7.9.
type ChargingProfileKindType string

// The values of ChargingProfileKindType.
const (
	ChargingProfileKindTypeAbsolute  ChargingProfileKindType = "Absolute"
	ChargingProfileKindTypeRecurring ChargingProfileKindType = "Recurring"
	ChargingProfileKindTypeRelative  ChargingProfileKindType = "Relative"
)

// Valid is whether s is a value of ChargingProfileKindType.
func (s ChargingProfileKindType) Valid(ocppj.Version) bool {
	switch s {
	case ChargingProfileKindTypeAbsolute, ChargingProfileKindTypeRecurring,
		ChargingProfileKindTypeRelative:
		return true
	}
	return false
}

// RecurrencyKindType is how often a Recurring schedule starts again. OCPP 1.6 §7.37.
type RecurrencyKindType string

// The values of RecurrencyKindType.
const (
	RecurrencyKindTypeDaily  RecurrencyKindType = "Daily"
	RecurrencyKindTypeWeekly RecurrencyKindType = "Weekly"
)

// Valid is whether s is a value of RecurrencyKindType.
func (s RecurrencyKindType) Valid(ocppj.Version) bool {
	switch s {
	case RecurrencyKindTypeDaily, RecurrencyKindTypeWeekly:
		return true
	}
	return false
}

// ChargingSchedule is a limit that changes over time. OCPP 1.6 §7.13.
type ChargingSchedule struct {
	Duration               *int                     `json:"duration,omitempty"` // in seconds; endless when left out
	StartSchedule          *ocppj.DateTime          `json:"startSchedule,omitempty"`
	ChargingRateUnit       ChargingRateUnitType     `json:"chargingRateUnit"`
	ChargingSchedulePeriod []ChargingSchedulePeriod `json:"chargingSchedulePeriod"`
	MinChargingRate        *float64                 `json:"minChargingRate,omitempty"` // in ChargingRateUnit
}

// Check holds the schedule to its schema.
func (m *ChargingSchedule) Check(c *ocppj.Check) {
	c.Time("startSchedule", m.StartSchedule)
	requiredEnum(c, "chargingRateUnit", m.ChargingRateUnit)
	c.RequiredList("chargingSchedulePeriod", m.ChargingSchedulePeriod == nil)
	array(c, "chargingSchedulePeriod", m.ChargingSchedulePeriod)
	if m.MinChargingRate != nil {
		c.OneDecimal("minChargingRate", *m.MinChargingRate)
	}
}

// ChargingSchedulePeriod is a part of a schedule with one limit. It lasts until the next one
// starts. OCPP 1.6 §7.14.
type ChargingSchedulePeriod struct {
	StartPeriod  int     `json:"startPeriod"`            // in seconds from the start of the schedule
	Limit        float64 `json:"limit"`                  // in A per phase or W in all, with one decimal
	NumberPhases *int    `json:"numberPhases,omitempty"` // 3 when left out
}

// Check holds the period to its schema.
func (m *ChargingSchedulePeriod) Check(c *ocppj.Check) {
	c.Required("startPeriod", m.StartPeriod == 0)
	c.Required("limit", m.Limit == 0)
	c.OneDecimal("limit", m.Limit)
}

// ChargingRateUnitType is the unit of a limit: ampere per phase or watt. OCPP 1.6 §7.12.
type ChargingRateUnitType string

// The values of ChargingRateUnitType.
const (
	ChargingRateUnitTypeA ChargingRateUnitType = "A"
	ChargingRateUnitTypeW ChargingRateUnitType = "W"
)

// Valid is whether s is a value of ChargingRateUnitType.
func (s ChargingRateUnitType) Valid(ocppj.Version) bool {
	switch s {
	case ChargingRateUnitTypeA, ChargingRateUnitTypeW:
		return true
	}
	return false
}

// ClearChargingProfile removes profiles. OCPP 1.6 §5.5.
var ClearChargingProfile = ocppj.Action[ClearChargingProfileRequest, ClearChargingProfileResponse]{Name: "ClearChargingProfile", Sender: ocppj.Central, Since: ocppj.V16}

// ClearChargingProfileRequest tells which: those that have all that is given.
type ClearChargingProfileRequest struct {
	ID                     *int                       `json:"id,omitempty"`
	ConnectorID            *int                       `json:"connectorId,omitempty"` // 0 is the station
	ChargingProfilePurpose ChargingProfilePurposeType `json:"chargingProfilePurpose,omitempty"`
	StackLevel             *int                       `json:"stackLevel,omitempty"`
}

// Check holds the request to its schema.
func (m *ClearChargingProfileRequest) Check(c *ocppj.Check) {
	optionalEnum(c, "chargingProfilePurpose", m.ChargingProfilePurpose)
}

// ClearChargingProfileResponse tells whether there were any.
type ClearChargingProfileResponse struct {
	Status ClearChargingProfileStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *ClearChargingProfileResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// ClearChargingProfileStatus is whether profiles were found to be removed. OCPP 1.6 §7.21.
type ClearChargingProfileStatus string

// The values of ClearChargingProfileStatus.
const (
	ClearChargingProfileStatusAccepted ClearChargingProfileStatus = "Accepted"
	ClearChargingProfileStatusUnknown  ClearChargingProfileStatus = "Unknown"
)

// Valid is whether s is a value of ClearChargingProfileStatus.
func (s ClearChargingProfileStatus) Valid(ocppj.Version) bool {
	switch s {
	case ClearChargingProfileStatusAccepted, ClearChargingProfileStatusUnknown:
		return true
	}
	return false
}

// GetCompositeSchedule asks what limit all profiles together make. OCPP 1.6 §5.7.
var GetCompositeSchedule = ocppj.Action[GetCompositeScheduleRequest, GetCompositeScheduleResponse]{Name: "GetCompositeSchedule", Sender: ocppj.Central, Since: ocppj.V16}

// GetCompositeScheduleRequest tells for which connector and time, from now on.
type GetCompositeScheduleRequest struct {
	ConnectorID      int                  `json:"connectorId"` // 0 is the station's grid connection
	Duration         int                  `json:"duration"`    // in seconds
	ChargingRateUnit ChargingRateUnitType `json:"chargingRateUnit,omitempty"`
}

// Check holds the request to its schema.
func (m *GetCompositeScheduleRequest) Check(c *ocppj.Check) {
	c.Required("connectorId", m.ConnectorID == 0)
	c.Required("duration", m.Duration == 0)
	optionalEnum(c, "chargingRateUnit", m.ChargingRateUnit)
}

// GetCompositeScheduleResponse has the limit.
type GetCompositeScheduleResponse struct {
	Status           GetCompositeScheduleStatus `json:"status"`
	ConnectorID      *int                       `json:"connectorId,omitempty"`
	ScheduleStart    *ocppj.DateTime            `json:"scheduleStart,omitempty"`
	ChargingSchedule *ChargingSchedule          `json:"chargingSchedule,omitempty"`
}

// Check holds the response to its schema.
func (m *GetCompositeScheduleResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
	c.Time("scheduleStart", m.ScheduleStart)
	if m.ChargingSchedule != nil {
		object(c, "chargingSchedule", m.ChargingSchedule)
	}
}

// GetCompositeScheduleStatus is whether a station can tell its limit. OCPP 1.6 §7.26.
type GetCompositeScheduleStatus string

// The values of GetCompositeScheduleStatus.
const (
	GetCompositeScheduleStatusAccepted GetCompositeScheduleStatus = "Accepted"
	GetCompositeScheduleStatusRejected GetCompositeScheduleStatus = "Rejected"
)

// Valid is whether s is a value of GetCompositeScheduleStatus.
func (s GetCompositeScheduleStatus) Valid(ocppj.Version) bool {
	switch s {
	case GetCompositeScheduleStatusAccepted, GetCompositeScheduleStatusRejected:
		return true
	}
	return false
}
