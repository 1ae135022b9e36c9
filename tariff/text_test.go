package tariff_test

import (
	"testing"
	"time"

	"gnista/tariff"
)

func TestText(t *testing.T) {
	f := func(v tariff.Version, swedish, english string) {
		t.Helper()
		if v.Currency == "" {
			v.Currency = "SEK"
		}
		if err := v.Check(); err != nil {
			t.Errorf("%+v: %v", v, err)
		}
		if got := v.Text(tariff.Swedish); got != swedish {
			t.Errorf("got  %s\nwant %s", got, swedish)
		}
		if got := v.Text(tariff.English); got != english {
			t.Errorf("got  %s\nwant %s", got, english)
		}
	}
	element := func(d tariff.Dimension, price tariff.Decimal) tariff.Element {
		return tariff.Element{Dimension: d, Price: price, VAT: "25"}
	}
	when := func(e tariff.Element, r tariff.Restriction) tariff.Element {
		e.When = r
		return e
	}
	elements := func(list ...tariff.Element) tariff.Version { return tariff.Version{Elements: list} }
	kWh := element(tariff.Energy, "4.95")

	f(elements(kWh), "4,95 kr/kWh; inkl. 25 % moms", "4.95 SEK/kWh; incl. 25% VAT")
	f(tariff.Version{Currency: "EUR", Net: true, Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "0.5", VAT: "25.50"}}}, "0,50 EUR/kWh; plus 25,5 % moms", "0.50 EUR/kWh; plus 25.5% VAT")
	// In the order of the regulation, however they are stored.
	idle := element(tariff.Idle, "1.00")
	idle.Grace = 10 * time.Minute
	hour := element(tariff.Time, "12.5")
	hour.PerHour = true
	all := elements(element(tariff.Reserving, "10"), element(tariff.Start, "2.5"), element(tariff.Reservation, "0.1"), idle, hour, kWh)
	all.Min, all.Max = "20", "499.5"
	f(all,
		"4,95 kr/kWh; laddtid 12,50 kr/tim; ståtid utan laddning 1 kr/min efter 10 min; startavgift 2,50 kr; reservationsavgift 10 kr; reserverad tid 0,10 kr/min; lägst 20 kr per laddning; högst 499,50 kr per laddning; inkl. 25 % moms",
		"4.95 SEK/kWh; charging time 12.50 SEK/h; standing idle 1 SEK/min after 10 min; start fee 2.50 SEK; reservation fee 10 SEK; reserved time 0.10 SEK/min; at least 20 SEK per session; at most 499.50 SEK per session; incl. 25% VAT")
	f(elements(when(element(tariff.Energy, "5.5"), tariff.Restriction{From: "06:00", To: "22:00", Weekdays: []time.Weekday{time.Friday, time.Monday, time.Wednesday, time.Tuesday, time.Thursday}}), element(tariff.Energy, "3")),
		"5,50 kr/kWh kl. 06:00–22:00 mån–fre, annars 3 kr/kWh; inkl. 25 % moms", "5.50 SEK/kWh 06:00–22:00 Mon–Fri, otherwise 3 SEK/kWh; incl. 25% VAT")
	f(elements(when(element(tariff.Idle, "3"), tariff.Restriction{To: "07:00", Weekdays: []time.Weekday{time.Sunday, time.Saturday, time.Tuesday}})),
		"ståtid utan laddning 3 kr/min kl. 00:00–07:00 tis, lör, sön; inkl. 25 % moms", "standing idle 3 SEK/min 00:00–07:00 Tue, Sat, Sun; incl. 25% VAT")
	f(elements(
		when(kWh, tariff.Restriction{MaxWh: new(int64(20_000)), Since: "2026-12-24", Until: "2026-12-25"}),
		when(kWh, tariff.Restriction{MinWh: new(int64(500)), MaxWh: new(int64(7_250)), Since: "2026-12-24", Until: "2026-12-27"}),
		when(kWh, tariff.Restriction{MinW: new(int64(16_000)), MaxW: new(int64(32_000)), Since: "2027-01-01"}),
		when(kWh, tariff.Restriction{MaxMilliA: new(int64(32_000)), Until: "2026-11-30"}),
		when(kWh, tariff.Restriction{MinTime: new(int64(1800)), MaxTime: new(int64(7200))}),
		when(kWh, tariff.Restriction{MaxTime: new(int64(90))}),
		when(kWh, tariff.Restriction{MinW: new(int64(43_000))}),
		kWh,
	),
		"4,95 kr/kWh den 2026-12-24 de första 20 kWh, annars 4,95 kr/kWh från 2026-12-24 till 2026-12-26 från 500 Wh till 7,25 kWh, annars 4,95 kr/kWh från 2027-01-01 från 16 kW till 32 kW, annars 4,95 kr/kWh före 2026-11-30 under 32 A, annars 4,95 kr/kWh från 30 min till 2 tim, annars 4,95 kr/kWh de första 90 s, annars 4,95 kr/kWh från 43 kW, annars 4,95 kr/kWh; inkl. 25 % moms",
		"4.95 SEK/kWh on 2026-12-24 for the first 20 kWh, otherwise 4.95 SEK/kWh from 2026-12-24 to 2026-12-26 from 500 Wh to 7.25 kWh, otherwise 4.95 SEK/kWh from 2027-01-01 from 16 kW to 32 kW, otherwise 4.95 SEK/kWh before 2026-11-30 below 32 A, otherwise 4.95 SEK/kWh from 30 min to 2 h, otherwise 4.95 SEK/kWh for the first 90 s, otherwise 4.95 SEK/kWh from 43 kW, otherwise 4.95 SEK/kWh; incl. 25% VAT")
	yes, no := true, false
	f(elements(when(element(tariff.Reserving, "40"), tariff.Restriction{Expired: &yes}), when(element(tariff.Reserving, "5"), tariff.Restriction{Expired: &no})),
		"reservationsavgift 40 kr om ingen kommer, annars 5 kr om den används; inkl. 25 % moms", "reservation fee 40 SEK if nobody comes, otherwise 5 SEK if it is used; incl. 25% VAT")
	step, quarter := kWh, element(tariff.Time, "1")
	step.Step, quarter.Step, quarter.VAT = 500, 900, "6"
	f(elements(step, quarter),
		"4,95 kr/kWh (avrundat uppåt till hela 500 Wh); laddtid 1 kr/min (avrundat uppåt till hela 15 min); inkl. 25 % moms på energi, inkl. 6 % moms på laddtid",
		"4.95 SEK/kWh (rounded up to a full 500 Wh); charging time 1 SEK/min (rounded up to a full 15 min); incl. 25% VAT on energy, incl. 6% VAT on charging time")
}
