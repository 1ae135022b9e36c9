package v2

import (
	"context"
	"encoding/json"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/power"
	"gnista/station"
)

var transfers = translate(map[power.Transfer]ocpp2.EnergyTransferMode{
	power.AC1:      ocpp2.EnergyTransferModeACSinglePhase,
	power.AC2:      ocpp2.EnergyTransferModeACTwoPhase,
	power.AC3:      ocpp2.EnergyTransferModeACThreePhase,
	power.DC:       ocpp2.EnergyTransferModeDC,
	power.ACBPT:    ocpp2.EnergyTransferModeACBPT,
	power.ACBPTDER: ocpp2.EnergyTransferModeACBPTDER,
	power.ACDER:    ocpp2.EnergyTransferModeACDER,
	power.DCBPT:    ocpp2.EnergyTransferModeDCBPT,
	power.DCACDP:   ocpp2.EnergyTransferModeDCACDP,
	power.DCACDPB:  ocpp2.EnergyTransferModeDCACDPBPT,
	power.WPT:      ocpp2.EnergyTransferModeWPT,
})

// needed are the properties without which it is not clear what a car needs.
var needed = map[string]bool{"evseId": true, "chargingNeeds": true, "chargingNeeds.requestedEnergyTransfer": true}

// OCPP 2.x K15.FR.02, K17.FR.02, OCPP 2.1 K18.FR.02, K19.FR.02. The profile follows the answer.
func (a *Adapter) evChargingNeeds(ctx context.Context, s *gateway.Session, req ocpp2.NotifyEVChargingNeedsRequest, wrong []ocppj.Violation) (ocpp2.NotifyEVChargingNeedsResponse, error) {
	for _, v := range wrong {
		if needed[v.Path] && v.Code != ocppj.PropertyConstraintViolation {
			return ocpp2.NotifyEVChargingNeedsResponse{}, &ocppj.Error{Code: v.Code, Description: v.String()}
		}
	}
	n, err := a.Power.TakeNeeds(ctx, s.Station, needs(req))
	if err != nil {
		return ocpp2.NotifyEVChargingNeedsResponse{}, err
	}
	resp := ocpp2.NotifyEVChargingNeedsResponse{Status: ocpp2.NotifyEVChargingNeedsStatusRejected}
	switch {
	case n.Answer == power.NeedsAccepted:
		resp.Status = ocpp2.NotifyEVChargingNeedsStatusAccepted
		a.plan(ctx, s, req.EVSEID)
	case n.Answer == power.NoProfile && s.Version >= ocppj.V21 && req.ChargingNeeds.ControlMode != "": // by ISO 15118-20, where Rejected ends the transaction
		resp.Status = ocpp2.NotifyEVChargingNeedsStatusNoChargingProfile
	}
	return resp, nil
}

// plan sends a car its profile when the answer is on its way; what becomes of it is kept with the needs.
func (a *Adapter) plan(ctx context.Context, s *gateway.Session, evse int) {
	ctx = context.WithoutCancel(ctx)
	s.After(func() { a.Power.Plan(ctx, s.Station, evse) })
}

func needs(req ocpp2.NotifyEVChargingNeedsRequest) power.Needs {
	w := req.ChargingNeeds
	n := power.Needs{
		EVSE: req.EVSEID, At: instant(req.Timestamp), Departure: instant(w.DepartureTime), Requested: transfers.read(w.RequestedEnergyTransfer),
		Dynamic: w.ControlMode == ocpp2.ControlModeDynamicControl, MaxPeriods: told(req.MaxScheduleTuples),
		V2X: numbers(w.V2XChargingParameters), DER: numbers(w.DERChargingParameters),
	}
	for _, x := range w.AvailableEnergyTransfer {
		n.Available = append(n.Available, transfers.read(x))
	}
	switch w.MobilityNeedsMode {
	case ocpp2.MobilityNeedsModeEVCC:
		n.Mobility = "car"
	case ocpp2.MobilityNeedsModeEVCCSECC:
		n.Mobility = "car-and-station"
	}
	if x := w.ACChargingParameters; x != nil {
		n.AC = &power.ACNeeds{
			EnergyWh: told(number(&x.EnergyAmount)), MinCurrentA: told(number(&x.EVMinCurrent)), MaxCurrentA: told(number(&x.EVMaxCurrent)), MaxVoltageV: told(number(&x.EVMaxVoltage)),
		}
	}
	if x := w.DCChargingParameters; x != nil {
		n.DC = &power.DCNeeds{
			MaxCurrentA: told(number(&x.EVMaxCurrent)), MaxVoltageV: told(number(&x.EVMaxVoltage)), MaxPowerW: number(x.EVMaxPower), EnergyWh: number(x.EnergyAmount),
			CapacityWh: number(x.EVEnergyCapacity), SoC: x.StateOfCharge, FullSoC: x.FullSoC, BulkSoC: x.BulkSoC,
		}
	}
	return n
}

// numbers are the numbers among the properties of v, by their names; v may be nil.
func numbers(v any) map[string]power.Milli {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var properties map[string]any
	if json.Unmarshal(text, &properties) != nil {
		return nil
	}
	var out map[string]power.Milli
	for name, value := range properties {
		x, is := value.(float64)
		if m := number(&x); is && m != nil {
			if out == nil {
				out = map[string]power.Milli{}
			}
			out[name] = *m
		}
	}
	return out
}

// OCPP 2.x K15.FR.11, K15.FR.12, K16.FR.06, K16.FR.07, K17.FR.11, K17.FR.12. A car that wants more is
// told its limits again (K15.FR.13, K16.FR.08, K17.FR.13).
func (a *Adapter) evChargingSchedule(ctx context.Context, s *gateway.Session, req ocpp2.NotifyEVChargingScheduleRequest) (ocpp2.NotifyEVChargingScheduleResponse, error) {
	within, err := a.Power.TakeCarSchedule(ctx, s.Station, power.CarSchedule{
		EVSE: req.EVSEID, Base: req.TimeBase.Time, Selected: req.SelectedChargingScheduleID, Tolerated: req.PowerToleranceAcceptance,
		Schedule: readSchedules([]ocpp2.ChargingSchedule{req.ChargingSchedule})[0],
	})
	if err != nil {
		return ocpp2.NotifyEVChargingScheduleResponse{}, err
	}
	if !within {
		a.plan(ctx, s, req.EVSEID)
		return ocpp2.NotifyEVChargingScheduleResponse{Status: ocpp2.GenericStatusRejected}, nil
	}
	return ocpp2.NotifyEVChargingScheduleResponse{Status: ocpp2.GenericStatusAccepted}, nil
}

// OCPP 2.1 Q02.FR.05.
func allowTransfer(ctx context.Context, s *gateway.Session, o power.Allow) (station.Answer, error) {
	req := ocpp2.NotifyAllowedEnergyTransferRequest{TransactionID: o.Ref}
	for _, x := range o.Transfers {
		req.AllowedEnergyTransfer = append(req.AllowedEnergyTransfer, transfers.wire[x])
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.NotifyAllowedEnergyTransfer, req)
	return answer(resp.Status, resp.StatusInfo), err
}
