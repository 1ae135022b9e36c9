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
	total, gross, receipt string
	comma                 string // of decimals
}

// languagesKnown are the languages that there are texts in; the first is for whoever reads none of them.
var languagesKnown = []string{string(tariff.English), string(tariff.Swedish)}

func wordsIn(language string) words {
	if language == string(tariff.Swedish) {
		return words{"Summa", "inkl. moms", "Kvitto", ","}
	}
	return words{"Total", "incl. VAT", "Receipt", "."}
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

// priceText is what a version says.
func priceText(v tariff.Version, language string) string {
	return shorten(v.Text(tariff.Language(language)))
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
