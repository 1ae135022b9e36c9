// Package pki is the operator's public key infrastructure: the authorities that certify stations and
// our own servers, what they have issued and revoked, which certificates stations have installed, and
// whether the contract certificate of a car is good.
package pki

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// Algorithm is the kind of key that an authority has and certifies. Stations use one or the other.
// (OCPP 2.x A00.FR.318)
type Algorithm string

// The algorithms.
const (
	ECDSA Algorithm = "ecdsa"
	RSA   Algorithm = "rsa"
)

// algorithmOf tells which algorithm a key is for, empty when for neither.
func algorithmOf(key crypto.PublicKey) Algorithm {
	switch key.(type) {
	case *ecdsa.PublicKey:
		return ECDSA
	case *rsa.PublicKey:
		return RSA
	}
	return ""
}

// CA issues certificates. It is one for all stations of an operator.
type CA struct {
	Store    Store
	Network  *station.Network
	Secret   Secret
	Operator string // O of what is issued, and of what asks for it; empty is any
	BaseURL  string // of the API, where the state of certificates is told; empty is nowhere
	Now      func() time.Time
	NewID    func() string

	mu      sync.Mutex // never held while the store is asked
	epoch   int        // grows when what was worked out may be wrong
	signers map[string]crypto.Signer
	servers map[string]server
	lists   map[string]list
	answers map[string]reply
	roots   *x509.CertPool
	busy    chan struct{} // one for each signature that is being made for strangers
}

// Store keeps authorities, what they issued, and what stations have installed. Each method is one SQL
// transaction.
type Store interface {
	// Authorities lists all authorities, the oldest first.
	Authorities(ctx context.Context) ([]Authority, error)
	// ChangeAuthorities lets change see all authorities and stores those that it returns.
	ChangeAuthorities(ctx context.Context, change func([]Authority) ([]Authority, []gnista.Event, error)) error

	// Certificate finds what was issued by its serial number in hexadecimal. NotFound.
	Certificate(ctx context.Context, serial string) (Certificate, error)
	// Certificates lists the newest first, behind the one with the id before.
	Certificates(ctx context.Context, f Filter, before string, limit int) ([]Certificate, error)
	// AddCertificate stores a new certificate, unless check finds fault with it in view of the station's
	// last ones and those of the same key.
	AddCertificate(ctx context.Context, c Certificate, check func([]Certificate) error, evs ...gnista.Event) error
	// ChangeCertificate changes what is known of a certificate. NotFound.
	ChangeCertificate(ctx context.Context, serial string, change func(*Certificate) ([]gnista.Event, error)) (Certificate, error)

	// Namesakes lists some stations whose identity or serial number is name.
	Namesakes(ctx context.Context, name string) ([]gnista.StationID, error)

	// Installed lists what a station was found to have installed.
	Installed(ctx context.Context, id gnista.StationID) ([]Installed, error)
	// SetInstalled stores what a station has installed of some uses, or of all without any, in place of what
	// it had of them.
	SetInstalled(ctx context.Context, id gnista.StationID, uses []Use, list []Installed) error

	// Roots lists the roots of cars, in the order in which they were added.
	Roots(ctx context.Context) ([]Root, error)
	// AddRoot adds one, of which there may be so many. Conflict when it is there already, or when it is
	// one too many.
	AddRoot(ctx context.Context, r Root, most int) error
	// DeleteRoot removes one. NotFound.
	DeleteRoot(ctx context.Context, id string) error

	// Attempts lists what came of installing the root of an authority on stations, behind after.
	Attempts(ctx context.Context, authority string, after gnista.StationID, limit int) ([]Attempt, error)
	// SetAttempt stores what came of it on one station, in place of what was before.
	SetAttempt(ctx context.Context, a Attempt) error
	// Lacking lists stations in service that are not done with the root and on which it was not tried
	// since, behind after.
	Lacking(ctx context.Context, authority string, since time.Time, after gnista.StationID, limit int) ([]gnista.StationID, error)
	// Coverage counts the stations in service, which have booted once, and those of them that are done with
	// the root of an authority.
	Coverage(ctx context.Context, authority string) (done, all int, err error)

	// Renewable lists the newest certificate that each station uses, of those that expire before a time and
	// were not asked to be renewed since another.
	Renewable(ctx context.Context, expiry, asked time.Time, limit int) ([]Certificate, error)
}

// Use is what a certificate is for.
type Use string

// The uses. The first three are asked for by stations.
const (
	ForStation Use = "station"    // the station proves to us who it is
	ForV2G     Use = "v2g"        // the station proves to cars who it is (ISO 15118-2)
	ForV2G20   Use = "v2g-20"     // likewise (ISO 15118-20)
	ForServer  Use = "server"     // we prove to stations who we are
	CSMSRoot   Use = "csms-root"  // the root of what servers prove themselves with
	MakerRoot  Use = "maker-root" // the root of signatures of firmware
	V2GRoot    Use = "v2g-root"   // the root of what stations and cars prove themselves with to each other
	MORoot     Use = "mo-root"    // the root of contracts of cars
	OEMRoot    Use = "oem-root"   // the root of what cars prove themselves with
	ForBoth    Use = "combined"   // of a station, one certificate for ForStation and ForV2G; only to ask for it
	V2GChain   Use = "v2g-chain"  // the station's own certificate for cars, with those above it
)

// InstalledUses are the uses of certificates that stations have installed.
var InstalledUses = []Use{CSMSRoot, MakerRoot, V2GRoot, MORoot, OEMRoot, V2GChain}

// encode writes certificates in PEM, in the order given.
func encode(list ...[]byte) string {
	var text []byte
	for _, der := range list {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return string(text)
}

// Limits of what is read as certificates: no chain of OCPP is longer.
const (
	maxChain     = 10
	maxChainText = 64 << 10
)

// ParseChain reads certificates in PEM. Invalid, of the field.
func ParseChain(field, text string) ([]*x509.Certificate, error) {
	if len(text) > maxChainText {
		return nil, gnista.Invalidf(field, "is longer than %d bytes", maxChainText)
	}
	var list []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, gnista.Invalidf(field, "has a PEM block of the type %.40q, which is no certificate", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, gnista.Invalidf(field, "has a certificate that cannot be read: %v", err)
		}
		if list = append(list, c); len(list) > maxChain {
			return nil, gnista.Invalidf(field, "has more than %d certificates", maxChain)
		}
	}
	if len(list) == 0 {
		return nil, gnista.Invalidf(field, "has no certificate in PEM")
	}
	return list, nil
}
