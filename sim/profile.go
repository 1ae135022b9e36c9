package sim

import (
	"context"
	"math"
	"slices"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// profile is a charging profile that the station has. OCPP 1.6 has the same in fewer words.
type profile struct {
	evse   int                       // 0 is the station, and a default for all its EVSEs
	source ocpp2.ChargingLimitSource // who has set it
	ocpp2.ChargingProfile
	set time.Time
}

// Reasons why a profile is not taken, as OCPP 2.x names them.
const (
	duplicateProfile = "DuplicateProfile"
	invalidProfile   = "InvalidProfile"
	invalidSchedule  = "InvalidSchedule"
)

// setProfile takes in a charging profile of the central system and says why not, if it does not; empty
// is that it does. (OCPP 1.6 §5.16, OCPP 2.x K01)
func (l *link) setProfile(evse int, p ocpp2.ChargingProfile) (refusal string) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal = s.judgeProfile(evse, p); refusal != "" {
		return refusal
	}
	if p.ChargingProfileKind == ocpp2.ChargingProfileKindDynamic && p.DynUpdateTime == nil { // OCPP 2.1 K28.FR.05
		now := instant(s.Now())
		p.DynUpdateTime = &now
	}
	k := s.memory()
	k.profiles = slices.DeleteFunc(k.profiles, func(x *profile) bool { // OCPP 2.x K01.FR.05
		return x.ID == p.ID || s.traits.protocol == ocppj.V16 && x.evse == evse && x.StackLevel == p.StackLevel && x.ChargingProfilePurpose == p.ChargingProfilePurpose
	})
	x := &profile{evse: evse, source: ocpp2.ChargingLimitSourceCSO, ChargingProfile: p, set: s.Now()}
	k.profiles = append(k.profiles, x)
	l.afterwards(func(context.Context) { s.relimit() })
	if p.ChargingProfilePurpose == ocpp2.ChargingProfilePurposeTxProfile && s.traits.ownNames {
		l.afterwards(func(ctx context.Context) { s.note("the schedule of a car", s.plan(ctx, s.evses[evse-1], p)) })
	}
	if p.DynUpdateInterval != nil && *p.DynUpdateInterval > 0 {
		l.afterwards(func(ctx context.Context) { s.pull(ctx, x) })
	}
	return ""
}

// judgeProfile says what is wrong with a profile; empty is nothing. mu is held.
func (s *Station) judgeProfile(evse int, p ocpp2.ChargingProfile) string {
	var t *transaction
	if evse > 0 && evse <= len(s.evses) {
		t = s.evses[evse-1].transaction
	}
	inTransaction := p.ChargingProfilePurpose == ocpp2.ChargingProfilePurposeTxProfile
	switch {
	case evse < 0 || evse > len(s.evses): // K01.FR.28
		return "UnknownEvse"
	case p.StackLevel < 0 || p.StackLevel > maxStack:
		return "InvalidStackLevel"
	case p.ChargingProfilePurpose == ocpp2.ChargingProfilePurposeChargingStationExternalConstraints: // K01.FR.22
		return "UnsupportedPurpose"
	case inTransaction && t == nil: // K01.FR.09, K01.FR.16
		return "TxNotFound"
	case inTransaction && p.TransactionID == "" && s.traits.ownNames: // K01.FR.03
		return "MissingParam"
	case inTransaction && p.TransactionID != "" && p.TransactionID != t.name: // K01.FR.33
		return "TxNotFound"
	case !inTransaction && p.TransactionID != "":
		return invalidProfile
	case p.ChargingProfilePurpose == ocpp2.ChargingProfilePurposeChargingStationMaxProfile &&
		(evse != 0 || p.ChargingProfileKind == ocpp2.ChargingProfileKindRelative): // K01.FR.38
		return invalidProfile
	case p.ChargingProfileKind == ocpp2.ChargingProfileKindRecurring && p.RecurrencyKind == "":
		return invalidProfile
	case p.ChargingProfileKind != ocpp2.ChargingProfileKindDynamic && (p.DynUpdateInterval != nil || p.DynUpdateTime != nil): // K28.FR.04
		return invalidProfile
	}
	for _, schedule := range p.ChargingSchedule {
		if !goodSchedule(p, schedule) {
			return invalidSchedule
		}
		for _, period := range schedule.ChargingSchedulePeriod {
			if refusal := s.judgePeriod(period); refusal != "" {
				return refusal
			}
		}
	}
	if s.kept == nil {
		return ""
	}
	if len(s.kept.profiles) >= profileCount && !slices.ContainsFunc(s.kept.profiles, func(x *profile) bool { return x.ID == p.ID }) {
		return "TooManyElements"
	}
	for _, x := range s.kept.profiles {
		switch {
		case x.ID == p.ID && x.ChargingProfilePurpose == ocpp2.ChargingProfilePurposeChargingStationExternalConstraints: // K01.FR.05
			return "InvalidProfileId"
		case s.traits.protocol != ocppj.V16 && x.ID != p.ID && rivals(x, evse, p): // K01.FR.06, K01.FR.39, K01.FR.52, K01.FR.53
			return duplicateProfile
		}
	}
	return ""
}

// goodSchedule tells whether a schedule can be followed. OCPP 2.x K01.FR.31, K01.FR.35, K01.FR.40,
// K01.FR.41, K28.FR.01–03.
func goodSchedule(p ocpp2.ChargingProfile, c ocpp2.ChargingSchedule) bool {
	periods := c.ChargingSchedulePeriod
	ordered := slices.IsSortedFunc(periods, func(a, b ocpp2.ChargingSchedulePeriod) int { return a.StartPeriod - b.StartPeriod })
	if len(periods) == 0 || len(periods) > periodCount || periods[0].StartPeriod != 0 || !ordered {
		return false
	}
	priority := p.ChargingProfilePurpose == ocpp2.ChargingProfilePurposePriorityCharging
	switch {
	case c.UseLocalTime != nil && *c.UseLocalTime, c.RandomizedDelay != nil && *c.RandomizedDelay > 0, c.LimitAtSoC != nil, // K01.FR.123–125
		priority && c.Duration != nil: // K01.FR.70
		return false
	}
	switch p.ChargingProfileKind {
	case ocpp2.ChargingProfileKindAbsolute, ocpp2.ChargingProfileKindRecurring:
		return c.StartSchedule != nil
	case ocpp2.ChargingProfileKindDynamic:
		return len(periods) == 1 && len(p.ChargingSchedule) == 1
	}
	return c.StartSchedule == nil
}

// judgePeriod says what the station cannot do of a period; empty is nothing. mu is held.
func (s *Station) judgePeriod(p ocpp2.ChargingSchedulePeriod) string {
	switch {
	case p.NumberPhases != nil && s.Phases == 0 && s.traits.protocol != ocppj.V16, p.PhaseToUse != nil && s.Phases == 0: // K01.FR.44
		return "NoPhaseForDC"
	case p.PhaseToUse != nil, p.EVSESleep != nil && *p.EVSESleep: // K01.FR.48, K01.FR.126
		return invalidSchedule
	}
	switch p.OperationMode {
	case "", ocpp2.OperationModeIdle, ocpp2.OperationModeChargingOnly, ocpp2.OperationModeCentralSetpoint:
		return ""
	case ocpp2.OperationModeCentralFrequency:
		if len(p.V2XSignalWattCurve) == 0 && p.Setpoint == nil {
			return "NoSignalWattCurve"
		}
		return ""
	}
	return "InvalidOperationMode"
}

// rivals tells whether two profiles would apply in the same place at the same time with the same right.
func rivals(x *profile, evse int, p ocpp2.ChargingProfile) bool {
	if x.ChargingProfilePurpose != p.ChargingProfilePurpose || x.StackLevel != p.StackLevel || x.TransactionID != p.TransactionID {
		return false
	}
	if x.evse != evse && (p.ChargingProfilePurpose != ocpp2.ChargingProfilePurposeTxDefaultProfile || x.evse != 0 && evse != 0) {
		return false
	}
	before := func(a, b *ocppj.DateTime) bool { return a != nil && b != nil && !a.After(b.Time) }
	return !before(x.ValidTo, p.ValidFrom) && !before(p.ValidTo, x.ValidFrom)
}

// relimit holds the power at all EVSEs to the profiles as they are now, and sees to it that this is
// done again when they say something else.
func (s *Station) relimit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		return
	}
	now := s.Now()
	for _, e := range s.evses {
		t := e.transaction
		if t == nil {
			continue
		}
		was, allowed := e.meter.powerW, s.allowedW(e, now)
		s.feed(e)
		switch {
		case t.activity == StatusCharging && allowed == 0:
			t.limited = true
			s.start(func(ctx context.Context) { s.note("a charging profile", s.setActivity(ctx, e.id, StatusSuspendedEVSE)) })
		case t.limited && t.activity == StatusSuspendedEVSE && allowed > 0:
			t.limited = false
			s.start(func(ctx context.Context) { s.note("a charging profile", s.setActivity(ctx, e.id, StatusCharging)) })
		case t.activity == StatusCharging && s.traits.activities && s.significant(was, e.meter.powerW):
			r := s.read(e)
			s.enqueue(e, t, message{Event: Event{Kind: Updated}, reading: &r, cause: causeRate})
		}
	}
	if s.kept.wake != nil {
		s.kept.wake()
		s.kept.wake = nil
	}
	if next := s.nextChange(now); !next.IsZero() {
		ctx, wake := context.WithCancel(s.ctx)
		s.kept.wake = wake
		s.start(func(context.Context) {
			if sleep(ctx, next.Sub(now)) {
				s.relimit()
			}
		})
	}
}

// significant tells whether a change of power is one that is told. mu is held.
func (s *Station) significant(was, is int64) bool {
	percent := number(s.holds("SmartChargingCtrlr", "LimitChangeSignificance"))
	return was != is && math.Abs(float64(is-was))*100 >= percent*float64(max(was, 1))
}

// allowedW is the most that an EVSE may give at an instant. Cars that charge at once share what the
// station may take. mu is held.
func (s *Station) allowedW(e *evse, at time.Time) int64 {
	most := s.maxPowerW()
	if s.kept == nil || len(s.kept.profiles) == 0 {
		return most
	}
	charging := int64(0)
	for _, other := range s.evses {
		if other.transaction != nil {
			charging++
		}
	}
	if limit, ok := s.limitOf(s.whole, at); ok {
		most = min(most, limit/max(charging, 1))
	}
	if limit, ok := s.limitOf(e, at); ok {
		most = min(most, limit)
	}
	return max(most, 0)
}

// limitOf is the limit in W that profiles set an EVSE, or with EVSE 0 the station as a whole. mu is
// held. OCPP 1.6 §3.13.3; OCPP 2.x K01.FR.17, K21.FR.04.
func (s *Station) limitOf(e *evse, at time.Time) (limit int64, ok bool) {
	hold := func(p *profile) {
		if w, there := s.profileW(p, e, at); there && (!ok || w < limit) {
			limit, ok = w, true
		}
	}
	if e == s.whole {
		hold(s.ruling(e, at, ocpp2.ChargingProfilePurposeChargingStationMaxProfile))
		hold(s.ruling(e, at, ocpp2.ChargingProfilePurposeChargingStationExternalConstraints))
		if p := s.ruling(e, at, ocpp2.ChargingProfilePurposeLocalGeneration); ok && p != nil { // OCPP 2.1 K23: what is made on the spot comes on top
			w, _ := s.profileW(p, e, at)
			limit += w
		}
		return limit, ok
	}
	hold(s.ruling(e, at, ocpp2.ChargingProfilePurposeChargingStationExternalConstraints))
	if t := e.transaction; t != nil && t.priority {
		if p := s.ruling(e, at, ocpp2.ChargingProfilePurposePriorityCharging); p != nil {
			hold(p)
			return limit, ok
		}
	}
	if p := s.ruling(e, at, ocpp2.ChargingProfilePurposeTxProfile); p != nil {
		hold(p)
	} else {
		hold(s.ruling(e, at, ocpp2.ChargingProfilePurposeTxDefaultProfile))
	}
	return limit, ok
}

// ruling is the profile of a purpose that applies at an EVSE at an instant: that of the highest level;
// nil is none. mu is held.
func (s *Station) ruling(e *evse, at time.Time, purpose ocpp2.ChargingProfilePurpose) (found *profile) {
	for _, p := range s.kept.profiles {
		forAll := p.evse == 0 && e != s.whole &&
			(purpose == ocpp2.ChargingProfilePurposeTxDefaultProfile || purpose == ocpp2.ChargingProfilePurposePriorityCharging)
		switch {
		case p.ChargingProfilePurpose != purpose || p.evse != e.id && !forAll,
			p.ValidFrom != nil && at.Before(p.ValidFrom.Time), p.ValidTo != nil && !at.Before(p.ValidTo.Time),
			found != nil && found.StackLevel >= p.StackLevel:
			continue
		}
		if _, ok := s.profileW(p, e, at); ok {
			found = p
		}
	}
	return found
}

// profileW is the limit in W that a profile sets at an instant, if it says anything then. mu is held.
func (s *Station) profileW(p *profile, e *evse, at time.Time) (int64, bool) {
	if p == nil {
		return 0, false
	}
	c, start := p.ChargingSchedule[0], s.begins(p, e, at)
	passed := at.Sub(start).Seconds()
	if passed < 0 || c.Duration != nil && passed >= float64(*c.Duration) {
		return 0, false
	}
	var limit *float64
	phases := max(s.Phases, 1)
	for _, period := range c.ChargingSchedulePeriod {
		if float64(period.StartPeriod) > passed {
			break
		}
		limit = period.Limit
		if limit == nil {
			limit = period.Setpoint
		}
		phases = max(s.Phases, 1)
		if period.NumberPhases != nil {
			phases = min(phases, *period.NumberPhases)
		}
	}
	if limit == nil {
		return 0, false
	}
	w := *limit
	if c.ChargingRateUnit == ocpp2.ChargingRateUnitA {
		w *= float64(phaseVoltage * phases)
	}
	return int64(math.Round(w)), true
}

// begins is when the schedule of a profile has begun, or begins. mu is held.
func (s *Station) begins(p *profile, e *evse, at time.Time) time.Time {
	start := p.set
	if given := p.ChargingSchedule[0].StartSchedule; given != nil {
		start = given.Time
	} else if t := e.transaction; t != nil && p.ChargingProfileKind == ocpp2.ChargingProfileKindRelative {
		start = t.began
	}
	if p.ChargingProfileKind == ocpp2.ChargingProfileKindRecurring && !at.Before(start) {
		every := 24 * time.Hour
		if p.RecurrencyKind == ocpp2.RecurrencyKindWeekly {
			every *= 7
		}
		start = start.Add(at.Sub(start).Truncate(every))
	}
	return start
}

// nextChange is when a profile may say something else; zero is never. mu is held.
func (s *Station) nextChange(after time.Time) time.Time {
	var next time.Time
	consider := func(t time.Time) {
		if t.After(after) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, p := range s.kept.profiles {
		if p.ValidFrom != nil {
			consider(p.ValidFrom.Time)
		}
		if p.ValidTo != nil {
			consider(p.ValidTo.Time)
		}
		for _, e := range s.evses {
			start, c := s.begins(p, e, after), p.ChargingSchedule[0]
			for _, period := range c.ChargingSchedulePeriod {
				consider(start.Add(time.Duration(period.StartPeriod) * time.Second))
			}
			if c.Duration != nil {
				consider(start.Add(time.Duration(*c.Duration) * time.Second))
			}
			if p.ChargingProfileKind == ocpp2.ChargingProfileKindRecurring {
				day := 24 * time.Hour
				if p.RecurrencyKind == ocpp2.RecurrencyKindWeekly {
					day *= 7
				}
				consider(start.Add(day))
			}
		}
	}
	return next
}

// step is a part of a composite schedule.
type step struct {
	start  int // in seconds
	limitW int64
}

// composite is what an EVSE, or with EVSE 0 the station, may give from now on. (OCPP 1.6 §5.7, OCPP
// 2.x K08)
func (s *Station) composite(e *evse, duration int) (from time.Time, steps []step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memory()
	now := s.Now()
	from = now.Truncate(time.Second)
	end := from.Add(time.Duration(duration) * time.Second)
	for at := now; !at.IsZero() && at.Before(end) && len(steps) < maxSteps; at = s.nextChange(at) {
		most := s.maxPowerW()
		if e == s.whole {
			most *= int64(len(s.evses))
		} else if limit, ok := s.limitOf(e, at); ok {
			most = min(most, limit)
		}
		if limit, ok := s.limitOf(s.whole, at); ok {
			most = min(most, limit)
		}
		if n := len(steps); n == 0 || steps[n-1].limitW != most {
			steps = append(steps, step{int(at.Sub(from) / time.Second), most})
		}
	}
	return from, steps
}

// maxSteps is how long a composite schedule becomes at the most.
const maxSteps = 100

// clearProfiles forgets the profiles that match, and tells whether there were any. Limits from outside
// are not the central system's to clear. (OCPP 1.6 §5.5, OCPP 2.x K10)
func (l *link) clearProfiles(match func(*profile) bool) bool {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		return false
	}
	before := len(s.kept.profiles)
	s.kept.profiles = slices.DeleteFunc(s.kept.profiles, func(p *profile) bool {
		return p.ChargingProfilePurpose != ocpp2.ChargingProfilePurposeChargingStationExternalConstraints && match(p)
	})
	cleared := len(s.kept.profiles) < before
	if cleared {
		l.afterwards(func(context.Context) { s.relimit() })
	}
	return cleared
}

// forgetTxProfiles forgets the profiles of the transaction at an EVSE, which has ended. mu is held.
// OCPP 1.6 §3.13.1, OCPP 2.x K01.FR.01.
func (s *Station) forgetTxProfiles(e *evse) {
	if s.kept == nil || len(s.kept.profiles) == 0 {
		return
	}
	s.kept.profiles = slices.DeleteFunc(s.kept.profiles, func(p *profile) bool {
		return p.evse == e.id && p.ChargingProfilePurpose == ocpp2.ChargingProfilePurposeTxProfile
	})
	s.start(func(context.Context) { s.relimit() })
}

// LimitW is the most that an EVSE may give now.
func (s *Station) LimitW(evse int) int64 {
	e, err := s.outlet(evse)
	if err != nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.allowedW(e, s.Now())
}
