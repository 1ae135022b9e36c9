package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/payment"
)

// post adds an entry to the ledger, once for its cause: it tells whether it is new. Who posts runs under the
// key [ledgerKey].
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
	if err := t.exec(`INSERT INTO ledger_entry (id, number, at, currency, cause_kind, cause_id, text) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		e.ID, number, millis(e.At), e.Currency, string(e.Cause.Kind), e.Cause.ID, e.Text); err != nil {
		return false, err
	}
	for i, p := range e.Postings {
		if err := t.exec(`INSERT INTO ledger_posting (entry, line, kind, party, currency, amount) VALUES ($1, $2, $3, $4, $5, $6)`,
			e.ID, i, string(p.Account.Kind), p.Account.Party, e.Currency, p.Amount); err != nil {
			return false, err
		}
		// The balance is kept beside, so that an authorisation need not add up years of postings.
		if err := t.exec(`INSERT INTO ledger_balance (kind, party, currency, amount) VALUES ($1, $2, $3, $4)
			ON CONFLICT (kind, party, currency) DO UPDATE SET amount = ledger_balance.amount + excluded.amount`,
			string(p.Account.Kind), p.Account.Party, e.Currency, p.Amount); err != nil {
			return false, err
		}
	}
	return true, nil
}

const entryColumns = `e.id, e.number, e.at, e.currency, e.cause_kind, e.cause_id, e.text`

func scanLedgerEntry(s scanner) (e billing.Entry, err error) {
	var at int64
	err = s.Scan(&e.ID, &e.Number, &at, &e.Currency, &e.Cause.Kind, &e.Cause.ID, &e.Text)
	e.At = instant(at)
	return e, err
}

// Entries lists entries, the newest first, or the oldest first behind After.
func (db *DB) Entries(ctx context.Context, f billing.EntryFilter) ([]billing.Entry, error) {
	var w where
	if f.Kind != "" || f.Party != nil {
		on := `EXISTS (SELECT 1 FROM ledger_posting p WHERE p.entry = e.id`
		if f.Kind != "" {
			on += ` AND p.kind = ` + w.arg(string(f.Kind))
		}
		if f.Party != nil {
			on += ` AND p.party = ` + w.arg(*f.Party)
		}
		w.conditions = append(w.conditions, on+`)`)
	}
	if f.Cause != "" {
		w.add("e.cause_kind = ?", string(f.Cause))
	}
	if f.CauseID != "" {
		w.add("e.cause_id = ?", f.CauseID)
	}
	if f.Currency != "" {
		w.add("e.currency = ?", f.Currency)
	}
	if !f.Since.IsZero() {
		w.add("e.at >= ?", millis(f.Since))
	}
	if !f.Until.IsZero() {
		w.add("e.at < ?", millis(f.Until))
	}
	if f.Before > 0 {
		w.add("e.number < ?", f.Before)
	}
	order := "DESC"
	if f.After != 0 {
		w.add("e.number > ?", f.After)
		order = "ASC"
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+entryColumns+` FROM ledger_entry e`+w.sql()+` ORDER BY e.number `+order+` LIMIT `+w.arg(f.Limit), w.args...)
	list, err := all(rows, err, scanLedgerEntry)
	if err != nil || len(list) == 0 {
		return list, err
	}
	return list, addPostings(ctx, db.sql, list)
}

// reader reads: the database, or a SQL transaction of it.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// addPostings reads the postings of entries.
func addPostings(ctx context.Context, r reader, list []billing.Entry) error {
	const most = 500 // of one query
	type posting struct {
		entry string
		billing.Posting
	}
	for ; len(list) > 0; list = list[min(most, len(list)):] {
		part := list[:min(most, len(list))]
		places := make(map[string]int, len(part))
		args := make([]any, len(part))
		marks := make([]string, len(part))
		for i, e := range part {
			places[e.ID], args[i], marks[i] = i, e.ID, "$"+strconv.Itoa(i+1)
		}
		rows, err := r.QueryContext(ctx, `SELECT entry, kind, party, amount FROM ledger_posting WHERE entry IN (`+strings.Join(marks, ", ")+`) ORDER BY entry, line`, args...)
		postings, err := all(rows, err, func(s scanner) (p posting, err error) {
			return p, s.Scan(&p.entry, &p.Account.Kind, &p.Account.Party, &p.Amount)
		})
		if err != nil {
			return err
		}
		for _, p := range postings {
			e := &part[places[p.entry]]
			e.Postings = append(e.Postings, p.Posting)
		}
	}
	return nil
}

func scanLedgerBalance(s scanner) (b billing.Balance, err error) {
	return b, s.Scan(&b.Account.Kind, &b.Account.Party, &b.Currency, &b.Amount)
}

// Balances lists what the accounts come to, those of one kind or all, behind the account after.
func (db *DB) Balances(ctx context.Context, kind billing.LedgerKind, after *billing.Balance, limit int) ([]billing.Balance, error) {
	var w where
	if kind != "" {
		w.add("kind = ?", string(kind))
	}
	if after != nil {
		w.conditions = append(w.conditions, `(kind, party, currency) > (`+w.arg(string(after.Account.Kind))+`, `+w.arg(after.Account.Party)+`, `+w.arg(after.Currency)+`)`)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT kind, party, currency, amount FROM ledger_balance`+w.sql()+` ORDER BY kind, party, currency LIMIT `+w.arg(limit), w.args...)
	return all(rows, err, scanLedgerBalance)
}

// TrialBalance adds up the postings of all entries before a time, by account without its party, but for VAT and
// clearing. The zero time is now.
func (db *DB) TrialBalance(ctx context.Context, at time.Time) ([]billing.Balance, error) {
	const party = `CASE WHEN p.kind IN ('output-vat', 'clearing', 'disputed', 'unexplained') THEN p.party ELSE '' END`
	var w where
	from := `ledger_balance p`
	if !at.IsZero() {
		from = `ledger_posting p JOIN ledger_entry e ON e.id = p.entry`
		w.add("e.at < ?", millis(at))
	}
	return old(ctx, db, scanLedgerBalance, `SELECT p.kind, `+party+`, p.currency, CAST(SUM(p.amount) AS BIGINT) FROM `+from+w.sql()+` GROUP BY 1, 2, 3 ORDER BY 3, 1, 2`, w.args...)
}

// balance is what one account comes to.
func (t *tx) balance(a billing.LedgerAccount, currency string) (amount int64, err error) {
	err = t.row(`SELECT amount FROM ledger_balance WHERE kind = $1 AND party = $2 AND currency = $3`, string(a.Kind), a.Party, currency).Scan(&amount)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return amount, err
}

// entryOf finds the entry of a cause; nil is none.
func (t *tx) entryOf(c billing.Cause) (*billing.Entry, error) {
	e, err := scanLedgerEntry(t.row(`SELECT `+entryColumns+` FROM ledger_entry e WHERE e.cause_kind = $1 AND e.cause_id = $2`, string(c.Kind), c.ID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := t.rows(`SELECT kind, party, amount FROM ledger_posting WHERE entry = $1 ORDER BY line`, e.ID)
	e.Postings, err = all(rows, err, func(s scanner) (p billing.Posting, err error) {
		return p, s.Scan(&p.Account.Kind, &p.Account.Party, &p.Amount)
	})
	return &e, err
}

// payer is what of an account payments need; nil when there is none.
func (t *tx) payer(id string) (*account.Account, error) {
	a := account.Account{ID: id}
	err := t.row(`SELECT kind, currency FROM account WHERE id = $1`, id).Scan(&a.Kind, &a.Currency)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &a, err
}

// transfer posts e, whose first posting is on the bank and whose second is on the deposit of an account.
func (db *DB) transfer(ctx context.Context, e billing.Entry, check func(*tx, string) error, then func(*tx, string) error) (out billing.Entry, fresh bool, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		fresh = false
		id := e.Postings[1].Account.Party
		a, err := t.payer(id)
		if err != nil {
			return err
		}
		have, err := t.entryOf(e.Cause)
		if err != nil {
			return err
		}
		switch {
		case a == nil:
			return gnista.Errorf(gnista.NotFound, "there is no account %q", id)
		case a.Kind != account.Prepaid:
			return gnista.Errorf(gnista.Conflict, "account %s is %s and has no balance; only a prepaid one has", id, a.Kind)
		case a.Currency != e.Currency:
			return gnista.Invalidf("amount.currency", "is %s, and the account is in %s", e.Currency, a.Currency)
		case have != nil && (have.Text != e.Text || have.Postings[0] != e.Postings[0]):
			return gnista.Errorf(gnista.Conflict, "the idempotency key was used for another transfer, of %d", have.Postings[0].Amount)
		case have != nil:
			out = *have
			return nil
		}
		if err := check(t, id); err != nil {
			return err
		}
		if fresh, err = t.post(e); err != nil {
			return err
		}
		stored, err := t.entryOf(e.Cause)
		if err != nil {
			return err
		}
		out = *stored
		t.emit(gnista.Event{
			At: e.At, Kind: "account." + string(e.Cause.Kind), Subject: id,
			Data: fmt.Appendf(nil, `{"entry":%q,"amount":%d,"currency":%q}`, out.ID, max(out.Postings[0].Amount, -out.Postings[0].Amount), out.Currency),
		})
		return then(t, id)
	})
	return out, fresh, err
}

// TopUp posts a payment onto a prepaid account, once for its cause, and has what it owes settled.
func (db *DB) TopUp(ctx context.Context, e billing.Entry) (billing.Entry, bool, error) {
	return db.transfer(ctx, e, func(*tx, string) error { return nil }, func(t *tx, id string) error {
		return t.settleShort(id, e.Currency, e.At, payment.Cause{Kind: payment.ByTopUp, ID: e.Cause.ID})
	})
}

// Payout posts one from a prepaid account that has so much left, once for its cause.
func (db *DB) Payout(ctx context.Context, e billing.Entry) (billing.Entry, bool, error) {
	return db.transfer(ctx, e, func(t *tx, id string) error {
		deposit, err := t.balance(billing.LedgerAccount{Kind: billing.Deposit, Party: id}, e.Currency)
		if err != nil {
			return err
		}
		owed, err := t.balance(billing.LedgerAccount{Kind: billing.Receivable, Party: id}, e.Currency)
		if err != nil {
			return err
		}
		var held int64
		if err := t.row(`SELECT COALESCE(CAST(SUM(amount) AS BIGINT), 0) FROM account_hold WHERE account = $1`, id).Scan(&held); err != nil {
			return err
		}
		if left := -deposit - max(0, owed) - held; e.Postings[1].Amount > left {
			return gnista.Errorf(gnista.Conflict, "account %s has %d left: %d on it, of which %d is owed and %d set aside", id, left, -deposit, owed, held)
		}
		return nil
	}, func(*tx, string) error { return nil })
}

// Settle carries out s, once for its id: it returns what was moved, then and now.
func (db *DB) Settle(ctx context.Context, s billing.Settlement) (moved int64, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		moved = s.Amount.Amount
		have, err := t.entryOf(billing.Cause{Kind: billing.CauseSettle, ID: s.ID})
		if err != nil {
			return err
		}
		if have != nil {
			moved = have.Postings[0].Amount
			return nil
		}
		if moved > 0 {
			deposit, err := t.balance(billing.LedgerAccount{Kind: billing.Deposit, Party: s.Account}, s.Amount.Currency)
			if err != nil {
				return err
			}
			moved = min(moved, max(0, -deposit))
		}
		if moved == 0 {
			return nil
		}
		if _, err = t.post(s.Entry(moved)); err != nil || moved > 0 {
			return err
		}
		return t.settleShort(s.Account, s.Amount.Currency, s.At, payment.Cause{Kind: payment.ByOperation, ID: s.ID})
	})
	return moved, err
}

// Settled is what the settlement with an id moved; ok is false when there was none.
func (db *DB) Settled(ctx context.Context, id string) (amount int64, ok bool, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT p.amount FROM ledger_entry e JOIN ledger_posting p ON p.entry = e.id AND p.line = 0 WHERE e.cause_kind = $1 AND e.cause_id = $2`,
		string(billing.CauseSettle), id).Scan(&amount)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return amount, err == nil, err
}

// LedgerNumbers lists the accounts that have another number than the usual one.
func (db *DB) LedgerNumbers(ctx context.Context) ([]billing.LedgerNumber, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT kind, party, number, name FROM ledger_number ORDER BY kind, party`)
	return all(rows, err, func(s scanner) (n billing.LedgerNumber, err error) {
		return n, s.Scan(&n.Account.Kind, &n.Account.Party, &n.Number, &n.Name)
	})
}

// SetLedgerNumbers stores them in place of those from before.
func (db *DB) SetLedgerNumbers(ctx context.Context, list []billing.LedgerNumber) error {
	return db.write(ctx, ledgerKey, func(t *tx) error {
		if err := t.exec(`DELETE FROM ledger_number`); err != nil {
			return err
		}
		for _, n := range list {
			if err := t.exec(`INSERT INTO ledger_number (kind, party, number, name) VALUES ($1, $2, $3, $4)`, string(n.Account.Kind), n.Account.Party, n.Number, n.Name); err != nil {
				return err
			}
		}
		return nil
	})
}
