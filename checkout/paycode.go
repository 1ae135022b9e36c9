package checkout

import (
	"context"
	"crypto/rand"
	"time"

	"gnista"
)

// Code is what the label on an EVSE leads to its pay page by. An EVSE has one at a time: whoever puts a
// label of an old one there, or of another EVSE, leads nobody anywhere.
type Code struct {
	ID        string
	Code      string // see [NewCode]
	Station   gnista.StationID
	EVSE      int
	CreatedAt time.Time
	RevokedAt time.Time // zero while it is good
}

// CodeStore keeps codes.
type CodeStore interface {
	// PayCode finds the code of an EVSE that is good. NotFound.
	PayCode(ctx context.Context, station gnista.StationID, evse int) (Code, error)
	// FindPayCode finds a code that is good by what it is. NotFound, which does not tell why.
	FindPayCode(ctx context.Context, code string) (Code, error)
	// PayCodes lists codes that are good, by station and EVSE.
	PayCodes(ctx context.Context, limit int) ([]Code, error)
	// PutPayCode stores a code for its EVSE. Where that has a good one this is revoked, or with keep is what is
	// returned and c is not stored.
	PutPayCode(ctx context.Context, c Code, keep bool) (Code, error)
	// RevokePayCode makes the code of an EVSE good no more. NotFound.
	RevokePayCode(ctx context.Context, station gnista.StationID, evse int, now time.Time) error
}

// Codes is what is done with codes.
type Codes struct {
	Store   CodeStore
	Now     func() time.Time
	NewID   func() string
	NewCode func() string
}

// Of is the code of an EVSE, which is made where there is none, or with renew in place of the one there is.
func (c *Codes) Of(ctx context.Context, station gnista.StationID, evse int, renew bool) (Code, error) {
	return c.Store.PutPayCode(ctx, Code{ID: c.NewID(), Code: c.NewCode(), Station: station, EVSE: evse, CreatedAt: c.Now()}, !renew)
}

// CodeLength is how many characters a code has: more than 70 bits that nobody guesses, and few enough to be typed.
const CodeLength = 12

// codeLetters are letters and digits but for those that look alike: 0 and O, 1, I and l.
const codeLetters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// NewCode makes a code.
func NewCode() string {
	code := make([]byte, 0, CodeLength)
	var b [1]byte
	for len(code) < CodeLength {
		rand.Read(b[:])
		if n := int(b[0] & 63); n < len(codeLetters) { // else some would be more likely
			code = append(code, codeLetters[n])
		}
	}
	return string(code)
}

// IsCode tells whether a text may be a code.
func IsCode(s string) bool {
	if len(s) != CodeLength {
		return false
	}
	for _, r := range s {
		if r < '0' || r > 'z' || r > '9' && r < 'A' || r > 'Z' && r < 'a' {
			return false
		}
	}
	return true
}
