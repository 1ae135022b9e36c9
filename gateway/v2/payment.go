package v2

import (
	"context"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/power"
	"gnista/station"
)

var settlements = map[ocpp2.PaymentStatus]string{
	ocpp2.PaymentStatusSettled: "settled", ocpp2.PaymentStatusCanceled: "cancelled", ocpp2.PaymentStatusRejected: "rejected", ocpp2.PaymentStatusFailed: "failed",
}

// OCPP 2.1 C21, C22. We make no receipts for a station's terminal.
func (a *Adapter) settlement(ctx context.Context, s *gateway.Session, req ocpp2.NotifySettlementRequest) (ocpp2.NotifySettlementResponse, error) {
	x := power.Settlement{
		Reference: req.PSPRef, Status: settlements[req.Status], Amount: told(number(&req.SettlementAmount)), At: req.SettlementTime.Time, Ref: req.TransactionID,
		Receipt: req.ReceiptID, ReceiptURL: req.ReceiptURL, Info: req.StatusInfo, VATNumber: req.VATNumber,
	}
	if w := req.VATCompany; w != nil {
		x.Company = &power.Company{Name: w.Name, Address: w.Address1, Address2: w.Address2, PostalCode: w.PostalCode, City: w.City, Country: w.Country}
	}
	return ocpp2.NotifySettlementResponse{}, a.Power.TakeSettlement(ctx, s.Station, x)
}

// OCPP 2.1 C18.FR.09, C18.FR.10.
func (a *Adapter) vatNumber(ctx context.Context, _ *gateway.Session, req ocpp2.VatNumberValidationRequest) (ocpp2.VatNumberValidationResponse, error) {
	resp := ocpp2.VatNumberValidationResponse{VATNumber: req.VATNumber, EVSEID: req.EVSEID, Status: ocpp2.GenericStatusRejected}
	c, err := a.Power.Company(ctx, req.VATNumber)
	switch code := gnista.CodeOf(err); {
	case err == nil:
		resp.Status = ocpp2.GenericStatusAccepted
		resp.Company = &ocpp2.Address{Name: c.Name, Address1: c.Address, Address2: c.Address2, PostalCode: c.PostalCode, City: c.City, Country: c.Country}
	case code == gnista.Unsupported:
		resp.StatusInfo = &ocpp2.StatusInfo{ReasonCode: "NotEnabled", AdditionalInfo: err.Error()}
	case code == gnista.NotFound || code == gnista.Invalid:
		resp.StatusInfo = &ocpp2.StatusInfo{ReasonCode: "NotFound"}
	default:
		return resp, err
	}
	return resp, nil
}

// OCPP 2.1 C25.FR.21.
func webPayment(ctx context.Context, s *gateway.Session, o power.WebPayment) (station.Answer, error) {
	_, err := ocppj.Call(ctx, &s.Conn, ocpp2.NotifyWebPaymentStarted, ocpp2.NotifyWebPaymentStartedRequest{EVSEID: o.EVSE, Timeout: o.Timeout})
	return station.Answer{Status: station.Done}, err
}
