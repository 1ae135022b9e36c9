package tariff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"gnista/tariff"
)

func stockholm(t interface {
	Helper()
	Fatal(...any)
}) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func num(i int64) *int64 { return &i }

// brief is a bill as its lines: element:quantity, with ~ for estimated and +n for what a step added.
func brief(b tariff.Bill) string {
	var parts []string
	for _, l := range b.Lines {
		s := fmt.Sprintf("%d:%d", l.Element, l.Quantity)
		if l.Element == 0 {
			s = fmt.Sprintf("%s:%d", l.Dimension, l.Amount)
		}
		if l.Free > 0 {
			s += fmt.Sprintf("-%d", l.Free)
		}
		if l.Added > 0 {
			s += fmt.Sprintf("+%d", l.Added)
		}
		if l.Estimated {
			s += "~"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " ")
}

func TestRestrictions(t *testing.T) {
	zone := stockholm(t)
	local := func(s string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	element := func(d tariff.Dimension, r tariff.Restriction) tariff.Element {
		return tariff.Element{Dimension: d, Price: "1", VAT: "25", When: r}
	}
	energy := func(r tariff.Restriction) tariff.Element { return element(tariff.Energy, r) }
	rest := energy(tariff.Restriction{})
	f := func(want, from, to string, wh int64, elements ...tariff.Element) {
		t.Helper()
		v := tariff.Version{Currency: "SEK", Elements: elements}
		if err := v.Check(); err != nil {
			t.Error(err)
		}
		s := tariff.Segment{From: local(from), To: local(to), Kind: tariff.Charging, EnergyMWh: wh * 1000}
		s.PowerW = int64(float64(wh) / s.To.Sub(s.From).Hours())
		s.MilliA = s.PowerW * 1000 / 230
		b, err := tariff.Rate(v, tariff.Usage{Start: s.From, Zone: zone, Segments: []tariff.Segment{s}})
		if err != nil {
			t.Error(err)
		} else if got := brief(b); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	day := energy(tariff.Restriction{From: "06:00", To: "22:00"})
	night := energy(tariff.Restriction{From: "22:00", To: "06:00"})
	f("1:8000", "2026-01-05 08:00", "2026-01-05 16:00", 8000, day, rest)
	f("1:2000~ 2:4000~", "2026-01-05 20:00", "2026-01-06 02:00", 6000, day, rest)
	f("1:6000~ 2:2000~", "2026-01-05 23:00", "2026-01-06 07:00", 8000, energy(tariff.Restriction{From: "22:00", To: "05:00"}), rest)
	f("1:8000~ 2:40000~", "2026-01-05 00:00", "2026-01-07 00:00", 48_000, energy(tariff.Restriction{From: "02:00", To: "06:00"}), rest)
	f("1:1000~ 2:1000~", "2026-01-05 23:00", "2026-01-06 01:00", 2000, energy(tariff.Restriction{From: "22:00", To: "00:00"}), rest)
	// The nights on which clocks are set: 23 and 25 hours, of which the night has 7 and 9.
	f("1:16000~ 2:7000~", "2026-03-28 22:00", "2026-03-29 22:00", 23_000, day, night)
	f("1:16000~ 2:9000~", "2026-10-24 22:00", "2026-10-25 22:00", 25_000, day, night)
	// 02:30 to 03:30 is half an hour in spring, when 02:00 is 03:00, and an hour and a half in autumn, when
	// 03:00 is 02:00 once more.
	hour := energy(tariff.Restriction{From: "02:30", To: "03:30"})
	f("1:500~ 2:3500~", "2026-03-29 01:00", "2026-03-29 06:00", 4000, hour, rest)
	f("1:1500~ 2:5500~", "2026-10-25 00:00", "2026-10-25 06:00", 7000, hour, rest)
	// An hour that is not there on the day has nothing.
	f("2:4000", "2026-03-29 01:00", "2026-03-29 06:00", 4000, energy(tariff.Restriction{From: "02:00", To: "03:00"}), rest)
	f("1:2000~ 2:5000~", "2026-10-25 00:00", "2026-10-25 06:00", 7000, energy(tariff.Restriction{From: "02:00", To: "03:00"}), rest)

	friday := energy(tariff.Restriction{Weekdays: []time.Weekday{time.Friday}})
	f("1:1000~ 2:1000~", "2026-01-09 23:00", "2026-01-10 01:00", 2000, friday, rest)
	f("1:24000~ 2:24000~", "2026-01-08 12:00", "2026-01-10 12:00", 48_000, friday, rest)
	f("1:25000~ 2:25000~", "2026-10-24 12:00", "2026-10-26 13:00", 50_000, energy(tariff.Restriction{Weekdays: []time.Weekday{time.Sunday}}), rest)
	christmas := energy(tariff.Restriction{Since: "2026-12-24", Until: "2026-12-26"})
	f("1:48000~ 2:48000~", "2026-12-23 00:00", "2026-12-27 00:00", 96_000, christmas, rest)
	f("1:4000~ 2:6000~", "2026-12-24 18:00", "2026-12-25 04:00", 10_000, energy(tariff.Restriction{Since: "2026-12-24", Until: "2026-12-25", From: "20:00"}), rest)

	// Energy is cut where it is, exactly; time with it is not.
	first := energy(tariff.Restriction{MaxWh: num(2500)})
	f("1:2500 2:7500", "2026-01-05 08:00", "2026-01-05 09:00", 10_000, first, rest)
	f("1:2500 2:7500 3:900~ 4:2700~", "2026-01-05 08:00", "2026-01-05 09:00", 10_000, first, rest, element(tariff.Time, tariff.Restriction{MaxWh: num(2500)}), element(tariff.Time, tariff.Restriction{}))
	f("1:1500 2:1000 3:7500", "2026-01-05 08:00", "2026-01-05 09:00", 10_000, energy(tariff.Restriction{MinWh: num(1000), MaxWh: num(2500)}), energy(tariff.Restriction{MaxWh: num(2500)}), rest)
	// Time is cut where it is, exactly.
	f("1:5000~ 2:5000~ 3:600 4:3000", "2026-01-05 08:00", "2026-01-05 09:00", 10_000, energy(tariff.Restriction{MaxTime: num(1800)}), rest,
		element(tariff.Time, tariff.Restriction{MinTime: num(600), MaxTime: num(1200)}), element(tariff.Time, tariff.Restriction{}))
	f("2:10000", "2026-01-05 08:00", "2026-01-05 09:00", 10_000, energy(tariff.Restriction{MaxW: num(10_000)}), rest)
	f("1:10000", "2026-01-05 08:00", "2026-01-05 09:00", 10_000, energy(tariff.Restriction{MinW: num(10_000)}), rest)
	f("1:10000", "2026-01-05 08:00", "2026-01-05 09:00", 10_000, energy(tariff.Restriction{MinMilliA: num(32_000), MaxMilliA: num(64_000)}), rest)
	f("2:10000", "2026-01-05 08:00", "2026-01-05 09:00", 10_000, energy(tariff.Restriction{MinMilliA: num(16_000), MaxMilliA: num(32_000)}), rest)
	// What is paid once is decided in the beginning.
	morning := element(tariff.Start, tariff.Restriction{To: "09:00"})
	f("1:1 3:1000", "2026-01-05 08:59", "2026-01-05 11:00", 1000, morning, element(tariff.Start, tariff.Restriction{}), rest)
	f("2:1 3:1000", "2026-01-05 09:00", "2026-01-05 11:00", 1000, morning, element(tariff.Start, tariff.Restriction{}), rest)

	f("1:2000~ 2:2000~ 3:4000~", "2026-01-05 20:00", "2026-01-06 04:00", 8000, energy(tariff.Restriction{From: "21:00", To: "23:00"}), energy(tariff.Restriction{From: "22:00", To: "01:00"}), energy(tariff.Restriction{}))
}

// A line tells when it applied, its rule and what its step added.
func TestLineExplains(t *testing.T) {
	zone := stockholm(t)
	start := time.Date(2026, 1, 5, 16, 0, 0, 0, zone)
	v := tariff.Version{Currency: "SEK", Elements: []tariff.Element{
		{Dimension: tariff.Energy, Price: "2", VAT: "25", Step: 1000, When: tariff.Restriction{From: "17:00", To: "19:00"}},
		{Dimension: tariff.Energy, Price: "1", VAT: "25", Step: 1000},
		{Dimension: tariff.Idle, Price: "30", VAT: "25", PerHour: true, Grace: 10 * time.Minute, Step: 300},
	}}
	b, err := tariff.Rate(v, tariff.Usage{Start: start, Zone: zone, Segments: []tariff.Segment{
		{From: start, To: start.Add(time.Hour), Kind: tariff.Charging, EnergyMWh: 1_000_000},
		{From: start.Add(time.Hour), To: start.Add(2 * time.Hour), Kind: tariff.Charging, EnergyMWh: 2_000_000},
		{From: start.Add(2 * time.Hour), To: start.Add(3 * time.Hour), Kind: tariff.Charging, EnergyMWh: 500_000},
		{From: start.Add(3 * time.Hour), To: start.Add(4 * time.Hour), Kind: tariff.Charging, EnergyMWh: 250_000},
		{From: start.Add(4 * time.Hour), To: start.Add(4*time.Hour + 31*time.Minute), Kind: tariff.Idling},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := brief(b), "1:2500 2:1500+250 3:2100-600+240"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	hour := func(from, to int) tariff.Period {
		return tariff.Period{From: start.Add(time.Duration(from) * time.Hour), To: start.Add(time.Duration(to) * time.Hour)}
	}
	one, two, three := b.Lines[0], b.Lines[1], b.Lines[2]
	if !slices.Equal(one.Periods, []tariff.Period{hour(1, 3)}) || one.When == nil || one.When.From != "17:00" || one.Step != 0 || one.Amount != 500 {
		t.Errorf("the first line is %+v", one)
	}
	if !slices.Equal(two.Periods, []tariff.Period{hour(0, 1), hour(3, 4)}) || two.When != nil || two.Step != 1000 || two.Amount != 150 {
		t.Errorf("the second line is %+v", two)
	}
	if three.Amount != 1250 || !three.PerHour || three.Step != 300 { // 25 minutes
		t.Errorf("the third line is %+v", three)
	}
}

func TestGraceAndSteps(t *testing.T) {
	zone := stockholm(t)
	start := time.Date(2026, 1, 5, 16, 0, 0, 0, zone)
	f := func(want string, open bool, elements []tariff.Element, kinds string, minutes ...int) {
		t.Helper()
		u := tariff.Usage{Start: start, Zone: zone, Open: open}
		at := start
		for i, m := range minutes {
			to := at.Add(time.Duration(m) * time.Minute)
			u.Segments = append(u.Segments, tariff.Segment{From: at, To: to, Kind: map[byte]tariff.Kind{'c': tariff.Charging, 'i': tariff.Idling, 'w': tariff.Waiting}[kinds[i]]})
			at = to
		}
		b, err := tariff.Rate(tariff.Version{Currency: "SEK", Elements: elements}, u)
		if got := brief(b); got != want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	e := func(d tariff.Dimension, grace, step int64, r tariff.Restriction) tariff.Element {
		return tariff.Element{Dimension: d, Price: "1", VAT: "25", Grace: time.Duration(grace) * time.Second, Step: step, When: r}
	}
	idle := []tariff.Element{e(tariff.Idle, 600, 0, tariff.Restriction{})}
	f("1:300-300", false, idle, "ci", 60, 5)
	f("1:1500-600", false, idle, "cicwi", 60, 5, 10, 10, 20)
	// The free part is that of the beginning, whatever costs something then.
	two := []tariff.Element{e(tariff.Idle, 600, 0, tariff.Restriction{To: "16:07"}), e(tariff.Idle, 1200, 0, tariff.Restriction{})}
	f("1:420-420 2:1380-780", false, two, "i", 30)
	f("1:780-360", false, []tariff.Element{e(tariff.Idle, 600, 0, tariff.Restriction{From: "16:04", To: "16:17"})}, "i", 30)
	// What is free has no step.
	f("1:600-600", false, []tariff.Element{e(tariff.Idle, 600, 900, tariff.Restriction{})}, "i", 10)
	f("1:1500-600+840", false, []tariff.Element{e(tariff.Idle, 600, 900, tariff.Restriction{})}, "i", 11)
	// Idle time that is paid for takes the place of charging time; only one of them has its step.
	both := []tariff.Element{e(tariff.Time, 0, 600, tariff.Restriction{}), e(tariff.Idle, 300, 600, tariff.Restriction{})}
	f("1:1800+540", false, both, "c", 21)
	f("1:1800+540 2:240-240", false, both, "ci", 21, 4)
	f("1:1260 2:900-300+540", false, both, "ci", 21, 6)
	f("1:1260 2:360-300", true, both, "ci", 21, 6)
	// With a step of 1 what is begun is full, without one it is dropped.
	part := func(want string, step int64) {
		t.Helper()
		b, err := tariff.Rate(tariff.Version{Currency: "SEK", Elements: []tariff.Element{e(tariff.Time, 0, step, tariff.Restriction{})}},
			tariff.Usage{Start: start, Segments: []tariff.Segment{{From: start, To: start.Add(2500 * time.Millisecond), Kind: tariff.Charging}}})
		if got := brief(b); got != want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	part("1:2", 0)
	part("1:3+1", 1)
}

func TestReservation(t *testing.T) {
	yes, no := true, false
	start := time.Date(2026, 1, 5, 16, 0, 0, 0, time.UTC)
	v := tariff.Version{Currency: "SEK", Min: "100", Elements: []tariff.Element{
		{Dimension: tariff.Energy, Price: "5", VAT: "25"},
		{Dimension: tariff.Start, Price: "7", VAT: "25"},
		{Dimension: tariff.Reserving, Price: "40", VAT: "25", When: tariff.Restriction{Expired: &yes}},
		{Dimension: tariff.Reserving, Price: "3", VAT: "25", When: tariff.Restriction{Expired: &no}},
		{Dimension: tariff.Reservation, Price: "0", VAT: "25", When: tariff.Restriction{MaxTime: num(900)}},
		{Dimension: tariff.Reservation, Price: "1", VAT: "25", Step: 900},
	}}
	if err := v.Check(); err != nil {
		t.Error(err)
	}
	reserved := tariff.Segment{From: start.Add(-20 * time.Minute), To: start, Kind: tariff.Reserved}
	charged := tariff.Segment{From: start, To: start.Add(time.Hour), Kind: tariff.Charging, EnergyMWh: 20_000_000}
	f := func(want string, total int64, u tariff.Usage) {
		t.Helper()
		b, err := tariff.Rate(v, u)
		if got := brief(b); got != want || b.Total.Amount != total || err != nil {
			t.Errorf("got %s for %d, %v, want %s for %d", got, b.Total.Amount, err, want, total)
		}
	}
	f("1:20000 2:1 4:1 5:900 6:300", 12_000-500, tariff.Usage{Start: start, Open: true, Segments: []tariff.Segment{reserved, charged}})
	f("1:20000 2:1 4:1 5:900 6:900+600", 12_500, tariff.Usage{Start: start, Segments: []tariff.Segment{reserved, charged}})
	f("1:20000 2:1", 10_700, tariff.Usage{Start: start, Segments: []tariff.Segment{charged}})
	// The least is for a transaction, which one that nobody used did not become.
	f("3:1 5:900 6:900+600", 5500, tariff.Usage{Expired: true, Segments: []tariff.Segment{reserved}})
	f("", 0, tariff.Usage{})
}
