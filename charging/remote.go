package charging

import (
	"context"
	"fmt"
	"unicode/utf8"

	"gnista"
	"gnista/station"
	"gnista/token"
)

// Start is an order to start charging.
type Start struct {
	EVSE   int  // 0 leaves the choice to the station
	Named  bool // the EVSE is named even where it is 0, which OCPP 1.6 allows
	Token  token.ID
	Group  string
	Number int // by which a station of OCPP 2.x tells that its transaction follows this order
}

// Adapt names a connector where the station must have one (quirk Q52), and refuses a token that the
// station would damage (quirk Q50).
func (o Start) Adapt(a station.Adaptations) (any, error) {
	if n := a.MaxTokenLength; n > 0 && utf8.RuneCountInString(o.Token.UID) > n {
		return nil, gnista.Errorf(gnista.Unsupported, "this station damages tokens of more than %d characters (quirk Q50, adaptation maxTokenLength); use a shorter one", n)
	}
	if o.EVSE == 0 && a.StartConnector != nil {
		o.EVSE, o.Named = *a.StartConnector, true
	}
	return o, nil
}

func (Start) Answers() (a station.Answer) { return a }

func (o Start) Told() station.Told {
	t := station.Told{Kind: "start", Note: "any EVSE", Effect: effectStart}
	if o.EVSE > 0 {
		t.Note, t.EVSE = fmt.Sprintf("EVSE %d", o.EVSE), o.EVSE
	}
	return t
}

// Stop is an order to end a transaction.
type Stop struct{ Ref string } // by the station's name for it

func (Stop) Answers() (a station.Answer) { return a }

func (o Stop) Told() station.Told {
	return station.Told{Kind: "stop", Note: "transaction " + o.Ref, Effect: effectStop(o.Ref)}
}

// The effects of the orders.
const effectStart = "start"

func effectStop(ref string) string { return "stop " + ref }

// Start orders a station to start a transaction for a token, which must be allowed to charge. At an EVSE
// that is reserved it is for who has reserved it, when no token is named.
// Invalid, Conflict. (OCPP 1.6 §5.11, OCPP 2.x F01, F02)
func (t *Transactions) Start(ctx context.Context, id gnista.StationID, evse int, who token.ID) (station.Answer, error) {
	order, err := t.Order(ctx, id, evse, who)
	if err != nil {
		return station.Answer{}, err
	}
	return station.Give(ctx, t.Network, id, order)
}

// Order makes the order to start a transaction, see [Transactions.Start].
func (t *Transactions) Order(ctx context.Context, id gnista.StationID, evse int, who token.ID) (Start, error) {
	if evse < 0 {
		return Start{}, gnista.Invalidf("evse", "is negative")
	}
	reserved, err := t.reserver(ctx, id, evse)
	if err != nil {
		return Start{}, err
	}
	if reserved != nil && who.UID == "" {
		who = reserved.Token
	}
	if token.Key(who.UID) == "" {
		return Start{}, gnista.Invalidf("token", "is empty")
	}
	d, err := t.Tokens.Authorise(ctx, token.Request{ID: who, At: t.Now(), Station: id, EVSE: evse, Use: token.Start, Ordered: true})
	if err != nil {
		return Start{}, err
	}
	if err := reserved.order(d, evse); err != nil {
		return Start{}, err
	}
	if d.Status != token.Accepted {
		return Start{}, gnista.Errorf(gnista.Conflict, "the token may not charge: it is %s", d.Status)
	}
	number, err := t.Number(ctx, id)
	return Start{EVSE: evse, Token: d.ID, Group: d.Group, Number: number}, err
}

// OrderAgain makes the order to start a transaction for a token that is known to be allowed to charge. It has a number
// already: a station that is told it twice knows it again. Conflict.
func (t *Transactions) OrderAgain(ctx context.Context, id gnista.StationID, evse int, who token.ID, number int) (Start, error) {
	reserved, err := t.reserver(ctx, id, evse)
	if err == nil {
		err = reserved.order(token.Decision{ID: who}, evse)
	}
	return Start{EVSE: evse, Token: who, Number: number}, err
}

// order tells whether a token may start where the reservation is, which is nil where there is none. Conflict.
func (r *Reservation) order(d token.Decision, evse int) error {
	if r != nil && !r.admits(d) {
		return gnista.Errorf(gnista.Conflict, "EVSE %d is reserved for another token", evse) // OCPP 2.x F01.FR.21, F01.FR.22
	}
	return nil
}

// Number is a number above 0 that nothing of the station's has had: for orders and reports.
func (t *Transactions) Number(ctx context.Context, id gnista.StationID) (number int, err error) {
	err = t.Store.Change(ctx, id, func(tx Tx) error {
		n, err := tx.Number()
		number = int(n)
		return err
	})
	if err != nil {
		err = fmt.Errorf("numbering the order: %w", err)
	}
	return number, err
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
		return station.Give(ctx, t.Network, at, Stop{x.Ref})
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
	return station.Give(ctx, t.Network, at, Stop{only.Ref})
}
