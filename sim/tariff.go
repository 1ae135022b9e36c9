package sim

import (
	"cmp"
	"context"
	"slices"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// tariffElements is how many prices a tariff may have.
const tariffElements = 10

// installed is a tariff for whoever charges at an EVSE and has none of his own.
type installed struct {
	evse int
	ocpp2.Tariff
}

// prices are the commands about tariffs (OCPP 2.1 I07–I11).
func (d *v2) prices(m *ocppj.Mux[*link]) {
	ocppj.Handle(m, ocpp2.SetDefaultTariff, d.setDefaultTariff)
	ocppj.Handle(m, ocpp2.GetTariffs, d.getTariffs)
	ocppj.Handle(m, ocpp2.ClearTariffs, d.clearTariffs)
	ocppj.Handle(m, ocpp2.ChangeTransactionTariff, d.changeTariff)
}

// elements is how many prices a tariff has.
func elements(t ocpp2.Tariff) (n int) {
	if t.Energy != nil {
		n += len(t.Energy.Prices)
	}
	for _, part := range []*ocpp2.TariffTime{t.ChargingTime, t.IdleTime, t.ReservationTime} {
		if part != nil {
			n += len(part.Prices)
		}
	}
	for _, part := range []*ocpp2.TariffFixed{t.FixedFee, t.ReservationFixed} {
		if part != nil {
			n += len(part.Prices)
		}
	}
	return n
}

// OCPP 2.1 I07.
func (*v2) setDefaultTariff(_ context.Context, l *link, req ocpp2.SetDefaultTariffRequest) (resp ocpp2.SetDefaultTariffResponse, _ error) {
	s, tariff := l.station, req.Tariff
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.memory()
	switch {
	case req.EVSEID < 0 || req.EVSEID > len(s.evses): // I07.FR.06
		resp.Status, resp.StatusInfo = ocpp2.TariffSetStatusRejected, because("UnknownEvse")
	case elements(tariff) > tariffElements: // I07.FR.02
		resp.Status = ocpp2.TariffSetStatusTooManyElements
	case slices.ContainsFunc(k.tariffs, func(x installed) bool { return x.TariffID == tariff.TariffID }): // I07.FR.04
		resp.Status = ocpp2.TariffSetStatusDuplicateTariffId
	default:
		resp.Status = ocpp2.TariffSetStatusAccepted
		for _, e := range s.evses {
			if req.EVSEID != 0 && req.EVSEID != e.id { // I07.FR.11, I07.FR.12
				continue
			}
			k.tariffs = slices.DeleteFunc(k.tariffs, func(x installed) bool { // I07.FR.20–22
				return x.evse == e.id && (tariff.ValidFrom == nil && x.ValidFrom == nil || x.ValidFrom != nil && tariff.ValidFrom != nil && x.ValidFrom.Equal(tariff.ValidFrom.Time))
			})
			k.tariffs = append(k.tariffs, installed{e.id, tariff})
		}
	}
	return resp, nil
}

// tariffAt is the tariff at an EVSE; nil is none. mu is held. OCPP 2.1 I07.FR.19–21.
func (s *Station) tariffAt(e *evse) *ocpp2.Tariff {
	if s.kept == nil {
		return nil
	}
	var found *installed
	for i := range s.kept.tariffs {
		x := &s.kept.tariffs[i]
		switch {
		case x.evse != e.id, x.ValidFrom != nil && s.Now().Before(x.ValidFrom.Time),
			found != nil && found.ValidFrom != nil && (x.ValidFrom == nil || x.ValidFrom.Before(found.ValidFrom.Time)):
			continue
		}
		found = x
	}
	if found == nil {
		return nil
	}
	t := found.Tariff
	return &t
}

// OCPP 2.1 I09.
func (*v2) getTariffs(_ context.Context, l *link, req ocpp2.GetTariffsRequest) (resp ocpp2.GetTariffsResponse, _ error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	if req.EVSEID < 0 || req.EVSEID > len(s.evses) {
		resp.Status, resp.StatusInfo = ocpp2.TariffGetStatusRejected, because("UnknownEvse")
		return resp, nil
	}
	for _, x := range s.memory().tariffs {
		if req.EVSEID != 0 && req.EVSEID != x.evse {
			continue
		}
		i := slices.IndexFunc(resp.TariffAssignments, func(a ocpp2.TariffAssignment) bool { return a.TariffID == x.TariffID })
		if i < 0 {
			i = len(resp.TariffAssignments)
			resp.TariffAssignments = append(resp.TariffAssignments, ocpp2.TariffAssignment{TariffID: x.TariffID, TariffKind: ocpp2.TariffKindDefaultTariff, ValidFrom: x.ValidFrom})
		}
		resp.TariffAssignments[i].EVSEIDs = append(resp.TariffAssignments[i].EVSEIDs, x.evse)
	}
	for _, e := range s.evses { // I09.FR.06
		t := e.transaction
		if t == nil || t.rates == nil || req.EVSEID != 0 && req.EVSEID != e.id || slices.ContainsFunc(resp.TariffAssignments, func(a ocpp2.TariffAssignment) bool { return a.TariffID == t.rates.TariffID }) {
			continue
		}
		resp.TariffAssignments = append(resp.TariffAssignments, ocpp2.TariffAssignment{
			TariffID: t.rates.TariffID, TariffKind: ocpp2.TariffKindDriverTariff, EVSEIDs: []int{e.id}, IDTokens: []string{t.token.UID},
		})
	}
	resp.Status = ocpp2.TariffGetStatusAccepted
	if len(resp.TariffAssignments) == 0 {
		resp.Status = ocpp2.TariffGetStatusNoTariff
	}
	return resp, nil
}

// OCPP 2.1 I10.
func (*v2) clearTariffs(_ context.Context, l *link, req ocpp2.ClearTariffsRequest) (resp ocpp2.ClearTariffsResponse, _ error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.memory()
	said := map[string]bool{}
	k.tariffs = slices.DeleteFunc(k.tariffs, func(x installed) bool {
		if req.EVSEID != nil && *req.EVSEID != x.evse || len(req.TariffIDs) > 0 && !slices.Contains(req.TariffIDs, x.TariffID) {
			return false
		}
		if !said[x.TariffID] {
			said[x.TariffID] = true
			resp.ClearTariffsResult = append(resp.ClearTariffsResult, ocpp2.ClearTariffsResult{TariffID: x.TariffID, Status: ocpp2.TariffClearStatusAccepted})
		}
		return true
	})
	if len(resp.ClearTariffsResult) == 0 { // I10.FR.06
		resp.ClearTariffsResult = []ocpp2.ClearTariffsResult{{Status: ocpp2.TariffClearStatusNoTariff}}
	}
	return resp, nil
}

// OCPP 2.1 I11.
func (*v2) changeTariff(_ context.Context, l *link, req ocpp2.ChangeTransactionTariffRequest) (resp ocpp2.ChangeTransactionTariffResponse, _ error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	e, t := s.transactionNamed(req.TransactionID)
	currency := s.holds("TariffCostCtrlr", "Currency")
	if t != nil {
		for _, x := range s.memory().tariffs {
			if x.TariffID == t.tariff {
				currency = x.Currency
			}
		}
		currency = cmp.Or(t.currency, currency)
	}
	switch {
	case elements(req.Tariff) > tariffElements: // I11.FR.02
		resp.Status = ocpp2.TariffChangeStatusTooManyElements
	case t == nil: // I11.FR.04
		resp.Status = ocpp2.TariffChangeStatusTxNotFound
	case req.Tariff.Currency != currency: // I11.FR.05
		resp.Status = ocpp2.TariffChangeStatusNoCurrencyChange
	default:
		resp.Status = ocpp2.TariffChangeStatusAccepted
		t.tariff, t.currency, t.rates, t.rechanged = req.Tariff.TariffID, req.Tariff.Currency, &req.Tariff, true
		l.afterwards(func(context.Context) { // I11.FR.07
			s.mu.Lock()
			defer s.mu.Unlock()
			if e.transaction == t {
				s.enqueue(e, t, message{Event: Event{Kind: Updated}, cause: causeTariff, tariff: req.Tariff.TariffID})
			}
		})
	}
	return resp, nil
}
