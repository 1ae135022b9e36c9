package tariff

import (
	"time"

	"gnista"
)

// Policy names the way of rounding that bills are made with, so that an old bill can be checked:
//   - All that is paid by one element is one line. Its quantity is in whole Wh, or whole seconds of which
//     the rest is dropped, so that the quantities of a dimension add up to the whole.
//   - The amount of each line is rounded half up to the minor unit.
//   - Where prices include VAT, it is taken out of the sum of the lines of one rate, rounded half up.
//     Where they do not, it is added to that sum, rounded half up.
//   - A limit is shared among the rates of VAT in proportion, the minor units that are left going to the
//     largest.
//
// "line-half-up-1" was the same for tariffs that had no more than one element of each dimension, no step,
// no limits, and prices with VAT.
const Policy = "line-half-up-2"

// Bill is what a usage costs.
type Bill struct {
	Lines []Line
	VAT   []VATSum // by rate, the lowest first
	Net   gnista.Money
	Tax   gnista.Money
	Total gnista.Money
	// NetPrices is whether the prices and amounts of the lines are without VAT: they add up to Net, else to
	// Total.
	NetPrices bool
	Zone      string `json:",omitempty"` // IANA name of the time zone that it went by; empty where none matters
}

// What a line is for that is no price, but a limit of the tariff.
const (
	Minimum Dimension = "minimum" // what was missing to the least that a transaction costs
	Maximum Dimension = "maximum" // what was above the most that a transaction costs, as a negative amount
)

// Line is what one element comes to, or a limit.
type Line struct {
	Dimension Dimension
	Element   int     // place of the element in the version, from 1; 0 is none: a limit, or a bill of an old policy
	Quantity  int64   // Wh of Energy, seconds of Time, Idle and Reservation, 1 of Start and Reserving, 0 of limits
	Free      int64   // so much of the quantity costs nothing
	Step      int64   // what the quantity was rounded up to a multiple of, together with that of other elements; 0 is nothing
	Added     int64   // so much of the quantity was not used and comes of that
	Price     Decimal // for 1 kWh, 1 minute or hour, 1 start or reservation; the limit itself; see Bill.NetPrices
	PerHour   bool
	VAT       Decimal // percent
	Amount    int64   // minor units; see Bill.NetPrices
	// Estimated is whether it is not measured how the quantity was shared between this element and others.
	Estimated bool
	Periods   []Period     // when the element applied, in order; the last one ends where the element did, also when there are too many to tell
	When      *Restriction // of the element; nil is always
}

// Period is a stretch of time.
type Period struct{ From, To time.Time }

// VATSum is the VAT of all lines of one rate, in minor units: Gross = Net + VAT.
type VATSum struct {
	Rate            Decimal
	Net, VAT, Gross int64
}
