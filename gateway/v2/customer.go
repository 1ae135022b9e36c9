package v2

import (
	"context"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
	"gnista/token"
)

// OCPP 2.x N09, N10.
func askCustomer(ctx context.Context, s *gateway.Session, o station.AskCustomer) (station.Answer, error) {
	req := ocpp2.CustomerInformationRequest{RequestID: o.Number, Report: o.Report, Clear: o.Clear, CustomerIdentifier: o.Identifier}
	if o.TokenUID != "" {
		kind := o.TokenType
		if kind == "" {
			kind = string(token.ISO14443)
		}
		req.IDToken = &ocpp2.IDToken{IDToken: o.TokenUID, Type: ocpp2.IDTokenType(kind)}
	}
	if h := o.Certificate; h != (station.CertificateHash{}) { // OCPP 2.x N09.FR.08, N10.FR.09
		req.CustomerCertificate = &ocpp2.CertificateHashData{
			HashAlgorithm: ocpp2.HashAlgorithm(h.Algorithm), IssuerNameHash: h.IssuerName, IssuerKeyHash: h.IssuerKey, SerialNumber: h.Serial,
		}
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.CustomerInformation, req)
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x N09.FR.02.
func (a *Adapter) customerReport(ctx context.Context, s *gateway.Session, req ocpp2.NotifyCustomerInformationRequest, _ []ocppj.Violation) (ocpp2.NotifyCustomerInformationResponse, error) {
	return ocpp2.NotifyCustomerInformationResponse{}, a.Network.ReportCustomer(ctx, s.Station, req.RequestID, req.SeqNo, !continued(req.TBC), req.Data)
}
