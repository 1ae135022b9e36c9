package station

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestModels(t *testing.T) {
	m, err := LoadModels()
	if err != nil {
		t.Fatal(err)
	}
	f := func(vendor, model, firmware string, want ...string) {
		t.Helper()
		got := m.treatment(Station{Vendor: vendor, Model: model, Firmware: firmware, BootedAt: time.Unix(1, 0)})
		if !slices.Equal(got.Models, want) {
			t.Errorf("%s %s %s is %v, want %v", vendor, model, firmware, got.Models, want)
		}
	}
	f("V", "M", "")
	f("abb", "TERRA AC W22", "1.8.21", "abb-terra-ac", "abb-terra-ac-1.8.21")
	f("ABB", "Terra AC W22", "1.8.9", "abb-terra-ac", "abb-terra-ac-1.8.21")
	f("ABB", "Terra AC W22", "1.8.22", "abb-terra-ac")
	f("ABB", "Terra AC W22", "", "abb-terra-ac")
	f("FoxESS", "A022KP1", "1.0", "foxess-a")
	f("United Chargers", "Grizzl-E Smart", "05.621", "grizzl-e-smart", "grizzl-e-smart-early")
	f("United Chargers", "Grizzl-E Smart", "GWM-5.633", "grizzl-e-smart")
	f("", "SCharger-22KT", "1", "huawei-scharger")
	if got := m.treatment(Station{Vendor: "ABB", Model: "Terra AC"}); got.Models != nil {
		t.Errorf("a station that never booted is of model %v", got.Models)
	}
	got := m.treatment(Station{Vendor: "ABB", Model: "Terra AC", Firmware: "1.8", BootedAt: time.Unix(1, 0)})
	if !slices.Contains(got.Quirks, "Q19") || !slices.Contains(got.Quirks, "Q29") || got.Adaptations.MaxStackLevel == nil || len(got.Adaptations.NeverRead) != 1 {
		t.Errorf("got %+v", got)
	}
	own := got.Adaptations.With(Adaptations{TriggerBoot: true, Without: []string{"neverRead"}})
	if own.NeverRead != nil || !own.TriggerBoot || own.MaxStackLevel == nil {
		t.Errorf("got %+v", own)
	}
}

func TestCompareVersions(t *testing.T) {
	f := func(a, b string, want int) {
		t.Helper()
		if got := compareVersions(a, b); got != want {
			t.Errorf("%s to %s is %d, want %d", a, b, got, want)
		}
	}
	f("1.10", "1.9", 1)
	f("1.8.21", "1.8.21", 0)
	f("v1.8", "1.8.0", -1)
	f("05.43", "5.43", 0)
	f("6.0-rc2", "6.0-rc10", -1)
	f("1.8.21", "1.8.3", 1)
}

func TestBadRegistry(t *testing.T) {
	const quirk = `[{"key":"Q1","id":"a","handling":"adapt","means":"m","does":"d"}]`
	f := func(quirks, models, want string) {
		t.Helper()
		if _, err := readModels([]byte(quirks), []byte(models)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f(`[{"key":"Q1"}]`, `[]`, "not whole")
	f(`[{"key":"Q1","odd":1}]`, `[]`, "odd")
	f(quirk, `[{"id":"a","name":"n","match":[]}]`, "not whole")
	f(quirk, `[{"id":"a","name":"n","match":[{}]}]`, "would be any station")
	f(quirk, `[{"id":"a","name":"n","match":[{"vendor":"x"}],"quirks":["Q2"]}]`, "not in the table")
	f(quirk, `[{"id":"a","name":"n","match":[{"vendor":"x"}],"adaptations":{"zone":"Mars/Base"}}]`, "zone")
	f(quirk, `[{"id":"a","name":"n","match":[{"vendor":"x"}],"adaptations":{"without":["nothing"]}}]`, "nothing")
}
