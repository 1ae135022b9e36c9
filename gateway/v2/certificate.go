package v2

import (
	"context"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/pki"
	"gnista/station"
)

// signingUses are what stations ask for certificates for. One that does not say uses it for whatever it has
// one for.
var signingUses = map[ocpp2.CertificateSigningUse]pki.Use{
	"": pki.ForStation,
	ocpp2.CertificateSigningUseChargingStationCertificate: pki.ForStation,
	ocpp2.CertificateSigningUseV2GCertificate:             pki.ForV2G,
	ocpp2.CertificateSigningUseV2G20Certificate:           pki.ForV2G20,
}

// OCPP 2.x A02.FR.11, A02.FR.12, A03.FR.11, A03.FR.12. The certificate follows the answer.
func (a *Adapter) signCertificate(ctx context.Context, s *gateway.Session, req ocpp2.SignCertificateRequest, _ []ocppj.Violation) (ocpp2.SignCertificateResponse, error) {
	r := pki.Request{CSR: req.CSR, Use: signingUses[req.CertificateType], ID: req.RequestID}
	if req.HashRootCertificate != nil {
		h := certificateHash(*req.HashRootCertificate)
		r.Root = &h
	}
	c, err := a.CA.Sign(ctx, s.Station, r)
	if err != nil {
		reason := info(s, "InvalidCSR", err.Error())
		if gnista.CodeOf(err) == gnista.Invalid {
			err = nil
		}
		return ocpp2.SignCertificateResponse{Status: ocpp2.GenericStatusRejected, StatusInfo: reason}, err
	}
	s.Follow("a certificate could not be delivered", func(ctx context.Context) error { return a.CA.Deliver(ctx, c) })
	return ocpp2.SignCertificateResponse{Status: ocpp2.GenericStatusAccepted}, nil
}

// maxInfo is the longest additionalInfo of a version.
var maxInfo = map[ocppj.Version]int{ocppj.V201: 512, ocppj.V21: 1024}

// info tells a station why.
func info(s *gateway.Session, code, why string) *ocpp2.StatusInfo {
	letters := []rune(why)
	return &ocpp2.StatusInfo{ReasonCode: code, AdditionalInfo: string(letters[:min(len(letters), maxInfo[s.Version])])}
}

func certificateHash(h ocpp2.CertificateHashData) pki.Hash {
	return pki.Hash{Algorithm: string(h.HashAlgorithm), Name: h.IssuerNameHash, Key: h.IssuerKeyHash, Serial: h.SerialNumber}
}

// OCPP 2.x A02.FR.14, A03.FR.14; OCPP 2.1 A02.FR.25, A03.FR.21.
func deliver(ctx context.Context, s *gateway.Session, o pki.Deliver) (station.Answer, error) {
	req := ocpp2.CertificateSignedRequest{CertificateChain: o.Chain, RequestID: o.Request}
	for wire, use := range signingUses {
		if use == o.Use && wire != "" {
			req.CertificateType = wire
		}
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.CertificateSigned, req)
	return answer(resp.Status, resp.StatusInfo), err
}

var signingTriggers = map[pki.Use]ocpp2.MessageTrigger{
	pki.ForStation: ocpp2.MessageTriggerSignChargingStationCertificate,
	pki.ForV2G:     ocpp2.MessageTriggerSignV2GCertificate,
	pki.ForV2G20:   ocpp2.MessageTriggerSignV2G20Certificate,
	pki.ForBoth:    ocpp2.MessageTriggerSignCombinedCertificate,
}

// OCPP 2.x A02.FR.01, A00.FR.429. A station that is not accepted yet may ask then as well.
func askRenewal(ctx context.Context, s *gateway.Session, o pki.AskRenewal) (station.Answer, error) {
	if o.Use == pki.ForV2G20 && s.Version < ocppj.V21 {
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP %s has no certificates for the use %s", s.Version, o.Use)
	}
	s.Invite()
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.TriggerMessage, ocpp2.TriggerMessageRequest{RequestedMessage: signingTriggers[o.Use]})
	return answer(resp.Status, resp.StatusInfo), err
}

// installedUses are the uses of what stations have installed.
var installedUses = map[ocpp2.GetCertificateIDUse]pki.Use{
	ocpp2.GetCertificateIDUseV2GRootCertificate:          pki.V2GRoot,
	ocpp2.GetCertificateIDUseMORootCertificate:           pki.MORoot,
	ocpp2.GetCertificateIDUseCSMSRootCertificate:         pki.CSMSRoot,
	ocpp2.GetCertificateIDUseV2GCertificateChain:         pki.V2GChain,
	ocpp2.GetCertificateIDUseManufacturerRootCertificate: pki.MakerRoot,
	ocpp2.GetCertificateIDUseOEMRootCertificate:          pki.OEMRoot,
}

// installUse is a use of a root in the words of a version.
func installUse(s *gateway.Session, use pki.Use) (ocpp2.InstallCertificateUse, error) {
	for wire, u := range installedUses {
		if w := ocpp2.InstallCertificateUse(wire); u == use && w.Valid(s.Version) {
			return w, nil
		}
	}
	return "", gnista.Errorf(gnista.Unsupported, "OCPP %s has no roots for the use %s", s.Version, use)
}

// OCPP 2.x M05.
func installCertificate(ctx context.Context, s *gateway.Session, o pki.Install) (station.Answer, error) {
	use, err := installUse(s, o.Use)
	if err != nil {
		return station.Answer{}, err
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.InstallCertificate, ocpp2.InstallCertificateRequest{CertificateType: use, Certificate: o.Certificate})
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x M03. Those below another in a chain stand after it.
func listInstalled(ctx context.Context, s *gateway.Session, o pki.ListInstalled) ([]pki.Installed, error) {
	var req ocpp2.GetInstalledCertificateIdsRequest
	for _, use := range o.Uses {
		for wire, u := range installedUses {
			if u == use && wire.Valid(s.Version) {
				req.CertificateType = append(req.CertificateType, wire)
			}
		}
	}
	if len(o.Uses) > 0 && len(req.CertificateType) == 0 {
		return nil, gnista.Errorf(gnista.Unsupported, "OCPP %s has no roots for the uses %v", s.Version, o.Uses)
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetInstalledCertificateIds, req)
	if err != nil {
		return nil, err
	}
	var list []pki.Installed
	for _, x := range resp.CertificateHashDataChain {
		use, ok := installedUses[x.CertificateType]
		if !ok {
			use = pki.Use(x.CertificateType)
		}
		first := pki.Installed{Use: use, Hash: certificateHash(x.CertificateHashData)}
		list = append(list, first)
		for _, child := range x.ChildCertificateHashData {
			list = append(list, pki.Installed{Use: use, Hash: certificateHash(child), Below: first.ID()})
		}
	}
	return list, nil
}

// OCPP 2.x M04.FR.07.
func removeCertificate(ctx context.Context, s *gateway.Session, o pki.Remove) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.DeleteCertificate, ocpp2.DeleteCertificateRequest{CertificateHashData: ocpp2.CertificateHashData{
		HashAlgorithm: ocpp2.HashAlgorithm(o.Hash.Algorithm), IssuerNameHash: o.Hash.Name, IssuerKeyHash: o.Hash.Key, SerialNumber: o.Hash.Serial,
	}})
	a := answer(resp.Status, resp.StatusInfo)
	if resp.Status == ocpp2.DeleteCertificateStatusNotFound {
		a.Status = station.NotKnown
	}
	return a, err
}
