package sim

import "time"

// Reading is what a meter shows at one instant.
type Reading struct {
	At         time.Time
	RegisterWh int64   // Energy.Active.Import.Register
	PowerW     int64   // Power.Active.Import
	CurrentsMA []int64 // Current.Import of L1, L2 and L3; empty for direct current
}

// meter is the energy meter of an EVSE.
type meter struct {
	registerWh int64
	rest       int64 // W·µs that do not make up a Wh yet
	powerW     int64
	at         time.Time // up to when the register has been made up
}

const (
	wattMicroseconds = int64(time.Hour / time.Microsecond) // in a Wh
	phaseVoltage     = 230
)

// run makes up the register until now.
func (m *meter) run(now time.Time) {
	passed := now.Sub(m.at)
	if passed <= 0 {
		return // the clock was set back
	}
	m.rest += m.powerW * passed.Microseconds()
	m.registerWh += m.rest / wattMicroseconds
	m.rest %= wattMicroseconds
	m.at = now
}

// draw sets the power from now on.
func (m *meter) draw(now time.Time, powerW int64) {
	m.run(now)
	m.powerW = powerW
}

// read reads the meter; phases is the number of those that it has, 0 for direct current, and used that of
// those that the power comes on.
func (m *meter) read(now time.Time, phases, used int) Reading {
	m.run(now)
	r := Reading{At: now, RegisterWh: m.registerWh, PowerW: m.powerW}
	for i := range phases {
		mA := int64(0)
		if i < used {
			mA = m.powerW * 1000 / int64(phaseVoltage*used)
		}
		r.CurrentsMA = append(r.CurrentsMA, mA)
	}
	return r
}
