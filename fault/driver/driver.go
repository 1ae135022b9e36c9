// Package driver says to the driver of an attempt to charge what has happened, whether money moved, and what
// to do now, in the driver's language and with a number by which the operator finds the attempt.
//
// What is said depends on what is known and on nothing else: the same [Situation] is always explained in the
// same way, whichever station or version it came from.
package driver

import (
	"slices"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/fault"
	"gnista/station"
)

// Kind is what is said in one word.
type Kind string

// The kinds. Of those that hold at a time the first that [Explain] comes to is said.
const (
	SwitchedOff   Kind = "switched-off"   // for safety; nobody is to use it
	Broken        Kind = "broken"         // by a fault that the driver cannot put right
	Fixable       Kind = "fixable"        // by a fault that the driver can
	Away          Kind = "offline"        // the station is not connected
	Closed        Kind = "out-of-service" // as the operator or the station has it
	Taken         Kind = "in-use"         // somebody else is there
	Reserved      Kind = "reserved"
	Ready         Kind = "ready" // nobody is there yet
	Pay           Kind = "pay"   // the driver is asked to
	Declined      Kind = "declined"
	NotPaid       Kind = "not-paid"     // in time
	CalledOff     Kind = "cancelled"    // by the driver or the operator
	Starting      Kind = "starting"     // the station is asked
	NoAnswer      Kind = "no-answer"    // it does not answer, and is asked again
	SaidNo        Kind = "start-failed" // it does not want to, and is asked again
	WaitsForCable Kind = "plug-in"
	PlugAgain     Kind = "plug-again"   // it was plugged in too early, or too long ago
	WrongOutlet   Kind = "wrong-outlet" // another outlet has got a cable
	NeverStarted  Kind = "not-started"  // what was paid is given back
	Charges       Kind = "charging"
	NotAllowed    Kind = "not-allowed" // the card was not accepted for what has begun
	CarWaits      Kind = "car-waits"
	Shared        Kind = "power-shared"   // there is less or no power, as others charge
	StationWaits  Kind = "charger-waits"  // for another reason, or nobody knows which
	Stopping      Kind = "ended"          // it is being settled
	Finished      Kind = "done"           // it is paid, or will be by account
	Stuck         Kind = "cable-stuck"    // it has ended, and the plug is still locked
	Checked       Kind = "being-checked"  // somebody looks at it before it is billed
	NothingToPay  Kind = "nothing-to-pay" // no energy, no money
)

// Money is whether money has moved.
type Money string

// What may have become of it.
const (
	None     Money = "none"
	SetAside Money = "set-aside"
	Prepaid  Money = "prepaid"
	Back     Money = "given-back" // or on its way
	Paid     Money = "paid"
	Account  Money = "account" // it goes to the account of the card
	Free     Money = "free"
	Open     Money = "checked" // nothing is taken before somebody has looked
)

// Offer is something that the driver can do here.
type Offer string

// The offers.
const (
	DoCancel Offer = "cancel"
	DoStop   Offer = "stop"
	DoRetry  Offer = "retry"
	DoUnlock Offer = "unlock"
	DoOther  Offer = "other-outlet"
)

// Situation is all that matters of an attempt. What is not known is left out.
type Situation struct {
	Now       time.Time
	Station   gnista.StationID
	EVSE      int
	Condition checkout.Condition        // of the EVSE
	Plugged   []int                     // other EVSEs of the station where a cable was plugged in and nobody charges
	Status    station.Status            // of the connector that says most
	Since     time.Time                 // when that was told; zero is not known
	Fault     *fault.Fault              // that is open there, the worst of those that matter
	Entry     fault.Entry               // of it
	Hint      map[fault.Language]string // what the driver is asked to try while it is being put right; nil is nothing
	Power     *Power                    // how power is shared; nil is not

	Checkout *checkout.View        // of a driver who pays here
	Charge   *charging.Transaction // nil before there is one
	Cost     gnista.Money
	Receipt  string // id
}

// Power is why a car gets what it gets, in words of [fault.Language].
type Power struct {
	Limited bool // it gets less than it could take
	Words   map[fault.Language]string
}

// Message is what is said.
type Message struct {
	Kind   Kind
	Well   bool   // nothing is wrong
	What   string // has happened
	Money  Money
	Moved  string // whether money has moved, in words
	ToDo   string // empty where nothing is to be done
	Offers []Offer
	Until  time.Time // when what is waited for is given up; zero is never
	Outlet int       // another one that is meant; 0 is none
}

// Explain says what is to be said of a situation.
func Explain(s Situation, v Voice) Message {
	m := Message{Kind: s.kind()}
	m.Well = slices.Contains([]Kind{Ready, Pay, Starting, WaitsForCable, Charges, Stopping, Finished, NothingToPay}, m.Kind)
	m.Money = s.money()
	m.Moved = s.moved(m.Money, v)
	m.Offers = s.offers(m.Kind)
	if c := s.Checkout; c != nil {
		switch {
		case m.Kind == Pay:
			m.Until = c.PayBy
		case c.State.Waiting() && c.State != checkout.Charging:
			m.Until = c.StartBy
		}
	}
	if m.Kind == WrongOutlet {
		m.Outlet = s.Plugged[0]
	}
	m.What, m.ToDo = s.words(m, v)
	return m
}

// startingFor is how long a station is waited for before the driver is told that it is slow.
const startingFor = 20 * time.Second

func (s *Situation) kind() Kind {
	t, c := s.Charge, s.Checkout
	switch {
	case t != nil && t.State == charging.Active:
		return s.during(t)
	case t != nil:
		return s.after(t)
	case c != nil && c.State.Over():
		return ended(c)
	case c != nil:
		return s.before(c)
	}
	return s.place()
}

// struck tells whether the fault is one of the outlet that came while its car was charging.
func (s *Situation) struck() bool {
	return s.Charge != nil && s.Fault.EVSE.ID > 0 && !s.Fault.LastAt.Before(s.Charge.StartedAt)
}

// place is the state of the outlet alone.
func (s *Situation) place() Kind {
	if k := s.wrong(); k != "" {
		return k
	}
	switch s.Condition {
	case checkout.Offline:
		return Away
	case checkout.OutOfService:
		return Closed
	case checkout.Faulted:
		return Broken
	case checkout.InUse:
		return Taken
	case checkout.Reserved:
		return Reserved
	}
	return Ready
}

// wrong is what an open fault makes of an outlet; empty is nothing.
func (s *Situation) wrong() Kind {
	switch f, e := s.Fault, s.Entry; {
	case f == nil, s.Condition == checkout.Offline, f.Way == fault.ByHandshake:
		return "" // while it is away nobody knows, and while it is there somebody else was refused
	case e.Usable && !(e.Momentary && s.struck()) && e.Fixer != fault.Driver:
		return ""
	case !e.Usable && !e.Retry && (e.Remedy == fault.TakeOut || f.Severity == fault.Critical):
		return SwitchedOff
	case e.Fixer == fault.Driver || e.Fixer == fault.Vehicle || e.Retry && e.Usable:
		return Fixable
	case e.Usable:
		return ""
	}
	return Broken
}
