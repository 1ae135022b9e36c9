// Package token knows who may charge: the id tokens of drivers (RFID cards, apps, contracts),
// the groups they belong to and the limits they have.
package token

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
)

// Type is the kind of an id token. OCPP 2.1 has an open list of them; these are the known ones.
type Type string

// The known types.
const (
	ISO14443        Type = "ISO14443" // RFID card
	ISO15693        Type = "ISO15693" // RFID card
	Central         Type = "Central"  // given by us, as for a start from an app
	EMAID           Type = "eMAID"    // contract of ISO 15118
	EVCCID          Type = "EVCCID"
	VIN             Type = "VIN"
	MacAddress      Type = "MacAddress"
	KeyCode         Type = "KeyCode"
	Local           Type = "Local"
	DirectPayment   Type = "DirectPayment"
	NoAuthorization Type = "NoAuthorization"
)

// ID is an id token as it is presented: its UID, and its type where the station tells it. OCPP
// 1.6 does not, and the empty type stands for any.
type ID struct {
	UID  string
	Type Type
}

// Key is the form of a UID in which two are compared. Readers differ in letter case and in the
// separators that they put between bytes (quirk Q72), and all versions compare without case.
func Key(uid string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', ':', '-':
			return -1
		}
		return r
	}, strings.ToUpper(uid))
}

// Mask is a UID as logs and pages show it: its last four characters.
func Mask(uid string) string {
	const shown = 4
	letters := []rune(uid)
	if len(letters) <= shown {
		return "…"
	}
	return "…" + string(letters[len(letters)-shown:])
}

// Token is an id token that the operator knows.
type Token struct {
	ID            ID
	Name          string    // who or what it is, for people
	Account       string    // id of the account that pays; empty is none
	Tariff        string    // id of the tariff of its transactions; empty is none of its own
	Group         string    // tokens of one group may stop each other's transactions
	Blocked       bool      // may not charge
	ExpiresAt     time.Time // may not charge from then on; zero is never
	MaxConcurrent int       // transactions at one time; 0 is no limit
	Offline       bool      // may charge where a station cannot ask us; so may all of a group that may, see [Group]
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Status is the answer to whether a token may charge.
type Status string

// The answers.
const (
	Accepted   Status = "accepted"
	Blocked    Status = "blocked"
	Expired    Status = "expired"
	Unknown    Status = "unknown"
	Invalid    Status = "invalid"    // a code that is wrong
	Concurrent Status = "concurrent" // it may, but is charging elsewhere already
)

// Decision is the answer to a station that asks for a token.
type Decision struct {
	Status        Status
	ID            ID        // as it is registered; as it was presented when unknown
	Account       string    // that pays; empty is none
	Group         string    // empty is none
	ExpiresAt     time.Time // zero is never
	MaxConcurrent int       // for whoever counts the token's transactions
}

// Known is whether the token is one that may charge in general, if not here and now.
func (d Decision) Known() bool { return d.Status == Accepted || d.Status == Concurrent }

// Store keeps tokens. A UID is found in whatever way it is written, see [Key].
type Store interface {
	// Token finds the token with the UID and type, or with the UID alone when the type is empty
	// (an RFID card first, if there are several). NotFound.
	Token(ctx context.Context, id ID) (Token, error)
	// Tokens lists up to limit tokens in the order of their keys, behind the cursor after.
	Tokens(ctx context.Context, after string, limit int) (list []Token, next string, err error)
	// CreateToken adds a token. Conflict when it is there already.
	CreateToken(ctx context.Context, t Token) error
	// UpdateToken changes the token id in one SQL transaction. NotFound.
	UpdateToken(ctx context.Context, id ID, change func(*Token) error) (Token, error)
	// DeleteToken removes a token. NotFound.
	DeleteToken(ctx context.Context, id ID) error
}

// Tokens decides who may charge.
type Tokens struct {
	Store Store
	Now   func() time.Time
}

// Authorise decides whether the token may charge at the given time. When the store cannot be asked
// there is no decision but an error: nobody charges on a guess.
func (t *Tokens) Authorise(ctx context.Context, id ID, at time.Time) (Decision, error) {
	known, err := t.Store.Token(ctx, id)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		if id.Type == KeyCode { // OCPP 2.x C04.FR.01, and else C04.FR.02
			return Decision{Status: Invalid, ID: id}, nil
		}
		return Decision{Status: Unknown, ID: id}, nil
	}
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Status: Accepted, ID: known.ID, Account: known.Account, Group: known.Group, ExpiresAt: known.ExpiresAt, MaxConcurrent: known.MaxConcurrent}
	switch {
	case known.Blocked:
		d.Status = Blocked
	case !known.ExpiresAt.IsZero() && !at.Before(known.ExpiresAt):
		d.Status = Expired
	}
	return d, nil
}

// Create registers a token.
func (t *Tokens) Create(ctx context.Context, k Token) (Token, error) {
	if k.ID.Type == "" {
		k.ID.Type = ISO14443
	}
	if err := k.check(); err != nil {
		return Token{}, err
	}
	k.CreatedAt = t.Now()
	k.UpdatedAt = k.CreatedAt
	return k, t.Store.CreateToken(ctx, k)
}

// Update changes a token.
func (t *Tokens) Update(ctx context.Context, id ID, change func(*Token)) (Token, error) {
	return t.Store.UpdateToken(ctx, id, func(k *Token) error {
		was := k.ID
		change(k)
		k.ID, k.UpdatedAt = was, t.Now()
		return k.check()
	})
}

// Limits of what is kept. The longest UID is OCPP 2.1's.
const (
	maxUID  = 255
	maxText = 100
)

func (k Token) check() error {
	switch {
	case Key(k.ID.UID) == "":
		return gnista.Invalidf("uid", "is empty")
	case utf8.RuneCountInString(k.ID.UID) > maxUID:
		return gnista.Invalidf("uid", "is longer than %d characters", maxUID)
	case utf8.RuneCountInString(string(k.ID.Type)) > 20:
		return gnista.Invalidf("type", "is longer than 20 characters")
	case utf8.RuneCountInString(k.Group) > maxUID:
		return gnista.Invalidf("group", "is longer than %d characters", maxUID)
	case utf8.RuneCountInString(k.Name) > maxText:
		return gnista.Invalidf("name", "is longer than %d characters", maxText)
	case k.MaxConcurrent < 0:
		return gnista.Invalidf("maxConcurrent", "is negative")
	case !k.ExpiresAt.IsZero() && k.ExpiresAt.UnixMilli() <= 0: // that is kept as never
		return gnista.Invalidf("expiresAt", "must be after 1970")
	}
	return nil
}
