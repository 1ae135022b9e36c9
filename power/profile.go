package power

import (
	"fmt"
	"slices"
	"time"

	"gnista"
)

// Purpose is what a profile limits.
type Purpose string

// The purposes.
const (
	StationMax      Purpose = "station-max"      // the station as a whole
	Default         Purpose = "default"          // transactions that have no profile of their own
	Transaction     Purpose = "transaction"      // one transaction
	Priority        Purpose = "priority"         // transactions that are given priority (OCPP 2.1)
	LocalGeneration Purpose = "local-generation" // adds what is generated on the spot (OCPP 2.1)
	External        Purpose = "external"         // set by somebody else; reported only (OCPP 2.x)
)

// Kind is what the start of a profile's schedules refers to.
type Kind string

// The kinds.
const (
	Absolute Kind = "absolute"
	Daily    Kind = "daily"
	Weekly   Kind = "weekly"
	Relative Kind = "relative" // to the start of the transaction
	Dynamic  Kind = "dynamic"  // its values are told as they change (OCPP 2.1)
)

// Unit is what a limit is in.
type Unit string

// The units.
const (
	Ampere Unit = "A" // for each phase
	Watt   Unit = "W" // in all
)

// Mode is who decides on the power, and in which direction (OCPP 2.1 Q). Empty is ChargingOnly.
type Mode string

// The modes.
const (
	Idle               Mode = "idle"
	ChargingOnly       Mode = "charging-only"
	CentralSetpoint    Mode = "central-setpoint"
	ExternalSetpoint   Mode = "external-setpoint"
	ExternalLimits     Mode = "external-limits"
	CentralFrequency   Mode = "central-frequency"
	LocalFrequency     Mode = "local-frequency"
	LocalLoadBalancing Mode = "local-load-balancing"
)

// Profile is a charging profile: limits over time, for a purpose. Of those of one purpose that hold at
// a time, the one with the highest stack level does.
type Profile struct {
	ID          int        `json:"id,omitempty" minimum:"0" doc:"Its number on the station; absent: the next free one"`
	Purpose     Purpose    `json:"purpose" enum:"station-max,default,transaction,priority,local-generation,external" doc:"external is reported by stations only"`
	Kind        Kind       `json:"kind" enum:"absolute,daily,weekly,relative,dynamic" doc:"relative: to the start of the transaction; dynamic: OCPP 2.1"`
	StackLevel  int        `json:"stackLevel,omitempty" minimum:"0" doc:"Of several profiles of one purpose the highest holds"`
	ValidFrom   *time.Time `json:"validFrom,omitempty"`
	ValidTo     *time.Time `json:"validTo,omitempty"`
	Schedules   []Schedule `json:"schedules" minItems:"1" maxItems:"3" nullable:"false" doc:"More than one only where the car chooses (OCPP 2.x with ISO 15118)"`
	UpdateEvery int        `json:"updateEverySeconds,omitempty" minimum:"0" doc:"Dynamic: how often the station asks for values (OCPP 2.1)"`
	MaxOffline  int        `json:"maxOfflineSeconds,omitempty" minimum:"0" doc:"After so long offline it does not hold (OCPP 2.1)"`
	EndsOffline bool       `json:"endsOffline,omitempty" doc:"Having been offline so long ends it for good (OCPP 2.1)"`
}

// Schedule is limits over time.
type Schedule struct {
	ID          int         `json:"id,omitempty" minimum:"0"`
	Unit        Unit        `json:"unit" enum:"A,W" doc:"A: of each phase; W: in all"`
	Start       *time.Time  `json:"start,omitempty" doc:"Needed in absolute, daily and weekly profiles, and only there"`
	Duration    int         `json:"durationSeconds,omitempty" minimum:"0" doc:"Absent: without end"`
	MinRate     *Milli      `json:"minRate,omitempty" minimum:"0" doc:"In unit: below this charging makes no sense"`
	Periods     []Period    `json:"periods" minItems:"1" maxItems:"1024" nullable:"false"`
	RandomDelay int         `json:"randomDelaySeconds,omitempty" minimum:"0" doc:"Most by which the station delays a change, at random (OCPP 2.1)"`
	Tolerance   *Milli      `json:"powerTolerance,omitempty" doc:"In W (OCPP 2.1)"`
	LimitAtSoC  *LimitAtSoC `json:"limitAtSoC,omitempty" doc:"OCPP 2.1"`
	LocalTime   bool        `json:"localTime,omitempty" doc:"Its start is by the station's own clock, whatever its zone (OCPP 2.1)"`
}

// LimitAtSoC is a limit from a state of charge on.
type LimitAtSoC struct {
	SoC   int   `json:"soc" minimum:"0" maximum:"100" doc:"In percent"`
	Limit Milli `json:"limit" minimum:"0" doc:"In the unit of the schedule"`
}

// Period is a part of a schedule, until the next one begins.
type Period struct {
	Start  int `json:"startSeconds" minimum:"0" doc:"From the start of the schedule; the first is 0"`
	Phases int `json:"phases,omitempty" minimum:"0" maximum:"3" doc:"Absent: 3, as far as there are"`
	Phase  int `json:"phase,omitempty" minimum:"0" maximum:"3" doc:"The one phase to use, with phases 1 (OCPP 2.x)"`
	Values
	Mode         Mode         `json:"mode,omitempty" enum:"idle,charging-only,central-setpoint,external-setpoint,external-limits,central-frequency,local-frequency,local-load-balancing" doc:"Absent: charging-only (OCPP 2.1)"`
	Baseline     *Milli       `json:"baseline,omitempty" doc:"W that the curves add to (OCPP 2.1)"`
	FreqWatt     []FreqWatt   `json:"freqWatt,omitempty" maxItems:"20" doc:"OCPP 2.1"`
	SignalWatt   []SignalWatt `json:"signalWatt,omitempty" maxItems:"20" doc:"OCPP 2.1"`
	Precondition bool         `json:"precondition,omitempty" doc:"Have the battery brought to its best temperature (OCPP 2.1)"`
	Sleep        bool         `json:"sleep,omitempty" doc:"Let the EVSE sleep while it is idle (OCPP 2.1)"`
}

// Values are limits and setpoints in the unit of their schedule. Those of L1 are of all phases where
// the others are absent.
type Values struct {
	Limit            *Milli `json:"limit,omitempty" minimum:"0" doc:"Most that may be taken"`
	LimitL2          *Milli `json:"limitL2,omitempty" minimum:"0"`
	LimitL3          *Milli `json:"limitL3,omitempty" minimum:"0"`
	DischargeLimit   *Milli `json:"dischargeLimit,omitempty" maximum:"0" doc:"Most that may be given back, negative (OCPP 2.1)"`
	DischargeLimitL2 *Milli `json:"dischargeLimitL2,omitempty" maximum:"0"`
	DischargeLimitL3 *Milli `json:"dischargeLimitL3,omitempty" maximum:"0"`
	Setpoint         *Milli `json:"setpoint,omitempty" doc:"What is to be taken; negative is given back (OCPP 2.1)"`
	SetpointL2       *Milli `json:"setpointL2,omitempty"`
	SetpointL3       *Milli `json:"setpointL3,omitempty"`
	Reactive         *Milli `json:"reactive,omitempty" doc:"Reactive power or current (OCPP 2.1)"`
	ReactiveL2       *Milli `json:"reactiveL2,omitempty"`
	ReactiveL3       *Milli `json:"reactiveL3,omitempty"`
}

// FreqWatt is a point of a curve of power over frequency.
type FreqWatt struct {
	Frequency Milli `json:"frequency" doc:"In Hz"`
	Power     Milli `json:"power" doc:"In W"`
}

// SignalWatt is a point of a curve of power over a signal.
type SignalWatt struct {
	Signal int   `json:"signal"`
	Power  Milli `json:"power" doc:"In W"`
}

func (v *Values) limits() []*Milli { return []*Milli{v.Limit, v.LimitL2, v.LimitL3} }
func (v *Values) discharges() []*Milli {
	return []*Milli{v.DischargeLimit, v.DischargeLimitL2, v.DischargeLimitL3}
}
func (v *Values) setpoints() []*Milli { return []*Milli{v.Setpoint, v.SetpointL2, v.SetpointL3} }
func (v *Values) reactives() []*Milli { return []*Milli{v.Reactive, v.ReactiveL2, v.ReactiveL3} }

func some(list []*Milli) bool {
	return slices.ContainsFunc(list, func(m *Milli) bool { return m != nil })
}

// check tells what is wrong with values in themselves, naming the field below path.
func (v *Values) check(path string) error {
	for name, list := range map[string][]*Milli{"limit": v.limits(), "dischargeLimit": v.discharges(), "setpoint": v.setpoints(), "reactive": v.reactives()} {
		for i, m := range list {
			if m == nil {
				continue
			}
			field := path + name + []string{"", "L2", "L3"}[i]
			switch {
			case !m.tenth():
				return gnista.Invalidf(field, "has more than one decimal")
			case name == "limit" && *m < 0:
				return gnista.Invalidf(field, "is negative")
			case name == "dischargeLimit" && *m > 0:
				return gnista.Invalidf(field, "is positive; what is given back is negative")
			}
		}
	}
	return nil
}

// empty tells whether nothing is said.
func (v *Values) empty() bool {
	return !some(v.limits()) && !some(v.discharges()) && !some(v.setpoints()) && !some(v.reactives())
}

// Span is the time after which a recurring profile starts again; 0 for the others.
func (k Kind) Span() time.Duration {
	switch k {
	case Daily:
		return 24 * time.Hour
	case Weekly:
		return 7 * 24 * time.Hour
	}
	return 0
}

// maxPeriods is the most periods of a schedule. (OCPP 2.x ChargingScheduleType)
const maxPeriods = 1024

// Check tells what is wrong with a profile that is to be installed at an EVSE, 0 being the station.
// Invalid.
func (p *Profile) Check(evse int) error {
	switch p.Purpose {
	case StationMax: // OCPP 1.6 §3.13.1, OCPP 2.x K01.FR.38
		if evse != 0 {
			return gnista.Invalidf("evse", "must be 0 for a profile of the station as a whole")
		}
		if p.Kind == Relative {
			return gnista.Invalidf("profile.kind", "a profile of the station as a whole cannot be relative: it has no transaction")
		}
	case Transaction: // OCPP 2.x K01.FR.16
		if evse == 0 {
			return gnista.Invalidf("evse", "must be that of the transaction")
		}
	case Default, Priority, LocalGeneration:
	case External: // OCPP 2.x K01.FR.22, K02.FR.07
		return gnista.Invalidf("profile.purpose", "external limits are set by others, not by the operator")
	default:
		return gnista.Invalidf("profile.purpose", "%q is none", p.Purpose)
	}
	if p.Purpose == LocalGeneration && evse != 0 {
		return gnista.Invalidf("evse", "must be 0 for what is generated on the spot")
	}
	if !slices.Contains([]Kind{Absolute, Daily, Weekly, Relative, Dynamic}, p.Kind) {
		return gnista.Invalidf("profile.kind", "%q is none", p.Kind)
	}
	for field, n := range map[string]int{"id": p.ID, "stackLevel": p.StackLevel, "updateEverySeconds": p.UpdateEvery, "maxOfflineSeconds": p.MaxOffline} {
		if n < 0 || n > maxNumber {
			return gnista.Invalidf("profile."+field, "is not from 0 to %d", maxNumber)
		}
	}
	if p.ValidFrom != nil && p.ValidTo != nil && !p.ValidTo.After(*p.ValidFrom) {
		return gnista.Invalidf("profile.validTo", "is not after validFrom")
	}
	if p.UpdateEvery > 0 && p.Kind != Dynamic { // OCPP 2.1 K01.FR.122, K28.FR.04
		return gnista.Invalidf("profile.updateEverySeconds", "is for dynamic profiles only")
	}
	if n := len(p.Schedules); n < 1 || n > 3 {
		return gnista.Invalidf("profile.schedules", "must be one to three")
	}
	if p.Kind == Dynamic && (len(p.Schedules) > 1 || len(p.Schedules[0].Periods) > 1) { // OCPP 2.1 K28.FR.01
		return gnista.Invalidf("profile.schedules", "a dynamic profile has one schedule with one period")
	}
	ids := map[int]bool{}
	for i := range p.Schedules {
		s := &p.Schedules[i]
		if s.ID != 0 && ids[s.ID] {
			return gnista.Invalidf(fmt.Sprintf("profile.schedules[%d].id", i), "is that of another schedule")
		}
		ids[s.ID] = true
		if err := p.checkSchedule(fmt.Sprintf("profile.schedules[%d].", i), s); err != nil {
			return err
		}
	}
	return nil
}

// maxNumber is the greatest number that every station can take.
const maxNumber = 1<<31 - 1

func (p *Profile) checkSchedule(path string, s *Schedule) error {
	if s.Unit != Ampere && s.Unit != Watt {
		return gnista.Invalidf(path+"unit", "%q is not A or W", s.Unit)
	}
	for field, n := range map[string]int{"id": s.ID, "durationSeconds": s.Duration, "randomDelaySeconds": s.RandomDelay} {
		if n < 0 || n > maxNumber {
			return gnista.Invalidf(path+field, "is not from 0 to %d", maxNumber)
		}
	}
	switch p.Kind {
	case Absolute, Daily, Weekly:
		if s.Start == nil { // OCPP 2.x K01.FR.40
			return gnista.Invalidf(path+"start", "is needed in a profile of kind %s", p.Kind)
		}
		if span := p.Kind.Span(); span > 0 && time.Duration(s.Duration)*time.Second > span {
			return gnista.Invalidf(path+"durationSeconds", "is longer than the %v after which a profile of kind %s starts again", span, p.Kind)
		}
	case Relative: // OCPP 2.x K01.FR.41
		if s.Start != nil {
			return gnista.Invalidf(path+"start", "cannot be said in a relative profile")
		}
	}
	if p.Purpose == Priority && s.Duration > 0 { // OCPP 2.1 K01.FR.70
		return gnista.Invalidf(path+"durationSeconds", "cannot be said in a profile for priority, which lasts as long as the transaction")
	}
	if s.RandomDelay > 0 && p.Purpose != Transaction && p.Purpose != Default { // OCPP 2.1 K01.FR.95
		return gnista.Invalidf(path+"randomDelaySeconds", "is for profiles of transactions only")
	}
	if s.MinRate != nil && (*s.MinRate < 0 || !s.MinRate.tenth()) {
		return gnista.Invalidf(path+"minRate", "is negative or has more than one decimal")
	}
	if l := s.LimitAtSoC; l != nil && (l.SoC < 0 || l.SoC > 100 || l.Limit < 0) {
		return gnista.Invalidf(path+"limitAtSoC", "is not a limit at 0 to 100 percent")
	}
	if n := len(s.Periods); n < 1 || n > maxPeriods {
		return gnista.Invalidf(path+"periods", "must be 1 to %d", maxPeriods)
	}
	for i := range s.Periods {
		if err := p.checkPeriod(fmt.Sprintf("%speriods[%d].", path, i), s, i); err != nil {
			return err
		}
	}
	return nil
}

func (p *Profile) checkPeriod(path string, s *Schedule, i int) error {
	x := &s.Periods[i]
	switch {
	case i == 0 && x.Start != 0: // OCPP 2.x K01.FR.31, K28.FR.02
		return gnista.Invalidf(path+"startSeconds", "must be 0 in the first period")
	case i > 0 && x.Start <= s.Periods[i-1].Start: // OCPP 2.x K01.FR.35
		return gnista.Invalidf(path+"startSeconds", "is not after that of the period before")
	case x.Start > maxNumber:
		return gnista.Invalidf(path+"startSeconds", "is more than %d", maxNumber)
	case s.Duration > 0 && x.Start >= s.Duration: // OCPP 2.x K01.FR.11: it would never be reached
		return gnista.Invalidf(path+"startSeconds", "is not before the end of the schedule")
	case x.Phases < 0 || x.Phases > 3:
		return gnista.Invalidf(path+"phases", "is not from 1 to 3")
	case x.Phase < 0 || x.Phase > 3:
		return gnista.Invalidf(path+"phase", "is not from 1 to 3")
	case x.Phase > 0 && x.Phases != 1: // OCPP 2.x K01.FR.19
		return gnista.Invalidf(path+"phase", "is for periods with phases 1 only")
	}
	if err := x.Values.check(path); err != nil {
		return err
	}
	back := some(x.discharges()) || some(x.setpoints()) || some(x.reactives())
	switch x.Mode {
	case "", ChargingOnly:
		if back { // OCPP 2.1 Q02.FR.02
			return gnista.Invalidf(path+"mode", "a car that only charges has a limit and nothing else; name a mode that has setpoints")
		}
		if x.Limit == nil {
			return gnista.Invalidf(path+"limit", "is needed where a car charges")
		}
	case CentralSetpoint: // OCPP 2.1 Q03.FR.02
		if some(x.limits()) || some(x.discharges()) {
			return gnista.Invalidf(path+"mode", "with central-setpoint there are setpoints and no limits")
		}
		if x.Setpoint == nil {
			return gnista.Invalidf(path+"setpoint", "is needed with central-setpoint")
		}
	case Idle, ExternalSetpoint, ExternalLimits, CentralFrequency, LocalFrequency, LocalLoadBalancing:
	default:
		return gnista.Invalidf(path+"mode", "%q is none", x.Mode)
	}
	if p.Purpose == Priority && x.Mode != "" && x.Mode != ChargingOnly { // OCPP 2.1 K01.FR.71
		return gnista.Invalidf(path+"mode", "must be charging-only in a profile for priority")
	}
	if x.Sleep && x.Mode != Idle {
		return gnista.Invalidf(path+"sleep", "is for periods of mode idle only")
	}
	return nil
}
