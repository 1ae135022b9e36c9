package power

import (
	"fmt"
	"slices"
	"time"

	"gnista"
	"gnista/station"
)

// Supply is how a place is connected, which turns A into W and back. It is told by whoever installs a
// profile; nothing is guessed.
type Supply struct {
	VoltageV int `json:"voltageV,omitempty" minimum:"0" maximum:"1500" doc:"Of each phase to neutral"`
	Phases   int `json:"phases,omitempty" minimum:"0" maximum:"3" doc:"Of periods that do not say"`
}

// convert turns a value into another unit exactly, and then down to a tenth: a limit never grows.
func (s Supply) convert(m Milli, from, to Unit, phases int) Milli {
	factor := Milli(s.VoltageV * phases)
	if from == Ampere && to == Watt {
		m *= factor
	} else if from == Watt && to == Ampere {
		m = floor(m, factor)
	}
	return floor(m, 100) * 100
}

// floor is a divided by b, rounded down.
func floor(a, b Milli) Milli {
	q := a / b
	if a%b != 0 && a < 0 {
		q--
	}
	return q
}

// adapt makes p such that a station whose model has those facts applies it, and tells what it changed.
// It makes no limit greater. Invalid, Unsupported.
func (p *Profile) adapt(f station.PowerFacts, s Supply, now time.Time) (done []string, err error) {
	if p.Purpose == StationMax && f.NoStationMax {
		return nil, gnista.Errorf(gnista.Unsupported, "stations of this model accept profiles for the station as a whole and do not apply them; limit its EVSEs by default profiles")
	}
	if f.MaxStackLevel != nil && p.StackLevel > *f.MaxStackLevel {
		done = append(done, fmt.Sprintf("stack level %d instead of %d: the model has no higher", *f.MaxStackLevel, p.StackLevel))
		p.StackLevel = *f.MaxStackLevel
	}
	if f.OnlyRelative && p.Kind != Relative {
		if err := p.makeRelative(now); err != nil {
			return nil, err
		}
		done = append(done, "relative to the start of the transaction: the model knows no other")
	}
	for i := range p.Schedules {
		more, err := p.Schedules[i].adapt(f, s, fmt.Sprintf("profile.schedules[%d].", i))
		if err != nil {
			return nil, err
		}
		done = append(done, more...)
	}
	return done, nil
}

// makeRelative makes a profile that says the same at all times relative, which changes nothing.
func (p *Profile) makeRelative(now time.Time) error {
	for i, s := range p.Schedules {
		started := s.Start != nil && !s.Start.After(now)
		if p.Purpose == StationMax || p.Kind == Dynamic || !started || s.Duration > 0 || len(s.Periods) > 1 {
			return gnista.Errorf(gnista.Unsupported, "stations of this model take relative profiles only; schedule %d changes by the clock, or is for the station as a whole", i)
		}
	}
	p.Kind = Relative
	for i := range p.Schedules {
		p.Schedules[i].Start = nil
	}
	return nil
}

func (s *Schedule) adapt(f station.PowerFacts, supply Supply, path string) (done []string, err error) {
	if to := Unit(f.OnlyUnit); to != "" && s.Unit != to {
		if err := s.turn(to, supply, path); err != nil {
			return nil, err
		}
		done = append(done, fmt.Sprintf("in %s at %d V: the model applies no other unit", to, supply.VoltageV))
	}
	for i := range s.Periods {
		for _, m := range s.Periods[i].limits() {
			if m == nil {
				continue
			}
			why, err := fit(f, m, s.Unit)
			if err != nil {
				return nil, gnista.Invalidf(fmt.Sprintf("%speriods[%d].limit", path, i), "%v", err)
			}
			if why != "" && !slices.Contains(done, why) {
				done = append(done, why)
			}
		}
	}
	if f.InPast > 0 && s.Start != nil {
		s.shift(int(f.InPast / time.Second))
		done = append(done, fmt.Sprintf("beginning %v earlier: the model is late otherwise", f.InPast))
	}
	return done, nil
}

// turn puts all values of a schedule into another unit.
func (s *Schedule) turn(to Unit, supply Supply, path string) error {
	if supply.VoltageV <= 0 {
		return gnista.Invalidf("supply.voltageV", "is needed: stations of this model take %s only", to)
	}
	for i := range s.Periods {
		x := &s.Periods[i]
		phases := x.Phases
		if phases == 0 {
			phases = supply.Phases
		}
		if phases == 0 {
			return gnista.Invalidf(fmt.Sprintf("%speriods[%d].phases", path, i), "is needed, here or in supply: stations of this model take %s only", to)
		}
		if some([]*Milli{x.LimitL2, x.LimitL3}) || some(x.discharges()) || some(x.setpoints()) || some(x.reactives()) {
			return gnista.Errorf(gnista.Unsupported, "stations of this model take %s only; say so yourself where there is more than a limit", to)
		}
		if x.Limit != nil {
			v := supply.convert(*x.Limit, s.Unit, to, phases)
			x.Limit = &v
		}
		if i == 0 && s.MinRate != nil {
			v := supply.convert(*s.MinRate, s.Unit, to, phases)
			s.MinRate = &v
		}
	}
	s.Unit = to
	return nil
}

// shift makes a schedule begin earlier by some seconds and say the same.
func (s *Schedule) shift(seconds int) {
	start := s.Start.Add(-time.Duration(seconds) * time.Second)
	s.Start = &start
	if s.Duration > 0 {
		s.Duration += seconds
	}
	for i := range s.Periods {
		if i > 0 {
			s.Periods[i].Start += seconds
		}
	}
}

// fit lowers a limit to one that the model can have, and says why.
func fit(f station.PowerFacts, m *Milli, u Unit) (why string, err error) {
	if *m == 0 {
		if f.NoZero || f.MinA > 0 {
			return "", gnista.Errorf(gnista.Invalid, "is 0, at which stations of this model end the transaction; stop it instead")
		}
		return "", nil
	}
	if u != Ampere {
		return "", nil
	}
	if *m < Milli(f.MinA)*1000 {
		return "", gnista.Errorf(gnista.Invalid, "is less than the %d A that stations of this model need", f.MinA)
	}
	if len(f.CurrentsA) == 0 {
		return "", nil
	}
	lower := -1
	for _, a := range f.CurrentsA {
		if Milli(a)*1000 <= *m {
			lower = max(lower, a)
		}
	}
	if lower < 0 {
		return "", gnista.Errorf(gnista.Invalid, "is less than any of the currents %v A that stations of this model know", f.CurrentsA)
	}
	if v := Milli(lower) * 1000; v != *m {
		*m = v
		return fmt.Sprintf("lowered to one of the currents %v A that the model knows", f.CurrentsA), nil
	}
	return "", nil
}
