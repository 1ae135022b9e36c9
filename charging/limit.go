package charging

import (
	"context"
	"fmt"
	"slices"

	"gnista"
	"gnista/station"
	"gnista/token"
)

// Limits are what a transaction may come to before its station ends it; 0 and nil are no limit.
// (OCPP 2.1 E16)
type Limits struct {
	EnergyWh int64         `json:"energyWh,omitempty" minimum:"0" maximum:"100000000"`
	Seconds  int64         `json:"seconds,omitempty" minimum:"0" maximum:"31536000" doc:"From the start"`
	SoC      int           `json:"soc,omitempty" minimum:"0" maximum:"100" doc:"State of charge in percent"`
	Cost     *gnista.Money `json:"cost,omitempty" doc:"VAT included"`
}

// LimitKind is what a limit is of.
type LimitKind string

// The kinds.
const (
	LimitEnergy LimitKind = "energy"
	LimitTime   LimitKind = "time"
	LimitSoC    LimitKind = "soc"
	LimitCost   LimitKind = "cost"
)

func (l Limits) kinds() (list []LimitKind) {
	if l.EnergyWh > 0 {
		list = append(list, LimitEnergy)
	}
	if l.Seconds > 0 {
		list = append(list, LimitTime)
	}
	if l.SoC > 0 {
		list = append(list, LimitSoC)
	}
	if l.Cost != nil {
		list = append(list, LimitCost)
	}
	return list
}

// Empty tells that there is no limit.
func (l Limits) Empty() bool { return len(l.kinds()) == 0 }

func (l Limits) check() error {
	switch {
	case l.EnergyWh < 0 || l.Seconds < 0 || l.SoC < 0 || l.SoC > 100 || l.Cost != nil && l.Cost.Amount < 0:
		return gnista.Invalidf("limits", "are out of range")
	case l.Empty():
		return gnista.Invalidf("limits", "has none")
	}
	return nil
}

// over is l with what o says over it. A limit that was set can be changed, but not taken away: who wants
// none sets one that is never reached. (OCPP 2.1 E16.FR.17)
func (l Limits) over(o Limits) Limits {
	if o.EnergyWh > 0 {
		l.EnergyWh = o.EnergyWh
	}
	if o.Seconds > 0 {
		l.Seconds = o.Seconds
	}
	if o.SoC > 0 {
		l.SoC = o.SoC
	}
	if o.Cost != nil {
		l.Cost = o.Cost
	}
	return l
}

// beyond are those of l that the station does not already keep to with a limit of its own that is as low.
func (l Limits) beyond(own Limits) Limits {
	if own.EnergyWh > 0 && own.EnergyWh <= l.EnergyWh {
		l.EnergyWh = 0
	}
	if own.Seconds > 0 && own.Seconds <= l.Seconds {
		l.Seconds = 0
	}
	if own.SoC > 0 && own.SoC <= l.SoC {
		l.SoC = 0
	}
	if own.Cost != nil && l.Cost != nil && own.Cost.Currency == l.Cost.Currency && own.Cost.Amount <= l.Cost.Amount {
		l.Cost = nil
	}
	return l
}

// Limiting is how a transaction is limited.
type Limiting struct {
	Wanted Limits // by the operator
	Own    Limits // that the station told: what it was given, and what it has chosen
	Due    bool   // what is wanted was not told to the station yet
	Kind   Kind   // and Seq: of the event whose answer told it
	Seq    int
	Told   Limits        // by that answer
	Funded *gnista.Money `json:",omitempty"` // what there is to pay with, where the station was told to keep to it
}

// AskLimits asks a station which limits it can keep to. (OCPP 2.1 E16.FR.12)
type AskLimits struct{}

func (AskLimits) Answers() (list []LimitKind) { return list }
func (AskLimits) Told() station.Told          { return station.Told{Kind: "limits"} }

// limitable finds out whether a station can keep to limits. Unsupported.
func (t *Transactions) limitable(ctx context.Context, id gnista.StationID, l Limits) error {
	if err := l.check(); err != nil {
		return err
	}
	can, err := station.Tell(ctx, t.Network.Remote, id, AskLimits{})
	if err != nil {
		return err
	}
	for _, k := range l.kinds() {
		if !slices.Contains(can, k) { // OCPP 2.1 E16.FR.12
			return gnista.Errorf(gnista.Unsupported, "the station has no limits of %s", k)
		}
	}
	return nil
}

// StartLimited orders a station to start a transaction that has limits, see [Transactions.Start].
// (OCPP 2.1 F07.FR.01)
func (t *Transactions) StartLimited(ctx context.Context, id gnista.StationID, evse int, who token.ID, l Limits) (station.Answer, error) {
	if err := t.limitable(ctx, id, l); err != nil {
		return station.Answer{}, err
	}
	order, err := t.Order(ctx, id, evse, who)
	if err != nil {
		return station.Answer{}, err
	}
	if err := t.Store.Change(ctx, id, func(tx Tx) error { return tx.SaveStartLimits(id, order.Number, l, t.Now()) }); err != nil {
		return station.Answer{}, fmt.Errorf("keeping the limits: %w", err)
	}
	return station.Give(ctx, t.Network, id, order)
}

// Limit sets or changes limits of an active transaction. Its station is told in the answer to what it next
// tells of it. NotFound, Conflict, Unsupported. (OCPP 2.1 E16.FR.02)
func (t *Transactions) Limit(ctx context.Context, at gnista.StationID, id string, l Limits) (Transaction, error) {
	x, err := t.Store.Transaction(ctx, id)
	if err != nil {
		return x, err
	}
	if x.Station != at {
		return x, gnista.Errorf(gnista.NotFound, "transaction %s is not one of station %s", id, at)
	}
	if x.State != Active {
		return x, gnista.Errorf(gnista.Conflict, "transaction %s has ended", id)
	}
	if err := t.limitable(ctx, at, l); err != nil {
		return x, err
	}
	err = t.Store.Change(ctx, at, func(tx Tx) error {
		found, err := tx.ByID(id)
		if err != nil {
			return err
		}
		if found == nil || found.State != Active { // meanwhile
			return gnista.Errorf(gnista.Conflict, "transaction %s has ended", id)
		}
		found.limit(l)
		found.UpdatedAt = t.Now()
		x = *found
		return tx.Save(found, nil)
	})
	return x, err
}

func (t *Transaction) limit(l Limits) {
	if t.Limiting == nil {
		t.Limiting = &Limiting{}
	}
	t.Limiting.Wanted, t.Limiting.Due = t.Limiting.Wanted.over(l), true
}

// LimitCost changes the most that a transaction may cost where its station was given such a limit for what pays for
// it: the station is told in the answer to what it next tells of it. Elsewhere it changes nothing.
// (OCPP 2.1 E16.FR.02, E16.FR.14)
func (t *Transactions) LimitCost(ctx context.Context, at gnista.StationID, id string, most gnista.Money) error {
	differs := func(x *Transaction) bool {
		l := x.Limiting
		return x.State == Active && l != nil && l.Funded != nil && *l.Funded != most
	}
	x, err := t.Store.Transaction(ctx, id)
	if err != nil || !differs(&x) {
		return err
	}
	return t.Store.Change(ctx, at, func(tx Tx) error {
		x, err := tx.ByID(id)
		if err != nil || x == nil || !differs(x) {
			return err
		}
		was := *x.Limiting.Funded
		x.Limiting.Funded = &most
		if c := x.Limiting.Wanted.Cost; *c == was || c.Amount > most.Amount {
			x.limit(Limits{Cost: &most})
		}
		return tx.Save(x, nil)
	})
}

// fund limits the cost to what there is to pay with, where the station can keep to that. A limit that is lower
// stays. (OCPP 2.1 C17.FR.03, C24.FR.02, C25.FR.24, E16.FR.12)
func (r *recording) fund(t *Transaction) error {
	if r.Version != gnista.V21 {
		return nil
	}
	most, err := r.tx.CostLimit(r.station, t.ID)
	if err != nil || most == nil {
		return err
	}
	if t.Limiting == nil {
		t.Limiting = &Limiting{}
	}
	t.Limiting.Funded = most
	if c := t.Limiting.Wanted.Cost; c == nil || c.Currency == most.Currency && c.Amount > most.Amount {
		t.limit(Limits{Cost: most})
	}
	return nil
}

// limit takes in what the event says of limits, and decides what its answer says: each change once, in the
// first answer that there is, whether or not the station then confirms it: what it tells of the time before
// confirms nothing. (OCPP 2.1 E16.FR.02, E16.FR.07, E16.FR.08, E16.FR.18, F07.FR.02)
func (r *recording) limit(t *Transaction) error {
	if r.RemoteID > 0 && t.RemoteID == 0 { // the order is known now
		l, err := r.tx.StartLimits(r.station, r.RemoteID)
		if err != nil {
			return err
		}
		if l != nil {
			t.limit(*l)
			r.funded = true
		}
	}
	if r.funded && t.Authorised {
		if err := r.fund(t); err != nil {
			return err
		}
	}
	if r.Limits != nil {
		if t.Limiting == nil {
			t.Limiting = &Limiting{}
		}
		t.Limiting.Own = t.Limiting.Own.over(*r.Limits)
	}
	x := t.Limiting
	if x == nil || !x.Due || r.Kind == Stopped || t.State != Active {
		return nil
	}
	x.Due, x.Kind, x.Seq = false, r.Kind, r.Seq
	x.Told = x.Wanted.beyond(x.Own)
	return nil
}

// told is what the answer to the event says of limits; a repeat is told the same.
func (r *recording) told(t *Transaction) *Limits {
	x := t.Limiting
	if x == nil || x.Kind != r.Kind || x.Seq != r.Seq || x.Told.Empty() {
		return nil
	}
	return &x.Told
}

// metered tells whether the station has to know what the transaction costs so far, to keep to a limit.
// (OCPP 2.1 E16.FR.11)
func (t *Transaction) metered() bool {
	return t.Limiting != nil && (t.Limiting.Wanted.Cost != nil || t.Limiting.Own.Cost != nil)
}
