package swishsim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"time"
)

// keys are those of an authority and of the two that it certifies.
type keys struct {
	roots            *x509.CertPool
	own              tls.Certificate
	authority        []byte // PEM, as the others
	merchant, secret []byte
}

// newKeys makes an authority, a server and a merchant.
func newKeys() (k keys, err error) {
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return k, err
	}
	from, until := time.Now().Add(-time.Hour), time.Now().AddDate(2, 0, 0)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Simulated Swish CA"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, authority.Public(), authority)
	if err != nil {
		return k, err
	}
	k.authority, k.roots = encode("CERTIFICATE", der), x509.NewCertPool()
	k.roots.AppendCertsFromPEM(k.authority)
	certify := func(number int64, name string, use x509.ExtKeyUsage) (certificate, key []byte, err error) {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{use}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		}, root, private.Public(), authority)
		if err != nil {
			return nil, nil, err
		}
		secret, err := x509.MarshalPKCS8PrivateKey(private)
		return encode("CERTIFICATE", der), encode("PRIVATE KEY", secret), err
	}
	certificate, key, err := certify(2, "localhost", x509.ExtKeyUsageServerAuth)
	if err != nil {
		return k, err
	}
	if k.own, err = tls.X509KeyPair(certificate, key); err != nil {
		return k, err
	}
	k.merchant, k.secret, err = certify(3, Merchant, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return k, fmt.Errorf("making the certificate of the merchant: %w", err)
	}
	return k, nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// server is how the server talks: to clients with a certificate of the authority only.
func (k keys) server() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{k.own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: k.roots, MinVersion: tls.VersionTLS12}
}

// Client is what the merchant shows and trusts, as PEM: its certificate, the key of that, and the authority.
func (s *Sim) Client() (certificate, key, authority []byte) {
	return s.keys.merchant, s.keys.secret, s.keys.authority
}

// quiet is a log of nothing: clients without a certificate are refused, and that is all.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
