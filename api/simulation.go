package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/billing"
)

type simulatedView struct {
	Transaction string        `json:"transaction"`
	Tariff      string        `json:"tariff,omitempty" doc:"Id of the version that before is by"`
	Before      billView      `json:"before" doc:"Of its charge record, or so far"`
	After       billView      `json:"after"`
	Difference  *gnista.Money `json:"difference,omitempty" doc:"By how much after is more; absent between currencies"`
}

type differenceView struct {
	Transaction string           `json:"transaction"`
	Station     gnista.StationID `json:"station"`
	StartedAt   time.Time        `json:"startedAt"`
	EnergyWh    int64            `json:"energyWh"`
	Tariff      string           `json:"tariff,omitempty" doc:"Id of the version that before is by"`
	Before      gnista.Money     `json:"before" doc:"VAT included"`
	After       gnista.Money     `json:"after" doc:"VAT included"`
	Difference  *gnista.Money    `json:"difference,omitempty" doc:"By how much after is more; absent between currencies"`
}

type simulationView struct {
	Version    int              `json:"version" doc:"Number of the version that was taken"`
	Count      int              `json:"count" doc:"Transactions of this answer"`
	Dearer     int              `json:"dearer" doc:"Of them, those that would have cost more"`
	Cheaper    int              `json:"cheaper"`
	Before     gnista.Money     `json:"before" doc:"Sum of those whose currency is that of the tariff"`
	After      gnista.Money     `json:"after" doc:"Sum of the same ones"`
	Difference gnista.Money     `json:"difference" doc:"By how much after is more"`
	Skipped    int              `json:"skipped" doc:"Of another currency, which are in no sum"`
	Items      []differenceView `json:"items" nullable:"false" doc:"In the order of their starts"`
	Next       string           `json:"next,omitempty" doc:"Cursor for those that follow; absent where there are none"`
}

// add takes in one of the transactions.
func (v *simulationView) add(x billing.Simulated) {
	t := x.Transaction
	d := differenceView{t.ID, t.Station, t.StartedAt, t.EnergyWh, x.Tariff, x.Before.Total, x.After.Total, nil}
	v.Count++
	if more, ok := x.Difference(); ok {
		d.Difference = &more
		v.Before.Amount += x.Before.Total.Amount
		v.After.Amount += x.After.Total.Amount
		v.Difference.Amount += more.Amount
		if more.Amount > 0 {
			v.Dearer++
		} else if more.Amount < 0 {
			v.Cheaper++
		}
	} else {
		v.Skipped++
	}
	v.Items = append(v.Items, d)
}

// simulationPage is how many transactions are read at a time.
const simulationPage = 500

func (s *Server) simulations(api huma.API) {
	tags := []string{"Tariffs"}
	type single struct {
		Tariff string `json:"tariff" minLength:"1" doc:"Id of the tariff"`
		Number int    `json:"version,omitempty" minimum:"0" doc:"Number of the version; absent: the one that is in force now"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/transactions/{id}/simulate", OperationID: "simulate-transaction", Summary: "Tell what a transaction would have cost by another tariff", Tags: tags,
		Description: "Nothing is stored.",
	}, func(ctx context.Context, in *struct {
		TransactionPath
		Body single
	}) (*body[simulatedView], error) {
		t, err := s.Transactions.Store.Transaction(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if err := s.knownTariff(ctx, "tariff", &in.Body.Tariff); err != nil {
			return nil, err
		}
		_, v, err := s.versionOf(ctx, in.Body.Tariff, in.Body.Number)
		if err != nil {
			return nil, err
		}
		x, err := s.Records.Simulate(ctx, t, v)
		if err != nil {
			return nil, err
		}
		out := simulatedView{Transaction: t.ID, Tariff: x.Tariff, Before: showBill(x.Before), After: showBill(x.After)}
		if more, ok := x.Difference(); ok {
			out.Difference = &more
		}
		return answer(out, nil)
	})
	type many struct {
		Since   time.Time        `json:"since" doc:"Transactions that started at this time or later"`
		Until   *time.Time       `json:"until,omitempty" doc:"Transactions that started before; absent: now"`
		Station gnista.StationID `json:"station,omitempty" maxLength:"255" doc:"Absent: all stations"`
		Number  int              `json:"version,omitempty" minimum:"0" doc:"Number of the version; absent: the one that is in force now"`
		Limit   int              `json:"limit,omitempty" minimum:"1" maximum:"10000" default:"1000" doc:"Most transactions"`
		Cursor  string           `json:"cursor,omitempty" doc:"From the answer before"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/tariffs/{id}/simulate", OperationID: "simulate-tariff", Summary: "Tell what past transactions would have cost by a tariff", Tags: tags,
		Description: "Those that are billed, in the order of their starts. Nothing is stored.",
	}, func(ctx context.Context, in *struct {
		TariffPath
		Body many
	}) (*body[simulationView], error) {
		b := in.Body
		until := s.Now()
		set(&until, b.Until)
		for field, at := range map[string]*time.Time{"since": &b.Since, "until": &until} {
			if err := kept(field, at); err != nil {
				return nil, err
			}
		}
		_, v, err := s.versionOf(ctx, in.ID, b.Number)
		if err != nil {
			return nil, err
		}
		f := billing.Finished{Station: b.Station, Since: b.Since, Until: until}
		if f.AfterAt, f.AfterID, err = behind(b.Cursor); err != nil {
			return nil, err
		}
		zero := gnista.Money{Currency: v.Currency}
		out := simulationView{Version: v.Number, Before: zero, After: zero, Difference: zero, Items: []differenceView{}}
		for out.Count < b.Limit {
			f.Limit = min(simulationPage, b.Limit-out.Count)
			list, err := s.Records.Transactions.Finished(ctx, f)
			if err != nil {
				return nil, err
			}
			for _, t := range list {
				x, err := s.Records.Simulate(ctx, t, v)
				if err != nil {
					return nil, err
				}
				out.add(x)
				f.AfterAt, f.AfterID = t.StartedAt, t.ID
			}
			if len(list) < f.Limit {
				return answer(out, nil)
			}
		}
		out.Next = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(f.AfterAt.UnixMilli(), 10) + " " + f.AfterID))
		return answer(out, nil)
	})
}

// behind reads the cursor of a simulation.
func behind(cursor string) (at time.Time, id string, err error) {
	if cursor == "" {
		return at, "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	ms, id, found := strings.Cut(string(text), " ")
	n, notNumber := strconv.ParseInt(ms, 10, 64)
	if err != nil || !found || notNumber != nil || id == "" || !storable(id) {
		return at, "", gnista.Invalidf("cursor", "is not one of ours")
	}
	return time.UnixMilli(n).UTC(), id, nil
}
