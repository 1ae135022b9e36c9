package v2

import (
	"context"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/power"
)

// OCPP 2.1 I07, I11.
func setTariff(ctx context.Context, s *gateway.Session, o power.SetTariff) (power.TariffAnswer, error) {
	w, _ := wireTariff(o.Version)
	if w.TariffID = o.Version.ID; o.Name != "" {
		w.TariffID = o.Name
	}
	if !o.From.IsZero() {
		at := ocppj.At(o.From)
		w.ValidFrom = &at
	}
	if o.Ref != "" {
		resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.ChangeTransactionTariff, ocpp2.ChangeTransactionTariffRequest{TransactionID: o.Ref, Tariff: w})
		return power.TariffAnswer{Answer: found(resp.Status, resp.StatusInfo), Why: refusals[string(resp.Status)]}, err
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SetDefaultTariff, ocpp2.SetDefaultTariffRequest{EVSEID: o.EVSE, Tariff: w})
	return power.TariffAnswer{Answer: found(resp.Status, resp.StatusInfo), Why: refusals[string(resp.Status)]}, err
}

// refusals are why stations do not take a tariff.
var refusals = map[string]power.TariffRefusal{
	string(ocpp2.TariffSetStatusTooManyElements): power.TooManyPrices, string(ocpp2.TariffSetStatusConditionNotSupported): power.NoConditions,
	string(ocpp2.TariffSetStatusDuplicateTariffId): power.HasTariff,
}

// OCPP 2.1 I09.
func askTariffs(ctx context.Context, s *gateway.Session, o power.AskTariffs) ([]power.StationTariff, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetTariffs, ocpp2.GetTariffsRequest{EVSEID: o.EVSE})
	if err == nil && resp.Status == ocpp2.TariffGetStatusRejected {
		return nil, gnista.Errorf(gnista.Refused, "the station refuses to tell: %s", answer(resp.Status, resp.StatusInfo).Detail)
	}
	list := make([]power.StationTariff, len(resp.TariffAssignments))
	for i, t := range resp.TariffAssignments {
		list[i] = power.StationTariff{
			Version: t.TariffID, Driver: t.TariffKind == ocpp2.TariffKindDriverTariff, EVSEs: t.EVSEIDs, Tokens: t.IDTokens, ValidFrom: instant(t.ValidFrom),
		}
	}
	return list, err
}

// OCPP 2.1 I10.
func clearTariffs(ctx context.Context, s *gateway.Session, o power.ClearTariffs) ([]power.ClearedTariff, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.ClearTariffs, ocpp2.ClearTariffsRequest{EVSEID: o.EVSE, TariffIDs: o.Versions})
	list := make([]power.ClearedTariff, len(resp.ClearTariffsResult))
	for i, r := range resp.ClearTariffsResult {
		a := found(r.Status, r.StatusInfo)
		list[i] = power.ClearedTariff{Version: r.TariffID, Status: a.Status, Detail: a.Detail}
	}
	return list, err
}
