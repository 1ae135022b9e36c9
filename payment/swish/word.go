package swish

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"gnista/payment"
)

const currency = "SEK"

// decimal is an amount in öre as Swish takes it.
func decimal(öre int64) string { return fmt.Sprintf("%d.%02d", öre/100, öre%100) }

// amount is one as Swish tells it: a number of kronor, which may be in quotes.
type amount struct{ minor int64 }

func (a amount) öre() int64 { return a.minor }

// UnmarshalJSON reads kronor exactly.
func (a *amount) UnmarshalJSON(text []byte) error {
	var n json.Number
	if err := json.Unmarshal([]byte(strings.Trim(string(text), `"`)), &n); err != nil {
		return fmt.Errorf("%q is no amount", text)
	}
	whole, part, _ := strings.Cut(n.String(), ".")
	part = strings.TrimRight(part, "0")
	if len(part) > 2 {
		return fmt.Errorf("%q is no amount in öre", text)
	}
	minor, err := strconv.ParseUint(whole+(part + "00")[:2], 10, 62)
	if err != nil {
		return fmt.Errorf("%q is no amount", text)
	}
	a.minor = int64(minor)
	return nil
}

// reference is our id of a payment as far as Swish takes it.
func reference(id string) string {
	var b strings.Builder
	for _, r := range id {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) && b.Len() < 35 {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// message is a text as Swish takes it: 50 characters of letters, digits and some others.
func message(text string) string {
	var out []rune
	for _, r := range strings.Join(strings.Fields(text), " ") {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzåäöABCDEFGHIJKLMNOPQRSTUVWXYZÅÄÖ0123456789 :;.,?!()-", r) && len(out) < 50 {
			out = append(out, r)
		}
	}
	return strings.TrimSpace(string(out))
}

// phone is a phone number as Swish takes it, with the country and nothing before that; one without a country is
// Swedish.
func phone(text string) (string, error) {
	n := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(text)
	switch {
	case n == "":
		return "", nil
	case strings.HasPrefix(n, "+"):
		n = n[1:]
	case strings.HasPrefix(n, "00"):
		n = n[2:]
	case strings.HasPrefix(n, "0"):
		n = "46" + n[1:]
	}
	if len(n) < 8 || len(n) > 15 || n[0] == '0' || strings.Trim(n, "0123456789") != "" {
		return "", &payment.DeclinedError{Code: "BE18", Customer: true}
	}
	return n, nil
}

// word is a code of Swish, and nothing else that may be in its place.
func word(code string) string {
	if len(code) > 24 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return "unreadable"
	}
	return code
}
