package station

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"gnista"
)

// UnknownPolicy is what becomes of a station that connects and is not registered.
type UnknownPolicy string

// The policies.
const (
	AcceptUnknown UnknownPolicy = "accept"  // it is registered and in service at once
	HoldUnknown   UnknownPolicy = "pending" // it is registered and waits for the operator
	RefuseUnknown UnknownPolicy = "refuse"  // it may not connect
)

// Knock is a station that asks to be let in.
type Knock struct {
	ID       gnista.StationID
	Username string // by Basic authentication
	Password string
	HasAuth  bool // whether it presented the two
	Remote   string
	Port     Profile // the highest that the port is for
	// Certificate is what it presented, where the port asks for one.
	Certificate *Certificate
}

// Refusal is why a station was not let in.
type Refusal struct {
	Cause  Cause
	Reason string // in words, for the operator
}

// Cause tells transports how to refuse.
type Cause string

// The causes.
const (
	BadIdentity     Cause = "identity"
	UnknownStation  Cause = "unknown"
	BadCredentials  Cause = "credentials"
	BadSubprotocol  Cause = "subprotocol"
	BadRequest      Cause = "request"
	ServerUnable    Cause = "server"
	BadTLS          Cause = "tls"         // the TLS handshake failed
	BadCertificate  Cause = "certificate" // the station's own
	BadProfile      Cause = "profile"     // its security profile is too low
	TooMany         Cause = "flood"       // it, or its address, connects too often, or it sends more than is taken from it
	ConnectionEnded Cause = "closed"      // not a refusal: why a connection was closed by us
	RejectedFrame   Cause = "frame"       // not a refusal: what the station sent was answered with an error, or not at all
)

func (r *Refusal) Error() string { return r.Reason }

func refuse(cause Cause, format string, args ...any) *Refusal {
	return &Refusal{Cause: cause, Reason: fmt.Sprintf(format, args...)}
}

// maxIdentity is generous: OCPP 2.x allows 48 characters, 1.6 sets no limit.
const maxIdentity = 255

// Admit decides whether a station may connect, and registers one that is not known where the
// policy says so. Its error is a *[Refusal], or internal.
func (n *Network) Admit(ctx context.Context, k Knock) (Station, error) {
	if r := checkIdentity(k.ID); r != nil {
		return Station{}, r
	}
	s, err := n.Store.Station(ctx, k.ID)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		s, err = n.likely(ctx, &k)
	}
	known := err == nil
	switch {
	case known:
	case gnista.CodeOf(err) != gnista.NotFound:
		return Station{}, err
	case n.Unknown == RefuseUnknown:
		return Station{}, refuse(UnknownStation, "no station %q is registered, and unknown stations are refused", k.ID)
	}
	with, newPassword, r := n.authenticate(s, k)
	if r != nil {
		return Station{}, r
	}
	if err := n.held(ctx, k); err != nil {
		return Station{}, err
	}
	if known {
		return n.came(ctx, s, with, newPassword)
	}
	return n.Store.ChangeStation(ctx, k.ID, true, func(s *Station) ([]gnista.Event, error) {
		if s.State != "" { // another connection was quicker
			return nil, nil
		}
		s.State = Accepted
		if n.Unknown == HoldUnknown {
			s.State = Pending
		}
		s.CreatedAt, s.UpdatedAt, s.LastProfile = n.Now(), n.Now(), with
		return []gnista.Event{n.event("station.registered", s.ID, "", nil)}, nil
	})
}

// likely finds the station that writes its identity in other letter case than it is registered in, if
// there is only one (quirk Q7). The knock is then taken for one of its.
func (n *Network) likely(ctx context.Context, k *Knock) (Station, error) {
	s, err := n.Store.StationLike(ctx, k.ID)
	if err != nil {
		return Station{}, err
	}
	if strings.EqualFold(k.Username, string(s.ID)) {
		k.Username = string(s.ID)
	}
	k.ID = s.ID
	return s, nil
}

func checkIdentity(id gnista.StationID) *Refusal {
	s := string(id)
	switch {
	case s == "":
		return refuse(BadIdentity, "the URL has no station identity as its last segment")
	case len(s) > maxIdentity:
		return refuse(BadIdentity, "the station identity is longer than %d bytes", maxIdentity)
	case !utf8.ValidString(s):
		return refuse(BadIdentity, "the station identity is not valid UTF-8")
	case strings.IndexFunc(s, unicode.IsControl) >= 0:
		return refuse(BadIdentity, "the station identity has control characters")
	}
	return nil
}

// authenticate tells with what profile a station comes, and refuses it where its proof or that profile
// is not enough. A certificate stands for a password. (OCPP 2.x A00.FR.002; OCPP 1.6 A00.FR.002)
func (n *Network) authenticate(s Station, k Knock) (with Profile, newPassword bool, r *Refusal) {
	s.ID = k.ID
	switch {
	case k.Certificate != nil:
		with, r = k.Port, n.certify(s, *k.Certificate)
	case s.Password.Set() || s.NextPassword.Set() && k.HasAuth:
		newPassword, r = s.checkPassword(k)
		with = k.Port
	}
	if r != nil && !s.Password.Set() && r.Cause == BadCredentials {
		with, r = Unsecured, nil // the password that it has not taken yet is its first
	}
	if r == nil && with < s.Profile && (with != s.NextProfile || with == Unsecured) {
		r = refuse(BadProfile, "the station comes with security profile %v, and must with %v", with, s.Profile)
	}
	return with, newPassword, r
}

// checkPassword applies Basic authentication. While it is not known whether a station has taken a new
// password, that and the old one are good. (OCPP 2.x A00.FR.207, A00.FR.324, A01.FR.03, A01.FR.04;
// OCPP 1.6 A00.FR.204, A00.FR.303, A01.FR.03, A01.FR.04)
func (s Station) checkPassword(k Knock) (isNew bool, r *Refusal) {
	if !k.HasAuth {
		return false, refuse(BadCredentials, "the station did not send the password that it must have")
	}
	user := subtle.ConstantTimeCompare([]byte(k.Username), []byte(k.ID))
	isNew = s.NextPassword.Matches(k.Password)
	old := s.Password.Matches(k.Password)
	if user != 1 {
		return false, refuse(BadCredentials, "the user name is not the station identity")
	}
	if !isNew && !old {
		return false, refuse(BadCredentials, "the password is wrong")
	}
	return isNew, nil
}
