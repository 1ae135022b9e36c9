package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"gnista/ocpp/ocppws"
	"gnista/pki"
	"gnista/token"
)

// contractor is a mobility operator beside the system: its root, a contract, and a responder on it.
type contractor struct {
	root, leaf *x509.Certificate
	key        *ecdsa.PrivateKey
	status     int
	server     *httptest.Server
	provided   string // what the system passed on for a car
}

func newContractor(t *testing.T) *contractor {
	c := &contractor{}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/contracts" {
			c.provided = string(body)
			io.WriteString(w, `{"accepted":true,"exiResponse":"gJgB","remainingContracts":1}`)
			return
		}
		der, err := ocsp.CreateResponse(c.root, c.root, ocsp.Response{Status: c.status, SerialNumber: c.leaf.SerialNumber, ThisUpdate: time.Now(), NextUpdate: time.Now(), RevokedAt: time.Now(), IssuerHash: crypto.SHA256}, c.key)
		if err != nil {
			t.Error(err)
		}
		w.Write(der)
	}))
	t.Cleanup(c.server.Close)
	var err error
	if c.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	make := func(cn string, ca bool, parent *x509.Certificate) *x509.Certificate {
		x := &x509.Certificate{
			SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: cn}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			BasicConstraintsValid: true, IsCA: ca, KeyUsage: x509.KeyUsageDigitalSignature, OCSPServer: []string{c.server.URL},
		}
		if ca {
			x.KeyUsage |= x509.KeyUsageCertSign
		}
		if parent == nil {
			parent = x
		}
		der, err := x509.CreateCertificate(rand.Reader, x, parent, c.key.Public(), c.key)
		if err != nil {
			t.Fatal(err)
		}
		out, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	c.root = make("MO root", true, nil)
	c.leaf = make("SEABCC12345678", false, c.root)
	return c
}

func pemText(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// hashData is the contract as a station names it.
func (c *contractor) hashData() string {
	h := pki.HashOf("SHA256", c.leaf, c.root)
	return fmt.Sprintf(`{"hashAlgorithm":"SHA256","issuerNameHash":%q,"issuerKeyHash":%q,"serialNumber":%q,"responderURL":%q}`, h.Name, h.Key, h.Serial, c.server.URL)
}

// in starts the system with the contractor beside it, and a station of a version.
func (c *contractor) in(t *testing.T, version string) (*live, *wire) {
	l := newLive(t, func(o *options) {
		o.Certifying = certifying{InternalResponder: []string{"127.0.0.1"}, ContractProvider: c.server.URL + "/contracts"}
	})
	if _, err := l.tokens.Create(t.Context(), token.Token{ID: token.ID{UID: "SEABCC12345678", Type: token.EMAID}}); err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(map[string]string{"use": "mo-root", "certificate": pemText(c.root)})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.server.URL+"/api/v1/roots", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testToken)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatal(resp.Status)
	}
	d := ocppws.Dialer{Identity: "CS1", Protocols: []string{version}}
	socket, reader, _, err := d.Connect(t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Conn.Close() })
	return l, (&wire{t, socket, reader}).boot()
}

var versions2 = []string{"ocpp2.0.1", "ocpp2.1"}

const contractToken = `"idToken":{"idToken":"SEABCC12345678","type":"eMAID"}`

// OCPP 2.x C07.FR.04, C07.FR.05, C07.FR.14.
func TestTC_C_50_CSMS(t *testing.T) {
	for _, v := range versions2 {
		c := newContractor(t)
		_, w := c.in(t, v)
		w.send(`[2,"1","Authorize",{` + contractToken + `,"iso15118CertificateHashData":[` + c.hashData() + `]}]`)
		w.want(`[3,"1",{"idTokenInfo":{"status":"Accepted"},"certificateStatus":"Accepted"}]`)
	}
}

// OCPP 2.x C07.FR.13, C07.FR.16.
func TestTC_C_51_CSMS(t *testing.T) {
	for _, v := range versions2 {
		c := newContractor(t)
		l, w := c.in(t, v)
		c.status = ocsp.Revoked
		w.send(`[2,"1","Authorize",{` + contractToken + `,"iso15118CertificateHashData":[` + c.hashData() + `]}]`)
		w.want(`[3,"1",{"idTokenInfo":{"status":"Invalid"},"certificateStatus":"CertificateRevoked"}]`)
		c.status = ocsp.Good
		if _, err := l.tokens.Update(t.Context(), token.ID{UID: "SEABCC12345678"}, func(k *token.Token) { k.Blocked = true }); err != nil {
			t.Fatal(err)
		}
		w.send(`[2,"2","Authorize",{` + contractToken + `,"iso15118CertificateHashData":[` + c.hashData() + `]}]`)
		w.want(`[3,"2",{"idTokenInfo":{"status":"Blocked"},"certificateStatus":"ContractCancelled"}]`)
	}
}

// OCPP 2.x C07.FR.04, C07.FR.05, C07.FR.06.
func TestTC_C_52_CSMS(t *testing.T) {
	for _, v := range versions2 {
		c := newContractor(t)
		_, w := c.in(t, v)
		text, _ := json.Marshal(pemText(c.leaf))
		w.send(`[2,"1","Authorize",{` + contractToken + `,"certificate":` + string(text) + `}]`)
		w.want(`[3,"1",{"idTokenInfo":{"status":"Accepted"},"certificateStatus":"Accepted"}]`)
	}
}

// OCPP 2.x M06.FR.01, M06.FR.02, M06.FR.03, M06.FR.08, M06.FR.09.
func TestTC_M_24_CSMS(t *testing.T) {
	for _, v := range versions2 {
		c := newContractor(t)
		_, w := c.in(t, v)
		w.send(`[2,"1","GetCertificateStatus",{"ocspRequestData":` + c.hashData() + `}]`)
		var answer []json.RawMessage
		var result struct{ Status, OCSPResult string }
		if err := json.Unmarshal([]byte(w.next()), &answer); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(answer[2], &result); err != nil || result.Status != "Accepted" {
			t.Fatalf("%s, %v", answer[2], err)
		}
		der, err := base64.StdEncoding.DecodeString(result.OCSPResult)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := ocsp.ParseResponse(der, c.root); err != nil || a.Status != ocsp.Good {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

// OCPP 2.x M01.FR.01.
func TestTC_M_26_CSMS(t *testing.T) { evCertificate(t, versions2, "Install", "", `"update":false`) }

// OCPP 2.x M02.FR.01.
func TestTC_M_28_CSMS(t *testing.T) { evCertificate(t, versions2, "Update", "", `"update":true`) }

// OCPP 2.1 M01.FR.04, M01.FR.07.
func TestTC_M_100_CSMS(t *testing.T) {
	evCertificate(t, versions2[1:], "Install", `,"maximumContractCertificateChains":2,"prioritizedEMAIDs":["SEABCC12345678"]`, `"maximumContractCertificateChains":2,"prioritizedEMAIDs":["SEABCC12345678"]`)
}

func evCertificate(t *testing.T, versions []string, action, more, provided string) {
	for _, v := range versions {
		c := newContractor(t)
		_, w := c.in(t, v)
		w.send(`[2,"1","Get15118EVCertificate",{"iso15118SchemaVersion":"urn:iso","action":"` + action + `","exiRequest":"gA=="` + more + `}]`)
		if v == "ocpp2.1" {
			w.want(`[3,"1",{"status":"Accepted","exiResponse":"gJgB","remainingContracts":1}]`)
		} else {
			w.want(`[3,"1",{"status":"Accepted","exiResponse":"gJgB"}]`)
		}
		if !strings.Contains(c.provided, provided) || !strings.Contains(c.provided, `"exiRequest":"gA=="`) {
			t.Errorf("the provider was asked %s", c.provided)
		}
	}
}
