package terminal

import (
	"context"
	"fmt"

	"gnista"
	"gnista/payment"
)

// Provider has payments settled by their terminals: it waits for what they tell. Where a station leaves it to us to
// take what is due, that goes through the payment provider whose references its terminal gives.
type Provider struct {
	Store Store
	Facts func(ctx context.Context, id gnista.StationID) (Facts, error)
	// Acquirer takes what terminals leave to us, by the same references; nil is nobody. (OCPP 2.1 C21.FR.05)
	Acquirer payment.Provider
}

// Name is the provider's.
func (*Provider) Name() string { return Name }

// Caps are what it can do. Nobody is asked to pay by it: who has paid comes with it.
func (*Provider) Caps() payment.Caps { return payment.Caps{} }

// look finds what a terminal has told of a payment, and whether it is for us to take what is due.
func (p *Provider) look(ctx context.Context, x payment.Payment) (o outcome, ours bool, err error) {
	at, err := p.Store.TerminalPlace(ctx, x.ID)
	if err != nil {
		return o, false, fmt.Errorf("finding the terminal of a payment: %w", err)
	}
	list, err := p.Store.SettlementsOf(ctx, at.Station, at.Reference)
	if err != nil {
		return o, false, err
	}
	if at.Kiosk {
		return reduce(list), p.Acquirer != nil, nil
	}
	f, err := p.Facts(ctx, at.Station)
	return reduce(list), f.SettlementByCSMS, err
}

// Capture waits until the terminal has told what became of it, or takes the amount where that is left to us.
func (p *Provider) Capture(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	o, ours, err := p.look(ctx, x)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if s, known, err := ended(x, o); known {
		return s, err
	}
	switch {
	case ours && p.Acquirer == nil:
		return payment.Snapshot{}, &payment.RefusedError{Reason: "the station leaves it to us to take what is due, and no provider is set up for its terminal"}
	case ours:
		return p.Acquirer.Capture(ctx, op, x)
	}
	return payment.Snapshot{}, fmt.Errorf("the terminal has not told what became of the payment")
}

// ended is what a terminal has told, if that is an end.
func ended(x payment.Payment, o outcome) (payment.Snapshot, bool, error) {
	switch {
	case o.taken:
		return snapshot(x, o), true, nil
	case o.last == "":
		return payment.Snapshot{}, false, nil
	}
	return payment.Snapshot{}, true, &payment.DeclinedError{Code: string(o.last)}
}

// Cancel takes it that the terminal releases what nothing is due of: that is its own affair. Should it tell otherwise,
// it has taken too much.
// (OCPP 2.1 C18.FR.07, C19.FR.01, C20.FR.04)
func (p *Provider) Cancel(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	o, ours, err := p.look(ctx, x)
	switch {
	case err != nil:
		return payment.Snapshot{}, err
	case o.taken:
		return snapshot(x, o), nil
	case o.last == "" && ours && p.Acquirer != nil && x.Transaction != "":
		return p.Acquirer.Cancel(ctx, op, x)
	}
	return payment.Snapshot{Ref: x.Ref, Captured: x.Captured, Refunded: x.Refunded}, nil
}

// Refund gives back by the payment provider behind the terminal, where there is one: no terminal can be told to.
func (p *Provider) Refund(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	if p.Acquirer == nil {
		return payment.Snapshot{}, &payment.DeclinedError{Code: "terminal-gives-nothing-back"}
	}
	return p.Acquirer.Refund(ctx, op, x)
}

// Find looks at what the terminal has told, and else asks the provider behind it.
func (p *Provider) Find(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, bool, error) {
	o, ours, err := p.look(ctx, x)
	if err != nil {
		return payment.Snapshot{}, false, err
	}
	switch op.Kind {
	case payment.KindCapture:
		if s, known, err := ended(x, o); known {
			return s, err == nil, err
		}
	case payment.KindCancel:
		if o.taken {
			return snapshot(x, o), true, nil
		}
	}
	if p.Acquirer == nil || !ours && op.Kind != payment.KindRefund {
		return payment.Snapshot{}, false, nil
	}
	return p.Acquirer.Find(ctx, op, x)
}
