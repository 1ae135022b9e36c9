package sim

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// smartCharging are the commands about charging profiles.
func (d *v2) smartCharging(m *ocppj.Mux[*link]) {
	ocppj.Handle(m, ocpp2.SetChargingProfile, d.setChargingProfile)
	ocppj.Handle(m, ocpp2.ClearChargingProfile, d.clearChargingProfile)
	ocppj.Handle(m, ocpp2.GetChargingProfiles, d.getChargingProfiles)
	ocppj.Handle(m, ocpp2.GetCompositeSchedule, d.getCompositeSchedule)
	ocppj.Handle(m, ocpp2.UsePriorityCharging, d.usePriorityCharging)
	ocppj.Handle(m, ocpp2.UpdateDynamicSchedule, d.updateDynamicSchedule)
}

// OCPP 2.x K01.
func (*v2) setChargingProfile(_ context.Context, l *link, req ocpp2.SetChargingProfileRequest) (ocpp2.SetChargingProfileResponse, error) {
	if refusal := l.setProfile(req.EVSEID, req.ChargingProfile); refusal != "" {
		return ocpp2.SetChargingProfileResponse{Status: ocpp2.ChargingProfileStatusRejected, StatusInfo: because(refusal)}, nil
	}
	return ocpp2.SetChargingProfileResponse{Status: ocpp2.ChargingProfileStatusAccepted}, nil
}

// OCPP 2.x K10.
func (*v2) clearChargingProfile(_ context.Context, l *link, req ocpp2.ClearChargingProfileRequest) (resp ocpp2.ClearChargingProfileResponse, _ error) {
	cleared := l.clearProfiles(func(p *profile) bool {
		c := req.ChargingProfileCriteria
		if req.ChargingProfileID != nil || c == nil {
			return req.ChargingProfileID != nil && p.ID == *req.ChargingProfileID
		}
		return (c.EVSEID == nil || *c.EVSEID == p.evse) && (c.StackLevel == nil || *c.StackLevel == p.StackLevel) &&
			(c.ChargingProfilePurpose == "" || c.ChargingProfilePurpose == p.ChargingProfilePurpose)
	})
	resp.Status = ocpp2.ClearChargingProfileStatusUnknown
	if cleared {
		resp.Status = ocpp2.ClearChargingProfileStatusAccepted
	}
	return resp, nil
}

// OCPP 2.x K09.
func (*v2) getChargingProfiles(_ context.Context, l *link, req ocpp2.GetChargingProfilesRequest) (ocpp2.GetChargingProfilesResponse, error) {
	s, c := l.station, req.ChargingProfile
	if c == nil {
		c = &ocpp2.ChargingProfileCriterion{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*profile
	for _, p := range s.memory().profiles {
		if (req.EVSEID == nil || *req.EVSEID == p.evse) && (len(c.ChargingProfileID) == 0 || slices.Contains(c.ChargingProfileID, p.ID)) &&
			(len(c.ChargingLimitSource) == 0 || slices.Contains(c.ChargingLimitSource, p.source)) && (c.StackLevel == nil || *c.StackLevel == p.StackLevel) &&
			(c.ChargingProfilePurpose == "" || c.ChargingProfilePurpose == p.ChargingProfilePurpose) {
			copied := *p
			found = append(found, &copied)
		}
	}
	if len(found) == 0 {
		return ocpp2.GetChargingProfilesResponse{Status: ocpp2.GetChargingProfileStatusNoProfiles}, nil
	}
	slices.SortStableFunc(found, func(a, b *profile) int { return cmp.Or(a.evse-b.evse, cmp.Compare(a.source, b.source)) })
	var reports []ocpp2.ReportChargingProfilesRequest // one for each place and source
	for _, p := range found {
		n := len(reports)
		if n == 0 || reports[n-1].EVSEID != p.evse || reports[n-1].ChargingLimitSource != p.source || len(reports[n-1].ChargingProfile) >= cmp.Or(s.ReportPage, defaultReportPage) {
			reports = append(reports, ocpp2.ReportChargingProfilesRequest{RequestID: req.RequestID, EVSEID: p.evse, ChargingLimitSource: p.source})
			n++
		}
		reports[n-1].ChargingProfile = append(reports[n-1].ChargingProfile, p.ChargingProfile)
	}
	l.afterwards(func(ctx context.Context) {
		for i, r := range reports {
			if more := i < len(reports)-1; more { // K09.FR.02
				r.TBC = &more
			}
			if _, err := call(ctx, l, ocpp2.ReportChargingProfiles, r); err != nil {
				s.note("a report of charging profiles", err)
				return
			}
		}
	})
	return ocpp2.GetChargingProfilesResponse{Status: ocpp2.GetChargingProfileStatusAccepted}, nil
}

// rate is a power in a unit of charging profiles. OCPP 1.6 §7.14 and OCPP 2.x have one decimal.
func (s *Station) rate(powerW int64, unit string) float64 {
	if unit == "A" {
		return math.Floor(float64(powerW)*10/float64(phaseVoltage*max(s.Phases, 1))) / 10
	}
	return float64(powerW)
}

// OCPP 2.x K08.
func (*v2) getCompositeSchedule(_ context.Context, l *link, req ocpp2.GetCompositeScheduleRequest) (resp ocpp2.GetCompositeScheduleResponse, _ error) {
	s := l.station
	resp.Status = ocpp2.GenericStatusRejected
	e, err := s.at(req.EVSEID)
	if err != nil { // K08.FR.05
		resp.StatusInfo = because("UnknownEvse")
		return resp, nil
	}
	unit := req.ChargingRateUnit
	if unit == "" {
		unit = ocpp2.ChargingRateUnitW
	}
	from, steps := s.composite(e, req.Duration)
	schedule := &ocpp2.CompositeSchedule{EVSEID: req.EVSEID, Duration: req.Duration, ScheduleStart: instant(from), ChargingRateUnit: unit}
	for _, one := range steps {
		limit := s.rate(one.limitW, string(unit))
		schedule.ChargingSchedulePeriod = append(schedule.ChargingSchedulePeriod, ocpp2.ChargingSchedulePeriod{StartPeriod: one.start, Limit: &limit})
	}
	if len(steps) == 0 {
		resp.StatusInfo = because("InvalidValue")
		return resp, nil
	}
	resp.Status, resp.Schedule = ocpp2.GenericStatusAccepted, schedule
	return resp, nil
}

// transactionNamed is the transaction with a name and its EVSE; nil is none. mu is held.
func (s *Station) transactionNamed(name string) (*evse, *transaction) {
	for _, e := range s.evses {
		if t := e.transaction; t != nil && t.name == name && name != "" {
			return e, t
		}
	}
	return nil, nil
}

// OCPP 2.1 K21.
func (*v2) usePriorityCharging(_ context.Context, l *link, req ocpp2.UsePriorityChargingRequest) (resp ocpp2.UsePriorityChargingResponse, _ error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	e, t := s.transactionNamed(req.TransactionID)
	switch {
	case t == nil: // K21.FR.02
		resp.Status, resp.StatusInfo = ocpp2.PriorityChargingStatusRejected, because("TxNotFound")
		return resp, nil
	case req.Activate && !s.prioritised(e): // K21.FR.01
		resp.Status, resp.StatusInfo = ocpp2.PriorityChargingStatusNoProfile, because("NotFound")
		return resp, nil
	}
	resp.Status = ocpp2.PriorityChargingStatusAccepted
	if t.priority != req.Activate {
		l.afterwards(func(ctx context.Context) { s.note("priority charging", s.usePriority(ctx, t, req.Activate)) })
	}
	return resp, nil
}

// prioritised tells whether there is a profile for priority charging at an EVSE. mu is held.
func (s *Station) prioritised(e *evse) bool {
	return s.kept != nil && s.ruling(e, s.Now(), ocpp2.ChargingProfilePurposePriorityCharging) != nil
}

// usePriority takes priority charging in use, or ends it. OCPP 2.1 K21.FR.04–08.
func (s *Station) usePriority(ctx context.Context, t *transaction, active bool) error {
	s.mu.Lock()
	t.priority = active
	l := s.service()
	s.mu.Unlock()
	s.relimit()
	if l == nil {
		return ErrOffline
	}
	_, err := call(ctx, l, ocpp2.NotifyPriorityCharging, ocpp2.NotifyPriorityChargingRequest{TransactionID: t.name, Activated: active})
	return err
}

// Prioritise is the driver's wish to charge with priority, or no longer (OCPP 2.1 K22).
func (s *Station) Prioritise(ctx context.Context, evse int, active bool) error {
	e, err := s.outlet(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	t := e.transaction
	able := t != nil && (!active || s.prioritised(e)) // K22.FR.01
	s.mu.Unlock()
	if !able {
		return s.unable(evse, "priority charging")
	}
	return s.usePriority(ctx, t, active)
}

// OCPP 2.1 K28.FR.06, K28.FR.11.
func (*v2) updateDynamicSchedule(_ context.Context, l *link, req ocpp2.UpdateDynamicScheduleRequest) (ocpp2.UpdateDynamicScheduleResponse, error) {
	s := l.station
	if req.ScheduleUpdate == nil || !s.updateProfile(req.ChargingProfileID, *req.ScheduleUpdate) {
		return ocpp2.UpdateDynamicScheduleResponse{Status: ocpp2.ChargingProfileStatusRejected, StatusInfo: because(invalidProfile)}, nil
	}
	l.afterwards(func(context.Context) { s.relimit() })
	return ocpp2.UpdateDynamicScheduleResponse{Status: ocpp2.ChargingProfileStatusAccepted}, nil
}

// updateProfile puts new values in a dynamic profile, and tells whether there is one with the number.
// OCPP 2.1 K28.FR.06, K28.FR.09.
func (s *Station) updateProfile(id int, u ocpp2.ChargingScheduleUpdate) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.memory().profiles {
		if p.ID != id || p.ChargingProfileKind != ocpp2.ChargingProfileKindDynamic {
			continue
		}
		period := p.ChargingSchedule[0].ChargingSchedulePeriod[0]
		for _, one := range []struct{ to, from **float64 }{
			{&period.Limit, &u.Limit}, {&period.LimitL2, &u.LimitL2}, {&period.LimitL3, &u.LimitL3}, {&period.DischargeLimit, &u.DischargeLimit},
			{&period.DischargeLimitL2, &u.DischargeLimitL2}, {&period.DischargeLimitL3, &u.DischargeLimitL3}, {&period.Setpoint, &u.Setpoint},
			{&period.SetpointL2, &u.SetpointL2}, {&period.SetpointL3, &u.SetpointL3}, {&period.SetpointReactive, &u.SetpointReactive},
		} {
			if *one.from != nil {
				*one.to = *one.from
			}
		}
		schedule := p.ChargingSchedule[0] // others may be reading the old one
		schedule.ChargingSchedulePeriod = []ocpp2.ChargingSchedulePeriod{period}
		p.ChargingSchedule = []ocpp2.ChargingSchedule{schedule}
		now := instant(s.Now())
		p.DynUpdateTime = &now
		return true
	}
	return false
}

// pull asks for new values of a dynamic profile again and again, until the profile is gone. OCPP 2.1
// K28.FR.08, K28.FR.10.
func (s *Station) pull(ctx context.Context, p *profile) {
	for sleep(ctx, time.Duration(*p.DynUpdateInterval)*time.Second) {
		s.mu.Lock()
		there, l := slices.Contains(s.kept.profiles, p), s.service()
		s.mu.Unlock()
		if !there {
			return
		}
		if l == nil {
			continue
		}
		resp, err := call(ctx, l, ocpp2.PullDynamicScheduleUpdate, ocpp2.PullDynamicScheduleUpdateRequest{ChargingProfileID: p.ID})
		if err == nil && resp.Status == ocpp2.ChargingProfileStatusAccepted && resp.ScheduleUpdate != nil && s.updateProfile(p.ID, *resp.ScheduleUpdate) {
			s.relimit()
		}
		s.note("a dynamic profile", err)
	}
}
