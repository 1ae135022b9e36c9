package tariff

import (
	"cmp"
	"math/big"
	"slices"
)

// sums are the amounts of each rate of VAT, in the order in which they came.
type sums []rateSum

type rateSum struct {
	rate   Decimal // in its shortest form
	amount int64
}

func (s *sums) add(rate Decimal, amount int64) {
	rate = rate.shortest()
	i := slices.IndexFunc(*s, func(x rateSum) bool { return x.rate == rate })
	if i < 0 {
		*s = append(*s, rateSum{rate, amount})
		return
	}
	(*s)[i].amount += amount
}

func (s sums) total() (sum int64) {
	for _, x := range s {
		sum += x.amount
	}
	return sum
}

// limit changes the sums, in proportion, so that they add up to a limit, and returns the lines that say so.
func (s sums) limit(of Dimension, price Decimal, limit int64) []Line {
	total := s.total()
	parts := make([]*big.Rat, len(s))
	for i, x := range s {
		switch {
		case total > 0:
			parts[i] = new(big.Rat).Mul(big.NewRat(x.amount, total), new(big.Rat).SetInt64(limit))
		case i == 0:
			parts[i] = new(big.Rat).SetInt64(limit)
		default:
			parts[i] = new(big.Rat)
		}
	}
	var lines []Line
	for i, to := range apportion(limit, parts) {
		if to != s[i].amount {
			lines = append(lines, Line{Dimension: of, Price: price, VAT: s[i].rate, Amount: to - s[i].amount})
			s[i].amount = to
		}
	}
	return lines
}

// apportion rounds the parts of a total so that they add up to it: down, but for the units that are then
// left, which go to where most was dropped, the first before the others.
func apportion(total int64, parts []*big.Rat) []int64 {
	if len(parts) == 0 {
		return nil
	}
	whole, dropped, order := make([]int64, len(parts)), make([]*big.Rat, len(parts)), make([]int, len(parts))
	left := total
	for i, p := range parts {
		floor := new(big.Int).Div(p.Num(), p.Denom()) // Euclidean, which is down
		whole[i], order[i] = floor.Int64(), i
		dropped[i] = new(big.Rat).Sub(p, new(big.Rat).SetInt(floor))
		left -= whole[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Or(dropped[b].Cmp(dropped[a]), cmp.Compare(a, b)) })
	for _, i := range order {
		if left <= 0 {
			break
		}
		whole[i]++
		left--
	}
	whole[order[0]] += left
	return whole
}

func (b *Bill) sum(currency string, rates sums) {
	b.Net.Currency, b.Tax.Currency, b.Total.Currency = currency, currency, currency
	hundred := big.NewRat(100, 1)
	for _, x := range rates {
		s := VATSum{Rate: x.rate}
		rate, of := x.rate.Rat(), hundred
		if !b.NetPrices {
			of = new(big.Rat).Add(hundred, rate)
		}
		s.VAT = halfUp(new(big.Rat).Mul(new(big.Rat).Quo(rate, of), new(big.Rat).SetInt64(x.amount)))
		if b.NetPrices {
			s.Net, s.Gross = x.amount, x.amount+s.VAT
		} else {
			s.Net, s.Gross = x.amount-s.VAT, x.amount
		}
		b.VAT = append(b.VAT, s)
		b.Net.Amount += s.Net
		b.Tax.Amount += s.VAT
		b.Total.Amount += s.Gross
	}
	slices.SortFunc(b.VAT, func(a, b VATSum) int { return a.Rate.Rat().Cmp(b.Rate.Rat()) })
}

// halfUp rounds a number that is not negative.
func halfUp(x *big.Rat) int64 {
	twice := new(big.Int).Lsh(x.Num(), 1)
	twice.Add(twice, x.Denom())
	return twice.Div(twice, new(big.Int).Lsh(x.Denom(), 1)).Int64()
}

// Nets are the amounts of the lines without VAT, in minor units. Those of one rate add up to its net sum.
func (b Bill) Nets() []int64 {
	nets := make([]int64, len(b.Lines))
	hundred := big.NewRat(100, 1)
	for _, s := range b.VAT {
		var own []int // the lines of the rate
		var parts []*big.Rat
		share := big.NewRat(1, 1)
		if !b.NetPrices {
			share.Quo(hundred, new(big.Rat).Add(hundred, s.Rate.Rat()))
		}
		for i, l := range b.Lines {
			if l.VAT.shortest() == s.Rate.shortest() {
				own, parts = append(own, i), append(parts, new(big.Rat).Mul(share, new(big.Rat).SetInt64(l.Amount)))
			}
		}
		for i, n := range apportion(s.Net, parts) {
			nets[own[i]] = n
		}
	}
	return nets
}
