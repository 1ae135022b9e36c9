package token_test

import (
	"testing"

	"gnista/token"
)

func TestKey(t *testing.T) {
	f := func(a, b string, same bool) {
		t.Helper()
		if got := token.Key(a) == token.Key(b); got != same {
			t.Errorf("%q and %q: %v", a, b, got)
		}
	}
	f("04a1b2c3", "04A1B2C3", true)
	f(" F6 CA 0C C5", "f6:ca:0c:c5", true) // quirk Q72
	f("F6-CA-0C-C5", "F6CA0CC5", true)
	f("04A1B2C3", "04A1B2C300", false) // quirk Q71: no prefix is enough
	f("SE*ABC*1", "SEABC1", false)
	f("å", "Å", true)
}

func TestMask(t *testing.T) {
	for uid, want := range map[string]string{"04A1B2C3": "…B2C3", "ABCD": "…", "": "…"} {
		if got := token.Mask(uid); got != want {
			t.Errorf("%q is shown as %q", uid, got)
		}
	}
}
