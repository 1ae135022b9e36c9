package billing

import (
	"context"
	"encoding/json"
	"fmt"

	"gnista/charging"
	"gnista/tariff"
)

// Difference is something that is not as it should be.
type Difference struct {
	What     string // energy, amount, entry…
	Expected string
	Found    string
}

// Audited is a record with what it is compared with.
type Audited struct {
	Record      Record
	Transaction charging.Transaction
	Reservation *charging.Reservation // that the record is of; nil where it is of the transaction
	Samples     []charging.Sample
	Decided     *int64  // by a person: what to bill; nil is what was measured
	Corrected   *Record // that it takes back or stands for instead; nil for an original
	Entry       *Entry  // of the record; nil is none
}

// Audit makes up anew what a record should say, from what the meter said, and compares.
func (r *Records) Audit(ctx context.Context, a Audited) (list []Difference, err error) {
	differ := func(what string, expected, found any) {
		if e, f := fmt.Sprint(expected), fmt.Sprint(found); e != f {
			list = append(list, Difference{what, e, f})
		}
	}
	rec := a.Record
	var wh int64
	bill := tariff.Bill{Net: rec.money(0), Tax: rec.money(0), Total: rec.money(0)}
	switch {
	case rec.Kind == Credit:
		wh, bill = -a.Corrected.EnergyWh, negated(a.Corrected.Bill)
	case a.Reservation != nil: // no energy flows
	case a.Decided != nil:
		wh = *a.Decided
	default:
		wh = a.Transaction.Recount(a.Samples)
	}
	differ("energy in Wh", wh, rec.EnergyWh)
	if rec.Kind == Original && a.Reservation != nil {
		if a.Reservation.Tariff != "" {
			differ("tariff version", a.Reservation.Tariff, rec.TariffVersion)
		}
		differ("account", a.Reservation.Account, rec.Account)
	} else if rec.Kind == Original {
		differ("energy of the transaction in Wh", wh, a.Transaction.EnergyWh)
		if a.Transaction.Tariff != "" {
			differ("tariff version", a.Transaction.Tariff, rec.TariffVersion)
		}
	}
	if rec.EndedAt.Before(rec.StartedAt) {
		differ("end", "not before "+rec.StartedAt.String(), rec.EndedAt)
	}
	if rec.Kind != Credit && rec.TariffVersion != "" {
		v, err := r.versionOf(ctx, rec.TariffVersion, charging.Case{})
		if err != nil {
			return nil, fmt.Errorf("the tariff of charge record %s: %w", rec.ID, err)
		}
		if a.Reservation != nil {
			bill, err = r.rateExpired(ctx, a.Reservation, v, rec.Bill.Zone)
		} else {
			t := a.Transaction
			t.EnergyWh, t.Tariff = wh, v.ID
			bill, err = r.rateIn(ctx, &t, v, rec.Bill.Zone)
		}
		if err != nil {
			return nil, fmt.Errorf("rating charge record %s: %w", rec.ID, err)
		}
	}
	differ("currency", bill.Total.Currency, rec.Bill.Total.Currency)
	differ("net", bill.Net.Amount, rec.Bill.Net.Amount)
	differ("VAT", bill.Tax.Amount, rec.Bill.Tax.Amount)
	differ("total", bill.Total.Amount, rec.Bill.Total.Amount)
	if rec.Policy == tariff.Policy {
		differ("lines", text(bill.Lines), text(rec.Bill.Lines))
		differ("VAT of each rate", text(bill.VAT), text(rec.Bill.VAT))
	}
	differ("sum of net and VAT", rec.Bill.Net.Amount+rec.Bill.Tax.Amount, rec.Bill.Total.Amount)

	e, ok := EntryOf(rec)
	switch {
	case ok != (a.Entry != nil):
		differ("whether there is an entry in the ledger", ok, a.Entry != nil)
	case ok:
		differ("currency of the entry", e.Currency, a.Entry.Currency)
		differ("postings", e.Postings, a.Entry.Postings)
	}
	return list, nil
}

// text is what differs when v does.
func text(v any) string {
	b, _ := json.Marshal(v) // numbers and texts always marshal
	if string(b) == "null" || string(b) == "[]" {
		return ""
	}
	return string(b)
}
