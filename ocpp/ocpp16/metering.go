package ocpp16

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"

	"gnista/ocpp/ocppj"
)

// MeterValues tells what the meter of a connector, or of the whole station, shows. OCPP 1.6 §4.7.
var MeterValues = ocppj.Action[MeterValuesRequest, MeterValuesResponse]{Name: "MeterValues", Sender: ocppj.Station, Since: ocppj.V16}

// MeterValuesRequest has the readings of one connector.
type MeterValuesRequest struct {
	ConnectorID   int          `json:"connectorId"` // 0 is the main meter
	TransactionID *int64       `json:"transactionId,omitempty"`
	MeterValue    []MeterValue `json:"meterValue"`
}

// Check holds the request to its schema.
func (m *MeterValuesRequest) Check(c *ocppj.Check) {
	c.Required("connectorId", m.ConnectorID == 0)
	c.RequiredList("meterValue", m.MeterValue == nil)
	array(c, "meterValue", m.MeterValue)
}

// MeterValuesResponse is empty.
type MeterValuesResponse struct{}

// Check finds nothing.
func (*MeterValuesResponse) Check(*ocppj.Check) {}

// MeterValue are the values read at one instant. OCPP 1.6 §7.33.
type MeterValue struct {
	Timestamp    ocppj.DateTime `json:"timestamp"`
	SampledValue []SampledValue `json:"sampledValue"`
}

// Check holds the values to their schema.
func (m *MeterValue) Check(c *ocppj.Check) {
	c.Required("timestamp", m.Timestamp.IsZero())
	c.Time("timestamp", &m.Timestamp)
	c.RequiredList("sampledValue", m.SampledValue == nil)
	array(c, "sampledValue", m.SampledValue)
}

// SampledValue is one value read. What is left out has the meaning that its comment tells.
// OCPP 1.6 §7.43.
type SampledValue struct {
	Value     Value          `json:"value"`
	Context   ReadingContext `json:"context,omitempty"`   // Sample.Periodic
	Format    ValueFormat    `json:"format,omitempty"`    // Raw
	Measurand Measurand      `json:"measurand,omitempty"` // Energy.Active.Import.Register
	Phase     Phase          `json:"phase,omitempty"`     // all together
	Location  Location       `json:"location,omitempty"`  // Outlet
	Unit      UnitOfMeasure  `json:"unit,omitempty"`      // Wh, for energy
}

// Check holds the value to its schema.
func (m *SampledValue) Check(c *ocppj.Check) {
	c.Required("value", m.Value == "")
	optionalEnum(c, "context", m.Context)
	optionalEnum(c, "format", m.Format)
	optionalEnum(c, "measurand", m.Measurand)
	optionalEnum(c, "phase", m.Phase)
	optionalEnum(c, "location", m.Location)
	optionalEnum(c, "unit", m.Unit)
}

// Value is a value as the station wrote it: a decimal number, or signed data. Stations are
// known to put white space around it, which is dropped, and to write it as a JSON number.
type Value string

// UnmarshalJSON takes a string or a number.
func (v *Value) UnmarshalJSON(data []byte) error {
	if i := len(data) - 1; i > 0 && data[0] == '"' && bytes.IndexByte(data, '\\') < 0 {
		*v = Value(bytes.TrimSpace(data[1:i]))
		return nil
	}
	var plain any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&plain); err != nil {
		return err
	}
	found := "bool"
	switch plain := plain.(type) {
	case string:
		*v = Value(strings.TrimSpace(plain))
		return nil
	case json.Number:
		*v = Value(plain)
		return nil
	case nil:
		*v = ""
		return nil
	case []any:
		found = "array"
	case map[string]any:
		found = "object"
	}
	return &json.UnmarshalTypeError{Value: found, Type: reflect.TypeFor[Value]()}
}

// ReadingContext is the occasion on which a value was read. OCPP 1.6 §7.35.
type ReadingContext string

// The values of ReadingContext.
const (
	ReadingContextInterruptionBegin ReadingContext = "Interruption.Begin"
	ReadingContextInterruptionEnd   ReadingContext = "Interruption.End"
	ReadingContextSampleClock       ReadingContext = "Sample.Clock"
	ReadingContextSamplePeriodic    ReadingContext = "Sample.Periodic"
	ReadingContextTransactionBegin  ReadingContext = "Transaction.Begin"
	ReadingContextTransactionEnd    ReadingContext = "Transaction.End"
	ReadingContextTrigger           ReadingContext = "Trigger"
	ReadingContextOther             ReadingContext = "Other"
)

// Valid is whether s is a value of ReadingContext.
func (s ReadingContext) Valid(ocppj.Version) bool {
	switch s {
	case ReadingContextInterruptionBegin, ReadingContextInterruptionEnd,
		ReadingContextSampleClock, ReadingContextSamplePeriodic, ReadingContextTransactionBegin,
		ReadingContextTransactionEnd, ReadingContextTrigger, ReadingContextOther:
		return true
	}
	return false
}

// ValueFormat is whether a value is a number or signed data. OCPP 1.6 §7.49.
type ValueFormat string

// The values of ValueFormat.
const (
	ValueFormatRaw        ValueFormat = "Raw"
	ValueFormatSignedData ValueFormat = "SignedData"
)

// Valid is whether s is a value of ValueFormat.
func (s ValueFormat) Valid(ocppj.Version) bool {
	switch s {
	case ValueFormatRaw, ValueFormatSignedData:
		return true
	}
	return false
}

// Measurand is what a value measures. Import flows from the grid to the vehicle. OCPP 1.6
// §7.31.
type Measurand string

// The values of Measurand.
const (
	MeasurandEnergyActiveExportRegister   Measurand = "Energy.Active.Export.Register"
	MeasurandEnergyActiveImportRegister   Measurand = "Energy.Active.Import.Register"
	MeasurandEnergyReactiveExportRegister Measurand = "Energy.Reactive.Export.Register"
	MeasurandEnergyReactiveImportRegister Measurand = "Energy.Reactive.Import.Register"
	MeasurandEnergyActiveExportInterval   Measurand = "Energy.Active.Export.Interval"
	MeasurandEnergyActiveImportInterval   Measurand = "Energy.Active.Import.Interval"
	MeasurandEnergyReactiveExportInterval Measurand = "Energy.Reactive.Export.Interval"
	MeasurandEnergyReactiveImportInterval Measurand = "Energy.Reactive.Import.Interval"
	MeasurandPowerActiveExport            Measurand = "Power.Active.Export"
	MeasurandPowerActiveImport            Measurand = "Power.Active.Import"
	MeasurandPowerOffered                 Measurand = "Power.Offered"
	MeasurandPowerReactiveExport          Measurand = "Power.Reactive.Export"
	MeasurandPowerReactiveImport          Measurand = "Power.Reactive.Import"
	MeasurandPowerFactor                  Measurand = "Power.Factor"
	MeasurandCurrentImport                Measurand = "Current.Import"
	MeasurandCurrentExport                Measurand = "Current.Export"
	MeasurandCurrentOffered               Measurand = "Current.Offered"
	MeasurandVoltage                      Measurand = "Voltage"
	MeasurandFrequency                    Measurand = "Frequency"
	MeasurandTemperature                  Measurand = "Temperature"
	MeasurandSoC                          Measurand = "SoC"
	MeasurandRPM                          Measurand = "RPM"
)

// Valid is whether s is a value of Measurand.
func (s Measurand) Valid(ocppj.Version) bool {
	switch s {
	case MeasurandEnergyActiveExportRegister, MeasurandEnergyActiveImportRegister,
		MeasurandEnergyReactiveExportRegister, MeasurandEnergyReactiveImportRegister,
		MeasurandEnergyActiveExportInterval, MeasurandEnergyActiveImportInterval,
		MeasurandEnergyReactiveExportInterval, MeasurandEnergyReactiveImportInterval,
		MeasurandPowerActiveExport, MeasurandPowerActiveImport, MeasurandPowerOffered,
		MeasurandPowerReactiveExport, MeasurandPowerReactiveImport, MeasurandPowerFactor,
		MeasurandCurrentImport, MeasurandCurrentExport, MeasurandCurrentOffered, MeasurandVoltage,
		MeasurandFrequency, MeasurandTemperature, MeasurandSoC, MeasurandRPM:
		return true
	}
	return false
}

// Phase is the conductor, or the two, that a value was read on. OCPP 1.6 §7.34.
type Phase string

// The values of Phase.
const (
	PhaseL1   Phase = "L1"
	PhaseL2   Phase = "L2"
	PhaseL3   Phase = "L3"
	PhaseN    Phase = "N"
	PhaseL1N  Phase = "L1-N"
	PhaseL2N  Phase = "L2-N"
	PhaseL3N  Phase = "L3-N"
	PhaseL1L2 Phase = "L1-L2"
	PhaseL2L3 Phase = "L2-L3"
	PhaseL3L1 Phase = "L3-L1"
)

// Valid is whether s is a value of Phase.
func (s Phase) Valid(ocppj.Version) bool {
	switch s {
	case PhaseL1, PhaseL2, PhaseL3, PhaseN, PhaseL1N, PhaseL2N, PhaseL3N, PhaseL1L2, PhaseL2L3,
		PhaseL3L1:
		return true
	}
	return false
}

// Location is where a value was read. Inlet is the connection to the grid. OCPP 1.6 §7.30.
type Location string

// The values of Location.
const (
	LocationCable  Location = "Cable"
	LocationEV     Location = "EV"
	LocationInlet  Location = "Inlet"
	LocationOutlet Location = "Outlet"
	LocationBody   Location = "Body"
)

// Valid is whether s is a value of Location.
func (s Location) Valid(ocppj.Version) bool {
	switch s {
	case LocationCable, LocationEV, LocationInlet, LocationOutlet, LocationBody:
		return true
	}
	return false
}

// UnitOfMeasure is the unit of a value. Celsius was once spelled Celcius, and still may be;
// hertz is missing. OCPP 1.6 §7.45.
type UnitOfMeasure string

// The values of UnitOfMeasure.
const (
	UnitOfMeasureWh         UnitOfMeasure = "Wh"
	UnitOfMeasureKWh        UnitOfMeasure = "kWh"
	UnitOfMeasureVarh       UnitOfMeasure = "varh"
	UnitOfMeasureKvarh      UnitOfMeasure = "kvarh"
	UnitOfMeasureW          UnitOfMeasure = "W"
	UnitOfMeasureKW         UnitOfMeasure = "kW"
	UnitOfMeasureVA         UnitOfMeasure = "VA"
	UnitOfMeasureKVA        UnitOfMeasure = "kVA"
	UnitOfMeasureVar        UnitOfMeasure = "var"
	UnitOfMeasureKvar       UnitOfMeasure = "kvar"
	UnitOfMeasureA          UnitOfMeasure = "A"
	UnitOfMeasureV          UnitOfMeasure = "V"
	UnitOfMeasureK          UnitOfMeasure = "K"
	UnitOfMeasureCelcius    UnitOfMeasure = "Celcius"
	UnitOfMeasureCelsius    UnitOfMeasure = "Celsius"
	UnitOfMeasureFahrenheit UnitOfMeasure = "Fahrenheit"
	UnitOfMeasurePercent    UnitOfMeasure = "Percent"
)

// Valid is whether s is a value of UnitOfMeasure.
func (s UnitOfMeasure) Valid(ocppj.Version) bool {
	switch s {
	case UnitOfMeasureWh, UnitOfMeasureKWh, UnitOfMeasureVarh, UnitOfMeasureKvarh,
		UnitOfMeasureW, UnitOfMeasureKW, UnitOfMeasureVA, UnitOfMeasureKVA, UnitOfMeasureVar,
		UnitOfMeasureKvar, UnitOfMeasureA, UnitOfMeasureV, UnitOfMeasureK, UnitOfMeasureCelcius,
		UnitOfMeasureCelsius, UnitOfMeasureFahrenheit, UnitOfMeasurePercent:
		return true
	}
	return false
}
