// Package ocpi reads and writes tariffs as roaming partners exchange them: the Tariff object of OCPI
// 2.2.1 and 2.3.0. What one side has no place for is told, never dropped in silence.
//
// An element of OCPI has several prices under one restriction, and of each dimension the first that
// holds counts; so does the first of our elements, each of which has one price. A price that has no VAT
// has one of 0 % here.
package ocpi

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"gnista"
	"gnista/tariff"
)

// Version is a version of OCPI.
type Version string

// The versions that are read and written.
const (
	V221 Version = "2.2.1"
	V230 Version = "2.3.0"
)

func (v Version) check() error {
	if v != V221 && v != V230 {
		return gnista.Invalidf("version", "%q is not %s or %s", v, V221, V230)
	}
	return nil
}

// wireTariff is the object Tariff of either version.
type wireTariff struct {
	CountryCode  string          `json:"country_code,omitempty"`
	PartyID      string          `json:"party_id,omitempty"`
	ID           string          `json:"id"`
	Currency     string          `json:"currency"`
	Type         string          `json:"type,omitempty"`
	AltText      []wireText      `json:"tariff_alt_text,omitempty"`
	AltURL       string          `json:"tariff_alt_url,omitempty"`
	Min          *wireLimit      `json:"min_price,omitempty"`
	Max          *wireLimit      `json:"max_price,omitempty"`
	Preauthorize *json.Number    `json:"preauthorize_amount,omitempty"` // 2.3.0
	Elements     []wireElement   `json:"elements"`
	TaxIncluded  string          `json:"tax_included,omitempty"` // 2.3.0
	Start        *instant        `json:"start_date_time,omitempty"`
	End          *instant        `json:"end_date_time,omitempty"`
	EnergyMix    json.RawMessage `json:"energy_mix,omitempty"`
	Updated      *instant        `json:"last_updated,omitempty"`
}

type wireText struct {
	Language string `json:"language"`
	Text     string `json:"text"`
}

// wireLimit is Price of 2.2.1 and PriceLimit of 2.3.0.
type wireLimit struct {
	Net    *json.Number `json:"excl_vat,omitempty"`
	Gross  *json.Number `json:"incl_vat,omitempty"`
	Before *json.Number `json:"before_taxes,omitempty"`
	After  *json.Number `json:"after_taxes,omitempty"`
}

type wireElement struct {
	Components   []wireComponent   `json:"price_components"`
	Restrictions *wireRestrictions `json:"restrictions,omitempty"`
}

type wireComponent struct {
	Type  string       `json:"type"`
	Price *json.Number `json:"price"`
	VAT   *json.Number `json:"vat,omitempty"`
	Step  int64        `json:"step_size"`
}

type wireRestrictions struct {
	From        string       `json:"start_time,omitempty"`
	To          string       `json:"end_time,omitempty"`
	Since       string       `json:"start_date,omitempty"`
	Until       string       `json:"end_date,omitempty"`
	MinKWh      *json.Number `json:"min_kwh,omitempty"`
	MaxKWh      *json.Number `json:"max_kwh,omitempty"`
	MinA        *json.Number `json:"min_current,omitempty"`
	MaxA        *json.Number `json:"max_current,omitempty"`
	MinKW       *json.Number `json:"min_power,omitempty"`
	MaxKW       *json.Number `json:"max_power,omitempty"`
	MinDuration *int64       `json:"min_duration,omitempty"`
	MaxDuration *int64       `json:"max_duration,omitempty"`
	Weekdays    []string     `json:"day_of_week,omitempty"`
	Reservation string       `json:"reservation,omitempty"`
}

// The words of reservations.
const (
	reservation = "RESERVATION"         // of any, used or not
	expires     = "RESERVATION_EXPIRES" // of one that nobody used
)

// taxes are the words of tax_included.
const (
	taxYes  = "YES"
	taxNo   = "NO"
	taxNone = "N/A"
)

// instant is a time, in UTC where it does not say its zone.
type instant struct{ time.Time }

func (t *instant) UnmarshalJSON(text []byte) (err error) {
	s := strings.Trim(string(text), `"`)
	if t.Time, err = time.Parse(time.RFC3339, s); err != nil {
		if t.Time, err = time.ParseInLocation("2006-01-02T15:04:05", s, time.UTC); err != nil {
			err = fmt.Errorf("%s is no time, like \"2026-12-24T18:00:00Z\"", text)
		}
	}
	return err
}

// losses collect what is lost.
type losses []tariff.Loss

func (l *losses) add(kept bool, field, format string, args ...any) {
	*l = append(*l, tariff.Loss{Field: field, Kept: kept, Detail: fmt.Sprintf(format, args...)})
}

// maxDigits is how many decimals a price has at the most.
const maxDigits = 6

// decimal writes a number that is not negative with at most so many decimals; exact is whether that is
// the number.
func decimal(x *big.Rat, digits int) (d string, exact bool) {
	s := x.FloatString(digits)
	if strings.Contains(s, ".") {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	have, _ := new(big.Rat).SetString(s)
	return s, have.Cmp(x) == 0
}

// withVAT is what an amount is to be multiplied by to include VAT.
func withVAT(percent tariff.Decimal) *big.Rat {
	hundred := big.NewRat(100, 1)
	return new(big.Rat).Quo(new(big.Rat).Add(hundred, percent.Rat()), hundred)
}

// rates are the lowest and the highest VAT of the elements.
func rates(elements []tariff.Element) (low, high tariff.Decimal) {
	for i, e := range elements {
		if i == 0 || e.VAT.Rat().Cmp(low.Rat()) < 0 {
			low = e.VAT
		}
		if i == 0 || e.VAT.Rat().Cmp(high.Rat()) > 0 {
			high = e.VAT
		}
	}
	return low, high
}
