package sim

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// keyring is the certificates and keys of a station. It is guarded by the mu of the station.
type keyring struct {
	roots []root
	own   pair // for the connection to the central system
	v2g   pair // for the connection to cars
	next  int  // number for a request
}

// root is a root certificate; use is as OCPP 2.x names it.
type root struct {
	use  ocpp2.InstallCertificateUse
	cert *x509.Certificate
}

// pair is a key with its certificates, the one of the key first.
type pair struct {
	key     crypto.Signer
	chain   []*x509.Certificate
	pending crypto.Signer // whose certificate was asked for
	request int           // the number of that
	refused bool          // a bad one has come for it
}

// maxRoots is how many root certificates there is room for.
const maxRoots = 20

// keys is where certificates are kept. mu is held.
func (s *Station) keys() *keyring {
	if s.keyring == nil {
		s.keyring = &keyring{}
	}
	return s.keyring
}

// tls is how the station speaks TLS: as it was told, trusting what was installed as well, with the
// certificate that was signed for it.
func (s *Station) tls() *tls.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &tls.Config{}
	if s.TLS != nil {
		c = s.TLS.Clone()
	}
	if c.Time == nil {
		c.Time = s.Now
	}
	if s.keyring == nil {
		return c
	}
	for _, r := range s.keyring.roots {
		if r.use != ocpp2.InstallCertificateUseCSMSRootCertificate {
			continue
		}
		if c.RootCAs == nil {
			c.RootCAs = x509.NewCertPool()
		} else if s.TLS != nil && c.RootCAs == s.TLS.RootCAs {
			c.RootCAs = c.RootCAs.Clone()
		}
		c.RootCAs.AddCert(r.cert)
	}
	if p := s.keyring.own; p.key != nil {
		own := tls.Certificate{PrivateKey: p.key, Leaf: p.chain[0]}
		for _, cert := range p.chain {
			own.Certificate = append(own.Certificate, cert.Raw)
		}
		c.Certificates = []tls.Certificate{own}
	}
	return c
}

// certificates reads a chain in PEM.
func certificates(text string) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("there is something else than a certificate")
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, errors.New("there is no certificate in PEM")
	}
	return chain, nil
}

// inForce tells whether a certificate is in its time.
func (s *Station) inForce(c *x509.Certificate) error {
	if now := s.Now(); now.Before(c.NotBefore) || now.After(c.NotAfter) {
		return errors.New("the certificate is not valid now")
	}
	return nil
}

// signingCertificate reads the certificate that firmware is signed with. Where the station has roots of
// manufacturers it must come from one of them.
func (s *Station) signingCertificate(text string) (*x509.Certificate, error) {
	chain, err := certificates(text)
	if err != nil {
		return nil, err
	}
	if err := s.inForce(chain[0]); err != nil {
		return nil, err
	}
	roots, any := s.pool(ocpp2.InstallCertificateUseManufacturerRootCertificate)
	if !any {
		return chain[0], nil
	}
	return chain[0], s.trace(chain, roots)
}

// pool are the roots of one use; any is whether there are some.
func (s *Station) pool(use ocpp2.InstallCertificateUse) (pool *x509.CertPool, any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pool = x509.NewCertPool()
	for _, r := range s.keys().roots {
		if r.use == use {
			pool.AddCert(r.cert)
			any = true
		}
	}
	return pool, any
}

// trace follows a chain to one of the roots.
func (s *Station) trace(chain []*x509.Certificate, roots *x509.CertPool) error {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: s.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err
}

// pairOf is the key for a use. mu is held.
func (k *keyring) pairOf(use ocpp2.CertificateSigningUse) *pair {
	if use == "" || use == ocpp2.CertificateSigningUseChargingStationCertificate {
		return &k.own
	}
	return &k.v2g
}

// SignCertificate makes a new key and asks for a certificate for it, for a use as OCPP 2.x names it;
// empty is the connection to the central system. Its error is what became of the request; the
// certificate comes later. (OCPP 1.6 security whitepaper A02, A03, OCPP 2.x A02, A03)
func (s *Station) SignCertificate(ctx context.Context, use string) error {
	l, err := s.serving()
	if err != nil {
		return err
	}
	key, err := s.newKey()
	if err != nil {
		return err
	}
	s.mu.Lock()
	name := cmp.Or(s.Serial, string(s.ID))
	subject := pkix.Name{CommonName: name, Organization: []string{cmp.Or(s.organisation, defaultOrganisation)}}
	k := s.keys()
	k.next++
	number := k.next
	p := k.pairOf(ocpp2.CertificateSigningUse(use))
	p.pending, p.request, p.refused = key, number, false
	s.mu.Unlock()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, key)
	if err != nil {
		return err
	}
	csr := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	status, err := s.dialect.sign(ctx, l, csr, use, number)
	if err == nil && status != accepted {
		err = fmt.Errorf("the central system does not sign: it answers %s", status)
	}
	if err != nil {
		return err
	}
	s.spawn(func(ctx context.Context) { s.askAgain(ctx, p, number, csr, use) })
	return nil
}

// askAgain asks for a certificate again while none comes, ever less often. (OCPP 2.x A02.FR.17–20)
func (s *Station) askAgain(ctx context.Context, p *pair, number int, csr, use string) {
	s.mu.Lock()
	seconds, _ := strconv.Atoi(s.holds("SecurityCtrlr", "CertSigningWaitMinimum"))
	times, _ := strconv.Atoi(s.holds("SecurityCtrlr", "CertSigningRepeatTimes"))
	s.mu.Unlock()
	wait := time.Duration(seconds) * time.Second
	for range times {
		if !sleep(ctx, wait) {
			return
		}
		s.mu.Lock()
		waits := p.pending != nil && p.request == number && !p.refused
		s.mu.Unlock()
		if !waits {
			return
		}
		if l, err := s.online(); err == nil {
			_, err = s.dialect.sign(ctx, l, csr, use, number)
			s.note("a certificate", err)
		}
		wait *= 2
	}
}

// serving is online for what may be called first of all.
func (s *Station) serving() (*link, error) {
	s.prepare()
	return s.online()
}

func (s *Station) newKey() (crypto.Signer, error) {
	if s.RSA {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// takeSigned takes a certificate that was asked for into use, and tells whether it is good. number is
// that of the request; nil is that it is not told. (OCPP 2.x A02.FR.06–08)
func (l *link) takeSigned(text string, use ocpp2.CertificateSigningUse, number *int) bool {
	s := l.station
	err := s.useSigned(text, use, number)
	if err != nil {
		l.afterwards(func(ctx context.Context) {
			s.note("a security event", s.SecurityEvent(ctx, s.traits.invalidCertificate, err.Error())) // OCPP 2.x A02.FR.07
		})
		return false
	}
	if s.profile() == 3 && (use == "" || use == ocpp2.CertificateSigningUseChargingStationCertificate) {
		l.afterwards(func(ctx context.Context) { s.reconnect(ctx, l) }) // OCPP 2.x A02.FR.08
	}
	return true
}

func (s *Station) useSigned(text string, use ocpp2.CertificateSigningUse, number *int) error {
	chain, err := certificates(text)
	if err == nil {
		err = s.inForce(chain[0])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.keys().pairOf(use)
	if p.refused = err != nil; p.refused {
		return err
	}
	if p.pending == nil || number != nil && *number != p.request { // OCPP 2.1 A02.FR.26
		return errors.New("no certificate was asked for")
	}
	if public, ok := p.pending.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(chain[0].PublicKey) {
		return errors.New("the certificate is for another key")
	}
	p.key, p.chain, p.pending = p.pending, chain, nil
	return nil
}

// installRoot takes in a root certificate, and tells what came of that. (OCPP 2.x M05)
func (s *Station) installRoot(use ocpp2.InstallCertificateUse, text string) ocpp2.InstallCertificateStatus {
	chain, err := certificates(text)
	if err != nil || len(chain) != 1 || s.inForce(chain[0]) != nil || !chain[0].IsCA { // OCPP 2.x M05.FR.07
		return ocpp2.InstallCertificateStatusRejected
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys()
	for i, r := range k.roots {
		if r.use == use && r.cert.Equal(chain[0]) { // OCPP 2.1 M05.FR.17
			k.roots[i].cert = chain[0]
			return ocpp2.InstallCertificateStatusAccepted
		}
	}
	if len(k.roots) == maxRoots { // OCPP 2.x M05.FR.06
		return ocpp2.InstallCertificateStatusRejected
	}
	k.roots = append(k.roots, root{use, chain[0]})
	return ocpp2.InstallCertificateStatusAccepted
}

// CertificateHash is how OCPP names a certificate: by hashes of who has issued it, as OCSP makes them
// (RFC 6960 §4.1.1), and its number.
type CertificateHash struct{ Algorithm, IssuerName, IssuerKey, Serial string }

// HashCertificate is the name of a certificate with an algorithm: SHA256, SHA384 or SHA512.
func HashCertificate(cert, issuer *x509.Certificate, algorithm string) (CertificateHash, error) {
	h, ok := map[string]crypto.Hash{"SHA256": crypto.SHA256, "SHA384": crypto.SHA384, "SHA512": crypto.SHA512}[algorithm]
	if !ok {
		return CertificateHash{}, fmt.Errorf("there is no algorithm %q", algorithm)
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &info); err != nil {
		return CertificateHash{}, err
	}
	sum := func(b []byte) string {
		x := h.New()
		x.Write(b)
		return hex.EncodeToString(x.Sum(nil))
	}
	return CertificateHash{algorithm, sum(cert.RawIssuer), sum(info.Key.RightAlign()), fmt.Sprintf("%x", cert.SerialNumber)}, nil
}

// hashOf is the name of a certificate, whose issuer is one of the others or itself.
func hashOf(cert *x509.Certificate, others []*x509.Certificate, algorithm string) CertificateHash {
	issuer := cert
	for _, o := range others {
		if bytes.Equal(o.RawSubject, cert.RawIssuer) {
			issuer = o
		}
	}
	h, _ := HashCertificate(cert, issuer, algorithm)
	return h
}

func (h CertificateHash) same(g CertificateHash) bool {
	return strings.EqualFold(h.IssuerName, g.IssuerName) && strings.EqualFold(h.IssuerKey, g.IssuerKey) &&
		strings.EqualFold(strings.TrimLeft(h.Serial, "0"), strings.TrimLeft(g.Serial, "0"))
}

// all are the certificates of the roots. mu is held.
func (k *keyring) all() (list []*x509.Certificate) {
	for _, r := range k.roots {
		list = append(list, r.cert)
	}
	return list
}

// certificateName names a certificate with those of its chain that are above it.
type certificateName struct {
	use   ocpp2.GetCertificateIDUse
	hash  CertificateHash
	above []CertificateHash
}

// listCertificates lists what is installed for the uses; none is all. (OCPP 2.x M03)
func (s *Station) listCertificates(uses []ocpp2.GetCertificateIDUse) (list []certificateName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys()
	wanted := func(use ocpp2.GetCertificateIDUse) bool {
		for _, u := range uses {
			if u == use {
				return true
			}
		}
		return len(uses) == 0
	}
	const algorithm = "SHA256"
	for _, r := range k.roots {
		if use := ocpp2.GetCertificateIDUse(r.use); wanted(use) {
			list = append(list, certificateName{use: use, hash: hashOf(r.cert, nil, algorithm)})
		}
	}
	if c := k.v2g.chain; len(c) > 0 && wanted(ocpp2.GetCertificateIDUseV2GCertificateChain) { // OCPP 2.x M03.FR.05
		others := append(k.all(), c...)
		one := certificateName{use: ocpp2.GetCertificateIDUseV2GCertificateChain, hash: hashOf(c[0], others, algorithm)}
		for _, above := range c[1:] {
			one.above = append(one.above, hashOf(above, others, algorithm))
		}
		list = append(list, one)
	}
	return list
}

// deleteCertificate takes a certificate away. (OCPP 2.x M04)
func (s *Station) deleteCertificate(h CertificateHash) ocpp2.DeleteCertificateStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys()
	for i, r := range k.roots {
		if hashOf(r.cert, nil, h.Algorithm).same(h) {
			k.roots = append(k.roots[:i:i], k.roots[i+1:]...)
			return ocpp2.DeleteCertificateStatusAccepted
		}
	}
	if c := k.own.chain; len(c) > 0 && hashOf(c[0], append(k.all(), c...), h.Algorithm).same(h) {
		return ocpp2.DeleteCertificateStatusFailed // OCPP 2.x M04.FR.06
	}
	if c := k.v2g.chain; len(c) > 0 && hashOf(c[0], append(k.all(), c...), h.Algorithm).same(h) {
		k.v2g = pair{}
		return ocpp2.DeleteCertificateStatusAccepted
	}
	return ocpp2.DeleteCertificateStatusNotFound
}

// Certificate is the one that was signed for the connection to the central system; nil is none.
func (s *Station) Certificate() *x509.Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keyring == nil || len(s.keyring.own.chain) == 0 {
		return nil
	}
	return s.keyring.own.chain[0]
}

// OCPP 1.6 security whitepaper A02.FR.03.
func (*v16) sign(ctx context.Context, l *link, csr, _ string, _ int) (string, error) {
	resp, err := call(ctx, l, ocpp16.SignCertificate, ocpp16.SignCertificateRequest{CSR: csr})
	return string(resp.Status), err
}

// centralRoot is what OCPP 1.6 calls the root certificate of the central system.
const centralRoot = "CentralSystemRootCertificate"

func (*v16) certificates(m *ocppj.Mux[*link]) {
	ocppj.Handle(m, ocpp16.CertificateSigned, func(_ context.Context, l *link, req ocpp16.CertificateSignedRequest) (ocpp16.CertificateSignedResponse, error) {
		if !l.takeSigned(req.CertificateChain, "", nil) {
			return ocpp16.CertificateSignedResponse{Status: ocpp16.CertificateSignedStatusRejected}, nil
		}
		return ocpp16.CertificateSignedResponse{Status: ocpp16.CertificateSignedStatusAccepted}, nil
	})
	use := func(u ocpp16.CertificateUse) ocpp2.InstallCertificateUse {
		if u == centralRoot {
			return ocpp2.InstallCertificateUseCSMSRootCertificate
		}
		return ocpp2.InstallCertificateUse(u)
	}
	ocppj.Handle(m, ocpp16.InstallCertificate, func(_ context.Context, l *link, req ocpp16.InstallCertificateRequest) (ocpp16.InstallCertificateResponse, error) {
		return ocpp16.InstallCertificateResponse{Status: ocpp16.InstallCertificateStatus(l.station.installRoot(use(req.CertificateType), req.Certificate))}, nil
	})
	ocppj.Handle(m, ocpp16.GetInstalledCertificateIDs, func(_ context.Context, l *link, req ocpp16.GetInstalledCertificateIDsRequest) (ocpp16.GetInstalledCertificateIDsResponse, error) {
		resp := ocpp16.GetInstalledCertificateIDsResponse{Status: ocpp16.GetInstalledCertificateStatusNotFound}
		for _, c := range l.station.listCertificates([]ocpp2.GetCertificateIDUse{ocpp2.GetCertificateIDUse(use(req.CertificateType))}) {
			resp.Status = ocpp16.GetInstalledCertificateStatusAccepted
			resp.CertificateHashData = append(resp.CertificateHashData, ocpp16.CertificateHashData{
				HashAlgorithm: ocpp16.HashAlgorithm(c.hash.Algorithm), IssuerNameHash: c.hash.IssuerName, IssuerKeyHash: c.hash.IssuerKey, SerialNumber: c.hash.Serial,
			})
		}
		return resp, nil
	})
	ocppj.Handle(m, ocpp16.DeleteCertificate, func(_ context.Context, l *link, req ocpp16.DeleteCertificateRequest) (ocpp16.DeleteCertificateResponse, error) {
		h := req.CertificateHashData
		status := l.station.deleteCertificate(CertificateHash{string(h.HashAlgorithm), h.IssuerNameHash, h.IssuerKeyHash, h.SerialNumber})
		return ocpp16.DeleteCertificateResponse{Status: ocpp16.DeleteCertificateStatus(status)}, nil
	})
}

// OCPP 2.x A02.FR.03, A02.FR.13.
func (d *v2) sign(ctx context.Context, l *link, csr, use string, number int) (string, error) {
	req := ocpp2.SignCertificateRequest{CSR: csr, CertificateType: ocpp2.CertificateSigningUse(use)}
	if d.version >= ocppj.V21 {
		req.RequestID = &number
	}
	resp, err := call(ctx, l, ocpp2.SignCertificate, req)
	return string(resp.Status), err
}

func (h CertificateHash) wire() ocpp2.CertificateHashData {
	return ocpp2.CertificateHashData{HashAlgorithm: ocpp2.HashAlgorithm(h.Algorithm), IssuerNameHash: h.IssuerName, IssuerKeyHash: h.IssuerKey, SerialNumber: h.Serial}
}

func (*v2) certificates(m *ocppj.Mux[*link]) {
	// OCPP 2.x A02, A03.
	ocppj.Handle(m, ocpp2.CertificateSigned, func(_ context.Context, l *link, req ocpp2.CertificateSignedRequest) (ocpp2.CertificateSignedResponse, error) {
		if !l.takeSigned(req.CertificateChain, req.CertificateType, req.RequestID) {
			return ocpp2.CertificateSignedResponse{Status: ocpp2.CertificateSignedStatusRejected}, nil
		}
		return ocpp2.CertificateSignedResponse{Status: ocpp2.CertificateSignedStatusAccepted}, nil
	})
	// OCPP 2.x M05.
	ocppj.Handle(m, ocpp2.InstallCertificate, func(_ context.Context, l *link, req ocpp2.InstallCertificateRequest) (ocpp2.InstallCertificateResponse, error) {
		return ocpp2.InstallCertificateResponse{Status: l.station.installRoot(req.CertificateType, req.Certificate)}, nil
	})
	// OCPP 2.x M03.
	ocppj.Handle(m, ocpp2.GetInstalledCertificateIds, func(_ context.Context, l *link, req ocpp2.GetInstalledCertificateIdsRequest) (ocpp2.GetInstalledCertificateIdsResponse, error) {
		resp := ocpp2.GetInstalledCertificateIdsResponse{Status: ocpp2.GetInstalledCertificateStatusNotFound}
		for _, c := range l.station.listCertificates(req.CertificateType) {
			resp.Status = ocpp2.GetInstalledCertificateStatusAccepted
			one := ocpp2.CertificateHashDataChain{CertificateType: c.use, CertificateHashData: c.hash.wire()}
			for _, above := range c.above {
				one.ChildCertificateHashData = append(one.ChildCertificateHashData, above.wire())
			}
			resp.CertificateHashDataChain = append(resp.CertificateHashDataChain, one)
		}
		return resp, nil
	})
	// OCPP 2.x M04.
	ocppj.Handle(m, ocpp2.DeleteCertificate, func(_ context.Context, l *link, req ocpp2.DeleteCertificateRequest) (ocpp2.DeleteCertificateResponse, error) {
		h := req.CertificateHashData
		return ocpp2.DeleteCertificateResponse{Status: l.station.deleteCertificate(CertificateHash{string(h.HashAlgorithm), h.IssuerNameHash, h.IssuerKeyHash, h.SerialNumber})}, nil
	})
}
