package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/power"
	"gnista/station"
	"gnista/token"
)

// keptList registers a list of what is kept of a station.
func keptList[T any](s *Server, api huma.API, what, summary, description string, list func(ctx context.Context, id gnista.StationID, before string, limit int) ([]T, error), id func(T) string) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/" + what, OperationID: "list-" + what, Summary: summary, Description: description, Tags: []string{"Power"},
	}, func(ctx context.Context, in *struct {
		StationPath
		Paging
	}) (*body[page[T]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		items, err := list(ctx, in.Station, before, in.Limit)
		return answer(turn(in.Paging, items, func(v T) T { return v }, id), err)
	})
}

func (s *Server) power(api huma.API) {
	s.profiles(api)
	s.der(api)
	s.stationTariffs(api)
	p := s.Power
	keptList(s, api, "charging-needs", "List what cars told that they need, the newest first", "With what they were answered and sent (ISO 15118).",
		func(ctx context.Context, id gnista.StationID, before string, limit int) ([]power.Needs, error) {
			return power.List[power.Needs](ctx, p, id, before, limit)
		}, func(v power.Needs) string { return v.ID })
	keptList(s, api, "charging-schedules", "List what cars told that they will do, the newest first", "With whether that is within the limits that they were given (ISO 15118).",
		func(ctx context.Context, id gnista.StationID, before string, limit int) ([]power.CarSchedule, error) {
			return power.List[power.CarSchedule](ctx, p, id, before, limit)
		}, func(v power.CarSchedule) string { return v.ID })
	keptList(s, api, "charging-limits", "List the limits that others have set on a station", "The last of each source and EVSE, also when it was cleared (OCPP 2.x).",
		func(ctx context.Context, id gnista.StationID, before string, limit int) ([]power.Limit, error) {
			return power.List[power.Limit](ctx, p, id, before, limit)
		}, func(v power.Limit) string { return v.ID })
	keptList(s, api, "priority-charging", "List when transactions were given priority, the newest first", "",
		func(ctx context.Context, id gnista.StationID, before string, limit int) ([]power.PriorityNotice, error) {
			return power.List[power.PriorityNotice](ctx, p, id, before, limit)
		}, func(v power.PriorityNotice) string { return v.ID })
	keptList(s, api, "battery-swaps", "List the steps of changing batteries, the newest first", "",
		func(ctx context.Context, id gnista.StationID, before string, limit int) ([]power.Swap, error) {
			return power.List[power.Swap](ctx, p, id, before, limit)
		}, func(v power.Swap) string { return v.ID })
	type priorityOrder struct {
		Transaction string `json:"transaction" minLength:"1"`
		Active      *bool  `json:"active,omitempty" doc:"false takes it away; absent: true"`
	}
	command(s, api, "priority-charging", "Give a transaction priority, or take it away", "OCPP 2.1.",
		func(ctx context.Context, id gnista.StationID, in priorityOrder) (*body[AnswerView], error) {
			a, err := p.UsePriority(ctx, id, in.Transaction, in.Active == nil || *in.Active)
			return told(a, s.Network.Explain(ctx, id, err))
		})
	type transferOrder struct {
		Transaction string           `json:"transaction" minLength:"1"`
		Transfers   []power.Transfer `json:"transfers" minItems:"1" maxItems:"11" nullable:"false" enum:"ac-single-phase,ac-two-phase,ac-three-phase,dc,ac-bpt,ac-bpt-der,ac-der,dc-bpt,dc-acdp,dc-acdp-bpt,wpt"`
	}
	command(s, api, "energy-transfer", "Tell a station which ways of energy a transaction may use", "Those with bpt go both ways (OCPP 2.1).",
		func(ctx context.Context, id gnista.StationID, in transferOrder) (*body[AnswerView], error) {
			a, err := p.Allow(ctx, id, in.Transaction, in.Transfers)
			return told(a, s.Network.Explain(ctx, id, err))
		})
	type balanceSignal struct {
		Signal int        `json:"signal" minimum:"-2147483648" maximum:"2147483647"`
		At     *time.Time `json:"at,omitempty" doc:"Absent: now"`
	}
	command(s, api, "balance-signal", "Pass on a signal for the balance of the grid", "OCPP 2.1.",
		func(ctx context.Context, id gnista.StationID, in balanceSignal) (*body[AnswerView], error) {
			if err := kept("at", in.At); err != nil {
				return nil, err
			}
			o := power.Balance{At: s.Now(), Signal: in.Signal}
			set(&o.At, in.At)
			return told(station.Give(ctx, s.Network, id, o))
		})
	type transactionQuestion struct {
		Transaction string `json:"transaction,omitempty" doc:"Absent: whether it has messages of any"`
	}
	command(s, api, "transaction-status", "Ask a station whether a transaction goes on", "OCPP 2.x.",
		func(ctx context.Context, id gnista.StationID, given *transactionQuestion) (*body[power.TransactionStatus], error) {
			var in transactionQuestion
			set(&in, given)
			return answer(p.AskTransaction(ctx, id, in.Transaction))
		})
	type swapOrder struct {
		Token string     `json:"token" minLength:"1" maxLength:"255" doc:"UID of a token that may charge"`
		Type  token.Type `json:"type,omitempty" doc:"Type of the token, where one UID has several"`
	}
	command(s, api, "battery-swap", "Order a station to change batteries", "OCPP 2.1.",
		func(ctx context.Context, id gnista.StationID, in swapOrder) (*body[AnswerView], error) {
			a, err := p.RequestSwap(ctx, id, token.ID{UID: in.Token, Type: in.Type})
			return told(a, s.Network.Explain(ctx, id, err))
		})
	type webPayment struct {
		EVSE    int `json:"evse" minimum:"0"`
		Timeout int `json:"timeoutSeconds" minimum:"1" maximum:"86400" doc:"So long nobody else should use it"`
	}
	command(s, api, "web-payment", "Tell a station that somebody is paying for an EVSE on the web", "OCPP 2.1.",
		func(ctx context.Context, id gnista.StationID, in webPayment) (*body[AnswerView], error) {
			return told(station.Give(ctx, s.Network, id, power.WebPayment{EVSE: in.EVSE, Timeout: in.Timeout}))
		})
}
