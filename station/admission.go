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
	ConnectionEnded Cause = "closed" // not a refusal: why a connection was closed by us
	RejectedFrame   Cause = "frame"  // not a refusal: what the station sent was answered with an error, or not at all
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
	if r := s.authenticate(k); r != nil {
		return Station{}, r
	}
	if known {
		return s, nil
	}
	return n.Store.ChangeStation(ctx, k.ID, true, func(s *Station) ([]gnista.Event, error) {
		if s.State != "" { // another connection was quicker
			return nil, nil
		}
		s.State = Accepted
		if n.Unknown == HoldUnknown {
			s.State = Pending
		}
		s.CreatedAt, s.UpdatedAt = n.Now(), n.Now()
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

// authenticate applies security profiles 0 (no password) and 1 (Basic authentication).
func (s Station) authenticate(k Knock) *Refusal {
	if !s.Password.Set() {
		return nil
	}
	if !k.HasAuth {
		return refuse(BadCredentials, "the station did not send the password that it must have")
	}
	// OCPP 2.x A00.FR.207, 1.6 security whitepaper A00.FR.204: the user name is the identity.
	user := subtle.ConstantTimeCompare([]byte(k.Username), []byte(k.ID))
	if s.Password.Matches(k.Password) && user == 1 {
		return nil
	}
	if user != 1 {
		return refuse(BadCredentials, "the user name is not the station identity")
	}
	return refuse(BadCredentials, "the password is wrong")
}
