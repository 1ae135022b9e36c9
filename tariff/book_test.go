package tariff_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/tariff"
)

// memory is a tariff.Store with one tariff in yen, in which nothing can be stored.
type memory struct {
	tariff.Store
}

func (memory) Tariff(context.Context, string) (tariff.Tariff, error) {
	return tariff.Tariff{Currency: "JPY"}, nil
}

func TestBookRefuses(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := tariff.Book{Store: memory{}, Now: func() time.Time { return now }, NewID: func() string { return "id" }}
	good := tariff.Element{Dimension: tariff.Energy, Price: "4.95", VAT: "25"}
	f := func(name, currency, field string, elements ...tariff.Element) {
		t.Helper()
		_, err := b.Create(t.Context(), tariff.Tariff{Name: name, Currency: currency}, tariff.Version{Elements: elements})
		if gnista.CodeOf(err) != gnista.Invalid || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("got %v, want a complaint about %s", err, field)
		}
	}
	f(" ", "SEK", "name", good)
	f("n", "sek", "currency", good)
	f("n", "XXX", "currency", good) // the code of no currency
	f("n", "KRONA", "currency", good)
	f("n", "SEK", "elements")
	f("n", "SEK", "elements[1]", good, good)
	f("n", "SEK", "elements[0].type", tariff.Element{Dimension: "power", Price: "1", VAT: "25"})
	for _, price := range []tariff.Decimal{"", "-1", "1,5", "1.", ".5", "1e3", "1/3", "0x10", "NaN", "1234567890", "1.1234567", " 1"} {
		f("n", "SEK", "elements[0].price", tariff.Element{Dimension: tariff.Energy, Price: price, VAT: "25"})
	}
	f("n", "SEK", "elements[0].vatPercent", tariff.Element{Dimension: tariff.Energy, Price: "1", VAT: "101"})
	f("n", "SEK", "elements[0].graceMinutes", tariff.Element{Dimension: tariff.Energy, Price: "1", VAT: "25", Grace: time.Minute})
	if _, err := b.AddVersion(t.Context(), "t", tariff.Version{ValidFrom: now.Add(-time.Second), Elements: []tariff.Element{good}}); gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("a version from the past: %v", err)
	}
	if _, err := b.AddVersion(t.Context(), "t", tariff.Version{Max: "1.5", Elements: []tariff.Element{good}}); gnista.CodeOf(err) != gnista.Invalid || !strings.HasPrefix(err.Error(), "max: ") {
		t.Errorf("a limit finer than the currency: %v", err)
	}
}
