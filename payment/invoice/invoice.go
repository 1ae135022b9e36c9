// Package invoice has payments made by invoice: a payment is settled when its records are handed over to
// invoicing. What the customer then owes and pays is in the ledger.
package invoice

import (
	"context"

	"gnista/payment"
)

// Provider hands over. That moves no money and leaves no trace: what is to be invoiced are the charge records
// of accounts that pay by invoice, each once. So all that it does can be done again.
type Provider struct{}

// Name is the provider's.
func (Provider) Name() string { return payment.Invoice }

// Caps are what it can do.
func (Provider) Caps() payment.Caps { return payment.Caps{} }

// Capture hands over an amount.
func (Provider) Capture(_ context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	return payment.Snapshot{Ref: x.ID, Captured: x.Captured + op.Amount, Refunded: x.Refunded}, nil
}

// Cancel has nothing to release.
func (Provider) Cancel(_ context.Context, _ payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	return payment.Snapshot{Ref: x.ID, Captured: x.Captured, Refunded: x.Refunded}, nil
}

// Refund hands over a credit.
func (Provider) Refund(_ context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	return payment.Snapshot{Ref: x.ID, Captured: x.Captured, Refunded: x.Refunded + op.Amount}, nil
}

// Find knows of nothing, as nothing is left undone.
func (Provider) Find(context.Context, payment.Operation, payment.Payment) (payment.Snapshot, bool, error) {
	return payment.Snapshot{}, false, nil
}
