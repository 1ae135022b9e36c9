package checkout

import (
	"testing"
	"time"

	"gnista/charging"
)

// A driver can have the cable let go of around a charge of their own, and not once somebody else may be there.
func TestUnlockable(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	ended := func(ago time.Duration) *charging.Transaction {
		return &charging.Transaction{State: charging.Ended, EndedAt: now.Add(-ago)}
	}
	for name, x := range map[string]struct {
		state  State
		charge *charging.Transaction
		want   bool
	}{
		"not paid":      {Paying, nil, false},
		"starting":      {Starting, nil, true},
		"plug in":       {PlugIn, nil, true},
		"charging":      {Charging, &charging.Transaction{State: charging.Active}, false},
		"just ended":    {Ended, ended(time.Minute), true},
		"settled":       {Settled, ended(14 * time.Minute), true},
		"long ago":      {Settled, ended(15 * time.Minute), false},
		"cancelled":     {Cancelled, nil, false},
		"never started": {Failed, nil, false},
		"no charge":     {Settled, nil, false},
	} {
		if got := (View{Checkout: Checkout{State: x.state}, Charge: x.charge}).Unlockable(now); got != x.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
