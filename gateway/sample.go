package gateway

import (
	"math"

	"gnista/charging"
)

// unit is how a unit of measure becomes thousandths of the unit that the domain keeps.
type unit struct {
	scale  float64
	offset float64 // added before scaling
}

// units are those of all versions, for the measurands that the domain understands.
var units = map[string]unit{
	"Wh": {scale: 1e3}, "kWh": {scale: 1e6},
	"W": {scale: 1e3}, "kW": {scale: 1e6},
	"A": {scale: 1e3}, "V": {scale: 1e3}, "Percent": {scale: 1e3},
	"Celsius": {scale: 1e3}, "Celcius": {scale: 1e3}, "K": {scale: 1e3, offset: -273.15}, "Fahrenheit": {scale: 1e3 / 1.8, offset: -32},
}

// measurands are the names that the domain has for what all versions measure. Others keep theirs.
var measurands = map[string]charging.Measurand{
	"":                              charging.EnergyImport, // the default of every version
	"Energy.Active.Import.Register": charging.EnergyImport,
	"Power.Active.Import":           charging.PowerImport,
	"Current.Import":                charging.CurrentImport,
	"Voltage":                       charging.Voltage,
	"SoC":                           charging.SoC,
	"Temperature":                   charging.Temperature,
}

// contexts are the reasons for a sample that the domain tells apart.
var contexts = map[string]charging.Context{"Transaction.Begin": charging.AtBegin, "Transaction.End": charging.AtEnd}

// Reading is a measured value as the wire has it, in words that all versions share.
type Reading struct {
	Value                               float64
	Multiplier                          int // power of ten, OCPP 2.x
	Unit                                string
	Measurand, Phase, Location, Context string
}

// Sample is r for the domain; not ok when its value makes no sense.
func (r Reading) Sample() (s charging.Sample, ok bool) {
	m, known := measurands[r.Measurand]
	if !known {
		m = charging.Measurand(r.Measurand)
	}
	u, known := units[r.Unit]
	if !known {
		u = unit{scale: 1e3}
	}
	milli := math.Round((r.Value*math.Pow10(r.Multiplier) + u.offset) * u.scale)
	if !(math.Abs(milli) < 1<<53) { // also when it is not a number
		return s, false
	}
	s = charging.Sample{Measurand: m, Phase: r.Phase, Location: r.Location, Context: contexts[r.Context], Milli: int64(milli)}
	if s.Location == "" || s.Location == "Outlet" {
		s.Location = charging.Outlet
	}
	return s, true
}
