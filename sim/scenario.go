package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"
)

// Scenario is what happens at a station while cars come and go. What goes wrong happens at EVSE 1;
// the other EVSEs suffer from it.
type Scenario string

// The scenarios.
const (
	Normal   Scenario = "normal"     // nothing goes wrong
	Offline  Scenario = "offline"    // the connection is lost while a car charges, or before it starts to
	Faults   Scenario = "fault"      // a fault before a car charges, then one while it does, then none
	PowerCut Scenario = "power-loss" // the power goes while a car charges
	Shortage Scenario = "shortage"   // nothing goes wrong, but cars are many: as many as fit a house with flats, on one phase or three
)

// Span is a time between two others.
type Span struct{ From, To time.Duration }

func (s Span) pick(r *rand.Rand) time.Duration {
	if s.To <= s.From {
		return s.From
	}
	return s.From + time.Duration(r.Int64N(int64(s.To-s.From)))
}

// Pace is how long things take.
type Pace struct {
	First  Span // until the first car comes
	Pause  Span // from a car that leaves to the next
	Card   Span // from plugging in to the card, and from the end to unplugging
	Charge Span
	Full   Span // that some cars stay and take no more
	Outage Span // that the connection or the power is away
	Repair Span // of a fault
}

// Daily is the pace of a public station.
func Daily() Pace {
	return Pace{
		First: Span{0, 10 * time.Minute}, Pause: Span{5 * time.Minute, 45 * time.Minute}, Card: Span{5 * time.Second, 30 * time.Second}, Charge: Span{15 * time.Minute, 70 * time.Minute},
		Full: Span{2 * time.Minute, 30 * time.Minute}, Outage: Span{5 * time.Minute, 20 * time.Minute}, Repair: Span{time.Minute, 10 * time.Minute},
	}
}

// Busy is the pace of a place with more cars than power.
func Busy() Pace {
	p := Daily()
	p.First, p.Pause, p.Charge = Span{0, 30 * time.Minute}, Span{10 * time.Minute, 40 * time.Minute}, Span{time.Hour, 4 * time.Hour}
	return p
}

// visit is one car at an EVSE.
type visit struct {
	*Play
	e        *evse
	scenario Scenario
	round    int
	rand     *rand.Rand
	uid      string
	powerW   int64 // the most that the car takes
	phases   int   // that it takes it on; 0 is all
	ordered  bool  // the central system has started the transaction
	cut      bool  // there is no connection until the car has left
}

// run plays the visit. An error is what kept the car from charging.
func (v *visit) run(ctx context.Context) (err error) {
	s, id := v.Station, v.e.id
	if err := s.Ready(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.leave(ctx)) }()
	if err := s.Car(id, v.phases); err != nil {
		return err
	}
	if err := s.Plug(ctx, id); err != nil {
		return err
	}
	if err := v.begin(ctx); err != nil {
		return err
	}
	total := v.Pace.Charge.pick(v.rand)
	const trouble = 0.4 // of the way through
	if !v.charge(ctx, total, 0, trouble) {
		return nil
	}
	switch {
	case v.scenario == Offline && !v.cut:
		v.goOffline()
	case v.scenario == PowerCut:
		s.LosePower()
		v.wait(ctx, v.Pace.Outage)
		s.RestorePower()
		return nil
	}
	if err := v.stumble(ctx, v.faults(true)); err != nil || !s.Charging(id) {
		return err
	}
	if !v.charge(ctx, total, trouble, 1) {
		return nil
	}
	if v.rand.IntN(2) == 0 {
		if err := s.Suspend(ctx, id, StatusSuspendedEV); err != nil {
			return err
		}
		v.charge(ctx, v.Pace.Full.pick(v.rand), 1, 2)
	}
	return nil
}

// begin starts the transaction with the card, unless the central system is quicker.
func (v *visit) begin(ctx context.Context) error {
	s, id := v.Station, v.e.id
	if v.ordered = s.Charging(id); v.ordered {
		return nil
	}
	v.wait(ctx, v.Pace.Card)
	if err := v.stumble(ctx, v.faults(false)); err != nil {
		return err
	}
	if v.ordered = s.Charging(id); v.ordered {
		return nil
	}
	if err := v.authorise(ctx); err != nil {
		return err
	}
	if v.scenario == Offline && v.round%2 == 1 {
		v.goOffline()
	}
	err := s.StartTransaction(ctx, id, v.uid)
	if _, refused := errors.AsType[*Refusal](err); !refused && s.Charging(id) {
		return nil // whatever came in between
	}
	return err
}

func (v *visit) goOffline() {
	v.cut = true
	v.Station.Cut()
}

// small makes the car one of those that charge at home: a third of them on one phase.
func (v *visit) small() {
	const amps = 16
	v.phases = 3
	if v.rand.IntN(3) == 0 {
		v.phases = 1
	}
	most := amps * phaseVoltage * float64(min(v.phases, max(v.Station.Phases, 1)))
	if v.Station.Phases == 0 {
		most = 3 * amps * phaseVoltage
	}
	v.powerW = min(v.Station.maxPowerW(), int64(most*(0.6+0.4*v.rand.Float64())))
}

// faults are those that happen in the visit before the car charges, or while it does; nil is none.
func (v *visit) faults(charging bool) []Fault {
	n := len(v.Faults)
	switch {
	case v.scenario != Faults:
	case n == 0 && v.round%3 == 0 && !charging:
		return []Fault{{Code: "ConnectorLockFailure"}}
	case n == 0 && v.round%3 == 1 && charging:
		return []Fault{{Code: "OverCurrentFailure"}}
	case n > 0:
		list := v.Faults[v.round%n]
		stops := slices.ContainsFunc(list, func(f Fault) bool { return f.Source == SourceStop })
		if charging == (stops || v.round/n%2 == 1) {
			return list
		}
	}
	return nil
}

// stumble is faults and their repair.
func (v *visit) stumble(ctx context.Context, faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	if err := v.Station.FaultWith(ctx, v.e.id, faults...); err != nil {
		return err
	}
	v.wait(ctx, v.Pace.Repair)
	end, cancel := v.ending(ctx)
	defer cancel()
	return v.Station.Recover(end, v.e.id)
}

// authorise holds the card to the station, again when the station cannot ask.
func (v *visit) authorise(ctx context.Context) error {
	for {
		err := v.Station.authorise(ctx, Token{UID: v.uid})
		refusal, refused := errors.AsType[*Refusal](err)
		switch {
		case refused:
			v.refused(refusal)
			return err
		case err == nil || v.Station.Totals().InService == 1 || ctx.Err() != nil:
			return err
		}
		if err := v.Station.Ready(ctx); err != nil {
			return err
		}
	}
}

// charge lets the car charge from one part of the total time to another, and tells whether it went
// that far.
func (v *visit) charge(ctx context.Context, total time.Duration, from, to float64) bool {
	s, id := v.Station, v.e.id
	over := s.over(v.e)
	const enough = 1e-6
	for at := from; to-at > enough; {
		s.Draw(id, int64(float64(v.powerW)*appetite(at)))
		step := min(s.meterEvery(), time.Duration((to-at)*float64(total)))
		t := time.NewTimer(v.scaled(step))
		select {
		case <-t.C:
		case <-over:
			t.Stop()
			return false
		case <-ctx.Done():
			t.Stop()
			return false
		}
		at += max(float64(step)/float64(max(total, 1)), enough)
		if to-at > enough {
			s.Meter(ctx, id) // what cannot be told now is told later
		}
	}
	return true
}

// appetite is the part of its greatest power that a battery takes at a part of the way to full.
func appetite(at float64) float64 {
	switch {
	case at < 0.05:
		return 0.5
	case at < 0.6:
		return 1
	}
	return max(1-(at-0.6)*1.75, 0.3)
}

// leave ends the transaction, if there is one, and drives off.
func (v *visit) leave(ctx context.Context) error {
	s, id := v.Station, v.e.id
	end, cancel := v.ending(ctx)
	defer cancel()
	if s.Charging(id) && !v.ordered { // another's card would not end it
		s.StopTransaction(end, id, v.uid, ReasonLocal)
	}
	v.wait(ctx, v.Pace.Card)
	err := s.Unplug(end, id)
	if v.cut {
		v.wait(ctx, v.Pace.Outage)
		s.Mend()
		s.Drain(ctx) // so that the next car finds everything told
	}
	return err
}

// ending is ctx or, when that has ended, a while to end things properly.
func (v *visit) ending(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), v.patience())
}

// wait waits for a time of the pace, or until ctx ends.
func (v *visit) wait(ctx context.Context, s Span) bool { return sleep(ctx, v.scaled(s.pick(v.rand))) }

func (s *Station) meterEvery() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings.meterEvery
}
