package checkout

import (
	"math"
	"net/url"
	"strconv"
	"time"

	"gnista"
	"gnista/tariff"
)

// Wish is what a driver wants at the most of a charge; 0 is no limit. The charge is ordered to end when the meter says
// that it has come to it.
type Wish struct {
	Wh   int64
	For  time.Duration // in whole seconds
	Cost int64         // in minor units of the amount of the checkout
}

// The names in the addresses of codes that stations show.
const (
	maxEnergy = "maxenergy"
	maxTime   = "maxtime"
	maxCost   = "maxcost"
)

// Wishes reads what a driver has chosen at a station before scanning its code: the most energy in Wh, time in seconds,
// and cost in a currency. What else there is in an address says nothing. Invalid.
// (OCPP 2.1 C25.FR.56, C25.FR.57, C25.FR.58, C25.FR.59, C25.FR.60)
func Wishes(query url.Values, currency string) (w Wish, err error) {
	digits, err := tariff.Digits(currency)
	if err != nil {
		return w, err
	}
	number := func(name string, most, scale float64) int64 {
		least := math.Inf(1)
		for _, text := range query[name] {
			f, bad := strconv.ParseFloat(text, 64)
			if bad != nil || math.IsNaN(f) || f <= 0 || f > most {
				err = gnista.Invalidf(name, "is no number that makes sense")
				return 0
			}
			least = min(least, f)
		}
		if math.IsInf(least, 1) {
			return 0
		}
		return max(1, int64(math.Floor(least*scale+1e-6)))
	}
	w = Wish{
		Wh: number(maxEnergy, 1e8, 1), For: time.Duration(number(maxTime, 366*24*3600, 1)) * time.Second, Cost: number(maxCost, 1e8, math.Pow10(digits)),
	}
	return w, err
}

// Wished are the parts of an address that are read by [Wishes], encoded.
func Wished(query url.Values) string {
	only := url.Values{}
	for _, name := range []string{maxEnergy, maxTime, maxCost} {
		if query.Has(name) {
			only[name] = query[name]
		}
	}
	return only.Encode()
}

// reached tells whether what flowed and what it costs has come to what was wished.
func (w Wish) reached(wh, cost int64) bool {
	return w.Wh > 0 && wh >= w.Wh || w.Cost > 0 && cost >= w.Cost
}

// by is when the time is over that was wished; zero is never.
func (w Wish) by(began time.Time) time.Time {
	if w.For == 0 {
		return time.Time{}
	}
	return began.Add(w.For)
}

// check refuses what makes no sense. Invalid.
func (w Wish) check() error {
	for name, x := range map[string]int64{"wish.energyWh": w.Wh, "wish.seconds": int64(w.For / time.Second), "wish.cost": w.Cost} {
		if x < 0 || x > 1e10 {
			return gnista.Invalidf(name, "is no number that makes sense")
		}
	}
	return nil
}
