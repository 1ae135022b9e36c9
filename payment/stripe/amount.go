package stripe

import (
	"maps"
	"slices"
	"strings"

	sdk "github.com/stripe/stripe-go/v85"
)

// minima are the currencies that are taken, and the least that Stripe takes in each, in minor units as Stripe
// counts them too: of yen there are none below one.
func minima() map[string]int64 {
	return map[string]int64{
		"AUD": 50, "BGN": 100, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30, "HUF": 17500, "JPY": 50,
		"NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "USD": 50,
	}
}

func currencies() []string { return slices.Sorted(maps.Keys(minima())) }

// enough tells whether Stripe takes so little.
func enough(amount int64, currency string) bool {
	least, ok := minima()[currency]
	return ok && amount >= least
}

// theirs is a currency as Stripe writes it, and ours as we do.
func theirs(currency string) *string { return sdk.String(strings.ToLower(currency)) }

func ours(c sdk.Currency) string { return strings.ToUpper(string(c)) }
