package charging

import (
	"context"
	"fmt"

	"gnista"
	"gnista/station"
	"gnista/token"
)

// Remote tells a station to start or stop charging and waits for its answer. Its errors are those
// of [station.Remote].
type Remote interface {
	Start(ctx context.Context, id gnista.StationID, order Order) (station.Answer, error)
	Stop(ctx context.Context, id gnista.StationID, ref string) (station.Answer, error)
}

// Order is an order to start charging.
type Order struct {
	EVSE   int // 0 leaves the choice to the station
	Token  token.ID
	Group  string
	Number int // by which a station of OCPP 2.x tells that its transaction follows this order
}

// Start orders a station to start a transaction for a token, which must be allowed to charge.
// Invalid, Conflict. (OCPP 1.6 §5.11, OCPP 2.x F01, F02)
func (t *Transactions) Start(ctx context.Context, id gnista.StationID, evse int, who token.ID) (station.Answer, error) {
	if evse < 0 {
		return station.Answer{}, gnista.Invalidf("evse", "is negative")
	}
	if token.Key(who.UID) == "" {
		return station.Answer{}, gnista.Invalidf("token", "is empty")
	}
	d, err := t.Tokens.Authorise(ctx, who, t.Now())
	if err != nil {
		return station.Answer{}, err
	}
	if d.Status != token.Accepted {
		return station.Answer{}, gnista.Errorf(gnista.Conflict, "the token may not charge: it is %s", d.Status)
	}
	order := Order{EVSE: evse, Token: d.ID, Group: d.Group}
	err = t.Store.Change(ctx, id, func(tx Tx) error {
		n, err := tx.Number()
		order.Number = int(n)
		return err
	})
	if err != nil {
		return station.Answer{}, fmt.Errorf("numbering the order: %w", err)
	}
	return t.Remote.Start(ctx, id, order)
}

// Stop orders a station to end a transaction: the one with the given id, or the only one that is
// active at the EVSE or, with EVSE 0, on the station. NotFound, Conflict.
// (OCPP 1.6 §5.12, OCPP 2.x F03)
func (t *Transactions) Stop(ctx context.Context, at gnista.StationID, evse int, id string) (station.Answer, error) {
	if id != "" {
		x, err := t.Store.Transaction(ctx, id)
		switch {
		case err != nil:
			return station.Answer{}, err
		case x.Station != at:
			return station.Answer{}, gnista.Errorf(gnista.NotFound, "transaction %s is not one of station %s", id, at)
		case x.State != Active:
			return station.Answer{}, gnista.Errorf(gnista.Conflict, "transaction %s has ended", id)
		}
		return t.Remote.Stop(ctx, at, x.Ref)
	}
	open, err := t.Store.Transactions(ctx, Filter{Station: at, State: Active, Limit: 100})
	if err != nil {
		return station.Answer{}, err
	}
	var only *Transaction
	for i := range open {
		if evse != 0 && open[i].EVSE.ID != evse {
			continue
		}
		if only != nil {
			return station.Answer{}, gnista.Errorf(gnista.Conflict, "several transactions are active; say which")
		}
		only = &open[i]
	}
	if only == nil {
		return station.Answer{}, gnista.Errorf(gnista.NotFound, "no transaction is active there")
	}
	return t.Remote.Stop(ctx, at, only.Ref)
}
