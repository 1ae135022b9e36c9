package charging

import (
	"slices"
	"testing"
	"time"
)

func TestValues(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	f := func(samples []Sample, want ...Value) {
		t.Helper()
		for i := range samples {
			samples[i].Measurand = CurrentImport
		}
		samples = append(samples, Sample{At: at(1), Measurand: Voltage, Location: Outlet, Milli: 230_000})
		if got := Values(samples, CurrentImport); !slices.Equal(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	f(nil)
	f([]Sample{{At: at(1), Phase: "L1", Location: Outlet, Milli: 10}, {At: at(1), Phase: "L2", Location: Outlet, Milli: 20}, {At: at(1), Phase: "N", Location: Outlet, Milli: 5}, {At: at(2), Location: Outlet, Milli: 7}}, Value{at(1), 30}, Value{at(2), 7})
	f([]Sample{{At: at(1), Location: Outlet, Milli: 30}, {At: at(1), Phase: "L1", Location: Outlet, Milli: 10}}, Value{at(1), 30})
	f([]Sample{{At: at(1), Phase: "L1", Location: Outlet, Milli: 10}, {At: at(1), Location: Outlet, Milli: 30}}, Value{at(1), 30})
	f([]Sample{{At: at(1), Location: "ev", Milli: 1}, {At: at(2), Location: Outlet, Milli: 30}, {At: at(3), Location: "inlet", Milli: 2}}, Value{at(2), 30})
	f([]Sample{{At: at(1), Location: "ev", Milli: 1}, {At: at(2), Location: "ev", Milli: 2}}, Value{at(1), 1}, Value{at(2), 2})
}

func TestReadingsInOrder(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	got := Readings([]Sample{
		{At: at(2), Measurand: EnergyImport, Phase: "L1", Location: Outlet, Milli: 5}, {At: at(2), Measurand: EnergyImport, Phase: "L2", Location: Outlet, Milli: 6},
		{At: at(1), Measurand: EnergyImport, Location: Outlet, Milli: 10}, {At: at(1), Measurand: PowerImport, Location: Outlet, Milli: 1},
	})
	if want := []Reading{{at(1), 10}, {at(2), 11}}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
