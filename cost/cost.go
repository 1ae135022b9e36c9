// Package cost has stations tell drivers what charging costs: the price before, the cost so far and the
// cost in all; and compares what stations reckon themselves with what is billed, which is always ours.
//
// Nothing of it keeps a station's messages waiting: what a station is told by itself goes through a queue
// of its own, in which newer news take the place of older ones, see [desk].
package cost

import (
	"context"
	"log/slog"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
	"gnista/tariff"
	"gnista/token"
)

// Costs tells stations of prices and costs.
type Costs struct {
	Store        Store
	Network      *station.Network
	Transactions Transactions
	Prices       Prices
	Drivers      Drivers // nil: nothing is known of drivers but their tokens
	// Receipt is the address of a transaction's receipt; nil is none.
	Receipt func(ctx context.Context, transaction string) (string, error)
	Zone    *time.Location // by which prices go at a station without one; nil is UTC
	Now     func() time.Time
	Log     *slog.Logger

	desk   desk
	skills skills
	boards boards
}

// Prices knows what holds, and what it comes to.
type Prices interface {
	// Holds is the version of the tariff that holds on a station at a time for whoever has none of his
	// own. NotFound.
	Holds(ctx context.Context, at gnista.StationID, when time.Time) (tariff.Version, error)
	// Version is the one that a transaction is billed by. NotFound.
	Version(ctx context.Context, t *charging.Transaction) (tariff.Version, error)
	// Cost is what a transaction costs so far, or in all. NotFound.
	Cost(ctx context.Context, t *charging.Transaction) (gnista.Money, error)
	// Next is the version of the same tariff that holds after v, from a later time. NotFound.
	Next(ctx context.Context, v tariff.Version, after time.Time) (tariff.Version, error)
}

// Drivers knows what matters here of who charges.
type Drivers interface {
	// Language is the language that a driver reads, as in "sv"; empty where nobody has said.
	Language(ctx context.Context, d token.Decision) (string, error)
	// Own is the version of the tariff that a driver has of his own on a station at a time. NotFound.
	Own(ctx context.Context, d token.Decision, at gnista.StationID, when time.Time) (tariff.Version, error)
}

// Transactions finds transactions.
type Transactions interface {
	Transaction(ctx context.Context, id string) (charging.Transaction, error)
}

// Store keeps what stations have been given and what they reckon. Each method is one SQL transaction.
type Store interface {
	// Reckoning finds what a station reckons of a transaction. NotFound.
	Reckoning(ctx context.Context, transaction string) (Reckoning, error)
	// ChangeReckoning changes it, or makes one that is zero but for its transaction and station; the
	// events go with it. change may run more than once.
	ChangeReckoning(ctx context.Context, id gnista.StationID, transaction string, change func(*Reckoning) []gnista.Event) error
	// Sync finds what a station has been given of prices; the zero value is nothing.
	Sync(ctx context.Context, id gnista.StationID) (Sync, error)
	// ChangeSync changes that. The events go with it. change may run more than once.
	ChangeSync(ctx context.Context, id gnista.StationID, change func(*Sync) []gnista.Event) error
	// PriceStations lists up to limit stations behind after, in the order of their ids, that say in their
	// settings that they show prices or reckon costs.
	PriceStations(ctx context.Context, after gnista.StationID, limit int) ([]gnista.StationID, error)
}

// local is the time by which prices go on a station.
func (c *Costs) local(t time.Time) time.Time {
	if c.Zone == nil {
		return t.UTC()
	}
	return t.In(c.Zone)
}

// holds is the version for a driver on a station, and whether it is of the driver's own. NotFound.
func (c *Costs) holds(ctx context.Context, id gnista.StationID, d token.Decision) (v tariff.Version, own bool, err error) {
	if c.Drivers != nil {
		v, err = c.Drivers.Own(ctx, d, id, c.Now())
		if err == nil || gnista.CodeOf(err) != gnista.NotFound {
			return v, err == nil, err
		}
	}
	v, err = c.Prices.Holds(ctx, id, c.Now())
	return v, false, err
}

// language is what a driver reads on a station.
func (c *Costs) language(ctx context.Context, d token.Decision, s Skill) (string, error) {
	if c.Drivers != nil {
		if l, err := c.Drivers.Language(ctx, d); err != nil || l != "" {
			return l, err
		}
	}
	return s.Language, nil
}
