package charging

import (
	"context"
	"math/big"
	"strings"
	"time"
)

// Evidence is what is known of the energy of a transaction. Energy is in Wh; what is nil is not known.
type Evidence struct {
	Begin      *Reading `json:"begin,omitempty"` // that the station declared
	End        *Reading `json:"end,omitempty"`
	First      *Reading `json:"first,omitempty"` // of those between
	Last       *Reading `json:"last,omitempty"`
	DeclaredWh *int64   `json:"declaredWh,omitempty"` // from begin to end
	SampledWh  *int64   `json:"sampledWh,omitempty"`  // from the first reading to the last
	CountedWh  int64    `json:"countedWh"`            // what the readings rose by in all
	PossibleWh int64    `json:"possibleWh"`           // the most that can have flowed in the time
	MaxPowerW  int64    `json:"maxPowerW,omitempty"`  // of the connector, as far as the station has reported it
	Seconds    int64    `json:"seconds"`              // that it lasted
	// LateSeconds is how long after its end, by the station's clock, the station last told of it, by ours.
	LateSeconds int64 `json:"lateSeconds"`
}

// Basis is what a proposal goes by.
type Basis string

// The bases.
const (
	AsDeclared Basis = "declared"     // by the station, from begin to end
	ToLast     Basis = "last-reading" // as far as there are readings
	FromFirst  Basis = "first-reading"
	AsSampled  Basis = "sampled" // between the readings
	AsCounted  Basis = "counted" // what the readings rose by
	Nothing    Basis = "nothing"
)

// Proposal is what might be billed, on the safe side for the customer.
type Proposal struct {
	EnergyWh int64  `json:"energyWh"`
	Basis    Basis  `json:"basis"`
	Reason   Reason `json:"reason,omitempty"` // that brought it there
}

// Waiting is what somebody who decides should know.
type Waiting struct {
	Reasons  []Reason `json:"reasons"`
	Evidence Evidence `json:"evidence"`
	Proposal Proposal `json:"proposal"`
}

// Decision is what a person decided about a transaction.
type Decision struct {
	ID          string
	At          time.Time
	Transaction string
	By          string
	Note        string
	EnergyWh    int64
	Waiting     Waiting
}

// leastPowerW is the least power of a connector that is believed.
const leastPowerW = 1000

// watts reads what a station has reported of the most power; 0 is nothing that is believed.
func watts(most, unit string) int64 {
	r, ok := new(big.Rat).SetString(most)
	if !ok || strings.ContainsAny(most, "eE/") {
		return 0
	}
	if strings.EqualFold(unit, "kW") {
		r.Mul(r, big.NewRat(1000, 1))
	}
	w := new(big.Int).Quo(r.Num(), r.Denom())
	if !w.IsInt64() || w.Int64() < leastPowerW {
		return 0
	}
	return min(w.Int64(), maxPowerW)
}

// maxPower is the most power at the EVSE of a transaction that has ended and is not finished; 0 is not known.
func (t *Transaction) maxPower(tx Tx) (int64, error) {
	if t.State != Ended || !t.FinishedAt.IsZero() || t.EVSE.ID == 0 {
		return 0, nil
	}
	most, unit, err := tx.EVSEPower(t.Station, t.EVSE.ID)
	return watts(most, unit), err
}

// Evidence is what is known of the energy.
func (t *Transaction) Evidence(maxW int64) Evidence {
	m := &t.Meter
	end := t.EndedAt
	if end.IsZero() {
		end = t.lastHeard()
	}
	e := Evidence{
		Begin: m.Begin, End: m.End, First: m.First, Last: m.Last, CountedWh: roundWh(m.estimate()), MaxPowerW: maxW,
		PossibleWh: roundWh(possible(end.Sub(t.StartedAt), maxW)), Seconds: int64(max(0, end.Sub(t.StartedAt)) / time.Second),
		LateSeconds: int64(max(0, t.UpdatedAt.Sub(end)) / time.Second),
	}
	if m.Begin != nil && m.End != nil {
		wh := roundWh(m.End.MWh - m.Begin.MWh)
		e.DeclaredWh = &wh
	}
	if mWh, ok := m.between(); ok {
		wh := roundWh(mWh)
		e.SampledWh = &wh
	}
	return e
}

// Waiting is what is known of a transaction that waits for a decision, and what might be decided.
func (t *Transaction) Waiting(maxW int64) Waiting {
	e := t.Evidence(maxW)
	return Waiting{append([]Reason{}, t.Review...), e, t.propose(e)}
}

// propose is what might be billed: by each reason what is certain, and of all that the least.
func (t *Transaction) propose(e Evidence) Proposal {
	p := Proposal{EnergyWh: -1}
	for _, r := range t.Review {
		if !r.Blocks() {
			continue
		}
		if q := e.by(r); p.EnergyWh < 0 || q.EnergyWh < p.EnergyWh {
			p = q
		}
	}
	if p.EnergyWh < 0 { // nothing is doubtful, but the end is missing
		p = e.metered("")
	}
	if p.EnergyWh > e.PossibleWh {
		return Proposal{0, Nothing, Implausible}
	}
	return p
}

// by is what is certain where there is a reason for doubt.
func (e Evidence) by(r Reason) Proposal {
	switch r {
	case OrphanStop, Implausible, Unauthorised:
		return Proposal{0, Nothing, r}
	case MeterReset:
		return Proposal{e.CountedWh, AsCounted, r}
	case MeterDisagrees:
		if e.SampledWh != nil && e.DeclaredWh != nil && *e.SampledWh < *e.DeclaredWh {
			return Proposal{*e.SampledWh, AsSampled, r}
		}
	case MissingStop:
		return e.open(r)
	}
	return e.metered(r)
}

// metered is what begin and end say, or as much of it as is known.
func (e Evidence) metered(r Reason) Proposal {
	if e.DeclaredWh != nil && *e.DeclaredWh >= 0 {
		return Proposal{*e.DeclaredWh, AsDeclared, r}
	}
	if e.Begin == nil && e.End != nil && e.First != nil && e.End.MWh >= e.First.MWh {
		return Proposal{roundWh(e.End.MWh - e.First.MWh), FromFirst, r}
	}
	return e.open(r)
}

// open is what is known without an end.
func (e Evidence) open(r Reason) Proposal {
	switch {
	case e.Begin != nil && e.Last != nil && e.Last.MWh >= e.Begin.MWh:
		return Proposal{roundWh(e.Last.MWh - e.Begin.MWh), ToLast, r}
	case e.SampledWh != nil:
		return Proposal{*e.SampledWh, AsSampled, r}
	}
	return Proposal{0, Nothing, r}
}

// Waiting is what is known of a transaction and might be decided about it. NotFound.
func (t *Transactions) Waiting(ctx context.Context, x Transaction) (Waiting, error) {
	var maxW int64
	if x.EVSE.ID != 0 {
		most, unit, err := t.Store.EVSEPower(ctx, x.Station, x.EVSE.ID)
		if err != nil {
			return Waiting{}, err
		}
		maxW = watts(most, unit)
	}
	return x.Waiting(maxW), nil
}
