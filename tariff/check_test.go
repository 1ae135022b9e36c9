package tariff_test

import (
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/tariff"
)

func TestCheck(t *testing.T) {
	energy := tariff.Element{Dimension: tariff.Energy, Price: "4.95", VAT: "25"}
	of := func(d tariff.Dimension, r tariff.Restriction) tariff.Element {
		return tariff.Element{Dimension: d, Price: "1", VAT: "25", When: r}
	}
	at := func(r tariff.Restriction) tariff.Element { return of(tariff.Energy, r) }
	n := func(i int64) *int64 { return &i }
	yes, no := true, false
	workdays := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	weekend := []time.Weekday{time.Saturday, time.Sunday}
	bad := func(field, reason string, v tariff.Version) {
		t.Helper()
		err := v.Check()
		if gnista.CodeOf(err) != gnista.Invalid || !strings.HasPrefix(err.Error(), field+": ") || !strings.Contains(err.Error(), reason) {
			t.Errorf("got %v, want a complaint about %s with %q", err, field, reason)
		}
	}
	refused := func(field, reason string, elements ...tariff.Element) {
		t.Helper()
		bad(field, reason, tariff.Version{Elements: elements})
	}
	good := func(elements ...tariff.Element) {
		t.Helper()
		if err := (tariff.Version{Currency: "SEK", Elements: elements}).Check(); err != nil {
			t.Error(err)
		}
	}

	bad("currency", "ISO 4217", tariff.Version{Currency: "KRONA", Elements: []tariff.Element{energy}})
	bad("min", "decimal", tariff.Version{Currency: "SEK", Min: "-1", Elements: []tariff.Element{energy}})
	bad("max", "more decimals", tariff.Version{Currency: "JPY", Max: "1.5", Elements: []tariff.Element{energy}})
	bad("min", "more than the max", tariff.Version{Currency: "SEK", Min: "10", Max: "9.99", Elements: []tariff.Element{energy}})
	bad("elements", "at most", tariff.Version{Elements: make([]tariff.Element, 101)})

	good(energy)
	good(at(tariff.Restriction{From: "22:00", To: "06:00"}), energy)
	refused("elements[1].perHour", "price of time", energy, tariff.Element{Dimension: tariff.Start, Price: "1", VAT: "25", PerHour: true})
	refused("elements[0].graceMinutes", "idle", tariff.Element{Dimension: tariff.Time, Price: "1", VAT: "25", Grace: time.Minute})
	refused("elements[0].graceMinutes", "whole seconds", tariff.Element{Dimension: tariff.Idle, Price: "1", VAT: "25", Grace: time.Millisecond})
	refused("elements[0].step", "0 to", tariff.Element{Dimension: tariff.Time, Price: "1", VAT: "25", Step: -1})
	refused("elements[0].step", "0 to", tariff.Element{Dimension: tariff.Energy, Price: "1", VAT: "25", Step: 1_000_001})
	refused("elements[0].step", "counted", tariff.Element{Dimension: tariff.Reserving, Price: "1", VAT: "25", Step: 1})
	refused("elements[0].when.expired", "reservations", at(tariff.Restriction{Expired: &no}))

	for _, s := range []string{"8:00", "24:00", "12:60", "12:00:00", "12", "noon", "-1:00"} {
		refused("elements[0].when.from", "time of day", at(tariff.Restriction{From: s}), energy)
		refused("elements[1].when.to", "time of day", energy, of(tariff.Idle, tariff.Restriction{To: s}))
	}
	for _, s := range []string{"2026-02-29", "26-01-01", "2026-1-1", "2026-01-01T00:00:00Z", "today"} {
		refused("elements[0].when.since", "date", at(tariff.Restriction{Since: s}), energy)
		refused("elements[0].when.until", "date", at(tariff.Restriction{Until: s}), energy)
	}
	refused("elements[0].when.to", "whole day", at(tariff.Restriction{From: "08:00", To: "08:00"}), energy)
	refused("elements[0].when.until", "not after", at(tariff.Restriction{Since: "2026-12-24", Until: "2026-12-24"}), energy)
	refused("elements[0].when.weekdays", "no day", at(tariff.Restriction{Weekdays: []time.Weekday{7}}), energy)
	refused("elements[0].when.weekdays", "twice", at(tariff.Restriction{Weekdays: []time.Weekday{1, 1}}), energy)
	refused("elements[0].when", "none of its dates", at(tariff.Restriction{Since: "2026-12-24", Until: "2026-12-26", Weekdays: weekend}), energy) // a Thursday and a Friday
	good(at(tariff.Restriction{Since: "2026-12-24", Until: "2026-12-27", Weekdays: weekend}), energy)
	refused("elements[0].when.minWh", "negative", at(tariff.Restriction{MinWh: n(-1)}), energy)
	refused("elements[0].when.maxW", "above 0", at(tariff.Restriction{MaxW: n(0)}), energy)
	refused("elements[0].when.minMilliA", "is not below maxMilliA", at(tariff.Restriction{MinMilliA: n(5), MaxMilliA: n(5)}), energy)
	refused("elements[0].when.minTime", "is not below maxTime", at(tariff.Restriction{MinTime: n(5), MaxTime: n(4)}), energy)

	// What can never apply.
	refused("elements[0].when", "when nothing has flowed", of(tariff.Start, tariff.Restriction{MinWh: n(1)}))
	refused("elements[0].when", "no energy flows in a reservation", of(tariff.Reservation, tariff.Restriction{MinW: n(1)}))
	good(of(tariff.Start, tariff.Restriction{MaxWh: n(1)}), of(tariff.Reservation, tariff.Restriction{MinTime: n(600)}))
	refused("elements[1]", "never used", energy, energy)
	refused("elements[1]", "never used", energy, at(tariff.Restriction{From: "08:00"}))
	refused("elements[2]", "never used", at(tariff.Restriction{Weekdays: workdays}), at(tariff.Restriction{Weekdays: weekend}), energy)
	refused("elements[2]", "never used", at(tariff.Restriction{To: "12:00"}), at(tariff.Restriction{From: "12:00"}), energy)
	refused("elements[2]", "never used", at(tariff.Restriction{From: "20:00", To: "08:00"}), at(tariff.Restriction{From: "08:00", To: "20:00", MaxWh: n(100)}), at(tariff.Restriction{From: "22:00", To: "02:00"}), energy)
	good(at(tariff.Restriction{From: "20:00", To: "08:00"}), at(tariff.Restriction{From: "08:00", To: "20:00", MaxWh: n(100)}), at(tariff.Restriction{From: "19:59", To: "02:00"}), energy)
	refused("elements[2]", "never used", of(tariff.Reserving, tariff.Restriction{Expired: &yes}), of(tariff.Reserving, tariff.Restriction{Expired: &no}), of(tariff.Reserving, tariff.Restriction{}))
	good(of(tariff.Reserving, tariff.Restriction{Expired: &yes}), of(tariff.Reserving, tariff.Restriction{}))
	refused("elements[1]", "never used", of(tariff.Start, tariff.Restriction{MaxWh: n(5)}), of(tariff.Start, tariff.Restriction{})) // that of a start is always below 5 Wh

	// Energy without a price.
	refused("elements", "for energy at 08:00; add an energy element without restrictions", at(tariff.Restriction{To: "08:00"}), at(tariff.Restriction{From: "08:30"}))
	refused("elements", "for energy on Sunday;", at(tariff.Restriction{Weekdays: workdays}), at(tariff.Restriction{Weekdays: weekend[:1]}))
	refused("elements", "for energy at 00:00;", at(tariff.Restriction{From: "06:00", To: "22:00"}))
	refused("elements", "below 1800 s", at(tariff.Restriction{MinTime: n(1800)}))
	refused("elements", "from 20000 Wh", at(tariff.Restriction{MaxWh: n(20_000)}))
	refused("elements", "before 2026-01-01", at(tariff.Restriction{Since: "2026-01-01"}))
	good(at(tariff.Restriction{Weekdays: workdays}), at(tariff.Restriction{Weekdays: weekend}))
	good(at(tariff.Restriction{MaxW: n(16_000)}), at(tariff.Restriction{MinW: n(16_000)}))
	good(at(tariff.Restriction{Until: "2026-12-24"}), at(tariff.Restriction{Since: "2026-12-24"}))
	good(of(tariff.Idle, tariff.Restriction{From: "08:00", To: "18:00"})) // what has no price of time costs nothing
	// On Thursday the 24th no Friday is missed.
	good(at(tariff.Restriction{Until: "2026-12-24"}), at(tariff.Restriction{Since: "2026-12-24", Until: "2026-12-25", Weekdays: []time.Weekday{time.Thursday}}), at(tariff.Restriction{Since: "2026-12-25"}))
}

// However many restrictions there are, looking for what is covered ends.
func TestCheckEnds(t *testing.T) {
	n := func(i int64) *int64 { return &i }
	var v tariff.Version
	for i := range int64(99) {
		v.Elements = append(v.Elements, tariff.Element{Dimension: tariff.Energy, Price: "1", VAT: "25", When: tariff.Restriction{
			MinWh: n(i % 7 * 1000), MaxWh: n(i%7*1000 + 3000), MinW: n(i % 11 * 500), MaxW: n(i%11*500 + 2000), MinTime: n(i % 5 * 600), MaxTime: n(i%5*600 + 1800),
			MinMilliA: n(i % 13 * 1000), MaxMilliA: n(i%13*1000 + 9000), From: "08:00", To: "20:00",
		}})
	}
	v.Elements = append(v.Elements, tariff.Element{Dimension: tariff.Energy, Price: "1", VAT: "25"})
	start := time.Now()
	err := v.Check()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if err != nil && !strings.Contains(err.Error(), "never used") {
		t.Error(err)
	}
}
