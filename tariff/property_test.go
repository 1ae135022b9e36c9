package tariff_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/tariff"
)

// drawVersion draws a version that passes [tariff.Version.Check]. A simple one has no bounds of energy, power
// and current, and no steps.
func drawVersion(t *rapid.T, simple bool) tariff.Version {
	dimension := rapid.SampledFrom([]tariff.Dimension{tariff.Energy, tariff.Energy, tariff.Time, tariff.Idle, tariff.Start, tariff.Reservation, tariff.Reserving})
	price := rapid.StringMatching(`[0-9]{1,2}(\.[0-9]{1,4})?`)
	vat := rapid.SampledFrom([]tariff.Decimal{"0", "6", "25", "25.50"})
	clock := func(name string) string {
		return fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, name), 15*rapid.IntRange(0, 3).Draw(t, name))
	}
	bounds := func(name string, most int64) (low, high *int64) {
		if rapid.Bool().Draw(t, name) {
			low = num(rapid.Int64Range(0, most).Draw(t, name))
		}
		if rapid.Bool().Draw(t, name) {
			high = num(rapid.Int64Range(1, most).Draw(t, name))
		}
		return low, high
	}
	v := tariff.Version{Currency: rapid.SampledFrom([]string{"SEK", "EUR", "JPY", "KWD"}).Draw(t, "currency"), Net: rapid.Bool().Draw(t, "net")}
	rest := tariff.Element{Dimension: tariff.Energy, Price: tariff.Decimal(price.Draw(t, "price")), VAT: vat.Draw(t, "VAT")}
	for range rapid.IntRange(0, 6).Draw(t, "elements") {
		e := tariff.Element{Dimension: dimension.Draw(t, "dimension"), Price: tariff.Decimal(price.Draw(t, "price")), VAT: vat.Draw(t, "VAT")}
		timed := e.Dimension == tariff.Time || e.Dimension == tariff.Idle || e.Dimension == tariff.Reservation
		e.PerHour = timed && rapid.Bool().Draw(t, "per hour")
		if e.Dimension == tariff.Idle {
			e.Grace = time.Duration(rapid.IntRange(0, 20).Draw(t, "grace")) * time.Minute
		}
		if !simple && (timed || e.Dimension == tariff.Energy) && rapid.Bool().Draw(t, "has a step") {
			e.Step = rapid.Int64Range(0, 2000).Draw(t, "step")
		}
		w := &e.When
		if rapid.Bool().Draw(t, "by time of day") {
			w.From, w.To = clock("from"), clock("to")
		}
		if rapid.Bool().Draw(t, "by weekday") {
			w.Weekdays = rapid.SliceOfNDistinct(rapid.SampledFrom([]time.Weekday{0, 1, 2, 3, 4, 5, 6}), 1, 6, rapid.ID).Draw(t, "weekdays")
		}
		if rapid.Bool().Draw(t, "by date") {
			w.Since = fmt.Sprintf("2026-03-%02d", rapid.IntRange(27, 30).Draw(t, "since"))
			w.Until = fmt.Sprintf("2026-03-%02d", rapid.IntRange(28, 31).Draw(t, "until"))
		}
		if rapid.Bool().Draw(t, "by duration") {
			w.MinTime, w.MaxTime = bounds("duration", 20_000)
		}
		if !simple && rapid.Bool().Draw(t, "by flow") {
			w.MinWh, w.MaxWh = bounds("energy", 30_000)
			w.MinW, w.MaxW = bounds("power", 22_000)
			w.MinMilliA, w.MaxMilliA = bounds("current", 96_000)
		}
		if (e.Dimension == tariff.Reservation || e.Dimension == tariff.Reserving) && rapid.Bool().Draw(t, "by fate") {
			w.Expired = new(rapid.Bool().Draw(t, "expired"))
		}
		try := v
		try.Elements = append(slices.Clone(v.Elements), e, rest)
		if try.Check() == nil {
			v.Elements = append(v.Elements, e)
		}
	}
	v.Elements = append(v.Elements, rest)
	if err := v.Check(); err != nil {
		t.Fatal(err)
	}
	return v
}

// drawUsage draws a usage around the night in which clocks are set to summer time. Its energy flows at whole
// numbers of Wh in a second, so that it can be cut at each second and no mWh is lost.
func drawUsage(t *rapid.T) tariff.Usage {
	at := time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 30_000).Draw(t, "start")) * time.Second)
	u := tariff.Usage{Zone: stockholm(t)}
	if rapid.Bool().Draw(t, "is reserved") {
		to := at.Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "reserved")) * time.Second)
		u.Segments = append(u.Segments, tariff.Segment{From: at, To: to, Kind: tariff.Reserved})
		at = to
	}
	u.Start = at
	for range rapid.IntRange(0, 8).Draw(t, "segments") {
		seconds := rapid.IntRange(0, 20_000).Draw(t, "seconds")
		to := at.Add(time.Duration(seconds) * time.Second)
		s := tariff.Segment{From: at, To: to, Kind: rapid.SampledFrom([]tariff.Kind{tariff.Charging, tariff.Charging, tariff.Idling, tariff.Waiting}).Draw(t, "kind")}
		if s.Kind != tariff.Idling {
			perSecond := rapid.Int64Range(0, 6).Draw(t, "Wh per second")
			s.EnergyMWh = perSecond * 1000 * int64(seconds)
			s.PowerW, s.MilliA = perSecond*3600, perSecond*3600_000/230
		}
		u.Segments = append(u.Segments, s)
		at = to
	}
	return u
}

func rate(t *rapid.T, v tariff.Version, u tariff.Usage) tariff.Bill {
	b, err := tariff.Rate(v, u)
	if err != nil {
		t.Fatalf("%v: %+v of %+v", err, v, u)
	}
	return b
}

// limited is a version with limits around what it comes to.
func limited(t *rapid.T, v tariff.Version) tariff.Version {
	low, high := rapid.IntRange(0, 300).Draw(t, "min"), rapid.IntRange(0, 300).Draw(t, "max")
	if rapid.Bool().Draw(t, "has min") {
		v.Min = tariff.Decimal(fmt.Sprint(low))
	}
	if rapid.Bool().Draw(t, "has max") {
		v.Max = tariff.Decimal(fmt.Sprint(max(low, high)))
	}
	return v
}

// Wherever a usage is cut, it costs the same, by the same lines.
func TestCutting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, u := limited(t, drawVersion(t, false)), drawUsage(t)
		want := rate(t, v, u)
		cut := u
		cut.Segments = nil
		for _, s := range u.Segments {
			for range rapid.IntRange(0, 3).Draw(t, "cuts") {
				length := int64(s.To.Sub(s.From) / time.Second)
				seconds := rapid.Int64Range(0, length).Draw(t, "cut")
				first := s
				first.To = s.From.Add(time.Duration(seconds) * time.Second)
				if length > 0 {
					first.EnergyMWh = s.EnergyMWh / length * seconds
				}
				cut.Segments = append(cut.Segments, first)
				s.From, s.EnergyMWh = first.To, s.EnergyMWh-first.EnergyMWh
			}
			cut.Segments = append(cut.Segments, s)
		}
		got := rate(t, v, cut)
		for i := range got.Lines {
			got.Lines[i].Estimated = false
		}
		for i := range want.Lines {
			want.Lines[i].Estimated = false
		}
		a, err := json.Marshal(got)
		b, err2 := json.Marshal(want)
		if string(a) != string(b) || err != nil || err2 != nil {
			t.Fatalf("cut it is\n%s, whole it is\n%s", a, b)
		}
	})
}

// Sums hold, limits are kept, and all energy is on lines.
func TestSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, u := limited(t, drawVersion(t, false)), drawUsage(t)
		b := rate(t, v, u)
		checkSums(t, v, b)
		var wh, mWh int64
		for _, l := range b.Lines {
			if l.Dimension == tariff.Energy {
				wh += l.Quantity - l.Added
			}
		}
		for _, s := range u.Segments {
			mWh += s.EnergyMWh
		}
		if wh*1000 != mWh {
			t.Fatalf("%d Wh are billed of %d mWh", wh, mWh)
		}
	})
}

// asPriced is what a bill comes to, without VAT where prices are. With it, what a limit takes or adds goes to
// the rates of what was used until then, so that there is no order among bills of several rates.
func asPriced(b tariff.Bill) int64 {
	if b.NetPrices {
		return b.Net.Amount
	}
	return b.Total.Amount
}

func checkSums(t *rapid.T, v tariff.Version, b tariff.Bill) {
	var lines, net, tax, total int64
	rates := map[tariff.Decimal]int64{}
	nets := map[tariff.Decimal]int64{}
	for i, n := range b.Nets() {
		rate := b.Lines[i].VAT
		if rate == "25.50" {
			rate = "25.5"
		}
		nets[rate] += n
		rates[rate] += b.Lines[i].Amount
		lines += b.Lines[i].Amount
	}
	for _, s := range b.VAT {
		if s.Net+s.VAT != s.Gross || s.Net < 0 || s.VAT < 0 || nets[s.Rate] != s.Net {
			t.Fatalf("%+v does not add up, the lines are %d", s, nets[s.Rate])
		}
		if of := map[bool]int64{true: s.Net, false: s.Gross}[b.NetPrices]; of != rates[s.Rate] {
			t.Fatalf("%+v is not the %d of its lines", s, rates[s.Rate])
		}
		net, tax, total = net+s.Net, tax+s.VAT, total+s.Gross
	}
	if b.Net.Amount != net || b.Tax.Amount != tax || b.Total.Amount != total || net+tax != total || b.NetPrices != v.Net {
		t.Fatalf("%+v does not add up", b)
	}
	sum := asPriced(b)
	digits, _ := tariff.Digits(v.Currency)
	minor := map[int]int64{0: 1, 2: 100, 3: 1000}[digits]
	limit := func(d tariff.Decimal) int64 { return d.Rat().Num().Int64() * minor }
	if lines != sum || v.Min != "" && sum < limit(v.Min) || v.Max != "" && sum > limit(v.Max) {
		t.Fatalf("the lines are %d, the sum is %d, within %s and %s", lines, sum, v.Min, v.Max)
	}
}

// What is shown while a transaction goes on is never more than what it costs in the end, and never less than
// before.
func TestRunning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, u := limited(t, drawVersion(t, false)), drawUsage(t)
		final := asPriced(rate(t, v, u))
		last := int64(0)
		for n := range u.Segments {
			now := u
			now.Open, now.Segments = true, slices.Clone(u.Segments[:n+1])
			s := &now.Segments[n]
			if length := int64(s.To.Sub(s.From) / time.Second); length > 0 {
				seconds := rapid.Int64Range(0, length).Draw(t, "now")
				s.EnergyMWh = s.EnergyMWh / length * seconds
				s.To = s.From.Add(time.Duration(seconds) * time.Second)
			}
			running := asPriced(rate(t, v, now))
			if running < last || running > final {
				t.Fatalf("after %d segments it costs %d, before %d, in the end %d", n+1, running, last, final)
			}
			last = running
		}
	})
}

// More energy and more time cost no less, where no price goes by how much there was.
func TestMoreIsNotCheaper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, u := limited(t, drawVersion(t, true)), drawUsage(t)
		less := asPriced(rate(t, v, u))
		more := u
		more.Segments = slices.Clone(u.Segments)
		for i := range more.Segments {
			if s := &more.Segments[i]; s.Kind != tariff.Reserved {
				s.EnergyMWh += rapid.Int64Range(0, 3).Draw(t, "more Wh per second") * 1000 * int64(s.To.Sub(s.From)/time.Second)
			}
		}
		if n := len(more.Segments); n > 0 {
			more.Segments[n-1].To = more.Segments[n-1].To.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "longer")) * time.Second)
			if s := more.Segments[n-1]; s.EnergyMWh > 0 { // what was added later must not slow down what flowed before
				more.Segments[n-1].To = u.Segments[n-1].To
			}
		}
		if got := asPriced(rate(t, v, more)); got < less {
			t.Fatalf("it costs %d, and more of it %d", less, got)
		}
	})
}

// Whatever it is told, Rate answers.
func TestRateAnswers(t *testing.T) {
	kinds := rapid.SampledFrom([]tariff.Kind{tariff.Charging, tariff.Idling, tariff.Waiting, tariff.Reserved, "", "other"})
	instant := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.SampledFrom([]int64{0, -1 << 40, 1 << 40, 1_774_700_000, 1_774_745_999, 1_792_900_000}).Draw(t, "about")+rapid.Int64Range(-100_000, 100_000).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
	})
	rapid.Check(t, func(t *rapid.T) {
		v := limited(t, drawVersion(t, false))
		u := tariff.Usage{Open: rapid.Bool().Draw(t, "open"), Expired: rapid.Bool().Draw(t, "expired")}
		if rapid.Bool().Draw(t, "has a start") {
			u.Start = instant.Draw(t, "start")
		}
		if rapid.Bool().Draw(t, "has a zone") {
			u.Zone = stockholm(t)
		}
		near := rapid.Bool().Draw(t, "near")
		for range rapid.IntRange(0, 4).Draw(t, "segments") {
			s := tariff.Segment{
				From: instant.Draw(t, "from"), Kind: kinds.Draw(t, "kind"), EnergyMWh: rapid.Int64().Draw(t, "mWh"), PowerW: rapid.Int64().Draw(t, "W"), MilliA: rapid.Int64().Draw(t, "mA"),
				Estimated: rapid.Bool().Draw(t, "estimated"),
			}
			s.To = instant.Draw(t, "to")
			if near {
				s.To = s.From.Add(time.Duration(rapid.Int64Range(-1000, 1e14).Draw(t, "ns")))
				s.EnergyMWh %= 1e12
			}
			u.Segments = append(u.Segments, s)
		}
		b, err := tariff.Rate(v, u)
		if err != nil && gnista.CodeOf(err) != gnista.Invalid {
			t.Fatal(err)
		}
		if u.Start.IsZero() {
			v.Min = "" // which is of transactions
		}
		if err == nil {
			checkSums(t, v, b)
		}
	})
}

// day24 is a day at a station with readings each minute, and a version with 20 elements.
func day24(tb testing.TB) (tariff.Version, tariff.Usage) {
	r := rand.New(rand.NewPCG(1, 2))
	v := tariff.Version{Currency: "SEK"}
	for i := range 8 {
		from, to := fmt.Sprintf("%02d:00", 3*i), fmt.Sprintf("%02d:30", (3*i+2)%24)
		v.Elements = append(v.Elements,
			tariff.Element{Dimension: tariff.Energy, Price: "4.95", VAT: "25", When: tariff.Restriction{From: from, To: to, MinW: num(int64(1000 * i))}},
			tariff.Element{Dimension: tariff.Time, Price: "0.10", VAT: "25", When: tariff.Restriction{From: from, To: to, Weekdays: []time.Weekday{time.Monday, time.Tuesday}}},
		)
	}
	v.Elements = append(v.Elements,
		tariff.Element{Dimension: tariff.Energy, Price: "3.95", VAT: "25", When: tariff.Restriction{MinWh: num(50_000), MaxWh: num(80_000)}},
		tariff.Element{Dimension: tariff.Energy, Price: "4.50", VAT: "25"},
		tariff.Element{Dimension: tariff.Idle, Price: "1", VAT: "25", Grace: 10 * time.Minute},
		tariff.Element{Dimension: tariff.Start, Price: "2.50", VAT: "25"},
	)
	if err := v.Check(); err != nil || len(v.Elements) != 20 {
		tb.Fatal(len(v.Elements), err)
	}
	u := tariff.Usage{Start: time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC), Zone: stockholm(tb)}
	for m := range 24 * 60 {
		from := u.Start.Add(time.Duration(m) * time.Minute)
		s := tariff.Segment{From: from, To: from.Add(time.Minute), Kind: tariff.Charging, EnergyMWh: r.Int64N(183_000)}
		if m%10 == 9 {
			s.Kind = tariff.Idling
		}
		s.PowerW = s.EnergyMWh * 60 / 1000
		s.MilliA = s.PowerW * 1000 / 230
		u.Segments = append(u.Segments, s)
	}
	return v, u
}

func BenchmarkRate24h(b *testing.B) {
	v, u := day24(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tariff.Rate(v, u); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRate(b *testing.B) {
	v := tariff.Version{Currency: "SEK", Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "4.95", VAT: "25"}, {Dimension: tariff.Start, Price: "2.50", VAT: "25"}}}
	u := tariff.Usage{Start: time.Unix(0, 0), Segments: []tariff.Segment{{Kind: tariff.Charging, EnergyMWh: 3_680_000}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tariff.Rate(v, u); err != nil {
			b.Fatal(err)
		}
	}
}
