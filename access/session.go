package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"gnista"
)

// Session is a browser in which somebody has signed in.
type Session struct {
	ID        string // what is kept of its secret
	User      string
	CreatedAt time.Time
	SeenAt    time.Time
	Remote    string // address that it was last used from
	Agent     string // what the browser says of itself
	Way       string // how they proved who they are: password, passkey or oidc
}

// SessionStore keeps sessions.
type SessionStore interface {
	AddSession(ctx context.Context, s Session, keep int) error // the newest keep of the user stay
	// Session finds a session. NotFound.
	Session(ctx context.Context, id string) (Session, error)
	// SeeSession notes that it was used.
	SeeSession(ctx context.Context, id, remote string, at time.Time) error
	Sessions(ctx context.Context, user string) ([]Session, error)
	EndSession(ctx context.Context, user, id string) error
	// EndSessions ends those of a user but for one.
	EndSessions(ctx context.Context, user, keep string) error
	// PruneSessions ends those that were made, or last used, before a time.
	PruneSessions(ctx context.Context, made, used time.Time) error
}

// How long sessions last.
const (
	SessionFor  = 30 * 24 * time.Hour // in all
	SessionIdle = 3 * 24 * time.Hour  // without being used
	seenEvery   = time.Minute         // that it is noted that one is used
	maxSessions = 20                  // of one user
	maxAgent    = 200
)

// SignIn begins a session for who has proved to be a user, and returns its secret, which is not kept. Conflict where
// the user may not.
func (p *People) SignIn(ctx context.Context, u User, way, remote, agent string) (secret string, err error) {
	if u.Disabled {
		return "", gnista.Errorf(gnista.Conflict, "the user is disabled")
	}
	b := make([]byte, 32)
	rand.Read(b)
	secret = base64.RawURLEncoding.EncodeToString(b)
	now := p.Now()
	if r := []rune(agent); len(r) > maxAgent {
		agent = string(r[:maxAgent])
	}
	if err := p.Sessions.AddSession(ctx, Session{ID: SessionID(secret), User: u.ID, CreatedAt: now, SeenAt: now, Remote: remote, Agent: agent, Way: way}, maxSessions); err != nil {
		return "", err
	}
	_, err = p.Store.ChangeUser(ctx, u.ID, func(u *User, _ []User) error { u.SeenAt = now; return nil })
	return secret, err
}

// SessionID is what is kept of the secret of a session.
func SessionID(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// errSignIn is all that is told of why somebody may not sign in.
func errSignIn() error {
	return gnista.Errorf(gnista.NotFound, "the address and the password do not belong together")
}

// Prove finds the user of an address and a password. NotFound, which does not tell why.
func (p *People) Prove(ctx context.Context, email, password string) (User, error) {
	u, err := p.Store.UserByEmail(ctx, email)
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return User{}, err
	}
	ok, failed := p.judge(ctx, u.Password, password)
	if failed != nil {
		return User{}, failed
	}
	if err != nil || !ok || u.Disabled {
		return User{}, errSignIn()
	}
	return u, nil
}

// Who is the user whose session a secret is of. NotFound.
func (p *People) Who(ctx context.Context, secret, remote string) (User, Session, error) {
	none := gnista.Errorf(gnista.NotFound, "the session has ended")
	s, err := p.Sessions.Session(ctx, SessionID(secret))
	if err != nil {
		return User{}, Session{}, err
	}
	now := p.Now()
	if now.Sub(s.CreatedAt) > SessionFor || now.Sub(s.SeenAt) > SessionIdle {
		return User{}, Session{}, none
	}
	u, err := p.Store.User(ctx, s.User)
	if err != nil || u.Disabled {
		if err == nil {
			err = none
		}
		return User{}, Session{}, err
	}
	if now.Sub(s.SeenAt) > seenEvery {
		s.SeenAt, s.Remote = now, remote
		err = p.Sessions.SeeSession(ctx, s.ID, remote, now)
	}
	return u, s, err
}

// Sweep ends sessions that are too old.
func (p *People) Sweep(ctx context.Context) error {
	now := p.Now()
	return p.Sessions.PruneSessions(ctx, now.Add(-SessionFor), now.Add(-SessionIdle))
}
