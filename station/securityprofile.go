package station

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"gnista"
)

// Profile is a security profile of OCPP: how a station's connection is kept from others.
// (OCPP 1.6 security whitepaper §2, OCPP 2.x A00)
type Profile int

// The profiles.
const (
	Unsecured   Profile = 0 // neither password nor TLS; not one of OCPP's
	Basic       Profile = 1 // a password, in the clear
	TLSBasic    Profile = 2 // a password, over TLS
	TLSMutually Profile = 3 // TLS with a certificate of the station's own
)

var profiles = [...]string{"no password", "a password", "TLS and a password", "TLS and a certificate of its own"}

func (p Profile) String() string {
	if p < 0 || int(p) >= len(profiles) {
		return fmt.Sprintf("%d", int(p))
	}
	return fmt.Sprintf("%d (%s)", int(p), profiles[p])
}

// Certificate is what a station presented in a TLS handshake and whose authorities are good.
type Certificate struct {
	Name         string   // common name
	Serial       string   // in hexadecimal
	Organisation []string // names of its owner
	NotAfter     time.Time
}

// Expired tells whether the certificate, if there is one, is too old at a time.
func (c *Certificate) Expired(now time.Time) bool { return c != nil && now.After(c.NotAfter) }

// Issuer knows for which station a certificate was issued.
type Issuer interface {
	// Holder is the station that asked for the certificate with a serial number; empty when it was not
	// issued by us.
	Holder(ctx context.Context, serial string) (gnista.StationID, error)
}

// held refuses a certificate that we issued to another station: its names are only what stations say.
// (OCPP 2.x A00.FR.405)
func (n *Network) held(ctx context.Context, k Knock) error {
	if k.Certificate == nil || n.Issuer == nil {
		return nil
	}
	holder, err := n.Issuer.Holder(ctx, k.Certificate.Serial)
	if err == nil && holder != "" && holder != k.ID {
		return refuse(BadCertificate, "the certificate %q was issued to station %s", cut(k.Certificate.Name), holder)
	}
	return err
}

// certify judges the certificate that a station presented. Its common name is the station's serial
// number, which is not known before the station has first booted, or its identity.
// (OCPP 2.x A00.FR.404, A00.FR.405, A00.FR.407, A00.FR.429; OCPP 1.6 A00.FR.404, A00.FR.405)
func (n *Network) certify(s Station, c Certificate) *Refusal {
	if n.Operator != "" && !containsFold(c.Organisation, n.Operator) {
		return refuse(BadCertificate, "the certificate %q belongs to %q and not to %q", cut(c.Name), cut(strings.Join(c.Organisation, ", ")), n.Operator)
	}
	named := c.Name == string(s.ID) || s.Serial != "" && strings.EqualFold(c.Name, s.Serial)
	if !named && (!s.BootedAt.IsZero() || c.Name == "") {
		return refuse(BadCertificate, "the certificate %q is not this station's: it names neither its identity nor its serial number %q", cut(c.Name), s.Serial)
	}
	if c.Expired(n.Now()) && !s.AdmitExpired {
		return refuse(BadCertificate, "the certificate %q has expired at %s", cut(c.Name), c.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// certifySerial holds the serial number that a station boots with to its certificate. OCPP 1.6 does not
// ask for that of a station whose identity is in the certificate.
// (OCPP 2.x B01.FR.11, B01.FR.12; OCPP 1.6 A00.FR.405)
func certifySerial(id gnista.StationID, b Boot) error {
	c := b.Certificate
	switch {
	case c == nil || strings.EqualFold(c.Name, b.Serial) && c.Name != "":
		return nil
	case c.Name == string(id) && (b.Serial == "" || b.Version == gnista.V16):
		return nil
	case b.Serial == "":
		return refuse(BadCertificate, "the station tells no serial number, and the name in its certificate is %q", cut(c.Name))
	}
	return refuse(BadCertificate, "the station's serial number %q is not the name in its certificate, %q", cut(b.Serial), cut(c.Name))
}

// cut shortens what a station says of itself to what a reason needs.
func cut(s string) string {
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func containsFold(list []string, want string) bool {
	for _, s := range list {
		if strings.EqualFold(strings.TrimSpace(s), want) {
			return true
		}
	}
	return false
}

// StateWith is the state of a station that presents a certificate: with one that has expired it can
// do no more than renew it. (OCPP 2.x A00.FR.429, A00.FR.807)
func (s Station) StateWith(c *Certificate, now time.Time) State {
	if s.State == Accepted && c.Expired(now) {
		return Pending
	}
	return s.State
}

// Route is how a station reaches the central system with a profile, as OCPP 2.x is told.
type Route struct {
	Slot      int           // of the station's profiles; 0 leaves the choice to us
	URL       string        // without the identity; empty is the one of the profile
	Timeout   time.Duration // for an answer of ours; 0 is 30 s
	Interface string        // as in Wired0 or Wireless0; empty is Wired0
}

// UseProfile orders a station to connect with another security profile. Its identity and password
// stay. (OCPP 1.6 A05, OCPP 2.x A05, B09, B10)
type UseProfile struct {
	Profile Profile
	Route
}

func (UseProfile) Answers() (a Answer) { return a }

func (o UseProfile) Told() Told {
	return Told{Kind: "security-profile", Note: o.Profile.String(), Effect: effectProfile, Within: raisingTime + time.Hour} // SweepProfiles is first
}

// effectProfile is the effect that a station connects with the profile that it was told to use.
const effectProfile = "security-profile"

// raisingTime is how long a station may take to come back with another profile: it lets a car finish
// first.
const raisingTime = 24 * time.Hour

// SetNetworkProfile stores a way to reach a central system in a station. (OCPP 2.x B09)
type SetNetworkProfile struct {
	Profile Profile
	Route
	Identity string // of the station there; empty leaves it (OCPP 2.1)
	Password string // of the station there; empty leaves it (OCPP 2.1)
}

func (SetNetworkProfile) Answers() (a Answer) { return a }

func (o SetNetworkProfile) Told() Told {
	return Told{Kind: "network-profile", Note: fmt.Sprintf("slot %d, security profile %v, %s", o.Slot, o.Profile, o.URL)}
}

func (o SetNetworkProfile) Check() error {
	if o.Profile < Unsecured || o.Profile > TLSMutually {
		return gnista.Invalidf("securityProfile", "must be 0 to 3")
	}
	if o.Slot < 0 {
		return gnista.Invalidf("slot", "is negative")
	}
	return o.checkURL(o.Profile)
}

// maxURL is the longest address that OCPP 2.0.1 has room for.
const maxURL = 512

func (r Route) checkURL(p Profile) error {
	u, err := url.Parse(r.URL)
	want := "ws"
	if p >= TLSBasic {
		want = "wss"
	}
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return gnista.Invalidf("url", "is not the address of a central system, as in wss://charge.example/ocpp")
	case u.Scheme != want:
		return gnista.Invalidf("url", "begins with %q; security profile %v needs %q", u.Scheme, p, want)
	case len(r.URL) > maxURL:
		return gnista.Invalidf("url", "is longer than %d characters", maxURL)
	}
	return nil
}

// ChangeProfile tells a station to connect with another security profile. Its old one is good until it
// has; when it has not after a day, that is given up and the old one stays. Conflict when the profile
// is not higher than what the station has, but that OCPP 2.x can come down from 3 to 2.
// (OCPP 1.6 A00.FR.005, A05; OCPP 2.x A00.FR.005, A05)
func (n *Network) ChangeProfile(ctx context.Context, id gnista.StationID, to Profile, by Route) (Answer, error) {
	if to < Basic || to > TLSMutually {
		return Answer{}, gnista.Invalidf("securityProfile", "must be 1, 2 or 3")
	}
	live, connected := n.Presence.Connection(id)
	if !connected {
		return Answer{}, n.Explain(ctx, id, gnista.Errorf(gnista.Offline, "station %s is not connected", id))
	}
	if by.URL == "" {
		by.URL = n.Addresses[to]
	}
	if live.Version != gnista.V16 {
		if by.URL == "" {
			return Answer{}, gnista.Invalidf("url", "is needed: the system does not know its own address for security profile %d", int(to))
		}
		if err := by.checkURL(to); err != nil {
			return Answer{}, err
		}
	}
	_, err := n.Store.ChangeStation(ctx, id, false, func(s *Station) ([]gnista.Event, error) {
		now := max(s.Profile, s.LastProfile)
		down := live.Version != gnista.V16 && now == TLSMutually && to == TLSBasic
		switch {
		case to <= now && !down:
			return nil, gnista.Errorf(gnista.Conflict, "the station has security profile %v, which is not lowered", now)
		case to != TLSMutually && !s.Password.Set() && !s.NextPassword.Set():
			return nil, gnista.Errorf(gnista.Conflict, "the station has no password, which security profile %d needs; set one first", int(to))
		}
		s.NextProfile, s.NextProfileUntil, s.UpdatedAt = to, n.Now().Add(raisingTime), n.Now()
		return []gnista.Event{n.event("station.security-profile", id, "", map[string]any{"to": to, "outcome": Sent})}, nil
	})
	if err != nil {
		return Answer{}, err
	}
	a, err := Give(ctx, n, id, UseProfile{Profile: to, Route: by})
	if declined(a, err) {
		return a, errors.Join(err, n.endChange(ctx, id, Declined, func(s *Station) { s.NextProfile, s.NextProfileUntil = 0, time.Time{} }))
	}
	return a, err
}

// declined tells whether it is certain that the station does not do what it was told.
func declined(a Answer, err error) bool {
	code := gnista.CodeOf(err)
	if err != nil {
		return code != gnista.Timeout && code != gnista.Internal
	}
	return a.Outcome == Declined
}

// endChange forgets what a station was to change to.
func (n *Network) endChange(ctx context.Context, id gnista.StationID, o Outcome, forget func(*Station)) error {
	_, err := n.Store.ChangeStation(context.WithoutCancel(ctx), id, false, func(s *Station) ([]gnista.Event, error) {
		to := s.NextProfile
		forget(s)
		if to == s.NextProfile {
			return nil, nil
		}
		return []gnista.Event{n.event("station.security-profile", id, "", map[string]any{"to": to, "outcome": o})}, nil
	})
	return err
}

// came takes in with what a station was let in: the profile, and whether its password was the new one.
// It writes nothing where that is known. (OCPP 1.6 A05.FR.09, OCPP 2.x A05.FR.07, A01.FR.03)
func (n *Network) came(ctx context.Context, s Station, with Profile, newPassword bool) (Station, error) {
	moved := s.NextProfile == with && with != Unsecured
	if s.LastProfile == with && !moved && !newPassword {
		return s, nil
	}
	s, err := n.Store.ChangeStation(ctx, s.ID, false, func(s *Station) (evs []gnista.Event, err error) {
		s.LastProfile = with
		if moved && s.NextProfile == with {
			s.Profile, s.NextProfile, s.NextProfileUntil = with, Unsecured, time.Time{}
			evs = append(evs, n.event("station.security-profile", s.ID, "", map[string]any{"to": s.Profile, "outcome": Happened}))
		}
		if newPassword && s.NextPassword.Set() {
			s.Password, s.NextPassword = s.NextPassword, Password{}
			evs = append(evs, n.event("station.password", s.ID, "", nil))
		}
		return evs, nil
	})
	if err != nil {
		return s, err
	}
	if moved {
		err = n.Settle(ctx, s.ID, Happened, "", effectProfile)
	}
	if newPassword {
		err = errors.Join(err, n.Settle(ctx, s.ID, Happened, "", effectPassword))
	}
	return s, err
}

// sweptAtOnce is how many stations are looked at in one go.
const sweptAtOnce = 100

// SweepProfiles gives up the profiles that stations were to come back with and did not.
func (n *Network) SweepProfiles(ctx context.Context) error {
	late, err := n.Store.LateProfiles(ctx, n.Now(), sweptAtOnce)
	if err != nil {
		return err
	}
	for _, id := range late {
		err := n.endChange(ctx, id, Failed, func(s *Station) {
			if !s.NextProfileUntil.After(n.Now()) {
				s.NextProfile, s.NextProfileUntil = 0, time.Time{}
			}
		})
		if err == nil {
			err = n.Settle(ctx, id, Failed, "the station did not connect with the new security profile in time; its old one stays", effectProfile)
		}
		if err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return err
		}
	}
	return nil
}
