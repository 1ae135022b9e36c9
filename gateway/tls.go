package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Trust tells which certificates of stations are good.
type Trust interface {
	// Roots are the authorities that stations' certificates must come from, as of now.
	Roots() *x509.CertPool
	// Check is asked about each certificate that comes from one of them, and says in words why it is
	// not good all the same, as one that was revoked. Chain begins with the certificate.
	Check(ctx context.Context, chain []*x509.Certificate) error
}

// KeyPair are files with a certificate and its key.
type KeyPair struct{ Certificate, Key string }

// TLS is what a listener with TLS has. We are the server (OCPP A00.FR.409), with an address for each of what
// stations show who they are: a password or a certificate (OCPP A00.FR.006). Its fields are not changed once it serves.
type TLS struct {
	// Pairs are our certificates: one with an ECDSA and one with an RSA key, so that stations of
	// either kind can connect. (OCPP 2.x A00.FR.318, A00.FR.421; OCPP 1.6 A00.FR.317)
	Pairs []KeyPair
	// Own gives our certificates where there are no files: they are asked for again and again, as they are
	// renewed.
	Own func() ([]tls.Certificate, error)
	// Trust makes clients present a certificate; nil does not.
	Trust Trust
	// Legacy lets stations in that know no TLS newer than 1.0 or 1.1, with OCPP 1.6 only.
	// (OCPP 1.6 A00.FR.324, A00.FR.428)
	Legacy bool
	Now    func() time.Time
	Log    *slog.Logger

	current atomic.Pointer[loaded]
	mu      sync.Mutex
	looked  time.Time
}

// loaded is the configuration that certificates in files gave.
type loaded struct {
	modern, legacy *tls.Config
	files          []time.Time // when they were last written
}

// suites are those that OCPP names, and their relatives with forward secrecy for RSA keys. Those of
// TLS 1.3 are not for us to choose. (OCPP 2.x A00.FR.318, A00.FR.320, A00.FR.421, A00.FR.423)
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
}

// lookEvery is how often the files are looked at for newer certificates, when somebody connects.
const lookEvery = 10 * time.Second

// Config reads the certificates and makes a configuration that follows the files.
func (t *TLS) Config() (*tls.Config, error) {
	l, err := t.load()
	if err != nil {
		return nil, err
	}
	t.current.Store(l)
	t.looked = t.Now()
	return &tls.Config{MinVersion: l.modern.MinVersion, GetConfigForClient: t.choose}, nil
}

func (t *TLS) load() (*loaded, error) {
	if len(t.Pairs) == 0 && t.Own == nil {
		return nil, errors.New("TLS needs a certificate")
	}
	l := &loaded{}
	var pairs []tls.Certificate
	if len(t.Pairs) == 0 {
		own, err := t.Own()
		if err != nil {
			return nil, fmt.Errorf("issuing certificates of our own: %w", err)
		}
		pairs = own
	}
	for _, p := range t.Pairs {
		pair, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate %s with the key %s: %w", p.Certificate, p.Key, err)
		}
		pairs = append(pairs, pair)
	}
	l.files = t.written()
	l.modern = &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: suites, Certificates: pairs} // OCPP 2.x A00.FR.313, A00.FR.416
	if t.Trust != nil {
		// What is wrong with a certificate is said in words of ours, so we verify it, below.
		l.modern.ClientAuth, l.modern.VerifyConnection = tls.RequireAnyClientCert, t.verify
	}
	l.legacy = l.modern
	if t.Legacy {
		l.legacy = l.modern.Clone()
		l.legacy.MinVersion, l.legacy.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		l.legacy.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
	}
	return l, nil
}

// written is when the files were last written; the zero time for one that is not there.
func (t *TLS) written() (list []time.Time) {
	for _, p := range t.Pairs {
		for _, name := range []string{p.Certificate, p.Key} {
			var at time.Time
			if info, err := os.Stat(name); err == nil {
				at = info.ModTime()
			}
			list = append(list, at)
		}
	}
	return list
}

// choose is the configuration for who connects, all of whose connections share it.
func (t *TLS) choose(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	t.follow()
	l := t.current.Load()
	if x, ok := hello.Conn.(*seam); ok {
		x.hello, x.name = true, hello.ServerName
	}
	for _, v := range hello.SupportedVersions {
		if v >= tls.VersionTLS12 {
			return l.modern, nil
		}
	}
	return l.legacy, nil
}

// follow reads the files again when they have changed. New ones that are wrong change nothing: they
// may be half written.
func (t *TLS) follow() {
	if !t.mu.TryLock() {
		return // somebody is at it
	}
	defer t.mu.Unlock()
	now := t.Now()
	if now.Sub(t.looked) < lookEvery {
		return
	}
	t.looked = now
	same := len(t.Pairs) > 0
	for i, at := range t.written() {
		same = same && at.Equal(t.current.Load().files[i])
	}
	if same {
		return
	}
	l, err := t.load()
	if err != nil {
		t.Log.Error("new certificates are not used", "err", err)
		return
	}
	t.current.Store(l)
	if len(t.Pairs) > 0 {
		t.Log.Info("new certificates are used from now on")
	}
}

// verify judges the certificate of a station, whose identity is not known yet. One that has expired
// but was good is let through: whether it may be used is a question of the station.
// (OCPP 2.x A00.FR.403, A00.FR.407, A00.FR.429; OCPP 1.6 A00.FR.403)
func (t *TLS) verify(state tls.ConnectionState) error {
	list := state.PeerCertificates
	if len(list) == 0 {
		return &badCertificate{reason: "the station presents no certificate"}
	}
	leaf := list[0]
	bad := func(format string, args ...any) error {
		return &badCertificate{name: leaf.Subject.CommonName, reason: fmt.Sprintf(format, args...)}
	}
	o := x509.VerifyOptions{
		Roots: t.Trust.Roots(), Intermediates: x509.NewCertPool(), CurrentTime: t.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, c := range list[1:min(len(list), maxChain)] {
		o.Intermediates.AddCert(c)
	}
	if o.CurrentTime.After(leaf.NotAfter) {
		o.CurrentTime = leaf.NotAfter
	}
	chains, err := leaf.Verify(o)
	if err != nil {
		return bad("the certificate of %s is not good: %s", subject(leaf), whyBad(leaf, err))
	}
	if err := t.Trust.Check(context.Background(), chains[0]); err != nil {
		return bad("the certificate of %s is not good: %v", subject(leaf), err)
	}
	return nil
}

// maxChain is how many certificates of a chain are looked at; OCPP has two authorities at most.
const maxChain = 8

func subject(c *x509.Certificate) string {
	return fmt.Sprintf("%q", shorten(c.Subject.CommonName, maxQuoted))
}

func whyBad(leaf *x509.Certificate, err error) string {
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority) && leaf.CheckSignatureFrom(leaf) == nil,
		errors.As(err, &authority) && string(leaf.RawIssuer) == string(leaf.RawSubject):
		return "it is self-signed"
	case errors.As(err, &authority):
		return fmt.Sprintf("it comes from an unknown authority, %q", shorten(leaf.Issuer.CommonName, maxQuoted))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert == leaf:
		return "it is not valid before " + leaf.NotBefore.UTC().Format(time.RFC3339)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("that of its authority %q is not valid now", shorten(invalid.Cert.Subject.CommonName, maxQuoted))
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "it is not meant for clients"
	}
	return strings.TrimPrefix(shorten(err.Error(), maxQuoted), "x509: ")
}

// badCertificate is a certificate that a handshake ends for.
type badCertificate struct{ name, reason string }

func (e *badCertificate) Error() string { return e.reason }
