package pki

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"

	"gnista"
	"gnista/station"
)

// Root is a certificate that is trusted to certify contracts of cars, or what else ISO 15118 knows. It may be
// one below a root: of what is named by hashes only, the issuer must be one of these.
type Root struct {
	ID        string // SHA-256 of it, in hexadecimal
	Use       Use    // MORoot, V2GRoot, OEMRoot or MakerRoot
	DER       []byte
	Subject   string
	ExpiresAt time.Time
	CreatedAt time.Time
}

// PEM is the root in PEM.
func (r Root) PEM() string { return encode(r.DER) }

// maxRoots is how many roots there may be: all are tried for each contract.
const maxRoots = 200

// Contracts knows whether the certificates of cars are good.
type Contracts struct {
	Store    Store
	CA       *CA          // of which it knows by itself
	Client   *http.Client // see [NewClient]
	Provider Provider
	Now      func() time.Time

	once   sync.Once
	states *states
}

func (c *Contracts) others() *states {
	c.once.Do(func() {
		c.states = &states{client: c.Client, now: c.Now, kept: map[string]kept{}, busy: make(chan struct{}, fetchesAtOne)}
	})
	return c.states
}

// AddRoot trusts a certificate for a use. Invalid, Conflict.
func (c *Contracts) AddRoot(ctx context.Context, use Use, text string) (Root, error) {
	if !slices.Contains([]Use{MORoot, V2GRoot, OEMRoot, MakerRoot}, use) {
		return Root{}, gnista.Invalidf("use", "%q is not mo-root, v2g-root, oem-root or maker-root", use)
	}
	list, err := ParseChain("certificate", text)
	if err != nil {
		return Root{}, err
	}
	root := list[0]
	switch {
	case len(list) > 1:
		return Root{}, gnista.Invalidf("certificate", "is %d certificates; add them one by one", len(list))
	case !root.IsCA:
		return Root{}, gnista.Invalidf("certificate", "may not issue others")
	case !c.Now().Before(root.NotAfter):
		return Root{}, gnista.Invalidf("certificate", "expired at %s", root.NotAfter.UTC().Format(time.RFC3339))
	}
	s := sha256.Sum256(root.Raw)
	r := Root{ID: hex.EncodeToString(s[:]), Use: use, DER: root.Raw, Subject: root.Subject.String(), ExpiresAt: root.NotAfter.UTC(), CreatedAt: c.Now()}
	return r, c.Store.AddRoot(ctx, r, maxRoots)
}

// StatusRequest is a certificate whose state is asked for, and where.
type StatusRequest struct {
	Hash Hash
	URL  string
}

// Presented is what a car shows of its contract. One of the two is enough.
type Presented struct {
	Station gnista.StationID
	EMAID   string
	Chain   string          // PEM: the certificate of the contract, and those above it
	Hashes  []StatusRequest // of the same, without them
}

// Standing is what a contract is worth.
type Standing string

// The standings.
const (
	Good       Standing = "good"
	Expired    Standing = "expired"
	Revoked    Standing = "revoked"
	Unverified Standing = "unverified" // it cannot be proved, for whatever reason
	Cancelled  Standing = "cancelled"  // the certificate is good, and the contract may not charge
)

// checkTime is the time in which the state of a chain must be had: the car waits.
const checkTime = 20 * time.Second

// Check proves the contract of a car. Why one is not good is kept as a verdict on the station's request.
// (OCPP 2.x C07.FR.05, C07.FR.13 to C07.FR.17)
func (c *Contracts) Check(ctx context.Context, p Presented, mayCharge bool) (Standing, error) {
	s, why, err := c.check(ctx, p)
	if err != nil {
		return s, err
	}
	if s == Good {
		if !mayCharge {
			s = Cancelled // OCPP 2.x C07.FR.13
		}
		return s, nil
	}
	reason := "the certificate of a contract was not accepted: it is " + string(s)
	if why != nil {
		reason += ": " + why.Error()
	}
	return s, c.note(ctx, p.Station, reason)
}

// note keeps why a station was refused something.
func (c *Contracts) note(ctx context.Context, id gnista.StationID, reason string) error {
	now := c.Now()
	return c.CA.Network.Verdicts.AddVerdicts(ctx, []station.Verdict{{Station: id, Cause: badRequest, Reason: short(reason), Count: 1, FirstAt: now, LastAt: now}})
}

// check tells what a contract is worth, and why it is not good.
func (c *Contracts) check(ctx context.Context, p Presented) (s Standing, why, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	roots, err := c.Store.Roots(ctx)
	if err != nil {
		return Unverified, nil, err
	}
	var anchors []*x509.Certificate
	for _, r := range roots {
		if r.Use == MORoot || r.Use == V2GRoot {
			root, err := x509.ParseCertificate(r.DER)
			if err != nil {
				return Unverified, nil, err
			}
			anchors = append(anchors, root)
		}
	}
	if p.Chain != "" {
		s, why = c.checkChain(ctx, p, anchors)
	} else {
		s, why = c.checkHashes(ctx, p.Hashes, anchors)
	}
	return s, why, nil
}

// checkChain proves a chain: up to a root, by the clock, of this contract, and not revoked.
func (c *Contracts) checkChain(ctx context.Context, p Presented, anchors []*x509.Certificate) (Standing, error) {
	list, err := ParseChain("certificate", p.Chain)
	if err != nil {
		return Unverified, err
	}
	o := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: c.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	for _, a := range anchors {
		o.Roots.AddCert(a)
	}
	for _, above := range list[1:] {
		o.Intermediates.AddCert(above)
	}
	chains, err := list[0].Verify(o)
	if err != nil {
		if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired && c.Now().After(e.Cert.NotAfter) {
			return Expired, nil
		}
		return Unverified, err
	}
	// Whoever has a contract may not charge on another's.
	if plain(list[0].Subject.CommonName) != plain(p.EMAID) {
		return Unverified, gnista.Errorf(gnista.Refused, "the certificate is that of another contract")
	}
	chain := chains[0]
	for i, x := range chain[:len(chain)-1] {
		issuer := chain[i+1]
		h := HashOf("SHA256", x, issuer)
		addresses := x.OCSPServer
		for _, q := range p.Hashes {
			if q.Hash.of(x, issuer) {
				h, addresses = q.Hash, append([]string{q.URL}, addresses...)
			}
		}
		if len(addresses) == 0 && len(x.CRLDistributionPoints) > 0 {
			if revoked, _, err := c.others().crl(ctx, h, issuer, x.CRLDistributionPoints); err != nil {
				return Unverified, err
			} else if revoked {
				return Revoked, nil
			}
			continue
		}
		if s, err := c.checkOne(ctx, h, issuer, addresses); s != Good {
			return s, err
		}
	}
	return Good, nil
}

// plain is a contract's name without what is between its parts, and without its check digit.
func plain(emaid string) string {
	s := strings.ToUpper(strings.ReplaceAll(emaid, "-", ""))
	const length = 14 // of country, provider and instance
	return s[:min(len(s), length)]
}

// checkHashes proves a chain that is named only. Those who issued must be known to us: nobody else can tell
// a true answer from a false one, and stations say where to ask.
func (c *Contracts) checkHashes(ctx context.Context, list []StatusRequest, anchors []*x509.Certificate) (Standing, error) {
	if len(list) == 0 {
		return Unverified, gnista.Errorf(gnista.Refused, "no certificate is named")
	}
	for _, q := range list {
		issuer := issuerOf(q.Hash, anchors)
		if issuer == nil {
			return Unverified, gnista.Errorf(gnista.Refused, "the issuer of certificate %.40q is not among the roots", q.Hash.Serial)
		}
		if s, err := c.checkOne(ctx, q.Hash, issuer, []string{q.URL}); s != Good {
			return s, err
		}
	}
	return Good, nil
}

func issuerOf(h Hash, list []*x509.Certificate) *x509.Certificate {
	for _, x := range list {
		if h.by(x) {
			return x
		}
	}
	return nil
}

func (c *Contracts) checkOne(ctx context.Context, h Hash, issuer *x509.Certificate, addresses []string) (Standing, error) {
	a, err := c.others().ocsp(ctx, h, issuer, addresses)
	switch {
	case err != nil:
		return Unverified, err
	case a.Status == ocsp.Revoked:
		return Revoked, nil
	case a.Status != ocsp.Good:
		return Unverified, gnista.Errorf(gnista.Refused, "the responder does not know certificate %s", h.Serial)
	}
	return Good, nil
}

// Status is the answer of a responder on a certificate, in DER, for whoever can prove it; nil when there is
// none that can be used, and why is a verdict on the station's request: within our own network that is nothing
// for a station. What we issued ourselves we know. (OCPP 2.x M06.FR.01 to M06.FR.04, M06.FR.08)
func (c *Contracts) Status(ctx context.Context, id gnista.StationID, q StatusRequest) ([]byte, error) {
	der, err := c.status(ctx, q)
	if err != nil && gnista.CodeOf(err) != gnista.Internal {
		return nil, c.note(context.WithoutCancel(ctx), id, "the state of a certificate could not be had: "+err.Error())
	}
	return der, err
}

func (c *Contracts) status(ctx context.Context, q StatusRequest) ([]byte, error) {
	if err := q.Hash.check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	own, err := c.own(ctx, q.Hash)
	if err != nil || own != nil {
		return own, err
	}
	a, err := c.others().ocsp(ctx, q.Hash, nil, []string{q.URL})
	if err != nil {
		return nil, err
	}
	return a.Raw, nil
}

// own is our own answer on a certificate that one of our authorities issued, nil on another.
func (c *Contracts) own(ctx context.Context, h Hash) ([]byte, error) {
	serial, _ := h.serial()
	der, err := c.CA.status(ctx, &ocsp.Request{HashAlgorithm: hashes[h.Algorithm], IssuerNameHash: unhex(h.Name), IssuerKeyHash: unhex(h.Key), SerialNumber: serial})
	if err != nil || string(der) == string(ocsp.UnauthorizedErrorResponse) {
		return nil, err
	}
	return der, nil
}

// ChainRequest is a certificate of a chain whose state is asked for.
type ChainRequest struct {
	Hash Hash
	List bool // by a list of what is revoked, not by a responder
	URLs []string
}

// ChainState is the state of one certificate of a chain.
type ChainState struct {
	Status Standing // Good, Revoked, Unverified when its issuer does not know it, or empty when it could not be had
	Next   time.Time
}

// stateAgain is how long it is not asked again for what could not be had.
const stateAgain = time.Hour

// ChainStatus finds the states of certificates, in the order in which they are asked for. An answer that
// cannot be proved to be the issuer's is none. (OCPP 2.1 M07.FR.01 to .08)
func (c *Contracts) ChainStatus(ctx context.Context, list []ChainRequest) ([]ChainState, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	roots, err := c.Store.Roots(ctx)
	if err != nil {
		return nil, err
	}
	var known []*x509.Certificate
	for _, r := range roots {
		x, err := x509.ParseCertificate(r.DER)
		if err != nil {
			return nil, err
		}
		known = append(known, x)
	}
	out := make([]ChainState, len(list))
	for i, q := range list {
		out[i] = c.chainState(ctx, q, known)
		if latest := c.Now().Add(maxAge); out[i].Next.After(latest) {
			out[i].Next = latest
		}
		if !out[i].Next.After(c.Now()) {
			out[i].Next = c.Now().Add(stateAgain)
		}
	}
	return out, nil
}

func (c *Contracts) chainState(ctx context.Context, q ChainRequest, known []*x509.Certificate) ChainState {
	if q.Hash.check() != nil {
		return ChainState{}
	}
	own, err := c.own(ctx, q.Hash)
	if err != nil {
		return ChainState{}
	}
	if own != nil {
		a, err := ocsp.ParseResponse(own, nil)
		if err != nil {
			return ChainState{}
		}
		return ChainState{standing(a), a.NextUpdate}
	}
	issuer := issuerOf(q.Hash, known)
	if issuer == nil {
		return ChainState{}
	}
	if q.List {
		revoked, next, err := c.others().crl(ctx, q.Hash, issuer, q.URLs)
		switch {
		case err != nil: // OCPP 2.1 M07.FR.05
			return ChainState{}
		case revoked: // OCPP 2.1 M07.FR.06
			return ChainState{Revoked, next}
		}
		return ChainState{Good, next} // OCPP 2.1 M07.FR.07
	}
	a, err := c.others().ocsp(ctx, q.Hash, issuer, q.URLs)
	if err != nil { // OCPP 2.1 M07.FR.02
		return ChainState{}
	}
	return ChainState{standing(a), a.NextUpdate} // OCPP 2.1 M07.FR.03
}

func standing(a *ocsp.Response) Standing {
	switch a.Status {
	case ocsp.Good:
		return Good
	case ocsp.Revoked:
		return Revoked
	}
	return Unverified
}
