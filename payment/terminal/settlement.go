package terminal

import (
	"context"
	"encoding/json"
	"fmt"

	"gnista"
	"gnista/charging"
	"gnista/payment"
	"gnista/token"
)

// Told is a settlement as somebody tells it: with the amount as a decimal number of whatever the station is paid in.
type Told struct {
	Settlement
	Decimal string // the amount; empty where the settlement has it
}

// Answer is what is answered to a settlement.
type Answer struct {
	Receipt    string // id of the receipt that we make; empty is none
	ReceiptURL string
}

// Take takes in what a payment at a terminal came to, as often as it is told. What it says of money is in the currency
// of the payment, or else of the tariff that holds. Where the terminal gives no receipt for what it took, we do.
// (OCPP 2.1 C19.FR.02, C20.FR.05, C21.FR.02, C21.FR.03, C22.FR.01, C22.FR.02)
func (t *Terminals) Take(ctx context.Context, told Told) (a Answer, err error) {
	s := told.Settlement
	if len(s.Reference) > maxReference {
		return a, gnista.Invalidf("reference", "is too long")
	}
	var x *charging.Transaction
	if s.Ref != "" {
		if x, err = t.named(ctx, s.Station, s.Ref); err != nil {
			return a, err
		}
	}
	p, err := t.Store.TerminalPayment(ctx, s.Station, s.Reference)
	known := err == nil
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return a, err
	}
	evse := 0
	if x != nil {
		s.Transaction, evse = x.ID, x.EVSE.ID
	}
	if told.Decimal != "" || s.Amount.Currency == "" {
		s.Amount.Currency = p.Currency
		if !known {
			if s.Amount.Currency, err = t.currency(ctx, s.Station, evse, token.ID{UID: s.Reference, Type: token.DirectPayment}); err != nil {
				return a, err
			}
		}
		s.Amount.Amount = minor(told.Decimal, s.Amount.Currency)
	}
	if known {
		if s.Payment = p.ID; s.Amount.Currency != p.Currency {
			return a, gnista.Invalidf("amount.currency", "payment %s is one of %s", p.ID, p.Currency)
		}
		if s.Transaction == "" {
			s.Transaction = p.Transaction
		}
	}
	s.ID, s.ReceivedAt = t.NewID(), t.Now()
	data, _ := json.Marshal(map[string]any{ // strings and numbers always marshal
		"status": s.Status, "amount": s.Amount.Amount, "currency": s.Amount.Currency, "transaction": s.Transaction, "payment": s.Payment, "reference": s.Reference,
	})
	if _, err := t.Store.AddSettlement(ctx, s, gnista.Event{At: s.ReceivedAt, Kind: "payment.settlement", Station: s.Station, Subject: s.ID, Data: data}); err != nil {
		return a, fmt.Errorf("keeping a settlement: %w", err)
	}
	if known { // also when it was known: what comes of it may have been cut short
		if err := t.apply(ctx, p.ID, s); err != nil {
			return a, err
		}
	}
	if s.Status == Settled && s.Receipt == "" && s.ReceiptURL == "" && s.Transaction != "" && t.Receipt != nil {
		a.Receipt, a.ReceiptURL, err = t.Receipt(ctx, s.Transaction)
	}
	return a, err
}

// maxNamed is how many of a station's last transactions a settlement may be of.
const maxNamed = 200

// named finds the transaction of a station that OCPP calls so; nil is none.
func (t *Terminals) named(ctx context.Context, id gnista.StationID, ref string) (*charging.Transaction, error) {
	list, err := t.Transactions.Transactions(ctx, charging.Filter{Station: id, Limit: maxNamed})
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Ref == ref {
			return &list[i], nil
		}
	}
	return nil, nil
}

// apply has a payment see what its terminal came to.
func (t *Terminals) apply(ctx context.Context, id string, s Settlement) error {
	list, err := t.Store.SettlementsOf(ctx, s.Station, s.Reference)
	if err != nil {
		return err
	}
	cause := payment.Cause{Kind: payment.ByStation, ID: s.ID}
	_, err = t.Payments.Change(ctx, id, func(c *payment.Change) error {
		o := reduce(list)
		switch {
		case c.Op != nil: // which asks for it, soon
			c.Observe(payment.Snapshot{}, cause)
		case o.taken && (c.State == payment.Held || c.State == payment.Mandated): // what it is for is still to come
		case o.taken:
			c.Observe(snapshot(c.Payment, o), cause)
		case o.last == Cancelled && c.Transaction == "":
			if c.State == payment.Held || c.State == payment.Mandated {
				return c.Release(cause)
			}
		case o.last == Cancelled && c.Held > 0:
			c.Observe(payment.Snapshot{Captured: c.Captured, Refunded: c.Refunded}, cause)
		}
		return nil
	})
	t.nudge()
	return err
}

// outcome is what all settlements of a reference come to.
type outcome struct {
	taken  bool // an amount was
	amount int64
	last   Status // empty where there is no settlement
	info   string
}

// reduce makes one outcome of settlements in the order in which they came. What was taken was taken, whatever is
// told of it before or after; of two amounts the one of the later time holds.
func reduce(list []Settlement) (o outcome) {
	var latest Settlement
	for _, s := range list {
		o.last, o.info = s.Status, s.Info
		if s.Status == Settled && (!o.taken || !s.At.Before(latest.At)) {
			o.taken, o.amount, latest = true, s.Amount.Amount, s
		}
	}
	return o
}

// snapshot is a payment of which an amount was taken: the rest is not set aside any more.
func snapshot(p payment.Payment, o outcome) payment.Snapshot {
	return payment.Snapshot{Ref: p.Ref, Captured: o.amount, Refunded: p.Refunded}
}
