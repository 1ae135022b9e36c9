package checkout

import (
	"net/url"
	"testing"
	"time"
)

func TestWishes(t *testing.T) {
	f := func(query string, want Wish, fine bool) {
		t.Helper()
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Wishes(q, "SEK"); (err == nil) != fine || fine && got != want {
			t.Errorf("%q: %+v, %v", query, got, err)
		}
	}
	f("maxenergy=12000&maxtime=3600&maxcost=50.55", Wish{12_000, time.Hour, 50_55}, true)
	f("maxenergy=12000.9&maxenergy=800&maxcost=0.001", Wish{Wh: 800, Cost: 1}, true)
	f("colour=red&totp=x", Wish{}, true)
	for _, bad := range []string{"maxenergy=-1", "maxenergy=much", "maxtime=0", "maxcost=NaN", "maxcost=1&maxcost=", "maxcost=1e300", "maxenergy=1e999"} {
		f(bad, Wish{}, false)
	}
	if got := Wished(url.Values{"maxcost": {"5 0"}, "totp": {"x"}, "maxenergy": {"1"}}); got != "maxcost=5+0&maxenergy=1" {
		t.Errorf("got %q", got)
	}
}

func TestWishReached(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		w        Wish
		wh, cost int64
		is       bool
		by       time.Time
	}{
		{Wish{}, 1e9, 1e9, false, time.Time{}},
		{Wish{Wh: 5}, 4, 1e9, false, time.Time{}},
		{Wish{Wh: 5}, 5, 0, true, time.Time{}},
		{Wish{Cost: 5}, 1e9, 4, false, time.Time{}},
		{Wish{Cost: 5, For: time.Hour}, 0, 5, true, at.Add(time.Hour)},
	} {
		if is, by := c.w.reached(c.wh, c.cost), c.w.by(at); is != c.is || !by.Equal(c.by) {
			t.Errorf("%+v: %t by %v", c, is, by)
		}
	}
}
