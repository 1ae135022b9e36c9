package power

import (
	"math"
	"strconv"
	"strings"

	"gnista"
)

// Milli is an exact decimal number in thousandths: of A, W, V, Hz, s or percent. As JSON it is the
// number itself, as in 16.1.
type Milli int64

// maxMilli is the greatest number, either way: a gigawatt. So a float has room for each exactly.
const maxMilli = 1_000_000_000_000

// ParseMilli reads a decimal number with at most three decimals. Invalid.
func ParseMilli(s string) (Milli, error) {
	bad := func(why string) (Milli, error) { return 0, gnista.Errorf(gnista.Invalid, "%q %s", shortened(s), why) }
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || point && fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return bad("is not a plain decimal number")
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > 3 {
		return bad("has more than three decimals")
	}
	n, err := strconv.ParseInt(whole+(fraction + "000")[:3], 10, 64)
	if err != nil || n > maxMilli {
		return bad("is too large")
	}
	if negative {
		n = -n
	}
	return Milli(n), nil
}

func shortened(s string) string {
	if len(s) > 30 {
		return strings.ToValidUTF8(s[:30], "") + "…"
	}
	return s
}

func (m Milli) String() string {
	sign, n := "", int64(m)
	if n < 0 {
		sign, n = "-", -n
	}
	s := sign + strconv.FormatInt(n/1000, 10)
	if f := n % 1000; f != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(1000+f, 10)[1:], "0")
	}
	return s
}

// MarshalJSON writes the number.
func (m Milli) MarshalJSON() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalJSON reads a number.
func (m *Milli) UnmarshalJSON(text []byte) error {
	s := string(text)
	if s == "null" {
		return nil
	}
	if x, err := strconv.ParseFloat(s, 64); err == nil && strings.ContainsAny(s, "eE") { // 1e3 is a number too
		s = strconv.FormatFloat(x, 'f', -1, 64)
	}
	n, err := ParseMilli(s)
	if err == nil {
		*m = n
	}
	return err
}

// Float is the number as floats can say it: the nearest one, which is written as the number is.
func (m Milli) Float() float64 { return float64(m) / 1000 }

// Nearest is the number nearest to a float; what is no number, or too large, is false.
func Nearest(x float64) (m Milli, ok bool) {
	n := math.Round(x * 1000)
	if !(math.Abs(n) <= maxMilli) {
		return 0, false
	}
	return Milli(n), true
}

// tenth tells whether the number is a multiple of 0.1, as limits on the wire are.
func (m Milli) tenth() bool { return m%100 == 0 }
