// Package checkout lets drivers without a contract pay for one charge at one EVSE: they are offered a price
// and ways to pay, and asked for an amount that is set aside or taken; then their charge is started, watched and
// ended, and they pay what it came to and no more. Whatever goes wrong on the way, what was set aside or taken
// is given back by a time that was stated before.
//
// A [Checkout] is advanced by looking at what is: at it, its payment and its transaction. Events only tell when
// to look, so that none that is lost, late or repeated does harm.
package checkout

import (
	"fmt"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/payment"
	"gnista/tariff"
	"gnista/token"
)

// State is how far a checkout is.
type State string

// The states.
const (
	Paying    State = "paying"    // the driver is asked for the amount
	Paid      State = "paid"      // it is set aside or taken
	Starting  State = "starting"  // the station is told to start
	PlugIn    State = "plug-in"   // the station waits for the car
	Charging  State = "charging"  // there is a transaction
	Ended     State = "ended"     // the transaction has ended, and is being settled
	Settled   State = "settled"   // paid, with a receipt
	Cancelled State = "cancelled" // before it began to charge, by the driver, or as nobody paid
	Failed    State = "failed"    // it was paid and did not begin to charge
)

// Waiting tells whether an EVSE is taken by a checkout in this state.
func (s State) Waiting() bool {
	switch s {
	case Paying, Paid, Starting, PlugIn, Charging:
		return true
	}
	return false
}

// Over tells whether nothing more comes of a checkout.
func (s State) Over() bool { return s == Settled || s == Cancelled || s == Failed }

// Checkout is a driver without a contract who pays for one charge at one EVSE.
type Checkout struct {
	ID          string
	Key         string // 128 bits in base64url: who knows it sees and ends the checkout
	Station     gnista.StationID
	EVSE        int
	Provider    string       // of the payment; empty where charging is free
	Way         payment.Way  // empty where charging is free
	Amount      gnista.Money // to be set aside or taken
	Language    string       // sv or en
	Tariff      string       // id of the version that was shown, and holds
	Token       token.ID     // random, good for this checkout only
	Payment     string       // id; empty where charging is free
	Transaction string       // id; empty before
	State       State
	Reason      string // why it was cancelled or failed, or why it does not begin to charge
	Test        bool   // no real money moves
	Company     *Company
	MinWh       int64 // less energy costs nothing
	Minimum     int64 // what comes to less, in minor units, costs nothing
	Wish        Wish
	PayBy       time.Time // when it is cancelled unless it is paid
	PaidAt      time.Time // zero before
	StartBy     time.Time // when what was paid is given back unless a transaction has begun; zero before it is paid
	CreatedAt   time.Time
	UpdatedAt   time.Time

	Order Order     // to start
	Stray string    // id of a transaction that was begun with the token and may not charge: it is to end; empty is none
	Next  time.Time // when it is to be looked at again; zero is never
}

// Event tells that the checkout is in its state.
func (c Checkout) Event() gnista.Event {
	return gnista.Event{
		At: c.UpdatedAt, Kind: "checkout." + string(c.State), Station: c.Station, Subject: c.ID,
		Data: fmt.Appendf(nil, `{"evse":%d,"transaction":%q,"payment":%q,"reason":%q}`, c.EVSE, c.Transaction, c.Payment, c.Reason),
	}
}

// move changes the state.
func (c *Checkout) move(to State, why string, now time.Time) {
	c.State, c.Reason, c.UpdatedAt, c.Next = to, why, now, now
}

// The reasons for which a checkout is given up.
const (
	NotPaid    = "nobody paid in time"
	ByDriver   = "the driver cancelled it"
	ByOperator = "the operator cancelled it"
	NoPayment  = "the driver could not be asked to pay"
	NotPlugged = "no car began to charge in time"
)

// GiveWay gives up a checkout that should have been paid by now, and tells whether it did.
func (c *Checkout) GiveWay(now time.Time) bool {
	if c.State != Paying || now.Before(c.PayBy) {
		return false
	}
	c.move(Cancelled, NotPaid, now)
	return true
}

// Spend has the checkout be of a transaction, and tells whether it can: it is of one.
func (c *Checkout) Spend(transaction string, now time.Time) bool {
	switch {
	case c.Transaction != "":
		return c.Transaction == transaction
	case c.State != Paid && c.State != Starting && c.State != PlugIn:
		return false
	}
	c.Transaction = transaction
	c.move(Charging, "", now)
	return true
}

// Order is how far the order to start is.
type Order struct {
	Number  int       // by which a station of OCPP 2.x tells that its transaction follows it
	Tried   int       // how often it was sent
	At      time.Time // when it was sent last
	Outcome Outcome
	Command string // id of the command that was sent last
}

// Outcome is what came of an order.
type Outcome string

// The outcomes. None is known while an order is on its way.
const (
	Unsent   Outcome = ""
	Sent     Outcome = "sent"
	Accepted Outcome = "accepted"
	Refused  Outcome = "refused"
	Away     Outcome = "offline"
	Unknown  Outcome = "unknown"
)

// Company is who a receipt is for, as the driver has said it.
type Company struct {
	Name      string
	VATNumber string
	Reference string // that the company knows the charge by
}

// Request is what a driver chooses.
type Request struct {
	Station  gnista.StationID
	EVSE     int
	Provider string       // one of the offer's methods; empty where charging is free
	Way      payment.Way  // of that method
	Amount   gnista.Money // one of that method's
	Tariff   string       // the version that was shown; empty is the one in force. Conflict where another is in force now.
	Language string       // sv or en
	Payer    string       // phone number, where the provider asks by it
	Company  *Company
	Wish     Wish
}

// Condition is what an EVSE can be used for now.
type Condition string

// The conditions.
const (
	Free         Condition = "free"
	Plugged      Condition = "plugged" // a car is connected and does not charge
	InUse        Condition = "in-use"  // a car charges, or somebody else pays there
	Reserved     Condition = "reserved"
	OutOfService Condition = "out-of-service"
	Faulted      Condition = "faulted"
	Offline      Condition = "offline" // the station is not connected
)

// Usable tells whether charging can be paid for.
func (c Condition) Usable() bool { return c == Free || c == Plugged }

// Offer is what a driver is offered at an EVSE.
type Offer struct {
	Station   gnista.StationID
	EVSE      int
	Name      string // of the station, for people; may be empty
	Condition Condition
	Version   tariff.Version
	Texts     map[string]string // of the version, by language
	Gratis    bool              // charging costs nothing, and there are no methods
	Methods   []Method
	PayWithin time.Duration // to pay
	StartIn   time.Duration // after it is paid; then what was paid is given back
	MinimumWh int64         // less energy costs nothing; 0 is that any does
	Minimum   gnista.Money  // what costs less costs nothing; 0 is that anything does
}

// Method is a way to pay.
type Method struct {
	Provider  string
	Words     map[string]string // what drivers call it, by language
	Way       payment.Way
	Amounts   []gnista.Money // to choose from
	MinRefund gnista.Money   // what is left and less than this is not given back; 0 is that all is
	Test      bool           // no real money moves
}

// View is all that a driver sees of a checkout.
type View struct {
	Checkout
	Pay     *payment.Payment // nil where charging is free, or before the provider knows of it
	Action  payment.Action   // what the driver has to do to pay; zero is nothing
	Charge  *charging.Transaction
	Cost    gnista.Money // so far, or in all
	Receipt string       // id; empty before there is one
}

// Billed tells whether it is of a payment that was made without a checkout.
func (v View) Billed() bool { return v.ID == v.Payment && v.ID != "" }

// Filter selects checkouts for a list.
type Filter struct {
	State   State            // empty is any
	Station gnista.StationID // empty is any
	Before  string           // only those with a lower id
	Limit   int
}
