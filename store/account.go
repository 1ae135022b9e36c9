package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/token"
)

const payerColumns = `id, kind, name, number, vat, email, street, postal_code, city, country, language, reference, endpoint, tariff, created_at, updated_at, erased_at`

func scanPayer(s scanner) (c account.Customer, err error) {
	var created, updated, erased int64
	a := &c.Address
	err = s.Scan(&c.ID, &c.Kind, &c.Name, &c.Number, &c.VAT, &c.Email, &a.Street, &a.PostalCode, &a.City, &a.Country, &c.Language, &c.Reference, &c.Endpoint, &c.Tariff,
		&created, &updated, &erased)
	c.CreatedAt, c.UpdatedAt, c.ErasedAt = instant(created), instant(updated), instant(erased)
	return c, err
}

// Customer finds a customer. NotFound.
func (db *DB) Customer(ctx context.Context, id string) (account.Customer, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+payerColumns+` FROM customer WHERE id = $1`, id)
	return one(row, scanPayer, "there is no customer %q", id)
}

// payerWords are the columns that customers are found by.
var payerWords = []string{"name", "email", "number", "vat", "id"}

// Customers lists customers in the order in which they were made.
func (db *DB) Customers(ctx context.Context, f account.CustomerFilter) ([]account.Customer, error) {
	var w where
	if f.After != "" {
		w.add("id > ?", f.After)
	}
	if len(f.IDs) > 0 {
		w.among("id", f.IDs)
	}
	if f.Text != "" {
		w.like(f.Text, payerWords...)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+payerColumns+` FROM customer`+w.sql()+` ORDER BY id LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, scanPayer)
}

// CreateCustomer adds a customer.
func (db *DB) CreateCustomer(ctx context.Context, c account.Customer, ev gnista.Event) error {
	return db.write(ctx, "", func(t *tx) error {
		t.emit(ev)
		return t.savePayer(c)
	})
}

// UpdateCustomer changes a customer in one SQL transaction. NotFound.
func (db *DB) UpdateCustomer(ctx context.Context, id string, change func(*account.Customer) (gnista.Event, error)) (account.Customer, error) {
	return db.changeCustomer(ctx, id, change, nil)
}

// EraseCustomer is UpdateCustomer that also blocks the customer's accounts, for the reason, ends their mandates, takes
// away the names of these and what is said of their cards, and signs the customer out.
func (db *DB) EraseCustomer(ctx context.Context, id, reason string, change func(*account.Customer) (gnista.Event, error)) (account.Customer, error) {
	var at time.Time
	var email string
	erase := func(c *account.Customer) (gnista.Event, error) {
		email = c.Email
		ev, err := change(c)
		at = c.ErasedAt
		return ev, err
	}
	return db.changeCustomer(ctx, id, erase, func(t *tx) error {
		rows, err := t.rows(`SELECT `+tokenColumns+` FROM token WHERE account IN (SELECT id FROM account WHERE customer = $1)`, id)
		tokens, err := all(rows, err, t.scanToken)
		if err != nil {
			return err
		}
		for _, k := range tokens {
			k.Name, k.Message = "", ""
			if err := t.saveToken(k); err != nil {
				return err
			}
		}
		if err := t.exec(`UPDATE account SET name = '', blocked = $1, block_reason = $2 WHERE customer = $3`, true, reason, id); err != nil {
			return err
		}
		if err := t.endMandates(reason, at, "account IN (SELECT id FROM account WHERE customer = $4)", id); err != nil {
			return err
		}
		if err := t.forgetMember(id, email); err != nil {
			return err
		}
		return t.tokensChanged()
	})
}

func (db *DB) changeCustomer(ctx context.Context, id string, change func(*account.Customer) (gnista.Event, error), also func(*tx) error) (account.Customer, error) {
	var out account.Customer
	err := db.write(ctx, "", func(t *tx) error {
		c, err := scanPayer(t.row(`SELECT `+payerColumns+` FROM customer WHERE id = $1`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no customer %q", id)
		}
		if err != nil {
			return err
		}
		ev, err := change(&c)
		if err != nil {
			return err
		}
		out = c
		t.emit(ev)
		if err := t.savePayer(c); err != nil || also == nil {
			return err
		}
		return also(t)
	})
	return out, err
}

func (t *tx) savePayer(c account.Customer) error {
	a := c.Address
	return t.exec(`INSERT INTO customer (`+payerColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, number = excluded.number, vat = excluded.vat, email = excluded.email,
		street = excluded.street, postal_code = excluded.postal_code, city = excluded.city, country = excluded.country, language = excluded.language,
		reference = excluded.reference, endpoint = excluded.endpoint, tariff = excluded.tariff, updated_at = excluded.updated_at, erased_at = excluded.erased_at`,
		c.ID, string(c.Kind), c.Name, c.Number, c.VAT, c.Email, a.Street, a.PostalCode, a.City, a.Country, c.Language, c.Reference, c.Endpoint, c.Tariff,
		millis(c.CreatedAt), millis(c.UpdatedAt), millis(c.ErasedAt))
}

const accountColumns = `id, customer, name, kind, currency, credit_limit, hold, blocked, block_reason, offline, term_days, created_at, updated_at`

func scanAccount(s scanner) (a account.Account, err error) {
	var created, updated int64
	err = s.Scan(&a.ID, &a.Customer, &a.Name, &a.Kind, &a.Currency, &a.CreditLimit, &a.Hold, &a.Blocked, &a.BlockReason, &a.Offline, &a.TermDays, &created, &updated)
	a.CreatedAt, a.UpdatedAt = instant(created), instant(updated)
	return a, err
}

// Account finds an account. NotFound.
func (db *DB) Account(ctx context.Context, id string) (account.Account, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account WHERE id = $1`, id)
	return one(row, scanAccount, "there is no account %q", id)
}

// Accounts lists accounts in the order of their ids.
func (db *DB) Accounts(ctx context.Context, f account.Filter) ([]account.Account, error) {
	var w where
	if len(f.IDs) > 0 {
		w.among("id", f.IDs)
	}
	if f.Customer != "" {
		w.add("customer = ?", f.Customer)
	}
	if f.Text != "" {
		payer := where{args: w.args}
		payer.like(f.Text, payerWords...)
		w.args = payer.args
		w.like(f.Text, "name", "id")
		last := len(w.conditions) - 1
		w.conditions[last] = "(" + w.conditions[last] + " OR customer IN (SELECT id FROM customer" + payer.sql() + "))"
	}
	if f.After != "" {
		w.add("id > ?", f.After)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+accountColumns+` FROM account`+w.sql()+` ORDER BY id LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, scanAccount)
}

// CreateAccount adds an account. Invalid when there is no such customer.
func (db *DB) CreateAccount(ctx context.Context, a account.Account, ev gnista.Event) error {
	return db.write(ctx, "", func(t *tx) error {
		if a.Customer != "" {
			var erased int64
			err := t.row(`SELECT erased_at FROM customer WHERE id = $1`, a.Customer).Scan(&erased)
			if errors.Is(err, sql.ErrNoRows) {
				return gnista.Invalidf("customer", "there is no customer %q", a.Customer)
			}
			if err != nil {
				return err
			}
			if erased != 0 {
				return gnista.Invalidf("customer", "was erased")
			}
		}
		t.emit(ev)
		return t.saveAccount(a)
	})
}

// UpdateAccount changes an account in one SQL transaction. NotFound.
func (db *DB) UpdateAccount(ctx context.Context, id string, change func(*account.Account) (gnista.Event, error)) (account.Account, error) {
	var out account.Account
	err := db.write(ctx, "", func(t *tx) error {
		a, err := t.lockAccount(id)
		if err != nil {
			return err
		}
		was := a
		ev, err := change(&a)
		if err != nil {
			return err
		}
		out = a
		t.emit(ev)
		if err := t.saveAccount(a); err != nil {
			return err
		}
		if a.Blocked == was.Blocked && a.Offline == was.Offline && a.CreditLimit == was.CreditLimit {
			return nil
		}
		return t.tokensChanged()
	})
	return out, err
}

// lockAccount reads an account that nobody else writes until the commit. NotFound.
func (t *tx) lockAccount(id string) (account.Account, error) {
	a, err := scanAccount(t.row(`SELECT `+accountColumns+` FROM account WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return a, gnista.Errorf(gnista.NotFound, "there is no account %q", id)
	}
	if err != nil {
		return a, err
	}
	// On PostgreSQL others write at the same time; what they have changed meanwhile is read behind them.
	return scanAccount(t.writeRow(`UPDATE account SET updated_at = updated_at WHERE id = $1 RETURNING `+accountColumns, id))
}

func (t *tx) saveAccount(a account.Account) error {
	return t.exec(`INSERT INTO account (`+accountColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, credit_limit = excluded.credit_limit, hold = excluded.hold, blocked = excluded.blocked,
		block_reason = excluded.block_reason, offline = excluded.offline, term_days = excluded.term_days, updated_at = excluded.updated_at`,
		a.ID, a.Customer, a.Name, string(a.Kind), a.Currency, a.CreditLimit, a.Hold, a.Blocked, a.BlockReason, a.Offline, a.TermDays, millis(a.CreatedAt), millis(a.UpdatedAt))
}

// balanceQuery is a [account.Balance] in the account's own currency.
const balanceQuery = `SELECT
	COALESCE((SELECT -amount FROM ledger_balance b WHERE b.kind = $2 AND b.party = a.id AND b.currency = a.currency), 0),
	COALESCE((SELECT amount FROM ledger_balance b WHERE b.kind = $3 AND b.party = a.id AND b.currency = a.currency), 0),
	COALESCE((SELECT SUM(amount) FROM account_hold h WHERE h.account = a.id AND h.transaction_id <> $4), 0)
	FROM account a WHERE a.id = $1`

func balanceArgs(id, but string) []any {
	return []any{id, string(billing.Deposit), string(billing.Receivable), but}
}

func scanBalance(s scanner) (b account.Balance, err error) {
	return b, s.Scan(&b.Deposit, &b.Owed, &b.Held)
}

// Balance is what the ledger says of an account; all zero when it says nothing.
func (db *DB) Balance(ctx context.Context, id string) (account.Balance, error) {
	b, err := scanBalance(db.sql.QueryRowContext(ctx, balanceQuery, balanceArgs(id, "")...))
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return b, err
}

// Hold sets aside of an account what a transaction may come to, and tells whether the account may pay.
func (t *chargingTx) Hold(transaction, id string, must bool, now time.Time) (bool, error) {
	a, err := t.lockAccount(id)
	if gnista.CodeOf(err) == gnista.NotFound {
		return must, nil
	}
	if err != nil {
		return false, err
	}
	b, err := scanBalance(t.row(balanceQuery, balanceArgs(id, transaction)...))
	if err != nil {
		return false, err
	}
	hold, ok := a.Admits(b)
	if !ok && !must {
		return false, nil
	}
	available, bounded := a.Available(b)
	if !bounded {
		return true, t.Release(transaction)
	}
	hold = max(min(hold, available), 0)
	err = t.exec(`INSERT INTO account_hold (transaction_id, account, currency, amount, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (transaction_id) DO UPDATE SET account = excluded.account, currency = excluded.currency, amount = excluded.amount`,
		transaction, id, a.Currency, hold, millis(now))
	return true, err
}

func (t *chargingTx) Release(transaction string) error {
	return t.exec(`DELETE FROM account_hold WHERE transaction_id = $1`, transaction)
}

// SweepTrust brings up to date which accounts owe as much as they may, for the lists of stations.
func (db *DB) SweepTrust(ctx context.Context) error {
	const exhausted = `(credit_limit > 0 AND credit_limit <= COALESCE((SELECT b.amount FROM ledger_balance b WHERE b.kind = $1 AND b.party = account.id AND b.currency = account.currency), 0)
		+ COALESCE((SELECT SUM(h.amount) FROM account_hold h WHERE h.account = account.id), 0))`
	var due bool
	if err := db.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM account WHERE offline AND exhausted <> `+exhausted+`)`, string(billing.Receivable)).Scan(&due); err != nil || !due {
		return err
	}
	return db.write(ctx, "", func(t *tx) error {
		if err := t.exec(`UPDATE account SET exhausted = `+exhausted+` WHERE offline`, string(billing.Receivable)); err != nil {
			return err
		}
		return t.tokensChanged()
	})
}

var _ token.Accounts = (*DB)(nil)
