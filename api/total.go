package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
)

type totalsView struct {
	Stations  int   `json:"stations"`
	Connected int   `json:"connected" doc:"Stations that are connected now"`
	EVSEs     int   `json:"evses" doc:"That stations have told of"`
	Active    int   `json:"activeTransactions"`
	Charging  int   `json:"charging" doc:"Transactions in which a car takes energy"`
	PowerW    int64 `json:"powerW" doc:"Of all cars, as it was last measured"`
}

type revenueView struct {
	Day      string       `json:"day" doc:"In the time zone of the server" example:"2026-03-02"`
	Records  int          `json:"records" doc:"Charge records that were issued, credits among them"`
	EnergyWh int64        `json:"energyWh"`
	Net      gnista.Money `json:"net"`
	VAT      gnista.Money `json:"vat"`
	Total    gnista.Money `json:"total" doc:"VAT included, less what was credited"`
}

func (s *Server) totals(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/totals", OperationID: "get-totals", Summary: "Tell what goes on now, of all stations", Tags: []string{"Stations"}},
		func(ctx context.Context, _ *struct{}) (*body[totalsView], error) {
			n, err := s.Network.Store.CountStations(ctx)
			if err != nil {
				return nil, err
			}
			g, err := s.Transactions.Store.GoingOn(ctx)
			return answer(totalsView{n.Stations, len(s.Presence.Connected()), n.EVSEs, g.Transactions, g.Charging, g.PowerW}, err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/revenue", OperationID: "list-revenue", Summary: "Tell what charge records come to, day by day, the newest first", Tags: []string{"Billing"},
		Description: "One item for each day and currency, by when records were issued; a day without any is left out.",
	}, func(ctx context.Context, in *struct {
		Days int `query:"days" default:"7" minimum:"1" maximum:"92" doc:"So many days, of which today is the last"`
	}) (*body[page[revenueView]], error) {
		now := s.Now().In(s.Zone)
		out := page[revenueView]{Items: []revenueView{}}
		for i := range in.Days {
			day := time.Date(now.Year(), now.Month(), now.Day()-i, 0, 0, 0, 0, s.Zone)
			list, err := s.Records.Store.Revenue(ctx, day, time.Date(now.Year(), now.Month(), now.Day()-i+1, 0, 0, 0, 0, s.Zone))
			if err != nil {
				return nil, err
			}
			for _, r := range list {
				out.Items = append(out.Items, revenueView{day.Format(time.DateOnly), r.Records, r.EnergyWh, r.Net, r.Tax, r.Total})
			}
		}
		return answer(out, nil)
	})
}
