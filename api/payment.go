package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/payment"
	"gnista/payment/terminal"
)

type paymentView struct {
	ID          string        `json:"id"`
	Transaction string        `json:"transaction,omitempty" doc:"Id of what it pays for: a transaction, or a reservation that nobody came for"`
	Account     string        `json:"account,omitempty" doc:"Id of the account that pays; absent when nobody does"`
	Provider    string        `json:"provider,omitempty" doc:"wallet, invoice, or who takes cards and the like; absent when nobody can be billed"`
	Mandate     string        `json:"mandate,omitempty" doc:"Id of what it is taken under"`
	State       payment.State `json:"state" enum:"created,awaiting-customer,held,prepaid,mandated,bound,settling,settled,settled-short,released,declined,abandoned,hold-expired,review"`
	Reason      string        `json:"reason,omitempty" doc:"Why it is in review, or short"`
	Due         gnista.Money  `json:"due" doc:"What the charge records of the transaction come to"`
	Paid        gnista.Money  `json:"paid" doc:"Captured and not refunded; handed over to invoicing, where that is the provider"`
	Captured    gnista.Money  `json:"captured"`
	Refunded    gnista.Money  `json:"refunded"`
	Kept        *gnista.Money `json:"kept,omitempty" doc:"Of what was captured: more than is due, and too little for the provider to give back"`
	Missing     *gnista.Money `json:"missing,omitempty" doc:"What is due and was neither paid, given back nor written off"`
	GivenBack   *gnista.Money `json:"givenBack,omitempty" doc:"Of what is due, refunded by persons"`
	WrittenOff  *gnista.Money `json:"writtenOff,omitempty" doc:"Of what is due, given up"`
	PaidByOther *gnista.Money `json:"paidByOther,omitempty" doc:"Of what is due, paid by other payments"`
	RestOf      string        `json:"restOf,omitempty" doc:"Id of the payment whose rest this one pays"`
	Held        *gnista.Money `json:"held,omitempty" doc:"Set aside at the provider"`
	HeldUntil   *time.Time    `json:"heldUntil,omitempty"`
	Since       time.Time     `json:"since" doc:"When it came into its state"`
	Stuck       bool          `json:"stuck,omitempty" doc:"It is there for too long"`
	CreatedAt   time.Time     `json:"createdAt"`
	UpdatedAt   time.Time     `json:"updatedAt"`
}

func showPayment(p payment.Payment) paymentView {
	v := paymentView{
		ID: p.ID, Transaction: p.Transaction, Account: p.Account, Provider: p.Provider, Mandate: p.Mandate, State: p.State, Reason: p.Reason, Due: p.Money(p.Due), Paid: p.Money(p.Paid()),
		Captured: p.Money(p.Captured), Refunded: p.Money(p.Refunded), HeldUntil: moment(p.HeldUntil), Since: p.Since, Stuck: p.Stuck, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	some := func(amount int64) *gnista.Money {
		if amount <= 0 {
			return nil
		}
		m := p.Money(amount)
		return &m
	}
	v.Held, v.Kept, v.GivenBack, v.WrittenOff, v.PaidByOther, v.RestOf = some(p.Held), some(p.Kept), some(p.Given), some(p.WrittenOff), some(p.Covered), p.Rest
	if p.State == payment.SettledShort {
		v.Missing = some(p.Short())
	}
	return v
}

type paymentDetail struct {
	paymentView
	Card        *cardView        `json:"card,omitempty" doc:"That it was made with at a terminal"`
	Operations  []operationView  `json:"operations" nullable:"false"`
	Transitions []transitionView `json:"transitions" nullable:"false"`
	Refunds     []refundView     `json:"refunds,omitempty" doc:"That persons have wanted"`
	Disputes    []disputeView    `json:"disputes,omitempty"`
	Rests       []paymentView    `json:"rests,omitempty" doc:"Payments that pay the rest of this one"`
}

type operationView struct {
	ID        string          `json:"id" doc:"The key by which the provider knows it again"`
	Kind      payment.Kind    `json:"kind" enum:"begin,hold,increment,capture,cancel,refund"`
	Amount    gnista.Money    `json:"amount"`
	Done      gnista.Money    `json:"done" doc:"What it came to"`
	State     payment.OpState `json:"state" enum:"pending,sent,unknown,succeeded,declined"`
	Attempt   int             `json:"attempt"`
	Error     string          `json:"error,omitempty"`
	NextAt    *time.Time      `json:"nextAt,omitempty" doc:"When it is taken up or looked at again"`
	CreatedAt time.Time       `json:"createdAt"`
	SentAt    *time.Time      `json:"sentAt,omitempty"`
	UpdatedAt time.Time       `json:"updatedAt"`
}

type transitionView struct {
	At        time.Time         `json:"at"`
	From      payment.State     `json:"from"`
	To        payment.State     `json:"to"`
	CauseKind payment.CauseKind `json:"causeKind" enum:"charge-record,operation,top-up,hint,time,station,person,payment"`
	Cause     string            `json:"cause,omitempty"`
	Note      string            `json:"note,omitempty"`
}

func (s *Server) payments(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/payments", OperationID: "list-payments", Summary: "List payments, the newest first", Tags: []string{"Payments"},
		Description: "Each transaction that was charged has one. Those in review wait for somebody: with the reason \"nobody to bill\" no account pays for the transaction.",
	}, func(ctx context.Context, in *struct {
		Paging
		State       payment.State `query:"state" enum:"created,awaiting-customer,held,prepaid,mandated,bound,settling,settled,settled-short,released,declined,abandoned,hold-expired,review"`
		Account     string        `query:"account"`
		Transaction string        `query:"transaction" doc:"Id of a transaction, or of a reservation that nobody came for"`
	}) (*body[page[paymentView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		list, err := s.Payments.Store.Payments(ctx, payment.Filter{State: in.State, Account: in.Account, Transaction: in.Transaction, Before: before, Limit: in.Limit})
		return answer(turn(in.Paging, list, showPayment, func(p payment.Payment) string { return p.ID }), err)
	})
	type Path struct {
		ID string `path:"id"`
	}
	show := func(ctx context.Context, id string) (*body[paymentDetail], error) {
		p, err := s.Payments.Store.Payment(ctx, id)
		if err != nil {
			return nil, err
		}
		ops, err := s.Payments.Store.Operations(ctx, id)
		if err != nil {
			return nil, err
		}
		moves, err := s.Payments.Store.Transitions(ctx, id)
		if err != nil {
			return nil, err
		}
		v := paymentDetail{paymentView: showPayment(p), Operations: make([]operationView, len(ops)), Transitions: make([]transitionView, len(moves))}
		if p.Provider == terminal.Name {
			at, err := s.Terminals.Store.TerminalPlace(ctx, id)
			if err != nil {
				return nil, err
			}
			if at.Card != (terminal.Card{}) {
				v.Card = &cardView{at.Card.Brand, at.Card.Last4}
			}
		}
		for i, o := range ops {
			v.Operations[i] = operationView{o.ID, o.Kind, p.Money(o.Amount), p.Money(o.Done), o.State, o.Attempt, o.Error, moment(o.NextAt), o.CreatedAt, moment(o.SentAt), o.UpdatedAt}
		}
		for i, m := range moves {
			v.Transitions[i] = transitionView{m.At, m.From, m.To, m.Cause.Kind, m.Cause.ID, m.Note}
		}
		refunds, err := s.Payments.Store.Refunds(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, r := range refunds {
			v.Refunds = append(v.Refunds, showRefund(p, r))
		}
		disputes, err := s.Payments.Store.Disputes(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, d := range disputes {
			v.Disputes = append(v.Disputes, showDispute(d))
		}
		rests, err := s.Payments.Store.Rests(ctx, id)
		for _, r := range rests {
			v.Rests = append(v.Rests, showPayment(r))
		}
		return answer(v, err)
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/payments/{id}", OperationID: "get-payment", Summary: "Show a payment with its operations and its history", Tags: []string{"Payments"}},
		func(ctx context.Context, in *Path) (*body[paymentDetail], error) { return show(ctx, in.ID) })
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/payments/{id}/retry", OperationID: "retry-payment", Summary: "Look now at what is not known of a payment, or try again what is short", Tags: []string{"Payments"},
		Description: "What was sent and is not known is asked of the provider before anything is sent again.",
	}, func(ctx context.Context, in *Path) (*body[paymentDetail], error) {
		if _, err := s.Payments.Retry(ctx, in.ID); err != nil {
			return nil, err
		}
		return show(ctx, in.ID)
	})
}
