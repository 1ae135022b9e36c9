package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"gnista"
)

// Hash is a password as it is kept: argon2id in the form of PHC strings.
type Hash string

// By what passwords are hashed from now on (RFC 9106 §4, the second choice). Each costs its memory for a tenth of a
// second, so that only some are judged at one time.
const (
	hashTime    = 3
	hashKiB     = 64 << 10
	hashThreads = 4
	hashSalt    = 16
	hashLength  = 32
)

const (
	minPassword = 12
	maxPassword = 200
)

// hash makes the hash of a new password. Invalid.
func (p *People) hash(ctx context.Context, password string) (Hash, error) {
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword || len(password) > maxPassword:
		return "", gnista.Invalidf("password", "must have %d to %d characters", minPassword, maxPassword)
	case distinct(password) < 5:
		return "", gnista.Invalidf("password", "repeats too few characters")
	}
	salt := make([]byte, hashSalt)
	rand.Read(salt)
	var sum []byte
	err := p.alone(ctx, func() { sum = argon2.IDKey([]byte(password), salt, hashTime, hashKiB, hashThreads, hashLength) })
	b := base64.RawStdEncoding
	return Hash(fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashKiB, hashTime, hashThreads, b.EncodeToString(salt), b.EncodeToString(sum))), err
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// alone does what takes much memory, not too often at one time.
func (p *People) alone(ctx context.Context, f func()) error {
	select {
	case p.hashing <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-p.hashing }()
	f()
	return nil
}

// nobody is the hash of a password that nobody has, so that an unknown address takes as long as a known one.
const nobody = Hash("$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")

// is tells whether a password is the one. What is no hash is none.
func (h Hash) is(password string) bool {
	parts := strings.Split(string(h), "$")
	if len(parts) != 6 || parts[1] != "argon2id" || len(password) > maxPassword {
		return false
	}
	var version int
	var memory, time uint32
	var threads uint8
	_, err1 := fmt.Sscanf(parts[2], "v=%d", &version)
	_, err2 := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads)
	salt, err3 := base64.RawStdEncoding.DecodeString(parts[4])
	sum, err4 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil || version != argon2.Version || time == 0 || threads == 0 || len(sum) == 0 {
		return false
	}
	return subtle.ConstantTimeCompare(argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(sum))), sum) == 1
}

// judge tells whether a password is the one of a hash; an empty one takes as long and is never it.
func (p *People) judge(ctx context.Context, h Hash, password string) (ok bool, err error) {
	have := h != ""
	if !have {
		h = nobody
	}
	err = p.alone(ctx, func() { ok = h.is(password) })
	return ok && have, err
}

// SetPassword changes the password of a user, and ends their sessions but for one. An empty one takes it away. NotFound,
// Invalid.
func (p *People) SetPassword(ctx context.Context, id, password, keep string) error {
	var h Hash
	if password != "" {
		var err error
		if h, err = p.hash(ctx, password); err != nil {
			return err
		}
	}
	if _, err := p.Store.ChangeUser(ctx, id, func(u *User, _ []User) error {
		u.Password, u.UpdatedAt = h, p.Now()
		return nil
	}); err != nil {
		return err
	}
	return p.Sessions.EndSessions(ctx, id, keep)
}

// ChangePassword is [People.SetPassword] for the user, who has to know the old one. NotFound, Invalid.
func (p *People) ChangePassword(ctx context.Context, id, old, password, keep string) error {
	u, err := p.Store.User(ctx, id)
	if err != nil {
		return err
	}
	if ok, err := p.judge(ctx, u.Password, old); err != nil || !ok {
		if err == nil {
			err = gnista.Invalidf("old", "is not the password")
		}
		return err
	}
	if password == "" {
		return gnista.Invalidf("new", "is missing")
	}
	return p.SetPassword(ctx, id, password, keep)
}
