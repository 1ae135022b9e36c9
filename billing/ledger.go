package billing

import (
	"time"

	"gnista"
)

// Entry is one entry of the ledger: postings in one currency that add up to 0. It is never changed; a
// mistake is undone by another entry.
type Entry struct {
	ID       string
	Number   int64 // in the order of the ledger, from 1; given by the store
	At       time.Time
	Currency string // ISO 4217
	Cause    Cause
	Text     string // for people, in English
	Postings []Posting
}

// Cause is what an entry was made for. No cause has two entries.
type Cause struct {
	Kind CauseKind
	ID   string
}

// CauseKind is the kind of thing that an entry was made for.
type CauseKind string

// The causes.
const (
	CauseRecord  CauseKind = "charge-record" // what was charged
	CauseTopUp   CauseKind = "top-up"        // paid in on a prepaid account
	CausePayout  CauseKind = "payout"        // of a balance, to its owner
	CauseSettle  CauseKind = "settlement"    // a record was paid from a balance
	CausePayment CauseKind = "payment"       // money came in for invoices
	CauseFee     CauseKind = "fee"           // a reminder
	CauseLoss    CauseKind = "loss"          // written off
	CauseRound   CauseKind = "rounding"      // an invoice was rounded

	CauseProvider CauseKind = "provider-payment" // a payment with a provider outside changed
	CauseMovement CauseKind = "movement"         // a provider has moved our balance with it
	CauseWriteOff CauseKind = "write-off"        // a difference with a provider was given up
)

// Posting is an amount on one account of the ledger.
type Posting struct {
	Account LedgerAccount
	Amount  int64 // in minor units: above 0 is debit, below 0 is credit
}

// LedgerAccount is an account of the ledger.
type LedgerAccount struct {
	Kind  LedgerKind
	Party string // Receivable and Deposit: id of the account in package account, or of a guest's payment; "" is nobody's. OutputVAT: the rate in percent. Clearing, Disputed and Unexplained: the provider.
}

// LedgerKind is the kind of an account of the ledger.
type LedgerKind string

// The kinds, which an export maps to numbers of a chart of accounts.
const (
	Receivable    LedgerKind = "receivable"
	Deposit       LedgerKind = "deposit" // balances of prepaid accounts: owed to them
	Clearing      LedgerKind = "clearing"
	Bank          LedgerKind = "bank"
	ProviderFees  LedgerKind = "provider-fees"
	RevenueEnergy LedgerKind = "revenue-energy"
	RevenueTime   LedgerKind = "revenue-time" // charging, idle and reservation time
	RevenueFees   LedgerKind = "revenue-fees" // starts, reservations, reminders
	OutputVAT     LedgerKind = "output-vat"
	BadDebt       LedgerKind = "bad-debt"
	Rounding      LedgerKind = "rounding"
	Goodwill      LedgerKind = "goodwill"    // given back though it was due
	Disputed      LedgerKind = "disputed"    // taken back by customers' banks, and not decided
	Unexplained   LedgerKind = "unexplained" // moved at a provider, and nobody knows for what
)

// Check tells whether the entry may be in the ledger. Invalid.
func (e Entry) Check() error {
	var sum int64
	for _, p := range e.Postings {
		if p.Amount == 0 {
			return gnista.Invalidf("postings", "has one of 0")
		}
		sum += p.Amount
	}
	switch {
	case len(e.Postings) < 2:
		return gnista.Invalidf("postings", "must be two or more")
	case sum != 0:
		return gnista.Invalidf("postings", "are off by %d %s", sum, e.Currency)
	case e.Cause.Kind == "" || e.Cause.ID == "":
		return gnista.Invalidf("cause", "is missing")
	}
	return nil
}
