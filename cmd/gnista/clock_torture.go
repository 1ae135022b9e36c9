//go:build torture

package main

import (
	"os"
	"sync/atomic"
	"time"
)

// clockWrong names the file that says by how much the clock is wrong, as in 3m20s.
const clockWrong = "TORTURE_CLOCK"

var clockOff = func() *atomic.Int64 {
	by := &atomic.Int64{}
	go func() {
		for ; ; time.Sleep(50 * time.Millisecond) {
			text, _ := os.ReadFile(os.Getenv(clockWrong))
			d, _ := time.ParseDuration(string(text)) // it is right as long as nobody says anything else
			by.Store(int64(d))
		}
	}()
	return by
}()

// now is what a clock shows that jumps.
func now() time.Time {
	return time.Now().Add(time.Duration(clockOff.Load())).UTC().Truncate(time.Millisecond)
}
