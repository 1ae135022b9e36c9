package charging

import (
	"testing"
	"time"
)

func TestProposals(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	reading := func(minutes int, wh int64) *Reading {
		return &Reading{at.Add(time.Duration(minutes) * time.Minute), wh * 1000}
	}
	type want struct {
		wh     int64
		basis  Basis
		reason Reason
	}
	f := func(name string, m Meter, maxW int64, w want, reasons ...Reason) {
		t.Helper()
		x := &Transaction{State: Ended, StartedAt: at, EndedAt: at.Add(time.Hour), UpdatedAt: at.Add(61 * time.Minute), Meter: m, Review: reasons}
		got := x.Waiting(maxW)
		if p := got.Proposal; p != (Proposal{w.wh, w.basis, w.reason}) {
			t.Errorf("%s: got %+v of %+v", name, p, got.Evidence)
		}
		if e := got.Evidence; e.Seconds != 3600 || e.LateSeconds != 60 || e.PossibleWh <= 0 {
			t.Errorf("%s: %+v", name, e)
		}
	}
	full := Meter{Begin: reading(0, 1000), End: reading(60, 9000), First: reading(1, 1100), Last: reading(50, 7000), Counted: 5_900_000}
	open := full
	open.End = nil
	f("no end", open, 0, want{6000, ToLast, MissingStop}, MissingStop)
	f("no end, and nothing was read", Meter{Begin: reading(0, 1000)}, 0, want{0, Nothing, MissingStop}, MissingStop, MissingReading)
	f("no reading at the end", open, 0, want{6000, ToLast, MissingReading}, MissingReading)
	begun := full
	begun.Begin = nil
	f("no start", begun, 0, want{7900, FromFirst, MissingStart}, MissingStart)
	f("only an end", Meter{End: reading(60, 9000)}, 0, want{0, Nothing, OrphanStop}, OrphanStop, MissingReading)
	reset := Meter{Begin: reading(0, 9000), End: reading(60, 700), First: reading(1, 9000), Last: reading(50, 500), Counted: 1_500_000, Reset: true}
	f("reset", reset, 0, want{1700, AsCounted, MeterReset}, MeterReset)
	f("implausible", full, 0, want{0, Nothing, Implausible}, Implausible, MissingEvents)
	f("nobody may", full, 0, want{0, Nothing, Unauthorised}, Unauthorised)
	f("start and end say more", full, 0, want{5900, AsSampled, MeterDisagrees}, MeterDisagrees)
	less := full
	less.End = reading(60, 5000)
	f("start and end say less", less, 0, want{4000, AsDeclared, MeterDisagrees}, MeterDisagrees)
	f("too long", full, 0, want{8000, AsDeclared, TooLong}, TooLong, ClockSkew)
	f("the least of all", open, 0, want{0, Nothing, Unauthorised}, MissingStop, Unauthorised)
	f("more than the connector gives", full, 3700, want{0, Nothing, Implausible}, TooLong)
	f("as much as the connector gives", full, 11_000, want{8000, AsDeclared, TooLong}, TooLong)
	f("nothing is doubtful", open, 0, want{6000, ToLast, ""}, ClockSkew)
}

// What a station has reported of its power bounds what is believed.
func TestReportedPower(t *testing.T) {
	for text, want := range map[[2]string]int64{
		{"22000", "W"}: 22_000, {"22.5", "kW"}: 22_500, {"150000.9", ""}: 150_000, {"", "W"}: 0, {"11", "W"}: 0, {"x", "W"}: 0, {"1e5", "W"}: 0, {"-5000", "W"}: 0, {"99999999999999999999", "W"}: 0, {"5000000", "W"}: maxPowerW,
	} {
		if got := watts(text[0], text[1]); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	m := Meter{Begin: &Reading{MWh: 0}, End: &Reading{MWh: 30_000_000}}
	for maxW, want := range map[int64]int{0: 0, 11_000: 1, 22_000: 1, 25_000: 0, 50_000: 0} { // with a tenth and six minutes more
		if _, reasons := m.final(time.Hour, maxW); len(reasons) != want {
			t.Errorf("%d W: %v", maxW, reasons)
		}
	}
}

// What is counted anew is what was counted when it came, in whatever order.
func TestRecount(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	x := &Transaction{StartedAt: at, EndedAt: at.Add(time.Hour), Meter: Meter{Begin: &Reading{at, 1_000_000}, End: &Reading{at.Add(time.Hour), 8_000_000}}}
	var samples []Sample
	for _, minute := range []int{5, 10, 30, 20, 55} {
		s := Sample{At: at.Add(time.Duration(minute) * time.Minute), Measurand: EnergyImport, Location: Outlet, Milli: 1_000_000 + int64(minute)*100_000}
		samples = append(samples, s)
		x.Meter.take(Reading{s.At, s.Milli})
	}
	late := Sample{At: at.Add(2 * time.Hour), Measurand: EnergyImport, Location: Outlet, Milli: 0} // when it was finished already
	if wh, _ := x.Meter.final(time.Hour, 0); wh != 7000 || x.Recount(append(samples, late)) != wh {
		t.Errorf("counted %d, and then %d", wh, x.Recount(append(samples, late)))
	}
	samples[2].Milli = 0 // as if somebody had changed what the meter said
	if wh := x.Recount(samples); wh == 7000 {
		t.Error("a register that went backwards is not seen")
	}
}
