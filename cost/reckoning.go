package cost

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/tariff"
)

// Reckoning is what a station reckons that a transaction costs, by the tariff that it has. Amounts are in
// major units, as the station tells them. (OCPP 2.1 I12)
type Reckoning struct {
	Transaction string
	Station     gnista.StationID
	ToldAt      time.Time // by our clock
	Final       bool      // it was told with the end
	Tariff      string    // id of the version that the station has reckoned by; empty where it does not say
	Currency    string
	Kind        string // normal, min or max: whether a least or greatest cost took the place of the sum
	Parts       []Part // without the total
	Total       Part
	EnergyWh    int64
	Charging    time.Duration
	Idle        time.Duration
	Failed      bool   // the station could not reckon, or not all of it
	Failure     string // why, in its own words

	ComparedAt time.Time // with what is billed; zero before
	Ours       gnista.Money
	Verdict    Verdict
}

// Part is what one dimension costs.
type Part struct {
	Dimension tariff.Dimension // empty is all of them together
	Net       tariff.Decimal   // empty where the station does not say
	Gross     tariff.Decimal
}

// Verdict is what comparing has shown.
type Verdict string

// The verdicts.
const (
	Agrees       Verdict = "agrees"       // but for a minor unit at the most
	Differs      Verdict = "differs"      // by more
	OtherTariff  Verdict = "other-tariff" // the station has reckoned by another version than is billed
	Incomparable Verdict = "incomparable" // it has told no total, another currency, or no tariff holds here
	CouldNot     Verdict = "not-reckoned" // the station says so
)

// slackMinor is by how much a station may be off: prices without VAT are not always decimals.
const slackMinor = 1

// TakeReckoning takes in what a station reckons of a transaction. It is stored over what was told before,
// and compared if the transaction is finished.
func (c *Costs) TakeReckoning(ctx context.Context, id gnista.StationID, transaction string, r Reckoning) error {
	err := c.Store.ChangeReckoning(ctx, id, transaction, func(x *Reckoning) []gnista.Event {
		if x.Final && !r.Final || !x.ComparedAt.IsZero() { // it came late, or again
			return nil
		}
		r.Transaction, r.Station, r.ToldAt, r.Tariff = transaction, id, c.Now(), versionNamed(r.Tariff)
		*x = r
		return nil
	})
	if err != nil || !r.Final {
		return err
	}
	t, err := c.Transactions.Transaction(ctx, transaction)
	if err != nil || t.FinishedAt.IsZero() {
		return err
	}
	return c.compare(ctx, &t)
}

// compare holds what a station has reckoned in the end to what is billed, once. A difference is an event.
func (c *Costs) compare(ctx context.Context, t *charging.Transaction) error {
	have, err := c.Store.Reckoning(ctx, t.ID)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil
	}
	if err != nil || !have.Final || !have.ComparedAt.IsZero() {
		return err // what it reckons in the end comes after the event that has ended the transaction
	}
	ours, err := c.Prices.Cost(ctx, t)
	known := err == nil
	if err != nil && gnista.CodeOf(err) == gnista.Internal {
		return fmt.Errorf("comparing the cost of transaction %s: %w", t.ID, err)
	}
	return c.Store.ChangeReckoning(ctx, t.Station, t.ID, func(x *Reckoning) []gnista.Event {
		if !x.ComparedAt.IsZero() {
			return nil
		}
		x.ComparedAt, x.Ours, x.Verdict = c.Now(), ours, Incomparable
		if known {
			x.Verdict = x.held(ours, t.Tariff)
		}
		if x.Verdict == Agrees {
			return nil
		}
		data, _ := json.Marshal(map[string]any{ // strings and numbers always marshal
			"verdict": x.Verdict, "amount": ours.Amount, "currency": ours.Currency, "station": x.Total.Gross, "stationCurrency": x.Currency, "tariff": x.Tariff, "failure": x.Failure,
		})
		return []gnista.Event{{At: c.Now(), Kind: "cost.differs", Station: t.Station, Subject: t.ID, Data: data}}
	})
}

// held is what comparing with what is billed by a version shows.
func (r *Reckoning) held(ours gnista.Money, version string) Verdict {
	digits, err := tariff.Digits(ours.Currency)
	switch {
	case r.Failed:
		return CouldNot
	case err != nil || r.Currency != ours.Currency || r.Total.Gross == "":
		return Incomparable
	}
	theirs := new(big.Rat).Mul(r.Total.Gross.Rat(), new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
	off := theirs.Sub(theirs, new(big.Rat).SetInt64(ours.Amount))
	switch {
	case off.Abs(off).Cmp(big.NewRat(slackMinor, 1)) <= 0:
		return Agrees
	case r.Tariff != "" && version != "" && r.Tariff != version:
		return OtherTariff
	}
	return Differs
}
