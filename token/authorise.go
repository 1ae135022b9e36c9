package token

import (
	"context"
	"time"

	"gnista"
	"gnista/account"
)

// Status is the answer to whether a token may charge.
type Status string

// The answers.
const (
	Accepted     Status = "accepted"
	Blocked      Status = "blocked" // the token or the account that pays
	Expired      Status = "expired"
	NotYet       Status = "not-yet-valid"
	Unknown      Status = "unknown"
	Invalid      Status = "invalid"       // a code that is wrong
	Master       Status = "master"        // it stops, and never starts
	NotHere      Status = "not-here"      // it may charge at other sites
	NoCredit     Status = "no-credit"     // the account that pays cannot
	LimitReached Status = "limit-reached" // of the token, for the day or the month
	Concurrent   Status = "concurrent"    // it may, but is charging elsewhere already
)

// Decision is the answer to a station that asks for a token.
type Decision struct {
	Status        Status
	ID            ID        // as it is registered; as it was presented when unknown
	Account       string    `json:",omitempty"` // that pays; empty is none
	Payment       string    `json:",omitempty"` // that pays, of a guest; empty is none
	Pass          Pass      `json:",omitzero"`  // of a guest
	Group         string    // empty is none
	ExpiresAt     time.Time // until when a station may remember the answer; zero is for ever
	MaxConcurrent int       // for whoever counts the token's transactions
	Language      string    `json:",omitempty"` // of the message
	Message       string    `json:",omitempty"` // for the holder
	Limits        Limits    `json:",omitzero"`  // for whoever counts what the token uses
}

// Pass lets a guest charge once, on what was agreed. The zero Pass is no guest's.
type Pass struct {
	Checkout string // id of the checkout that it is of
	Tariff   string `json:",omitempty"` // id of the version that the guest was shown, and that holds
	MinWh    int64  `json:",omitempty"` // less energy costs nothing
	Minimum  int64  `json:",omitempty"` // what comes to less, in minor units, costs nothing
}

// Known is whether the token is one that may charge in general, if not here and now.
func (d Decision) Known() bool { return d.Status == Accepted || d.Status == Concurrent }

// Use is what a token is presented for.
type Use string

// The uses.
const (
	Any   Use = ""      // that is not known
	Start Use = "start" // to begin to charge
	Stop  Use = "stop"  // to end, or to find out whether it may
)

// Request is a token that is presented.
type Request struct {
	ID      ID
	At      time.Time
	Station gnista.StationID // empty where nobody stands at one
	EVSE    int              // 0 where that is not known
	Use     Use
	Ordered bool // the operator asks, and not the station
}

// Accounts knows who pays, and what they have left.
type Accounts interface {
	// Account finds an account. NotFound.
	Account(ctx context.Context, id string) (account.Account, error)
	account.Balances
}

// Guests knows tokens that are not registered, but good for one payment.
type Guests interface {
	// Guest decides about a token; known is false when nothing is known of it.
	Guest(ctx context.Context, r Request) (d Decision, known bool, err error)
}

// Past knows what tokens were used for.
type Past interface {
	// Used is what a token has used in transactions that have begun since.
	Used(ctx context.Context, id ID, since time.Time, currency string) (Used, error)
	// SiteOf is the id of the site of a station; empty when it has none or is not known.
	SiteOf(ctx context.Context, station gnista.StationID) (string, error)
}

// Used is what a token has used.
type Used struct {
	Sessions int
	Wh       int64
	Amount   int64 // of charge records in one currency, VAT included
}

// Authorise decides whether the token may charge, from what is kept here alone. When the store cannot be
// asked there is no decision but an error: nobody charges on a guess. How often the token charges at one
// time, and what is set aside of its account, is decided where a transaction begins.
func (t *Tokens) Authorise(ctx context.Context, r Request) (Decision, error) {
	d, err := t.decide(ctx, r)
	if err == nil && d.Status != Accepted && d.Status != Master && t.Refusals != nil && r.Station != "" && r.Use == Start && !r.Ordered {
		t.Refusals.Refused(ctx, r, d.Status)
	}
	return d, err
}

func (t *Tokens) decide(ctx context.Context, r Request) (Decision, error) {
	k, err := t.Store.Token(ctx, r.ID)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return t.unknown(ctx, r)
	}
	if err != nil {
		return Decision{}, err
	}
	d := Decision{
		Status: Accepted, ID: k.ID, Account: k.Account, Group: k.Group, ExpiresAt: k.ExpiresAt, MaxConcurrent: k.MaxConcurrent,
		Language: k.Language, Message: k.Message, Limits: k.Limits,
	}
	switch {
	case k.Blocked:
		d.Status = Blocked
	case r.At.Before(k.ValidFrom):
		d.Status = NotYet
	case !k.ExpiresAt.IsZero() && !r.At.Before(k.ExpiresAt):
		d.Status = Expired
	case k.Master && r.Use == Start: // OCPP 2.x C16
		d.Status = Master
	}
	if d.Status != Accepted || k.Master || r.Use == Stop {
		return d, nil
	}
	for _, check := range []func(context.Context, Request, *Token, *Decision) error{t.place, t.payer, t.limits} {
		if err := check(ctx, r, &k, &d); err != nil || d.Status != Accepted {
			return d, err
		}
	}
	return d, nil
}

// unknown answers for a token that nobody has registered, and keeps that a station has asked for it.
func (t *Tokens) unknown(ctx context.Context, r Request) (Decision, error) {
	for _, g := range t.Guests {
		if d, known, err := g.Guest(ctx, r); known || err != nil {
			return d, err
		}
	}
	d := Decision{Status: Unknown, ID: r.ID}
	if r.ID.Type == KeyCode { // OCPP 2.x C04.FR.01, and else C04.FR.02
		d.Status = Invalid
	}
	if t.Unknown == nil || r.Station == "" || r.Ordered || r.Use == Stop || !r.ID.Type.card() || Key(r.ID.UID) == "" {
		return d, nil
	}
	return d, t.Unknown.SawUnknown(ctx, UnknownToken{ID: t.NewID(), Token: r.ID, Station: r.Station, EVSE: r.EVSE, Count: 1, FirstAt: t.Now(), LastAt: t.Now()}, maxUnknown)
}

// place checks whether the token may charge where it is. (OCPP 2.x C01.FR.20)
func (t *Tokens) place(ctx context.Context, r Request, k *Token, d *Decision) error {
	if len(k.Sites) == 0 || r.Station == "" {
		return nil
	}
	site, err := t.Past.SiteOf(ctx, r.Station)
	if err == nil && !k.at(site) {
		d.Status = NotHere
	}
	return err
}

// payer checks whether the account can pay.
func (t *Tokens) payer(ctx context.Context, r Request, k *Token, d *Decision) error {
	if k.Account == "" {
		return nil
	}
	a, err := t.Accounts.Account(ctx, k.Account)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		d.Status = Blocked
		return nil
	}
	if err != nil {
		return err
	}
	if a.Kind == account.Prepaid && (d.ExpiresAt.IsZero() || r.At.Before(d.ExpiresAt)) {
		d.ExpiresAt = r.At // what is true now is not when it is spent
	}
	if a.Blocked {
		d.Status = Blocked
		return nil
	}
	if _, bounded := a.Available(account.Balance{}); !bounded {
		return nil
	}
	b, err := t.Accounts.Balance(ctx, a.ID)
	if _, ok := a.Admits(b); err == nil && !ok {
		d.Status = NoCredit
	}
	return err
}

// limits checks what the token has used of its day and its month.
func (t *Tokens) limits(ctx context.Context, r Request, k *Token, d *Decision) error {
	reached, err := k.Limits.Reached(r.At, t.Zone, func(since time.Time) (Used, error) {
		return t.Past.Used(ctx, k.ID, since, k.Limits.Currency)
	})
	if reached {
		d.Status = LimitReached
	}
	return err
}

// Reached tells whether what was used is all that may be, for the day or the month that at is in.
func (l Limits) Reached(at time.Time, zone *time.Location, used func(since time.Time) (Used, error)) (bool, error) {
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := at.In(zone).Date()
	for _, x := range []struct {
		since    time.Time
		sessions int
		wh, sum  int64
	}{
		{time.Date(y, m, d, 0, 0, 0, 0, zone), l.DaySessions, l.DayWh, l.DayAmount},
		{time.Date(y, m, 1, 0, 0, 0, 0, zone), l.MonthSessions, l.MonthWh, l.MonthAmount},
	} {
		if x.sessions == 0 && x.wh == 0 && x.sum == 0 {
			continue
		}
		u, err := used(x.since)
		if err != nil {
			return false, err
		}
		if x.sessions > 0 && u.Sessions >= x.sessions || x.wh > 0 && u.Wh >= x.wh || x.sum > 0 && u.Amount >= x.sum {
			return true, nil
		}
	}
	return false, nil
}

// Begun is a transaction that a token has begun.
type Begun struct {
	Station gnista.StationID
	Site    string // id; empty is none
	At      time.Time
}

// Cloning tells when a card is at too many places for one card. The zero value never does.
type Cloning struct {
	Apart   time.Duration // that transactions at two sites must at least have between them
	PerHour int           // transactions that may begin within an hour
	Block   bool          // a card that is suspected is blocked
}

// On tells whether there is anything to look for, and Span how long before and after.
func (c Cloning) On() bool { return c.Apart > 0 || c.PerHour > 0 }

// Span is how far from a beginning others are looked for.
func (c Cloning) Span() time.Duration {
	if c.PerHour > 0 {
		return max(c.Apart, time.Hour)
	}
	return c.Apart
}

// Suspects tells why one who begins now cannot be the one who has begun all others; empty is that it can.
func (c Cloning) Suspects(now Begun, others []Begun) string {
	count := 1
	for _, o := range others {
		apart := now.At.Sub(o.At).Abs()
		if apart < c.Apart && o.Site != now.Site && o.Site != "" && now.Site != "" { // where a place is not known nobody can tell
			return "used at station " + string(o.Station) + " within " + c.Apart.String()
		}
		if !o.At.After(now.At) && apart < time.Hour {
			count++
		}
	}
	if c.PerHour > 0 && count > c.PerHour {
		return "used more often than may be within an hour"
	}
	return ""
}
