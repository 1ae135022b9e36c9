package v2

import (
	"context"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/power"
	"gnista/station"
)

var swapSteps = map[ocpp2.BatterySwapEvent]string{
	ocpp2.BatterySwapEventBatteryIn: "in", ocpp2.BatterySwapEventBatteryOut: "out", ocpp2.BatterySwapEventBatteryOutTimeout: "out-timeout",
}

// OCPP 2.1 S01, S03.
func (a *Adapter) batterySwap(ctx context.Context, s *gateway.Session, req ocpp2.BatterySwapRequest) (ocpp2.BatterySwapResponse, error) {
	x := power.Swap{Step: swapSteps[req.EventType], Number: req.RequestID, Token: req.IDToken.IDToken, Batteries: make([]power.Battery, len(req.BatteryData))}
	for i, b := range req.BatteryData {
		x.Batteries[i] = power.Battery{
			Slot: b.EVSEID, Serial: b.SerialNumber, SoC: told(number(&b.SoC)), SoH: told(number(&b.SoH)), Produced: instant(b.ProductionDate), Info: b.VendorInfo,
		}
	}
	return ocpp2.BatterySwapResponse{}, a.Power.TakeSwap(ctx, s.Station, x)
}

// OCPP 2.1 S02.
func requestSwap(ctx context.Context, s *gateway.Session, o power.RequestSwap) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.RequestBatterySwap, ocpp2.RequestBatterySwapRequest{RequestID: o.Number, IDToken: wireToken(o.Token)})
	return answer(resp.Status, resp.StatusInfo), err
}
