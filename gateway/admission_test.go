package gateway

import (
	"testing"
	"time"
)

func TestAdmission(t *testing.T) {
	a := admission{}
	rate := Rate{PerSecond: 100, Burst: 10}
	now := time.Unix(0, 0)
	let, told, longest := 0, 0, time.Duration(0)
	for range 1000 { // come at once
		wait, ok := a.turn(rate, 2*time.Second, now)
		if !ok {
			told++
			continue
		}
		let++
		longest = max(longest, wait)
	}
	if let != 210 || told != 790 || longest > 2*time.Second || longest < 1900*time.Millisecond {
		t.Errorf("%d are let in within %v, and %d told to come back", let, longest, told)
	}
	if wait, ok := a.turn(rate, 2*time.Second, now.Add(5*time.Second)); !ok || wait != 0 {
		t.Errorf("after some quiet one waits %v, %v", wait, ok)
	}
}
