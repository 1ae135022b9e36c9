package charging

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(minute int) time.Time {
	return time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)
}

func TestMeter(t *testing.T) {
	f := func(begin, end int64, wh int64, want []Reason, readings ...int64) {
		t.Helper()
		var m Meter
		if begin >= 0 {
			m.Begin = &Reading{at(0), begin * 1000}
		}
		if end >= 0 {
			m.End = &Reading{at(60), end * 1000}
		}
		for i, r := range readings {
			m.take(Reading{at(1 + i*58/max(1, len(readings)-1)), r * 1000})
		}
		got, reasons := m.final(time.Hour, 0)
		if got != wh || !slices.Equal(reasons, want) {
			t.Errorf("from %d by %v to %d: %d Wh, %v; want %d Wh, %v", begin, readings, end, got, reasons, wh, want)
		}
	}
	f(1000, 8000, 7000, nil)
	f(1000, 8000, 7000, nil, 1000, 5000, 8000)
	f(1000, 1000, 0, nil, 1000, 1000)
	f(-1, 8000, 7000, []Reason{MissingReading}, 1000, 8000)
	f(1000, -1, 7000, []Reason{MissingReading}, 1000, 8000)
	f(1000, -1, 0, []Reason{MissingReading})
	f(-1, -1, 0, []Reason{MissingReading})
	f(8000, 1000, 0, []Reason{MeterReset})
	f(8000, 3000, 5000, []Reason{MeterReset}, 8000, 10000, 0, 3000)
	f(1000, 8000, 12000, []Reason{MeterReset}, 1000, 6000, 1000, 8000)  // back, and up again
	f(500_000, 507_000, 7000, nil, 0, 3000, 7000)                       // quirk Q62: readings count the session
	f(500_000, 520_000, 20000, []Reason{MeterDisagrees}, 0, 3000, 7000) // and do not agree
	f(1000, 3000, 2000, []Reason{MeterDisagrees}, 1000, 9000)           // less than was seen to flow
	f(0, 2_000_000, 2_000_000, []Reason{Implausible})                   // 2 MWh in an hour
	f(1000, 8000, 7000, nil, 1000, 4000, 3950, 8000)                    // rounding runs back a little
	f(1000, 8000, 7000, nil, 1003)
}

func TestReadings(t *testing.T) {
	f := func(want int64, samples ...Sample) {
		t.Helper()
		list := readings(samples)
		if len(list) != 1 || list[0].MWh != want {
			t.Errorf("%+v: got %+v, want %d", samples, list, want)
		}
	}
	sample := func(phase, location string, mWh int64) Sample {
		return Sample{At: at(0), Measurand: EnergyImport, Phase: phase, Location: location, Milli: mWh}
	}
	f(9, sample("", Outlet, 9))
	f(9, sample("", Outlet, 9), sample("", "inlet", 8), sample("L1", Outlet, 3))
	f(8, sample("L1", Outlet, 3), sample("", "inlet", 8))
	f(6, sample("L1", Outlet, 1), sample("L2", Outlet, 2), sample("L3", Outlet, 3), sample("N", Outlet, 50))
	f(9, sample("", Outlet, 9), Sample{At: at(0), Measurand: PowerImport, Milli: 5})
	if list := readings([]Sample{{At: at(0), Measurand: PowerImport}}); len(list) != 0 {
		t.Errorf("got %+v", list)
	}
}

func TestTotal(t *testing.T) {
	p := func(minute int, phase string, w int64) Sample {
		return Sample{At: at(minute), Measurand: PowerImport, Phase: phase, Milli: w}
	}
	f := func(want int64, samples ...Sample) {
		t.Helper()
		if got, ok := total(samples, PowerImport); !ok || got != want {
			t.Errorf("%+v: %d, want %d", samples, got, want)
		}
	}
	f(7, p(0, "", 7))
	f(9, p(0, "", 7), p(1, "", 9))
	f(9, p(1, "", 9), p(0, "", 7))
	f(6, p(0, "L1", 1), p(0, "L2", 2), p(0, "L3", 3))
	f(7, p(0, "L1", 1), p(0, "L2", 2), p(0, "", 7))
	f(7, p(0, "", 7), p(0, "L1", 1))
	if _, ok := total(nil, PowerImport); ok {
		t.Error("nothing has a total")
	}
}

// A set of numbers is gapless when it is all from its lowest to its highest, in whatever order they came.
func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s spans
		have := map[int]bool{}
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 20), 0, 40).Draw(t, "numbers") {
			if s.add(n) == have[n] {
				t.Fatalf("%d into %v: new or not is wrong", n, s)
			}
			have[n] = true
		}
		low, high, count := 21, -1, len(have)
		for n := range have {
			low, high = min(low, n), max(high, n)
		}
		if want := count == 0 || high-low+1 == count; s.gapless() != want {
			t.Fatalf("%v is gapless: %v", s, s.gapless())
		}
		covered := 0
		for _, r := range s {
			covered += r.To - r.From + 1
		}
		if covered != count {
			t.Fatalf("%v covers %d of %d", s, covered, count)
		}
	})
}

func TestPeriods(t *testing.T) {
	f := func(end int, want string, steps ...Step) {
		t.Helper()
		x := Transaction{StartedAt: at(0), EndedAt: at(end)}
		for _, s := range steps {
			x.step(s, false)
		}
		got := ""
		for _, p := range x.Periods(time.Time{}) {
			kind := "c"
			if p.Idle {
				kind = "i"
			}
			got += kind + p.To.Sub(p.From).String()
		}
		if got != want {
			t.Errorf("%v: %s, want %s", steps, got, want)
		}
	}
	f(10, "c10m0s")
	f(0, "")
	f(10, "c10m0s", Step{at(0), 0, Connected})
	f(10, "c4m0si6m0s", Step{at(0), 0, Charging}, Step{at(4), 0, Connected})
	f(10, "i10m0s", Step{at(0), 0, SuspendedEV})
	f(10, "c10m0s", Step{at(0), 0, SuspendedEVSE})
	f(10, "c2m0si3m0sc5m0s", Step{at(0), 0, Charging}, Step{at(2), 0, SuspendedEV}, Step{at(5), 0, SuspendedEVSE})
	f(10, "c5m0si5m0s", Step{at(5), 0, SuspendedEV}, Step{at(0), 0, Charging}) // out of order
	f(10, "c10m0s", Step{at(0), 0, Charging}, Step{at(15), 0, SuspendedEV})    // behind the end
	f(10, "i10m0s", Step{time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC), 0, SuspendedEV})
}

// What a hostile station sends in one message is read in the time that it takes to read it once, and no
// more rows are made of it than others can wait for.
func TestManySamples(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	r := recording{now: now, at: now}
	for i := range 3000 {
		r.Samples = append(r.Samples, Sample{At: now.Add(-time.Duration(i) * 15 * time.Minute), Measurand: EnergyImport, Location: Outlet, Milli: int64(i)})
	}
	few, many := readings(slices.Clone(r.Samples[:32])), readings(slices.Clone(r.Samples[:33]))
	if len(few) != 32 || len(many) != 33 || few[31].MWh != many[32].MWh {
		t.Errorf("%d and %d readings", len(few), len(many))
	}
	if n := len(r.samples()); n != maxStretch {
		t.Errorf("%d samples are kept, want %d", n, maxStretch)
	}
	phases := make([]Sample, 0, 90)
	for i := range 90 {
		phases = append(phases, Sample{At: now.Add(time.Duration(i/3) * time.Minute), Measurand: EnergyImport, Location: Outlet, Phase: fmt.Sprintf("L%d", i%3+1), Milli: 10})
	}
	if list := readings(phases); len(list) != 30 || list[7].MWh != 30 {
		t.Errorf("got %+v", list)
	}
}

func TestManySpans(t *testing.T) {
	var s spans
	for i := range 10 * maxSpans {
		if !s.add(2 * i) {
			t.Fatalf("%d is not new", 2*i)
		}
	}
	if len(s) != maxSpans || s.gapless() || s.add(0) || s.add(2*maxSpans-2) {
		t.Errorf("%d spans", len(s))
	}
}
