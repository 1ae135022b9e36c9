package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

type totalsView struct {
	Stations  int   `json:"stations"`
	Connected int   `json:"connected" doc:"Stations that are connected now"`
	EVSEs     int   `json:"evses" doc:"That stations have told of"`
	Active    int   `json:"activeTransactions"`
	Charging  int   `json:"charging" doc:"Transactions in which a car takes energy"`
	PowerW    int64 `json:"powerW" doc:"Of all cars, as it was last measured"`
}

func (s *Server) totals(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/totals", OperationID: "get-totals", Summary: "Tell what goes on now, of all stations", Tags: []string{"Stations"}},
		func(ctx context.Context, _ *struct{}) (*body[totalsView], error) {
			n, err := s.Network.Store.StationTotals(ctx)
			if err != nil {
				return nil, err
			}
			g, err := s.Transactions.Store.GoingOn(ctx)
			return answer(totalsView{n.Stations, len(s.Presence.Connected()), n.EVSEs, g.Transactions, g.Charging, g.PowerW}, err)
		})
}
