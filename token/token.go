// Package token knows who may charge: the id tokens of drivers (RFID cards, apps, contracts),
// the groups they belong to and the limits they have.
package token

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"gnista"
)

// Type is the kind of an id token. OCPP 2.1 has an open list of them; these are the known ones.
type Type string

// The known types.
const (
	ISO14443        Type = "ISO14443" // RFID card
	ISO15693        Type = "ISO15693" // RFID card
	Central         Type = "Central"  // given by us, as for a start from an app
	EMAID           Type = "eMAID"    // contract of ISO 15118
	EVCCID          Type = "EVCCID"
	VIN             Type = "VIN"
	MacAddress      Type = "MacAddress"
	KeyCode         Type = "KeyCode"
	Local           Type = "Local"
	DirectPayment   Type = "DirectPayment"
	NoAuthorization Type = "NoAuthorization"
)

// ID is an id token as it is presented: its UID, and its type where the station tells it. OCPP
// 1.6 does not, and the empty type stands for any.
type ID struct {
	UID  string
	Type Type
}

// Key is the form of a UID in which two are compared. Readers differ in letter case and in the
// separators that they put between bytes (quirk Q72), and all versions compare without case.
func Key(uid string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', ':', '-':
			return -1
		}
		return r
	}, strings.ToUpper(uid))
}

// Mask is a UID as logs and pages show it: its last four characters.
func Mask(uid string) string {
	const shown = 4
	letters := []rune(uid)
	if len(letters) <= shown {
		return "…"
	}
	return "…" + string(letters[len(letters)-shown:])
}

// Token is an id token that the operator knows.
type Token struct {
	ID            ID
	Name          string    // who or what it is, for people
	Account       string    // id of the account that pays; empty is none
	Tariff        string    // id of the tariff of its transactions; empty is none of its own
	Group         string    // tokens of one group may stop each other's transactions
	Blocked       bool      // may not charge
	BlockReason   string    // why, for people
	ValidFrom     time.Time // may not charge before then; zero is always
	ExpiresAt     time.Time // may not charge from then on; zero is never
	MaxConcurrent int       // transactions at one time; 0 is no limit
	Offline       bool      // may charge where a station cannot ask us; so may all of a group that may, see [Group]
	Master        bool      // stops any transaction on stations that know its group as that of masters, and starts none (OCPP 2.x C16)
	Language      string    // BCP 47, of what a station shows to its holder; empty is the station's
	Message       string    // that a station shows to its holder
	Sites         []string  // ids of those that it may charge at; empty is all
	Limits        Limits
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Limits are the most that a token may use in a day and in a month, by the time of the operator. 0 is no
// limit. What is charging counts as far as it has come; only what begins is refused.
type Limits struct {
	DaySessions   int
	MonthSessions int
	DayWh         int64
	MonthWh       int64
	DayAmount     int64 // minor units of Currency, VAT included, of what has been charged for
	MonthAmount   int64
	Currency      string // ISO 4217; empty where no amount is limited
}

// Filter selects tokens for a list.
type Filter struct {
	Account string // id; empty is any
	Group   string // empty is any
	Text    string // part of the name or of the group's; empty is any
	Blocked bool   // only those that are blocked
	After   string // what the page before told to be next; empty is the first page
	Limit   int
}

// at tells whether the token may charge at a site.
func (k *Token) at(site string) bool { return len(k.Sites) == 0 || slices.Contains(k.Sites, site) }

// Store keeps tokens. A UID is found in whatever way it is written, see [Key].
type Store interface {
	// Token finds the token with the UID and type, or with the UID alone when the type is empty
	// (an RFID card first, if there are several). NotFound.
	Token(ctx context.Context, id ID) (Token, error)
	// Tokens lists tokens in an order that says nothing of them. next is what to go on after; empty at the end.
	Tokens(ctx context.Context, f Filter) (list []Token, next string, err error)
	// CreateToken adds a token, which is then no longer among the unknown. Conflict when it is there
	// already, Invalid when there is no such account, tariff or site.
	CreateToken(ctx context.Context, t Token) error
	// UpdateToken changes the token id in one SQL transaction. NotFound; Invalid as in CreateToken.
	UpdateToken(ctx context.Context, id ID, change func(*Token) error) (Token, error)
	// DeleteToken removes a token. NotFound.
	DeleteToken(ctx context.Context, id ID) error
	// SaveTokens adds or replaces all of the tokens, or none. Invalid as in CreateToken.
	SaveTokens(ctx context.Context, list []Token) error
	// CheckToken fails where CreateToken would because of what the token names. Invalid.
	CheckToken(ctx context.Context, t Token) error
}

// Tokens decides who may charge.
type Tokens struct {
	Store    Store
	Accounts Accounts
	Past     Past
	Unknown  UnknownStore
	Guests   []Guests       // who are asked for tokens that are not registered
	Refusals Refusals       // nil: nobody wants to know
	Zone     *time.Location // in which days and months begin
	Now      func() time.Time
	NewID    func() string
}

// Refusals is told of tokens that stations asked for and that may not start.
type Refusals interface {
	Refused(ctx context.Context, r Request, why Status)
}

// Create registers a token. Invalid, Conflict.
func (t *Tokens) Create(ctx context.Context, k Token) (Token, error) {
	if k.ID.Type == "" {
		k.ID.Type = ISO14443
	}
	if err := k.check(); err != nil {
		return Token{}, err
	}
	k.CreatedAt = t.Now()
	k.UpdatedAt = k.CreatedAt
	return k, t.Store.CreateToken(ctx, k)
}

// Update changes a token. Invalid, NotFound.
func (t *Tokens) Update(ctx context.Context, id ID, change func(*Token)) (Token, error) {
	return t.Store.UpdateToken(ctx, id, func(k *Token) error {
		was := k.ID
		change(k)
		k.ID, k.UpdatedAt = was, t.Now()
		if !k.Blocked {
			k.BlockReason = ""
		}
		return k.check()
	})
}

// Limits of what is kept. The longest UID is OCPP 2.1's.
const (
	maxUID     = 255
	maxText    = 100
	maxMessage = 512 // OCPP 2.x MessageContent
	maxSites   = 100
	maxSum     = 1_000_000_000_000 // of minor units and of Wh
	maxCount   = 1_000_000
)

func (k Token) check() error {
	switch {
	case Key(k.ID.UID) == "":
		return gnista.Invalidf("uid", "is empty")
	case utf8.RuneCountInString(k.ID.UID) > maxUID:
		return gnista.Invalidf("uid", "is longer than %d characters", maxUID)
	case k.ID.Type == "" || utf8.RuneCountInString(string(k.ID.Type)) > 20:
		return gnista.Invalidf("type", "must have 1 to 20 characters")
	case strings.ContainsAny(string(k.ID.Type), " \t\r\n"):
		return gnista.Invalidf("type", "has a blank")
	case utf8.RuneCountInString(k.Group) > maxUID:
		return gnista.Invalidf("group", "is longer than %d characters", maxUID)
	case utf8.RuneCountInString(k.Name) > maxText:
		return gnista.Invalidf("name", "is longer than %d characters", maxText)
	case utf8.RuneCountInString(k.BlockReason) > maxText:
		return gnista.Invalidf("blockReason", "is longer than %d characters", maxText)
	case k.BlockReason != "" && !k.Blocked:
		return gnista.Invalidf("blockReason", "is given for a token that is not blocked; set blocked too")
	case utf8.RuneCountInString(k.Message) > maxMessage:
		return gnista.Invalidf("message", "is longer than %d characters", maxMessage)
	case k.MaxConcurrent < 0:
		return gnista.Invalidf("maxConcurrent", "is negative")
	case !k.ExpiresAt.IsZero() && k.ExpiresAt.UnixMilli() <= 0: // that is kept as never
		return gnista.Invalidf("expiresAt", "must be after 1970")
	case !k.ValidFrom.IsZero() && k.ValidFrom.UnixMilli() <= 0:
		return gnista.Invalidf("validFrom", "must be after 1970")
	case !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(k.ValidFrom):
		return gnista.Invalidf("expiresAt", "is not after validFrom, so that the token would never be valid")
	case k.Master && k.Group == "":
		return gnista.Invalidf("group", "is empty; a master card needs the group that stations have as their MasterPassGroupId")
	case len(k.Sites) > maxSites:
		return gnista.Invalidf("sites", "has more than %d sites", maxSites)
	case slices.Contains(k.Sites, ""):
		return gnista.Invalidf("sites", "has an empty one")
	}
	if k.Language != "" {
		if _, err := language.Parse(k.Language); err != nil || len(k.Language) > 8 { // as long as stations take it
			return gnista.Invalidf("language", "%q is not a language as in \"sv\" or \"en-GB\"", k.Language)
		}
	}
	return k.Limits.check()
}

func (l Limits) check() error {
	for field, n := range map[string]int{"sessionsPerDay": l.DaySessions, "sessionsPerMonth": l.MonthSessions} {
		if n < 0 || n > maxCount {
			return gnista.Invalidf("limits."+field, "must be 0 to %d", maxCount)
		}
	}
	for field, n := range map[string]int64{
		"energyWhPerDay": l.DayWh, "energyWhPerMonth": l.MonthWh, "amountPerDay": l.DayAmount, "amountPerMonth": l.MonthAmount,
	} {
		if n < 0 || n > maxSum {
			return gnista.Invalidf("limits."+field, "must be 0 to %d", int64(maxSum))
		}
	}
	if l.DayAmount == 0 && l.MonthAmount == 0 && l.Currency == "" {
		return nil
	}
	if unit, err := currency.ParseISO(l.Currency); err != nil || unit.String() != l.Currency {
		return gnista.Invalidf("limits.currency", "%q is not an ISO 4217 code, like \"SEK\"", l.Currency)
	}
	return nil
}
