package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/power"
	"gnista/station"
)

func (s *Server) stationTariffs(api huma.API) {
	type tariffOrder struct {
		Tariff      string `json:"tariff" minLength:"1" doc:"Id of the tariff, of which the version in force is taken"`
		EVSE        int    `json:"evse,omitempty" minimum:"0" doc:"0 or absent is everywhere"`
		Transaction string `json:"transaction,omitempty" doc:"Id of the one transaction that it is for; absent: all to come"`
	}
	command(s, api, "tariffs", "Have a station reckon with a tariff", "For stations that show costs (OCPP 2.1). What is billed is what is reckoned here: a transaction by the tariff of its start, whatever the station is told since.",
		func(ctx context.Context, id gnista.StationID, in tariffOrder) (*body[AnswerView], error) {
			a, err := s.Power.SetTariff(ctx, id, in.EVSE, in.Tariff, in.Transaction)
			return told(a.Answer, s.Network.Explain(ctx, id, err))
		})
	type tariffsView struct {
		page[power.StationTariff]
		Given *givenView `json:"given,omitempty" doc:"What it is given by itself, and what became of that"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/tariffs", OperationID: "list-station-tariffs", Summary: "Ask a station which tariffs it has", Description: "OCPP 2.1.", Tags: []string{"Commands"},
	}, func(ctx context.Context, in *struct {
		StationPath
		EVSE int `query:"evse" minimum:"0" doc:"0 is everywhere"`
	}) (*body[tariffsView], error) {
		list, err := station.Give(ctx, s.Network, in.Station, power.AskTariffs{EVSE: in.EVSE})
		if err != nil {
			return nil, err
		}
		x, err := s.Costs.Store.Sync(ctx, in.Station)
		return answer(tariffsView{page[power.StationTariff]{Items: list}, showGiven(x.Tariffs)}, err)
	})
	type tariffClearing struct {
		EVSE     *int     `json:"evse,omitempty" minimum:"0" doc:"0 is the station; absent: everywhere"`
		Versions []string `json:"versions,omitempty" maxItems:"100" doc:"Ids of versions; absent: all"`
	}
	command(s, api, "tariffs/clear", "Have a station forget tariffs", "OCPP 2.1.",
		func(ctx context.Context, id gnista.StationID, given *tariffClearing) (*body[page[power.ClearedTariff]], error) {
			var in tariffClearing
			set(&in, given)
			list, err := station.Give(ctx, s.Network, id, power.ClearTariffs{EVSE: in.EVSE, Versions: in.Versions})
			return answer(page[power.ClearedTariff]{Items: list}, err)
		})
}
