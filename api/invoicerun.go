package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/billing"
)

type runView struct {
	ID        string            `json:"id,omitempty" doc:"Absent for a dry run"`
	Until     time.Time         `json:"until" doc:"The cut-off: charge records that were issued before it"`
	Account   string            `json:"account,omitempty" doc:"Only of this account"`
	Note      string            `json:"note,omitempty"`
	State     billing.RunState  `json:"state,omitempty" enum:"running,done"`
	Accounts  int               `json:"accounts" doc:"That it began with, counted for each currency"`
	Records   int               `json:"records" doc:"That it began with"`
	Expected  []gnista.Money    `json:"expected" nullable:"false" doc:"What they come to, by currency"`
	Done      runProgress       `json:"done"`
	Skipped   []billing.Skipped `json:"skipped,omitempty" doc:"The first 100 accounts that no invoice could be made for"`
	CreatedAt *time.Time        `json:"createdAt,omitempty"`
	EndedAt   *time.Time        `json:"endedAt,omitempty"`
}

type runProgress struct {
	Accounts    int            `json:"accounts" doc:"Also those for which no invoice was made"`
	Records     int            `json:"records"`
	Invoices    int            `json:"invoices"`
	CreditNotes int            `json:"creditNotes"`
	Skipped     int            `json:"skipped"`
	Amounts     []gnista.Money `json:"amounts" nullable:"false" doc:"By currency, credit notes taken off"`
}

func showRun(r billing.InvoiceRun) runView {
	list := func(m []gnista.Money) []gnista.Money { return append([]gnista.Money{}, m...) }
	return runView{
		r.ID, r.Until, r.Account, r.Note, r.State, r.Accounts, r.Records, list(r.Expected),
		runProgress{r.Done.Accounts, r.Done.Records, r.Done.Invoices, r.Done.CreditNotes, r.Done.Skipped, list(r.Done.Amounts)}, r.Skipped, moment(r.CreatedAt), moment(r.EndedAt),
	}
}

func (s *Server) invoiceRuns(api huma.API) {
	op := func(method, path, id, summary, description string) huma.Operation {
		return huma.Operation{Method: method, Path: "/invoice-runs" + path, OperationID: id, Summary: summary, Tags: []string{"Invoices"}, Description: description}
	}
	begin := op(http.MethodPost, "", "begin-invoice-run", "Make the invoices of all accounts that pay by invoice",
		"One for each account and currency, of all charge records and corrections that are on none. It goes on by itself, also after the server was stopped; ask how far it has come. The same again while it goes on is the same run.")
	begin.DefaultStatus = http.StatusCreated
	add(s, api, begin, func(ctx context.Context, in *struct {
		Body struct {
			Until   *time.Time `json:"until,omitempty" doc:"The cut-off: charge records that were issued before it. Absent is now"`
			Account string     `json:"account,omitempty" maxLength:"100" doc:"Only of this account"`
			Note    string     `json:"note,omitempty" maxLength:"200"`
			DryRun  bool       `json:"dryRun,omitempty" doc:"Tell only what it would come to"`
		}
	}) (*body[runView], error) {
		if err := kept("until", in.Body.Until); err != nil {
			return nil, err
		}
		r := billing.InvoiceRun{Account: in.Body.Account, Note: in.Body.Note}
		set(&r.Until, in.Body.Until)
		if in.Body.DryRun {
			r, err := s.Invoices.Plan(ctx, r)
			return answer(showRun(r), err)
		}
		r, err := s.Invoices.Begin(ctx, r, false)
		return answer(showRun(r), err)
	})
	add(s, api, op(http.MethodGet, "", "list-invoice-runs", "List invoice runs, the newest first", ""), func(ctx context.Context, in *struct {
		Paging
		State billing.RunState `query:"state" enum:"running,done" doc:"Only those in this state"`
	}) (*body[page[runView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		list, err := s.Invoices.Store.InvoiceRuns(ctx, in.State, before, in.Limit)
		return answer(turn(in.Paging, list, showRun, func(r billing.InvoiceRun) string { return r.ID }), err)
	})
	add(s, api, op(http.MethodGet, "/{id}", "get-invoice-run", "Tell how far an invoice run has come", ""), func(ctx context.Context, in *struct {
		ID string `path:"id"`
	}) (*body[runView], error) {
		r, err := s.Invoices.Store.InvoiceRun(ctx, in.ID)
		return answer(showRun(r), err)
	})
}
