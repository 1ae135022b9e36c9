package pki

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
	"unicode"

	"gnista"
	"gnista/station"
)

// Delivery is how far a certificate has come on its way to the station that asked for it.
type Delivery string

// The deliveries. A certificate of our own has none.
const (
	Waiting  Delivery = "waiting"  // it is being sent, or was and nobody answered
	Accepted Delivery = "accepted" // the station uses it
	Refused  Delivery = "refused"  // the station does not want it
)

// Certificate is a certificate that one of our authorities issued.
type Certificate struct {
	ID        string // in the order of time
	Serial    string // in hexadecimal
	Authority string
	Use       Use
	Station   gnista.StationID // whose it is; empty for our own
	Subject   string           // CN
	KeyHash   string           // SHA-256 of its public key, in hexadecimal
	DER       []byte
	Key       []byte // its private key, sealed; only for our own
	Delivery  Delivery
	Detail    string // the station's own word
	RequestID *int   // by which the station knows its request (OCPP 2.1)
	IssuedAt  time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero when it is not
	Reason    int       // of the revocation, by RFC 5280 §5.3.1
	AskedAt   time.Time // when the station was last asked to renew it
}

// Filter says which certificates are listed; what is zero says nothing.
type Filter struct {
	Station   gnista.StationID
	Authority string
	Use       Use
	Subject   string
	ValidAt   time.Time // neither expired nor revoked then
	Before    time.Time // expires before then
	Revoked   bool
}

// Request is what a station asks to have certified.
type Request struct {
	CSR  string
	Use  Use
	ID   *int  // OCPP 2.1
	Root *Hash // under which it is to be (OCPP 2.1)
}

// Limits of what is certified.
const (
	maxCSR      = 10000 // the longest of any version has 5,500 characters
	minRSA      = 2048  // OCPP 2.x A00.FR.502
	maxRSA      = 8192  // longer ones take long to check
	minEC       = 224   // OCPP 2.x A00.FR.503
	stationLife = 365 * 24 * time.Hour
	// A station renews its certificate once a year, and tries again some times where that goes wrong.
	maxPerDay = 20
	maxValid  = 50 // at one time: what a station can make us keep has an end
)

// weak are the ways to sign that are not to be trusted. (OCPP 2.x A00.FR.504)
var weak = []x509.SignatureAlgorithm{x509.UnknownSignatureAlgorithm, x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.DSAWithSHA256, x509.ECDSAWithSHA1}

// parseCSR reads a request in PEM, or in base64 without the lines around it.
func parseCSR(text string) (*x509.CertificateRequest, error) {
	if len(text) > maxCSR {
		return nil, gnista.Invalidf("csr", "is longer than %d characters", maxCSR)
	}
	text = strings.ReplaceAll(text, `\n`, "\n") // some escape it once too often
	var der []byte
	if block, _ := pem.Decode([]byte(text)); block != nil {
		if block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST" {
			return nil, gnista.Invalidf("csr", "is a PEM block of the type %.40q", block.Type)
		}
		der = block.Bytes
	} else {
		var err error
		bare := strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, text)
		if der, err = base64.StdEncoding.DecodeString(bare); err != nil || len(der) == 0 {
			return nil, gnista.Invalidf("csr", "is not in PEM")
		}
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, gnista.Invalidf("csr", "cannot be read: %.200v", err)
	}
	return csr, nil
}

// checkKey holds a public key to the lengths that OCPP asks for. (OCPP 2.x A00.FR.502, A00.FR.503)
func checkKey(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < minRSA || n > maxRSA {
			return fmt.Errorf("its RSA key has %d bits, not %d to %d", n, minRSA, maxRSA)
		}
	case *ecdsa.PublicKey:
		if n := k.Curve.Params().BitSize; n < minEC {
			return fmt.Errorf("its ECDSA key has %d bits, fewer than %d", n, minEC)
		}
	default:
		return fmt.Errorf("its key is neither RSA nor ECDSA")
	}
	return nil
}

// check holds a request to the rules for certificates of stations: whoever asks has the private key, is
// the station that it says it is, and ours.
func (ca *CA) check(ctx context.Context, x station.Station, csr *x509.CertificateRequest) error {
	if err := checkKey(csr.PublicKey); err != nil {
		return gnista.Invalidf("csr", "%v", err)
	}
	if slices.Contains(weak, csr.SignatureAlgorithm) {
		return gnista.Invalidf("csr", "is signed with %s, which is not trusted", csr.SignatureAlgorithm)
	}
	if err := csr.CheckSignature(); err != nil {
		return gnista.Invalidf("csr", "is not signed with its own key")
	}
	cn := csr.Subject.CommonName
	// OCPP 2.x A00.FR.511: a name that could be a server's would let a station pass for one.
	if net.ParseIP(cn) != nil || strings.Contains(cn, "://") {
		return gnista.Invalidf("csr", "has an address as its common name")
	}
	if cn == "" {
		return gnista.Invalidf("csr", "has no common name")
	}
	if cn != string(x.ID) && cn != x.Serial { // OCPP 2.x A00.FR.405
		return gnista.Invalidf("csr", "is for %.100q, which is neither the identity nor the serial number of station %s", cn, x.ID)
	}
	// A serial number is only what a station says: it must be nobody else's.
	same, err := ca.Store.Namesakes(ctx, cn)
	if err != nil {
		return err
	}
	for _, other := range same {
		if other != x.ID {
			return gnista.Invalidf("csr", "is for %.100q, which is the identity or the serial number of station %s too", cn, other)
		}
	}
	// OCPP 2.x A00.FR.404, 1.6 security whitepaper A02.FR.13. One without any is ours for the asking.
	if ca.Operator != "" && len(csr.Subject.Organization) > 0 && !slices.Contains(csr.Subject.Organization, ca.Operator) {
		return gnista.Invalidf("csr", "is of the organisation %.100q, not of %q", strings.Join(csr.Subject.Organization, ", "), ca.Operator)
	}
	return nil
}

// Sign certifies what a station asks for. The certificate is to be delivered then. An Invalid error says
// why it is not certified. (OCPP 2.x A02.FR.04, A03.FR.04; 1.6 security whitepaper A02.FR.04)
func (ca *CA) Sign(ctx context.Context, id gnista.StationID, r Request) (Certificate, error) {
	c, err := ca.sign(ctx, id, r)
	if gnista.CodeOf(err) == gnista.Invalid && err != nil {
		now := ca.Now()
		v := station.Verdict{Station: id, Cause: badRequest, Reason: short("its request for a certificate was refused: " + err.Error()), Count: 1, FirstAt: now, LastAt: now}
		if lost := ca.Network.Verdicts.AddVerdicts(ctx, []station.Verdict{v}); lost != nil {
			return Certificate{}, lost
		}
	}
	if err == nil || gnista.CodeOf(err) == gnista.Invalid {
		if lost := ca.Network.Settle(ctx, id, station.Happened, "", effectRequest); lost != nil {
			return Certificate{}, lost
		}
	}
	return c, err
}

// badRequest is why a certificate is not issued.
const badRequest = station.BadCertificate

func (ca *CA) sign(ctx context.Context, id gnista.StationID, r Request) (Certificate, error) {
	x, err := ca.Network.Store.Station(ctx, id)
	if err != nil {
		return Certificate{}, err
	}
	csr, err := parseCSR(r.CSR)
	if err != nil {
		return Certificate{}, err
	}
	if err := ca.check(ctx, x, csr); err != nil {
		return Certificate{}, err
	}
	a, err := ca.Current(ctx, algorithmOf(csr.PublicKey))
	if err != nil {
		return Certificate{}, err
	}
	if r.Root != nil { // OCPP 2.1 A02.FR.27, A03.FR.23
		if a, err = ca.under(ctx, *r.Root, a); err != nil {
			return Certificate{}, err
		}
	}
	c, err := ca.issue(a, csr.PublicKey, csr.Subject.CommonName, nil, stationLife)
	if err != nil {
		return Certificate{}, err
	}
	c.Use, c.Station, c.Delivery, c.RequestID = r.Use, id, Waiting, r.ID
	day := ca.Now().Add(-24 * time.Hour)
	err = ca.Store.AddCertificate(ctx, c, func(before []Certificate) error {
		recent, valid := 0, 0
		for _, b := range before {
			// OCPP 2.x A00.FR.427
			if b.KeyHash == c.KeyHash && b.Station != id {
				return gnista.Invalidf("csr", "has the key of another station")
			}
			if b.Station == id && b.IssuedAt.After(day) {
				recent++
			}
			if b.Station == id && b.ExpiresAt.After(c.IssuedAt) {
				valid++
			}
		}
		if recent >= maxPerDay {
			return gnista.Invalidf("csr", "is one of more than %d within a day", maxPerDay)
		}
		if valid >= maxValid {
			return gnista.Invalidf("csr", "is of a station that has %d certificates that have not expired", valid)
		}
		return nil
	}, ca.event("certificate.issued", id, c.Serial, map[string]any{"use": c.Use, "authority": a.ID, "expiresAt": c.ExpiresAt}))
	return c, err
}

// under is the authority below the root that a station wants.
func (ca *CA) under(ctx context.Context, root Hash, usual Authority) (Authority, error) {
	list, err := ca.Store.Authorities(ctx)
	if err != nil {
		return Authority{}, err
	}
	for _, a := range list {
		c, err := x509.ParseCertificate(a.Root())
		if err != nil {
			return Authority{}, err
		}
		if a.State == Current && a.Algorithm == usual.Algorithm && root.of(c, c) {
			return a, nil
		}
	}
	return Authority{}, gnista.Invalidf("hashRootCertificate", "is of no root under which certificates are issued here")
}

// issue certifies a public key. It is valid from the past on: a station whose clock is slow would refuse it
// otherwise. It has no extended key usage, which ISO 15118 does not know. (OCPP 2.x A00.FR.508, .509, .511, .512, .514)
func (ca *CA) issue(a Authority, key crypto.PublicKey, cn string, names []string, life time.Duration) (Certificate, error) {
	parent, err := a.certificate()
	if err != nil {
		return Certificate{}, err
	}
	signer, err := ca.signer(a)
	if err != nil {
		return Certificate{}, err
	}
	now := ca.Now()
	serial := newSerial()
	t := &x509.Certificate{
		SerialNumber: serial, NotBefore: now.Add(-backdate).Truncate(time.Second), NotAfter: now.Add(life).Truncate(time.Second),
		Subject: pkix.Name{Organization: []string{ca.operator()}, CommonName: cn}, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, SignatureAlgorithm: signature(signer.Public()),
	}
	if algorithmOf(key) == RSA {
		t.KeyUsage |= x509.KeyUsageKeyEncipherment // for the suites TLS_RSA_*
	} else {
		t.KeyUsage |= x509.KeyUsageKeyAgreement
	}
	if t.NotAfter.After(parent.NotAfter) {
		t.NotAfter = parent.NotAfter
	}
	if !now.Before(t.NotAfter) {
		return Certificate{}, fmt.Errorf("authority %s has expired", a.ID)
	}
	if t.NotBefore.Before(parent.NotBefore) {
		t.NotBefore = parent.NotBefore
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	if ca.BaseURL != "" {
		t.OCSPServer = []string{ca.BaseURL + "/ocsp"}
		t.CRLDistributionPoints = []string{ca.BaseURL + "/crl/" + a.ID}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, key, signer)
	if err != nil {
		return Certificate{}, fmt.Errorf("issuing a certificate: %w", err)
	}
	hash, err := keyHash(key)
	return Certificate{
		ID: ca.NewID(), Serial: hex.EncodeToString(serial.Bytes()), Authority: a.ID, Subject: cn, KeyHash: hash, DER: der, IssuedAt: now, ExpiresAt: t.NotAfter.UTC(),
	}, err
}

func keyHash(key crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("writing a public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// chain is a certificate followed by those above it, without the root, which its reader has. Where the
// authority is a root itself, nothing stands between.
func (a Authority) chain(der []byte) [][]byte {
	list := [][]byte{der}
	if len(a.Above) > 0 {
		list = append(append(list, a.Certificate), a.Above[:len(a.Above)-1]...)
	}
	return list
}

// Deliver sends a station the certificate that it asked for, and keeps what it says.
// (OCPP 2.x A02.FR.14, A03.FR.14)
func (ca *CA) Deliver(ctx context.Context, c Certificate) error {
	a, err := ca.Authority(ctx, c.Authority)
	if err != nil {
		return err
	}
	said, err := station.Tell(ctx, ca.Network.Remote, c.Station, Deliver{Chain: encode(a.chain(c.DER)...), Use: c.Use, Request: c.RequestID})
	delivery, detail := Refused, said.Detail
	switch {
	case err != nil && gnista.CodeOf(err) == gnista.Internal:
		return err
	case err != nil:
		delivery, detail = Waiting, err.Error()
	case said.Status == station.Done:
		delivery = Accepted
	}
	_, err = ca.Store.ChangeCertificate(ctx, c.Serial, func(c *Certificate) ([]gnista.Event, error) {
		c.Delivery, c.Detail = delivery, short(detail)
		return []gnista.Event{ca.event("certificate.delivered", c.Station, c.Serial, map[string]any{"delivery": delivery, "detail": c.Detail})}, nil
	})
	return err
}

// short bounds what is kept of a station's words.
func short(s string) string {
	const most = 500
	if letters := []rune(s); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return s
}

// Trusted are the authorities whose certificates stations prove themselves with. (OCPP 2.x A00.FR.403)
func (ca *CA) Trusted(ctx context.Context) (*x509.CertPool, error) {
	ca.mu.Lock()
	pool, epoch := ca.roots, ca.epoch
	ca.mu.Unlock()
	if pool != nil {
		return pool, nil
	}
	list, err := ca.Store.Authorities(ctx)
	if err != nil {
		return nil, err
	}
	pool = x509.NewCertPool()
	for _, a := range list {
		if a.State == Retired {
			continue
		}
		c, err := a.certificate()
		if err != nil {
			return nil, err
		}
		pool.AddCert(c)
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if ca.epoch == epoch {
		ca.roots = pool
	}
	return pool, nil
}

// Prove tells whether a station may be the one with the given identity that presents a certificate, whose
// private key it has shown to have in a handshake. What was issued is known by its serial number, so that
// what a station once said of itself does not matter. Expired tells that its time is all that is wrong with
// it. (OCPP 2.x A00.FR.403 to .405, A00.FR.429, A00.FR.702, A00.FR.705)
func (ca *CA) Prove(ctx context.Context, id gnista.StationID, presented *x509.Certificate) (expired bool, err error) {
	known, err := ca.Store.Certificate(ctx, hex.EncodeToString(presented.SerialNumber.Bytes()))
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return false, err
	}
	if err != nil || !bytes.Equal(known.DER, presented.Raw) {
		return false, unproven("the certificate was not issued here")
	}
	a, err := ca.Authority(ctx, known.Authority)
	if err != nil {
		return false, err
	}
	switch {
	case known.Use == ForServer || known.Station != id:
		return false, unproven("the certificate is that of another station")
	case !known.RevokedAt.IsZero():
		return false, unproven("the certificate was revoked at %s", known.RevokedAt.Format(time.RFC3339))
	case a.State == Retired:
		return false, unproven("the authority of the certificate is no longer trusted")
	case !ca.Now().Before(known.ExpiresAt):
		return true, unproven("the certificate expired at %s", known.ExpiresAt.Format(time.RFC3339))
	}
	return false, nil
}

// Roots are the authorities that stations' certificates must come from, as of now; none when they cannot be
// looked up.
func (ca *CA) Roots() *x509.CertPool {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	pool, err := ca.Trusted(ctx)
	if err != nil {
		return x509.NewCertPool()
	}
	return pool
}

// lookTime is how long a handshake waits for the store.
const lookTime = 5 * time.Second

// Check tells in words why a certificate that comes from one of the roots is not good all the same. Whose it
// is, is for [CA.Prove].
func (ca *CA) Check(ctx context.Context, chain []*x509.Certificate) error {
	known, err := ca.Store.Certificate(ctx, hex.EncodeToString(chain[0].SerialNumber.Bytes()))
	if err != nil {
		if gnista.CodeOf(err) == gnista.NotFound {
			return unproven("the certificate was not issued here")
		}
		return err
	}
	expired, err := ca.Prove(ctx, known.Station, chain[0])
	if expired {
		return nil // whether it may be used is a question of the station
	}
	return err
}

// Holder is the station that asked for the certificate with a serial number; empty when it was not issued here.
func (ca *CA) Holder(ctx context.Context, serial string) (gnista.StationID, error) {
	c, err := ca.Store.Certificate(ctx, serial)
	if err != nil && gnista.CodeOf(err) == gnista.NotFound {
		err = nil
	}
	return c.Station, err
}

func unproven(format string, args ...any) *station.Refusal {
	return &station.Refusal{Cause: station.BadCertificate, Reason: fmt.Sprintf(format, args...)}
}
