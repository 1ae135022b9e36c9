package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/charging"
	"gnista/tariff"
)

// priced tells whether the currency of a limit is one.
func priced(l charging.Limits) error {
	if l.Cost == nil {
		return nil
	}
	if _, err := tariff.Digits(l.Cost.Currency); err != nil {
		return gnista.Invalidf("limits.cost.currency", "%q is no currency", l.Cost.Currency)
	}
	return nil
}

func (s *Server) limits(api huma.API) {
	type limiting struct {
		Transaction string          `json:"transaction" minLength:"1"`
		Limits      charging.Limits `json:"limits"`
	}
	command(s, api, "limits", "Limit a transaction that goes on", "The station is told in the answer to what it next tells of the transaction. What is left out stays as it is; a limit that was set cannot be taken away, only raised (OCPP 2.1).",
		func(ctx context.Context, id gnista.StationID, in limiting) (*body[transactionView], error) {
			if err := priced(in.Limits); err != nil {
				return nil, err
			}
			t, err := s.Transactions.Limit(ctx, id, in.Transaction, in.Limits)
			if err != nil {
				return nil, s.Network.Explain(ctx, id, err)
			}
			return answer(s.showTransaction(ctx, t))
		})
}
