package sim

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Site is a place where stations share a connection to the grid with all else that takes power there. Its exported
// fields are set before it is used.
//
// When more flows than the connection is made for, the outlets where cars charge tell that, and go on: it is for the
// central system to do something about it.
type Site struct {
	Stations []*Station
	Amps     int64 // mA on each phase that the connection is made for; 0 is that nothing is too much
	// Base is what all else takes, in mA on L1, L2 and L3; nil is nothing. See [House].
	Base func(time.Time) [3]int64
	// Rotate connects the stations in turn: L1 of the second is L2 of the site, L1 of the third is L3.
	Rotate bool
	Every  time.Duration // how often it looks at what flows; 0 is 1 s
	Bears  time.Duration // for how long too much may flow before it is told; 0 is 5 s
	Drops  Span          // from one outage of the meter to the next; zero is that there is none
	Outage Span          // of the meter
	Speed  float64       // as that of a [Play], for all that is above from Base on but Every and Bears; 0 is 1
	Seed   uint64
	Now    func() time.Time

	mu      sync.Mutex
	blind   bool
	began   time.Time
	since   time.Time // it is too much since then; zero is that it is not
	burden  Burden
	telling map[outlet]Fault
	running sync.WaitGroup
}

// outlet is an EVSE of a station of a site.
type outlet struct {
	station *Station
	evse    int
}

// SiteReading is what the meter of a site shows at one instant.
type SiteReading struct {
	At     time.Time
	AmpsMA [3]int64 // on L1, L2 and L3
	PowerW int64
}

// Burden is how a connection has fared so far.
type Burden struct {
	Times   int           // how often too much flowed
	Longest time.Duration // for how long at a time
	MostMA  int64         // the most on any phase
}

const (
	siteEvery = time.Second
	siteBears = 5 * time.Second
)

// Read reads the meter; it shows nothing while it is out.
func (x *Site) Read() (r SiteReading, ok bool) {
	x.mu.Lock()
	blind := x.blind
	x.mu.Unlock()
	return x.flow(), !blind
}

// CutMeter makes the meter show nothing, until MendMeter.
func (x *Site) CutMeter() { x.setBlind(true) }

// MendMeter ends what CutMeter began.
func (x *Site) MendMeter() { x.setBlind(false) }

func (x *Site) setBlind(blind bool) {
	x.mu.Lock()
	x.blind = blind
	x.mu.Unlock()
}

// Burden is how the connection has fared since Run.
func (x *Site) Burden() Burden {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.burden
}

// flow is what really flows.
func (x *Site) flow() SiteReading {
	now := x.Now()
	r := SiteReading{At: now}
	if x.Base != nil {
		r.AmpsMA = x.Base(x.clock(now))
		for _, mA := range r.AmpsMA {
			r.PowerW += mA * phaseVoltage / 1000
		}
	}
	for i, s := range x.Stations {
		turn := 0
		if x.Rotate {
			turn = i
		}
		for _, one := range s.Readings() {
			r.PowerW += one.PowerW
			for ph := range 3 {
				switch {
				case len(one.CurrentsMA) == 0: // direct current comes from all phases
					r.AmpsMA[ph] += one.PowerW * 1000 / (3 * phaseVoltage)
				case ph < len(one.CurrentsMA):
					r.AmpsMA[(ph+turn)%3] += one.CurrentsMA[ph]
				}
			}
		}
	}
	return r
}

// clock is the time as it passes for the site.
func (x *Site) clock(now time.Time) time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.began.IsZero() {
		x.began = now
	}
	return x.began.Add(time.Duration(float64(now.Sub(x.began)) * cmp.Or(x.Speed, 1)))
}

// Run looks at what flows until ctx ends.
func (x *Site) Run(ctx context.Context) {
	if x.Drops.To > 0 {
		x.running.Go(func() { x.drop(ctx) })
	}
	for sleep(ctx, cmp.Or(x.Every, siteEvery)) {
		x.look(ctx)
	}
	x.running.Wait()
}

// drop lets the meter drop out now and then.
func (x *Site) drop(ctx context.Context) {
	r := rand.New(rand.NewPCG(x.Seed, 0))
	wait := func(s Span) bool {
		return sleep(ctx, time.Duration(float64(s.pick(r))/cmp.Or(x.Speed, 1)))
	}
	for wait(x.Drops) {
		x.CutMeter()
		wait(x.Outage)
		x.MendMeter()
	}
}

// look finds out whether too much flows, and has that told.
func (x *Site) look(ctx context.Context) {
	r := x.flow()
	most := max(r.AmpsMA[0], r.AmpsMA[1], r.AmpsMA[2])
	x.mu.Lock()
	defer x.mu.Unlock()
	b := &x.burden
	b.MostMA = max(b.MostMA, most)
	if x.Amps == 0 || most <= x.Amps {
		x.since = time.Time{}
		for o, f := range x.telling {
			delete(x.telling, o)
			x.running.Go(func() { o.station.Recover(ctx, o.evse, f) }) // what cannot be told now is told later
		}
		return
	}
	if x.since.IsZero() {
		x.since = r.At
		b.Times++
	}
	lasted := r.At.Sub(x.since)
	b.Longest = max(b.Longest, lasted)
	if lasted < cmp.Or(x.Bears, siteBears) {
		return
	}
	f := Fault{Code: "PowerLimitExceeded", Info: fmt.Sprintf("%.1f A of %.0f A", float64(most)/1000, float64(x.Amps)/1000), Harmless: true}
	for _, s := range x.Stations {
		for evse := range s.Readings() {
			o := outlet{s, evse + 1}
			if _, told := x.telling[o]; told || !s.Charging(o.evse) {
				continue
			}
			if x.telling == nil {
				x.telling = map[outlet]Fault{}
			}
			x.telling[o] = f
			x.running.Go(func() { s.FaultWith(ctx, o.evse, f) })
		}
	}
}

// House is what a house with flats takes over a day: at most so many mA, on L1 in the evening.
func House(peakMA int64) func(time.Time) [3]int64 {
	hours := [...]int64{30, 25, 22, 20, 22, 30, 50, 65, 60, 50, 45, 50, 55, 50, 48, 55, 70, 90, 100, 95, 85, 70, 55, 40} // percent
	return func(t time.Time) (mA [3]int64) {
		hour, next, minute := t.Hour(), (t.Hour()+1)%len(hours), int64(t.Minute())
		percent60 := hours[hour]*(60-minute) + hours[next]*minute
		for ph, part := range []int64{100, 85, 70} {
			mA[ph] = peakMA * percent60 / 60 * part / 10_000
		}
		return mA
	}
}

// Manners are the personalities of the station with a number at a site where power is short: most do what they are
// told, some only in their own way, one in twenty not at all, and one in twenty says that it does.
func Manners(number int) []string {
	switch number % 20 {
	case 3:
		return []string{"refuses-profiles"}
	case 13:
		return []string{"ignores-profiles"}
	case 1, 11:
		return []string{"late-profiles"}
	case 5, 15:
		return []string{"watts-only"}
	case 7, 17:
		return []string{"coarse-steps"}
	case 9:
		return []string{"one-stack-level"}
	}
	return nil
}
