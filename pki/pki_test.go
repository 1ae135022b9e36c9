package pki_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/pki"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
)

// world is an operator with a few stations, whose answers the test gives.
type world struct {
	*testing.T
	ca     *pki.CA
	db     *store.DB
	now    time.Time
	said   []any // orders that stations were told
	answer func(id gnista.StationID, order any) (any, error)
	away   map[gnista.StationID]bool
	mu     sync.Mutex
	clock  sync.Mutex
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	w.clock.Lock()
	defer w.clock.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) Do(_ context.Context, id gnista.StationID, order any) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, order)
	return w.answer(id, order)
}

func (*world) Call(context.Context, gnista.StationID, string, json.RawMessage) (json.RawMessage, error) {
	return nil, gnista.Errorf(gnista.Unsupported, "no calls here")
}

func (w *world) Connection(id gnista.StationID) (station.Connection, bool) {
	return station.Connection{Version: gnista.V21}, !w.away[id]
}

func (w *world) Treat(gnista.StationID, station.Treatment) {}
func (w *world) Disconnect(id gnista.StationID, _ string)  { w.away[id] = true }

func newWorld(t *testing.T) *world {
	db := storetest.Open(t)
	w := &world{T: t, db: db, now: time.Now().UTC().Truncate(time.Millisecond), away: map[gnista.StationID]bool{}}
	w.answer = func(gnista.StationID, any) (any, error) {
		return station.Answer{Status: station.Done, Detail: "Accepted"}, nil
	}
	var mu sync.Mutex
	ids := 0
	newID := func() string {
		mu.Lock()
		defer mu.Unlock()
		ids++
		return fmt.Sprintf("id-%05d", ids)
	}
	now := func() time.Time { w.clock.Lock(); defer w.clock.Unlock(); return w.now }
	network := &station.Network{Store: db, States: db, Verdicts: db, Commands: db, Security: db, Transfers: db, Remote: w, Presence: w, Now: now, NewID: newID}
	secret := bytes.Repeat([]byte{7}, 32)
	w.ca = &pki.CA{
		Store: db, Network: network, Secret: func() ([]byte, error) { return secret, nil }, Operator: "Test AB", BaseURL: "http://gnista.test/api/v1", Now: now, NewID: newID,
	}
	for _, id := range []gnista.StationID{"CS1", "CS2"} {
		if _, err := network.Change(t.Context(), id, true, func(*station.Station) {}); err != nil {
			t.Fatal(err)
		}
		if _, err := network.Boot(t.Context(), id, station.Boot{Version: gnista.V21, Serial: "SN-" + string(id)}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func ecKey(t *testing.T) crypto.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T, bits int) crypto.Signer {
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func csrOf(t *testing.T, key crypto.Signer, change func(*x509.CertificateRequest)) string {
	r := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "CS1", Organization: []string{"Test AB"}}}
	if change != nil {
		change(r)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, r, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func named(cn string) func(*x509.CertificateRequest) {
	return func(r *x509.CertificateRequest) { r.Subject.CommonName = cn }
}

func (w *world) sign(csr string) (pki.Certificate, error) {
	return w.ca.Sign(w.Context(), "CS1", pki.Request{CSR: csr, Use: pki.ForStation})
}

// OCPP 2.x A02.FR.11, A00.FR.405, A00.FR.509, A00.FR.511, A00.FR.514.
func TestSign(t *testing.T) {
	w := newWorld(t)
	check := func(name, csr, cn string) {
		t.Helper()
		c, err := w.sign(csr)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		x, err := x509.ParseCertificate(c.DER)
		if err != nil {
			t.Fatal(err)
		}
		pool, err := w.ca.Trusted(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: w.now}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		switch {
		case x.Subject.CommonName != cn || len(x.Subject.Organization) != 1 || x.Subject.Organization[0] != "Test AB":
			t.Errorf("%s: it is for %s", name, x.Subject)
		case x.NotBefore.After(w.now):
			t.Errorf("%s: it is valid from the future", name)
		case len(x.ExtKeyUsage) > 0 || x.IsCA || len(x.DNSNames)+len(x.IPAddresses)+len(x.URIs)+len(x.EmailAddresses) > 0:
			t.Errorf("%s: it is for more than it should be", name)
		case x.SerialNumber.BitLen() < 100:
			t.Errorf("%s: its serial number can be guessed", name)
		}
	}
	check("by identity", csrOf(t, ecKey(t), nil), "CS1")
	check("by serial number", csrOf(t, ecKey(t), named("SN-CS1")), "SN-CS1")
	check("RSA", csrOf(t, rsaKey(t, 2048), nil), "CS1")
	check("without an organisation", csrOf(t, ecKey(t), func(r *x509.CertificateRequest) { r.Subject.Organization = nil }), "CS1")
	check("asks for names", csrOf(t, ecKey(t), func(r *x509.CertificateRequest) { r.DNSNames = []string{"gnista.test"} }), "CS1")
	text := csrOf(t, ecKey(t), nil)
	check("with line ends of Windows", strings.ReplaceAll(text, "\n", "\r\n"), "CS1")
	check("escaped once too often", strings.ReplaceAll(csrOf(t, ecKey(t), nil), "\n", `\n`), "CS1")
	bare := strings.NewReplacer("-----BEGIN CERTIFICATE REQUEST-----", "", "-----END CERTIFICATE REQUEST-----", "").Replace(csrOf(t, ecKey(t), nil))
	check("without the lines around", bare, "CS1")
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	check("the shortest EC key", csrOf(t, p224, nil), "CS1")
}

// OCPP 2.x A02.FR.12, A00.FR.404, A00.FR.405, A00.FR.427, A00.FR.502, A00.FR.511.
func TestHostileRequests(t *testing.T) {
	w := newWorld(t)
	refuse := func(name, csr, why string) {
		t.Helper()
		_, err := w.sign(csr)
		if gnista.CodeOf(err) != gnista.Invalid || err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", name, err, why)
		}
	}
	refuse("another station", csrOf(t, ecKey(t), named("CS2")), "neither the identity nor the serial number")
	refuse("nobody", csrOf(t, ecKey(t), named("")), "no common name")
	refuse("another operator", csrOf(t, ecKey(t), func(r *x509.CertificateRequest) { r.Subject.Organization = []string{"Other AB"} }), "Other AB")
	refuse("an address", csrOf(t, ecKey(t), named("192.0.2.1")), "address")
	refuse("a short key", csrOf(t, rsaKey(t, 1024), nil), "1024 bits")
	refuse("nothing", "", "not in PEM")
	refuse("garbage", "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----", "cannot be read")
	refuse("words", "please certify me", "not in PEM")
	refuse("a private key", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", "PRIVATE KEY")
	refuse("huge", strings.Repeat("A", 1<<20), "longer than")

	text := csrOf(t, ecKey(t), nil)
	block, _ := pem.Decode([]byte(text))
	block.Bytes[len(block.Bytes)-3] ^= 0xff
	refuse("a signature of nobody", string(pem.EncodeToMemory(block)), "own key")

	// A station that says that its serial number is another's identity.
	if _, err := w.ca.Network.Boot(t.Context(), "CS1", station.Boot{Version: gnista.V21, Serial: "CS2"}); err != nil {
		t.Fatal(err)
	}
	refuse("another station by its serial number", csrOf(t, ecKey(t), named("CS2")), "the identity or the serial number of station CS2")
	if _, err := w.ca.Network.Boot(t.Context(), "CS1", station.Boot{Version: gnista.V21, Serial: "SN-CS2"}); err != nil {
		t.Fatal(err)
	}
	refuse("the serial number of another station", csrOf(t, ecKey(t), named("SN-CS2")), "serial number of station CS2")

	key := ecKey(t)
	if _, err := w.ca.Sign(t.Context(), "CS2", pki.Request{CSR: csrOf(t, key, named("CS2")), Use: pki.ForStation}); err != nil {
		t.Fatal(err)
	}
	refuse("the key of another station", csrOf(t, key, nil), "key of another station")

	for range 20 {
		if _, err := w.sign(csrOf(t, ecKey(t), nil)); err != nil {
			t.Fatal(err)
		}
	}
	refuse("too many", csrOf(t, ecKey(t), nil), "more than 20 within a day")
	w.pass(25 * time.Hour)
	if _, err := w.sign(csrOf(t, ecKey(t), nil)); err != nil {
		t.Error(err)
	}
	for range 29 {
		w.pass(2 * time.Hour)
		if _, err := w.sign(csrOf(t, ecKey(t), nil)); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(25 * time.Hour)
	refuse("too many that are valid", csrOf(t, ecKey(t), nil), "50 certificates that have not expired")
	w.pass(366 * 24 * time.Hour)
	if _, err := w.sign(csrOf(t, ecKey(t), nil)); err != nil {
		t.Error(err)
	}
	verdicts, err := w.db.Verdicts(t.Context(), "CS1", 100)
	if err != nil || len(verdicts) == 0 {
		t.Errorf("refusals are not told: %v", err)
	}
}

// OCPP 2.x A00.FR.403 to .405, A00.FR.702.
func TestProve(t *testing.T) {
	w := newWorld(t)
	c, err := w.sign(csrOf(t, ecKey(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	x, err := x509.ParseCertificate(c.DER)
	if err != nil {
		t.Fatal(err)
	}
	prove := func(id gnista.StationID, x *x509.Certificate, expired bool, why string) {
		t.Helper()
		late, err := w.ca.Prove(t.Context(), id, x)
		if late != expired || (err == nil) != (why == "") || err != nil && !strings.Contains(err.Error(), why) {
			t.Errorf("got %v (expired: %v), want %q", err, late, why)
		}
	}
	prove("CS1", x, false, "")
	prove("CS2", x, false, "another station")
	if err := w.ca.Check(t.Context(), []*x509.Certificate{x}); err != nil || !w.ca.Roots().Equal(roots(w)) {
		t.Errorf("a good certificate: %v", err)
	}
	forged := *x
	forged.Raw = append([]byte{}, x.Raw...)
	forged.Raw[50] ^= 1
	prove("CS1", &forged, false, "not issued here")
	w.pass(366 * 24 * time.Hour)
	prove("CS1", x, true, "expired")
	w.pass(-366 * 24 * time.Hour)
	if _, err := w.ca.Revoke(t.Context(), c.Serial, "key-compromise"); err != nil {
		t.Fatal(err)
	}
	prove("CS1", x, false, "revoked")
	if err := w.ca.Check(t.Context(), []*x509.Certificate{x}); err == nil {
		t.Error("a revoked certificate is good")
	}
	if !w.away["CS1"] {
		t.Error("a station whose certificate was revoked stays connected")
	}
	if _, err := w.ca.Revoke(t.Context(), c.Serial, "because"); gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("an unknown reason: %v", err)
	}
	if _, err := w.ca.Revoke(t.Context(), "00", "superseded"); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func roots(w *world) *x509.CertPool {
	pool := x509.NewCertPool()
	a, err := w.ca.Current(w.Context(), pki.ECDSA)
	if err != nil {
		w.Fatal(err)
	}
	c, err := x509.ParseCertificate(a.Certificate)
	if err != nil {
		w.Fatal(err)
	}
	pool.AddCert(c)
	return pool
}

// OCPP 2.x M05.FR.10.
func TestRollOver(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	first, err := w.ca.Current(ctx, pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := w.sign(csrOf(t, ecKey(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	next, err := w.ca.Prepare(ctx, pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ca.Prepare(ctx, pki.ECDSA); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("a second next one: %v", err)
	}
	if _, err := w.ca.Activate(ctx, next.ID, false); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("activated before any station has the root: %v", err)
	}
	// One station takes the root as it is, the other what its present root has signed only.
	w.answer = func(id gnista.StationID, order any) (any, error) {
		if o, ok := order.(pki.Install); ok {
			list, err := pki.ParseChain("certificate", o.Certificate)
			if err != nil {
				return nil, err
			}
			old, err := x509.ParseCertificate(first.Certificate)
			if err != nil {
				return nil, err
			}
			if id == "CS2" && list[0].CheckSignatureFrom(old) != nil {
				return station.Answer{Status: station.Refused, Detail: "Rejected"}, nil
			}
			return station.Answer{Status: station.Done, Detail: "Accepted"}, nil
		}
		return []pki.Installed{}, nil
	}
	w.away["CS2"] = true
	if _, err := w.ca.Rollout(ctx, next.ID, true); err != nil {
		t.Fatal(err)
	}
	if err := w.ca.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ca.Activate(ctx, next.ID, false); err == nil || !strings.Contains(err.Error(), "1 of 2 stations") {
		t.Errorf("activated while a station is away: %v", err)
	}
	w.away["CS2"] = false
	if err := w.ca.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	told := len(w.said)
	if err := w.ca.Sweep(ctx); err != nil || len(w.said) != told {
		t.Errorf("a sweep with nothing to do told stations something: %v", err)
	}
	if _, err := w.ca.Activate(ctx, next.ID, false); err != nil {
		t.Fatal(err)
	}
	// What the one before issued stays good until nobody uses it.
	x, _ := x509.ParseCertificate(leaf.DER)
	if _, err := w.ca.Prove(ctx, "CS1", x); err != nil {
		t.Error(err)
	}
	if _, err := w.ca.Retire(ctx, first.ID, false); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("retired while in use: %v", err)
	}
	fresh, err := w.sign(csrOf(t, ecKey(t), nil))
	if err != nil || fresh.Authority != next.ID {
		t.Errorf("signed by %s: %v", fresh.Authority, err)
	}
	if _, err := w.ca.Retire(ctx, next.ID, true); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("the current one was retired: %v", err)
	}
	if _, err := w.ca.Retire(ctx, first.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ca.Prove(ctx, "CS1", x); err == nil {
		t.Error("what a retired authority issued is still good")
	}
}

// OCPP 2.x A02.FR.01, A03.FR.02: what expires is renewed before it does.
func TestRenewal(t *testing.T) {
	w := newWorld(t)
	c, err := w.sign(csrOf(t, ecKey(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ca.Deliver(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	asked := func() (n int) {
		if err := w.ca.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, o := range w.said {
			if _, ok := o.(pki.AskRenewal); ok {
				n++
			}
		}
		return n
	}
	if n := asked(); n != 0 {
		t.Errorf("asked %d times a year before", n)
	}
	w.pass(c.ExpiresAt.Add(-29 * 24 * time.Hour).Sub(w.now))
	if n := asked(); n != 1 {
		t.Errorf("asked %d times a month before", n)
	}
	if n := asked(); n != 1 {
		t.Errorf("asked %d times at once", n)
	}
	w.pass(25 * time.Hour)
	if n := asked(); n != 2 {
		t.Errorf("asked %d times in two days", n)
	}
	c, err = w.sign(csrOf(t, ecKey(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ca.Deliver(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	w.pass(25 * time.Hour)
	if n := asked(); n != 2 {
		t.Errorf("asked %d times, the last one after it was renewed", n)
	}
}

// The private keys are nowhere in the open.
func TestSealedKeys(t *testing.T) {
	w := newWorld(t)
	a, err := w.ca.Current(t.Context(), pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x509.ParsePKCS8PrivateKey(a.Key); err == nil || len(a.Key) == 0 {
		t.Error("the private key is stored as it is")
	}
	other := &pki.CA{Store: w.ca.Store, Network: w.ca.Network, Secret: func() ([]byte, error) { return bytes.Repeat([]byte{8}, 32), nil }, Now: w.ca.Now, NewID: w.ca.NewID}
	if _, err := other.CRL(t.Context(), a.ID); err == nil || !strings.Contains(err.Error(), "another secret key") {
		t.Errorf("with another secret: %v", err)
	}
}
