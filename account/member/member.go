// Package member lets drivers look after their own accounts: the links by which they sign in, their sessions, and the
// cards that they add at a station.
package member

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"time"

	"gnista"
	"gnista/account"
	"gnista/token"
)

// Store keeps links, sessions and what drivers are adding.
type Store interface {
	// CustomersByEmail lists the customers that have an address, in whatever letter case, the oldest first.
	CustomersByEmail(ctx context.Context, email string, limit int) ([]account.Customer, error)
	// AddDriverLink keeps a link; the newest keep to the address stay.
	AddDriverLink(ctx context.Context, l Link, keep int) error
	// DriverLink finds a link. NotFound.
	DriverLink(ctx context.Context, id string) (Link, error)
	// UseDriverLink takes a link away that was made after a time, with all others to its address, and stores who joins
	// by it (nil: nobody) in the same SQL transaction. Of two who use one, one only is given it. NotFound.
	UseDriverLink(ctx context.Context, id string, after time.Time, who *account.Joining) (Link, error)
	// AddDriverSession keeps a session; the newest keep of the customer stay.
	AddDriverSession(ctx context.Context, s Session, keep int) error
	// DriverSession finds a session. NotFound.
	DriverSession(ctx context.Context, id string) (Session, error)
	// SeeDriverSession notes that one was used.
	SeeDriverSession(ctx context.Context, id string, at time.Time) error
	// DriverSessions lists those of a customer, the newest first.
	DriverSessions(ctx context.Context, customer string) ([]Session, error)
	// EndDriverSession ends one of a customer. NotFound.
	EndDriverSession(ctx context.Context, customer, id string) error
	// EndDriverSessions ends those of a customer but for one.
	EndDriverSessions(ctx context.Context, customer, keep string) error
	// PruneDrivers removes links that were made before a time, sessions that were made or last used before others, and
	// taps that ended before now.
	PruneDrivers(ctx context.Context, links, made, used, now time.Time) error
	// OpenTap has a customer add a card, instead of any other. Conflict where another does at that station.
	OpenTap(ctx context.Context, t Tap) error
	// Tap is what a customer adds. NotFound.
	Tap(ctx context.Context, customer string) (Tap, error)
	// ChangeTap changes it within one SQL transaction. NotFound.
	ChangeTap(ctx context.Context, customer string, change func(*Tap) error) (Tap, error)
	// EndTap ends it. Where there is none that is done.
	EndTap(ctx context.Context, customer string) error
}

// Unknown knows the tokens that stations have asked for and nobody has registered.
type Unknown interface {
	// UnknownAt lists those that a station has asked for last since a time, the newest first.
	UnknownAt(ctx context.Context, station gnista.StationID, since time.Time, limit int) ([]token.UnknownToken, error)
}

// Mailer sends mails.
type Mailer interface {
	SendText(ctx context.Context, to, subject, text string) error
}

// Desk is where drivers are let in.
type Desk struct {
	Store   Store
	Unknown Unknown
	Book    *account.Book
	Tokens  *token.Tokens
	Mail    Mailer // nil: no mail is sent
	Shown   bool   // links are shown to whoever asks, and written to the log: there is nobody to protect
	SignUp  *Terms // nil: customers are made by the operator only
	Queue   Queue
	Now     func() time.Time
	Log     *slog.Logger
}

// Terms are those of the accounts that drivers open by themselves.
type Terms struct {
	Kind        account.Kind // prepaid or postpaid
	Currency    string
	CreditLimit int64 // of postpaid accounts, in minor units
}

// Open tells whether anybody can sign in.
func (d *Desk) Open() bool { return d.Mail != nil || d.Shown }

// secret makes a text of 256 bits that nobody can guess.
func secret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Hash is what is kept of a secret.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Sweep removes what is over.
func (d *Desk) Sweep(ctx context.Context) error {
	now := d.Now()
	return d.Store.PruneDrivers(ctx, now.Add(-LinkFor), now.Add(-SessionFor), now.Add(-SessionIdle), now)
}
