// Package tariff knows what charging costs: tariffs, their versions, and the rating of what was
// used by them. Rating is a pure function and exact until the one rounding of each line.
//
// Consumer prices include VAT. A version is never changed; another price is another version.
package tariff

import (
	"context"
	"math/big"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/currency"

	"gnista"
)

// Tariff is a price list under one name, through all its versions.
type Tariff struct {
	ID        string
	Name      string
	Currency  string // ISO 4217
	Default   bool   // holds where no other is assigned; exactly one does
	CreatedAt time.Time
	Versions  []Version // the newest first
}

// Version is what a tariff says from a time on.
type Version struct {
	ID        string
	Tariff    string
	Number    int // 1, 2, … within the tariff
	Currency  string
	ValidFrom time.Time // the zero time is always
	Net       bool      // prices and limits are without VAT, which is added
	Min, Max  Decimal   // the least and the most that a transaction costs, in major units; empty is no limit
	Elements  []Element // of one dimension the first that applies counts
	CreatedAt time.Time
}

// Dimension is what an element puts a price on.
type Dimension string

// The dimensions.
const (
	Energy      Dimension = "energy"      // price for each kWh
	Time        Dimension = "time"        // price for each minute of charging
	Idle        Dimension = "idle"        // price for each minute in which the car occupies the EVSE for nothing
	Start       Dimension = "start"       // price for each transaction
	Reservation Dimension = "reservation" // price for each minute of reservation
	Reserving   Dimension = "reserving"   // price for each reservation
)

// Element is one price.
type Element struct {
	Dimension Dimension
	Price     Decimal       // in major units (kronor, euro); VAT is included unless the version is Net
	VAT       Decimal       // percent
	PerHour   bool          // the price of time is for each hour, not each minute
	Grace     time.Duration // Idle only: so much of all idle time, from its beginning, is free
	Step      int64         // Wh or seconds: the quantity is rounded up to a multiple of it; 0 is not, 1 is to whole ones
	When      Restriction
}

// Restriction is when an element applies: when all that it says holds. The zero one is always. Of each
// pair the lower bound is within and the upper one is not.
type Restriction struct {
	From, To     string         // local time of day, as in "08:00"; To before From is past midnight, "00:00" as To is midnight
	Since, Until string         // local dates, as in "2026-12-24"
	Weekdays     []time.Weekday // empty is all

	MinWh, MaxWh     *int64 // energy of the transaction until then
	MinW, MaxW       *int64 // power at that moment
	MinMilliA        *int64 // current at that moment, of all phases together
	MaxMilliA        *int64
	MinTime, MaxTime *int64 // seconds since the transaction began; of Reservation and Reserving since that did

	Expired *bool // Reservation and Reserving: whether nobody came; nil is either
}

// always tells whether the element applies without restriction.
func (w Restriction) always() bool {
	return w.From == "" && w.To == "" && w.Since == "" && w.Until == "" && len(w.Weekdays) == 0 && w.MinWh == nil && w.MaxWh == nil && w.MinW == nil && w.MaxW == nil &&
		w.MinMilliA == nil && w.MaxMilliA == nil && w.MinTime == nil && w.MaxTime == nil && w.Expired == nil
}

// Decimal is an exact decimal number as text, like "4.95". The empty one is 0.
type Decimal string

// Rat is its value.
func (d Decimal) Rat() *big.Rat {
	r, ok := new(big.Rat).SetString(string(d))
	if !ok {
		return new(big.Rat)
	}
	return r
}

// shortest is d without zeros that say nothing, so that equal numbers are equal texts.
func (d Decimal) shortest() Decimal {
	whole, fraction, _ := strings.Cut(string(d), ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction == "" {
		return Decimal(whole)
	}
	return Decimal(whole + "." + fraction)
}

// valid tells whether d is digits with at most one point between them, few enough to make sense.
func (d Decimal) valid() bool {
	whole, fraction, point := strings.Cut(string(d), ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	return digits(whole) && len(whole) <= 9 && (!point || digits(fraction) && len(fraction) <= 6)
}

// Store keeps tariffs.
type Store interface {
	// CreateTariff stores t and its one version. If t is the default one, no other is any more.
	CreateTariff(ctx context.Context, t Tariff) error
	// AddVersion stores another version and gives it the next number. NotFound.
	AddVersion(ctx context.Context, v Version) (Version, error)
	// Tariff finds a tariff with its versions. NotFound.
	Tariff(ctx context.Context, id string) (Tariff, error)
	// Tariffs lists up to limit tariffs in the order of their ids, behind after.
	Tariffs(ctx context.Context, after string, limit int) ([]Tariff, error)
	// TariffVersion finds a version. NotFound.
	TariffVersion(ctx context.Context, id string) (Version, error)
	// UpdateTariff changes the name of a tariff, and makes it the default one. NotFound.
	UpdateTariff(ctx context.Context, id string, change func(*Tariff) error) (Tariff, error)
	// DeleteTariff removes a tariff that is nobody's and was never used; its versions can be found
	// still. NotFound, Conflict.
	DeleteTariff(ctx context.Context, id string, now time.Time) error
	AssignmentStore
}

// Book is the operator's tariffs.
type Book struct {
	Store Store
	Now   func() time.Time
	NewID func() string
}

// Create adds a tariff with its first version, which is always valid unless it says from when. The
// first tariff of all is the default one. Invalid.
func (b *Book) Create(ctx context.Context, t Tariff, first Version) (Tariff, error) {
	first.Currency = t.Currency
	if err := b.Check(t, first); err != nil {
		return Tariff{}, err
	}
	have, err := b.Store.Tariffs(ctx, "", 1)
	if err != nil {
		return Tariff{}, err
	}
	t.Default = t.Default || len(have) == 0
	t.ID, t.CreatedAt = b.NewID(), b.Now()
	first.ID, first.Tariff, first.Number, first.CreatedAt = b.NewID(), t.ID, 1, t.CreatedAt
	t.Versions = []Version{first}
	return t, b.Store.CreateTariff(ctx, t)
}

// Check tells whether a tariff can be made with a first version. Invalid.
func (b *Book) Check(t Tariff, first Version) error {
	if err := t.check(); err != nil {
		return err
	}
	if _, err := Digits(t.Currency); err != nil {
		return err
	}
	return first.Check()
}

// At is the version that is in force at a time; the newest where none is yet.
func (t Tariff) At(at time.Time) Version {
	var found *Version
	for i := range t.Versions {
		v := &t.Versions[i]
		if !v.ValidFrom.After(at) && (found == nil || v.ValidFrom.After(found.ValidFrom)) {
			found = v
		}
	}
	if found == nil {
		return t.Versions[0]
	}
	return *found
}

// Update gives a tariff another name, or makes it the default one, unless they are nil. NotFound, Invalid.
func (b *Book) Update(ctx context.Context, id string, name *string, standard *bool) (Tariff, error) {
	return b.Store.UpdateTariff(ctx, id, func(t *Tariff) error {
		if name != nil {
			t.Name = *name
		}
		if standard != nil {
			if t.Default && !*standard {
				return gnista.Invalidf("default", "cannot be taken away; make another tariff the default one")
			}
			t.Default = *standard
		}
		return t.check()
	})
}

// Delete removes a tariff that is nobody's and was never used. NotFound, Conflict.
func (b *Book) Delete(ctx context.Context, id string) error {
	return b.Store.DeleteTariff(ctx, id, b.Now())
}

func (t Tariff) check() error {
	if strings.TrimSpace(t.Name) == "" || utf8.RuneCountInString(t.Name) > 100 {
		return gnista.Invalidf("name", "must have 1 to 100 characters")
	}
	return nil
}

// AddVersion adds a version to a tariff, valid from now on unless it says from when, which cannot
// be in the past: what drivers have been shown stands. Invalid, NotFound.
func (b *Book) AddVersion(ctx context.Context, tariff string, v Version) (Version, error) {
	if err := v.Check(); err != nil {
		return Version{}, err
	}
	now := b.Now()
	if v.ValidFrom.IsZero() {
		v.ValidFrom = now
	}
	if v.ValidFrom.Before(now) {
		return Version{}, gnista.Invalidf("validFrom", "is in the past")
	}
	if v.Min != "" || v.Max != "" { // whose decimals are those of the currency
		t, err := b.Store.Tariff(ctx, tariff)
		if err != nil {
			return Version{}, err
		}
		v.Currency = t.Currency
		if err := v.checkLimits(); err != nil {
			return Version{}, err
		}
	}
	v.ID, v.Tariff, v.CreatedAt = b.NewID(), tariff, now
	return b.Store.AddVersion(ctx, v)
}

// Digits is the number of decimals of a currency's minor unit. Invalid.
func Digits(code string) (int, error) {
	unit, err := currency.ParseISO(code)
	if err != nil || unit.String() != code || code == "XXX" || code == "XTS" { // none, and one for tests
		return 0, gnista.Invalidf("currency", "%q is not an ISO 4217 code, like \"SEK\"", code)
	}
	digits, _ := currency.Standard.Rounding(unit)
	return digits, nil
}
