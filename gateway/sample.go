package gateway

import (
	"math"
	"slices"
	"strings"
	"time"

	"gnista/charging"
	"gnista/ocpp/ocppj"
)

// unit is how a unit of measure becomes thousandths of the unit that the domain keeps.
type unit struct {
	scale  float64
	offset float64 // added before scaling
}

// units are those of all versions in small letters, for the measurands that the domain understands.
// Stations write them in other ways than the versions do.
var units = map[string]unit{
	"wh": {scale: 1e3}, "kwh": {scale: 1e6},
	"w": {scale: 1e3}, "kw": {scale: 1e6},
	"a": {scale: 1e3}, "v": {scale: 1e3}, "percent": {scale: 1e3},
	"celsius": {scale: 1e3}, "celcius": {scale: 1e3}, "k": {scale: 1e3, offset: -273.15}, "fahrenheit": {scale: 1e3 / 1.8, offset: -32},
}

// sold are the units of what is paid for, where a guess at another one would be a wrong charge.
var sold = map[string]bool{"": true, "wh": true, "kwh": true}

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

// Sample is r for the domain; not ok when it makes no sense.
func (r Reading) Sample() (s charging.Sample, ok bool) {
	if base, phase, ok := cutPhase(r.Measurand); ok && r.Phase == "" {
		r.Measurand, r.Phase = base, phase
	}
	m, known := measurands[r.Measurand]
	if !known {
		m = charging.Measurand(r.Measurand)
	}
	name := strings.ToLower(strings.TrimSpace(r.Unit))
	if m == charging.EnergyImport && !sold[name] {
		return s, false
	}
	u, known := units[name]
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

// Signed is a signed value that was taken as r says; r's value is none.
func (r Reading) Signed(at time.Time, data string) charging.Signed {
	m, known := measurands[r.Measurand]
	if !known {
		m = charging.Measurand(r.Measurand)
	}
	return charging.Signed{At: at, Context: contexts[r.Context], Measurand: m, Data: data}
}

// cutPhase takes the phase off a measurand that some stations write it behind, as in
// Current.Import.L1 (quirk Q21).
func cutPhase(measurand string) (base, phase string, ok bool) {
	i := strings.LastIndexByte(measurand, '.')
	if i < 0 {
		return measurand, "", false
	}
	base, phase = measurand[:i], measurand[i+1:]
	return base, phase, slices.Contains([]string{"L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"}, phase)
}

// Mistyped tells whether something in a message had the wrong type. Only the first such thing is
// found, so that none of the numbers in it can be relied on: what could not be read is 0.
func Mistyped(found []ocppj.Violation) bool {
	return slices.ContainsFunc(found, func(v ocppj.Violation) bool { return v.Code == ocppj.TypeConstraintViolation })
}
