package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/billing"
	"gnista/payment"
)

type reconciliationView struct {
	ID        string                      `json:"id"`
	Provider  string                      `json:"provider,omitempty" doc:"Absent is all"`
	Since     time.Time                   `json:"since"`
	Until     time.Time                   `json:"until"`
	Nightly   bool                        `json:"nightly,omitempty" doc:"It was begun by itself"`
	State     payment.ReconciliationState `json:"state" enum:"running,done,failed"`
	Step      int                         `json:"step" doc:"Steps that are done"`
	Steps     int                         `json:"steps"`
	Error     string                      `json:"error,omitempty" doc:"Why the step that is being done has failed; it is tried again some times"`
	Compared  comparedView                `json:"compared"`
	CreatedAt time.Time                   `json:"createdAt"`
	EndedAt   *time.Time                  `json:"endedAt,omitempty"`
}

type comparedView struct {
	Theirs      int `json:"theirs" doc:"Payments that providers list"`
	Ours        int `json:"ours" doc:"Payments that we have"`
	Movements   int `json:"movements" doc:"Movements on our accounts with providers that were new"`
	Payouts     int `json:"payouts" doc:"Of these, to our bank"`
	Differences int `json:"differences" doc:"That were found, those included that were known"`
	Closed      int `json:"closed" doc:"Differences that are no more"`
}

func showReconciliation(r payment.Reconciliation) reconciliationView {
	c := r.Counts
	return reconciliationView{r.ID, r.Provider, r.Since, r.Until, r.Nightly, r.State, r.Step, r.Steps, r.Error, comparedView{c.Theirs, c.Ours, c.Movements, c.Payouts, c.Found, c.Closed}, r.CreatedAt, moment(r.EndedAt)}
}

type disagreementView struct {
	ID          string                 `json:"id"`
	Kind        payment.DifferenceKind `json:"kind" enum:"unknown-payment,missing-payment,amount,currency,unknown-movement,adjustment,not-in-settlements,payout,unbilled-transaction,unpaid-record,unsettled-payment"`
	Provider    string                 `json:"provider,omitempty"`
	Ref         string                 `json:"ref" doc:"What it is of: the provider's name of a payment, movement or payout, or our id"`
	Payment     string                 `json:"payment,omitempty" doc:"Ours"`
	Transaction string                 `json:"transaction,omitempty" doc:"Ours"`
	Ours        int64                  `json:"ours" doc:"In minor units"`
	Theirs      int64                  `json:"theirs"`
	Currency    string                 `json:"currency,omitempty"`
	Note        string                 `json:"note,omitempty"`
	At          time.Time              `json:"at" doc:"When what it is of was"`
	FirstSeen   time.Time              `json:"firstSeen"`
	LastSeen    time.Time              `json:"lastSeen"`
	State       string                 `json:"state" enum:"open,resolved"`
	Action      payment.Resolving      `json:"action,omitempty" enum:"note,fetch,write-off" doc:"What has resolved it; absent where it was no more"`
	Resolution  string                 `json:"resolution,omitempty"`
	ResolvedBy  string                 `json:"resolvedBy,omitempty"`
	ResolvedAt  *time.Time             `json:"resolvedAt,omitempty"`
}

func showDifference(d payment.Difference) disagreementView {
	state := "resolved"
	if d.Open {
		state = "open"
	}
	return disagreementView{
		d.ID, d.Kind, d.Provider, d.Ref, d.Payment, d.Transaction, d.Ours, d.Theirs, d.Currency, d.Note, d.At, d.FirstSeen, d.LastSeen, state, d.Action, d.Resolution, d.By, moment(d.ResolvedAt),
	}
}

// reconciliation is what is compared with providers, and what came of it.
func (s *Server) reconciliation(api huma.API) {
	op := func(method, path, id, summary, description string) huma.Operation {
		return huma.Operation{Method: method, Path: path, OperationID: id, Summary: summary, Tags: []string{"Reconciliation"}, Description: description}
	}
	begin := op(http.MethodPost, "/reconciliations", "begin-reconciliation", "Compare what providers have with what we have",
		"Payments both ways, movements and payouts, and transactions with their records and payments. It goes on by itself, also after the server was stopped. While one of the same provider goes on, that is the answer.")
	begin.DefaultStatus = http.StatusCreated
	add(s, api, begin, func(ctx context.Context, in *struct {
		Body struct {
			Provider string     `json:"provider,omitempty" maxLength:"50" doc:"Absent is all that tell what they have"`
			Since    *time.Time `json:"since,omitempty" doc:"Absent is three days before until"`
			Until    *time.Time `json:"until,omitempty" doc:"Absent is now"`
		}
	}) (*body[reconciliationView], error) {
		var since, until time.Time
		for name, x := range map[string]*time.Time{"since": in.Body.Since, "until": in.Body.Until} {
			if err := kept(name, x); err != nil {
				return nil, err
			}
		}
		set(&since, in.Body.Since)
		set(&until, in.Body.Until)
		r, err := s.Reconciler.Begin(ctx, in.Body.Provider, since, until)
		return answer(showReconciliation(r), err)
	})
	add(s, api, op(http.MethodGet, "/reconciliations", "list-reconciliations", "List reconciliations, the newest first", ""), func(ctx context.Context, in *struct {
		Paging
		State payment.ReconciliationState `query:"state" enum:"running,done,failed"`
	}) (*body[page[reconciliationView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		list, err := s.Reconciler.Store.Reconciliations(ctx, in.State, before, in.Limit)
		return answer(turn(in.Paging, list, showReconciliation, func(r payment.Reconciliation) string { return r.ID }), err)
	})
	type Path struct {
		ID string `path:"id"`
	}
	add(s, api, op(http.MethodGet, "/reconciliations/{id}", "get-reconciliation", "Tell how far a reconciliation is", ""), func(ctx context.Context, in *Path) (*body[reconciliationView], error) {
		r, err := s.Reconciler.Store.Reconciliation(ctx, in.ID)
		return answer(showReconciliation(r), err)
	})
	add(s, api, op(http.MethodGet, "/differences", "list-differences", "List differences, the newest first",
		"One that is found again is the same row, and one that is no more closes itself. One that somebody has resolved stays so until its amounts change."), func(ctx context.Context, in *struct {
		Paging
		State    string                 `query:"state" enum:"open,resolved"`
		Kind     payment.DifferenceKind `query:"kind" enum:"unknown-payment,missing-payment,amount,currency,unknown-movement,adjustment,not-in-settlements,payout,unbilled-transaction,unpaid-record,unsettled-payment"`
		Provider string                 `query:"provider"`
	}) (*body[page[disagreementView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		list, err := s.Reconciler.Store.Differences(ctx, payment.DifferenceFilter{State: in.State, Kind: in.Kind, Provider: in.Provider, Before: before, Limit: in.Limit})
		return answer(turn(in.Paging, list, showDifference, func(d payment.Difference) string { return d.ID }), err)
	})
	add(s, api, op(http.MethodGet, "/differences/{id}", "get-difference", "Show a difference", ""), func(ctx context.Context, in *Path) (*body[disagreementView], error) {
		d, err := s.Reconciler.Store.Difference(ctx, in.ID)
		return answer(showDifference(d), err)
	})
	add(s, api, op(http.MethodPost, "/differences/{id}/resolve", "resolve-difference", "Say what was done about a difference",
		"note: it was seen to elsewhere. fetch: the payment is read at the provider and taken in; refused when it differs still. write-off: what was moved for nothing that is known becomes a cost, or lessens it."),
		func(ctx context.Context, in *struct {
			Path
			Body struct {
				Action payment.Resolving `json:"action" enum:"note,fetch,write-off"`
				Note   string            `json:"note" minLength:"1" maxLength:"500" doc:"What was done, and why"`
			}
		}) (*body[disagreementView], error) {
			d, err := s.Reconciler.Resolve(ctx, in.ID, in.Body.Action, in.Body.Note, billing.Admin)
			return answer(showDifference(d), err)
		})
	s.payouts(api)
	s.standings(api)
}

func (s *Server) payouts(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/providers/{provider}/payouts", OperationID: "take-provider-payout", Summary: "Take in a payout of a provider that tells of none by itself", Tags: []string{"Reconciliation"},
		Description: "As it stands on the statement of the bank: the ledger has bank and fees against clearing. The same reference again changes nothing. One that tells of its payouts is refused: those come by themselves.",
	}, func(ctx context.Context, in *struct {
		Provider string `path:"provider" maxLength:"50"`
		Body     struct {
			Amount    gnista.Money `json:"amount" doc:"That came to the bank"`
			Fee       int64        `json:"fee,omitempty" minimum:"0" doc:"That the provider kept before, in minor units"`
			Reference string       `json:"reference" minLength:"1" maxLength:"100" doc:"Of the bank's statement; another one for each payout"`
			At        *time.Time   `json:"at,omitempty" doc:"Absent is now"`
		}
	}) (*body[struct {
		New bool `json:"new" doc:"False: it was known"`
	}], error) {
		if err := kept("at", in.Body.At); err != nil {
			return nil, err
		}
		o := payment.PaidOut{Provider: in.Provider, Amount: in.Body.Amount, Fee: in.Body.Fee, Key: in.Body.Reference}
		set(&o.At, in.Body.At)
		fresh, err := s.Reconciler.TakePayout(ctx, o)
		return answer(struct {
			New bool `json:"new" doc:"False: it was known"`
		}{fresh}, err)
	})
}

type heapView struct {
	Count  int   `json:"count"`
	Amount int64 `json:"amount" doc:"In minor units"`
}

type standingView struct {
	Provider      string     `json:"provider,omitempty" doc:"Absent where nobody can be billed"`
	Currency      string     `json:"currency"`
	Holds         heapView   `json:"holds" doc:"Amounts that are set aside"`
	FirstExpiry   *time.Time `json:"firstExpiry,omitempty" doc:"When the first of the holds ends"`
	Awaiting      heapView   `json:"awaiting" doc:"Customers that are asked"`
	Captures      heapView   `json:"captures" doc:"On their way"`
	Refunds       heapView   `json:"refunds" doc:"On their way"`
	Others        heapView   `json:"others" doc:"Other operations on their way"`
	Unknown       heapView   `json:"unknown" doc:"Of all operations, those of which nothing is known"`
	OldestUnknown *time.Time `json:"oldestUnknown,omitempty"`
	Receivables   heapView   `json:"receivables" doc:"Payments of which something is missing"`
	Review        heapView   `json:"review" doc:"Payments that somebody has to look at"`
	Disputes      heapView   `json:"disputes" doc:"That are open"`
}

type standingsView struct {
	Providers    []standingView `json:"providers" nullable:"false" doc:"By provider and currency; only those with something"`
	Differences  int            `json:"differences" doc:"That are open"`
	Hints        int            `json:"hints" doc:"What providers have told and was not followed yet"`
	OldestHint   *time.Time     `json:"oldestHint,omitempty"`
	ReconciledAt *time.Time     `json:"reconciledAt,omitempty" doc:"When all was last compared; absent is never"`
	ReconciledTo *time.Time     `json:"reconciledTo,omitempty" doc:"Until when that was of"`
	At           time.Time      `json:"at"`
}

func (s *Server) showStandings(x payment.Standings) standingsView {
	v := standingsView{make([]standingView, len(x.List)), x.Differences, x.Hints, moment(x.OldestHint), moment(x.ReconciledAt), moment(x.ReconciledTo), s.Now()}
	heap := func(h payment.Heap) heapView { return heapView{h.Count, h.Amount} }
	for i, p := range x.List {
		v.Providers[i] = standingView{
			p.Provider, p.Currency, heap(p.Held), moment(p.HeldUntil), heap(p.Awaiting), heap(p.Captures), heap(p.Refunds), heap(p.Others), heap(p.Unknown), moment(p.OldestUnknown),
			heap(p.Receivables), heap(p.Review), heap(p.Disputes),
		}
	}
	return v
}

func (s *Server) standings(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/payments/overview", OperationID: "get-payments-overview", Summary: "Show how payments stand, by provider and currency", Tags: []string{"Payments"},
		Description: "Holds and when they end, what is on its way or not known, what is missing, in review or disputed; and how old the last reconciliation is.",
	}, func(ctx context.Context, _ *struct{}) (*body[standingsView], error) {
		x, err := s.Reconciler.Store.Standings(ctx)
		return answer(s.showStandings(x), err)
	})
}
