package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/checkout"
	"gnista/station"
)

type evseIDView struct {
	EVSEID string `json:"evseId" minLength:"1" maxLength:"60" example:"SE*ABC*E123" doc:"Country, operator, E and the operator's own name of it, with * between them or without (ISO 15118-2 annex H)"`
}

// evseIDs are the operations on what the world calls EVSEs.
func (s *Server) evseIDs(api huma.API) {
	const path = "/stations/{station}/evses/{evse}/evse-id"
	tags := []string{"Stations"}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: path, OperationID: "get-evse-id", Summary: "Show what the world calls an EVSE", Tags: tags,
		Description: "Not found where nobody has said.",
	}, func(ctx context.Context, in *EVSEPath) (*body[evseIDView], error) {
		name, err := s.Network.EVSEIDs.EVSEID(ctx, in.Station, in.EVSE)
		if err == nil && name == "" {
			err = gnista.Errorf(gnista.NotFound, "EVSE %d of station %q has no id of its own", in.EVSE, in.Station)
		}
		return answer(evseIDView{string(name)}, err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPut, Path: path, OperationID: "set-evse-id", Summary: "Say what the world calls an EVSE", Tags: tags,
		Description: "It is on its labels, and /e/ with it leads to the page where drivers pay, as the payment code does. No two EVSEs are called alike, whatever way that is written.",
	}, func(ctx context.Context, in *struct {
		EVSEPath
		Body evseIDView
	}) (*body[evseIDView], error) {
		name, err := station.ReadEVSEID(in.Body.EVSEID)
		if err != nil {
			return nil, err
		}
		if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
			return nil, err
		}
		return answer(evseIDView{string(name)}, s.Network.EVSEIDs.SetEVSEID(ctx, in.Station, in.EVSE, name))
	})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: path, OperationID: "clear-evse-id", Summary: "Take from an EVSE what the world calls it", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *EVSEPath) (*struct{}, error) {
			return nil, s.Network.EVSEIDs.SetEVSEID(ctx, in.Station, in.EVSE, "")
		})
}

// codeCalled finds the payment code of the EVSE that the world calls so. NotFound, also where it is no such id.
func (s *Server) codeCalled(ctx context.Context, text string) (checkout.Code, error) {
	none := gnista.Errorf(gnista.NotFound, "there is no such code")
	name, err := station.ReadEVSEID(text)
	if err != nil {
		return checkout.Code{}, none
	}
	id, evse, err := s.Network.EVSEIDs.FindEVSE(ctx, name)
	if err != nil {
		return checkout.Code{}, err
	}
	return s.Codes.Store.PayCode(ctx, id, evse)
}
