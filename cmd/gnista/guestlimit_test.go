package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/payment"
	"gnista/sim"
	"gnista/tariff"
)

// visit asks for a page, or sends a form.
func (b *bubble) visit(address string, form url.Values) *httptest.ResponseRecorder {
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r := httptest.NewRequest(method, strings.TrimPrefix(address, "http://gnista.test"), strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

// A driver scans the code that a station shows, with limits chosen there, and pays on the pages that it leads to. A code
// that is old, of another station or used already leads nowhere, whatever is wrong with it. OCPP 2.1 C25.FR.07,
// C25.FR.08, C25.FR.56, C25.FR.58.
func TestDynamicCodePages(t *testing.T) {
	l := newTill(false)
	simulatedWith(t, []payment.Provider{l}, func(t *testing.T, b *bubble) {
		ctx := t.Context()
		b.priced(tariff.Element{Dimension: tariff.Energy, Price: "4", VAT: "25"})
		g := &guestTest{b, l, b.till("S", nil)}
		defer g.station.Close()
		g.status()
		other := b.till("T", nil)
		defer other.Close()
		codes := &checkout.DynamicCodes{Store: b.db, Network: b.network, PublicURL: "http://gnista.test", Now: time.Now, NewSecret: newID}
		for _, id := range []gnista.StationID{"S", "T"} {
			if _, err := codes.Switch(ctx, id, 0, true); err != nil {
				t.Fatal(err)
			}
		}
		nothing := ""
		leadsNowhere := func(what, address string) {
			t.Helper()
			for _, form := range []url.Values{nil, {"choice": {"till hold 20000 SEK"}}} {
				w := b.visit(address, form)
				if w.Code != http.StatusNotFound || nothing != "" && w.Body.String() != nothing {
					t.Errorf("%s: %d %s", what, w.Code, w.Body)
				}
				nothing = w.Body.String()
			}
		}
		password := func(address string) string {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			return u.Query().Get("totp")
		}
		old := g.station.Code(1)
		time.Sleep(2 * time.Minute)
		leadsNowhere("an old code", old)
		leadsNowhere("one of another station", "/q/S/1?totp="+password(other.Code(1)))
		leadsNowhere("none", "/q/S/1")
		address := g.station.Code(1)
		leadsNowhere("limits that are none", address+"&maxenergy=-5")
		scanned := b.visit(address+"&maxenergy=6000&maxcost=30.50", nil)
		page := scanned.Header().Get("Location")
		if scanned.Code != http.StatusSeeOther || !strings.HasPrefix(page, "/q/S/1?pass=") || strings.Contains(page, "totp") {
			t.Fatalf("the code leads to %d %s", scanned.Code, page)
		}
		leadsNowhere("a code that was used", address)
		leadsNowhere("a code that was used, with other limits", address+"&maxenergy=7000")
		leadsNowhere("a page with other limits", strings.Replace(page, "6000", "9000", 1))
		leadsNowhere("a page without limits", page[:strings.IndexByte(page, '&')])
		leadsNowhere("a page at another EVSE", strings.Replace(page, "/q/S/1", "/q/S/2", 1))

		text := b.visit(page+"&lang=sv", nil).Body.String()
		tariffOf := regexp.MustCompile(`name="tariff" value="([^"]+)"`).FindStringSubmatch(text)
		if !strings.Contains(text, "6,000 kWh") || !strings.Contains(text, "30,50 kr") || tariffOf == nil {
			t.Fatalf("the page is %s", text)
		}
		opened := b.visit(page+"&lang=sv", url.Values{"tariff": {tariffOf[1]}, "choice": {"till hold 20000 SEK"}})
		key := regexp.MustCompile(`^/pay/([^?]+)`).FindStringSubmatch(opened.Header().Get("Location"))
		if opened.Code != http.StatusSeeOther || key == nil {
			t.Fatalf("the form leads to %d %s", opened.Code, opened.Body)
		}
		v, err := b.desk.View(ctx, key[1])
		if want := (checkout.Wish{Wh: 6000, Cost: 30_50}); err != nil || v.Wish != want {
			t.Fatalf("the wish is %+v, %v", v.Wish, err)
		}
		g.pause(time.Second)
		g.pay(v.Checkout)
		if err := g.station.Plug(ctx, 1); err != nil {
			t.Fatal(err)
		}
		g.pause(time.Second)
		list := b.transactions(charging.Filter{Station: "S"})
		if len(list) != 1 || list[0].Limiting == nil || list[0].Limiting.Own.Cost == nil || list[0].Limiting.Own.Cost.Amount != 30_50 {
			t.Fatalf("the station was told %+v", list)
		}
		g.charge()
		g.pause(time.Minute)
		done := g.want(v.Checkout, checkout.Settled)
		if got := done.Charge.EnergyWh; got < 5_000 || got > 8_000 {
			t.Errorf("%d Wh were charged", got)
		}
		g.paid(done.Checkout, done.Cost.Amount)
		time.Sleep(15 * time.Minute)
		leadsNowhere("a page that was opened long ago", page)
	})
}

// TestGuestWish: a charge is ordered to end when the meter says that it has come to what its driver wants at the most.
func TestGuestWish(t *testing.T) {
	for _, v := range versions() {
		for name, wish := range map[string]checkout.Wish{"energy": {Wh: 5000}, "time": {For: 5 * time.Minute}, "cost": {Cost: 20_00}} {
			t.Run(fmt.Sprintf("%s %s", v, name), func(t *testing.T) {
				withGuests(t, v, false, func(t *testing.T, g *guestTest) {
					c, err := g.desk.Open(t.Context(), checkout.Request{Station: "S", EVSE: 1, Provider: "till", Amount: gnista.Money{Amount: 200_00, Currency: "SEK"}, Language: "sv", Wish: wish})
					if err != nil {
						t.Fatal(err)
					}
					g.pause(time.Second)
					g.pay(c)
					if err := g.station.Plug(t.Context(), 1); err != nil {
						t.Fatal(err)
					}
					g.pause(time.Second)
					g.want(c, checkout.Charging)
					for range 10 {
						time.Sleep(time.Minute)
						if g.station.Charging(1) {
							if err := g.station.Meter(t.Context(), 1); err != nil {
								t.Fatal(err)
							}
						}
					}
					g.pause(time.Minute)
					done := g.want(c, checkout.Settled)
					if got := done.Charge.EnergyWh; got < 4_000 || got > 6_500 { // 5 kWh, and what flows in a minute
						t.Errorf("%d Wh were charged in %v", got, done.Charge.EndedAt.Sub(done.Charge.StartedAt))
					}
					g.paid(done.Checkout, done.Cost.Amount)
					if n := g.events(); n["checkout.limit-stop"] != 1 {
						t.Errorf("it was told %v", n)
					}
				})
			})
		}
	}
}

// Where charging is free it ends by what its driver wants all the same. A car that was there before has its time from
// when it could begin.
func TestGuestWishFree(t *testing.T) {
	for name, wish := range map[string]checkout.Wish{"energy": {Wh: 5000}, "time": {For: 5 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				ctx := t.Context()
				s := b.serving("S", gnista.V201)
				defer s.Close()
				if err := s.Status(ctx, 1, sim.StatusAvailable, ""); err != nil {
					t.Fatal(err)
				}
				if err := s.Plug(ctx, 1); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Minute)
				c, err := b.desk.Open(ctx, checkout.Request{Station: "S", EVSE: 1, Language: "en", Wish: wish})
				if err != nil {
					t.Fatal(err)
				}
				for range 10 {
					time.Sleep(time.Minute)
					if s.Charging(1) {
						if err := s.Meter(ctx, 1); err != nil {
							t.Fatal(err)
						}
					}
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				v, err := b.desk.View(ctx, c.Key)
				if err != nil || v.State != checkout.Settled || v.Charge.EnergyWh < 4_000 || v.Charge.EnergyWh > 6_500 {
					t.Errorf("at the end the driver sees %+v, %+v, %v", v, v.Charge, err)
				}
			})
		})
	}
}

// TestGuestHoldEnds: a charge is ordered to end two hours before what is set aside for it is released, so that what is
// due is taken before.
func TestGuestHoldEnds(t *testing.T) {
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			withGuests(t, v, false, func(t *testing.T, g *guestTest) {
				g.till.life = 3 * time.Hour
				c := g.open()
				g.pay(c)
				paid := time.Now()
				if err := g.station.Plug(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				if err := g.station.Draw(1, 3000); err != nil {
					t.Fatal(err)
				}
				g.pause(time.Second)
				for range 5 {
					time.Sleep(11 * time.Minute)
					if err := g.station.Meter(t.Context(), 1); err != nil {
						t.Fatal(err)
					}
				}
				g.want(c, checkout.Charging)
				g.pause(6 * time.Minute)
				done := g.want(c, checkout.Settled)
				if lasted := done.Charge.EndedAt.Sub(paid); lasted < 59*time.Minute || lasted > 61*time.Minute || g.station.Charging(1) {
					t.Errorf("it charged for %v", lasted)
				}
				if done.Cost.Amount < 10_00 || done.Pay.State != payment.Settled || done.Pay.Held != 0 {
					t.Errorf("at the end the payment is %+v", done.Pay)
				}
				g.paid(done.Checkout, done.Cost.Amount)
			})
		})
	}
}

// TestGuestMinimum: less energy or money than was said when the driver paid costs nothing. --guest-min-energy,
// --guest-min-amount.
func TestGuestMinimum(t *testing.T) {
	p, err := guests{GuestHold: 1, GuestPrepay: []int64{1}, GuestPayWithin: time.Minute, GuestStartWithin: time.Minute, GuestMinEnergy: 500, GuestMinAmount: 5_00}.policy("SEK")
	if err != nil || p.MinWh != 500 || p.Minimum != 5_00 {
		t.Fatalf("the policy is %+v, %v", p, err)
	}
	for _, g := range []guests{{GuestMinEnergy: -1}, {GuestMinAmount: -1}} {
		g.GuestHold, g.GuestPayWithin, g.GuestStartWithin = 1, time.Minute, time.Minute
		if _, err := g.policy("SEK"); err == nil || !strings.Contains(err.Error(), "--guest-min-energy") {
			t.Errorf("%+v: %v", g, err)
		}
	}
	for _, v := range versions() {
		for _, prepay := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s prepay=%t", v, prepay), func(t *testing.T) {
				withGuests(t, v, prepay, func(t *testing.T, g *guestTest) {
					for _, c := range []struct{ wh, least, minimum, costs int64 }{
						{400, 500, 0, 0}, {600, 500, 0, 2_40}, {1200, 0, 5_00, 0}, {1300, 0, 5_00, 5_20}, {1200, 500, 5_00, 0},
					} {
						g.desk.Policy.MinWh, g.desk.Policy.Minimum = c.least, c.minimum
						o := g.open()
						g.desk.Policy.MinWh, g.desk.Policy.Minimum = 0, 0 // what was said holds
						g.pay(o)
						if err := g.station.Plug(t.Context(), 1); err != nil {
							t.Fatal(err)
						}
						if err := g.station.Draw(1, 12_000); err != nil {
							t.Fatal(err)
						}
						time.Sleep(time.Duration(c.wh) * time.Hour / 12_000)
						if err := g.station.Unplug(t.Context(), 1); err != nil {
							t.Fatal(err)
						}
						g.pause(20 * time.Second)
						done := g.want(o, checkout.Settled)
						if got := done.Charge.EnergyWh; got < c.wh-10 || got > c.wh+20 || (done.Cost.Amount == 0) != (c.costs == 0) || done.Cost.Amount > c.costs+10 {
							t.Errorf("%+v: %d Wh came to %d", c, got, done.Cost.Amount)
						}
						if got := done.Cost.Amount; got == 0 || !prepay && got >= 3_00 || prepay {
							g.paid(done.Checkout, got)
						}
					}
				})
			})
		}
	}
}
