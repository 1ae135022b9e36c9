package charging

import (
	"slices"
	"strings"
	"time"
)

// Measurand is what a sample measures.
type Measurand string

// The measurands that are understood. Others are kept under the station's own name.
const (
	EnergyImport  Measurand = "energy-import" // register, mWh
	PowerImport   Measurand = "power-import"  // mW
	CurrentImport Measurand = "current-import"
	Voltage       Measurand = "voltage"
	SoC           Measurand = "soc"
	Temperature   Measurand = "temperature"
)

// Context is why a sample was taken.
type Context string

// The contexts that make a difference.
const (
	AtBegin Context = "begin" // of the transaction
	AtEnd   Context = "end"   // of the transaction
	Other   Context = ""
)

// Sample is one measured value. Milli is in thousandths of the unit: mWh, mW, mA, mV, m%, m°C.
type Sample struct {
	At        time.Time
	Measurand Measurand
	Phase     string // "L1", "L1-N"…; empty is all of them together
	Location  string // "outlet" where the station says nothing or that; else its word
	Context   Context
	Milli     int64
}

// Outlet is where energy is sold.
const Outlet = "outlet"

// Reading is what the energy register showed.
type Reading struct {
	At  time.Time
	MWh int64
}

// Meter is what is known of the energy register over a transaction: what the station declared for
// its start and end, and the first and last of the readings between. No order of arrival matters.
type Meter struct {
	Begin, End  *Reading
	First, Last *Reading
	Reset       bool // a later reading was lower than an earlier one
	// Counted is what the readings rose by in all, in mWh: an estimate where the register was reset.
	Counted int64
}

// slack is by how much readings of one register may run backwards: stations round them differently.
const slack = 100_000 // mWh

// take enters a reading.
func (m *Meter) take(r Reading) {
	switch {
	case m.First == nil:
		m.First, m.Last = &r, &r
	case !r.At.Before(m.Last.At):
		m.Reset = m.Reset || r.MWh < m.Last.MWh-slack
		m.Counted += max(0, r.MWh-m.Last.MWh)
		m.Last = &r
	case r.At.Before(m.First.At):
		m.Reset = m.Reset || r.MWh > m.First.MWh+slack
		m.First = &r
	default:
		m.Reset = m.Reset || r.MWh < m.First.MWh-slack || r.MWh > m.Last.MWh+slack
	}
}

// between is the energy that the readings show, in mWh, and whether they show any.
func (m *Meter) between() (mWh int64, ok bool) {
	if m.First == nil || m.Last.MWh < m.First.MWh {
		return 0, false
	}
	return m.Last.MWh - m.First.MWh, true
}

// running is the energy so far, in Wh, while there is no end. Some stations count a session from
// zero in the readings and their life in the start value (quirk Q62); then only the readings count.
func (m *Meter) running() int64 {
	if m.Last == nil {
		return 0
	}
	if m.Reset {
		return roundWh(m.estimate())
	}
	if m.Begin != nil && m.Last.MWh >= m.Begin.MWh {
		return roundWh(m.Last.MWh - m.Begin.MWh)
	}
	mWh, _ := m.between()
	return roundWh(mWh)
}

// estimate is the energy of a transaction whose register was reset, in mWh: what it rose by, as far as
// that was seen.
func (m *Meter) estimate() int64 {
	mWh := m.Counted
	if m.First == nil {
		return mWh
	}
	if m.Begin != nil {
		mWh += max(0, m.First.MWh-m.Begin.MWh)
	}
	if m.End != nil {
		mWh += max(0, m.End.MWh-m.Last.MWh)
	}
	return mWh
}

func roundWh(mWh int64) int64 { return (mWh + 500) / 1000 }

// How far declared energy may be from that of the readings between, and from what is possible: more
// than any connector gives, over a time that is a little longer than the station says, as clocks differ.
const (
	toleranceMWh     = 1_000_000 // 1 kWh
	tolerancePercent = 10
	maxPowerW        = 1_000_000
	moreTime         = 6 * time.Minute
)

// possible is the most energy in mWh that a connector of at most maxW gives in a time; 0 is one of which nothing
// is known.
func possible(duration time.Duration, maxW int64) int64 {
	most := int64(maxPowerW)
	if maxW > 0 {
		most = min(most, maxW+maxW/100*tolerancePercent)
	}
	return int64(float64(most) * 1000 * (max(0, duration) + moreTime).Hours())
}

// final is the energy of a transaction that has ended, in Wh, and what is doubtful about it.
func (m *Meter) final(duration time.Duration, maxW int64) (wh int64, reasons []Reason) {
	if m.Reset {
		reasons = append(reasons, MeterReset)
	}
	if m.Begin == nil || m.End == nil {
		return m.running(), append(reasons, MissingReading)
	}
	mWh := m.End.MWh - m.Begin.MWh
	if mWh < 0 && !m.Reset {
		reasons = append(reasons, MeterReset)
	}
	if mWh < 0 || m.Reset {
		return roundWh(m.estimate()), reasons
	}
	if mWh > possible(duration, maxW) {
		reasons = append(reasons, Implausible)
	}
	if m.disagrees(mWh, duration) {
		reasons = append(reasons, MeterDisagrees)
	}
	return roundWh(mWh), reasons
}

// disagrees compares the declared energy with that of the readings between: it may not be less, and
// where the readings cover nearly all of the time it may not be more.
func (m *Meter) disagrees(mWh int64, duration time.Duration) bool {
	sampled, ok := m.between()
	if !ok {
		return false
	}
	tolerance := max(toleranceMWh, mWh/100*tolerancePercent, sampled/100*tolerancePercent)
	covered := m.Last.At.Sub(m.First.At)
	return sampled-mWh > tolerance || covered*10 > duration*9 && mWh-sampled > tolerance
}

// readings picks the energy register out of samples: the total at the outlet, else a total measured
// elsewhere, else the sum of the phases at the outlet, else that of the phases at another place.
func readings(samples []Sample) []contextReading {
	var list []contextReading
	type key struct {
		at      int64
		context Context
	}
	var seen map[key]int // their places, where going through all takes long
	if len(samples) > 32 {
		seen = map[key]int{}
	}
	for _, s := range samples {
		if s.Measurand != EnergyImport {
			continue
		}
		phase := strings.TrimSuffix(s.Phase, "-N")
		rank := 0
		if phase == "N" {
			continue
		}
		if phase != "" {
			rank = 2
		}
		if s.Location != Outlet {
			rank++
		}
		i := -1
		if seen == nil {
			i = slices.IndexFunc(list, func(r contextReading) bool { return r.At.Equal(s.At) && r.context == s.Context })
		} else if at, ok := seen[key{s.At.UnixNano(), s.Context}]; ok {
			i = at
		} else {
			seen[key{s.At.UnixNano(), s.Context}] = len(list)
		}
		switch {
		case i < 0:
			list = append(list, contextReading{Reading{s.At, s.Milli}, s.Context, rank, s.Location, []string{phase}})
		case rank < list[i].rank:
			list[i] = contextReading{Reading{s.At, s.Milli}, s.Context, rank, s.Location, []string{phase}}
		case rank == list[i].rank && phase != "" && s.Location == list[i].location && !slices.Contains(list[i].phases, phase):
			list[i].MWh += s.Milli
			list[i].phases = append(list[i].phases, phase)
		}
	}
	slices.SortStableFunc(list, func(a, b contextReading) int { return a.At.Compare(b.At) })
	return list
}

type contextReading struct {
	Reading
	context  Context
	rank     int // the lowest counts
	location string
	phases   []string // that are in it
}

// total is the latest value of a measurand over all phases, in its milli-unit.
func total(samples []Sample, of Measurand) (milli int64, ok bool) {
	var at time.Time
	var phased bool
	for _, s := range samples {
		if s.Measurand != of || s.Phase == "N" {
			continue
		}
		switch {
		case !ok || s.At.After(at) || s.At.Equal(at) && phased && s.Phase == "":
			milli, at, phased, ok = s.Milli, s.At, s.Phase != "", true
		case s.At.Equal(at) && phased && s.Phase != "":
			milli += s.Milli
		}
	}
	return milli, ok
}
