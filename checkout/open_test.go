package checkout

import (
	"testing"

	"gnista"
)

// TestCompany: what a driver says of a company is kept as it is written on receipts, or refused with the field.
func TestCompany(t *testing.T) {
	for number, want := range map[string]string{"": "", "se 556036-0793 01": "SE556036079301", "DE 123456789": "DE123456789"} {
		if c := (&Company{Name: "Åkeri AB", VATNumber: number}); c.tidy() != nil || c.VATNumber != want {
			t.Errorf("%q becomes %q: %v", number, c.VATNumber, c.tidy())
		}
	}
	for name, c := range map[string]*Company{
		"company.name":      {VATNumber: "SE556036079301"},
		"company.vatNumber": {Name: "Åkeri AB", VATNumber: "SE556036079401"}, // another check digit
	} {
		if err := c.tidy(); gnista.CodeOf(err) != gnista.Invalid || err.Error()[:len(name)] != name {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
