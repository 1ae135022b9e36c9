package sim

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// Contract is what a car identifies with by ISO 15118.
type Contract struct {
	EMAID string
	// Certificate is the chain of the contract in PEM, where the station cannot check it itself.
	Certificate string
	// Chain is that chain for the central system to check by OCSP, with the responder to be asked.
	Chain     []*x509.Certificate
	Responder string
}

// ContractAnswer is what the central system says to a contract.
type ContractAnswer struct {
	Status            string // of the token
	CertificateStatus string // of the certificate; empty when nothing is said of it
}

// only2 is the connection of a station that is in service, with OCPP 2.x.
func (s *Station) only2() (*link, *v2, error) {
	l, err := s.serving()
	if err != nil {
		return nil, nil, err
	}
	d, ok := s.dialect.(*v2)
	if !ok {
		return nil, nil, fmt.Errorf("OCPP %s has no messages for ISO 15118", s.Version)
	}
	return l, d, nil
}

// ocsp is what is asked of a certificate with OCSP.
func ocsp(chain []*x509.Certificate, i int, responder string) ocpp2.OCSPRequestData {
	h := hashOf(chain[i], chain, "SHA256")
	return ocpp2.OCSPRequestData{HashAlgorithm: ocpp2.HashAlgorithm(h.Algorithm), IssuerNameHash: h.IssuerName, IssuerKeyHash: h.IssuerKey, SerialNumber: h.Serial, ResponderURL: responder}
}

// maxHashes is how many certificates of a chain OCPP 2.x asks for at once.
const maxHashes = 4

// AuthoriseContract asks whether a car may charge with its contract. (OCPP 2.x C07)
func (s *Station) AuthoriseContract(ctx context.Context, c Contract) (ContractAnswer, error) {
	l, d, err := s.only2()
	if err != nil {
		return ContractAnswer{}, err
	}
	token := Token{c.EMAID, string(ocpp2.IDTokenTypeEMAID)}
	req := ocpp2.AuthorizeRequest{IDToken: *idToken(token.UID, token.Type), Certificate: c.Certificate}
	for i := range min(len(c.Chain), maxHashes) {
		req.ISO15118CertificateHashData = append(req.ISO15118CertificateHashData, ocsp(c.Chain, i, c.Responder))
	}
	resp, err := call(ctx, l, ocpp2.Authorize, req)
	if err != nil {
		return ContractAnswer{}, err
	}
	s.mu.Lock()
	s.remember(token, d.verdict(&resp.IDTokenInfo))
	s.mu.Unlock()
	return ContractAnswer{string(resp.IDTokenInfo.Status), string(resp.CertificateStatus)}, nil
}

// InstallContract hands a car's request for a contract certificate on, and returns the answer for the
// car. Update is whether it has one that it wants renewed. (OCPP 2.x M01, M02)
func (s *Station) InstallContract(ctx context.Context, exi string, update bool) (status, answer string, err error) {
	l, _, err := s.only2()
	if err != nil {
		return "", "", err
	}
	req := ocpp2.Get15118EVCertificateRequest{ISO15118SchemaVersion: "urn:iso:15118:2:2013:MsgDef", Action: ocpp2.CertificateActionInstall, EXIRequest: exi}
	if update {
		req.Action = ocpp2.CertificateActionUpdate
	}
	resp, err := call(ctx, l, ocpp2.Get15118EVCertificate, req)
	return string(resp.Status), resp.EXIResponse, err
}

// CertificateStatus asks for the state of the first certificate of a chain; answer is that of OCSP in
// base64. (OCPP 2.x M06)
func (s *Station) CertificateStatus(ctx context.Context, chain []*x509.Certificate, responder string) (status, answer string, err error) {
	l, _, err := s.only2()
	if err != nil {
		return "", "", err
	}
	if len(chain) == 0 {
		return "", "", errors.New("there is no certificate to ask for")
	}
	resp, err := call(ctx, l, ocpp2.GetCertificateStatus, ocpp2.GetCertificateStatusRequest{OCSPRequestData: ocsp(chain, 0, responder)})
	return string(resp.Status), resp.OCSPResult, err
}

// ChainStatus asks for the state of all certificates of a chain. (OCPP 2.1 M07)
func (s *Station) ChainStatus(ctx context.Context, chain []*x509.Certificate, responder string) (states []string, err error) {
	l, err := s.only21("the state of a chain of certificates")
	if err != nil {
		return nil, err
	}
	var req ocpp2.GetCertificateChainStatusRequest
	for i := range min(len(chain), maxHashes) {
		req.CertificateStatusRequests = append(req.CertificateStatusRequests, ocpp2.CertificateStatusRequestInfo{
			Source: ocpp2.CertificateStatusSourceOCSP, URLs: []string{responder}, CertificateHashData: hashOf(chain[i], chain, "SHA256").wire(),
		})
	}
	resp, err := call(ctx, l, ocpp2.GetCertificateChainStatus, req)
	for _, c := range resp.CertificateStatus {
		states = append(states, string(c.Status))
	}
	return states, err
}

// VATNumber asks whether a VAT number is known; company is whose it is, where that is told. EVSE 0 is
// none. (OCPP 2.1 C25)
func (s *Station) VATNumber(ctx context.Context, evse int, number string) (accepted bool, company string, err error) {
	l, err := s.only21("VAT numbers")
	if err != nil {
		return false, "", err
	}
	req := ocpp2.VatNumberValidationRequest{VATNumber: number}
	if evse > 0 {
		req.EVSEID = &evse
	}
	resp, err := call(ctx, l, ocpp2.VatNumberValidation, req)
	if resp.Company != nil {
		company = resp.Company.Name
	}
	return resp.Status == ocpp2.GenericStatusAccepted, company, err
}

func (s *Station) only21(what string) (*link, error) {
	l, d, err := s.only2()
	if err == nil && d.version < ocppj.V21 {
		err = fmt.Errorf("OCPP %s has nothing for %s", s.Version, what)
	}
	return l, err
}
