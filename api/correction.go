package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"gnista/billing"
)

type correctionInput struct {
	EnergyWh      *int64 `json:"energyWh,omitempty" minimum:"0" maximum:"100000000" doc:"To be billed instead; absent is as before"`
	TariffVersion string `json:"tariffVersion,omitempty" maxLength:"100" doc:"Id of the version to bill by instead; absent is as before"`
	Void          bool   `json:"void,omitempty" doc:"Nothing is billed instead"`
	Reason        string `json:"reason" minLength:"1" maxLength:"500" doc:"Why"`
}

type correctionView struct {
	Credit  recordView  `json:"credit" doc:"Takes the record back: its quantities and amounts are negative"`
	Instead *recordView `json:"instead,omitempty" doc:"What is billed instead"`
}

func (s *Server) corrections(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/charge-records/{id}/corrections", OperationID: "correct-charge-record", Summary: "Correct a charge record", Tags: []string{"Billing"},
		DefaultStatus: http.StatusCreated,
		Description: "A record is never changed. It is taken back by a credit, and unless it is void another stands instead, with their own numbers and entries in the ledger. " +
			"What was paid too much is given back, and what is missing is taken. A record can be corrected once, and what stands instead again.",
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id"`
		Body correctionInput
	}) (*body[correctionView], error) {
		list, err := s.Records.Correct(ctx, in.ID, billing.Correction{EnergyWh: in.Body.EnergyWh, TariffVersion: in.Body.TariffVersion, Void: in.Body.Void, Reason: in.Body.Reason})
		if err != nil {
			return nil, err
		}
		v := correctionView{Credit: showRecord(list[0])}
		if len(list) > 1 {
			instead := showRecord(list[1])
			v.Instead = &instead
		}
		return answer(v, nil)
	})
}
