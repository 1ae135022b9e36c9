package station

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"gnista"
)

// Password is the trace of a station's Basic-auth password. The password itself is not kept. It is
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
