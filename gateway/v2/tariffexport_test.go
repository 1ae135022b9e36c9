package v2

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gnista/tariff"
)

func bound(n int64) *int64 { return &n }

func TestWireTariff(t *testing.T) {
	f := func(v tariff.Version, want, wantLost string) {
		t.Helper()
		v.ID, v.Currency = "v", "SEK"
		w, lost := wireTariff(v)
		text, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(string(text), `{"tariffId":"v","currency":"SEK"`); got != want+"}" {
			t.Errorf("got  %s\nwant %s}", got, want)
		}
		var fields []string
		for _, l := range lost {
			fields = append(fields, map[bool]string{true: "~"}[l.Kept]+l.Field)
		}
		if got := strings.Join(fields, " "); got != wantLost {
			t.Errorf("lost: %q, want %q", got, wantLost)
		}
	}
	one := func(e tariff.Element) tariff.Version { return tariff.Version{Elements: []tariff.Element{e}} }
	vat := `"taxRates":[{"type":"VAT","tax":25}]`
	f(one(tariff.Element{Dimension: tariff.Energy, Price: "5", VAT: "25"}), `,"energy":{"prices":[{"priceKwh":4}],`+vat+`}`, "")
	f(tariff.Version{Net: true, Min: "10", Max: "99.5", Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "5", VAT: "25"}}},
		`,"energy":{"prices":[{"priceKwh":5}],`+vat+`},"maxCost":{"exclTax":99.5},"minCost":{"exclTax":10}`, "")
	f(tariff.Version{Min: "10", Elements: []tariff.Element{{Dimension: tariff.Start, Price: "5", VAT: "25"}}}, `,"fixedFee":{"prices":[{"priceFixed":4}],`+vat+`},"minCost":{"inclTax":10}`, "")
	f(one(tariff.Element{Dimension: tariff.Time, Price: "75", VAT: "25", PerHour: true, Step: 60}), `,"chargingTime":{"prices":[{"priceMinute":1}],`+vat+`}`, "elements[0].stepSize")
	f(one(tariff.Element{Dimension: tariff.Energy, Price: "1", VAT: "6"}), `,"energy":{"prices":[{"priceKwh":0.9433962264150944}],"taxRates":[{"type":"VAT","tax":6}]}`, "~elements[0].price")

	when := tariff.Restriction{
		From: "22:00", To: "06:00", Since: "2026-01-01", Until: "2027-01-01", Weekdays: []time.Weekday{time.Monday, time.Sunday}, MinWh: bound(500), MaxWh: bound(20000),
		MinW: bound(3700), MaxW: bound(11000), MinMilliA: bound(6500), MaxMilliA: bound(32000), MinTime: bound(60), MaxTime: bound(3600),
	}
	f(one(tariff.Element{Dimension: tariff.Energy, Price: "5", VAT: "25", When: when}),
		`,"energy":{"prices":[{"priceKwh":4,"conditions":{"dayOfWeek":["Monday","Sunday"],"endTimeOfDay":"06:00","maxCurrent":32,"maxEnergy":20000,"maxPower":11000,"maxTime":3600,`+
			`"minCurrent":6.5,"minEnergy":500,"minPower":3700,"minTime":60,"startTimeOfDay":"22:00","validFromDate":"2026-01-01","validToDate":"2027-01-01"}}],`+vat+`}`, "")
	f(one(tariff.Element{Dimension: tariff.Start, Price: "5", VAT: "25", When: tariff.Restriction{From: "08:00", To: "00:00", MaxWh: bound(5)}}),
		`,"fixedFee":{"prices":[{"priceFixed":4,"conditions":{"endTimeOfDay":"00:00","startTimeOfDay":"08:00"}}],`+vat+`}`, "")
	f(one(tariff.Element{Dimension: tariff.Start, Price: "5", VAT: "25", When: tariff.Restriction{MinTime: bound(5)}}), ``, "elements[0].restrictions")

	// Free idle time is a condition; where another price stands behind it a price of its own.
	idle := tariff.Element{Dimension: tariff.Idle, Price: "5", VAT: "25", Grace: 10 * time.Minute}
	f(one(idle), `,"idleTime":{"prices":[{"priceMinute":4,"conditions":{"minIdleTime":600}}],`+vat+`}`, "")
	idle.When.From, idle.When.To = "08:00", "18:00"
	f(tariff.Version{Elements: []tariff.Element{idle, {Dimension: tariff.Idle, Price: "10", VAT: "25"}}},
		`,"idleTime":{"prices":[{"priceMinute":0,"conditions":{"endTimeOfDay":"18:00","maxIdleTime":600,"startTimeOfDay":"08:00"}},{"priceMinute":4,"conditions":{"endTimeOfDay":"18:00","startTimeOfDay":"08:00"}},{"priceMinute":8}],`+vat+`}`,
		"~elements[0].graceMinutes")

	// There is one rate of VAT for each dimension: what drivers pay stays.
	f(tariff.Version{Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "5", VAT: "25", When: tariff.Restriction{MaxWh: bound(5)}}, {Dimension: tariff.Energy, Price: "10", VAT: "0"}}},
		`,"energy":{"prices":[{"priceKwh":4,"conditions":{"maxEnergy":5}},{"priceKwh":8}],`+vat+`}`, "~elements[1].vatPercent")
	f(tariff.Version{Net: true, Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "5", VAT: "25", When: tariff.Restriction{MaxWh: bound(5)}}, {Dimension: tariff.Energy, Price: "10", VAT: "0"}}},
		`,"energy":{"prices":[{"priceKwh":5,"conditions":{"maxEnergy":5}},{"priceKwh":8}],`+vat+`}`, "~elements[1].vatPercent")

	yes, no := true, false
	reserved := func(e *bool) tariff.Version {
		return tariff.Version{Elements: []tariff.Element{{Dimension: tariff.Reservation, Price: "5", VAT: "25", When: tariff.Restriction{Expired: e}}, {Dimension: tariff.Reserving, Price: "10", VAT: "25", When: tariff.Restriction{Expired: e}}}}
	}
	both := `,"reservationFixed":{"prices":[{"priceFixed":8}],` + vat + `},"reservationTime":{"prices":[{"priceMinute":4}],` + vat + `}`
	f(reserved(&no), both, "")
	f(reserved(nil), both, "~elements[0].type ~elements[1].type")
	f(reserved(&yes), "", "elements[0].restrictions.expired elements[1].restrictions.expired")
}

func TestExportTariff(t *testing.T) {
	v := tariff.Version{ID: "v", Currency: "SEK", ValidFrom: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "5", VAT: "25"}}}
	text, lost, err := (&Adapter{}).ExportTariff(v)
	if err != nil || len(lost) != 0 || !strings.Contains(string(text), `"validFrom":"2027-01-01T00:00:00Z"`) {
		t.Errorf("got %s, %v, %v", text, lost, err)
	}
}
