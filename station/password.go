package station

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
)

// Password is the trace of a station's Basic-auth password. The password itself is not kept (OCPP
// A01.FR.08). It is
// made for machines and at least 16 characters long, and a hundred thousand stations may come back
// at once after a power cut, so one salted hash must do where people's passwords need a slow one.
type Password struct {
	Salt, Hash []byte
}

// Set is whether there is a password.
func (p Password) Set() bool { return len(p.Hash) > 0 }

// Lengths of a password: OCPP 1.6 security whitepaper A00.FR.205 and OCPP 2.x A00.FR.205 ask for at
// least 16; the longest of any edition is 64.
const (
	minPassword = 16
	maxPassword = 64
)

// NewPassword makes the trace of a password.
func NewPassword(secret string) (Password, error) {
	if n := utf8.RuneCountInString(secret); n < minPassword || n > maxPassword {
		return Password{}, gnista.Invalidf("password", "must have %d to %d characters", minPassword, maxPassword)
	}
	salt := make([]byte, 16)
	rand.Read(salt)
	return Password{Salt: salt, Hash: hash(salt, canonical(secret))}, nil
}

// Matches tells in constant time whether secret is the password. Where the password was set in
// hexadecimal, as OCPP 1.6 does, stations send either those digits or the bytes that they stand
// for, and both match (quirk Q12).
func (p Password) Matches(secret string) bool {
	if !p.Set() {
		return false
	}
	asDigits := subtle.ConstantTimeCompare(p.Hash, hash(p.Salt, canonical(secret)))
	asBytes := subtle.ConstantTimeCompare(p.Hash, hash(p.Salt, hex.EncodeToString([]byte(secret))))
	return asDigits|asBytes == 1
}

func hash(salt []byte, secret string) []byte {
	sum := sha256.Sum256(append(append([]byte{}, salt...), secret...))
	return sum[:]
}

// canonical is a password with its hexadecimal digits, if it is nothing but those of at least 16
// bytes, in lower case.
func canonical(secret string) string {
	if b, err := hex.DecodeString(secret); err == nil && len(b) >= minPassword {
		return strings.ToLower(secret)
	}
	return secret
}

// SetPassword orders a station to use another password for Basic authentication.
// (OCPP 1.6 A01, OCPP 2.x A01)
type SetPassword struct {
	Secret string // for OCPP 1.6 in hexadecimal digits
}

func (SetPassword) Answers() (a Answer) { return a }
func (SetPassword) Told() Told {
	return Told{Kind: "password", Effect: effectPassword, Within: passwordTime}
}

// effectPassword is the effect that a station connects with its new password.
const effectPassword = "password"

// passwordTime is how long a station may stay connected before that shows.
const passwordTime = 7 * 24 * time.Hour

// GeneratePassword makes a password that all versions can have: 160 bits in hexadecimal digits.
// (OCPP 1.6 A00.FR.205, OCPP 2.x A01.FR.07)
func GeneratePassword() string {
	b := make([]byte, maxKey)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// maxKey is how many bytes OCPP 1.6 has for a password.
const maxKey = 20

// keyDigits are the hexadecimal digits by which OCPP 1.6 tells a password. (OCPP 1.6 A00.FR.205)
func keyDigits(secret string) (string, error) {
	digits := canonical(secret)
	if _, err := hex.DecodeString(digits); err != nil || len(digits) < 2*minPassword {
		digits = hex.EncodeToString([]byte(secret))
	}
	if len(digits) > 2*maxKey {
		return "", gnista.Invalidf("password", "is longer than the %d bytes that OCPP 1.6 has for it", maxKey)
	}
	return digits, nil
}

// ChangePassword tells a station to use another password. The old one is good until the station has
// connected with the new one, and stays when the station refuses. (OCPP 1.6 A01, OCPP 2.x A01)
func (n *Network) ChangePassword(ctx context.Context, id gnista.StationID, secret string) (Answer, error) {
	trace, err := NewPassword(secret)
	if err != nil {
		return Answer{}, err
	}
	live, connected := n.Presence.Connection(id)
	if !connected {
		return Answer{}, n.Explain(ctx, id, gnista.Errorf(gnista.Offline, "station %s is not connected", id))
	}
	if live.Version == gnista.V16 {
		if secret, err = keyDigits(secret); err != nil {
			return Answer{}, err
		}
		if trace, err = NewPassword(secret); err != nil {
			return Answer{}, err
		}
	}
	// Kept first: whatever becomes of us or of the answer, the station can come back with either.
	_, err = n.Store.ChangeStation(ctx, id, false, func(s *Station) ([]gnista.Event, error) {
		s.NextPassword, s.UpdatedAt = trace, n.Now()
		return nil, nil
	})
	if err != nil {
		return Answer{}, err
	}
	a, err := Give(ctx, n, id, SetPassword{Secret: secret})
	if declined(a, err) { // OCPP 2.x A01.FR.04, OCPP 1.6 A01.FR.04
		_, forgotten := n.Store.ChangeStation(context.WithoutCancel(ctx), id, false, func(s *Station) ([]gnista.Event, error) {
			if string(s.NextPassword.Hash) == string(trace.Hash) {
				s.NextPassword = Password{}
			}
			return nil, nil
		})
		return a, errors.Join(err, forgotten)
	}
	return a, err
}
