package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/access"
	"gnista/billing"
	"gnista/charging"
)

type transactionView struct {
	ID          string            `json:"id"`
	Station     gnista.StationID  `json:"station"`
	Version     gnista.Version    `json:"version"`
	Ref         string            `json:"ref" doc:"Its name in OCPP"`
	EVSE        int               `json:"evse"`
	Connector   int               `json:"connector"`
	Token       string            `json:"token,omitempty" doc:"UID of the token that pays"`
	Authorised  bool              `json:"authorised" doc:"Whether that token was accepted"`
	State       charging.State    `json:"state" enum:"active,ended"`
	Activity    charging.Activity `json:"activity,omitempty"`
	StartedAt   time.Time         `json:"startedAt"`
	EndedAt     *time.Time        `json:"endedAt,omitempty"`
	EnergyWh    int64             `json:"energyWh"`
	PowerW      int64             `json:"powerW,omitempty"`
	SoC         *int              `json:"soc,omitempty" doc:"State of charge in percent"`
	StopReason  string            `json:"stopReason,omitempty" doc:"As the station sent it"`
	Review      []charging.Reason `json:"review" nullable:"false" doc:"Why a person should look at it"`
	Blocked     bool              `json:"blocked,omitempty" doc:"It is not billed before somebody decides"`
	Note        string            `json:"note,omitempty"`
	Tariff      string            `json:"tariff,omitempty" doc:"Id of the version in force at the start"`
	Reservation string            `json:"reservation,omitempty" doc:"Id of the reservation that it used"`
	Cost        *gnista.Money     `json:"cost,omitempty" doc:"So far, or in all; VAT included"`
	Limits      *charging.Limits  `json:"limits,omitempty" doc:"That were set"`
	OwnLimits   *charging.Limits  `json:"stationLimits,omitempty" doc:"That the station says it keeps to"`
	ThinnedAt   *time.Time        `json:"thinnedAt,omitempty" doc:"When what the meter said was thinned out, so that there is no curve any more; its records do not depend on what is gone"`
	Phases      []phaseView       `json:"phases,omitempty" doc:"What the car did, one after the other; only where one transaction is shown"`
	Reckoned    *reckoningView    `json:"stationCost,omitempty" doc:"What the station reckons that it costs (OCPP 2.1)"`
}

type phaseView struct {
	At       time.Time         `json:"at" doc:"When it began"`
	Activity charging.Activity `json:"activity" enum:"connected,charging,suspended-ev,suspended-evse,idle"`
}

func (s *Server) showTransaction(ctx context.Context, t charging.Transaction) (transactionView, error) {
	v := transactionView{
		ID: t.ID, Station: t.Station, Version: t.Version, Ref: t.Ref, EVSE: t.EVSE.ID, Connector: t.EVSE.Connector, Token: s.uid(ctx, t.Station, t.Token.UID), Authorised: t.Authorised,
		State: t.State, Activity: t.Activity, StartedAt: t.StartedAt, EndedAt: moment(t.EndedAt), EnergyWh: t.EnergyWh, PowerW: t.PowerW, StopReason: t.StopReason,
		Review: append([]charging.Reason{}, t.Review...), Blocked: t.Blocked(), Note: t.Note, Tariff: t.Tariff, Reservation: t.Reservation, ThinnedAt: moment(t.ThinnedAt),
	}
	if x := t.Limiting; x != nil {
		if !x.Wanted.Empty() {
			v.Limits = &x.Wanted
		}
		if !x.Own.Empty() {
			v.OwnLimits = &x.Own
		}
	}
	if t.SoC >= 0 {
		v.SoC = &t.SoC
	}
	var err error
	if v.Reckoned, err = s.reckoned(ctx, &t); err != nil {
		return v, err
	}
	if v.Blocked {
		return v, nil // what it costs is what somebody has to decide
	}
	cost, err := s.Records.Cost(ctx, &t)
	if err == nil {
		v.Cost = &cost
	} else if gnista.CodeOf(err) != gnista.Internal {
		return v, nil // no tariff holds, or it comes to more than there are numbers for
	}
	return v, err
}

type TransactionPath struct {
	ID string `path:"id"`
}

func (s *Server) transactions(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/transactions", OperationID: "list-transactions", Summary: "List transactions, the newest first", Tags: []string{"Transactions"}},
		func(ctx context.Context, in *struct {
			Paging
			Station gnista.StationID `query:"station"`
			Site    string           `query:"site" doc:"Id of the site"`
			Since   time.Time        `query:"since" doc:"Started then or later"`
			Until   time.Time        `query:"until" doc:"Started before"`
			State   charging.State   `query:"state" enum:"active,ended"`
			Token   string           `query:"token" doc:"UID, in whatever way it is written"`
			Review  bool             `query:"review" doc:"Only those that wait for a decision"`
		}) (*body[page[transactionView]], error) {
			before, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Transactions.Store.Transactions(ctx, charging.Filter{Station: in.Station, Site: in.Site, Since: in.Since, Until: in.Until, State: in.State, Token: in.Token, Review: in.Review, Sites: seen(ctx, access.Charging), Before: before, Limit: in.Limit})
			if err != nil {
				return nil, err
			}
			views := make([]transactionView, len(list))
			for i, t := range list {
				if views[i], err = s.showTransaction(ctx, t); err != nil {
					return nil, err
				}
			}
			return answer(turn(in.Paging, views, same, func(v transactionView) string { return v.ID }), nil)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/transactions/{id}", OperationID: "get-transaction", Summary: "Show a transaction", Tags: []string{"Transactions"}},
		func(ctx context.Context, in *TransactionPath) (*body[transactionView], error) {
			t, err := s.Transactions.Store.Transaction(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			v, err := s.showTransaction(ctx, t)
			for _, x := range t.Progress.Timeline {
				v.Phases = append(v.Phases, phaseView{x.At, x.Activity})
			}
			return answer(v, err)
		})
	type sampleView struct {
		At        time.Time          `json:"at"`
		Measurand charging.Measurand `json:"measurand"`
		Phase     string             `json:"phase,omitempty"`
		Location  string             `json:"location,omitempty"`
		Context   charging.Context   `json:"context,omitempty"`
		Milli     int64              `json:"milli" doc:"In thousandths of the unit: mWh, mW, mA, mV, m%, m°C"`
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/transactions/{id}/samples", OperationID: "list-samples", Summary: "List what the meter said during a transaction", Tags: []string{"Transactions"}},
		func(ctx context.Context, in *TransactionPath) (*body[page[sampleView]], error) {
			if _, err := s.Transactions.Store.Transaction(ctx, in.ID); err != nil {
				return nil, err
			}
			list, err := s.Transactions.Store.Samples(ctx, in.ID)
			out := page[sampleView]{Items: make([]sampleView, len(list))}
			for i, x := range list {
				out.Items[i] = sampleView{x.At, x.Measurand, x.Phase, x.Location, x.Context, x.Milli}
			}
			return answer(out, err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/transactions/{id}/cost", OperationID: "get-transaction-cost", Summary: "Explain what a transaction costs", Tags: []string{"Transactions"},
		Description: "By its charge record, or so far. Of one that waits for a decision it is what it would come to.",
	}, func(ctx context.Context, in *TransactionPath) (*body[costView], error) {
		t, err := s.Transactions.Store.Transaction(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return answer(s.explainCost(ctx, t))
	})
	type signedList struct {
		Values []signedView `json:"signedValues" nullable:"false" doc:"In the order of time"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/transactions/{id}/signed-values", OperationID: "list-signed-values", Summary: "List the signed meter values of a transaction", Tags: []string{"Transactions"},
		Description: "As the station sent them, for a program that checks signatures.",
	}, func(ctx context.Context, in *TransactionPath) (*body[signedList], error) {
		if _, err := s.Transactions.Store.Transaction(ctx, in.ID); err != nil {
			return nil, err
		}
		list, err := s.Transactions.Store.SignedValues(ctx, in.ID)
		out := signedList{make([]signedView, len(list))}
		for i, x := range list {
			out.Values[i] = signedView(x)
		}
		return answer(out, err)
	})
	type decision struct {
		EnergyWh int64  `json:"energyWh" minimum:"0" maximum:"100000000" doc:"To be billed; 0 waives it"`
		Note     string `json:"note" minLength:"1" maxLength:"500" doc:"Why"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/transactions/{id}/decision", OperationID: "decide-transaction", Summary: "Settle a transaction that waits for review", Tags: []string{"Transactions"},
		Description: "It is billed with the energy given. A transaction whose end will never come can be ended this way.",
	}, func(ctx context.Context, in *struct {
		TransactionPath
		Body decision
	}) (*body[transactionView], error) {
		t, err := s.Transactions.Decide(ctx, in.ID, in.Body.EnergyWh, in.Body.Note, billing.Admin)
		if err != nil {
			return nil, err
		}
		return answer(s.showTransaction(ctx, t))
	})
}

// costView is what a transaction costs, with all that explains it.
type costView struct {
	Tariff  string     `json:"tariff,omitempty" doc:"Id of the tariff; absent where none holds, and then it costs nothing"`
	Name    string     `json:"name,omitempty" doc:"Of the tariff"`
	Version int        `json:"version,omitempty" doc:"Number of the version"`
	Text    *textsView `json:"text,omitempty" doc:"The version in words"`
	Billed  bool       `json:"billed" doc:"It is that of the charge record; else it is so far"`
	Bill    billView   `json:"bill"`
}

func (s *Server) explainCost(ctx context.Context, t charging.Transaction) (costView, error) {
	b, version, billed, err := s.Records.Explain(ctx, t)
	v := costView{Billed: billed, Bill: showBill(b)}
	if err != nil || version == "" {
		return v, err
	}
	x, err := s.Tariffs.Store.TariffVersion(ctx, version)
	if err != nil {
		return v, err
	}
	texts := showTexts(x)
	v.Tariff, v.Version, v.Text = x.Tariff, x.Number, &texts
	if f, err := s.Tariffs.Store.Tariff(ctx, x.Tariff); err == nil {
		v.Name = f.Name
	} else if gnista.CodeOf(err) != gnista.NotFound {
		return v, err
	}
	return v, nil
}
