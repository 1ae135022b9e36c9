package cost

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/tariff"
)

// Text is a text for a driver in one language.
type Text struct {
	Language string // as in "sv"
	Content  string
}

// maxText is the longest text that every version can show.
const maxText = 512

// words are what texts are made of in a language.
type words struct {
	kWh, minute, start, idle, after, from, free, net, gross, total, of, receipt string
	comma                                                                       string // of decimals
}

// languagesKnown are the languages that there are texts in; the first is for whoever reads none of them.
var languagesKnown = []string{"en", "sv"}

func wordsIn(language string) words {
	if language == "sv" {
		return words{"kWh", "min", "start", "stillastående", "efter", "kl.", "Gratis", "exkl. moms", "inkl. moms", "Summa", "reservation", "Kvitto", ","}
	}
	return words{"kWh", "min", "start", "idle", "after", "from", "Free", "excl. VAT", "incl. VAT", "Total", "reservation", "Receipt", "."}
}

// spoken is a language in which there are texts.
func spoken(language string) string {
	if l := base(language); slices.Contains(languagesKnown, l) {
		return l
	}
	return languagesKnown[0]
}

// texts are one text in the driver's language, first, and in the others that a station shows.
func texts(language string, s Skill, text func(language string) string) []Text {
	first := spoken(language)
	list := []Text{{first, text(first)}}
	for _, l := range s.Languages {
		if l != first && slices.Contains(languagesKnown, l) {
			list = append(list, Text{l, text(l)})
		}
	}
	return list
}

// priceText is what a version says: the price of energy first, then that of time, then what there is once.
func priceText(v tariff.Version, language string) string {
	w := wordsIn(language)
	var parts []string
	order := []tariff.Dimension{tariff.Energy, tariff.Time, tariff.Start, tariff.Idle, tariff.Reservation, tariff.Reserving}
	for _, d := range order {
		for _, e := range v.Elements {
			if e.Dimension != d || e.Price.Rat().Sign() == 0 && d != tariff.Energy {
				continue
			}
			price := decimals(e.Price, v.Currency, w) + " " + v.Currency
			switch d {
			case tariff.Energy:
				price += "/" + w.kWh
			case tariff.Time:
				price += perTime(e, w)
			case tariff.Idle:
				price = w.idle + " " + price + perTime(e, w)
			case tariff.Start:
				price = w.start + " " + price
			case tariff.Reservation:
				price = w.of + " " + price + perTime(e, w)
			case tariff.Reserving:
				price = w.of + " " + price
			}
			if e.Grace > 0 {
				price += fmt.Sprintf(" %s %d %s", w.after, e.Grace/time.Minute, w.minute)
			}
			if when := e.When; when.From != "" || when.To != "" {
				price += fmt.Sprintf(" %s %s–%s", w.from, or(when.From, "00:00"), or(when.To, "24:00"))
			}
			parts = append(parts, price)
		}
	}
	if !slices.ContainsFunc(v.Elements, func(e tariff.Element) bool { return e.Price.Rat().Sign() > 0 }) {
		return w.free
	}
	vat := w.gross
	if v.Net {
		vat = w.net
	}
	return shorten(strings.Join(parts, ", ") + " (" + vat + ")")
}

func perTime(e tariff.Element, w words) string {
	if e.PerHour {
		return "/h"
	}
	return "/" + w.minute
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// decimals writes a price with as many decimals as its currency has, or more where it needs them.
func decimals(d tariff.Decimal, currency string, w words) string {
	digits, _ := tariff.Digits(currency)
	if _, fraction, ok := strings.Cut(string(d), "."); ok {
		digits = max(digits, len(strings.TrimRight(fraction, "0")))
	}
	return strings.Replace(d.Rat().FloatString(digits), ".", w.comma, 1)
}

// amountText is an amount of money.
func amountText(m gnista.Money, w words) string {
	digits, _ := tariff.Digits(m.Currency)
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	return strings.Replace(new(big.Rat).SetFrac(big.NewInt(m.Amount), scale).FloatString(digits), ".", w.comma, 1) + " " + m.Currency
}

// finalText is what a transaction came to.
func finalText(wh int64, d time.Duration, m gnista.Money, receipt, language string) string {
	w := wordsIn(language)
	d = d.Round(time.Minute)
	text := fmt.Sprintf("%s kWh, %d:%02d h. %s %s (%s)", strings.Replace(big.NewRat(wh, 1000).FloatString(2), ".", w.comma, 1), d/time.Hour, d%time.Hour/time.Minute, w.total, amountText(m, w), w.gross)
	if receipt != "" {
		text += ". " + w.receipt + ": " + receipt
	}
	return shorten(text)
}

// shorten keeps a text to what can be shown.
func shorten(text string) string {
	for len(text) > maxText {
		text = strings.TrimRight(text, "…")
		r := []rune(text)
		text = string(r[:len(r)-max(1, (len(text)-maxText)/4)]) + "…"
	}
	return text
}
