package billing

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista/charging"
	"gnista/tariff"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func after(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// went is a transaction from noon on for so many minutes, whose car did things from some minutes on, and the
// readings of the register in Wh after some.
func went(minutes int, wh int64, does map[int]charging.Activity, readings map[int]int64) (*charging.Transaction, []charging.Sample) {
	t := &charging.Transaction{
		ID: "x", State: charging.Ended, StartedAt: noon, EndedAt: after(minutes), FinishedAt: after(minutes), EnergyWh: wh,
		Meter: charging.Meter{Begin: &charging.Reading{At: noon, MWh: 1000_000}, End: &charging.Reading{At: after(minutes), MWh: (1000 + wh) * 1000}},
	}
	var samples []charging.Sample
	for m := range minutes + 1 {
		if a, ok := does[m]; ok {
			t.Progress.Timeline = append(t.Progress.Timeline, charging.Step{At: after(m), Seq: m, Activity: a})
		}
		if r, ok := readings[m]; ok {
			samples = append(samples, charging.Sample{At: after(m), Measurand: charging.EnergyImport, Location: charging.Outlet, Milli: (1000 + r) * 1000})
		}
	}
	return t, samples
}

func TestSegments(t *testing.T) {
	charges := map[int]charging.Activity{0: charging.Charging}
	type want struct {
		from, to  int
		kind      tariff.Kind
		wh        int64
		watts     int64
		estimated bool
	}
	f := func(x *charging.Transaction, samples []charging.Sample, wants ...want) {
		t.Helper()
		got := segments(x, samples, after(1000))
		if len(got) != len(wants) {
			t.Errorf("got %d segments: %+v", len(got), got)
			return
		}
		for i, w := range wants {
			s := tariff.Segment{From: after(w.from), To: after(w.to), Kind: w.kind, EnergyMWh: w.wh * 1000, PowerW: w.watts, MilliA: w.watts * 1000 / volts, Estimated: w.estimated}
			if got[i] != s {
				t.Errorf("segment %d is %+v, want %+v", i, got[i], s)
			}
		}
	}
	g := func(minutes int, wh int64, does map[int]charging.Activity, readings map[int]int64, wants ...want) {
		t.Helper()
		x, samples := went(minutes, wh, does, readings)
		f(x, samples, wants...)
	}
	const c, i = tariff.Charging, tariff.Idling
	g(60, 6000, charges, nil, want{0, 60, c, 6000, 6000, true})
	g(60, 6000, charges, map[int]int64{30: 4000}, want{0, 30, c, 4000, 8000, false}, want{30, 60, c, 2000, 4000, false})
	// What flowed between two readings flowed while the car charged.
	full := map[int]charging.Activity{0: charging.Charging, 20: charging.SuspendedEV}
	g(60, 6000, full, map[int]int64{30: 6000}, want{0, 20, c, 6000, 18000, false}, want{20, 30, i, 0, 0, false}, want{30, 60, i, 0, 0, false})
	g(60, 6100, full, map[int]int64{30: 6000}, want{0, 20, c, 6000, 18000, false}, want{20, 30, i, 0, 0, false}, want{30, 60, i, 100, 200, false})
	again := map[int]charging.Activity{0: charging.Charging, 20: charging.SuspendedEV, 40: charging.Charging}
	g(60, 4000, again, nil, want{0, 20, c, 2000, 6000, true}, want{20, 40, i, 0, 0, false}, want{40, 60, c, 2000, 6000, true})
	// A person decided that it was half of what the meter showed.
	g(60, 3000, charges, map[int]int64{30: 4000, 60: 6000}, want{0, 30, c, 2000, 4000, true}, want{30, 60, c, 1000, 2000, true})
	g(60, 3000, charges, map[int]int64{30: 0}, want{0, 30, c, 0, 0, false}, want{30, 60, c, 3000, 6000, false})
	// Readings that go backwards take nothing away.
	g(30, 3000, charges, map[int]int64{10: 2000, 20: 1000}, want{0, 10, c, 1500, 9000, true}, want{10, 20, c, 0, 0, false}, want{20, 30, c, 1500, 9000, true})

	// What is measured counts before what is reckoned.
	x, samples := went(60, 6000, charges, map[int]int64{30: 3000})
	for _, l := range []string{"L1", "L2", "L3"} {
		samples = append(samples, charging.Sample{At: after(30), Measurand: charging.CurrentImport, Location: charging.Outlet, Phase: l, Milli: 10_000})
	}
	for minutes, watts := range map[int]int64{0: 1, 10: 6800, 30: 7000} {
		samples = append(samples, charging.Sample{At: after(minutes), Measurand: charging.PowerImport, Location: charging.Outlet, Milli: watts * 1000})
	}
	slices.SortFunc(samples, func(a, b charging.Sample) int { return a.At.Compare(b.At) })
	got := segments(x, samples, noon)
	if len(got) != 2 || got[0].PowerW != 6900 || got[0].MilliA != 30_000 || got[1].PowerW != 6000 || got[1].MilliA != 26_086 {
		t.Errorf("measured power and current are %+v", got)
	}

	// An active transaction goes on as it did.
	x, samples = went(60, 3000, charges, map[int]int64{30: 3000})
	x.State, x.EndedAt, x.FinishedAt, x.Meter.End, x.PowerW = charging.Active, time.Time{}, time.Time{}, nil, 5000
	if got := segments(x, samples, after(40)); len(got) != 2 || got[1].EnergyMWh != 0 || got[1].PowerW != 5000 || !got[1].To.Equal(after(40)) {
		t.Errorf("an active one is %+v", got)
	}

	// A station whose readings count from the start, and whose declared ones do not (quirk Q62).
	x, samples = went(60, 6000, charges, map[int]int64{0: -1000, 30: 1000, 60: 5000})
	f(x, samples, want{0, 30, c, 2000, 4000, false}, want{30, 60, c, 4000, 8000, false})

	// The time of one that lasted too long costs nothing; its energy does.
	x, samples = went(60, 6000, charges, nil)
	x.Review = []charging.Reason{charging.TooLong, charging.DecidedByPerson}
	f(x, samples, want{0, 60, tariff.Waiting, 6000, 6000, true})
}

// Whatever a station tells, the segments are from the start to the end, and have all of the energy.
func TestSegmentsHaveAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.IntRange(0, 30).Draw(t, "minutes")
		does, readings := map[int]charging.Activity{}, map[int]int64{}
		activity := rapid.SampledFrom([]charging.Activity{charging.Connected, charging.Charging, charging.SuspendedEV, charging.SuspendedEVSE, charging.Idle})
		for range rapid.IntRange(0, 5).Draw(t, "activities") {
			does[rapid.IntRange(0, 40).Draw(t, "at")] = activity.Draw(t, "activity")
		}
		for range rapid.IntRange(0, 5).Draw(t, "readings") {
			readings[rapid.IntRange(0, 40).Draw(t, "at")] = int64(rapid.IntRange(-2000, 20_000).Draw(t, "Wh"))
		}
		x, samples := went(40, int64(rapid.IntRange(0, 20_000).Draw(t, "billed")), does, readings)
		x.EndedAt = after(minutes) // what is told of later times does not count
		if rapid.Bool().Draw(t, "no begin") {
			x.Meter.Begin = nil
		}
		if rapid.Bool().Draw(t, "no end") {
			x.Meter.End = nil
		}
		if rapid.Bool().Draw(t, "too long") {
			x.Review = append(x.Review, charging.TooLong)
		}
		list := segments(x, samples, noon)
		at, mWh := noon, int64(0)
		for _, s := range list {
			if !s.From.Equal(at) || s.To.Before(s.From) || s.EnergyMWh < 0 || s.PowerW < 0 || s.MilliA < 0 {
				t.Fatalf("the segments are %+v", list)
			}
			at, mWh = s.To, mWh+s.EnergyMWh
		}
		if !at.Equal(x.EndedAt) || mWh != x.EnergyWh*1000 {
			t.Fatalf("until %v there are %d mWh of %d Wh in %+v", at, mWh, x.EnergyWh, list)
		}
		v := tariff.Version{Currency: "SEK", Elements: []tariff.Element{
			{Dimension: tariff.Energy, Price: "2", VAT: "25", When: tariff.Restriction{From: "12:10", To: "12:20"}},
			{Dimension: tariff.Energy, Price: "3", VAT: "25", When: tariff.Restriction{MinWh: new(int64(2500))}},
			{Dimension: tariff.Energy, Price: "4", VAT: "25"},
		}}
		b, err := tariff.Rate(v, tariff.Usage{Start: noon, Segments: list})
		var wh int64
		for _, l := range b.Lines {
			wh += l.Quantity
		}
		if err != nil || wh != x.EnergyWh {
			t.Fatalf("%d Wh of %d are billed, %v, in %+v", wh, x.EnergyWh, err, b)
		}
	})
}

// What a transaction costs while it goes on is never more than in the end.
func TestRunningCost(t *testing.T) {
	v := tariff.Version{Currency: "SEK", Elements: []tariff.Element{
		{Dimension: tariff.Energy, Price: "2", VAT: "25", Step: 500, When: tariff.Restriction{To: "12:30"}},
		{Dimension: tariff.Energy, Price: "1", VAT: "25", Step: 500},
		{Dimension: tariff.Time, Price: "0.5", VAT: "25", Step: 600},
		{Dimension: tariff.Idle, Price: "0.1", VAT: "25", Grace: 5 * time.Minute, Step: 60},
		{Dimension: tariff.Start, Price: "3", VAT: "6"},
	}}
	readings := map[int]int64{0: 0, 7: 900, 13: 2050, 29: 4100, 31: 4320, 44: 4700, 50: 4800}
	does := map[int]charging.Activity{0: charging.Charging, 45: charging.SuspendedEV}
	var last int64
	for m := 1; m <= 60; m++ {
		x, samples := went(60, 4800, does, readings)
		x.Progress.Timeline = slices.DeleteFunc(x.Progress.Timeline, func(s charging.Step) bool { return s.At.After(after(m)) })
		samples = slices.DeleteFunc(samples, func(s charging.Sample) bool { return s.At.After(after(m)) })
		open := m < 60
		if open {
			x.State, x.EndedAt, x.FinishedAt, x.Meter.End = charging.Active, time.Time{}, time.Time{}, nil
		}
		x.EnergyWh = samples[len(samples)-1].Milli/1000 - 1000
		b, err := tariff.Rate(v, tariff.Usage{Start: noon, Open: open, Segments: segments(x, samples, after(m))})
		if err != nil {
			t.Fatal(err)
		}
		if b.Total.Amount < last {
			t.Errorf("after %d minutes it costs %d, before it was %d", m, b.Total.Amount, last)
		}
		last = b.Total.Amount
	}
}
