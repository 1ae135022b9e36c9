package pki

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"time"

	"gnista"
	"gnista/station"
)

// Installed is a certificate that a station says it has installed.
type Installed struct {
	Station    gnista.StationID
	Use        Use
	Hash       Hash
	Below      string    // id of the certificate that it stands above, in a chain
	Subject    string    // where it is one that we know
	ExpiresAt  time.Time // likewise
	ReportedAt time.Time
}

// ID names it among those of its station.
func (i Installed) ID() string {
	text := strings.ToLower(strings.Join([]string{string(i.Use), i.Hash.Algorithm, i.Hash.Name, i.Hash.Key, i.Hash.Serial}, " "))
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:8])
}

// maxInstalled is how many certificates of one station are kept; none has room for so many.
const maxInstalled = 200

// Refresh asks a station what it has installed of some uses, or of all without any, and keeps that. (OCPP 2.x M03; 1.6 security whitepaper M03)
func (ca *CA) Refresh(ctx context.Context, id gnista.StationID, uses []Use) ([]Installed, error) {
	list, err := station.Give(ctx, ca.Network, id, ListInstalled{Uses: uses})
	if err != nil {
		return nil, err
	}
	if err := ca.keep(ctx, id, uses, list); err != nil {
		return nil, err
	}
	return ca.Installed(ctx, id)
}

// keep stores what a station says that it has installed.
func (ca *CA) keep(ctx context.Context, id gnista.StationID, uses []Use, list []Installed) error {
	seen := map[string]bool{}
	kept := []Installed{}
	for _, i := range list {
		i.Hash.Serial = short(i.Hash.Serial)
		if seen[i.ID()] || len(kept) == maxInstalled { // some list one twice
			continue
		}
		seen[i.ID()] = true
		i.Station, i.ReportedAt = id, ca.Now()
		kept = append(kept, i)
	}
	return ca.Store.SetInstalled(ctx, id, uses, kept)
}

// Installed lists what a station had installed when it was last asked, with what we know of it. NotFound.
func (ca *CA) Installed(ctx context.Context, id gnista.StationID) ([]Installed, error) {
	if _, err := ca.Network.Store.Station(ctx, id); err != nil {
		return nil, err
	}
	list, err := ca.Store.Installed(ctx, id)
	if err != nil || len(list) == 0 {
		return list, err
	}
	roots, err := ca.known(ctx)
	if err != nil {
		return nil, err
	}
	for n := range list {
		for _, k := range roots {
			if list[n].Hash.of(k.c, k.issuer) {
				list[n].Subject, list[n].ExpiresAt = k.c.Subject.String(), k.c.NotAfter.UTC()
			}
		}
	}
	return list, nil
}

// pair is a certificate and the one that issued it.
type pair struct{ c, issuer *x509.Certificate }

// known are the certificates of our authorities and the roots of cars.
func (ca *CA) known(ctx context.Context) ([]pair, error) {
	authorities, err := ca.Store.Authorities(ctx)
	if err != nil {
		return nil, err
	}
	roots, err := ca.Store.Roots(ctx)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, a := range authorities {
		all = append(append(all, a.Certificate), a.Above...)
		if a.Link != nil {
			all = append(all, a.Link)
		}
	}
	for _, r := range roots {
		all = append(all, r.DER)
	}
	parsed := make([]*x509.Certificate, len(all))
	for i, der := range all {
		if parsed[i], err = x509.ParseCertificate(der); err != nil {
			return nil, err
		}
	}
	var list []pair
	for _, c := range parsed {
		for _, issuer := range parsed {
			if bytes.Equal(c.RawIssuer, issuer.RawSubject) {
				list = append(list, pair{c, issuer})
			}
		}
	}
	return list, nil
}

// Install gives a station a root to trust, and asks it what it has then.
func (ca *CA) Install(ctx context.Context, id gnista.StationID, o Install) (station.Answer, error) {
	said, err := station.Give(ctx, ca.Network, id, o)
	if err == nil && said.Status == station.Done {
		ca.look(ctx, id)
	}
	return said, err
}

// Remove takes a certificate from a station, and asks it what it has then. NotFound.
func (ca *CA) Remove(ctx context.Context, id gnista.StationID, certificate string) (station.Answer, error) {
	list, err := ca.Installed(ctx, id)
	if err != nil {
		return station.Answer{}, err
	}
	for _, i := range list {
		if i.ID() != certificate {
			continue
		}
		said, err := station.Give(ctx, ca.Network, id, Remove{Hash: i.Hash})
		if err == nil && said.Status != station.Refused {
			ca.look(ctx, id)
		}
		return said, err
	}
	return station.Answer{}, gnista.Errorf(gnista.NotFound, "station %s has no certificate %q installed", id, certificate)
}

// look asks a station what it has installed now; where that fails, what was known stays.
func (ca *CA) look(ctx context.Context, id gnista.StationID) {
	if list, err := station.Tell(ctx, ca.Network.Remote, id, ListInstalled{}); err == nil {
		ca.keep(ctx, id, nil, list)
	}
}
