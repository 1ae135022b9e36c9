package v2

import (
	"context"
	"math"
	"strconv"
	"time"

	"gnista/charging"
	"gnista/cost"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
	"gnista/tariff"
	"gnista/token"
)

// OCPP 2.x I02.FR.01.
func tellRunning(ctx context.Context, s *gateway.Session, o cost.TellRunning) (station.Answer, error) {
	total, err := amount(o.Cost)
	if err != nil {
		return station.Answer{}, err
	}
	_, err = ocppj.Call(ctx, &s.Conn, ocpp2.CostUpdated, ocpp2.CostUpdatedRequest{TotalCost: total, TransactionID: o.Ref})
	return station.Answer{Status: station.Done}, err
}

// OCPP 2.x I04.FR.02. There is one text, in the station's language.
func wordDefault(_ context.Context, _ *gateway.Session, o cost.WordDefault) (list []station.Setting, _ error) {
	if len(o.Texts) > 0 {
		list = append(list, station.Setting{Name: o.Setting, Value: cut(o.Texts[0].Content, maxFallback)})
	}
	return list, nil
}

// maxFallback is the longest text that every station keeps as its fallback.
const maxFallback = 255

func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

// message is a text on the wire; nil is none.
func message(list []cost.Text) *ocpp2.MessageContent {
	if len(list) == 0 {
		return nil
	}
	return &ocpp2.MessageContent{Format: ocpp2.MessageFormatUTF8, Language: list[0].Language, Content: list[0].Content}
}

// offer adds to an answer what a driver pays. That it is not known keeps nobody from charging.
// (OCPP 2.x I01.FR.01, OCPP 2.1 I08.FR.01, I08.FR.09)
func (a *Adapter) offer(ctx context.Context, s *gateway.Session, d token.Decision, info *ocpp2.IDTokenInfo) *ocpp2.Tariff {
	if a.Costs == nil {
		return nil
	}
	o, err := a.Costs.Offer(ctx, s.Station, d)
	if err != nil {
		a.Costs.Log.Warn("a station was not told a driver's price", "station", s.Station, "err", err)
		return nil
	}
	if m := message(o.Texts); m != nil {
		info.PersonalMessage = m
		if info.Language1 == "" {
			info.Language1 = m.Language
		}
	}
	if o.Tariff == nil || s.Version < ocppj.V21 {
		return nil
	}
	w, _ := wireTariff(*o.Tariff)
	w.ValidFrom = nil
	return &w
}

// maxExtra is how many texts an answer has beside the first. (OCPP 2.1)
const maxExtra = 4

// update adds to an answer the prices that hold from now on, or what the transaction has come to.
// (OCPP 2.x I06.FR.02)
func (a *Adapter) update(s *gateway.Session, u cost.Update, resp *ocpp2.TransactionEventResponse) {
	resp.UpdatedPersonalMessage = message(u.Texts)
	if s.Version < ocppj.V21 {
		return
	}
	for i := 1; i < len(u.Texts) && i <= maxExtra; i++ {
		resp.UpdatedPersonalMessageExtra = append(resp.UpdatedPersonalMessageExtra, *message(u.Texts[i:]))
	}
}

// tellCosts adds to an answer what a driver should know, and has the station told more when it is sent.
func (a *Adapter) tellCosts(ctx context.Context, s *gateway.Session, out charging.Outcome, resp *ocpp2.TransactionEventResponse) {
	if a.Costs == nil {
		return
	}
	u, err := a.Costs.Update(ctx, s.Station, out)
	if err != nil { // a text is not worth asking for the event again
		a.Costs.Log.Warn("a station was not told what a driver should know", "station", s.Station, "err", err)
	}
	a.update(s, u, resp)
	s.After(func() { a.Costs.Recorded(s.Station, out) })
}

// costKinds are how a total came about.
var costKinds = map[ocpp2.TariffCostType]string{
	ocpp2.TariffCostTypeNormalCost: "normal", ocpp2.TariffCostTypeMinCost: "min", ocpp2.TariffCostTypeMaxCost: "max",
}

// reckoning is what a station reckons. (OCPP 2.1 I12)
func reckoning(w *ocpp2.CostDetails, final bool, tariffID string) cost.Reckoning {
	r := cost.Reckoning{
		Final: final, Tariff: tariffID, Currency: cut(w.TotalCost.Currency, 3), Kind: costKinds[w.TotalCost.TypeOfCost], EnergyWh: int64(math.Round(min(max(w.TotalUsage.Energy, 0), maxKWh) * 1000)),
		Charging: lasting(w.TotalUsage.ChargingTime), Idle: lasting(w.TotalUsage.IdleTime), Failed: w.FailureToCalculate != nil && *w.FailureToCalculate, Failure: cut(w.FailureReason, 500),
	}
	if t := w.TotalCost.Total; t != nil {
		r.Total = cost.Part{Net: decimal(t.ExclTax), Gross: decimal(t.InclTax)}
		if r.Total.Gross == "" { // there is no tax
			r.Total.Gross = r.Total.Net
		}
	}
	for _, p := range []struct {
		d tariff.Dimension
		*ocpp2.Price
	}{
		{tariff.Energy, w.TotalCost.Energy}, {tariff.Time, w.TotalCost.ChargingTime}, {tariff.Idle, w.TotalCost.IdleTime}, {tariff.Start, w.TotalCost.Fixed},
		{tariff.Reservation, w.TotalCost.ReservationTime}, {tariff.Reserving, w.TotalCost.ReservationFixed},
	} {
		if p.Price != nil {
			r.Parts = append(r.Parts, cost.Part{Dimension: p.d, Net: decimal(p.ExclTax), Gross: decimal(p.InclTax)})
		}
	}
	for _, p := range w.ChargingPeriods {
		if p.TariffID != "" {
			r.Tariff = p.TariffID
		}
	}
	r.Tariff = cut(r.Tariff, 60)
	return r
}

// maxKWh is more than any transaction has.
const maxKWh = 1e6

func lasting(n int) time.Duration { return time.Duration(min(max(n, 0), math.MaxInt32)) * time.Second }

// decimal is an amount of the wire to a millionth; empty is none.
func decimal(f *float64) tariff.Decimal {
	if f == nil || math.IsNaN(*f) || math.Abs(*f) > maxLimit {
		return ""
	}
	return tariff.Decimal(strconv.FormatFloat(math.Round(*f*1e6)/1e6, 'f', -1, 64))
}

// reckoned keeps what a station reckons of a transaction.
func (a *Adapter) reckoned(ctx context.Context, s *gateway.Session, req *ocpp2.TransactionEventRequest, transaction string) error {
	if a.Costs == nil || req.CostDetails == nil || transaction == "" {
		return nil
	}
	return a.Costs.TakeReckoning(ctx, s.Station, transaction, reckoning(req.CostDetails, req.EventType == ocpp2.TransactionEventTypeEnded, req.TransactionInfo.TariffID))
}
