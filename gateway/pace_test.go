package gateway

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	var p pace
	frames, made, patience := Rate{PerSecond: 10, Burst: 20}, Rate{PerSecond: 0.1, Burst: 2}, 30*time.Second
	at := time.Unix(1000, 0)
	f := func(after time.Duration, cost float64, wait time.Duration, tell bool) {
		t.Helper()
		at = at.Add(after)
		if got, told := p.take(cost, frames, made, patience, at); got != wait || told != tell {
			t.Errorf("waits %v, told %v; want %v, %v", got, told, wait, tell)
		}
	}
	f(0, 19, 0, false)
	f(0, 1, 0, false)
	f(0, 1, 100*time.Millisecond, false)
	f(100*time.Millisecond, 1, 100*time.Millisecond, false)
	f(100*time.Millisecond, 20, 2*time.Second, false) // one that is large
	for range 300 {
		f(100*time.Millisecond, 1, 2*time.Second, false)
		if at.Sub(time.Unix(1000, 0)) > patience-time.Second {
			break
		}
	}
	f(2*time.Second, 20, 2*time.Second, true) // it has lasted
	f(2*time.Second, 20, 2*time.Second, false)
	f(time.Minute, 0, 0, false)
	f(0, 30, time.Second, false) // and is over

	f(time.Hour, 0, 0, false)
	for range 3 {
		p.make(made, at)
	}
	f(0, 1, 10*time.Second, false)
	f(10*time.Second, 1, 0, false)
	if p.idle(frames, made, at) || !p.idle(frames, made, at.Add(time.Hour)) {
		t.Error("what is to be remembered is wrong")
	}
	if got, _ := p.take(1e6, Rate{}, Rate{}, 0, at); got != 0 {
		t.Error("no rate is a limit")
	}
}

// A station that connects again has its pace still, until that is forgotten.
func TestPaceOutlives(t *testing.T) {
	var all paces
	p := all.of("CS1")
	all.keep("CS1", p)
	all.forget(func(*pace) bool { return false })
	if all.of("CS1") != p {
		t.Error("the pace is another one")
	}
	all.keep("CS1", p)
	all.forget(func(*pace) bool { return true })
	if len(all.byID) != 0 || all.of("CS1") == p {
		t.Error("the pace is not forgotten")
	}
}
