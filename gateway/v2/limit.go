package v2

import (
	"context"
	"math"
	"strings"

	"gnista"
	"gnista/charging"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/tariff"
)

// limitKinds are the kinds of limits in the words of TxCtrlr.SupportedLimits. The device model says
// maxLength where the messages say maxTime.
var limitKinds = map[string]charging.LimitKind{
	"maxenergy": charging.LimitEnergy, "maxtime": charging.LimitTime, "maxlength": charging.LimitTime, "maxsoc": charging.LimitSoC, "maxcost": charging.LimitCost,
}

// OCPP 2.1 E16.FR.12. A station without the variable has no limits.
func askLimits(ctx context.Context, s *gateway.Session, _ charging.AskLimits) (list []charging.LimitKind, err error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetVariables, ocpp2.GetVariablesRequest{GetVariableData: []ocpp2.GetVariableData{
		{Component: ocpp2.Component{Name: "TxCtrlr"}, Variable: ocpp2.Variable{Name: "SupportedLimits"}},
	}})
	if err != nil {
		return nil, err
	}
	for _, r := range resp.GetVariableResult {
		for word := range strings.SplitSeq(r.AttributeValue, ",") {
			if k, ok := limitKinds[strings.ToLower(strings.TrimSpace(word))]; ok {
				list = append(list, k)
			}
		}
	}
	return list, nil
}

// wireLimits writes limits. (OCPP 2.1 E16.FR.02)
func wireLimits(l *charging.Limits) (*ocpp2.TransactionLimit, error) {
	if l == nil {
		return nil, nil
	}
	w := &ocpp2.TransactionLimit{}
	if l.EnergyWh > 0 {
		x := float64(l.EnergyWh)
		w.MaxEnergy = &x
	}
	if l.Seconds > 0 {
		x := int(l.Seconds)
		w.MaxTime = &x
	}
	if l.SoC > 0 {
		w.MaxSoC = &l.SoC
	}
	if l.Cost != nil {
		x, err := amount(*l.Cost)
		if err != nil {
			return nil, err
		}
		w.MaxCost = &x
	}
	return w, nil
}

// maxLimit is more than anything that is limited comes to, and within what an int64 holds.
const maxLimit = 1e15

// limits reads limits that a station tells. Costs are in the currency of the system. (OCPP 2.1 E16.FR.01, E16.FR.03)
func limits(w *ocpp2.TransactionLimit, currency string) *charging.Limits {
	if w == nil {
		return nil
	}
	var l charging.Limits
	if w.MaxEnergy != nil {
		l.EnergyWh = int64(min(max(*w.MaxEnergy, 0), maxLimit))
	}
	if w.MaxTime != nil {
		l.Seconds = max(int64(*w.MaxTime), 0)
	}
	if w.MaxSoC != nil {
		l.SoC = min(max(*w.MaxSoC, 0), 100)
	}
	if digits, err := tariff.Digits(currency); err == nil && w.MaxCost != nil {
		l.Cost = &gnista.Money{Amount: int64(math.Round(min(max(*w.MaxCost, 0), maxLimit) * math.Pow10(digits))), Currency: currency}
	}
	return &l
}
