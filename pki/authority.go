package pki

import (
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
	"math/big"
	"time"

	"gnista"
)

// AuthorityState is what an authority is used for. There is one current one for each algorithm, and at
// most one next.
type AuthorityState string

// The states, in the order in which an authority goes through them.
const (
	Next    AuthorityState = "next"    // its root is given to stations, and it issues nothing yet
	Current AuthorityState = "current" // it issues
	Old     AuthorityState = "old"     // it issues nothing more, and what it issued is good
	Retired AuthorityState = "retired" // what it issued is no longer trusted
)

// Authority is a certificate that issues others, with its private key.
type Authority struct {
	ID          string
	Algorithm   Algorithm
	State       AuthorityState
	Certificate []byte   // DER
	Above       [][]byte // DER of those that certify it, the root last; none when it is a root itself
	Link        []byte   // DER: its root as certified by the one before; none when there was none
	Key         []byte   // its private key, sealed
	Rollout     bool     // its root is being installed on stations
	ExpiresAt   time.Time
	CreatedAt   time.Time
	ChangedAt   time.Time // when it came into its state
}

// Root is the certificate that stations are to trust, in DER.
func (a Authority) Root() []byte {
	if n := len(a.Above); n > 0 {
		return a.Above[n-1]
	}
	return a.Certificate
}

// certificate reads an authority's own certificate, which was read before it was stored.
func (a Authority) certificate() (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(a.Certificate)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of authority %s: %w", a.ID, err)
	}
	return c, nil
}

// How authorities are made. BSI TR-02102 asks for RSA keys of 3,000 bits from 2024 on.
const (
	authorityLife = 20 * 365 * 24 * time.Hour
	rsaBits       = 3072
	// Clocks of stations are slow: what is issued was valid before. (OCPP 2.1 A02.FR.06)
	backdate       = time.Hour
	maxAuthorities = 50 // of all states: each is opened for every list, and nobody has more than a few
)

// operator is the O of what is issued. (OCPP 2.x A00.FR.509)
func (ca *CA) operator() string {
	if ca.Operator == "" {
		return "Gnista"
	}
	return ca.Operator
}

func newKey(alg Algorithm, bits int) (crypto.Signer, error) {
	if alg == RSA {
		return rsa.GenerateKey(rand.Reader, bits)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// signature is how an authority signs. (OCPP 2.x A00.FR.505)
func signature(key crypto.PublicKey) x509.SignatureAlgorithm {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return x509.SHA256WithRSAPSS
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 384:
			return x509.ECDSAWithSHA384
		case 521:
			return x509.ECDSAWithSHA512
		}
	}
	return x509.ECDSAWithSHA256
}

// newSerial makes a serial number that nobody can guess. (OCPP 2.x A00.FR.508; RFC 5280 §4.1.2.2)
func newSerial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b)
	b[0] = b[0]&0x7f | 0x40 // positive, and of the same length always
	return new(big.Int).SetBytes(b)
}

// newAuthority makes a root with a key of its own, and the link to the one before, if there is one.
func (ca *CA) newAuthority(alg Algorithm, before *Authority) (Authority, crypto.Signer, error) {
	key, err := newKey(alg, rsaBits)
	if err != nil {
		return Authority{}, nil, fmt.Errorf("making the key of an authority: %w", err)
	}
	now := ca.Now()
	a := Authority{ID: ca.NewID(), Algorithm: alg, State: Current, CreatedAt: now, ChangedAt: now, ExpiresAt: now.Add(authorityLife).Truncate(time.Second)}
	serial := newSerial()
	t := &x509.Certificate{
		SerialNumber: serial, NotBefore: now.Add(-24 * time.Hour), NotAfter: a.ExpiresAt, IsCA: true, BasicConstraintsValid: true, MaxPathLen: 1, // the link to the next root

		Subject:            pkix.Name{Organization: []string{ca.operator()}, CommonName: fmt.Sprintf("Charging stations %s root %X", name(alg), serial.Bytes()[:4])},
		KeyUsage:           x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature, // OCPP 2.x A00.FR.512
		SignatureAlgorithm: signature(key.Public()),
	}
	if a.Certificate, err = x509.CreateCertificate(rand.Reader, t, t, key.Public(), key); err != nil {
		return Authority{}, nil, fmt.Errorf("making an authority: %w", err)
	}
	if a.Key, err = ca.Secret.seal(key, a.ID); err != nil {
		return Authority{}, nil, err
	}
	if before != nil && len(before.Above) == 0 {
		a.Link, err = ca.link(t, key.Public(), *before)
	}
	return a, key, err
}

// link certifies a new root by the one before: stations that check it take no other.
// (OCPP 2.x M05.FR.10, 1.6 security whitepaper M05.FR.09)
func (ca *CA) link(t *x509.Certificate, key crypto.PublicKey, before Authority) ([]byte, error) {
	parent, err := before.certificate()
	if err != nil {
		return nil, err
	}
	signer, err := ca.signer(before)
	if err != nil {
		return nil, err
	}
	linked := *t
	linked.SerialNumber, linked.SignatureAlgorithm = newSerial(), signature(signer.Public())
	linked.MaxPathLen, linked.MaxPathLenZero = 0, true
	if linked.NotAfter.After(parent.NotAfter) {
		linked.NotAfter = parent.NotAfter
	}
	der, err := x509.CreateCertificate(rand.Reader, &linked, parent, key, signer)
	if err != nil {
		return nil, fmt.Errorf("certifying the next root: %w", err)
	}
	return der, nil
}

func name(alg Algorithm) string {
	if alg == RSA {
		return "RSA"
	}
	return "ECDSA"
}

// signer is the private key of an authority.
func (ca *CA) signer(a Authority) (crypto.Signer, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if key, ok := ca.signers[a.ID]; ok {
		return key, nil
	}
	key, err := ca.Secret.open(a.Key, a.ID)
	if err != nil {
		return nil, err
	}
	if ca.signers == nil {
		ca.signers = map[string]crypto.Signer{}
	}
	ca.signers[a.ID] = key
	return key, nil
}

// find is the authority with an algorithm in a state.
func find(list []Authority, alg Algorithm, state AuthorityState) (Authority, bool) {
	for _, a := range list {
		if a.Algorithm == alg && a.State == state {
			return a, true
		}
	}
	return Authority{}, false
}

// Current is the authority that issues now; the first one is made when it is first needed.
func (ca *CA) Current(ctx context.Context, alg Algorithm) (Authority, error) {
	if alg != ECDSA && alg != RSA {
		return Authority{}, gnista.Invalidf("algorithm", "%q is not ecdsa or rsa", alg)
	}
	list, err := ca.Store.Authorities(ctx)
	if err != nil {
		return Authority{}, err
	}
	if a, ok := find(list, alg, Current); ok {
		return a, nil
	}
	made, _, err := ca.newAuthority(alg, nil)
	if err != nil {
		return Authority{}, err
	}
	err = ca.Store.ChangeAuthorities(ctx, func(list []Authority) ([]Authority, []gnista.Event, error) {
		if a, ok := find(list, alg, Current); ok { // somebody else was quicker
			made = a
			return nil, nil, nil
		}
		return []Authority{made}, []gnista.Event{ca.event("authority.created", "", made.ID, map[string]any{"algorithm": alg, "state": made.State})}, nil
	})
	ca.forget()
	return made, err
}

// Authorities lists all authorities, after making the current ones where there are none.
func (ca *CA) Authorities(ctx context.Context) ([]Authority, error) {
	for _, alg := range []Algorithm{ECDSA, RSA} {
		if _, err := ca.Current(ctx, alg); err != nil {
			return nil, err
		}
	}
	return ca.Store.Authorities(ctx)
}

// Authority finds an authority. NotFound.
func (ca *CA) Authority(ctx context.Context, id string) (Authority, error) {
	list, err := ca.Store.Authorities(ctx)
	if err != nil {
		return Authority{}, err
	}
	return pick(list, id)
}

func pick(list []Authority, id string) (Authority, error) {
	for _, a := range list {
		if a.ID == id {
			return a, nil
		}
	}
	return Authority{}, gnista.Errorf(gnista.NotFound, "there is no authority %q", id)
}

// Prepare makes the next authority, whose root is to be installed on stations before it issues. Conflict
// when there is one already.
func (ca *CA) Prepare(ctx context.Context, alg Algorithm) (Authority, error) {
	current, err := ca.Current(ctx, alg)
	if err != nil {
		return Authority{}, err
	}
	made, _, err := ca.newAuthority(alg, &current)
	if err != nil {
		return Authority{}, err
	}
	made.State = Next
	return made, ca.add(ctx, made)
}

// add stores an authority that was made or imported.
func (ca *CA) add(ctx context.Context, a Authority) error {
	defer ca.forget()
	return ca.Store.ChangeAuthorities(ctx, func(list []Authority) ([]Authority, []gnista.Event, error) {
		if other, ok := find(list, a.Algorithm, a.State); ok {
			return nil, nil, gnista.Errorf(gnista.Conflict, "there is a %s authority for %s already, %s", a.State, a.Algorithm, other.ID)
		}
		for _, other := range list {
			if string(other.Certificate) == string(a.Certificate) {
				return nil, nil, gnista.Errorf(gnista.Conflict, "this certificate is that of authority %s already", other.ID)
			}
		}
		if len(list) >= maxAuthorities {
			return nil, nil, gnista.Errorf(gnista.Conflict, "there are %d authorities already, and more are not kept", len(list))
		}
		return []Authority{a}, []gnista.Event{ca.event("authority.created", "", a.ID, map[string]any{"algorithm": a.Algorithm, "state": a.State})}, nil
	})
}

// Import takes in an authority that was made elsewhere: its certificate, followed by those above it up to
// the root, and its private key, all in PEM. It is the current one where there is none, else the next.
func (ca *CA) Import(ctx context.Context, chain, key string) (Authority, error) {
	list, err := ParseChain("certificate", chain)
	if err != nil {
		return Authority{}, err
	}
	block, _ := pem.Decode([]byte(key))
	if block == nil {
		return Authority{}, gnista.Invalidf("key", "is not in PEM")
	}
	signer, err := parseKey(block.Bytes)
	if err != nil {
		return Authority{}, gnista.Invalidf("key", "%v", err)
	}
	own := list[0]
	if p, ok := own.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !p.Equal(signer.Public()) {
		return Authority{}, gnista.Invalidf("key", "is not that of the first certificate")
	}
	now := ca.Now()
	if err := checkAuthority(list, now); err != nil {
		return Authority{}, err
	}
	if err := checkKey(own.PublicKey); err != nil {
		return Authority{}, gnista.Invalidf("certificate", "%v", err)
	}
	a := Authority{ID: ca.NewID(), Algorithm: algorithmOf(own.PublicKey), State: Current, Certificate: own.Raw, CreatedAt: now, ChangedAt: now, ExpiresAt: own.NotAfter.UTC()}
	for _, c := range list[1:] {
		a.Above = append(a.Above, c.Raw)
	}
	if a.Key, err = ca.Secret.seal(signer, a.ID); err != nil {
		return Authority{}, err
	}
	have, err := ca.Store.Authorities(ctx)
	if err != nil {
		return Authority{}, err
	}
	if _, ok := find(have, a.Algorithm, Current); ok {
		a.State = Next
	}
	return a, ca.add(ctx, a)
}

// checkAuthority holds an imported chain to what an issuer needs.
func checkAuthority(list []*x509.Certificate, now time.Time) error {
	for i, c := range list {
		switch {
		case !c.BasicConstraintsValid || !c.IsCA || c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
			return gnista.Invalidf("certificate", "number %d may not issue certificates", i+1)
		case now.Before(c.NotBefore) || !now.Before(c.NotAfter):
			return gnista.Invalidf("certificate", "number %d is valid from %s to %s only", i+1, c.NotBefore.UTC().Format(time.DateOnly), c.NotAfter.UTC().Format(time.DateOnly))
		}
		above := c // the last one is a root
		if i+1 < len(list) {
			above = list[i+1]
		}
		if err := c.CheckSignatureFrom(above); err != nil {
			return gnista.Invalidf("certificate", "number %d is not signed by the one after it; the last one must be a root", i+1)
		}
	}
	if own := list[0]; own.KeyUsage != 0 && own.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return gnista.Invalidf("certificate", "may not sign lists of what is revoked")
	}
	return nil
}

// Activate lets the next authority issue, and the current one no more. Unless it is forced, all stations
// must have its root by then: others would not trust our servers. NotFound, Conflict.
func (ca *CA) Activate(ctx context.Context, id string, force bool) (Authority, error) {
	done, all, err := ca.Store.Coverage(ctx, id)
	if err != nil {
		return Authority{}, err
	}
	var out Authority
	err = ca.Store.ChangeAuthorities(ctx, func(list []Authority) ([]Authority, []gnista.Event, error) {
		a, err := pick(list, id)
		if err != nil {
			return nil, nil, err
		}
		if a.State != Next {
			return nil, nil, gnista.Errorf(gnista.Conflict, "authority %s is %s, and only the next one can become the current one", id, a.State)
		}
		if done < all && !force {
			return nil, nil, gnista.Errorf(gnista.Conflict, "%d of %d stations in service do not have its root yet", all-done, all)
		}
		a.State, a.ChangedAt = Current, ca.Now()
		changed := []Authority{a}
		if was, ok := find(list, a.Algorithm, Current); ok {
			was.State, was.ChangedAt = Old, ca.Now()
			changed = []Authority{was, a}
		}
		out = a
		return changed, []gnista.Event{ca.event("authority.activated", "", id, map[string]any{"algorithm": a.Algorithm})}, nil
	})
	ca.forget()
	return out, err
}

// Retire ends the trust in an authority that does not issue. Unless it is forced, no certificate of it may
// be in use. NotFound, Conflict.
func (ca *CA) Retire(ctx context.Context, id string, force bool) (Authority, error) {
	used, err := ca.Store.Certificates(ctx, Filter{Authority: id, ValidAt: ca.Now()}, "", 1)
	if err != nil {
		return Authority{}, err
	}
	var out Authority
	err = ca.Store.ChangeAuthorities(ctx, func(list []Authority) ([]Authority, []gnista.Event, error) {
		a, err := pick(list, id)
		switch {
		case err != nil:
			return nil, nil, err
		case a.State == Current:
			return nil, nil, gnista.Errorf(gnista.Conflict, "authority %s is the current one; activate the next one first", id)
		case a.State == Retired:
			out = a
			return nil, nil, nil
		case len(used) > 0 && !force:
			return nil, nil, gnista.Errorf(gnista.Conflict, "certificates of authority %s are in use", id)
		}
		a.State, a.ChangedAt, a.Rollout = Retired, ca.Now(), false
		out = a
		return []Authority{a}, []gnista.Event{ca.event("authority.retired", "", id, map[string]any{"algorithm": a.Algorithm})}, nil
	})
	ca.forget()
	return out, err
}

// forget drops what was worked out from authorities and certificates that have changed.
func (ca *CA) forget() {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.epoch++
	clear(ca.servers)
	clear(ca.lists)
	clear(ca.answers)
	ca.roots = nil
}

// event makes an event; data is any value that JSON can hold.
func (ca *CA) event(kind string, id gnista.StationID, subject string, data map[string]any) gnista.Event {
	ev := gnista.Event{At: ca.Now(), Kind: kind, Station: id, Subject: subject}
	ev.Data, _ = json.Marshal(data) // strings and numbers always marshal
	return ev
}
