package store

import (
	"context"
	"time"

	"gnista"
	"gnista/payment"
	"gnista/payment/terminal"
	"gnista/vat"
)

const terminalPaymentOf = `SELECT ` + paymentColumns + ` FROM payment WHERE id = (SELECT payment FROM terminal_payment WHERE station = $1 AND reference = $2)`

// OpenTerminalPayment stores a new payment, unless there is one of the reference at the station, and returns the one
// that there is then.
func (db *DB) OpenTerminalPayment(ctx context.Context, c *payment.Change, p terminal.Place) (out payment.Payment, err error) {
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		n, err := t.changed(`INSERT INTO terminal_payment (payment, station, reference, kiosk, brand, last4, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (station, reference) DO NOTHING`,
			p.Payment, string(p.Station), p.Reference, p.Kiosk, p.Card.Brand, p.Card.Last4, millis(c.CreatedAt))
		if err != nil {
			return err
		} else if n > 0 {
			if err := t.savePayment(c); err != nil {
				return err
			}
		}
		out, err = scanPayment(t.row(terminalPaymentOf, string(p.Station), p.Reference))
		return err
	})
	return out, err
}

// TerminalPayment finds the payment of a reference at a station. NotFound.
func (db *DB) TerminalPayment(ctx context.Context, id gnista.StationID, reference string) (payment.Payment, error) {
	return one(db.sql.QueryRowContext(ctx, terminalPaymentOf, string(id), reference), scanPayment, "station %s has no payment of that reference", id)
}

// TerminalPlace finds where a payment is made. NotFound.
func (db *DB) TerminalPlace(ctx context.Context, id string) (terminal.Place, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT payment, station, reference, kiosk, brand, last4 FROM terminal_payment WHERE payment = $1`, id), func(s scanner) (p terminal.Place, err error) {
		return p, s.Scan(&p.Payment, &p.Station, &p.Reference, &p.Kiosk, &p.Card.Brand, &p.Card.Last4)
	}, "payment %q is not one at a terminal", id)
}

// SaveTerminalCard keeps the card of a payment at a station, if there is such a payment and none is kept.
func (db *DB) SaveTerminalCard(ctx context.Context, id gnista.StationID, reference string, c terminal.Card) error {
	var due bool
	const lacks = `station = $1 AND reference = $2 AND brand = '' AND last4 = ''`
	if err := db.sql.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM terminal_payment WHERE `+lacks+`)`, string(id), reference).Scan(&due); err != nil || !due {
		return err
	}
	return db.write(ctx, ledgerKey, func(t *tx) error {
		return t.exec(`UPDATE terminal_payment SET brand = $3, last4 = $4 WHERE `+lacks, string(id), reference, c.Brand, c.Last4)
	})
}

// settlementDetail is what of a settlement is sealed.
type settlementDetail struct {
	Ref        string       `json:",omitempty"`
	Receipt    string       `json:",omitempty"`
	ReceiptURL string       `json:",omitempty"`
	Info       string       `json:",omitempty"`
	VATNumber  string       `json:",omitempty"`
	Company    *vat.Company `json:",omitempty"`
}

// How many settlements are kept of a station whose reference is of no payment, and of one reference.
const (
	maxUnmatched    = 1000
	maxPerReference = 50
)

// AddSettlement stores a settlement, once for each reference, status and time at a station, with the payment that the
// reference is of, and tells whether it was new.
func (db *DB) AddSettlement(ctx context.Context, s terminal.Settlement, ev gnista.Event) (added bool, err error) {
	detail, err := db.fold(settlementDetail{s.Ref, s.Receipt, s.ReceiptURL, s.Info, s.VATNumber, s.Company})
	if err != nil {
		return false, err
	}
	err = db.write(ctx, ledgerKey, func(t *tx) error {
		added = false
		var n int
		if err := t.row(`SELECT COUNT(*) FROM settlement WHERE station = $1 AND reference = $2`, string(s.Station), s.Reference).Scan(&n); err != nil || n >= maxPerReference {
			return err
		}
		fresh, err := t.changed(`INSERT INTO settlement (`+settlementColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (station, reference, status, at) DO NOTHING`,
			s.ID, string(s.Station), s.Payment, s.Reference, string(s.Status), s.Amount.Amount, s.Amount.Currency, millis(s.At), s.Transaction, detail, millis(s.ReceivedAt))
		if err != nil || fresh == 0 {
			return err
		}
		added = true
		t.emit(ev)
		if s.Payment != "" {
			return nil
		}
		return t.exec(`DELETE FROM settlement WHERE station = $1 AND payment = '' AND id < (SELECT id FROM settlement WHERE station = $1 AND payment = '' ORDER BY id DESC LIMIT 1 OFFSET $2)
			AND NOT EXISTS (SELECT 1 FROM terminal_payment p WHERE p.station = settlement.station AND p.reference = settlement.reference)`, string(s.Station), maxUnmatched-1)
	})
	return added, err
}

const settlementColumns = `id, station, payment, reference, status, amount, currency, at, transaction_id, detail, received_at`

func (db *DB) settlements(rows answer, err error) ([]terminal.Settlement, error) {
	return all(rows, err, func(s scanner) (x terminal.Settlement, err error) {
		var at, received int64
		var text string
		if err := s.Scan(&x.ID, &x.Station, &x.Payment, &x.Reference, &x.Status, &x.Amount.Amount, &x.Amount.Currency, &at, &x.Transaction, &text, &received); err != nil {
			return x, err
		}
		var d settlementDetail
		err = db.unfold(text, &d)
		x.At, x.ReceivedAt = instant(at), instant(received)
		x.Ref, x.Receipt, x.ReceiptURL, x.Info, x.VATNumber, x.Company = d.Ref, d.Receipt, d.ReceiptURL, d.Info, d.VATNumber, d.Company
		return x, err
	})
}

// SettlementsOf lists those of a reference at a station in the order in which they came.
func (db *DB) SettlementsOf(ctx context.Context, id gnista.StationID, reference string) ([]terminal.Settlement, error) {
	return db.settlements(db.sql.QueryContext(ctx, `SELECT `+settlementColumns+` FROM settlement WHERE station = $1 AND reference = $2 ORDER BY received_at, id`, string(id), reference))
}

// Settlements lists those of a station behind the one with the id before, the newest first.
func (db *DB) Settlements(ctx context.Context, id gnista.StationID, before string, limit int) ([]terminal.Settlement, error) {
	var w where
	w.add("station = ?", string(id))
	if before != "" {
		w.add("id < ?", before)
	}
	return db.settlements(db.sql.QueryContext(ctx, `SELECT `+settlementColumns+` FROM settlement`+w.sql()+` ORDER BY id DESC LIMIT `+w.arg(limit), w.args...))
}

// IdleTerminalPayments lists payments that were made before a time and wait for a transaction.
func (db *DB) IdleTerminalPayments(ctx context.Context, before time.Time, limit int) ([]payment.Payment, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+paymentColumns+` FROM payment WHERE state IN ('held', 'mandated') AND provider = $1 AND transaction_id = '' AND since < $2 ORDER BY since LIMIT $3`,
		terminal.Name, millis(before), limit)
	return all(rows, err, scanPayment)
}

var _ terminal.Store = (*DB)(nil)
