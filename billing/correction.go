package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"gnista"
	"gnista/charging"
	"gnista/tariff"
)

// Correction is what is to be billed instead of what a record says.
type Correction struct {
	EnergyWh      *int64 // nil is as it was
	TariffVersion string // id; empty is as it was
	Void          bool   // nothing is to be billed instead
	Reason        string
}

// Decision is what a person has decided about money, and by what.
type Decision struct {
	ID          string
	At          time.Time
	Kind        DecisionKind
	Transaction string // id, or that of a reservation that was billed
	Record      string // id of the record that was corrected; empty when a transaction was settled
	By          string // who decided
	Reason      string
	EnergyWh    int64           // to be billed
	Detail      json.RawMessage // what was known, and what was proposed
}

// DecisionKind is what was decided about.
type DecisionKind string

// The kinds.
const (
	DecidedTransaction DecisionKind = "transaction"   // what to bill for one that waited for review
	DecidedRecord      DecisionKind = "charge-record" // what to bill instead
)

// DecisionFilter selects decisions for a list.
type DecisionFilter struct {
	Transaction string // empty is any
	Before      string // only those with a lower id
	Limit       int
}

// Admin is who decides, as there is only one.
const Admin = "admin"

// Correct takes a record back with a credit and, unless it is void, bills the transaction anew. Each record
// can be corrected once; the one that stands instead can be corrected again. NotFound, Invalid, Conflict.
func (r *Records) Correct(ctx context.Context, id string, c Correction) ([]Record, error) {
	if c.Reason == "" || utf8.RuneCountInString(c.Reason) > 500 {
		return nil, gnista.Invalidf("reason", "must say why, in at most 500 characters")
	}
	old, err := r.Store.Record(ctx, id)
	if err != nil {
		return nil, err
	}
	if old.Kind == Credit {
		return nil, gnista.Errorf(gnista.Conflict, "charge record %d is a credit, which is not corrected; correct the one that stands instead", old.Number)
	}
	now := r.Now()
	credit := CreditOf(old)
	credit.ID, credit.IssuedAt = r.NewID(), now
	var instead *Record
	if !c.Void {
		if instead, err = r.instead(ctx, old, c); err != nil {
			return nil, err
		}
		instead.IssuedAt = now
	} else if c.EnergyWh != nil || c.TariffVersion != "" {
		return nil, gnista.Invalidf("void", "leaves nothing to be billed; leave out energyWh and tariffVersion")
	}
	if credit.Payment == "" && instead != nil && (instead.Account != "" || instead.Bill.Total.Amount != 0) {
		instead.Payment = r.NewID()
		credit.Payment = instead.Payment
	}
	d := Decision{ID: r.NewID(), At: now, Kind: DecidedRecord, Transaction: old.Subject(), Record: old.ID, By: Admin, Reason: c.Reason}
	detail := map[string]any{"energyWh": old.EnergyWh, "total": old.Bill.Total, "tariffVersion": old.TariffVersion, "credit": credit.ID}
	if instead != nil {
		d.EnergyWh = instead.EnergyWh
		detail["instead"] = map[string]any{"id": instead.ID, "total": instead.Bill.Total, "tariffVersion": instead.TariffVersion}
	}
	if d.Detail, err = json.Marshal(detail); err != nil {
		return nil, err
	}
	return r.Store.Correct(ctx, credit, instead, d, issued)
}

// CreditOf is the credit that takes a record back, without an id, a number and a time of its own.
func CreditOf(old Record) Record {
	r := old
	r.ID, r.Number, r.Kind, r.Corrects, r.IssuedAt = "", 0, Credit, old.ID, time.Time{}
	r.EnergyWh, r.Bill = -old.EnergyWh, negated(old.Bill)
	return r
}

// instead is the record that stands for old.
func (r *Records) instead(ctx context.Context, old Record, c Correction) (*Record, error) {
	wh, version := old.EnergyWh, old.TariffVersion
	if c.EnergyWh != nil {
		if wh = *c.EnergyWh; wh < 0 || wh > charging.MaxDecided {
			return nil, gnista.Invalidf("energyWh", "must be 0 to %d", charging.MaxDecided)
		}
		if old.Reservation != "" {
			return nil, gnista.Invalidf("energyWh", "is of transactions; in a reservation no energy flows")
		}
	}
	if c.TariffVersion != "" {
		version = c.TariffVersion
	}
	if wh == old.EnergyWh && version == old.TariffVersion {
		return nil, gnista.Invalidf("energyWh", "and tariffVersion are as before, so there is nothing to correct")
	}
	b, v := tariff.Bill{Net: old.money(0), Tax: old.money(0), Total: old.money(0)}, tariff.Version{}
	if version != "" { // else it was free
		var err error
		v, err = r.versionOf(ctx, version, charging.Case{})
		if gnista.CodeOf(err) == gnista.NotFound && err != nil {
			return nil, gnista.Invalidf("tariffVersion", "there is no version %q", version)
		}
		if err == nil {
			b, err = r.rateAnew(ctx, old, wh, v)
		}
		if err != nil {
			return nil, fmt.Errorf("correcting a charge record: %w", err)
		}
	}
	if b.Total.Currency != old.Bill.Total.Currency {
		return nil, gnista.Invalidf("tariffVersion", "is in %s and the record in %s", b.Total.Currency, old.Bill.Total.Currency)
	}
	n := old
	n.ID, n.Number, n.Kind, n.Corrects = r.NewID(), 0, Replacement, old.ID
	n.EnergyWh, n.TariffVersion, n.Policy, n.Bill = wh, v.ID, tariff.Policy, b
	return &n, nil
}

// rateAnew makes the bill of what a record is of by another version, or with other energy.
func (r *Records) rateAnew(ctx context.Context, old Record, wh int64, v tariff.Version) (tariff.Bill, error) {
	if old.Reservation != "" {
		x, err := r.Reservations.Reservation(ctx, old.Reservation)
		if err != nil {
			return tariff.Bill{}, err
		}
		return r.rateExpired(ctx, &x, v, old.Bill.Zone)
	}
	t, err := r.Transactions.Transaction(ctx, old.Transaction)
	if err != nil {
		return tariff.Bill{}, err
	}
	t.EnergyWh, t.Tariff = wh, v.ID
	return r.rateIn(ctx, &t, v, old.Bill.Zone)
}

func (r Record) money(amount int64) gnista.Money {
	return gnista.Money{Amount: amount, Currency: r.Bill.Total.Currency}
}

// negated is b with all quantities and amounts taken back.
func negated(b tariff.Bill) tariff.Bill {
	out := b
	out.Net.Amount, out.Tax.Amount, out.Total.Amount = -b.Net.Amount, -b.Tax.Amount, -b.Total.Amount
	out.Lines, out.VAT = nil, nil
	for _, l := range b.Lines {
		l.Quantity, l.Free, l.Added, l.Amount = -l.Quantity, -l.Free, -l.Added, -l.Amount
		out.Lines = append(out.Lines, l)
	}
	for _, x := range b.VAT {
		x.Net, x.VAT, x.Gross = -x.Net, -x.VAT, -x.Gross
		out.VAT = append(out.VAT, x)
	}
	return out
}
