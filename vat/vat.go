// Package vat knows VAT numbers of the European Union: whether one can be one, and whose it is where a register
// can be asked.
package vat

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"gnista"
)

// Company is who has a VAT number.
type Company struct {
	Name       string `json:"name"`
	Address    string `json:"address"`
	Address2   string `json:"address2,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	City       string `json:"city"`
	Country    string `json:"country"`
}

// Register knows companies by their VAT numbers.
type Register interface {
	// Company finds who has a number, in the form of [Clean]; the zero Company where it is somebody's and the
	// register does not say whose. NotFound when it is nobody's.
	Company(ctx context.Context, number string) (Company, error)
}

// shapes are what follows the letters of a country: those of the member states, and of Northern Ireland.
var shapes = sync.OnceValue(func() map[string]*regexp.Regexp {
	m := map[string]*regexp.Regexp{}
	for country, shape := range map[string]string{
		"AT": `U\d{8}`, "BE": `[01]\d{9}`, "BG": `\d{9,10}`, "CY": `\d{8}[A-Z]`, "CZ": `\d{8,10}`, "DE": `[1-9]\d{8}`, "DK": `\d{8}`, "EE": `\d{9}`, "EL": `\d{9}`, "ES": `[A-Z0-9]\d{7}[A-Z0-9]`,
		"FI": `\d{8}`, "FR": `[A-HJ-NP-Z0-9]{2}\d{9}`, "HR": `\d{11}`, "HU": `\d{8}`, "IE": `(\d{7}[A-Z]{1,2}|\d[A-Z+*]\d{5}[A-Z])`, "IT": `\d{11}`, "LT": `(\d{9}|\d{12})`, "LU": `\d{8}`, "LV": `\d{11}`,
		"MT": `\d{8}`, "NL": `\d{9}B\d{2}`, "PL": `\d{10}`, "PT": `\d{9}`, "RO": `\d{2,10}`, "SE": `\d{10}01`, "SI": `\d{8}`, "SK": `\d{10}`, "XI": `(\d{9}|\d{12}|(GD|HA)\d{3})`,
	} {
		m[country] = regexp.MustCompile(`^` + shape + `$`)
	}
	return m
})

// Clean is a number without what people put between its parts, in capitals.
func Clean(number string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '.', '\t':
			return -1
		}
		return r
	}, strings.ToUpper(number))
}

// Check checks whether a number in the form of [Clean] can be one: its country, its shape, and in Sweden its check
// digit. Invalid.
func Check(number string) error {
	if len(number) < 4 {
		return gnista.Invalidf("vatNumber", "is too short")
	}
	country, rest := number[:2], number[2:]
	shape, ok := shapes()[country]
	switch {
	case !ok:
		return gnista.Invalidf("vatNumber", "%q is no country of the European Union", country)
	case !shape.MatchString(rest):
		return gnista.Invalidf("vatNumber", "is not what one of %s looks like", country)
	case country == "SE" && !checked(rest[:10]):
		return gnista.Invalidf("vatNumber", "has another check digit")
	}
	return nil
}

// checked tells whether the last of ten digits is the check digit of those before it, as Swedish numbers have it.
func checked(digits string) bool {
	sum := 0
	for i := range digits {
		n := int(digits[i] - '0')
		if i%2 == 0 {
			n *= 2
		}
		sum += n/10 + n%10
	}
	return sum%10 == 0
}

// Numbers answers for numbers.
type Numbers struct {
	Register Register // nil is none: then a number is good when it can be one
	Now      func() time.Time

	mu    sync.Mutex
	known map[string]answer
}

type answer struct {
	company Company
	nobody  error
	until   time.Time
}

// How long is waited for a register, since a driver and a station wait, and how long its answers hold.
const (
	askTime  = 5 * time.Second
	holds    = 24 * time.Hour
	maxKnown = 10_000
)

// Company finds who has a number, however it is written. A register that cannot be asked makes no number a wrong
// one: nothing is said of whose it is then. Invalid, NotFound.
func (n *Numbers) Company(ctx context.Context, number string) (Company, error) {
	number = Clean(number)
	if err := Check(number); err != nil || n.Register == nil {
		return Company{}, err
	}
	now := n.Now()
	n.mu.Lock()
	a, ok := n.known[number]
	n.mu.Unlock()
	if ok && now.Before(a.until) {
		return a.company, a.nobody
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	c, err := n.Register.Company(ctx, number)
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return Company{}, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil || len(n.known) >= maxKnown {
		n.known = map[string]answer{}
	}
	n.known[number] = answer{c, err, now.Add(holds)}
	return c, err
}
