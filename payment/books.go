package payment

import (
	"gnista/billing"
)

// Outside tells whether the payment is with a provider that has money of ours, which is neither a balance in our own
// ledger nor an invoice of ours.
func (p Payment) Outside() bool {
	return p.Provider != "" && p.Provider != Wallet && p.Provider != Invoice
}

// Payer is the party of the ledger that owes what is due: an account, or the payment itself where nobody has one.
func (p Payment) Payer() string {
	switch {
	case p.Account != "":
		return p.Account
	case p.Rest != "":
		return p.Rest
	}
	return p.ID
}

// Applied is what of the money of the payment pays for what is due. What was given back by goodwill has paid.
func (p Payment) Applied() int64 {
	return max(0, min(p.Paid()+p.goodwill()-p.Kept, p.Due-p.WrittenOff-p.Covered))
}

// goodwill is what was refunded of what is due: as much as a person wanted, as far as it has been.
func (p Payment) goodwill() int64 {
	return max(0, min(p.Given, p.Due-p.WrittenOff-p.Covered-p.Paid()+p.Kept))
}

// Books are what the postings for the payment come to, beside those of its charge records and of movements. What is
// held is none of them. What of it is not due is owed to the customer; taken is what is with the customer's bank
// because of disputes, and lost what of these was decided against us.
func (p Payment) Books(taken, lost int64) []billing.Posting {
	payer := billing.LedgerAccount{Kind: billing.Receivable, Party: p.Payer()}
	given := p.goodwill()
	all := []billing.Posting{{Account: billing.LedgerAccount{Kind: billing.Goodwill}, Amount: given}, {Account: billing.LedgerAccount{Kind: billing.BadDebt}, Amount: p.WrittenOff}}
	if !p.Outside() { // a balance pays within the ledger, by its own entries
		return without0(append(all, billing.Posting{Account: payer, Amount: -given - p.WrittenOff}))
	}
	applied := p.Applied()
	lost = max(0, min(taken, lost))
	all[1].Amount += lost
	return without0(append(all,
		billing.Posting{Account: billing.LedgerAccount{Kind: billing.Clearing, Party: p.Provider}, Amount: p.Paid()},
		billing.Posting{Account: payer, Amount: -applied - p.WrittenOff},
		billing.Posting{Account: billing.LedgerAccount{Kind: billing.Deposit, Party: p.ID}, Amount: applied + p.Kept - given - p.Paid()},
		billing.Posting{Account: billing.LedgerAccount{Kind: billing.Rounding}, Amount: -p.Kept},
		billing.Posting{Account: billing.LedgerAccount{Kind: billing.Disputed, Party: p.Provider}, Amount: -lost},
	))
}

func without0(list []billing.Posting) []billing.Posting {
	out := list[:0]
	for _, p := range list {
		if p.Amount != 0 {
			out = append(out, p)
		}
	}
	return out
}

// Postings are what a movement does to the ledger. What a provider has taken for a payment or given back is posted
// when the payment changes, so that only the fee is left; known tells that there is such a payment.
func (m Movement) Postings(provider string, known bool) []billing.Posting {
	on := func(kind billing.LedgerKind, party string, amount int64) billing.Posting {
		return billing.Posting{Account: billing.LedgerAccount{Kind: kind, Party: party}, Amount: amount}
	}
	list := []billing.Posting{on(billing.ProviderFees, "", -m.Fee)}
	moved := m.Amount
	switch m.Kind {
	case MoveCapture, MoveRefund:
		if known {
			moved = 0
		} else {
			list = append(list, on(billing.Unexplained, provider, -moved))
		}
	case MoveDispute, MoveWon:
		list = append(list, on(billing.Disputed, provider, -moved))
	case MovePayout:
		list = append(list, on(billing.Bank, "", -moved))
	case MoveFee:
		list[0].Amount -= moved
	default:
		list = append(list, on(billing.Unexplained, provider, -moved))
	}
	return without0(append(list, on(billing.Clearing, provider, moved+m.Fee)))
}
