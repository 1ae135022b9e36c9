package site

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"gnista"
	"gnista/power"
	"gnista/station"
)

// Slots of the numbers of our profiles.
const (
	slotSafe = iota
	slotTransaction
	slotDefault
	slotStation
)

func (w Way) slot() int {
	switch w {
	case ByDefault:
		return slotDefault
	case ByStation:
		return slotStation
	}
	return slotTransaction
}

func wayOf(slot int) Way {
	return [...]Way{slotSafe: NoWay, slotTransaction: ByTransaction, slotDefault: ByDefault, slotStation: ByStation}[slot]
}

// startsBefore is by how much schedules begin before they are sent: a station whose clock is behind would not
// follow them at once otherwise.
const startsBefore = time.Minute

// wanted is the profile that tells a place what it may take until a time.
func (t *tree) wanted(i int, w Way, amps int64, s *Spot, in *input, now time.Time) power.Wanted {
	p := &t.EVSEs[i]
	_, n := s.phases(p)
	limit := p.amount(amps, n, t.Voltage)
	schedule := power.Schedule{Unit: p.Unit, Periods: []power.Period{{Values: power.Values{Limit: &limit}}}}
	x := power.Wanted{EVSE: p.EVSE, Sharing: true, Supply: power.Supply{VoltageV: t.Voltage, Phases: int(n)}}
	x.Profile = power.Profile{ID: power.SharingNumber(p.EVSE, w.slot()), StackLevel: in.level(), Kind: power.Absolute}
	start := now.Add(-startsBefore).UTC().Truncate(time.Second)
	schedule.Start = &start
	until := now.Add(t.hold()).UTC().Truncate(time.Second)
	switch w {
	case ByTransaction: // which has no times of validity in OCPP 1.6
		x.Profile.Purpose, x.Transaction = power.Transaction, in.car.ID
		schedule.Duration = int(until.Sub(start) / time.Second)
		if in.facts.OnlyRelative {
			schedule.Duration = int(until.Sub(in.car.StartedAt)/time.Second) + 1
		}
	case ByDefault:
		x.Profile.Purpose, x.Profile.ValidTo = power.Default, &until
	case ByStation:
		x.EVSE = 0
		x.Profile.Purpose, x.Profile.ValidTo = power.StationMax, &until
	}
	if in.facts.OnlyRelative && w != ByStation {
		x.Profile.Kind, schedule.Start = power.Relative, nil
	}
	x.Profile.Schedules = []power.Schedule{schedule}
	return x
}

// safeProfile is the safe default of a place.
func (t *tree) safeProfile(i int) power.Wanted {
	p := &t.EVSEs[i]
	_, own := p.on()
	limit := p.amount(int64(*p.Safe), int64(len(own)), t.Voltage)
	return power.Wanted{
		EVSE: p.EVSE, Sharing: true, Supply: power.Supply{VoltageV: t.Voltage, Phases: len(own)},
		Profile: power.Profile{
			ID: power.SharingNumber(p.EVSE, slotSafe), Purpose: power.Default, Kind: power.Relative,
			Schedules: []power.Schedule{{Unit: p.Unit, Periods: []power.Period{{Values: power.Values{Limit: &limit}}}}},
		},
	}
}

// next is the way to try behind one that was refused.
func (t *tree) next(i int, w Way, in *input) Way {
	switch {
	case w == ByTransaction && in.level() > 0: // else it would take the place of the safe default
		return ByDefault
	case w != ByStation && w != NoWay && !in.facts.NoStationMax && t.alone(i):
		return ByStation
	}
	return NoWay
}

// alone tells whether a place is the only one of its station.
func (t *tree) alone(i int) bool {
	for j := range t.EVSEs {
		if j != i && t.EVSEs[j].Station == t.EVSEs[i].Station {
			return false
		}
	}
	return true
}

// atOnce is how many stations are told at a time.
const atOnce = 64

// each does something with several places at once.
func each[T any](list []T, do func(T)) {
	var wait sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, x := range list {
		room <- struct{}{}
		wait.Go(func() {
			defer func() { <-room }()
			do(x)
		})
	}
	wait.Wait()
}

// answerIn is how long a station is waited for.
func (t *tree) answerIn() time.Duration { return t.period() * 2 / 3 }

// tell tells places what they may take, and tells whether all accepted it.
func (l *loop) tell(ctx context.Context, t *tree, spots []Spot, ins []input, orders []order) (all bool) {
	each(orders, func(o order) { l.tellOne(ctx, t, o, &spots[o.i], &ins[o.i]) })
	all = true
	for _, o := range orders {
		s := &spots[o.i]
		all = all && s.Trouble == "" && s.Before == 0 && s.Told == o.amps
	}
	return all
}

// tellOne tells one place, in one way after the other until one is accepted.
func (l *loop) tellOne(ctx context.Context, t *tree, o order, s *Spot, in *input) {
	if s.Way == NoWay { // once more from the beginning
		s.Way = ""
	}
	detail := ""
	most := s.most(&t.EVSEs[o.i], l.c.Now())
	for w := s.way(); ; w = t.next(o.i, w, in) {
		now := l.c.Now()
		if w == NoWay {
			s.Way = w
			l.trouble(t, o.i, s, Refused, detail, o.amps, 0)
			return
		}
		x := t.wanted(o.i, w, o.amps, s, in, now)
		a, err := l.install(ctx, t, x, s.Station)
		code := gnista.CodeOf(err)
		switch {
		case err == nil && (a.Status == station.Done || a.Status == station.Scheduled):
			if w != s.way() {
				s.Asked = false
			}
			s.Way, s.Told, s.Before, s.ToldAt, s.Until = w, o.amps, 0, now, now.Add(t.hold())
			switch s.Trouble {
			case NoAnswer, Refused:
				l.relieved(t.EVSEs[o.i].Node, s)
			case NotApplied:
				s.Asked = false
			}
			return
		case err == nil:
			detail = a.Detail
		case code == gnista.Timeout || code == gnista.Internal:
			if s.Before == 0 {
				s.Lapses = s.Until
			}
			s.Way, s.Told, s.Before, s.Until = w, o.amps, max(most, o.amps), now.Add(t.hold())
			if ctx.Err() == nil {
				l.trouble(t, o.i, s, NoAnswer, err.Error(), o.amps, 0)
			}
			return
		case code == gnista.Offline || code == gnista.NotFound:
			return // it is seen to be away
		default:
			detail = err.Error()
		}
		if w == ByTransaction && code == gnista.Conflict && err != nil {
			if c, err := l.c.Power.Transactions.Store.Transaction(ctx, in.car.ID); err == nil && !c.EndedAt.IsZero() {
				return // it has just ended
			}
		}
	}
}

// install has a station follow a profile, and waits for its answer no longer than there is time for.
func (l *loop) install(ctx context.Context, t *tree, x power.Wanted, id gnista.StationID) (station.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, t.answerIn())
	defer cancel()
	_, a, err := l.c.Power.Install(ctx, id, x)
	return a, err
}

// release takes back what an EVSE was told by other profiles than that of its transaction, when the car has gone: the
// next one is to begin with the safe default.
func (l *loop) release(ctx context.Context, t *tree, s *Spot) {
	number := power.SharingNumber(s.EVSE, s.way().slot())
	ctx, cancel := context.WithTimeout(ctx, t.answerIn())
	defer cancel()
	a, err := l.c.Power.Clear(ctx, s.Station, power.Clear{ID: &number})
	switch {
	case err != nil:
		s.again = l.c.Now().Add(unanswered)
	case a.Status == station.Done || a.Status == station.NotKnown:
		s.Way, s.Told, s.Before, s.Until = "", 0, 0, time.Time{}
	}
}

// safeguard has stations keep their safe defaults, and asks them whether they do.
func (l *loop) safeguard(ctx context.Context, t *tree, spots []Spot, ins []input, now time.Time) {
	var todo []int
	for i := range spots {
		s, in := &spots[i], &ins[i]
		if !in.ours || !in.online || now.Before(s.again) {
			continue
		}
		known := s.Safe == Verified || s.Safe == Believed
		switch {
		case s.left(in, now), s.SafeA != int64(*t.EVSEs[i].Safe), s.Safe == NoSafe, s.Safe == Unverified,
			s.Safe == Differs && now.Sub(s.SafeAt) >= retries, s.Safe == SafeRefuse && now.Sub(s.SafeAt) >= retries,
			known && in.car == nil && now.Sub(s.SafeAt) >= askAgain:
			todo = append(todo, i)
		}
	}
	each(todo, func(i int) {
		if s := &spots[i]; s.left(&ins[i], now) {
			l.release(ctx, t, s)
		}
		l.safeguardOne(ctx, t, i, &spots[i], &ins[i], now)
	})
}

func (l *loop) safeguardOne(ctx context.Context, t *tree, i int, s *Spot, in *input, now time.Time) {
	p := &t.EVSEs[i]
	if want := int64(*p.Safe); s.Safe == NoSafe || s.Safe == Differs || s.Safe == SafeRefuse || s.SafeA != want {
		a, err := l.install(ctx, t, t.safeProfile(i), p.Station)
		s.SafeAt = now
		switch code := gnista.CodeOf(err); {
		case err == nil && (a.Status == station.Done || a.Status == station.Scheduled):
			s.Safe, s.SafeA = Unverified, want
		case err != nil && (code == gnista.Timeout || code == gnista.Internal || code == gnista.Offline):
			s.again = now.Add(unanswered)
			return
		default:
			detail := a.Detail
			if err != nil {
				detail = err.Error()
			}
			l.unsafe(t, i, s, "safe-refused", detail, want, 0)
			s.Safe, s.SafeA = SafeRefuse, want
			return
		}
	}
	if now.Before(s.Until) {
		return // what it says now is about that
	}
	allowed, ok, err := l.compose(ctx, t, i)
	switch s.SafeAt = now; {
	case err != nil && gnista.CodeOf(err) != gnista.Unsupported && gnista.CodeOf(err) != gnista.Refused:
		s.again = now.Add(unanswered)
		return
	case !ok:
		s.Safe = Believed
	case allowed <= s.SafeA+tolerance(s.SafeA):
		s.Safe = Verified
	default:
		l.unsafe(t, i, s, "safe-differs", fmt.Sprintf("it allows %v A", power.Milli(allowed)), s.SafeA, allowed)
		s.Safe = Differs
		return
	}
	l.safeAgain(p.Node, s)
}

// compose asks a station what it allows at a place now. ok is false where it does not say.
func (l *loop) compose(ctx context.Context, t *tree, i int) (allowed int64, ok bool, err error) {
	p := &t.EVSEs[i]
	ctx, cancel := context.WithTimeout(ctx, t.answerIn())
	defer cancel()
	c, err := station.Give(ctx, l.c.Network, p.Station, power.Compose{EVSE: p.EVSE, Duration: 60, Unit: p.Unit})
	if err != nil || c.Status != station.Done || len(c.Periods) == 0 || c.Periods[0].Limit == nil {
		return 0, false, err
	}
	_, own := p.on()
	n := int64(len(own))
	if said := c.Periods[0].Phases; said > 0 {
		n = min(n, int64(said))
	}
	return toAmps(*c.Periods[0].Limit, c.Unit, n, t.Voltage), true, nil
}

// verify asks stations what they make of what they were told, once for each car.
func (l *loop) verify(ctx context.Context, t *tree, spots []Spot, ins []input) {
	var todo []int
	for i := range spots {
		s, in := &spots[i], &ins[i]
		if in.ours && in.online && in.car != nil && s.Tx == in.car.ID && !s.Asked && (s.Trouble == "" || s.Trouble == NotApplied) && s.Told < int64(t.EVSEs[i].Max) && l.c.Now().Before(s.Until) {
			todo = append(todo, i)
		}
	}
	each(todo, func(i int) {
		s := &spots[i]
		allowed, ok, err := l.compose(ctx, t, i)
		if err != nil && gnista.CodeOf(err) == gnista.Offline {
			return
		}
		s.Asked = true
		if err != nil && s.Trouble == NotApplied && (gnista.CodeOf(err) == gnista.Timeout || gnista.CodeOf(err) == gnista.Internal) {
			allowed, ok = int64(t.EVSEs[i].Max), true // it did not say that it has thought better of it
		}
		if !ok || allowed <= s.Told+tolerance(s.Told) {
			if s.Trouble == NotApplied {
				l.relieved(t.EVSEs[i].Node, s)
			}
			return
		}
		l.wake() // others are to leave it what it takes
		if next := t.next(i, s.way(), &ins[i]); next != NoWay {
			s.Way, s.Asked, s.Told, s.Before = next, false, allowed, 0
			return
		}
		s.Before, s.Lapses = max(s.Before, allowed), s.Until
		l.trouble(t, i, s, NotApplied, fmt.Sprintf("it allows %v A", power.Milli(allowed)), s.Told, allowed)
	})
}

// withdraw has stations forget what they were told, and tells of which it is known that they have.
func (l *loop) withdraw(ctx context.Context, t *tree, spots []*Spot, now time.Time) map[key]bool {
	var mu sync.Mutex
	done := map[key]bool{}
	each(spots, func(s *Spot) {
		if now.Before(s.again) {
			return
		}
		if !l.withdrawOne(ctx, t, s) {
			s.again = now.Add(unanswered)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		done[key{s.Station, s.EVSE}] = true
	})
	return done
}

func (l *loop) withdrawOne(ctx context.Context, t *tree, s *Spot) bool {
	ctx, cancel := context.WithTimeout(ctx, t.answerIn())
	defer cancel()
	if _, online := l.c.Network.Presence.Connection(s.Station); !online {
		_, err := l.c.Network.Store.Station(ctx, s.Station)
		return gnista.CodeOf(err) == gnista.NotFound
	}
	for _, slot := range []int{slotSafe, slotTransaction, slotDefault, slotStation} {
		number := power.SharingNumber(s.EVSE, slot)
		if _, err := l.c.Power.Store.PowerEntry(ctx, s.Station, "profile", strconv.Itoa(number)); err != nil {
			if gnista.CodeOf(err) == gnista.NotFound {
				continue
			}
			return false
		}
		_, err := l.c.Power.Clear(ctx, s.Station, power.Clear{ID: &number})
		if err != nil && gnista.CodeOf(err) != gnista.NotFound && gnista.CodeOf(err) != gnista.Refused && gnista.CodeOf(err) != gnista.Unsupported {
			return false
		}
	}
	return true
}
