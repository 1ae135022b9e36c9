package store

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"gnista/billing"
	"gnista/payment"
)

// paidBy says which payment a record is of that no account pays for: a guest's, which was bound to the transaction.
func (t *tx) paidBy(r billing.Record) (billing.Record, error) {
	p, err := scanPayment(t.row(`SELECT `+paymentColumns+` FROM payment WHERE transaction_id = $1`, r.Subject()))
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.Payment = p.ID
	if r.Account == "" && p.Outside() && p.Currency == r.Bill.Total.Currency {
		r.Payer = p.Payer()
	}
	return r, nil
}

// book posts what differs between what the ledger has of a payment and what it should have.
func (t *tx) book(p payment.Payment, now time.Time) error {
	if !p.Outside() && p.Given == 0 && p.WrittenOff == 0 {
		return nil
	}
	var taken, lost int64
	if p.Outside() {
		if err := t.row(disputedOf, p.ID, string(payment.MoveDispute), string(payment.MoveWon), string(payment.DisputeLost)).Scan(&taken, &lost); err != nil {
			return err
		}
	}
	rows, err := t.rows(bookedOf, p.ID)
	booked, err := all(rows, err, scanPosting)
	if err != nil {
		return err
	}
	more := apart(p.Books(taken, lost), booked)
	if len(more) > 0 {
		var n int
		if err := t.row(`SELECT COUNT(*) FROM payment_entry WHERE payment = $1`, p.ID).Scan(&n); err != nil {
			return err
		}
		id := fmt.Sprintf("%s/%d", p.ID, n+1)
		e := billing.Entry{ID: "payment/" + id, At: now, Currency: p.Currency, Cause: billing.Cause{Kind: billing.CauseProvider, ID: id}, Text: textOf(p, more), Postings: more}
		if _, err := t.post(e); err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO payment_entry (entry, payment) VALUES ($1, $2)`, e.ID, p.ID); err != nil {
			return err
		}
	}
	return t.cover(p, more, now)
}

const (
	bookedOf = `SELECT l.kind, l.party, CAST(SUM(l.amount) AS BIGINT) FROM payment_entry x JOIN ledger_posting l ON l.entry = x.entry WHERE x.payment = $1 GROUP BY l.kind, l.party ORDER BY l.kind, l.party`
	// disputedOf is what is with the bank of the customer of a payment, and what of its disputes was lost.
	disputedOf = `SELECT (SELECT CAST(COALESCE(-SUM(amount), 0) AS BIGINT) FROM provider_movement WHERE payment = $1 AND kind IN ($2, $3)),
		(SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_dispute WHERE payment = $1 AND state = $4)`
)

func scanPosting(s scanner) (p billing.Posting, err error) {
	return p, s.Scan(&p.Account.Kind, &p.Account.Party, &p.Amount)
}

// apart is what is wanted and not had.
func apart(wanted, had []billing.Posting) []billing.Posting {
	out := slices.Clone(wanted)
	for _, h := range had {
		i := slices.IndexFunc(out, func(p billing.Posting) bool { return p.Account == h.Account })
		if i < 0 {
			i, out = len(out), append(out, billing.Posting{Account: h.Account})
		}
		out[i].Amount -= h.Amount
	}
	return slices.DeleteFunc(out, func(p billing.Posting) bool { return p.Amount == 0 })
}

// textOf says to people what happened to a payment.
func textOf(p payment.Payment, list []billing.Posting) string {
	moved := int64(0)
	for _, l := range list {
		if l.Account.Kind == billing.Clearing {
			moved = l.Amount
		}
	}
	switch {
	case moved > 0:
		return fmt.Sprintf("Taken by %s, payment %s", p.Provider, p.ID)
	case moved < 0:
		return fmt.Sprintf("Given back by %s, payment %s", p.Provider, p.ID)
	}
	return "Payment " + p.ID
}

// cover carries over what a payment has paid of the rest of another one, and gives back what others have paid of
// its own rest and is no longer due.
func (t *tx) cover(p payment.Payment, more []billing.Posting, now time.Time) error {
	if p.Rest != "" {
		i := slices.IndexFunc(more, func(l billing.Posting) bool { return l.Account.Kind == billing.Receivable })
		if i < 0 {
			return nil
		}
		c, err := t.changing(`id = $1`, p.Rest, now)
		if err != nil || c == nil {
			return err
		}
		c.Cover(-more[i].Amount, payment.Cause{Kind: payment.ByPayment, ID: p.ID})
		return t.savePayment(c)
	}
	over := p.Covered - max(0, p.Due-p.WrittenOff)
	if over <= 0 {
		return nil
	}
	rows, err := t.rows(`SELECT id FROM payment WHERE rest = $1 ORDER BY id DESC`, p.ID)
	ids, err := all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
	if err != nil {
		return err
	}
	for _, id := range ids {
		c, err := t.changing(`id = $1`, id, now)
		if err != nil {
			return err
		}
		less := min(over, c.Applied())
		if less <= 0 {
			continue
		}
		over -= less
		c.Owe(c.Due-less, payment.Cause{Kind: payment.ByPayment, ID: p.ID})
		if err := t.savePayment(c); err != nil {
			return err
		}
	}
	return nil
}

// payRest has a payment that the customer has confirmed pay the rest of the one that it was made for.
func (t *tx) payRest(c *payment.Change) error {
	if c.Rest == "" || c.Op != nil || c.State != payment.Held && c.State != payment.Prepaid && c.State != payment.Mandated {
		return nil
	}
	of, err := scanPayment(t.row(`SELECT `+paymentColumns+` FROM payment WHERE id = $1`, c.Rest))
	if err != nil {
		return err
	}
	c.PayRest(of.Short())
	return nil
}

// rebook posts what differs for a payment, when something beside it has changed.
func (t *tx) rebook(id string, now time.Time) error {
	p, err := scanPayment(t.row(`SELECT `+paymentColumns+` FROM payment WHERE id = $1`, id))
	if err != nil {
		return passed(err)
	}
	return t.book(p, now)
}
