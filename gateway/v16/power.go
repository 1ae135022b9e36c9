package v16

import (
	"context"
	"strconv"
	"time"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/power"
	"gnista/station"
)

// purposes are the purposes that the version has.
var purposes = map[power.Purpose]ocpp16.ChargingProfilePurposeType{
	power.StationMax:  ocpp16.ChargingProfilePurposeTypeChargePointMaxProfile,
	power.Default:     ocpp16.ChargingProfilePurposeTypeTxDefaultProfile,
	power.Transaction: ocpp16.ChargingProfilePurposeTypeTxProfile,
}

func purpose(p power.Purpose) (ocpp16.ChargingProfilePurposeType, error) {
	w, ok := purposes[p]
	if !ok && p != "" {
		return w, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 has no profiles with the purpose %s", p)
	}
	return w, nil
}

// kinds are the kinds that the version has.
var kinds = map[power.Kind]ocpp16.ChargingProfileKindType{
	power.Absolute: ocpp16.ChargingProfileKindTypeAbsolute,
	power.Daily:    ocpp16.ChargingProfileKindTypeRecurring,
	power.Weekly:   ocpp16.ChargingProfileKindTypeRecurring,
	power.Relative: ocpp16.ChargingProfileKindTypeRelative,
}

var recurrences = map[power.Kind]ocpp16.RecurrencyKindType{power.Daily: ocpp16.RecurrencyKindTypeDaily, power.Weekly: ocpp16.RecurrencyKindTypeWeekly}

// profile writes a profile; what the version has no word for is not left out but refused.
func profile(p power.Profile, transaction *int64) (ocpp16.ChargingProfile, error) {
	beyond := func(what string) error {
		return gnista.Errorf(gnista.Unsupported, "OCPP 1.6 has no charging profiles with %s", what)
	}
	w := ocpp16.ChargingProfile{
		ChargingProfileID: p.ID, TransactionID: transaction, StackLevel: p.StackLevel, ChargingProfileKind: kinds[p.Kind], RecurrencyKind: recurrences[p.Kind],
		ValidFrom: moment(p.ValidFrom), ValidTo: moment(p.ValidTo),
	}
	var err error
	w.ChargingProfilePurpose, err = purpose(p.Purpose)
	s := p.Schedules[0]
	switch {
	case err != nil:
		return w, err
	case w.ChargingProfileKind == "":
		return w, beyond("the kind " + string(p.Kind))
	case len(p.Schedules) > 1:
		return w, beyond("more than one schedule")
	case p.UpdateEvery > 0 || p.MaxOffline > 0 || p.EndsOffline:
		return w, beyond("rules for times offline or values that are updated")
	case s.RandomDelay > 0 || s.Tolerance != nil || s.LimitAtSoC != nil || s.LocalTime:
		return w, beyond("randomDelaySeconds, powerTolerance, limitAtSoC or localTime")
	}
	c := &w.ChargingSchedule
	c.ChargingRateUnit, c.StartSchedule = ocpp16.ChargingRateUnitType(s.Unit), moment(s.Start)
	if s.Duration > 0 {
		c.Duration = &s.Duration
	}
	if s.MinRate != nil {
		rate := s.MinRate.Float()
		c.MinChargingRate = &rate
	}
	for _, x := range s.Periods {
		if v := x.Values; v.Limit == nil || v != (power.Values{Limit: v.Limit}) {
			return w, beyond("anything but one limit in a period")
		}
		if x.Phase > 0 || x.Mode != "" && x.Mode != power.ChargingOnly || x.Baseline != nil || len(x.FreqWatt)+len(x.SignalWatt) > 0 || x.Precondition || x.Sleep {
			return w, beyond("phase, mode, curves, precondition or sleep")
		}
		q := ocpp16.ChargingSchedulePeriod{StartPeriod: x.Start, Limit: x.Limit.Float()}
		if x.Phases > 0 {
			q.NumberPhases = &x.Phases
		}
		c.ChargingSchedulePeriod = append(c.ChargingSchedulePeriod, q)
	}
	return w, nil
}

func moment(t *time.Time) *ocppj.DateTime {
	if t == nil {
		return nil
	}
	at := ocppj.At(*t)
	return &at
}

// OCPP 1.6 §5.16.
func installProfile(ctx context.Context, s *gateway.Session, o power.Install) (station.Answer, error) {
	var transaction *int64
	if o.Ref != "" {
		n, err := strconv.ParseInt(o.Ref, 10, 64)
		if err != nil {
			return station.Answer{}, gnista.Errorf(gnista.Conflict, "the station was never told a number for this transaction")
		}
		transaction = &n
	}
	p, err := profile(o.Profile, transaction)
	if err != nil {
		return station.Answer{}, err
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.SetChargingProfile, ocpp16.SetChargingProfileRequest{ConnectorID: o.EVSE, CSChargingProfiles: p})
	return answer(resp.Status), err
}

// OCPP 1.6 §5.11.
func startWithProfile(ctx context.Context, s *gateway.Session, o power.Start) (station.Answer, error) {
	p, err := profile(o.Profile, nil)
	if err != nil {
		return station.Answer{}, err
	}
	req, err := startRequest(o.Start)
	if err != nil {
		return station.Answer{}, err
	}
	req.ChargingProfile = &p
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.RemoteStartTransaction, req)
	return answer(resp.Status), err
}

// OCPP 1.6 §5.5.
func clearProfiles(ctx context.Context, s *gateway.Session, o power.Clear) (station.Answer, error) {
	req := ocpp16.ClearChargingProfileRequest{ID: o.ID, ConnectorID: o.EVSE, StackLevel: o.StackLevel}
	var err error
	if req.ChargingProfilePurpose, err = purpose(o.Purpose); err != nil {
		return station.Answer{}, err
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.ClearChargingProfile, req)
	a := answer(resp.Status)
	if resp.Status == ocpp16.ClearChargingProfileStatusUnknown {
		a.Status = station.NotKnown
	}
	return a, err
}

// OCPP 1.6 §5.7.
func compose(ctx context.Context, s *gateway.Session, o power.Compose) (power.Composite, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.GetCompositeSchedule, ocpp16.GetCompositeScheduleRequest{
		ConnectorID: o.EVSE, Duration: o.Duration, ChargingRateUnit: ocpp16.ChargingRateUnitType(o.Unit),
	})
	a := answer(resp.Status)
	c := power.Composite{Status: a.Status, Detail: a.Detail, EVSE: o.EVSE, Duration: o.Duration}
	if err != nil || a.Status != station.Done || resp.ChargingSchedule == nil {
		return c, err
	}
	w := resp.ChargingSchedule
	c.Unit = power.Unit(w.ChargingRateUnit)
	if resp.ConnectorID != nil {
		c.EVSE = *resp.ConnectorID
	}
	if w.Duration != nil {
		c.Duration = *w.Duration
	}
	for _, t := range []*ocppj.DateTime{w.StartSchedule, resp.ScheduleStart} {
		if t != nil {
			c.Start = t.Time
		}
	}
	for i, x := range w.ChargingSchedulePeriod {
		limit, ok := power.Nearest(x.Limit)
		if !ok {
			return c, gnista.Errorf(gnista.Refused, "the station answers with a limit in period %d that is no number", i)
		}
		p := power.Period{Start: x.StartPeriod, Values: power.Values{Limit: &limit}}
		if x.NumberPhases != nil {
			p.Phases = *x.NumberPhases
		}
		c.Periods = append(c.Periods, p)
	}
	return c, nil
}
