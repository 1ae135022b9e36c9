package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gnista"
	"gnista/api"
	"gnista/charging"
	"gnista/checkout"
	"gnista/payment/terminal"
	"gnista/vat"
)

// terminals are how payments at terminals are taken.
type terminals struct {
	Terminals        bool   `help:"Take payments at terminals of stations and at kiosks." default:"true" negatable:""`
	TerminalAcquirer string `help:"Provider, as in stripe, by which what is due is taken where terminals leave that to us: the one whose references they give. Without one such payments wait for a person." placeholder:"NAME"`
	VATRegister      string `help:"Register that is asked whose a VAT number is, as https://ec.europa.eu/taxation_customs/vies/rest-api. Without one it is only checked whether a number can be one." name:"vat-register" placeholder:"URL"`
}

func (t terminals) check() error {
	if u, err := url.Parse(t.VATRegister); t.VATRegister != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("--vat-register: %q is no address", t.VATRegister)
	}
	return nil
}

// numbers answers for VAT numbers.
func (t terminals) numbers(now func() time.Time) *vat.Numbers {
	n := &vat.Numbers{Now: now}
	if t.VATRegister != "" {
		n.Register = &vat.VIES{URL: t.VATRegister, Client: &http.Client{Timeout: 10 * time.Second}}
	}
	return n
}

// takeTerminals adds payments at terminals, and the guard of what transactions may come to.
func (a *app) takeTerminals(o options) error {
	a.terminals = &terminal.Terminals{
		Store: a.db, Payments: a.payments.Payments, Settings: a.db, Tariffs: a.db, Transactions: a.db, Allowed: o.Terminals.Terminals, Currency: o.Currency,
		Nudge: func() { wake(a.pay) }, Now: o.Now, NewID: o.NewID,
	}
	if o.PublicURL != "" {
		a.terminals.Receipt = func(ctx context.Context, transaction string) (string, string, error) {
			return a.receiptOf(ctx, o.PublicURL, transaction)
		}
	}
	p := &terminal.Provider{Store: a.db, Facts: a.terminals.Facts}
	if name := o.Terminals.TerminalAcquirer; name != "" {
		x, ok := a.payments.Providers[name]
		if !ok {
			return fmt.Errorf("--terminal-acquirer: %q is no provider that is set up", name)
		}
		p.Acquirer = x
	}
	a.payments.Providers[terminal.Name] = p
	a.tokens.Guests = append(a.tokens.Guests, a.terminals)
	a.guard = &checkout.Guard{Store: a.db, Prices: a.records, Transactions: a.transactions, Active: a.db, Now: o.Now, Log: o.Log}
	return nil
}

// receiptOf is the receipt of a transaction, which is made now where it was not yet.
func (a *app) receiptOf(ctx context.Context, public, transaction string) (id, address string, err error) {
	r, err := a.db.RecordOf(ctx, transaction)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		t, failed := a.db.Transaction(ctx, transaction)
		if failed != nil || t.State == charging.Active || t.FinishedAt.IsZero() {
			return "", "", failed
		}
		if err := a.records.Take(ctx, gnista.Event{Kind: "transaction.finished", Subject: transaction}); err != nil {
			return "", "", err
		}
		r, err = a.db.RecordOf(ctx, transaction)
	}
	if err != nil {
		return "", "", err
	}
	return r.ID, strings.TrimRight(public, "/") + api.Prefix + "/receipts/" + r.ID, nil
}
