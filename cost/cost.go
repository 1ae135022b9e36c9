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
	// Language is the language that a driver reads, as in "sv"; empty where nobody has said. nil: nobody has.
	Language func(ctx context.Context, d token.Decision) (string, error)
	// Receipt is the address of a transaction's receipt; nil is none. NotFound.
	Receipt func(ctx context.Context, transaction string) (string, error)
	// Zone is the time by which prices go on a station; nil is UTC.
	Zone func(ctx context.Context, id gnista.StationID) (*time.Location, error)
	// Every is the least time between two costs of a transaction that nothing but energy sets apart; 0 is
	// a minute.
	Every time.Duration
	Now   func() time.Time
	Log   *slog.Logger

	desk   desk
	skills skills
	boards boards
}

// Prices knows what holds, and what it comes to.
type Prices interface {
	// InForce is the version of the tariff that holds in a case. NotFound.
	InForce(ctx context.Context, c tariff.Case) (tariff.Assigned, error)
	// Version is the one that a transaction is billed by. NotFound.
	Version(ctx context.Context, t *charging.Transaction) (tariff.Version, error)
	// Cost is what a transaction costs so far, or in all. NotFound.
	Cost(ctx context.Context, t *charging.Transaction) (gnista.Money, error)
	// Next is the version that comes after v in the same tariff. NotFound.
	Next(ctx context.Context, v tariff.Version) (tariff.Version, error)
	// EVSEs are those of a station that have a tariff of their own.
	EVSEs(ctx context.Context, id gnista.StationID) ([]int, error)
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

// holds is the version for a driver on a station, and whether it is of the driver's own. NotFound.
func (c *Costs) holds(ctx context.Context, id gnista.StationID, d token.Decision) (v tariff.Version, own bool, err error) {
	a, err := c.Prices.InForce(ctx, tariff.Case{Station: id, TokenUID: d.ID.UID, TokenType: string(d.ID.Type), Group: d.Group, Account: d.Account, At: c.Now()})
	return a.Version, a.Rule == tariff.OfToken || a.Rule == tariff.OfGroup || a.Rule == tariff.OfCustomer, err
}

// language is what a driver reads on a station.
func (c *Costs) language(ctx context.Context, d token.Decision, s Skill) (string, error) {
	if c.Language != nil {
		if l, err := c.Language(ctx, d); err != nil || l != "" {
			return l, err
		}
	}
	return s.Language, nil
}
