package charging

import "time"

// Readings are what the energy register showed, in the order of time.
func Readings(samples []Sample) []Reading {
	list := readings(samples)
	out := make([]Reading, len(list))
	for i, r := range list {
		out[i] = r.Reading
	}
	return out
}

// Value is what was measured at one time, in thousandths of the unit.
type Value struct {
	At    time.Time
	Milli int64
}

// Values are what a measurand was over all phases, in the order of the samples, which is that of time:
// the total where the station tells one, else the sum of the phases. Where it is measured at the outlet,
// other places do not count.
func Values(samples []Sample, of Measurand) []Value {
	var list []Value
	var outlet, phased bool
	for _, s := range samples {
		if s.Measurand != of || s.Phase == "N" || outlet && s.Location != Outlet {
			continue
		}
		if s.Location == Outlet && !outlet {
			outlet, list = true, list[:0]
		}
		last := len(list) - 1
		switch {
		case last < 0 || !list[last].At.Equal(s.At):
			list, phased = append(list, Value{s.At, s.Milli}), s.Phase != ""
		case s.Phase == "":
			list[last].Milli, phased = s.Milli, false
		case phased:
			list[last].Milli += s.Milli
		}
	}
	return list
}
