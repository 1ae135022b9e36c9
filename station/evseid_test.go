package station

import (
	"strings"
	"testing"

	"gnista"
)

func TestReadEVSEID(t *testing.T) {
	for text, want := range map[string]EVSEID{
		"SE*ABC*E123": "SE*ABC*E123", "seabce123": "SE*ABC*E123", " SE-ABC-E12-3 ": "SE*ABC*E12*3", "SE*ABC*E12*3*": "SE*ABC*E12*3", "DE*8ZE*E*7": "DE*8ZE*E*7", "SE*EEE*EE1": "SE*EEE*EE1", "SEEEEEE1": "SE*EEE*EE1",
		"SE*AEC*E1": "SE*AEC*E1", "EEABCE1": "EE*ABC*E1", "SEABC*E1": "SE*ABC*E1",
		"SE*ABC*E" + strings.Repeat("1", 30): EVSEID("SE*ABC*E" + strings.Repeat("1", 30)),
	} {
		if got, err := ReadEVSEID(text); got != want || err != nil {
			t.Errorf("%q: got %q (%v), want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "E", "SE*ABC*E", "SE*ABC*123", "SE*AB*E123", "SE*ABCD*E1", "S1*ABC*E123", "SE*ABC*E1 2", "SE*ABC*Eå", "SE*ABC*E1\x00", "SE*ÄBC*E1", "AAAAAAAAAAAA", "SE*ABC*E" + strings.Repeat("1", 40)} {
		if got, err := ReadEVSEID(text); gnista.CodeOf(err) != gnista.Invalid {
			t.Errorf("%q: got %q (%v)", text, got, err)
		}
	}
	if a, b := EVSEID("SE*ABC*E12*3").Key(), EVSEID("SE*ABC*E1*23").Key(); a != b || a != "SEABCE123" {
		t.Errorf("the keys are %q and %q", a, b)
	}
}
