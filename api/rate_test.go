package api

import (
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	l := newLimiter(10*time.Second, 3)
	now := time.Unix(1_700_000_000, 0)
	f := func(after time.Duration, want bool) {
		t.Helper()
		now = now.Add(after)
		if spent := l.spent("a", now); spent == want {
			t.Errorf("spent is %v", spent)
		}
		if got := l.allow("a", now); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	f(0, true)
	f(0, true)
	f(0, true)
	f(0, false)
	f(9*time.Second, false)
	f(time.Second, true)
	f(0, false)
	f(time.Hour, true) // what was not used is not saved up
	f(0, true)
	f(0, true)
	f(0, false)
	if !l.allow("b", now) {
		t.Error("one counts for another")
	}
}

func TestClient(t *testing.T) {
	s := &Server{Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}}
	f := func(remote, forwarded, want string) {
		t.Helper()
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		if got := s.client(r); got != want {
			t.Errorf("%s, %q: got %s, want %s", remote, forwarded, got, want)
		}
	}
	f("192.0.2.1:5", "", "192.0.2.1")
	f("192.0.2.1:5", "198.51.100.7", "192.0.2.1") // who is no proxy of ours may say what it likes
	f("127.0.0.1:5", "", "127.0.0.1")
	f("127.0.0.1:5", "198.51.100.7", "198.51.100.7")
	f("127.0.0.1:5", "203.0.113.9, 198.51.100.7, 10.1.1.1", "198.51.100.7") // only what a proxy of ours has added counts
	f("127.0.0.1:5", "nonsense", "127.0.0.1")
	f("[2001:db8:1:2:3::4]:5", "", "2001:db8:1:2::")
	f("[::ffff:192.0.2.1]:5", "", "192.0.2.1")
	f("pipe", "", "")
}
