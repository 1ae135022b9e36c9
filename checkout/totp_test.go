package checkout

import (
	"testing"
	"time"
)

func TestTOTP(t *testing.T) {
	const secret = "secure!Charging!"
	now := time.Date(2024, 5, 23, 0, 23, 5, 0, time.UTC)
	n := interval(now, 30*time.Second)
	for i, want := range []string{"MdPU0jCm5tXz", "CN63y502maVh", "dI54vnA25m2h"} {
		at := n - 1 + uint64(i)
		if got := totp(secret, at, 12); got != want {
			t.Errorf("the password of interval %+d is %s, want %s", i-1, got, want)
		}
		if got, ok := matching(secret, want, now, 30*time.Second, 12); !ok || got != at {
			t.Errorf("%s is of interval %d (%v), want %d", want, got, ok, at)
		}
	}
	for _, wrong := range []string{"", "CN63y502maV", "CN63y502maVhh", "cN63y502maVh", totp(secret, n-2, 12), totp(secret, n+2, 12), totp("another", n, 12)} {
		if _, ok := matching(secret, wrong, now, 30*time.Second, 12); ok {
			t.Errorf("%q is taken", wrong)
		}
	}
}
