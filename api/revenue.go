package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/billing"
)

type revenueView struct {
	Group       string       `json:"group" doc:"A day as 2026-11-27, the id of a site, or a station; empty where a station has no site"`
	Charges     int64        `json:"charges" doc:"Charge records that are no corrections"`
	Corrections int64        `json:"corrections" doc:"Credits, and records that stand instead"`
	EnergyWh    int64        `json:"energyWh"`
	Net         gnista.Money `json:"net"`
	VAT         gnista.Money `json:"vat"`
	Total       gnista.Money `json:"total"`
}

func showRevenue(r billing.Revenue) revenueView {
	m := func(n int64) gnista.Money { return gnista.Money{Amount: n, Currency: r.Currency} }
	return revenueView{r.Group, r.Charges, r.Fixed, r.EnergyWh, m(r.Net), m(r.Tax), m(r.Total)}
}

func (s *Server) revenue(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/revenue", OperationID: "list-revenue", Summary: "List what was billed, by day, site or station", Tags: []string{"Billing"},
		Description: "The charge records that were issued in the time, credits taken off, in the order of the groups; of each currency by itself. Days are those of the time zone of the server. Of at most two years.",
	}, func(ctx context.Context, in *struct {
		By      billing.RevenueBy `query:"by" default:"day" enum:"day,site,station"`
		Site    string            `query:"site" doc:"Only this site"`
		Station gnista.StationID  `query:"station" doc:"Only this station"`
		Period
		Paging
	}) (*body[page[revenueView]], error) {
		after, err := in.after()
		if err != nil {
			return nil, err
		}
		span := in.span(s.Now(), s.Zone)
		list, err := s.Records.Revenue(ctx, billing.RevenueQuery{By: in.By, Site: in.Site, Station: in.Station, Since: span.Since, Until: span.Until}, s.Zone)
		if i := slices.IndexFunc(list, func(r billing.Revenue) bool { return r.Key() > after }); i >= 0 {
			list = list[i:min(len(list), i+in.Limit)]
		} else {
			list = nil
		}
		return answer(turn(in.Paging, list, showRevenue, billing.Revenue.Key), err)
	})
}
