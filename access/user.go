package access

import (
	"context"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
)

// User is somebody who may sign in.
type User struct {
	ID        string
	Email     string // by which they sign in, in small letters
	Name      string
	Language  string // sv, en, or empty for that of the browser
	Grants    []Grant
	Disabled  bool
	Password  Hash // empty: none may be used
	CreatedAt time.Time
	UpdatedAt time.Time
	SeenAt    time.Time // when they last signed in
}

// Actor is the user as somebody who does something.
func (u User) Actor() Actor {
	if u.Disabled {
		return Actor{ID: u.ID, Name: u.Name}
	}
	return Actor{ID: u.ID, Name: u.Name, Grants: u.Grants}
}

// admin tells whether the user may say who may what.
func (u User) admin() bool { return u.Actor().Can(Change, Users, "") }

// UserStore keeps users.
type UserStore interface {
	// User finds a user; UserByEmail does by the address. NotFound.
	User(ctx context.Context, id string) (User, error)
	UserByEmail(ctx context.Context, email string) (User, error)
	// Users lists users in the order of their ids, behind after.
	Users(ctx context.Context, after string, limit int) ([]User, error)
	// CreateUser adds a user. Conflict where the address is taken, and, where first is true, where there is any.
	CreateUser(ctx context.Context, u User, first bool) error
	// ChangeUser changes a user within one SQL transaction, in which others tells of all others who are not
	// disabled. NotFound; Conflict where the address is taken.
	ChangeUser(ctx context.Context, id string, change func(u *User, others []User) error) (User, error)
	// DeleteUser removes a user, and what proves who they are, likewise. NotFound.
	DeleteUser(ctx context.Context, id string, allowed func(u User, others []User) error) error
}

// People are the users.
type People struct {
	Store    UserStore
	Sessions SessionStore
	Now      func() time.Time
	NewID    func() string

	hashing chan struct{} // passwords that are judged at one time
}

// NewPeople makes the users of a store.
func NewPeople(users UserStore, sessions SessionStore, now func() time.Time, newID func() string) *People {
	return &People{Store: users, Sessions: sessions, Now: now, NewID: newID, hashing: make(chan struct{}, 2)}
}

const maxName = 100

func (u *User) check() error {
	u.Email = strings.ToLower(strings.TrimSpace(u.Email))
	u.Name = strings.TrimSpace(u.Name)
	if a, err := mail.ParseAddress(u.Email); err != nil || a.Address != u.Email || len(u.Email) > 254 {
		return gnista.Invalidf("email", "is no address of mail")
	}
	if u.Name == "" || utf8.RuneCountInString(u.Name) > maxName {
		return gnista.Invalidf("name", "must have 1 to %d characters", maxName)
	}
	if u.Language != "" && u.Language != "sv" && u.Language != "en" {
		return gnista.Invalidf("language", "%q is neither sv nor en", u.Language)
	}
	return check(u.Grants)
}

// Create adds a user. password is empty for who signs in otherwise. Invalid, Conflict.
func (p *People) Create(ctx context.Context, u User, password string) (User, error) {
	return p.create(ctx, u, password, false)
}

// CreateFirst adds the first user, an administrator. Invalid; Conflict where there is one already.
func (p *People) CreateFirst(ctx context.Context, u User, password string) (User, error) {
	u.Grants = []Grant{{Role: Admin}}
	if password == "" {
		return User{}, gnista.Invalidf("password", "is missing")
	}
	return p.create(ctx, u, password, true)
}

func (p *People) create(ctx context.Context, u User, password string, first bool) (User, error) {
	if err := u.check(); err != nil {
		return User{}, err
	}
	if password != "" {
		var err error
		if u.Password, err = p.hash(ctx, password); err != nil {
			return User{}, err
		}
	}
	u.ID, u.CreatedAt = p.NewID(), p.Now()
	u.UpdatedAt = u.CreatedAt
	return u, p.Store.CreateUser(ctx, u, first)
}

// Edit changes a user. Somebody who may say who may what is always left. What is taken away holds at once: who has
// signed in has no more rights than now. NotFound, Invalid, Conflict.
func (p *People) Edit(ctx context.Context, id string, change func(*User)) (User, error) {
	u, err := p.Store.ChangeUser(ctx, id, func(u *User, others []User) error {
		was := *u
		change(u)
		u.ID, u.Password, u.UpdatedAt = id, was.Password, p.Now()
		if err := u.check(); err != nil {
			return err
		}
		if was.admin() && !u.admin() {
			return left(others)
		}
		return nil
	})
	if err == nil && u.Disabled {
		err = p.Sessions.EndSessions(ctx, id, "")
	}
	return u, err
}

// Delete removes a user. NotFound, Conflict.
func (p *People) Delete(ctx context.Context, id string) error {
	return p.Store.DeleteUser(ctx, id, func(u User, others []User) error {
		if u.admin() {
			return left(others)
		}
		return nil
	})
}

// left is a Conflict where nobody is left who may say who may what.
func left(others []User) error {
	for _, o := range others {
		if o.admin() {
			return nil
		}
	}
	return gnista.Errorf(gnista.Conflict, "this is the last administrator; make somebody else one before")
}
