package sim

import (
	"context"
	"strconv"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// smartCharging are the commands about charging profiles.
func (d *v16) smartCharging(m *ocppj.Mux[*link]) {
	ocppj.Handle(m, ocpp16.SetChargingProfile, d.setChargingProfile)
	ocppj.Handle(m, ocpp16.ClearChargingProfile, d.clearChargingProfile)
	ocppj.Handle(m, ocpp16.GetCompositeSchedule, d.getCompositeSchedule)
}

// purpose16 is a purpose in the words of OCPP 2.x, which has another for the station.
func purpose16(p ocpp16.ChargingProfilePurposeType) ocpp2.ChargingProfilePurpose {
	if p == ocpp16.ChargingProfilePurposeTypeChargePointMaxProfile {
		return ocpp2.ChargingProfilePurposeChargingStationMaxProfile
	}
	return ocpp2.ChargingProfilePurpose(p)
}

// OCPP 1.6 §5.16.
func (*v16) setChargingProfile(_ context.Context, l *link, req ocpp16.SetChargingProfileRequest) (resp ocpp16.SetChargingProfileResponse, _ error) {
	resp.Status = ocpp16.ChargingProfileStatusAccepted
	if l.setProfile(req.ConnectorID, profile16(req.CSChargingProfiles)) != "" {
		resp.Status = ocpp16.ChargingProfileStatusRejected
	}
	return resp, nil
}

// profile16 is a profile in the words of OCPP 2.x.
func profile16(p ocpp16.ChargingProfile) ocpp2.ChargingProfile {
	c := p.ChargingSchedule
	schedule := ocpp2.ChargingSchedule{Duration: c.Duration, StartSchedule: c.StartSchedule, ChargingRateUnit: ocpp2.ChargingRateUnit(c.ChargingRateUnit), MinChargingRate: c.MinChargingRate}
	for _, period := range c.ChargingSchedulePeriod {
		schedule.ChargingSchedulePeriod = append(schedule.ChargingSchedulePeriod, ocpp2.ChargingSchedulePeriod{
			StartPeriod: period.StartPeriod, Limit: &period.Limit, NumberPhases: period.NumberPhases,
		})
	}
	q := ocpp2.ChargingProfile{
		ID: p.ChargingProfileID, StackLevel: p.StackLevel, ChargingProfilePurpose: purpose16(p.ChargingProfilePurpose),
		ChargingProfileKind: ocpp2.ChargingProfileKind(p.ChargingProfileKind), RecurrencyKind: ocpp2.RecurrencyKind(p.RecurrencyKind),
		ValidFrom: p.ValidFrom, ValidTo: p.ValidTo, ChargingSchedule: []ocpp2.ChargingSchedule{schedule},
	}
	if p.TransactionID != nil {
		q.TransactionID = strconv.FormatInt(*p.TransactionID, 10)
	}
	return q
}

// OCPP 1.6 §5.5.
func (*v16) clearChargingProfile(_ context.Context, l *link, req ocpp16.ClearChargingProfileRequest) (resp ocpp16.ClearChargingProfileResponse, _ error) {
	cleared := l.clearProfiles(func(p *profile) bool {
		if req.ID != nil {
			return p.ID == *req.ID
		}
		return (req.ConnectorID == nil || *req.ConnectorID == p.evse) && (req.StackLevel == nil || *req.StackLevel == p.StackLevel) &&
			(req.ChargingProfilePurpose == "" || purpose16(req.ChargingProfilePurpose) == p.ChargingProfilePurpose)
	})
	resp.Status = ocpp16.ClearChargingProfileStatusUnknown
	if cleared {
		resp.Status = ocpp16.ClearChargingProfileStatusAccepted
	}
	return resp, nil
}

// OCPP 1.6 §5.7.
func (*v16) getCompositeSchedule(_ context.Context, l *link, req ocpp16.GetCompositeScheduleRequest) (resp ocpp16.GetCompositeScheduleResponse, _ error) {
	s := l.station
	resp.Status = ocpp16.GetCompositeScheduleStatusRejected
	e, err := s.at(req.ConnectorID)
	if err != nil || req.Duration <= 0 {
		return resp, nil
	}
	unit := req.ChargingRateUnit
	if unit == "" {
		unit = ocpp16.ChargingRateUnitTypeW
	}
	from, steps := s.composite(e, req.Duration)
	schedule := &ocpp16.ChargingSchedule{Duration: &req.Duration, ChargingRateUnit: unit}
	for _, one := range steps {
		schedule.ChargingSchedulePeriod = append(schedule.ChargingSchedulePeriod, ocpp16.ChargingSchedulePeriod{StartPeriod: one.start, Limit: s.rate(one.limitW, string(unit))})
	}
	start := instant(from)
	schedule.StartSchedule = &start
	resp.Status, resp.ConnectorID, resp.ScheduleStart, resp.ChargingSchedule = ocpp16.GetCompositeScheduleStatusAccepted, &req.ConnectorID, &start, schedule
	return resp, nil
}
