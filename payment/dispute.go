package payment

import (
	"context"
	"time"

	"gnista"
)

// DisputeState is how far a dispute is.
type DisputeState string

// The states of disputes.
const (
	DisputeOpened   DisputeState = "opened"
	DisputeEvidence DisputeState = "evidence-due" // until a time, by us
	DisputeWon      DisputeState = "won"
	DisputeLost     DisputeState = "lost"
)

// Dispute is that a customer's bank wants money of a payment back. It changes neither the payment nor its charge
// record.
type Dispute struct {
	ID          string
	Payment     string
	Provider    string
	Ref         string // the provider's name of it
	State       DisputeState
	Amount      int64
	Currency    string
	Reason      string    // the provider's word
	EvidenceDue time.Time // zero is none
	OpenedAt    time.Time
	UpdatedAt   time.Time
}

// Disputer is a provider that tells of disputes.
type Disputer interface {
	// Disputes lists those of a payment.
	Disputes(ctx context.Context, p Payment) ([]Disputed, error)
}

// Disputed is a dispute as the provider tells of it.
type Disputed struct {
	Ref         string
	State       DisputeState
	Amount      int64
	Reason      string
	EvidenceDue time.Time
	At          time.Time
}

// DisputeStore keeps disputes.
type DisputeStore interface {
	// SaveDispute stores d by its provider and reference, and posts what was lost. It tells of what is new.
	SaveDispute(ctx context.Context, d Dispute) error
	// Disputes lists those of a payment, the oldest first.
	Disputes(ctx context.Context, payment string) ([]Dispute, error)
}

// dispute reads the disputes of a payment.
func (p *Payments) dispute(ctx context.Context, x Payment) error {
	from, ok := p.Providers[x.Provider].(Disputer)
	if !ok {
		return nil
	}
	list, err := from.Disputes(ctx, x)
	if err != nil {
		return err
	}
	for _, d := range list {
		switch d.State {
		case DisputeOpened, DisputeEvidence, DisputeWon, DisputeLost:
		default:
			return gnista.Errorf(gnista.Refused, "%s tells of a dispute that is %q", x.Provider, d.State)
		}
		if err := p.Store.SaveDispute(ctx, Dispute{
			ID: p.NewID(), Payment: x.ID, Provider: x.Provider, Ref: d.Ref, State: d.State, Amount: d.Amount, Currency: x.Currency, Reason: d.Reason,
			EvidenceDue: d.EvidenceDue, OpenedAt: d.At, UpdatedAt: p.Now(),
		}); err != nil {
			return err
		}
	}
	return nil
}
