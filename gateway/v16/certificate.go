package v16

import (
	"context"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/pki"
	"gnista/station"
)

// OCPP 1.6 security whitepaper A02.FR.11, A02.FR.12, A03.FR.11, A03.FR.12. The certificate follows the answer.
func (a *Adapter) signCertificate(ctx context.Context, s *gateway.Session, req ocpp16.SignCertificateRequest, _ []ocppj.Violation) (ocpp16.SignCertificateResponse, error) {
	c, err := a.CA.Sign(ctx, s.Station, pki.Request{CSR: req.CSR, Use: pki.ForStation})
	if err != nil {
		if gnista.CodeOf(err) == gnista.Invalid {
			err = nil
		}
		return ocpp16.SignCertificateResponse{Status: ocpp16.GenericStatusRejected}, err
	}
	s.Follow("a certificate could not be delivered", func(ctx context.Context) error { return a.CA.Deliver(ctx, c) })
	return ocpp16.SignCertificateResponse{Status: ocpp16.GenericStatusAccepted}, nil
}

// OCPP 1.6 security whitepaper A02, A03.
func deliver(ctx context.Context, s *gateway.Session, o pki.Deliver) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.CertificateSigned, ocpp16.CertificateSignedRequest{CertificateChain: o.Chain})
	return answer(resp.Status), err
}

// OCPP 1.6 security whitepaper A02.FR.01. A station that is not accepted yet may ask then as well.
func askRenewal(ctx context.Context, s *gateway.Session, o pki.AskRenewal) (station.Answer, error) {
	if o.Use != pki.ForStation {
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 has no certificates for the use %s", o.Use)
	}
	s.Invite()
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.ExtendedTriggerMessage, ocpp16.ExtendedTriggerMessageRequest{RequestedMessage: ocpp16.ExtendedMessageTriggerSignChargePointCertificate})
	return answer(resp.Status), err
}

// certificateUses are the uses of roots that the version knows.
var certificateUses = map[pki.Use]ocpp16.CertificateUse{
	pki.CSMSRoot: ocpp16.CertificateUseCentralSystemRootCertificate, pki.MakerRoot: ocpp16.CertificateUseManufacturerRootCertificate,
}

// OCPP 1.6 security whitepaper M05.
func installCertificate(ctx context.Context, s *gateway.Session, o pki.Install) (station.Answer, error) {
	use, ok := certificateUses[o.Use]
	if !ok {
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 has no roots for the use %s", o.Use)
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.InstallCertificate, ocpp16.InstallCertificateRequest{CertificateType: use, Certificate: o.Certificate})
	return answer(resp.Status), err
}

// OCPP 1.6 security whitepaper M03. There is a message for each use.
func listInstalled(ctx context.Context, s *gateway.Session, o pki.ListInstalled) ([]pki.Installed, error) {
	uses := o.Uses
	if len(uses) == 0 {
		uses = []pki.Use{pki.CSMSRoot, pki.MakerRoot}
	}
	var list []pki.Installed
	for _, use := range uses {
		wire, ok := certificateUses[use]
		if !ok {
			continue // there are none
		}
		resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.GetInstalledCertificateIDs, ocpp16.GetInstalledCertificateIDsRequest{CertificateType: wire})
		if err != nil {
			return nil, err
		}
		for _, h := range resp.CertificateHashData {
			list = append(list, pki.Installed{Use: use, Hash: pki.Hash{Algorithm: string(h.HashAlgorithm), Name: h.IssuerNameHash, Key: h.IssuerKeyHash, Serial: h.SerialNumber}})
		}
	}
	return list, nil
}

// OCPP 1.6 security whitepaper M04.FR.07.
func removeCertificate(ctx context.Context, s *gateway.Session, o pki.Remove) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.DeleteCertificate, ocpp16.DeleteCertificateRequest{CertificateHashData: ocpp16.CertificateHashData{
		HashAlgorithm: ocpp16.HashAlgorithm(o.Hash.Algorithm), IssuerNameHash: o.Hash.Name, IssuerKeyHash: o.Hash.Key, SerialNumber: o.Hash.Serial,
	}})
	if resp.Status == ocpp16.DeleteCertificateStatusNotFound {
		return station.Answer{Status: station.NotKnown, Detail: string(resp.Status)}, err
	}
	return answer(resp.Status), err
}
