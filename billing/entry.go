package billing

import (
	"fmt"
	"slices"

	"gnista/tariff"
)

// EntryOf is the entry that a charge record makes: what the account owes, against revenue of each kind and
// VAT of each rate. ok is false for a record of nothing, which makes none.
func EntryOf(r Record) (e Entry, ok bool) {
	if r.Bill.Total.Amount == 0 {
		return Entry{}, false
	}
	e = Entry{
		ID: r.ID, At: r.IssuedAt, Currency: r.Bill.Total.Currency, Cause: Cause{CauseRecord, r.ID}, Text: fmt.Sprintf("Charge record %d", r.Number),
	}
	if r.Kind == Credit {
		e.Text = fmt.Sprintf("Credit %d", r.Number)
		e.Postings = postings(r.party(), negated(r.Bill))
		for i := range e.Postings { // exactly what was posted before, taken back
			e.Postings[i].Amount = -e.Postings[i].Amount
		}
	} else {
		e.Postings = postings(r.party(), r.Bill)
	}
	return e, true
}

// party is who owes a record.
func (r Record) party() string {
	if r.Account != "" {
		return r.Account
	}
	return r.Payer
}

// revenueKinds are those that a bill has, in the order of an entry.
var revenueKinds = []LedgerKind{RevenueEnergy, RevenueTime, RevenueFees}

func revenueOf(d tariff.Dimension) (LedgerKind, bool) {
	switch d {
	case tariff.Energy:
		return RevenueEnergy, true
	case tariff.Time, tariff.Idle, tariff.Reservation:
		return RevenueTime, true
	case tariff.Start, tariff.Reserving:
		return RevenueFees, true
	}
	return "", false
}

func postings(account string, b tariff.Bill) []Posting {
	list := []Posting{{LedgerAccount{Receivable, account}, b.Total.Amount}}
	net := map[LedgerKind]int64{}
	nets := b.Nets()
	for i, l := range b.Lines {
		kind, ok := revenueOf(l.Dimension)
		if !ok {
			kind = most(b, l.VAT)
		}
		net[kind] += nets[i]
	}
	for _, kind := range revenueKinds {
		list = append(list, Posting{LedgerAccount{Kind: kind}, -net[kind]})
	}
	for _, sum := range b.VAT {
		list = append(list, Posting{LedgerAccount{OutputVAT, string(sum.Rate)}, -sum.VAT})
	}
	return slices.DeleteFunc(list, func(p Posting) bool { return p.Amount == 0 })
}

// most is the kind of revenue that most of what has a rate of VAT is. What brings a bill to its least or most
// price belongs there: it is no revenue of its own.
func most(b tariff.Bill, rate tariff.Decimal) LedgerKind {
	amounts := map[LedgerKind]int64{}
	for _, l := range b.Lines {
		if kind, ok := revenueOf(l.Dimension); ok && l.VAT.Rat().Cmp(rate.Rat()) == 0 {
			amounts[kind] += l.Amount
		}
	}
	out := RevenueFees
	for _, kind := range revenueKinds {
		if amounts[kind] > amounts[out] {
			out = kind
		}
	}
	return out
}
