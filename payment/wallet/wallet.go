// Package wallet takes payments from the balances of prepaid accounts, in our own ledger.
package wallet

import (
	"context"
	"fmt"
	"time"

	"gnista/billing"
	"gnista/payment"
)

// Provider takes from balances. What is set aside for a charge that has not ended is a row beside the ledger,
// of whoever lets the charge begin; it ends with the charge record.
type Provider struct {
	Ledger billing.Settler
	Now    func() time.Time
}

// Name is the provider's.
func (p *Provider) Name() string { return payment.Wallet }

// Caps are what it can do.
func (p *Provider) Caps() payment.Caps { return payment.Caps{} }

// Capture takes from the balance as far as it goes.
func (p *Provider) Capture(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	took, err := p.Ledger.Settle(ctx, billing.Settlement{
		ID: op.ID, Account: x.Account, Amount: x.Money(op.Amount), At: p.Now(), Text: fmt.Sprintf("From the balance, payment %s", x.ID),
	})
	if err != nil {
		return payment.Snapshot{}, err
	}
	if took == 0 {
		return payment.Snapshot{}, &payment.DeclinedError{Code: "no-balance", Customer: true}
	}
	return after(x, took), nil
}

// Cancel has nothing to release.
func (p *Provider) Cancel(_ context.Context, _ payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	return after(x, 0), nil
}

// Refund gives back to the balance.
func (p *Provider) Refund(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	took, err := p.Ledger.Settle(ctx, billing.Settlement{
		ID: op.ID, Account: x.Account, Amount: x.Money(-op.Amount), At: p.Now(), Text: fmt.Sprintf("Back to the balance, payment %s", x.ID),
	})
	if err != nil {
		return payment.Snapshot{}, err
	}
	return after(x, took), nil
}

// Find looks into the ledger.
func (p *Provider) Find(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, bool, error) {
	took, ok, err := p.Ledger.Settled(ctx, op.ID)
	return after(x, took), ok, err
}

// after is what is known of a payment, with what an operation has moved.
func after(x payment.Payment, took int64) payment.Snapshot {
	return payment.Snapshot{Ref: x.ID, Captured: x.Captured + max(0, took), Refunded: x.Refunded + max(0, -took)}
}
