package billing

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"gnista"
	"gnista/tariff"
)

// Export is what of the ledger goes into a file for bookkeeping.
type Export struct {
	Since, Until time.Time      // entries from the one on and before the other
	Currency     string         // SEK or EUR, in which books may be kept; empty is that of the entries
	Daily        bool           // one voucher for each day and kind of cause, not one for each entry
	Zone         *time.Location // by which days go
	Company      string
	Number       string // the company's registration number; empty is none
	Program      string // name and version of what writes it
	Version      string
}

// maxExport is how many entries one file may have.
const maxExport = 500_000

// voucher is what becomes a #VER.
type voucher struct {
	date     string
	text     string
	number   int64 // of its first entry
	postings []Posting
}

// SIE writes entries as a file of type SIE 4I, the Swedish format for vouchers that are made outside of the
// books: code page 437, one #VER for each voucher. Invalid when they have several currencies and none is asked
// for, or one in which no books are kept, or when an account has no number.
func (l *Ledger) SIE(ctx context.Context, w io.Writer, x Export) error {
	chart, err := l.Chart(ctx)
	if err != nil {
		return err
	}
	vouchers, currency, err := l.vouchers(ctx, x)
	if err != nil {
		return err
	}
	used := map[string]LedgerNumber{}
	for _, v := range vouchers {
		for _, p := range v.postings {
			n, ok := chart.Of(p.Account)
			if !ok {
				return gnista.Invalidf("accounts", "%s %s has no number in the chart of accounts; give it one with PUT /ledger/accounts", p.Account.Kind, p.Account.Party)
			}
			if _, there := used[n.Number]; !there {
				used[n.Number] = n
			}
		}
	}
	digits, err := tariff.Digits(currency)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(charmap.CodePage437.NewEncoder().Writer(w))
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\r\n", args...) }
	line("#FLAGGA 0")
	line("#PROGRAM %s %s", quoted(x.Program), quoted(x.Version))
	line("#FORMAT PC8")
	line("#GEN %s", l.Now().In(x.Zone).Format("20060102"))
	line("#SIETYP 4")
	if x.Number != "" {
		line("#ORGNR %s", quoted(x.Number))
	}
	line("#FNAMN %s", quoted(x.Company))
	line("#VALUTA %s", currency)
	for _, n := range slices.SortedFunc(maps.Values(used), func(a, b LedgerNumber) int { return cmp.Compare(a.Number, b.Number) }) {
		line("#KONTO %s %s", n.Number, quoted(n.Name))
	}
	for _, v := range vouchers {
		line("#VER %s %d %s %s", quoted("G"), v.number, v.date, quoted(v.text))
		line("{")
		for _, p := range v.by(chart) {
			line("#TRANS %s {} %s", p.Account.Party, major(p.Amount, digits))
		}
		line("}")
	}
	return b.Flush()
}

// vouchers reads the entries of an export, and tells their currency.
func (l *Ledger) vouchers(ctx context.Context, x Export) (list []*voucher, currency string, err error) {
	switch x.Currency {
	case "", "SEK", "EUR":
	default:
		return nil, "", gnista.Invalidf("currency", "%q is not SEK or EUR, in which Swedish books are kept", x.Currency)
	}
	currency = x.Currency
	sums := map[string]*voucher{}
	f := EntryFilter{Currency: x.Currency, Since: x.Since, Until: x.Until, After: -1, Limit: 1000}
	for n := 0; ; {
		entries, err := l.Store.Entries(ctx, f)
		if err != nil {
			return nil, "", err
		}
		for _, e := range entries {
			f.After = e.Number
			if currency == "" {
				currency = e.Currency
			}
			if e.Currency != currency {
				return nil, "", gnista.Invalidf("currency", "is to be given: there are entries in %s and %s, and a file has those of one", currency, e.Currency)
			}
			date := e.At.In(x.Zone).Format("20060102")
			if !x.Daily {
				list = append(list, &voucher{date, e.TextIn("sv"), e.Number, e.Postings})
				continue
			}
			key := date + string(e.Cause.Kind)
			v := sums[key]
			if v == nil {
				v = &voucher{date: date, text: "Gnista: " + e.Cause.Kind.swedish(), number: e.Number}
				sums[key], list = v, append(list, v)
			}
			v.add(e.Postings)
		}
		if n += len(entries); n > maxExport {
			return nil, "", gnista.Invalidf("until", "leaves more than %d entries; ask for less time", maxExport)
		}
		if len(entries) < f.Limit {
			break
		}
	}
	if currency == "" {
		currency = "SEK"
	}
	if currency != "SEK" && currency != "EUR" {
		return nil, "", gnista.Invalidf("currency", "of the entries is %s, in which Swedish books are not kept", currency)
	}
	return list, currency, nil
}

// add adds postings to those on the same accounts.
func (v *voucher) add(list []Posting) {
	for _, p := range list {
		i := slices.IndexFunc(v.postings, func(have Posting) bool { return have.Account == p.Account })
		if i < 0 {
			v.postings = append(v.postings, p)
			continue
		}
		v.postings[i].Amount += p.Amount
	}
}

// by is the postings with the numbers of a chart as their accounts' parties, one for each number.
func (v *voucher) by(c Chart) []Posting {
	var sums voucher
	for _, p := range v.postings {
		n, _ := c.Of(p.Account)
		sums.add([]Posting{{LedgerAccount{Party: n.Number}, p.Amount}})
	}
	return sums.postings
}

// major is an amount in major units, as SIE has it.
func major(amount int64, digits int) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	if digits == 0 {
		return fmt.Sprintf("%s%d", sign, amount)
	}
	text := fmt.Sprintf("%0*d", digits+1, amount)
	return sign + text[:len(text)-digits] + "." + text[len(text)-digits:]
}

// quoted is a text of a SIE file: without control characters, a quotation mark with a backslash before it.
// What the code page lacks is written without its marks, or as a question mark.
func quoted(s string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range norm.NFC.String(s) {
		switch {
		case r < ' ' || r == 0x7f:
			out.WriteByte(' ')
		case r == '"':
			out.WriteString(`\"`)
		case r == '\\': // at the end it would take the quotation mark with it
			out.WriteByte('/')
		default:
			out.WriteString(encodable(r))
		}
	}
	out.WriteByte('"')
	return out.String()
}

func encodable(r rune) string {
	if _, ok := charmap.CodePage437.EncodeRune(r); ok {
		return string(r)
	}
	plain, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
	if _, ok := charmap.CodePage437.EncodeRune(plain); ok {
		return string(plain)
	}
	return "?"
}
