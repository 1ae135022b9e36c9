package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// Play is a scenario at one station.
type Play struct {
	Station  *Station
	Scenario Scenario
	Tokens   []string // the cards that drivers have; without any no cars come
	Rounds   int      // cars at each EVSE; 0 is without end
	Pace     Pace
	// Speed is how many times faster than real the waiting is; 0 is 1. Times that are told stay those
	// of the clock, and power stays what it is.
	Speed float64
	Seed  uint64
	// Faults are those of the scenario with faults, one visit after the other: at first before the car charges, then
	// while it does. Empty is the usual ones.
	Faults [][]Fault
	// Patience is how long it may take at the end to tell what is left to be told; 0 is 30 s.
	Patience time.Duration

	refused func(*Refusal)
}

const defaultPatience = 30 * time.Second

func (p *Play) patience() time.Duration { return cmp.Or(p.Patience, defaultPatience) }

func (p *Play) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / cmp.Or(p.Speed, 1))
}

// Run plays until all rounds are played or ctx ends. Then transactions that go on are ended, what is
// left to be told is, and the station is closed.
func (p *Play) Run(ctx context.Context) {
	s := p.Station
	s.prepare()
	if p.refused == nil {
		p.refused = func(*Refusal) {}
	}
	stay, leave := context.WithCancel(context.WithoutCancel(ctx))
	go s.Stay(stay)
	var evses sync.WaitGroup
	for _, e := range s.evses {
		evses.Go(func() { p.serve(ctx, e) })
	}
	evses.Wait()
	end, cancel := context.WithTimeout(stay, p.patience())
	s.Drain(end)
	s.until(end, func() bool { return s.service() == nil || s.toldAll() })
	cancel()
	leave()
	s.Close()
}

// serve plays one car after the other at an EVSE.
func (p *Play) serve(ctx context.Context, e *evse) {
	if len(p.Tokens) == 0 {
		<-ctx.Done()
		return
	}
	r := rand.New(rand.NewPCG(p.Seed, uint64(e.id)))
	for round := 0; p.Rounds == 0 || round < p.Rounds; round++ {
		pause := p.Pace.Pause
		if round == 0 {
			pause = p.Pace.First
		}
		if !p.awaitCar(ctx, e, pause.pick(r), r) {
			return
		}
		v := &visit{
			Play: p, e: e, scenario: Normal, round: round, rand: r, uid: p.Tokens[r.IntN(len(p.Tokens))],
			powerW: int64(float64(p.Station.maxPowerW()) * (0.6 + 0.4*r.Float64())),
		}
		if p.Scenario == Shortage {
			v.small()
		} else if e.id == 1 {
			v.scenario = p.Scenario
		}
		if err := v.run(ctx); err != nil && ctx.Err() == nil {
			p.Station.log.Debug("a car did not charge as it should", "evse", e.id, "err", err)
			sleep(ctx, cmp.Or(p.Station.Retry, defaultRetry)) // whatever it was, it is not tried at once
		}
	}
}

// awaitCar waits until the next car comes: by itself after the pause, or because the central system has ordered a
// start.
func (p *Play) awaitCar(ctx context.Context, e *evse, pause time.Duration, r *rand.Rand) bool {
	t := time.NewTimer(p.scaled(pause))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-e.ordered:
		return sleep(ctx, p.scaled(p.Pace.Card.pick(r)))
	case <-ctx.Done():
		return false
	}
}

// Park is a number of stations at which cars come and go.
type Park struct {
	Plays   []*Play
	Stagger time.Duration // between the first connections of two stations
	Site    *Site         // that the stations are at; nil is none
}

// Totals are those of all stations.
func (p *Park) Totals() Totals {
	var t Totals
	for _, play := range p.Plays {
		t = t.plus(play.Station.Totals())
	}
	return t
}

// Run plays all plays until they end or ctx does. Its error says why the first station cannot connect,
// that no token is accepted, or that not everything was delivered.
func (p *Park) Run(ctx context.Context) error {
	if len(p.Plays) == 0 {
		return nil
	}
	if err := p.Plays[0].Station.Connect(ctx); err != nil {
		p.Plays[0].Station.Close()
		return err
	}
	play, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	doubts := &doubts{park: p, stop: stop, refused: map[string]string{}}
	var running sync.WaitGroup
	if p.Site != nil {
		look, blink := context.WithCancel(play)
		var looking sync.WaitGroup
		looking.Go(func() { p.Site.Run(look) })
		defer looking.Wait()
		defer blink()
	}
	for i, one := range p.Plays {
		one.refused = doubts.take
		running.Go(func() {
			sleep(play, time.Duration(i)*p.Stagger)
			one.Run(play)
		})
	}
	running.Wait()
	if refused, ok := errors.AsType[*AllRefused](context.Cause(play)); ok {
		return refused
	}
	if t := p.Totals(); t.Waiting > 0 || t.GivenUp > 0 {
		return &Undelivered{t.Waiting, t.GivenUp}
	}
	return nil
}

// Undelivered is that the central system does not know all of what happened.
type Undelivered struct{ Waiting, GivenUp int }

func (e *Undelivered) Error() string {
	return fmt.Sprintf("not all events of transactions could be delivered: %d are not answered, %d were given up", e.Waiting, e.GivenUp)
}

// AllRefused is that no token is accepted.
type AllRefused struct{ refused []string }

func (e *AllRefused) Error() string {
	return "the central system accepts no token: " + strings.Join(e.refused, ", ")
}

// doubts collects the tokens that are refused, and stops the plays when no other is left.
type doubts struct {
	park *Park
	stop context.CancelCauseFunc

	mu      sync.Mutex
	refused map[string]string // UID → status
}

func (d *doubts) take(r *Refusal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.refused[r.UID]; !known {
		d.park.Plays[0].Station.log.Warn("a token is refused", "token", lastFour(r.UID), "status", r.Status)
	}
	d.refused[r.UID] = r.Status
	for _, play := range d.park.Plays {
		if slices.ContainsFunc(play.Tokens, func(uid string) bool { return d.refused[uid] == "" }) {
			return
		}
	}
	e := &AllRefused{}
	for uid, status := range d.refused {
		e.refused = append(e.refused, lastFour(uid)+" ("+status+")")
	}
	slices.Sort(e.refused)
	d.stop(e)
}

// lastFour is a UID as it is logged: its last four characters.
func lastFour(uid string) string {
	letters := []rune(uid)
	return "…" + string(letters[max(0, len(letters)-4):])
}
