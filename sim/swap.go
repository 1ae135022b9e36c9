package sim

import (
	"context"
	"errors"
	"fmt"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// swaps are the commands about the exchange of batteries and about payments (OCPP 2.1 S, C25).
func (d *v2) swaps(m *ocppj.Mux[*link]) {
	ocppj.Handle(m, ocpp2.RequestBatterySwap, d.requestSwap)
	ocppj.Handle(m, ocpp2.NotifyWebPaymentStarted, d.webPaymentStarted)
}

// OCPP 2.1 S02.
func (*v2) requestSwap(_ context.Context, l *link, req ocpp2.RequestBatterySwapRequest) (ocpp2.RequestBatterySwapResponse, error) {
	s := l.station
	if s.Batteries <= 0 { // S02.FR.04
		return ocpp2.RequestBatterySwapResponse{Status: ocpp2.GenericStatusRejected, StatusInfo: because("NoBatteryAvailable")}, nil
	}
	l.afterwards(func(ctx context.Context) {
		s.note("a swap of batteries", s.swap(ctx, req.RequestID, req.IDToken, false))
	})
	return ocpp2.RequestBatterySwapResponse{Status: ocpp2.GenericStatusAccepted}, nil
}

// SwapBattery is a driver who puts an empty battery in and takes a full one out, or with late leaves
// that until it is too late. (OCPP 2.1 S01, S03)
func (s *Station) SwapBattery(ctx context.Context, uid string, late bool) error {
	s.prepare()
	if s.Batteries <= 0 { // S03.FR.05
		return fmt.Errorf("station %s has no batteries", s.ID)
	}
	if err := s.authorise(ctx, Token{UID: uid}); err != nil {
		return err
	}
	s.mu.Lock()
	s.eventID++
	request := s.eventID
	s.mu.Unlock()
	return s.swap(ctx, request, *idToken(uid, ""), late)
}

// swap tells of both halves of a swap. OCPP 2.1 S02.FR.02, S03.FR.01, S03.FR.03, S03.FR.06.
func (s *Station) swap(ctx context.Context, request int, token ocpp2.IDToken, late bool) error {
	l, err := s.modern(ocppj.V21, "a swap of batteries")
	if err != nil {
		return err
	}
	empty := ocpp2.BatteryData{EVSEID: 1, SerialNumber: fmt.Sprintf("B-%d-in", request), SoC: 12, SoH: 96}
	full := ocpp2.BatteryData{EVSEID: len(s.evses), SerialNumber: fmt.Sprintf("B-%d-out", request), SoC: 90, SoH: 98}
	tell := func(kind ocpp2.BatterySwapEvent, b ocpp2.BatteryData) error {
		_, err := call(ctx, l, ocpp2.BatterySwap, ocpp2.BatterySwapRequest{EventType: kind, RequestID: request, IDToken: token, BatteryData: []ocpp2.BatteryData{b}})
		return err
	}
	out := ocpp2.BatterySwapEventBatteryOut
	if late {
		out = ocpp2.BatterySwapEventBatteryOutTimeout
	}
	return errors.Join(tell(ocpp2.BatterySwapEventBatteryIn, empty), tell(out, full))
}

// Settle tells that a payment at the station's terminal has been settled, and returns where the receipt
// is. (OCPP 2.1 C19)
func (s *Station) Settle(ctx context.Context, transaction, reference string, amount float64) (receipt string, err error) {
	l, err := s.modern(ocppj.V21, "payments")
	if err != nil {
		return "", err
	}
	resp, err := call(ctx, l, ocpp2.NotifySettlement, ocpp2.NotifySettlementRequest{
		PSPRef: reference, Status: ocpp2.PaymentStatusSettled, SettlementAmount: amount, SettlementTime: instant(s.Now()), TransactionID: transaction,
	})
	return resp.ReceiptURL, err
}

// CheckVAT asks whether a VAT number is good. (OCPP 2.1 C20)
func (s *Station) CheckVAT(ctx context.Context, number string) (bool, error) {
	l, err := s.modern(ocppj.V21, "VAT numbers")
	if err != nil {
		return false, err
	}
	resp, err := call(ctx, l, ocpp2.VatNumberValidation, ocpp2.VatNumberValidationRequest{VATNumber: number})
	return resp.Status == ocpp2.GenericStatusAccepted, err
}
