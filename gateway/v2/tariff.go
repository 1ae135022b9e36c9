package v2

import (
	"context"
	"math/big"
	"time"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/power"
	"gnista/tariff"
)

// wireTariff writes a version of a tariff. Prices of the wire are without VAT, which stands beside them;
// what a price without VAT comes to is not always a decimal, so that a station may be off by as little.
// What is billed is what we reckon.
func wireTariff(v tariff.Version) ocpp2.Tariff {
	w := ocpp2.Tariff{TariffID: v.ID, Currency: v.Currency}
	for _, e := range v.Elements {
		price, tax := net(e)
		taxes := []ocpp2.TaxRate{{Type: "VAT", Tax: tax}}
		switch e.Dimension {
		case tariff.Energy:
			w.Energy = &ocpp2.TariffEnergy{Prices: []ocpp2.TariffEnergyPrice{{PriceKWh: price}}, TaxRates: taxes}
		case tariff.Time:
			w.ChargingTime = &ocpp2.TariffTime{Prices: []ocpp2.TariffTimePrice{{PriceMinute: price}}, TaxRates: taxes}
		case tariff.Idle:
			p := ocpp2.TariffTimePrice{PriceMinute: price}
			if grace := int(e.Grace / time.Second); grace > 0 {
				p.Conditions = &ocpp2.TariffConditions{MinIdleTime: &grace}
			}
			w.IdleTime = &ocpp2.TariffTime{Prices: []ocpp2.TariffTimePrice{p}, TaxRates: taxes}
		case tariff.Start:
			w.FixedFee = &ocpp2.TariffFixed{Prices: []ocpp2.TariffFixedPrice{{PriceFixed: price}}, TaxRates: taxes}
		}
	}
	return w
}

// net is the price of an element without VAT, and the VAT in percent.
func net(e tariff.Element) (price, tax float64) {
	hundred := big.NewRat(100, 1)
	whole := new(big.Rat).Add(hundred, e.VAT.Rat())
	price, _ = new(big.Rat).Quo(new(big.Rat).Mul(e.Price.Rat(), hundred), whole).Float64()
	tax, _ = e.VAT.Rat().Float64()
	return price, tax
}

// OCPP 2.1 I07, I11.
func setTariff(ctx context.Context, s *gateway.Session, o power.SetTariff) (power.TariffAnswer, error) {
	w := wireTariff(o.Version)
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
