package pki

import (
	"bytes"
	"crypto"
	_ "crypto/sha512" // SHA-384 and SHA-512
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"strings"

	"gnista"
)

// Hash names a certificate as OCPP and OCSP do: by hashes of its issuer, in hexadecimal, and its own serial
// number, in hexadecimal.
type Hash struct {
	Algorithm string // SHA256, SHA384 or SHA512
	Name      string // of the issuer
	Key       string // of the issuer
	Serial    string
}

var hashes = map[string]crypto.Hash{"SHA256": crypto.SHA256, "SHA384": crypto.SHA384, "SHA512": crypto.SHA512}

// HashOf names the certificate c of an issuer.
func HashOf(algorithm string, c, issuer *x509.Certificate) Hash {
	h := hashes[algorithm]
	return Hash{
		Algorithm: algorithm, Name: hex.EncodeToString(sum(h, c.RawIssuer)), Key: hex.EncodeToString(sum(h, publicKeyBits(issuer))),
		Serial: strings.TrimLeft(hex.EncodeToString(c.SerialNumber.Bytes()), "0"),
	}
}

func sum(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

// publicKeyBits is what OCSP hashes of an issuer's key: the bits without what kind they are.
func publicKeyBits(c *x509.Certificate) []byte {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil
	}
	return info.PublicKey.RightAlign()
}

// of tells whether h names the certificate c of an issuer.
func (h Hash) of(c, issuer *x509.Certificate) bool {
	n, ok := h.serial()
	return ok && n.Cmp(c.SerialNumber) == 0 && h.by(issuer)
}

// by tells whether what h names was issued by an issuer.
func (h Hash) by(issuer *x509.Certificate) bool {
	alg, ok := hashes[h.Algorithm]
	return ok && h.is(h.Name, sum(alg, issuer.RawSubject)) && h.is(h.Key, sum(alg, publicKeyBits(issuer)))
}

func (Hash) is(text string, want []byte) bool {
	got, err := hex.DecodeString(text)
	return err == nil && bytes.Equal(got, want)
}

func (h Hash) serial() (*big.Int, bool) {
	if h.Serial == "" || len(h.Serial) > 40 {
		return nil, false
	}
	return new(big.Int).SetString(h.Serial, 16)
}

// check holds what a station says to what can be looked up.
func (h Hash) check() error {
	alg, ok := hashes[h.Algorithm]
	if !ok {
		return gnista.Invalidf("hashAlgorithm", "%.20q is not SHA256, SHA384 or SHA512", h.Algorithm)
	}
	for field, text := range map[string]string{"issuerNameHash": h.Name, "issuerKeyHash": h.Key} {
		if b, err := hex.DecodeString(text); err != nil || len(b) != alg.Size() {
			return gnista.Invalidf(field, "is not a hash by %s in hexadecimal", h.Algorithm)
		}
	}
	if n, ok := h.serial(); !ok || n.Sign() < 0 {
		return gnista.Invalidf("serialNumber", "is not a number in hexadecimal")
	}
	return nil
}

func unhex(text string) []byte {
	b, _ := hex.DecodeString(text) // it was checked
	return b
}
