package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"gnista"
	"gnista/billing"
)

const (
	invoiceColumns = `id, number, kind, run, account, currency, language, issued_at, date, due, total, said, fees, paid, state, note, reminders, changed_at`
	wholeInvoice   = invoiceColumns + `, lines`
)

// said is what of an invoice is in one column.
type said struct {
	From, To time.Time
	Seller   billing.Seller
	Buyer    billing.Buyer
	Credits  int64   `json:",omitempty"`
	Refers   []int64 `json:",omitempty"`
	Sums     billing.Sums
}

func scanInvoice(s scanner) (v billing.Invoice, err error) { return readInvoice(s) }

func scanWholeInvoice(s scanner) (v billing.Invoice, err error) {
	var lines string
	if v, err = readInvoice(s, &lines); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(lines), &v.Lines)
}

func readInvoice(s scanner, more ...any) (v billing.Invoice, err error) {
	var issued, changed, total int64
	var rest string
	if err = s.Scan(append([]any{
		&v.ID, &v.Number, &v.Kind, &v.Run, &v.Account, &v.Currency, &v.Language, &issued, &v.Date, &v.Due, &total, &rest, &v.Fees, &v.Paid, &v.State, &v.Note, &v.Reminders, &changed,
	}, more...)...); err != nil {
		return v, err
	}
	v.IssuedAt, v.ChangedAt, v.Reference = instant(issued), instant(changed), billing.Reference(v.Number)
	var x said
	err = json.Unmarshal([]byte(rest), &x)
	v.From, v.To, v.Seller, v.Buyer, v.Credits, v.Refers, v.Sums = x.From, x.To, x.Seller, x.Buyer, x.Credits, x.Refers, x.Sums
	return v, err
}

// addInvoice stores an invoice with the next number.
func (t *tx) addInvoice(v *billing.Invoice) error {
	n, err := t.next("invoice", 1)
	if err != nil {
		return err
	}
	v.Numbered(n)
	rest, bad := json.Marshal(said{v.From, v.To, v.Seller, v.Buyer, v.Credits, v.Refers, v.Sums})
	lines, worse := json.Marshal(v.Lines)
	if err := errors.Join(bad, worse); err != nil {
		return err
	}
	return t.exec(`INSERT INTO invoice (`+wholeInvoice+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		v.ID, v.Number, string(v.Kind), v.Run, v.Account, v.Currency, v.Language, millis(v.IssuedAt), v.Date, v.Due, v.Total, string(rest), v.Fees, v.Paid, string(v.State),
		v.Note, v.Reminders, millis(v.ChangedAt), string(lines))
}

// Invoice finds an invoice. NotFound.
func (db *DB) Invoice(ctx context.Context, id string) (billing.Invoice, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+wholeInvoice+` FROM invoice WHERE id = $1`, id), scanWholeInvoice, "there is no invoice %q", id)
}

// Invoices lists invoices, the newest first, without their lines.
func (db *DB) Invoices(ctx context.Context, f billing.InvoiceFilter) ([]billing.Invoice, error) {
	var w where
	if f.Account != "" {
		w.add("account = ?", f.Account)
	}
	if f.Run != "" {
		w.add("run = ?", f.Run)
	}
	if f.State != "" {
		w.add("state = ?", string(f.State))
	}
	if f.Before > 0 {
		w.add("number < ?", f.Before)
	}
	limited := w.arg(f.Limit)
	rows, err := db.sql.QueryContext(ctx, `SELECT `+invoiceColumns+` FROM invoice`+w.sql()+` ORDER BY number DESC LIMIT `+limited, w.args...)
	return all(rows, err, scanInvoice)
}

// ChangeInvoice changes what has become of an invoice, in one SQL transaction with what else the change
// says. A payment whose reference the invoice has changes nothing. NotFound.
func (db *DB) ChangeInvoice(ctx context.Context, id string, change func(*billing.Invoice) (billing.Change, error)) (out billing.Invoice, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		v, err := scanWholeInvoice(t.row(`SELECT `+wholeInvoice+` FROM invoice WHERE id = $1`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no invoice %q", id)
		}
		if err != nil {
			return err
		}
		out = v
		c, err := change(&v)
		if err != nil || len(c.Events) == 0 {
			return err
		}
		if p := c.Payment; p != nil {
			if there, err := t.hasPayment(*p, v); err != nil || there {
				return err
			}
		}
		out = v
		return t.changeInvoice(v, c)
	})
	return out, err
}

// hasPayment tells whether a payment is there, and refuses one that the account has not the money for.
func (t *tx) hasPayment(p billing.InvoicePayment, v billing.Invoice) (there bool, err error) {
	err = t.row(`SELECT EXISTS (SELECT 1 FROM invoice_payment WHERE invoice = $1 AND reference = $2)`, p.Invoice, p.Reference).Scan(&there)
	if err != nil || there || p.Source != billing.FromDeposit {
		return there, err
	}
	var has int64
	if err := t.row(`SELECT COALESCE(-SUM(amount), 0) FROM ledger_balance WHERE kind = $1 AND party = $2 AND currency = $3`,
		string(billing.Deposit), v.Account, v.Currency).Scan(&has); err != nil {
		return false, err
	}
	if has < p.Amount {
		return false, gnista.Errorf(gnista.Conflict, "the account has only %d %s to use", has, v.Currency)
	}
	return false, nil
}

// changeInvoice stores a change.
func (t *tx) changeInvoice(v billing.Invoice, c billing.Change) error {
	t.emit(c.Events...)
	if err := t.exec(`UPDATE invoice SET fees = $1, paid = $2, state = $3, note = $4, reminders = $5, changed_at = $6 WHERE id = $7`,
		v.Fees, v.Paid, string(v.State), v.Note, v.Reminders, millis(v.ChangedAt), v.ID); err != nil {
		return err
	}
	if p := c.Payment; p != nil {
		if err := t.exec(`INSERT INTO invoice_payment (`+invoicePaymentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			p.ID, p.Invoice, p.Reference, p.Amount, p.Applied, string(p.Source), millis(p.At), millis(p.CreatedAt)); err != nil {
			return err
		}
	}
	if r := c.Reminder; r != nil {
		n, err := t.next("reminder", 1)
		if err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO invoice_reminder (`+reminderColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			r.ID, n, r.Invoice, r.Level, r.Fee, r.Open, r.Date, r.Due, millis(r.CreatedAt)); err != nil {
			return err
		}
	}
	if note := c.CreditNote; note != nil {
		own := *note // this may run again
		if err := t.addInvoice(&own); err != nil {
			return err
		}
		if err := t.exec(`UPDATE charge_record SET invoice = '' WHERE invoice = $1`, v.ID); err != nil {
			return err
		}
	}
	if c.Entry != nil {
		if _, err := t.post(*c.Entry); err != nil {
			return err
		}
	}
	return nil
}

const invoicePaymentColumns = `id, invoice, reference, amount, applied, source, at, created_at`

// InvoicePayments lists what was paid for an invoice, the oldest first.
func (db *DB) InvoicePayments(ctx context.Context, invoice string) ([]billing.InvoicePayment, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+invoicePaymentColumns+` FROM invoice_payment WHERE invoice = $1 ORDER BY created_at, id`, invoice)
	return all(rows, err, func(s scanner) (p billing.InvoicePayment, err error) {
		var at, created int64
		err = s.Scan(&p.ID, &p.Invoice, &p.Reference, &p.Amount, &p.Applied, &p.Source, &at, &created)
		p.At, p.CreatedAt = instant(at), instant(created)
		return p, err
	})
}

const reminderColumns = `id, number, invoice, level, fee, open, date, due, created_at`

// Reminders lists the reminders of an invoice, the oldest first.
func (db *DB) Reminders(ctx context.Context, invoice string) ([]billing.Reminder, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+reminderColumns+` FROM invoice_reminder WHERE invoice = $1 ORDER BY level`, invoice)
	return all(rows, err, func(s scanner) (r billing.Reminder, err error) {
		var created int64
		err = s.Scan(&r.ID, &r.Number, &r.Invoice, &r.Level, &r.Fee, &r.Open, &r.Date, &r.Due, &created)
		r.CreatedAt = instant(created)
		return r, err
	})
}

// LateInvoices lists up to limit ids of invoices that were due before date and are not yet overdue.
func (db *DB) LateInvoices(ctx context.Context, date string, limit int) ([]string, error) {
	return db.invoiceIDs(ctx, `state = 'issued' AND kind = 'invoice' AND due < $1 ORDER BY due, number LIMIT $2`, date, limit)
}

// UnremindedInvoices lists up to limit ids of overdue invoices that were due before date and that were
// never reminded of.
func (db *DB) UnremindedInvoices(ctx context.Context, date string, limit int) ([]string, error) {
	return db.invoiceIDs(ctx, `state = 'overdue' AND reminders = 0 AND due < $1 ORDER BY due, number LIMIT $2`, date, limit)
}

func (db *DB) invoiceIDs(ctx context.Context, condition string, args ...any) ([]string, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM invoice WHERE `+condition, args...)
	return all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
}
