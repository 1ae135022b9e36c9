package site

import (
	"time"

	"gnista"
	"gnista/power"
	"gnista/power/share"
)

// Way is the kind of profile by which an EVSE is told what it may take.
type Way string

// The ways, in the order in which they are tried.
const (
	ByTransaction Way = "transaction" // a profile of the transaction
	ByDefault     Way = "default"     // one of all transactions at the EVSE, above the safe default
	ByStation     Way = "station-max" // one of the station, where that has one EVSE
	NoWay         Way = "none"        // it takes none of them
)

// Trouble is why an EVSE counts with what it may take at the most.
type Trouble string

// The troubles.
const (
	Refused      Trouble = "refused"       // it takes no profile
	NoAnswer     Trouble = "no-answer"     // it was told, and nobody knows whether it heard
	NotApplied   Trouble = "not-applied"   // it accepted, and says itself that it allows more
	NotFollowing Trouble = "not-following" // it accepted, and the car takes more
)

// SafeState is what is known of the safe default of an EVSE.
type SafeState string

// The states. Verified and Believed count.
const (
	NoSafe     SafeState = ""
	Unverified SafeState = "unverified" // it was accepted, and is not looked at yet
	Verified   SafeState = "verified"   // the station says that it allows no more
	Believed   SafeState = "believed"   // it was accepted, and the station cannot be asked
	Differs    SafeState = "differs"    // it was accepted, and the station says that it allows more
	SafeRefuse SafeState = "refused"
)

// Spot is what is known of an EVSE: what it was told, and what it makes of that. Currents are mA.
type Spot struct {
	Station gnista.StationID `json:"-"`
	EVSE    int              `json:"-"`

	Tx     string    `json:",omitempty"` // the transaction that Told is for
	Way    Way       `json:",omitempty"` // empty is the first
	Told   int64     // the most that it may take
	ToldAt time.Time `json:",omitzero"`
	Until  time.Time `json:",omitzero"`  // then that lapses
	Before int64     `json:",omitempty"` // while there is no answer: the most that it may go on with instead
	Lapses time.Time `json:",omitzero"`  // of that: when it lapses
	Asked  bool      `json:",omitempty"` // it has said what it makes of that, or was asked in vain

	Safe   SafeState `json:",omitempty"`
	SafeA  int64     `json:",omitempty"`
	SafeAt time.Time `json:",omitzero"` // when it was told or asked last

	SafeTrouble string `json:",omitempty"` // that it does not keep it, as was told

	Trouble   Trouble   `json:",omitempty"`
	Detail    string    `json:",omitempty"`
	TroubleAt time.Time `json:",omitzero"`
	RetryAt   time.Time `json:",omitzero"`
	Tries     int       `json:",omitempty"`

	Lowered   int64     `json:",omitempty"` // what it was lowered to when it reported too much power; 0 is not
	LoweredAt time.Time `json:",omitzero"`

	SharesAt time.Time `json:",omitzero"`  // since when it has a share
	WaitsAt  time.Time `json:",omitzero"`  // since when it waits for one
	Uses     string    `json:",omitempty"` // the phases of the site that the car uses, as far as that was seen
	Want     int64     `json:",omitempty"` // what the car can use, as far as that was seen
	RestsAt  time.Time `json:",omitzero"`  // since when the car takes nothing of what it is offered

	overAt, slackAt, quietAt time.Time // since when it takes too much, less than it may, and nothing
	overs                    int
	counted                  time.Time // of the last reading that was looked at
	again                    time.Time // when it is told or asked again what is not urgent, as it did not answer
	reportedAt               time.Time // when it was lowered last as it reported too much power
}

// lasting is what of it outlives a process.
func (s Spot) lasting() Spot {
	s.overAt, s.slackAt, s.quietAt, s.overs, s.counted, s.again, s.reportedAt = time.Time{}, time.Time{}, time.Time{}, 0, time.Time{}, time.Time{}, time.Time{}
	return s
}

// begin forgets what was about another car.
func (s *Spot) begin(tx string, now time.Time) {
	s.Tx, s.Asked, s.Uses, s.Want, s.RestsAt = tx, false, "", 0, time.Time{}
	s.SharesAt, s.WaitsAt = time.Time{}, now
	s.overAt, s.slackAt, s.quietAt, s.overs = time.Time{}, time.Time{}, time.Time{}, 0
	if s.way() == ByTransaction { // what it was told was of the other transaction
		s.Told, s.Before, s.Until = 0, 0, time.Time{}
	}
	s.Way = "" // that may have been refused only as a transaction was over
}

func (s *Spot) way() Way {
	if s.Way == "" {
		return ByTransaction
	}
	return s.Way
}

// left tells whether the car has gone for which the EVSE was told something that is not of its transaction.
func (s *Spot) left(in *input, now time.Time) bool {
	return in.car == nil && now.Before(s.Until) && s.way() != ByTransaction && s.way() != NoWay
}

// safe is what it may take when it was told nothing.
func (s *Spot) safe(p *Bay) int64 {
	if s.Safe == Verified || s.Safe == Believed {
		return s.SafeA
	}
	return int64(p.Max)
}

// most is the most that it may take now.
func (s *Spot) most(p *Bay, now time.Time) int64 {
	if !now.Before(s.Until) {
		return s.safe(p)
	}
	most := max(s.Told, s.Before)
	if s.Before > 0 && !now.Before(s.Lapses) { // unless it has heard the last
		most = max(most, s.safe(p))
	}
	return most
}

// Car is a transaction that is active at an EVSE of a site.
type Car struct {
	ID        string
	Station   gnista.StationID
	EVSE      int
	Activity  string
	PowerW    int64
	StartedAt time.Time
	UpdatedAt time.Time
}

// hold is what others have said that an EVSE may take.
type hold struct {
	amps   int64 // mA; share.None where nobody has said anything
	above  bool  // it is by a profile that goes before ours, so that ours cannot lower it
	number int   // of the profile
}

// draw is what was measured at an EVSE, on the phases of the site.
type draw struct {
	amps   [3]int64
	at     time.Time
	phased bool // each phase was measured
}

// input is what there is to know of a place when the power is divided.
type input struct {
	ours   bool // the station is one of the site
	online bool
	car    *Car
	about
	draw draw
	own  hold
}

// measured is the greatest current of a phase.
func (d *draw) measured() int64 { return max(d.amps[0], d.amps[1], d.amps[2]) }

// phases are those that a car uses, as far as that was seen.
func (s *Spot) phases(p *Bay) (on [3]bool, n int64) {
	on, own := p.on()
	if s.Uses == "" {
		return on, int64(len(own))
	}
	on = [3]bool{}
	for _, c := range s.Uses {
		on[c-'R'] = true
	}
	return on, int64(len(s.Uses))
}

// tolerance is by how much what is measured may be above what was told: meters and cars round.
func tolerance(told int64) int64 { return max(1000, told*6/100) }

// Times by which cars are judged.
const (
	settles  = 15 * time.Second // a car has followed
	slackFor = 90 * time.Second // it takes less than it may: so much less is kept for it
	quietFor = 2 * time.Minute  // it takes nothing: it is full, or waits
	probes   = 30 * time.Minute // a car that takes nothing and has no safe default is offered something
	probing  = 3 * time.Minute
	overFor  = 3                // control periods in which a car takes too much, until that is trouble
	forgets  = 5 * time.Minute  // a reading is not believed any more
	retries  = 10 * time.Minute // what a station has refused is tried again
	raises   = 2 * time.Minute  // what was lowered is raised, as long as nothing is too much
	askAgain = 6 * time.Hour    // whether the safe default is still there

	unanswered = time.Minute // until what is not urgent is told or asked again
)

// observe takes in what was measured at a place.
func (s *Spot) observe(p *Bay, in *input, now time.Time) {
	c := in.car
	if c == nil {
		if s.Tx != "" {
			way := s.Way
			s.begin("", now)
			s.WaitsAt, s.Way = time.Time{}, way
		}
		return
	}
	if s.Tx != c.ID {
		s.begin(c.ID, now)
	}
	d := in.draw.measured()
	fresh := in.draw.at.After(s.counted) && in.draw.at.After(c.StartedAt)
	s.rest(c, d, now)
	if !fresh || now.Sub(in.draw.at) > forgets {
		return
	}
	s.counted = in.draw.at
	if in.draw.phased && d >= 4000 {
		s.Uses = ""
		for ph, a := range in.draw.amps {
			if a > 500 {
				s.Uses += string(rune('R' + ph))
			}
		}
	}
	told := s.most(p, now)
	if !now.Before(s.Until) || in.draw.at.Before(s.ToldAt.Add(settles)) {
		s.overAt, s.overs = time.Time{}, 0
		return
	}
	if d > told+tolerance(told) {
		s.slackAt = time.Time{}
		if s.overs++; s.overs == 1 {
			s.overAt = in.draw.at
		}
		return
	}
	s.overAt, s.overs = time.Time{}, 0
	s.slack(int64(*p.Min), d, told, now)
}

// rest finds out whether the car takes nothing of what it is offered, by its own will.
func (s *Spot) rest(c *Car, d int64, now time.Time) {
	switch {
	case d >= 1000 || c.Activity == "charging" && s.Told > 0:
		s.quietAt, s.RestsAt = time.Time{}, time.Time{}
	case c.Activity != "suspended-ev":
		s.quietAt = time.Time{}
	case s.quietAt.IsZero():
		s.quietAt = now
	case s.RestsAt.IsZero() && now.Sub(s.quietAt) >= quietFor:
		s.RestsAt = now
	}
}

// slack finds out what the car can use where that is less than it may.
func (s *Spot) slack(least, d, told int64, now time.Time) {
	switch {
	case told < least || d >= told*85/100 || d+1500 >= told:
		s.slackAt = time.Time{}
		if told >= s.Want {
			s.Want = 0
		}
	case s.slackAt.IsZero():
		s.slackAt = now
	case now.Sub(s.slackAt) >= slackFor:
		s.Want = max(least, (d*115/100+1000+step-1)/step*step)
	}
}

// over tells whether the car takes more than it was told, for so long that it does not follow.
func (s *Spot) over(now time.Time, period time.Duration) bool {
	return s.overs >= 2 && now.Sub(s.overAt) >= overFor*period
}

// troubled sets the trouble of a place and tells whether it is new.
func (s *Spot) troubled(t Trouble, detail string, now time.Time) bool {
	first := s.Trouble != t
	if first {
		s.TroubleAt = now
		if s.Trouble == "" {
			s.Tries = 0
		}
	}
	s.Trouble, s.Detail = t, detail
	s.Tries++
	pause := retries
	if t == NoAnswer {
		pause = min(retries, 15*time.Second<<min(s.Tries, 6))
	}
	s.RetryAt = now.Add(pause)
	return first
}

// least is the least current that an EVSE may be told, but for nothing.
func (in *input) least(p *Bay) int64 { return max(int64(*p.Min), int64(in.facts.MinA)*1000) }

// known are the only currents that its model has; nil is any.
func (in *input) known() (list []int64) {
	for _, a := range in.facts.CurrentsA {
		if a > 0 {
			list = append(list, int64(a)*1000)
		}
	}
	return list
}

// pausable tells whether it can be told to give nothing.
func (in *input) pausable() bool { return !in.facts.NoZero && in.facts.MinA == 0 }

// amount is a limit in mA in the unit of a place's profiles, rounded down.
func (p *Bay) amount(mA, phases int64, volts int) power.Milli {
	if p.Unit == power.Watt {
		return power.Milli(mA*phases*int64(volts)/100_000) * 100_000
	}
	return power.Milli(mA / 100 * 100)
}

var nobody = hold{amps: share.None}
