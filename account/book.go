package account

import (
	"context"
	"encoding/json"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"gnista"
)

// CustomerStore keeps customers.
type CustomerStore interface {
	// Customer finds a customer. NotFound.
	Customer(ctx context.Context, id string) (Customer, error)
	// Customers lists customers in the order in which they were made.
	Customers(ctx context.Context, f CustomerFilter) ([]Customer, error)
	// CreateCustomer adds a customer.
	CreateCustomer(ctx context.Context, c Customer, ev gnista.Event) error
	// UpdateCustomer changes a customer in one SQL transaction. NotFound.
	UpdateCustomer(ctx context.Context, id string, change func(*Customer) (gnista.Event, error)) (Customer, error)
	// EraseCustomer is UpdateCustomer that also blocks the customer's accounts, for the reason, and takes
	// away the names of these and what is said of their cards.
	EraseCustomer(ctx context.Context, id, reason string, change func(*Customer) (gnista.Event, error)) (Customer, error)
}

// CustomerFilter selects customers for a list.
type CustomerFilter struct {
	IDs   []string // only these; none is any
	Text  string   // part of the name, mail address or a number; empty is any
	After string   // only those made after the one with this id: the next page
	Limit int
}

// Filter selects accounts for a list.
type Filter struct {
	IDs      []string // only these; none is any
	Customer string   // id; empty is any
	Text     string   // part of its name or id, or of what [CustomerFilter] finds its customer by; empty is any
	After    string   // only those made after the one with this id: the next page
	Limit    int
}

// Store keeps accounts.
type Store interface {
	// Account finds an account. NotFound.
	Account(ctx context.Context, id string) (Account, error)
	// Accounts lists accounts in the order in which they were made.
	Accounts(ctx context.Context, f Filter) ([]Account, error)
	// CreateAccount adds an account. Invalid when there is no such customer.
	CreateAccount(ctx context.Context, a Account, ev gnista.Event) error
	// UpdateAccount changes an account in one SQL transaction. NotFound.
	UpdateAccount(ctx context.Context, id string, change func(*Account) (gnista.Event, error)) (Account, error)
	Balances
}

// Balances knows what the ledger says of accounts.
type Balances interface {
	// Balance is what the ledger says of an account; all zero when it says nothing.
	Balance(ctx context.Context, id string) (Balance, error)
}

// Book keeps customers and accounts.
type Book struct {
	Customers CustomerStore
	Accounts  Store
	Now       func() time.Time
	NewID     func() string
}

// termDays is what an invoice gives to pay where nothing else is said.
const termDays = 30

// CreateCustomer adds a customer. Invalid.
func (b *Book) CreateCustomer(ctx context.Context, c Customer) (Customer, error) {
	c, ev, err := b.newCustomer(c)
	if err != nil {
		return Customer{}, err
	}
	return c, b.Customers.CreateCustomer(ctx, c, ev)
}

func (b *Book) newCustomer(c Customer) (Customer, gnista.Event, error) {
	if err := c.check(); err != nil {
		return Customer{}, gnista.Event{}, err
	}
	c.ID, c.CreatedAt = b.NewID(), b.Now()
	c.UpdatedAt = c.CreatedAt
	return c, b.event("customer.created", c.ID, nil), nil
}

// Joining is a customer with their first account, not stored yet, and the events that tell of it.
type Joining struct {
	Customer Customer
	Account  Account
	Events   []gnista.Event
}

// Join makes a customer and their first account ready to be stored together. Invalid.
func (b *Book) Join(c Customer, a Account) (*Joining, error) {
	c, made, err := b.newCustomer(c)
	if err != nil {
		return nil, err
	}
	a.Customer = c.ID
	a, opened, err := b.newAccount(a)
	if err != nil {
		return nil, err
	}
	return &Joining{c, a, []gnista.Event{made, opened}}, nil
}

// UpdateCustomer changes a customer. Invalid, NotFound, Conflict when it was erased.
func (b *Book) UpdateCustomer(ctx context.Context, id string, change func(*Customer)) (Customer, error) {
	return b.Customers.UpdateCustomer(ctx, id, func(c *Customer) (gnista.Event, error) {
		if !c.ErasedAt.IsZero() {
			return gnista.Event{}, gnista.Errorf(gnista.Conflict, "the customer was erased, and is only kept for the books")
		}
		was := *c
		change(c)
		c.ID, c.CreatedAt, c.UpdatedAt = was.ID, was.CreatedAt, b.Now()
		return b.event("customer.changed", id, nil), c.check()
	})
}

// Erase takes away what tells who a customer is. The ids stay for the books; the accounts are blocked.
// NotFound, Conflict when that was done already.
func (b *Book) Erase(ctx context.Context, id string) (Customer, error) {
	return b.Customers.EraseCustomer(ctx, id, "the customer was erased", func(c *Customer) (gnista.Event, error) {
		if !c.ErasedAt.IsZero() {
			return gnista.Event{}, gnista.Errorf(gnista.Conflict, "the customer was erased already")
		}
		now := b.Now()
		*c = Customer{ID: c.ID, Kind: c.Kind, Address: Address{Country: c.Address.Country}, Language: c.Language, Tariff: c.Tariff, CreatedAt: c.CreatedAt, UpdatedAt: now, ErasedAt: now}
		return b.event("customer.erased", id, nil), nil
	})
}

// CreateAccount adds an account. Invalid.
func (b *Book) CreateAccount(ctx context.Context, a Account) (Account, error) {
	a, ev, err := b.newAccount(a)
	if err != nil {
		return Account{}, err
	}
	return a, b.Accounts.CreateAccount(ctx, a, ev)
}

func (b *Book) newAccount(a Account) (Account, gnista.Event, error) {
	if a.TermDays == 0 {
		a.TermDays = termDays
	}
	if err := a.check(); err != nil {
		return Account{}, gnista.Event{}, err
	}
	a.ID, a.CreatedAt = b.NewID(), b.Now()
	a.UpdatedAt = a.CreatedAt
	return a, b.event("account.created", a.ID, map[string]any{"customer": a.Customer, "kind": a.Kind}), nil
}

// UpdateAccount changes an account. Whose it is, its kind and its currency stay: the books go by them.
// Invalid, NotFound.
func (b *Book) UpdateAccount(ctx context.Context, id string, change func(*Account)) (Account, error) {
	return b.Accounts.UpdateAccount(ctx, id, func(a *Account) (gnista.Event, error) {
		was := *a
		change(a)
		a.ID, a.Customer, a.Kind, a.Currency, a.CreatedAt, a.UpdatedAt = was.ID, was.Customer, was.Kind, was.Currency, was.CreatedAt, b.Now()
		if !a.Blocked {
			a.BlockReason = ""
		}
		kind := "account.changed"
		switch {
		case a.Blocked && !was.Blocked:
			kind = "account.blocked"
		case was.Blocked && !a.Blocked:
			kind = "account.unblocked"
		}
		return b.event(kind, id, map[string]any{"customer": a.Customer, "reason": a.BlockReason}), a.check()
	})
}

func (b *Book) event(kind, subject string, data map[string]any) gnista.Event {
	ev := gnista.Event{At: b.Now(), Kind: kind, Subject: subject}
	if data != nil {
		ev.Data, _ = json.Marshal(data) // strings always marshal
	}
	return ev
}

const (
	maxText = 100 // characters of names and the like
	maxDays = 365
	maxSum  = 1_000_000_000_000 // minor units that anybody is trusted with
)

var endpoint = regexp.MustCompile(`^[0-9]{4}:[0-9A-Za-z._~-]{1,50}$`)

func (c *Customer) check() error {
	c.Name, c.Email = strings.TrimSpace(c.Name), strings.TrimSpace(c.Email)
	for field, text := range map[string]string{
		"name": c.Name, "number": c.Number, "vat": c.VAT, "email": c.Email, "address.street": c.Address.Street, "address.postalCode": c.Address.PostalCode,
		"address.city": c.Address.City, "reference": c.Reference,
	} {
		if utf8.RuneCountInString(text) > maxText {
			return gnista.Invalidf(field, "is longer than %d characters", maxText)
		}
	}
	switch {
	case c.Kind != Private && c.Kind != Company:
		return gnista.Invalidf("kind", "%q is not private or company", c.Kind)
	case c.Name == "":
		return gnista.Invalidf("name", "is empty; a customer needs a name")
	case c.Kind == Company && c.Number == "":
		return gnista.Invalidf("number", "is empty; a company needs its registration number")
	case c.Endpoint != "" && !endpoint.MatchString(c.Endpoint):
		return gnista.Invalidf("endpoint", "%q is not an electronic address with its scheme, as in 0007:5560360793", c.Endpoint)
	}
	if c.Email != "" {
		if at, err := mail.ParseAddress(c.Email); err != nil || at.Address != c.Email {
			return gnista.Invalidf("email", "%q is not an address as in name@example.com", c.Email)
		}
	}
	if err := checkLanguage("language", c.Language); err != nil {
		return err
	}
	if country := c.Address.Country; country != "" {
		if r, err := language.ParseRegion(country); err != nil || r.String() != country || !r.IsCountry() {
			return gnista.Invalidf("address.country", "%q is not a code of ISO 3166-1, like \"SE\"", country)
		}
	}
	if c.Address.Country == "SE" {
		return c.checkSwedish()
	}
	return nil
}

func checkLanguage(field, tag string) error {
	if tag == "" {
		return nil
	}
	if _, err := language.Parse(tag); err != nil || len(tag) > 8 { // as long as stations take it
		return gnista.Invalidf(field, "%q is not a language as in \"sv\" or \"en-GB\"", tag)
	}
	return nil
}

// checkSwedish checks numbers that have a check digit, and writes them as registers do.
func (c *Customer) checkSwedish() error {
	if c.Number != "" {
		n, ok := swedish(c.Number)
		if !ok {
			return gnista.Invalidf("number", "%q is not a Swedish number of ten digits with a right check digit, as in 556036-0793", c.Number)
		}
		c.Number = n
	}
	if c.VAT != "" {
		vat := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(c.VAT))
		body, se := strings.CutPrefix(vat, "SE")
		body, end := strings.CutSuffix(body, "01")
		if _, ok := swedish(body); !se || !end || len(body) != 10 || !ok {
			return gnista.Invalidf("vat", "%q is not a Swedish VAT number with a right check digit, as in SE556036079301", c.VAT)
		}
		c.VAT = vat
	}
	return nil
}

// swedish is a number of a Swedish company or person as ten digits with a hyphen, when the last of them
// is the check digit of the others.
func swedish(text string) (number string, ok bool) {
	digits := strings.NewReplacer("-", "", "+", "", " ", "").Replace(text)
	if len(digits) == 12 { // with the century, or 16 of a company
		digits = digits[2:]
	}
	if len(digits) != 10 {
		return "", false
	}
	sum := 0
	for i, r := range []byte(digits) {
		if r < '0' || r > '9' {
			return "", false
		}
		d := int(r - '0')
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return digits[:6] + "-" + digits[6:], sum%10 == 0
}

func (a *Account) check() error {
	a.Name = strings.TrimSpace(a.Name)
	unit, err := currency.ParseISO(a.Currency)
	switch {
	case a.Kind != Prepaid && a.Kind != Postpaid && a.Kind != Roaming:
		return gnista.Invalidf("kind", "%q is not prepaid, postpaid or roaming", a.Kind)
	case a.Customer == "" && a.Kind != Roaming:
		return gnista.Invalidf("customer", "is empty; only a roaming account may be nobody's")
	case err != nil || unit.String() != a.Currency:
		return gnista.Invalidf("currency", "%q is not an ISO 4217 code, like \"SEK\"", a.Currency)
	case utf8.RuneCountInString(a.Name) > maxText:
		return gnista.Invalidf("name", "is longer than %d characters", maxText)
	case utf8.RuneCountInString(a.BlockReason) > maxText:
		return gnista.Invalidf("blockReason", "is longer than %d characters", maxText)
	case a.BlockReason != "" && !a.Blocked:
		return gnista.Invalidf("blockReason", "is given for an account that is not blocked; set blocked too")
	case a.CreditLimit < 0 || a.CreditLimit > maxSum:
		return gnista.Invalidf("creditLimit", "must be 0 to %d", int64(maxSum))
	case a.CreditLimit > 0 && a.Kind != Postpaid:
		return gnista.Invalidf("creditLimit", "is of postpaid accounts; this one is %s", a.Kind)
	case a.Hold < 0 || a.Hold > maxSum:
		return gnista.Invalidf("hold", "must be 0 to %d", int64(maxSum))
	case a.Hold > 0 && a.Kind != Prepaid && a.CreditLimit == 0:
		return gnista.Invalidf("hold", "is of prepaid accounts, and of postpaid ones with a credit limit: nothing else can run out")
	case a.Offline && a.Kind == Prepaid:
		return gnista.Invalidf("offline", "must be false of a prepaid account: a station that cannot ask us does not know its balance")
	case a.TermDays < 1 || a.TermDays > maxDays:
		return gnista.Invalidf("termDays", "must be 1 to %d", maxDays)
	}
	return nil
}
