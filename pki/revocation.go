package pki

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"gnista"
)

// reasons are those of RFC 5280 §5.3.1 that an operator can give, by name.
var reasons = map[string]int{"unspecified": 0, "key-compromise": 1, "affiliation-changed": 3, "superseded": 4, "cessation-of-operation": 5}

// Reasons are the names of the reasons of revocations.
func Reasons() []string {
	return []string{"unspecified", "key-compromise", "affiliation-changed", "superseded", "cessation-of-operation"}
}

// ReasonName is the name of a reason.
func ReasonName(code int) string {
	for n, c := range reasons {
		if c == code {
			return n
		}
	}
	return "unspecified"
}

// Revoke ends the validity of a certificate, and the connection of the station that has it: it may have
// proved itself with that. NotFound, Invalid; one that was revoked stays so.
func (ca *CA) Revoke(ctx context.Context, serial, reason string) (Certificate, error) {
	code, ok := reasons[reason]
	if !ok {
		return Certificate{}, gnista.Invalidf("reason", "%.40q is not one of %v", reason, Reasons())
	}
	fresh := false
	c, err := ca.Store.ChangeCertificate(ctx, serial, func(c *Certificate) ([]gnista.Event, error) {
		if fresh = c.RevokedAt.IsZero(); !fresh {
			return nil, nil
		}
		c.RevokedAt, c.Reason = ca.Now(), code
		return []gnista.Event{ca.event("certificate.revoked", c.Station, c.Serial, map[string]any{"reason": reason})}, nil
	})
	if err != nil || !fresh {
		return c, err
	}
	ca.forget()
	if c.Use == ForStation {
		ca.Network.Presence.Disconnect(c.Station, "a certificate of the station was revoked")
	}
	return c, nil
}

// How long what we say of revocations is good, and is kept ready: anybody may ask, and a signature takes
// time.
const (
	listLife     = 24 * time.Hour
	listFresh    = time.Hour
	maxRevoked   = 10000 // in a list; certificates expire after a year
	maxAnswers   = 10000
	signingAtOne = 2 // signatures at one time for whoever asks
)

type list struct {
	der  []byte
	made time.Time
}

// CRL is the list of what an authority has revoked, in DER. NotFound. (RFC 5280 §5; OCPP 2.x A00.FR.704)
func (ca *CA) CRL(ctx context.Context, authority string) ([]byte, error) {
	now := ca.Now()
	ca.mu.Lock()
	l, ok := ca.lists[authority]
	epoch := ca.epoch
	ca.mu.Unlock()
	if ok && now.Sub(l.made) < listFresh {
		return l.der, nil
	}
	a, err := ca.Authority(ctx, authority)
	if err != nil {
		return nil, err
	}
	parent, err := a.certificate()
	if err != nil {
		return nil, err
	}
	signer, err := ca.signer(a)
	if err != nil {
		return nil, err
	}
	revoked, err := ca.Store.Certificates(ctx, Filter{Authority: a.ID, Revoked: true}, "", maxRevoked)
	if err != nil {
		return nil, err
	}
	t := &x509.RevocationList{Number: big.NewInt(now.UnixMilli()), ThisUpdate: now.Add(-backdate), NextUpdate: now.Add(listLife), SignatureAlgorithm: signature(signer.Public())}
	for _, c := range revoked {
		if c.ExpiresAt.Before(now) {
			continue
		}
		serial, err := parseSerial(c.Serial)
		if err != nil {
			return nil, err
		}
		t.RevokedCertificateEntries = append(t.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: c.RevokedAt, ReasonCode: c.Reason})
	}
	done, err := ca.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	der, err := x509.CreateRevocationList(rand.Reader, t, parent, signer)
	if err != nil {
		return nil, fmt.Errorf("signing the list of what authority %s has revoked: %w", a.ID, err)
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if ca.lists == nil {
		ca.lists = map[string]list{}
	}
	if ca.epoch == epoch { // else something was revoked meanwhile
		ca.lists[authority] = list{der, now}
	}
	return der, nil
}

func parseSerial(text string) (*big.Int, error) {
	b, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the serial number %q is not hexadecimal: %w", text, err)
	}
	return new(big.Int).SetBytes(b), nil
}

// turn waits until few enough signatures are being made for strangers.
func (ca *CA) turn(ctx context.Context) (done func(), err error) {
	ca.mu.Lock()
	if ca.busy == nil {
		ca.busy = make(chan struct{}, signingAtOne)
	}
	busy := ca.busy
	ca.mu.Unlock()
	select {
	case busy <- struct{}{}:
		return func() { <-busy }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type reply struct {
	der  []byte
	made time.Time
}

// OCSP answers a request for the state of a certificate, both in DER. What we did not issue is not ours to
// speak of, and that needs no signature. (RFC 6960, RFC 5019 §2.2.3)
func (ca *CA) OCSP(ctx context.Context, request []byte) ([]byte, error) {
	req, err := ocsp.ParseRequest(request)
	if err != nil {
		return ocsp.MalformedRequestErrorResponse, nil
	}
	return ca.status(ctx, req)
}

func (ca *CA) status(ctx context.Context, req *ocsp.Request) ([]byte, error) {
	serial := hex.EncodeToString(req.SerialNumber.Bytes())
	now := ca.Now()
	c, err := ca.Store.Certificate(ctx, serial)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return ocsp.UnauthorizedErrorResponse, nil
	}
	if err != nil {
		return nil, err
	}
	a, err := ca.Authority(ctx, c.Authority)
	if err != nil {
		return nil, err
	}
	parent, err := a.certificate()
	if err != nil {
		return nil, err
	}
	if !req.HashAlgorithm.Available() || !slices.Equal(sum(req.HashAlgorithm, parent.RawSubject), req.IssuerNameHash) ||
		!slices.Equal(sum(req.HashAlgorithm, publicKeyBits(parent)), req.IssuerKeyHash) {
		return ocsp.UnauthorizedErrorResponse, nil
	}
	label := fmt.Sprintf("%d %s %t", req.HashAlgorithm, serial, c.RevokedAt.IsZero())
	ca.mu.Lock()
	r, ok := ca.answers[label]
	ca.mu.Unlock()
	if ok && now.Sub(r.made) < listFresh {
		return r.der, nil
	}
	signer, err := ca.signer(a)
	if err != nil {
		return nil, err
	}
	number, err := parseSerial(c.Serial)
	if err != nil {
		return nil, err
	}
	t := ocsp.Response{Status: ocsp.Good, SerialNumber: number, ThisUpdate: now.Add(-backdate), NextUpdate: now.Add(listLife), IssuerHash: req.HashAlgorithm}
	if !c.RevokedAt.IsZero() {
		t.Status, t.RevokedAt, t.RevocationReason = ocsp.Revoked, c.RevokedAt, c.Reason
	}
	done, err := ca.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	der, err := ocsp.CreateResponse(parent, parent, t, signer)
	if err != nil {
		return nil, fmt.Errorf("signing the state of a certificate: %w", err)
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if ca.answers == nil || len(ca.answers) >= maxAnswers {
		ca.answers = map[string]reply{}
	}
	ca.answers[label] = reply{der, now}
	return der, nil
}
