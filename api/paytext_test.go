package api

import (
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

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
		if c.Usable() && payEnglish["pay-"+string(c)+"-gratis"] == "" {
			t.Errorf("condition %s has no text where nothing is to be paid", c)
		}
	}
}

// Durations have units, and browsers the names that people call them by.
func TestReadable(t *testing.T) {
	sv := languageOf("sv")
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 38*time.Second + 900*time.Millisecond: "38 s", 12*time.Minute + 5*time.Second: "12 min 5 s", 61*time.Minute + 59*time.Second: "1 tim 1 min", 30 * time.Hour: "30 tim", 5 * time.Minute: "5 min",
	} {
		if got := sv.lasting(d); got != want {
			t.Errorf("%v is %q, not %q", d, got, want)
		}
	}
	for agent, want := range map[string]string{
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1": "Safari, iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36":                         "Chrome, Android",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0":           "Edge, Windows",
		"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0":                                                                  "Firefox, Linux",
		"curl/8.5": "", "": "",
	} {
		if got := browser(agent); got != want {
			t.Errorf("%s is %q, not %q", agent, got, want)
		}
	}
}
