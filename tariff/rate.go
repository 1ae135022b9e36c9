package tariff

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"gnista"
)

// Policy names the way of rounding that bills are made with, so that an old bill can be checked: the
// amount of each line is rounded half up to the minor unit, and VAT is taken out of the sum of the
// lines of one rate, rounded half up.
const Policy = "line-half-up-1"

// Usage is what is to be paid for.
type Usage struct {
	EnergyWh int64
	Periods  []Period
}

// Period is a stretch of time.
type Period struct {
	From, To time.Time
	Idle     bool
}

// Bill is what a usage costs.
type Bill struct {
	Lines []Line
	VAT   []VATSum // by rate, the lowest first
	Net   gnista.Money
	Tax   gnista.Money
	Total gnista.Money
}

// Line is one price times one quantity.
type Line struct {
	Dimension Dimension
	Quantity  int64   // Wh of Energy, whole seconds of Time and Idle, 1 of Start
	Free      int64   // so much of the quantity costs nothing
	Price     Decimal // for 1 kWh, 1 minute, 1 start; VAT included
	VAT       Decimal // percent
	Amount    int64   // minor units, VAT included
}

// VATSum is the VAT of all lines of one rate, in minor units: Gross = Net + VAT.
type VATSum struct {
	Rate            Decimal
	Net, VAT, Gross int64
}

// maxAmount is the most that a line can come to, in minor units: the sum of all lines must be an int64.
const maxAmount = 1 << 60

// Rate makes the bill for a usage by a version. It depends on nothing else. Invalid when an amount is
// too large, which the limits of prices and energy rule out.
func Rate(v Version, u Usage) (Bill, error) {
	digits, err := Digits(v.Currency)
	if err != nil {
		return Bill{}, err
	}
	minor := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	var charging, idle time.Duration
	for _, p := range u.Periods {
		if p.Idle {
			idle += p.To.Sub(p.From)
		} else {
			charging += p.To.Sub(p.From)
		}
	}
	b := Bill{}
	gross := map[Decimal]int64{}
	for _, e := range v.Elements {
		l := Line{Dimension: e.Dimension, Price: e.Price, VAT: e.VAT}
		var per int64 // quantity that the price is for
		switch e.Dimension {
		case Energy:
			l.Quantity, per = u.EnergyWh, 1000
		case Time:
			l.Quantity, per = int64(charging/time.Second), 60
		case Idle:
			l.Quantity, per = int64(idle/time.Second), 60
			l.Free = min(l.Quantity, int64(e.Grace/time.Second))
		case Start:
			l.Quantity, per = 1, 1
		default:
			return Bill{}, fmt.Errorf("a tariff has the dimension %q", e.Dimension)
		}
		exact := new(big.Rat).Mul(e.Price.Rat(), big.NewRat(l.Quantity-l.Free, per))
		if exact.Mul(exact, minor).Cmp(big.NewRat(maxAmount, 1)) > 0 {
			return Bill{}, gnista.Errorf(gnista.Invalid, "%d of %s for %s each cost more than can be billed", l.Quantity, e.Dimension, e.Price)
		}
		l.Amount = halfUp(exact)
		if l.Quantity == 0 {
			continue
		}
		b.Lines = append(b.Lines, l)
		gross[l.VAT.shortest()] += l.Amount
	}
	b.sum(v.Currency, gross)
	return b, nil
}

func (b *Bill) sum(currency string, gross map[Decimal]int64) {
	b.Net.Currency, b.Tax.Currency, b.Total.Currency = currency, currency, currency
	for rate, amount := range gross {
		r := rate.Rat()
		share := new(big.Rat).Quo(r, new(big.Rat).Add(r, big.NewRat(100, 1)))
		tax := halfUp(share.Mul(share, new(big.Rat).SetInt64(amount)))
		b.VAT = append(b.VAT, VATSum{Rate: rate, Net: amount - tax, VAT: tax, Gross: amount})
		b.Net.Amount += amount - tax
		b.Tax.Amount += tax
		b.Total.Amount += amount
	}
	slices.SortFunc(b.VAT, func(a, b VATSum) int { return a.Rate.Rat().Cmp(b.Rate.Rat()) })
}

// halfUp rounds a number that is not negative.
func halfUp(x *big.Rat) int64 {
	twice := new(big.Int).Lsh(x.Num(), 1)
	twice.Add(twice, x.Denom())
	return twice.Div(twice, new(big.Int).Lsh(x.Denom(), 1)).Int64()
}
