package cost

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/tariff"
)

func stockholm(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func energy(price tariff.Decimal, when tariff.Restriction) tariff.Element {
	return tariff.Element{Dimension: tariff.Energy, Price: price, VAT: "25", When: when}
}

// Prices and the next ones follow the clock on the wall, also where it is set forward or back.
func TestNextPrice(t *testing.T) {
	zone := stockholm(t)
	night := tariff.Version{Currency: "SEK", Elements: []tariff.Element{
		energy("2", tariff.Restriction{From: "22:00", To: "06:00"}), energy("5", tariff.Restriction{}),
	}}
	weekend := tariff.Version{Currency: "SEK", Elements: []tariff.Element{
		energy("1", tariff.Restriction{Weekdays: []time.Weekday{time.Saturday, time.Sunday}}), energy("4", tariff.Restriction{Until: "2026-06-02"}), energy("3", tariff.Restriction{}),
	}}
	f := func(v tariff.Version, at, now, next string) {
		t.Helper()
		local, err := time.ParseInLocation("2006-01-02 15:04", at, zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := priceAt(v, local).KWh.FloatString(2); got != now {
			t.Errorf("%s: a kWh is %s, want %s", at, got, now)
		}
		got := "stays"
		if n := nextPrice(v, local); n != nil {
			got = fmt.Sprint(n.KWh.FloatString(2), " ", n.At.Format("01-02T15:04Z"))
		}
		if got != next {
			t.Errorf("%s: then %s, want %s", at, got, next)
		}
	}
	f(night, "2026-06-01 12:00", "5.00", "2.00 06-01T20:00Z")
	f(night, "2026-06-01 21:59", "5.00", "2.00 06-01T20:00Z")
	f(night, "2026-06-01 22:00", "2.00", "5.00 06-02T04:00Z")
	f(night, "2026-06-02 05:59", "2.00", "5.00 06-02T04:00Z")
	f(night, "2026-06-02 06:00", "5.00", "2.00 06-02T20:00Z")
	f(night, "2026-03-28 23:00", "2.00", "5.00 03-29T04:00Z") // summer time begins in the night
	f(night, "2026-10-24 23:00", "2.00", "5.00 10-25T05:00Z") // and ends
	f(weekend, "2026-05-29 13:00", "4.00", "1.00 05-29T22:00Z")
	f(weekend, "2026-05-30 13:00", "1.00", "stays") // tomorrow is Sunday
	f(weekend, "2026-05-31 13:00", "1.00", "4.00 05-31T22:00Z")
	f(weekend, "2026-06-01 13:00", "4.00", "3.00 06-01T22:00Z")
	f(weekend, "2026-06-02 13:00", "3.00", "stays")
}

func TestPriceAt(t *testing.T) {
	hours := int64(3600)
	v := tariff.Version{Currency: "SEK", Net: true, Elements: []tariff.Element{
		{Dimension: tariff.Time, Price: "9", VAT: "25", When: tariff.Restriction{MinTime: &hours}}, // not at the beginning
		{Dimension: tariff.Time, Price: "0.2", VAT: "25"},
		{Dimension: tariff.Idle, Price: "30", VAT: "25", PerHour: true, Grace: 10 * time.Minute},
		{Dimension: tariff.Start, Price: "2", VAT: "0"},
	}}
	p := priceAt(v, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if p.KWh != nil || p.Hour.FloatString(2) != "15.00" || p.Idle.FloatString(2) != "37.50" || p.Start.FloatString(2) != "2.00" || p.Grace != 10*time.Minute {
		t.Errorf("got %+v", p)
	}
	if !p.equal(priceAt(v, time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC))) || p.equal(Price{}) {
		t.Error("equal prices are not")
	}
}

// A station is right when it is off by one minor unit at the most.
func TestHeld(t *testing.T) {
	f := func(r Reckoning, ours gnista.Money, version string, want Verdict) {
		t.Helper()
		if got := r.held(ours, version); got != want {
			t.Errorf("%+v beside %+v: %s, want %s", r, ours, got, want)
		}
	}
	sek := func(gross tariff.Decimal) Reckoning {
		return Reckoning{Currency: "SEK", Total: Part{Gross: gross}, Tariff: "v1"}
	}
	money := gnista.Money{Amount: 850, Currency: "SEK"}
	f(sek("8.5"), money, "v1", Agrees)
	f(sek("8.51"), money, "v1", Agrees)
	f(sek("8.49"), money, "v1", Agrees)
	f(sek("8.5101"), money, "v1", Differs)
	f(sek("8.48"), money, "v1", Differs)
	f(sek("8.48"), money, "", Differs)
	f(sek("9"), money, "v2", OtherTariff)
	f(sek("8.50"), money, "v2", Agrees)
	f(sek(""), money, "v1", Incomparable)
	f(sek("0"), gnista.Money{Currency: "SEK"}, "v1", Agrees)
	f(sek("8.5"), gnista.Money{Amount: 850, Currency: "EUR"}, "v1", Incomparable)
	f(Reckoning{Currency: "JPY", Total: Part{Gross: "101"}}, gnista.Money{Amount: 100, Currency: "JPY"}, "", Agrees)
	f(Reckoning{Currency: "SEK", Total: Part{Gross: "8.5"}, Failed: true}, money, "v1", CouldNot)
}

func TestTexts(t *testing.T) {
	s := Skill{Languages: []string{"de", "sv", "en"}}
	list := texts("de", s, func(l string) string { return l })
	if fmt.Sprint(list) != "[{en en} {sv sv}]" {
		t.Errorf("got %v", list)
	}
	if list := texts("sv-SE", Skill{}, func(l string) string { return l }); fmt.Sprint(list) != "[{sv sv}]" {
		t.Errorf("got %v", list)
	}
	if got := finalText(12_345, 2*time.Hour+5*time.Minute+40*time.Second, gnista.Money{Amount: 6173, Currency: "SEK"}, "https://x/r", "sv"); got != "12,35 kWh, 2:06 h. Summa 61,73 SEK (inkl. moms). Kvitto: https://x/r" {
		t.Errorf("got %q", got)
	}
	for _, n := range []int{10, maxText, maxText + 1, 10 * maxText} {
		if got := shorten(strings.Repeat("å", n)); len(got) > maxText || n < maxText/2 && len(got) != 2*n {
			t.Errorf("%d letters become %d bytes", n, len(got))
		}
	}
}
