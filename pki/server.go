package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"gnista"
)

// How long certificates of our own are good. They are not worth revoking then. (OCPP 2.x A00.FR.701)
const (
	serverLife  = 30 * 24 * time.Hour
	serverRenew = 15 * 24 * time.Hour // before they expire
	maxNames    = 20
)

// server is a certificate of our own that is in use.
type server struct {
	certificate tls.Certificate
	until       time.Time // when a new one is due
}

// Server is the certificate with which we prove to stations that we have the names, of which the first one
// is the fully qualified one that they are given. It is issued when there is none or the last one expires
// soon, so it is to be asked for anew for each handshake; the key stays in memory. Servers have one of each
// algorithm. (OCPP 2.x A00.FR.307, A00.FR.318, A00.FR.410, A00.FR.421, A00.FR.510, A00.FR.511)
func (ca *CA) Server(ctx context.Context, alg Algorithm, names []string) (*tls.Certificate, error) {
	if len(names) == 0 || len(names) > maxNames || slices.Contains(names, "") {
		return nil, gnista.Invalidf("names", "must be 1 to %d names", maxNames)
	}
	label := string(alg) + " " + strings.Join(names, " ")
	ca.mu.Lock()
	s, ok := ca.servers[label]
	epoch := ca.epoch
	ca.mu.Unlock()
	if ok && ca.Now().Before(s.until) {
		return &s.certificate, nil
	}
	s, err := ca.server(ctx, alg, names)
	if err != nil {
		return nil, err
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if ca.servers == nil {
		ca.servers = map[string]server{}
	}
	if ca.epoch == epoch {
		ca.servers[label] = s
	}
	return &s.certificate, nil
}

// server finds a certificate of our own that is good for a while, or issues one.
func (ca *CA) server(ctx context.Context, alg Algorithm, names []string) (server, error) {
	a, err := ca.Current(ctx, alg)
	if err != nil {
		return server{}, err
	}
	have, err := ca.Store.Certificates(ctx, Filter{Authority: a.ID, Use: ForServer, Subject: names[0], ValidAt: ca.Now().Add(serverRenew)}, "", 10)
	if err != nil {
		return server{}, err
	}
	for _, c := range have {
		leaf, err := x509.ParseCertificate(c.DER)
		if err != nil {
			return server{}, fmt.Errorf("reading the certificate %s: %w", c.Serial, err)
		}
		if !slices.ContainsFunc(names, func(n string) bool { return leaf.VerifyHostname(n) != nil }) {
			return ca.use(a, c, leaf)
		}
	}
	key, err := newKey(alg, minRSA) // it lives a month
	if err != nil {
		return server{}, fmt.Errorf("making the key of a server: %w", err)
	}
	c, err := ca.issue(a, key.Public(), names[0], names, serverLife)
	if err != nil {
		return server{}, err
	}
	c.Use = ForServer
	if c.Key, err = ca.Secret.seal(key, c.Serial); err != nil {
		return server{}, err
	}
	ev := ca.event("certificate.issued", "", c.Serial, map[string]any{"use": c.Use, "authority": a.ID, "expiresAt": c.ExpiresAt})
	if err := ca.Store.AddCertificate(ctx, c, func([]Certificate) error { return nil }, ev); err != nil {
		return server{}, err
	}
	leaf, err := x509.ParseCertificate(c.DER)
	if err != nil {
		return server{}, err
	}
	return ca.use(a, c, leaf)
}

func (ca *CA) use(a Authority, c Certificate, leaf *x509.Certificate) (server, error) {
	key, err := ca.Secret.open(c.Key, c.Serial)
	if err != nil {
		return server{}, err
	}
	return server{certificate: tls.Certificate{Certificate: a.chain(c.DER), PrivateKey: key, Leaf: leaf}, until: c.ExpiresAt.Add(-serverRenew)}, nil
}
