package tariff

import "fmt"

// Warning is something of a version that can be used, and that somebody should know of before it is.
type Warning struct {
	Field string `json:"field" example:"elements[2].stepSize"`
	Text  string `json:"text"`
}

// Warnings are what should be known of a version before it is used.
func (v Version) Warnings() []Warning {
	var list []Warning
	warn := func(field, format string, args ...any) {
		list = append(list, Warning{field, fmt.Sprintf(format, args...)})
	}
	if v.Net {
		warn("net", "consumers must be shown prices with VAT")
	}
	has := map[Dimension]bool{}
	free := true
	for i, e := range v.Elements {
		field := fmt.Sprintf("elements[%d]", i)
		has[e.Dimension] = true
		free = free && e.Price.Rat().Sign() == 0
		if e.Step > 1 {
			warn(field+".step", "drivers pay for more than they use, and stations that show costs do not know of steps")
		}
		w := e.When
		if w.MinW != nil || w.MaxW != nil || w.MinMilliA != nil || w.MaxMilliA != nil {
			warn(field+".when", "a price that depends on power or current is as exact as what stations measure: one that tells neither is taken to have none")
		}
		if e.Dimension == Idle && e.Grace == 0 && e.Price.Rat().Sign() > 0 && w.MinTime == nil {
			warn(field+".graceMinutes", "drivers pay from the first minute after their car has charged")
		}
	}
	if free && v.Min == "" {
		warn("elements", "all of it is free")
	}
	if !has[Energy] && !free {
		warn("elements", "there is no price for energy; public stations of 50 kW and more must charge for each kWh where drivers pay without a contract")
	}
	if v.Max == "" && has[Idle] && !free {
		warn("max", "there is no limit for a car that is left for days")
	}
	return list
}
