package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista/payment"
)

type mandateView struct {
	ID        string               `json:"id"`
	Account   string               `json:"account" doc:"Id of the account"`
	Provider  string               `json:"provider" enum:"stripe"`
	State     payment.MandateState `json:"state" enum:"awaiting,active,revoked" doc:"awaiting: its driver has to give the card"`
	Label     string               `json:"label,omitempty" doc:"What its driver knows the card by" example:"Visa ···· 4242"`
	Text      string               `json:"text" doc:"That its driver agrees to, and that has to be shown where the card is given"`
	Version   string               `json:"version" doc:"Of the text"`
	Language  string               `json:"language" enum:"sv,en" doc:"Of the text"`
	Reason    string               `json:"reason,omitempty" doc:"Why it ended"`
	Forgotten bool                 `json:"forgotten,omitempty" doc:"The provider no longer has the card"`
	CreatedAt time.Time            `json:"createdAt"`
	GivenAt   *time.Time           `json:"givenAt,omitempty"`
	EndedAt   *time.Time           `json:"endedAt,omitempty"`
}

func showMandate(m payment.Mandate) mandateView {
	return mandateView{
		m.ID, m.Account, m.Provider, m.State, m.Label, m.Text, m.Version, m.Language, m.Reason, m.Forgotten && m.State == payment.MandateRevoked, m.CreatedAt, moment(m.GivenAt), moment(m.EndedAt),
	}
}

type mandateAsked struct {
	mandateView
	Action actionView `json:"action" doc:"What the driver has to do. Told once, and to nobody but the driver"`
}

type actionView struct {
	Kind   payment.ActionKind `json:"kind" enum:"redirect,app,element,wait" doc:"element: the provider's own element in a page is given the secret"`
	Secret string             `json:"secret"`
	Key    string             `json:"key,omitempty" doc:"Public key that goes with it"`
}

type mandateStart struct {
	Provider string `json:"provider,omitempty" enum:"stripe" default:"stripe"`
	Language string `json:"language" enum:"sv,en" doc:"Of the text that the driver is shown"`
}

func (s *Server) mandates(api huma.API) {
	tags := []string{"Accounts"}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/accounts/{id}/mandates", OperationID: "create-mandate", Summary: "Ask the driver of an account for a card", Tags: tags, DefaultStatus: http.StatusCreated,
		Description: "A postpaid account with an active mandate pays for each charge by its card, and is not sent invoices for these. The card is given in the provider's own element, and its data " +
			"never come to us. What the former card did not pay is tried anew with the one that is given. After a day that is not given in ends.",
	}, func(ctx context.Context, in *struct {
		PayerPath
		Body mandateStart
	}) (*body[mandateAsked], error) {
		m, a, err := s.Payments.Mandates.Ask(ctx, in.ID, in.Body.Provider, in.Body.Language)
		return answer(mandateAsked{showMandate(m), actionView{a.Kind, a.Text, a.Key}}, err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/accounts/{id}/mandates", OperationID: "list-mandates", Summary: "List the cards that an account pays by, the newest first", Tags: tags,
	}, func(ctx context.Context, in *struct {
		PayerPath
		Paging
	}) (*body[page[mandateView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		if _, err := s.Accounts.Accounts.Account(ctx, in.ID); err != nil {
			return nil, err
		}
		list, err := s.Payments.Mandates.Store.Mandates(ctx, payment.MandateFilter{Account: in.ID, Before: before, Limit: in.Limit})
		return answer(turn(in.Paging, list, showMandate, func(m payment.Mandate) string { return m.ID }), err)
	})
	type Path struct {
		PayerPath
		Mandate string `path:"mandate"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/accounts/{id}/mandates/{mandate}", OperationID: "get-mandate", Summary: "Show a card that an account pays by", Tags: tags,
		Description: "One that waits for its driver is read from the provider, so that it is active as soon as the card was given.",
	}, func(ctx context.Context, in *Path) (*body[mandateView], error) {
		m, err := s.Payments.Mandates.Read(ctx, in.ID, in.Mandate)
		return answer(showMandate(m), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/accounts/{id}/mandates/{mandate}", OperationID: "revoke-mandate", Summary: "Charge a card no more, and have the provider forget it", Tags: tags,
		Description: "What is not paid yet is then owed; what comes after is invoiced.",
	}, func(ctx context.Context, in *Path) (*body[mandateView], error) {
		m, err := s.Payments.Mandates.Revoke(ctx, in.ID, in.Mandate)
		return answer(showMandate(m), err)
	})
}
