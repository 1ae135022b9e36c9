package v2

import (
	"context"
	"strconv"

	"gnista"
	"gnista/charging"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/payment/terminal"
	"gnista/power"
	"gnista/station"
	"gnista/token"
	"gnista/vat"
)

var settlements = map[ocpp2.PaymentStatus]terminal.Status{
	ocpp2.PaymentStatusSettled: terminal.Settled, ocpp2.PaymentStatusCanceled: terminal.Cancelled, ocpp2.PaymentStatusRejected: terminal.Rejected, ocpp2.PaymentStatusFailed: terminal.Failed,
}

// essentialOfSettlement are the properties without which a settlement says nothing.
var essentialOfSettlement = map[string]bool{"pspRef": true, "status": true, "settlementAmount": true}

// OCPP 2.1 C19.FR.02, C20.FR.05, C21.FR.02, C21.FR.03, C22. What a settlement says of money is never refused for
// what else is odd about it.
func (a *Adapter) settlement(ctx context.Context, s *gateway.Session, req ocpp2.NotifySettlementRequest, found []ocppj.Violation) (ocpp2.NotifySettlementResponse, error) {
	var resp ocpp2.NotifySettlementResponse
	for _, v := range found {
		if essentialOfSettlement[v.Path] && v.Code != ocppj.PropertyConstraintViolation {
			return resp, &ocppj.Error{Code: v.Code, Description: v.String()}
		}
	}
	status, ok := settlements[req.Status]
	if !ok {
		return resp, &ocppj.Error{Code: ocppj.PropertyConstraintViolation, Description: "status"}
	}
	x := terminal.Told{Decimal: strconv.FormatFloat(req.SettlementAmount, 'f', -1, 64), Settlement: terminal.Settlement{
		Station: s.Station, Reference: req.PSPRef, Status: status, At: req.SettlementTime.Time, Ref: cut(req.TransactionID, 255),
		Receipt: cut(req.ReceiptID, 50), ReceiptURL: cut(req.ReceiptURL, 2000), Info: cut(req.StatusInfo, 500), VATNumber: cut(req.VATNumber, 20),
	}}
	if w := req.VATCompany; w != nil {
		x.Company = &vat.Company{Name: cut(w.Name, 100), Address: cut(w.Address1, 100), Address2: cut(w.Address2, 100), PostalCode: cut(w.PostalCode, 20), City: cut(w.City, 100), Country: cut(w.Country, 50)}
	}
	if x.At.IsZero() {
		x.At = a.Now()
	}
	out, err := a.Terminals.Take(ctx, x)
	return ocpp2.NotifySettlementResponse{ReceiptID: out.Receipt, ReceiptURL: out.ReceiptURL}, err
}

// The kinds of what terminals tell of cards that is kept. (OCPP 2.1 C18.FR.04)
const (
	paymentBrand    = "PaymentBrand"
	cardLast4Digits = "CardLast4Digits"
)

// card keeps the card that a driver has paid with: its brand and its last digits, and nothing else that is told of it.
func (a *Adapter) card(ctx context.Context, s *gateway.Session, t *ocpp2.IDToken) error {
	if t == nil || token.Type(t.Type) != token.DirectPayment || len(t.AdditionalInfo) == 0 {
		return nil
	}
	var c terminal.Card
	for _, x := range t.AdditionalInfo {
		switch x.Type {
		case paymentBrand:
			c.Brand = x.AdditionalIDToken
		case cardLast4Digits:
			c.Last4 = x.AdditionalIDToken
		}
	}
	return a.Terminals.Present(ctx, s.Station, t.IDToken, c)
}

// raised takes in what a terminal has set aside. (OCPP 2.1 C18.FR.06, C23.FR.02)
func (a *Adapter) raised(ctx context.Context, s *gateway.Session, l *charging.Limits, t *charging.Transaction) error {
	if l == nil || l.Cost == nil || t.Token.Type != token.DirectPayment {
		return nil
	}
	return a.Terminals.Raise(ctx, s.Station, t.Token.UID, *l.Cost)
}

// OCPP 2.1 C18.FR.09, C18.FR.10.
func (a *Adapter) vatNumber(ctx context.Context, _ *gateway.Session, req ocpp2.VatNumberValidationRequest) (ocpp2.VatNumberValidationResponse, error) {
	resp := ocpp2.VatNumberValidationResponse{VATNumber: req.VATNumber, EVSEID: req.EVSEID, Status: ocpp2.GenericStatusRejected}
	c, err := a.VAT.Company(ctx, req.VATNumber)
	switch code := gnista.CodeOf(err); {
	case err == nil:
		resp.Status = ocpp2.GenericStatusAccepted
		if c != (vat.Company{}) {
			resp.Company = &ocpp2.Address{Name: cut(c.Name, 50), Address1: cut(c.Address, 100), Address2: cut(c.Address2, 100), PostalCode: cut(c.PostalCode, 20), City: cut(c.City, 100), Country: cut(c.Country, 50)}
		}
	case code == gnista.Invalid:
		resp.StatusInfo = &ocpp2.StatusInfo{ReasonCode: "InvalidValue", AdditionalInfo: err.Error()}
	case code == gnista.NotFound:
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
