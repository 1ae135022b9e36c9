package sim_test

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/sim"
)

// secure lets a station reach the central system at secure:443 with TLS too; what is there is the
// addresses that were dialled.
type secure struct {
	central *central
	tls     *tls.Config
	closed  bool // to TLS

	mu      sync.Mutex
	dialled []string
}

func (x *secure) dial(ctx context.Context, network, address string) (net.Conn, error) {
	x.mu.Lock()
	x.dialled = append(x.dialled, address)
	x.mu.Unlock()
	if !strings.HasSuffix(address, ":443") {
		return x.central.dial(ctx, network, address)
	}
	if x.closed {
		return nil, fmt.Errorf("%s does not answer", address)
	}
	client, server := net.Pipe()
	go func() {
		conn := tls.Server(server, x.tls)
		if conn.Handshake() != nil {
			server.Close()
			return
		}
		x.central.serve(conn)
	}()
	return client, nil
}

func (x *secure) addresses() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	got := strings.Join(x.dialled, " ")
	x.dialled = nil
	return got
}

// secured is a central system with a root certificate, and TLS for the station.
func secured(t *testing.T, s *sim.Station, c *central) (*secure, *x509.Certificate, *tls.Certificate) {
	rootKey, key := newKey(t), newKey(t)
	root := issue(t, "Root", rootKey, nil, nil)
	cert := issue(t, "central", key, root, rootKey)
	x := &secure{central: c, tls: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}, Time: time.Now}}
	s.Dial = x.dial
	return x, root, &tls.Certificate{Certificate: [][]byte{root.Raw}, PrivateKey: rootKey, Leaf: root}
}

// OCPP 1.6 security whitepaper A01, OCPP 2.x A01.
func TestChangePassword(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		s.Password = "the old password"
		up(t, s)
		if s.Version == gnista.V16 {
			asked(t, c, "ChangeConfiguration", `{"key":"AuthorizationKey","value":"short"}`, `{"status":"Rejected"}`)
			asked(t, c, "GetConfiguration", `{"key":["AuthorizationKey"]}`, `{"configurationKey":[{"key":"AuthorizationKey","readonly":false}]}`)
		} else {
			asked(t, c, "GetVariables", `{"getVariableData":[{"component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}`, `…"attributeStatus":"Rejected"…`)
		}
		setting(t, s, c, "AuthorizationKey", "SecurityCtrlr", "BasicAuthPassword", "the new password")
		if got := c.password(); got != "the old password" {
			t.Errorf("connected with %q", got)
		}
		s.Disconnect()
		must(t, s.Connect(t.Context()))
		if got := c.password(); got != "the new password" || s.CurrentPassword() != got {
			t.Errorf("connected with %q", got)
		}
	})
}

// OCPP 1.6 security whitepaper A05.
func TestRaiseSecurityProfile(t *testing.T) {
	bench(t, gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		x, root, signer := secured(t, s, c)
		x.tls.ClientAuth, x.tls.ClientCAs = tls.VerifyClientCertIfGiven, x509.NewCertPool()
		x.tls.ClientCAs.AddCert(root)
		s.Password = "sixteen or more characters"
		c.answers(signs)
		up(t, s)
		change := func(to, want string) {
			t.Helper()
			asked(t, c, "ChangeConfiguration", `{"key":"SecurityProfile","value":"`+to+`"}`, `{"status":"`+want+`"}`)
			time.Sleep(time.Second)
		}
		change("1", "Rejected")
		change("2", "Rejected") // no root
		asked(t, c, "InstallCertificate", fmt.Sprintf(`{"certificateType":"CentralSystemRootCertificate","certificate":%q}`, pemOf(root)), `{"status":"Accepted"}`)
		change("3", "Rejected") // no certificate
		x.closed = true
		x.addresses()
		change("2", "Accepted")
		if got := x.addresses(); got != "central:443 central:80" || c.password() != s.Password {
			t.Errorf("dialled %s", got)
		}
		asked(t, c, "GetConfiguration", `{"key":["SecurityProfile"]}`, `…"value":"1"…`)
		x.closed = false
		change("2", "Accepted")
		if got := x.addresses(); got != "central:443" || c.password() != s.Password {
			t.Errorf("dialled %s", got)
		}
		c.said()
		must(t, s.SignCertificate(t.Context(), ""))
		cert := issue(t, "S1", public{requested(t, c)}, root, signer.PrivateKey.(crypto.Signer))
		asked(t, c, "CertificateSigned", fmt.Sprintf(`{"certificateChain":%q}`, pemOf(cert)), `{"status":"Accepted"}`)
		change("3", "Accepted")
		asked(t, c, "GetConfiguration", `{"key":["SecurityProfile"]}`, `…"value":"3"…`)
		if c.password() != "" || c.peer() == nil || !c.peer().Equal(cert) {
			t.Errorf("connected with password %q and certificate %v", c.password(), c.peer())
		}
		if got := words([]string{c.ask("UpdateFirmware", `{"location":"http://files/x","retrieveDate":"2026-01-01T00:00:00Z"}`)}, "status"); got != "" {
			t.Errorf("firmware without a signature: %s", got)
		}
	})
}

// OCPP 2.x A05, B09, B10.
func TestNetworkProfiles(t *testing.T) {
	for _, v := range []gnista.Version{gnista.V201, gnista.V21} {
		bench(t, v, func(t *testing.T, s *sim.Station, c *central) {
			x, root, _ := secured(t, s, c)
			s.Password = "sixteen or more characters"
			up(t, s)
			profile := func(slot, url, profile, want string) {
				t.Helper()
				asked(t, c, "SetNetworkProfile", `{"configurationSlot":`+slot+`,"connectionData":{"ocppVersion":"OCPP20","ocppTransport":"JSON","ocppInterface":"Wired0","messageTimeout":30,"ocppCsmsUrl":"`+url+`","securityProfile":`+profile+`}}`,
					`{"status":"`+want+`"…`)
			}
			order := func(list, want string) {
				t.Helper()
				asked(t, c, "SetVariables", `{"setVariableData":[{"attributeValue":"`+list+`","component":{"name":"OCPPCommCtrlr"},"variable":{"name":"NetworkConfigurationPriority"}}]}`, `…"attributeStatus":"`+want+`"…`)
			}
			profile("9", "ws://other/ocpp", "1", "Rejected")
			profile("2", "ws://other/ocpp", "2", "Rejected")
			profile("2", "wss://central/ocpp", "2", "Accepted")
			profile("3", "ws://away/ocpp", "1", "Accepted")
			order("2,1", "Rejected") // no root
			order("4,1", "Rejected")
			asked(t, c, "InstallCertificate", fmt.Sprintf(`{"certificateType":"CSMSRootCertificate","certificate":%q}`, pemOf(root)), `{"status":"Accepted"}`)
			order("2,3,1", "RebootRequired")
			x.closed = true
			x.addresses()
			restart := func() {
				t.Helper()
				asked(t, c, "Reset", `{"type":"Immediate"}`, `{"status":"Accepted"}`)
				time.Sleep(time.Minute)
			}
			restart()
			if got := x.addresses(); got != "central:443 away:80" {
				t.Errorf("dialled %s", got)
			}
			x.closed = false
			restart()
			if got := x.addresses(); got != "central:443" || c.password() != s.Password {
				t.Errorf("dialled %s", got)
			}
			asked(t, c, "GetVariables", `{"getVariableData":[{"component":{"name":"OCPPCommCtrlr"},"variable":{"name":"NetworkConfigurationPriority"}},{"component":{"name":"SecurityCtrlr"},"variable":{"name":"SecurityProfile"}}]}`,
				`…"attributeValue":"2"…"attributeValue":"2"…`)
			order("2,3", "Rejected") // it is given up
			profile("3", "ws://away/ocpp", "1", "Rejected")
		})
	}
}

// OCPP 2.x C07, M01, M06, OCPP 2.1 C25, M07.
func TestISO15118(t *testing.T) {
	bench(t, gnista.V21, func(t *testing.T, s *sim.Station, c *central) {
		c.answers(func(f ocppj.Frame) (string, error) {
			switch f.Action {
			case "Authorize":
				return `{"idTokenInfo":{"status":"Accepted"},"certificateStatus":"Accepted"}`, nil
			case "Get15118EVCertificate":
				return `{"status":"Accepted","exiResponse":"REVG"}`, nil
			case "GetCertificateStatus":
				return `{"status":"Accepted","ocspResult":"T0s="}`, nil
			case "GetCertificateChainStatus":
				return `{"certificateStatus":[{"source":"OCSP","status":"Good","nextUpdate":"2026-02-01T00:00:00Z","certificateHashData":{"hashAlgorithm":"SHA256","issuerNameHash":"a","issuerKeyHash":"b","serialNumber":"c"}}]}`, nil
			case "VatNumberValidation":
				return `{"vatNumber":"SE1","status":"Accepted","company":{"name":"Example","address1":"A","city":"B","country":"SE"}}`, nil
			}
			return "", nil
		})
		up(t, s)
		rootKey := newKey(t)
		root := issue(t, "MO", rootKey, nil, nil)
		chain := []*x509.Certificate{issue(t, "SEABC123", newKey(t), root, rootKey), root}
		a, err := s.AuthoriseContract(t.Context(), sim.Contract{EMAID: "SEABC123", Certificate: pemOf(chain[0]), Chain: chain, Responder: "http://ocsp/"})
		if err != nil || a.Status != "Accepted" || a.CertificateStatus != "Accepted" {
			t.Errorf("%+v %v", a, err)
		}
		h, err := sim.HashCertificate(chain[0], root, "SHA256")
		must(t, err)
		if got := c.said("Authorize"); !strings.Contains(got[0], `"type":"eMAID"`) || !strings.Contains(got[0], h.IssuerKey) || strings.Count(got[0], "responderURL") != 2 {
			t.Errorf("sent %q", got)
		}
		if status, answer, err := s.InstallContract(t.Context(), "QUJD", false); err != nil || status != "Accepted" || answer != "REVG" {
			t.Error(status, answer, err)
		}
		if status, answer, err := s.CertificateStatus(t.Context(), chain, "http://ocsp/"); err != nil || status != "Accepted" || answer != "T0s=" {
			t.Error(status, answer, err)
		}
		if states, err := s.ChainStatus(t.Context(), chain, "http://ocsp/"); err != nil || len(states) != 1 || states[0] != "Good" {
			t.Error(states, err)
		}
		if ok, company, err := s.VATNumber(t.Context(), 1, "SE1"); err != nil || !ok || company != "Example" {
			t.Error(ok, company, err)
		}
	})
}
