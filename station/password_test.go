package station_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"gnista"
	"gnista/station"
)

func TestPassword(t *testing.T) {
	f := func(set, presented string, want bool) {
		t.Helper()
		p, err := station.NewPassword(set)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Matches(presented); got != want {
			t.Errorf("%q for %q: %v", presented, set, got)
		}
	}
	key := "00112233445566778899aabbccddeeff00ff00ff" // 20 bytes, one of them no UTF-8
	bytes, _ := hex.DecodeString(key)
	f(key, key, true)
	f(key, strings.ToUpper(key), true)
	f(strings.ToUpper(key), key, true)
	f(key, string(bytes), true)
	f(key, string(bytes)+"x", false)
	f(key, key[:38]+"fe", false)
	f(key, "", false)
	f("sixteen letters!", "sixteen letters!", true)
	f("sixteen letters!", "Sixteen letters!", false)
	f("sixteen letters!", hex.EncodeToString([]byte("sixteen letters!")), false)
	f("ett lösenord på svenska", "ett lösenord på svenska", true)
	f("0123456789abcdef", "0123456789ABCDEF", false) // 16 digits are 8 bytes: no key, but a password
	var none station.Password
	if none.Set() || none.Matches("") || none.Matches("anything") {
		t.Error("no password matches something")
	}
	for _, bad := range []string{"", "fifteen letters", strings.Repeat("x", 65)} {
		if _, err := station.NewPassword(bad); gnista.CodeOf(err) != gnista.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	a, _ := station.NewPassword(key)
	b, _ := station.NewPassword(key)
	if string(a.Hash) == string(b.Hash) {
		t.Error("the same password leaves the same trace")
	}
}
