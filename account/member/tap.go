package member

import (
	"context"
	"regexp"
	"time"

	"gnista"
	"gnista/account"
	"gnista/token"
)

// Tap is a card that a driver adds who stands at a station. A card is only theirs to add who have it in their hand: the
// station asks for it after they have said where they stand, no other unknown card is held to that station meanwhile,
// nobody else adds one there, and it is held to the station once more after they have said that it is theirs.
type Tap struct {
	Customer string // id
	Account  string // id of the one that pays
	Station  gnista.StationID
	OpenedAt time.Time
	Until    time.Time
	Unknown  string    // id of the unknown token that they say is theirs; empty while they have not
	SaidAt   time.Time // when they did
}

const (
	TapFor   = 5 * time.Minute // for the first time that the card is held to the station
	AgainFor = 2 * time.Minute // for the second
	maxSeen  = 5
)

// TapState is how far somebody is who adds a card.
type TapState string

// The states.
const (
	TapWaiting TapState = "waiting" // no card was held to the station yet
	TapSeen    TapState = "seen"    // one was, and they have to say whether it is theirs
	TapAgain   TapState = "again"   // it has to be held there once more
	TapReady   TapState = "ready"   // it can be added
	TapSeveral TapState = "several" // more than one was held there: nobody knows whose is whose
	TapOver    TapState = "over"    // the time is over
)

// Seen is a tap with the card that was held to the station.
type Seen struct {
	Tap
	State TapState
	Card  token.UnknownToken // the zero value: none
}

// rfid is the UID of an RFID card, which has 4, 7 or 10 bytes. What cars tell of themselves is none.
var rfid = regexp.MustCompile(`^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$`)

func isCard(id token.ID) bool {
	return (id.Type == "" || id.Type == token.ISO14443 || id.Type == token.ISO15693) && rfid.MatchString(token.Key(id.UID))
}

// OpenTap begins to add a card at a station. Conflict where somebody else does.
func (d *Desk) OpenTap(ctx context.Context, a account.Account, station gnista.StationID) (Seen, error) {
	if a.Blocked {
		return Seen{}, gnista.Errorf(gnista.Conflict, "the account is blocked")
	}
	now := d.Now()
	t := Tap{Customer: a.Customer, Account: a.ID, Station: station, OpenedAt: now, Until: now.Add(TapFor)}
	if err := d.Store.OpenTap(ctx, t); err != nil {
		return Seen{}, err
	}
	return d.look(ctx, t)
}

// Tap tells how far a customer is. NotFound.
func (d *Desk) Tap(ctx context.Context, customer string) (Seen, error) {
	t, err := d.Store.Tap(ctx, customer)
	if err != nil {
		return Seen{}, err
	}
	return d.look(ctx, t)
}

func (d *Desk) look(ctx context.Context, t Tap) (Seen, error) {
	s := Seen{Tap: t, State: TapWaiting}
	list, err := d.Unknown.UnknownAt(ctx, t.Station, t.OpenedAt, maxSeen)
	if err != nil {
		return s, err
	}
	cards := 0
	for _, u := range list {
		if isCard(u.Token) {
			cards++
			s.Card = u
		}
	}
	switch {
	case !d.Now().Before(t.Until):
		s.State, s.Card = TapOver, token.UnknownToken{}
	case cards > 1 || t.Unknown != "" && cards == 1 && s.Card.ID != t.Unknown:
		s.State, s.Card = TapSeveral, token.UnknownToken{}
	case cards == 0:
	case t.Unknown == "":
		s.State = TapSeen
	case s.Card.LastAt.After(t.SaidAt):
		s.State = TapReady
	default:
		s.State = TapAgain
	}
	return s, nil
}

// Mine has a customer say that the card that was seen is theirs. NotFound, Conflict.
func (d *Desk) Mine(ctx context.Context, customer, unknown string) (Seen, error) {
	s, err := d.Tap(ctx, customer)
	if err != nil {
		return s, err
	}
	if s.State != TapSeen || s.Card.ID != unknown {
		return s, gnista.Errorf(gnista.Conflict, "that card is not waiting to be added: %s", s.State)
	}
	now := d.Now()
	t, err := d.Store.ChangeTap(ctx, customer, func(t *Tap) error {
		if !t.OpenedAt.Equal(s.OpenedAt) || t.Unknown != "" {
			return gnista.Errorf(gnista.Conflict, "another card is being added")
		}
		t.Unknown, t.SaidAt, t.Until = unknown, now, now.Add(AgainFor)
		return nil
	})
	if err != nil {
		return s, err
	}
	return d.look(ctx, t)
}

// Add registers the card for the customer's account. NotFound, Conflict, Invalid.
func (d *Desk) Add(ctx context.Context, customer, name string) (token.Token, error) {
	s, err := d.Tap(ctx, customer)
	if err != nil {
		return token.Token{}, err
	}
	if s.State != TapReady {
		return token.Token{}, gnista.Errorf(gnista.Conflict, "no card can be added: %s", s.State)
	}
	a, err := d.Book.Accounts.Account(ctx, s.Account)
	if err != nil {
		return token.Token{}, err
	}
	if a.Customer != customer || a.Blocked {
		return token.Token{}, gnista.Errorf(gnista.Conflict, "the account is blocked")
	}
	k, err := d.Tokens.Claim(ctx, s.Card.ID, token.Token{Account: a.ID, Name: name})
	if err != nil {
		return k, err
	}
	return k, d.Store.EndTap(ctx, customer)
}
