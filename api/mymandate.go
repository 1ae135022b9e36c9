package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/payment"
)

// mandatesOf are the mandates of a driver's accounts that are not over, the newest first within each account.
func (s *Server) mandatesOf(ctx context.Context, d holder, over bool) (all []payment.Mandate, err error) {
	accounts, err := s.accountsOf(ctx, d)
	for _, a := range accounts {
		list, err := s.Payments.Mandates.Store.Mandates(ctx, payment.MandateFilter{Account: a.ID, Limit: 100})
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if over || m.State != payment.MandateRevoked {
				all = append(all, m)
			}
		}
	}
	return all, err
}

// mandateOf is a mandate of one of a driver's accounts. NotFound.
func (s *Server) mandateOf(ctx context.Context, d holder, id string) (payment.Mandate, error) {
	m, err := s.Payments.Mandates.Store.Mandate(ctx, id)
	if err == nil {
		_, err = s.accountOf(ctx, d, m.Account)
	}
	if err != nil {
		if gnista.CodeOf(err) == gnista.NotFound {
			err = gnista.Errorf(gnista.NotFound, "you have no such card to pay by")
		}
		return payment.Mandate{}, err
	}
	return s.Payments.Mandates.Read(ctx, m.Account, id)
}

func (s *Server) revokeMine(ctx context.Context, d holder, id string) (payment.Mandate, error) {
	m, err := s.mandateOf(ctx, d, id)
	if err != nil {
		return m, err
	}
	return s.Payments.Mandates.Revoke(ctx, m.Account, id)
}

// keeper is the provider that keeps cards on file; empty is none.
func (s *Server) keeper() string {
	for name, p := range s.Payments.Providers {
		if _, ok := p.(payment.Keeper); ok {
			return name
		}
	}
	return ""
}

func (s *Server) askMandate(ctx context.Context, d holder, accountID, language string) (payment.Mandate, payment.Action, error) {
	a, err := s.accountOf(ctx, d, accountID)
	if err != nil {
		return payment.Mandate{}, payment.Action{}, err
	}
	return s.Payments.Mandates.Ask(ctx, a.ID, s.keeper(), language)
}

func (s *Server) myMandates(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/my/mandates", OperationID: "my-mandates", Summary: "List the cards that one pays by", Tags: myTags},
		func(ctx context.Context, _ *struct{}) (*body[page[mandateView]], error) {
			list, err := s.mandatesOf(ctx, driverOf(ctx), false)
			out := page[mandateView]{Items: make([]mandateView, len(list))}
			for i, m := range list {
				out.Items[i] = showMandate(m)
			}
			return answer(out, err)
		})
	type myMandateAsk struct {
		Account  string `json:"account,omitempty" maxLength:"100" doc:"Id of the account that is to pay by it; absent: the first that is not blocked"`
		Language string `json:"language" enum:"sv,en" doc:"Of the text that one agrees to"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/my/mandates", OperationID: "my-mandate-ask", Summary: "Begin to give a card to pay by", Tags: myTags, DefaultStatus: http.StatusCreated,
		Description: "The card is given in the provider's own element. A postpaid account with an active one pays for each charge by it.",
	}, func(ctx context.Context, in *struct{ Body myMandateAsk }) (*body[mandateAsked], error) {
		m, a, err := s.askMandate(ctx, driverOf(ctx), in.Body.Account, in.Body.Language)
		return answer(mandateAsked{showMandate(m), actionView{a.Kind, a.Text, a.Key}}, err)
	})
	type Path struct {
		ID string `path:"id" maxLength:"100"`
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/my/mandates/{id}", OperationID: "my-mandate", Summary: "Show a card that one pays by", Tags: myTags},
		func(ctx context.Context, in *Path) (*body[mandateView], error) {
			m, err := s.mandateOf(ctx, driverOf(ctx), in.ID)
			return answer(showMandate(m), err)
		})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/my/mandates/{id}", OperationID: "my-mandate-revoke", Summary: "Pay by a card no more", Tags: myTags},
		func(ctx context.Context, in *Path) (*body[mandateView], error) {
			m, err := s.revokeMine(ctx, driverOf(ctx), in.ID)
			return answer(showMandate(m), err)
		})
}
