package billing_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista/billing"
	"gnista/tariff"
)

// An entry has exactly what its record has: the net amount as revenue, the VAT of each rate, and the total against
// whoever pays; and the entry of a credit takes it back to the last minor unit.
func TestEntryOfAnyBill(t *testing.T) {
	rates := []tariff.Decimal{"25", "12", "6", "0", "7.7"}
	dims := []tariff.Dimension{tariff.Energy, tariff.Time, tariff.Idle, tariff.Start}
	rapid.Check(t, func(t *rapid.T) {
		v := tariff.Version{Currency: "SEK", Net: rapid.Bool().Draw(t, "net")}
		for _, d := range dims {
			if rapid.Bool().Draw(t, "has") {
				price := tariff.Decimal(rapid.SampledFrom([]string{"0", "0.01", "0.333", "1", "4.95", "12.3456"}).Draw(t, "price"))
				v.Elements = append(v.Elements, tariff.Element{Dimension: d, Price: price, VAT: rapid.SampledFrom(rates).Draw(t, "rate")})
			}
		}
		if rapid.Bool().Draw(t, "min") {
			v.Min = "20"
		}
		if rapid.Bool().Draw(t, "max") {
			v.Max = "35"
		}
		at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		u := tariff.Usage{Start: at}
		for i, kind := range []tariff.Kind{tariff.Charging, tariff.Idling} {
			to := at.Add(time.Duration(rapid.IntRange(1, 5000).Draw(t, "seconds")) * time.Second)
			s := tariff.Segment{From: at, To: to, Kind: kind}
			if i == 0 {
				s.EnergyMWh = rapid.Int64Range(0, 90_000_000).Draw(t, "mWh")
			}
			u.Segments, at = append(u.Segments, s), to
		}
		b, err := tariff.Rate(v, u)
		if err != nil {
			t.Fatal(err)
		}
		r := billing.Record{ID: "r", Number: 1, Kind: billing.Original, Account: "a", Bill: b}
		e, ok := billing.EntryOf(r)
		if !ok {
			if b.Total.Amount != 0 {
				t.Fatalf("no entry for %+v", b)
			}
			return
		}
		if err := e.Check(); err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
		var net, owed int64
		vat := map[string]int64{}
		for _, p := range e.Postings {
			switch p.Account.Kind {
			case billing.Receivable:
				owed += p.Amount
			case billing.OutputVAT:
				vat[p.Account.Party] -= p.Amount
			default:
				net -= p.Amount
			}
		}
		if net != b.Net.Amount || owed != b.Total.Amount {
			t.Errorf("net %d and total %d of %+v", net, owed, b)
		}
		for _, sum := range b.VAT {
			if vat[string(sum.Rate)] != sum.VAT {
				t.Errorf("VAT of %s is %d of %+v", sum.Rate, vat[string(sum.Rate)], b)
			}
		}
		credit, _ := billing.EntryOf(billing.CreditOf(r))
		for i := range credit.Postings {
			credit.Postings[i].Amount = -credit.Postings[i].Amount
		}
		if !slices.Equal(credit.Postings, e.Postings) {
			t.Errorf("taken back is %+v of %+v", credit.Postings, e.Postings)
		}
	})
}
