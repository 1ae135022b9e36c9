package billing

import (
	"fmt"
	"math/big"
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
		e.Postings = postings(r.Account, negated(r.Bill))
		for i := range e.Postings { // exactly what was posted before, taken back
			e.Postings[i].Amount = -e.Postings[i].Amount
		}
	} else {
		e.Postings = postings(r.Account, r.Bill)
	}
	return e, true
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
	for _, sum := range b.VAT {
		for kind, amount := range split(sum, b.Lines) {
			net[kind] += amount
		}
	}
	for _, kind := range revenueKinds {
		list = append(list, Posting{LedgerAccount{Kind: kind}, -net[kind]})
	}
	for _, sum := range b.VAT {
		list = append(list, Posting{LedgerAccount{OutputVAT, string(sum.Rate)}, -sum.VAT})
	}
	return slices.DeleteFunc(list, func(p Posting) bool { return p.Amount == 0 })
}

// split divides the net amount of one rate among the kinds of revenue, in proportion to the lines. What
// rounding leaves goes to those that lost most by it. What brings a bill to the least or the most price is
// no revenue of its own: it belongs to the kind that has most.
func split(sum tariff.VATSum, lines []tariff.Line) map[LedgerKind]int64 {
	amounts := map[LedgerKind]int64{}
	var adjustment, all int64
	for _, l := range lines {
		if l.VAT.Rat().Cmp(sum.Rate.Rat()) != 0 {
			continue
		}
		all += l.Amount
		if kind, ok := revenueOf(l.Dimension); ok {
			amounts[kind] += l.Amount
		} else {
			adjustment += l.Amount
		}
	}
	most := RevenueFees
	for _, kind := range revenueKinds {
		if amounts[kind] > amounts[most] {
			most = kind
		}
	}
	amounts[most] += adjustment

	share := new(big.Rat).SetFrac64(100, 1)
	if all != 0 {
		share.SetFrac64(sum.Net, all)
	} else {
		share.Quo(share, new(big.Rat).Add(sum.Rate.Rat(), share))
	}
	type part struct {
		kind LedgerKind
		rest *big.Rat // that rounding down took
	}
	var parts []part
	net := map[LedgerKind]int64{}
	left := sum.Net
	for _, kind := range revenueKinds {
		if amounts[kind] == 0 {
			continue
		}
		exact := new(big.Rat).Mul(share, new(big.Rat).SetInt64(amounts[kind]))
		whole := new(big.Int).Div(exact.Num(), exact.Denom()) // rounds down, as the denominator is above 0
		net[kind] = whole.Int64()
		left -= net[kind]
		parts = append(parts, part{kind, exact.Sub(exact, new(big.Rat).SetInt(whole))})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return b.rest.Cmp(a.rest) })
	for i := 0; left > 0 && len(parts) > 0; i++ {
		net[parts[i%len(parts)].kind]++
		left--
	}
	if left != 0 { // a bill without lines
		net[most] += left
	}
	return net
}
