// Package account knows who pays: the operator's customers and their accounts. What an account owes or
// has left is in the ledger of package billing; whether it may pay for another charge is decided here
// from what the ledger says.
package account

import (
	"time"

	"gnista"
)

// Customer is a person or a company that has a contract with the operator.
type Customer struct {
	ID        string
	Kind      CustomerKind
	Name      string
	Number    string // of a company: its registration number
	VAT       string // VAT number
	Email     string
	Address   Address
	Language  string // BCP 47, as in "sv"; empty is the operator's
	Reference string // the buyer's, that invoices must bear
	Endpoint  string // electronic address for invoices, as in "0007:5560360793"; empty is none
	Tariff    string // id of the tariff of its transactions; empty is none of its own
	CreatedAt time.Time
	UpdatedAt time.Time
	ErasedAt  time.Time // when what tells who it was was taken away; zero is never
}

// CustomerKind is whether a customer is a consumer.
type CustomerKind string

// The kinds of customers.
const (
	Private CustomerKind = "private"
	Company CustomerKind = "company"
)

// Address is where somebody is.
type Address struct {
	Street     string `json:"street,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	City       string `json:"city,omitempty"`
	Country    string `json:"country,omitempty" doc:"ISO 3166-1 alpha-2" example:"SE"`
}

// Account is what charging is paid from. A customer may have several.
type Account struct {
	ID          string
	Customer    string // id; empty is nobody's, as that of a roaming partner may be
	Name        string
	Kind        Kind
	Currency    string // ISO 4217
	CreditLimit int64  // Postpaid: the most it may owe, in minor units; 0 is no limit
	Hold        int64  // Prepaid: what is set aside of the balance when a charge starts, in minor units
	Blocked     bool
	BlockReason string
	Offline     bool // its cards may charge where a station cannot ask us; never of a prepaid one
	TermDays    int  // days that an invoice gives to pay
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Kind is how an account pays.
type Kind string

// The kinds of accounts.
const (
	Prepaid  Kind = "prepaid"  // from a balance that was paid in
	Postpaid Kind = "postpaid" // by invoice
	Roaming  Kind = "roaming"  // by a partner, who has it of its own customers
)

// Balance is what the ledger says of an account, in minor units of its currency.
type Balance struct {
	Deposit int64 // paid in and not used
	Owed    int64 // charged and not paid
	Held    int64 // set aside for charges that have not ended
}

// Available is how much more the account can pay for; ok is false when there is no bound.
func (a Account) Available(b Balance) (amount int64, ok bool) {
	switch {
	case a.Kind == Prepaid:
		return b.Deposit - b.Owed - b.Held, true
	case a.Kind == Postpaid && a.CreditLimit > 0:
		return a.CreditLimit - b.Owed - b.Held, true
	}
	return 0, false
}

// Admits tells whether the account may pay for another charge, and what is to be set aside for it. A
// prepaid account, and one with a credit limit, must have left what it sets aside, or something.
func (a Account) Admits(b Balance) (hold int64, ok bool) {
	available, bounded := a.Available(b)
	switch {
	case a.Blocked:
		return 0, false
	case !bounded:
		return 0, true
	}
	return a.Hold, available >= max(a.Hold, 1)
}

// Exhausted tells whether the account owes as much as it may.
func (a Account) Exhausted(b Balance) bool {
	available, bounded := a.Available(b)
	return bounded && available <= 0
}

// Money is an amount in the account's currency.
func (a Account) Money(amount int64) gnista.Money {
	return gnista.Money{Amount: amount, Currency: a.Currency}
}
