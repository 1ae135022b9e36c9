package pki_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"gnista/pki"
)

// operator is a mobility operator: who contracts with drivers, below a root, with a responder.
type operator struct {
	*world
	contracts      *pki.Contracts
	root, sub      *x509.Certificate
	rootKey, subKy crypto.Signer
	server         *httptest.Server
	asked          int
	status         map[string]int // by serial number
	signer         crypto.Signer  // of the responder, if not the issuer
	by             *x509.Certificate
	next           time.Duration
}

func (o *operator) issue(subject string, parent *x509.Certificate, key crypto.PublicKey, signer crypto.Signer, change func(*x509.Certificate)) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<60))
	t := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), Subject: pkix.Name{CommonName: subject}, NotBefore: o.now.Add(-time.Hour), NotAfter: o.now.Add(1000 * time.Hour),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if o.server != nil {
		t.OCSPServer = []string{o.server.URL}
	}
	if change != nil {
		change(t)
	}
	if parent == nil {
		parent = t
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, key, signer)
	if err != nil {
		o.Fatal(err)
	}
	x, err := x509.ParseCertificate(der)
	if err != nil {
		o.Fatal(err)
	}
	return x
}

func authority(t *x509.Certificate) {
	t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
}

func newOperator(t *testing.T) *operator {
	o := &operator{world: newWorld(t), status: map[string]int{}, next: time.Hour}
	o.server = httptest.NewServer(http.HandlerFunc(o.respond))
	t.Cleanup(o.server.Close)
	o.rootKey, o.subKy = ecKey(t), ecKey(t)
	o.root = o.issue("MO root", nil, o.rootKey.Public(), o.rootKey, authority)
	o.sub = o.issue("MO sub", o.root, o.subKy.Public(), o.rootKey, authority)
	o.contracts = &pki.Contracts{Store: o.db, CA: o.ca, Client: pki.NewClient([]string{"127.0.0.1"}), Provider: pki.NoProvider{}, Now: func() time.Time { return o.now }}
	if _, err := o.contracts.AddRoot(t.Context(), pki.MORoot, pemOf(o.root)); err != nil {
		t.Fatal(err)
	}
	return o
}

func pemOf(list ...*x509.Certificate) string {
	var b strings.Builder
	for _, c := range list {
		pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return b.String()
}

// respond is the responder of both authorities.
func (o *operator) respond(w http.ResponseWriter, r *http.Request) {
	o.asked++
	body, _ := io.ReadAll(r.Body)
	req, err := ocsp.ParseRequest(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	issuer, key := o.sub, o.subKy
	if pki.HashOf("SHA256", o.sub, o.root).Serial == req.SerialNumber.Text(16) {
		issuer, key = o.root, o.rootKey
	}
	t := ocsp.Response{Status: o.status[req.SerialNumber.Text(16)], SerialNumber: req.SerialNumber, ThisUpdate: o.now, NextUpdate: o.now.Add(o.next), RevokedAt: o.now, IssuerHash: req.HashAlgorithm}
	by := issuer
	if o.signer != nil {
		key, by, t.Certificate = o.signer, o.by, o.by
	}
	der, err := ocsp.CreateResponse(issuer, by, t, key)
	if err != nil {
		o.Error(err)
	}
	w.Write(der)
}

// OCPP 2.x C07.FR.05, C07.FR.06, C07.FR.13 to .17.
func TestContracts(t *testing.T) {
	o := newOperator(t)
	key := ecKey(t)
	leaf := o.issue("SE-ABC-C12345678-9", o.sub, key.Public(), o.subKy, nil)
	check := func(name string, p pki.Presented, may bool, want pki.Standing) {
		t.Helper()
		p.Station = "CS1"
		if p.EMAID == "" {
			p.EMAID = "SEABCC12345678"
		}
		got, err := o.contracts.Check(t.Context(), p, may)
		if err != nil || got != want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, want)
		}
	}
	chain := pki.Presented{Chain: pemOf(leaf, o.sub)}
	check("good", chain, true, pki.Good)
	check("not to charge", chain, false, pki.Cancelled)
	asked := o.asked
	check("from memory", chain, true, pki.Good)
	if o.asked != asked {
		t.Errorf("the responder was asked %d times more for what it said is good for an hour", o.asked-asked)
	}
	check("another's contract", pki.Presented{Chain: pemOf(leaf, o.sub), EMAID: "SEABCC99999999"}, true, pki.Unverified)
	check("without the one between", pki.Presented{Chain: pemOf(leaf)}, true, pki.Unverified)
	check("garbage", pki.Presented{Chain: "garbage"}, true, pki.Unverified)
	check("nothing", pki.Presented{}, true, pki.Unverified)

	stranger := ecKey(t)
	root := o.issue("MO root", nil, stranger.Public(), stranger, authority)
	check("below another root of the same name", pki.Presented{Chain: pemOf(o.issue("SEABCC12345678", root, key.Public(), stranger, nil), root)}, true, pki.Unverified)
	late := o.issue("SEABCC12345678", o.sub, key.Public(), o.subKy, func(t *x509.Certificate) { t.NotAfter = o.now.Add(-time.Minute) })
	check("expired", pki.Presented{Chain: pemOf(late, o.sub)}, true, pki.Expired)
	gone := o.issue("SEABCC12345678", o.sub, key.Public(), o.subKy, nil)
	o.status[gone.SerialNumber.Text(16)] = ocsp.Revoked
	check("revoked", pki.Presented{Chain: pemOf(gone, o.sub)}, true, pki.Revoked)
	unknown := o.issue("SEABCC12345678", o.sub, key.Public(), o.subKy, nil)
	o.status[unknown.SerialNumber.Text(16)] = ocsp.Unknown
	check("not known to the responder", pki.Presented{Chain: pemOf(unknown, o.sub)}, true, pki.Unverified)
	silent := o.issue("SEABCC12345678", o.sub, key.Public(), o.subKy, func(t *x509.Certificate) { t.OCSPServer = nil })
	check("with nobody to ask", pki.Presented{Chain: pemOf(silent, o.sub)}, true, pki.Unverified)

	named := func(c, issuer *x509.Certificate) pki.Presented {
		return pki.Presented{Hashes: []pki.StatusRequest{{Hash: pki.HashOf("SHA256", c, issuer), URL: o.server.URL}}}
	}
	check("by name, of an issuer that is not known", named(leaf, o.sub), true, pki.Unverified)
	if _, err := o.contracts.AddRoot(t.Context(), pki.MORoot, pemOf(o.sub)); err != nil {
		t.Fatal(err)
	}
	check("by name", named(leaf, o.sub), true, pki.Good)
	check("revoked, by name", named(gone, o.sub), true, pki.Revoked)
	check("by an odd name", pki.Presented{Hashes: []pki.StatusRequest{{Hash: pki.Hash{Algorithm: "MD5", Name: "00", Key: "zz", Serial: "?"}, URL: o.server.URL}}}, true, pki.Unverified)

	// Answers that somebody else has signed: with a contract of the same issuer, which is not for that.
	o.signer, o.by = key, leaf
	forged := o.issue("SEABCC12345678", o.sub, key.Public(), o.subKy, nil)
	check("answered by the holder of a contract", pki.Presented{Chain: pemOf(forged, o.sub)}, true, pki.Unverified)
	o.signer, o.by = key, o.issue("responder", o.sub, key.Public(), o.subKy, func(t *x509.Certificate) { t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} })
	check("answered for the issuer", pki.Presented{Chain: pemOf(forged, o.sub)}, true, pki.Good)
	o.signer, o.next = nil, -time.Hour
	check("with an old answer", pki.Presented{Chain: pemOf(o.issue("SEABCC12345678", o.sub, key.Public(), o.subKy, nil), o.sub)}, true, pki.Unverified)
	o.server.Close()
	check("with no answer", pki.Presented{Chain: pemOf(o.issue("SEABCC12345678", o.sub, key.Public(), o.subKy, nil), o.sub)}, true, pki.Unverified)
}

// OCPP 2.x M06.FR.02, M06.FR.04; OCPP 2.1 M07.FR.01,
// M07.FR.02, M07.FR.03, M07.FR.04, M07.FR.05, M07.FR.06, M07.FR.07.
func TestCertificateStatus(t *testing.T) {
	o := newOperator(t)
	key := ecKey(t)
	leaf := o.issue("x", o.sub, key.Public(), o.subKy, nil)
	h := pki.HashOf("SHA256", leaf, o.sub)
	der, err := o.contracts.Status(t.Context(), "CS1", pki.StatusRequest{Hash: h, URL: o.server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := ocsp.ParseResponse(der, o.sub); err != nil || a.Status != ocsp.Good {
		t.Errorf("%+v, %v", a, err)
	}
	for _, u := range []string{"", "file:///etc/passwd", "http://user@127.0.0.1/", "gopher://127.0.0.1", "http://127.0.0.1:1/", "http://" + strings.Repeat("a", 3000)} {
		if der, err := o.contracts.Status(t.Context(), "CS1", pki.StatusRequest{Hash: pki.HashOf("SHA384", leaf, o.sub), URL: u}); err != nil || der != nil {
			t.Errorf("%.50q: %x, %v", u, der, err)
		}
	}
	// What we issued we know, whatever the address.
	c, err := o.sign(csrOf(t, ecKey(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	a, _ := o.ca.Authority(t.Context(), c.Authority)
	issuer, _ := x509.ParseCertificate(a.Certificate)
	own, _ := x509.ParseCertificate(c.DER)
	if der, err = o.contracts.Status(t.Context(), "CS1", pki.StatusRequest{Hash: pki.HashOf("SHA512", own, issuer)}); err != nil {
		t.Fatal(err)
	}
	if a, err := ocsp.ParseResponse(der, issuer); err != nil || a.Status != ocsp.Good {
		t.Errorf("%+v, %v", a, err)
	}

	if _, err := o.contracts.AddRoot(t.Context(), pki.V2GRoot, pemOf(o.sub)); err != nil {
		t.Fatal(err)
	}
	list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: o.now, NextUpdate: o.now.Add(time.Hour), RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: leaf.SerialNumber, RevocationTime: o.now}},
	}, o.sub, o.subKy)
	if err != nil {
		t.Fatal(err)
	}
	crl := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(list) }))
	defer crl.Close()
	other := pki.HashOf("SHA256", o.issue("y", o.sub, key.Public(), o.subKy, nil), o.sub)
	states, err := o.contracts.ChainStatus(t.Context(), []pki.ChainRequest{
		{Hash: h, URLs: []string{o.server.URL}}, {Hash: h, List: true, URLs: []string{"http://127.0.0.1:1/", crl.URL}}, {Hash: other, List: true, URLs: []string{crl.URL}},
		{Hash: other, List: true, URLs: []string{o.server.URL}}, {Hash: pki.Hash{Algorithm: "SHA256"}, URLs: []string{o.server.URL}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []pki.Standing{pki.Good, pki.Revoked, pki.Good, "", ""} {
		if states[i].Status != want || !states[i].Next.After(o.now) {
			t.Errorf("%d is %+v, want %s", i, states[i], want)
		}
	}
}

// Stations cannot make us ask within our own network.
func TestInternalAddresses(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	at := netip.MustParseAddrPort(server.Listener.Addr().String())
	port := strings.TrimPrefix(at.String(), "127.0.0.1")
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "2130706433", "169.254.169.254", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "[fd00::1]", "[fe80::1]", "224.0.0.1", "[64:ff9b::7f00:1]"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+port+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := pki.NewClient(nil).Do(r); err == nil {
			resp.Body.Close()
			t.Errorf("%s was asked", host)
		}
	}
	if asked > 0 {
		t.Errorf("the server was asked %d times", asked)
	}
	away := httptest.NewServer(http.RedirectHandler(server.URL, http.StatusFound))
	defer away.Close()
	host := strings.TrimPrefix(away.URL, "http://")
	resp, err := pki.NewClient([]string{host}).Get(away.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusFound || asked > 0 {
		t.Errorf("it went elsewhere: %s", resp.Status)
	}
}

// OCPP 2.x M01.FR.01, M02.FR.01; OCPP 2.1 M01.FR.04.
func TestProvider(t *testing.T) {
	var got string
	answer := `{"accepted":true,"exiResponse":"gJgBAA==","remainingContracts":1}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = string(body)
		io.WriteString(w, answer)
	}))
	defer server.Close()
	most := 2
	ask := func(p pki.Provider) pki.EVAnswer {
		t.Helper()
		a, err := (&pki.Contracts{Provider: p}).EVCertificate(t.Context(), pki.EVRequest{Station: "CS1", Schema: "urn:iso", EXI: "gA==", Most: &most, EMAIDs: []string{"SE1"}})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	p := pki.HTTPProvider{URL: server.URL, Client: http.DefaultClient}
	if a := ask(p); !a.Done || a.EXI != "gJgBAA==" || *a.Remaining != 1 {
		t.Errorf("%+v", a)
	}
	if want := `{"station":"CS1","schemaVersion":"urn:iso","update":false,"exiRequest":"gA==","maximumContractCertificateChains":2,"prioritizedEMAIDs":["SE1"]}`; got != want {
		t.Errorf("the provider was asked\n%s, want\n%s", got, want)
	}
	for _, answer = range []string{"", "{", `{"accepted":true}`, strings.Repeat(" ", 1<<20)} {
		if a := ask(p); a.Done || a.Reason == "" {
			t.Errorf("%.20q: %+v", answer, a)
		}
	}
	if a := ask(pki.NoProvider{}); a.Done || !strings.Contains(a.Reason, "configured") {
		t.Errorf("%+v", a)
	}
}
