package checkout

import (
	"testing"
	"time"

	"gnista/charging"
)

// A phone is told each thing once, when it is so, and is forgotten when there is nothing more to come.
func TestPhoneNext(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	runs, ended := &charging.Transaction{State: charging.Active}, &charging.Transaction{State: charging.Ended, EndedAt: now.Add(-time.Minute)}
	in := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	soon := in(1)
	for name, x := range map[string]struct {
		state   State
		charge  *charging.Transaction
		receipt string
		idle    time.Time
		trouble bool
		told    []Word
		want    Word
		at      time.Time
	}{
		"waits for the car":           {state: PlugIn, at: soon},
		"charges":                     {state: Charging, charge: runs, at: soon},
		"fees begin later":            {state: Charging, charge: runs, idle: in(90), at: soon},
		"fees are told in a while":    {state: Charging, charge: runs, idle: now.Add(15*time.Minute + 20*time.Second), at: now.Add(20 * time.Second)},
		"fees begin soon":             {state: Charging, charge: runs, idle: in(15), want: WordIdle},
		"fees have begun":             {state: Charging, charge: runs, idle: in(-3), want: WordIdle},
		"fees were told":              {state: Charging, charge: runs, idle: in(-3), told: []Word{WordIdle}, at: soon},
		"trouble comes before fees":   {state: Charging, charge: runs, idle: in(1), trouble: true, want: WordTrouble},
		"trouble is told once":        {state: Charging, charge: runs, idle: in(1), trouble: true, told: []Word{WordTrouble}, want: WordIdle},
		"ended, not settled":          {state: Ended, charge: ended, want: WordEnded},
		"ended, the state follows":    {state: Charging, charge: ended, idle: in(-3), want: WordEnded},
		"waits for the receipt":       {state: Ended, charge: ended, told: []Word{WordEnded}, at: soon},
		"settled at once":             {state: Settled, charge: ended, receipt: "r", want: WordEnded},
		"receipt":                     {state: Settled, charge: ended, receipt: "r", told: []Word{WordEnded}, want: WordReceipt},
		"settled, no receipt yet":     {state: Settled, charge: ended, told: []Word{WordEnded}, at: soon},
		"everything was told":         {state: Settled, charge: ended, receipt: "r", told: []Word{WordEnded, WordReceipt}},
		"cancelled":                   {state: Cancelled},
		"never began":                 {state: Failed, trouble: true, want: WordTrouble},
		"never began, which was told": {state: Failed, trouble: true, told: []Word{WordTrouble}},
	} {
		n := News{View: View{Checkout: Checkout{State: x.state}, Charge: x.charge, Receipt: x.receipt}, Idle: x.idle, Trouble: x.trouble}
		if w, at := (Phone{Told: x.told}).next(n, now); w != x.want || !at.Equal(x.at) {
			t.Errorf("%s: %q, %v", name, w, at)
		}
	}
}

// A word is tried again after a while, by one at a time, and never once it is done with.
func TestPhoneTries(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var p Phone
	for i, pause := range phonePauses {
		if !p.begin(WordEnded, now) || p.Tries != i+1 || !p.Next.Equal(now.Add(pause)) {
			t.Fatalf("try %d: %+v", i+1, p)
		}
		if p.begin(WordEnded, p.Next.Add(-1)) {
			t.Errorf("try %d: it is tried again at once", i+1)
		}
		now = p.Next
	}
	if !p.begin(WordReceipt, now) || p.Tries != 1 {
		t.Errorf("another word is %+v", p)
	}
	if p.close(WordReceipt); p.begin(WordReceipt, now.AddDate(1, 0, 0)) || p.Trying != "" {
		t.Errorf("what is done with is tried again: %+v", p)
	}
}
