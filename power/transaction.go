package power

import (
	"context"
	"fmt"
	"time"

	"gnista"
	"gnista/station"
)

// UsePriority gives a transaction priority, or takes it away. (OCPP 2.1 K21)
type UsePriority struct {
	Ref    string
	Active bool
}

func (UsePriority) Answers() (a station.Answer) { return a }

func (o UsePriority) Told() station.Told {
	note := "transaction " + o.Ref
	if !o.Active {
		note += ", no longer"
	}
	return station.Told{Kind: "priority", Note: note}
}

// UsePriority gives an active transaction priority, or takes it away. NotFound, Conflict.
func (p *Power) UsePriority(ctx context.Context, id gnista.StationID, tx string, active bool) (station.Answer, error) {
	t, err := p.transaction(ctx, id, tx)
	if err != nil {
		return station.Answer{}, err
	}
	return station.Give(ctx, p.Network, id, UsePriority{t.Ref, active})
}

// Allow tells a station which ways of energy a transaction may use. (OCPP 2.1 Q02)
type Allow struct {
	Ref       string
	Transfers []Transfer
}

func (Allow) Answers() (a station.Answer) { return a }

func (o Allow) Told() station.Told {
	return station.Told{Kind: "energy-transfer", Note: fmt.Sprintf("transaction %s: %v", o.Ref, o.Transfers)}
}

// Allow tells a station which ways of energy an active transaction may use, and holds the car to them
// when it tells its needs. NotFound, Conflict, Invalid. (OCPP 2.1 Q02.FR.05)
func (p *Power) Allow(ctx context.Context, id gnista.StationID, tx string, list []Transfer) (station.Answer, error) {
	if len(list) == 0 {
		return station.Answer{}, gnista.Invalidf("transfers", "is empty")
	}
	t, err := p.transaction(ctx, id, tx)
	if err != nil {
		return station.Answer{}, err
	}
	a, err := station.Give(ctx, p.Network, id, Allow{t.Ref, list})
	if err != nil || a.Status != station.Done {
		return a, err
	}
	return a, p.Store.ChangePower(context.WithoutCancel(ctx), id, func(tx Tx) error {
		return save(p, tx, id, &Allowed{Transaction: t.ID, Transfers: list})
	})
}

// Balance passes on a signal for the balance of the grid. (OCPP 2.1 Q08)
type Balance struct {
	At     time.Time
	Signal int
}

func (Balance) Answers() (a station.Answer) { return a }

func (o Balance) Told() station.Told {
	return station.Told{Kind: "balance", Note: fmt.Sprintf("signal %d", o.Signal)}
}

// AskTransaction asks whether a transaction goes on, and whether the station has messages about it, or
// about any, that it has not sent yet. (OCPP 2.x E14)
type AskTransaction struct{ Ref string }

func (AskTransaction) Answers() (s TransactionStatus) { return s }

func (o AskTransaction) Told() station.Told {
	t := station.Told{Kind: "transaction-status"}
	if o.Ref != "" {
		t.Note = "transaction " + o.Ref
	}
	return t
}

// TransactionStatus is what a station knows of a transaction.
type TransactionStatus struct {
	Ongoing *bool `json:"ongoing,omitempty" doc:"Absent where no transaction was named"`
	Queued  bool  `json:"messagesQueued" doc:"It has messages that it has not sent yet"`
}

// AskTransaction asks a station about a transaction by our id, active or not, or about all. NotFound.
func (p *Power) AskTransaction(ctx context.Context, id gnista.StationID, tx string) (TransactionStatus, error) {
	var o AskTransaction
	if tx != "" {
		t, err := p.Transactions.Store.Transaction(ctx, tx)
		if err != nil {
			return TransactionStatus{}, err
		}
		if t.Station != id {
			return TransactionStatus{}, gnista.Errorf(gnista.NotFound, "transaction %s is not one of station %s", tx, id)
		}
		o.Ref = t.Ref
	}
	return station.Give(ctx, p.Network, id, o)
}
