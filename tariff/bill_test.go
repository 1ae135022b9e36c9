package tariff_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/tariff"
)

func TestVATAndLimits(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	u := tariff.Usage{Start: start, Segments: []tariff.Segment{{From: start, To: start.Add(time.Hour), Kind: tariff.Charging, EnergyMWh: 3_333_000}}}
	// f wants the amounts of the lines, those without VAT, and the sums of each rate.
	f := func(v tariff.Version, lines, nets, rates string) {
		t.Helper()
		v.Currency = "SEK"
		b, err := tariff.Rate(v, u)
		if err != nil {
			t.Error(err)
			return
		}
		var amounts []int64
		for _, l := range b.Lines {
			amounts = append(amounts, l.Amount)
		}
		if fmt.Sprint(amounts) != lines || fmt.Sprint(b.Nets()) != nets || fmt.Sprint(b.VAT) != rates {
			t.Errorf("got lines %v, without VAT %v, rates %v, want %s, %s, %s", amounts, b.Nets(), b.VAT, lines, nets, rates)
		}
	}
	energy := tariff.Element{Dimension: tariff.Energy, Price: "1", VAT: "25"}
	begin := tariff.Element{Dimension: tariff.Start, Price: "1", VAT: "6"}
	begin25 := tariff.Element{Dimension: tariff.Start, Price: "1.01", VAT: "25"}
	both := []tariff.Element{energy, begin}

	f(tariff.Version{Elements: both}, "[333 100]", "[266 94]", "[{6 94 6 100} {25 266 67 333}]")
	f(tariff.Version{Elements: both, Net: true}, "[333 100]", "[333 100]", "[{6 100 6 106} {25 333 83 416}]")
	// 434 have 87 of VAT; of 266.4 and 80.8 the second is rounded up.
	f(tariff.Version{Elements: []tariff.Element{energy, begin25}}, "[333 101]", "[266 81]", "[{25 347 87 434}]")

	f(tariff.Version{Elements: both, Min: "4.33", Max: "4.33"}, "[333 100]", "[266 94]", "[{6 94 6 100} {25 266 67 333}]")
	// 10.00 are 7.690… and 2.309…
	f(tariff.Version{Elements: both, Min: "10"}, "[333 100 436 131]", "[266 94 349 124]", "[{6 218 13 231} {25 615 154 769}]")
	f(tariff.Version{Elements: both, Max: "1"}, "[333 100 -256 -77]", "[267 94 -205 -72]", "[{6 22 1 23} {25 62 15 77}]")
	f(tariff.Version{Elements: both, Max: "1", Net: true}, "[333 100 -256 -77]", "[333 100 -256 -77]", "[{6 23 1 24} {25 77 19 96}]")
	f(tariff.Version{Elements: both, Max: "0"}, "[333 100 -333 -100]", "[266 94 -266 -94]", "[{6 0 0 0} {25 0 0 0}]")
	// What costs nothing has the VAT of what costs something first; a tariff without anything that was used, that of its first price.
	free := energy
	free.Price = "0"
	f(tariff.Version{Elements: []tariff.Element{free, begin}, Min: "2"}, "[0 100 100]", "[0 95 94]", "[{6 189 11 200} {25 0 0 0}]")
	f(tariff.Version{Elements: []tariff.Element{free}, Min: "2"}, "[0 200]", "[0 160]", "[{25 160 40 200}]")
	f(tariff.Version{Elements: []tariff.Element{{Dimension: tariff.Idle, Price: "1", VAT: "6"}}, Min: "2"}, "[200]", "[189]", "[{6 189 11 200}]")

	b, err := tariff.Rate(tariff.Version{Currency: "SEK", Elements: both, Max: "1"}, u)
	if err != nil || len(b.Lines) != 4 || b.Lines[2].Dimension != tariff.Maximum || b.Lines[2].Price != "1" || b.Lines[2].Element != 0 || b.Lines[2].VAT != "25" || b.Lines[3].VAT != "6" {
		t.Errorf("the lines are %+v, %v", b.Lines, err)
	}
}

// Bills that were stored before lines told so much are read as they are, and are as they would be now.
func TestOldBill(t *testing.T) {
	const stored = `{"Lines":[{"Dimension":"energy","Quantity":3680,"Free":0,"Price":"4.95","VAT":"25","Amount":1822},
		{"Dimension":"idle","Quantity":900,"Free":600,"Price":"1.00","VAT":"25","Amount":500},
		{"Dimension":"start","Quantity":1,"Free":0,"Price":"2.50","VAT":"25","Amount":250}],
		"VAT":[{"Rate":"25","Net":2058,"VAT":514,"Gross":2572}],
		"Net":{"amount":2058,"currency":"SEK"},"Tax":{"amount":514,"currency":"SEK"},"Total":{"amount":2572,"currency":"SEK"}}`
	var old tariff.Bill
	if err := json.Unmarshal([]byte(stored), &old); err != nil {
		t.Fatal(err)
	}
	start := time.Unix(1_700_000_000, 0)
	b, err := tariff.Rate(tariff.Version{Currency: "SEK", Elements: []tariff.Element{
		{Dimension: tariff.Energy, Price: "4.95", VAT: "25"}, {Dimension: tariff.Idle, Price: "1.00", VAT: "25", Grace: 10 * time.Minute}, {Dimension: tariff.Start, Price: "2.50", VAT: "25"},
	}}, tariff.Usage{Start: start, Segments: []tariff.Segment{
		{From: start, To: start.Add(time.Hour), Kind: tariff.Charging, EnergyMWh: 3_680_000}, {From: start.Add(time.Hour), To: start.Add(75 * time.Minute), Kind: tariff.Idling},
	}})
	if err != nil || old.Total != (gnista.Money{Amount: 2572, Currency: "SEK"}) || b.Total != old.Total || b.Net != old.Net || b.Tax != old.Tax || !slices.Equal(b.VAT, old.VAT) || old.NetPrices {
		t.Errorf("old %+v, new %+v, %v", old, b, err)
	}
	if !slices.Equal(old.Nets(), b.Nets()) {
		t.Errorf("without VAT %v and %v", old.Nets(), b.Nets())
	}
	for i, l := range old.Lines {
		n := b.Lines[i]
		if l.Element != 0 || n.Element != i+1 || l.Dimension != n.Dimension || l.Quantity != n.Quantity || l.Free != n.Free || l.Price != n.Price || l.Amount != n.Amount {
			t.Errorf("line %d is %+v, was %+v", i, n, l)
		}
	}
	// What is stored now is read as it was.
	text, err := json.Marshal(b)
	var again tariff.Bill
	if err == nil {
		err = json.Unmarshal(text, &again)
	}
	if err != nil || len(again.Lines) != len(b.Lines) || !again.Lines[1].Periods[0].To.Equal(start.Add(75*time.Minute)) {
		t.Errorf("%s is read as %+v, %v", text, again, err)
	}
}
