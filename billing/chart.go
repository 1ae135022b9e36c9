package billing

import (
	"context"
	"strings"
	"unicode/utf8"

	"gnista"
)

// LedgerNumber is the number and name of an account of the ledger in a chart of accounts.
type LedgerNumber struct {
	Account LedgerAccount // without a party for all that have no number of their own
	Number  string
	Name    string
}

// usualNumbers are those of the Swedish BAS chart.
func usualNumbers() []LedgerNumber {
	return []LedgerNumber{
		{LedgerAccount{Kind: Receivable}, "1510", "Kundfordringar"},
		{LedgerAccount{Kind: Clearing}, "1580", "Fordringar för kontokort"},
		{LedgerAccount{Kind: Disputed}, "1680", "Andra kortfristiga fordringar"},
		{LedgerAccount{Kind: Bank}, "1930", "Företagskonto"},
		{LedgerAccount{Kind: Deposit}, "2420", "Förskott från kunder"},
		{LedgerAccount{OutputVAT, "25"}, "2611", "Utgående moms 25 %"},
		{LedgerAccount{OutputVAT, "12"}, "2621", "Utgående moms 12 %"},
		{LedgerAccount{OutputVAT, "6"}, "2631", "Utgående moms 6 %"},
		{LedgerAccount{Kind: RevenueEnergy}, "3001", "Försäljning laddning, energi"},
		{LedgerAccount{Kind: RevenueTime}, "3011", "Försäljning laddning, tid"},
		{LedgerAccount{Kind: RevenueFees}, "3021", "Försäljning laddning, avgifter"},
		{LedgerAccount{Kind: Unexplained}, "2999", "OBS-konto"},
		{LedgerAccount{Kind: Goodwill}, "3790", "Övriga intäktskorrigeringar"},
		{LedgerAccount{Kind: Rounding}, "3740", "Öres- och kronutjämning"},
		{LedgerAccount{Kind: BadDebt}, "6351", "Konstaterade kundförluster"},
		{LedgerAccount{Kind: ProviderFees}, "6570", "Bankkostnader"},
	}
}

// Chart is the chart of accounts: for each account of the ledger its number.
type Chart []LedgerNumber

// Of is the number of an account: its own, else that of its kind. ok is false when there is none.
func (c Chart) Of(a LedgerAccount) (n LedgerNumber, ok bool) {
	for _, x := range c {
		if x.Account == a {
			return x, true
		}
		if x.Account.Kind == a.Kind && x.Account.Party == "" {
			n, ok = x, true
		}
	}
	return n, ok
}

// Chart is the usual numbers, with what the operator says in their place.
func (l *Ledger) Chart(ctx context.Context) (Chart, error) {
	own, err := l.Store.LedgerNumbers(ctx)
	if err != nil {
		return nil, err
	}
	list := usualNumbers()
	for _, n := range own {
		found := false
		for i := range list {
			if list[i].Account == n.Account {
				list[i], found = n, true
			}
		}
		if !found {
			list = append(list, n)
		}
	}
	return list, nil
}

// SetChart says which numbers accounts have that do not have the usual ones. Invalid.
func (l *Ledger) SetChart(ctx context.Context, list []LedgerNumber) (Chart, error) {
	kinds := map[LedgerKind]bool{}
	for _, n := range usualNumbers() {
		kinds[n.Account.Kind] = true
	}
	seen := map[LedgerAccount]bool{}
	for _, n := range list {
		switch {
		case !kinds[n.Account.Kind]:
			return nil, gnista.Invalidf("accounts.kind", "%q is not a kind of account", n.Account.Kind)
		case seen[n.Account]:
			return nil, gnista.Invalidf("accounts", "%s %s is there twice", n.Account.Kind, n.Account.Party)
		case n.Number == "" || len(n.Number) > 10 || strings.Trim(n.Number, "0123456789") != "":
			return nil, gnista.Invalidf("accounts.number", "%q is not 1 to 10 digits", n.Number)
		case strings.TrimSpace(n.Name) == "" || utf8.RuneCountInString(n.Name) > 100:
			return nil, gnista.Invalidf("accounts.name", "must have 1 to 100 characters")
		}
		seen[n.Account] = true
	}
	if err := l.Store.SetLedgerNumbers(ctx, list); err != nil {
		return nil, err
	}
	return l.Chart(ctx)
}
