package site_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/power"
	"gnista/power/site"
)

// A station that answers nothing falls back to its safe default when what it was told lapses: that is left for it.
func TestDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		a := y.add("A", gnista.V21, "RST", 32000)
		y.add("B", gnista.V21, "RST", 32000)
		l := y.plain(32, site.On)
		l.Hold = 60
		for i := range l.EVSEs {
			l.EVSEs[i].Safe = milli(16000)
			if l.EVSEs[i].Station == "B" {
				l.EVSEs[i].Priority = 1
			}
		}
		y.set(l)
		y.run()
		defer func() { y.stop() }()
		time.Sleep(5 * time.Second)
		y.arrive("A", car{wants: 32000})
		y.arrive("B", car{wants: 32000})
		time.Sleep(5 * time.Second)
		if p := y.place("A"); p.Amps != 6000 {
			t.Fatalf("%+v %+v", p, p.Why)
		}
		y.mu.Lock()
		a.deaf = true
		y.mu.Unlock()
		time.Sleep(80 * time.Second)
		y.within(32000, "where one is deaf and has fallen back")
		if p := y.place("A"); p.Amps != 16000 || p.Trouble != site.NoAnswer {
			t.Errorf("%+v %+v", p, p.Why)
		}
		y.mu.Lock()
		a.deaf = false
		y.mu.Unlock()
		time.Sleep(10 * time.Minute)
		if p := y.place("A"); p.Amps != 6000 || p.Trouble != "" {
			t.Errorf("%+v %+v", p, p.Why)
		}
	})
}

// What a station says that it allows is left for it, also by a process that has just been started.
func TestNotApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		y.add("A", gnista.V16, "RST", 32000)
		y.add("B", gnista.V21, "RST", 32000)
		y.set(y.plain(40, site.On))
		y.run()
		defer func() { y.stop() }()
		time.Sleep(5 * time.Second)
		y.mu.Lock()
		y.stations["A"].ignores = true
		y.mu.Unlock()
		y.arrive("A", car{wants: 32000})
		y.arrive("B", car{wants: 32000})
		time.Sleep(20 * time.Second)
		if p := y.place("A"); p.Trouble != site.NotApplied || p.Amps != 32000 {
			t.Fatalf("%+v %+v", p, p.Why)
		}
		y.within(40000, "where one does not apply what it accepts")
		y.restart()
		for range 60 {
			time.Sleep(time.Second)
			y.within(40000, "after a restart")
		}
		for range 60 { // it is tried again, and others are not to have what it keeps for long
			time.Sleep(15 * time.Second)
			y.within(40000, "some time after")
		}
	})
}

// A safe default that does not hold is told of once, until it holds.
func TestSafeDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		a := y.add("A", gnista.V16, "RST", 32000)
		y.add("B", gnista.V16, "RST", 32000)
		a.ignores = true
		y.set(y.plain(40, site.On))
		y.run()
		defer func() { y.stop() }()
		time.Sleep(time.Hour)
		if n, data := y.kinds("site.profile-refused"), y.last("site.profile-refused"); n != 1 || data["reason"] != "safe-differs" || y.place("A").Safe.State != site.Differs {
			t.Errorf("told %d times: %v", n, data)
		}
		y.mu.Lock()
		a.ignores = false
		y.mu.Unlock()
		time.Sleep(time.Hour)
		if n, data := y.kinds("site.profile-followed"), y.last("site.profile-followed"); n != 1 || data["reason"] != "safe-differs" || y.place("A").Safe.State != site.Verified {
			t.Errorf("told %d times: %v", n, data)
		}
	})
}

// Stations that have left the tree and answer nothing keep nobody waiting.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		for _, id := range []gnista.StationID{"A", "B", "C", "D", "E"} {
			y.add(id, gnista.V21, "RST", 32000)
		}
		whole := y.plain(40, site.On)
		for i := range whole.EVSEs {
			whole.EVSEs[i].Safe = milli(6000)
		}
		y.set(whole)
		y.run()
		defer func() { y.stop() }()
		time.Sleep(5 * time.Second)
		l := whole
		l.EVSEs = nil
		for _, p := range whole.EVSEs {
			if p.Station == "D" || p.Station == "E" {
				l.EVSEs = append(l.EVSEs, p)
				continue
			}
			y.mu.Lock()
			y.stations[p.Station].deaf = true
			y.mu.Unlock()
		}
		y.set(l)
		time.Sleep(20 * time.Second)
		y.arrive("D", car{wants: 32000})
		time.Sleep(15 * time.Second)
		y.arrive("E", car{wants: 32000})
		time.Sleep(15 * time.Second)
		if d, e := y.place("D"), y.place("E"); d.Amps+e.Amps != 40000 {
			t.Errorf("%+v, %+v", d, e)
		}
		y.mu.Lock()
		for _, c := range y.stations {
			c.deaf = false
		}
		y.mu.Unlock()
		time.Sleep(2 * time.Minute)
		for _, id := range []gnista.StationID{"A", "B", "C"} {
			if n := y.holds(id); n != 0 {
				t.Errorf("%s still has %d profiles", id, n)
			}
		}
	})
}

// What was told of a node ends with it, and a meter is not silent because we did not listen.
func TestNodesGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		y.add("A", gnista.V21, "RST", 32000)
		l := y.plain(40, site.Watch)
		l.Nodes = append(l.Nodes, site.Node{ID: "west", Parent: "main", Breaker: milli(20000)})
		y.set(l)
		y.run()
		defer func() { y.stop() }()
		read := func() {
			t.Helper()
			if err := y.control.Read(t.Context(), "site", site.Metering{Node: "west", Amps: []power.Milli{30000, 0, 0}}); err != nil {
				t.Error(err)
			}
		}
		for range 6 {
			time.Sleep(10 * time.Second)
			read()
		}
		y.stop()
		time.Sleep(time.Minute)
		y.begin()
		y.run()
		time.Sleep(20 * time.Second)
		read()
		time.Sleep(10 * time.Second)
		if n := y.kinds("site.meter-silent"); n != 0 {
			t.Errorf("told %d times that the meter is silent, while we were away", n)
		}
		time.Sleep(time.Minute)
		if exceeded, silent := y.kinds("site.power-exceeded"), y.kinds("site.meter-silent"); exceeded < 1 || silent != 1 || y.kinds("site.meter-back") != 0 {
			t.Fatalf("told %d and %d times", exceeded, silent)
		}
		for range 3 {
			time.Sleep(10 * time.Second)
			read()
		}
		time.Sleep(time.Second)
		back := y.kinds("site.power-back")
		one := l
		one.Nodes = l.Nodes[:1]
		y.set(one)
		time.Sleep(20 * time.Second)
		if n, data := y.kinds("site.power-back"), y.last("site.power-back"); n != back+1 || data["node"] != "west" || data["phase"] != "L1" || data["unit"] != "A" || data["limit"] != 20.0 {
			t.Errorf("told %d times: %v", n-back, data)
		}
		y.set(l)
		read()
		time.Sleep(time.Minute)
		silent, heard := y.kinds("site.meter-silent"), y.kinds("site.meter-back")
		y.set(one)
		time.Sleep(20 * time.Second)
		if n, data := y.kinds("site.meter-back"), y.last("site.meter-back"); silent != 2 || n != heard+1 || data["node"] != "west" {
			t.Errorf("told %d times that it is silent, and %d times that it is not: %v", silent, n-heard, data)
		}
	})
}

// rough is a store that is unwell.
type rough struct {
	site.Store
	sick atomic.Bool
	gone func() // whoever sets limits has gone when they are kept
}

func (r *rough) SiteCars(ctx context.Context, id string) ([]site.Car, error) {
	if r.sick.Load() {
		return nil, errors.New("the disk is gone")
	}
	return r.Store.SiteCars(ctx, id)
}

func (r *rough) SetSiteLimits(ctx context.Context, id string, l site.Grid, was time.Time, ev gnista.Event) error {
	err := r.Store.SetSiteLimits(ctx, id, l, was, ev)
	if r.gone != nil {
		r.gone()
	}
	return err
}

// Nothing that was heard is lost where the store fails for a while, and limits that are kept hold.
func TestUnwellStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		y.add("A", gnista.V21, "RST", 32000)
		r := &rough{Store: y.db}
		y.control.Store = r
		y.set(y.plain(40, site.On))
		y.run()
		defer func() { y.stop() }()
		y.arrive("A", car{wants: 32000})
		time.Sleep(20 * time.Second)
		r.sick.Store(true)
		y.control.Lower("A", 1)
		time.Sleep(5 * time.Second)
		r.sick.Store(false)
		time.Sleep(20 * time.Second)
		if p := y.place("A"); p.Amps != 25000 {
			t.Errorf("%+v %+v", p, p.Why)
		}
		l, _, err := y.control.Limits(t.Context(), "site")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		r.gone = cancel
		l.Nodes[0].Breaker, l.EVSEs[0].Safe = milli(10000), nil
		if _, _, err := y.control.SetLimits(ctx, "site", l); err == nil {
			t.Log("the answer came nonetheless")
		}
		time.Sleep(20 * time.Second)
		if p := y.place("A"); p.Amps != 10000 {
			t.Errorf("%+v %+v", p, p.Why)
		}
	})
}
