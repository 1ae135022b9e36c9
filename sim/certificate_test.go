package sim_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/sim"
)

// issue makes a certificate for a key, by itself without an issuer.
func issue(t *testing.T, name string, key crypto.Signer, by *x509.Certificate, byKey crypto.Signer) *x509.Certificate {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(0xABCDEF), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		BasicConstraintsValid: true, IsCA: by == nil, DNSNames: []string{name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if by == nil {
		by, byKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by, key.Public(), byKey)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return cert
}

func pemOf(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

// OCPP 1.6 security whitepaper M03 to M05, OCPP 2.x M03 to M05.
func TestRootCertificates(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		one := s.Version == gnista.V16
		use := "CSMSRootCertificate"
		if one {
			use = "CentralSystemRootCertificate"
		}
		list := func(want string) string {
			t.Helper()
			req := `{"certificateType":["` + use + `"]}`
			if one {
				req = `{"certificateType":"` + use + `"}`
			}
			got := c.ask("GetInstalledCertificateIds", req)
			if !like(got, want) {
				t.Errorf("installed: %s", got)
			}
			return got
		}
		list(`{"status":"NotFound"}`)
		key := newKey(t)
		root := issue(t, "Root", key, nil, nil)
		install := func(text, want string) {
			t.Helper()
			asked(t, c, "InstallCertificate", fmt.Sprintf(`{"certificateType":%q,"certificate":%q}`, use, text), `{"status":"`+want+`"}`)
		}
		install("nonsense", "Rejected")
		install(pemOf(issue(t, "Leaf", newKey(t), root, key)), "Rejected")
		install(pemOf(root), "Accepted")
		install(pemOf(root), "Accepted")
		list(`{"status":"Accepted"…`)
		h, err := sim.HashCertificate(root, root, "SHA256")
		must(t, err)
		if got := list(`…"Accepted"…`); !strings.Contains(got, h.IssuerName) || !strings.Contains(got, h.IssuerKey) || !strings.Contains(got, `"serialNumber":"abcdef"`) {
			t.Errorf("it lists %s, want %+v", got, h)
		}
		if h, err = sim.HashCertificate(root, root, "SHA512"); err != nil {
			t.Fatal(err)
		}
		del := fmt.Sprintf(`{"certificateHashData":{"hashAlgorithm":"SHA512","issuerNameHash":%q,"issuerKeyHash":%q,"serialNumber":"00ABCDEF"}}`, h.IssuerName, h.IssuerKey)
		asked(t, c, "DeleteCertificate", del, `{"status":"Accepted"}`)
		asked(t, c, "DeleteCertificate", del, `{"status":"NotFound"}`)
		list(`{"status":"NotFound"}`)
	})
}

// OCPP 1.6 security whitepaper A02, A03, OCPP 2.x A02, A03.
func TestSignCertificate(t *testing.T) {
	for _, rsa := range []bool{false, true} {
		every(t, func(t *testing.T, s *sim.Station, c *central) {
			s.Serial, s.RSA = "SN-1", rsa
			c.answers(signs)
			up(t, s)
			setting(t, s, c, "CpoName", "SecurityCtrlr", "OrganizationName", "Example Ltd")
			c.said()
			if s.Version == gnista.V16 {
				asked(t, c, "ExtendedTriggerMessage", `{"requestedMessage":"SignChargePointCertificate"}`, `{"status":"Accepted"}`)
			} else {
				asked(t, c, "TriggerMessage", `{"requestedMessage":"SignChargingStationCertificate"}`, `{"status":"Accepted"}`)
			}
			csr, request := request(t, c)
			if err := csr.CheckSignature(); err != nil || csr.Subject.CommonName != "SN-1" || csr.Subject.Organization[0] != "Example Ltd" {
				t.Errorf("%v %v", csr.Subject, err)
			}
			if (request > 0) != (s.Version == gnista.V21) {
				t.Errorf("request %d", request)
			}
			rootKey := newKey(t)
			root := issue(t, "Root", rootKey, nil, nil)
			signed := func(chain, want string) {
				t.Helper()
				asked(t, c, "CertificateSigned", fmt.Sprintf(`{"certificateChain":%q}`, chain), `{"status":"`+want+`"}`)
			}
			signed("nonsense", "Rejected")
			signed(pemOf(issue(t, "SN-1", newKey(t), root, rootKey)), "Rejected")
			if got := c.said("SecurityEventNotification"); len(got) != 2 || !strings.Contains(got[0], `"type":"InvalidCharg`) {
				t.Errorf("sent %q", got)
			}
			cert := issue(t, "SN-1", public{csr.PublicKey}, root, rootKey)
			signed(pemOf(cert)+pemOf(root), "Accepted")
			if !s.Certificate().Equal(cert) {
				t.Error("it does not use the certificate")
			}
			signed(pemOf(cert), "Rejected")
			h, err := sim.HashCertificate(cert, root, "SHA256")
			must(t, err)
			asked(t, c, "DeleteCertificate", fmt.Sprintf(`{"certificateHashData":{"hashAlgorithm":"SHA256","issuerNameHash":%q,"issuerKeyHash":%q,"serialNumber":%q}}`, h.IssuerName, h.IssuerKey, h.Serial),
				`{"status":"Failed"}`)
		})
	}
}

// request is what a certificate was asked for with.
func request(t *testing.T, c *central) (*x509.CertificateRequest, int) {
	t.Helper()
	var req struct {
		CSR       string
		RequestID int
	}
	got := c.said("SignCertificate")
	must(t, json.Unmarshal([]byte(strings.TrimPrefix(got[0], "SignCertificate ")), &req))
	block, _ := pem.Decode([]byte(req.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	must(t, err)
	return csr, req.RequestID
}

// requested is the key that a certificate was asked for.
func requested(t *testing.T, c *central) crypto.PublicKey {
	t.Helper()
	csr, _ := request(t, c)
	return csr.PublicKey
}

// public is a key that signs nothing.
type public struct{ crypto.PublicKey }

func (p public) Public() crypto.PublicKey { return p.PublicKey }
func (public) Sign(_ io.Reader, _ []byte, _ crypto.SignerOpts) ([]byte, error) {
	return nil, nil
}

// OCPP 2.x A02.FR.17–20.
func TestSignCertificateAgain(t *testing.T) {
	bench(t, gnista.V21, func(t *testing.T, s *sim.Station, c *central) {
		c.answers(signs)
		up(t, s)
		must(t, s.SignCertificate(t.Context(), ""))
		time.Sleep(time.Hour)
		got := c.said("SignCertificate")
		if len(got) != 4 || got[1] != got[0] {
			t.Errorf("asked %d times", len(got))
		}
		must(t, s.SignCertificate(t.Context(), ""))
		time.Sleep(40 * time.Second)
		asked(t, c, "CertificateSigned", `{"certificateChain":"nonsense"}`, `{"status":"Rejected"}`)
		time.Sleep(time.Hour)
		if got := c.said("SignCertificate"); len(got) != 2 {
			t.Errorf("asked %d times", len(got))
		}
	})
}
