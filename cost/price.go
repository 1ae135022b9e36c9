package cost

import (
	"cmp"
	"math/big"
	"slices"
	"time"

	"gnista/tariff"
)

// Price is what charging costs at one moment, VAT included. What is nil costs nothing.
type Price struct {
	KWh, Hour, Start *big.Rat
	Idle             *big.Rat // for each hour
	Grace            time.Duration
}

func (p Price) equal(q Price) bool {
	same := func(a, b *big.Rat) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }
	return same(p.KWh, q.KWh) && same(p.Hour, q.Hour) && same(p.Start, q.Start) && same(p.Idle, q.Idle) && p.Grace == q.Grace
}

// Later is a price that holds from a time on.
type Later struct {
	At time.Time
	Price
}

// priceAt is what a version says of a moment in local time. What depends on how a transaction goes is
// taken as it is at its beginning.
func priceAt(v tariff.Version, local time.Time) (p Price) {
	seen := map[tariff.Dimension]bool{}
	for _, e := range v.Elements {
		if seen[e.Dimension] || !holdsAt(e.When, local) || e.When.Expired != nil || positive(e.When.MinWh) || positive(e.When.MinTime) || positive(e.When.MinW) || positive(e.When.MinMilliA) {
			continue
		}
		seen[e.Dimension] = true
		price := e.Price.Rat()
		if v.Net {
			whole := new(big.Rat).Add(big.NewRat(100, 1), e.VAT.Rat())
			price = price.Mul(price, whole.Quo(whole, big.NewRat(100, 1)))
		}
		hour := new(big.Rat).Set(price)
		if !e.PerHour {
			hour.Mul(hour, big.NewRat(60, 1))
		}
		switch e.Dimension {
		case tariff.Energy:
			p.KWh = price
		case tariff.Time:
			p.Hour = hour
		case tariff.Start:
			p.Start = price
		case tariff.Idle:
			p.Idle, p.Grace = hour, e.Grace
		}
	}
	return p
}

func positive(n *int64) bool { return n != nil && *n > 0 }

// holdsAt tells whether a restriction lets a price hold at a moment in local time, as far as that is told
// by the calendar and the clock.
func holdsAt(r tariff.Restriction, local time.Time) bool {
	date := local.Format(time.DateOnly)
	if r.Since != "" && date < r.Since || r.Until != "" && date >= r.Until || len(r.Weekdays) > 0 && !slices.Contains(r.Weekdays, local.Weekday()) {
		return false
	}
	clock, from, to := local.Format("15:04"), cmp.Or(r.From, "00:00"), cmp.Or(r.To, "24:00")
	if to == "00:00" {
		to = "24:00"
	}
	if to <= from { // past midnight
		return clock >= from || clock < to
	}
	return clock >= from && clock < to
}

// horizon is how far ahead another price is looked for.
const horizon = 24 * time.Hour

// nextPrice is the next price that is another than that of now, and when it begins; nil where the price
// stays. The times of change are those of the restrictions, and midnights.
func nextPrice(v tariff.Version, local time.Time) *Later {
	now := priceAt(v, local)
	clocks := []string{"00:00"}
	for _, e := range v.Elements {
		for _, clock := range []string{e.When.From, e.When.To} {
			if clock != "" {
				clocks = append(clocks, clock)
			}
		}
	}
	var times []time.Time
	for day := range 2 {
		y, m, d := local.AddDate(0, 0, day).Date()
		for _, clock := range clocks {
			if t, err := time.Parse("15:04", clock); err == nil {
				if at := time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, local.Location()); at.After(local) && at.Before(local.Add(horizon)) {
					times = append(times, at)
				}
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	for _, at := range times {
		if p := priceAt(v, at); !p.equal(now) {
			return &Later{at.UTC(), p}
		}
	}
	return nil
}
