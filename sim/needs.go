package sim

import (
	"context"
	"slices"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// Needs are what a car wants that speaks ISO 15118.
type Needs struct {
	EnergyWh      int64
	PowerW        int64     // the most that it takes; 0 is what the station gives
	Departure     time.Time // zero is not told
	StateOfCharge int       // in percent, of a car on direct current
	Schedules     int       // the most entries of a schedule that it takes; 0 is not told
	Bidirectional bool      // it could give energy back (OCPP 2.1)
}

// carVoltage is that of a battery of a car on direct current.
const carVoltage = 400

// energy are the commands about cars that speak ISO 15118.
func (d *v2) energy(m *ocppj.Mux[*link]) {
	ocppj.Handle(m, ocpp2.NotifyAllowedEnergyTransfer, d.allowEnergyTransfer)
	ocppj.Handle(m, ocpp2.AFRRSignal, d.afrrSignal)
}

// Negotiate tells what the car wants whose transaction is at an EVSE, and returns what the central
// system says: Accepted, Rejected or Processing. To the charging profile that comes then the car
// answers with its own plan. (OCPP 2.x K15, K17)
func (s *Station) Negotiate(ctx context.Context, evse int, n Needs) (status string, err error) {
	e, err := s.outlet(evse)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	t := e.transaction
	if t != nil {
		t.needs = &n
	}
	s.mu.Unlock()
	if t == nil {
		return "", s.unable(evse, "charging needs")
	}
	return s.tellNeeds(ctx, e, t)
}

func (s *Station) tellNeeds(ctx context.Context, e *evse, t *transaction) (string, error) {
	l, err := s.modern(ocppj.V201, "charging needs")
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	req := ocpp2.NotifyEVChargingNeedsRequest{EVSEID: e.id, ChargingNeeds: s.chargingNeeds(*t.needs, t.transfers)}
	if n := t.needs.Schedules; n > 0 {
		req.MaxScheduleTuples = &n
	}
	s.mu.Unlock()
	resp, err := call(ctx, l, ocpp2.NotifyEVChargingNeeds, req)
	return string(resp.Status), err
}

// chargingNeeds are the needs of a car on the wire. OCPP 2.x K15.FR.06.
func (s *Station) chargingNeeds(n Needs, transfers []ocpp2.EnergyTransferMode) ocpp2.ChargingNeeds {
	power := s.maxPowerW()
	if n.PowerW > 0 {
		power = min(power, n.PowerW)
	}
	c := ocpp2.ChargingNeeds{RequestedEnergyTransfer: ocpp2.EnergyTransferMode(s.transferMode())}
	if !n.Departure.IsZero() {
		at := instant(n.Departure)
		c.DepartureTime = &at
	}
	number := func(n int64) *float64 { f := float64(n); return &f }
	if s.Phases == 0 {
		c.DCChargingParameters = &ocpp2.DCChargingParameters{
			EVMaxCurrent: float64(power / carVoltage), EVMaxVoltage: carVoltage, EnergyAmount: number(n.EnergyWh), EVMaxPower: number(power), StateOfCharge: &n.StateOfCharge,
		}
	} else {
		const least = 6 // A, in a cable by IEC 61851
		c.ACChargingParameters = &ocpp2.ACChargingParameters{
			EnergyAmount: float64(n.EnergyWh), EVMinCurrent: least, EVMaxCurrent: float64(power / int64(phaseVoltage*s.Phases)), EVMaxVoltage: phaseVoltage,
		}
	}
	if s.traits.protocol < ocppj.V21 {
		return c
	}
	c.ControlMode, c.AvailableEnergyTransfer = ocpp2.ControlModeScheduledControl, []ocpp2.EnergyTransferMode{c.RequestedEnergyTransfer}
	both := ocpp2.EnergyTransferModeACBPT
	if s.Phases == 0 {
		both = ocpp2.EnergyTransferModeDCBPT
	}
	if n.Bidirectional && (transfers == nil || slices.Contains(transfers, both)) {
		c.RequestedEnergyTransfer, c.AvailableEnergyTransfer = both, append(c.AvailableEnergyTransfer, both)
		c.V2XChargingParameters = &ocpp2.V2XChargingParameters{MaxChargePower: number(power), MaxDischargePower: number(power), EVTargetEnergyRequest: number(n.EnergyWh)}
	}
	return c
}

// plan tells what a car has made of a profile: it takes no more than it can. OCPP 2.x K15.FR.10,
// K15.FR.21, K16.FR.05.
func (s *Station) plan(ctx context.Context, e *evse, p ocpp2.ChargingProfile) error {
	s.mu.Lock()
	t := e.transaction
	if t == nil || t.needs == nil || p.ChargingProfileKind == ocpp2.ChargingProfileKindDynamic {
		s.mu.Unlock()
		return nil
	}
	most := s.maxPowerW()
	if t.needs.PowerW > 0 {
		most = min(most, t.needs.PowerW)
	}
	s.mu.Unlock()
	l, err := s.modern(ocppj.V201, "the schedule of a car")
	if err != nil {
		return err
	}
	given := p.ChargingSchedule[0]
	schedule := ocpp2.ChargingSchedule{ID: given.ID, ChargingRateUnit: given.ChargingRateUnit, Duration: given.Duration}
	for _, period := range given.ChargingSchedulePeriod {
		limit := s.rate(most, string(given.ChargingRateUnit))
		if period.Limit != nil {
			limit = min(limit, *period.Limit)
		}
		schedule.ChargingSchedulePeriod = append(schedule.ChargingSchedulePeriod, ocpp2.ChargingSchedulePeriod{StartPeriod: period.StartPeriod, Limit: &limit, NumberPhases: period.NumberPhases})
	}
	req := ocpp2.NotifyEVChargingScheduleRequest{TimeBase: instant(s.Now()), EVSEID: e.id, ChargingSchedule: schedule}
	if s.traits.protocol >= ocppj.V21 {
		req.SelectedChargingScheduleID = &given.ID
	}
	_, err = call(ctx, l, ocpp2.NotifyEVChargingSchedule, req)
	return err
}

// OCPP 2.1 Q02.FR.06, Q02.FR.07.
func (*v2) allowEnergyTransfer(_ context.Context, l *link, req ocpp2.NotifyAllowedEnergyTransferRequest) (ocpp2.NotifyAllowedEnergyTransferResponse, error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	e, t := s.transactionNamed(req.TransactionID)
	if t == nil {
		return ocpp2.NotifyAllowedEnergyTransferResponse{Status: ocpp2.NotifyAllowedEnergyTransferStatusRejected, StatusInfo: because("TxNotFound")}, nil
	}
	t.transfers = req.AllowedEnergyTransfer
	if t.needs != nil {
		l.afterwards(func(ctx context.Context) {
			_, err := s.tellNeeds(ctx, e, t)
			s.note("charging needs", err)
		})
	}
	return ocpp2.NotifyAllowedEnergyTransferResponse{Status: ocpp2.NotifyAllowedEnergyTransferStatusAccepted}, nil
}

// OCPP 2.1 Q08: a signal needs a profile that says what it means.
func (*v2) afrrSignal(_ context.Context, l *link, req ocpp2.AFRRSignalRequest) (ocpp2.AFRRSignalResponse, error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.memory().profiles {
		for _, period := range p.ChargingSchedule[0].ChargingSchedulePeriod {
			if len(period.V2XSignalWattCurve) > 0 {
				s.kept.signal = req.Signal
				return ocpp2.AFRRSignalResponse{Status: ocpp2.GenericStatusAccepted}, nil
			}
		}
	}
	return ocpp2.AFRRSignalResponse{Status: ocpp2.GenericStatusRejected, StatusInfo: because("NoSignalWattCurve")}, nil
}
