package tariff_test

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/tariff"
)

func TestRate(t *testing.T) {
	start := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC) // the night of a change to summer time
	usage := func(wh int64, charging, idle time.Duration) tariff.Usage {
		return tariff.Usage{Start: start, Segments: []tariff.Segment{
			{From: start, To: start.Add(charging), Kind: tariff.Charging, EnergyMWh: wh * 1000},
			{From: start.Add(charging), To: start.Add(charging + idle), Kind: tariff.Idling},
		}}
	}
	element := func(d tariff.Dimension, price, vat tariff.Decimal) tariff.Element {
		return tariff.Element{Dimension: d, Price: price, VAT: vat}
	}
	f := func(currency string, u tariff.Usage, total, vat int64, elements ...tariff.Element) {
		t.Helper()
		b, err := tariff.Rate(tariff.Version{Currency: currency, Elements: elements}, u)
		if err != nil {
			t.Error(err)
			return
		}
		if b.Total.Amount != total || b.Tax.Amount != vat || b.Net.Amount != total-vat || b.Total.Currency != currency {
			t.Errorf("got %+v, want %d with %d VAT", b, total, vat)
		}
	}
	energy := element(tariff.Energy, "4.95", "25")
	f("SEK", usage(3680, 0, 0), 1822, 364, energy) // 18.216
	f("SEK", usage(10, 0, 0), 5, 1, energy)        // 0.0495
	f("SEK", usage(1, 0, 0), 0, 0, energy)         // 0.00495
	f("SEK", usage(1000, 0, 0), 1, 0, element(tariff.Energy, "0.005", "25"))
	f("SEK", usage(999, 0, 0), 0, 0, element(tariff.Energy, "0.005", "25"))
	f("SEK", usage(3680, 0, 0), 2072, 414, energy, element(tariff.Start, "2.50", "25"))
	f("SEK", usage(0, 90*time.Minute, 0), 900, 180, element(tariff.Time, "0.10", "25"))
	f("SEK", usage(0, time.Second, 0), 0, 0, element(tariff.Time, "0.10", "25"))
	f("SEK", usage(0, 3*time.Second+999*time.Millisecond, 0), 1, 0, element(tariff.Time, "0.10", "25")) // whole seconds: 0.5 öre
	idle := tariff.Element{Dimension: tariff.Idle, Price: "1", VAT: "25", Grace: 10 * time.Minute}
	f("SEK", usage(0, 0, 10*time.Minute), 0, 0, idle)
	f("SEK", usage(0, 0, 10*time.Minute+30*time.Second), 50, 10, idle)
	f("SEK", usage(0, time.Hour, 0), 0, 0, idle)
	f("JPY", usage(2500, 0, 0), 125, 11, element(tariff.Energy, "50", "10")) // no minor unit; 11.36 VAT
	f("EUR", usage(1000, 0, 0), 100, 0, element(tariff.Energy, "1", "0"))
	f("EUR", usage(1000, 0, 0), 150, 14, element(tariff.Energy, "1", "0"), element(tariff.Start, "0.50", "40")) // 14.28… of 50
	// One rate, however it is written: 6 öre have 1 of VAT, three times 2 öre had none.
	f("SEK", usage(1000, time.Minute, 0), 6, 1, element(tariff.Energy, "0.02", "25"), element(tariff.Time, "0.02", "25.0"), element(tariff.Start, "0.02", "025.00"))
	// The most that can be asked for energy that somebody decided on is billed; beyond any sense nothing is.
	most := element(tariff.Energy, "999999999", "0")
	f("KWD", usage(100_000_000, 0, 0), 99_999_999_900_000_000, 0, most)
	if b, err := tariff.Rate(tariff.Version{Currency: "SEK", Elements: []tariff.Element{most}}, usage(1<<52, 0, 0)); gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("got %+v, %v", b, err)
	}
	if _, err := tariff.Rate(tariff.Version{Currency: "XYZW"}, usage(1, 0, 0)); gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("got %v", err)
	}
}

// Whatever the tariff and the usage, the sums hold, nothing is more than half a unit off, and more is
// never cheaper.
func TestRateHoldsTogether(t *testing.T) {
	price := rapid.Custom(func(t *rapid.T) tariff.Decimal {
		return tariff.Decimal(rapid.StringMatching(`[0-9]{1,3}(\.[0-9]{1,5})?`).Draw(t, "price"))
	})
	rapid.Check(t, func(t *rapid.T) {
		var v tariff.Version
		v.Currency = rapid.SampledFrom([]string{"SEK", "EUR", "JPY", "KWD"}).Draw(t, "currency")
		for _, d := range []tariff.Dimension{tariff.Energy, tariff.Time, tariff.Idle, tariff.Start} {
			if rapid.Bool().Draw(t, "has "+string(d)) {
				e := tariff.Element{Dimension: d, Price: price.Draw(t, "price"), VAT: rapid.SampledFrom([]tariff.Decimal{"0", "6", "12", "25", "25.5"}).Draw(t, "VAT")}
				if d == tariff.Idle {
					e.Grace = time.Duration(rapid.IntRange(0, 60).Draw(t, "grace")) * time.Minute
				}
				v.Elements = append(v.Elements, e)
			}
		}
		draw := func(name string) tariff.Usage {
			at := time.Unix(1_700_000_000, 0)
			u := tariff.Usage{Start: at, Segments: []tariff.Segment{{From: at, To: at, Kind: tariff.Charging, EnergyMWh: 1000 * int64(rapid.IntRange(0, 200_000).Draw(t, name+" Wh"))}}}
			for range rapid.IntRange(0, 4).Draw(t, name+" periods") {
				to := at.Add(time.Duration(rapid.IntRange(1, 1e7).Draw(t, "ms")) * time.Millisecond)
				u.Segments = append(u.Segments, tariff.Segment{From: at, To: to, Kind: rapid.SampledFrom([]tariff.Kind{tariff.Charging, tariff.Idling}).Draw(t, "kind")})
				at = to
			}
			return u
		}
		u := draw("first")
		b, err := tariff.Rate(v, u)
		if err != nil {
			t.Fatal(err)
		}
		check(t, v, b)
		more := draw("more")
		more.Segments = append(more.Segments, u.Segments...)
		c, err := tariff.Rate(v, more)
		if err != nil {
			t.Fatal(err)
		}
		if c.Total.Amount < b.Total.Amount {
			t.Fatalf("%+v costs %d and more of it, %+v, only %d", u, b.Total.Amount, more, c.Total.Amount)
		}
	})
}

func check(t *rapid.T, v tariff.Version, b tariff.Bill) {
	digits, err := tariff.Digits(v.Currency)
	if err != nil {
		t.Fatal(err)
	}
	minor := new(big.Rat).SetInt64(map[int]int64{0: 1, 2: 100, 3: 1000}[digits])
	var total, gross, net, vat int64
	for _, l := range b.Lines {
		per := map[tariff.Dimension]int64{tariff.Energy: 1000, tariff.Time: 60, tariff.Idle: 60, tariff.Start: 1}[l.Dimension]
		exact := new(big.Rat).Mul(l.Price.Rat(), big.NewRat(l.Quantity-l.Free, per))
		off := exact.Sub(exact.Mul(exact, minor), new(big.Rat).SetInt64(l.Amount))
		if off.Cmp(big.NewRat(1, 2)) >= 0 || off.Cmp(big.NewRat(-1, 2)) < 0 {
			t.Fatalf("%+v is off by %v", l, off)
		}
		if l.Amount < 0 || l.Free > l.Quantity {
			t.Fatalf("a line is %+v", l)
		}
		total += l.Amount
	}
	for _, s := range b.VAT {
		if s.Net+s.VAT != s.Gross || s.VAT < 0 || s.Net < 0 {
			t.Fatalf("%+v does not add up", s)
		}
		gross, net, vat = gross+s.Gross, net+s.Net, vat+s.VAT
	}
	if b.Total.Amount != total || gross != total || b.Net.Amount != net || b.Tax.Amount != vat || net+vat != total {
		t.Fatalf("%+v does not add up", b)
	}
}
