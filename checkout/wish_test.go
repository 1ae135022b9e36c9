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
