package billing

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
)

// Balance is what an account of the ledger comes to.
type Balance struct {
	Account  LedgerAccount
	Currency string
	Amount   int64 // in minor units: above 0 is debit
}

// EntryFilter selects entries for a list.
type EntryFilter struct {
	Kind     LedgerKind // with a posting on such an account; empty is any
	Party    *string    // of that account; nil is any
	Cause    CauseKind  // empty is any
	CauseID  string     // empty is any
	Currency string     // empty is any
	Since    time.Time  // from then on; zero is from ever
	Until    time.Time  // before then; zero is for ever
	Before   int64      // only those with a lower number; 0 is all
	After    int64      // only those with a higher number, the lowest first
	Limit    int
}

// LedgerStore keeps the ledger.
type LedgerStore interface {
	// Entries lists entries, the newest first, or the oldest first behind After.
	Entries(ctx context.Context, f EntryFilter) ([]Entry, error)
	// Balances lists what the accounts come to, those of one kind or all, behind the account after.
	Balances(ctx context.Context, kind LedgerKind, after *Balance, limit int) ([]Balance, error)
	// TrialBalance adds up the postings of all entries before a time, by account without its party, but for VAT
	// and clearing. The zero time is now.
	TrialBalance(ctx context.Context, at time.Time) ([]Balance, error)
	// TopUp posts a payment onto a prepaid account, once for its cause, and has what it owes settled. It tells
	// whether the entry is new. NotFound, Conflict.
	TopUp(ctx context.Context, e Entry) (Entry, bool, error)
	// Payout posts one from a prepaid account that has so much left, once for its cause. NotFound, Conflict.
	Payout(ctx context.Context, e Entry) (Entry, bool, error)
	// LedgerNumbers lists the accounts that have another number than the usual one.
	LedgerNumbers(ctx context.Context) ([]LedgerNumber, error)
	// SetLedgerNumbers stores them in place of those from before.
	SetLedgerNumbers(ctx context.Context, list []LedgerNumber) error
}

// Settler moves money between the balance of a prepaid account and what it owes.
type Settler interface {
	// Settle carries out s, once for its id: it returns what was moved, then and now. NotFound.
	Settle(ctx context.Context, s Settlement) (int64, error)
	// Settled is what the settlement with an id moved; ok is false when there was none.
	Settled(ctx context.Context, id string) (amount int64, ok bool, err error)
}

// Settlement is money that moves within the ledger.
type Settlement struct {
	ID      string // also of the entry and its cause
	Account string
	Amount  gnista.Money // above 0: from the balance as far as it goes; below 0: back to it
	At      time.Time
	Text    string
}

// Entry is the entry of a settlement that moves so much.
func (s Settlement) Entry(amount int64) Entry {
	return Entry{
		ID: s.ID, At: s.At, Currency: s.Amount.Currency, Cause: Cause{CauseSettle, s.ID}, Text: s.Text,
		Postings: []Posting{{LedgerAccount{Deposit, s.Account}, amount}, {LedgerAccount{Receivable, s.Account}, -amount}},
	}
}

// Ledger is what the operator does with the ledger.
type Ledger struct {
	Store LedgerStore
	Now   func() time.Time
	NewID func() string
}

// Transfer is money that came from or goes to the owner of a prepaid account, through the bank.
type Transfer struct {
	Account   string
	Amount    gnista.Money
	Reference string // of the bank's statement
	Key       string // the same again is the same transfer
}

// maxTransfer is the most of one transfer, in minor units.
const maxTransfer = 1_000_000_000

func (l *Ledger) entry(x Transfer, cause CauseKind, text string, sign int64) (Entry, error) {
	switch {
	case x.Amount.Amount <= 0 || x.Amount.Amount > maxTransfer:
		return Entry{}, gnista.Invalidf("amount.amount", "must be 1 to %d minor units", maxTransfer)
	case strings.TrimSpace(x.Reference) == "" || utf8.RuneCountInString(x.Reference) > 100:
		return Entry{}, gnista.Invalidf("reference", "must have 1 to 100 characters")
	case strings.TrimSpace(x.Key) == "" || len(x.Key) > 100:
		return Entry{}, gnista.Invalidf("idempotencyKey", "must have 1 to 100 characters: another one for each transfer, and the same when it is sent again")
	}
	amount := sign * x.Amount.Amount
	return Entry{
		ID: l.NewID(), At: l.Now(), Currency: x.Amount.Currency, Cause: Cause{cause, x.Account + "/" + x.Key}, Text: text + " " + x.Reference,
		Postings: []Posting{{LedgerAccount{Kind: Bank}, amount}, {LedgerAccount{Deposit, x.Account}, -amount}},
	}, nil
}

// TopUp takes in a payment onto a prepaid account. What the account owes is settled from it. The same transfer
// again changes nothing. Invalid, NotFound, Conflict.
func (l *Ledger) TopUp(ctx context.Context, x Transfer) (Entry, bool, error) {
	e, err := l.entry(x, CauseTopUp, "Top-up", 1)
	if err != nil {
		return Entry{}, false, err
	}
	return l.Store.TopUp(ctx, e)
}

// Payout takes in that so much of the balance of a prepaid account was paid back to its owner. The same transfer
// again changes nothing. Invalid, NotFound, Conflict.
func (l *Ledger) Payout(ctx context.Context, x Transfer) (Entry, bool, error) {
	e, err := l.entry(x, CausePayout, "Payout", -1)
	if err != nil {
		return Entry{}, false, err
	}
	return l.Store.Payout(ctx, e)
}
