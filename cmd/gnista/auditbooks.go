package main

import (
	"context"
	"fmt"

	"gnista/billing"
	"gnista/payment"
	"gnista/store"
)

// booked compares what the ledger has of a payment with what it must have, and what is said of it elsewhere.
func (x *auditor) booked(ctx context.Context, p payment.Payment) error {
	if !p.Outside() && p.Given == 0 && p.WrittenOff == 0 {
		return nil
	}
	b, err := x.Booked(ctx, p)
	if err != nil {
		return err
	}
	of := fmt.Sprintf("payment %s with %s", p.ID, p.Provider)
	for _, m := range store.Apart(p.Books(b.Taken, b.Lost), b.Postings) {
		x.differ(of, fmt.Sprintf("in the ledger on %s %q", m.Account.Kind, m.Account.Party), "nothing more", m.Amount)
	}
	x.differ(of, "refunded by persons", b.Given, p.Given)
	x.differ(of, "paid by others", b.Covered, p.Covered)
	if p.Account == "" && p.Rest == "" && p.Outside() {
		x.differ(of, "owed by the guest", p.Due-p.Applied()-p.WrittenOff-p.Covered, b.Owed)
	}
	return nil
}

// providers compares what the ledger has with providers with what their payments and movements come to.
func (x *auditor) providers(ctx context.Context) error {
	x.doing("providers")
	wanted, err := x.ProviderBalances(ctx)
	if err != nil {
		return err
	}
	kept, err := x.Balances(ctx)
	if err != nil {
		return err
	}
	type account struct {
		billing.LedgerAccount
		currency string
	}
	has := map[account]int64{}
	for _, b := range kept {
		switch b.Account.Kind {
		case billing.Clearing, billing.Disputed, billing.Unexplained:
			has[account{b.Account, b.Currency}] = b.Amount
		}
	}
	for _, b := range wanted {
		at := account{b.Account, b.Currency}
		x.differ(fmt.Sprintf("%s of %s in %s", b.Account.Kind, b.Account.Party, b.Currency), "balance", b.Amount, has[at])
		delete(has, at)
	}
	for at, amount := range has {
		x.differ(fmt.Sprintf("%s of %s in %s", at.Kind, at.Party, at.currency), "balance", 0, amount)
	}
	return nil
}
