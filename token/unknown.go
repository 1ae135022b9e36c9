package token

import (
	"context"
	"time"

	"gnista"
)

// UnknownToken is one that stations have asked for and nobody has registered.
type UnknownToken struct {
	ID      string
	Token   ID               // as it was presented last; OCPP 1.6 does not tell the type
	Station gnista.StationID // that asked last
	EVSE    int              // 0 where that is not known
	Count   int              // how often it was asked for
	FirstAt time.Time
	LastAt  time.Time
}

// maxUnknown is how many unknown tokens are kept; those that were asked for longest ago go.
const maxUnknown = 10_000

// UnknownStore keeps tokens that nobody has registered.
type UnknownStore interface {
	// SawUnknown keeps that a token was asked for, and at most so many tokens.
	SawUnknown(ctx context.Context, u UnknownToken, most int) error
	// UnknownToken finds one. NotFound.
	UnknownToken(ctx context.Context, id string) (UnknownToken, error)
	// UnknownTokens lists them, the one that was asked for last first, behind the cursor after.
	UnknownTokens(ctx context.Context, after string, limit int) (list []UnknownToken, next string, err error)
	// ForgetUnknown removes one. NotFound.
	ForgetUnknown(ctx context.Context, id string) error
}

// card tells whether such tokens are carried about: what is made up for one time is not kept.
func (t Type) card() bool {
	switch t {
	case KeyCode, NoAuthorization, DirectPayment, Central:
		return false
	}
	return true
}

// Claim registers a token that is unknown; k says everything but its UID. Invalid, NotFound, Conflict.
func (t *Tokens) Claim(ctx context.Context, id string, k Token) (Token, error) {
	u, err := t.Unknown.UnknownToken(ctx, id)
	if err != nil {
		return Token{}, err
	}
	if k.ID.Type == "" {
		k.ID.Type = u.Token.Type
	}
	k.ID.UID = u.Token.UID
	if k.ID.Type == ISO14443 || k.ID.Type == ISO15693 || k.ID.Type == "" {
		k.ID.UID = Key(k.ID.UID) // as most readers present it
	}
	return t.Create(ctx, k)
}
