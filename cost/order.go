package cost

import (
	"fmt"
	"time"

	"gnista"
	"gnista/station"
	"gnista/token"
)

// TellPrice tells a station the price for a driver, in several languages, the driver's own first.
// (OCPP 1.6 California pricing; OCPP 2.x tells it with the authorisation, I01)
type TellPrice struct {
	Token token.ID // as the station has presented it
	Texts []Text
}

func (TellPrice) Answers() (a station.Answer) { return a }
func (o TellPrice) Told() station.Told {
	return station.Told{Kind: "price", Note: token.Mask(o.Token.UID)}
}

// TellRunning tells a station what a transaction costs so far, and by which prices. (OCPP 1.6 California
// pricing, OCPP 2.x I02)
type TellRunning struct {
	Ref      string
	At       time.Time
	Cost     gnista.Money
	MeterWh  int64 // what the register showed last
	Idle     bool
	Price    Price
	Next     *Later // nil: nothing else in sight
	Decimals int
}

func (TellRunning) Answers() (a station.Answer) { return a }
func (o TellRunning) Told() station.Told {
	return station.Told{Kind: "cost", Note: fmt.Sprintf("transaction %s: %d %s", o.Ref, o.Cost.Amount, o.Cost.Currency)}
}

// TellFinal tells a station what a transaction has come to. (OCPP 1.6 California pricing; OCPP 2.x tells
// it with the answer to the end, I03)
type TellFinal struct {
	Ref     string
	Cost    gnista.Money
	Texts   []Text
	Receipt string // address; empty is none
}

func (TellFinal) Answers() (a station.Answer) { return a }
func (o TellFinal) Told() station.Told {
	return station.Told{Kind: "final-cost", Note: fmt.Sprintf("transaction %s: %d %s", o.Ref, o.Cost.Amount, o.Cost.Currency)}
}

// WordDefault asks how a station's version writes the price that holds for everybody into settings. Nothing
// is sent. (OCPP 1.6 California pricing, OCPP 2.x I04.FR.02)
type WordDefault struct {
	Texts   []Text
	Price   Price
	Setting string // of the station, for the first text
	Several bool   // there are settings for each language
}

func (WordDefault) Answers() (list []station.Setting) { return list }
func (WordDefault) Told() station.Told                { return station.Told{Kind: "default-price"} }
