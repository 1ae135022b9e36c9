package api

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"gnista/checkout"
)

// Every text there is, there is in both languages with the same values within, and is not another page's.
func TestPayTexts(t *testing.T) {
	verb := regexp.MustCompile(`%[a-z%]`)
	for _, key := range slices.Sorted(maps.Keys(payEnglish)) {
		sv, ok := paySwedish[key]
		if !ok {
			t.Errorf("%s is not in Swedish", key)
		}
		if a, b := verb.FindAllString(payEnglish[key], -1), verb.FindAllString(sv, -1); !slices.Equal(a, b) {
			t.Errorf("%s has %v in English, %v in Swedish", key, a, b)
		}
		if _, twice := english[key]; twice {
			t.Errorf("%s is a text of another page", key)
		}
	}
	if len(payEnglish) != len(paySwedish) {
		t.Errorf("%d texts in English, %d in Swedish", len(payEnglish), len(paySwedish))
	}
	for _, s := range []checkout.State{checkout.Paying, checkout.Paid, checkout.Starting, checkout.PlugIn, checkout.Charging, checkout.Ended, checkout.Settled, checkout.Cancelled, checkout.Failed} {
		if payEnglish["pay-"+string(s)] == "" {
			t.Errorf("state %s has no text", s)
		}
	}
	for _, c := range []checkout.Condition{checkout.Free, checkout.Plugged, checkout.InUse, checkout.Reserved, checkout.OutOfService, checkout.Faulted, checkout.Offline} {
		if payEnglish["pay-"+string(c)] == "" || payEnglish["pay-"+string(c)+"-more"] == "" {
			t.Errorf("condition %s has no text", c)
		}
	}
}
