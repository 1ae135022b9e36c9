package site_test

import (
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/power"
	"gnista/power/site"
)

// Two cars share, a third comes, and one goes; each is told why it gets what it gets.
func TestShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		for _, id := range []gnista.StationID{"A", "B", "C"} {
			y.add(id, gnista.V16, "RST", 32000)
		}
		y.set(y.plain(40, site.On))
		y.run()
		defer func() { y.stop() }()
		time.Sleep(5 * time.Second)
		if s := y.place("A").Safe; s.State != site.Verified || s.Amps != 14000 {
			t.Errorf("the safe default of A is %+v", s)
		}
		y.arrive("A", car{wants: 32000})
		time.Sleep(5 * time.Second)
		if p := y.place("A"); p.Amps != 32000 || p.Why.Code != site.Full || p.Told == nil || p.Told.By != site.ByTransaction {
			t.Errorf("A alone: %+v, %+v", p, p.Why)
		}
		y.arrive("B", car{wants: 32000})
		y.arrive("C", car{wants: 32000})
		time.Sleep(5 * time.Second)
		for id, want := range map[gnista.StationID]power.Milli{"A": 14000, "B": 13000, "C": 13000} {
			if p := y.place(id); p.Amps != want {
				t.Errorf("%s of three: %+v, %+v", id, p, p.Why)
			}
		}
		if w := y.place("B").Why; w.EN != "You get 8.9 kW because 3 cars share 40 A." || w.SV != "Du får 8,9 kW, eftersom 3 bilar delar på 40 A." {
			t.Errorf("B is told %+v", w)
		}
		if got := y.total(); got[0] > 40000 {
			t.Errorf("%v flow", got)
		}
		y.leave("B")
		time.Sleep(5 * time.Second)
		if p := y.place("A"); p.Amps != 20000 {
			t.Errorf("A of two: %+v, %+v", p, p.Why)
		}
		if w, err := y.control.Explain("C", 1); err != nil || w.Cars != 2 {
			t.Errorf("%+v, %v", w, err)
		}
		// What it was told lapses when nobody tells it again.
		y.stop()
		time.Sleep(16 * time.Minute)
		if got := y.total(); got[0] != 27000 {
			t.Errorf("%v flow when the link is gone", got)
		}
		y.restart()
		time.Sleep(5 * time.Second)
		if p := y.place("A"); p.Amps != 20000 {
			t.Errorf("A after the start: %+v, %+v", p, p.Why)
		}
		// Off: all is taken back.
		l, _, err := y.control.Limits(t.Context(), "site")
		if err != nil {
			t.Fatal(err)
		}
		l.Mode = site.Off
		y.set(l)
		time.Sleep(20 * time.Second)
		for id, c := range y.stations {
			if len(c.held) != 0 {
				t.Errorf("%s still has %+v", id, c.held)
			}
		}
	})
}
