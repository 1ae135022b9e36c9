package v2

import (
	"context"
	"time"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/power"
	"gnista/station"
)

// words are a type of the domain's words in those of the wire, either way.
type words[D, W ~string] struct {
	wire   map[D]W
	domain map[W]D
}

func translate[D, W ~string](wire map[D]W) words[D, W] {
	t := words[D, W]{wire, map[W]D{}}
	for d, w := range wire {
		t.domain[w] = d
	}
	return t
}

// read is a word of the wire in the domain's; what neither knows stays as it is.
func (t words[D, W]) read(w W) D {
	if d, ok := t.domain[w]; ok {
		return d
	}
	return D(w)
}

var (
	purposes = translate(map[power.Purpose]ocpp2.ChargingProfilePurpose{
		power.StationMax:      ocpp2.ChargingProfilePurposeChargingStationMaxProfile,
		power.Default:         ocpp2.ChargingProfilePurposeTxDefaultProfile,
		power.Transaction:     ocpp2.ChargingProfilePurposeTxProfile,
		power.Priority:        ocpp2.ChargingProfilePurposePriorityCharging,
		power.LocalGeneration: ocpp2.ChargingProfilePurposeLocalGeneration,
		power.External:        ocpp2.ChargingProfilePurposeChargingStationExternalConstraints,
	})
	profileKinds = map[power.Kind]ocpp2.ChargingProfileKind{
		power.Absolute: ocpp2.ChargingProfileKindAbsolute,
		power.Daily:    ocpp2.ChargingProfileKindRecurring,
		power.Weekly:   ocpp2.ChargingProfileKindRecurring,
		power.Relative: ocpp2.ChargingProfileKindRelative,
		power.Dynamic:  ocpp2.ChargingProfileKindDynamic,
	}
	recurrences = map[power.Kind]ocpp2.RecurrencyKind{power.Daily: ocpp2.RecurrencyKindDaily, power.Weekly: ocpp2.RecurrencyKindWeekly}
	modes       = translate(map[power.Mode]ocpp2.OperationMode{
		power.Idle:               ocpp2.OperationModeIdle,
		power.ChargingOnly:       ocpp2.OperationModeChargingOnly,
		power.CentralSetpoint:    ocpp2.OperationModeCentralSetpoint,
		power.ExternalSetpoint:   ocpp2.OperationModeExternalSetpoint,
		power.ExternalLimits:     ocpp2.OperationModeExternalLimits,
		power.CentralFrequency:   ocpp2.OperationModeCentralFrequency,
		power.LocalFrequency:     ocpp2.OperationModeLocalFrequency,
		power.LocalLoadBalancing: ocpp2.OperationModeLocalLoadBalancing,
	})
	sources = translate(map[power.Source]ocpp2.ChargingLimitSource{
		power.Operator:         ocpp2.ChargingLimitSourceCSO,
		power.EnergyManagement: ocpp2.ChargingLimitSourceEMS,
		power.SystemOperator:   ocpp2.ChargingLimitSourceSO,
		power.Other:            ocpp2.ChargingLimitSourceOther,
	})
)

// absent is a value that is left out when it is zero.
func absent[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

// told is a value that may be left out, or zero.
func told[T any](v *T) (out T) {
	if v != nil {
		out = *v
	}
	return out
}

func moment(t *time.Time) *ocppj.DateTime {
	if t == nil {
		return nil
	}
	at := ocppj.At(*t)
	return &at
}

// instant is a time of the wire, if it is there and was understood.
func instant(t *ocppj.DateTime) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	return &t.Time
}

// float writes a number that may be left out.
func float(m *power.Milli) *float64 {
	if m == nil {
		return nil
	}
	x := m.Float()
	return &x
}

// number reads a number that may be left out; what is too large for any station is.
func number(x *float64) *power.Milli {
	if x == nil {
		return nil
	}
	m, ok := power.Nearest(*x)
	if !ok {
		return nil
	}
	return &m
}

func profile(p power.Profile, ref string) ocpp2.ChargingProfile {
	w := ocpp2.ChargingProfile{
		ID: p.ID, StackLevel: p.StackLevel, ChargingProfilePurpose: purposes.wire[p.Purpose], ChargingProfileKind: profileKinds[p.Kind], RecurrencyKind: recurrences[p.Kind],
		TransactionID: ref, ValidFrom: moment(p.ValidFrom), ValidTo: moment(p.ValidTo),
		DynUpdateInterval: absent(p.UpdateEvery), MaxOfflineDuration: absent(p.MaxOffline), InvalidAfterOfflineDuration: absent(p.EndsOffline),
	}
	for _, s := range p.Schedules {
		c := ocpp2.ChargingSchedule{
			ID: s.ID, ChargingRateUnit: ocpp2.ChargingRateUnit(s.Unit), StartSchedule: moment(s.Start), Duration: absent(s.Duration), MinChargingRate: float(s.MinRate),
			RandomizedDelay: absent(s.RandomDelay), PowerTolerance: float(s.Tolerance), UseLocalTime: absent(s.LocalTime),
		}
		if l := s.LimitAtSoC; l != nil {
			c.LimitAtSoC = &ocpp2.LimitAtSoC{SoC: l.SoC, Limit: l.Limit.Float()}
		}
		for _, x := range s.Periods {
			c.ChargingSchedulePeriod = append(c.ChargingSchedulePeriod, period(x))
		}
		w.ChargingSchedule = append(w.ChargingSchedule, c)
	}
	return w
}

func period(x power.Period) ocpp2.ChargingSchedulePeriod {
	u := update(x.Values)
	w := ocpp2.ChargingSchedulePeriod{
		StartPeriod: x.Start, NumberPhases: absent(x.Phases), PhaseToUse: absent(x.Phase), OperationMode: modes.wire[x.Mode],
		EVSESleep: absent(x.Sleep), PreconditioningRequest: absent(x.Precondition), V2XBaseline: float(x.Baseline),
		Limit: u.Limit, LimitL2: u.LimitL2, LimitL3: u.LimitL3,
		DischargeLimit: u.DischargeLimit, DischargeLimitL2: u.DischargeLimitL2, DischargeLimitL3: u.DischargeLimitL3,
		Setpoint: u.Setpoint, SetpointL2: u.SetpointL2, SetpointL3: u.SetpointL3,
		SetpointReactive: u.SetpointReactive, SetpointReactiveL2: u.SetpointReactiveL2, SetpointReactiveL3: u.SetpointReactiveL3,
	}
	for _, p := range x.FreqWatt {
		w.V2XFreqWattCurve = append(w.V2XFreqWattCurve, ocpp2.V2XFreqWattPoint{Frequency: p.Frequency.Float(), Power: p.Power.Float()})
	}
	for _, p := range x.SignalWatt {
		w.V2XSignalWattCurve = append(w.V2XSignalWattCurve, ocpp2.V2XSignalWattPoint{Signal: p.Signal, Power: p.Power.Float()})
	}
	return w
}

func update(v power.Values) ocpp2.ChargingScheduleUpdate {
	return ocpp2.ChargingScheduleUpdate{
		Limit: float(v.Limit), LimitL2: float(v.LimitL2), LimitL3: float(v.LimitL3),
		DischargeLimit: float(v.DischargeLimit), DischargeLimitL2: float(v.DischargeLimitL2), DischargeLimitL3: float(v.DischargeLimitL3),
		Setpoint: float(v.Setpoint), SetpointL2: float(v.SetpointL2), SetpointL3: float(v.SetpointL3),
		SetpointReactive: float(v.Reactive), SetpointReactiveL2: float(v.ReactiveL2), SetpointReactiveL3: float(v.ReactiveL3),
	}
}

func readProfile(w ocpp2.ChargingProfile) power.Profile {
	p := power.Profile{
		ID: w.ID, StackLevel: w.StackLevel, Purpose: purposes.read(w.ChargingProfilePurpose), ValidFrom: instant(w.ValidFrom), ValidTo: instant(w.ValidTo),
		UpdateEvery: told(w.DynUpdateInterval), MaxOffline: told(w.MaxOfflineDuration), EndsOffline: told(w.InvalidAfterOfflineDuration), Schedules: readSchedules(w.ChargingSchedule),
	}
	switch {
	case w.ChargingProfileKind == ocpp2.ChargingProfileKindRecurring && w.RecurrencyKind == ocpp2.RecurrencyKindWeekly:
		p.Kind = power.Weekly
	case w.ChargingProfileKind == ocpp2.ChargingProfileKindRecurring:
		p.Kind = power.Daily
	default:
		p.Kind = map[ocpp2.ChargingProfileKind]power.Kind{
			ocpp2.ChargingProfileKindRelative: power.Relative, ocpp2.ChargingProfileKindDynamic: power.Dynamic,
		}[w.ChargingProfileKind]
		if p.Kind == "" {
			p.Kind = power.Absolute
		}
	}
	return p
}

func readSchedules(list []ocpp2.ChargingSchedule) []power.Schedule {
	out := make([]power.Schedule, len(list))
	for i, w := range list {
		s := power.Schedule{
			ID: w.ID, Unit: power.Unit(w.ChargingRateUnit), Start: instant(w.StartSchedule), Duration: told(w.Duration), MinRate: number(w.MinChargingRate),
			RandomDelay: told(w.RandomizedDelay), Tolerance: number(w.PowerTolerance), LocalTime: told(w.UseLocalTime), Periods: readPeriods(w.ChargingSchedulePeriod),
		}
		if l := w.LimitAtSoC; l != nil {
			s.LimitAtSoC = &power.LimitAtSoC{SoC: l.SoC, Limit: told(number(&l.Limit))}
		}
		out[i] = s
	}
	return out
}

func readPeriods(list []ocpp2.ChargingSchedulePeriod) []power.Period {
	out := make([]power.Period, len(list))
	for i, w := range list {
		x := power.Period{
			Start: w.StartPeriod, Phases: told(w.NumberPhases), Phase: told(w.PhaseToUse), Mode: modes.read(w.OperationMode),
			Sleep: told(w.EVSESleep), Precondition: told(w.PreconditioningRequest), Baseline: number(w.V2XBaseline),
			Values: power.Values{
				Limit: number(w.Limit), LimitL2: number(w.LimitL2), LimitL3: number(w.LimitL3),
				DischargeLimit: number(w.DischargeLimit), DischargeLimitL2: number(w.DischargeLimitL2), DischargeLimitL3: number(w.DischargeLimitL3),
				Setpoint: number(w.Setpoint), SetpointL2: number(w.SetpointL2), SetpointL3: number(w.SetpointL3),
				Reactive: number(w.SetpointReactive), ReactiveL2: number(w.SetpointReactiveL2), ReactiveL3: number(w.SetpointReactiveL3),
			},
		}
		for _, p := range w.V2XFreqWattCurve {
			x.FreqWatt = append(x.FreqWatt, power.FreqWatt{Frequency: told(number(&p.Frequency)), Power: told(number(&p.Power))})
		}
		for _, p := range w.V2XSignalWattCurve {
			x.SignalWatt = append(x.SignalWatt, power.SignalWatt{Signal: p.Signal, Power: told(number(&p.Power))})
		}
		out[i] = x
	}
	return out
}

// found is an answer in which the station says that it has no such thing.
func found[S ~string](status S, info *ocpp2.StatusInfo) station.Answer {
	a := answer(status, info)
	switch string(status) {
	case "Unknown", "NoProfile", "NoProfiles", "NotFound", "NoTariff", "TxNotFound":
		a.Status = station.NotKnown
	}
	return a
}

// OCPP 2.x K01, K02, K03.
func installProfile(ctx context.Context, s *gateway.Session, o power.Install) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SetChargingProfile, ocpp2.SetChargingProfileRequest{EVSEID: o.EVSE, ChargingProfile: profile(o.Profile, o.Ref)})
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x F01.FR.08, F02.FR.16, K05.FR.01.
func startWithProfile(ctx context.Context, s *gateway.Session, o power.Start) (station.Answer, error) {
	req, err := startRequest(s, o.Start)
	if err != nil {
		return station.Answer{}, err
	}
	p := profile(o.Profile, "")
	req.ChargingProfile = &p
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.RequestStartTransaction, req)
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x K10.FR.02.
func clearProfiles(ctx context.Context, s *gateway.Session, o power.Clear) (station.Answer, error) {
	req := ocpp2.ClearChargingProfileRequest{ChargingProfileID: o.ID}
	if o.EVSE != nil || o.Purpose != "" || o.StackLevel != nil {
		req.ChargingProfileCriteria = &ocpp2.ClearChargingProfileType{EVSEID: o.EVSE, ChargingProfilePurpose: purposes.wire[o.Purpose], StackLevel: o.StackLevel}
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.ClearChargingProfile, req)
	return found(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x K08.FR.01.
func compose(ctx context.Context, s *gateway.Session, o power.Compose) (power.Composite, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetCompositeSchedule, ocpp2.GetCompositeScheduleRequest{
		EVSEID: o.EVSE, Duration: o.Duration, ChargingRateUnit: ocpp2.ChargingRateUnit(o.Unit),
	})
	a := answer(resp.Status, resp.StatusInfo)
	c := power.Composite{Status: a.Status, Detail: a.Detail, EVSE: o.EVSE, Duration: o.Duration}
	if w := resp.Schedule; err == nil && w != nil {
		c.EVSE, c.Duration, c.Start, c.Unit, c.Periods = w.EVSEID, w.Duration, w.ScheduleStart.Time, power.Unit(w.ChargingRateUnit), readPeriods(w.ChargingSchedulePeriod)
	}
	return c, err
}

// OCPP 2.x K09.FR.03. Where nothing is said it is what all sources have set.
func readProfiles(ctx context.Context, s *gateway.Session, o power.ReadProfiles) (station.Answer, error) {
	c := &ocpp2.ChargingProfileCriterion{ChargingProfileID: o.IDs, ChargingProfilePurpose: purposes.wire[o.Purpose], StackLevel: o.StackLevel}
	for _, x := range o.Sources {
		c.ChargingLimitSource = append(c.ChargingLimitSource, sources.wire[x])
	}
	if len(o.IDs) == 0 && o.Purpose == "" && o.StackLevel == nil && len(o.Sources) == 0 {
		c.ChargingLimitSource = []ocpp2.ChargingLimitSource{
			ocpp2.ChargingLimitSourceCSO, ocpp2.ChargingLimitSourceEMS, ocpp2.ChargingLimitSourceSO, ocpp2.ChargingLimitSourceOther,
		}
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetChargingProfiles, ocpp2.GetChargingProfilesRequest{RequestID: o.Number, EVSEID: o.EVSE, ChargingProfile: c})
	return found(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x K09.
func (a *Adapter) reportChargingProfiles(ctx context.Context, s *gateway.Session, req ocpp2.ReportChargingProfilesRequest) (ocpp2.ReportChargingProfilesResponse, error) {
	list := make([]power.ReportedProfile, len(req.ChargingProfile))
	for i, w := range req.ChargingProfile {
		list[i] = power.ReportedProfile{EVSE: req.EVSEID, Source: sources.read(req.ChargingLimitSource), Ref: w.TransactionID, Profile: readProfile(w)}
	}
	return ocpp2.ReportChargingProfilesResponse{}, a.Power.ReportProfiles(ctx, s.Station, req.RequestID, list, told(req.TBC))
}

// OCPP 2.1 K28.
func updateProfile(ctx context.Context, s *gateway.Session, o power.Update) (station.Answer, error) {
	u := update(o.Values)
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.UpdateDynamicSchedule, ocpp2.UpdateDynamicScheduleRequest{ChargingProfileID: o.ID, ScheduleUpdate: &u})
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.1 K28.FR.07, K28.FR.12.
func (a *Adapter) pullDynamicSchedule(ctx context.Context, s *gateway.Session, req ocpp2.PullDynamicScheduleUpdateRequest) (ocpp2.PullDynamicScheduleUpdateResponse, error) {
	v, err := a.Power.Pull(ctx, s.Station, req.ChargingProfileID)
	switch code := gnista.CodeOf(err); {
	case err != nil && (code == gnista.NotFound || code == gnista.Conflict):
		return ocpp2.PullDynamicScheduleUpdateResponse{
			Status: ocpp2.ChargingProfileStatusRejected, StatusInfo: &ocpp2.StatusInfo{ReasonCode: "InvalidProfile"},
		}, nil
	case err != nil:
		return ocpp2.PullDynamicScheduleUpdateResponse{}, err
	}
	u := update(v)
	return ocpp2.PullDynamicScheduleUpdateResponse{Status: ocpp2.ChargingProfileStatusAccepted, ScheduleUpdate: &u}, nil
}

// resume sends a transaction that goes on after an interruption its profile again, when the answer is on
// its way. (OCPP 2.1 B13.FR.31, E17.FR.15)
func (a *Adapter) resume(ctx context.Context, s *gateway.Session, transaction string) {
	ctx = context.WithoutCancel(ctx)
	s.After(func() { a.Power.Resume(ctx, s.Station, transaction) })
}
