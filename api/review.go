package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/billing"
	"gnista/charging"
)

type reviewView struct {
	Transaction transactionView   `json:"transaction"`
	Reasons     []charging.Reason `json:"reasons" nullable:"false"`
	Evidence    evidenceView      `json:"evidence" doc:"What is known of the energy"`
	Proposal    proposalView      `json:"proposal" doc:"What might be billed, on the safe side for the customer"`
}

type evidenceView struct {
	Begin       *meterView `json:"begin,omitempty" doc:"That the station declared for the start"`
	End         *meterView `json:"end,omitempty" doc:"That it declared for the end"`
	First       *meterView `json:"first,omitempty" doc:"Of the readings between"`
	Last        *meterView `json:"last,omitempty" doc:"Of the readings between"`
	DeclaredWh  *int64     `json:"declaredWh,omitempty" doc:"From begin to end"`
	SampledWh   *int64     `json:"sampledWh,omitempty" doc:"From the first reading to the last"`
	CountedWh   int64      `json:"countedWh" doc:"What the readings rose by in all"`
	PossibleWh  int64      `json:"possibleWh" doc:"The most that can have flowed in the time"`
	MaxPowerW   int64      `json:"maxPowerW,omitempty" doc:"Of the EVSE, as far as the station has reported it"`
	Seconds     int64      `json:"seconds" doc:"That it lasted"`
	LateSeconds int64      `json:"lateSeconds" doc:"After the end, by the station's clock, that it last told of it, by ours"`
}

type meterView struct {
	At  time.Time `json:"at"`
	MWh int64     `json:"milliWh" doc:"That the register showed"`
}

func showMeter(r *charging.Reading) *meterView {
	if r == nil {
		return nil
	}
	return &meterView{r.At, r.MWh}
}

type proposalView struct {
	EnergyWh int64           `json:"energyWh"`
	Basis    charging.Basis  `json:"basis" enum:"declared,last-reading,first-reading,sampled,counted,nothing" doc:"What it goes by"`
	Reason   charging.Reason `json:"reason,omitempty" doc:"That brought it there"`
}

func showWaiting(t transactionView, w charging.Waiting) reviewView {
	e := w.Evidence
	return reviewView{
		t, w.Reasons,
		evidenceView{
			showMeter(e.Begin), showMeter(e.End), showMeter(e.First), showMeter(e.Last), e.DeclaredWh, e.SampledWh, e.CountedWh, e.PossibleWh, e.MaxPowerW, e.Seconds, e.LateSeconds,
		},
		proposalView{w.Proposal.EnergyWh, w.Proposal.Basis, w.Proposal.Reason},
	}
}

type decisionView struct {
	ID          string               `json:"id"`
	At          time.Time            `json:"at"`
	Kind        billing.DecisionKind `json:"kind" enum:"transaction,charge-record"`
	Transaction string               `json:"transaction"`
	Record      string               `json:"record,omitempty" doc:"Id of the charge record that was corrected"`
	By          string               `json:"by"`
	Reason      string               `json:"reason"`
	EnergyWh    int64                `json:"energyWh" doc:"To be billed"`
	Detail      json.RawMessage      `json:"detail" doc:"What was known, and what was proposed"`
}

func showDecision(d billing.Decision) decisionView {
	return decisionView{d.ID, d.At, d.Kind, d.Transaction, d.Record, d.By, d.Reason, d.EnergyWh, d.Detail}
}

func (s *Server) review(api huma.API) {
	show := func(ctx context.Context, t charging.Transaction) (reviewView, error) {
		w, err := s.Transactions.Waiting(ctx, t)
		if err != nil {
			return reviewView{}, err
		}
		v, err := s.showTransaction(ctx, t)
		return showWaiting(v, w), err
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/review", OperationID: "list-review", Summary: "List transactions that wait for a decision, the newest first", Tags: []string{"Transactions"},
		Description: "Each with the reasons, what is known of its energy, and what might be billed. Decide with POST /transactions/{id}/decision.",
	}, func(ctx context.Context, in *struct {
		Paging
		Station gnista.StationID `query:"station"`
	}) (*body[page[reviewView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		list, err := s.Transactions.Store.Transactions(ctx, charging.Filter{Station: in.Station, Review: true, Before: before, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		views := make([]reviewView, len(list))
		for i, t := range list {
			if views[i], err = show(ctx, t); err != nil {
				return nil, err
			}
		}
		return answer(turn(in.Paging, views, same, func(v reviewView) string { return v.Transaction.ID }), nil)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/review/{id}", OperationID: "get-review", Summary: "Show what is known of the energy of a transaction, and what might be billed", Tags: []string{"Transactions"},
		Description: "Of any transaction, whether or not it waits. What the meter said is in /transactions/{id}/samples.",
	}, func(ctx context.Context, in *TransactionPath) (*body[reviewView], error) {
		t, err := s.Transactions.Store.Transaction(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return answer(show(ctx, t))
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/decisions", OperationID: "list-decisions", Summary: "List what persons have decided, the newest first", Tags: []string{"Billing"},
		Description: "About transactions that waited for review, and about charge records that were corrected: who, why, and by what evidence.",
	}, func(ctx context.Context, in *struct {
		Paging
		Transaction string `query:"transaction"`
	}) (*body[page[decisionView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		list, err := s.Records.Store.Decisions(ctx, billing.DecisionFilter{Transaction: in.Transaction, Before: before, Limit: in.Limit})
		return answer(turn(in.Paging, list, showDecision, func(d billing.Decision) string { return d.ID }), err)
	})
}
