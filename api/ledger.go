package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/billing"
	"gnista/fault"
)

type ledgerEntryView struct {
	ID       string        `json:"id"`
	Number   int64         `json:"number" doc:"In the order of the ledger"`
	At       time.Time     `json:"at"`
	Currency string        `json:"currency"`
	Cause    causeView     `json:"cause" doc:"What it was made for; no cause has two entries"`
	Text     string        `json:"text"`
	Postings []postingView `json:"postings" nullable:"false" doc:"They add up to 0"`
}

type causeView struct {
	Kind billing.CauseKind `json:"kind"`
	ID   string            `json:"id"`
}

type postingView struct {
	Kind   billing.LedgerKind `json:"kind"`
	Party  string             `json:"party,omitempty" doc:"Whose account: the id of an account, the rate of VAT in percent, the provider"`
	Amount int64              `json:"amount" doc:"In minor units: above 0 is debit, below 0 is credit"`
}

func showEntry(l fault.Language, e billing.Entry) ledgerEntryView {
	v := ledgerEntryView{e.ID, e.Number, e.At, e.Currency, causeView{e.Cause.Kind, e.Cause.ID}, e.TextIn(string(l)), make([]postingView, len(e.Postings))}
	for i, p := range e.Postings {
		v.Postings[i] = postingView{p.Account.Kind, p.Account.Party, p.Amount}
	}
	return v
}

type ledgerBalanceView struct {
	Kind   billing.LedgerKind `json:"kind"`
	Party  string             `json:"party,omitempty"`
	Amount gnista.Money       `json:"amount" doc:"Above 0 is debit, below 0 is credit"`
}

func showLedgerBalance(b billing.Balance) ledgerBalanceView {
	return ledgerBalanceView{b.Account.Kind, b.Account.Party, gnista.Money{Amount: b.Amount, Currency: b.Currency}}
}

type trialView struct {
	At       *time.Time          `json:"at,omitempty"`
	Accounts []ledgerBalanceView `json:"accounts" nullable:"false"`
	Sums     []gnista.Money      `json:"sums" nullable:"false" doc:"Of each currency: 0"`
}

type numberView struct {
	Kind   billing.LedgerKind `json:"kind" enum:"receivable,deposit,clearing,bank,provider-fees,revenue-energy,revenue-time,revenue-fees,output-vat,bad-debt,rounding,goodwill,disputed,unexplained"`
	Party  string             `json:"party,omitempty" maxLength:"100" doc:"Of which account of the kind; empty is all that have no number of their own"`
	Number string             `json:"number" minLength:"1" maxLength:"10" doc:"In the chart of accounts" example:"1510"`
	Name   string             `json:"name" minLength:"1" maxLength:"100"`
}

type chartView struct {
	Accounts []numberView `json:"accounts" nullable:"false" maxItems:"1000"`
}

func showChart(c billing.Chart) chartView {
	v := chartView{make([]numberView, len(c))}
	for i, n := range c {
		v.Accounts[i] = numberView{n.Account.Kind, n.Account.Party, n.Number, n.Name}
	}
	return v
}

// Span is a stretch of time in a query.
type Span struct {
	Since time.Time `query:"since" doc:"From then on"`
	Until time.Time `query:"until" doc:"Before then"`
}

func (s *Server) ledger(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/ledger/entries", OperationID: "list-ledger-entries", Summary: "List entries of the ledger, the newest first", Tags: []string{"Ledger"}},
		func(ctx context.Context, in *struct {
			Paging
			Kind    billing.LedgerKind `query:"kind" doc:"With a posting on an account of this kind"`
			Party   string             `query:"party" doc:"With a posting on an account of this party"`
			Cause   billing.CauseKind  `query:"cause" doc:"Kind of the cause"`
			CauseID string             `query:"causeId"`
			Span
			InLanguage
		}) (*body[page[ledgerEntryView]], error) {
			before, err := in.below()
			if err != nil {
				return nil, err
			}
			f := billing.EntryFilter{Kind: in.Kind, Cause: in.Cause, CauseID: in.CauseID, Since: in.Since, Until: in.Until, Before: before, Limit: in.Limit}
			if in.Party != "" {
				f.Party = &in.Party
			}
			list, err := s.Ledger.Store.Entries(ctx, f)
			return answer(turn(in.Paging, list, func(e billing.Entry) ledgerEntryView { return showEntry(in.tag(), e) }, func(e billing.Entry) string { return strconv.FormatInt(e.Number, 10) }), err)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/ledger/balances", OperationID: "list-ledger-balances", Summary: "List what the accounts of the ledger come to", Tags: []string{"Ledger"}},
		func(ctx context.Context, in *struct {
			Paging
			Kind billing.LedgerKind `query:"kind"`
		}) (*body[page[ledgerBalanceView]], error) {
			position, err := in.after()
			if err != nil {
				return nil, err
			}
			var after *billing.Balance
			if position != "" {
				kind, rest, _ := strings.Cut(position, "\n")
				party, currency, ok := strings.Cut(rest, "\n")
				if !ok {
					return nil, in.wrong()
				}
				after = &billing.Balance{Account: billing.LedgerAccount{Kind: billing.LedgerKind(kind), Party: party}, Currency: currency}
			}
			list, err := s.Ledger.Store.Balances(ctx, in.Kind, after, in.Limit)
			return answer(turn(in.Paging, list, showLedgerBalance, func(b billing.Balance) string {
				return string(b.Account.Kind) + "\n" + b.Account.Party + "\n" + b.Currency
			}), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/ledger/trial-balance", OperationID: "get-trial-balance", Summary: "Show what all accounts come to, and that it is 0", Tags: []string{"Ledger"},
		Description: "Accounts of customers are added up; VAT is by rate and clearing by provider.",
	}, func(ctx context.Context, in *struct {
		At time.Time `query:"at" doc:"Of all entries before then; absent is now"`
	}) (*body[trialView], error) {
		list, err := s.Ledger.Store.TrialBalance(ctx, in.At)
		if err != nil {
			return nil, err
		}
		v := trialView{At: moment(in.At), Accounts: make([]ledgerBalanceView, len(list)), Sums: []gnista.Money{}}
		for i, b := range list { // in the order of currencies
			v.Accounts[i] = showLedgerBalance(b)
			if n := len(v.Sums); n == 0 || v.Sums[n-1].Currency != b.Currency {
				v.Sums = append(v.Sums, gnista.Money{Currency: b.Currency})
			}
			v.Sums[len(v.Sums)-1].Amount += b.Amount
		}
		return answer(v, nil)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/ledger/accounts", OperationID: "get-chart", Summary: "Show the numbers of accounts in exports", Tags: []string{"Ledger"}},
		func(ctx context.Context, _ *struct{}) (*body[chartView], error) {
			c, err := s.Ledger.Chart(ctx)
			return answer(showChart(c), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPut, Path: "/ledger/accounts", OperationID: "set-chart", Summary: "Set the numbers of accounts in exports", Tags: []string{"Ledger"},
		Description: "Those that are given stand in place of the usual ones of the BAS chart; what was given before is forgotten.",
	}, func(ctx context.Context, in *struct{ Body chartView }) (*body[chartView], error) {
		list := make([]billing.LedgerNumber, len(in.Body.Accounts))
		for i, n := range in.Body.Accounts {
			list[i] = billing.LedgerNumber{Account: billing.LedgerAccount{Kind: n.Kind, Party: n.Party}, Number: n.Number, Name: n.Name}
		}
		c, err := s.Ledger.SetChart(ctx, list)
		return answer(showChart(c), err)
	})
	s.sie(api)
	s.transfersOfMoney(api)
}

func (s *Server) sie(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/ledger/sie", OperationID: "export-sie", Summary: "Export entries for bookkeeping, as a file of type SIE 4I", Tags: []string{"Ledger"},
		Description: "In code page 437, with the numbers of /ledger/accounts. Days go by the time zone of the server.",
		Responses:   map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/octet-stream": {}}}},
	}, func(ctx context.Context, in *struct {
		Span
		Currency string `query:"currency" doc:"SEK or EUR; absent is that of the entries, if they have one"`
		Daily    bool   `query:"daily" doc:"One voucher for each day and kind of cause, not one for each entry"`
	}) (*huma.StreamResponse, error) {
		var file bytes.Buffer
		x := billing.Export{
			Since: in.Since, Until: in.Until, Currency: in.Currency, Daily: in.Daily, Zone: s.Zone, Company: s.Invoices.Seller.Name, Number: s.Invoices.Seller.Number, Program: "Gnista", Version: s.Version,
		}
		if err := s.Ledger.SIE(ctx, &file, x); err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			c.SetHeader("Content-Type", "application/octet-stream")
			c.SetHeader("Content-Disposition", fmt.Sprintf(`attachment; filename="gnista-%s.si"`, s.Now().In(s.Zone).Format("20060102-150405")))
			c.BodyWriter().Write(file.Bytes())
		}}, nil
	})
}

type transferInput struct {
	Amount         gnista.Money `json:"amount"`
	Reference      string       `json:"reference" minLength:"1" maxLength:"100" doc:"Of the bank's statement"`
	IdempotencyKey string       `json:"idempotencyKey" minLength:"1" maxLength:"100" doc:"Another one for each transfer; the same again is the same transfer and changes nothing"`
}

func (s *Server) transfersOfMoney(api huma.API) {
	type input struct {
		ID string `path:"id"`
		InLanguage
		Body transferInput
	}
	transfer := func(in *input) billing.Transfer {
		return billing.Transfer{Account: in.ID, Amount: in.Body.Amount, Reference: in.Body.Reference, Key: in.Body.IdempotencyKey}
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/accounts/{id}/top-ups", OperationID: "top-up-account", Summary: "Take in a payment onto a prepaid account, through the bank", Tags: []string{"Accounts"},
		Description: "What the account owes is settled from it.",
	}, func(ctx context.Context, in *input) (*body[ledgerEntryView], error) {
		e, _, err := s.Ledger.TopUp(ctx, transfer(in))
		return answer(showEntry(in.tag(), e), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/accounts/{id}/payouts", OperationID: "pay-out-account", Summary: "Take in that a balance was paid back to its owner, through the bank", Tags: []string{"Accounts"},
		Description: "No more than what is left of the balance: what is owed or set aside stays.",
	}, func(ctx context.Context, in *input) (*body[ledgerEntryView], error) {
		e, _, err := s.Ledger.Payout(ctx, transfer(in))
		return answer(showEntry(in.tag(), e), err)
	})
}
