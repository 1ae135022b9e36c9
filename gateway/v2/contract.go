package v2

import (
	"context"
	"encoding/base64"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/pki"
	"gnista/token"
)

// standings are what contracts are worth, in the words of the versions: of the certificate, and of the token
// where that is not accepted for its sake. (OCPP 2.x C07.FR.13 to C07.FR.17)
var standings = map[pki.Standing]struct {
	certificate ocpp2.AuthorizeCertificateStatus
	token       ocpp2.AuthorizationStatus
}{
	pki.Good:       {certificate: ocpp2.AuthorizeCertificateStatusAccepted},
	pki.Cancelled:  {certificate: ocpp2.AuthorizeCertificateStatusContractCancelled},
	pki.Expired:    {ocpp2.AuthorizeCertificateStatusCertificateExpired, ocpp2.AuthorizationStatusExpired},
	pki.Revoked:    {ocpp2.AuthorizeCertificateStatusCertificateRevoked, ocpp2.AuthorizationStatusInvalid},
	pki.Unverified: {ocpp2.AuthorizeCertificateStatusCertChainError, ocpp2.AuthorizationStatusInvalid},
}

// contract adds to an answer what the certificate of the car is worth, if it has shown one.
// (OCPP 2.x C07.FR.04, C07.FR.05)
func (a *Adapter) contract(ctx context.Context, s *gateway.Session, req ocpp2.AuthorizeRequest, d token.Decision, resp *ocpp2.AuthorizeResponse) error {
	if req.Certificate == "" && len(req.ISO15118CertificateHashData) == 0 {
		return nil
	}
	p := pki.Presented{Station: s.Station, EMAID: req.IDToken.IDToken, Chain: req.Certificate}
	for _, h := range req.ISO15118CertificateHashData {
		p.Hashes = append(p.Hashes, statusRequest(h))
	}
	standing, err := a.Contracts.Check(ctx, p, d.Known())
	if err != nil {
		return err
	}
	x := standings[standing]
	resp.CertificateStatus = x.certificate
	if x.token != "" {
		resp.IDTokenInfo = ocpp2.IDTokenInfo{Status: x.token}
	}
	return nil
}

func statusRequest(h ocpp2.OCSPRequestData) pki.StatusRequest {
	return pki.StatusRequest{Hash: pki.Hash{Algorithm: string(h.HashAlgorithm), Name: h.IssuerNameHash, Key: h.IssuerKeyHash, Serial: h.SerialNumber}, URL: h.ResponderURL}
}

// maxOCSP and maxEXI are the longest ocspResult and exiResponse of a version.
var (
	maxOCSP = map[ocppj.Version]int{ocppj.V201: 5500, ocppj.V21: 18000}
	maxEXI  = map[ocppj.Version]int{ocppj.V201: 5600, ocppj.V21: 17000}
)

// OCPP 2.x M06.FR.01, M06.FR.02, M06.FR.03, M06.FR.04, M06.FR.08.
func (a *Adapter) certificateStatus(ctx context.Context, s *gateway.Session, req ocpp2.GetCertificateStatusRequest) (ocpp2.GetCertificateStatusResponse, error) {
	failed := func(code, why string) (ocpp2.GetCertificateStatusResponse, error) {
		return ocpp2.GetCertificateStatusResponse{Status: ocpp2.GetCertificateStatusEnumFailed, StatusInfo: info(s, code, why)}, nil
	}
	der, err := a.Contracts.Status(ctx, s.Station, statusRequest(req.OCSPRequestData))
	if err != nil {
		return ocpp2.GetCertificateStatusResponse{}, err
	}
	if der == nil {
		return failed("Unspecified", "the responder gave no answer that can be used")
	}
	text := base64.StdEncoding.EncodeToString(der)
	if len(text) > maxOCSP[s.Version] {
		return failed("TooLargeElement", "the answer of the responder is too long for this version")
	}
	return ocpp2.GetCertificateStatusResponse{Status: ocpp2.GetCertificateStatusEnumAccepted, OCSPResult: text}, nil
}

// states are the states of certificates; one that could not be had has none.
var states = map[pki.Standing]ocpp2.CertificateStatusEnum{
	pki.Good: ocpp2.CertificateStatusEnumGood, pki.Revoked: ocpp2.CertificateStatusEnumRevoked, pki.Unverified: ocpp2.CertificateStatusEnumUnknown, "": ocpp2.CertificateStatusEnumFailed,
}

// OCPP 2.1 M07.FR.01 to M07.FR.08.
func (a *Adapter) chainStatus(ctx context.Context, _ *gateway.Session, req ocpp2.GetCertificateChainStatusRequest) (ocpp2.GetCertificateChainStatusResponse, error) {
	list := make([]pki.ChainRequest, len(req.CertificateStatusRequests))
	for i, q := range req.CertificateStatusRequests {
		list[i] = pki.ChainRequest{Hash: certificateHash(q.CertificateHashData), List: q.Source == ocpp2.CertificateStatusSourceCRL, URLs: q.URLs}
	}
	found, err := a.Contracts.ChainStatus(ctx, list)
	if err != nil {
		return ocpp2.GetCertificateChainStatusResponse{}, err
	}
	resp := ocpp2.GetCertificateChainStatusResponse{CertificateStatus: make([]ocpp2.CertificateStatus, len(found))}
	for i, x := range found {
		q := req.CertificateStatusRequests[i]
		resp.CertificateStatus[i] = ocpp2.CertificateStatus{Source: q.Source, Status: states[x.Status], NextUpdate: ocppj.At(x.Next), CertificateHashData: q.CertificateHashData}
	}
	return resp, nil
}

// emptyEXI is the header of an EXI stream with nothing behind it: there must be something in an answer that
// has nothing for the car.
const emptyEXI = "gA=="

// OCPP 2.x M01.FR.01, M02.FR.01; OCPP 2.1 M01.FR.04, M01.FR.07.
func (a *Adapter) evCertificate(ctx context.Context, s *gateway.Session, req ocpp2.Get15118EVCertificateRequest) (ocpp2.Get15118EVCertificateResponse, error) {
	got, err := a.Contracts.EVCertificate(ctx, pki.EVRequest{
		Station: s.Station, Schema: req.ISO15118SchemaVersion, Update: req.Action == ocpp2.CertificateActionUpdate, EXI: req.EXIRequest,
		Most: req.MaximumContractCertificateChains, EMAIDs: req.PrioritizedEMAIDs,
	})
	if err != nil {
		return ocpp2.Get15118EVCertificateResponse{}, err
	}
	if got.Done && len(got.EXI) > maxEXI[s.Version] {
		got = pki.EVAnswer{Reason: "the answer of the provider is too long for this version"}
	}
	if !got.Done {
		return ocpp2.Get15118EVCertificateResponse{Status: ocpp2.ISO15118EVCertificateStatusFailed, EXIResponse: emptyEXI, StatusInfo: info(s, "Unspecified", got.Reason)}, nil
	}
	resp := ocpp2.Get15118EVCertificateResponse{Status: ocpp2.ISO15118EVCertificateStatusAccepted, EXIResponse: got.EXI}
	if s.Version >= ocppj.V21 {
		resp.RemainingContracts = got.Remaining
	}
	return resp, nil
}
