package member

import (
	"context"
	"time"

	"gnista"
	"gnista/account"
)

// Session is a browser in which a driver has signed in.
type Session struct {
	ID        string // what is kept of its secret
	Customer  string
	Email     string // that was proved: it holds no longer than the customer has it
	CreatedAt time.Time
	SeenAt    time.Time
	Agent     string // what the browser says of itself
}

// How long sessions last.
const (
	SessionFor  = 90 * 24 * time.Hour // in all
	SessionIdle = 30 * 24 * time.Hour // without being used
	seenEvery   = time.Minute
	maxSessions = 20 // of one customer
	maxAgent    = 200
)

// begin begins a session and returns its secret, which is not kept.
func (d *Desk) begin(ctx context.Context, c account.Customer, agent string) (string, error) {
	if r := []rune(agent); len(r) > maxAgent {
		agent = string(r[:maxAgent])
	}
	now, s := d.Now(), secret()
	return s, d.Store.AddDriverSession(ctx, Session{ID: Hash(s), Customer: c.ID, Email: Address(c.Email), CreatedAt: now, SeenAt: now, Agent: agent}, maxSessions)
}

// Who is the customer whose session a secret is of. NotFound.
func (d *Desk) Who(ctx context.Context, secret string) (account.Customer, Session, error) {
	none := gnista.Errorf(gnista.NotFound, "the session has ended")
	s, err := d.Store.DriverSession(ctx, Hash(secret))
	if err != nil {
		return account.Customer{}, Session{}, err
	}
	now := d.Now()
	if now.Sub(s.CreatedAt) > SessionFor || now.Sub(s.SeenAt) > SessionIdle {
		return account.Customer{}, Session{}, none
	}
	c, err := d.Book.Customers.Customer(ctx, s.Customer)
	if err != nil {
		return account.Customer{}, Session{}, err
	}
	if !c.ErasedAt.IsZero() || Address(c.Email) != s.Email {
		return account.Customer{}, Session{}, none
	}
	if now.Sub(s.SeenAt) > seenEvery {
		s.SeenAt = now
		err = d.Store.SeeDriverSession(ctx, s.ID, now)
	}
	return c, s, err
}
