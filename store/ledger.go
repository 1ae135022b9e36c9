package store

import (
	"gnista/billing"
)

// post adds an entry to the ledger, once for its cause: it tells whether it is new.
func (t *tx) post(e billing.Entry) (bool, error) {
	if err := e.Check(); err != nil {
		return false, err
	}
	var there bool
	if err := t.row(`SELECT EXISTS (SELECT 1 FROM ledger_entry WHERE cause_kind = $1 AND cause_id = $2)`, string(e.Cause.Kind), e.Cause.ID).Scan(&there); err != nil || there {
		return false, err
	}
	number, err := t.next("ledger", 1)
	if err != nil {
		return false, err
	}
	if _, err := t.exec(`INSERT INTO ledger_entry (id, number, at, currency, cause_kind, cause_id, text) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		e.ID, number, millis(e.At), e.Currency, string(e.Cause.Kind), e.Cause.ID, e.Text); err != nil {
		return false, err
	}
	for i, p := range e.Postings {
		if _, err := t.exec(`INSERT INTO ledger_posting (entry, line, kind, party, currency, amount) VALUES ($1, $2, $3, $4, $5, $6)`,
			e.ID, i, string(p.Account.Kind), p.Account.Party, e.Currency, p.Amount); err != nil {
			return false, err
		}
		// The balance is kept beside, so that an authorisation need not add up years of postings.
		if _, err := t.exec(`INSERT INTO ledger_balance (kind, party, currency, amount) VALUES ($1, $2, $3, $4)
			ON CONFLICT (kind, party, currency) DO UPDATE SET amount = ledger_balance.amount + excluded.amount`,
			string(p.Account.Kind), p.Account.Party, e.Currency, p.Amount); err != nil {
			return false, err
		}
	}
	return true, nil
}
